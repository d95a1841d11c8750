"""The picture of one sheet of a labelling in rounds: glyphs with their numbers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from handwriting.plots.grids import MARGIN, PAPER, font

COLUMNS = 10
CELL_SIDE, NUMBER_HEIGHT = 96, 18
"""Side of a glyph's cell and the height of the number below it, in pixels."""
FRAME, NUMBER, TITLE = 215, 120, 30
"""Greys of the cells' frames, the numbers and the title."""


def draw_round_sheet(squares: NDArray[np.uint8], title: str) -> Image.Image:
    """Draw glyphs in rows of ten, each with its number from 1 below it.

    Args:
        squares: Bright ink on dark, uint8 ``(n, S, S)``; n at least 1.
        title: The line above.

    Returns:
        A grey picture, dark ink on white.
    """
    rows = -(-len(squares) // COLUMNS)
    width = COLUMNS * (CELL_SIDE + 4) + 2 * MARGIN
    top = 2 * MARGIN + 18
    page = Image.new("L", (width, top + rows * (CELL_SIDE + NUMBER_HEIGHT + 4) + MARGIN), PAPER)
    pen = ImageDraw.Draw(page)
    pen.text((MARGIN, MARGIN), title, TITLE, font(16))
    for number, square in enumerate(squares):
        row, column = divmod(number, COLUMNS)
        left, upper = MARGIN + column * (CELL_SIDE + 4), top + row * (CELL_SIDE + NUMBER_HEIGHT + 4)
        glyph = Image.fromarray(255 - square).resize((CELL_SIDE - 2, CELL_SIDE - 2), Image.Resampling.BICUBIC)
        page.paste(glyph, (left + 1, upper + 1))
        pen.rectangle((left, upper, left + CELL_SIDE - 1, upper + CELL_SIDE - 1), outline=FRAME)
        middle = left + CELL_SIDE / 2 - pen.textlength(str(number + 1), font(13)) / 2
        pen.text((middle, upper + CELL_SIDE + 1), str(number + 1), NUMBER, font(13))
    return page
