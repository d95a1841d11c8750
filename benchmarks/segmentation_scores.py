"""Scores of presets on pages whose truth is known."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from benchmarks.segmentation_sets import KnownPage
from handwriting.errors import DataError
from handwriting.segmentation.agreement import BOX_IOU, Agreement, agreement, dots_joined
from handwriting.segmentation.page import KINDS, Box, Kind, Segmented, Segmenter

AUTO = "auto"
BASELINES: dict[Kind, str] = {"word": "words", "character": "characters"}
"""The baseline presets, by the one kind of pieces that each finds."""
KINDS_OF_PRESET: dict[str, tuple[Kind, ...]] = {AUTO: KINDS} | {preset: (kind,) for kind, preset in BASELINES.items()}
"""The kinds of pieces that each preset finds."""


@dataclass(frozen=True)
class WordCount:
    """The numbers of words in the lines of a form.

    Attributes:
        true: The true number of words in each line.
        found: The number of words found in each line.
        elsewhere: The number of words found outside of all lines.
        lines: The number of lines found.
    """

    true: Sequence[int] = ()
    found: Sequence[int] = ()
    elsewhere: int = 0
    lines: int = 0

    def __add__(self, other: WordCount) -> WordCount:
        """Return the counts over both."""
        return WordCount(
            [*self.true, *other.true],
            [*self.found, *other.found],
            self.elsewhere + other.elsewhere,
            self.lines + other.lines,
        )

    @property
    def exact(self) -> int:
        """The number of lines in which the right number of words was found."""
        return sum(true == found for true, found in zip(self.true, self.found, strict=True))

    @property
    def errors(self) -> int:
        """A lower bound of the missing and extra words: the differences of the numbers, line by line."""
        return self.elsewhere + sum(abs(true - found) for true, found in zip(self.true, self.found, strict=True))

    @property
    def all_found(self) -> int:
        """The number of words found."""
        return sum(self.found) + self.elsewhere

    @property
    def difference(self) -> float:
        """The difference of the numbers of true and found words, as a share of the true ones."""
        return abs(self.all_found - sum(self.true)) / max(sum(self.true), 1)


@dataclass(eq=False)
class Tally:
    """Scores over the pages of one set.

    Attributes:
        agreements: The agreement with the truth, by preset and kind.
        dots: The number of dots found together with their stems, and of all dots, by preset.
        counts: The numbers of words on forms, by the form's name and the preset.
    """

    agreements: dict[tuple[str, Kind], Agreement] = field(default_factory=lambda: defaultdict(Agreement))
    dots: dict[str, tuple[int, int]] = field(default_factory=dict)
    counts: dict[str, dict[str, WordCount]] = field(default_factory=lambda: defaultdict(dict))

    def add(self, page: KnownPage, preset: str, segmenter: Segmenter) -> None:
        """Segment a page by a preset, and add its agreement with the truth."""
        try:
            segmented = segmenter(page.image)
        except DataError:  # the preset found nothing
            segmented = None
        for kind in KINDS_OF_PRESET[preset]:
            if kind not in page.truth:
                continue
            truth = page.truth[kind]
            labels = segmented.label_map(kind) if segmented else np.zeros_like(truth)
            boxes = [piece.box for piece in segmented.of(kind)] if segmented else []
            self.agreements[preset, kind] += agreement(truth, labels, page.boxes.get(kind), boxes)
            if kind == "character" and page.dots is not None:
                joined, dots = dots_joined(page.dots, truth, labels)
                before = self.dots.get(preset, (0, 0))
                self.dots[preset] = before[0] + joined, before[1] + dots
        if page.words and "word" in KINDS_OF_PRESET[preset]:
            self.counts[page.name][preset] = count_words(segmented, page)


def count_words(segmented: Segmented | None, page: KnownPage) -> WordCount:
    """Count the words found in each line of a form."""
    if not segmented:
        return WordCount(page.words, [0] * len(page.words))
    in_lines = words_by_line(segmented, page.boxes["line"])
    return WordCount(page.words, in_lines, len(segmented.of("word")) - sum(in_lines), len(segmented.of("line")))


def words_by_line(segmented: Segmented, lines: Sequence[Box]) -> list[int]:
    """Return the number of words found in each true line.

    If the right number of lines was found, true and found lines are paired in their order. Otherwise each true line is
    paired with the found line of the highest IoU, if that is at least ``BOX_IOU``. If a preset finds no lines, a word
    belongs to the line whose vertical centre is nearest.

    Args:
        segmented: The segmented form.
        lines: The true lines' boxes, from the top.
    """
    found_lines = [line.box for line in segmented.of("line")]
    if not found_lines:
        middles = np.array([line.y + line.h / 2 for line in lines])
        heights = [word.box.y + word.box.h / 2 for word in segmented.of("word")]
        nearest = [int(np.abs(middles - height).argmin()) for height in heights]
        return [nearest.count(line) for line in range(len(lines))]
    numbers = [word.line for word in segmented.of("word")]
    if len(found_lines) == len(lines):
        return [numbers.count(line) for line in range(len(lines))]
    overlap = np.array([[box_iou(line, other) for other in found_lines] for line in lines])
    return [numbers.count(int(row.argmax())) if row.max() >= BOX_IOU else 0 for row in overlap]


def box_iou(first: Box, second: Box) -> float:
    """Return the intersection of two boxes over their union, 0..1.

    >>> box_iou(Box(0, 0, 4, 1), Box(2, 0, 4, 1))
    0.3333333333333333
    """
    width = min(first.x + first.w, second.x + second.w) - max(first.x, second.x)
    height = min(first.y + first.h, second.y + second.h) - max(first.y, second.y)
    both = max(width, 0) * max(height, 0)
    return both / (first.w * first.h + second.w * second.h - both)
