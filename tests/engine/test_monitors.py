"""Lightning's own callbacks: what they see, how they end a run, and what is said of a monitor that is not logged."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest
import pytorch_lightning.callbacks
import torch
from pytorch_lightning.callbacks import EarlyStopping
from pytorch_lightning.loggers.logger import DummyLogger

from handwriting.callbacks.base import epochs_done
from handwriting.callbacks.validation_metrics import ValidationMetrics
from handwriting.config import INSTALLED, Trust
from handwriting.config.trust import LIGHTNING, LIGHTNING_CALLBACKS, LIGHTNING_CALLBACKS_OF_NEW_RUNS
from handwriting.engine.experiment import Experiment
from handwriting.engine.fitting import fit
from handwriting.errors import ConfigError, UntrustedClassError
from handwriting.jobs import start
from handwriting.runs import Run, checkpoints, claim
from tests.builders import QUICK, composed, train

NEVER_BETTER = ["callbacks.early_stopping.min_delta=1e6", "callbacks.early_stopping.patience=2"]
"""No value but the first counts as an improvement."""
EARLY = ["callbacks=[none,early_stopping]", "trainer.max_epochs=9", *NEVER_BETTER]


class RecordingLogger(DummyLogger):
    """Keeps every value that it is given."""

    def __init__(self) -> None:
        super().__init__()
        self.values: dict[str, list[float]] = {}

    def log_metrics(self, metrics: dict[str, float], step: int | None = None) -> None:
        for name, value in metrics.items():
            self.values.setdefault(name, []).append(value)

    def log_hyperparams(self, *args: Any, **kwargs: Any) -> None:
        pass


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> dict[int, dict[str, float]]:
    """What is measured in which epoch; metrics need no classifier then."""
    values: dict[int, dict[str, float]] = {}
    monkeypatch.setattr(ValidationMetrics, "on_train_start", lambda *_: None)
    monkeypatch.setattr(
        ValidationMetrics, "_measured", lambda self, trainer, model: values.get(epochs_done(trainer), {})
    )
    return values


def test_early_stopping_ends_a_run_and_says_why(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    early = ["callbacks=none", "+callbacks=early_stopping", *EARLY[1:], "callbacks.early_stopping.monitor=val/loss"]
    words = [*QUICK, "model=vae", *early]
    assert start("train", [*words, f"hydra.run.dir={tmp_path / 'run'}"]) == 0
    reason = "early stopping: val/loss did not improve for 2 epochs"
    assert reason in capsys.readouterr().out
    assert reason in (tmp_path / "run" / "train.log").read_text()
    status = Run.at(tmp_path / "run").status
    assert (status["state"], status["why"]) == ("done", reason)
    assert Run.at(tmp_path / "run").summary["epoch"] == 3


def test_a_threshold_that_is_reached_is_the_reason(tmp_path):
    reached = ["callbacks.early_stopping.monitor=val/loss", "+callbacks.early_stopping.stopping_threshold=1e9"]
    status = Run.at(train(tmp_path / "run", "model=vae", *EARLY, *reached)).status
    assert status["state"] == "done"
    assert status["why"].startswith("early stopping: stopping threshold reached: val/loss")


def test_only_epochs_in_which_the_monitor_was_measured_count(tmp_path, measured):
    measured |= {1: {"val/fid": 9.0}, 4: {"val/fid": 9.0}, 6: {"val/fid": 9.0}}
    words = ["metrics=fid", *EARLY, "callbacks=[early_stopping,none,validation_metrics]"]
    folder = train(tmp_path / "run", "model=vae", *words)
    assert Run.at(folder).summary["epoch"] == 6
    assert Run.at(folder).status["why"] == "early stopping: val/fid did not improve for 2 epochs"


def test_the_packages_own_callbacks_come_first_whatever_their_place():
    experiment = Experiment.from_config(composed(*QUICK, "callbacks=[early_stopping,default]"))
    names = list(experiment.callbacks)
    assert names[-1] == "early_stopping"
    assert names[:-1] == list(composed("callbacks=default").callbacks)


def test_a_callback_without_strictness_of_its_own_gets_none():
    words = [f"+callbacks.stop._target_={LIGHTNING}EarlyStopping", "+callbacks.stop.monitor=val/fid"]
    for more, is_strict in ([], False), (["+callbacks.stop.strict=true"], True):
        cfg = composed(*QUICK, "callbacks=none", *words, *more)
        callback = Experiment.from_config(cfg).callbacks["stop"]
        assert isinstance(callback, EarlyStopping)
        assert callback.strict is is_strict


def logged_by(folder: Path, *overrides: str) -> RecordingLogger:
    """Train with Lightning's monitors and a logger that keeps what it is given."""
    monitors = ["callbacks=[none,early_stopping,lr_monitor,device_stats]", "callbacks.early_stopping.monitor=val/loss"]
    experiment = Experiment.from_config(composed(*QUICK, *monitors, *overrides), claim(folder))
    logger = RecordingLogger()
    experiment.trainer.loggers = [logger]
    last = folder / "checkpoints" / "last.ckpt"
    fit(experiment, last if last.is_file() else None)
    return logger


