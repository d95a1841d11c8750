"""What callbacks share: where to write, how to describe the run, and how a picture reaches the loggers."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, ClassVar

import numpy as np
import pytorch_lightning as pl
from PIL import Image
from pydantic import Field
from pytorch_lightning.loggers import TensorBoardLogger, WandbLogger

from handwriting.checking import Checked
from handwriting.data.loading.module import GlyphData
from handwriting.errors import ConfigError
from handwriting.files import write_atomically
from handwriting.models.base import GlyphModel
from handwriting.plots.grids import png_bytes
from handwriting.runs import RunFolder

TimeShare = Annotated[float, Field(gt=0, le=1)]
"""The largest share of the training's time that a task may take, above 0 and at most 1."""


class TimeBudget:
    """Decides whether a task is done at the end of an epoch, since an epoch can be shorter than the task.

    The task is always done in the first epoch and in the last one.

    Args:
        share: The largest share of the time since training began that the task may take; at 1 it is always done.
        ahead: How often the task, at its longest so far, must still fit into the budget; at 0 one task may exceed it.

    Attributes:
        spent: Seconds that the task has taken so far.
        longest: Seconds that it took at its longest.
    """

    def __init__(self, share: float, ahead: int = 0) -> None:
        self.share = share
        self.ahead = ahead
        self.spent = 0.0
        self.longest = 0.0
        self._began = 0.0

    def allows(self, trainer: pl.Trainer) -> bool:
        """Say whether the task is to be done at the end of this epoch."""
        if self.share == 1 or epochs_done(trainer) == 1 or is_last_epoch(trainer):
            return True
        return self.spent + self.ahead * self.longest <= self.share * (time.monotonic() - self._began)

    @contextmanager
    def charged(self) -> Iterator[None]:
        """Charge the time that the block takes to the budget."""
        start = time.monotonic()
        self._began = self._began or start
        yield
        took = time.monotonic() - start
        self.spent += took
        self.longest = max(self.longest, took)


class RunCallback(pl.Callback, metaclass=Checked):
    """A callback that writes into the run folder.

    Attributes:
        pictures: The single pictures that it writes, such as ``training.gif``, with their captions.
        run: The run folder, in the first process of a training; None elsewhere.
    """

    pictures: ClassVar[Mapping[str, str]] = {}
    run: RunFolder | None = None

    def attach(self, run: RunFolder) -> None:
        """Write into the folder of this run from now on; the first process alone is given one."""
        self.run = run

    @staticmethod
    def folder(trainer: pl.Trainer) -> Path:
        """Return the run folder."""
        return Path(trainer.default_root_dir)

    def data(self, trainer: pl.Trainer) -> GlyphData:
        """Return the data module that the trainer was given.

        Raises:
            ConfigError: If it was given a plain DataLoader.
        """
        data = getattr(trainer, "datamodule", None)
        if not isinstance(data, GlyphData):
            raise ConfigError(
                f"{type(self).__name__} needs the glyphs of a GlyphData: trainer.fit(model, GlyphData(Digits())). "
                "With a plain DataLoader, leave this callback out."
            )
        return data

    @staticmethod
    def describe(trainer: pl.Trainer, model: GlyphModel) -> str:
        """Return one line: the progress so far, and the settings that distinguish runs."""
        data = getattr(trainer, "datamodule", None)
        done = f"epoch {epochs_done(trainer)}, {model.samples:,} glyphs"
        named = [name for name in model.summary_fields if name != "channels" or model.network != "layers"]
        settings = {name: getattr(model, name) for name in named}
        if data is not None:
            settings = {"batch_size": data.batch_size, **settings}
        return "  ".join([done, *(f"{name}={_short(value)}" for name, value in settings.items())])

    def save(self, trainer: pl.Trainer, relative: str, picture: Image.Image | bytes) -> Path:
        """Write a picture into the run folder, atomically, and return its path."""
        content = picture if isinstance(picture, bytes) else png_bytes(picture)
        path = self.folder(trainer) / relative
        write_atomically(path, lambda file: file.write(content))
        if self.run and relative in self.pictures:
            self.run.add_picture(relative, self.pictures[relative])
        return path

    @staticmethod
    def track(trainer: pl.Trainer, model: GlyphModel, name: str, picture: Path) -> None:
        """Give a picture's file to every logger that shows pictures, as ``pictures/<name>``."""
        name = f"pictures/{name}"  # `samples` is a number already
        for logger in trainer.loggers:
            if isinstance(logger, WandbLogger):
                logger.log_image(name, [str(picture)], step=model.samples)
            elif isinstance(logger, TensorBoardLogger):
                logger.experiment.add_image(name, np.asarray(Image.open(picture)), model.samples, dataformats="HW")


def batch_size(trainer: pl.Trainer) -> int:
    """Return the most glyphs in one of this process's training batches.

    Raises:
        ConfigError: If the DataLoader does not say.
    """
    size = getattr(trainer.train_dataloader, "batch_size", None)
    if not isinstance(size, int):
        raise ConfigError("The training DataLoader has no batch_size, which the limit counts by.")
    return size


def epochs_done(trainer: pl.Trainer) -> int:
    """Return how many epochs have been trained, the one that is just ending included."""
    return trainer.fit_loop.epoch_progress.current.processed  # type: ignore[attr-defined]


def is_last_epoch(trainer: pl.Trainer) -> bool:
    """Say whether the epoch that is just ending is the last one."""
    return trainer.should_stop or epochs_done(trainer) == trainer.max_epochs


def _short(value: object) -> str:
    if isinstance(value, float):
        return f"{value:g}"
    return "+".join(value) if isinstance(value, tuple | list) and value and isinstance(value[0], str) else str(value)
