"""What runs are compared by: settings, metric values, and epochs."""

from __future__ import annotations

import json
from pathlib import Path

from handwriting.reports.comparison import (
    as_table,
    choose_epochs,
    classifiers,
    comparability_warnings,
    differences,
    metric_rows,
)
from tests.runs.folders import CONFIG, evaluate, make, measured, records

# Settings


def test_only_settings_that_differ_are_told(tmp_path):
    a, b = tmp_path / "a", tmp_path / "b"
    make(a, {**CONFIG, "root": f"{a}/files", "hydra": {"x": 1}, "compile": True, "logger": {}, "note": None})
    make(
        b, {"model": {"lr": 0.2, "betas": [0, 1]}, "root": f"{b}/files", "hydra": {"x": 2}, "compile": False, "seed": 1}
    )
    assert differences(records(tmp_path)) == {
        "model.lr": ["0.1", "0.2"],
        "compile": ["true", "false"],
        "logger": ["{}", "-"],
        "note": ["null", "-"],
    }
    assert differences(records(a)) == {}


# Metric values


def test_metrics_come_in_the_order_of_first_appearance_and_those_of_one_class_stay_out(tmp_path):
    names = ["zeta", "mse", "class_fid/a", "fid", "kid", "alpha"]
    evaluate(make(tmp_path / "a"), **{name: measured(2) for name in names})
    evaluate(make(tmp_path / "b"), **{name: measured(2) for name in ("kid", "beta")})
    assert [row.name for row in metric_rows(records(tmp_path))] == ["zeta", "mse", "fid", "kid", "alpha", "beta"]
    assert "class_fid/a" in as_table(records(tmp_path))[0]


def test_the_best_is_the_least_or_the_most_as_the_measure_says(tmp_path):
    for name, fid, recall in (("a", 3.0, 0.9), ("b", 2.0, 0.5), ("c", 2.0, 0.7)):
        evaluate(make(tmp_path / name), fid=measured(fid), recall=measured(recall, better="max"), mse=measured(1))
    make(tmp_path / "d")
    fid, recall, mse = metric_rows(records(tmp_path))
    assert fid.best == {1, 2}
    assert recall.best == {0}
    assert mse.best == set(), "where all are the same, none is the best"
    assert fid.cells[0].from_floor == 2.0
    assert fid.cells[3] is None


def test_what_different_classifiers_measured_has_no_best_and_is_told(tmp_path):
    for name, classifier in (("a", "3f2a"), ("b", "3f2a"), ("c", "77aa")):
        fid, kid = (measured(ord(name), classifier=classifier, accuracy=0.9) for _ in range(2))
        evaluate(make(tmp_path / name), fid=fid, kid=kid, mse=measured(ord(name)))
    found = records(tmp_path)
    fid, kid, mse = metric_rows(found)
    assert not fid.comparable
    assert fid.best == kid.best == set()
    assert mse.best == {0}
    (told,) = comparability_warnings(found)
    assert told.startswith("Not comparable: fid, kid. ")
    assert "3f2a: runs 1, 2; 77aa: run 3" in told
    assert classifiers(found) == {"3f2a": 0.9, "77aa": 0.9}


def test_other_numbers_of_glyphs_and_other_data_are_told(tmp_path):
    for name, n in (("a", 100), ("b", 200)):
        folder = make(tmp_path / name)
        evaluate(folder, fid=measured(1, n=n))
        status = json.loads((folder / "status.json").read_text())
        (folder / "status.json").write_text(json.dumps({**status, "data_fingerprint": f"print {name}"}))
    glyphs, data = comparability_warnings(records(tmp_path))
    assert "different numbers of glyphs: fid" in glyphs
    assert "print a: run 1; print b: run 2" in data
    assert comparability_warnings(records(tmp_path / "a")) == []


def test_the_table_has_one_row_a_run_with_measures_and_settings(tmp_path):
    evaluate(make(tmp_path / "a", parameters=7), **{"fid": measured(12.5), "class_fid/x": measured(3)})
    make(tmp_path / "b", {**CONFIG, "seed": 2})
    a, b = as_table(records(tmp_path))
    assert list(a) == list(b)
    assert (a["name"], a["parameters"], a["fid"], a["fid_floor"], a["fid_n"], a["class_fid/x"]) == (
        "a",
        7,
        12.5,
        1,
        100,
        3,
    )
    assert (b["fid"], b["fid_floor"], b["config.seed"]) == (None, None, "2")


# Sample grids


def chosen(tmp_path: Path, *epochs: tuple[int, ...]) -> tuple[list[tuple[int | None, ...]], str]:
    for number, own in enumerate(epochs):
        make(tmp_path / f"{number}", epochs=own)
    found, told = choose_epochs(records(tmp_path))
    return [moment.epochs for moment in found], told


def test_the_same_epochs_are_shown_of_every_run(tmp_path):
    epochs, told = chosen(tmp_path, tuple(range(11)), (0, 1, 2, 4, 6, 8, 10), (0, 2, 3, 4, 6, 7, 8, 9, 10))
    assert epochs == [(0,) * 3, (4,) * 3, (6,) * 3, (10,) * 3]
    assert "same epochs" in told


def test_a_longer_run_also_shows_where_it_ended(tmp_path):
    epochs, told = chosen(tmp_path, (0, 1, 2, 3), (0, 1, 2, 3, 9), (0,))
    assert epochs == [(0, 0, 0), (1, 1, None), (2, 2, None), (3, 3, None), (3, 9, 0)]
    assert "trained for longer" in told


def test_runs_that_drew_at_other_epochs_show_the_same_shares_of_training(tmp_path):
    epochs, told = chosen(tmp_path, (0, 1, 4, 7, 12), (0, 2, 9, 21, 30))
    assert epochs == [(0, 0), (4, 9), (7, 21), (12, 30)]
    assert "different epochs" in told
    assert records(tmp_path)[0].glyphs_seen(4) == 40, "at the end of the epoch, not within the next"


def test_grids_are_not_asked_of_runs_without_any(tmp_path):
    assert chosen(tmp_path / "none", ()) == ([], "No run has drawn a sample grid.")
    assert chosen(tmp_path / "one", (), (0, 1))[0] == [(None, 0), (None, 1)]
