"""The command line of the benchmarks: Hydra composes each from its root config in ``benchmarks/conf``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from handwriting.config import Command
from handwriting.errors import nearest
from handwriting.jobs import MISTAKE, start

CONF = Path(__file__).with_name("conf")


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``python -m benchmarks <name> key=value ...``; without a name, list the benchmarks.

    Args:
        argv: The name and its arguments; those of the process unless given.

    Returns:
        The exit status; see :func:`handwriting.jobs.main`.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    commands = {path.stem: Command(path.stem, "benchmarks", CONF) for path in sorted(CONF.glob("*.yaml"))}
    if not words or words[0] in ("-h", "--help"):
        print("usage: python -m benchmarks <name> key=value ...\n")
        print("\n".join(f"  {name:14}  {command.summary}" for name, command in commands.items()))
        return 0
    if words[0] not in commands:
        choices = f"no such benchmark.{nearest(words[0], commands)} There are: {', '.join(commands)}"
        print(f"{words[0]}: {choices}", file=sys.stderr)
        return MISTAKE
    return start(commands[words[0]], words[1:])
