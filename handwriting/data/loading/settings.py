"""How glyphs are served to a model: in which batches, in which order, and how they are changed on the way."""

# Annotations stay objects here (no `from __future__ import annotations`): the config layer validates against them.

from dataclasses import dataclass, field
from typing import ClassVar

from pydantic import NonNegativeInt, PositiveInt

from handwriting.checking import Checked
from handwriting.data.preparation.augmentation import Augmentation


@dataclass(frozen=True, kw_only=True)
class Loading(metaclass=Checked):
    """How the batches of a data set are made; in a configuration these keys stand in the ``data`` section.

    Attributes:
        batch_size: Glyphs in a batch, on each device.
        batches_per_step: Batches in one step of the trainer, whose own work costs a small model as much time as a
            batch. What counts the trainer's steps, such as ``trainer.limit_train_batches``, counts these.
        augment: Random changes of the training images, new in every epoch.
        seed: Seed of the order and of the augmentation.
    """

    _section: ClassVar[str] = "data"

    batch_size: PositiveInt = 128
    batches_per_step: PositiveInt = 8
    augment: Augmentation = field(default_factory=Augmentation)
    seed: NonNegativeInt = 0
