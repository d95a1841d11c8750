"""One page on how good a model is: its measures, its classes, what they are mistaken for, and the glyphs themselves."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping, Sequence
from functools import cache
from itertools import groupby
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from handwriting.metric_values import MetricValue, by_heading
from handwriting.plots.contents import (
    BLACK,
    COLOURS,
    GREY,
    WIDTH,
    as_picture,
    by_class,
    cell_side,
    draw_head,
    draw_pairs,
    side_by_side,
    stacked,
)
from handwriting.plots.grids import GAP, MARGIN, Block, as_rows, draw_grid, font, in_cells
from handwriting.text import format_number

LINE = 25
"""The height of a line of a table, in pixels."""
HEADINGS = ("", "value", "", "", "floor", "glyphs", "better")
NUMBERS = (1, 4)
"""The columns of the table that stand in line at the point."""
FEW_MEASURES = 4
"""Fewer than this are not worth two columns."""
MOST_BESIDE = 14
"""With more classes than this, charts stand below each other; with more than the next, bars carry no numbers."""
MOST_NUMBERED = 36
CUT = 6.0
"""Bars end at this many times the median, so that one class that failed does not flatten the others."""
MATRIX = 840
"""The width that a confusion matrix is made to fit, in pixels, names included."""
LARGEST_CELL, SMALLEST_NUMBERED, KEY = 62, 22, 78
WORTH_SAYING = 0.01
"""Mistakes are put in words from this share of a class on."""
DARKEST = 0.5
"""The share of a class from which on a mistake is as dark as can be."""
PAPER, MISTAKE, RIGHT, LINES = (255, 255, 255), (176, 33, 13), (196, 210, 232), (228, 228, 228)
STRIPE, UNKNOWN = (245, 247, 251), (238, 238, 238)
ENTRY = 236
"""The least width of a mistake in words, in pixels."""
LONGEST_NAME, LONGEST_MEASURE = 16, 90
"""Letters in the name of a class, and of a measure; longer ones are shortened."""
NEIGHBOURS = ("generated", "nearest")
EXAMPLES, PAIRS = 6, 2
"""Rows of examples in all, and rows of pairs in each group."""


NamedValue = tuple[str, MetricValue]
"""A row of the table."""


class Examples(NamedTuple):
    """Generated glyphs to be seen beside real ones.

    Attributes:
        title: What they are, such as the name of a class and its measures.
        generated: uint8 ``(N, 1, H, W)``, ink bright on dark; as many are shown as fit.
        real: uint8 ``(M, 1, H, W)``.
    """

    title: str
    generated: NDArray[np.uint8]
    real: NDArray[np.uint8]


class Neighbours(NamedTuple):
    """Generated glyphs with the training glyph that each is nearest to.

    Attributes:
        title: How they were chosen.
        generated: uint8 ``(N, 1, H, W)``, ink bright on dark; as many are shown as fit.
        nearest: uint8 ``(N, 1, H, W)``.
        captions: Such as the distance of each pair; may be empty.
    """

    title: str
    generated: NDArray[np.uint8]
    nearest: NDArray[np.uint8]
    captions: Sequence[str] = ()


def draw_metric_table(values: Mapping[str, MetricValue]) -> Image.Image:
    """Draw a table of metric values under their headings, in two columns where that is shorter and both fit.

    Numbers have about three significant digits and are aligned at their points.

    Args:
        values: By name, in the order of the rows; at least one that is not of a single class, as only these are drawn.
    """
    rows = [row for group in by_heading(values).values() for row in group.items()]
    widths = _widths(rows)
    halves = _halves(rows) if len(rows) >= FEW_MEASURES and sum(widths) <= WIDTH / 2 - 2 * MARGIN else [rows]
    wholes = {column: max(_length(_at_point(_parts(row)[column])[0]) for row in rows) for column in NUMBERS}
    drawn = [_draw_table(half, widths, wholes) for half in halves]
    table = side_by_side(*drawn) if len(drawn) == 2 else drawn[0]
    head = Image.new("RGB", (max(WIDTH, table.width), 30), "white")
    text = "Metrics  (floor: the same metric of real training glyphs in place of generated ones)"
    ImageDraw.Draw(head).text((MARGIN, MARGIN - 3), text, BLACK, font(16))
    return stacked([head, table])


def _parts(row: NamedValue) -> tuple[str, ...]:
    """Return what stands in the cells of a row."""
    name, own = row
    error = f"± {format_number(own.error, 2)}" if own.error is not None else ""
    better = {"min": "lower", "max": "higher"}[own.better]
    name = textwrap.shorten(own.caption or name, LONGEST_MEASURE, placeholder="…")
    return name, format_number(own.value), error, own.unit, format_number(own.floor), f"{own.n:,}", better


@cache
def _length(text: str, size: int = 14) -> int:
    return math.ceil(ImageDraw.Draw(Image.new("L", (1, 1))).textlength(text, font(size)))


def _at_point(text: str) -> tuple[str, str]:
    """Cut a number where its point is, or would be."""
    at = min((text.find(mark) for mark in ".e" if mark in text), default=len(text))
    return text[:at], text[at:]


def _widths(rows: Sequence[NamedValue]) -> list[int]:
    """Return how wide each column of the table is, with the room to the next."""
    widths = []
    for column, cells in enumerate(zip(HEADINGS, *map(_parts, rows), strict=True)):
        if column in NUMBERS:
            wholes, rests = zip(*map(_at_point, cells[1:]), strict=True)
            needed = max(max(map(_length, wholes)) + max(map(_length, rests)), _length(cells[0]))
        else:
            needed = max(map(_length, cells))
        widths.append(needed + (20 if needed else 0))
    widths[1] -= 12  # the error and the unit belong to the value
    return widths


def _halves(rows: Sequence[NamedValue]) -> list[Sequence[NamedValue]]:
    """Cut rows where both parts are as long as each other, between two groups if there are any."""
    groups = [value.heading for _, value in rows]
    cuts = [at for at in range(1, len(rows)) if groups[at] != groups[at - 1]] or range(1, len(rows))
    cut = min(cuts, key=lambda at: abs(at - len(rows) / 2 + 0.1))
    return [rows[:cut], rows[cut:]]


def _draw_table(rows: Sequence[NamedValue], widths: Sequence[int], wholes: Mapping[int, int]) -> Image.Image:
    """Draw rows below their headings; ``wholes`` is how far the points stand within their columns, in pixels."""
    lines: list[NamedValue | str] = []
    for group, members in groupby(rows, key=lambda row: row[1].heading):
        lines += [group] * bool(group) + list(members)
    width = max(WIDTH // 2 - MARGIN, MARGIN + sum(widths))
    picture = Image.new("RGB", (width, LINE * (len(lines) + 1) + MARGIN), "white")
    pen = ImageDraw.Draw(picture)
    lefts = [MARGIN, *(width - sum(widths[column:]) for column in range(1, len(widths)))]
    for column, text in enumerate(HEADINGS):
        pen.text((lefts[column], LINE / 2), text, GREY, font(13), anchor="lm")
    for place, line in enumerate(lines, start=1):
        middle = LINE * place + LINE / 2
        if isinstance(line, str):
            pen.text((MARGIN, middle + 1), line, COLOURS[0], font(14), anchor="lm")
            continue
        pen.rectangle((MARGIN - 4, LINE * place + 1, width - 1, LINE * (place + 1) - 1), STRIPE)
        for column, text in enumerate(_parts(line)):
            if column in NUMBERS:
                whole, rest = _at_point(text)
                point = lefts[column] + wholes[column]
                pen.text((point, middle), whole, BLACK, font(14), anchor="rm")
                pen.text((point, middle), rest, BLACK, font(14), anchor="lm")
            else:
                pen.text((lefts[column], middle), text, BLACK if column == 0 else GREY, font(14), anchor="lm")
    return picture


def draw_class_charts(
    names: Sequence[str],
    fid: NDArray[np.floating] | None,
    floors: NDArray[np.floating] | None = None,
    accuracy: NDArray[np.floating] | None = None,
    real_accuracy: NDArray[np.floating] | None = None,
) -> Figure:
    """Draw the FID and the accuracy of each class as bars; a line across a bar is what real glyphs reach.

    Args:
        names: The names of the classes.
        fid: FID of each class, ``(C,)``, NaN where there is none; None for no such chart.
        floors: The same of real training glyphs, ``(C,)``.
        accuracy: The share of each class that the classifier recognises, 0..1 ``(C,)``, NaN where there is none; None
            for no such chart.
        real_accuracy: The same of real glyphs, ``(C,)``.
    """
    given: list[tuple[str, NDArray[np.floating], NDArray[np.floating] | None, float | None]] = []
    if fid is not None:
        given.append((_with_line("FID of each class", "real training glyphs", floors), fid, floors, None))
    if accuracy is not None:
        title = _with_line("Recognised as what was asked for, in % of each class", "real glyphs", real_accuracy)
        marks = None if real_accuracy is None else 100 * real_accuracy
        given.append((title, 100 * accuracy, marks, 100.0))
    halves = len(given) > 1 and len(names) <= MOST_BESIDE
    rows, columns = (1, 2) if halves else (len(given), 1)
    figure = Figure(((WIDTH - 2 * MARGIN) / 100, 2.7 * rows), dpi=100)
    figure.set_layout_engine("constrained", hspace=0.06)
    for place, (title, values, marks, top) in enumerate(given, start=1):
        axes = figure.add_subplot(rows, columns, place)
        _draw_bars(axes, values, marks, top)
        by_class(axes, title, names, wide=not halves)
    return figure


def _with_line(title: str, line: str, marks: NDArray[np.floating] | None) -> str:
    return title if marks is None else f"{title}  (line: {line})"


def _draw_bars(axes: Axes, values: NDArray[np.floating], marks: NDArray[np.floating] | None, top: float | None) -> None:
    """Draw a bar for each value that there is, and a line across at its mark.

    Bars end at ``top``, or else where they are far beyond the others; the number above says so.
    """
    there = np.flatnonzero(np.isfinite(values))
    marks = np.full(len(values), np.nan) if marks is None else marks
    marked = np.flatnonzero(np.isfinite(marks))
    if top is None:
        top = max(min(values[there].max(), CUT * np.median(values[there])), marks[marked].max(initial=0)) or 1.0
    axes.bar(there, np.minimum(values[there], top), 0.74, color=COLOURS[1])
    axes.hlines(marks[marked], marked - 0.45, marked + 0.45, color=COLOURS[0], linewidth=2.2)
    axes.set_ylim(0, 1.13 * top)
    for place in there.tolist():
        height, cut = min(values[place], top), bool(values[place] > top)
        if height < marks[place] < height + 0.1 * top:
            height = marks[place]  # the number stands above the line rather than in it
        if len(values) <= MOST_NUMBERED or cut:
            text, colour = format_number(values[place]) + " ↑" * cut, _hex(MISTAKE) if cut else GREY
            axes.text(place, height + 0.015 * top, text, color=colour, ha="center", va="bottom", fontsize=8.5)


def best_and_worst(
    fid: NDArray[np.floating] | None,
    floors: NDArray[np.floating] | None = None,
    accuracy: NDArray[np.floating] | None = None,
    count: int = 3,
) -> tuple[list[int], list[int]]:
    """Return the best classes, the best first, and the worst ones, the worst first; none is both.

    They are ordered by FID over its floor, by FID alone, or by accuracy, whichever there is first.

    >>> best_and_worst(np.array([2.0, 1.0, 9.0, np.nan]), np.array([2.0, 0.5, 1.0, 1.0]), count=1)
    ([0], [2])

    Args:
        fid: FID of each class, ``(C,)``, NaN where there is none.
        floors: The same of real training glyphs, ``(C,)``.
        accuracy: The share of each class that the classifier recognises, 0..1 ``(C,)``, NaN where there is none.
        count: How many of each at most.
    """
    if fid is not None:
        order = _order(fid if floors is None else fid / floors)
    else:
        order = _order(-accuracy) if accuracy is not None else []
    count = min(count, len(order) // 2)
    return order[:count], order[::-1][:count]


def _order(scores: NDArray[np.floating]) -> list[int]:
    """Return the classes that have a score, the least first."""
    return [int(index) for index in np.argsort(scores, kind="stable") if np.isfinite(scores[index])]


def mistakes(confusion: NDArray[np.integer], names: Sequence[str]) -> list[tuple[str, float]]:
    """Return what is taken for what, in words, with the share of the class that was asked for; the most frequent first.

    >>> mistakes(np.array([[8, 2], [0, 10]]), ["l", "i"])
    [('l seen as i', 0.2)]

    Args:
        confusion: How often each class (row) was seen as each (column), ``(C, C)``.
        names: The names of the classes.
    """
    shares = _shares(confusion)
    np.fill_diagonal(shares, 0)
    order = np.argsort(-shares, axis=None, kind="stable")
    pairs = [divmod(int(at), len(names)) for at in order[: int((shares >= WORTH_SAYING).sum())]]
    return [(f"{names[asked]} seen as {names[seen]}", float(shares[asked, seen])) for asked, seen in pairs]


def _shares(confusion: NDArray[np.integer]) -> NDArray[np.float64]:
    return confusion / np.maximum(1, confusion.sum(axis=1, keepdims=True))


def _colour(share: float) -> tuple[int, int, int]:
    """Return the colour of a mistake: any at all is seen, and rare ones are told apart."""
    strength = 0.08 + 0.92 * min(1.0, math.sqrt(share / DARKEST)) if share else 0.0
    red, green, blue = (round(paper + strength * (ink - paper)) for paper, ink in zip(PAPER, MISTAKE, strict=True))
    return red, green, blue


def draw_confusion(confusion: NDArray[np.integer], names: Sequence[str]) -> Image.Image:
    """Draw which class was asked for and which is seen; what is right stays pale, and mistakes are dark.

    Shades are shares of the class that was asked for and the same on every page, so that two pages can be compared.

    Args:
        confusion: How often each class (row) was seen as each (column), ``(C, C)``; a row of zeros is drawn grey.
        names: The names of the classes.
    """
    classes, shares = len(names), _shares(confusion)
    names = [name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…" for name in names]
    size = 13 if classes <= MOST_NUMBERED else 11
    longest = max(_length(name, size) for name in names)
    room = longest + 8
    cell = max(2, min(LARGEST_CELL, (MATRIX - 2 * MARGIN - room) // classes))
    turned = longest > max(cell, size + 2) - 2
    left, top = MARGIN + room, MARGIN + 26 + (room if turned else size + 8)
    title = "Asked for (rows), and what the classifier sees (columns), in %"
    width = max(left + cell * classes, left + KEY * 5, MARGIN + _length(title, 16)) + MARGIN
    picture = Image.new("RGB", (width, top + cell * classes + 44), "white")
    pen = ImageDraw.Draw(picture)
    pen.text((MARGIN, MARGIN - 3), title, BLACK, font(16))
    for place in range(0, classes, -(-(size + 1) // cell)):
        middle = cell * place + cell / 2
        pen.text((left - 6, top + middle), names[place], BLACK, font(size), anchor="rm")
        if turned:
            upright = Image.new("RGB", (room, size + 4), "white")
            ImageDraw.Draw(upright).text((2, (size + 4) / 2), names[place], BLACK, font(size), anchor="lm")
            picture.paste(upright.rotate(90, expand=True), (round(left + middle - (size + 4) / 2), top - room - 2))
        else:
            pen.text((left + middle, top - 6), names[place], BLACK, font(size), anchor="ms")
    _draw_cells(pen, confusion, shares, cell, (left, top))
    _draw_key(pen, left, top + cell * classes + 12)
    return picture


def _hex(colour: tuple[int, int, int]) -> str:
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
    asked = confusion.sum(axis=1) > 0
    for row, column in np.ndindex(classes, classes):
        share, right = float(shares[row, column]), row == column
        fill = UNKNOWN if not asked[row] else RIGHT if right else _colour(share)
        x, y = left + cell * column, top + cell * row
        last = x + cell - 1, y + cell - 1
        pen.rectangle((x, y, *last), fill)
        if line:
            pen.line((x, last[1], *last, last[0], y), LINES)
        if cell >= SMALLEST_NUMBERED and asked[row] and (right or round(100 * share)):
            colour = "white" if not right and share > 0.1 else BLACK
            size = max(10, min(16, round(cell * 0.4)))
            pen.text((x + cell / 2, y + cell / 2), f"{100 * share:.0f}", colour, font(size), anchor="mm")
    side = cell * classes
    pen.rectangle((left - 1, top - 1, left + side, top + side), outline="#b8b8b8")


def _draw_key(pen: ImageDraw.ImageDraw, left: int, top: int) -> None:
    swatches = [("right", RIGHT)] + [(f"{share:.0%}", _colour(share)) for share in (0.01, 0.05, 0.2, DARKEST)]
    for place, (text, colour) in enumerate(swatches):
        x = left + KEY * place
        pen.rectangle((x, top, x + 18, top + 18), colour, "#b8b8b8")
        pen.text((x + 25, top + 9), text, GREY, font(12), anchor="lm")


def draw_mistakes(found: Sequence[tuple[str, float]], width: int, rows: int) -> Image.Image:
    """Draw the most frequent mistakes in words, each upon a bar as long as it is frequent.

    Args:
        found: What :func:`mistakes` says; nothing is drawn but a line saying so if it is empty.
        width: How wide the picture is, in pixels.
        rows: How many stand below each other at most; there are as many columns of them as fit.
    """
    texts = [textwrap.shorten(text, width // 8, placeholder="…") for text, _ in found]
    longest = max(map(_length, texts[: 3 * rows]), default=0)
    columns = max(1, (width - 2 * MARGIN) // max(ENTRY, longest + 9 * MARGIN))
    rows = max(1, min(rows, -(-len(found) // columns)))
    picture = Image.new("RGB", (width, MARGIN + 28 + LINE * rows + MARGIN), "white")
    pen = ImageDraw.Draw(picture)
    title = "The most frequent mistakes" if found else f"No mistake as frequent as {WORTH_SAYING:.0%} of a class"
    pen.text((MARGIN, MARGIN - 3), title, BLACK, font(16))
    step = (width - 2 * MARGIN) // columns
    for place, (text, (_, share)) in enumerate(zip(texts, found[: rows * columns], strict=False)):
        x, y = MARGIN + step * (place // rows), MARGIN + 26 + LINE * (place % rows)
        bar = round((step - 3 * MARGIN) * share / found[0][1])
        pen.rectangle((x, y + 2, x + bar, y + LINE - 3), "#f3d9cf")
        pen.text((x + 6, y + LINE / 2), text, BLACK, font(14), anchor="lm")
        pen.text((x + step - 3 * MARGIN, y + LINE / 2), f"{share:.0%}", BLACK, font(14), anchor="rm")
    return picture


def draw_best_and_worst(groups: Sequence[Examples], width: int = WIDTH) -> Image.Image:
    """Draw generated glyphs, and real ones to their right, group below group.

    Args:
        groups: At least one; few groups are shown in several rows each.
        width: How wide the picture may be, in pixels.
    """
    side = cell_side(groups[0].generated.shape[-1])
    columns = max(1, (width - 5 * MARGIN) // (side + GAP) // 2)
    number_of = columns * max(1, EXAMPLES // len(groups))
    drawn = []
    for place, (title, *both) in enumerate(groups):
        shown = [as_rows(in_cells(images[:number_of], side), columns) for images in both]
        rows = max(map(len, shown))
        padded = [np.pad(part, [(0, rows - len(part)), (0, 0), (0, 0), (0, 0)]) for part in shown]
        headings = ("generated", "real") if not place else ("", "")
        blocks = [Block(part, heading) for part, heading in zip(padded, headings, strict=True)]
        drawn.append(_headed(title, draw_grid(blocks, beside=True), width))
    return stacked(drawn)


def _headed(title: str, picture: Image.Image, width: int) -> Image.Image:
    """Put a title above a grid; ``width`` pixels are its own, however narrow the grid is."""
    headed = Image.new("RGB", (max(width, picture.width), picture.height + 24), "white")
    headed.paste(picture.convert("RGB"), (0, 24))
    text = textwrap.shorten(title, width // 8, placeholder="…")
    ImageDraw.Draw(headed).text((MARGIN, MARGIN - 3), text, BLACK, font(16))
    return headed


def draw_neighbours(group: Neighbours, width: int = WIDTH) -> Image.Image:
    """Draw generated glyphs, and below each the training glyph that it is nearest to.

    Args:
        group: At least one pair; of more than two rows of them, the first are shown.
        width: How wide the picture may be, in pixels.
    """
    room = max(_length(name, 12) for name in NEIGHBOURS) + 8
    columns = max(1, (width - 2 * MARGIN - room) // (cell_side(group.generated.shape[-1]) + GAP))
    shown = slice(PAIRS * columns)
    pairs = draw_pairs(
        "", group.generated[shown], group.nearest[shown], group.captions[shown], columns, row_names=NEIGHBOURS
    )
    return _headed(group.title, pairs, width)


def draw_evaluation(
    title: str,
    lines: Sequence[str],
    values: Mapping[str, MetricValue],
    names: Sequence[str] = (),
    fid: NDArray[np.floating] | None = None,
    floors: NDArray[np.floating] | None = None,
    accuracy: NDArray[np.floating] | None = None,
    real_accuracy: NDArray[np.floating] | None = None,
    confusion: NDArray[np.integer] | None = None,
    examples: Sequence[Examples] = (),
    neighbours: Sequence[Neighbours] = (),
) -> Image.Image:
    """Lay the page out: measures, classes, mistakes beside examples, neighbours; what is not given is left out.

    Args:
        title: The first line.
        lines: What was done, in smaller lines below it.
        values: The metric values by name; may be empty.
        names: The names of the classes; empty for no classes.
        fid: See :func:`draw_class_charts`.
        floors: See there.
        accuracy: See there.
        real_accuracy: See there.
        confusion: See :func:`draw_confusion`.
        examples: See :func:`draw_best_and_worst`.
        neighbours: Groups of pairs, beside each other; see :func:`draw_neighbours`.

    Returns:
        A page in colour, ``WIDTH`` pixels wide.
    """
    parts = [draw_head(title, lines)]
    if by_heading(values):
        parts.append(draw_metric_table(values))
    fid, accuracy = (part if part is not None and np.isfinite(part).any() else None for part in (fid, accuracy))
    if fid is not None or accuracy is not None:
        parts.append(as_picture(draw_class_charts(names, fid, floors, accuracy, real_accuracy)))
    examples = [group for group in examples if len(group.generated)]
    if confusion is not None and confusion.any():
        matrix = draw_confusion(confusion, names)
        width = WIDTH - matrix.width - MARGIN
        column = [draw_best_and_worst(examples, width)] if examples else []
        rest = matrix.height - sum(picture.height for picture in column)
        found = mistakes(confusion, names)
        parts.append(side_by_side(matrix, stacked([*column, draw_mistakes(found, width, max(4, rest // LINE - 2))])))
    elif examples:
        parts.append(draw_best_and_worst(examples))
    groups = [group for group in neighbours if len(group.generated)]
    if groups:
        share = (WIDTH - MARGIN * (len(groups) - 1)) // len(groups)
        drawn = [draw_neighbours(group, share) for group in groups]
        row = Image.new("RGB", (WIDTH, max(picture.height for picture in drawn)), "white")
        for place, picture in enumerate(drawn):
            row.paste(picture, ((share + MARGIN) * place, 0))
        parts.append(row)
    return stacked(parts)