@pytest.fixture
def device_stats(monkeypatch: pytest.MonkeyPatch) -> None:
    """The load of the device, without psutil."""
    monkeypatch.setattr("pytorch_lightning.callbacks.device_stats_monitor._PSUTIL_AVAILABLE", True)
    monkeypatch.setattr(
        "pytorch_lightning.accelerators.cpu.CPUAccelerator.get_device_stats", lambda self, device: {"load": 0.5}
    )


def test_loggers_get_the_learning_rate_and_the_device(tmp_path, device_stats):
    falling = ["model.lr_schedule=cosine", "model.lr=0.01", "trainer.log_every_n_steps=1"]
    values = logged_by(tmp_path / "run", "model=vae", *falling).values
    rates = values["lr-Adam"]
    assert len(set(rates)) > 2
    assert rates[0] == pytest.approx(0.01)
    assert rates[1:] == sorted(rates[1:], reverse=True)
    assert any(name.startswith("DeviceStatsMonitor") for name in values)
    assert {"train/loss", "val/loss"} <= values.keys()


def test_a_run_with_lightnings_callbacks_resumes_exactly(tmp_path, device_stats):
    words = ["model=vae", "callbacks.early_stopping.min_delta=1e6", "callbacks.early_stopping.patience=3"]
    logged_by(tmp_path / "unbroken", *words, "trainer.max_epochs=9")
    logged_by(tmp_path / "stopped", *words, "trainer.max_epochs=2")
    (tmp_path / "stopped" / "status.json").rename(tmp_path / "status.json")  # free to be claimed once more
    logged_by(tmp_path / "stopped", *words, "trainer.max_epochs=9")
    ends = [checkpoints.load(tmp_path / name / "checkpoints" / "last.ckpt") for name in ("unbroken", "stopped")]
    assert ends[0]["epoch"] == ends[1]["epoch"] == 3
    for name, weight in ends[0]["state_dict"].items():
        assert torch.equal(weight, ends[1]["state_dict"][name]), name
    states = [next(state for key, state in end["callbacks"].items() if "EarlyStopping" in key) for end in ends]
    assert states[0] == states[1]


@pytest.mark.parametrize("name", ["lr_monitor", "device_stats"])
def test_callbacks_that_log_are_refused_without_a_logger(name):
    experiment = Experiment.from_config(composed(*QUICK, f"callbacks=[none,{name}]"))
    with pytest.raises(ConfigError, match=f"callbacks.{name} needs a logger"):
        experiment.check()


@pytest.mark.skipif(importlib.util.find_spec("psutil") is not None, reason="psutil is installed")
def test_what_device_stats_need_is_said():
    experiment = Experiment.from_config(composed(*QUICK, "callbacks=[none,device_stats]"))
    experiment.trainer.loggers = [RecordingLogger()]
    with pytest.raises(ConfigError, match="pip install psutil"):
        experiment.check()


# Monitors


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["callbacks.best_checkpoint.monitor=val/los"], r"best_checkpoint.monitor=val/los.* Did you mean val/loss\?"),
        (["callbacks.best_checkpoint.by=val/fid"], "nor a metric that is computed while training"),
        (["callbacks=[default,early_stopping]"], "early_stopping.monitor=val/fid"),
        (["metrics=fid", "metrics.fid.while_training=false", "callbacks.best_checkpoint.monitor=val/fid"], "val/fid"),
    ],
)
def test_a_monitor_that_nothing_gives_is_refused_before_training(overrides, message):
    experiment = Experiment.from_config(composed(*QUICK, "model=vae", *overrides))
    with pytest.raises(ConfigError, match=message):
        experiment.check()


@pytest.mark.parametrize("model", ["vae", "cgan", "wgan_gp"])
@pytest.mark.parametrize("monitor", ["val/fid_infinity", "train/loss", "anything"])
def test_a_monitor_that_may_be_logged_is_not_refused(model, monitor):
    words = ["metrics=fid", f"model={model}", f"callbacks.best_checkpoint.monitor={monitor}"]
    Experiment.from_config(composed(*QUICK, *words)).check()


