"""Logging without waiting: losses are added up on the device, and handed to Lightning's log at each flush."""

import math
from collections.abc import Callable, Mapping
from typing import Literal

import torch
from torch import Tensor

from handwriting.errors import NotFiniteError
from handwriting.models.running_means import RunningMeans
from handwriting.models.settings import SettingsModule

Stage = Literal["train", "val", "test"]


class LoggedModel(SettingsModule):
    """A module that logs the means of its losses.

    A step adds scalars to :attr:`running_means`; nothing waits for the device. A *flush* takes their means since the
    previous flush, over all processes, and hands them to ``self.log_dict`` as ``train/loss``, ``val/loss`` and so on,
    from where ``trainer.callback_metrics`` and the trainer's loggers have them. Training is flushed every
    ``trainer.log_every_n_steps`` batches and at the end of each epoch, validation and test at their ends.

    The hooks below flush: a subclass that overrides one of them calls ``super()``, or its values are not logged.

    Attributes:
        running_means: What has been measured since the last flush.
        flush_observer: Called with the values of each flush, by their full names. Where there is one, it writes to the
            trainer's loggers and ``log_dict`` does not.
        latest_values: The values logged last, by their full names.
        batches: Training batches so far; kept in checkpoints.
        samples: Training glyphs so far, over all processes; kept in checkpoints.
    """

    def __post_init__(self) -> None:
        """Start with nothing measured."""
        super().__post_init__()
        self.running_means = RunningMeans()
        self.flush_observer: Callable[[Mapping[str, float]], None] | None = None
        self.latest_values: dict[str, float] = {}
        self.batches = 0
        self.samples = 0

    def flush(self, stage: Stage) -> None:
        """Log the means of what was measured since the last flush, if anything was.

        Raises:
            NotFiniteError: If a mean is not finite: training that goes on would only waste time.
        """
        means = self.running_means.take(self._sum_over_processes)
        values = {f"{stage}/{name}": mean for name, mean in means.items()}
        for name, value in values.items():
            if not math.isfinite(value):
                raise NotFiniteError(
                    f"{name} is {value} after {self.batches} batches: no weight was changed by it, and the last good "
                    "checkpoint stays. Try a smaller model.lr, or model.gradient_clip=1."
                )
        if not values or self.trainer.sanity_checking:
            return
        self.latest_values.update(values)
        self.log_dict(values, logger=self.flush_observer is None, rank_zero_only=False)
        if self.flush_observer is not None:
            self.flush_observer(values)

    def _sum_over_processes(self, sums: Tensor) -> Tensor:
        return torch.as_tensor(self.trainer.strategy.reduce(sums, reduce_op="sum"))

    def flush_training_step(self, batches_before: int) -> None:
        """Flush at the end of the trainer's step that reaches a multiple of ``log_every_n_steps`` batches, or the last.

        Args:
            batches_before: ``batches`` when the step began.
        """
        every = self.trainer.log_every_n_steps  # type: ignore[attr-defined]
        due = every and self.batches // every > batches_before // every
        if due or self.trainer.is_last_batch:
            self.flush("train")

    def on_train_start(self) -> None:
        """Forget what was measured before training."""
        super().on_train_start()
        self.running_means.take()

    def on_validation_start(self) -> None:
        """Log what training has measured before validation measures the same."""
        self.flush("train")

    def on_validation_epoch_end(self) -> None:
        """Log what validation has measured."""
        self.flush("val")

    def on_test_epoch_end(self) -> None:
        """Log what the test has measured."""
        self.flush("test")

    def on_train_epoch_end(self) -> None:
        """Log the batches since the last flush, such as those before a limit ended the epoch."""
        self.flush("train")
