"""Pictures of many trials: parallel coordinates, importance of parameters, and the history of a sweep."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.ticker import LogFormatter, MaxNLocator
from numpy.typing import NDArray

from handwriting.plots.comparison import BLACK, COLOURS, FIGURE_WIDTH, GREY
from handwriting.plots.figures import Figure
from handwriting.scales import Axis
from handwriting.text import format_whole

COLOUR_MAP = "viridis_r"
"""Yellow for the worst to dark for the best: distinct with any kind of colour vision, and in grey."""
NO_VALUE_COLOUR = "#c4c4c4"
"""The colour of trials without a value."""
TOP_TRIALS = 3
"""The number of top trials that are drawn thick."""
MAX_TICKS = 8
"""With more distinct values, ticks are spread over the axis."""
MAX_NAME_LETTERS = 18
SPREAD = 0.045
"""The largest shift of trials with the same value to either side, as a share of the axis."""
TICKS = (0.0, 0.25, 0.5, 0.75, 1.0)


def draw_parallel(axes: Sequence[Axis], value: Axis, better: str) -> Figure:
    """Draw each trial as a line through its position on every axis, ending at its value.

    Args:
        axes: The parameters, each with a value for every trial.
        value: The value that each trial reached; None for a trial without one.
        better: ``min`` or ``max``.
    """
    columns = [*axes, value]
    positions = np.array([[axis.position(entry) for entry in axis.values] for axis in columns]).T
    known = np.array([entry is not None for entry in value.values])
    goodness = np.where(known, positions[:, -1] if better == "max" else 1 - positions[:, -1], -1)
    order = np.argsort(goodness, kind="stable")
    best = set(order[known[order]][-TOP_TRIALS:])
    # Trials with the same value of a parameter are shifted apart, in the order of the values that they reached.
    shifts = np.zeros(len(order))
    if len(order) > 1:
        shifts[order] = np.linspace(-SPREAD, SPREAD, len(order)) * (1 if better == "max" else -1)
    for column, axis in enumerate(columns[:-1]):
        if not axis.is_numeric or len(axis.distinct) <= MAX_TICKS:
            positions[:, column] += shifts
    figure = Figure(figsize=(FIGURE_WIDTH, 4.4))
    panel = figure.add_axes((0.045, 0.03, 0.91, 0.84))
    palette = mpl.colormaps[COLOUR_MAP]
    for index in order:
        path = _smooth(positions[index] if known[index] else positions[index, :-1])
        colour = palette(0.08 + 0.92 * goodness[index]) if known[index] else NO_VALUE_COLOUR
        style = {"linewidth": 2.4, "alpha": 1.0} if index in best else {"linewidth": 0.9, "alpha": 0.65}
        panel.add_collection(LineCollection([path], colors=[colour], **style))
    for column, axis in enumerate(columns):
        _draw_axis(panel, column, axis, value is axis)
    panel.set_xlim(-0.3, len(columns) - 0.7)
    panel.set_ylim(-0.14 if any(None in axis.values for axis in axes) else -0.07, 1.06)
    panel.axis("off")
    return figure


def _smooth(positions: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return a line through positions on axes, horizontal at each axis, ``(N, 2)``."""
    steps = np.linspace(0, 1, 21)
    ease = steps * steps * (3 - 2 * steps)
    x = [column + steps for column in range(len(positions) - 1)]
    y = [before + (after - before) * ease for before, after in pairwise(positions)]
    return np.column_stack([np.concatenate(x), np.concatenate(y)]) if x else np.empty((0, 2))


def _draw_axis(panel: Axes, column: int, axis: Axis, is_value: bool) -> None:
    panel.plot(
        [column, column], [0, 1], color=BLACK if is_value else GREY, linewidth=1.6 if is_value else 0.9, zorder=3
    )
    *section, name = axis.name.rsplit(".", 1)
    above: dict[str, Any] = {"ha": "center", "va": "bottom"}
    panel.text(column, 1.1, _short(name), fontsize=10, color=BLACK, weight="bold" if is_value else None, **above)
    if section:
        panel.text(column, 1.155, _short(section[0]), fontsize=8, color=GREY, **above)
    ticks = [(position, text, BLACK) for position, text in _ticks(axis)]
    if None in axis.values and not is_value:
        ticks.append((axis.position(None), "not given", GREY))
    for position, text, colour in ticks:
        box = {"facecolor": "white", "alpha": 0.75, "edgecolor": "none", "pad": 0.8}
        panel.text(column + 0.03, position, text, va="center", fontsize=8, color=colour, bbox=box, zorder=4)


