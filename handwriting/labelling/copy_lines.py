"""A text in lines that a person can keep: each line of print becomes one line of writing."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

MAX_LINE_WORDS = 9
"""Words with a letter or digit in them."""
MAX_LINE_WIDTH = 46
"""Columns, as of :func:`line_width`: what fits on a line of ordinary handwriting."""
TIED_END_COST = 64.0
"""Cost of a line that ends with a word that belongs to the next: as much as a line that is eight columns short."""
DASH_START_COST = 1e5
"""Cost of a line that begins with a lone dash: more than that of any other break."""
KEPT_FORMAT_CHARACTERS = "\u200c\u200d"
"""Invisible characters that change how their neighbours are written: the non-joiner and the joiner."""
_DASH = re.compile("[-\u2010-\u2015]+")
_TIED = re.compile(r"\W+|\w|\d+|[A-Z][a-z]{0,2}\.")
"""A sign, a single letter, a number, a title: words that are read together with the next one, unless it is a dash."""


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


def count_words(line: str) -> int:
    """Return how many words of a line hold a letter or digit.

    >>> count_words("2 + 2 = 4 & more")
    4
    """
    return sum(map(_is_word, line.split()))


def _is_word(text: str) -> bool:
    return any(character.isalnum() for character in text)


@dataclass(frozen=True)
class LineLimits:
    """What fits on a line.

    Attributes:
        max_width: The width of the widest line, in columns.
        max_words: Words with a letter or digit in them; None for any number.
        width: Returns the width of a text in columns: that of its characters in sum.
    """

    max_width: float = MAX_LINE_WIDTH
    max_words: int | None = MAX_LINE_WORDS
    width: Callable[[str], float] = line_width

    def fit(self, width: float, words: int) -> bool:
        """Whether a line of a width and a number of words fits."""
        return width <= self.max_width and (self.max_words is None or words <= self.max_words)


HANDWRITING_LIMITS = LineLimits()
"""What fits on a line of ordinary handwriting."""


def copy_lines(text: str, limits: LineLimits = HANDWRITING_LIMITS) -> list[str]:
    r"""Return a text in lines.

    Each line of the text begins a line, and one that does not fit is broken. One empty line stays where there are some
    between two lines. A word wider than a line is broken where the line ends.

    Args:
        text: Any text.
        limits: What fits on a line.

    >>> copy_lines("one\n\n\nThis line is far too long to be kept as it is.\ntwo\n")
    ['one', '', 'This line is far too long to be kept', 'as it is.', 'two']
    """
    lines: list[str] = []
    for row in cleaned(text).splitlines():
        words = row.split()
        kept = " ".join(words)
        lines += [kept] if limits.fit(limits.width(kept), count_words(kept)) else _broken(words, limits)
    return _with_single_gaps(lines)


def _with_single_gaps(lines: Sequence[str]) -> list[str]:
    """Return lines without those empty ones that are the first, the last, or follow another."""
    kept = [line for is_text, group in groupby(lines, bool) for line in (group if is_text else [""])]
    return kept[not kept[0] : len(kept) - (not kept[-1])] if kept else kept


def copy_pages(lines: Sequence[str], max_lines: int) -> list[list[str]]:
    """Return lines as pages of similar length, of at most ``max_lines`` lines, none of which begins or ends with a gap.

    >>> copy_pages(["a", "b", "c", "d", "e"], 4)
    [['a', 'b', 'c'], ['d', 'e']]
    """
    number = -(-len(lines) // max_lines)
    bounds = [-(-len(lines) * page // (number or 1)) for page in range(number + 1)]
    pages = [_with_single_gaps(lines[start:stop]) for start, stop in pairwise(bounds)]
    return [page for page in pages if page]


def is_right_to_left(text: str) -> bool:
    """Whether a text holds letters that are written from right to left, such as Hebrew and Arabic.

    >>> is_right_to_left("שלום"), is_right_to_left("peace")
    (True, False)
    """
    return any(unicodedata.bidirectional(character) in ("R", "AL", "AN") for character in text)


def _broken(words: Sequence[str], limits: LineLimits) -> list[str]:
    """Return words in lines whose ends are as even as can be: the unused columns, squared, are fewest in sum.

    Words that belong together stay together where that costs little.
    """
    parts = [part for word in words for part in _pieces(word, limits)]
    widths = [limits.width(part) for part in parts]
    space = limits.width(" ")
    counts = [int(_is_word(part)) for part in parts]
    best = [(0.0, 0)]  # for the first n words: the cost, and where the last of their lines starts
    for end in range(1, len(parts) + 1):
        options: list[tuple[float, int]] = []
        width, count = -space, 0
        is_last = end == len(parts)
        for start in range(end - 1, -1, -1):
            width += space + widths[start]
            count += counts[start]
            if options and not limits.fit(width, count):
                break
            # The last line may be short, but a line more costs something.
            cost = 1.0 if is_last else 1.0 + (limits.max_width - width) ** 2
            if not is_last and _DASH.fullmatch(parts[end]):
                cost += DASH_START_COST
            if not is_last and _TIED.fullmatch(parts[end - 1]) and not _DASH.fullmatch(parts[end - 1]):
                cost += TIED_END_COST
            options.append((best[start][0] + cost, start))
        best.append(min(options))
    lines: list[str] = []
    end = len(parts)
    while end:
        start = best[end][1]
        lines.append(" ".join(parts[start:end]))
        end = start
    return lines[::-1]


def _pieces(word: str, limits: LineLimits) -> list[str]:
    """Return a word in pieces that fit on a line; one piece, for nearly every word."""
    pieces = [""]
    width = 0.0
    for character in word:
        width += limits.width(character)
        if width > limits.max_width:
            pieces.append("")
            width = limits.width(character)
        pieces[-1] += character
    return pieces
