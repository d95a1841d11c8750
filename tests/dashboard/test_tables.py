"""Tables as pages show them, of runs and sweeps that nobody trained."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from benchmarks.run_folders import write_runs
from benchmarks.sweep_folders import write_sweep
from handwriting.dashboard.run_index import RunIndex
from handwriting.dashboard.tables import (
    STATES,
    anchor,
    began,
    counts,
    epoch_shown,
    facts_html,
    runs_shown,
    runs_table,
    selected,
    state,
    swatch,
    sweeps_table,
    table_rows,
    trials_table,
)
from handwriting.errors import ConfigError
from handwriting.metric_values import MetricValue
from handwriting.plots.themes import page_colour
from handwriting.reports.comparison import metric_rows
from handwriting.reports.page import Cell, Table
from handwriting.reports.runs import FACTS, facts_table, metric_table
from handwriting.reports.sweep import leaderboard_table, read_sweep
from handwriting.runs.details import RunDetails
from handwriting.runs.summaries import DEAD
from handwriting.sweeps import Sweep, Trial
from handwriting.text import format_count, number_in

MARKUP = """<img src=x onerror="alert('1')">&amp;"""
LIVE = re.compile("<img|onerror=\"|'1'")
"""What must not be left of it."""


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("index") / "runs"
    write_runs(folder, runs=6, metrics=8, grids=1, rows=4)
    write_sweep(folder / "sweep", trials=21, rows=4)
    return folder


@pytest.fixture
def sweep(written: Path, tmp_path: Path) -> Sweep:
    """Return a sweep that a test may break."""
    return Sweep(shutil.copytree(written / "sweep", tmp_path / "sweep"))


BARE = """
import sys
from pathlib import Path
sys.modules.update(dict.fromkeys(("streamlit", "pandas", "torch")))
from handwriting.dashboard import tables
from handwriting.dashboard.run_index import RunIndex
snapshot = RunIndex([Path(sys.argv[1])]).snapshot()
print(len(tables.runs_table(snapshot.summaries)), len(tables.sweeps_table(snapshot)))
"""


def test_no_table_needs_streamlit_or_pandas(written: Path):
    done = subprocess.run([sys.executable, "-c", BARE, str(written)], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["27", "1"]


# Runs


def test_every_run_has_a_row_with_what_its_small_files_say(written: Path):
    entries = {key: entry for key, entry in RunIndex([written]).snapshot().summaries.items() if "sweep" not in key}
    rows = runs_table(entries)
    assert [row["run"] for row in rows] == list(entries)
    assert sorted(row["model"] for row in rows) == ["CGAN", "CVAE", "DCGAN", "VAE", "VAE", "WGANGP"]
    for row, entry in zip(rows, entries.values(), strict=True):
        seen = json.loads((entry.path / "summary.json").read_text())
        fid = seen["metrics"]["val/fid"]
        assert (row["FID"], row["best"], row["monitor"]) == (fid["min"], fid["min"], "val/fid")
        assert row["floor"] == seen["metrics"]["floor/fid"]["value"]
        assert row["minutes"] == seen["seconds"] / 60
        assert (row["seed"], row["epoch"], row["parameters"]) == (seen["seed"], seen["epoch"], seen["parameters"])
        assert row["began"] is not None
        assert row["began"].astimezone(UTC).isoformat() == entry.started
        assert "class accuracy" not in row, "no run measured it"


def test_states_are_words_and_a_failure_says_why(written: Path):
    rows = {
        row["run"].split("_")[1]: row
        for row in runs_table(RunIndex([written]).snapshot().summaries)
        if "_" in row["run"]
    }
    assert rows["000003"]["state"] == STATES["failed"]
    assert "train/generator_loss is nan" in rows["000003"]["why"]
    assert {row["state"] for number, row in rows.items() if number != "000003"} == {STATES["done"]}
    assert {row["why"] for number, row in rows.items() if number != "000003"} == {None}


def test_settings_and_metrics_are_columns_where_asked_for(written: Path):
    entries = {key: entry for key, entry in RunIndex([written]).snapshot().summaries.items() if "sweep" not in key}
    asked = ["model.lr", "val/fid", "train/generator_loss", "nothing"]
    columns = list(runs_table(entries)[0])
    for row, entry in zip(runs_table(entries, asked), entries.values(), strict=True):
        assert set(row) - set(columns) == set(asked)
        assert row["model.lr"] == float(entry.settings["model.lr"])
        assert row["val/fid"] == entry.metrics["val/fid"]["value"]
        assert row["train/generator_loss"] == entry.metrics["train/generator_loss"]["value"]
        assert row["nothing"] is None


def test_a_run_whose_process_is_gone_is_dead(written: Path, tmp_path: Path):
    (one,) = [path for path in written.iterdir() if "000000" in path.name]
    status = shutil.copytree(one, tmp_path / "runs" / "gone") / "status.json"
    status.write_text(json.dumps({**json.loads(status.read_text()), "state": "running", "pid": 2**22 + 1}))
    (row,) = runs_table(RunIndex([tmp_path / "runs"]).snapshot().summaries)
    assert (row["run"], row["state"]) == ("runs/gone", STATES[DEAD])


def test_every_state_has_words_of_its_own_and_a_new_one_is_shown_as_it_is():
    assert len(set(STATES.values())) == len(STATES)
    assert len({words[0] for words in STATES.values()}) >= 6, "their signs differ"
    assert (state("frozen"), state(None)) == ("frozen", "not started")
    assert [state(name) for name in STATES] == list(STATES.values())


@pytest.mark.parametrize("text", ["", None, "yesterday", "2026-13-01"])
def test_a_time_that_is_none_is_left_empty(text: str | None):
    assert began(text) is None
    here = began("2026-01-02T03:04:05+00:00")
    assert here is not None
    assert here.tzinfo is None, "as clocks here show it"
    assert here.astimezone(UTC) == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def test_a_table_shows_the_runs_that_fit_and_trials_only_where_asked(written: Path):
    snapshot = RunIndex([written]).snapshot()
    assert len(runs_shown(snapshot, "", trials=True)) == 27
    assert list(runs_shown(snapshot, "", trials=False)) == [key for key in snapshot.summaries if "sweep" not in key]
    assert len(runs_shown(snapshot, "model=VAE", trials=False)) == 2
    assert len(runs_shown(snapshot, "model=CGAN", trials=True)) == 22
    assert all(entry.state == "failed" for entry in runs_shown(snapshot, "failed", trials=True).values())
    with pytest.raises(ConfigError, match=r"model\.nothing"):
        runs_shown(snapshot, "model.nothing=1", trials=True)


def test_how_many_runs_there_are_and_failed_is_said(written: Path):
    assert counts(RunIndex([written]).snapshot(), 5) == "5 of 27 runs; 2 failed"
    assert counts(RunIndex([written / "nowhere"]).snapshot(), 0) == "0 of 0 runs"


@pytest.mark.parametrize(
    ("chosen", "shown", "marked", "after"),
    [
        ([], ["a", "b"], ["b", "a"], ["b", "a"]),
        (["b", "hidden"], ["a", "b"], [], ["hidden"]),
        (["b", "hidden"], ["a", "b"], ["a", "b"], ["b", "hidden", "a"]),
        (["a"], [], [], ["a"]),
    ],
)
def test_marking_rows_keeps_the_order_and_what_is_not_shown(
    chosen: list[str], shown: list[str], marked: list[str], after: list[str]
):
    assert selected(chosen, shown, marked) == after


# Sweeps


def row_of(sweep: Sweep) -> dict[str, object]:
    (row,) = sweeps_table(RunIndex([sweep.path.parent]).snapshot())
    return row


def test_a_sweep_is_told_in_a_row(sweep: Sweep):
    row = row_of(sweep)
    best = min((trial for trial in sweep.trials if trial.state == "done"), key=lambda trial: trial.value or 0)
    assert row["sweep"] == f"{sweep.path.parent.name}/sweep"
    assert row["state"] == STATES["done"]
    assert (row["ended"], row["trials"]) == (21, 21)
    assert row["failed"] == 1
    assert (row["best so far"], row["monitor"], row["best trial"]) == (best.value, "val/fid", best.number)
    assert row["minutes left"] is None, "it has ended"
    assert row["began"].astimezone(UTC) == datetime.fromisoformat(sweep.status["started"])
    assert "why" not in row


def test_a_sweep_that_runs_says_how_long_it_will_take(sweep: Sweep):
    trials = [Trial(0, ("seed=0",), "running"), Trial(1, ("seed=1",), "interrupted"), Trial(2, ("seed=2",))]
    sweep.write_status("running", trials, {"total": 9, "seconds_left": 90})
    row = row_of(sweep)
    assert (row["state"], row["ended"], row["trials"], row["failed"]) == (STATES["running"], 1, 9, 1)
    assert (row["best so far"], row["minutes left"]) == (None, 1.5)


def test_a_sweep_that_was_never_started_has_no_best(sweep: Sweep):
    (sweep.path / "sweep.json").unlink()
    row = row_of(sweep)
    assert (row["state"], row["ended"], row["trials"], row["best so far"]) == ("not started", 0, 0, None)
    assert row["began"] is None


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "sweep.json cannot be read"),
        ("{", "sweep.json cannot be read"),
        ("[]", "does not hold a JSON object"),
        ('{"state": "done", "best": 3}', "not subscriptable"),
        ('{"state": "done", "best": {"trial": 1}}', "monitor"),
        ('{"state": "done", "counts": {"done": "many"}}', "str"),
        ('{"state": "done", "counts": [1]}', "list"),
        ('{"state": ["done"]}', "list"),
        ('{"state": "done", "started": "\\u001b[31m"}', None),
        ('{"state": "done", "best": {"trial": 1, "monitor": "m", "value": 1' + 400 * "0" + "}}", "too large"),
    ],
)
def test_a_sweep_that_cannot_be_read_has_a_row_with_the_reason(sweep: Sweep, text: str, why: str | None):
    (sweep.path / "sweep.json").write_text(text)
    row = row_of(sweep)
    assert row["sweep"] == f"{sweep.path.parent.name}/sweep"
    if why is None:  # what cannot be read of it is left empty
        assert (row["state"], row["began"]) == (STATES["done"], None)
        return
    assert row["state"] == "cannot be read"
    assert why in str(row["why"])
    assert "\n" not in str(row["why"])


def test_one_broken_sweep_hides_no_other(sweep: Sweep):
    other = shutil.copytree(sweep.path, sweep.path.parent / "other")
    (sweep.path / "sweep.json").write_text("{")
    rows = {row["sweep"].rpartition("/")[2]: row["state"] for row in sweeps_table(RunIndex([other.parent]).snapshot())}
    assert rows == {"sweep": "cannot be read", "other": STATES["done"]}


# Trials


def test_every_trial_has_a_row_with_what_it_alone_was_given(written: Path):
    trials = Sweep(written / "sweep").trials
    rows = trials_table(trials)
    assert [row["trial"] for row in rows] == list(range(21))
    for row, trial in zip(rows, trials, strict=True):
        assert row["state"] == STATES[trial.state]
        assert row["val/fid"] == trial.value
        assert {name: row[name] for name in trial.parameters} == {
            name: text if (number := number_in(text)) is None else number for name, text in trial.parameters.items()
        }
        assert row["minutes"] == pytest.approx(1 + trial.number % 7 / 60)
        assert row["why"] == trial.why
    assert {row["state"] for row in rows} == {STATES[name] for name in ("done", "pruned", "failed")}
    assert len({tuple(row) for row in rows}) == 1, "the same columns"


def test_trials_that_differ_in_what_they_were_given_share_all_columns():
    rows = trials_table([Trial(0, ("model.lr=1",)), Trial(1, ("+seed=2",), "running", seconds=30.0)])
    assert rows == [
        {"trial": 0, "state": STATES["waiting"], "reached": None, "model.lr": 1, "seed": None, "minutes": None,
         "why": None},
        {"trial": 1, "state": STATES["running"], "reached": None, "model.lr": None, "seed": 2, "minutes": 0.5,
         "why": None},
    ]  # fmt: skip
    assert trials_table([]) == []


# Words and addresses


def test_in_a_table_of_a_report_a_note_follows_its_text():
    table = Table(
        head=[Cell(""), Cell("fid"), Cell("kid", "x 1000")],
        rows=[
            [Cell("1", "first", run=0), Cell("3.5", "floor 1.0", best=True), Cell("-")],
            [Cell("2", "second", run=1), Cell("4.5"), Cell("")],
        ],
    )
    assert table_rows(table) == [
        {"#": "1 first", "fid": "3.5 (floor 1.0)", "kid (x 1000)": "-"},
        {"#": "2 second", "fid": "4.5", "kid (x 1000)": ""},
    ]


def test_in_a_table_of_a_report_numbers_stay_numbers_with_their_notes_next_to_them():
    columns = [
        [Cell.number(1_024, format_count, note="±3"), Cell.number(98, format_count), Cell.number(None)],
        [Cell.setting("1e-3"), Cell.setting("0.1"), Cell.setting(None)],
        [Cell.setting("8"), Cell.setting("batch"), Cell.number(2.5)],
    ]
    table = Table([Cell("glyphs"), Cell("lr"), Cell("norm")], list(zip(*columns, strict=True)), notes="±")
    assert [cell.text for cell in columns[0]] == ["1,024", "98", "-"]
    assert table_rows(table) == [
        {"glyphs": 1_024, "glyphs ±": "±3", "lr": 0.001, "norm": "8"},
        {"glyphs": 98, "glyphs ±": "", "lr": 0.1, "norm": "batch"},
        {"glyphs": None, "glyphs ±": "", "lr": None, "norm": "2.5"},
    ]
    assert [sorted(row["glyphs"] for row in table_rows(table)[:2])] == [[98, 1_024]]


def test_the_leaderboard_and_the_metrics_of_a_run_hold_numbers(written: Path):
    found = read_sweep(Sweep(written / "sweep"))
    ((_, standings),) = found.leaderboards.items()
    rows = table_rows(leaderboard_table(standings, found.summaries))
    assert rows
    for name in ("#", "val/fid", "model.lr", "time"):
        assert {type(row[name]) for row in rows} <= {int, float}, name
    value = MetricValue(1_024.0, 2_000, floor=98.0, error=0.5)
    run = RunDetails(
        path=written,
        name="a",
        state="done",
        config={},
        metric_values={"fid": value},
        rows=[],
        grids={},
        has_checkpoint=True,
    )
    (row,) = table_rows(metric_table([run], metric_rows([run])))
    assert (row["1 a"], row["floor"], row["glyphs"]) == (1_024.0, 98.0, 2_000)
    assert row["1 a ± standard error, distance from the floor"] == "±0.50, +926"
    cells = dict(zip(FACTS, facts_table([replace(run, parameters=1_024)]).rows[0][1:], strict=True))
    assert (cells["parameters"].text, cells["parameters"].value) == ("1,024", 1_024)


def text_of(markup: str) -> str:
    return html.unescape(re.sub("<[^>]*>", "", markup))


@pytest.mark.parametrize("index", [0, 3, 10])
def test_a_swatch_is_the_number_of_a_run_on_its_colour(index: int):
    assert text_of(swatch(index, "my run")) == f"{index + 1} my run"
    assert text_of(swatch(index)) == str(index + 1)
    for dark in (False, True):
        assert f"background:{page_colour(index, dark)};" in swatch(index, dark=dark)


def test_markup_in_names_stays_text():
    for made in (
        swatch(0, MARKUP),
        anchor(MARKUP, page="Run", run=MARKUP),
        facts_html({MARKUP: "a", "b": MARKUP}),
    ):
        assert not LIVE.search(made)
        assert MARKUP in text_of(made)
    assert text_of(swatch(0, "a\x1b[31mb")) == "1 a\N{REPLACEMENT CHARACTER}[31mb", "and no terminal obeys it"


@pytest.mark.parametrize(
    "name", ["runs/plain", "a b&run=other", MARKUP, "100%", "#top", "x+y?z=1;w", "漢字", "'\"", "../..", "a\\b"]
)
def test_an_address_leads_to_what_it_was_made_of(name: str):
    made = anchor("there", page="Compare", run=[name, "second"], view=name)
    (address,) = re.findall('<a href="([^"]*)">there</a>', made)
    parts = urlsplit(html.unescape(address))
    assert (parts.scheme, parts.netloc, parts.path, parts.fragment) == ("", "", "", ""), "it stays on the page"
    assert parse_qs(parts.query) == {"page": ["Compare"], "run": [name, "second"], "view": [name]}


def test_facts_say_what_each_is_above_what_it_says():
    made = facts_html({"model": "CGAN", "seed": "1"})
    assert re.findall("<small[^>]*>(.*?)</small><br><b>(.*?)</b>", made) == [("model", "CGAN"), ("seed", "1")]


@pytest.mark.parametrize(
    ("grids", "asked", "shown"),
    [
        ([0, 5, 10], 7, 5),
        ([10, 0, 5], 7, 5),
        ([0, 5, 10], 5, 5),
        ([0, 5, 10], 99, 10),
        ([3, 4], 1, 3),
        ([4, 3], 1, 3),
        ([0], 0, 0),
        ([], 1, None),
    ],
)
def test_the_grid_that_stands_for_an_epoch_is_the_last_until_then(grids: list[int], asked: int, shown: int | None):
    assert epoch_shown(grids, asked) == shown
