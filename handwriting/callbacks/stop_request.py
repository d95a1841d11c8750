"""Ending a run from outside."""

from __future__ import annotations

from dataclasses import dataclass

import pytorch_lightning as pl

from handwriting.callbacks.base import RunCallback
from handwriting.runs.stopping import StopReason, take_stop_request


@dataclass(eq=False)
class StopRequest(RunCallback):
    """End the run after the epoch in which a file called ``stop`` appears in its folder.

    A sweep writes it to prune a trial; a person does so with ``touch runs/<folder>/stop``. The run can be resumed.

    Attributes:
        reason: Why and by whom the run was ended; None while nobody has requested it.
    """

    def __post_init__(self) -> None:
        """Start without a request."""
        self.reason: StopReason | None = None

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Look for the file in the first process; the other processes follow its decision."""
        if trainer.is_global_zero:
            self.reason = take_stop_request(self.folder(trainer)) or self.reason
        if trainer.strategy.broadcast(self.reason is not None):
            trainer.should_stop = True
