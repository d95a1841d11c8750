"""The page about a sweep."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.sweep_folders import write_sweep
from handwriting.jobs import MISTAKE, main
from handwriting.runs import Run
from handwriting.sweeps import Sweep


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Sweep:
    return write_sweep(tmp_path_factory.mktemp("sweeps") / "many", trials=30)


@pytest.fixture
def page(written: Sweep, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> tuple[Path, str]:
    assert main(["compare", f"runs={written.path}", f"out={tmp_path / 'out'}"]) == 0
    return tmp_path / "out", capsys.readouterr().out


def test_the_page_of_a_sweep_has_all_its_sections(written: Sweep, page: tuple[Path, str]) -> None:
    out, printed = page
    names = {"comparison.html", "comparison.md", "comparison.csv", "best.yaml", "importance_val_fid.png",
             "parallel_val_fid.png", "history_val_fid.png", "samples.png"}  # fmt: skip
    assert {path.name for path in out.iterdir()} == names
    text = (out / "comparison.md").read_text()
    for part in ("Leaderboard", "Best trial", "Importance of parameters", "Samples of the top trials", "Failures"):
        assert f"## {part}\n" in text
    assert "NotFiniteError: train/generator\\_loss is nan" in text or "NotFiniteError" in text
    best = min((trial for trial in written.trials if trial.state == "done"), key=lambda trial: trial.value or 0)
    assert f"handwriting train model=cgan data=emnist {best.overrides[0]}" in printed
    assert (out / "best.yaml").read_text() in text.replace("\n    ", "\n")


def test_the_table_has_a_row_for_each_trial(written: Sweep, page: tuple[Path, str]) -> None:
    rows = list(csv.DictReader((page[0] / "comparison.csv").open()))
    assert [int(row["trial"]) for row in rows] == list(range(30))
    for row, trial in zip(rows, written.trials, strict=True):
        assert row["state"] == trial.state
        assert row["value"] == ("" if trial.value is None else str(trial.value))
        assert row["model.lr"] == trial.parameters["model.lr"]


def test_further_metrics_are_columns_next_to_the_objective(written: Sweep, page: tuple[Path, str]) -> None:
    out, printed = page
    (head,) = [line for line in printed.splitlines() if "trial  " in line and "val/fid" in line]
    assert "last val/class_accuracy" in head
    assert "last val/fid" not in head
    assert "test fid" not in head, "no trial was evaluated"
    rows = list(csv.DictReader((out / "comparison.csv").open()))
    for row, trial in zip(rows, written.trials, strict=True):
        if trial.state == "done":
            assert float(row["last_val/class_accuracy"]) == pytest.approx(1 / (1 + (trial.value or 0) / 100))
            assert float(row["last_val/fid"]) == trial.value


def test_what_was_measured_on_the_test_set_stands_there_too(tmp_path: Path) -> None:
    sweep = write_sweep(tmp_path / "s", trials=3)
    Run.at(sweep.folder(1)).write_evaluation({"fid": {"value": 4.5, "floor": 1.0}})
    assert main(["compare", f"runs={sweep.path}", f"out={tmp_path / 'out'}"]) == 0
    rows = list(csv.DictReader((tmp_path / "out" / "comparison.csv").open()))
    assert [row["test_fid"] for row in rows] == ["", "4.5", ""]


def test_the_page_needs_no_network_and_no_scripts(page: tuple[Path, str]) -> None:
    html = (page[0] / "comparison.html").read_text()
    assert "<script" not in html
    assert "http://" not in html
    assert "https://" not in html
    assert len(html) < 2_000_000


def test_a_broken_trial_folder_is_skipped_with_its_reason(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sweep = write_sweep(tmp_path / "s", trials=6)
    (sweep.folder(0) / "status.json").write_text('{"state": 3}')
    (sweep.folder(1) / "summary.json").write_text("{")
    assert main(["compare", f"runs={sweep.path}", f"out={tmp_path / 'out'}"]) == 0
    assert "## Skipped" in (tmp_path / "out" / "comparison.md").read_text()


def test_a_sweep_without_a_finished_trial_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sweep = write_sweep(tmp_path / "s", trials=3)
    sweep.write_status("running", [replace(trial, state="failed", value=None) for trial in sweep.trials], {})
    assert main(["compare", f"runs={sweep.path}", f"out={tmp_path / 'out'}"]) == MISTAKE
    assert capsys.readouterr().err == f"runs={sweep.path}: no trial of this sweep is done yet (3 failed).\n"
    assert not (tmp_path / "out").exists()


def test_a_sweep_none_of_whose_trials_logged_the_monitor_gets_its_page_without_a_ranking(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sweep = write_sweep(tmp_path / "s", trials=3)
    sweep.write_status("done", [replace(trial, state="done", value=None) for trial in sweep.trials], {})
    assert main(["compare", f"runs={sweep.path}", f"out={tmp_path / 'out'}"]) == 0
    printed = capsys.readouterr().out
    assert "No trial logged a finite val/fid: there is no ranking." in printed
    assert "callbacks.best_checkpoint.monitor=<value>" in printed
    assert sweep.trials[2].parameters["model.lr"] in printed
    text = (tmp_path / "out" / "comparison.md").read_text()
    assert "## Trials without a rank\n" in text
    assert "## Leaderboard" not in text
    assert f"{sweep.folder(0)},{sweep.folder(1)}" in text, "their curves and grids can be put side by side"
    rows = list(csv.DictReader((tmp_path / "out" / "comparison.csv").open()))
    assert [(row["state"], row["value"], row["place"]) for row in rows] == [("done", "", "")] * 3
    assert not (tmp_path / "out" / "best.yaml").exists()


def test_a_sweep_whose_files_are_broken_is_refused_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sweep = write_sweep(tmp_path / "s", trials=3)
    (sweep.path / "sweep.json").write_text('{"trials": [{"number": "x"}]}')
    assert main(["compare", f"runs={sweep.path}", f"out={tmp_path / 'out'}"]) == MISTAKE
    assert "holds no trials as this version writes them" in capsys.readouterr().err
    (sweep.path / "plan.json").write_text("[]")
    assert main(["compare", f"runs={sweep.path}", f"out={tmp_path / 'out'}"]) == MISTAKE
    assert "plan.json" in capsys.readouterr().err


def test_trials_of_a_sweep_can_still_be_put_side_by_side(written: Sweep, tmp_path: Path) -> None:
    runs = ",".join(str(written.folder(number)) for number in (0, 1))
    assert main(["compare", f"runs={runs}", f"out={tmp_path / 'out'}"]) == 0
    assert "2 runs compared" in (tmp_path / "out" / "comparison.md").read_text()
