"""Colour on terminals, unless it is not wanted: sparingly, for what went wrong and for what was made."""

from __future__ import annotations

import os
import sys
from typing import TextIO

RED, BOLD, PLAIN = "\033[31m", "\033[1m", "\033[0m"


def has_colours(stream: TextIO | None) -> bool:
    """Return whether a stream is a terminal that shows colours, and ``NO_COLOR`` is unset or empty."""
    wanted = not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    return wanted and stream is not None and stream.isatty()


def print_error(message: object) -> None:
    """Print the line about a mistake; on a terminal a red word begins it."""
    begin = f"{RED}Error{PLAIN} " if has_colours(sys.stderr) else ""
    print(f"{begin}{message}", file=sys.stderr)


def bold(text: object) -> str:
    """Return the path of what was made, in bold where it is printed on a terminal."""
    return f"{BOLD}{text}{PLAIN}" if has_colours(sys.stdout) else str(text)
