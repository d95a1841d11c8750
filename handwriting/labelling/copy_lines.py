"""A text in lines that a person can keep: each line of print becomes one line of writing."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from itertools import pairwise

MAX_LINE_WORDS = 9
MAX_LINE_WIDTH = 46
"""Columns, as of :func:`line_width`: what fits on a line of ordinary handwriting."""
KEPT_FORMAT_CHARACTERS = "\u200c\u200d"
"""Invisible characters that change how their neighbours are written: the non-joiner and the joiner."""


def cleaned(text: str) -> str:
    r"""Return a text in NFC, without invisible characters; control characters other than line ends become spaces.

    >>> cleaned("e\u0301a\tb\u00ad\r\nc")
    'éa b\nc'
    """
    rows = unicodedata.normalize("NFC", text).splitlines()
    return "\n".join("".join(map(_visible, row)) for row in rows)


def _visible(character: str) -> str:
    category = unicodedata.category(character)
    if category == "Cf" and character not in KEPT_FORMAT_CHARACTERS:
        return ""
    return " " if category == "Cc" else character


def line_width(text: str) -> int:
    """Return the width of a line in columns: two for a Chinese character, none for an accent that stands apart.

    >>> line_width("page"), line_width("日本")
    (4, 4)
    """
    return sum(
        0 if unicodedata.combining(character) else 1 + (unicodedata.east_asian_width(character) in "WF")
        for character in text
    )


def copy_lines(text: str) -> list[str]:
    r"""Return a text in lines of at most ``MAX_LINE_WORDS`` words and ``MAX_LINE_WIDTH`` columns.

    A paragraph, which an empty line ends, keeps its lines where all of them fit, as a poem's do; otherwise it is broken
    anew. Empty lines are dropped. A word wider than a line is broken where the line ends.

    >>> copy_lines("one\ntwo\n\nThis paragraph has one line only, which is far too long to be kept.")
    ['one', 'two', 'This paragraph has one line only, which is far', 'too long to be kept.']
    """
    lines: list[str] = []
    for paragraph in re.split(r"\n\s*\n", cleaned(text)):
        rows = [" ".join(row.split()) for row in paragraph.splitlines() if row.strip()]
        fits = all(len(row.split()) <= MAX_LINE_WORDS and line_width(row) <= MAX_LINE_WIDTH for row in rows)
        lines += rows if fits else _broken(" ".join(rows).split())
    return lines


def copy_pages(lines: Sequence[str], max_lines: int) -> list[list[str]]:
    """Return lines as pages of similar length, none of more than ``max_lines`` lines.

    >>> copy_pages(["a", "b", "c", "d", "e"], 4)
    [['a', 'b', 'c'], ['d', 'e']]
    """
    number = -(-len(lines) // max_lines)
    bounds = [-(-len(lines) * page // (number or 1)) for page in range(number + 1)]
    return [list(lines[start:stop]) for start, stop in pairwise(bounds)]


def is_right_to_left(text: str) -> bool:
    """Whether a text holds letters that are written from right to left, such as Hebrew and Arabic.

    >>> is_right_to_left("שלום"), is_right_to_left("peace")
    (True, False)
    """
    return any(unicodedata.bidirectional(character) in ("R", "AL", "AN") for character in text)


def _broken(words: Sequence[str]) -> list[str]:
    """Return words in lines whose ends are as even as can be: the unused columns, squared, are fewest in sum."""
    parts = [part for word in words for part in _pieces(word)]
    widths = [line_width(part) for part in parts]
    best = [(0.0, 0)]  # for the first n words: the cost, and where the last of their lines starts
    for end in range(1, len(parts) + 1):
        options = []
        width = -1
        for start in range(end - 1, max(0, end - MAX_LINE_WORDS) - 1, -1):
            width += 1 + widths[start]
            if width > MAX_LINE_WIDTH:
                break
            unused = 0 if end == len(parts) else MAX_LINE_WIDTH - width
            # A last line may be short, but a line more costs something.
            options.append((best[start][0] + unused**2 + 1, start))
        best.append(min(options))
    lines: list[str] = []
    end = len(parts)
    while end:
        start = best[end][1]
        lines.append(" ".join(parts[start:end]))
        end = start
    return lines[::-1]


def _pieces(word: str) -> list[str]:
    """Return a word in pieces that fit on a line; one piece, for nearly every word."""
    pieces = [""]
    width = 0
    for character in word:
        width += line_width(character)
        if width > MAX_LINE_WIDTH:
            pieces.append("")
            width = line_width(character)
        pieces[-1] += character
    return pieces
