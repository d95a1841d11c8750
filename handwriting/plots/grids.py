"""Grids of glyphs with names and text, and animations of them."""

from __future__ import annotations

import io
import math
import re
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from handwriting.glyphs import UNKNOWN, Glyphs

PAPER = 255
INK = 40
MARGIN = 12
GAP = 3
CELL = 56
"""Glyphs are enlarged by the whole number that brings a cell closest to this many pixels, and never made smaller."""
MAX_ANIMATION_WIDTH = 900
"""Pixels; wider frames are reduced."""
MAX_FILE_BYTES = 40_000_000
"""Larger picture files are not shown."""
COLUMN_NAME_SIZES = (13, 12, 11, 10)
"""Font sizes for names of columns: the largest in which all of them fit is used."""


@cache
def font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Return the font of the labels in pictures."""
    return ImageFont.load_default(size)


@cache
def text_width(text: str, size: int = 14) -> int:
    """Return the width of a text in letters of a size, in pixels."""
    return math.ceil(ImageDraw.Draw(Image.new("L", (1, 1))).textlength(text, font(size)))


@dataclass(frozen=True)
class Block:
    """Some rows of a grid that belong together.

    Attributes:
        images: ``(R, C, H, W)``, uint8 ink bright on dark, or float in [0, 1].
        name: The line above the block; may be empty.
        row_names: The text left of each row; may be empty.
        column_names: The text above each column, on two lines where it is long; may be empty.
    """

    images: NDArray[np.uint8] | NDArray[np.floating]
    name: str = ""
    row_names: Sequence[str] = ()
    column_names: Sequence[str] = ()


def as_rows(images: NDArray, columns: int) -> NDArray:
    """Lay images ``(N, 1, H, W)`` out as ``(R, columns, H, W)``, the last row filled up with empty ones."""
    number, _, height, width = images.shape
    rows = -(-number // columns)
    laid = np.zeros((rows * columns, height, width), images.dtype)
    laid[:number] = images[:, 0]
    return laid.reshape(rows, columns, height, width)


def in_cells(images: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """Enlarge or reduce images ``(..., H, W)`` by a whole number to fit ``(..., side, side)``, paper around them."""
    *others, height, width = images.shape
    flat = images.reshape(-1, height, width)
    if reduction := -(-max(height, width) // side) - 1:
        flat = np.stack([np.asarray(Image.fromarray(image).reduce(reduction + 1)) for image in flat])
    else:
        scale = side // max(height, width)
        flat = flat.repeat(scale, axis=1).repeat(scale, axis=2)
    _, height, width = flat.shape
    cells = np.zeros((len(flat), side, side), np.uint8)
    top, left = (side - height) // 2, (side - width) // 2
    cells[:, top : top + height, left : left + width] = flat
    return cells.reshape(*others, side, side)


def _ink_on_paper(images: NDArray) -> NDArray[np.uint8]:
    """Return dark ink on white paper, uint8."""
    pixels = images if images.dtype == np.uint8 else np.round(np.clip(images, 0, 1) * 255).astype(np.uint8)
    return PAPER - pixels


def draw_grid(blocks: Sequence[Block], title: str = "", footer: str = "", in_one_row: bool = False) -> Image.Image:
    """Draw blocks of glyphs, dark ink on white paper.

    Args:
        blocks: At least one; all with glyphs of one size.
        title: A line above everything.
        footer: Text below everything, wrapped to the picture's width.
        in_one_row: Put the blocks next to each other rather than one below the other.

    Returns:
        A grey picture.
    """
    side = blocks[0].images.shape[-1]
    scale = max(1, round(CELL / side))
    lefts = [_room_for_row_names(block) for block in blocks]
    if not in_one_row:  # the columns of all blocks are aligned
        lefts = [max(lefts)] * len(blocks)
    drawn = [_draw_block(block, scale, left) for block, left in zip(blocks, lefts, strict=True)]
    between = 3 * MARGIN if in_one_row else MARGIN
    lengths = [picture.width if in_one_row else picture.height for picture in drawn]
    length = sum(lengths) + between * (len(drawn) - 1)
    across = max(picture.height if in_one_row else picture.width for picture in drawn)
    width, height = (length, across) if in_one_row else (across, length)

    width = max(width, 420)
    lines = textwrap.wrap(footer, max(20, int(width / 6.2)))
    top = MARGIN + (24 if title else 0)
    page = Image.new("L", (width + 2 * MARGIN, top + height + MARGIN + 16 * len(lines)), PAPER)
    pen = ImageDraw.Draw(page)
    pen.text((MARGIN, MARGIN - 3), title, INK, font(16))
    position = 0
    for picture, extent in zip(drawn, lengths, strict=True):
        page.paste(picture, (MARGIN + position, top) if in_one_row else (MARGIN, top + position))
        position += extent + between
    for number, line in enumerate(lines):
        pen.text((MARGIN, top + height + 8 + 16 * number), line, INK, font(12))
    return page


def draw_glyphs(glyphs: Glyphs, columns: int) -> Image.Image:
    """Draw glyphs, a named row for each label and style.

    Args:
        glyphs: Ordered by label and style, with the same number of each.
        columns: The number of glyphs for each label and style.
    """
    if (glyphs.labels == UNKNOWN).all() and (glyphs.styles == UNKNOWN).all():
        return draw_grid([Block(as_rows(glyphs.images, min(10, len(glyphs))))])
    names = [
        " ".join(names[index] for names, index in ((glyphs.alphabet, label), (glyphs.style_names, style)) if index >= 0)
        for label, style in zip(glyphs.labels[::columns], glyphs.styles[::columns], strict=True)
    ]
    return draw_grid([Block(as_rows(glyphs.images, columns), row_names=names)])


def small_grid(images: NDArray[np.uint8]) -> Image.Image:
    """Return glyphs ``(R, C, H, W)`` as dark ink on white paper, at their own size and without any words.

    Sixteen greys are enough, and a third of the bytes.
    """
    rows, columns, height, width = images.shape
    sheet = _ink_on_paper(images).transpose(0, 2, 1, 3).reshape(rows * height, columns * width)
    return Image.fromarray(sheet).quantize(16)


def _room_for_row_names(block: Block) -> int:
    measure = ImageDraw.Draw(Image.new("L", (1, 1)))
    return max((int(measure.textlength(name, font(12))) + 8 for name in block.row_names), default=0)


def _fitted(names: Sequence[str], width: int) -> tuple[list[str], int]:
    """Return names, on two lines where necessary, and the font size in which all fit into ``width`` pixels.

    Names that fit in no readable size are shortened.
    """
    length = ImageDraw.Draw(Image.new("L", (1, 1))).textlength
    for size in COLUMN_NAME_SIZES:
        for fitted in (list(names), [_on_two_lines(name) for name in names]):
            if all(length(line, font(size)) <= width for name in fitted for line in name.split("\n")):
                return fitted, size
    return ["\n".join(_shortened(line, width) for line in name.split("\n")) for name in fitted], COLUMN_NAME_SIZES[-1]


def _on_two_lines(name: str) -> str:
    """Break a name once, at the space or underscore nearest its middle."""
    breaks = [match.start() for match in re.finditer(r"[ _]", name)] if "\n" not in name else []
    if not breaks:
        return name
    at = min(breaks, key=lambda position: abs(position - len(name) / 2))
    return f"{name[: at + (name[at] == '_')]}\n{name[at + 1 :]}"


def _shortened(text: str, width: int) -> str:
    length = ImageDraw.Draw(Image.new("L", (1, 1))).textlength
    if length(text, font(COLUMN_NAME_SIZES[-1])) <= width:
        return text
    ends = (end for end in range(len(text), 0, -1) if length(text[:end] + "…", font(COLUMN_NAME_SIZES[-1])) <= width)
    return text[: next(ends, 1)] + "…"


def _draw_block(block: Block, scale: int, left: int) -> Image.Image:
    rows, columns, height, width = block.images.shape
    cell_height, cell_width = height * scale + GAP, width * scale + GAP
    names, size = _fitted(block.column_names, cell_width - 2)
    top = (20 if block.name else 0) + (size + 5) * max((name.count("\n") + 1 for name in names), default=0)
    picture = Image.new("L", (left + columns * cell_width, top + rows * cell_height), PAPER)
    pen = ImageDraw.Draw(picture)
    pen.text((left, 2), block.name, INK, font(13))
    for column, name in enumerate(names):
        middle = left + column * cell_width + width * scale / 2
        for line, text in enumerate(reversed(name.split("\n"))):
            pen.text((middle, top - 4 - (size + 3) * line), text, INK, font(size), anchor="ms")
    for row, name in enumerate(block.row_names):
        pen.text((0, top + row * cell_height + height * scale / 2), name, INK, font(12), anchor="lm")
    sheet = np.full((rows, cell_height, columns, cell_width), PAPER - 15, np.uint8)
    enlarged = _ink_on_paper(block.images).repeat(scale, axis=2).repeat(scale, axis=3)
    sheet[:, : height * scale, :, : width * scale] = enlarged.transpose(0, 2, 1, 3)
    picture.paste(Image.fromarray(sheet.reshape(rows * cell_height, columns * cell_width)), (left, top))
    return picture


def png_bytes(picture: Image.Image) -> bytes:
    """Return a picture as the bytes of a PNG file; the same picture gives the same bytes."""
    file = io.BytesIO()
    picture.save(file, "PNG", compress_level=1)  # 2.5 times as fast as the default, for a fifth more bytes
    return file.getvalue()


@cache
def mark() -> Image.Image:
    """Return the project's mark: a letter in ink on paper."""
    page = Image.new("L", (64, 64), PAPER)
    ImageDraw.Draw(page).text((32, 34), "h", INK, font(58), anchor="mm")
    return page


