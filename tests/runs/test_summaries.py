"""What a table shows of a run comes from two small files, and from nothing else."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from handwriting import files
from handwriting.errors import RunError
from handwriting.files import read_json
from handwriting.runs import RunFolder, claim
from handwriting.runs.summaries import RunSummary, as_override, read_summary

METRICS = {
    "val/fid": {"value": 9.0, "min": 7.0, "max": 30.0},
    "val/class_accuracy": {"value": 0.8, "min": 0.1, "max": 0.9},
    "train/loss": {"value": 1.0, "min": 1.0, "max": 2.0},
}


def make(folder: Path, **facts: Any) -> RunFolder:
    run = RunFolder(claim(folder))
    run.begin("seed: 3\n", {"seed": 3}, {"model": "VAE", "data": "emnist", "seed": 3, "monitor": "val/fid",
              "mode": "min", "settings": {"model.lr": "0.1"}, **facts})  # fmt: skip
    run.summarise({"epoch": 2, "samples": 20, "metrics": METRICS})
    return run


def entry(folder: Path) -> RunSummary:
    return read_summary(folder, folder.name, read_json(folder / "summary.json"), read_json(folder / "status.json"))


def refusal(folder: Path) -> str:
    """Return what is said of a run that cannot be read, which is one line."""
    with pytest.raises(RunError) as refused:
        entry(folder)
    told = str(refused.value)
    assert "\n" not in told
    return told


def change(file: Path, **values: Any) -> None:
    file.write_text(json.dumps({**json.loads(file.read_text()), **values}))


def test_an_entry_needs_only_two_small_files(tmp_path: Path) -> None:
    run = make(tmp_path / "run")
    run.metrics.append({"epoch": 1, "batches": 1, "samples": 10, "seconds": 1.0})
    run.end("failed", "NotFiniteError: the loss is nan")
    for name in ("config.yaml", "metrics.csv"):
        (run.path / name).unlink()
    found = entry(run.path)
    assert (found.path, found.name, found.state) == (run.path, "run", "failed")
    assert found.why == "NotFiniteError: the loss is nan"
    assert found.started == json.loads((run.path / "status.json").read_text())["started"]
    assert (found.model, found.data, found.seed, found.epoch, found.samples) == ("VAE", "emnist", 3, 2, 20)
    assert (found.settings, found.metrics) == ({"model.lr": "0.1"}, METRICS)


def test_the_study_of_an_earlier_version_is_the_experiment(tmp_path: Path) -> None:
    run = make(tmp_path / "run", study="mnist/cgan")
    run.end("done")
    assert entry(run.path).experiment == "mnist/cgan"
    run = make(tmp_path / "resumed", study="mnist/cgan", experiment="mnist/cgan_4")
    assert entry(run.path).experiment == "mnist/cgan_4", "the name of this version counts"


def test_what_a_run_does_not_say_is_none_or_empty(tmp_path: Path) -> None:
    run = RunFolder(claim(tmp_path / "run"))
    run.begin("", {}, {})
    run.end("done")
    found = entry(run.path)
    assert (found.why, found.model, found.seed, found.seconds, found.best) == (None,) * 5
    assert found.settings == found.metrics == found.tested == found.validation() == {}
    assert found.last("val/fid") is None


def test_a_killed_run_is_called_dead(tmp_path: Path) -> None:
    run = make(tmp_path / "run")
    assert entry(run.path).state == "running", "this very process is alive"
    gone = subprocess.Popen([sys.executable, "-S", "-c", ""])
    gone.wait()
    run.note(pid=gone.pid)
    assert entry(run.path).state == "dead"
    run.note(pid=os.getpid())
    assert entry(run.path).state == "running"


def test_a_number_given_to_a_later_process_does_not_bring_a_run_back(tmp_path: Path) -> None:
    run = make(tmp_path / "run")
    change(run.path / "status.json", process_started=1)
    assert entry(run.path).state == "dead"


def test_a_run_elsewhere_is_dead_once_it_was_not_heard_of_for_long(tmp_path: Path) -> None:
    run = make(tmp_path / "run")
    change(run.path / "status.json", host="elsewhere")
    assert entry(run.path).state == "running"
    change(run.path / "status.json", heartbeat="2001-01-01T00:00:00+00:00")
    assert entry(run.path).state == "dead"


def test_a_run_that_ended_is_never_called_dead(tmp_path: Path) -> None:
    run = make(tmp_path / "run")
    run.end("done")
    change(run.path / "status.json", pid=2**22 + 1)
    assert entry(run.path).state == "done"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("parameters", "many"),
        ("seed", 0.5),
        ("model", 3),
        ("seconds", float("nan")),
        ("settings", ["model.lr"]),
        ("settings", {"model.lr": {"deep": 1}}),
        ("metrics", {"val/fid": 3}),
        ("metrics", {"val/fid": {"value": "low"}}),
        ("tested", {"fid": [1]}),
    ],
)
def test_values_that_no_run_writes_are_refused_by_their_name(tmp_path: Path, key: str, value: Any) -> None:
    folder = make(tmp_path / "run").path
    change(folder / "summary.json", **{key: value})
    told = refusal(folder)
    assert told.startswith(f"{folder} holds no run as this version writes it: {key}")


@pytest.mark.parametrize(
    "status",
    [
        {},
        {"state": "running"},
        {"state": "running", "host": "elsewhere", "heartbeat": "yesterday"},
        {"state": "running", "host": "elsewhere", "heartbeat": 3},
        {"state": "running", "host": "elsewhere", "heartbeat": "2026-01-01T00:00:00"},
    ],
    ids=str,
)
def test_a_status_without_a_state_or_a_process_is_refused(tmp_path: Path, status: dict[str, Any]) -> None:
    folder = make(tmp_path / "run").path
    (folder / "status.json").write_text(json.dumps(status))
    assert refusal(folder).startswith(f"{folder / 'status.json'} is not the status of a run (")


@pytest.mark.parametrize("pid", [10**30, "12", None, [1]], ids=str)
def test_a_process_number_that_is_none_is_refused(tmp_path: Path, pid: Any) -> None:
    run = make(tmp_path / "run")
    change(run.path / "status.json", pid=pid)
    assert refusal(run.path).startswith(f"{run.path / 'status.json'} is not the status of a run (")


def test_a_state_that_is_no_word_is_refused(tmp_path: Path) -> None:
    folder = make(tmp_path / "run").path
    change(folder / "status.json", state=["done"])
    assert "state" in refusal(folder)


@pytest.mark.parametrize("name", ["summary.json", "status.json"])
@pytest.mark.parametrize(
    "content",
    [None, b"", b"{", b"[]", b"3", b"\xff\xfe", b'{"a":' * 100_000, b"[" * 100_000],
    ids=["missing", "empty", "cut off", "list", "number", "no text", "deep objects", "deep lists"],
)
def test_a_file_that_is_no_json_object_is_refused_by_its_name(tmp_path: Path, name: str, content: bytes | None) -> None:
    folder = make(tmp_path / "run").path
    (folder / name).unlink()
    if content is not None:
        (folder / name).write_bytes(content)
    assert refusal(folder).startswith(str(folder / name))


@pytest.mark.parametrize("name", ["summary.json", "status.json"])
def test_a_file_far_larger_than_any_run_writes_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    folder = make(tmp_path / "run").path
    largest = max((folder / one).stat().st_size for one in ("summary.json", "status.json"))
    monkeypatch.setattr(files, "MAX_JSON_BYTES", largest)
    assert entry(folder).model == "VAE", "as large as it may be"
    with (folder / name).open("a") as file:
        file.write(" " * largest)
    told = refusal(folder)
    assert told.startswith(str(folder / name))
    assert "no run writes that much" in told


def test_the_best_is_what_the_monitor_reached_as_its_mode_says(tmp_path: Path) -> None:
    assert entry(make(tmp_path / "a").path).best == 7.0
    assert entry(make(tmp_path / "b", monitor="val/class_accuracy", mode="max").path).best == 0.9
    assert entry(make(tmp_path / "c", monitor="val/kid").path).best is None, "not measured yet"
    assert entry(make(tmp_path / "d", monitor=None, mode=None).path).best is None


def test_validation_tells_what_was_measured_last_and_nothing_of_training(tmp_path: Path) -> None:
    found = entry(make(tmp_path / "run").path)
    assert found.validation() == {"val/fid": 9.0, "val/class_accuracy": 0.8}
    assert found.last("train/loss") == 1.0


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "null"), (True, "true"), (False, "false"), (1, "1"), (0.0001, "0.0001"), ("none", "none"), ("", ""),
        ([], "[]"), ((1, None), "[1, null]"), ([[True], "a"], "[[true], a]"),
    ],
    ids=str,
)  # fmt: skip
def test_settings_read_as_they_are_typed(value: Any, text: str) -> None:
    assert as_override(value) == text
