"""The confusion of classes: a matrix, and its most frequent mistakes in words."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from handwriting.plots.contents import BLACK, GREY
from handwriting.plots.grids import MARGIN, font, text_width

LINE_HEIGHT = 25
"""The height of a mistake in words, in pixels."""
MATRIX_WIDTH = 840
"""The width that a confusion matrix is made to fit, in pixels, names included."""
MAX_CELL, MIN_NUMBERED_CELL = 62, 22
"""Pixels: the largest cell of the matrix, and the smallest that holds a number."""
KEY_WIDTH = 78
"""The width of an entry of the colour key, in pixels."""
MAX_NUMBERED_CLASSES = 36
"""With more classes the letters are smaller."""
MIN_MISTAKE_SHARE = 0.01
"""The share of a class from which a mistake is described in words."""
DARKEST_SHARE = 0.5
"""The share of a class from which a mistake has the darkest colour."""
PAPER, MISTAKE, RIGHT, LINES = (255, 255, 255), (176, 33, 13), (196, 210, 232), (228, 228, 228)
UNKNOWN = (238, 238, 238)
MIN_MISTAKE_WIDTH = 236
"""The least width of a mistake in words, in pixels."""
MAX_NAME_LETTERS = 16
"""Longer names of classes are shortened."""


def mistakes(confusion: NDArray[np.integer], names: Sequence[str]) -> list[tuple[str, float]]:
    """Return mistakes in words, with their share of the requested class; the most frequent first.

    >>> mistakes(np.array([[8, 2], [0, 10]]), ["l", "i"])
    [('l recognised as i', 0.2)]

    Args:
        confusion: The number of glyphs of each requested class (row) recognised as each (column), ``(C, C)``.
        names: The names of the classes.
    """
    shares = _shares(confusion)
    np.fill_diagonal(shares, 0)
    order = np.argsort(-shares, axis=None, kind="stable")
    pairs = [divmod(int(at), len(names)) for at in order[: int((shares >= MIN_MISTAKE_SHARE).sum())]]
    return [
        (f"{names[requested]} recognised as {names[recognised]}", float(shares[requested, recognised]))
        for requested, recognised in pairs
    ]


def _shares(confusion: NDArray[np.integer]) -> NDArray[np.float64]:
    return confusion / np.maximum(1, confusion.sum(axis=1, keepdims=True))


def _colour(share: float) -> tuple[int, int, int]:
    """Return the colour of a mistake: every mistake is visible, and rare ones differ from each other."""
    strength = 0.08 + 0.92 * min(1.0, math.sqrt(share / DARKEST_SHARE)) if share else 0.0
    red, green, blue = (round(paper + strength * (ink - paper)) for paper, ink in zip(PAPER, MISTAKE, strict=True))
    return red, green, blue


def draw_confusion(confusion: NDArray[np.integer], names: Sequence[str]) -> Image.Image:
    """Draw a confusion matrix: right answers are pale, and mistakes dark.

    Shades are shares of the requested class and the same on every page, so that two pages can be compared.

    Args:
        confusion: The number of glyphs of each requested class (row) recognised as each (column), ``(C, C)``; a row of
            zeros is drawn grey.
        names: The names of the classes.
    """
    classes, shares = len(names), _shares(confusion)
    names = [name if len(name) <= MAX_NAME_LETTERS else f"{name[: MAX_NAME_LETTERS - 1]}…" for name in names]
    size = 13 if classes <= MAX_NUMBERED_CLASSES else 11
    longest = max(text_width(name, size) for name in names)
    room = longest + 8
    cell = max(2, min(MAX_CELL, (MATRIX_WIDTH - 2 * MARGIN - room) // classes))
    turned = longest > max(cell, size + 2) - 2
    left, top = MARGIN + room, MARGIN + 26 + (room if turned else size + 8)
    title = "Requested class (rows) and recognised class (columns), in %"
    width = max(left + cell * classes, left + KEY_WIDTH * 5, MARGIN + text_width(title, 16)) + MARGIN
    picture = Image.new("RGB", (width, top + cell * classes + 44), "white")
    pen = ImageDraw.Draw(picture)
    pen.text((MARGIN, MARGIN - 3), title, BLACK, font(16))
    for index in range(0, classes, -(-(size + 1) // cell)):
        middle = cell * index + cell / 2
        pen.text((left - 6, top + middle), names[index], BLACK, font(size), anchor="rm")
        if turned:
            upright = Image.new("RGB", (room, size + 4), "white")
            ImageDraw.Draw(upright).text((2, (size + 4) / 2), names[index], BLACK, font(size), anchor="lm")
            picture.paste(upright.rotate(90, expand=True), (round(left + middle - (size + 4) / 2), top - room - 2))
        else:
            pen.text((left + middle, top - 6), names[index], BLACK, font(size), anchor="ms")
    _draw_cells(pen, confusion, shares, cell, (left, top))
    _draw_key(pen, left, top + cell * classes + 12)
    return picture


def hex_colour(colour: tuple[int, int, int]) -> str:
    """Return a colour as Matplotlib reads it, such as ``#b0210d``."""
    return "#{:02x}{:02x}{:02x}".format(*colour)


