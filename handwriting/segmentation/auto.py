"""The default preset: it estimates all its parameters from the page itself."""

# Annotations stay objects here (no `from __future__ import annotations`): the config layer validates against them.

from collections import Counter
from dataclasses import dataclass, replace
from typing import Annotated, Literal, NamedTuple

import cv2
import numpy as np
from pydantic import Field

from handwriting.errors import DataError
from handwriting.segmentation import grain, ink, orientation, scale
from handwriting.segmentation.characters import find_characters
from handwriting.segmentation.components import Components, reject_non_writing, solid
from handwriting.segmentation.lines import Lines, assign, find_lines
from handwriting.segmentation.page import Score, Segmented, Segmenter, refuse_unfit, working_to_sheet
from handwriting.segmentation.pixels import Grey, Mask, Matrix, resized, scaled, warped
from handwriting.segmentation.rules import remove_rules
from handwriting.segmentation.sheet import find_sheet, flattening
from handwriting.segmentation.words import extents, find_words

MAX_COARSE_PIXELS = 1_000_000
"""Maximum number of pixels of the reduced picture in which skew and a first scale are estimated."""
LONG_RULE = 1 / 80
"""Assumed x-height as a share of the page's longer side, to find rules before the scale is known."""
UPRIGHT = 0.15
"""Skew below which a page is not rotated, which keeps it sharp; in degrees."""
CLOSE = (0.8, 1.25)
"""Accepted range of the measured x-height relative to the assumed one."""
MAX_ENLARGEMENT = 3.0
"""Maximum factor of enlargement: smaller components are no writing, and memory is finite."""
FEW_WORDS, MANY_LINES = 1.7, 6
"""Words in each of so many lines or more, below which a page is probably not read right; 4 to 10 on real pages."""
MAX_SCALE_ITERATIONS = 4
"""Maximum number of iterations of the scale."""


