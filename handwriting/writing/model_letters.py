"""Letters that a trained model draws, as words of a bank: each as large and as high as what it shows.

A model was trained on glyphs of one of two kinds, and its letters themselves tell which. At a hand's own scale, small
letters are small and all stand on one baseline: they are taken as they are. Glyphs that each fill their square, as
those of EMNIST do, have lost their size: each is set at the height of its shape, with strokes as wide as before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from string import ascii_uppercase, digits

import cv2
import numpy as np
from numpy.typing import NDArray

from handwriting.errors import DataError
from handwriting.glyphs import Glyphs
from handwriting.labelling.strips import sharpest_slope
from handwriting.text import alphabet_key
from handwriting.writing.bank import Bank
from handwriting.writing.graphemes import graphemes
from handwriting.writing.pen import stroke_width
from handwriting.writing.slant import refined_slant
from handwriting.writing.source import INKED, SMALL_LETTERS, SourceWord, apply, without_grain
from handwriting.writing.stroke_fonts import drawable
from handwriting.writing.supplement_case import MIN_HEIGHT, centre_lines_of, redrawn
from handwriting.writing.supplement_drawn import in_proportion
from handwriting.writing.supplement_pen import RESOLUTION, TAILED, TALL, USUAL_JOIN, HandPen, measure_hand_pen
from handwriting.writing.written_words import Sign

DrawGlyphs = Callable[[Sequence[str], int, int], Glyphs]
"""Draws some glyphs of each of several characters: the characters, how many of each, and a seed."""

DRAWINGS = 12
"""Drawings of each character, so that one seldom comes again."""
MIN_OWN = 3
"""Drawings of a character from which a hand needs none by a model."""
BADNESS = 0.3
"""Badness of a model's drawing, 0..1: beside a hand's own ones it comes second."""
MEASURED_DRAWINGS = 4
"""Drawings of each character on which a model is measured."""
STANDING, HANGING = f"{TALL}{ascii_uppercase}{digits}", TAILED
"""Characters that are taller than small letters: on the baseline, and below it."""
OWN_SCALE_RATIO = 1.2
"""Longer side of tall characters, in those of small letters, from which glyphs have their hand's own scale: it is 1
where each fills its square."""
MIN_BRIGHTEST = 64
"""Level that the brightest pixel of a drawing has at least; one that is paler shows nothing."""
FULL, GRAIN = 75, 0.2
"""Percentile of a drawing's ink that becomes full ink, and the share of it below which there is paper."""
MAX_WIDTH = 2.5
"""Width of the widest letter, in x-heights: a wide one that is to be high is not made wider than this."""
USUAL_ASCENDER, USUAL_DESCENDER = 1.9, 0.9
"""Height of tall letters, and depth of tails, where no hand says how high they are, in x-heights."""


@dataclass(frozen=True)
class ModelScale:
    """How a model's glyphs stand in their squares.

    Attributes:
        x_height: The height of its small letters, in pixels.
        baseline: The row of the baseline they all stand on, from the upper edge; None where each fills its square.
        slant: The tangent of their slant to the right.
        width: The width of their strokes, in pixels.
    """

    x_height: float
    baseline: float | None
    slant: float
    width: float

    def enlarged(self, factor: int) -> ModelScale:
        """Return the scale of glyphs of so many times the size."""
        baseline = None if self.baseline is None else self.baseline * factor
        return ModelScale(self.x_height * factor, baseline, self.slant, self.width * factor)