def _draw_cells(
    pen: ImageDraw.ImageDraw,
    confusion: NDArray[np.integer],
    shares: NDArray[np.float64],
    cell: int,
    corner: tuple[int, int],
) -> None:
    """Draw the cells of a confusion matrix, with numbers where they can be read."""
    (left, top), classes = corner, len(shares)
    line = cell > 4  # lines between smaller cells would be all that is seen
    requested = confusion.sum(axis=1) > 0
    for row, column in np.ndindex(classes, classes):
        share, right = float(shares[row, column]), row == column
        fill = UNKNOWN if not requested[row] else RIGHT if right else _colour(share)
        x, y = left + cell * column, top + cell * row
        last = x + cell - 1, y + cell - 1
        pen.rectangle((x, y, *last), fill)
        if line:
            pen.line((x, last[1], *last, last[0], y), LINES)
        if cell >= MIN_NUMBERED_CELL and requested[row] and (right or round(100 * share)):
            colour = "white" if not right and share > 0.1 else BLACK
            size = max(10, min(16, round(cell * 0.4)))
            pen.text((x + cell / 2, y + cell / 2), f"{100 * share:.0f}", colour, font(size), anchor="mm")
    side = cell * classes
    pen.rectangle((left - 1, top - 1, left + side, top + side), outline="#b8b8b8")


def _draw_key(pen: ImageDraw.ImageDraw, left: int, top: int) -> None:
    swatches = [("right", RIGHT)] + [(f"{share:.0%}", _colour(share)) for share in (0.01, 0.05, 0.2, DARKEST_SHARE)]
    for index, (text, colour) in enumerate(swatches):
        x = left + KEY_WIDTH * index
        pen.rectangle((x, top, x + 18, top + 18), colour, "#b8b8b8")
        pen.text((x + 25, top + 9), text, GREY, font(12), anchor="lm")


def draw_mistakes(frequent: Sequence[tuple[str, float]], width: int, rows: int) -> Image.Image:
    """Draw the most frequent mistakes in words, each on a bar whose length is its share.

    Args:
        frequent: The mistakes of :func:`mistakes`; if empty, a line says so.
        width: The width of the picture, in pixels.
        rows: The largest number of rows; there are as many columns as fit.
    """
    texts = [textwrap.shorten(text, width // 8, placeholder="…") for text, _ in frequent]
    longest = max(map(text_width, texts[: 3 * rows]), default=0)
    columns = max(1, (width - 2 * MARGIN) // max(MIN_MISTAKE_WIDTH, longest + 9 * MARGIN))
    rows = max(1, min(rows, -(-len(frequent) // columns)))
    picture = Image.new("RGB", (width, MARGIN + 28 + LINE_HEIGHT * rows + MARGIN), "white")
    pen = ImageDraw.Draw(picture)
    title = (
        "The most frequent mistakes" if frequent else f"No mistake as frequent as {MIN_MISTAKE_SHARE:.0%} of a class"
    )
    pen.text((MARGIN, MARGIN - 3), title, BLACK, font(16))
    step = (width - 2 * MARGIN) // columns
    for index, (text, (_, share)) in enumerate(zip(texts, frequent[: rows * columns], strict=False)):
        x, y = MARGIN + step * (index // rows), MARGIN + 26 + LINE_HEIGHT * (index % rows)
        bar = round((step - 3 * MARGIN) * share / frequent[0][1])
        pen.rectangle((x, y + 2, x + bar, y + LINE_HEIGHT - 3), "#f3d9cf")
        pen.text((x + 6, y + LINE_HEIGHT / 2), text, BLACK, font(14), anchor="lm")
        pen.text((x + step - 3 * MARGIN, y + LINE_HEIGHT / 2), f"{share:.0%}", BLACK, font(14), anchor="rm")
    return picture
