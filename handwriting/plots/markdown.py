"""Tables and text in Markdown."""

from __future__ import annotations

import re
from collections.abc import Sequence


def table(head: Sequence[str], rows: Sequence[Sequence[str]], *, numbers: bool = False) -> str:
    """Return a table; what stands in its cells is Markdown itself, ``escaped`` where it may be anything.

    Args:
        head: The titles of the columns.
        rows: As many cells each.
        numbers: Whether every column but the first one is aligned to the right.

    >>> print(table(["a", "b"], [["x", "1"]], numbers=True))
    | a | b |
    | --- | ---: |
    | x | 1 |
    """
    rule = ["---"] * len(head)
    if numbers:
        rule[1:] = ["---:"] * (len(head) - 1)
    return "\n".join(f"| {' | '.join(line)} |" for line in (head, rule, *rows))


def escaped(text: str) -> str:
    r"""Return text on one line, of which Markdown makes nothing else.

    >>> print(escaped("a|b *c*"))
    a\|b \*c\*
    """
    return re.sub(r"([\\`*\[\]<>|~&#])", r"\\\1", " ".join(text.split()))
