"""The written words of a labelled folder, read from its tables and pictures alone."""

from __future__ import annotations

import logging
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

import cv2
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from handwriting.errors import DataError
from handwriting.labelling.answers import JUNK
from handwriting.labelling.strips import sharpest_slope
from handwriting.pages.boxes import BoxRow
from handwriting.pages.folder import OR_SEGMENT_AGAIN, PICTURE_FOLDERS, SEGMENT_AGAIN, SegmentedFolder
from handwriting.pages.labels import CharacterKey, LabelRow, character_key, read_labels
from handwriting.pages.names import BOXES_FILE, REPORT_FILE
from handwriting.segmentation.crops import MIN_BRIGHTEST, margin_of
from handwriting.text import counted
from handwriting.writing.ownership import whole_parts
from handwriting.writing.slant import refined_slant
from handwriting.writing.source import SMALL_LETTERS, SourceWord, apply, without_grain

INKED = 90
"""Level from which a pixel belongs to a stroke, of 255."""
STROKE = 60
"""Level from which pixels that touch each other belong to one stroke, of 255."""
MAX_OFF_PIXELS, MAX_OFF_SHARE = 4, 0.08
"""How far a letter may lie from where the boxes put it in its word: pixels, and a share of the word's size besides."""
MAX_OUTSIDE, MAX_BEYOND = 4, 0.5
"""How far a box may reach out of that of its word or line: pixels of the page, and x-heights about the baseline."""
MAX_SKEW = math.pi / 2
"""The largest angle by which a page's writing may fall, in radians."""
MAX_X_HEIGHT_RATIO = 1.5
"""Factor between the x-height of a page and that of its pictures from which one of them was changed; 1.02 is usual."""
MAX_HEIGHT_ERROR = 0.4
"""How far the height of a picture's ink may be off that in the table: a share of it, and of an x-height besides."""
MAX_MISFIT = 0.4
"""How much of a letter's ink its word may lack, as a share of it squared; 0 on pages that nobody edited."""
MAX_NAMED = 3
"""Pictures that a message names, at most."""
MIN_SMALL_LETTERS = 20
"""Small letters of a page from which its x-height is measured."""
TOP_QUANTILE = 0.99
"""Quantile of the heights of a letter's ink that is its top: single pixels stray."""
MIN_LETTERS_FOR_SLOPE = 4
"""Letters of a word from which its own slope is measured."""
SLOPE_SHRINKAGE = 4.0
"""Letters that speak for a word that runs along its line, against those that it has."""

logger = logging.getLogger(__name__)


def read_source_words(folder: SegmentedFolder) -> list[SourceWord]:
    """Return the words of a labelled folder that hold at least one letter with a picture, in reading order.

    Junk, and characters that are doubtful or not labelled, have an empty label. Pictures that show no ink, no paper or
    another piece than their row says are left out, and a warning names them.

    Returns:
        The words, at least one.

    Raises:
        DataError: If a table or a picture cannot be read, the tables contradict each other or the pictures, or no word
            is left.
    """
    labels = read_labels(folder)
    pages = _page_geometry(folder)
    listed = list(folder.rows())
    _check_boxes(folder, listed)
    rows = [row for row in listed if row.kind != "line" and folder.has_picture(row)]
    letters = [row for row in rows if row.kind == "character"]
    usual_below = _usual_below(letters, labels)
    words: list[SourceWord] = []
    faults: dict[str, str] = {}
    for page, of_page in groupby(rows, key=lambda row: row.page):
        if page not in pages:
            raise DataError(f"{folder.path / REPORT_FILE} does not describe the page {page}. {SEGMENT_AGAIN}")
        pictures = _Pictures.read(folder, list(of_page), pages[page].x_height)
        faults |= pictures.faults
        read = [
            _read_word(pictures, word, of_word, labels, usual_below, pages[page]) for word, of_word in pictures.words()
        ]
        read = _at_own_x_height(read)
        slant = _slant(read)
        words += [replace(word, slant=slant) for word in read]
    named = "; ".join(f"{file} {fault}" for file, fault in list(faults.items())[:MAX_NAMED])
    named += f"; and {len(faults) - MAX_NAMED:,} more" if len(faults) > MAX_NAMED else ""
    if not words:
        raise DataError(_no_words(folder, listed, named))
    if faults:
        logger.warning(
            "%s: %s left out: %s. Delete what is wrong, %s",
            folder.path,
            counted(len(faults), "picture is", "pictures are"),
            named,
            OR_SEGMENT_AGAIN,
        )
    return words


