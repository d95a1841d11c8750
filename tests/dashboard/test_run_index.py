"""A index knows the runs and sweeps below its folders, reads what has changed, and leads nowhere else."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier, Thread
from typing import Any

import pytest

from benchmarks import run_folders
from benchmarks.sweep_folders import write_sweep
from handwriting.dashboard import run_index as index_module
from handwriting.dashboard.run_index import RunIndex, Snapshot
from handwriting.errors import RunError
from handwriting.files import write_json
from handwriting.runs import Run, RunFolder, claim
from handwriting.runs.finding import NO_RUN

SECRET = "s3cret"


def make(folder: Path, state: str = "done", started: str | None = None, why: str | None = None) -> Path:
    """Write a run folder as training does."""
    run = RunFolder(claim(folder))
    summary = {"model": "VAE", "data": "emnist", "seed": 3, "monitor": "val/fid", "mode": "min"}
    run.begin("model: {lr: 0.1}\nseed: 3\n", {"seed": 3, **({"started": started} if started else {})}, summary)
    run.metrics.append({"epoch": 1, "batches": 1, "samples": 10, "seconds": 1.0, "val/fid": 9.0})
    run.summarise({"epoch": 1, "metrics": {"val/fid": {"value": 9.0, "min": 9.0, "max": 9.0}}})
    if state != "running":
        run.end(state, why)  # type: ignore[arg-type]
    return run.path


def change(file: Path, **values: Any) -> None:
    write_json(file, {**json.loads(file.read_text()), **values})


def reasons(snapshot: Snapshot) -> dict[str, str]:
    return {one.path: one.reason for one in snapshot.skipped}


def refusal(act: Callable[[], object]) -> str:
    """Return what is said of something that is refused, which is one line."""
    with pytest.raises(RunError) as refused:
        act()
    assert "\n" not in str(refused.value)
    return str(refused.value)


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    (tmp_path / "runs").mkdir()
    return tmp_path / "runs"


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A folder that was not chosen, and what is in it."""
    (tmp_path / "outside").mkdir()
    return tmp_path / "outside"


# What there is


def test_runs_below_several_folders_are_called_by_their_paths_newest_first(tmp_path: Path) -> None:
    for name, day in (("runs/a", 2), ("runs/b", 4), ("other/deep/c", 3), ("other/d", 1), (".hidden/e", 5)):
        make(tmp_path / name, started=f"2026-01-0{day}T00:00:00+00:00")
    snapshot = RunIndex([tmp_path / "runs", tmp_path / "other"]).snapshot()
    assert list(snapshot.summaries) == ["runs/b", "other/deep/c", "runs/a", "other/d"]
    assert [entry.name for entry in snapshot.summaries.values()] == list(snapshot.summaries)
    assert snapshot.summaries["other/deep/c"].path == tmp_path / "other/deep/c"
    assert (snapshot.sweeps, snapshot.sweep_of, snapshot.skipped) == ({}, {}, ())


def test_folders_of_the_same_name_are_told_apart(tmp_path: Path) -> None:
    for place in ("x/runs", "y/runs"):
        make(tmp_path / place / "a")
    assert set(RunIndex([tmp_path / "x/runs", tmp_path / "y/runs"]).snapshot().summaries) == {"x/runs/a", "y/runs/a"}


def test_runs_of_a_real_configuration_are_all_read(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_folders, "MODELS", {"vae": "VAE"})
    written = run_folders.write_runs(runs, runs=5, metrics=6, grids=1, rows=3)
    index = RunIndex([runs])
    snapshot = index.snapshot()
    assert {entry.path for entry in snapshot.summaries.values()} == set(written)
    assert sorted(entry.state for entry in snapshot.summaries.values()) == ["done"] * 4 + ["failed"]
    for key, entry in snapshot.summaries.items():
        record = index.details(key)
        assert (record.name, record.path, record.settings) == (key, entry.path, entry.settings)
        assert (len(record.rows), list(record.grids)) == (3, [0])


