"""Which checkpoints are kept, and what is in them."""

from __future__ import annotations

import pytest
import torch

import handwriting
from handwriting.callbacks.checkpoints import RandomState, SafeCheckpointIO
from handwriting.runs import Run, checkpoints
from tests.builders import train


@pytest.mark.parametrize(
    ("overrides", "name", "best_of"),
    [
        ([], "val/loss", min),
        (["callbacks.best_checkpoint.by=val/kl"], "val/kl", min),  # an earlier name of the key
        (["callbacks.best_checkpoint.monitor=val/kl", "callbacks.best_checkpoint.mode=max"], "val/kl", max),
    ],
)
def test_the_best_checkpoint_has_the_lowest_validation_loss_or_the_best_of_another_value(
    tmp_path, overrides, name, best_of
):
    # Averaged weights off and a rash learning rate: the loss goes up and down.
    rash = ["model.lr=0.05", "model.ema_decay=0", "trainer.max_epochs=6", "callbacks.samples=null"]
    folder = train(tmp_path / "run", "model=vae", *rash, *overrides)
    rows = [row for row in Run.at(folder).metrics() if name in row]
    best = best_of(rows, key=lambda row: row[name])
    assert checkpoints.load(folder / "checkpoints" / "best.ckpt")["progress"]["batches"] == best["batches"]
    assert handwriting.load(folder).batches == best["batches"]


def test_the_best_checkpoint_holds_no_optimizer_and_the_last_one_does(vae):
    assert "optimizer_states" not in checkpoints.load(vae / "checkpoints" / "best.ckpt")
    assert checkpoints.load(vae / "checkpoints" / "last.ckpt")["optimizer_states"]


def test_a_monitor_that_is_not_logged_leaves_no_best_checkpoint(gan):
    assert not (gan / "checkpoints" / "best.ckpt").exists()
    assert (gan / "checkpoints" / "last.ckpt").is_file()


def test_the_random_state_is_restored_when_training_starts():
    callback = RandomState()
    state = callback.state_dict()
    expected = torch.rand(3)
    callback.load_state_dict(state)
    torch.rand(5)
    callback.on_train_start(None, None)
    assert torch.equal(torch.rand(3), expected)


def test_lightning_reads_nothing_but_tensors_and_plain_values(tmp_path):
    torch.save({"code": print}, tmp_path / "hostile.ckpt")
    with pytest.raises(handwriting.errors.RunError):
        SafeCheckpointIO().load_checkpoint(tmp_path / "hostile.ckpt")
