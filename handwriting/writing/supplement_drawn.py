"""Characters that a hand lacks, drawn by its pen along the centre lines of stroke fonts."""

from __future__ import annotations

import zlib

import numpy as np
from numpy.typing import NDArray

from handwriting.writing.source import SourceWord
from handwriting.writing.stroke_fonts import centre_lines
from handwriting.writing.supplement_pen import HandPen, inked, smooth_noise
from handwriting.writing.supplement_script import with_joins

VARIANTS = 5
"""Drawings made of each character; each has the ink of other words of the hand."""
FONT_X_HEIGHT, FONT_DESCENDER = 2 / 3, 1 / 3
"""Height and depth of the small letters of the stroke fonts, in heights of capitals."""
BREADTH = 0.85
"""Width of handwriting of the same height as a stroke font."""
ROUNDING = 0.06
"""Radius within which corners are rounded, in heights of capitals."""
WAVER, WAVER_LENGTH = 0.035, 0.8
"""How far strokes stray from their font, and the distance over which they do so alike, in x-heights."""
SIZE_SD, BREADTH_SD = 0.03, 0.05
"""Standard deviation of the logarithms of height and width between drawings."""
SLANT_SD = 0.02
"""Standard deviation of the tangent of the slant between drawings."""
BASELINE_SD = 0.03
"""Standard deviation of the height above the baseline between drawings, in x-heights."""
CYRILLIC_X = "\u0445"
"""The x of the font that other letters than those of ASCII come from."""
SMALL_SIGNS = ".,;:-_~=+*<>\u00ab\u00bb\u2039\u203a\u2013\u2014\u00b7\u201a\u201e"
"""Signs that are as high as small letters."""


def drawn_words(character: str, pen: HandPen, joined: bool, seed: int, count: int = VARIANTS) -> list[SourceWord]:
    """Return drawings of a character in the style of a hand, each a word of one letter.

    A small letter of a joined hand has strokes before and after it that belong to letters without a label.

    Args:
        character: A :func:`~handwriting.writing.stroke_fonts.drawable` character.
        pen: The hand's pen.
        joined: Whether the hand joins its letters, and its small letters have the form for that.
        seed: The seed of their unevenness; the same for all characters of a hand.
        count: How many; at most ``VARIANTS``, of which fewer are the first.
    """
    rng = seeded(seed, character)
    script = joined and character.islower() and character.isascii()
    lines = in_proportion(character, script, pen)
    owners = None
    if script:
        lines, owners = with_joins(lines, pen)
    shares = rng.permutation(VARIANTS)[:count]
    return [
        inked(uneven(lines, rng), pen, character, quantile(pen, (share + 0.5) / VARIANTS), rng, number, owners)
        for number, share in enumerate(shares)
    ]


def seeded(seed: int, name: str) -> np.random.Generator:
    """Return a generator that depends on a seed and a name alone, whatever was drawn before."""
    return np.random.default_rng([seed, zlib.crc32(name.encode())])


def quantile(pen: HandPen, share: float) -> float:
    """Return the level of ink that a share of the hand's words do not reach."""
    return float(np.quantile(pen.levels, share))


def in_proportion(character: str, script: bool, pen: HandPen) -> NDArray[np.float64]:
    """Return the centre lines of a character at the heights of a hand, in x-heights.

    The edges of the strokes reach those heights, so that their centre lines stay half a stroke within.
    """
    lines = rounded(centre_lines(character, script))
    half = pen.width / 2
    capital, x_height = pen.capital, FONT_X_HEIGHT * pen.capital
    depth = FONT_DESCENDER * capital
    font_x_height, font_descender = FONT_X_HEIGHT, FONT_DESCENDER
    if character.islower():
        capital, x_height, depth = pen.ascender, pen.x_height, pen.descender
        font_x_height = float(centre_lines("x" if character.isascii() else CYRILLIC_X, script)[:, 1].max())
        font_descender = -float(centre_lines("p", script)[:, 1].min()) if script else FONT_DESCENDER
    elif character in SMALL_SIGNS:
        capital, x_height = pen.x_height / FONT_X_HEIGHT, pen.x_height
        depth = FONT_DESCENDER * capital
    rise = np.interp(
        lines[:, 1], [-font_descender, 0, font_x_height, 1], [half - depth, half, x_height - half, capital - half]
    )
    beyond = np.maximum(lines[:, 1] - 1, 0) + np.minimum(lines[:, 1] + font_descender, 0)
    return np.stack([lines[:, 0] * BREADTH * x_height / font_x_height, rise + beyond * capital], 1)


def rounded(lines: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return centre lines whose corners are rounded as a moving hand rounds them: the mean of what lies near."""
    x, y = lines.T
    near = np.subtract.outer(x, x) ** 2 + np.subtract.outer(y, y) ** 2 < ROUNDING**2
    return np.asarray(near @ lines / near.sum(1, keepdims=True))


def uneven(lines: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    """Return centre lines as a hand would draw them once: a little off in size, slant and place, and not straight."""
    size, breadth = np.exp(rng.normal(0, [SIZE_SD, BREADTH_SD]))
    strayed = lines * [size * breadth, size]
    strayed[:, 0] += rng.normal(0, SLANT_SD) * lines[:, 1]
    strayed[:, 1] += rng.normal(0, BASELINE_SD)
    return strayed + WAVER * np.stack([smooth_noise(lines, WAVER_LENGTH, rng) for _ in range(2)], 1)
