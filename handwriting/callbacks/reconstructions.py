"""Pictures of what a variational model encodes: reconstructions, and the latent space."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytorch_lightning as pl
import torch
from pydantic import PositiveInt
from sklearn.decomposition import PCA

from handwriting.callbacks.base import RunCallback, TimeBudget, TimeShare, epochs_done
from handwriting.data.loading.module import Batch
from handwriting.glyphs import Glyphs, in_turn
from handwriting.models.variational import VariationalModel
from handwriting.plots.curves import draw_plane, figure_bytes
from handwriting.plots.grids import Block, as_rows, draw_grid


def one_of_each(glyphs: Glyphs, number: int) -> Glyphs:
    """Return the first glyph of each class, then the second of each, ..., ``number`` in all."""
    return glyphs[in_turn(glyphs.labels)[:number]]


@dataclass(eq=False)
class Reconstructions(RunCallback):
    """Draw validation glyphs above their reconstructions: ``reconstructions/epoch_0012.png``.

    Attributes:
        number: The number of glyphs, one of each class first.
        every_n_epochs: Epochs between two pictures.
        time_share: The largest share of the training's time that drawing may take, 0..1.
    """

    number: PositiveInt = 52
    every_n_epochs: PositiveInt = 1
    time_share: TimeShare = 0.01

    def __post_init__(self) -> None:
        """Start with the whole budget."""
        self._budget = TimeBudget(self.time_share)

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Draw the picture, where it is due."""
        if not (isinstance(pl_module, VariationalModel) and trainer.is_global_zero):
            return
        if epochs_done(trainer) % self.every_n_epochs or not self._budget.allows(trainer):
            return
        with self._budget.charged():
            self._draw(trainer, pl_module)

    def _draw(self, trainer: pl.Trainer, model: VariationalModel) -> None:
        glyphs = one_of_each(self.data(trainer).val, self.number)
        columns = min(26, len(glyphs))
        originals, decoded = (
            as_rows(glyphs.images, columns),
            as_rows(model.reconstruct(Batch.of(glyphs)).numpy(), columns),
        )
        # Original and reconstruction alternate row by row, as bytes alike.
        pairs = np.stack([originals / 255, decoded], axis=1).reshape(-1, *originals.shape[1:])
        picture = draw_grid(
            [Block(pairs, row_names=["original", "reconstructed"] * len(originals))],
            footer=self.describe(trainer, model),
        )
        path = self.save(trainer, f"reconstructions/epoch_{epochs_done(trainer):04d}.png", picture)
        self.track(trainer, model, "reconstructions", path)


@dataclass(eq=False)
class LatentSpace(RunCallback):
    """Draw the latent space when training ends.

    ``latent.png`` shows the encoded validation set in a plane (its first two principal components where it has more
    than two dimensions), coloured by class. ``walk.png`` shows glyphs at equal steps between two encoded glyphs.

    Attributes:
        rows: The number of walks.
        steps: Glyphs on each walk, both ends included.
    """

    pictures: ClassVar[Mapping[str, str]] = {
        "walk.png": "The way from one glyph to another through the latent space",
        "latent.png": "The validation set in the latent space",
    }

    rows: PositiveInt = 10
    steps: PositiveInt = 12

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Draw both pictures."""
        if not (isinstance(pl_module, VariationalModel) and trainer.is_global_zero):
            return
        glyphs: Glyphs = self.data(trainer).val
        latents = pl_module.encode(Batch.of(glyphs)).numpy()
        plane, axes = latents, "both latents"
        if latents.shape[1] == 1:
            plane, axes = np.hstack([latents, np.zeros_like(latents)]), "their only latent"
        elif latents.shape[1] > 2:
            components = PCA(2, random_state=0).fit(latents)
            plane = components.transform(latents)
            share = components.explained_variance_ratio_.sum()
            axes = f"first two principal components of {latents.shape[1]} latents, {share:.0%} of the variance"
        figure = draw_plane(plane, glyphs.labels, glyphs.alphabet, f"{len(glyphs):,} validation glyphs: {axes}")
        self.save(trainer, "latent.png", figure_bytes(figure))
        self.save(
            trainer, "walk.png", draw_grid([self._walks(pl_module, glyphs)], footer=self.describe(trainer, pl_module))
        )

    def _walks(self, model: VariationalModel, glyphs: Glyphs) -> Block:
        """Return walks from one class to the next; within a class where the model is conditioned on it."""
        members = [np.flatnonzero(glyphs.labels == label) for label in np.unique(glyphs.labels)][: self.rows]
        start = np.array([own[0] for own in members])
        goal = np.array([own[-1] for own in members]) if model.conditions else np.roll(start, -1)
        begin, end = Batch.of(glyphs[start]), Batch.of(glyphs[goal])
        share = torch.linspace(0, 1, self.steps)[None, :, None]
        latents = torch.lerp(model.encode(begin)[:, None], model.encode(end)[:, None], share).flatten(0, 1)
        conditions = model.condition(begin).repeat_interleave(self.steps, dim=0)
        between = model.render(latents, conditions).numpy()
        images = np.concatenate(
            [
                begin.image.numpy()[:, :1],
                between.reshape(len(start), self.steps, *between.shape[2:]),
                end.image.numpy()[:, :1],
            ],
            axis=1,
        )
        names = ["from", *[""] * self.steps, "to"]
        return Block(images, column_names=names)
