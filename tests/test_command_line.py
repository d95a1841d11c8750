"""What a person sees who types a command, rightly or wrongly."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from importlib import import_module
from importlib.metadata import version
from pathlib import Path

import pytest
from omegaconf import DictConfig

import hydra_plugins.handwriting_experiments as experiments_plugin
from handwriting import config
from handwriting.config import typed_command, usual_command
from handwriting.engine.invocation import Invocation
from handwriting.errors import DataError
from handwriting.interruption import INTERRUPTED, TERMINATED, saying_if_stopped
from handwriting.jobs import MISTAKE, UNREAD, main
from handwriting.jobs.arguments import read_arguments

ROOT = config.CONF.parent
HEAVY = {"torch", "pytorch_lightning", "pydantic", "sklearn", "matplotlib", "wandb"}

Job = Callable[[DictConfig], None]


@pytest.fixture(autouse=True)
def _empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["handwriting"])


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[DictConfig]:
    """Every configuration that a job was run with; the jobs themselves do nothing."""
    seen: list[DictConfig] = []
    replace_job(monkeypatch, seen.append)
    return seen


def replace_job(monkeypatch: pytest.MonkeyPatch, run: Job) -> None:
    for job in ("train", "sample"):
        monkeypatch.setattr(import_module(f"handwriting.jobs.{job}"), "run", run)


def refused(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """Return the one line that answers a mistake, after which nothing is left behind."""
    assert main(words) == MISTAKE
    out, err = capsys.readouterr()
    assert out == ""
    assert len(err.splitlines()) == 1, err
    assert not list(Path.cwd().iterdir())
    return err.rstrip("\n")


@pytest.mark.usefixtures("ran")
@pytest.mark.parametrize(
    ("words", "answer"),
    [
        (["train", "model=cgn"], "model=cgn: no such choice. Did you mean cgan? There are: "),
        (["train", "model="], "model=: no such choice. There are: "),
        (["train", "-m", "model=cvae,cgn"], "model=cgn: no such choice. Did you mean cgan?"),
        (["train", "-m", "seed=1,2", "model=cgn"], "model=cgn: no such choice. Did you mean cgan?"),
        (["train", "experiments=none/such"], "experiments=none/such: no such choice."),
        (["train", "hydra/launcher=basik"], "hydra/launcher=basik: no such choice. Did you mean basic?"),
        (["trian"], "trian: no such job. Did you mean train? There are: "),
        (["train", "--cfg", "jb"], "argument --cfg/-c: invalid choice: 'jb'"),
    ],
)
def test_a_mistyped_choice_is_answered_with_the_nearest_right_one(
    capsys: pytest.CaptureFixture[str], words: list[str], answer: str
) -> None:
    assert refused(capsys, *words).startswith(answer)


@pytest.mark.parametrize(
    ("word", "answer"),
    [
        ("~model", "model cannot be left out: give model=<choice>."),
        ("callbacks=[]", "callbacks cannot be left out: give callbacks=none for none."),
        ("~logger", "logger cannot be left out: give logger=none for none."),
        ("logger=null", "logger=null: the group cannot be left out. Give logger=none; --help lists them."),
        ("~precision", "precision is missing: give precision=<value>"),
    ],
)
def test_a_part_that_is_left_out_is_named(capsys: pytest.CaptureFixture[str], word: str, answer: str) -> None:
    assert refused(capsys, "train", word) == answer


def test_a_number_is_refused_before_the_class_that_declares_it_is_imported() -> None:
    program = """
import subprocess
import sys
from handwriting import config
from handwriting.errors import ConfigError
for override in sys.argv[1:]:
    try:
        config.check(config.compose("train", [override]))
    except ConfigError as error:
        print(error)
