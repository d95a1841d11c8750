"""The page about an evaluation of a model: metrics, charts of classes, their confusion, and the glyphs themselves."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from handwriting.metric_values import MetricValue, by_heading
from handwriting.plots.confusion import (
    LINE_HEIGHT,
    MAX_NUMBERED_CLASSES,
    MISTAKE,
    draw_confusion,
    draw_mistakes,
    hex_colour,
    mistakes,
)
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
from handwriting.plots.figures import Figure
from handwriting.plots.grids import GAP, MARGIN, Block, as_rows, draw_grid, font, in_cells, text_width
from handwriting.plots.metric_table import draw_metric_table
from handwriting.text import format_number

MAX_CLASSES_IN_HALF = 14
"""With more classes, charts have the whole width, one below the other."""
MAX_BAR_MEDIANS = 6.0
"""Bars end at this multiple of the median, so that one class that failed does not flatten the others."""
NEIGHBOUR_ROW_NAMES = ("generated", "nearest")
EXAMPLE_ROWS, PAIR_ROWS = 6, 2
"""Rows of examples in all groups together, and rows of pairs in each group."""


class Examples(NamedTuple):
    """Generated glyphs to show next to real ones.

    Attributes:
        title: What they are, such as the name of a class and its metrics.
        generated: uint8 ``(N, 1, H, W)``, ink bright on dark; as many are shown as fit.
        real: uint8 ``(M, 1, H, W)``.
    """

    title: str
    generated: NDArray[np.uint8]
    real: NDArray[np.uint8]


@dataclass(frozen=True)
class ClassifiedImages:
    """Glyphs of a sample, with the class that each counts for.

    Attributes:
        images: uint8 ``(N, 1, H, W)``, ink bright on dark.
        labels: int64 ``(N,)``; -1 where the class is unknown.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]

    def of_class(self, label: int) -> NDArray[np.uint8]:
        """Return the images of one class."""
        return self.images[self.labels == label]


