"""``boxes.csv`` of a segmented folder: its columns, and the folder as those modules see it that need only its boxes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol, TypeVar

from handwriting.segmentation.page import KINDS, Box, Kind
from handwriting.text import quoted

TOO_LARGE = 10**9
"""No coordinate or number of a piece is as large: beyond it, Python and NumPy refuse numbers in their own words."""
MAX_NUMBER_CHARACTERS = 20
MAX_SIDE = 1_000_000
"""Pixels that no page has as a side, nor pieces."""
MAX_REACH = 1000.0
"""X-heights that no piece reaches above or below its baseline."""

Number = TypeVar("Number", int, float)


class BoxRow(NamedTuple):
    """One row of ``boxes.csv``; its fields are the columns, in their order.

    Attributes:
        page: The name of the page's file, and the number of the page in it where it has several.
        line: The number of the line on its page, from 0 at the top.
        word: The number of the word in its line, from 0 on the left; empty (None) for a line.
        order: The position of the piece in its parent: of a line on the page, a word in its line, a character in its
            word; from 0.
        kind: ``line``, ``word`` or ``character``.
        x: The left column of the bounding box, in pixels of the page as it was read.
        y: Its top row.
        w: Its width.
        h: Its height.
        above: How far the ink reaches above the baseline, in x-heights (two decimals).
        below: How far it reaches below the baseline, in x-heights; negative where all ink lies above it.
        file: The picture of the piece, relative to the folder; empty for a line.
    """

    page: str
    line: int
    word: int | None
    order: int
    kind: Kind
    x: int
    y: int
    w: int
    h: int
    above: float
    below: float
    file: str

    @property
    def box(self) -> Box:
        """The bounding box, in pixels of the page."""
        return Box(self.x, self.y, self.w, self.h)

    def cells(self) -> tuple[Any, ...]:
        """Return the row as ``boxes.csv`` holds it."""
        word = "" if self.word is None else self.word
        return (*self[:2], word, *self[3:9], f"{self.above:.2f}", f"{self.below:.2f}", self.file)

    @classmethod
    def parse(cls, cells: Sequence[str]) -> BoxRow:
        """Return the row that the cells of one line of ``boxes.csv`` hold.

        Raises:
            ValueError: If there are too few or too many cells, or a cell does not hold a value of its column; the
                message begins with the column.
        """
        page, line, word, order, kind, x, y, w, h, above, below, file = cells
        if kind not in KINDS:
            raise ValueError(f"there is no kind {quoted(kind)}")
        if bool(word) is (kind == "line"):
            raise ValueError(f"word={quoted(word)} is not what a {kind} has: it is empty for lines alone")
        return cls(
            page,
            _number("line", line, int, 0, MAX_SIDE),
            _number("word", word, int, 0, MAX_SIDE) if word else None,
            _number("order", order, int, 0, MAX_SIDE),
            kind,
            _number("x", x, int, -MAX_SIDE, MAX_SIDE),
            _number("y", y, int, -MAX_SIDE, MAX_SIDE),
            _number("w", w, int, 1, MAX_SIDE),
            _number("h", h, int, 1, MAX_SIDE),
            _number("above", above, float, -MAX_REACH, MAX_REACH),
            _number("below", below, float, -MAX_REACH, MAX_REACH),
            file,
        )


COLUMNS = BoxRow._fields


def _number(name: str, cell: str, read: Callable[[str], Number], least: Number, most: Number) -> Number:
    """Return the number in a cell of the column ``name``.

    Raises:
        ValueError: If there is none, or one out of its range.
    """
    try:
        number = read(cell) if len(cell) <= MAX_NUMBER_CHARACTERS else None
    except ValueError:
        number = None
    if number is None or not least <= number <= most:  # NaN is refused, too
        kind = "whole number" if read is int else "number"
        raise ValueError(f"{name}={quoted(cell)} is no {kind} from {least:,.0f} to {most:,.0f}")
    return number


class FolderOfBoxes(Protocol):
    """A folder with ``boxes.csv``, as :class:`~handwriting.pages.folder.SegmentedFolder` is."""

    @property
    def path(self) -> Path:
        """The folder."""

    def rows(self, kind: Kind | None = None) -> Iterator[BoxRow]:
        """Yield the rows of ``boxes.csv``, of all kinds or of one."""