assert not sys.modules.keys() & {"torch", "pytorch_lightning"}
"""
    wrong = [
        "model.lr=abc",
        "model.lr=-1",
        "model.latent_dim=1.5",
        "model.spectral_norm=maybe",
        "trainer.max_epochs=many",
    ]
    right = ["model.lr=1", "trainer.limit_train_batches=0.5", "data.seed=3", "callbacks.limit.max_batches=null"]
    ended = subprocess.run([sys.executable, "-c", program, *wrong, *right], capture_output=True, text=True, check=True)
    assert ended.stdout.splitlines() == [
        "model.lr=abc: must be a valid number.",
        "model.lr=-1: must be greater than 0.",
        "model.latent_dim=1.5: must be a valid integer.",
        "model.spectral_norm=maybe: must be true or false.",
        "trainer.max_epochs=many: must be a valid integer.",
    ]


@pytest.mark.usefixtures("ran")
@pytest.mark.parametrize(
    ("words", "answer"),
    [
        (["train", "model.latnt_dim=3"], "model.latnt_dim: no such key. Did you mean model.latent_dim?"),
        (["train", "data=null"], "data=null: the group cannot be left out. Give data=<choice>; --help lists them."),
        (["train", "modl=cgan"], "modl: no such key. Did you mean model?"),
        (["train", "experiment=x"], "experiment: no such key. Did you mean experiments?"),
        (["train", "lr=0.1"], "lr: no such key. Did you mean model.lr?"),
        (["train", "+lr=0.1"], "lr: no such key. Did you mean model.lr?"),
        (["train", "-m", "+lr=0.1,0.2"], "lr: no such key. Did you mean model.lr?"),
        (["train", "+experiment=x"], "experiment: no such key. Did you mean experiments?"),
        (["segment", "pages=x", "+zzz.bar=1"], "zzz: no such key."),
        (["train", "epochs=3"], "epochs: no such key. Did you mean trainer.max_epochs?"),
        (["train", "seed.x=1"], "seed.x: no such key. Did you mean seed?"),
        (["train", "-m", "model.latnt_dim=3,4"], "model.latnt_dim: no such key. Did you mean model.latent_dim?"),
        (["train", "--modle=cgan"], "unrecognized arguments: --modle=cgan."),
    ],
)
def test_a_mistyped_key_is_answered_with_the_nearest_right_one(
    capsys: pytest.CaptureFixture[str], words: list[str], answer: str
) -> None:
    assert refused(capsys, *words) == answer


@pytest.mark.usefixtures("ran")
@pytest.mark.parametrize(
    ("words", "answer"),
    [
        (["train", "seed=[1"], "seed=[1: cannot be read"),
        (["train", "seed"], "seed: write key=value"),
        (["train", "seed=1,2"], "seed=1,2: add -m to run once for each, or write seed=[1,2] to give a list"),
        (["train", "compile=${nothing}"], "compile: Interpolation key 'nothing' not found"),
        (["train", "model=3"], "Config group override must be a string"),
        (["train", "+seed=3"], "Could not append to config. An item is already at 'seed'"),
        (["train", "~nothing"], "Could not delete from config. 'nothing' does not exist"),
        (["train", "hydra.nothing=3"], "hydra.nothing: "),
        (["train", "--config-dir", "nowhere"], "Additional config directory"),
        (["train", "--config-name", "nothing"], "Cannot find primary config 'nothing'"),
        (["train", "--cfg", "job", "-m"], "Only one of --run, --multirun, --cfg"),
        (["train", "-m", "seed=interval(0,1)"], "seed=interval(0,1): an interval is for a search: add search=command"),
        (["train", "callbacks.samples=3"], "callbacks.samples=3: must be a section that names its class in _target_"),
        (["train", "+callbacks.x=3"], "callbacks.x=3: must be a section that names its class in _target_"),
        (["train", "++logger.a=3"], "logger.a=3: must be a section that names its class in _target_"),
        (["train", "++metrics=3"], "++metrics=3: no such choice. There are: "),
        (["train", "model=vae", "+model=cgan"], "+model=cgan: model has one choice only: write model=cgan."),
        (["train", "model._target_=os.system"], "model._target_=os.system is not allowed"),
        (["train", "+callbacks.mine._target_=builtins.eval"], "callbacks.mine._target_=builtins.eval is not allowed"),
    ],
)
def test_a_mistake_is_answered_in_one_line_and_leaves_nothing_behind(
    capsys: pytest.CaptureFixture[str], words: list[str], answer: str
) -> None:
    assert refused(capsys, *words).startswith(answer)


@pytest.mark.usefixtures("ran")
def test_a_run_that_is_missing_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert refused(capsys, "sample") == "run is missing: give run=<folder>"


def test_a_mistake_found_by_the_job_is_one_line_too(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(cfg: DictConfig) -> None:
        raise DataError(f"data={cfg.data._target_}: no glyphs there")

    replace_job(monkeypatch, run)
    assert refused(capsys, "train").endswith("no glyphs there")


def test_a_key_that_the_job_misses_is_named(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    replace_job(monkeypatch, lambda cfg: cfg.model.latnt_dim)
    assert refused(capsys, "train") == "model.latnt_dim: no such key. Did you mean model.latent_dim?"


def test_a_bug_of_ours_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def run(cfg: DictConfig) -> None:
        raise ZeroDivisionError("ours")

    replace_job(monkeypatch, run)
    with pytest.raises(ZeroDivisionError, match="ours"):
        main(["train"])


@pytest.mark.parametrize(("sent", "status"), [(signal.SIGINT, INTERRUPTED), (signal.SIGTERM, TERMINATED)])
def test_a_command_that_is_stopped_says_so_in_one_line(
    sent: signal.Signals, status: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(cfg: DictConfig) -> None:
        os.kill(os.getpid(), sent)

    replace_job(monkeypatch, run)
    before = signal.getsignal(signal.SIGTERM)
    # A shell lets what it starts in the background ignore Ctrl-C, these tests included.
    of_shell = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        assert main(["train"]) == status
    finally:
        signal.signal(signal.SIGINT, of_shell)
    assert capsys.readouterr() == ("", "\nStopped.\n")
    assert signal.getsignal(signal.SIGTERM) == before


def test_what_is_kept_is_said_once_by_whoever_knows_most(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(KeyboardInterrupt), saying_if_stopped("Outer."), saying_if_stopped("Inner."):
        raise KeyboardInterrupt
    assert capsys.readouterr().err == "\nStopped. Inner.\n"


@pytest.mark.parametrize(
    ("started", "folder", "command"),
    [
        ("train.py", ".", "python train.py"),
        ("/usr/bin/handwriting", ".", "python train.py"),
        ("/usr/bin/handwriting", "tests", "handwriting train"),
        ("../train.py", "tests", "python ../train.py"),
    ],
)
def test_a_command_that_is_advised_is_one_that_this_installation_has(
    started: str, folder: str, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT / folder)
    monkeypatch.setattr(sys, "argv", [started])
    assert usual_command("train", "resume=runs/a b") == f"{command} 'resume=runs/a b'"


def test_without_a_checkout_the_program_is_advised(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("handwriting.config.folders.CONF", tmp_path / "conf")
    assert usual_command("train", "resume=runs/a") == "handwriting train resume=runs/a"


@pytest.mark.parametrize("words", [["data", "data=digits"], ["data", "--help"], ["--help"]])
def test_a_command_ends_quietly_when_nobody_reads_its_output_any_more(words: list[str]) -> None:
    """As in ``handwriting data ... | head -1``, where head has seen enough."""
    with subprocess.Popen(
        [sys.executable, "-m", "handwriting", *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as running:
        assert running.stdout
        assert running.stderr
        running.stdout.close()
        assert running.stderr.read() == ""
    assert running.returncode == UNREAD


def test_a_command_without_an_output_ends_as_it_would_with_one() -> None:
    done = subprocess.run(
        ["sh", "-c", '"$0" -m handwriting --help >&-', sys.executable], stderr=subprocess.PIPE, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux has /dev/full")
def test_an_output_without_space_is_one_line() -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "handwriting", "--help"], stdout=full, stderr=subprocess.PIPE, text=True
        )
    assert (done.returncode, done.stderr) == (MISTAKE, "No space left on device: the output\n")


def test_a_folder_that_holds_something_is_never_removed(monkeypatch: pytest.MonkeyPatch) -> None:
    def run(cfg: DictConfig) -> None:
        (next(Path("runs").glob("[!.]*")) / "train.log").write_text("what went wrong")
        raise DataError("late")

    replace_job(monkeypatch, run)
    assert main(["train"]) == MISTAKE
    assert len(list(Path("runs").glob("*/train.log"))) == 1


def test_flags_and_keys_come_in_any_order(ran: list[DictConfig]) -> None:
    assert main(["sample", "run=x", "-m", "n=1,2", "--config-dir", ".", "seed=3"]) == 0
    assert [(cfg.run, cfg.n, cfg.seed) for cfg in ran] == [("x", 1, 3), ("x", 2, 3)]


@pytest.mark.parametrize("text", ["it's (1), ${x}\\", "a=b.png", "-m"])
@pytest.mark.parametrize("flags", [[], ["-m"]])
def test_typed_text_reaches_the_job_exactly_as_typed(ran: list[DictConfig], text: str, flags: list[str]) -> None:
    assert main(["sample", *flags, f"run={text}"]) == 0
    assert [cfg.run for cfg in ran] == [text]


@pytest.mark.parametrize("text", ['"Hello"', "'a','b'", "???", " ${x}\\", "[a,b]", "null"])
@pytest.mark.parametrize("flags", [[], ["-m"]])
def test_a_text_to_write_reaches_the_job_as_the_shell_hands_it_on(
    monkeypatch: pytest.MonkeyPatch, text: str, flags: list[str]
) -> None:
    write = import_module("handwriting.jobs.write")
    seen: list[str] = []
    monkeypatch.setattr(write, "run", lambda cfg: seen.append(read_arguments(write.Arguments, cfg).text))
    assert main(["write", *flags, f"text={text}"]) == 0
    assert seen == [text]


@pytest.mark.parametrize("job", ["sample", "write", "font"])
def test_a_series_of_a_job_ends_at_the_first_mistake_with_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], job: str
) -> None:
    seen: list[int] = []

    def run(cfg: DictConfig) -> None:
        seen.append(cfg.seed)
        raise DataError(f"seed={cfg.seed} is a mistake.")

    monkeypatch.setattr(import_module(f"handwriting.jobs.{job}"), "run", run)
    monkeypatch.setattr("sys.argv", ["handwriting"])
    needed = {"sample": "run=x", "write": "text=x", "font": "hand=x"}
    assert main([job, "-m", needed[job], "seed=1,2"]) == MISTAKE
    assert capsys.readouterr() == ("", "seed=1 is a mistake.\n")
    assert seen == [1]


@pytest.mark.parametrize("words", [["train", "resume=it's (1)", "seed=1"], ["sample", "-m", "run=it's (1)", "n=1"]])
def test_the_job_sees_the_command_as_it_was_typed(monkeypatch: pytest.MonkeyPatch, words: list[str]) -> None:
    """Lightning starts its other processes with exactly this command."""
    typed = ["/bin/handwriting", *words]
    seen: list[list[str]] = []
    replace_job(monkeypatch, lambda cfg: seen.append(sys.argv.copy()))
    monkeypatch.setattr(sys, "argv", typed.copy())
    assert main() == 0
    assert seen == [typed]
    assert sys.argv == typed


@pytest.mark.parametrize(
    ("argv", "command"),
    [
        (["train.py", "seed=1"], "python train.py seed=1"),
        (["/usr/bin/handwriting", "train", "run=a b"], "handwriting train 'run=a b'"),
        (["/some/where/handwriting/__main__.py", "train"], "handwriting train"),
    ],
)
def test_a_command_is_written_so_that_it_can_be_typed_again(
    monkeypatch: pytest.MonkeyPatch, argv: list[str], command: str
) -> None:
    monkeypatch.setattr(sys, "argv", argv)
    assert typed_command() == command


def test_a_sweep_knows_the_command_that_was_typed(monkeypatch: pytest.MonkeyPatch) -> None:
    commands: list[str] = []
    monkeypatch.setattr("handwriting.sweeps.orchestration.sweep", lambda *_: commands.append(typed_command()))
    monkeypatch.setattr("sys.argv", ["/bin/handwriting", "train", "-m", "seed=1,2", "resume=null"])
    assert main() == 0
    assert commands == ["handwriting train -m seed=1,2 resume=null"]


def test_a_training_run_gets_a_folder_named_after_its_model_and_data(monkeypatch: pytest.MonkeyPatch) -> None:
    folders: list[Path] = []
    replace_job(monkeypatch, lambda cfg: folders.append(Invocation.from_hydra().folder))
    assert main(["train", "model=vae"]) == 0
    (folder,) = folders
    assert folder.parent == Path.cwd() / "runs"
    assert folder.name.endswith("_vae_digits")


@pytest.mark.parametrize("words", [["sample", "run=x"], ["train"]])
def test_a_job_that_writes_nothing_leaves_nothing_behind(
    words: list[str], ran: list[DictConfig], tmp_path: Path
) -> None:
    assert main(words) == 0
    assert len(ran) == 1
    assert list(tmp_path.iterdir()) == []


def test_handwriting_alone_lists_the_jobs(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    lines = capsys.readouterr().out.splitlines()
    for job, command in config.jobs().items():
        assert any(shown.split() == [job, *command.summary.split()] for shown in lines)


def test_help_before_a_job_is_its_help(capsys: pytest.CaptureFixture[str]) -> None:
    answers = []
    for words in (["--help"], ["help"], ["sample", "--help"], ["help", "sample"]):
        assert main(words) == 0
        answers.append(capsys.readouterr().out)
    assert answers[0] == answers[1] != answers[2] == answers[3]
    assert main(["help", "smple"]) == MISTAKE
    assert capsys.readouterr().err.startswith("smple: no such job. Did you mean sample?")


def test_the_version_is_that_of_the_package(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"handwriting {version('handwriting')}\n"


@pytest.mark.parametrize("job", ["write", "hand"])
def test_help_fits_a_narrow_terminal_and_says_the_same_there(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, job: str
) -> None:
    assert main([job, "--help"]) == 0
    whole = capsys.readouterr().out
    monkeypatch.setenv("COLUMNS", "72")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert main([job, "--help"]) == 0
    narrow = capsys.readouterr().out
    assert narrow.split() == whole.split()
    keys = narrow.partition("\nkeys\n")[2].splitlines()
    assert 60 < max(map(len, keys)) <= 72


@pytest.mark.parametrize("job", config.jobs())
def test_help_shows_every_key_and_choice_of_a_job(capsys: pytest.CaptureFixture[str], job: str) -> None:
    assert main([job, "--help"]) == 0
    shown = capsys.readouterr().out
    assert config.jobs()[job].summary in shown
    cfg = config.compose(job)
    for key in cfg:
        assert f"\n  {key}=" in shown or f"\n{key}=" in shown
        for choice in config.describe().get(str(key), ()):
            assert f"\n  {choice} " in shown


@pytest.fixture
def _an_experiment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "experiments"
    experiment = folder / "letters" / "small.yaml"
    experiment.parent.mkdir(parents=True)
    experiment.write_text("# @package _global_\n# A small one.\ndefaults:\n  - override /model: vae\nseed: 11\n")
    (folder / "README.md").write_text("results")
    monkeypatch.setattr(config.folders, "EXPERIMENTS", folder)


@pytest.mark.usefixtures("_an_experiment")
def test_experiments_are_listed_by_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "--help"]) == 0
    assert "\nexperiments=\n  letters/small  A small one.\n" in capsys.readouterr().out


@pytest.mark.usefixtures("_an_experiment")
def test_an_experiment_fixes_every_choice_and_gives_way_to_the_command_line() -> None:
    cfg = config.compose("train", ["experiments=letters/small", "debug=fast"])
    assert (cfg.seed, cfg.model._target_) == (11, config.compose("train", ["model=vae"]).model._target_)
    assert cfg.logger == {}
    assert config.compose("train", ["experiments=letters/small", "seed=2"]).seed == 2


@pytest.mark.usefixtures("_an_experiment")
def test_only_experiments_are_served_next_to_the_configs(tmp_path: Path) -> None:
    (tmp_path / "secret.yaml").write_text("a: 1")
    source = experiments_plugin.ExperimentsSource("handwriting", "experiments://")
    assert source.list("", None) == ["experiments"]
    assert source.list("experiments", None) == ["letters"]
    assert source.list("experiments/letters", None) == ["small"]
    assert not source.is_config("secret")
    assert not source.is_group("conf")


def answer_time(*words: str) -> float:
    """Return the seconds of processor time that an answer takes: on an idle machine, the time until it is there."""
    before = os.times()
    done = subprocess.run([sys.executable, ROOT / "train.py", *words], capture_output=True)
    after = os.times()
    assert done.returncode in (0, MISTAKE)
    return after.children_user + after.children_system - before.children_user - before.children_system


@pytest.mark.skipif(not (ROOT / "train.py").is_file(), reason="train.py is in the checkout only")
@pytest.mark.parametrize("words", [["--help"], ["--cfg", "job"], ["model=cgn"], ["model.latnt_dim=3"]])
def test_help_and_mistakes_are_answered_within_a_second(words: list[str]) -> None:
    assert min(answer_time(*words) for _ in range(2)) < 1


def test_help_and_mistakes_load_no_heavy_library() -> None:
    program = f"""
import subprocess
import sys
from handwriting.jobs import main
for words in (
    ["--version"], ["completion", "words", "write", "run="], ["completion", "words", "train", "data.root="],
    ["train", "--help"], ["train", "--cfg", "job"], ["train", "model=cgn"], ["train", "model.latnt_dim=3"],
):
    main(words)
    assert not sys.modules.keys() & {HEAVY}, (words, sys.modules.keys() & {HEAVY})
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
