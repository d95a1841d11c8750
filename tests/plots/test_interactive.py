"""Interactive charts: their data, and that their specifications refer to nothing else."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from matplotlib.colors import to_hex

from handwriting.plots.comparison import colour
from handwriting.plots.curves import COUNTED, MAX_POINTS, smoothed
from handwriting.plots.interactive import PICK, POSITION, Chart, curves_chart, parallel_chart, picked
from handwriting.plots.themes import lit
from handwriting.scales import Axis

NAMES = {0: "first", 2: "third", 11: "twelfth"}


def run(count: int = 6, start: float = 1.0, **more: Sequence[float]) -> list[dict[str, float]]:
    """Return rows in which training, validation, floor and the measures of progress all differ."""
    return [
        {
            "epoch": float(n),
            "samples": 100.0 * n,
            "seconds": 0.5 * n,
            "train/fid": start + n % 3,
            "val/fid": start + 10 + n % 2,
            "floor/fid": 0.5 + 0.25 * (n % 2),
            **{name: values[n] for name, values in more.items()},
        }
        for n in range(count)
    ]


def chart(**given: Any) -> Chart:
    rows = {index: run(start=1.0 + index) for index in NAMES}
    found = curves_chart("fid", NAMES, rows, **given)
    assert found is not None
    return found


def line(found: Chart, index: int, kind: str) -> list[tuple[float, float]]:
    own = f"{index + 1}  {NAMES[index]}"
    return [(row["x"], row["y"]) for row in found.rows if row["run"] == own and row["kind"] == kind]


def ranges(channel: dict[str, Any]) -> dict[str, Any]:
    return dict(zip(channel["scale"]["domain"], channel["scale"]["range"], strict=True))


def named(part: Any) -> Iterator[str]:
    """Yield every field that a part of a chart's specification refers to, by name or in an expression."""
    if isinstance(part, dict):
        for key, value in part.items():
            if key == "field":
                yield value
            elif key == "test":
                yield from re.findall(r"datum\.(\w+)", value)
            elif key != "data":
                yield from named(value)
    elif isinstance(part, list):
        for one in part:
            yield from named(one)


def unknown_fields(found: Chart) -> set[str]:
    """Return the fields that a chart refers to and its data lacks; layers may have their own data."""
    layers = found.spec.get("layer", [])
    shared = {key: value for key, value in found.spec.items() if key != "layer"}
    missing = set[str]()
    for part in [shared, *layers]:
        rows = part["data"]["values"] if "data" in part else found.rows
        missing |= {field for field in named(part) if not all(field in row for row in rows)}
    return missing


# Curves


def test_every_point_of_every_run_is_there_under_its_name():
    found = chart()
    for index in NAMES:
        rows = run(start=1.0 + index)
        for prefix, kind in (("train/", "training"), ("val/", "validation"), ("floor/", "floor")):
            assert line(found, index, kind) == [(row["samples"], row[f"{prefix}fid"]) for row in rows]
    assert len(found.rows) == 3 * 3 * 6, "and no other"


@pytest.mark.parametrize("dark", [False, True])
def test_every_run_keeps_its_own_colour(dark: bool):
    found = chart(dark=dark)
    encoding = found.spec["encoding"]["color"]
    assert encoding["field"] == "run"
    own = {f"{index + 1}  {name}": colour(index) for index, name in NAMES.items()}
    assert ranges(encoding) == ({name: to_hex(lit(light)) for name, light in own.items()} if dark else own)
    assert {row["run"] for row in found.rows} == set(encoding["scale"]["domain"])


def test_training_is_dashed_and_floors_are_dotted_and_validation_is_neither():
    found = chart()
    encoding = found.spec["encoding"]["strokeDash"]
    dashes = ranges(encoding)
    assert encoding["field"] == "kind"
    assert dashes.keys() == {"training", "validation", "floor"}
    assert dashes["validation"][1] == 0, "no gap"
    assert dashes["training"][0] > 1
    assert dashes["training"][1] > 0
    assert dashes["floor"][0] == 1
    assert dashes["floor"][1] > 1


def test_only_kinds_that_were_measured_are_explained():
    found = curves_chart("fid", NAMES, {0: [{"samples": 1.0, "val/fid": 2.0}]})
    assert found is not None
    assert found.spec["encoding"]["strokeDash"]["scale"]["domain"] == ["validation"]


def test_each_line_is_a_line_by_itself():
    found = chart()
    assert found.spec["encoding"]["detail"] == {"field": "line"}
    assert len({row["line"] for row in found.rows}) == 9
    assert len({(row["line"], row["run"], row["kind"]) for row in found.rows}) == 9


