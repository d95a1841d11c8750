"""A page that is written before one's eyes: a GIF to which words come one by one, each from left to right."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.GifImagePlugin import getdata, getheader

from handwriting.errors import ConfigError
from handwriting.text import counted
from handwriting.writing.colours import Colours
from handwriting.writing.layout import MessagePage
from handwriting.writing.page_raster import (
    MAX_PICTURE_PIXELS,
    SYNTHESISED,
    PageInk,
    blend,
    colour_table,
    fitting_dpi,
    picture_shape,
    rule_mask,
    shape_at,
)

ANIMATION_DPI = 110
"""Pixels in an inch of an animation: a sheet is then as large as a screen."""
STEP = 2.0
"""How much of a word a frame adds, in x-heights: about two letters."""
FRAME_TIME, WORD_TIME, END_TIME = 50, 90, 4000
"""How long a frame, the last frame of a word, and the finished page are shown, in milliseconds."""
MAX_ANIMATED_PIXELS = 10_000_000_000
"""Frames of an animation times pixels of its page, at most: 10 s for a viewer that shows a billion pixels a second."""
INK_LEVELS = 128
"""Levels of ink; those on paper and those on rules fill the palette of a GIF."""


def refuse_long(page: MessagePage, dpi: float) -> None:
    """Refuse a page whose animation no viewer shows in reasonable time.

    Raises:
        ConfigError: If the picture has too many pixels, or all frames together have more than ``MAX_ANIMATED_PIXELS``.
    """
    widths = ((placed.word.box.right - placed.word.box.left) / STEP for placed in page.words)
    frames = 2 + sum(max(1, int(np.ceil(width))) for width in widths)
    if (most := MAX_ANIMATED_PIXELS // frames) >= MAX_PICTURE_PIXELS:
        picture_shape(page.width, page.height, dpi)
        return
    rows, columns = shape_at(page.width, page.height, dpi)
    if rows * columns > most:
        raise ConfigError(
            f"dpi={dpi:g}: the animation of page {page.number} has {counted(frames, 'frame')} of {columns:,} x "
            f"{rows:,} pixels, {frames * rows * columns / 1e9:,.0f} billion together, and a GIF has "
            f"{MAX_ANIMATED_PIXELS / 1e9:,.0f} billion at most. Give dpi={fitting_dpi(page.width, page.height, most)} "
            "or less, or less text on a page."
        )


def write_gif(
    page: MessagePage,
    file: IO[bytes],
    colours: Colours,
    dpi: float = ANIMATION_DPI,
    description: str = SYNTHESISED,
) -> None:
    """Write a page as a GIF of it being written, whose comment is the description.

    A frame holds only what it adds, so that a page takes little memory however many words it has.

    Args:
        page: The page.
        file: Where the GIF goes.
        colours: Its colours.
        dpi: Pixels in an inch.
        description: The comment.

    Raises:
        ConfigError: If the page has too many pixels or frames.
    """
    refuse_long(page, dpi)
    ink = PageInk(page, dpi)
    mask = rule_mask(page.rules, ink.values.shape, ink.pixels_per_mm)
    level_of = ((np.arange(256) * (INK_LEVELS - 1) + 127) // 255).astype(np.uint8)
    levels = np.linspace(0, 255, INK_LEVELS).round().astype(int)
    palette = np.concatenate([colour_table(ground, colours.ink)[levels] for ground in (colours.paper, colours.rule)])

    def indices(rows: slice, columns: slice) -> Image.Image:
        return Image.fromarray(level_of[ink.values[rows, columns]] + mask[rows, columns] * np.uint8(INK_LEVELS))

    empty = indices(slice(None), slice(None))
    header = empty.copy()
    header.putpalette(palette.tobytes())
    parts, _ = getheader(header, info={"loop": 0, "comment": description})
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
