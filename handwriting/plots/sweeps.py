"""Pictures of many trials: parallel coordinates, importance of parameters, and the history of a sweep."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.ticker import LogFormatter, MaxNLocator
from numpy.typing import NDArray

from handwriting.plots.comparison import BLACK, COLOURS, FIGURE_WIDTH, GREY
from handwriting.scales import Axis
from handwriting.text import format_whole

MAP = "viridis_r"
"""From yellow, the worst, to dark, the best: distinct with any kind of colour vision, and in grey."""
THIN = "#c4c4c4"
"""Trials that have no value."""
TOP_TRIALS = 3
"""The number of top trials that are drawn thick."""
MOST_NAMES = 8
MAX_NAME_LETTERS = 18
SPREAD = 0.045
"""How far trials of the same choice are drawn apart to either side, as a share of the axis."""
TICKS = (0.0, 0.25, 0.5, 0.75, 1.0)


def draw_parallel(axes: Sequence[Axis], value: Axis, better: str) -> Figure:
    """Draw each trial as a line through its place on every axis, ending at its value.

    Args:
        axes: The parameters, each with a value for every trial.
        value: What each trial reached; None where it reached nothing.
        better: ``min`` or ``max``.
    """
    columns = [*axes, value]
    places = np.array([[axis.position(one) for one in axis.values] for axis in columns]).T
    known = np.array([one is not None for one in value.values])
    goodness = np.where(known, places[:, -1] if better == "max" else 1 - places[:, -1], -1)
    order = np.argsort(goodness, kind="stable")
    best = set(order[known[order]][-TOP_TRIALS:])
    # Those of one name would lie on each other: each a little beside the others, in the order of their values.
    shifts = np.zeros(len(order))
    if len(order) > 1:
        shifts[order] = np.linspace(-SPREAD, SPREAD, len(order)) * (1 if better == "max" else -1)
    for column, axis in enumerate(columns[:-1]):
        if not axis.is_numeric or len(axis.distinct) <= MOST_NAMES:
            places[:, column] += shifts
    figure = Figure(figsize=(FIGURE_WIDTH, 4.4))
    panel = figure.add_axes((0.045, 0.03, 0.91, 0.84))
    palette = mpl.colormaps[MAP]
    for index in order:
        path = _smooth(places[index] if known[index] else places[index, :-1])
        colour = palette(0.08 + 0.92 * goodness[index]) if known[index] else THIN
        style = {"linewidth": 2.4, "alpha": 1.0} if index in best else {"linewidth": 0.9, "alpha": 0.65}
        panel.add_collection(LineCollection([path], colors=[colour], **style))
    for column, axis in enumerate(columns):
        _draw_axis(panel, column, axis, value is axis)
    panel.set_xlim(-0.3, len(columns) - 0.7)
    panel.set_ylim(-0.14 if any(None in axis.values for axis in axes) else -0.07, 1.06)
    panel.axis("off")
    return figure


def _smooth(places: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return a line through places on axes that leaves and meets each of them level, ``(N, 2)``."""
    steps = np.linspace(0, 1, 21)
    ease = steps * steps * (3 - 2 * steps)
    x = [column + steps for column in range(len(places) - 1)]
    y = [before + (after - before) * ease for before, after in pairwise(places)]
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
    ticks = [(place, text, BLACK) for place, text in _ticks(axis)]
    if None in axis.values and not is_value:
        ticks.append((axis.position(None), "not given", GREY))
    for place, text, colour in ticks:
        box = {"facecolor": "white", "alpha": 0.75, "edgecolor": "none", "pad": 0.8}
        panel.text(column + 0.03, place, text, va="center", fontsize=8, color=colour, bbox=box, zorder=4)


def _ticks(axis: Axis) -> list[tuple[float, str]]:
    """Return what is written along an axis, and where."""
    if not axis.is_numeric:
        places = np.linspace(0, 1, len(axis.distinct)) if len(axis.distinct) > 1 else [0.5]
        ticks = [(float(place), _short(str(text))) for place, text in zip(places, axis.distinct, strict=True)]
        return ticks if len(ticks) <= 3 * MOST_NAMES else ticks[:: len(ticks) // MOST_NAMES]
    if len(axis.distinct) <= MOST_NAMES:
        found: list[tuple[float, str]] = []
        for one in axis.distinct:  # some may be too near to another to be read
            place = axis.position(float(one))
            if not found or place - found[-1][0] > 0.05:
                found.append((place, format_whole(float(one))))
        return found
    low, high = float(axis.distinct[0]), float(axis.distinct[-1])
    values = [low * (high / low) ** tick if axis.is_log else low + (high - low) * tick for tick in TICKS]
    return list(zip(TICKS, map(format_whole, values), strict=True))


def _short(text: str, longest: int = MAX_NAME_LETTERS) -> str:
    """Return the beginning and the end of a text, in which a dollar sign starts no formula."""
    if len(text) > longest:
        text = f"{text[: longest // 2]}…{text[-(longest // 2 - 1) :]}"
    return text.replace("$", r"\$")


def draw_importance(shares: Mapping[str, float]) -> Figure:
    """Draw how much each parameter explains, the most important on top.

    Args:
        shares: 0..1, by name.
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
    """Draw what each trial reached, one after the other, and the best until then.

    Args:
        numbers: Of the trials, in order.
        value: What each reached; None where it reached nothing, which is marked below.
        states: How each ended.
        better: ``min`` or ``max``.
    """
    figure = Figure(figsize=(FIGURE_WIDTH, 3.4))
    panel = figure.add_axes((0.06, 0.15, 0.92, 0.72))
    trials = list(zip(numbers, value.values, states, strict=True))
    points = {
        state: [(place, float(reached)) for place, reached, how in trials if how == state and reached is not None]
        for state in ("done", "pruned")
    }
    for (state, own), (colour, marker) in zip(points.items(), ((COLOURS[0], "o"), (GREY, "x")), strict=True):
        if own:
            panel.plot(*zip(*own, strict=True), marker, color=colour, markersize=5, label=state)
    if points["done"]:
        best = np.minimum if better == "min" else np.maximum
        x, y = zip(*points["done"], strict=True)
        running = [*best.accumulate(y), best.reduce(y)]
        panel.step([*x, numbers[-1]], running, where="post", color=COLOURS[1], label="best so far")
    if missing := [place for place, _, how in trials if how == "failed"]:
        floor = panel.get_xaxis_transform()
        panel.plot(missing, [0] * len(missing), "|", color=BLACK, markersize=12, transform=floor, label="failed")
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
