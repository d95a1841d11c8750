"""The page that compares runs, over details made by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from handwriting.metric_values import MetricValue
from handwriting.reports.comparison import metric_rows
from handwriting.reports.page import Code, Picture, Section, Table
from handwriting.reports.runs import (
    evaluation_commands,
    facts_table,
    metric_table,
    sections,
    terminal_text,
    title,
)
from handwriting.runs.details import RunDetails
from handwriting.runs.finding import Skipped


def run(name: str, metric_values: dict[str, MetricValue] | None = None, **facts: Any) -> RunDetails:
    rows = [{"epoch": n, "batches": n, "samples": 10.0 * n, "seconds": 1.0, "val/loss": 1.0 / n} for n in (1, 2, 3)]
    values: dict[str, Any] = {
        "config": {"seed": name},
        "rows": rows,
        "grids": {},
        "has_checkpoint": True,
        "model": "VAE",
        "seconds": 90.0,
    }
    return RunDetails(path=Path("runs", name), name=name, state="done", metric_values=metric_values or {},
                      **{**values, **facts})  # fmt: skip


def value(number: float, **more: Any) -> MetricValue:
    return MetricValue(number, 100, **{"floor": 1.0, "classifier": "3f2a91c0", "accuracy": 0.97, **more})


def blocks(page: list[Section], name: str) -> list[Any]:
    return list(next(section.blocks for section in page if section.title == name))


FIRST = run("2026-01-02_03-04-05_vae", {"fid": value(12.5, error=0.5, caption="Frechet distance"), "mine": value(2.0)})
SECOND = run("mine", {"fid": value(20.0), "class_fid/a": value(3.0)})
BARE = run("bare", metrics={"val/loss": {"value": 1 / 3}, "train/loss": {"value": 0.5}})


def test_the_sections_come_in_a_fixed_order():
    page = list(sections([FIRST, SECOND, BARE], [Skipped("runs/notes", "not a run folder")]))
    assert [section.title for section in page] == ["Runs", "Metrics", "Settings that differ", "Training", "Samples"]
    assert "Skipped: runs/notes (not a run folder)" in blocks(page, "Runs")


def test_metrics_are_rows_with_captions_values_floors_and_the_best():
    table = metric_table([FIRST, SECOND], metric_rows([FIRST, SECOND]))
    fid, mine = table.rows
    assert [cell.text for cell in fid] == ["fid ↓", "12.50", "20.00", "1.000", "100"]
    assert fid[0].note == "Frechet distance"
    assert (fid[1].best, fid[2].best) == (True, False)
    assert fid[1].note == "±0.50, +11.5"
    assert (mine[0].text, mine[0].note, mine[2].text) == ("mine ↓", "", "-")


def test_values_by_different_classifiers_are_not_compared():
    other = run("other", {"fid": value(1.0, classifier="77aa77aa")})
    page = list(sections([FIRST, other], []))
    table = next(block for block in blocks(page, "Metrics") if isinstance(block, Table))
    assert table.rows[0][0].note == "not comparable"
    assert not any(cell.best for row in table.rows for cell in row)
    assert any(str(block).startswith("Not comparable: fid.") for block in blocks(page, "Metrics"))


def test_a_run_without_an_evaluation_gets_its_command_and_its_validation_values():
    assert evaluation_commands([FIRST, BARE]) == ["handwriting evaluate run=runs/bare"]
    found = blocks(list(sections([FIRST, BARE], [])), "Metrics")
    assert Code("handwriting evaluate run=runs/bare") in found
    last = found[-1]
    assert [[cell.text for cell in row] for row in last.rows] == [["val/loss", "0.3333"]]


def test_a_run_without_a_checkpoint_gets_no_command_to_evaluate_it():
    failed = run("failed", has_checkpoint=False)
    assert evaluation_commands([FIRST, failed]) == []
    assert "handwriting evaluate" not in terminal_text([FIRST, failed], [])
    found = blocks(list(sections([FIRST, failed, BARE], [])), "Metrics")
    said = "Not evaluated: 2 (failed), 3 (bare). Without a checkpoint, and so not to be evaluated: 2."
    assert said in found
    assert Code("handwriting evaluate run=runs/bare") in found


def test_heads_of_columns_leave_out_the_time_and_rows_keep_it():
    assert metric_table([FIRST, SECOND], metric_rows([FIRST, SECOND])).head[1].note == "vae"
    assert facts_table([FIRST, SECOND]).rows[0][0].note == FIRST.name


def test_curves_are_drawn_and_grids_that_do_not_exist_are_not():
    page = list(sections([FIRST, SECOND], []))
    assert isinstance(blocks(page, "Training")[0], Picture)
    assert not any(isinstance(block, Picture) for block in blocks(page, "Samples"))


def test_the_terminal_text_has_runs_metrics_and_warnings_and_no_control_characters():
    odd = run("odd\x1b[31m", {"fid": value(9.0)})
    text = terminal_text([FIRST, odd, BARE], [Skipped("runs/x", "broken")])
    assert "Skipped: runs/x (broken)" in text
    assert "Not evaluated:\n  handwriting evaluate run=runs/bare" in text
    assert all(line.isprintable() for line in text.split("\n"))


def test_the_title_counts_the_runs():
    assert title([FIRST, SECOND]) == "2 runs compared"
    assert title([SECOND]) == "The run mine"