def _no_words(folder: SegmentedFolder, rows: Sequence[BoxRow], faults: str) -> str:
    """Return why no word of a folder can be read, and what to do."""
    if not any(row.kind == "word" for row in rows):
        return (
            f"{folder.path / BOXES_FILE} lists no words. Segment the pages again, with preset=auto and overwrite=true."
        )
    if faults:
        return f"{folder.path} has no picture of a word that can be used: {faults}. {SEGMENT_AGAIN}"
    return (
        f"{folder.path} lacks its pictures: no word is left in {PICTURE_FOLDERS['word']} that has a character in "
        f"{PICTURE_FOLDERS['character']}. Put them back, {OR_SEGMENT_AGAIN}"
    )


def _check_boxes(folder: SegmentedFolder, rows: Sequence[BoxRow]) -> None:
    """Refuse rows of ``boxes.csv`` that contradict each other.

    Raises:
        DataError: If a piece is listed twice, a character has no word, or a piece lies outside of its word or line.
    """
    known = {_name_of(row): row for row in rows}
    table = folder.path / BOXES_FILE
    if len(known) < len(rows):
        twice = next(name for name, times in Counter(map(_name_of, rows)).items() if times > 1)
        raise DataError(f"{table} lists the {_described(known[twice])} twice. Remove one of them, {OR_SEGMENT_AGAIN}")
    has_words = any(row.kind == "word" for row in rows)
    for row in rows:
        if row.kind == "line":
            continue
        parent = known.get(_name_of(row)[:-1])
        if parent is None:
            if row.kind == "character" and has_words:
                raise DataError(f"{table} lists no word for the {_described(row)}. {SEGMENT_AGAIN}")
            continue
        outside = max(
            parent.x - row.x,
            parent.y - row.y,
            row.x + row.w - parent.x - parent.w,
            row.y + row.h - parent.y - parent.h,
        )
        if outside > MAX_OUTSIDE or max(row.above - parent.above, row.below - parent.below) > MAX_BEYOND:
            raise DataError(
                f"{table}: the {_described(row)} does not lie within its {parent.kind}: one of the two was changed. "
                f"{SEGMENT_AGAIN}"
            )


def _name_of(row: BoxRow) -> tuple[str | int | None, ...]:
    """Return what names a piece: its page and its numbers, one more than those of its parent."""
    numbers = {"line": (), "word": (row.order,), "character": (row.word, row.order)}
    return (row.page, row.line, *numbers[row.kind])


def _described(row: BoxRow) -> str:
    numbers = [f"line={row.line}", *([] if row.word is None else [f"word={row.word}"])]
    return f"{row.kind} page={row.page} {' '.join(numbers)} order={row.order}"


@dataclass(frozen=True)
class _Pictures:
    """The pictures of the words and characters of a page.

    Attributes:
        crops: Those that can be used, bright ink on dark, uint8 ``(h, w)``, by their rows and in their order; words
            without grain, and no letters that are grain alone.
        places: Column and row of each character in its word, in pixels of the pictures.
        faults: What is wrong with each of the others, by its file.
    """

    crops: dict[BoxRow, NDArray[np.uint8]]
    places: dict[BoxRow, tuple[int, int]]
    faults: dict[str, str]

    @classmethod
    def read(cls, folder: SegmentedFolder, rows: Sequence[BoxRow], x_height: float) -> _Pictures:
        """Read the pictures of the pieces of one page.

        Args:
            folder: The folder.
            rows: The pieces, at least one, each with a picture.
            x_height: The x-height of the page, in pixels.

        Raises:
            DataError: If a picture cannot be read, or most of them have another x-height.
        """
        crops = {row: folder.crop(row) for row in rows}
        faults = {row: fault for row, crop in crops.items() if (fault := _fault(crop))}
        heights = {row: (crop.shape[0] - 2 * margin_of(crop)) for row, crop in crops.items() if row not in faults}
        by_table = {row: (row.above + row.below) * x_height for row in heights}
        ratio = float(np.median([heights[row] / max(by_table[row], 1.0) for row in heights])) if heights else 1.0
        if not 1 / MAX_X_HEIGHT_RATIO < ratio < MAX_X_HEIGHT_RATIO:
            raise DataError(
                f"{folder.path / REPORT_FILE} gives the page {rows[0].page} an x-height of {x_height:.1f} pixels, and "
                f"by {BOXES_FILE} its pictures have one of {ratio * x_height:.1f}: one of them was changed. "
                f"{SEGMENT_AGAIN}"
            )
        for row, height in heights.items():
            if abs(height - by_table[row]) > MAX_HEIGHT_ERROR * (x_height + height):
                size = " x ".join(f"{side:,}" for side in crops[row].shape[::-1])
                faults[row] = f"is {size} pixels, and by {BOXES_FILE} its ink is {by_table[row]:,.0f} high"
        words = {_name_of(row): row for row in rows if row.kind == "word" and row not in faults}
        clean = {word: without_grain(crops[word], x_height) for word in words.values()}
        grain: set[BoxRow] = set()
        places: dict[BoxRow, tuple[int, int]] = {}
        for row in rows:
            word = words.get(_name_of(row)[:-1]) if row.kind == "character" else None
            if word is None or row in faults:
                continue
            ink, crop = crops[word], crops[row]
            if crop.shape[0] > ink.shape[0] or crop.shape[1] > ink.shape[1]:
                faults[row] = "is larger than its word"
                continue
            around = margin_of(ink) - margin_of(crop)
            places[row] = left, top = _place_in(ink, crop, (row.x - word.x + around, row.y - word.y + around))
            part = np.s_[top : top + crop.shape[0], left : left + crop.shape[1]]
            if _misfit(ink[part], crop) > MAX_MISFIT:
                faults[row] = "shows other ink than its word"
            elif not clean[word][part][crop > 0].any():
                grain.add(row)  # the segmentation took a speck for a letter
        sound = {row: clean.get(row, crop) for row, crop in crops.items() if row not in faults and row not in grain}
        return cls(sound, places, {row.file: fault for row, fault in faults.items()})

    def words(self) -> Iterator[tuple[BoxRow, list[BoxRow]]]:
        """Yield each word that has its picture, and its characters that have theirs, at least one."""
        words = {(row.line, row.order): row for row in self.crops if row.kind == "word"}
        letters = (row for row in self.crops if row.kind == "character")
        for key, group in groupby(letters, key=lambda row: (row.line, row.word)):
            if key in words:
                yield words[key], list(group)


