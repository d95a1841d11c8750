"""What `handwriting experiments` does, and does not do twice."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image

from handwriting.config import compose
from handwriting.errors import RunError
from handwriting.features import cache
from handwriting.features.training import ClassifierRecipe
from handwriting.jobs import evaluate, experiments, start
from handwriting.reports.experiment_plan import ExperimentGroup, ExperimentPlan, PlannedExperiment

TINY = ("data=synthetic", "data.classes=abc", "data.count=120", "data.batch_size=16", "trainer=cpu",
        "trainer.max_epochs=1", "metrics=none", "precision=32-true", "model.channels=16")  # fmt: skip


def test_a_command_that_fails_is_reported():
    with pytest.raises(RunError, match="ended with status 2"):
        experiments._call("evaluate", ["run=nowhere"])


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Plan an experiment that can be run, one that fails and one without data; return the folder and jobs."""
    folder = tmp_path_factory.mktemp("experiments")
    started: list[tuple[str, list[str]]] = []
    really = experiments._call

    def call(job: str, arguments: list[str]) -> None:
        started.append((job, arguments))
        if job == "evaluate":  # here, where a classifier of a few seconds can stand in for the real one
            evaluate.run(compose(job, arguments))
        else:
            really(job, [*arguments, "model.lr=nothing"] if arguments[0] == "experiments=ours/dcgan" else arguments)

    plan = ExperimentPlan((
        ExperimentGroup("ours", "About.", 0.5, {"dcgan": PlannedExperiment(), "cgan": PlannedExperiment()}, TINY),
        ExperimentGroup("notebook", "About.", 0.5, {"gan": PlannedExperiment()}, ("data.path={root}/nothing",)),
    ))  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setattr(cache, "ClassifierRecipe", lambda: ClassifierRecipe(max_glyphs=3_000, min_glyphs=3_000))
        patch.setattr(experiments, "_call", call)
        patch.setattr(experiments, "read_plan", lambda: plan)
        yield folder, started


@pytest.mark.slow
def test_what_can_be_run_is_reported_and_the_rest_says_why(made, capsys):
    folder, started = made
    status = start("experiments", ["out=page"])
    said = capsys.readouterr()
    assert [job for job, _ in started] == ["train", "train", "evaluate"]
    assert (status, "ours/dcgan: handwriting train ended with status 2" in said.err) == (2, True)
    assert "notebook/gan: not run" in said.out
    page = (folder / "page" / "README.md").read_text()
    values = json.loads((folder / "runs" / "experiments" / "ours" / "cgan" / "evaluation.json").read_text())
    assert "| cgan |" in page
    assert f"{values['coverage']['value']:.3g}" in page
    picture = Image.open(folder / "page" / "grids" / "ours_cgan.png")
    assert picture.size == (3 * 28, 2 * 28)


@pytest.mark.slow
def test_what_is_done_is_not_done_again_and_the_page_is_the_same(made):
    folder, started = made
    page, before = (folder / "page" / "README.md").read_bytes(), len(started)
    assert start("experiments", ["only=[ours/cgan]", "out=page"]) == 0
    assert len(started) == before
    assert (folder / "page" / "README.md").read_bytes() == page


@pytest.mark.slow
def test_an_experiment_of_its_full_length_is_a_run_of_its_own(made):
    folder, started = made
    short = (folder / "runs" / "experiments" / "ours" / "cgan" / "status.json").read_bytes()
    assert start("experiments", ["only=[ours/cgan]", "whole=true", "out=page"]) == 0
    job, arguments = started[-2]
    assert (job, arguments[-1]) == ("train", f"hydra.run.dir={Path('runs/experiments/ours/cgan_whole')}")
    assert not any(argument.startswith("trainer.max_time=") for argument in arguments)
    assert (folder / "runs" / "experiments" / "ours" / "cgan" / "status.json").read_bytes() == short
    page = (folder / "page" / "README.md").read_text()
    assert all(f"\n| {name} |" in page for name in ("cgan", "cgan_whole"))


@pytest.mark.slow
def test_an_interrupted_run_is_resumed(made):
    folder, started = made
    run = folder / "runs" / "experiments" / "ours" / "cgan"
    status = json.loads((run / "status.json").read_text())
    (run / "status.json").write_text(json.dumps({**status, "state": "interrupted"}))
    (run / "evaluation.json").unlink()
    assert start("experiments", ["only=[ours/cgan]", "out=page"]) == 0
    assert started[-2:] == [("train", [f"resume={Path('runs/experiments/ours/cgan')}"]),
                            ("evaluate", [f"run={Path('runs/experiments/ours/cgan')}",
                                          experiments.WITHOUT_SLOW_METRIC])]  # fmt: skip


def test_runs_of_an_earlier_version_are_used_where_there_are_no_newer_ones(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    new, former = Path("runs/experiments"), Path("runs/studies")
    assert experiments.runs_folder("runs/experiments") == new
    former.mkdir(parents=True)
    assert experiments.runs_folder("elsewhere") == Path("elsewhere")
    assert capsys.readouterr().out == ""
    assert experiments.runs_folder("runs/experiments") == former
    line = "runs=runs/experiments does not exist: using runs/studies, the folder of earlier versions.\n"
    assert capsys.readouterr().out == line
    new.mkdir()
    assert experiments.runs_folder("runs/experiments") == new


@pytest.mark.parametrize(("argument", "message"), [
    ("only=[nothing/*]", "there is no such experiment"),
    ("hours=0", "hours=0: must be greater than 0"),
])  # fmt: skip
def test_an_impossible_request_is_refused(argument, message, capsys):
    assert start("experiments", [argument]) == 2
    assert message in capsys.readouterr().err