@pytest.mark.parametrize("by", COUNTED)
def test_training_is_counted_in_the_requested_measure_of_progress(by: str):
    found = chart(by=by)
    assert [x for x, _ in line(found, 2, "validation")] == [row[by] for row in run()]
    assert found.spec["encoding"]["x"]["axis"]["title"] == COUNTED[by]
    assert COUNTED[by] in {tip["title"] for tip in found.spec["encoding"]["tooltip"]}


def test_smoothing_changes_training_and_validation_but_no_floor():
    plain, smooth = chart(), chart(smoothing=0.6)
    for index in NAMES:
        for kind in ("training", "validation"):
            values = [value for _, value in line(plain, index, kind)]
            assert [value for _, value in line(smooth, index, kind)] == smoothed(values, 0.6) != values
        assert line(smooth, index, "floor") == line(plain, index, "floor")


def test_a_logarithmic_axis_drops_what_is_not_positive():
    values = [4.0, 0.0, -1.0, 2.0]
    rows = {0: [{"samples": float(n), "val/fid": value} for n, value in enumerate(values)]}
    found = curves_chart("fid", NAMES, rows, log=True)
    assert found is not None
    assert line(found, 0, "validation") == [(0.0, 4.0), (3.0, 2.0)]
    assert found.spec["encoding"]["y"]["scale"]["type"] == "log"
    linear = curves_chart("fid", NAMES, rows, log=False)
    assert linear is not None
    assert [value for _, value in line(linear, 0, "validation")] == values
    assert linear.spec["encoding"]["y"]["scale"]["type"] == "linear"


@pytest.mark.parametrize(
    ("values", "kind"), [([100.0, 9.0], "log"), ([100.0, 50.0], "linear"), ([1.0, 99.0], "linear")]
)
def test_values_that_fall_far_choose_a_logarithmic_axis_themselves(values: list[float], kind: str):
    found = curves_chart("fid", NAMES, {0: [{"samples": float(n), "val/fid": v} for n, v in enumerate(values)]})
    assert found is not None
    assert found.spec["encoding"]["y"]["scale"]["type"] == kind