def _fault(crop: NDArray[np.uint8]) -> str:
    """Return what is wrong with the picture of a piece by itself; empty where nothing is."""
    if crop.max() < MIN_BRIGHTEST:
        return "shows no ink"
    return "shows no paper" if crop.min() >= INKED else ""


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
    if turned := [page for page, skew in skews.items() if not abs(skew) <= MAX_SKEW]:  # NaN is refused, too
        raise DataError(
            f"{folder.path / REPORT_FILE} gives the page {turned[0]} a skew that is not from -90 to 90 degrees. "
            f"{SEGMENT_AGAIN}"
        )
    return {page: _PageGeometry(x_height, skews.get(page, 0.0)) for page, x_height in x_heights.items()}


def _misfit(there: NDArray[np.uint8], crop: NDArray[np.uint8]) -> float:
    """Return how much ink of a letter its word lacks in its place, squared, as a share of the letter's ink squared.

    The word may have more there: its other letters' ink.
    """
    own = crop.astype(np.float64)
    return float((np.maximum(own - there, 0) ** 2).sum() / (own**2).sum())


def _usual_below(letters: Iterable[BoxRow], labels: Mapping[CharacterKey, LabelRow]) -> dict[str, float]:
    """Return how far the letters of each class reach below the line's baseline, in x-heights: the median."""
    reaches = defaultdict(list)
    for row in letters:
        label = labels.get(character_key(row))
        if label is not None and label.trains:
            reaches[label.label].append(row.below)
    return {label: float(np.median(values)) for label, values in reaches.items()}


def _read_word(
    pictures: _Pictures,
    picture: BoxRow,
    letters: Sequence[BoxRow],
    labels: Mapping[CharacterKey, LabelRow],
    usual_below: Mapping[str, float],
    page: _PageGeometry,
) -> SourceWord:
    """Return one word, upright as far as is known yet."""
    ink = pictures.crops[picture]
    owner = np.zeros(ink.shape, np.int16)
    strongest = np.zeros(ink.shape, np.uint8)
    known = [labels.get(character_key(row)) for row in letters]
    names = [label.label if label is not None and label.trains else JUNK for label in known]
    baseline: list[tuple[float, float]] = []  # column and row of the line's baseline near each letter
    offsets: list[tuple[float, float]] = []  # column, and how far the letter stands below that, in pixels
    for number, (letter, name) in enumerate(zip(letters, names, strict=True), 1):
        crop = pictures.crops[letter]
        around = margin_of(crop)
        left, top = pictures.places[letter]
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
    owner = whole_parts(ink >= STROKE, owner, page.x_height, names)
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
    if _misfit(window[top : top + crop.shape[0], left : left + crop.shape[1]], crop) > MAX_MISFIT:
        # A speck on the edge of a stroke: most of the ink around it is its neighbour's.
        lacks = [[_misfit(there, crop) for there in row] for row in sliding_window_view(window, crop.shape)]
        rows, columns = np.nonzero(np.array(lacks) <= min(map(min, lacks)))
        off = np.hypot(rows + starts[0] - expected[1], columns + starts[1] - expected[0])
        top, left = rows[off.argmin()], columns[off.argmin()]
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
