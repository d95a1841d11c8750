"""The contact sheet of labelled glyphs: a class to a row, with the doubtful ones marked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from handwriting.plots.grids import GAP, INK, MARGIN, PAPER, font
from handwriting.text import alphabet_key, counted

WIDTH = 1600
"""The width of the sheet, in pixels."""
NAME_WIDTH = 120
"""The space for the label and the counts of a class, in pixels."""
MAX_GLYPHS_OF_CLASS = 120
"""Of more glyphs of a class, those kept and those not kept are each thinned out evenly."""
KEPT_SHARE = 2 / 3
"""Share of these places that kept glyphs may fill; those that the others leave free come on top."""
PADDING = 4
"""Paper on each side of a glyph, in pixels."""
MIN_CELL_WIDTH = 16
NUMBER_HEIGHT, NUMBER_SIZE, NUMBER_PADDING = 17, 13, 3
"""Height of the line below each glyph that holds its number, the size of its type, and the paper on either side."""
MORE_WIDTH = 150
"""The space for the number of glyphs that are not shown."""
HEAD_HEIGHT, HEAD_LINE = 44, 20
"""Height of the head, and of a further line in it."""
DOUBTFUL, EXCLUDED, ODD = (255, 176, 0), (220, 38, 127), (70, 120, 255)
"""Gold below the confidence, magenta for what is not kept, blue for odd drawings: distinct without seeing red or green.
"""
ODD_BADNESS = 0.9
"""The badness from which a kept glyph is marked as oddly drawn."""
TINT = 0.15
"""How much of its colour the paper of a marked glyph takes on."""


def draw_label_sheet(
    images: NDArray[np.uint8],
    labels: Sequence[str],
    confidence: NDArray[np.float64],
    kept: NDArray[np.bool_],
    keep: float = 0.9,
    badness: NDArray[np.float64] | None = None,
    max_glyphs: int = MAX_GLYPHS_OF_CLASS,
    numbers: Sequence[int] | None = None,
) -> Image.Image:
    """Draw labelled glyphs, dark on white, in rows of one class: those kept, then the others, the most certain first.

    Args:
        images: Bright ink on dark at one scale, uint8 ``(N, 1, H, W)``; at least one.
        labels: The character of each glyph; empty for junk, which comes last.
        confidence: The probability that the label is right, ``(N,)``, 0..1.
        kept: Whether the glyph enters training, bool ``(N,)``.
        keep: Glyphs kept with a lower confidence, by a person or an earlier setting, are doubtful: on gold paper.
            Those not kept are on magenta paper.
        badness: How badly each glyph is drawn, ``(N,)``, 0..1. Characters that are kept, sure and of ``ODD_BADNESS`` or
            more are on blue paper. By default none is.
        max_glyphs: The largest number of glyphs shown of a class, at least 1.
        numbers: The row of each glyph in the table of labels, to be written below it.

    Returns:
        A picture in colour, ``WIDTH`` pixels wide.
    """
    names = np.array(labels)
    doubtful = kept & (confidence < keep)
    odd = np.zeros_like(kept) if badness is None else kept & ~doubtful & (names != "") & (badness >= ODD_BADNESS)
    blocks = []
    is_whole = True
    for name in sorted(set(labels), key=lambda label: (not label, alphabet_key(label))):
        members = np.flatnonzero(names == name)
        members = members[np.lexsort((members, -confidence[members]))]
        kinds = members[kept[members]], members[~kept[members]]
        shown_kinds = _thinned(*kinds, max_glyphs)
        shown = np.concatenate(shown_kinds)
        cells = [
            _numbered(
                _cell(images[i, 0], EXCLUDED if not kept[i] else DOUBTFUL if doubtful[i] else ODD if odd[i] else None),
                None if numbers is None else numbers[i],
            )
            for i in shown
        ]
        counts = [
            (len(members), "glyph" if len(members) == 1 else "glyphs"),
            (int(doubtful[members].sum()), "doubtful"),
            (int(odd[members].sum()), "oddly drawn"),
            (len(kinds[1]), "not kept"),
        ]
        more = []
        if hidden := len(members) - len(shown):
            is_whole = False
            more = [f"+{hidden:,} more. Shown:"] + [
                f"{len(some):,} of {len(kind):,} {what}"
                for some, kind, what in zip(shown_kinds, kinds, ("kept", "not kept"), strict=True)
                if len(kind)
            ]
        blocks.append(_class_block(name, counts, cells, more))
    marks = [(DOUBTFUL, f"kept, but confidence below {keep:g}")] if doubtful.any() else []
    marks += [(ODD, "kept, but oddly drawn")] if odd.any() else []
    marks += [(EXCLUDED, "not kept")] if not kept.all() else []
    note = f"At most {max_glyphs} of a class are shown: first those kept, then those not kept, each from the most "
    head = _head(labels, marks, "" if is_whole else f"{note}certain to the least, thinned out evenly.")
    sheet = Image.new("RGB", (WIDTH, head.height + sum(block.height for block in blocks) + MARGIN), "white")
    top = 0
    for part in (head, *blocks):
        sheet.paste(part, (0, top))
        top += part.height
    return sheet


def _thinned(kept: NDArray[np.intp], others: NDArray[np.intp], count: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return at most ``count`` of two sequences together, each thinned out evenly; all where there are no more."""
    kept_count = min(len(kept), max(round(KEPT_SHARE * count), count - len(others)))
    return _evenly(kept, kept_count), _evenly(others, min(len(others), count - kept_count))


