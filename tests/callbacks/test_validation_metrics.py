"""MetricValues taken while training: what they are, where they go, and what they cost."""

from __future__ import annotations

import csv
import json
import os
import signal
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from handwriting.callbacks import base
from handwriting.callbacks.base import TimeBudget
from handwriting.config import compose
from handwriting.engine.sections import build_source
from handwriting.features import cache
from handwriting.features.training import ClassifierRecipe
from handwriting.interruption import TERMINATED
from handwriting.jobs import start
from handwriting.metrics.base import Reference
from handwriting.metrics.evaluation import compute_metrics, evaluate_samples
from handwriting.metrics.fid import FID
from handwriting.models.loading import load
from handwriting.runs import Run, checkpoints
from tests.builders import train

QUICKLY = ("metrics=default", "callbacks.validation_metrics.time_share=1")


@pytest.fixture(autouse=True)
def _short_recipe(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "ClassifierRecipe", lambda: ClassifierRecipe(max_glyphs=600, min_glyphs=600))


def columns(folder: Path) -> list[str]:
    with (folder / "metrics.csv").open() as file:
        return next(csv.reader(file))


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cache, "ClassifierRecipe", lambda: ClassifierRecipe(max_glyphs=600, min_glyphs=600))
        folder = tmp_path_factory.mktemp("runs") / "cgan"
        return train(folder, "model=cgan", *QUICKLY, "trainer.max_epochs=3")


def test_the_quick_measures_stand_in_the_log_with_their_floors(trained):
    rows = [row for row in Run.at(trained).metrics() if "val/fid" in row]
    assert [row["epoch"] for row in rows] == [1, 2, 3]
    assert {"val/kid", "val/coverage", "val/class_accuracy", "val/class_js", "val/pixel_kl"} <= rows[0].keys()
    assert len({row["floor/fid"] for row in rows}) == 1
    assert "val/feature_kl" not in rows[0]
    assert not any("classification_accuracy" in name for name in columns(trained))


def test_the_summary_tells_what_by_and_how_long(trained):
    summary = json.loads((trained / "summary.json").read_text())
    assert summary["metrics"]["val/fid"]["min"] > 0
    assert "test glyphs" in summary["feature_space"]
    assert summary["measuring_seconds"] > 0
    assert summary["preparation_seconds"] > 0


def test_the_time_before_the_first_batch_is_not_counted_as_training(tmp_path, monkeypatch):
    made = cache.train

    def slow(*arguments):
        time.sleep(5)
        return made(*arguments)

    monkeypatch.setattr(cache, "train", slow)
    folder = train(tmp_path / "run", "model=dcgan", *QUICKLY, "data.classes=xyz", "trainer.max_epochs=1")
    summary = Run.at(folder).summary
    assert summary["preparation_seconds"] > 5
    first = Run.at(folder).metrics()[0]
    assert first["seconds"] < 5


def test_the_best_checkpoint_is_that_of_the_smallest_fid(trained):
    rows = [row for row in Run.at(trained).metrics() if "val/fid" in row]
    best = min(rows, key=lambda row: row["val/fid"])
    assert checkpoints.load(trained / "checkpoints" / "best.ckpt")["progress"]["batches"] == best["batches"]


def test_the_number_logged_is_that_of_the_checkpoint_measured_afterwards(trained):
    cfg = compose("train", ["data=synthetic", "data.classes=abc", "data.count=120"])
    source = build_source(cfg.data)
    prepared = source.prepared(*source.read())
    space = cache.feature_space(prepared.whole, prepared.test)
    reference = Reference(space, prepared.whole, prepared.val)
    measures, _ = compute_metrics(evaluate_samples(load(trained / "checkpoints" / "last.ckpt"), reference), [FID()])
    row = [row for row in Run.at(trained).metrics() if "val/fid" in row][-1]
    assert row["val/fid"] == pytest.approx(measures["fid"].value, rel=1e-6)
    assert row["floor/fid"] == pytest.approx(measures["fid"].floor, rel=1e-6)


