"""Several runs compared: their curves, their metrics, and their sample grids."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import EngFormatter, MaxNLocator
from PIL import Image, ImageColor, ImageDraw

from handwriting.plots.curves import TRAIN, VALIDATION, metrics_of, ordered, scale, series, thinned
from handwriting.plots.figures import Figure
from handwriting.plots.grids import MARGIN, font
from handwriting.text import format_number

COLOURS = (
    *("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00"),
    *("#56b4e9", "#7b2d8b", "#8c6d1f", "#222222", "#8f8f8f"),
)
"""Distinct with any kind of colour vision (most after Okabe and Ito); an eleventh run has the first colour again."""
MARKERS = ("", "o", "s", "^", "D", "v")
"""Distinguish runs of the same colour."""
BLACK, GREY = "#1d1d1d", "#5a5a5a"
ARROWS = {"min": "↓", "max": "↑"}
"""The sign for whether lower or higher values are better."""
FIGURE_WIDTH, LEFT_SPACE, BOTTOM_SPACE = 12.6, 0.6, 0.5
"""Inches: the width of figures with several axes, and the space for numbers left of each and below it."""
MAX_NAME_LETTERS = 44
PAGE_WIDTH = 1840
"""The largest width of a row of grids, in pixels."""
MAX_GRID_WIDTH = 900
"""The largest width of one grid, in pixels."""
MAX_PIXELS = 5_000_000
"""All grids of one picture together are reduced to at most this size, so that pages stay small."""
CAPTION_HEIGHT = 26
"""The height of a caption, in pixels."""
GREYS = 16
"""Shades of grey in a picture of grids."""


def colour(index: int) -> str:
    """Return the colour of the run with this index."""
    return COLOURS[index % len(COLOURS)]


def _numbered_name(index: int, name: str) -> str:
    """Return a run's number and name; of a long name the end."""
    return f"{index + 1}  {name if len(name) <= MAX_NAME_LETTERS else '…' + name[-MAX_NAME_LETTERS:]}"