def test_a_monitor_that_was_not_logged_is_reported_once(tmp_path, caplog):
    train(tmp_path / "run", "model=vae", "callbacks=[none,best_checkpoint]", "callbacks.best_checkpoint.monitor=loss")
    messages = [record.getMessage() for record in caplog.records if "monitors" in record.getMessage()]
    (message,) = messages
    assert message.startswith("callbacks.best_checkpoint monitors loss, which was not logged")
    assert "Did you mean" in message
    assert "val/loss" in message


def test_the_models_own_monitor_is_not_missed_where_no_metric_is_measured(tmp_path, caplog):
    train(tmp_path / "run", "model=cgan", "metrics=none", "callbacks=[none,validation_metrics,best_checkpoint]")
    assert "monitors" not in caplog.text
    assert not (tmp_path / "run" / "checkpoints" / "best.ckpt").is_file()


def test_the_models_own_monitor_is_missed_where_a_metric_refused(tmp_path, measured, caplog):
    measured |= {1: {}}
    words = ["callbacks=[none,validation_metrics,best_checkpoint]", "trainer.max_epochs=1"]
    train(tmp_path / "run", "model=cgan", "metrics=fid", *words)
    assert "best_checkpoint monitors val/fid" in caplog.text


def test_a_default_monitor_that_is_missed_is_called_the_default_with_how_to_choose_another(tmp_path, measured, caplog):
    measured |= {1: {"val/fit": 1.0}}
    words = ["callbacks=[none,validation_metrics,best_checkpoint]", "trainer.max_epochs=1"]
    train(tmp_path / "run", "model=cgan", "metrics=fid", *words)
    (message,) = [record.getMessage() for record in caplog.records if "monitors" in record.getMessage()]
    assert message.startswith("callbacks.best_checkpoint monitors val/fid, the default of this model, which was not")
    assert (
        "Choose another by callbacks.best_checkpoint.monitor=<value> (callbacks.best_checkpoint.mode=max where"
        in message
    )
    assert "Did you mean" not in message


def test_a_chosen_monitor_is_missed_where_no_metric_is_measured(tmp_path, caplog):
    words = ["callbacks=[none,best_checkpoint]", "callbacks.best_checkpoint.monitor=fid"]
    train(tmp_path / "run", "model=cgan", "metrics=none", *words)
    assert "best_checkpoint monitors fid" in caplog.text


def test_a_metric_that_is_measured_later_is_not_reported_early(tmp_path, measured, caplog):
    measured |= {2: {"val/fid": 1.0}}
    words = ["callbacks=[none,validation_metrics,best_checkpoint]", "callbacks.validation_metrics.every_n_epochs=2"]
    train(tmp_path / "run", "model=cgan", "metrics=fid", "trainer.max_epochs=3", *words)
    assert "monitors" not in caplog.text
    assert (tmp_path / "run" / "checkpoints" / "best.ckpt").is_file()


# Which of them may be named


def test_every_callback_that_lightning_exports_may_be_named_for_a_new_run():
    exported = {f"{LIGHTNING}{name}" for name in pytorch_lightning.callbacks.__all__}
    assert exported <= LIGHTNING_CALLBACKS | LIGHTNING_CALLBACKS_OF_NEW_RUNS
    assert not LIGHTNING_CALLBACKS & LIGHTNING_CALLBACKS_OF_NEW_RUNS
    assert exported <= Trust(is_new_run=True).allowed("callbacks")


@pytest.mark.parametrize("name", ["ModelCheckpoint", "OnExceptionCheckpoint", "LambdaCallback", "BasePredictionWriter"])
def test_what_takes_a_path_or_code_is_not_built_from_a_run_folder(name):
    with pytest.raises(UntrustedClassError, match=name):
        INSTALLED.refuse("callbacks.mine._target_", f"{LIGHTNING}{name}", "callbacks")


def test_any_callback_of_lightning_can_be_named_on_the_command_line(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    swa = f"+callbacks.swa._target_={LIGHTNING}StochasticWeightAveraging"
    words = [
        *QUICK,
        "model=vae",
        "callbacks=none",
        swa,
        "+callbacks.swa.swa_lrs=0.001",
        "+callbacks.swa.swa_epoch_start=1",
    ]
    assert start("train", [*words, f"hydra.run.dir={tmp_path / 'run'}"]) == 0
    assert json.loads((tmp_path / "run" / "status.json").read_text())["state"] == "done"
