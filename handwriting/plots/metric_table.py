"""A table of metric values under their headings, as a picture."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from itertools import groupby

from PIL import Image, ImageDraw

from handwriting.metric_values import MetricValue, by_heading
from handwriting.plots.contents import BLACK, COLOURS, GREY, WIDTH, side_by_side, stacked
from handwriting.plots.grids import MARGIN, font, text_width
from handwriting.text import format_number

LINE_HEIGHT = 25
"""The height of a row, in pixels."""
COLUMN_TITLES = ("", "value", "", "", "floor", "glyphs", "better")
NUMBER_COLUMNS = (1, 4)
"""The indices of the columns whose numbers are aligned at their points."""
MIN_ROWS_FOR_TWO_COLUMNS = 4
MAX_CAPTION_LETTERS = 90
"""Longer captions are shortened."""
STRIPE = (245, 247, 251)

NamedValue = tuple[str, MetricValue]
"""A row of the table: a name and its value."""


def draw_metric_table(values: Mapping[str, MetricValue]) -> Image.Image:
    """Draw a table of metric values under their headings, in two columns where that is shorter and both fit.

    Numbers have about three significant digits and are aligned at their points.

    Args:
        values: By name, in the order of the rows; at least one that is not of a single class, as only these are drawn.
    """
    rows = [row for group in by_heading(values).values() for row in group.items()]
    widths = _widths(rows)
    halves = (
        _halves(rows) if len(rows) >= MIN_ROWS_FOR_TWO_COLUMNS and sum(widths) <= WIDTH / 2 - 2 * MARGIN else [rows]
    )
    wholes = {column: max(text_width(_at_point(_parts(row)[column])[0]) for row in rows) for column in NUMBER_COLUMNS}
    drawn = [_draw_table(half, widths, wholes) for half in halves]
    table = side_by_side(*drawn) if len(drawn) == 2 else drawn[0]
    head = Image.new("RGB", (max(WIDTH, table.width), 30), "white")
    text = "Metrics  (floor: the same metric of real training glyphs in place of generated ones)"
    ImageDraw.Draw(head).text((MARGIN, MARGIN - 3), text, BLACK, font(16))
    return stacked([head, table])


def _parts(row: NamedValue) -> tuple[str, ...]:
    """Return the texts of the cells of a row."""
    name, value = row
    error = f"± {format_number(value.error, 2)}" if value.error is not None else ""
    better = {"min": "lower", "max": "higher"}[value.better]
    name = textwrap.shorten(value.caption or name, MAX_CAPTION_LETTERS, placeholder="…")
    return name, format_number(value.value), error, value.unit, format_number(value.floor), f"{value.n:,}", better


def _at_point(text: str) -> tuple[str, str]:
    """Cut a number where its point is, or would be."""
    at = min((text.find(mark) for mark in ".e" if mark in text), default=len(text))
    return text[:at], text[at:]


def _widths(rows: Sequence[NamedValue]) -> list[int]:
    """Return the width of each column in pixels, with the space to the next."""
    widths = []
    for column, cells in enumerate(zip(COLUMN_TITLES, *map(_parts, rows), strict=True)):
        if column in NUMBER_COLUMNS:
            wholes, rests = zip(*map(_at_point, cells[1:]), strict=True)
            needed = max(max(map(text_width, wholes)) + max(map(text_width, rests)), text_width(cells[0]))
        else:
            needed = max(map(text_width, cells))
        widths.append(needed + (20 if needed else 0))
    widths[1] -= 12  # the error and the unit belong to the value
    return widths


def _halves(rows: Sequence[NamedValue]) -> list[Sequence[NamedValue]]:
    """Split rows into two parts of about the same length, between two groups if there are several."""
    groups = [value.heading for _, value in rows]
    cuts = [at for at in range(1, len(rows)) if groups[at] != groups[at - 1]] or range(1, len(rows))
    cut = min(cuts, key=lambda at: abs(at - len(rows) / 2 + 0.1))
    return [rows[:cut], rows[cut:]]


def _draw_table(rows: Sequence[NamedValue], widths: Sequence[int], wholes: Mapping[int, int]) -> Image.Image:
    """Draw rows below their headings; ``wholes`` is the width left of the points in number columns, in pixels."""
    lines: list[NamedValue | str] = []
    for group, members in groupby(rows, key=lambda row: row[1].heading):
        lines += [group] * bool(group) + list(members)
    width = max(WIDTH // 2 - MARGIN, MARGIN + sum(widths))
    picture = Image.new("RGB", (width, LINE_HEIGHT * (len(lines) + 1) + MARGIN), "white")
    pen = ImageDraw.Draw(picture)
    lefts = [MARGIN, *(width - sum(widths[column:]) for column in range(1, len(widths)))]
    for column, text in enumerate(COLUMN_TITLES):
        pen.text((lefts[column], LINE_HEIGHT / 2), text, GREY, font(13), anchor="lm")
    for row, line in enumerate(lines, start=1):
        middle = LINE_HEIGHT * row + LINE_HEIGHT / 2
        if isinstance(line, str):
            pen.text((MARGIN, middle + 1), line, COLOURS[0], font(14), anchor="lm")
            continue
        pen.rectangle((MARGIN - 4, LINE_HEIGHT * row + 1, width - 1, LINE_HEIGHT * (row + 1) - 1), STRIPE)
        for column, text in enumerate(_parts(line)):
            if column in NUMBER_COLUMNS:
                whole, rest = _at_point(text)
                point = lefts[column] + wholes[column]
                pen.text((point, middle), whole, BLACK, font(14), anchor="rm")
                pen.text((point, middle), rest, BLACK, font(14), anchor="lm")
            else:
                pen.text((lefts[column], middle), text, BLACK if column == 0 else GREY, font(14), anchor="lm")
    return picture