class ModelLetters:
    """The letters of a trained model.

    Args:
        names: The names of its classes; those that are no single character cannot be written.
        draw: Draws its glyphs.
        seed: The seed of what it draws.
    """

    def __init__(self, names: Iterable[str], draw: DrawGlyphs, seed: int = 0) -> None:
        self.alphabet = tuple(name for name in names if len(list(graphemes(name))) == 1)
        self._draw = draw
        self._seed = seed

    def bank(self, own: Bank | None, signs: Iterable[Sign]) -> tuple[Bank, list[str]]:
        """Return a bank to write signs with, and the characters in it that the model draws.

        Of a hand, those are the ones of which it has fewer than :data:`MIN_OWN` drawings; its own ones stay.

        Args:
            own: The drawings of a hand; without them, the model draws all.
            signs: The signs of a message.

        Raises:
            DataError: If the model draws nothing that can be seen.
        """
        has = own.by_label if own else {}
        characters = {sign.character for sign in signs if not sign.drawn and sign.character in self.alphabet}
        wanted = sorted((one for one in characters if len(has.get(one, ())) < MIN_OWN), key=alphabet_key)
        if own is None:
            wanted = wanted or list(self.alphabet)  # what is drawn in its style needs something to be measured on
            return Bank(self.words(wanted)), wanted
        return own.extended(self.words(wanted, measure_hand_pen(own))) if wanted else own, wanted

    def words(self, characters: Sequence[str], pen: HandPen | None = None) -> list[SourceWord]:
        """Return :data:`DRAWINGS` drawings of each character, each a word of one letter.

        Args:
            characters: Characters of its alphabet.
            pen: The pen of the hand that they are to fit; without one they have usual heights, and their own strokes.

        Raises:
            DataError: If the model draws nothing, of a character or of any.
        """
        scale = self._measured()
        finer = max(1, round(RESOLUTION / scale.x_height))  # cleaned as large as it is drawn, edges are not jagged
        scale = scale.enlarged(finer)
        pen = pen or usual_pen(scale)
        # Of a hand, the pen's strokes; where each glyph fills its square, that fixes what an x-height is.
        unit = scale.width / pen.width if scale.baseline is None else scale.x_height / pen.x_height
        glyphs = self._draw(characters, DRAWINGS, self._seed)
        words = []
        for label in np.unique(glyphs.labels):
            character = glyphs.alphabet[label]
            images = (enlarged(image, finer) for image in glyphs.images[glyphs.labels == label, 0])
            drawn = (cleaned(image, unit) for image in images)
            inks = [ink for ink in drawn if ink is not None]
            if not inks:
                raise DataError(f"The model draws nothing that can be seen for {character}: train it longer.")
            plain = [_word(ink, character, unit, scale, number) for number, ink in enumerate(inks)]
            words += plain if scale.baseline is not None else [_at_height(word, pen) for word in plain]
        return words

    def _measured(self) -> ModelScale:
        """Return the scale of the model, by characters whose height is known; the same for all messages."""
        known = [name for name in self.alphabet if name in SMALL_LETTERS or name in STANDING + HANGING]
        return measure_scale(self._draw(known or self.alphabet, MEASURED_DRAWINGS, 0))


def measure_scale(glyphs: Glyphs) -> ModelScale:
    """Return how glyphs stand in their squares.

    Args:
        glyphs: Some of each class; small letters and taller characters tell whether they have their own scale.

    Raises:
        DataError: If none of them shows any ink.
    """
    height = glyphs.images.shape[2]
    seen = [
        (glyphs.alphabet[label], ink)
        for image, label in zip(glyphs.images[:, 0], glyphs.labels, strict=True)
        if (ink := cleaned(image, height / 2)) is not None
    ]
    if not seen:
        raise DataError("The model draws nothing that can be seen: train it longer.")
    edges = {name: _median_edges([ink for other, ink in seen if other == name]) for name, _ in seen}
    heights = {name: bottom - top for name, (top, bottom) in edges.items()}
    small = [name for name in edges if name in SMALL_LETTERS]
    tall = [name for name in edges if name in STANDING + HANGING]
    x_height = float(np.median([heights[name] for name in small or edges]))
    baseline = None
    if small and tall and _usual_side(seen, tall) >= OWN_SCALE_RATIO * _usual_side(seen, small):
        standing = [name for name in edges if name in SMALL_LETTERS + STANDING]
        baseline = float(np.median([edges[name][1] for name in standing]))
        x_height = baseline - float(np.median([edges[name][0] for name in small]))
    words = [_word(ink, name, x_height, ModelScale(x_height, baseline, 0.0, 0.0)) for name, ink in seen]
    widths = [width * x_height for word in words if (width := stroke_width(word)) > 0]
    return ModelScale(x_height, baseline, _slant(words), float(np.median(widths)) if widths else 0.15 * x_height)


def usual_pen(scale: ModelScale) -> HandPen:
    """Return a pen with the strokes of a model and usual heights."""
    return HandPen(
        slant=scale.slant,
        width=scale.width / scale.x_height,
        width_rise=0.0,
        width_sd=0.1,
        softness=0.1,
        levels=(1.0,),
        level_sd=0.1,
        x_height=1.0,
        ascender=USUAL_ASCENDER,
        descender=USUAL_DESCENDER,
        capital=USUAL_ASCENDER,
        join_height=USUAL_JOIN[0],
        join_angle=USUAL_JOIN[1],
    )


