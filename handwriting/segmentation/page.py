"""A segmented page: its characters, words and lines, and the number of rejected components.

There are three frames. The *image* is the picture as it was read. The *sheet* is the page cropped from the image,
without perspective and skew, at the image's resolution. The *working* frame is the sheet scaled so that every hand has
the same x-height; all decisions are made there.
"""

# Annotations stay objects here (no `from __future__ import annotations`): the config layer validates against them.

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal, NamedTuple, Self

import cv2
import numpy as np
from numpy.typing import NDArray

from handwriting.errors import DataError
from handwriting.segmentation.pixels import places

Kind = Literal["line", "word", "character"]
KINDS: tuple[Kind, ...] = ("line", "word", "character")

Score = Callable[[Sequence[NDArray[np.uint8]]], NDArray[np.float64]]
"""Scores how little each piece of ink looks like one character, float64 ``(n,)``: 0 for a certain character, above 0
otherwise. The pieces are bright ink on dark, uint8 ``(h, w)``, tightly cropped, each of its own size."""


class Box(NamedTuple):
    """A rectangle in pixels: left column, top row, width and height."""

    x: int
    y: int
    w: int
    h: int


@dataclass(frozen=True)
class Piece:
    """One line, word or character.

    Attributes:
        kind: Which of the three it is.
        line: The number of its line on the page, from the top, from 0.
        word: The number of its word in the line, from the left, from 0; -1 for a line.
        order: Its position in its parent, from 0: of a line on the page, a word in its line, a character in its word.
        box: The bounding box of its ink, in pixels of the image.
        sheet_box: The same in pixels of the sheet.
        above: The extent of its ink above the baseline, in x-heights: 1 for an ``o``, 2 for an ``l``.
        below: The extent of its ink below the baseline, in x-heights: 0 for an ``o``, negative for an apostrophe.
    """

    kind: Kind
    line: int
    word: int
    order: int
    box: Box
    sheet_box: Box
    above: float
    below: float


