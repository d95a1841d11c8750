"""A page that is written before one's eyes: a GIF to which words come one by one, each from left to right."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.GifImagePlugin import getdata, getheader

from handwriting.writing.colours import Colours
from handwriting.writing.layout import MessagePage
from handwriting.writing.page_raster import SYNTHESISED, PageInk, blend, colour_table, rule_mask

ANIMATION_DPI = 110
"""Pixels in an inch of an animation: a sheet is then as large as a screen."""
STEP = 2.0
"""How much of a word a frame adds, in x-heights: about two letters."""
FRAME_TIME, WORD_TIME, END_TIME = 50, 90, 4000
"""How long a frame, the last frame of a word, and the finished page are shown, in milliseconds."""
INK_LEVELS = 128
"""Levels of ink; those on paper and those on rules fill the palette of a GIF."""


def write_gif(page: MessagePage, file: IO[bytes], colours: Colours, dpi: float = ANIMATION_DPI) -> None:
    """Write a page as a GIF of it being written; its comment says that it was synthesised.

    A frame holds only what it adds, so that a page takes little memory however many words it has.

    Args:
        page: The page.
        file: Where the GIF goes.
        colours: Its colours.
        dpi: Pixels in an inch.
    """
    ink = PageInk(page, dpi)
    mask = rule_mask(page.rules, ink.values.shape, ink.pixels_per_mm)
    levels = np.linspace(0, 255, INK_LEVELS).round().astype(int)
    palette = np.concatenate([colour_table(ground, colours.ink)[levels] for ground in (colours.paper, colours.rule)])

    def indices(rows: slice, columns: slice) -> Image.Image:
        values = ink.values[rows, columns].astype(np.uint16)
        return Image.fromarray(
            ((values * (INK_LEVELS - 1) + 127) // 255 + INK_LEVELS * mask[rows, columns]).astype(np.uint8)
        )

    empty = indices(slice(None), slice(None))
    header = empty.copy()
    header.putpalette(palette.tobytes())
    parts, _ = getheader(header, info={"loop": 0, "comment": SYNTHESISED})
    file.write(b"".join(parts))
    file.write(b"".join(getdata(empty, duration=FRAME_TIME)))
    for rows, columns, is_last in _strokes(page, ink):
        time = WORD_TIME if is_last else FRAME_TIME
        file.write(b"".join(getdata(indices(rows, columns), (columns.start, rows.start), duration=time)))
    pixel = indices(slice(0, 1), slice(0, 1))
    file.write(b"".join(getdata(pixel, duration=END_TIME)))
    file.write(b";")


def _strokes(page: MessagePage, page_ink: PageInk) -> Iterator[tuple[slice, slice, bool]]:
    """Add the words piece by piece; yield where each piece stands, and whether it is the last of its word."""
    for placed in page.words:
        (rows, columns), ink = page_ink.place(placed)
        inked: NDArray[np.bool_] = ink > 0
        if not inked.any():
            continue
        tall, wide = np.flatnonzero(inked.any(axis=1)), np.flatnonzero(inked.any(axis=0))
        rows = slice(rows.start + int(tall[0]), rows.start + int(tall[-1]) + 1)
        ink = ink[tall[0] : tall[-1] + 1]
        step = max(1, round(STEP * placed.x_height * page_ink.pixels_per_mm))
        for start in range(int(wide[0]), int(wide[-1]) + 1, step):
            stop = min(start + step, int(wide[-1]) + 1)
            part = slice(columns.start + start, columns.start + stop)
            blend(page_ink.values[rows, part], ink[:, start:stop])
            yield rows, part, stop == int(wide[-1]) + 1
