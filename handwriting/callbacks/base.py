"""What callbacks share: where to write, what to call the run, and how a picture reaches the trackers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytorch_lightning as pl
from PIL import Image
from pytorch_lightning.loggers import TensorBoardLogger, WandbLogger

from handwriting.models.base import GlyphModel
from handwriting.plots.grids import png_bytes
from handwriting.runs.files import write_atomically


class RunCallback(pl.Callback):
    """A callback that writes into the run folder."""

    @staticmethod
    def folder(trainer: pl.Trainer) -> Path:
        """Return the run folder."""
        return Path(trainer.default_root_dir)

    @staticmethod
    def describe(trainer: pl.Trainer, model: GlyphModel) -> str:
        """Return a line with what was done so far and the settings that matter."""
        data = getattr(trainer, "datamodule", None)
        done = f"epoch {epochs_done(trainer)}, {model.samples:,} glyphs"
        named = [name for name in model.headline if name != "channels" or model.network != "layers"]
        settings = {name: getattr(model, name) for name in named}
        if data is not None:
            settings = {"batch_size": data.batch_size, **settings}
        return "  ".join([done, *(f"{name}={_short(value)}" for name, value in settings.items())])

    def save(self, trainer: pl.Trainer, relative: str, picture: Image.Image | bytes) -> None:
        """Write a picture into the run folder, atomically."""
        content = picture if isinstance(picture, bytes) else png_bytes(picture)
        write_atomically(self.folder(trainer) / relative, lambda file: file.write(content))

    @staticmethod
    def track(trainer: pl.Trainer, model: GlyphModel, name: str, picture: Image.Image) -> None:
        """Give a picture to every tracker that shows pictures, as ``pictures/<name>``."""
        name = f"pictures/{name}"  # `samples` is a number already
        for logger in trainer.loggers:
            if isinstance(logger, WandbLogger):
                logger.log_image(name, [picture], step=model.samples)
            elif isinstance(logger, TensorBoardLogger):
                logger.experiment.add_image(name, np.asarray(picture), model.samples, dataformats="HW")


def epochs_done(trainer: pl.Trainer) -> int:
    """Return how many epochs have been trained, the one that is just ending included."""
    return trainer.fit_loop.epoch_progress.current.processed  # type: ignore[attr-defined]


def _short(value: object) -> str:
    if isinstance(value, float):
        return f"{value:g}"
    return "+".join(value) if isinstance(value, tuple | list) and value and isinstance(value[0], str) else str(value)
