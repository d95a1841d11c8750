"""losses.png."""

from __future__ import annotations

from types import SimpleNamespace

from PIL import Image

from handwriting.callbacks.curves import Curves
from handwriting.runs import MetricsFile
from tests.builders import make_model


def test_the_curves_are_drawn_when_training_ends_and_after_a_failure(tmp_path):
    MetricsFile(tmp_path / "metrics.csv").append({"epoch": 1, "batches": 2, "samples": 32, "seconds": 1, "val/loss": 3})
    trainer = SimpleNamespace(default_root_dir=str(tmp_path), is_global_zero=True)
    for end in (
        lambda callback: callback.on_train_end(trainer, make_model("vae")),
        lambda callback: callback.on_exception(trainer, make_model("vae"), ValueError()),
    ):
        end(Curves())
        with Image.open(tmp_path / "losses.png") as picture:
            picture.load()
        (tmp_path / "losses.png").unlink()


def test_they_are_not_drawn_again_before_their_time(tmp_path, monkeypatch):
    drawn = []
    monkeypatch.setattr(Curves, "_draw", lambda *_: drawn.append(True))
    Curves(every_seconds=1e6).on_train_epoch_end(None, None)
    assert not drawn
    Curves(every_seconds=0).on_train_epoch_end(None, None)
    assert drawn
