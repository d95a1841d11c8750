"""A page in pixels: the ink of its words, and its colours."""

from __future__ import annotations

from collections.abc import Iterable
from typing import IO

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from handwriting.errors import ConfigError
from handwriting.writing.colours import Colours
from handwriting.writing.layout import MessagePage, PlacedWord
from handwriting.writing.paper import RuleLines

SYNTHESISED = "Synthesised handwriting, written by the program handwriting"
"""What the metadata of every file says, whatever its format."""
MAX_PICTURE_PIXELS = 100_000_000
"""Pixels of the largest picture of a page. Drawing takes up to 9 bytes each, so this one takes 900 MB."""
MM_PER_INCH = 25.4
DEFAULT_DPI = 300
"""Pixels in an inch of a picture."""
RULE_WIDTH = 0.15
"""The width of a printed rule, in millimetres; at least a pixel."""


def picture_shape(width: float, height: float, dpi: float) -> tuple[int, int]:
    """Return the height and width of a picture in pixels.

    Args:
        width: The width of the page, in millimetres.
        height: Its height.
        dpi: Pixels in an inch.

    Raises:
        ConfigError: If it has more than ``MAX_PICTURE_PIXELS``.
    """
    rows, columns = shape_at(width, height, dpi)
    if rows * columns > MAX_PICTURE_PIXELS:
        raise ConfigError(
            f"dpi={dpi:g}: a page of {width:.0f} x {height:.0f} mm has {rows * columns / 1e6:,.0f} million pixels, and "
            f"a picture has {MAX_PICTURE_PIXELS // 10**6} million at most. Give "
            f"dpi={fitting_dpi(width, height, MAX_PICTURE_PIXELS)} or less, or out= as .pdf or .svg, which have no "
            "pixels."
        )
    return rows, columns


def shape_at(width: float, height: float, dpi: float) -> tuple[int, int]:
    """Return the height and width in pixels of a picture, however large, from its measures in millimetres."""
    rows, columns = (max(1, round(length * dpi / MM_PER_INCH)) for length in (height, width))
    return rows, columns


def fitting_dpi(width: float, height: float, pixels: int) -> int:
    """Return the largest whole number of pixels in an inch with which a picture has at most so many ``pixels``."""
    dpi = int(MM_PER_INCH * np.sqrt(pixels / (width * height))) + 1
    while dpi > 1 and np.prod(shape_at(width, height, dpi)) > pixels:
        dpi -= 1
    return dpi


class PageInk:
    """The ink of a page, to which words are added.

    Attributes:
        values: uint8 ``(h, w)``, 0..255.
        pixels_per_mm: The size of its pixels.

    Raises:
        ConfigError: If the page has too many pixels.
    """

    def __init__(self, page: MessagePage, dpi: float) -> None:
        self.pixels_per_mm = dpi / MM_PER_INCH
        self.values: NDArray[np.uint8] = np.zeros(picture_shape(page.width, page.height, dpi), np.uint8)

    def add(self, words: Iterable[PlacedWord]) -> None:
        """Add the ink of words; ink over ink is darker, as ``1 - (1 - a)(1 - b)``, and never more than full."""
        for placed in words:
            (rows, columns), ink = self.place(placed)
            blend(self.values[rows, columns], ink)

    def place(self, placed: PlacedWord) -> tuple[tuple[slice, slice], NDArray[np.uint8]]:
        """Return where the ink of a word stands on the page, and the part of it that does."""
        scale = self.pixels_per_mm
        column, row = int(np.floor(placed.x * scale)), int(np.floor(placed.y * scale))
        offset = placed.x * scale - column, placed.y * scale - row
        ink = placed.word.draw(placed.x_height * scale, offset)
        rows, inner_rows = _overlap(row + ink.row, ink.ink.shape[0], self.values.shape[0])
        columns, inner_columns = _overlap(column + ink.column, ink.ink.shape[1], self.values.shape[1])
        return (rows, columns), ink.ink[inner_rows, inner_columns]


def _overlap(start: int, length: int, limit: int) -> tuple[slice, slice]:
    """Return the part of ``start .. start + length`` within ``0 .. limit``, and where it stands in what is placed."""
    first, last = min(max(start, 0), limit), max(min(start + length, limit), 0)
    last = max(first, last)
    return slice(first, last), slice(first - start, last - start)


def blend(below: NDArray[np.uint8], ink: NDArray[np.uint8]) -> None:
    """Add ink to that below it, in place."""
    clear = (255 - below.astype(np.uint16)) * (255 - ink.astype(np.uint16))
    below[...] = 255 - (clear + 127) // 255


def rule_mask(rules: RuleLines, shape: tuple[int, int], pixels_per_mm: float) -> NDArray[np.bool_]:
    """Return which pixels of a page are printed with a rule, bool ``(h, w)``."""
    mask = np.zeros(shape, bool)
    width = max(1, round(RULE_WIDTH * pixels_per_mm))
    for row in rules.rows:
        start = max(0, round(row * pixels_per_mm - width / 2))
        mask[start : start + width] = True
    for column in rules.columns:
        start = max(0, round(column * pixels_per_mm - width / 2))
        mask[:, start : start + width] = True
    return mask


def colour_table(below: tuple[int, int, int], ink: tuple[int, int, int]) -> NDArray[np.uint8]:
    """Return the colour of every value of ink on a ground, uint8 ``(256, 3)``."""
    share = np.arange(256)[:, None] / 255
    return np.rint((1 - share) * np.array(below) + share * np.array(ink)).astype(np.uint8)


def page_picture(page: MessagePage, colours: Colours, dpi: float = DEFAULT_DPI) -> NDArray[np.uint8]:
    """Return a page in colour.

    Args:
        page: The page.
        colours: Its colours.
        dpi: Pixels in an inch.

    Returns:
        Red, green and blue, uint8 ``(h, w, 3)``.
    """
    ink = PageInk(page, dpi)
    ink.add(page.words)
    picture = colour_table(colours.paper, colours.ink)[ink.values]
    if page.rules.rows or page.rules.columns:
        mask = rule_mask(page.rules, ink.values.shape, ink.pixels_per_mm)
        picture[mask] = colour_table(colours.rule, colours.ink)[ink.values[mask]]
    return picture


def write_png(
    page: MessagePage,
    file: IO[bytes],
    colours: Colours,
    dpi: float = DEFAULT_DPI,
    description: str = SYNTHESISED,
) -> None:
    """Write a page as a PNG, whose metadata hold the description."""
    information = PngInfo()
    information.add_text("Description", description)
    information.add_text("Software", "handwriting")
    Image.fromarray(page_picture(page, colours, dpi)).save(file, "PNG", pnginfo=information, dpi=(dpi, dpi))
