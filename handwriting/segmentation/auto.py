"""The preset that works by default: what it needs to know it measures on the page itself."""

# Annotations stay objects here (no `from __future__ import annotations`): the config layer validates against them.

from collections import Counter
from dataclasses import dataclass
from typing import Annotated, Literal, NamedTuple

import cv2
import numpy as np
from pydantic import Field

from handwriting.errors import DataError
from handwriting.segmentation import ink, scale
from handwriting.segmentation.characters import find_characters
from handwriting.segmentation.lines import Lines, assign, find_lines
from handwriting.segmentation.marks import Marks, solid, sort_out
from handwriting.segmentation.page import Score, Segmented, Segmenter, refuse_unfit, working_to_sheet
from handwriting.segmentation.pixels import Grey, Mask, Matrix, resized, scaled, warped
from handwriting.segmentation.rules import remove_rules
from handwriting.segmentation.sheet import find_sheet, flattening
from handwriting.segmentation.words import extents, find_words

COARSE = 1_000_000
"""Skew, and a first guess at the scale, are found in a picture of at most so many pixels."""
LONG_RULE = 1 / 80
"""Before the scale is known, an x-height is taken to be this share of the page's longer side, for finding its rules."""
UPRIGHT = 0.15
"""Degrees: a page that lies less askew is left as it is, and so as sharp as it is."""
CLOSE = (0.8, 1.25)
"""Where the x-height found is to the one wanted as this, the scale is right."""
LARGEST = 3.0
"""A page is made larger by this factor at most: smaller writing is no writing, and memory is finite."""
ROUNDS = 4
"""How often the scale is tried at most."""


@dataclass(eq=False, kw_only=True)
class Auto(Segmenter):
    """Finds the sheet, its ink, lines, words and characters, by measures of the page's own.

    Attributes:
        sheet: ``find`` the sheet in a photograph, or take the ``whole`` picture.
        threshold: What is ink: ``density`` against the page's own ink, ``otsu``, ``adaptive`` or ``sauvola``.
        rules: ``remove`` ruled and squared paper, underlines and tables, or ``keep`` them.
        skew: ``remove`` it, or ``keep`` it.
        x_height: The size that all writing is brought to before it is segmented, in pixels.
    """

    sheet: Literal["find", "whole"] = "find"
    threshold: Literal["density", "otsu", "adaptive", "sauvola"] = "density"
    rules: Literal["remove", "keep"] = "remove"
    skew: Literal["remove", "keep"] = "remove"
    x_height: Annotated[int, Field(ge=8, le=64)] = 18

    def __call__(self, image: Grey, score: Score | None = None) -> Segmented:
        """Segment one page; see :class:`Segmenter`."""
        refuse_unfit(image)
        straight = self._straightened(image)
        found = self._at_scale(straight)
        marks, x_height = found.marks, found.x_height * found.factor
        piece, line_of = assign(marks, found.lines)
        slant = scale.slant(marks, x_height)
        reach = extents(marks, piece, line_of, found.lines, slant, x_height)
        word_of = find_words(line_of, reach)
        if strays := int((word_of < 0).sum()):
            found.rejected["stray"] += strays
        character, words = find_characters(
            marks, piece, line_of, word_of, found.lines, reach, slant, x_height, found.stroke, score
        )
        if not len(words):
            raise DataError("shows no text: there is ink on it, but nothing like writing.")
        lines = np.zeros(int(words.max()) + 1, np.int64)
        kept = word_of >= 0
        lines[word_of[kept]] = line_of[kept]
        written, lines = np.unique(lines, return_inverse=True)
        return Segmented(
            shape=image.shape[:2],
            ink=straight.ink,
            to_image=straight.to_image,
            labels=marks.picture(character),
            scale=found.factor,
            words=words,
            lines=lines,
            baselines=(found.lines.middles + found.lines.half[:, None])[written],
            rejected=found.rejected,
            x_height=found.x_height,
            skew=straight.skew,
        )

    def _straightened(self, image: Grey) -> "_Straight":
        """Find a page's ink, and take perspective and skew out of it."""
        sheet = find_sheet(image) if self.sheet == "find" else None
        mask = None if sheet is None else sheet.mask
        dense = ink.density(image)
        if mask is not None:
            dense[warped(mask, _to_mask(mask.shape, dense.shape), dense.shape, smooth=False) == 0] = 0

        to_image, shape = np.eye(3), dense.shape
        corners = None if sheet is None else sheet.corners
        if corners is not None:
            to_image, shape = flattening(corners)
        ratio = min(1.0, float(np.sqrt(COARSE / np.prod(shape))))
        coarse = _seen(dense, to_image @ working_to_sheet(ratio), scaled(shape, ratio))
        ruled = False
        if self.rules == "remove":
            coarse, rules = remove_rules(coarse, LONG_RULE * max(coarse.shape))
            ruled = bool(rules.any())
        marks = Marks.of(*ink.by_density(coarse))
        height = scale.mark_height(marks)
        if not height:
            raise DataError("shows no text: no mark on it has the size of writing.")
        skew = scale.skew(marks, height) if self.skew == "remove" else 0.0
        if abs(skew) < UPRIGHT:
            skew = 0.0
        else:
            turned, shape = _turn(skew, shape)
            to_image = to_image @ turned
        dense = _seen(dense, to_image, shape)
        return _Straight(dense, to_image, mask, image.shape[:2], corners is not None, ruled, skew, height / ratio)

    def _at_scale(self, straight: "_Straight") -> "_Found":
        """Bring a page to the scale at which its x-height is the wanted one, and find its lines there.

        The x-height is measured at half the size first: a first guess may be wrong by a factor of two.
        """
        guess = self._found(straight, straight.mark_height / 1.5, self.x_height / 2).x_height
        for _ in range(ROUNDS):
            found = self._found(straight, guess, self.x_height)
            if CLOSE[0] < found.x_height / guess < CLOSE[1]:
                break
            guess = found.x_height
        return found

    def _found(self, straight: "_Straight", guess: float, wanted: float) -> "_Found":
        """Find the lines of a page at the scale at which a guess at its x-height becomes the wanted one."""
        factor = min(wanted / guess, LARGEST)
        working = _seen(straight.ink, working_to_sheet(factor), scaled(straight.ink.shape, factor)).copy()
        sheet = straight.sheet(factor, working.shape)
        edges = sheet if straight.whole else None
        paper = sheet & ~solid(working, ink.ink_level(working), wanted)
        working[~paper] = 0
        if straight.ruled:
            working = remove_rules(working, wanted)[0]
        marks, stroke, rejected = sort_out(Marks.of(*ink.THRESHOLDS[self.threshold](working)), paper, wanted, edges)
        lines = find_lines(marks, wanted)
        if not len(lines):
            raise DataError("shows no text: there is ink on it, but no line of writing.")
        x_height = float(2 * np.median(lines.half)) / factor
        return _Found(marks, stroke, lines, factor, x_height, Counter(rejected))