def _ticks(axis: Axis) -> list[tuple[float, str]]:
    """Return the positions and texts of an axis' ticks."""
    if not axis.is_numeric:
        positions = np.linspace(0, 1, len(axis.distinct)) if len(axis.distinct) > 1 else [0.5]
        ticks = [(float(position), _short(str(text))) for position, text in zip(positions, axis.distinct, strict=True)]
        return ticks if len(ticks) <= 3 * MAX_TICKS else ticks[:: len(ticks) // MAX_TICKS]
    if len(axis.distinct) <= MAX_TICKS:
        spaced: list[tuple[float, str]] = []
        for number in map(float, axis.distinct):  # without those too close to the previous one to be readable
            position = axis.position(number)
            if not spaced or position - spaced[-1][0] > 0.05:
                spaced.append((position, format_whole(number)))
        return spaced
    low, high = float(axis.distinct[0]), float(axis.distinct[-1])
    values = [low * (high / low) ** tick if axis.is_log else low + (high - low) * tick for tick in TICKS]
    return list(zip(TICKS, map(format_whole, values), strict=True))


def _short(text: str, longest: int = MAX_NAME_LETTERS) -> str:
    """Return a text without the middle of a long one."""
    if len(text) > longest:
        text = f"{text[: longest // 2]}…{text[-(longest // 2 - 1) :]}"
    return text


def draw_importance(shares: Mapping[str, float]) -> Figure:
    """Draw how much each parameter explains, the most important on top.

    Args:
        shares: The importance of each parameter by its name, 0..1; at least one.
    """
    figure = Figure(figsize=(FIGURE_WIDTH / 2, 0.7 + 0.32 * len(shares)))
    height = 0.32 * len(shares) / (0.7 + 0.32 * len(shares))
    panel = figure.add_axes((0.33, 0.5 / (0.7 + 0.32 * len(shares)), 0.6, height))
    names = list(shares)
    panel.barh(range(len(names)), [shares[name] for name in names], 0.68, color=COLOURS[0])
    for index, name in enumerate(names):
        panel.annotate(
            f"{shares[name]:.0%}", (shares[name], index), (4, 0), textcoords="offset points", va="center", fontsize=9
        )
    panel.set_yticks(range(len(names)), [_short(name, 28) for name in names], fontsize=9)
    panel.set_ylim(len(names) - 0.4, -0.6)
    panel.set_xlim(0, 1.12 * max(shares.values()))
    panel.xaxis.set_major_formatter(lambda share, _: f"{share:.0%}")
    panel.xaxis.set_major_locator(MaxNLocator(4))
    _plain(panel)
    panel.grid(axis="x", alpha=0.3)
    return figure


def draw_history(numbers: Sequence[int], value: Axis, states: Sequence[str], better: str) -> Figure:
    """Draw the value of each trial in order, and the best value so far.

    Args:
        numbers: The numbers of the trials, in order.
        value: The value that each trial reached; None for a trial without one.
        states: The state of each trial; ``failed`` ones are marked at the bottom.
        better: ``min`` or ``max``.
    """
    figure = Figure(figsize=(FIGURE_WIDTH, 3.4))
    panel = figure.add_axes((0.06, 0.15, 0.92, 0.72))
    trials = list(zip(numbers, value.values, states, strict=True))
    points = {
        state: [(number, float(reached)) for number, reached, ended in trials if ended == state and reached is not None]
        for state in ("done", "pruned")
    }
    for (state, reached), (colour, marker) in zip(points.items(), ((COLOURS[0], "o"), (GREY, "x")), strict=True):
        if reached:
            panel.plot(*zip(*reached, strict=True), marker, color=colour, markersize=5, label=state)
    if points["done"]:
        best = np.minimum if better == "min" else np.maximum
        x, y = zip(*points["done"], strict=True)
        running = [*best.accumulate(y), best.reduce(y)]
        panel.step([*x, numbers[-1]], running, where="post", color=COLOURS[1], label="best so far")
    if failed := [number for number, _, ended in trials if ended == "failed"]:
        bottom = panel.get_xaxis_transform()
        panel.plot(failed, [0] * len(failed), "|", color=BLACK, markersize=12, transform=bottom, label="failed")
    if value.is_log:
        panel.set_yscale("log")
        panel.yaxis.set_major_formatter(LogFormatter())  # 40 rather than a power of ten
        panel.yaxis.set_minor_formatter(LogFormatter(minor_thresholds=(2, 0.5)))
    panel.set_xlabel("trial", fontsize=9, color=GREY)
    panel.set_title(value.name, fontsize=10, loc="left", color=BLACK)
    panel.xaxis.set_major_locator(MaxNLocator(integer=True))
    panel.legend(frameon=False, fontsize=9, ncols=4, loc="lower right", bbox_to_anchor=(1, 1))
    _plain(panel)
    panel.grid(alpha=0.3)
    return figure


def _plain(panel: Axes) -> None:
    panel.spines[["top", "right"]].set_visible(False)
    panel.tick_params(which="both", labelsize=8, colors=GREY)
    panel.set_axisbelow(True)
