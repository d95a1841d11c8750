from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from benchmarks.run_folders import write_runs
from benchmarks.sweep_folders import write_sweep
from handwriting.dashboard.settings import VARIABLE, Settings, index_of
from handwriting.runs import Run, RunFolder, claim
from tests.builders import train
from tests.extras import needs

APP = Path(__file__).parents[2] / "handwriting" / "dashboard" / "app.py"
DEAD = {"pid": 2**22 + 1, "process_started": 1}


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Runs of which one failed, a dead one, a half-written, a foreign and a broken one, a trained one, and a sweep."""
    needs("dashboard", "streamlit")
    place = tmp_path_factory.mktemp("dashboard")
    write_runs(place / "runs", runs=6, metrics=12, grids=3, rows=12)
    train(place / "runs" / "trained", "model=cgan", "data.style=median", "model.conditions=[class,style]")
    (place / "runs" / "trained" / "train.log").write_text("one line\n")
    dead = claim(place / "runs" / "dead")
    RunFolder(dead).begin("seed: 1\n", {"command": "python train.py"}, {"model": "VAE"})
    status = json.loads((dead / "status.json").read_text())
    (dead / "status.json").write_text(json.dumps({**status, **DEAD}))
    claim(place / "runs" / "half")
    (place / "runs" / "notes").mkdir()
    (claim(place / "runs" / "broken") / "status.json").write_text("{")
    write_sweep(place / "sweeps" / "search", trials=24)
    return place


def test_a_number_too_large_for_a_table_hides_no_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    needs("dashboard", "streamlit")
    for name, seed in (("huge", 2**70), ("usual", 1)):
        folder = RunFolder(claim(tmp_path / "runs" / name))
        folder.begin("{}\n", {"command": "python train.py"}, {"model": "VAE", "seed": seed})
        folder.end("done")
    page = opener((tmp_path / "runs",), tmp_path / "data", monkeypatch)()
    assert len(page.dataframe[0].value) == 2


@pytest.fixture
def open_page(folders: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Return what opens the dashboard at an address."""
    return opener((folders / "runs", folders / "sweeps"), folders / "data", monkeypatch)


