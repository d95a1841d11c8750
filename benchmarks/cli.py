"""The command line of the benchmarks: Hydra composes each from its root config in ``benchmarks/conf``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from handwriting.config import Command, first_comment
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
    names = {path.stem: first_comment(path) for path in sorted(CONF.glob("*.yaml"))}
    if not words or words[0] in ("-h", "--help"):
        print("usage: python -m benchmarks <name> key=value ...\n")
        print("\n".join(f"  {name:14}  {line}" for name, line in names.items()))
        return 0
    if words[0] not in names:
        print(
            f"{words[0]}: no such benchmark.{nearest(words[0], names)} There are: {', '.join(names)}", file=sys.stderr
        )
        return MISTAKE
    return start(Command(words[0], "benchmarks", CONF), words[1:])
