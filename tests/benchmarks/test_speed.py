"""The benchmark runs, and its tables say what was measured."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial
from types import SimpleNamespace

import pytest

from benchmarks import run_folders, starting
from benchmarks import speed as bench
from benchmarks.cli import main
from benchmarks.timing import compare, measure_rate
from tests.extras import needs


@pytest.fixture
def few_glyphs(monkeypatch):
    monkeypatch.setattr(
        bench, "GLYPHS", ("data=synthetic", "data.count=300", "trainer=cpu", "trainer.max_epochs=-1", "logger=none")
    )


def rows(text: str) -> dict[tuple[str, str], str]:
    """Return the factor of each comparison by its name and what it is with."""
    cells = [re.split(r" *\| *", line.strip("| \n")) for line in text.splitlines() if line.startswith("|")]
    return {(cell[0], cell[-3]): cell[-1] for cell in cells}


@pytest.mark.parametrize("model", [*bench.TRAININGS])
def test_every_training_is_compared_with_a_plain_loop(few_glyphs, model, capsys):
    assert main(["speed", f"only=[{model}]", "seconds=0.01", "pairs=1", "batch_size=64"]) == 0
    factor = rows(capsys.readouterr().out)[model, "plain loop"]
    assert re.fullmatch(r"\d+\.\d\d \(\d+\.\d\d-\d+\.\d\d\)", factor)


def test_the_loader_is_measured_and_the_tables_kept(few_glyphs, tmp_path, capsys):
    out = tmp_path / "bench.md"
    assert main(["speed", "only=[loader]", "seconds=0.01", "pairs=2", f"out={out}"]) == 0
    assert {("loader", "pure indexing"), ("loader", "DataLoader, glyph by glyph")} <= set(rows(out.read_text()))
    assert main(["speed", "only=[loader]", f"out={out}"]) == 2
    assert "exists already" in capsys.readouterr().err


@pytest.mark.slow
def test_workers_are_compared_with_one_and_a_sweep_with_single_runs(monkeypatch, capsys):
    quick = ("model=vae", "data=digits", "trainer=cpu", "metrics=none", "logger=none")
    monkeypatch.setattr(bench, "TRIAL", (*quick, "trainer.max_epochs=1"))
    monkeypatch.setattr(bench, "available_cores", lambda: 2)
    large: list[tuple[str, ...]] = []

    def only_one_trial(words: Sequence[str]) -> float:
        """Run what trains once; a sweep of four trials is recorded, and takes as long as its workers are few."""
        if "seed=0,1,2,3" not in words:
            return starting.seconds_of(words)
        large.append(tuple(words[-2:]))
        return 3.0 if "hydra.launcher.workers=2" in words else 6.0

    monkeypatch.setattr(bench.sweeping, "seconds_of", only_one_trial)
    assert main(["speed", "only=[sweep]", "pairs=1"]) == 0
    workers, threads = "hydra.launcher.workers=", "hydra.launcher.threads="
    assert large == [(f"{workers}2", f"{threads}1"), (f"{workers}1", f"{threads}1"), (f"{workers}1", f"{threads}2")]
    factors = rows(capsys.readouterr().out)
    for other in ("1 worker of 1 thread", "1 worker of 2 threads"):
        assert factors["4 trials by 2 workers of 1 thread", other] == "2.00 (2.00-2.00)"
    assert re.fullmatch(r"-?\d+\.\d \(.*\)", factors["a sweep of one trial", "the same run by its own command"])


@pytest.mark.slow
def test_the_page_of_a_large_sweep_is_measured(capsys):
    assert main(["speed", "only=[sweep_page]", "pairs=1"]) == 0
    said = capsys.readouterr().out
    seconds, size = (float(value) for value in re.findall(r"\| (\d+\.\d) \(", said))
    assert seconds > 0
    assert 0 < size < 10, "MB"


@pytest.mark.slow
def test_a_dashboard_of_many_runs_is_measured(capsys, monkeypatch):
    needs("dashboard", "streamlit")
    few = partial(run_folders.write_runs, runs=60, rows=20, grids=2)
    monkeypatch.setattr(bench.run_folders, "write_runs", few)
    assert main(["speed", "only=[dashboard]", "pairs=1"]) == 0
    table = [line.split("|") for line in capsys.readouterr().out.splitlines() if line.startswith("| the ")]
    assert [float(row[2].split()[0]) > 0 for row in table] == [True] * 3


@pytest.mark.slow
def test_a_watched_run_measures_when_its_files_appear_and_its_memory():
    seen = starting.watch(["data=synthetic", "data.count=200", "trainer=cpu", "trainer.max_epochs=1", "logger=none"])
    assert 0 < seen.first_grid < seen.first_step
    assert 0.1 < seen.peak < 8


@pytest.mark.parametrize(
    ("override", "message"),
    [("only=[cgam]", "Did you mean cgan?"), ("pairs=0", "pairs=0"), ("seconds=-1", "seconds=-1")],
)
def test_what_cannot_be_measured_is_refused(override, message, capsys):
    assert main(["speed", override]) == 2
    assert message in capsys.readouterr().err


def test_implementations_are_measured_in_turn_and_compared_round_by_round():
    order: list[str] = []

    def way(name: str, rate: float):
        return lambda seconds: order.append(name) or rate * len(order)

    found = compare({"ours": way("ours", 6.0), "other": way("other", 1.0)}, rounds=2, seconds=0)
    assert order == ["ours", "other"] * 2
    assert found.rates == {"ours": [6, 18], "other": [2, 4]}
    assert found.ratios("ours", "other") == [3, 4.5]


def test_a_rate_is_what_was_done_in_a_second_without_the_warm_up(monkeypatch):
    now, calls = [0.0], [0]
    monkeypatch.setattr("benchmarks.timing.time", SimpleNamespace(perf_counter=lambda: now[0]))

    def once() -> int:
        calls[0] += 1
        now[0] += 5.0 if calls[0] <= 2 else 0.25
        return 10

    assert measure_rate(once, seconds=1.0, warm_up=2) == 40
    assert calls == [2 + 4]
