"""metrics.csv, summary.json and the loggers."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import pytorch_lightning as pl
import torch

from handwriting.callbacks.base import RunCallback, epochs_done
from handwriting.models.base import GlyphModel
from handwriting.runs.metrics import Extremes, extremes


class MetricsLog(RunCallback):
    """Write the values that the model flushes, and those that other callbacks add.

    A row goes to ``metrics.csv`` and to every logger every ``trainer.log_every_n_steps`` batches, at the end of the
    trainer's step that reaches them, and at the end of each epoch. Its values of training are means since the previous
    row. The model takes them, the same without this callback; see :mod:`handwriting.models.loss_logging`.
    """

    def __init__(self) -> None:
        self._seconds_before = 0.0
        self._began = 0.0
        self._due = 0
        self._row: dict[str, float] = {}
        self._extremes: Extremes = {}

    def add(self, values: Mapping[str, float]) -> None:
        """Write these values, by their full names, with the next row."""
        self._row.update(values)

    # What a resumed run needs

    def state_dict(self) -> dict[str, Any]:
        """Keep the seconds spent so far."""
        return {"seconds": self.seconds}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Continue counting from there."""
        self._seconds_before = state_dict["seconds"]

    @property
    def seconds(self) -> float:
        """Seconds of training so far, over all sessions."""
        return self._seconds_before + (time.monotonic() - self._began if self._began else 0.0)

    # Hooks

    def on_train_start(self, trainer: pl.Trainer, pl_module: GlyphModel) -> None:  # type: ignore[override]
        """Start the clock and observe the model; rows after the checkpoint will be measured again."""
        self._began = time.monotonic()
        pl_module.flush_observer = self.add
        self._due = pl_module.batches // trainer.log_every_n_steps  # type: ignore[attr-defined]
        if self.run:
            self.run.note(threads=torch.get_num_threads())  # several processes share them out as they start
            self.run.metrics.keep_until(pl_module.batches)
            self._extremes = extremes(self.run.metrics.read())

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: GlyphModel, outputs: Any, batch: Any, batch_idx: int  # type: ignore[override]
    ) -> None:  # fmt: skip
        """Write a row when it is due."""
        if self.run:
            self.run.beat()
        before, self._due = self._due, pl_module.batches // trainer.log_every_n_steps  # type: ignore[attr-defined]
        if self._due > before and not trainer.is_last_batch:  # the last batch's row is that of the epoch's end
            self._write(trainer, pl_module)

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: GlyphModel) -> None:  # type: ignore[override]
        """Write the epoch's last row and the summary."""
        pl_module.flush("train")  # the model's own hook comes after those of callbacks
        self._write(trainer, pl_module)
        if self.run:
            progress = self._progress(trainer, pl_module)
            self.run.summarise({**progress, "metrics": self._extremes})

    def teardown(self, trainer: pl.Trainer, pl_module: GlyphModel, stage: str) -> None:  # type: ignore[override]
        """Observe the model no longer."""
        pl_module.flush_observer = None

    def on_exception(self, trainer: pl.Trainer, pl_module: GlyphModel, exception: BaseException) -> None:  # type: ignore[override]
        """Observe the model no longer: after a failure nothing is torn down."""
        pl_module.flush_observer = None

    # Rows

    def _progress(self, trainer: pl.Trainer, model: GlyphModel) -> dict[str, float]:
        return {
            "epoch": epochs_done(trainer),
            "batches": model.batches,
            "samples": model.samples,
            "seconds": round(self.seconds, 2),
        }

    def _write(self, trainer: pl.Trainer, model: GlyphModel) -> None:
        if not self._row:
            return
        model.latest_values.update(self._row)
        row, self._row = {**self._progress(trainer, model), **self._row}, {}
        if self.run:
            self.run.metrics.append(row)
            extremes([row], self._extremes)
        for logger in trainer.loggers:
            logger.log_metrics(row, step=model.samples)
