"""GlyphData: the one DataModule, from which every data source derives."""

# Annotations stay objects here (no `from __future__ import annotations`): the config layer validates against them,
# and sources in other files inherit them.

from abc import abstractmethod
from dataclasses import dataclass, field, replace
from typing import Annotated, Literal

import pytorch_lightning as pl
import torch
from pydantic import Field, NonNegativeInt, PositiveInt

from handwriting.data.augmentation import Augmentation
from handwriting.data.loader import Batch, GlyphLoader
from handwriting.data.resizing import resize
from handwriting.data.splits import stratified_split
from handwriting.data.styles import STYLE_NAMES, style_labels
from handwriting.glyphs import Glyphs

__all__ = ["Batch", "GlyphData", "GlyphLoader"]


@dataclass(eq=False)
class GlyphData(pl.LightningDataModule):
    """A data source, prepared and served in batches; a source adds its own fields and says how to :meth:`read`.

    After :meth:`setup`, ``train``, ``val`` and ``test`` hold the prepared glyphs.

    Attributes:
        root: The folder that holds data sets.
        image_size: Height and width of every image, in pixels.
        batch_size: Glyphs in a batch, on each device.
        val_fraction: The share of each class that is taken from the training set for validation.
        style: What divides thin from thick glyphs of a class: ``median`` or ``mean`` ink; ``none`` for no styles.
        style_threshold: A pixel above it counts as ink, 0..255.
        augment: Random changes of the training images.
        split_seed: What splits, and synthetic glyphs, are drawn from: by default the same in every run, so that runs
            with different seeds are compared on the same glyphs.
        seed: What order and augmentation are drawn from.
    """

    root: str = "data"
    image_size: PositiveInt = 28
    batch_size: PositiveInt = 128
    val_fraction: Annotated[float, Field(gt=0, lt=1)] = 0.1
    style: Literal["none", "median", "mean"] = "none"
    style_threshold: Annotated[int, Field(ge=0, le=255)] = 127
    augment: Augmentation = field(default_factory=Augmentation)
    split_seed: NonNegativeInt = 0
    seed: NonNegativeInt = 0
    train: Glyphs = field(init=False, repr=False)
    val: Glyphs = field(init=False, repr=False)
    test: Glyphs = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Let Lightning prepare its own attributes."""
        super().__init__()

    @abstractmethod
    def read(self) -> tuple[Glyphs, Glyphs]:
        """Return the official training and test sets: upright, bright ink on dark, in their native size.

        Raises:
            DataError: If files are missing, broken or do not fit together.
        """

    def setup(self, stage: str = "fit") -> None:
        """Read, resize, split and style the glyphs; whatever the stage, once."""
        if hasattr(self, "train"):
            return
        train, test = (replace(part, images=resize(part.images, self.image_size)) for part in self.read())
        kept, held = stratified_split(train.labels, self.val_fraction, self.split_seed)
        reference = train[kept]
        self.train, self.val, self.test = (self._styled(part, reference) for part in (reference, train[held], test))

    def __str__(self) -> str:
        """Show the configuration; Lightning's own text expects the data sets of torch."""
        return repr(self)

    def _styled(self, part: Glyphs, reference: Glyphs) -> Glyphs:
        if self.style == "none":
            return part
        styles = style_labels(reference, part, self.style, self.style_threshold)
        return replace(part, styles=styles, style_names=STYLE_NAMES)

    @property
    def alphabet(self) -> tuple[str, ...]:
        """The names of the classes."""
        return self.train.alphabet

    @property
    def style_names(self) -> tuple[str, ...]:
        """The names of the styles; empty where there are none."""
        return self.train.style_names

    @property
    def fingerprint(self) -> str:
        """16 hex digits that change with any training glyph, as prepared."""
        return self.train.fingerprint()

    def train_dataloader(self) -> GlyphLoader:
        """Return shuffled and augmented training batches."""
        return self._loader(self.train, training=True)

    def val_dataloader(self) -> GlyphLoader:
        """Return the validation set, in order."""
        return self._loader(self.val)

    def test_dataloader(self) -> GlyphLoader:
        """Return the test set, in order."""
        return self._loader(self.test)

    def _loader(self, glyphs: Glyphs, training: bool = False) -> GlyphLoader:
        trainer = self.trainer
        return GlyphLoader(
            glyphs,
            self.batch_size,
            training=training,
            augment=self.augment,
            seed=self.seed,
            epoch=lambda: trainer.current_epoch if trainer else 0,
            device=trainer.strategy.root_device if trainer else torch.device("cpu"),
            rank=trainer.global_rank if trainer else 0,
            world_size=trainer.world_size if trainer else 1,
        )
