"""What every model has in common; each part of it is a file of its own.

- :mod:`~handwriting.models.settings`: settings as fields, checked whenever a model is built
- :mod:`~handwriting.models.conditions`: classes and styles, by name or index
- :mod:`~handwriting.models.sampling`: ``sample``, and glyphs of each class
- :mod:`~handwriting.models.loss_logging`: losses, logged without waiting for the device
- :mod:`~handwriting.models.optimisation`: optimizers, schedule, clipping, and a guard on each update
- :mod:`~handwriting.models.processes`: random numbers and means of the global batch
- :mod:`~handwriting.models.suitable_data`: data refused in words before it reaches a network
- :mod:`~handwriting.models.requirements`: what a model requires of its data
"""

# Annotations stay objects here (no `from __future__ import annotations`): settings are checked against them.

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import torch
from pydantic import PositiveInt

from handwriting.data.loading.loader import Batch, as_batches
from handwriting.errors import ConfigError
from handwriting.glyphs import Glyphs
from handwriting.models import requirements
from handwriting.models.optimisation import OptimisedModel
from handwriting.models.processes import GlobalBatchModel, placeholder
from handwriting.models.suitable_data import DataCheckedModel
from handwriting.networks.architectures import Network


class GlyphModel(DataCheckedModel, OptimisedModel, GlobalBatchModel):
    """A generative model of glyphs; a subclass adds networks and losses.

    It is an ordinary LightningModule: a plain ``Trainer`` trains it from any loader of ``(image, label)``, see
    :meth:`~handwriting.data.loading.loader.Batch.from_tensors`.

    A family overrides :meth:`build_networks`, ``configure_optimizers``, :meth:`train_batch`, :meth:`validate_batch`,
    :meth:`update_ema` and ``generate``. Its settings are its annotated fields.

    Attributes:
        network: ``conv``, ``mlp``, or ``layers``, which the configuration gives one by one.
        channels: Width of ``conv`` and ``mlp``: channels of the smallest map, a quarter of the hidden units.
        summary_fields: Names of the settings that are printed under each sample grid.
        layer_keys: Names of the settings that hold the layers of ``network=layers``.
        monitor: Name of the logged value by which checkpoints are compared, such as ``val/loss``.
        mode: ``min`` where a smaller value of ``monitor`` is better, ``max`` where a larger one is.
    """

    network: Network = "conv"
    channels: PositiveInt = 128

    summary_fields: ClassVar[tuple[str, ...]] = ("lr", "latent_dim", "channels")
    layer_keys: ClassVar[tuple[str, str]]
    monitor: ClassVar[str]
    mode: ClassVar[Literal["min", "max"]] = "min"

    # Building

    def __post_init__(self) -> None:
        """Check the settings together, keep them for the checkpoint, and build the networks."""
        super().__post_init__()
        self.check()
        self.save_hyperparameters(self.settings(), logger=False)
        self.build_networks()

    def check(self) -> None:
        """Refuse settings that do not go together; a subclass adds its own after ``super().check()``.

        Raises:
            ConfigError: Naming the key, its value, and what is allowed.
        """
        self.check_conditions()
        for key in self.layer_keys:
            layers = getattr(self, key)
            if self.network == "layers" and not layers:
                raise ConfigError(f"model.network=layers needs model.{key}, such as ['dense 512 relu', ...].")
            if self.network != "layers" and layers:
                raise ConfigError(f"model.{key} is for model.network=layers, not {self.network}.")

    @classmethod
    def check_data(
        cls, settings: Mapping[str, Any], image_size: int, batch_size: int, train: Glyphs | None = None
    ) -> None:
        """Refuse data that a model of this class and with these settings cannot be trained on; nothing is built.

        Args:
            settings: The settings by name; those that are absent have their defaults.
            image_size: Side of the square images in pixels.
            batch_size: Glyphs in a batch, on each device.
            train: The training glyphs; None while they have not been read.

        Raises:
            ConfigError: If the network cannot make images of this size, or cannot normalise a batch of one.
            DataError: If glyphs have no label, and the model is conditioned on the class.
        """
        requirements.check_data({**cls.defaults(), **settings}, image_size, batch_size, train)

    @abstractmethod
    def build_networks(self) -> None:
        """Create every network, and every averaged copy, as an attribute; called once, after :meth:`check`."""

    # Training

    @abstractmethod
    def train_batch(self, batch: Batch) -> None:
        """Update the weights on one batch, by :meth:`step_optimizer`, and add the losses to ``running_means``.

        Args:
            batch: Images float32 ``(B, 1, H, W)`` in [0, 1], labels and styles int64 ``(B,)``, on the model's device.
        """

    @abstractmethod
    def validate_batch(self, batch: Batch) -> None:
        """Add the losses on a batch that is not trained on to ``running_means``, each weighted by the batch's size.

        Args:
            batch: As for :meth:`train_batch`; gradients are off and layers are in evaluation mode.
        """

    @abstractmethod
    def update_ema(self, batches: range) -> None:
        """Move the averaged weights towards the trained ones; called after each step of the trainer.

        Args:
            batches: The batches of that step, counted from 0 since training began.
        """

    def adopt_average(self) -> None:
        """Replace the trained weights by the averaged ones, where a family keeps any; fine-tuning starts from them."""

    def training_step(self, step: Any, batch_idx: int) -> None:
        """Train on the batches of a step, one after the other.

        A step of the trainer takes several batches, because the trainer's own work around a step costs a small model as
        much time as a batch. It returns nothing, so the ``outputs`` of a callback's
        ``on_train_batch_end`` are None; the losses are in ``trainer.callback_metrics`` after each flush.

        Args:
            step: A list of batches, or one batch as any loader yields it.
            batch_idx: The step's number in its epoch, from 0.
        """
        before, processes = self.batches, self.trainer.world_size
        self.schedule_lr(batch_idx)
        for batch in as_batches(step):
            if self.batch_limit is not None and self.batches >= self.batch_limit:
                break
            self.global_batch_size = len(batch.image) * processes if processes > 1 else None
            self.train_batch(batch)
            self.batches += 1
            self.samples += len(batch.image) * processes
        self.global_batch_size = None
        self.update_ema(range(before, self.batches))
        self.flush_training_step(before)

    def validation_step(self, step: Any, batch_idx: int) -> None:
        """Add the losses on a batch to the running means.

        Args:
            step: A list of batches, or one batch as any loader yields it.
            batch_idx: The step's number in its epoch, from 0.
        """
        for batch in as_batches(step):
            if self.trainer.world_size == 1:
                self.validate_batch(batch)
                continue
            size = torch.tensor(len(batch.image), device=self.device)
            self.global_batch_size = int(self.sum_over_processes(size))
            # A process without a glyph takes all the same part in whatever the processes do together.
            self.running_means.muted = len(batch.image) == 0
            self.validate_batch(placeholder(batch) if self.running_means.muted else batch)
            self.global_batch_size, self.running_means.muted = None, False

    def test_step(self, step: Any, batch_idx: int) -> None:
        """Add the losses on a test batch to the running means."""
        self.validation_step(step, batch_idx)

    # Checkpoints

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Keep the counts, and the name of the class that the checkpoint builds; an override calls ``super()``."""
        checkpoint["target"] = f"{type(self).__module__}.{type(self).__qualname__}"
        checkpoint["progress"] = {"batches": self.batches, "samples": self.samples}

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Continue counting from the checkpoint; an override calls ``super()``."""
        self.batches, self.samples = checkpoint["progress"]["batches"], checkpoint["progress"]["samples"]
