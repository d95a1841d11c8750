"""Charts to point at: the curves of several runs, and trials along their parameters, as Vega-Lite and its data.

They are in the colours and by the rules of the figures of :mod:`handwriting.plots.comparison` and
:mod:`handwriting.plots.sweeps`. Vega-Lite is JSON, which the browser draws: nothing is imported for it, nothing is
drawn here, and what is drawn follows the theme and the width of the page.
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

NEITHER = "#9a9a9a"
"""Grey that is seen on white and on black."""
HEIGHT, TALL = 230, 330
"""Of a chart, in pixels."""
DASHES = {VALIDATION: (1, 0), TRAIN: (4, 3), FLOOR: (1, 3)}
"""How the lines of each kind are dashed; floors are dotted."""
KINDS = {VALIDATION: "validation", TRAIN: "training", FLOOR: "floor"}
SYMBOLS = {"symbolType": "stroke", "symbolStrokeColor": NEITHER, "symbolSize": 300, "symbolStrokeWidth": 2}
"""How a legend shows dashes."""
PICK = "pick"
"""What a selection is called."""
GOODNESS = {False: ("#e3c12f", "#3b1f6b"), True: ("#6f5aa8", "#ffe14d")}
"""The colours of the worst trial and the best, on a light page and on a dark one."""
TEXT = {False: "#31333f", True: "#fafafa"}
PLACES = "places"


@dataclass(frozen=True)
class Chart:
    """A chart to point at.

    Attributes:
        rows: Its data.
        spec: How it is drawn, in Vega-Lite 5.
        selects: Whether something can be selected in it.
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
    """Return one metric of several runs in the same axes: validation solid, training dashed, floors dotted.

    Args:
        metric: Its name, without ``train/`` or ``val/``.
        names: What each run is called, by its index, which settles its colour.
        rows: What the ``metrics.csv`` of each holds.
        by: What training is counted in: one of :data:`handwriting.plots.curves.COUNTED`.
        smoothing: How much of each value is that before it, 0..1; floors stay as they are.
        log: Whether the axis of values is logarithmic; None where that is for the values to say.
        dark: Whether the page is.

    Returns:
        The chart, or None where no run has measured it.
    """
    found, lines = list[dict[str, Any]](), list[list[float]]()
    for index, run in rows.items():
        for prefix, kind in KINDS.items():
            x, y = series(run, prefix + metric, by)
            points = [(place, value) for place, value in zip(x, y, strict=True) if math.isfinite(place + value)]
            if log:
                points = [(place, value) for place, value in points if value > 0]
            if not points:
                continue
            x, y = thinned([place for place, _ in points], [value for _, value in points])
            values = y if prefix == FLOOR else smoothed(y, smoothing)
            lines.append(values)
            own = {"run": f"{index + 1}  {names[index]}", "kind": kind, "line": f"{index} {kind}"}
            found += [{**own, "x": place, "y": value} for place, value in zip(x, values, strict=True)]
    if not found:
        return None
    alone = any(len(line) == 1 for line in lines)  # a line of one point is none
    if log is None:
        log = falls(lines)
    runs = {f"{index + 1}  {names[index]}": page_colour(index, dark) for index in rows}
    kinds = dict.fromkeys(row["kind"] for row in found)
    dashes = {KINDS[prefix]: dash for prefix, dash in DASHES.items() if KINDS[prefix] in kinds}
    x_axis = {"title": COUNTED[by], "tickCount": 5, "format": "~s" if by == "samples" else "~g", "grid": False}
    spec = {
        "height": HEIGHT,
        "title": {"text": metric.replace("_", " "), "anchor": "start", "fontSize": 14},
        "mark": {"type": "line", "point": {"size": 30, "filled": True} if alone else False},
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
                "legend": {"orient": "top", "title": None, "offset": 2, **SYMBOLS},
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
    return Chart(found, spec)


def _scale(values: Mapping[str, Any]) -> dict[str, Any]:
    return {"domain": list(values), "range": list(values.values())}


# Trials


def parallel_chart(axes: Sequence[Axis], value: Axis, better: str, numbers: Sequence[int], dark: bool = False) -> Chart:
    """Return each trial as a line through its place on every axis; dragging over axes selects trials.

    Args:
        axes: The parameters, each with a value for every trial.
        value: What each trial reached; None where it reached nothing.
        better: ``min`` or ``max``.
        numbers: Of the trials.
        dark: Whether the page is; what is better stands out more from it.
    """
    columns = [*axes, value]
    labels = _labels(columns)
    places = [[axis.position(one) for one in axis.values] for axis in columns]
    goodness = [place if better == "max" else 1 - place for place in places[-1]]
    found = [
        {
            "trial": trial,
            "axis": labels[column],
            PLACES: places[column][row],
            "value": shown(axis.values[row]),
            "good": None if value.values[row] is None else goodness[row],
            "reached": shown(value.values[row]),
        }
        for column, axis in enumerate(columns)
        for row, trial in enumerate(numbers)
    ]
    ticks = [
        {"axis": labels[column], PLACES: place, "tick": text}
        for column, axis in enumerate(columns)
        for place, text in _ticks(axis)
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
    y = {"field": PLACES, "type": "quantitative", "axis": None, "scale": {"domain": [low, 1.05], "nice": False}}
    good = {
        "condition": {"test": "!isValid(datum.good)", "value": NEITHER},
        "field": "good",
        "type": "quantitative",
        "legend": None,
        "scale": {"domain": [0, 1], "range": list(GOODNESS[dark]), "interpolate": "lab"},
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
    return Chart(found, spec, selects=True)


def shown(value: float | str | None) -> str:
    """Return a value of an axis as it is read."""
    if value is None:
        return "-"
    return value if isinstance(value, str) else format_whole(value)


def picked(chart: Chart, selection: Mapping[str, Any]) -> set[int]:
    """Return the trials that pass through what was dragged over; empty where nothing was.

    A trial is taken where it passes through the dragged heights on every axis that was dragged over.

    Args:
        chart: Of :func:`parallel_chart`.
        selection: What the browser says of ``PICK``: the axes and the heights.
    """
    dragged, heights = selection.get("axis"), selection.get(PLACES)
    if not dragged or not heights:
        return set()
    low, high = min(heights), max(heights)
    passing: dict[str, set[int]] = {axis: set() for axis in dragged}
    for row in chart.rows:
        if row["axis"] in passing and low <= row[PLACES] <= high:
            passing[row["axis"]].add(row["trial"])
    return set.intersection(*passing.values())


def _labels(axes: Sequence[Axis]) -> list[str]:
    """Return the last part of each axis' name, or all of it where that is not its own."""
    short = [axis.name.rpartition(".")[2] for axis in axes]
    return [name if short.count(name) == 1 else axis.name for name, axis in zip(short, axes, strict=True)]


def _ticks(axis: Axis) -> list[tuple[float, str]]:
    if axis.is_numeric and len(axis.distinct) > 2:
        ends = [axis.distinct[0], axis.distinct[len(axis.distinct) // 2], axis.distinct[-1]]
    else:
        ends = list(axis.distinct)
    ticks = [(axis.position(value), shown(value)) for value in ends]
    return [*ticks, (ABSENT_POSITION, "not given")] if None in axis.values else ticks
