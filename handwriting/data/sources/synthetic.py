"""Glyphs drawn from stroke fonts by random pens: unlimited, free of licences, and with known pen parameters."""

from collections.abc import Sequence
from dataclasses import dataclass
from string import ascii_lowercase, ascii_uppercase, digits
from typing import Annotated

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import Field, PositiveInt

from handwriting.data.sources.base import GlyphSource
from handwriting.fields import FreeText
from handwriting.glyphs import Glyphs
from handwriting.progress import step
from handwriting.writing.stroke_fonts import FONTS, written

CLASSES = digits + ascii_uppercase + ascii_lowercase
TEST_FRACTION = 0.2
SUPERSAMPLING = 4
"""Factor by which glyphs are drawn larger, without anti-aliasing, before averaging down to their size."""
GLYPHS_PER_REPORT = 100
"""Glyphs after which it is said how many are drawn."""


@dataclass(frozen=True)
class Pen:
    """How one glyph is drawn.

    Attributes:
        font: The stroke font, one of ``FONTS``.
        weight: The width of the stroke, as a fraction of the image's size.
        slant: The slant in degrees; positive leans to the right.
        width: The horizontal stretch, as a factor.
        scale: The enlargement, as a factor.
        angle: The rotation in degrees; positive is counter-clockwise.
        dx: The shift to the right, as a fraction of the image's size.
        dy: The shift downwards, as a fraction of the image's size.
    """

    font: int = cv2.FONT_HERSHEY_SIMPLEX
    weight: float = 0.08
    slant: float = 0.0
    width: float = 1.0
    scale: float = 1.0
    angle: float = 0.0
    dx: float = 0.0
    dy: float = 0.0


def draw(character: str, pen: Pen, size: int = 28) -> NDArray[np.uint8]:
    """Draw one character.

    >>> draw("A", Pen(), size=28).shape
    (28, 28)

    Args:
        character: A printable ASCII character.
        pen: How to draw it.
        size: Height and width of the image, in pixels.

    Returns:
        Bright ink on dark with smooth edges, uint8 ``(size, size)``.
    """
    side = SUPERSAMPLING * size
    moved = cv2.warpAffine(written(character, pen.font, pen.weight, side), motion(pen, side), (side, side))
    return cv2.resize(moved, (size, size), interpolation=cv2.INTER_AREA).astype(np.uint8)


def motion(pen: Pen, side: int) -> NDArray[np.float64]:
    """Return the affine map ``(2, 3)`` in pixels that stretches, slants, turns and shifts about the centre."""
    angle, slant = np.deg2rad(pen.angle), np.tan(np.deg2rad(pen.slant))
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])  # y points down
    linear = turn @ [[1, -slant], [0, 1]] @ np.diag([pen.width, 1]) * pen.scale
    centre = np.full(2, (side - 1) / 2)
    return np.column_stack([linear, centre - linear @ centre + side * np.array([pen.dx, pen.dy])])


def draw_glyphs(count: int, seed: int, size: int = 28, classes: Sequence[str] = CLASSES) -> tuple[Glyphs, list[Pen]]:
    """Draw glyphs of every class in turn, each with a random pen; the same seed gives the same glyphs.

    Args:
        count: The number of glyphs.
        seed: The seed of the pens.
        size: Height and width of the images, in pixels.
        classes: The characters to draw; they become the alphabet.

    Returns:
        The glyphs, and the pen that drew each of them.
    """
    rng = np.random.default_rng(seed)
    pens = [_random_pen(rng) for _ in range(count)]
    labels = [number % len(classes) for number in range(count)]
    images = np.zeros((count, 1, size, size), np.uint8)
    with step("drawing glyphs") as report:
        for number, (image, label, pen) in enumerate(zip(images, labels, pens, strict=True), 1):
            image[0] = draw(classes[label], pen, size)
            if number % GLYPHS_PER_REPORT == 0:
                report(number / count)
    return Glyphs(images, np.array(labels), alphabet=tuple(classes)), pens


def _random_pen(rng: np.random.Generator) -> Pen:
    return Pen(
        font=FONTS[rng.integers(len(FONTS))],
        weight=rng.uniform(0.04, 0.1),
        slant=rng.normal(8, 10),
        width=rng.uniform(0.8, 1.2),
        scale=rng.uniform(0.9, 1.15),
        angle=rng.normal(0, 4),
        dx=rng.normal(0, 0.03),
        dy=rng.normal(0, 0.03),
    )


@dataclass(eq=False)
class Synthetic(GlyphSource):
    """Characters drawn by random pens at ``image_size``, split 80 to 20.

    Source: the fonts are A. V. Hershey, Calligraphy for Computers, 1967, as OpenCV 4 draws them.

    Attributes:
        count: The number of glyphs over all classes.
        classes: The characters to draw, each once; printable ASCII.
    """

    count: PositiveInt = 6200
    classes: Annotated[FreeText, Field(pattern="^[!-~]+$")] = CLASSES

    def read(self) -> tuple[Glyphs, Glyphs]:
        """Draw the training and the test glyphs."""
        glyphs, _ = draw_glyphs(self.count, self.split_seed, self.image_size, self.classes)
        return self.split_off(glyphs, TEST_FRACTION)