def opener(runs: tuple[Path, ...], data: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    from streamlit.testing.v1 import AppTest

    monkeypatch.setenv(VARIABLE, Settings(runs, data).as_text())
    index_of.cache_clear()

    def opened(**address: str | list[str]) -> Any:
        app = AppTest.from_file(str(APP), default_timeout=60)
        app.query_params.update(address)
        app.run()
        assert not app.exception, app.exception[0].value
        return app

    return opened


def words(app: Any) -> str:
    """Return all text of a page outside of tables and pictures."""
    kinds = ("title", "subheader", "caption", "markdown", "error", "warning", "info", "code", "html")
    return "\n".join(str(getattr(one, "value", "") or getattr(one, "body", "")) for kind in kinds
                     for one in getattr(app, kind))  # fmt: skip


def first_table(app: Any) -> Any:
    return app.dataframe[0].value


# Runs


def test_the_table_holds_every_run_with_its_state_and_trials_on_request(open_page: Callable[..., Any]) -> None:
    shown = first_table(open_page())
    states = dict(zip(shown["run"], shown["state"], strict=True))
    assert len(shown) == 8
    assert states["runs/dead"] == "○ dead"
    assert states["runs/trained"] == "✓ done"
    failed = shown[shown["state"] == "✕ failed"]
    assert len(failed) == 1
    assert failed["why"].iloc[0].startswith("NotFiniteError")
    assert len(first_table(open_page(trials="true"))) == 32


def test_what_is_no_run_is_named_in_a_corner_with_the_reason(open_page: Callable[..., Any]) -> None:
    app = open_page()
    (skipped,) = [table.value for table in app.dataframe if "path" in table.value]
    reasons = dict(zip(skipped["path"], skipped["why"], strict=True))
    assert set(reasons) == {"runs/half", "runs/notes", "runs/broken"}
    assert "half-written" in reasons["runs/half"]
    assert "no status.json" in reasons["runs/notes"]


def test_a_filter_in_the_address_leaves_what_fits(open_page: Callable[..., Any]) -> None:
    shown = first_table(open_page(filter="done lr<0.005", columns=["model.lr"]))
    assert 0 < len(shown) < 8
    assert (shown["model.lr"].astype(float) < 0.005).all()
    app = open_page(filter="model.lrr=1")
    assert "Did you mean model" in app.error[0].value
    assert len(first_table(app)) == 8


def test_runs_in_the_address_are_selected_and_put_side_by_side(open_page: Callable[..., Any]) -> None:
    keys = list(first_table(open_page())["run"])
    written = [key for key in keys if key.endswith("_letters")][:2]
    app = open_page(runs=written)
    assert "Curves" in words(app)
    assert len(app.get("vega_lite_chart")) >= 3
    assert len(app.image) == 2
    assert set(app.select_slider(key="epoch").options) == {"0", "1", "2"}
    differing = app.dataframe[-1].value
    assert "model.lr" in set(differing["setting"])
    before = [one.proto.imgs[0].url for one in app.image]
    app.select_slider(key="epoch").set_value(0).run()
    assert not set(before) & {one.proto.imgs[0].url for one in app.image}
    assert not app.exception


def test_an_unknown_run_in_the_address_is_reported(open_page: Callable[..., Any]) -> None:
    app = open_page(runs=["runs/gone", "runs/../../etc"])
    assert [one.value for one in app.warning] == [
        "The run runs/gone was not found.",
        "The run runs/../../etc was not found.",
    ]


def test_without_any_run_the_next_command_is_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    needs("dashboard", "streamlit")
    opened = opener((tmp_path / "runs",), tmp_path, monkeypatch)
    for page, command in (
        ("Runs", "handwriting train"),
        ("Run", "handwriting train"),
        ("Sweep", "handwriting train -m"),
    ):
        assert opened(page=page).code[0].value.startswith(command)


def test_tables_sort_numbers_as_numbers(open_page: Callable[..., Any]) -> None:
    from pandas.api.types import is_numeric_dtype

    runs = first_table(open_page(columns=["model.lr"], trials="true"))
    sweeps = next(table.value for table in open_page().dataframe if "best so far" in table.value)
    leaderboard = next(t.value for t in open_page(page="Sweep").dataframe if "#" in t.value)
    trials = open_page(page="Sweep").dataframe[-1].value
    for table, names in (
        (runs, ("FID", "floor", "parameters", "seed", "epoch", "minutes", "model.lr")),
        (sweeps, ("ended", "trials", "failed", "best so far")),
        (leaderboard, ("#", "val/fid", "trial", "model.lr", "time")),
        (trials, ("trial", "val/fid", "model.lr", "minutes")),
    ):
        assert [name for name in names if not is_numeric_dtype(table[name])] == []


# A run


@pytest.mark.parametrize("view", ["Pictures", "Curves", "Metrics", "Sample", "Settings", "Log"])
def test_every_view_of_a_trained_run_shows_something(open_page: Callable[..., Any], view: str) -> None:
    app = open_page(page="Run", run="runs/trained", show=view)
    kinds = {"Pictures": app.image, "Curves": app.get("vega_lite_chart"), "Sample": app.button}
    assert len(kinds.get(view, app.code)) > 0
    if view == "Metrics":
        assert app.code[0].value.startswith("handwriting evaluate ")
    if view == "Settings":
        assert "_target_: handwriting.models.cgan.CGAN" in app.code[1].value


@pytest.mark.parametrize(("earlier", "now"), [("Draw", "Sample"), ("Measures", "Metrics")])
def test_an_address_with_the_earlier_name_of_a_view_still_opens_it(
    open_page: Callable[..., Any], earlier: str, now: str
) -> None:
    app = open_page(page="Run", run="runs/trained", show=earlier)
    assert app.session_state["show"] == now


def test_a_run_samples_what_is_requested_and_offers_it(open_page: Callable[..., Any]) -> None:
    app = open_page(page="Run", run="runs/trained", show="Sample")
    labels, styles = app.multiselect
    assert labels.options == ["a", "b", "c"]
    labels.set_value(["a", "c"])
    styles.set_value(["thin"])
    app.number_input[0].set_value(3)
    app.button[-1].click().run()
    assert not app.exception
    assert "6 glyphs" in app.image[0].proto.imgs[0].caption
    assert [button.label for button in app.download_button] == ["Save this picture", "Save the glyphs as data"]


def test_a_failed_run_says_why_and_a_dead_one_how_to_resume(open_page: Callable[..., Any]) -> None:
    failed = next(key for key in first_table(open_page(filter="failed"))["run"])
    assert "NotFiniteError" in open_page(page="Run", run=failed).warning[0].value
    app = open_page(page="Run", run="runs/dead")
    assert "its process is gone" in app.warning[0].value
    assert "resume=" in app.code[0].value


def test_a_run_without_a_checkpoint_is_not_offered_to_be_evaluated(open_page: Callable[..., Any]) -> None:
    app = open_page(page="Run", run="runs/dead", show="Metrics")
    assert not [code.value for code in app.code if "handwriting evaluate" in code.value]
    assert "It has no checkpoint that could be." in words(app)


def test_an_address_leads_nowhere_outside_of_the_folders(open_page: Callable[..., Any], folders: Path) -> None:
    for key in ("runs/../../../etc", "/etc", str(folders / "runs"), "runs/broken"):
        app = open_page(page="Run", run=key)
        assert len(app.error) == 1
        assert not app.image


def test_a_run_with_a_link_that_leads_out_is_not_opened(
    folders: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(folders / "runs" / "trained", tmp_path / "runs" / "one")
    (tmp_path / "secret.log").write_text("the secret")
    (tmp_path / "runs" / "one" / "train.log").unlink()
    (tmp_path / "runs" / "one" / "train.log").symlink_to(tmp_path / "secret.log")
    opened = opener((tmp_path / "runs",), tmp_path / "data", monkeypatch)
    app = opened(page="Run", run="runs/one", show="Log")
    assert "leads out of" in app.error[0].value
    assert "the secret" not in words(app)


def test_an_evaluated_run_shows_its_classes_and_their_confusion(
    folders: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(folders / "runs" / "trained", tmp_path / "runs" / "one")
    measure = {"value": 3.0, "floor": 1.0, "n": 10, "unit": "", "error": None, "better": "min",
               "classifier": "3f2a91c0", "accuracy": 0.97}  # fmt: skip
    run = Run.at(tmp_path / "runs" / "one")
    run.write_evaluation({name: measure for name in ("fid", "class_fid/a", "class_fid/b", "class_fid/c")})
    counts = [[8, 2, 0], [0, 9, 1], [3, 0, 7]]
    (run.path / "classes.json").write_text(json.dumps({"names": ["a", "b", "c"], "confusion": counts, "real": counts}))
    app = opener((tmp_path / "runs",), tmp_path, monkeypatch)(page="Run", run="runs/one", show="Metrics")
    assert list(first_table(app)["metric"]) == ["fid ↓"]
    assert list(app.dataframe[1].value["mistake"]) == ["c recognised as a", "a recognised as b", "b recognised as c"]
    assert len(app.image) == 3, "metrics, classes, confusion"
    (run.path / "classes.json").write_text('{"names": ["a"], "confusion": [[1, 2]]}')
    app = opener((tmp_path / "runs",), tmp_path, monkeypatch)(page="Run", run="runs/one", show="Metrics")
    assert "classes.json does not hold counts" in app.error[0].value


# A sweep, and data


def test_a_sweep_shows_the_best_trials_importance_and_failures(open_page: Callable[..., Any]) -> None:
    app = open_page(page="Sweep")
    said = words(app)
    for part in (
        "Leaderboard, by val/fid",
        "Trials along their parameters",
        "Importance of parameters",
        "Best trial",
        "Trials",
    ):
        assert part in said
    assert "Failed or interrupted trials" in app.warning[0].value
    assert any(code.value.startswith("# @package _global_") for code in app.code)
    trials = app.dataframe[-1].value
    assert len(trials) == 24
    assert trials[trials["state"] == "✕ failed"]["why"].str.startswith("NotFiniteError").all()


def test_a_broken_or_unknown_sweep_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, open_page: Callable[..., Any]
) -> None:
    assert "was not found" in open_page(page="Sweep", sweep="sweeps/gone").error[0].value
    sweep = write_sweep(tmp_path / "sweeps" / "one", trials=3)
    (sweep.path / "sweep.json").write_text("{")
    opened = opener((tmp_path / "sweeps",), tmp_path, monkeypatch)
    assert "sweep.json" in opened(page="Sweep").error[0].value
    assert first_table_with(opened(trials="true"), "sweep")["state"].iloc[0] == "cannot be read"


def test_trials_with_different_objectives_are_shown_separately(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    needs("dashboard", "streamlit")
    sweep = write_sweep(tmp_path / "sweeps" / "one", trials=20)
    trials = [replace(trial, monitor="val/loss") if trial.number < 10 else trial for trial in sweep.trials]
    sweep.write_status("done", trials, {"total": 20})
    app = opener((tmp_path / "sweeps",), tmp_path, monkeypatch)(page="Sweep")
    heads = [one.value for one in app.subheader if one.value.startswith("Leaderboard")]
    assert heads == ["Leaderboard, by val/loss (lower is better)", "Leaderboard, by val/fid (lower is better)"]
    labels = [button.label for button in app.download_button]
    assert {"Save best_val_loss.yaml", "Save best_val_fid.yaml"} <= set(labels)


def first_table_with(app: Any, column: str) -> Any:
    return next(table.value for table in app.dataframe if column in table.value)


def test_the_data_page_shows_counts_sheets_and_outliers(open_page: Callable[..., Any]) -> None:
    app = open_page(page="Data", settings="data.style=median")
    assert "1,295 training" in words(app)
    assert len(app.image) == 5
    assert len(app.download_button) == 5


def test_the_data_page_refuses_what_is_not_for_it_and_says_what_is_missing(open_page: Callable[..., Any]) -> None:
    assert "a page cannot set data.root" in open_page(page="Data", settings="data.root=/etc").error[0].value
    assert "leads out of" in open_page(page="Data", source="arrays", settings="data.path=/etc/passwd").error[0].value
    app = open_page(page="Data", source="mnist")
    assert app.code[0].value == "handwriting train data=mnist data.download=true debug=fast"