@dataclass(eq=False, kw_only=True)
class Auto(Segmenter):
    """Finds the sheet, its ink, lines, words and characters, with parameters estimated from the page.

    Attributes:
        sheet: ``find`` the sheet in a photograph, or take the ``whole`` picture.
        threshold: The binarisation: ``density`` (relative to the local ink), ``otsu``, ``adaptive`` or ``sauvola``.
        rules: ``remove`` the lines of ruled and squared paper, underlines and tables, or ``keep`` them.
        skew: ``remove`` it (deskewing), or ``keep`` it.
        turn: Degrees by which the picture is turned clockwise before it is read; ``auto`` finds which way up it lies.
        polarity: Whether its ink is darker than its paper; ``auto`` finds out.
        x_height: The x-height to which the page is scaled before segmentation, in pixels.
    """

    sheet: Literal["find", "whole"] = "find"
    threshold: Literal["density", "otsu", "adaptive", "sauvola"] = "density"
    rules: Literal["remove", "keep"] = "remove"
    skew: Literal["remove", "keep"] = "remove"
    turn: Literal["auto", 0, 90, 180, 270] = "auto"
    polarity: Literal["auto", "dark_on_light", "light_on_dark"] = "auto"
    x_height: Annotated[int, Field(ge=8, le=64)] = 18

    def __call__(self, image: Grey, score: Score | None = None) -> Segmented:
        """Segment one page; see :class:`Segmenter`."""
        refuse_unfit(image)
        notes = []
        if self.polarity == "light_on_dark" or (self.polarity == "auto" and orientation.is_light_on_dark(image)):
            image = np.asarray(cv2.bitwise_not(image), np.uint8)
            if self.polarity == "auto":
                notes.append("the ink is light on dark paper, and was read as such")
        grainy = grain.find_grain(image)
        if (share := float(grainy.mean())) > grain.LEAST:
            image = grain.without_grain(image, grainy)
            notes.append(f"{share:.0%} of the page is grain, such as a dithered margin, and was smoothed")
        if self.turn != "auto":
            found = self._segmented(image, self.turn, score)
            return replace(found, notes=notes)
        degrees, seems = 0, ""
        page = self._deskewed(image)
        if page.rows_to_columns < orientation.SIDEWAYS:
            both = {turn: self._segmented(image, turn, score) for turn in (90, 270)}
            degrees = max(both, key=lambda turn: np.subtract(*orientation.upside_down(both[turn])))
            found = both[degrees]
        else:
            found = self._segmented(image, 0, score, page)
            if page.rows_to_columns < orientation.MAYBE_SIDEWAYS:
                seems = "the page seems to lie on its side: preset.turn=90 or preset.turn=270 turns it"
            ascenders, ragged = orientation.upside_down(found)
            if ascenders < orientation.ASCENDERS and ragged > orientation.RAGGED:
                degrees, found = 180, self._segmented(image, 180, score)
            elif ascenders < orientation.MAYBE_ASCENDERS and ragged > orientation.MAYBE_RAGGED:
                seems = "the page seems to be upside down: preset.turn=180 turns it"
        if degrees:
            notes.append(f"the page lay turned, and was turned by {degrees} degrees; preset.turn=0 leaves it as it is")
        if not seems and len(found.lines) < FEW_WORDS * (lines := len(np.unique(found.lines))) and lines >= MANY_LINES:
            seems = "the page has hardly more words than lines: unless it is a list, look at its overlay"
        return replace(found, notes=[*notes, *([seems] if seems else [])])

    def _segmented(self, image: Grey, degrees: int, score: Score | None, page: "_Deskewed | None" = None) -> Segmented:
        """Segment a picture of dark ink, turned clockwise.

        Args:
            image: The picture.
            degrees: The turn, a multiple of 90.
            score: As for :meth:`__call__`.
            page: What :meth:`_deskewed` returned for the turned picture, where it was called before.
        """
        picture, from_turned = orientation.turned(image, degrees)
        page = page or self._deskewed(picture)
        found = self._at_scale(page)
        components, x_height = found.components, found.x_height * found.factor
        piece, line_of = assign(components, found.lines)
        slant = scale.slant(components, x_height)
        reach = extents(components, piece, line_of, found.lines, slant, x_height)
        word_of = find_words(line_of, reach)
        if strays := int((word_of < 0).sum()):
            found.rejected["stray"] += strays
        character, words = find_characters(
            components, piece, line_of, word_of, found.lines, reach, slant, x_height, found.stroke, score
        )
        if not len(words):
            raise DataError("shows no text: there is ink on it, but nothing like writing.")
        lines = np.zeros(int(words.max()) + 1, np.int64)
        kept = word_of >= 0
        lines[word_of[kept]] = line_of[kept]
        written, lines = np.unique(lines, return_inverse=True)
        return Segmented(
            shape=image.shape[:2],
            ink=page.ink,
            to_image=from_turned @ page.to_image,
            labels=components.picture(character),
            scale=found.factor,
            words=words,
            lines=lines,
            baselines=(found.lines.middles + found.lines.half[:, None])[written],
            rejected=found.rejected,
            x_height=found.x_height,
            skew=page.skew,
        )

    def _deskewed(self, image: Grey) -> "_Deskewed":
        """Find the ink of a page, and correct perspective and skew."""
        sheet = find_sheet(image) if self.sheet == "find" else None
        mask = None if sheet is None else sheet.mask
        dense = ink.density(image)
        if mask is not None:
            dense[warped(mask, _to_mask(mask.shape, dense.shape), dense.shape, smooth=False) == 0] = 0

        to_image, shape = np.eye(3), dense.shape
        corners = None if sheet is None else sheet.corners
        if corners is not None:
            to_image, shape = flattening(corners)
        ratio = min(1.0, float(np.sqrt(MAX_COARSE_PIXELS / np.prod(shape))))
        coarse = _resampled(dense, to_image @ working_to_sheet(ratio), scaled(shape, ratio))
        ruled = False
        if self.rules == "remove":
            coarse, rules = remove_rules(coarse, LONG_RULE * max(coarse.shape))
            ruled = bool(rules.any())
        components = Components.of(*ink.by_density(coarse))
        height = scale.component_height(components)
        if not height:
            raise DataError("shows no text: no component on it has the size of writing.")
        ratio_of_rows = orientation.rows_to_columns(components, height) if self.turn == "auto" else 1.0
        skew = scale.skew(components, height) if self.skew == "remove" else 0.0
        if abs(skew) < UPRIGHT:
            skew = 0.0
        else:
            turned, shape = _turn(skew, shape)
            to_image = to_image @ turned
        dense = _resampled(dense, to_image, shape)
        return _Deskewed(
            dense, to_image, mask, image.shape[:2], corners is not None, ruled, skew, height / ratio, ratio_of_rows
        )

    def _at_scale(self, page: "_Deskewed") -> "_Scaled":
        """Scale a page to the target x-height, and find its lines at that scale.

        The x-height is first measured at half the target size: the first estimate may be wrong by a factor of two.
        """
        estimate = self._lines_at(page, page.component_height / 1.5, self.x_height / 2).x_height
        for _ in range(MAX_SCALE_ITERATIONS):
            found = self._lines_at(page, estimate, self.x_height)
            if CLOSE[0] < found.x_height / estimate < CLOSE[1]:
                break
            estimate = found.x_height
        return found

    def _lines_at(self, page: "_Deskewed", estimate: float, target: float) -> "_Scaled":
        """Find the lines of a page at the scale that maps an estimated x-height to the target."""
        factor = min(target / estimate, MAX_ENLARGEMENT)
        working = _resampled(page.ink, working_to_sheet(factor), scaled(page.ink.shape, factor)).copy()
        sheet = page.sheet(factor, working.shape)
        edges = sheet if page.whole else None
        paper = sheet & ~solid(working, ink.ink_level(working), target)
        working[~paper] = 0
        if page.ruled:
            working = remove_rules(working, target)[0]
        components, stroke, rejected = reject_non_writing(
            Components.of(*ink.THRESHOLDS[self.threshold](working)), paper, target, edges
        )
        lines = find_lines(components, target)
        if not len(lines):
            raise DataError("shows no text: there is ink on it, but no line of writing.")
        x_height = float(2 * np.median(lines.half)) / factor
        return _Scaled(components, stroke, lines, factor, x_height, Counter(rejected))