@dataclass(frozen=True, eq=False, kw_only=True)
class Segmented:
    """A segmented page.

    Attributes:
        shape: Height and width of the image, in pixels.
        ink: The sheet's ink, uint8 ``(h, w)``: 0 where there is paper, 255 for full ink.
        to_image: The 3x3 homography from points of the sheet to points of the image; integers are pixel centres.
        labels: The number of the character at each pixel of ink, from 1, in the working frame, int32 ``(H, W)``; 0 for
            background. The number of the word, if words are the finest pieces.
        scale: Working pixels in one pixel of the sheet.
        words: The number of the word, from 0 over the whole page, of each numbered piece, int64 ``(n,)``, rising.
        lines: The number of the line of each word, int64 ``(m,)``, rising.
        baselines: The row of each line's baseline at each column, in the working frame, float64 ``(L, W)``.
        rejected: The number of rejected components by reason.
        x_height: The x-height, in pixels of the image.
        skew: The skew of the writing in the image, in degrees; above 0 it falls to the right.
        kinds: The kinds of pieces that the preset finds; some find words or characters alone.
        notes: What a person should know of the page, each a sentence.
    """

    shape: tuple[int, int]
    ink: NDArray[np.uint8]
    to_image: NDArray[np.float64]
    labels: NDArray[np.int32]
    scale: float
    words: NDArray[np.int64]
    lines: NDArray[np.int64]
    baselines: NDArray[np.float64]
    rejected: Mapping[str, int]
    x_height: float
    skew: float
    kinds: Sequence[Kind] = KINDS
    notes: Sequence[str] = ()

    def of(self, kind: Kind) -> list[Piece]:
        """Return the pieces of one kind, in reading order."""
        return [piece for piece in self.pieces if piece.kind == kind]

    def owners(self, kind: Kind) -> NDArray[np.int64]:
        """Return the index in :meth:`of` of the piece that each label, from 1, belongs to, int64 ``(n,)``."""
        if kind == "character":
            return np.arange(len(self.words))
        return self.words if kind == "word" else self.lines[self.words]

    @cached_property
    def pieces(self) -> list[Piece]:
        """All lines, then all words, then all characters of ``kinds``, each in reading order."""
        rows, columns, number = _by_label(self.labels)
        from_working = working_to_sheet(self.scale)
        rise = (self.baselines[self.lines[self.words[number]], columns] - rows)[:, None]
        in_image, in_sheet = (_ends(columns, rows, to) for to in (self.to_image @ from_working, from_working))
        # Ends are signed so that the minimum of two pieces' ends is the end of their union.
        character = _least(np.hstack([in_image, in_sheet, -rise - 0.5, rise - 0.5]), number)
        word = _least(character, self.words)
        line = _least(word, self.lines)

        in_line = np.arange(len(self.lines)) - np.searchsorted(self.lines, self.lines)
        in_word = np.arange(len(self.words)) - np.searchsorted(self.words, self.words)
        lines = np.arange(len(line))
        numbers = {
            "line": (line, lines, np.full(len(line), -1), lines),
            "word": (word, self.lines, in_line, in_line),
            "character": (character, self.lines[self.words], in_line[self.words], in_word),
        }
        return [piece for kind in self.kinds for piece in self._pieces(kind, *numbers[kind])]

    def _pieces(self, kind: Kind, ends: NDArray[np.float64], *places: NDArray[np.int64]) -> Iterator[Piece]:
        unit = self.x_height * self.scale
        boxes, sheet_boxes = _boxes(ends[:, :4]), _boxes(ends[:, 4:8])
        for index, (above, below) in enumerate(-ends[:, 8:] / unit):
            line, word, order = (int(place[index]) for place in places)
            yield Piece(kind, line, word, order, boxes[index], sheet_boxes[index], float(above), float(below))

    def without(self, dropped: NDArray[np.bool_], reason: str) -> Self:
        """Return the page without some of its finest pieces, and without words and lines that they leave empty.

        Args:
            dropped: Whether to drop each numbered piece, bool ``(n,)``.
            reason: Why, for ``rejected``.

        Raises:
            DataError: If no piece is left.
        """
        if dropped.all():
            raise DataError("shows no text: all its ink is too pale.")
        number = np.concatenate([[0], np.where(dropped, 0, np.cumsum(~dropped))]).astype(np.int32)
        kept_words, words = np.unique(self.words[~dropped], return_inverse=True)
        kept_lines, lines = np.unique(self.lines[kept_words], return_inverse=True)
        rejected = {**self.rejected, reason: self.rejected.get(reason, 0) + int(dropped.sum())}
        return replace(
            self,
            labels=number[self.labels],
            words=words.astype(np.int64),
            lines=lines.astype(np.int64),
            baselines=self.baselines[kept_lines],
            rejected=rejected,
        )

    def label_map(self, kind: Kind, reach: float = 0.3) -> NDArray[np.int32]:
        """Return the piece of a kind that each pixel of the image belongs to.

        Args:
            kind: The kind of pieces; they are numbered from 1 in the order of :meth:`of`.
            reach: The distance around its ink that belongs to a piece, in x-heights; nearer pieces take precedence.

        Returns:
            int32 ``(H, W)`` in pixels of the image; 0 for background.
        """
        lookup = np.concatenate([[0], self.owners(kind) + 1]).astype(np.int32)
        near = lookup[grown(self.labels, reach * self.x_height * self.scale)]
        height, width = self.shape
        from_working = self.to_image @ working_to_sheet(self.scale)
        # float32, the only label type that OpenCV warps, represents labels up to 2^24 exactly.
        warped = cv2.warpPerspective(near.astype(np.float32), from_working, (width, height), flags=cv2.INTER_NEAREST)
        return warped.astype(np.int32)


def working_to_sheet(scale: float) -> NDArray[np.float64]:
    """Return the 3x3 matrix from points of the working frame to points of the sheet; pixel edges map to pixel edges."""
    return np.array([[1 / scale, 0, 0.5 / scale - 0.5], [0, 1 / scale, 0.5 / scale - 0.5], [0, 0, 1]])


