"""Metrics on the validation set, computed while a model trains."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from typing import Any

import pytorch_lightning as pl
from pydantic import PositiveInt
from pytorch_lightning.callbacks import Timer

from handwriting.callbacks.base import RunCallback, TimeBudget, TimeShare, epochs_done, is_last_epoch
from handwriting.callbacks.metrics_log import MetricsLog
from handwriting.features.cache import feature_space
from handwriting.metrics.base import Metric, Reference
from handwriting.metrics.evaluation import compute_metrics, evaluate_samples, prepare_metrics
from handwriting.models.base import GlyphModel

log = logging.getLogger("handwriting")


@dataclass(eq=False)
class ValidationMetrics(RunCallback):
    """Compute the quick metrics of ``conf/metrics`` on the validation set, every few epochs.

    They are logged as ``val/fid`` and so on, each with its floor, ``floor/fid``: the same metric of real training
    glyphs. The feature space and the floors are computed before the first batch, and their time does not count as
    training's: ``trainer.max_time`` begins with the first batch.

    Attributes:
        every_n_epochs: Epochs between two measurements; the last epoch is always measured.
        time_share: The largest share of the training's time that measuring may take, 0..1. The first epoch that is due
            and the last one are always measured.
        metrics: The metrics to compute; set once they are built, since other sections configure them.
    """

    every_n_epochs: PositiveInt = 1
    time_share: TimeShare = 0.05

    def __post_init__(self) -> None:
        """Start without metrics."""
        self._budget = TimeBudget(self.time_share, ahead=2)  # this one, and the last epoch's
        self.metrics: list[Metric] = []
        self._reference: Reference | None = None
        self._seconds_before = 0.0

    def state_dict(self) -> dict[str, Any]:
        """Keep the seconds spent so far."""
        return {"seconds": self.seconds}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Continue counting from there."""
        self._seconds_before = state_dict["seconds"]

    @property
    def seconds(self) -> float:
        """Seconds spent measuring so far, over all sessions."""
        return self._seconds_before + self._budget.spent

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Build the feature space and embed the real glyphs, in the first process alone."""
        if not self.metrics or not trainer.is_global_zero:
            return
        data, began = self.data(trainer), time.monotonic()
        timed = any(isinstance(callback, Timer) for callback in trainer.callbacks)  # type: ignore[attr-defined]
        note = "The time of trainer.max_time begins after it." if timed else ""
        space = feature_space(data.whole, data.test, trainer.strategy.root_device, note=note)
        self._reference = Reference(space, data.whole, data.val)
        self.metrics, refused = prepare_metrics(self.metrics, self._reference)
        for reason in refused:
            log.warning("not measured while training: %s", reason)
        self._summarise({"feature_space": str(space), "preparation_seconds": round(time.monotonic() - began, 2)})

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: GlyphModel) -> None:  # type: ignore[override]
        """Compute the metrics where the budget allows, and log them."""
        if epochs_done(trainer) % self.every_n_epochs and not is_last_epoch(trainer):
            return
        # One process measures for all, so that the numbers are those of a single process.
        values = trainer.strategy.broadcast(self._measured(trainer, pl_module))
        if not values:
            return
        for callback in trainer.callbacks:  # type: ignore[attr-defined]
            if isinstance(callback, MetricsLog):
                callback.add(values)
        pl_module.log_dict(values, logger=False, rank_zero_only=False)

    def _measured(self, trainer: pl.Trainer, model: GlyphModel) -> dict[str, float]:
        if self._reference is None or not self._budget.allows(trainer):
            return {}
        with self._budget.charged():
            results, refused = compute_metrics(evaluate_samples(model, self._reference), self.metrics)
        for reason in refused:
            log.info("not measured after epoch %d: %s", epochs_done(trainer), reason)
        self._summarise({"measuring_seconds": round(self.seconds, 2)})
        values = {f"val/{name}": result.value for name, result in results.items()}
        return values | {f"floor/{name}": result.floor for name, result in results.items() if result.floor is not None}

    def _summarise(self, facts: dict[str, object]) -> None:
        if self.run:
            self.run.summarise(facts)