class _Deskewed(NamedTuple):
    """A page without perspective and skew; ``whole`` if all edges of its sheet are visible.

    ``rows_to_columns`` says how much its ink lies in rows; see :func:`orientation.rows_to_columns`.
    """

    ink: Grey
    to_image: Matrix
    mask: Grey | None
    image_shape: tuple[int, ...]
    whole: bool
    ruled: bool
    skew: float
    component_height: float
    rows_to_columns: float

    def sheet(self, factor: float, shape: tuple[int, int]) -> Mask:
        """Return the mask of the sheet in the working frame, ``(H, W)``."""
        if self.mask is None:
            return np.ones(shape, bool)
        to_mask = _to_mask(self.mask.shape, self.image_shape)
        return warped(self.mask, to_mask @ self.to_image @ working_to_sheet(factor), shape, smooth=False) > 0


class _Scaled(NamedTuple):
    """A page at its working scale, and its lines; ``x_height`` is in pixels of the sheet."""

    components: Components
    stroke: float
    lines: Lines
    factor: float
    x_height: float
    rejected: Counter[str]


def _resampled(dense: Grey, to_source: Matrix, shape: tuple[int, int]) -> Grey:
    """Resample ``dense`` in a frame of the given shape, whose points ``to_source`` maps to points of ``dense``."""
    factor = 1 / to_source[0, 0]
    if np.allclose(to_source, working_to_sheet(factor)):  # a scaling only
        return dense if factor == 1 else resized(dense, shape)
    shrunk = round(np.sqrt(abs(np.linalg.det(to_source[:2, :2]))))
    if shrunk > 1:  # a warp samples single points, so a strong reduction is blurred first
        dense = np.asarray(cv2.blur(dense, (shrunk, shrunk)), np.uint8)
    return warped(dense, to_source, shape)


def _to_mask(mask: tuple[int, ...], image: tuple[int, ...]) -> Matrix:
    """Return the matrix from points of an image to points of its reduced mask, given their shapes."""
    (height, width), (rows, columns) = mask, image
    across, down = width / columns, height / rows
    return np.array([[across, 0, across / 2 - 0.5], [0, down, down / 2 - 0.5], [0, 0, 1]])


def _turn(skew: float, shape: tuple[int, ...]) -> tuple[Matrix, tuple[int, int]]:
    """Return the matrix from points of the deskewed page to points of the skewed one, and the deskewed shape."""
    height, width = shape
    angle = np.deg2rad(skew)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    rows, columns = np.abs(turn) @ [height, width], np.abs(turn) @ [width, height]
    upright = int(np.ceil(rows[0])), int(np.ceil(columns[0]))
    middle, old = (np.array(upright[::-1]) - 1) / 2, (np.array([width, height]) - 1) / 2
    matrix = np.eye(3)
    matrix[:2, :2], matrix[:2, 2] = turn, old - turn @ middle
    return matrix, upright
