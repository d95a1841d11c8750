"""``handwriting completion bash``: a script by which a shell completes jobs, keys, choices and files.

Hydra's own (``--shell-completion``) composes the configuration at every press of the tab key, and knows neither jobs
nor comments; here the files of configurations are read, as ``--help`` reads them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from handwriting.config import Command
from handwriting.config.completing import Completions, complete_keys, complete_value
from handwriting.errors import ConfigError, nearest
from handwriting.jobs.helping import FLAGS, HELP

COMPLETION = "completion"
"""The word that asks for such a script."""
SHELLS = {
    "bash": 'eval "$(handwriting completion bash)" in ~/.bashrc',
    "zsh": 'eval "$(handwriting completion zsh)" in ~/.zshrc, after compinit',
    "fish": "handwriting completion fish | source in ~/.config/fish/config.fish",
}
"""The shells, and where each takes its script from."""
WORDS = "words"
"""What a script asks with, before the words that are typed."""
FILES = ":files"
"""The answer to a script that a file or folder may come next."""
CONFIG_PARTS = {"job": "the job's configuration", "hydra": "Hydra's own", "all": "both"}
"""What ``--cfg`` shows."""


def answer(words: Sequence[str], commands: Mapping[str, Command]) -> str:
    """Return the script of a shell, or what a script asks for: a line each, with what it means after a tab.

    Args:
        words: What follows ``handwriting completion``.
        commands: The jobs by name.

    Raises:
        ConfigError: If there is no script for that shell.
    """
    match words:
        case [name, *typed] if name == WORDS:
            found = complete(typed or [""], commands)
            return FILES if found.files else "\n".join(f"{word}\t{text}" for word, text in found.words.items())
        case [shell] if shell in SHELLS:
            return Path(__file__).with_name(f"completion.{shell}").read_text("utf-8")
        case [shell]:
            guess = nearest(shell, SHELLS)
            raise ConfigError(f"completion {shell}: no such shell.{guess} There are: {', '.join(SHELLS)}")
    raise ConfigError("Give one shell: " + "; ".join(f"put {line}" for line in SHELLS.values()))


def complete(typed: Sequence[str], commands: Mapping[str, Command]) -> Completions:
    """Return what the last word of a command line may go on as.

    Args:
        typed: The words after ``handwriting``; the last one is typed in part, or empty.
        commands: The jobs by name.
    """
    *given, word = typed
    if not given or given == [HELP]:
        words = {name: command.summary for name, command in commands.items()}
        if not given:
            words |= {HELP: "what a job can be given", COMPLETION: "a script for bash, zsh or fish"}
            words |= dict.fromkeys(["--help", "--version"], "") if word.startswith("-") else {}
    elif given == [COMPLETION]:
        words = dict.fromkeys(SHELLS, "")
    elif given[-1] in ("--cfg", "-c"):
        words = CONFIG_PARTS
    elif given[-1] == "--config-dir":
        return Completions(files=True)
    elif given[0] not in commands:
        return Completions()
    elif word.startswith("-"):
        words = {flag.partition(" ")[0]: text for flag, text in FLAGS.items()} | {"--help": "what it can be given"}
    elif "=" in word:
        return complete_value(commands[given[0]], given, word)
    else:
        return complete_keys(commands[given[0]], given, word)
    return Completions({name: text for name, text in words.items() if name.startswith(word)})