class Neighbours(NamedTuple):
    """Generated glyphs with the training glyph that each is nearest to.

    Attributes:
        title: How the pairs were chosen.
        generated: uint8 ``(N, 1, H, W)``, ink bright on dark; as many are shown as fit.
        nearest: The nearest training glyphs, uint8 ``(N, 1, H, W)``.
        captions: One for each pair, such as its distance; may be empty.
    """

    title: str
    generated: NDArray[np.uint8]
    nearest: NDArray[np.uint8]
    captions: Sequence[str] = ()


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
        floors: The FID of real training glyphs, ``(C,)``.
        accuracy: The share of each class that the classifier recognises, 0..1 ``(C,)``, NaN where there is none; None
            for no such chart.
        real_accuracy: The accuracy on real glyphs, ``(C,)``.
    """
    given: list[tuple[str, NDArray[np.floating], NDArray[np.floating] | None, float | None]] = []
    if fid is not None:
        given.append((_with_line("FID of each class", "real training glyphs", floors), fid, floors, None))
    if accuracy is not None:
        title = _with_line("Recognised as the requested class, in % of each class", "real glyphs", real_accuracy)
        marks = None if real_accuracy is None else 100 * real_accuracy
        given.append((title, 100 * accuracy, marks, 100.0))
    halves = len(given) > 1 and len(names) <= MAX_CLASSES_IN_HALF
    rows, columns = (1, 2) if halves else (len(given), 1)
    figure = Figure(((WIDTH - 2 * MARGIN) / 100, 2.7 * rows), dpi=100)
    figure.set_layout_engine("constrained", hspace=0.06)
    for index, (title, values, marks, top) in enumerate(given, start=1):
        axes = figure.add_subplot(rows, columns, index)
        _draw_bars(axes, values, marks, top)
        by_class(axes, title, names, wide=not halves)
    return figure


def _with_line(title: str, line: str, marks: NDArray[np.floating] | None) -> str:
    return title if marks is None else f"{title}  (line: {line})"


def _draw_bars(axes: Axes, values: NDArray[np.floating], marks: NDArray[np.floating] | None, top: float | None) -> None:
    """Draw a bar for each finite value, and a line across it at its mark.

    Bars end at ``top``, or at a multiple of the median where that is None; an arrow marks the bars that are cut.
    """
    finite = np.flatnonzero(np.isfinite(values))
    marks = np.full(len(values), np.nan) if marks is None else marks
    marked = np.flatnonzero(np.isfinite(marks))
    if top is None:
        top = (
            max(min(values[finite].max(), MAX_BAR_MEDIANS * np.median(values[finite])), marks[marked].max(initial=0))
            or 1.0
        )
    axes.bar(finite, np.minimum(values[finite], top), 0.74, color=COLOURS[1])
    axes.hlines(marks[marked], marked - 0.45, marked + 0.45, color=COLOURS[0], linewidth=2.2)
    axes.set_ylim(0, 1.13 * top)
    for index in finite.tolist():
        height, cut = min(values[index], top), bool(values[index] > top)
        if height < marks[index] < height + 0.1 * top:
            height = marks[index]  # the number stands above the line rather than in it
        if len(values) <= MAX_NUMBERED_CLASSES or cut:
            text, colour = (
                format_number(values[index]) + " ↑" * cut,
                hex_colour(MISTAKE) if cut else GREY,
            )
            axes.text(index, height + 0.015 * top, text, color=colour, ha="center", va="bottom", fontsize=8.5)


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
        count: The largest number of classes in each list.
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


def draw_best_and_worst(groups: Sequence[Examples], width: int = WIDTH) -> Image.Image:
    """Draw generated glyphs, and real ones to their right, group below group.

    Args:
        groups: At least one; few groups are shown in several rows each.
        width: The largest width of the picture, in pixels.
    """
    side = cell_side(groups[0].generated.shape[-1])
    columns = max(1, (width - 5 * MARGIN) // (side + GAP) // 2)
    number_of = columns * max(1, EXAMPLE_ROWS // len(groups))
    drawn = []
    for index, (title, *both) in enumerate(groups):
        shown = [as_rows(in_cells(images[:number_of], side), columns) for images in both]
        rows = max(map(len, shown))
        padded = [np.pad(part, [(0, rows - len(part)), (0, 0), (0, 0), (0, 0)]) for part in shown]
        headings = ("generated", "real") if not index else ("", "")
        blocks = [Block(part, heading) for part, heading in zip(padded, headings, strict=True)]
        drawn.append(_headed(title, draw_grid(blocks, in_one_row=True), width))
    return stacked(drawn)


def _headed(title: str, picture: Image.Image, width: int) -> Image.Image:
    """Put a title above a grid; the result is at least ``width`` pixels wide."""
    headed = Image.new("RGB", (max(width, picture.width), picture.height + 24), "white")
    headed.paste(picture.convert("RGB"), (0, 24))
    text = textwrap.shorten(title, width // 8, placeholder="…")
    ImageDraw.Draw(headed).text((MARGIN, MARGIN - 3), text, BLACK, font(16))
    return headed


def draw_neighbours(group: Neighbours, width: int = WIDTH) -> Image.Image:
    """Draw generated glyphs, and below each the training glyph that it is nearest to.

    Args:
        group: At least one pair; of more than two rows of them, the first are shown.
        width: The largest width of the picture, in pixels.
    """
    room = max(text_width(name, 12) for name in NEIGHBOUR_ROW_NAMES) + 8
    columns = max(1, (width - 2 * MARGIN - room) // (cell_side(group.generated.shape[-1]) + GAP))
    shown = slice(PAIR_ROWS * columns)
    pairs = draw_pairs(
        "", group.generated[shown], group.nearest[shown], group.captions[shown], columns, row_names=NEIGHBOUR_ROW_NAMES
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
    """Return the page: metrics, charts of classes, confusion next to examples, neighbours; missing parts are skipped.

    Args:
        title: The first line.
        lines: Smaller lines below it, which say how the values were computed.
        values: The metric values by name; may be empty.
        names: The names of the classes; empty for no classes.
        fid: See :func:`draw_class_charts`.
        floors: See :func:`draw_class_charts`.
        accuracy: See :func:`draw_class_charts`.
        real_accuracy: See :func:`draw_class_charts`.
        confusion: See :func:`draw_confusion`.
        examples: See :func:`draw_best_and_worst`.
        neighbours: Groups of pairs, next to each other; see :func:`draw_neighbours`.

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
        frequent = mistakes(confusion, names)
        parts.append(
            side_by_side(matrix, stacked([*column, draw_mistakes(frequent, width, max(4, rest // LINE_HEIGHT - 2))]))
        )
    elif examples:
        parts.append(draw_best_and_worst(examples))
    groups = [group for group in neighbours if len(group.generated)]
    if groups:
        share = (WIDTH - MARGIN * (len(groups) - 1)) // len(groups)
        drawn = [draw_neighbours(group, share) for group in groups]
        row = Image.new("RGB", (WIDTH, max(picture.height for picture in drawn)), "white")
        for index, picture in enumerate(drawn):
            row.paste(picture, ((share + MARGIN) * index, 0))
        parts.append(row)
    return stacked(parts)
