"""The progress of a run: a bar on a terminal, one line an epoch elsewhere."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from typing import Any

import pytorch_lightning as pl
from pydantic import NonNegativeFloat
from pytorch_lightning.callbacks import Timer

from handwriting.callbacks.base import RunCallback, batch_size, epochs_done, is_last_epoch
from handwriting.callbacks.limit import Limit
from handwriting.data.loading.loader import Steps
from handwriting.models.base import GlyphModel
from handwriting.progress import FittedBar
from handwriting.text import format_clock


def _losses(model: GlyphModel) -> dict[str, str]:
    """Return the latest losses, accuracies and monitor, formatted, under short names."""
    latest = model.latest_values
    chosen = {name: value for name, value in latest.items() if name.endswith("loss") or "accuracy" in name}
    short = {name.replace("discriminator", "D").replace("generator", "G").removeprefix("train/"): value
             for name, value in chosen.items() if name.startswith("train/") or name == model.monitor}  # fmt: skip
    return {name: f"{value:.3g}" for name, value in short.items()}


@dataclass(eq=False)
class Progress(RunCallback):
    """Show losses, glyphs a second and time left: a bar on a terminal, a line an epoch otherwise.

    Attributes:
        every_seconds: Without a terminal, the least time between two lines in seconds.
    """

    every_seconds: NonNegativeFloat = 10.0

    def __post_init__(self) -> None:
        """Start without a bar."""
        self._bar: FittedBar | None = None
        self._shown = 0.0
        self._began = 0.0
        self._samples_before = 0

    def on_train_start(self, trainer: pl.Trainer, pl_module: GlyphModel) -> None:  # type: ignore[override]
        """Open the bar."""
        self._began = self._shown = time.monotonic()
        self._samples_before = pl_module.samples
        if trainer.is_global_zero and sys.stderr.isatty():
            total = self._total(trainer, pl_module)
            self._bar = FittedBar(
                total, "training", unit=" glyphs", initial=pl_module.samples, with_rate=True, stays=True
            )

    @staticmethod
    def _total(trainer: pl.Trainer, model: GlyphModel) -> int | None:
        """Return the glyphs of the whole run, where the number of epochs, batches or glyphs limits it."""
        each = batch_size(trainer) * trainer.world_size
        limits = [callback.batches(each) for callback in trainer.callbacks if isinstance(callback, Limit)]  # type: ignore[attr-defined]
        epochs, loader = trainer.max_epochs, trainer.train_dataloader
        if isinstance(loader, Steps) and epochs is not None and epochs >= 0:
            limits.append(epochs * loader.batches(int(trainer.num_training_batches)))
        return min((limit * each for limit in limits if limit is not None), default=None)

    @staticmethod
    def _time_left(trainer: pl.Trainer) -> float | None:
        """Return the seconds that ``trainer.max_time`` leaves, where it is given."""
        timers = (callback for callback in trainer.callbacks if isinstance(callback, Timer))  # type: ignore[attr-defined]
        return next((timer.time_remaining() for timer in timers), None)

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: GlyphModel, outputs: Any, batch: Any, batch_idx: int  # type: ignore[override]
    ) -> None:  # fmt: skip
        """Move the bar, at most ten times a second."""
        if time.monotonic() - self._shown > 0.1:
            self._move(trainer, pl_module, trainer.current_epoch + 1)

    def _move(self, trainer: pl.Trainer, model: GlyphModel, epoch: int) -> None:
        if self._bar is None:
            return
        self._shown = time.monotonic()
        self._bar.set_description(self._epoch(trainer, epoch), refresh=False)
        self._bar.seconds_left = self._time_left(trainer)
        self._bar.details = [f"{name} {value}" for name, value in _losses(model).items()]
        self._bar.update(model.samples - self._bar.n)

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: GlyphModel) -> None:  # type: ignore[override]
        """Move the bar; without one print a line, unless the last one was a moment ago."""
        self._move(trainer, pl_module, epochs_done(trainer))
        now = time.monotonic()
        last = is_last_epoch(trainer)
        if self._bar is not None or not trainer.is_global_zero or (now - self._shown < self.every_seconds and not last):
            return
        self._shown = now
        speed = (pl_module.samples - self._samples_before) / max(now - self._began, 1e-9)
        total = self._total(trainer, pl_module)
        by_glyphs = (total - pl_module.samples) / speed if total and speed else None
        limits = [seconds for seconds in (by_glyphs, self._time_left(trainer)) if seconds is not None]
        left = f"  {format_clock(min(limits))} left" if limits else ""
        losses = "  ".join(f"{name} {value}" for name, value in _losses(pl_module).items())
        print(f"{self._epoch(trainer, epochs_done(trainer))}  {losses}  {speed:,.0f} glyphs/s{left}", flush=True)

    @staticmethod
    def _epoch(trainer: pl.Trainer, number: int) -> str:
        limit = trainer.max_epochs
        return f"epoch {number}/{limit}" if limit and limit > 0 else f"epoch {number}"

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Close the bar."""
        self._close()

    def on_exception(self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: BaseException) -> None:
        """Close the bar before the reason is printed."""
        self._close()

    def _close(self) -> None:
        if self._bar is not None:
            self._bar.refresh()
            self._bar.close()
            self._bar = None