def _evenly(members: NDArray[np.intp], count: int) -> NDArray[np.intp]:
    """Return ``count`` members, the first and the last among them."""
    return members[np.linspace(0, len(members) - 1, count).round().astype(int)]


def _head(labels: Sequence[str], marks: Sequence[tuple[tuple[int, int, int], str]], note: str) -> Image.Image:
    """Draw the title, the meaning of each colour that the sheet shows, and a note below where there is one."""
    head = Image.new("RGB", (WIDTH, HEAD_HEIGHT + (HEAD_LINE if note else 0)), "white")
    pen = ImageDraw.Draw(head)
    classes = len(set(labels) - {""})
    junk = sum(not label for label in labels)
    title = f"{len(labels) - junk:,} labelled characters of {counted(classes, 'class', 'classes')}"
    title += f", and {junk:,} junk" if junk else ""
    pen.text((MARGIN, 12), title, INK, font(20))
    pen.text((MARGIN, HEAD_HEIGHT - 4), note, INK, font(14))
    left = MARGIN + int(pen.textlength(title, font(20))) + 30
    for colour, text in marks:
        pen.rectangle((left, 16, left + 16, 32), _paper(colour), colour, 2)
        pen.text((left + 24, 16), text, INK, font(14))
        left += 50 + int(pen.textlength(text, font(14)))
    return head


def _class_block(
    name: str, counts: Sequence[tuple[int, str]], cells: Sequence[NDArray], more: Sequence[str]
) -> Image.Image:
    """Draw the glyphs of one class in as many rows as they need, behind its name and counts; ``more`` follows them."""
    room = WIDTH - NAME_WIDTH - MARGIN - (MORE_WIDTH if more else 0)
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
    top = GAP + (len(rows) - 1) * (height + GAP)
    for number, text in enumerate(more):
        pen.text((left + 6, top + 4 + 16 * number), text, INK, font(13))
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
    width = max(cell.shape[1], int(np.ceil(style.getlength(str(number)))) + 2 * NUMBER_PADDING)
    picture = Image.new("RGB", (width, cell.shape[0] + NUMBER_HEIGHT), "white")
    picture.paste(Image.fromarray(cell), ((width - cell.shape[1]) // 2, 0))
    middle = width // 2, cell.shape[0] + NUMBER_HEIGHT // 2
    ImageDraw.Draw(picture).text(middle, str(number), (INK,) * 3, style, anchor="mm")
    return np.asarray(picture)


def _paper(colour: tuple[int, int, int]) -> tuple[int, int, int]:
    red, green, blue = (round(PAPER + TINT * (level - PAPER)) for level in colour)
    return red, green, blue