def _panels(titles: Sequence[str], columns: int, height: float, handles: Sequence[Artist]) -> tuple[Figure, list[Axes]]:
    """Return a figure with a legend on top and axes of equal size below it.

    They are placed explicitly, which is twice as fast as a layout by Matplotlib.

    Args:
        titles: The title of each axes.
        columns: The number of axes in a row.
        height: The height of each in inches, with its title and labels.
        handles: The entries of the legend.
    """
    longest = max(len(str(handle.get_label())) for handle in handles)
    legend_columns = max(1, min(5, 140 // (longest + 8)))
    head = 0.2 + 0.2 * -(-len(handles) // legend_columns)
    total = head + height * -(-len(titles) // columns)
    figure = Figure(figsize=(FIGURE_WIDTH, total))
    figure.legend(handles=handles, loc="upper left", ncols=legend_columns, fontsize=9, frameon=False)
    width, panels = FIGURE_WIDTH / columns, []
    for index, title in enumerate(titles):
        line, column = divmod(index, columns)
        left, bottom = column * width + LEFT_SPACE, total - head - (line + 1) * height + BOTTOM_SPACE
        size = (width - LEFT_SPACE - 0.15) / FIGURE_WIDTH, (height - BOTTOM_SPACE - 0.3) / total
        axes = figure.add_axes((left / FIGURE_WIDTH, bottom / total, *size))
        axes.set_title(title, fontsize=10, loc="left", color=BLACK)
        axes.spines[["top", "right"]].set_visible(False)
        axes.tick_params(labelsize=8, colors=GREY)
        axes.set_axisbelow(True)
        panels.append(axes)
    return figure, panels


# Curves


def draw_curves(names: Sequence[str], rows: Sequence[Sequence[Mapping[str, float]]]) -> Figure | None:
    """Draw every metric that at least two runs have, all runs in the same axes; of a single run, every metric.

    Validation is a solid line and training a thin, dashed one; each run's line ends with its number.

    Args:
        names: The names of the runs.
        rows: The rows of ``metrics.csv`` of each run.

    Returns:
        The figure; None where no metric qualifies.
    """
    measured = [name for run in rows for name in metrics_of(run)]
    metrics = ordered(name for name in set(measured) if measured.count(name) >= min(2, len(names)))
    if not metrics:
        return None
    handles = [
        Line2D([], [], color=colour(i), marker=_marker(i), markersize=4, label=_numbered_name(i, name))
        for i, name in enumerate(names)
    ]
    handles += [
        Line2D([], [], color=GREY, label="validation"),
        Line2D([], [], color=GREY, linewidth=0.8, linestyle="--", label="training"),
    ]
    figure, panels = _panels([metric.replace("_", " ") for metric in metrics], min(3, len(metrics)), 2.6, handles)
    for metric, axes in zip(metrics, panels, strict=True):
        for index, run in enumerate(rows):
            _draw_run(axes, index, run, metric)
        scale(axes)
        axes.set_xlabel("glyphs seen", fontsize=8, color=GREY)
        axes.xaxis.set_major_locator(MaxNLocator(5))
        axes.xaxis.set_major_formatter(EngFormatter(sep=""))
        axes.margins(x=0.06)
        axes.grid(alpha=0.3)
    return figure


def _marker(index: int) -> str:
    return MARKERS[index // len(COLOURS) % len(MARKERS)]


def _draw_run(axes: Axes, index: int, rows: Sequence[Mapping[str, float]], metric: str) -> None:
    line_colour, ends = colour(index), (0.0, 0.0)
    training, validation = series(rows, TRAIN + metric), series(rows, VALIDATION + metric)
    if training[0]:
        x, y = thinned(*training)
        axes.plot(x, y, "--", color=line_colour, linewidth=0.8, alpha=0.75)
        ends = x[-1], y[-1]
    if validation[0]:
        x, y = validation
        axes.plot(x, y, color=line_colour, linewidth=1.6, marker=_marker(index), markersize=4, markevery=0.2)
        ends = x[-1], y[-1]
    if training[0] or validation[0]:
        _write(axes, str(index + 1), ends, line_colour)


def _write(axes: Axes, text: str, at: tuple[float, float], color: str) -> None:
    """Write a text to the right of a point."""
    axes.annotate(text, at, (4, 0), textcoords="offset points", va="center", fontsize=8, color=color)


# Metrics


@dataclass(frozen=True)
class Bars:
    """One metric of all runs.

    Attributes:
        name: The name of the metric.
        better: ``min`` or ``max``.
        values: The value of each run; None for a run that lacks it.
        floors: The floor of each run; None where there is none.
        errors: The standard error of each run; None where there is none.
    """

    name: str
    better: str
    values: Sequence[float | None]
    floors: Sequence[float | None]
    errors: Sequence[float | None]


def draw_metric_bars(names: Sequence[str], metrics: Sequence[Bars]) -> Figure:
    """Draw each metric in axes of its own: a bar for each run, with a mark across it at its floor.

    Args:
        names: The names of the runs.
        metrics: At least one.
    """
    handles: list[Artist] = [
        Line2D([], [], color=colour(i), linewidth=6, label=_numbered_name(i, name)) for i, name in enumerate(names)
    ]
    label = "floor: real training glyphs"
    handles.append(Line2D([], [], linestyle="", color=BLACK, marker="|", markersize=10, markeredgewidth=2, label=label))
    titles = [f"{metric.name.replace('_', ' ')} {ARROWS[metric.better]}" for metric in metrics]
    figure, panels = _panels(titles, min(4, len(metrics)), 0.8 + 0.22 * len(names), handles)
    for metric, axes in zip(metrics, panels, strict=True):
        _draw_bars(axes, metric)
    return figure


def _draw_bars(axes: Axes, metric: Bars) -> None:
    for index, value in enumerate(metric.values):
        if value is None:
            continue
        axes.barh(index, value, 0.72, color=colour(index), xerr=metric.errors[index], ecolor=GREY)
        if (floor := metric.floors[index]) is not None:
            axes.plot([floor, floor], [index - 0.45, index + 0.45], color=BLACK, linewidth=2)
        _write(axes, format_number(value), (max(value, floor or 0, 0), index), BLACK)
    numbers = range(len(metric.values))
    axes.set_yticks(numbers, [str(number + 1) for number in numbers])
    axes.set_ylim(len(numbers) - 0.4, -0.6)  # the first run on top
    axes.xaxis.set_major_locator(MaxNLocator(3))
    drawn = [0.0, *(value for value in (*metric.values, *metric.floors) if value is not None)]
    low, high = min(drawn), max(drawn)
    room = 0.3 * (high - low or 1)  # for the values, right of bars to either side of zero
    axes.set_xlim(low - room * (low < 0) / 4, high + room)
    axes.grid(axis="x", alpha=0.3)


# Sample grids


@dataclass(frozen=True)
class GridPanel:
    """The sample grid of one run.

    Attributes:
        index: The index of the run, from 0; its number is one more.
        caption: The text above the grid, after the run's number.
        path: The file of the grid; None where there is none.
    """

    index: int
    caption: str
    path: Path | None


def draw_grids(grids: Sequence[GridPanel]) -> Image.Image:
    """Draw sample grids next to each other, as many in a row as fit, each reduced by a whole number.

    Of a grid that is missing or cannot be read, only the caption is drawn, with a remark.
    """
    pictures = [_opened(grid.path) for grid in grids]
    factors = _reductions([picture.size if picture else (0, 0) for picture in pictures])
    cells = [
        _captioned(grid, picture.reduce(factor) if picture else None)
        for grid, picture, factor in zip(grids, pictures, factors, strict=True)
    ]
    page = _in_rows(cells)
    return page.quantize(palette=_palette(), dither=Image.Dither.NONE)


def _opened(path: Path | None) -> Image.Image | None:
    if path is None:
        return None
    try:
        with Image.open(path) as picture:
            return picture.convert("L")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None


def _reductions(sizes: Sequence[tuple[int, int]]) -> list[int]:
    """Return the factor that reduces each picture, so that none is too wide and all together are not too large."""
    factors = [max(1, -(-width // MAX_GRID_WIDTH)) for width, _ in sizes]
    while sum(width * height / factor**2 for (width, height), factor in zip(sizes, factors, strict=True)) > MAX_PIXELS:
        factors = [factor + 1 for factor in factors]
    return factors


def _captioned(grid: GridPanel, picture: Image.Image | None) -> Image.Image:
    """Return a grid below its run's number, in the run's colour, and its caption."""
    number, letters = str(grid.index + 1), font(14)
    badge = int(letters.getlength(number)) + 10
    text = grid.caption if picture else f"{grid.caption}: no grid"
    width = max(badge + 8 + int(letters.getlength(text)), picture.width if picture else 0)
    cell = Image.new("RGB", (width, CAPTION_HEIGHT + (picture.height if picture else 0)), "white")
    pen = ImageDraw.Draw(cell)
    pen.rectangle((0, 3, badge, CAPTION_HEIGHT - 4), fill=colour(grid.index))
    pen.text((badge / 2, CAPTION_HEIGHT / 2), number, "white", letters, anchor="mm")
    pen.text((badge + 8, CAPTION_HEIGHT / 2), text, BLACK, letters, anchor="lm")
    if picture:
        cell.paste(picture, (0, CAPTION_HEIGHT))
    return cell


def _in_rows(cells: Sequence[Image.Image]) -> Image.Image:
    """Lay pictures out from left to right, in as many rows as needed."""
    corners, left, top, below = [], MARGIN, MARGIN, MARGIN
    for cell in cells:
        if left > MARGIN and left + cell.width + MARGIN > PAGE_WIDTH:
            left, top = MARGIN, below
        corners.append((left, top))
        left += cell.width + 2 * MARGIN
        below = max(below, top + cell.height + MARGIN)
    right = max(left + cell.width for (left, _), cell in zip(corners, cells, strict=True))
    page = Image.new("RGB", (right + MARGIN, below), "white")
    for cell, corner in zip(cells, corners, strict=True):
        page.paste(cell, corner)
    return page


@cache
def _palette() -> Image.Image:
    """Return the colours of runs, and as many greys as glyphs need: pages in few colours are small files."""
    greys = [(round(255 * step / (GREYS - 1)),) * 3 for step in range(GREYS)]
    palette = Image.new("P", (1, 1))
    palette.putpalette([part for rgb in (*map(ImageColor.getrgb, COLOURS), *greys) for part in rgb])
    return palette
