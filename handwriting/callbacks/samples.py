"""A grid of samples after each epoch, and the animation of them all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytorch_lightning as pl
import torch
from numpy.typing import NDArray
from PIL import Image
from pydantic import PositiveInt

from handwriting.callbacks.base import RunCallback, TimeBudget, TimeShare, epochs_done
from handwriting.glyphs import Glyphs
from handwriting.models.adversarial import AdversarialModel
from handwriting.models.base import GlyphModel
from handwriting.plots.grids import Block, animation_bytes, as_rows, draw_grid

LATENT_SEED = 0
"""The seed of the latents, which are the same in every epoch and every run."""


@dataclass(eq=False)
class SampleGrids(RunCallback):
    """Draw samples of the same latents after each epoch: ``samples/epoch_0012.png``, and ``training.gif`` at the end.

    The grid of a model that is conditioned on the class has a named column for each class; that of another model is
    square. A GAN's samples are shown next to real glyphs.

    Attributes:
        rows: Samples of each class; a model without classes is sampled ``rows ** 2`` times.
        every_n_epochs: Epochs between two grids.
        time_share: The largest share of the training's time that drawing may take, 0..1; short epochs are skipped.
    """

    pictures: ClassVar[Mapping[str, str]] = {"training.gif": "From noise to letters"}

    rows: PositiveInt = 10
    every_n_epochs: PositiveInt = 1
    time_share: TimeShare = 0.01

    def __post_init__(self) -> None:
        """Start with the whole budget."""
        self._budget = TimeBudget(self.time_share)

    def on_train_start(self, trainer: pl.Trainer, pl_module: GlyphModel) -> None:  # type: ignore[override]
        """Draw samples of the untrained model."""
        if pl_module.batches == 0:
            self._draw(trainer, pl_module)

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: GlyphModel) -> None:  # type: ignore[override]
        """Draw samples after this epoch."""
        if epochs_done(trainer) % self.every_n_epochs == 0 and self._budget.allows(trainer):
            self._draw(trainer, pl_module)

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Make the animation."""
        self._animate(trainer)

    def on_exception(self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: BaseException) -> None:
        """Make the animation of the epochs so far."""
        self._animate(trainer)

    def _draw(self, trainer: pl.Trainer, model: GlyphModel) -> None:
        if not trainer.is_global_zero:
            return
        with self._budget.charged():
            picture = self.picture(model, self.data(trainer).train, self.describe(trainer, model))
            path = self.save(trainer, f"samples/epoch_{epochs_done(trainer):04d}.png", picture)
            self.track(trainer, model, "samples", path)

    def _animate(self, trainer: pl.Trainer) -> None:
        pictures = sorted((self.folder(trainer) / "samples").glob("epoch_*.png"))
        if trainer.is_global_zero and pictures:
            self.save(trainer, "training.gif", animation_bytes(pictures))

    def picture(self, model: GlyphModel, real: Glyphs, footer: str) -> Image.Image:
        """Return the grid of a model's samples, next to real glyphs for a GAN."""
        generator = torch.Generator().manual_seed(LATENT_SEED)
        by_class = "class" in model.conditions
        columns = len(model.alphabet) if by_class else self.rows
        labels = torch.arange(columns).repeat(self.rows) if by_class else None
        row_styles = np.arange(self.rows) % len(model.style_names) if "style" in model.conditions else None
        styles = None if row_styles is None else torch.as_tensor(np.repeat(row_styles, columns))
        images = model.sample(self.rows * columns, labels, styles, generator).numpy()
        generated = Block(
            as_rows(images, columns),
            name=f"{type(model).__name__}: generated" if isinstance(model, AdversarialModel) else "",
            row_names=() if row_styles is None else [model.style_names[index] for index in row_styles],
            column_names=model.alphabet if by_class else (),
        )
        if not isinstance(model, AdversarialModel):
            return draw_grid([generated], footer=footer)
        rows = max(1, self.rows // 3) if by_class else self.rows
        real_block = Block(real_rows(real, rows, columns, by_class), name="real")
        return draw_grid([generated, real_block], footer=footer, in_one_row=not by_class)


def real_rows(glyphs: Glyphs, rows: int, columns: int, by_class: bool) -> NDArray[np.uint8]:
    """Return the first glyphs of a set as ``(rows, columns, H, W)``, with one column for each class if ``by_class``."""
    _, height, width = glyphs.image_shape
    if not by_class:
        return as_rows(glyphs.images[: rows * columns], columns)[:rows]
    laid = np.zeros((rows, columns, height, width), np.uint8)
    for label in range(columns):
        chosen = glyphs.images[np.flatnonzero(glyphs.labels == label)[:rows], 0]
        laid[: len(chosen), label] = chosen
    return laid
