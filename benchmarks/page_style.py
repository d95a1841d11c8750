"""How a drawn page is written, on what, and how it is photographed."""

from dataclasses import dataclass
from typing import Any, Literal

import cv2
import numpy as np

from handwriting.data.sources.synthetic import FONTS

INCH = 25.4
"""Millimetres."""
Colour = tuple[int, int, int]
INKS: tuple[Colour, ...] = ((28, 32, 84), (30, 30, 34), (38, 62, 140), (84, 84, 88))
"""Blue-black, black, blue, pencil."""


@dataclass(frozen=True)
class PageStyle:
    """How a page is written, on what, and how it is photographed. Spreads are standard deviations.

    Attributes:
        font: The stroke font, one of ``FONTS``.
        x_height: Of a small ``x``, in millimetres.
        pen: The width of the stroke, in millimetres.
        slant: Degrees; above 0 leans to the right.
        width: How much wider than the font's own the letters are, as a factor.
        unevenness: How much letters and lines differ in size, angle and place: 0 for a machine, 1 for a careful hand.
        touching: How often a letter joins the one before it in its word, as a probability. Where it does not, their
            ink stays ``CLEAR`` apart, on the sheet: in a picture of it that is too coarse they meet. Only letters join.
        letter_gap: Mean and spread of the paper between two letters that do not touch, in x-heights.
        word_gap: Mean and spread of the paper between two words, in x-heights.
        line_pitch: Mean and spread of the distance of lines, in x-heights. A line that would come to lie within
            ``CLEAR`` of the ink above it moves down.
        slope: How much the lines' slopes spread, in degrees.
        wobble: How far a line strays from straight, in x-heights.
        size: Width and height of the sheet, in inches.
        margin: The unwritten edge of the sheet, in inches.
        rules: What is printed on the sheet. Lines of writing stand on rules, and stray less.
        ink: The pen's colour, RGB.
        grain: How much the paper's tooth shows in the ink, 0..1: 0 for a fountain pen, 0.6 for a pencil.
        paper: The sheet's colour, RGB.
        rule_ink: The rules' colour, RGB.
        rule_weight: The rules' width, in millimetres.
        dpi: Resolution of the picture, in pixels an inch.
        skew: By how many degrees the writing falls to the right.
        perspective: How far the sheet's corners stray, as a fraction of its width: 0 for a scanner.
        table: Whether the sheet lies on a dark table of which the picture shows a border.
        shade: How much darker than the brightest the darkest corner is, 0..1.
        shadow: How dark a shadow with a soft edge falls over a part of the sheet, 0..1.
        blur: Standard deviation, in millimetres.
        noise: Standard deviation, in grey levels of 255.
        specks: How many specks of dirt lie on a square inch.
    """

    font: int = cv2.FONT_HERSHEY_SIMPLEX
    x_height: float = 2.5
    pen: float = 0.45
    slant: float = 5.0
    width: float = 1.0
    unevenness: float = 1.0
    touching: float = 0.0
    letter_gap: tuple[float, float] = (0.28, 0.06)
    word_gap: tuple[float, float] = (1.3, 0.2)
    line_pitch: tuple[float, float] = (3.0, 0.08)
    slope: float = 0.3
    wobble: float = 0.06
    size: tuple[float, float] = (8.27, 11.69)
    margin: float = 0.8
    rules: Literal["none", "ruled", "squared"] = "none"
    ink: Colour = (28, 32, 84)
    grain: float = 0.0
    paper: Colour = (247, 245, 238)
    rule_ink: Colour = (168, 192, 222)
    rule_weight: float = 0.2
    dpi: float = 150.0
    skew: float = 0.0
    perspective: float = 0.0
    table: bool = False
    shade: float = 0.0
    shadow: float = 0.0
    blur: float = 0.0
    noise: float = 0.0
    specks: float = 0.0


def random_style(seed: int, **chosen: Any) -> PageStyle:
    """Return a random hand: font, size, pen, slant and spacing are random, other fields have their defaults.

    >>> random_style(3, dpi=200).dpi
    200

    Args:
        seed: The seed of the hand.
        chosen: Values of fields of :class:`PageStyle`, which are not random then.
    """
    rng = np.random.default_rng(seed)
    font = FONTS[rng.integers(len(FONTS))]
    script = font in (cv2.FONT_HERSHEY_SCRIPT_SIMPLEX, cv2.FONT_HERSHEY_SCRIPT_COMPLEX)
    single = font in (cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_SCRIPT_SIMPLEX)
    x_height = rng.uniform(2.0, 3.2)
    drawn: dict[str, Any] = {
        "font": font,
        "x_height": x_height,
        "pen": x_height * rng.uniform(0.12, 0.2) * (1 if single else 0.5),  # the other fonts draw strokes twice
        "slant": rng.normal(0 if script else 5, 5),
        "width": rng.uniform(0.85, 1.15),
        "letter_gap": (rng.uniform(0.2, 0.4), 0.06),
        "word_gap": (rng.uniform(1.0, 1.6), 0.2),
        "line_pitch": (rng.uniform(2.4, 3.4) + 0.6 * script, 0.08),
        "ink": INKS[rng.integers(len(INKS))],
    }
    return PageStyle(**drawn | chosen)
