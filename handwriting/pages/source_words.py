"""The written words of a labelled folder, read from its tables and pictures alone."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

import cv2
import numpy as np
from numpy.typing import NDArray

from handwriting.errors import DataError
from handwriting.labelling.answers import JUNK
from handwriting.labelling.strips import sharpest_slope
from handwriting.pages.boxes import BoxRow
from handwriting.pages.folder import SEGMENT_AGAIN, SegmentedFolder
from handwriting.pages.labels import CharacterKey, LabelRow, character_key, read_labels
from handwriting.pages.names import REPORT_FILE
from handwriting.segmentation.crops import margin_of
from handwriting.writing.ownership import whole_parts
from handwriting.writing.slant import refined_slant
from handwriting.writing.source import SMALL_LETTERS, SourceWord, apply, without_grain

INKED = 90
"""Level from which a pixel belongs to a stroke, of 255."""
STROKE = 60
"""Level from which pixels that touch each other belong to one stroke, of 255."""
MAX_OFF_PIXELS, MAX_OFF_SHARE = 4, 0.08
"""How far a letter may lie from where the boxes put it in its word: pixels, and a share of the word's size besides."""
MIN_SMALL_LETTERS = 20
"""Small letters of a page from which its x-height is measured."""
TOP_QUANTILE = 0.99
"""Quantile of the heights of a letter's ink that is its top: single pixels stray."""
MIN_LETTERS_FOR_SLOPE = 4
"""Letters of a word from which its own slope is measured."""
SLOPE_SHRINKAGE = 4.0
"""Letters that speak for a word that runs along its line, against those that it has."""


def read_source_words(folder: SegmentedFolder) -> list[SourceWord]:
    """Return the words of a labelled folder that hold at least one letter with a picture, in reading order.

    Junk, and characters that are doubtful or not labelled, have an empty label.

    Raises:
        DataError: If a table or a picture cannot be read.
    """
    labels = read_labels(folder)
    pages = _page_geometry(folder)
    rows = [row for row in folder.rows() if row.kind != "line" and folder.has_picture(row)]
    pictures = {(row.page, row.line, row.order): row for row in rows if row.kind == "word"}
    letters = [row for row in rows if row.kind == "character"]
    usual_below = _usual_below(letters, labels)
    words: list[SourceWord] = []
    for page, of_page in groupby(letters, key=lambda row: row.page):
        if page not in pages:
            raise DataError(f"{folder.path / REPORT_FILE} does not describe the page {page}. {SEGMENT_AGAIN}")
        read = []
        for (line, word), group in groupby(of_page, key=lambda row: (row.line, row.word)):
            if (picture := pictures.get((page, line, word))) is not None:
                read.append(_read_word(folder, picture, list(group), labels, usual_below, pages[page]))
        read = _at_own_x_height(read)
        slant = _slant(read)
        words += [replace(word, slant=slant) for word in read]
    return words


@dataclass(frozen=True)
class _PageGeometry:
    """The x-height of a page in pixels, and the angle by which its writing falls to the right, in radians."""

    x_height: float
    skew: float

    def level(self, x: float, y: float) -> tuple[float, float]:
        """Return a point of the page along and below its level lines, in x-heights."""
        cosine, sine = math.cos(self.skew), math.sin(self.skew)
        return (x * cosine + y * sine) / self.x_height, (y * cosine - x * sine) / self.x_height


def _page_geometry(folder: SegmentedFolder) -> dict[str, _PageGeometry]:
    x_heights = folder.x_heights()
    try:
        skews = {str(page["page"]): math.radians(float(page.get("skew", 0))) for page in folder.report()["pages"]}
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise DataError(f"{folder.path / REPORT_FILE} does not describe the pages. {SEGMENT_AGAIN}") from error
    return {page: _PageGeometry(x_height, skews.get(page, 0.0)) for page, x_height in x_heights.items()}


def _usual_below(letters: Iterable[BoxRow], labels: Mapping[CharacterKey, LabelRow]) -> dict[str, float]:
    """Return how far the letters of each class reach below the line's baseline, in x-heights: the median."""
    reaches = defaultdict(list)
    for row in letters:
        label = labels.get(character_key(row))
        if label is not None and label.trains:
            reaches[label.label].append(row.below)
    return {label: float(np.median(values)) for label, values in reaches.items()}