def grown(labels: NDArray[np.int32], reach: float) -> NDArray[np.int32]:
    """Grow every label into the unlabelled pixels within ``reach`` pixels to which it is nearest.

    Args:
        labels: int32 ``(H, W)``, 0 for background.
        reach: The distance, in pixels.
    """
    if not labels.any():
        return labels
    distance, nearest = cv2.distanceTransformWithLabels(
        (labels == 0).astype(np.uint8), cv2.DIST_L2, 3, labelType=cv2.DIST_LABEL_PIXEL
    )
    of_pixel = np.zeros(nearest.max() + 1, np.int32)
    seeds = labels > 0
    of_pixel[nearest[seeds]] = labels[seeds]
    return np.where(distance <= reach, of_pixel[nearest], 0).astype(np.int32)


def boxes_of(labels: NDArray[np.int32], count: int, to_image: NDArray[np.float64] | None = None) -> list[Box]:
    """Return the bounding box of each label from 1 to ``count``, all of which occur.

    Args:
        labels: int32 ``(H, W)``.
        count: The highest label.
        to_image: A 3x3 homography to the image, in whose pixels the boxes then are.
    """
    if not count:
        return []
    rows, columns, number = _by_label(labels)
    return _boxes(_least(_ends(columns, rows, np.eye(3) if to_image is None else to_image), number))


def _by_label(labels: NDArray[np.int32]) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return the row, the column and the label, from 0, of each labelled pixel, sorted by label, each ``(p,)``."""
    rows, columns = places(labels > 0)
    number = labels[rows, columns].astype(np.int64) - 1
    order = np.argsort(number, kind="stable")
    return rows[order], columns[order], number[order]


def _ends(columns: NDArray[np.int64], rows: NDArray[np.int64], matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the extent of each pixel mapped by ``matrix``: left, top, -right and -bottom, float64 ``(n, 4)``."""
    points = matrix @ np.stack([columns, rows, np.ones(len(rows))])
    points = points[:2] / points[2]
    # A pixel extends half a pixel to each side of its centre.
    half = np.abs(matrix[:2, :2]).sum(axis=1, keepdims=True) / 2
    return np.concatenate([points - half, -points - half]).T


def _least(values: NDArray[np.float64], group: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the minimum of each group; groups are numbered from 0, sorted, and not empty."""
    return np.minimum.reduceat(values, np.flatnonzero(np.diff(group, prepend=-1)), axis=0)


def _boxes(ends: NDArray[np.float64]) -> list[Box]:
    start = np.round(ends[:, :2] + 0.5).astype(int)
    span = np.maximum(np.round(0.5 - ends[:, 2:]).astype(int) - start, 1)
    return [Box(*box) for box in np.hstack([start, span]).tolist()]


@dataclass(eq=False, kw_only=True)
class Segmenter(ABC):
    """Segments a page; each preset in ``conf/preset/`` names a subclass, whose fields are the preset's keys."""

    @abstractmethod
    def __call__(self, image: NDArray[np.uint8], score: Score | None = None) -> Segmented:
        """Segment one page.

        Args:
            image: uint8, grey ``(H, W)`` or RGB ``(H, W, 3)``.
            score: Scores how little a piece of ink looks like one character; None to judge by shape alone.

        Raises:
            DataError: If there is nothing to segment: the picture is too small, blank, black or without text. The
                message begins with a verb, so that the caller can put the page's name before it.
        """


MIN_SIDE_PIXELS = 30
"""Minimum height and width of a page."""
MIN_CONTRAST = 24
"""Difference of the brightest and the darkest pixel below which a picture is blank, in levels of 255."""
MIN_BRIGHTNESS = 40
"""Brightness of the brightest pixel below which a picture is black, in levels of 255."""


def refuse_unfit(image: NDArray[np.uint8]) -> None:
    """Refuse a picture that shows no page.

    Raises:
        DataError: If it is too small, blank or black.
    """
    height, width = image.shape[:2]
    if min(height, width) < MIN_SIDE_PIXELS:
        raise DataError(
            f"has {width} x {height} pixels: a page has at least {MIN_SIDE_PIXELS} a side. Photograph it larger."
        )
    low, high = int(image.min()), int(image.max())
    if high < MIN_BRIGHTNESS:
        raise DataError("is black all over. Photograph the page again, with light.")
    if high - low < MIN_CONTRAST:
        raise DataError("is blank: there is no ink on it.")