@pytest.mark.parametrize("odd", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("log", [None, True, False])
def test_values_that_are_not_finite_are_skipped(odd: float, log: bool | None):
    rows = {0: [{"samples": float(n), "val/fid": value} for n, value in enumerate([3.0, odd, 2.0])]}
    found = curves_chart("fid", NAMES, rows, smoothing=0.0, log=log)
    assert found is not None
    assert line(found, 0, "validation") == [(0.0, 3.0), (2.0, 2.0)]


def test_there_is_no_chart_of_a_metric_without_values():
    assert curves_chart("kid", NAMES, {0: run(), 2: run()}) is None
    assert curves_chart("fid", NAMES, {}) is None
    assert curves_chart("fid", NAMES, {0: [], 2: [{"samples": 1.0, "val/fid": math.nan}]}) is None
    assert curves_chart("fid", NAMES, {0: [{"samples": 1.0, "val/fid": 1.0}]}, by="seconds") is None


@pytest.mark.parametrize("count", [MAX_POINTS, MAX_POINTS + 1, 3 * MAX_POINTS])
def test_a_long_line_has_no_more_points_than_can_be_seen(count: int):
    found = curves_chart("fid", NAMES, {0: run(count)})
    assert found is not None
    for kind in ("training", "validation", "floor"):
        points = line(found, 0, kind)
        assert len(points) == MAX_POINTS
        assert points == sorted(points), "in order"
        assert points[0][0] <= 100 < 100 * (count - 3) <= points[-1][0], "from its beginning to its end"


def test_charts_are_json_that_every_browser_reads():
    many = run(8)
    many[3]["val/fid"], many[4]["train/fid"] = math.nan, math.inf
    curves = curves_chart("fid", NAMES, {0: many, 2: run(2)}, smoothing=0.9)
    assert curves is not None
    for found in (curves, trials()):
        text = json.dumps([found.rows, found.spec], allow_nan=False)
        assert json.loads(text) == [found.rows, found.spec]


def test_charts_refer_to_nothing_that_their_data_lacks():
    assert unknown_fields(chart()) == set()
    assert unknown_fields(trials()) == set()
    assert {"x", "y", "run", "kind", "line"} <= set(named(chart().spec))
    assert {"trial", "axis", POSITION, "good"} <= set(named(trials().spec))


# Trials

LR = Axis("model.lr", (0.001, 0.01, 0.1, 0.01))
NORM = Axis("model.norm", ("batch", "none", None, "batch"))
VALUE = Axis("val/fid", (3.0, 1.0, 2.0, None))
NUMBERS = (10, 11, 12, 13)


def trials(better: str = "min") -> Chart:
    return parallel_chart([LR, NORM], VALUE, better, NUMBERS)


def places(found: Chart, axis: str) -> dict[int, float]:
    return {row["trial"]: row[POSITION] for row in found.rows if row["axis"] == axis}


def ticks(found: Chart, axis: str) -> dict[str, float]:
    (values,) = [layer["data"]["values"] for layer in found.spec["layer"] if "data" in layer]
    return {tick["tick"]: tick[POSITION] for tick in values if tick["axis"] == axis}


def test_every_trial_has_a_point_on_every_axis():
    found = trials()
    assert len(found.rows) == 3 * 4
    assert {(row["axis"], row["trial"]) for row in found.rows} == {
        (axis, trial) for axis in ("lr", "norm", "val/fid") for trial in NUMBERS
    }
    assert found.spec["encoding"]["x"]["sort"] == ["lr", "norm", "val/fid"], "the value comes last"


def test_numbers_stand_on_their_scale_and_names_apart():
    found = trials()
    assert places(found, "lr") == pytest.approx({10: 0.0, 11: 0.5, 12: 1.0, 13: 0.5})
    assert {trial: place for trial, place in places(found, "norm").items() if trial != 12} == {10: 0, 11: 1, 13: 0}
    assert list(ticks(found, "lr").values()) == pytest.approx([0.0, 0.5, 1.0])
    assert {name: ticks(found, "norm")[name] for name in ("batch", "none")} == {"batch": 0, "none": 1}
    shown = {row["trial"]: row["value"] for row in found.rows if row["axis"] == "lr"}
    assert {trial: float(text) for trial, text in shown.items()} == dict(zip(NUMBERS, LR.values, strict=True))


def test_a_missing_parameter_is_drawn_below_the_axis_and_labelled():
    found = trials()
    below = places(found, "norm")[12]
    assert below < 0
    assert ticks(found, "norm")["not given"] == below
    assert "not given" not in ticks(found, "lr")
    (text,) = [row["value"] for row in found.rows if row["axis"] == "norm" and row["trial"] == 12]
    assert text == "-"
    for layer in found.spec["layer"]:
        low, high = layer["encoding"]["y"]["scale"]["domain"]
        assert low < below
        assert high > 1


@pytest.mark.parametrize("better", ["min", "max"])
def test_a_trial_is_as_good_as_what_it_reached(better: str):
    good = {row["trial"]: row["good"] for row in trials(better).rows}
    assert (good[11], good[10]) == ((1, 0) if better == "min" else (0, 1))
    assert 0 < good[12] < 1
    assert good[13] is None, "it reached nothing"
    assert {row["reached"] for row in trials(better).rows if row["trial"] == 13} == {"-"}


def test_trials_that_all_reached_nothing_are_drawn():
    found = parallel_chart([LR], Axis("val/fid", (None,) * 4), "min", NUMBERS)
    assert {row["good"] for row in found.rows} == {None}
    assert json.dumps([found.rows, found.spec], allow_nan=False)


def test_parameters_with_the_same_last_name_keep_their_full_names():
    other = Axis("data.lr", (1.0, 2.0, 3.0, 4.0))
    found = parallel_chart([LR, other, NORM], VALUE, "min", NUMBERS)
    assert found.spec["encoding"]["x"]["sort"] == ["model.lr", "data.lr", "norm", "val/fid"]
    assert len(found.rows) == 4 * 4


def test_the_selection_has_the_names_that_are_read():
    (select,) = [param for layer in trials().spec["layer"] for param in layer.get("params", ())]
    assert select["name"] == PICK
    assert select["select"] == {"type": "interval", "encodings": ["x", "y"]}
    assert trials().spec["encoding"]["x"]["field"] == "axis"
    assert all(layer["encoding"]["y"]["field"] == POSITION for layer in trials().spec["layer"])


@pytest.mark.parametrize("heights", [[0.4, 1.0], [1.0, 0.4]])
def test_dragging_over_one_axis_picks_the_trials_in_the_range(heights: list[float]):
    assert picked(trials(), {"axis": ["lr"], POSITION: heights}) == {11, 12, 13}
    assert picked(trials(), {"axis": ["norm"], POSITION: [0.0, 0.0]}) == {10, 13}


def test_dragging_over_several_axes_picks_the_trials_in_the_range_on_all_of_them():
    assert picked(trials(), {"axis": ["lr", "norm"], POSITION: [0.4, 1.0]}) == {11}
    assert picked(trials(), {"axis": ["lr", "norm"], POSITION: [-0.2, 0.6]}) == {10, 13}
    assert picked(trials(), {"axis": ["lr", "norm", "val/fid"], POSITION: [0.9, 1.0]}) == set()


def test_trials_without_a_parameter_can_be_selected():
    assert picked(trials(), {"axis": ["norm"], POSITION: [-0.12, -0.05]}) == {12}


@pytest.mark.parametrize(
    "nothing", [{}, {"axis": []}, {"axis": ["lr"]}, {POSITION: [0, 1]}, {"axis": [], POSITION: []}]
)
def test_without_a_selection_no_trial_is_picked(nothing: dict[str, Any]):
    assert picked(trials(), nothing) == set()
