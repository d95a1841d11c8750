"""Interactive charts in Vega-Lite: the curves of several runs, and trials along their parameters.

Colours and scales are those of the figures of :mod:`handwriting.plots.comparison` and :mod:`handwriting.plots.sweeps`.
The browser draws the charts, in the theme and the width of the page. They are written as plain Vega-Lite, because
pages rebuild their charts every second while a run is running: Altair takes 20 ms for each.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from handwriting.plots.curves import COUNTED, FLOOR, TRAIN, VALIDATION, falls, series, smoothed, thinned
from handwriting.plots.themes import page_colour
from handwriting.scales import ABSENT_POSITION, Axis
from handwriting.text import format_whole

NEUTRAL = "#9a9a9a"
"""A grey that is visible on light and dark pages."""
HEIGHT, TALL = 230, 330
"""The heights of curves and of the chart of trials, in pixels."""
DASHES = {VALIDATION: (1, 0), TRAIN: (4, 3), FLOOR: (1, 3)}
"""The lengths of dash and gap of each kind of line; floors are dotted."""
KINDS = {VALIDATION: "validation", TRAIN: "training", FLOOR: "floor"}
LEGEND_SYMBOLS = {"symbolType": "stroke", "symbolStrokeColor": NEUTRAL, "symbolSize": 300, "symbolStrokeWidth": 2}
"""The symbols that show dashes in a legend."""
PICK = "pick"
"""The name of the selection of trials."""
WORST_AND_BEST = {False: ("#e3c12f", "#3b1f6b"), True: ("#6f5aa8", "#ffe14d")}
"""The colours of the worst trial and the best, on a light page and on a dark one."""
TEXT = {False: "#31333f", True: "#fafafa"}
POSITION = "position"
"""The field of a trial's position on an axis."""


@dataclass(frozen=True)
class Chart:
    """An interactive chart.

    Attributes:
        rows: The data.
        spec: The chart without its data, as Vega-Lite 5.
        selects: Whether it has a selection.
    """

    rows: list[dict[str, Any]]
    spec: dict[str, Any]
    selects: bool = False


# Curves


def curves_chart(
    metric: str,
    names: Mapping[int, str],
    rows: Mapping[int, Sequence[Mapping[str, float]]],
    by: str = "samples",
    smoothing: float = 0.0,
    log: bool | None = None,
    dark: bool = False,
) -> Chart | None:
    """Return a chart of one metric of several runs: validation solid, training dashed, floors dotted.

    Args:
        metric: The name of the metric, without ``train/`` or ``val/``.
        names: The name of each run, by its index, which determines its colour.
        rows: The rows of ``metrics.csv`` of each run, by its index.
        by: The measure of progress: one of :data:`handwriting.plots.curves.COUNTED`.
        smoothing: The weight of earlier values, from 0 to less than 1; see :func:`smoothed`. Floors are not smoothed.
        log: Whether the axis of values is logarithmic; None to decide by the values, see :func:`falls`.
        dark: Whether the page is dark.

    Returns:
        The chart; None if no run has a value of the metric.
    """
    points, lines = list[dict[str, Any]](), list[list[float]]()
    for index, run in rows.items():
        for prefix, kind in KINDS.items():
            x, y = series(run, prefix + metric, by)
            usable = [(at, value) for at, value in zip(x, y, strict=True) if math.isfinite(at + value)]
            if log:
                usable = [(at, value) for at, value in usable if value > 0]
            if not usable:
                continue
            x, y = thinned([at for at, _ in usable], [value for _, value in usable])
            values = y if prefix == FLOOR else smoothed(y, smoothing)
            lines.append(values)
            line = {"run": f"{index + 1}  {names[index]}", "kind": kind, "line": f"{index} {kind}"}
            points += [{**line, "x": at, "y": value} for at, value in zip(x, values, strict=True)]
    if not points:
        return None
    has_single_point = any(len(line) == 1 for line in lines)  # which would be invisible as a line
    if log is None:
        log = falls(lines)
    runs = {f"{index + 1}  {names[index]}": page_colour(index, dark) for index in rows}
    kinds = dict.fromkeys(row["kind"] for row in points)
    dashes = {KINDS[prefix]: dash for prefix, dash in DASHES.items() if KINDS[prefix] in kinds}
    x_axis = {"title": COUNTED[by], "tickCount": 5, "format": "~s" if by == "samples" else "~g", "grid": False}
    spec = {
        "height": HEIGHT,
        "title": {"text": metric.replace("_", " "), "anchor": "start", "fontSize": 14},
        "mark": {"type": "line", "point": {"size": 30, "filled": True} if has_single_point else False},
        "encoding": {
            "x": {"field": "x", "type": "quantitative", "axis": x_axis, "scale": {"nice": False}},
            "y": {
                "field": "y",
                "type": "quantitative",
                "axis": {"title": None, "tickCount": 5, "format": ".4~g"},
                "scale": {"type": "log"} if log else {"type": "linear", "zero": False},
            },
            "color": {"field": "run", "type": "nominal", "legend": None, "scale": _scale(runs)},
            "strokeDash": {
                "field": "kind",
                "type": "nominal",
                "legend": {"orient": "top", "title": None, "offset": 2, **LEGEND_SYMBOLS},
                "scale": _scale({kind: list(dash) for kind, dash in dashes.items()}),
            },
            "strokeWidth": {"condition": {"test": "datum.kind == 'validation'", "value": 2.2}, "value": 1.1},
            "detail": {"field": "line"},
            "tooltip": [
                {"field": "run", "title": "run"},
                {"field": "kind", "title": "on"},
                {"field": "x", "title": COUNTED[by], "format": ",.4~g"},
                {"field": "y", "title": metric, "format": ".5~g"},
            ],
        },
    }
    return Chart(points, spec)