def enlarged(image: NDArray[np.uint8], factor: int) -> NDArray[np.uint8]:
    """Return a picture of so many times the size, uint8."""
    return np.asarray(cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC), np.uint8)


def cleaned(image: NDArray[np.uint8], x_height: float) -> NDArray[np.uint8] | None:
    """Return a drawing with full ink and without specks; None where nothing can be seen.

    Args:
        image: Bright ink on dark, uint8 ``(h, w)``.
        x_height: The x-height, in pixels.
    """
    brightest = float(image.max())
    if brightest < MIN_BRIGHTEST:
        return None
    full = float(np.percentile(image[image >= brightest / 2], FULL))
    share = np.clip((image / full - GRAIN) / (1 - GRAIN), 0, 1)
    ink = without_grain(np.rint(255 * share).astype(np.uint8), x_height)
    return ink if (ink >= INKED).any() else None


def _edges(ink: NDArray[np.uint8]) -> tuple[float, float]:
    """Return the upper and the lower edge of ink, in rows from the upper edge of its square."""
    rows = np.flatnonzero((ink >= INKED).any(axis=1))
    return float(rows[0]), float(rows[-1]) + 1


def _usual_side(seen: Sequence[tuple[str, NDArray[np.uint8]]], names: Sequence[str]) -> float:
    """Return the median of the longer sides of drawings of some characters, in pixels."""
    inked = [np.nonzero(ink >= INKED) for name, ink in seen if name in names]
    return float(np.median([max(np.ptp(rows), np.ptp(columns)) + 1 for rows, columns in inked]))


def _median_edges(inks: Sequence[NDArray[np.uint8]]) -> tuple[float, float]:
    top, bottom = np.median([_edges(ink) for ink in inks], axis=0).tolist()
    return top, bottom


def _word(ink: NDArray[np.uint8], label: str, unit: float, scale: ModelScale, number: int = 0) -> SourceWord:
    """Return a drawing as a word: on the model's baseline, or standing on its own lowest ink where it has none."""
    bottom = _edges(ink)[1] if scale.baseline is None else scale.baseline
    return SourceWord(
        key=(label, 0, number),
        ink=ink,
        owner=(ink > 0).astype(np.int16),
        labels=(label,),
        badness=(BADNESS,),
        x_height=unit,
        origin=(0.0, bottom - 0.5),
        slope=0.0,
        slant=scale.slant,
        place=(0.0, 0.0),
        offset=0.0,
    )


def _at_height(word: SourceWord, pen: HandPen) -> SourceWord:
    """Return a letter that filled its square, at the height of what it shows.

    Letters and digits are redrawn with strokes as wide as before. Marks are little but a stroke, which a square blows
    up: all of them is scaled, by the width where they are flat.
    """
    label = word.labels[0]
    shape = in_proportion(label, False, pen) if drawable(label) else np.array([[0.0, 0.0], [1.0, pen.capital]])
    low, high = shape.min(axis=0), shape.max(axis=0)
    wide, tall = high - low
    if not label.isalnum():
        extent = np.ptp(word.frame_of(0), axis=0) + 1 / word.x_height
        along = 1 if 2 * tall >= wide else 0
        unit = word.x_height * float(extent[along] / ((wide, tall)[along] + pen.width))
        return replace(word, x_height=unit, origin=(0.0, word.origin[1] + (low[1] - pen.width / 2) * unit))
    lines, _ = centre_lines_of(word.ink, word.x_height)
    framed = apply(word.to_frame, *lines.T)
    across, rise = np.ptp(framed, axis=0)
    factor = min(tall / max(rise, MIN_HEIGHT), max(MAX_WIDTH / max(across, MIN_HEIGHT), 1.0))
    moved = np.stack([framed[:, 0] * factor, low[1] + (framed[:, 1] - framed[:, 1].min()) * factor], 1)
    return redrawn(word, word.ink, lines, moved, label, word.badness[0], word.key[2])


def _slant(words: Sequence[SourceWord]) -> float:
    """Return the slant of upright words."""
    points = [word.frame_of(0) for word in words]
    number = np.repeat(np.arange(len(words)), [len(one) for one in points])
    across, rise = np.concatenate(points).T
    return refined_slant(across, rise, number, sharpest_slope(across, rise, number))
