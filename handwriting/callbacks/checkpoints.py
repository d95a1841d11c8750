"""Checkpoints, and what makes a resumed run the run that was killed."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import pytorch_lightning as pl
import torch
from lightning_fabric.plugins.io.torch_io import TorchCheckpointIO
from pytorch_lightning.callbacks import ModelCheckpoint

from handwriting.callbacks.base import TimeBudget, TimeShare
from handwriting.models.base import GlyphModel
from handwriting.runs import checkpoints


class SafeCheckpointIO(TorchCheckpointIO):
    """Lets Lightning write checkpoints atomically, and read nothing but tensors and plain values."""

    def save_checkpoint(self, checkpoint: dict[str, Any], path: Any, storage_options: Any = None) -> None:
        """Write a checkpoint."""
        checkpoints.save(checkpoint, Path(path))

    def load_checkpoint(self, path: Any, map_location: Any = "cpu", weights_only: bool | None = True) -> dict[str, Any]:
        """Read a checkpoint to the CPU, from where Lightning copies it to its device."""
        return checkpoints.load(Path(path))


class _Checkpoint(ModelCheckpoint):
    """A checkpoint of one name, in the run folder, at the end of each epoch."""

    def setup(self, trainer: pl.Trainer, pl_module: pl.LightningModule, stage: str) -> None:
        """Find the run folder."""
        self.dirpath = str(Path(trainer.default_root_dir) / "checkpoints")
        super().setup(trainer, pl_module, stage)


class LastCheckpoint(_Checkpoint):
    """Keep the last epoch: ``checkpoints/last.ckpt``, from which a run resumes.

    Args:
        every_n_epochs: Epochs between two writes.
        time_share: The largest share of the training's time that writing may take, 0..1: a run of short epochs resumes
            a few before the one in which it was killed.
    """

    def __init__(self, every_n_epochs: int = 1, time_share: TimeShare = 0.01) -> None:
        self._budget = TimeBudget(time_share)
        super().__init__(
            filename="last", every_n_epochs=every_n_epochs, save_on_train_epoch_end=True, enable_version_counter=False
        )

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Save where there is time for it."""
        if self._budget.allows(trainer):
            with self._budget.charged():
                super().on_train_epoch_end(trainer, pl_module)


class BestCheckpoint(_Checkpoint):
    """Keep the best epoch: ``checkpoints/best.ckpt``, by its monitor; none is written while the monitor is not logged.

    It holds the model and nothing that only training needs: a run resumes from its last epoch.

    Args:
        monitor: The logged value by which epochs are compared, such as ``val/fid`` for a VAE that is sampled from;
            None for the model's own monitor and mode.
        mode: ``min`` where a smaller value of ``monitor`` is better, ``max`` where a larger one is; ignored where
            ``monitor`` is None.

    Attributes:
        chosen: Monitor and mode where a monitor was given; None for the model's own.
    """

    def __init__(self, monitor: str | None = None, mode: Literal["min", "max"] = "min") -> None:
        self.chosen = monitor and (monitor, mode)
        super().__init__(
            filename="best",
            monitor=monitor,
            mode=mode,
            save_weights_only=True,
            save_on_train_epoch_end=True,
            enable_version_counter=False,
        )

    def setup(self, trainer: pl.Trainer, pl_module: GlyphModel, stage: str) -> None:  # type: ignore[override]
        """Take the model's monitor, unless another was chosen."""
        self.monitor, self.mode = self.chosen or (pl_module.monitor, pl_module.mode)
        self.kth_value = torch.tensor(torch.inf if self.mode == "min" else -torch.inf)
        super().setup(trainer, pl_module, stage)

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Save where the monitor was logged and is better than ever."""
        if self.monitor in trainer.callback_metrics:
            super().on_train_epoch_end(trainer, pl_module)


class RandomState(pl.Callback):
    """Keep the state of the random number generators in every checkpoint.

    With it, and a loader whose order follows from seed and epoch, a resumed run samples the numbers that the killed
    one would have sampled.
    """

    def __init__(self) -> None:
        self._restored: dict[str, Any] | None = None

    def state_dict(self) -> dict[str, Any]:
        """Return the state of every generator that training samples from."""
        devices = torch.cuda.get_rng_state_all() if torch.cuda.is_available() else []
        return {"cpu": torch.get_rng_state(), "cuda": devices}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Remember it until training starts, since building and validating sample numbers too."""
        self._restored = state_dict

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Set every generator back."""
        if self._restored is None:
            return
        torch.set_rng_state(self._restored["cpu"])
        for device, state in enumerate(self._restored["cuda"][: torch.cuda.device_count()]):
            torch.cuda.set_rng_state(state, device)
        self._restored = None