def _read_word(
    folder: SegmentedFolder,
    picture: BoxRow,
    letters: Sequence[BoxRow],
    labels: Mapping[CharacterKey, LabelRow],
    usual_below: Mapping[str, float],
    page: _PageGeometry,
) -> SourceWord:
    """Return one word, upright as far as is known yet."""
    ink = without_grain(folder.crop(picture), page.x_height)
    owner = np.zeros(ink.shape, np.int16)
    strongest = np.zeros(ink.shape, np.uint8)
    known = [labels.get(character_key(row)) for row in letters]
    names = [label.label if label is not None and label.trains else JUNK for label in known]
    baseline: list[tuple[float, float]] = []  # column and row of the line's baseline near each letter
    offsets: list[tuple[float, float]] = []  # column, and how far the letter stands below that, in pixels
    for number, (letter, name) in enumerate(zip(letters, names, strict=True), 1):
        crop = folder.crop(letter)
        if crop.shape[0] > ink.shape[0] or crop.shape[1] > ink.shape[1]:
            raise DataError(
                f"{folder.path / letter.file} is larger than its word, {picture.file}: one of them was changed. "
                f"{SEGMENT_AGAIN}"
            )
        around = margin_of(crop)
        expected = (letter.x - picture.x + margin_of(ink) - around, letter.y - picture.y + margin_of(ink) - around)
        left, top = _place_in(ink, crop, expected)
        part = np.s_[top : top + crop.shape[0], left : left + crop.shape[1]]
        own = crop > strongest[part]
        owner[part][own] = number
        strongest[part][own] = crop[own]
        column = left + crop.shape[1] / 2
        from_top = top + around + letter.above * page.x_height
        from_bottom = top + crop.shape[0] - around - letter.below * page.x_height
        baseline.append((column, (from_top + from_bottom) / 2 - 0.5))
        if name in usual_below:
            offsets.append((column, (letter.below - usual_below[name]) * page.x_height))
    owner = whole_parts(ink >= STROKE, owner, page.x_height)
    fall, level = _line_through(baseline, robust=False)
    own_fall, own_level = _line_through(offsets, robust=True)
    around = margin_of(ink)
    offset = own_level + own_fall * around
    row = level + fall * around + offset
    along, down = page.level(picture.x, picture.y - around + row)
    return SourceWord(
        key=(picture.page, picture.line, picture.order),
        ink=ink,
        owner=owner,
        labels=tuple(names),
        badness=tuple(1.0 if label is None else label.badness for label in known),
        x_height=page.x_height,
        origin=(float(around), float(row)),
        slope=fall + own_fall,
        slant=0.0,
        place=(along, down),
        offset=offset / page.x_height,
    )


def _at_own_x_height(words: Sequence[SourceWord]) -> list[SourceWord]:
    """Return the words of one page with the x-height of its letters, by their labels; without enough, as they are.

    The segmentation estimates it before any letter is known, and misses it by up to a sixth.
    """
    tops = [
        np.quantile(word.frame_of(letter)[:, 1], TOP_QUANTILE)
        for word in words
        for letter, label in enumerate(word.labels)
        if label and label in SMALL_LETTERS
    ]
    if len(tops) < MIN_SMALL_LETTERS:
        return list(words)
    scale = float(np.median(tops)) + 1 / words[0].x_height  # from centres of pixels to the edges of ink
    return [
        replace(
            word,
            x_height=word.x_height * scale,
            place=(word.place[0] / scale, word.place[1] / scale),
            offset=word.offset / scale,
        )
        for word in words
    ]


def _place_in(word: NDArray[np.uint8], crop: NDArray[np.uint8], expected: tuple[int, int]) -> tuple[int, int]:
    """Return column and row of the crop of a letter in the crop of its word, which shows the same ink.

    Args:
        word: The word, ``(h, w)``.
        crop: The letter.
        expected: Where it is by the boxes, which belong to the photograph: the sheet may be turned against that.
    """
    crop = crop[: word.shape[0], : word.shape[1]]
    mask = (crop > 0).astype(np.uint8)
    if not mask.any():
        return 0, 0
    starts, stops = [], []
    for at, part, whole in zip(expected[::-1], crop.shape, word.shape, strict=True):
        around = MAX_OFF_PIXELS + round(MAX_OFF_SHARE * whole)
        starts.append(int(np.clip(at - around, 0, whole - part)))
        stops.append(int(np.clip(at + around, 0, whole - part)) + part)
    window = word[starts[0] : stops[0], starts[1] : stops[1]]
    difference = cv2.matchTemplate(window, np.ascontiguousarray(crop), cv2.TM_SQDIFF, mask=mask)
    left, top = cv2.minMaxLoc(difference)[2]
    return int(left) + starts[1], int(top) + starts[0]


def _line_through(points: Sequence[tuple[float, float]], robust: bool) -> tuple[float, float]:
    """Return slope and value at 0 of a line through points; of a robust one, the slope is drawn towards 0."""
    if not points:
        return 0.0, 0.0
    columns, values = np.array(points).T
    if len(points) < MIN_LETTERS_FOR_SLOPE or np.ptp(columns) == 0:
        return 0.0, float(np.median(values))
    if not robust:
        slope, at_zero = np.polyfit(columns, values, 1)
        return float(slope), float(at_zero)
    first, second = np.triu_indices(len(points), 1)
    apart = columns[second] != columns[first]
    slopes = (values[second] - values[first])[apart] / (columns[second] - columns[first])[apart]
    slope = float(np.median(slopes)) * len(points) / (len(points) + SLOPE_SHRINKAGE)
    return slope, float(np.median(values - slope * columns))


def _slant(words: Sequence[SourceWord]) -> float:
    """Return the slant of the words of one page."""
    points = [apply(word.to_frame, *np.nonzero((word.owner > 0) & (word.ink >= INKED))[::-1]) for word in words]
    number = np.repeat(np.arange(len(words)), [len(one) for one in points])
    along, rise = np.concatenate(points).T if points else np.zeros((2, 0))
    return refined_slant(along, rise, number, sharpest_slope(along, rise, number)) if len(along) else 0.0