def test_trials_belong_to_their_sweep(runs: Path) -> None:
    make(runs / "a")
    make(runs / "sweeps/b")
    sweep = write_sweep(runs / "sweeps/lr", trials=3)
    (runs / "sweeps/lr/3").mkdir()
    index = RunIndex([runs])
    snapshot = index.snapshot()
    assert set(snapshot.summaries) == {"runs/a", "runs/sweeps/b", *(f"runs/sweeps/lr/{n}" for n in range(3))}
    assert snapshot.sweeps == {"runs/sweeps/lr": sweep.path}
    assert snapshot.sweep_of == {f"runs/sweeps/lr/{n}": "runs/sweeps/lr" for n in range(3)}
    assert snapshot.skipped == (), "a trial that has not begun is nothing foreign"
    assert index.sweep("runs/sweeps/lr").trials == sweep.trials


def test_a_chosen_folder_may_be_a_run_or_a_sweep_itself(tmp_path: Path) -> None:
    make(tmp_path / "run")
    write_sweep(tmp_path / "sweep", trials=2)
    index = RunIndex([tmp_path / "run", tmp_path / "sweep"])
    snapshot = index.snapshot()
    assert set(snapshot.summaries) == {"run", "sweep/0", "sweep/1"}
    assert snapshot.sweep_of == {"sweep/0": "sweep", "sweep/1": "sweep"}
    assert index.details("run").path == tmp_path / "run"
    assert index.sweep("sweep").path == tmp_path / "sweep"


def test_a_run_that_lies_too_deep_is_not_shown(runs: Path) -> None:
    make(runs / "1/2/3")
    make(runs / "i/ii/iii/iv")
    snapshot = RunIndex([runs]).snapshot()
    assert list(snapshot.summaries) == ["runs/1/2/3"]
    assert reasons(snapshot) == {"runs/i": NO_RUN}


def test_whether_any_run_is_running_is_told(runs: Path) -> None:
    index = RunIndex([runs])
    make(runs / "a")
    assert not index.snapshot().is_running
    make(runs / "b", "running")
    assert index.snapshot().is_running


# What has changed


def test_a_folder_that_appears_later_is_found_then(tmp_path: Path) -> None:
    index = RunIndex([tmp_path / "later", tmp_path / "never"])
    assert (index.snapshot().summaries, index.snapshot().skipped) == ({}, ())
    make(tmp_path / "later/a")
    assert list(index.snapshot().summaries) == ["later/a"]


def test_a_run_is_seen_when_it_appears_changes_and_vanishes(runs: Path) -> None:
    index = RunIndex([runs])
    assert index.snapshot().summaries == {}
    folder = make(runs / "a")
    assert index.snapshot().summaries["runs/a"].epoch == 1
    change(folder / "summary.json", epoch=1000)
    assert index.snapshot().summaries["runs/a"].epoch == 1000
    change(folder / "status.json", state="failed", why="DataError: no data")
    assert (index.snapshot().summaries["runs/a"].state, index.snapshot().summaries["runs/a"].why) == (
        "failed",
        "DataError: no data",
    )
    folder.rename(runs / "b")
    assert list(index.snapshot().summaries) == ["runs/b"]
    for file in (runs / "b").iterdir():
        file.unlink()
    (runs / "b").rmdir()
    assert (index.snapshot().summaries, index.snapshot().skipped) == ({}, ())


def test_a_sweep_is_seen_when_it_appears_and_vanishes(runs: Path) -> None:
    index = RunIndex([runs])
    assert index.snapshot().sweeps == {}
    sweep = write_sweep(runs / "lr", trials=1)
    assert index.snapshot().sweep_of == {"runs/lr/0": "runs/lr"}
    (sweep.path / "plan.json").unlink()
    snapshot = index.snapshot()
    assert (list(snapshot.summaries), snapshot.sweeps, snapshot.sweep_of) == (["runs/lr/0"], {}, {})


def test_a_broken_run_is_shown_once_it_is_mended(runs: Path) -> None:
    index, file = RunIndex([runs]), make(runs / "a") / "summary.json"
    whole = file.read_text()
    file.write_text(whole[:-20])
    assert list(reasons(index.snapshot())) == ["runs/a"]
    file.write_text(whole)
    assert (list(index.snapshot().summaries), index.snapshot().skipped) == (["runs/a"], ())


