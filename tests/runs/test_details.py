from __future__ import annotations

import json
import os
import socket
from pathlib import Path
from typing import Any

import pytest
import yaml
from omegaconf import OmegaConf

from handwriting.config import load_config
from handwriting.errors import RunError
from handwriting.runs import RunFolder, claim
from handwriting.runs.details import (
    RunDetails,
    as_table,
    choose_epochs,
    classifiers,
    comparability_warnings,
    differences,
    distinct_names,
    find,
    gather,
    metric_rows,
)

CONFIG = {"model": {"lr": 0.1, "betas": [0, 1]}, "seed": 1}


def read_config(path: Path) -> dict[str, Any]:
    return OmegaConf.to_container(load_config(path), resolve=True)  # type: ignore[return-value]


def make(folder: Path, config: dict[str, Any] = CONFIG, epochs: tuple[int, ...] = (), **facts: Any) -> Path:
    """Write a run folder as training does, and pictures' names without pictures."""
    run = RunFolder(claim(folder))
    run.begin(yaml.safe_dump(config), {"seed": 1}, {"model": "VAE", **facts})
    for epoch in range(max(epochs, default=0)):
        run.metrics.append({"epoch": epoch + 1, "batches": epoch, "samples": 10 * (epoch + 1), "seconds": 1.0})
        run.metrics.append({"epoch": epoch + 1, "batches": epoch, "samples": 10 * (epoch + 1) + 5, "seconds": 1.0})
    (run.path / "samples").mkdir()
    for epoch in epochs:
        (run.path / f"samples/epoch_{epoch:04d}.png").touch()
    run.end("done")
    return run.path


def evaluate(folder: Path, **measures: Any) -> None:
    (folder / "evaluation.json").write_text(json.dumps(measures))


def measured(value: float, **more: Any) -> dict[str, Any]:
    return {"value": value, "floor": 1.0, "n": 100, "unit": "", "error": None, "better": "min", "classifier": None,
            "accuracy": None, **more}  # fmt: skip


def records(asked: Path | str) -> list[RunDetails]:
    return gather(str(asked), read_config)[0]


# Finding


def test_runs_are_found_by_folder_depth_pattern_and_comma_each_once_and_in_order(tmp_path, monkeypatch):
    for name in ("runs/b", "runs/a", "sweeps/lr/10", "sweeps/lr/9", "odd, [name]*"):
        make(tmp_path / name)
    monkeypatch.chdir(tmp_path)
    found = {
        asked: [str(path) for path in find(asked)[0]]
        for asked in ("runs/a", "runs", "runs/", "sweeps", "runs/[ab]", "*/l*", "runs/a,sweeps", "runs, runs/a", ".")
    }
    assert found["runs/a"] == ["runs/a"]
    assert found["runs"] == found["runs/"] == found["runs/[ab]"] == found["runs, runs/a"] == ["runs/a", "runs/b"]
    assert found["sweeps"] == found["*/l*"] == ["sweeps/lr/9", "sweeps/lr/10"]
    assert found["runs/a,sweeps"] == ["runs/a", "sweeps/lr/9", "sweeps/lr/10"]
    assert found["."] == ["odd, [name]*", "runs/a", "runs/b"], "two levels deep"
    assert find("odd, [name]*")[0] == [Path("odd, [name]*")], "what is there by that very name is meant"


def test_runs_of_the_same_name_are_told_apart_by_the_folders_around_them():
    folders = [Path("/s/lr/0"), Path("/s/lr/1"), Path("/s/seed/0")]
    assert distinct_names(folders) == ["lr/0", "lr/1", "seed/0"]
    assert distinct_names(folders[:2]) == ["0", "1"]


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("status.json", ""),
        ("status.json", "[]"),
        ("status.json", "{}"),
        ("status.json", '{"state": "running"}'),
        ("status.json", json.dumps({"state": "running", "host": socket.gethostname(), "pid": 10**30})),
        ("summary.json", None),
        ("summary.json", '{"parameters": "many"}'),
        ("metrics.csv", "a,b\n1,2\n"),
        ("metrics.csv", "batches\n1\n"),
        ("metrics.csv", "batches,samples\n1,nan\n"),
        ("metrics.csv", b"\xff\xfe\x00"),
        ("config.yaml", "a: ["),
        ("evaluation.json", '{"fid": {"value": NaN}}'),
        ("evaluation.json", '{"fid": 3}'),
    ],
)
def test_a_broken_run_is_named_and_left_out(tmp_path, file, content):
    make(tmp_path / "good")
    broken = make(tmp_path / "broken") / file
    broken.unlink(missing_ok=True)
    if content is not None:
        broken.write_bytes(content if isinstance(content, bytes) else content.encode())
    found, skipped = gather(str(tmp_path), read_config)
    assert [record.name for record in found] == ["good"]
    assert [one.place for one in skipped] == [str(tmp_path / "broken")]
    assert skipped[0].reason
    assert "\n" not in skipped[0].reason


def test_what_is_no_run_is_named_once_and_left_out(tmp_path):
    make(tmp_path / "good")
    (tmp_path / "notes/of/old").mkdir(parents=True)
    (tmp_path / ".git").mkdir()
    (tmp_path / "table.csv").touch()
    found, skipped = gather(f"{tmp_path},{tmp_path}/nowhere", read_config)
    assert [record.name for record in found] == ["good"]
    assert [one.place for one in skipped] == [str(tmp_path / "notes"), str(tmp_path / "nowhere")]


@pytest.mark.parametrize("asked", ["nowhere", "*", ",", "x" * 500, "a\0b"])
def test_without_any_run_one_line_says_so(tmp_path, monkeypatch, asked):
    monkeypatch.chdir(tmp_path)
    for number in range(5):
        (tmp_path / f"folder {number}").mkdir()
    with pytest.raises(RunError, match="there is no run to compare") as refused:
        gather(asked, read_config)
    assert "\n" not in str(refused.value)


def test_a_run_whose_process_is_gone_is_not_called_running(tmp_path):
    status = make(tmp_path / "run") / "status.json"
    for pid, state in ((os.getpid(), "running"), (2**22 + 1, "dead")):
        status.write_text(json.dumps({**json.loads(status.read_text()), "state": "running", "pid": pid}))
        assert records(tmp_path)[0].state == state


def test_no_name_carries_a_command_to_the_terminal(tmp_path):
    make(tmp_path / "red \x1b[31m\nrun")
    assert records(tmp_path)[0].name == "red \ufffd[31m\ufffdrun"


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


# MetricValues


def test_measures_come_in_their_order_and_those_of_one_class_stay_out(tmp_path):
    names = ["zeta", "mse", "class_fid/a", "fid", "kid", "alpha"]
    evaluate(make(tmp_path / "a"), **{name: measured(2) for name in names})
    assert [row.name for row in metric_rows(records(tmp_path))] == ["fid", "kid", "mse", "alpha", "zeta"]
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
    assert "went on for longer" in told


def test_runs_that_drew_at_other_epochs_show_the_same_shares_of_training(tmp_path):
    epochs, told = chosen(tmp_path, (0, 1, 4, 7, 12), (0, 2, 9, 21, 30))
    assert epochs == [(0, 0), (4, 9), (7, 21), (12, 30)]
    assert "different epochs" in told
    assert records(tmp_path)[0].seen(4) == 40, "at the end of the epoch, not within the next"


def test_grids_are_not_asked_of_runs_without_any(tmp_path):
    assert chosen(tmp_path / "none", ()) == ([], "No run has drawn a sample grid.")
    assert chosen(tmp_path / "one", (), (0, 1))[0] == [(None, 0), (None, 1)]
