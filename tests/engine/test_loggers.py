"""What wandb and TensorBoard are given, without a network."""

from __future__ import annotations

import pytest

from handwriting.runs import Run
from handwriting.runs.metrics import PROGRESS
from tests.builders import train
from tests.extras import needs


@pytest.mark.slow
def test_wandb_works_offline_and_gets_every_row(tmp_path, monkeypatch):
    from pytorch_lightning.loggers import WandbLogger

    for name in ("WANDB_API_KEY", "WANDB_MODE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NETRC", str(tmp_path / "none"))
    rows, pictures = [], []
    log_metrics, log_image = WandbLogger.log_metrics, WandbLogger.log_image

    def keep_row(self, metrics, step=None):
        if not any(name.startswith("pictures/") for name in metrics):
            rows.append(dict(metrics))
        log_metrics(self, metrics, step)

    def keep_picture(self, key, images, **more):
        pictures.append(key)
        log_image(self, key, images, **more)

    monkeypatch.setattr(WandbLogger, "log_metrics", keep_row)
    monkeypatch.setattr(WandbLogger, "log_image", keep_picture)
    folder = train(tmp_path / "run", "model=vae", "logger=wandb", "trainer.max_epochs=1")
    assert rows == Run.at(folder).metrics()
    assert pictures.count("pictures/samples") == 2
    (record,) = folder.glob("wandb/offline-run-*/*.wandb")
    assert record.stat().st_size > 1000


@pytest.mark.slow
def test_tensorboard_gets_every_value(tmp_path):
    needs("tensorboard")
    from tensorboard.backend.event_processing import event_accumulator as accumulators

    folder = train(tmp_path / "run", "model=cgan", "logger=tensorboard", "trainer.max_epochs=1")
    events = accumulators.EventAccumulator(str(folder / "tensorboard"), size_guidance={"scalars": 0})
    events.Reload()
    rows = Run.at(folder).metrics()
    for name in {name for row in rows for name in row} - set(PROGRESS):
        expected = [(row["samples"], pytest.approx(row[name], rel=1e-5)) for row in rows if name in row]
        assert [(event.step, event.value) for event in events.Scalars(name)] == expected
    assert "pictures/samples" in events.Tags()["images"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("variables", "told"),
    [
        ({"WANDB_MODE": "online", "WANDB_API_KEY": "0" * 40}, "api.wandb.ai cannot be reached (no network here)"),
        ({"WANDB_MODE": "bogus"}, "WANDB_MODE=bogus is none of online, offline"),
    ],
    ids=["no network", "no such mode"],
)
def test_a_tracker_that_cannot_be_used_is_one_warning_and_offline(variables, told, tmp_path, monkeypatch, caplog):
    def refuse(*arguments, **more):
        raise OSError("no network here")

    monkeypatch.setattr("socket.create_connection", refuse)
    monkeypatch.setattr("handwriting.engine.loggers.getproxies", dict)
    for name in ("WANDB_API_KEY", "WANDB_MODE", "WANDB_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    folder = train(tmp_path / "run", "model=vae", "logger=wandb", "trainer.max_epochs=1")
    warnings = [record.getMessage() for record in caplog.records if record.name == "handwriting"]
    assert [told in warning for warning in warnings] == [True]
    assert list(folder.glob("wandb/offline-run-*/*.wandb"))
    assert Run.at(folder).status["state"] == "done"