def _scale(values: Mapping[str, Any]) -> dict[str, Any]:
    return {"domain": list(values), "range": list(values.values())}


# Trials


def parallel_chart(axes: Sequence[Axis], value: Axis, better: str, numbers: Sequence[int], dark: bool = False) -> Chart:
    """Return a chart of each trial as a line through its position on every axis; dragging over axes selects trials.

    Args:
        axes: The parameters, each with a value for every trial.
        value: The value that each trial reached; None for a trial without one.
        better: ``min`` or ``max``.
        numbers: The numbers of the trials.
        dark: Whether the page is dark; better trials stand out more from it.
    """
    columns = [*axes, value]
    labels = _labels(columns)
    positions = [[axis.position(entry) for entry in axis.values] for axis in columns]
    goodness = [position if better == "max" else 1 - position for position in positions[-1]]
    points = [
        {
            "trial": trial,
            "axis": labels[column],
            POSITION: positions[column][row],
            "value": shown(axis.values[row]),
            "good": None if value.values[row] is None else goodness[row],
            "reached": shown(value.values[row]),
        }
        for column, axis in enumerate(columns)
        for row, trial in enumerate(numbers)
    ]
    ticks = [
        {"axis": labels[column], POSITION: position, "tick": text}
        for column, axis in enumerate(columns)
        for position, text in _ticks(axis)
    ]
    x = {
        "field": "axis",
        "type": "nominal",
        "sort": labels,
        "axis": {"title": None, "orient": "top", "labelAngle": -20, "domain": False, "ticks": False, "grid": True,
                 "labelLimit": 160},
        "scale": {"padding": 0.4},
    }  # fmt: skip
    low = ABSENT_POSITION - 0.03 if any(None in axis.values for axis in columns) else -0.04
    y = {"field": POSITION, "type": "quantitative", "axis": None, "scale": {"domain": [low, 1.05], "nice": False}}
    good = {
        "condition": {"test": "!isValid(datum.good)", "value": NEUTRAL},
        "field": "good",
        "type": "quantitative",
        "legend": None,
        "scale": {"domain": [0, 1], "range": list(WORST_AND_BEST[dark]), "interpolate": "lab"},
    }
    tooltip = [
        {"field": "trial", "title": "trial"},
        {"field": "axis", "title": "parameter"},
        {"field": "value", "title": "value"},
        {"field": "reached", "title": value.name},
    ]
    spec = {
        "height": TALL,
        "encoding": {"x": x},
        "layer": [
            {
                "mark": {"type": "line", "strokeWidth": 1.6, "opacity": 0.75},
                "encoding": {"y": y, "color": good, "detail": {"field": "trial"}, "tooltip": tooltip},
            },
            {
                "params": [{"name": PICK, "select": {"type": "interval", "encodings": ["x", "y"]}}],
                "mark": {"type": "point", "filled": True, "size": 40, "opacity": 1},
                "encoding": {"y": y, "color": good, "tooltip": tooltip},
            },
            {
                "data": {"values": ticks},
                "mark": {"type": "text", "align": "left", "dx": 7, "fontSize": 11, "color": TEXT[dark]},
                "encoding": {"y": y, "text": {"field": "tick"}},
            },
        ],
    }
    return Chart(points, spec, selects=True)


def shown(value: float | str | None) -> str:
    """Return a value of an axis as text."""
    if value is None:
        return "-"
    return value if isinstance(value, str) else format_whole(value)


def picked(chart: Chart, selection: Mapping[str, Any]) -> set[int]:
    """Return the trials that pass through the selected range on every selected axis; empty without a selection.

    Args:
        chart: A chart of :func:`parallel_chart`.
        selection: The browser's state of the selection ``PICK``: the axes, and the range of positions.
    """
    axes, positions = selection.get("axis"), selection.get(POSITION)
    if not axes or not positions:
        return set()
    low, high = min(positions), max(positions)
    passing: dict[str, set[int]] = {axis: set() for axis in axes}
    for row in chart.rows:
        if row["axis"] in passing and low <= row[POSITION] <= high:
            passing[row["axis"]].add(row["trial"])
    return set.intersection(*passing.values())


def _labels(axes: Sequence[Axis]) -> list[str]:
    """Return the last part of each axis' name, or the whole name if several axes share that part."""
    short = [axis.name.rpartition(".")[2] for axis in axes]
    return [name if short.count(name) == 1 else axis.name for name, axis in zip(short, axes, strict=True)]


def _ticks(axis: Axis) -> list[tuple[float, str]]:
    if axis.is_numeric and len(axis.distinct) > 2:
        ends = [axis.distinct[0], axis.distinct[len(axis.distinct) // 2], axis.distinct[-1]]
    else:
        ends = list(axis.distinct)
    ticks = [(axis.position(value), shown(value)) for value in ends]
    return [*ticks, (ABSENT_POSITION, "not given")] if None in axis.values else ticks
