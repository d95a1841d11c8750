"""The page about a set of glyphs: charts by class, and sheets of the glyphs themselves."""

from __future__ import annotations

import io
import textwrap
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageOps

from handwriting.plots.curves import figure_bytes
from handwriting.plots.figures import Figure
from handwriting.plots.grids import CELL, GAP, MARGIN, Block, draw_grid, font, in_cells

WIDTH = 1620
"""The width of a page, in pixels."""
MAX_LINE_LETTERS = 190
"""Letters in a line below the title."""
ROW_NAME_WIDTH = 56
"""The space for the names of rows, in pixels."""
MAX_CLASSES_IN_HALF, MAX_CLASSES_WITH_LARGE_LETTERS = 36, 80
"""With more classes than the first a chart has the whole width; with more than the second, smaller letters."""
MAX_UPRIGHT_LETTERS = 3
"""Names of many classes are turned if one has more letters."""
MAX_LETTERS_OF_ALL = 200
"""Names are also turned if all of them together have more letters."""
COLOURS = ("#30507d", "#8fa8cc", "#d5a253")
"""Training, validation and test."""
BLACK, GREY = "#1d1d1d", "#5a5a5a"


def cell_side(image_size: int) -> int:
    """Return the side, in pixels, of a drawn glyph: the multiple or the part of ``image_size`` nearest to ``CELL``."""
    return image_size * max(1, round(CELL / image_size)) if image_size <= CELL * 1.5 else CELL


def columns_within(width: int, image_size: int) -> int:
    """Return the number of glyphs that fit into ``width`` pixels, next to the names of their rows."""
    return max(1, (width - ROW_NAME_WIDTH - 2 * MARGIN) // (cell_side(image_size) + GAP))


def width_next_to(width: int) -> int:
    """Return the width, in pixels, for panels that share a page with one of ``width``: next to it, or else below it."""
    return WIDTH - width - MARGIN if width <= WIDTH / 2 else WIDTH


def draw_charts(
    names: Sequence[str],
    counts: NDArray[np.int64],
    intensities: NDArray[np.floating],
    distances: NDArray[np.floating],
) -> Figure:
    """Draw how many glyphs each class has, how bright they are, and how far they lie from the mean of their class.

    Args:
        names: The names of the classes.
        counts: Training, validation and test glyphs of each class, ``(3, C)``.
        intensities: Mean and standard deviation of the mean intensity, 0..255, of each class, ``(C, 2)``.
        distances: The least, the quartiles and the largest distance of each class, ``(C, 5)``.
    """
    wide = len(names) > MAX_CLASSES_IN_HALF
    size = ((WIDTH - 2 * MARGIN) / 100, 7.6 if wide else 5.6)
    figure = Figure(size, dpi=100, layout="constrained")
    grid = figure.add_gridspec(3, 1) if wide else figure.add_gridspec(2, 2)
    counting, brightness, distance = (0, 1, 2) if wide else ((0, slice(None)), (1, 0), (1, 1))
    positions = np.arange(len(names))

    axes = figure.add_subplot(grid[counting])
    below = np.zeros(len(names), np.int64)
    for part, number, colour in zip(("training", "validation", "test"), counts, COLOURS, strict=True):
        axes.bar(positions, number, 0.74, bottom=below, color=colour, label=f"{part} ({number.sum():,})")
        below = below + number
    axes.margins(y=0.12)
    axes.legend(fontsize=10, frameon=False, ncols=3, loc="lower right", bbox_to_anchor=(1, 1), borderaxespad=0.2)
    by_class(axes, "Glyphs", names, wide=True)

    axes = figure.add_subplot(grid[brightness])
    means, spreads = intensities.T
    axes.errorbar(positions, means, spreads, fmt="o", markersize=5, color=COLOURS[0], ecolor=COLOURS[1], elinewidth=3)
    axes.set_ylim(bottom=0)
    by_class(axes, "Mean intensity, 0 to 255 (and its standard deviation)", names, wide)

    axes = figure.add_subplot(grid[distance])
    boxes = [
        {"whislo": least, "q1": lower, "med": middle, "q3": upper, "whishi": most}
        for least, lower, middle, upper, most in distances
        if np.isfinite(middle)
    ]
    axes.bxp(
        boxes,
        positions[np.isfinite(distances[:, 2])],
        widths=0.62,
        showfliers=False,
        patch_artist=True,
        boxprops={"facecolor": COLOURS[1], "edgecolor": COLOURS[0]},
        medianprops={"color": BLACK, "linewidth": 1.8},
        whiskerprops={"color": COLOURS[0]},
        capprops={"color": COLOURS[0]},
    )
    axes.set_ylim(bottom=0)
    by_class(axes, "Distance from the mean of the class (quartiles and extremes)", names, wide)
    return figure


def by_class(axes: Axes, title: str, names: Sequence[str], wide: bool) -> None:
    """Give axes a title and the names of the classes.

    Args:
        axes: With one bar, point or box for each class, at 0, 1, and so on.
        title: The line above.
        names: The names of the classes.
        wide: Whether the axes take the whole width of the page.
    """
    longest = max(map(len, names))
    turned = (longest > MAX_UPRIGHT_LETTERS and len(names) > (20 if wide else 8)) or longest * len(
        names
    ) > MAX_LETTERS_OF_ALL
    axes.set_title(title, fontsize=12, loc="left", color=BLACK)
    letters = 10 if len(names) <= MAX_CLASSES_WITH_LARGE_LETTERS else 7
    axes.set_xticks(range(len(names)), names, rotation=90 if turned else 0, fontsize=letters)
    axes.set_xlim(-0.7, len(names) - 0.3)
    axes.tick_params(axis="y", labelsize=9, colors=GREY)
    axes.tick_params(axis="x", length=0)
    axes.grid(axis="y", alpha=0.3)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)


