"""Lines set on pages, one page at a time, within what the paper has room for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain

import numpy as np

from handwriting.writing.line_setting import LineSetter, SetWord
from handwriting.writing.message import MessageRow
from handwriting.writing.paper import FIT_MARGIN, Paper, PaperMeasures, RuleLines, rule_lines
from handwriting.writing.written_words import LayoutStyle, WriteWord, WrittenWord

MIN_TOGETHER = 2
"""The least lines of a paragraph that stand on a page, where the paragraph has more of them."""


@dataclass(frozen=True, eq=False)
class PlacedWord:
    """A word on a page. Lengths are in millimetres from the upper left corner.

    Attributes:
        word: The word.
        x: Where its origin stands.
        y: The same downwards.
        x_height: The size in which it is written.
        baseline: The straight baseline of its line.
        line: The number of its line on the page, from 0.
        is_joined: Whether it is a further part of the word before, on this line or on the one before.
    """

    word: WrittenWord
    x: float
    y: float
    x_height: float
    baseline: float
    line: int
    is_joined: bool = False

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """Left, top, right and bottom of its ink."""
        box, unit = self.word.box, self.x_height
        return self.x + unit * box.left, self.y + unit * box.top, self.x + unit * box.right, self.y + unit * box.bottom

    def moved(self, dx: float, dy: float) -> PlacedWord:
        """Return the word moved to the right and down."""
        return replace(self, x=self.x + dx, y=self.y + dy, baseline=self.baseline + dy)


@dataclass(frozen=True, eq=False)
class MessagePage:
    """A page. Lengths are in millimetres from its upper left corner.

    Attributes:
        number: Its number, from 1.
        width: Its width.
        height: Its height.
        words: Its words in reading order.
        rules: What is printed on it.
    """

    number: int
    width: float
    height: float
    words: tuple[PlacedWord, ...]
    rules: RuleLines


def lay_out(
    rows: Iterable[MessageRow], write: WriteWord, style: LayoutStyle, paper: Paper, seed: int = 0
) -> Iterator[MessagePage]:
    """Yield the pages of a message. Each comes once up to ``MIN_TOGETHER`` lines after it are set, and is then final.

    A paragraph is a row of the message. Of three lines or more, neither the first stands alone at the end of a page nor
    the last at the beginning of one, unless pages have room for fewer lines than that takes.

    Args:
        rows: The message.
        write: Writes its words, from left to right.
        style: How the hand sets words.
        paper: What they are set on.
        seed: The same seed sets the same words in the same way.

    Raises:
        ConfigError: If the paper has no room for a line, when the first page is made.
    """
    sheet = paper.measures(style)
    if paper.rules != "plain":
        style = replace(style, ridge_sd=0.0)  # a line that wanders off its rule seems to float
    width, overhang = sheet.line_width / sheet.x_height, sheet.margin / sheet.x_height
    setter = LineSetter(write, style, width, overhang, np.random.default_rng(seed))
    rules = rule_lines(paper.rules, sheet)
    for number, lines in enumerate(_pages(rows, setter, sheet.lines(style.descent)), 1):
        words = (_on_sheet(word, line, sheet) for line, of in enumerate(lines) for word in of)
        page = MessagePage(number, sheet.width, sheet.height, tuple(words), rules)
        yield _cut(page, FIT_MARGIN if paper.margin is None else paper.margin) if paper.size == "fit" else page


def _pages(rows: Iterable[MessageRow], setter: LineSetter, max_lines: int) -> Iterator[list[list[SetWord]]]:
    """Yield the lines of each page, as soon as those after it that decide where it ends are set."""
    page: list[list[SetWord]] = []
    for row in rows:
        if row.starts_page:
            yield page
            page = []
        start = len(page)  # of the row on the page, below 0 where it begins on one before
        for line in chain(setter.lines(row.words), [None]):  # None: the row has ended
            if line is not None:
                page.append(line)
            while len(page) >= max_lines + (1 if line is None else MIN_TOGETHER):
                end = _page_end(page, start, max_lines)
                yield page[:end]
                page, start = page[end:], start - end
    yield page


def _page_end(page: Sequence[Sequence[SetWord]], start: int, max_lines: int) -> int:
    """Return how many of some lines stand on a page, of which a row of the message has those from ``start`` on.

    They are as many as fit of which the row has no single line on this page or the next; all that fit if it is too
    short for that, or the page too small.
    """
    if len(page) - start <= MIN_TOGETHER:
        return max_lines
    for end in range(max_lines, max(start, 0), -1):
        if min(end - start, len(page) - end) >= MIN_TOGETHER:
            return end
    return start if any(page[: max(start, 0)]) else max_lines


def _on_sheet(word: SetWord, line: int, sheet: PaperMeasures) -> PlacedWord:
    """Return a word of a line on its sheet, moved where it would leave it."""
    baseline = sheet.first_baseline + line * sheet.step
    x, y = sheet.margin + word.x * sheet.x_height, baseline + word.y * sheet.x_height
    placed = PlacedWord(word.word, x, y, word.scale * sheet.x_height, baseline, line, word.is_joined)
    left, top, right, bottom = placed.bounds
    dx = max(0.0, -left) or min(0.0, sheet.width - right)
    dy = max(0.0, -top) or min(0.0, sheet.height - bottom)
    return replace(placed, x=x + dx, y=y + dy)


def _cut(page: MessagePage, margin: float) -> MessagePage:
    """Return a page cut to its ink, with a margin around it."""
    if not page.words:
        return replace(page, width=2 * margin + 1, height=2 * margin + 1, rules=RuleLines())
    bounds = np.array([placed.bounds for placed in page.words])
    left, top = bounds[:, :2].min(axis=0) - margin
    right, bottom = bounds[:, 2:].max(axis=0) + margin
    return replace(
        page,
        width=float(right - left),
        height=float(bottom - top),
        words=tuple(placed.moved(-float(left), -float(top)) for placed in page.words),
        rules=page.rules.cut(float(left), float(top), float(right - left), float(bottom - top)),
    )
