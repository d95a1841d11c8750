"""Curves over training, and a latent space in a plane."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray

TRAIN, VALIDATION, FLOOR = "train/", "val/", "floor/"
STYLES: dict[str, dict[str, Any]] = {
    TRAIN: {"color": "C0"},
    VALIDATION: {"color": "C1", "marker": "."},
    FLOOR: {"color": "0.4", "linestyle": ":"},
}
FALL = 10.0
"""Values that fall by a larger factor are drawn over a logarithmic axis: the first FID of a GAN is huge."""


def figure_bytes(figure: Figure) -> bytes:
    """Return a figure as the bytes of a PNG file."""
    file = io.BytesIO()
    FigureCanvasAgg(figure).print_png(file)
    return file.getvalue()


def series(rows: Sequence[Mapping[str, float]], name: str) -> tuple[list[float], list[float]]:
    """Return the glyphs seen and the value of a metric wherever it was measured."""
    points = [(row["samples"], row[name]) for row in rows if name in row]
    return [x for x, _ in points], [y for _, y in points]


def scale(axes: Axes) -> None:
    """Make the axis of values logarithmic where they fall over more than an order of magnitude."""
    lines = [np.asarray(line.get_ydata(), float) for line in axes.lines]
    values = np.concatenate(lines)
    falling = all(line[-1] <= line[0] for line in lines)
    if falling and values.min() > 0 and values.max() > FALL * values.min():
        axes.set_yscale("log")


def ordered(names: Iterable[str]) -> list[str]:
    """Return metrics in the order in which they are drawn: losses first, norms last."""
    return sorted(names, key=lambda name: ("loss" not in name, name.endswith("norm"), name))


def _draw_metric(axes: Axes, rows: Sequence[Mapping[str, float]], name: str) -> None:
    """Draw one metric of training, of validation, or both in the same axes, and its floor if it has one."""
    for prefix, style in STYLES.items():
        x, y = series(rows, prefix + name)
        if x:
            axes.plot(x, y, **style, label=prefix.rstrip("/"), linewidth=1.4)
    scale(axes)
    axes.set_title(name.replace("_", " "), fontsize=10)
    axes.grid(alpha=0.3)
    axes.legend(fontsize=8, frameon=False)
    axes.set_xlabel("glyphs seen", fontsize=8)
    axes.tick_params(labelsize=8)


def draw_losses(rows: Sequence[Mapping[str, float]], title: str) -> Figure:
    """Draw every metric of a run, training and validation in the same axes, losses first.

    Args:
        rows: What ``metrics.csv`` holds; metrics are named ``train/...`` and ``val/...``, floors ``floor/...``.
        title: Written above.
    """
    measured = {name.removeprefix(prefix) for row in rows for name in row for prefix in (TRAIN, VALIDATION)
                if name.startswith(prefix)}  # fmt: skip
    names = ordered(measured)
    columns = min(3, max(1, len(names)))
    figure = Figure(figsize=(4.2 * columns, 2.8 * -(-len(names) // columns) + 0.5), layout="constrained")
    figure.suptitle(title, fontsize=11)
    for number, name in enumerate(names, start=1):
        _draw_metric(figure.add_subplot(-(-len(names) // columns), columns, number), rows, name)
    return figure


def draw_plane(points: NDArray[np.floating], labels: NDArray[np.int64], names: Sequence[str], title: str) -> Figure:
    """Draw points in a plane, coloured by class, each class named at its median.

    Args:
        points: ``(N, 2)``.
        labels: ``(N,)``; -1 where unknown, drawn grey.
        names: Name of each label.
        title: Written above.
    """
    figure = Figure(figsize=(7.5, 7), layout="constrained")
    axes: Any = figure.add_subplot()
    axes.set_title(title, fontsize=11)
    known = labels >= 0
    axes.scatter(*points[~known].T, s=9, color="0.7")
    colours = np.array([_colour(index, len(names)) for index in range(len(names))])
    if known.any():
        axes.scatter(*points[known].T, s=9, alpha=0.6, linewidths=0, c=colours[labels[known]])
    for label in np.unique(labels[known]):
        x, y = np.median(points[labels == label], axis=0)
        box = {"boxstyle": "round,pad=0.15", "facecolor": "white", "edgecolor": colours[label], "alpha": 0.85}
        axes.text(x, y, names[label], ha="center", va="center", fontsize=10, bbox=box)
    axes.set_aspect("equal", adjustable="datalim")
    axes.grid(alpha=0.3)
    return figure


def _colour(index: int, count: int) -> tuple[float, float, float, float]:
    from matplotlib import colormaps

    return colormaps["turbo"](index / max(1, count - 1))
