"""The page about a sweep, over a sweep folder made by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from handwriting.reports.page import Code, Section, Table
from handwriting.reports.sweep import (
    SweepReport,
    best_config_name,
    csv_rows,
    facts_table,
    file_suffix,
    leaderboard_table,
    read_sweep,
    sections,
    terminal_lines,
)
from handwriting.sweeps import Sweep, SweepPlan, Trial


def trial(number: int, lr: str, value: float | None, seed: int = 0, state: str = "done", monitor: str = "val/fid"):
    why = "worse than half" if state == "failed" else None
    overrides = (f"model.lr={lr}", f"seed={seed}")
    return Trial(number, overrides, state, value, monitor, "min", why, 60.0)  # type: ignore[arg-type]


def report(folder: Path, *trials: Trial, state: str = "done", **status) -> SweepReport:
    folder.mkdir()
    sweep = Sweep(folder)
    sweep.write_plan(SweepPlan(("model=cgan",), ("model.lr=1e-3,1e-4",), command="handwriting train -m ..."))
    sweep.write_status(state, list(trials), {"total": len(trials), **status})
    return read_sweep(sweep, {})


@pytest.fixture
def four(tmp_path: Path) -> SweepReport:
    return report(tmp_path / "sweep", trial(0, "1e-3", 12.5), trial(1, "1e-4", 9.0), trial(2, "1e-2", 30.0),
                  trial(3, "1", None, state="failed"))  # fmt: skip


def blocks(page: list[Section], title: str) -> list:
    return list(next(section.blocks for section in page if section.title == title))


def facts(table: Table) -> dict[str, str]:
    return {name.text: fact.text for name, fact in table.rows}


def test_the_leaderboard_is_ordered_and_its_first_row_the_best(four):
    table = leaderboard_table(four.leaderboards["val/fid", "min"], {})
    assert [(row[0].text, row[1].text, row[1].best) for row in table.rows] == [
        ("1", "9.000", True), ("2", "12.50", False), ("3", "30.00", False)]  # fmt: skip
    assert [cell.text for cell in table.head] == ["", "val/fid", "trial", "model.lr", "time"]


def test_trials_that_differ_only_in_their_seed_share_a_row(tmp_path):
    seeds = report(tmp_path / "s", *(trial(n, "1e-3", 10.0 + n, seed=n) for n in range(3)), trial(3, "1e-4", 9.0))
    page = list(sections(seeds))
    table = next(block for block in blocks(page, "Leaderboard") if isinstance(block, Table))
    shared = next(row for row in table.rows if row[2].text == "3")
    assert (shared[1].text, shared[1].note, shared[3].text) == ("11.00", "±1.0", "0, 1, 2")
    assert any("spread over seeds" in str(block) for block in blocks(page, "Leaderboard"))


def test_the_best_trial_comes_with_the_commands_to_go_on(four):
    codes = [block.text for block in blocks(list(sections(four)), "Best trial") if isinstance(block, Code)]
    assert "model.lr=1e-4" in codes[0]
    assert "seed=0,1,2" in codes[1]
    assert codes[2].endswith(f"run={four.sweep.folder(1)}")


def test_failures_are_listed_with_their_reasons(four):
    (table,) = blocks(list(sections(four)), "Failures")
    assert [[cell.text for cell in row] for row in table.rows] == [["3", "failed", "worse than half",
                                                                    "model.lr=1 seed=0"]]  # fmt: skip


def test_the_facts_say_how_far_a_sweep_got(four, tmp_path):
    found = facts(facts_table(four))
    assert found["trials"] == "4 of 4: 3 done, 1 failed"
    assert found["best"] == "val/fid 9.000 (trial 1)"
    assert found["objective"] == "val/fid, lower is better"
    assert found["kind"] == "grid"


def test_two_objectives_have_sections_and_files_of_their_own(tmp_path):
    both = report(tmp_path / "s", trial(0, "1e-3", 9.0), trial(1, "1e-3", 0.5, monitor="val/loss"))
    titles = [section.title for section in sections(both)]
    assert {"Leaderboard, by val/fid", "Leaderboard, by val/loss"} <= set(titles)
    assert best_config_name(("val/loss", "min"), both) == "best_val_loss.yaml"
    assert file_suffix(("val/fid@2", "min")) == "val_fid_2"


def test_the_csv_file_has_a_row_for_each_trial(four):
    rows = list(csv_rows(four))
    assert [(row["trial"], row["state"], row["value"], row["place"]) for row in rows] == [
        (0, "done", 12.5, 2), (1, "done", 9.0, 1), (2, "done", 30.0, 3), (3, "failed", None, None)]  # fmt: skip
    assert rows[1]["model.lr"] == "1e-4"


def test_runs_that_cannot_be_read_are_skipped_with_the_reason(tmp_path):
    four = report(tmp_path / "s", trial(0, "1e-3", 9.0))
    again = read_sweep(four.sweep)
    (skipped,) = again.skipped
    assert skipped.path == str(four.sweep.folder(0))
    assert "Skipped" in [section.title for section in sections(again)]
    assert any(line.startswith("Skipped: ") for line in terminal_lines(again, tmp_path / "out"))


def test_the_terminal_has_at_most_ten_rows_of_a_leaderboard(tmp_path):
    many = report(tmp_path / "s", *(trial(n, f"{n + 1}e-4", float(n)) for n in range(12)))
    lines = list(terminal_lines(many, tmp_path / "out"))
    assert "... and 2 more" in lines
    assert lines[-1] == f"      {tmp_path / 'out' / 'best.yaml'}"


def test_a_done_trial_without_a_value_is_named_next_to_the_ranked_ones(tmp_path):
    three = report(tmp_path / "s", trial(0, "1e-3", 9.0), trial(1, "1e-4", None), trial(2, "1e-2", None))
    reason, table = blocks(list(sections(three)), "Trials without a rank")
    assert reason.startswith("Done without a finite val/fid, and so without a rank: trial 1, 2.")
    assert [[cell.text for cell in row] for row in table.rows] == [
        ["1", "1e-4", "0", "1 min 00 s"],
        ["2", "1e-2", "0", "1 min 00 s"],
    ]
    assert reason in list(terminal_lines(three, tmp_path / "out"))