def draw_classes(
    title: str, rows: NDArray[np.uint8], row_names: Sequence[str], names: Sequence[str], width: int = WIDTH
) -> Image.Image:
    """Draw a column of glyphs for each class, in several blocks where there are more than fit side by side.

    Args:
        title: The line above.
        rows: uint8 ``(R, C, H, W)``, ink bright on dark.
        row_names: The name of each row.
        names: The names of the classes.
        width: The largest width of the picture, in pixels.
    """
    cells = in_cells(rows, cell_side(rows.shape[-1]))
    classes = len(names)
    blocks = -(-classes // columns_within(width, rows.shape[-1]))
    each = -(-classes // blocks)  # blocks of equal width rather than a full one and a rest
    parts = [slice(start, start + each) for start in range(0, classes, each)]
    return draw_grid([Block(cells[:, part], "", row_names, names[part]) for part in parts], title)


def draw_captioned(
    title: str, rows: Sequence[tuple[str, NDArray[np.uint8], Sequence[str]]], image_size: int
) -> Image.Image:
    """Draw rows of glyphs, each glyph with a caption of its own.

    Args:
        title: The line above.
        rows: The name of each row, its glyphs, uint8 ``(N, 1, H, W)``, and their captions.
        image_size: Height and width of the glyphs, in pixels.
    """
    side = cell_side(image_size)
    blocks = [Block(in_cells(images, side).swapaxes(0, 1), "", [name], texts) for name, images, texts in rows]
    return draw_grid(blocks, title)


def draw_pairs(
    title: str,
    upper: NDArray[np.uint8],
    lower: NDArray[np.uint8],
    names: Sequence[str],
    columns: int,
    row_names: tuple[str, str] = ("before", "after"),
) -> Image.Image:
    """Draw pairs of glyphs, one below the other.

    Args:
        title: The line above.
        upper: uint8 ``(N, 1, H, W)``.
        lower: uint8 ``(N, 1, S, S)``.
        names: The name of each pair; may be empty.
        columns: The number of pairs in a row.
        row_names: The names of the upper and the lower row.
    """
    side = cell_side(lower.shape[-1])
    pairs = np.stack([in_cells(upper[:, 0], side), in_cells(lower[:, 0], side)])
    parts = [slice(start, start + columns) for start in range(0, len(lower), columns)]
    return draw_grid([Block(pairs[:, part], "", row_names, names[part]) for part in parts], title)


def draw_page(title: str, lines: Sequence[str], charts: Figure | None, panels: Sequence[Image.Image]) -> Image.Image:
    """Lay everything out on one page: title, text and charts, then the panels.

    Where the first panel is narrow enough, it has the left half, and the others are next to it, one below the other.
    Otherwise all of them are one below the other.

    Args:
        title: The first line.
        lines: Smaller lines below it.
        charts: Drawn below them; None for no charts.
        panels: Pictures, none wider than ``WIDTH``.

    Returns:
        A page in colour, ``WIDTH`` pixels wide.
    """
    parts = [draw_head(title, lines)]
    if charts:
        parts.append(as_picture(charts))
    first, *others = panels
    return stacked(
        parts + ([side_by_side(first, stacked(others))] if width_next_to(first.width) < WIDTH else list(panels))
    )


def draw_head(title: str, lines: Sequence[str]) -> Image.Image:
    """Draw a title and smaller lines below it, wrapped where they are long; ``WIDTH`` pixels wide."""
    text = [part for line in lines for part in textwrap.wrap(line, MAX_LINE_LETTERS)]
    head = Image.new("RGB", (WIDTH, 52 + 22 * len(text)), "white")
    pen = ImageDraw.Draw(head)
    pen.text((MARGIN, 12), title, BLACK, font(26))
    for number, line in enumerate(text):
        pen.text((MARGIN, 50 + 22 * number), line, GREY, font(15))
    return head


def as_picture(charts: Figure) -> Image.Image:
    """Return charts as a picture with the margins of a page."""
    drawn = Image.open(io.BytesIO(figure_bytes(charts))).convert("RGB")
    return ImageOps.expand(drawn, (MARGIN, 0, MARGIN, MARGIN), "white")


def side_by_side(left: Image.Image, right: Image.Image) -> Image.Image:
    """Put two pictures next to each other; at least ``WIDTH`` pixels wide."""
    start = left.width + MARGIN
    both = Image.new("RGB", (max(WIDTH, start + right.width), max(left.height, right.height)), "white")
    both.paste(left.convert("RGB"), (0, 0))
    both.paste(right.convert("RGB"), (start, 0))
    return both


def stacked(pictures: Sequence[Image.Image]) -> Image.Image:
    """Put pictures one below the other."""
    size = max(picture.width for picture in pictures), sum(picture.height for picture in pictures)
    page, top = Image.new("RGB", size, "white"), 0
    for picture in pictures:
        page.paste(picture.convert("RGB"), (0, top))
        top += picture.height
    return page