class _Straight(NamedTuple):
    """A page without perspective and skew; ``whole`` if it is a sheet all of whose edges are seen."""

    ink: Grey
    to_image: Matrix
    mask: Grey | None
    image_shape: tuple[int, ...]
    whole: bool
    ruled: bool
    skew: float
    mark_height: float

    def sheet(self, factor: float, shape: tuple[int, int]) -> Mask:
        """Return where the sheet is in the working frame, ``(H, W)``."""
        if self.mask is None:
            return np.ones(shape, bool)
        to_mask = _to_mask(self.mask.shape, self.image_shape)
        return warped(self.mask, to_mask @ self.to_image @ working_to_sheet(factor), shape, smooth=False) > 0


class _Found(NamedTuple):
    """A page at its working scale, and its lines; its x-height is in pixels of the sheet."""

    marks: Marks
    stroke: float
    lines: Lines
    factor: float
    x_height: float
    rejected: Counter[str]


def _seen(dense: Grey, to_source: Matrix, shape: tuple[int, int]) -> Grey:
    """Return what a frame shows whose points ``to_source`` takes to points of ``dense``, uint8 of that shape."""
    factor = 1 / to_source[0, 0]
    if np.allclose(to_source, working_to_sheet(factor)):  # nothing but a scale
        return dense if factor == 1 else resized(dense, shape)
    shrunk = round(np.sqrt(abs(np.linalg.det(to_source[:2, :2]))))
    if shrunk > 1:  # a warp looks at single points: what is made much smaller is averaged first
        dense = np.asarray(cv2.blur(dense, (shrunk, shrunk)), np.uint8)
    return warped(dense, to_source, shape)


def _to_mask(mask: tuple[int, ...], image: tuple[int, ...]) -> Matrix:
    """Return the matrix from points of an image to points of its coarse mask, given their shapes."""
    (height, width), (rows, columns) = mask, image
    across, down = width / columns, height / rows
    return np.array([[across, 0, across / 2 - 0.5], [0, down, down / 2 - 0.5], [0, 0, 1]])


def _turn(skew: float, shape: tuple[int, ...]) -> tuple[Matrix, tuple[int, int]]:
    """Return the matrix from points of the upright page to points of the askew one, and the upright one's shape."""
    height, width = shape
    angle = np.deg2rad(skew)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    rows, columns = np.abs(turn) @ [height, width], np.abs(turn) @ [width, height]
    upright = int(np.ceil(rows[0])), int(np.ceil(columns[0]))
    middle, old = (np.array(upright[::-1]) - 1) / 2, (np.array([width, height]) - 1) / 2
    matrix = np.eye(3)
    matrix[:2, :2], matrix[:2, 2] = turn, old - turn @ middle
    return matrix, upright
