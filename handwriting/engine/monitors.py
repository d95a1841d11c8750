"""Values that callbacks monitor: only those of the current epoch count, and names that nothing logs are reported."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping, Sequence
from importlib.util import find_spec

import pytorch_lightning as pl
from pytorch_lightning.callbacks import DeviceStatsMonitor, EarlyStopping, LearningRateMonitor
from pytorch_lightning.callbacks.early_stopping import EarlyStoppingReason

from handwriting.callbacks.base import epochs_done, is_last_epoch
from handwriting.callbacks.checkpoints import BestCheckpoint
from handwriting.callbacks.validation_metrics import ValidationMetrics
from handwriting.errors import ConfigError, nearest
from handwriting.metrics.base import Metric

log = logging.getLogger("handwriting")

EPOCH_PREFIXES = ("train/", "val/", "floor/")
"""What the names of values begin with that this package logs."""


class MonitorCheck(pl.Callback):
    """Forget the values of earlier epochs, and warn once of a monitor that was not logged.

    Lightning keeps a logged value until it is logged again. A callback would otherwise take the value of an earlier
    epoch for a new one, where metrics are measured in some epochs only.

    No warning is due where the best checkpoint keeps the model's own monitor and no metric is measured while training,
    as by ``metrics=none``.

    Args:
        callbacks: The callbacks by their keys in the configuration, with their metrics.
    """

    def __init__(self, callbacks: Mapping[str, pl.Callback]) -> None:
        self._callbacks = callbacks
        # Read here, since a metric that refuses the data is removed from its callback, and its value is then missed.
        measuring = (callback for callback in callbacks.values() if isinstance(callback, ValidationMetrics))
        self._measures_metrics = any(callback.metrics for callback in measuring)
        self._logged: set[str] = set()
        self._is_reported = False

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Forget what earlier epochs logged."""
        values = trainer.callback_metrics
        for name in [name for name in values if name.startswith(EPOCH_PREFIXES)]:
            del values[name]

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Warn at the end of the first epoch that was validated, and measured where metrics are configured."""
        if self._is_reported:
            return
        self._logged |= set(trainer.callback_metrics)
        is_validated = any(name.startswith("val/") for name in self._logged) or not trainer.enable_validation
        if not is_last_epoch(trainer) and (not is_validated or self._awaits_metrics(trainer)):
            return
        self._is_reported = True
        if trainer.is_global_zero:
            for key, monitor in monitors(self._callbacks).items():
                if monitor not in self._logged and not self._is_unmeasured_default(key):
                    logged = ", ".join(sorted(self._logged))
                    what, advice = (
                        (f"{monitor}, the default of this model", self._choice(key))
                        if self._is_default(key)
                        else (monitor, nearest(monitor, self._logged))
                    )
                    log.warning(
                        "callbacks.%s monitors %s, which was not logged in the first validated epoch.%s Logged: %s.",
                        *(key, what, advice, logged),
                    )

    def _is_default(self, key: str) -> bool:
        """Say whether a callback keeps the model's own monitor."""
        callback = self._callbacks[key]
        return isinstance(callback, BestCheckpoint) and not callback.chosen

    def _is_unmeasured_default(self, key: str) -> bool:
        """Say whether a callback keeps the model's own monitor in a training that measures no metric."""
        return not self._measures_metrics and self._is_default(key)

    def _choice(self, key: str) -> str:
        """Return in words how to choose another monitor; the example is the loss where it is logged."""
        value = "val/loss" if "val/loss" in self._logged else "<value>"
        mode = f"callbacks.{key}.mode=max where more is better"
        return f" best.ckpt is not written without it. Choose another by callbacks.{key}.monitor={value} ({mode})."

    def _awaits_metrics(self, trainer: pl.Trainer) -> bool:
        measuring = (callback for callback in self._callbacks.values() if isinstance(callback, ValidationMetrics))
        return any(callback.metrics and epochs_done(trainer) < callback.every_n_epochs for callback in measuring)


def monitors(callbacks: Mapping[str, pl.Callback]) -> dict[str, str]:
    """Return the logged value that each callback monitors, by the callback's key, where it monitors one."""
    by_key = {key: getattr(callback, "monitor", None) for key, callback in callbacks.items()}
    return {key: monitor for key, monitor in by_key.items() if isinstance(monitor, str)}


def refuse_unknown_monitors(
    callbacks: Mapping[str, pl.Callback], metrics: Sequence[Metric], losses: Collection[str]
) -> None:
    """Refuse a monitor on the validation set that neither a loss nor a metric can give.

    Nothing is refused where a callback of another package may log values of its own.

    Args:
        callbacks: The callbacks by their keys in the configuration.
        metrics: The metrics that are computed while training.
        losses: The names of the model's validation losses, such as ``loss``; empty where they are not known.

    Raises:
        ConfigError: Naming the callback, its monitor, and what there is.
    """
    packages = {type(callback).__module__.partition(".")[0] for callback in callbacks.values()}
    if not losses or packages - {"handwriting", "pytorch_lightning"}:
        return
    names = [f"val/{name}" for name in (*losses, *(name for metric in metrics for name in metric.captions))]
    for key, monitor in monitors(callbacks).items():
        prefix, _, name = monitor.partition("/")
        if prefix == "val" and name not in losses and not any(metric.may_return(name) for metric in metrics):
            raise ConfigError(
                f"callbacks.{key}.monitor={monitor}: neither a loss of this model nor a metric that is computed while "
                f"training has this name.{nearest(monitor, names)} There are: {', '.join(names)}."
            )


def refuse_without_loggers(callbacks: Mapping[str, pl.Callback], trainer: pl.Trainer) -> None:
    """Refuse callbacks that have nowhere to log to, or nothing to log.

    Raises:
        ConfigError: Naming the callback.
    """
    on_cpu = trainer.strategy.root_device.type == "cpu"
    for key, callback in callbacks.items():
        if isinstance(callback, LearningRateMonitor | DeviceStatsMonitor) and not trainer.loggers:
            raise ConfigError(
                f"callbacks.{key} needs a logger to log to, and logger=none: choose logger=wandb or logger=tensorboard."
            )
        if isinstance(callback, DeviceStatsMonitor) and on_cpu and not find_spec("psutil"):
            raise ConfigError(f"callbacks.{key} needs psutil for the load of the CPU: pip install psutil.")


def stopping_reason(callbacks: Sequence[pl.Callback]) -> str | None:
    """Return why early stopping has ended a training; None where it has not."""
    for callback in callbacks:
        if isinstance(callback, EarlyStopping) and callback.stopping_reason is not EarlyStoppingReason.NOT_STOPPED:
            if callback.stopping_reason is EarlyStoppingReason.PATIENCE_EXHAUSTED:
                return f"early stopping: {callback.monitor} did not improve for {callback.wait_count} epochs"
            message = (callback.stopping_reason_message or "").removesuffix(" Signaling Trainer to stop.")
            return f"early stopping: {message[:1].lower()}{message[1:]}"
    return None
