"""The contact sheet of labelled glyphs: a class to a row, with the doubtful ones marked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from handwriting.plots.grids import GAP, INK, MARGIN, PAPER, font
from handwriting.text import alphabet_key

WIDTH = 1600
"""The width of the sheet, in pixels."""
NAME_WIDTH = 120
"""The space for the label and the counts of a class, in pixels."""
MAX_GLYPHS_OF_CLASS = 120
"""More glyphs of a class are thinned out evenly, from the most certain to the most doubtful."""
PADDING = 4
"""Paper on each side of a glyph, in pixels."""
MIN_CELL_WIDTH = 16
NUMBER_HEIGHT, NUMBER_SIZE, NUMBER_GREY = 11, 9, 140
"""Height of the line below each glyph that holds its number, the size of its type, and its grey."""
MORE_WIDTH = 90
"""The space for the number of glyphs that are not shown."""
DOUBTFUL, EXCLUDED = (255, 176, 0), (220, 38, 127)
"""Gold below the confidence, magenta for what is not kept: distinct without seeing red or green."""
TINT = 0.15
"""How much of its colour the paper of a marked glyph takes on."""


def draw_label_sheet(
    images: NDArray[np.uint8],
    labels: Sequence[str],
    confidence: NDArray[np.float64],
    kept: NDArray[np.bool_],
    keep: float = 0.9,
    max_glyphs: int = MAX_GLYPHS_OF_CLASS,
    numbers: Sequence[int] | None = None,
) -> Image.Image:
    """Draw labelled glyphs, dark on white, in rows of one class: the most certain first.

    Args:
        images: Bright ink on dark at one scale, uint8 ``(N, 1, H, W)``; at least one.
        labels: The character of each glyph; empty for junk, which comes last.
        confidence: The probability that the label is right, ``(N,)``, 0..1.
        kept: Whether the glyph enters training, bool ``(N,)``.
        keep: Glyphs kept with a lower confidence, by a person or an earlier setting, are doubtful: on gold paper.
            Those not kept are on magenta paper.
        max_glyphs: The largest number of glyphs shown of a class, at least 1.
        numbers: The row of each glyph in the table of labels, to be written below it.

    Returns:
        A picture in colour, ``WIDTH`` pixels wide.
    """
    names = np.array(labels)
    doubtful = kept & (confidence < keep)
    blocks = []
    for name in sorted(set(labels), key=lambda label: (not label, alphabet_key(label))):
        members = np.flatnonzero(names == name)
        members = members[np.lexsort((members, -confidence[members], ~kept[members]))]
        shown = members[np.unique(np.linspace(0, len(members) - 1, min(len(members), max_glyphs)).round().astype(int))]
        colours = [EXCLUDED if not kept[index] else DOUBTFUL if doubtful[index] else None for index in shown]
        cells = [
            _numbered(_cell(images[index, 0], colour), None if numbers is None else numbers[index])
            for index, colour in zip(shown, colours, strict=True)
        ]
        counts = [
            (len(members), "glyph" if len(members) == 1 else "glyphs"),
            (int(doubtful[members].sum()), "doubtful"),
        ]
        counts.append((int((~kept[members]).sum()), "not kept"))
        blocks.append(_class_block(name, counts, cells, len(members) - len(shown)))
    marks = [(DOUBTFUL, f"kept, but confidence below {keep:g}")] if doubtful.any() else []
    marks += [(EXCLUDED, "not kept")] if not kept.all() else []
    head = _head(len(labels), len(set(labels) - {""}), marks)
    sheet = Image.new("RGB", (WIDTH, head.height + sum(block.height for block in blocks) + MARGIN), "white")
    top = 0
    for part in (head, *blocks):
        sheet.paste(part, (0, top))
        top += part.height
    return sheet


def _head(count: int, classes: int, marks: Sequence[tuple[tuple[int, int, int], str]]) -> Image.Image:
    """Draw the title, and the meaning of each colour that the sheet shows."""
    head = Image.new("RGB", (WIDTH, 44), "white")
    pen = ImageDraw.Draw(head)
    title = f"{count:,} labelled characters of {classes:,} classes"
    pen.text((MARGIN, 12), title, INK, font(20))
    left = MARGIN + int(pen.textlength(title, font(20))) + 30
    for colour, text in marks:
        pen.rectangle((left, 16, left + 16, 32), _paper(colour), colour, 2)
        pen.text((left + 24, 16), text, INK, font(14))
        left += 50 + int(pen.textlength(text, font(14)))
    return head


def _class_block(name: str, counts: Sequence[tuple[int, str]], cells: Sequence[NDArray], hidden: int) -> Image.Image:
    """Draw the glyphs of one class in as many rows as they need, behind its name and counts."""
    room = WIDTH - NAME_WIDTH - MARGIN - (MORE_WIDTH if hidden else 0)
    rows = list(_rows(cells, room))
    height = cells[0].shape[0]
    texts = [f"{count:,} {what}" for count, what in counts if count]
    block = Image.new("RGB", (WIDTH, max(len(rows) * (height + GAP), 44 + 14 * len(texts)) + GAP), "white")
    pen = ImageDraw.Draw(block)
    pen.line((MARGIN, 0, WIDTH - MARGIN, 0), (215, 215, 215))
    pen.text((MARGIN, 4), name or "junk", INK, font(28))
    if name and not name.isascii():  # the font may lack it
        pen.text((MARGIN + 44, 14), f"U+{ord(name):04X}", INK, font(13))
    for number, text in enumerate(texts):
        pen.text((MARGIN, 40 + 14 * number), text, INK, font(12))
    left = NAME_WIDTH
    for number, row in enumerate(rows):
        left = NAME_WIDTH
        for cell in row:
            block.paste(Image.fromarray(cell), (left, GAP + number * (height + GAP)))
            left += cell.shape[1] + GAP
    if hidden:
        middle = GAP + (len(rows) - 1) * (height + GAP) + height // 2
        pen.text((left + 6, middle), f"+{hidden:,} more", INK, font(14), anchor="lm")
    return block


def _rows(cells: Sequence[NDArray[np.uint8]], room: int) -> Iterator[list[NDArray[np.uint8]]]:
    """Yield cells in rows that are at most ``room`` pixels wide, unless a single cell is wider."""
    row: list[NDArray[np.uint8]] = []
    width = 0
    for cell in cells:
        if row and width + cell.shape[1] > room:
            yield row
            row, width = [], 0
        row.append(cell)
        width += cell.shape[1] + GAP
    yield row


def _cell(image: NDArray[np.uint8], colour: tuple[int, int, int] | None) -> NDArray[np.uint8]:
    """Return a glyph as wide as its ink with some paper around it, uint8 ``(H, w, 3)``, framed in a colour."""
    columns = np.flatnonzero(image.any(axis=0))
    ink = image[:, columns[0] : columns[-1] + 1] if len(columns) else image[:, :1]
    missing = max(2 * PADDING, MIN_CELL_WIDTH - ink.shape[1])
    ink = np.pad(ink, ((0, 0), (missing // 2, missing - missing // 2)))
    paper = np.array(_paper(colour) if colour else (PAPER,) * 3, np.float64)
    cell = np.rint(paper * (1 - ink[..., None] / 255)).astype(np.uint8)
    if colour:
        cell[[0, -1]] = colour
        cell[:, [0, -1]] = colour
    return cell


def _numbered(cell: NDArray[np.uint8], number: int | None) -> NDArray[np.uint8]:
    """Return a cell with a number below it, as wide as the wider of them; without a number, the cell."""
    if number is None:
        return cell
    style = font(NUMBER_SIZE)
    width = max(cell.shape[1], int(np.ceil(style.getlength(str(number)))))
    picture = Image.new("RGB", (width, cell.shape[0] + NUMBER_HEIGHT), "white")
    picture.paste(Image.fromarray(cell), ((width - cell.shape[1]) // 2, 0))
    middle = width // 2, cell.shape[0] + NUMBER_HEIGHT // 2
    ImageDraw.Draw(picture).text(middle, str(number), (NUMBER_GREY,) * 3, style, anchor="mm")
    return np.asarray(picture)


def _paper(colour: tuple[int, int, int]) -> tuple[int, int, int]:
    red, green, blue = (round(PAPER + TINT * (level - PAPER)) for level in colour)
    return red, green, blue
