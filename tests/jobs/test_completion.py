"""Shells complete jobs, keys, choices and files, from what ``--help`` reads."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from handwriting import config
from handwriting.config.completing import complete_keys, complete_value
from handwriting.jobs import MISTAKE, main
from handwriting.jobs.completion import SHELLS, complete

SCRIPTS = {
    "bash": """
        compopt() {{ :; }}
        COMP_LINE='handwriting {line}'; COMP_POINT=${{#COMP_LINE}}
        _handwriting; printf '%s\\n' "${{COMPREPLY[@]}}"
    """,
    "fish": "complete -C 'handwriting {line}' | string replace -r '\\t.*' ''",
    # What completes in zsh exists only while a person types, so that it stands here for itself.
    "zsh": """
        compadd() {{ while [[ $1 == -* ]]; do [[ $1 == -[Sd] ]] && shift; shift; done; print -l -- "${{(@P)1}}" }}
        words=(handwriting {line}); CURRENT=$#words; PREFIX=$words[-1]
        _handwriting
    """,
}
"""What has each shell print how it completes a line."""
BEFORE = {"bash": "", "fish": "", "zsh": "setopt noglob; compdef() { :; };"}


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command ``handwriting`` is that of this checkout."""
    program = tmp_path / "bin" / "handwriting"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m handwriting "$@"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent), prepend=":")


@pytest.mark.usefixtures("programs")
@pytest.mark.parametrize("shell", SHELLS)
def test_a_shell_completes_what_is_typed(shell: str, tmp_path: Path) -> None:
    if not shutil.which(shell):
        pytest.skip(f"{shell} is not installed")
    script = {"fish": "handwriting completion fish | source;"}.get(shell, f'eval "$(handwriting completion {shell})";')
    lines = {
        "tr": ["train"],
        "help samp": ["sample"],
        "train seed=1 comp": ["compile="],
        "train model=cg": ["model=cgan"],
        "train callbacks=[none,st": ["callbacks=[none,stop_request"],
        "train see model=vae model.kl_we": ["model.kl_weight="],
    }
    program = "\n".join([BEFORE[shell], script, *(SCRIPTS[shell].format(line=line) for line in lines)])
    done = subprocess.run(
        [shell, *(["-f"] if shell == "zsh" else []), "-c", program], capture_output=True, text=True, cwd=tmp_path
    )
    # Bash replaces what stands after the =.
    cut = (lambda word: word[:-1].rpartition("=")[2] + word[-1]) if shell == "bash" else str
    assert done.stderr == ""
    assert done.stdout.split() == [cut(word) for words in lines.values() for word in words]


@pytest.mark.parametrize("job", config.jobs())
def test_every_key_and_choice_of_help_completes(job: str, capsys: pytest.CaptureFixture[str]) -> None:
    command = config.jobs()[job]
    assert main([job, "--help"]) == 0
    shown = capsys.readouterr().out
    keys = complete_keys(command, [], "").words
    assert set(command.root) <= {key.removesuffix("=") for key in keys}
    for group, choices in config.choices_of(command).items():
        assert f"\n{group}=" in shown
        assert f"{group}=" in keys
        assert list(complete_value(command, [], f"{group}=").words) == [f"{group}={name}" for name in choices]


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("train precision=3", ["precision=32-true"]),
        ("train compile=", ["compile=true", "compile=false"]),
        ("train -m model=cgan,cv", ["model=cgan,cvae"]),
        ("train data=emnist data.spl", ["data.split_seed=", "data.split="]),
        ("train data=emnist data.split=d", ["data.split=digits"]),
        ("train data=emnist data.down", ["data.download="]),
        ("train data.download=t", []),
        ("train seed=1 see", []),
        ("train callbacks.samples.ro", ["callbacks.samples.rows="]),
        ("write paper=r", ["paper=ruled"]),
        ("label data=dig", ["data=digits"]),
        ("train --cfg j", ["job"]),
        ("nothing se", []),
        ("completion f", ["fish"]),
    ],
)
def test_what_is_typed_goes_on_as_declared(typed: str, words: list[str]) -> None:
    assert list(complete(typed.split(), config.jobs()).words) == words


@pytest.mark.parametrize(
    "typed",
    ["write run=", "write out=a", "write text=@po", "evaluate root=", "train data.root=", "train --config-dir x"],
)
def test_files_follow_a_key_that_takes_a_path(typed: str) -> None:
    assert complete(typed.split(), config.jobs()).files


@pytest.mark.parametrize("typed", ["write text=po", "train seed=", "train model.lr=", "write ink="])
def test_no_file_follows_another_key(typed: str) -> None:
    assert not complete(typed.split(), config.jobs()).files


def test_a_shell_without_a_script_is_answered_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", "fsh"]) == MISTAKE
    assert capsys.readouterr().err == "completion fsh: no such shell. Did you mean fish? There are: bash, zsh, fish\n"
    assert main(["completion"]) == MISTAKE
    assert capsys.readouterr().err.count("\n") == 1