def picture_bytes(path: Path) -> bytes | None:
    """Return the contents of a picture file; None where it is missing, too large, or no picture."""
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            return None
        content = path.read_bytes()
        with Image.open(io.BytesIO(content)) as picture:
            picture.verify()
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None
    return content


def animation_bytes(paths: Iterable[Path], max_frames: int = 60, seconds: float = 8.0) -> bytes:
    """Return a GIF of pictures that holds the last one.

    Args:
        paths: Picture files, in order; at least one.
        max_frames: The largest number of frames; of more pictures, evenly spaced ones are taken, with the first and
            the last.
        seconds: The duration before the last picture is held. Pictures are reduced by the whole number that brings
            them to at most ``MAX_ANIMATION_WIDTH`` pixels, because a browser holds all of them in memory.
    """
    files = list(paths)
    chosen = [
        files[i] for i in np.unique(np.linspace(0, len(files) - 1, min(max_frames, len(files))).round().astype(int))
    ]
    frames = [_narrowed(Image.open(path).convert("L")).quantize(16) for path in chosen]
    each = max(50, int(1000 * seconds / len(frames)))
    file = io.BytesIO()
    durations = [each] * (len(frames) - 1) + [2500]
    frames[0].save(file, "GIF", save_all=True, append_images=frames[1:], duration=durations, loop=0)
    return file.getvalue()


def _narrowed(picture: Image.Image) -> Image.Image:
    factor = -(-picture.width // MAX_ANIMATION_WIDTH)
    return picture.reduce(factor) if factor > 1 else picture
