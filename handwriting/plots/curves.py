"""Curves over training, and a latent space in a plane."""

from __future__ import annotations

import io
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from numpy.typing import ArrayLike, NDArray

from handwriting.plots.figures import Figure

TRAIN, VALIDATION, FLOOR = "train/", "val/", "floor/"
STYLES: dict[str, dict[str, Any]] = {
    TRAIN: {"color": "C0"},
    VALIDATION: {"color": "C1", "marker": "."},
    FLOOR: {"color": "0.4", "linestyle": ":"},
}
COUNTED = {"samples": "glyphs seen", "epoch": "epoch", "seconds": "seconds of training"}
"""The measures of training progress, and their labels."""
MAX_POINTS = 200
"""Points of a line of training values; of more values, means of equal stretches are drawn."""
LOG_SCALE_MIN_FALL = 10.0
"""Values that fall by a larger factor have a logarithmic axis: the first FID of a GAN is huge."""


def figure_bytes(figure: Figure) -> bytes:
    """Return a figure as the bytes of a PNG file."""
    file = io.BytesIO()
    FigureCanvasAgg(figure).print_png(file)
    return file.getvalue()


def series(rows: Sequence[Mapping[str, float]], name: str, by: str = "samples") -> tuple[list[float], list[float]]:
    """Return the progress of training and the value of a metric in every row that has it.

    Args:
        rows: The rows of ``metrics.csv``.
        name: The name of the metric.
        by: The measure of progress: one of ``COUNTED``.
    """
    points = [(row[by], row[name]) for row in rows if name in row and by in row]
    return [x for x, _ in points], [y for _, y in points]


def smoothed(values: Sequence[float], weight: float) -> list[float]:
    """Return the running mean of values, each weighing ``weight`` times as much as the one after it.

    The first ones are not biased towards zero (Kingma and Ba, Adam, 2015, section 3). A value that is not finite stays
    as it is, and no other is changed by it.

    >>> smoothed([1.0, 1.0, 4.0], 0.5), smoothed([1.0, 2.0], 0)
    ([1.0, 1.0, 2.7142857142857144], [1.0, 2.0])

    Args:
        values: In order.
        weight: 0, which changes nothing, to less than 1.
    """
    total = known = 0.0
    means = []
    for value in values:
        if math.isfinite(value):
            total, known = weight * total + value, weight * known + 1
        means.append(total / known if math.isfinite(value) else value)
    return means


def thinned(x: Sequence[float], y: Sequence[float], max_points: int = MAX_POINTS) -> tuple[list[float], list[float]]:
    """Return a line of at most ``max_points`` points, which are means of equal stretches."""
    return _means(x, max_points), _means(y, max_points)


def _means(values: Sequence[float], count: int) -> list[float]:
    parts = np.array_split(np.asarray(values, float), min(len(values), count)) if len(values) else []
    return [float(part.mean()) for part in parts]


def metrics_of(rows: Iterable[Mapping[str, float]]) -> set[str]:
    """Return the names of the metrics on training or validation glyphs, without their prefixes."""
    names = {name for row in rows for name in row}
    return {name.removeprefix(prefix) for name in names for prefix in (TRAIN, VALIDATION) if name.startswith(prefix)}


FAMILIES = ("Losses", "FID", "KID", "KL and JS", "Accuracy", "Precision and recall", "Others")
"""The families that metrics are selected by."""


def family(metric: str) -> str:
    """Return the family of a metric, one of ``FAMILIES``.

    >>> [family(name) for name in ("generator_loss", "kl", "class_fid_worst", "pixel_js", "accuracy_fake", "recall")]
    ['Losses', 'Losses', 'FID', 'KL and JS', 'Accuracy', 'Precision and recall']
    """
    if "loss" in metric or metric in ("kl", "reconstruction", "negative_elbo", "importance_weighted_bound", "mse"):
        return "Losses"
    if metric in ("precision", "recall", "density", "coverage"):
        return "Precision and recall"
    kinds = {"fid": "FID", "kid": "KID", "kl": "KL and JS", "js": "KL and JS", "accuracy": "Accuracy"}
    return next((kinds[part] for part in metric.replace("/", "_").split("_") if part in kinds), "Others")


def scale(axes: Axes) -> None:
    """Make the axis of values logarithmic where they fall over more than an order of magnitude."""
    if falls([np.asarray(line.get_ydata(), float) for line in axes.lines]):
        axes.set_yscale("log")


def falls(lines: Sequence[ArrayLike]) -> bool:
    """Return whether all lines fall, and together over more than an order of magnitude."""
    drawn = [np.asarray(line, float) for line in lines]
    values = np.concatenate(drawn)
    falling = all(line[-1] <= line[0] for line in drawn)
    return bool(falling and values.min() > 0 and values.max() > LOG_SCALE_MIN_FALL * values.min())


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
        rows: The rows of ``metrics.csv``; metrics are named ``train/...`` and ``val/...``, floors ``floor/...``.
        title: The line above.
    """
    names = ordered(metrics_of(rows))
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
        names: The name of each class.
        title: The line above.
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