def test_only_what_has_changed_is_read_anew(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in "abc":
        make(runs / name, "running" if name == "a" else "done")
    (make(runs / "broken") / "summary.json").write_text("{")
    read: list[str] = []

    def counted(path: Path) -> dict[str, Any]:
        read.append(f"{path.parent.name}/{path.name}")
        return read_json(path)

    read_json = index_module.read_json
    monkeypatch.setattr(index_module, "read_json", counted)
    index = RunIndex([runs])
    index.snapshot()
    # Of a broken run nothing is read after its first broken file.
    both = ("summary.json", "status.json")
    assert sorted(read) == sorted([f"{name}/{file}" for name in "abc" for file in both] + ["broken/summary.json"])
    read.clear()
    assert list(index.snapshot().summaries) == list(index.snapshot().summaries)
    assert read == []
    change(runs / "b/summary.json", epoch=1000)
    index.snapshot()
    assert read == ["b/summary.json", "b/status.json"]


def test_a_look_that_is_young_enough_is_not_taken_again(runs: Path) -> None:
    index = RunIndex([runs])
    first = index.snapshot(max_age=60)
    make(runs / "a")
    assert index.snapshot(max_age=60) is first
    assert list(index.snapshot().summaries) == ["runs/a"]


def test_a_killed_run_is_called_dead_though_none_of_its_files_changes(
    runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(runs / "a", "running")
    index = RunIndex([runs])
    assert (index.snapshot().summaries["runs/a"].state, index.details("runs/a").state) == ("running", "running")
    # The process that wrote the run is this one, which cannot be killed.
    monkeypatch.setattr(index_module, "lives", lambda status: False)
    assert index.snapshot().summaries["runs/a"].state == "dead"
    assert index.details("runs/a").state == "dead"
    assert not index.snapshot().is_running
    monkeypatch.undo()
    assert index.snapshot().summaries["runs/a"].state == "running", "it was silent for a while, on another machine"


def test_details_are_read_again_when_its_table_grows_and_not_before(runs: Path) -> None:
    folder, index = make(runs / "a"), RunIndex([runs])
    first = index.details("runs/a")
    assert [row["samples"] for row in first.rows] == [10]
    assert index.details("runs/a") is first
    with (folder / "metrics.csv").open("a") as file:
        file.write("2,2,20,2.0,8.0\n")
    assert [row["samples"] for row in index.details("runs/a").rows] == [10, 20]


def test_details_are_read_again_when_a_grid_is_drawn_or_the_run_evaluated(runs: Path) -> None:
    folder, index = make(runs / "a"), RunIndex([runs])
    assert (index.details("runs/a").grids, index.details("runs/a").metric_values) == ({}, {})
    (folder / "samples").mkdir()
    os.utime(folder / "samples", ns=(0, 0))  # file systems may not distinguish times a few milliseconds apart
    assert index.details("runs/a").grids == {}
    (folder / "samples/epoch_0003.png").touch()
    assert list(index.details("runs/a").grids) == [3]
    Run.at(folder).write_evaluation({"fid": {"value": 4.5, "floor": 1.0, "n": 100}})
    assert index.details("runs/a").metric_values["fid"].value == 4.5


def test_no_more_records_are_kept_than_is_said(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index_module, "MAX_DETAILS_KEPT", 2)
    for name in "abc":
        make(runs / name)
    index = RunIndex([runs])
    first = {name: index.details(f"runs/{name}") for name in "abc"}
    assert index.details("runs/c") is first["c"]
    assert index.details("runs/b") is first["b"]
    assert index.details("runs/a") is not first["a"]


# What cannot be read


def empty_status(folder: Path) -> None:
    (folder / "status.json").write_text("")


def no_summary(folder: Path) -> None:
    (folder / "summary.json").unlink()


def cut_off(folder: Path) -> None:
    (folder / "summary.json").write_text('{"model": "V')


def odd_value(folder: Path) -> None:
    change(folder / "summary.json", parameters="many")


def no_state(folder: Path) -> None:
    (folder / "status.json").write_text("{}")


def no_text(folder: Path) -> None:
    (folder / "status.json").write_bytes(b"\xff\xfe\x00")


@pytest.mark.parametrize(
    ("harm", "reason"),
    [
        (empty_status, "half-written: status.json is empty"),
        (no_summary, "half-written: summary.json is missing"),
        (cut_off, "summary.json cannot be read"),
        (odd_value, "parameters"),
        (no_state, "status.json is not the status of a run"),
        (no_text, "status.json cannot be read"),
    ],
)
def test_a_broken_run_is_named_with_the_reason_and_spoils_nothing(
    runs: Path, harm: Callable[[Path], None], reason: str
) -> None:
    make(runs / "good")
    harm(make(runs / "bad"))
    index = RunIndex([runs])
    snapshot = index.snapshot()
    assert list(snapshot.summaries) == ["runs/good"]
    assert list(reasons(snapshot)) == ["runs/bad"]
    assert reason in reasons(snapshot)["runs/bad"]
    assert "\n" not in reasons(snapshot)["runs/bad"]
    assert refusal(lambda: index.run("runs/bad")).startswith("The run runs/bad cannot be read: ")
    assert index.details("runs/good").state == "done"


def test_a_folder_that_was_just_claimed_is_half_written(runs: Path) -> None:
    claim(runs / "a")
    assert reasons(RunIndex([runs]).snapshot())["runs/a"].startswith("half-written: status.json is empty")


def test_a_file_far_larger_than_any_run_writes_is_told(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with (make(runs / "a") / "summary.json").open("a") as file:
        file.write(" " * 10_000)
    monkeypatch.setattr("handwriting.files.MAX_JSON_BYTES", 10_000)
    assert "no run writes that much" in reasons(RunIndex([runs]).snapshot())["runs/a"]


def test_what_is_foreign_is_named_once_by_its_outermost_folder(runs: Path) -> None:
    make(runs / "good")
    make(runs / "mixed/run")
    for name in ("notes/of/old", "notes/of/new", "mixed/papers/more", ".git/objects"):
        (runs / name).mkdir(parents=True)
    (runs / "table.csv").touch()
    snapshot = RunIndex([runs]).snapshot()
    assert set(snapshot.summaries) == {"runs/good", "runs/mixed/run"}
    assert reasons(snapshot) == {"runs/notes": NO_RUN, "runs/mixed/papers": NO_RUN}
    assert len(snapshot.skipped) == 2


def test_names_that_a_terminal_would_obey_are_made_harmless(runs: Path) -> None:
    make(runs / "red \x1b[31m\nrun")
    empty_status(make(runs / "bad\n<b>"))
    (runs / "notes\r\n\x07").mkdir()
    snapshot = RunIndex([runs]).snapshot()
    assert [entry.name for entry in snapshot.summaries.values()] == ["runs/red \ufffd[31m\ufffdrun"]
    assert set(reasons(snapshot)) == {"runs/bad\ufffd<b>", "runs/notes\ufffd\ufffd\ufffd"}
    assert all(text.isprintable() for one in snapshot.skipped for text in (one.path, one.reason))


def test_a_run_is_opened_by_its_key_whatever_it_is_called(runs: Path) -> None:
    names = ["a b", "ä", "100% [x]*?", "<script>", "new\nline"]
    for name in names:
        make(runs / name)
    index = RunIndex([runs])
    assert {Path(key).name for key in index.snapshot().summaries} == set(names)
    for name in names:
        assert index.run(f"runs/{name}").path == runs / name
        assert index.details(f"runs/{name}").name.isprintable()


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("metrics.csv", b"a,b\n1,2\n"),
        ("metrics.csv", b"batches,samples\n1,nan\n"),
        ("config.yaml", b"a: ["),
        ("config.yaml", b"\xff\xfe\x00"),
        ("config.yaml", None),
        ("evaluation.json", b'{"fid": 3}'),
        ("evaluation.json", b"{"),
    ],
)
def test_a_file_that_only_a_record_needs_is_refused_when_it_is_broken(
    runs: Path, file: str, content: bytes | None
) -> None:
    folder, index = make(runs / "a"), RunIndex([runs])
    (folder / file).unlink(missing_ok=True)
    if content is not None:
        (folder / file).write_bytes(content)
    assert list(index.snapshot().summaries) == ["runs/a"]
    assert str(folder) in refusal(lambda: index.details("runs/a"))


def test_a_table_too_large_to_be_shown_is_not_read(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, index = make(runs / "a"), RunIndex([runs])
    size = (folder / "metrics.csv").stat().st_size
    monkeypatch.setattr(index_module, "MAX_TABLE_BYTES", size)
    assert len(index.details("runs/a").rows) == 1
    (folder / "metrics.csv").write_text("not a table\n" * size)
    assert "it is too large to show" in refusal(lambda: index.details("runs/a"))
    assert list(index.snapshot().summaries) == ["runs/a"]


# What an address names


@pytest.mark.parametrize(
    "key",
    ["", ".", "..", "runs", "runs/", "runs/b", "runs/a/", "runs/../runs/a", "../../etc", "../outside/a", "outside/a",
     "/etc", "/etc/passwd", "//", "~", "*", "runs/*", "runs/a\0", "runs/a\n", "\udc80", "x" * 5_000],
)  # fmt: skip
def test_a_key_that_names_nothing_here_is_refused(runs: Path, outside: Path, key: str) -> None:
    make(runs / "a")
    write_sweep(runs / "sweep", trials=1)
    make(outside / "a")
    index = RunIndex([runs])
    for act in (index.run, index.details, index.sweep):
        message = refusal(lambda act=act: act(key))  # type: ignore[misc]
        assert "was not found." in message
        assert message.isprintable()


def test_the_path_of_a_run_is_no_key(runs: Path) -> None:
    folder, index = make(runs / "a"), RunIndex([runs])
    for act in (index.run, index.details):
        assert "was not found" in refusal(lambda act=act: act(str(folder)))  # type: ignore[misc]


def test_the_nearest_is_suggested(runs: Path) -> None:
    make(runs / "cgan_letters")
    write_sweep(runs / "sweep", trials=1)
    index = RunIndex([runs])
    assert refusal(lambda: index.run("runs/cgan_leters")).endswith("Did you mean runs/cgan_letters?")
    assert refusal(lambda: index.sweep("runs/swep")).endswith("Did you mean runs/sweep?")


def test_a_run_is_no_sweep_and_a_sweep_no_run(runs: Path) -> None:
    make(runs / "a")
    write_sweep(runs / "sweep", trials=1)
    index = RunIndex([runs])
    assert "The sweep runs/a was not found" in refusal(lambda: index.sweep("runs/a"))
    assert "The run runs/sweep was not found" in refusal(lambda: index.run("runs/sweep"))


def test_what_has_only_just_come_is_found_by_its_key(runs: Path) -> None:
    index = RunIndex([runs])
    assert index.snapshot().summaries == {}
    make(runs / "a")
    write_sweep(runs / "sweep", trials=1)
    assert index.run("runs/a").path == runs / "a"
    assert index.sweep("runs/sweep").path == runs / "sweep"


@pytest.mark.parametrize("seconds", [0.0, 60.0])
def test_a_run_that_has_only_just_gone_is_refused(runs: Path, monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    monkeypatch.setattr(index_module, "SNAPSHOT_MAX_AGE_SECONDS", seconds)
    folder, index = make(runs / "a"), RunIndex([runs])
    index.details("runs/a")
    folder.rename(runs.parent / "gone")
    for act in (index.run, index.details):
        refusal(lambda act=act: act("runs/a"))  # type: ignore[misc]


# Ways out


def shown_text(index: RunIndex, key: str = "runs/a") -> str:
    """Return all that a index says of a run, or its refusal."""
    said = [repr(index.snapshot())]
    for act in (index.details, index.run):
        try:
            found: Any = act(key)
            said += [repr(found), repr(getattr(found, "summary", "")), repr(getattr(found, "grids", ""))]
        except RunError as error:
            said.append(str(error))
    return "\n".join(said)


def test_a_link_to_a_run_outside_is_named_and_not_followed(runs: Path, outside: Path) -> None:
    make(runs / "good")
    folder = make(outside / "a", "failed", why=SECRET)
    (runs / "a").symlink_to(folder)
    (runs / "all").symlink_to(outside)
    index = RunIndex([runs])
    snapshot = index.snapshot()
    assert list(snapshot.summaries) == ["runs/good"]
    assert set(reasons(snapshot)) == {"runs/a", "runs/all"}
    assert all("leads out of" in reason for reason in reasons(snapshot).values())
    assert "leads out of" in refusal(lambda: index.run("runs/a"))
    assert "was not found" in refusal(lambda: index.run("runs/all/a"))
    assert SECRET not in shown_text(index)


@pytest.mark.parametrize("name", ["summary.json", "status.json"])
def test_a_small_file_that_is_a_link_out_is_never_read(runs: Path, outside: Path, name: str) -> None:
    make(runs / "good")
    file = make(runs / "a") / name
    secret = {**json.loads(file.read_text()), "why": SECRET, "model": SECRET, "started": SECRET}
    (outside / "file").write_text(json.dumps(secret))
    file.unlink()
    file.symlink_to(outside / "file")
    index = RunIndex([runs])
    assert list(index.snapshot().summaries) == ["runs/good"]
    assert "leads out of" in reasons(index.snapshot())["runs/a"]
    assert SECRET not in shown_text(index)


def test_a_link_put_in_place_of_a_file_that_was_read_is_not_followed(runs: Path, outside: Path) -> None:
    file, index = make(runs / "a") / "summary.json", RunIndex([runs])
    assert list(index.snapshot().summaries) == ["runs/a"]
    file.rename(outside / "file")
    file.symlink_to(outside / "file")
    assert index.snapshot().summaries == {}, "though what it leads to has the same time and size"
    assert "leads out of" in reasons(index.snapshot())["runs/a"]


@pytest.mark.parametrize(
    "name",
    ["metrics.csv", "config.yaml", "evaluation.json", "train.log", "classes.json", "samples", "samples/epoch_0001.png",
     "reconstructions", "reconstructions/epoch_0001.png", "checkpoints", "checkpoints/last.ckpt"],
)  # fmt: skip
def test_a_run_with_a_link_out_is_not_opened(runs: Path, outside: Path, name: str) -> None:
    index, link = RunIndex([runs]), make(runs / "a") / name
    target = outside / (name if "." in name else "folder")
    target.parent.mkdir(parents=True, exist_ok=True)
    if "." in name:
        target.write_text(f"epoch,batches,samples,seconds,{SECRET}\n1,1,1,1,1\n")
    else:
        target.mkdir()
        (target / f"epoch_0001{SECRET}.png").write_text(SECRET)
    link.unlink(missing_ok=True)
    link.parent.mkdir(exist_ok=True)
    link.symlink_to(target)
    assert list(index.snapshot().summaries) == ["runs/a"], "a table reads none of these"
    for act in (index.run, index.details):
        assert refusal(lambda act=act: act("runs/a")) == f"{link} leads out of {runs}: not read."  # type: ignore[misc]
    assert SECRET not in shown_text(index)


def test_a_link_out_that_comes_after_a_record_was_read_is_refused(runs: Path, outside: Path) -> None:
    folder, index = make(runs / "a"), RunIndex([runs])
    assert index.details("runs/a").grids == {}
    (folder / "samples").mkdir()
    (folder / "samples/epoch_0001.png").symlink_to(outside / "grid.png")
    assert "leads out of" in refusal(lambda: index.details("runs/a"))


def test_links_that_stay_inside_are_followed(runs: Path, tmp_path: Path) -> None:
    folder = make(runs / "a")
    (tmp_path / "pool").mkdir()
    for name in ("summary.json", "metrics.csv"):
        (folder / name).rename(tmp_path / "pool" / name)
        (folder / name).symlink_to(tmp_path / "pool" / name)
    (folder / "samples").mkdir()
    (tmp_path / "pool/grid.png").touch()
    (folder / "samples/epoch_0001.png").symlink_to(tmp_path / "pool/grid.png")
    (runs / "link").symlink_to("a")
    index = RunIndex([runs, tmp_path / "pool"])
    snapshot = index.snapshot()
    assert set(snapshot.summaries) == {"runs/a", "runs/link"}
    assert snapshot.skipped == ()
    for key in snapshot.summaries:
        record = index.details(key)
        assert (len(record.rows), list(record.grids)) == (1, [1])
    change(tmp_path / "pool/summary.json", epoch=1000)
    assert {entry.epoch for entry in index.snapshot().summaries.values()} == {1000}, "what a link leads to is watched"


def test_links_in_a_circle_are_named(runs: Path) -> None:
    make(runs / "good")
    (runs / "x").symlink_to("y")
    (runs / "y").symlink_to("x")
    snapshot = RunIndex([runs]).snapshot()
    assert list(snapshot.summaries) == ["runs/good"]
    assert set(reasons(snapshot)) == {"runs/x", "runs/y"}


def test_a_link_to_a_folder_around_it_does_not_go_round_for_ever(runs: Path) -> None:
    make(runs / "a")
    (runs / "up").symlink_to(runs)
    assert "runs/a" in RunIndex([runs]).snapshot().summaries


def test_what_trackers_link_to_in_their_own_folders_stops_no_run(runs: Path, outside: Path) -> None:
    folder = make(runs / "a")
    (folder / "wandb/run-1").mkdir(parents=True)
    (outside / "debug.log").write_text(SECRET)
    (folder / "wandb/debug.log").symlink_to(outside / "debug.log")
    (folder / "wandb/latest-run").symlink_to("run-1")
    (folder / "wandb/run-1/logs").symlink_to(outside)
    index = RunIndex([runs])
    assert index.run("runs/a").path == folder
    assert index.details("runs/a").state == "done"
    assert SECRET not in shown_text(index)


@pytest.mark.parametrize("name", ["plan.json", "sweep.json", "study.db", "0/metrics.csv", "0/samples/epoch_0001.png"])
def test_a_sweep_with_a_link_out_is_not_opened(runs: Path, outside: Path, name: str) -> None:
    sweep, index = write_sweep(runs / "sweep", trials=1), RunIndex([runs])
    assert index.sweep("runs/sweep").path == sweep.path
    link = sweep.path / name
    link.unlink(missing_ok=True)
    link.symlink_to(outside / "file")
    (outside / "file").write_text("{}")
    assert refusal(lambda: index.sweep("runs/sweep")) == f"{link} leads out of {runs}: not read."


def test_a_trial_that_is_a_link_out_is_never_read(runs: Path, outside: Path) -> None:
    write_sweep(runs / "sweep", trials=1)
    (runs / "sweep/1").symlink_to(make(outside / "run", "failed", why=SECRET))
    index = RunIndex([runs])
    assert list(index.snapshot().summaries) == ["runs/sweep/0"]
    assert "leads out of" in reasons(index.snapshot())["runs/sweep/1"]
    assert "leads out of" in refusal(lambda: index.sweep("runs/sweep"))
    assert SECRET not in shown_text(index, "runs/sweep/1")


# Next to other processes


def snapshot(folder: Path) -> dict[str, tuple[int, int, bytes]]:
    """Return what all files and folders below one hold, and when they were changed."""
    found = {}
    for path in sorted([folder, *folder.rglob("*")]):
        stat = path.lstat()
        found[str(path)] = stat.st_mtime_ns, stat.st_mode, path.read_bytes() if path.is_file() else b""
    return found


def test_looking_changes_nothing(runs: Path, outside: Path) -> None:
    make(runs / "a")
    (runs / "a/samples").mkdir()
    make(runs / "b", "running")
    no_summary(make(runs / "c"))
    write_sweep(runs / "sweep", trials=2)
    (runs / "notes").mkdir()
    (runs / "out").symlink_to(outside)
    before = snapshot(runs.parent)
    index = RunIndex([runs, runs.parent / "absent"])
    for key in index.snapshot().summaries:
        index.run(key)
        index.details(key)
    index.sweep("runs/sweep")
    index.snapshot()
    assert snapshot(runs.parent) == before


def test_many_threads_may_look_at_once_while_runs_are_written(runs: Path) -> None:
    for number in range(5):
        make(runs / f"{number}")
    index, together = RunIndex([runs]), Barrier(9)

    def snapshot(_: int) -> set[str]:
        together.wait()
        for _ in range(10):
            keys = set(index.snapshot().summaries)
            assert keys >= {f"runs/{number}" for number in range(5)}
            assert {index.details(key).state for key in keys} <= {"done", "running"}
            assert {one.path for one in index.snapshot().skipped} <= {f"runs/{number}" for number in range(5, 10)}
        return keys

    with ThreadPoolExecutor(8) as pool:
        futures = pool.map(snapshot, range(8))
        together.wait()
        for number in range(5, 10):
            make(runs / f"{number}")
        assert all(keys <= {f"runs/{number}" for number in range(10)} for keys in futures)
    assert len(index.snapshot().summaries) == 10
    assert index.snapshot().skipped == ()


# Promises that are not kept yet


def test_a_grid_behind_two_links_does_not_lead_out(runs: Path, outside: Path) -> None:
    folder = make(runs / "a")
    (runs / ".pool").mkdir()
    (outside / "grid.png").write_text(SECRET)
    (runs / ".pool/epoch_0001.png").symlink_to(outside / "grid.png")
    (folder / "samples").symlink_to(runs / ".pool")
    assert "leads out of" in refusal(lambda: RunIndex([runs]).details("runs/a"))


@pytest.mark.parametrize("name", ["summary.json", "status.json"])
def test_a_sweep_is_not_opened_when_a_trial_that_cannot_be_read_has_a_link_out(
    runs: Path, outside: Path, name: str
) -> None:
    link = write_sweep(runs / "sweep", trials=1).folder(0) / name
    link.rename(outside / "file")
    link.symlink_to(outside / "file")
    assert "leads out of" in refusal(lambda: RunIndex([runs]).sweep("runs/sweep"))


def test_a_link_to_a_device_is_not_read(runs: Path) -> None:
    file = make(runs / "a") / "summary.json"
    file.unlink()
    file.symlink_to("/dev/null")
    assert "leads out of" in reasons(RunIndex([runs]).snapshot())["runs/a"]


@pytest.mark.parametrize("name", ["summary.json", "config.yaml"])
def test_a_pipe_in_place_of_a_file_keeps_nobody_waiting(runs: Path, name: str) -> None:
    pipe = make(runs / "a") / name
    pipe.unlink()
    os.mkfifo(pipe)

    def snapshot() -> None:
        RunIndex([runs]).snapshot()
        with pytest.raises(RunError):
            RunIndex([runs]).details("runs/a")

    thread = Thread(target=snapshot, daemon=True)
    thread.start()
    thread.join(0.3)
    waits = thread.is_alive()
    pipe.rename(pipe.with_name("pipe"))  # what reads it finds its end, and no second one
    while thread.is_alive():
        with pipe.with_name("pipe").open("wb"):
            thread.join(0.05)
    assert not waits


def test_a_table_that_is_no_text_is_refused_in_words(runs: Path) -> None:
    (make(runs / "a") / "metrics.csv").write_bytes(b"\xff\xfe\x00")
    assert "metrics.csv" in refusal(lambda: RunIndex([runs]).details("runs/a"))


def test_a_suggestion_is_printable(runs: Path) -> None:
    make(runs / "red \x1b[31m run")
    with pytest.raises(RunError) as refused:
        RunIndex([runs]).run("runs/red run")
    assert str(refused.value).isprintable()


def test_a_trial_that_has_not_begun_is_nothing_foreign_even_with_a_folder_in_it(runs: Path) -> None:
    (write_sweep(runs / "sweep", trials=1).path / "1/checkpoints").mkdir(parents=True)
    assert RunIndex([runs]).snapshot().skipped == ()


def test_a_run_that_vanishes_while_it_is_read_is_refused(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index_module, "SNAPSHOT_MAX_AGE_SECONDS", 0.0)
    folder, read = make(runs / "a"), index_module.read

    def slowly(*arguments: Any) -> Any:
        found = read(*arguments)
        folder.rename(runs.parent / "gone")
        return found

    monkeypatch.setattr(index_module, "read", slowly)
    refusal(lambda: RunIndex([runs]).details("runs/a"))


def test_the_trials_of_a_sweep_are_told_by_number(runs: Path) -> None:
    sweep = write_sweep(runs / "sweep", trials=3)
    make(runs / "alone")
    make(sweep.path / "by_hand")
    trials = RunIndex([runs]).snapshot().trials("runs/sweep")
    assert {number: entry.path for number, entry in trials.items()} == {n: sweep.folder(n).resolve() for n in range(3)}


def test_what_took_long_to_read_is_not_read_again_at_once(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(runs / "a")
    index = RunIndex([runs])
    monkeypatch.setattr(index_module, "SLOW_READ_SECONDS", 0.0)
    monkeypatch.setattr(index_module, "SLOW_READ_PAUSE_FACTOR", 1e9)
    index.snapshot()
    make(runs / "b")
    assert list(index.snapshot().summaries) == ["runs/a"]
    monkeypatch.setattr(index_module, "SLOW_READ_SECONDS", 1e9)
    assert set(index.snapshot().summaries) == {"runs/a", "runs/b"}


def test_a_name_that_no_page_can_show_is_told_and_spoils_nothing(runs: Path) -> None:
    make(runs / "a")
    Path(os.fsdecode(os.fsencode(runs) + b"/\xff\xfe")).mkdir()
    snapshot = RunIndex([runs]).snapshot()
    assert list(snapshot.summaries) == ["runs/a"]
    (place,) = reasons(snapshot)
    assert place.isprintable()


def test_a_sweep_whose_own_files_lead_out_is_none(runs: Path, outside: Path) -> None:
    sweep = write_sweep(runs / "sweep", trials=2)
    (outside / "sweep.json").write_text('{"state": "' + SECRET + '"}')
    (sweep.path / "sweep.json").unlink()
    (sweep.path / "sweep.json").symlink_to(outside / "sweep.json")
    snapshot = RunIndex([runs]).snapshot()
    assert snapshot.sweeps == {}
    assert "leads out of" in reasons(snapshot)["runs/sweep"]