def test_the_curves_show_the_floor(trained):
    from handwriting.plots.curves import draw_losses

    figure = draw_losses(Run.at(trained).metrics(), "run")
    axes = {axes.get_title(): axes for axes in figure.axes}
    assert {text.get_text() for text in axes["fid"].get_legend().get_texts()} == {"val", "floor"}
    assert {text.get_text() for text in axes["discriminator loss"].get_legend().get_texts()} == {"train", "val"}


def test_measuring_changes_no_weight(tmp_path):
    with_measures, without = (
        train(tmp_path / name, "model=cgan", *overrides) for name, overrides in (("on", QUICKLY), ("off", ()))
    )
    one, other = (
        checkpoints.load(folder / "checkpoints" / "last.ckpt")["state_dict"] for folder in (with_measures, without)
    )
    assert all(torch.equal(weight, other[name]) for name, weight in one.items())
    assert "val/fid" not in columns(without)


def test_sigterm_ends_the_training_of_the_classifier_and_the_resumed_run_goes_on_with_it(tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(cache.CACHE_VARIABLE, str(tmp_path / "cache"))
    monkeypatch.setattr("handwriting.features.training.BATCHES_PER_STATE", 1)
    monkeypatch.setattr(cache, "ClassifierRecipe", lambda: ClassifierRecipe(max_glyphs=900, min_glyphs=900))
    done = iter(range(3))
    backward = torch.Tensor.backward

    def step(*arguments, **named):
        if next(done, None) is None:
            os.kill(os.getpid(), signal.SIGTERM)
        return backward(*arguments, **named)

    words = ["data=synthetic", "data.classes=abc", "data.count=120", "model=vae", "model.channels=16", "trainer=cpu"]
    words += ["trainer.max_epochs=1", "trainer.max_time=00:00:01:00", "logger=none", "hydra.run.dir=run"]
    with monkeypatch.context() as patch:
        patch.setattr(torch.Tensor, "backward", step)
        assert start("train", words) == TERMINATED
    said = capfd.readouterr()
    assert "The time of trainer.max_time begins after it." in said.out
    assert said.err.strip().splitlines() == [f"Stopped. Resume with: handwriting train resume={tmp_path / 'run'}"]
    assert Run.at("run").status["state"] == "interrupted"
    assert start("train", ["resume=run"]) == 0
    assert "goes on after 3 of" in capfd.readouterr().out
    assert "val/fid" in columns(tmp_path / "run")


@pytest.mark.parametrize("off", ["metrics=none", "callbacks.validation_metrics=null"])
def test_it_can_be_switched_off(tmp_path, monkeypatch, off):
    def never(*_, **__):
        raise AssertionError("no classifier is needed")

    monkeypatch.setattr("handwriting.callbacks.validation_metrics.feature_space", never)
    folder = train(tmp_path / "run", "model=dcgan", "metrics=default", off)
    assert not any(name.startswith("floor/") for name in columns(folder))


def test_too_few_validation_glyphs_do_not_stop_a_training(tmp_path, caplog):
    folder = train(tmp_path / "run", "model=vae", *QUICKLY, "data.val_fraction=0.02")
    assert "precision_recall needs at least" in caplog.text
    assert "val/pixel_js" in columns(folder)
    assert "val/precision" not in columns(folder)


def trainer(epoch: int, last: int = 100) -> SimpleNamespace:
    progress = SimpleNamespace(current=SimpleNamespace(processed=epoch))
    return SimpleNamespace(fit_loop=SimpleNamespace(epoch_progress=progress), should_stop=False, max_epochs=last)


def test_a_task_that_plans_ahead_keeps_to_its_share(monkeypatch):
    now = 0.0
    monkeypatch.setattr(base.time, "monotonic", lambda: now)
    budget = TimeBudget(0.05, ahead=2)
    for epoch in range(1, 101):
        now += 3.0  # an epoch
        if budget.allows(trainer(epoch)):
            with budget.charged():
                now += 2.0
    assert 0.03 < budget.spent / now <= 0.05
