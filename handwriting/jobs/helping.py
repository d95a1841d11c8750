"""What ``--help`` prints: the jobs, and of each its choices and keys, as their files declare them."""

from __future__ import annotations

import re
import shutil
import sys
import textwrap
from collections.abc import Mapping

from handwriting.config import Command, choices_of, placeholder
from handwriting.config.folders import read_text

HELP = "help"
"""The word before the name of a job that stands for ``--help`` after it."""
FLAGS = {
    "--cfg job": "print the whole configuration instead of running",
    "-m": "run once for each of key=a,b,c, or as search= says, several at a time",
    "--config-dir DIR": "add your own choices for new runs: DIR/model/mine.yaml is model=mine",
    "--info": "show where the configuration comes from",
    "--hydra-help": "show what else Hydra can do",
}
"""The flags that every job takes, and what each does."""
MIN_TEXT_COLUMNS = 30
"""Columns that help leaves for its text in a terminal, however narrow that is."""


def usage(commands: Mapping[str, Command]) -> str:
    """Return how the command line is used, and every job with what it does."""
    lines = {name: command.summary for name, command in commands.items()}
    others = {
        "handwriting <job> --help": "what a job can be given; the same as handwriting help <job>",
        "handwriting completion bash": "a script that lets bash complete jobs, keys and choices; or zsh, or fish",
        "handwriting --version": "the version",
    }
    return f"usage: handwriting <job> key=value ...\n\n{_table(lines)}\n\n{_table(others)}"


def help_of(command: Command) -> str:
    """Return what a job does, examples, every choice it takes in one line each, and its own keys."""
    text = read_text(command.file)
    program = f"python {sys.argv[0]}" if sys.argv[0].endswith(".py") else f"handwriting {command.name}"
    examples = [f"  {program} {example}" for example in re.findall(r"^#   (.*)$", text, re.MULTILINE)]
    parts = [f"{command.summary}\n", f"usage: {program} key=value ...", *examples]

    defaults = command.defaults
    for group, choices in choices_of(command).items():
        default = defaults[group]
        parts += [f"\n{group}=" + (f"  (unless given: {default})" if default else ""), _table(choices)]

    shown = {
        f"{key}={placeholder(key, command) if value == '???' else value}": comment
        for key, (value, comment) in command.described.items()
    }
    return "\n".join([*parts, "\nkeys", _table(shown), "\nflags", _table(FLAGS)])


def _table(lines: dict[str, str]) -> str:
    """Return names and what is said of each: a line each, or as many as a terminal needs that is less wide."""
    width = max(map(len, lines), default=0)
    room = sys.maxsize
    if sys.stdout is not None and sys.stdout.isatty():
        room = max(MIN_TEXT_COLUMNS, shutil.get_terminal_size().columns - width - 4)
    texts = {name: textwrap.wrap(line, room, break_on_hyphens=False) or [""] for name, line in lines.items()}
    line_end = "\n" + " " * (width + 4)
    return "\n".join(f"  {name:{width}}  {line_end.join(text)}".rstrip() for name, text in texts.items())
