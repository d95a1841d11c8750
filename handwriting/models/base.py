"""What every model has in common: conditions, sampling, optimizers, averages for the log, and a guard on each step."""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
import pytorch_lightning as pl
import torch
from numpy.typing import NDArray
from pydantic import Field, NonNegativeFloat, PositiveFloat, PositiveInt
from pytorch_lightning.callbacks import Timer
from torch import Tensor, nn
from torch.optim import Optimizer

from handwriting.data.loading.module import Batch
from handwriting.errors import ConfigError, DataError, nearest
from handwriting.fields import ChangesOnResume
from handwriting.glyphs import UNKNOWN, Glyphs
from handwriting.models.averages import Averages
from handwriting.networks.architectures import Network

Share = Annotated[float, Field(ge=0, lt=1)]
Betas = tuple[Share, Share]
ConditionName = Literal["class", "style"]
MAX_BATCH = 512
"""Sampling and encoding run in batches of at most this many glyphs."""


@dataclass(eq=False, repr=False, kw_only=True)
class GlyphModel(pl.LightningModule, ABC):
    """A generative model of glyphs; a subclass adds networks and losses.

    Attributes:
        image_size: Side of the square images in pixels (from the data).
        alphabet: Names of the classes (from the data).
        style_names: Names of the styles, empty where the data has none (from the data).
        conditions: What a glyph is asked for by: ``class``, ``style``, both, or nothing. Only conditional models
            offer it.
        latent_dim: Length of the latent vector.
        network: ``conv``, ``mlp``, or ``layers``, which the configuration gives one by one.
        channels: Width of ``conv`` and ``mlp``: channels of the smallest map, a quarter of the hidden units.
        lr: Learning rate.
        betas: Decay of Adam's two running averages.
        optimizer: ``adam``, ``adamw`` or ``sgd``.
        lr_schedule: ``constant``, or ``cosine``, down to ``lr_final`` at the end of the run, whatever ends it: epochs,
            batches or time.
        lr_final: What a cosine ends at, as a share of ``lr``.
        gradient_clip: Largest norm of a gradient; 0 leaves it as it is.
        ema_decay: Decay of the averaged weights that everything but training uses: samples, reconstructions,
            validation of a VAE; 0 for the weights as they are.
        summary_fields: The settings that matter, printed under each sample grid.
        layer_keys: The fields that hold the layers of ``network=layers``.
        monitor: The logged value that tells a better checkpoint from a worse one.
        mode: ``min`` where a smaller value of ``monitor`` is better.
        batches: Training batches done so far, kept in checkpoints.
        samples: Training glyphs seen so far, over all processes, kept in checkpoints.
        batch_limit: After how many batches training ends, even amidst a step; None for no limit.
        joint_rows: While several processes train or validate together, glyphs in the joint batch that theirs are parts
            of; None otherwise.
    """

    image_size: PositiveInt
    alphabet: tuple[str, ...]
    style_names: tuple[str, ...] = ()
    conditions: tuple[ConditionName, ...] = field(default=(), init=False)
    latent_dim: PositiveInt = 64
    network: Network = "conv"
    channels: PositiveInt = 128
    lr: Annotated[PositiveFloat, ChangesOnResume()] = 1e-3
    betas: Betas = (0.9, 0.999)
    optimizer: Literal["adam", "adamw", "sgd"] = "adam"
    lr_schedule: Literal["constant", "cosine"] = "constant"
    lr_final: Share = 0.0
    gradient_clip: NonNegativeFloat = 0.0
    ema_decay: Share = 0.999

    summary_fields: ClassVar[tuple[str, ...]] = ("lr", "latent_dim", "channels")
    layer_keys: ClassVar[tuple[str, str]]
    monitor: ClassVar[str]
    mode: ClassVar[Literal["min", "max"]] = "min"

    def __post_init__(self) -> None:
        """Check the conditions, build the networks, and keep the settings for the checkpoint."""
        super().__init__()
        self.check()
        self.save_hyperparameters(self.settings(), logger=False)
        self.automatic_optimization = False  # a step takes several batches
        self.averages = Averages()
        self.batches = 0
        self.samples = 0
        self.batch_limit: int | None = None
        self.joint_rows: int | None = None
        self.build_networks()

    def settings(self) -> dict[str, Any]:
        """Return the arguments that build this model again: plain values only."""
        return {item.name: getattr(self, item.name) for item in fields(self) if item.init}

    def check(self) -> None:
        """Refuse settings that do not go together.

        Raises:
            ConfigError: Naming the key, its value, and what is allowed.
        """
        if "style" in self.conditions and not self.style_names:
            raise ConfigError("model.conditions names style, but data.style=none: set data.style=median or mean.")
        if "class" in self.conditions and not self.alphabet:
            raise ConfigError("model.conditions names class, but the data has no labels: use an unconditional model.")
        if len(set(self.conditions)) < len(self.conditions):
            raise ConfigError(f"model.conditions={list(self.conditions)} names one condition twice.")
        own = {key: getattr(self, key) for key in self.layer_keys}
        for key, layers in own.items():
            if self.network == "layers" and not layers:
                raise ConfigError(f"model.network=layers needs model.{key}, such as ['dense 512 relu', ...].")
            if self.network != "layers" and layers:
                raise ConfigError(f"model.{key} is for model.network=layers, not {self.network}.")

    @abstractmethod
    def build_networks(self) -> None:
        """Create every module."""

    @abstractmethod
    def train_batch(self, batch: Batch) -> None:
        """Train on one batch."""

    @abstractmethod
    def validate_batch(self, batch: Batch) -> None:
        """Add the losses on a batch that is not trained on to the averages."""

    @abstractmethod
    def update_ema(self, batches: range) -> None:
        """Move the averaged weights towards those that these batches, counted from 0, have led to."""

    @abstractmethod
    def generate(self, latent: Tensor, condition: Tensor) -> Tensor:
        """Return images in [0, 1], ``(N, 1, H, W)``, of latents ``(N, latent_dim)`` under conditions ``(N, C)``."""

    # Conditions

    @property
    def condition_sizes(self) -> dict[str, int]:
        """How many values each condition takes."""
        return {condition: len(self._names(condition)) for condition in self.conditions}

    def _names(self, condition: ConditionName) -> tuple[str, ...]:
        return self.alphabet if condition == "class" else self.style_names

    def condition(self, batch: Batch) -> Tensor:
        """Return the condition indices of a batch, int64 ``(N, C)``: a column for each of ``conditions``."""
        columns = [batch.label if condition == "class" else batch.style for condition in self.conditions]
        return torch.stack(columns, dim=1) if columns else batch.label.new_zeros(len(batch.label), 0)

    def _asked(self, n: int, condition: ConditionName, values: Any, generator: torch.Generator | None) -> Tensor:
        """Return the indices ``(n,)`` of what a caller asked for by name or index, or draw them uniformly."""
        names = self._names(condition)
        if values is None:
            return torch.randint(len(names), (n,), generator=generator)
        if not isinstance(values, Tensor):
            asked = [values] if isinstance(values, str) else values
            values = torch.tensor([self.index(condition, value) for value in asked])
        if len(values) not in (1, n):
            raise DataError(f"{len(values)} names were given for {n} glyphs: give one for each, or one for all.")
        if len(values) and not 0 <= values.min() <= values.max() < len(names):
            raise DataError(f"{condition} indices run {values.min()}..{values.max()}; there are 0..{len(names) - 1}.")
        return values.long().cpu().expand(n)

    def index(self, condition: ConditionName, name: str | int) -> int:
        """Return the index of a class or style that is called ``name``.

        Raises:
            DataError: If this model was not trained on such a condition, or not with that name.
        """
        names = self._names(self._trained_on(condition))
        if isinstance(name, str):
            if name not in names:
                raise DataError(
                    f"There is no {condition} called {name}.{nearest(name, names)} Known: {', '.join(names)}."
                )
            return names.index(name)
        return name

    def _trained_on(self, condition: ConditionName) -> ConditionName:
        if condition not in self.conditions:
            key = "labels" if condition == "class" else "styles"
            raise DataError(f"This model was not trained with model.conditions={condition}: leave {key} out.")
        return condition

    # Sampling

    @contextmanager
    def evaluating(self) -> Iterator[None]:
        """Run without gradients and with every layer in evaluation mode, then restore the mode."""
        was_training = self.training
        self.eval()
        try:
            with torch.inference_mode():
                yield
        finally:
            self.train(was_training)

    def sample(
        self,
        n: int,
        labels: Sequence[str | int] | str | Tensor | None = None,
        styles: Sequence[str | int] | str | Tensor | None = None,
        generator: torch.Generator | None = None,
        spread: float = 1.0,
    ) -> Tensor:
        """Draw glyphs: latents from the prior, under the conditions asked for.

        Args:
            n: How many.
            labels: Class of each by name or index, one for each or one for all; drawn uniformly where left out.
            styles: Style of each, in the same way.
            generator: On the CPU; the same state gives the same glyphs, on whatever device the model is.
            spread: Multiplies the standard deviations of latents.

        Returns:
            Images float32 ``(n, 1, H, W)`` in [0, 1], on the CPU.

        Raises:
            DataError: For a name that the model does not know, or a condition that it was not trained on.
        """
        asked: Mapping[ConditionName, Any] = {"class": labels, "style": styles}
        for condition, values in asked.items():
            if values is not None:
                self._trained_on(condition)
        columns = [self._asked(n, condition, asked[condition], generator) for condition in self.conditions]
        conditions = torch.stack(columns, dim=1) if columns else torch.zeros(n, 0, dtype=torch.long)
        return self.render(self.sample_latents(conditions, generator, spread), conditions)

    def sample_latents(self, conditions: Tensor, generator: torch.Generator | None, spread: float = 1.0) -> Tensor:
        """Return a latent drawn from the prior, ``(N, latent_dim)``, for each of the conditions ``(N, C)``."""
        return spread * torch.randn(len(conditions), self.latent_dim, generator=generator)

    def sample_glyphs(
        self, labels: NDArray[np.int64], styles: NDArray[np.int64], generator: torch.Generator, spread: float = 1.0
    ) -> Glyphs:
        """Draw one glyph for each label and style, as glyphs of whole grey levels.

        Args:
            labels: Index of each class, int64 ``(N,)``; drawn uniformly where any is unknown (-1).
            styles: Index of each style, in the same way.
            generator: On the CPU.
            spread: Multiplies the standard deviations of latents.

        Returns:
            The glyphs, labelled as asked: a condition that the model was not trained on stays unknown.

        Raises:
            DataError: If the model draws something that is no image.
        """
        asked: dict[ConditionName, NDArray[np.int64]] = {"class": labels, "style": styles}
        known = {name: values for name, values in asked.items() if name in self.conditions and (values >= 0).all()}
        chosen = {name: torch.tensor(values) for name, values in known.items()}
        images = self.sample(len(labels), chosen.get("class"), chosen.get("style"), generator, spread)
        if not images.isfinite().all():
            raise DataError("the model draws values that are not finite: train it again, with a smaller model.lr.")
        pixels = images.mul(255).round().to(torch.uint8).numpy()
        unknown = np.full(len(labels), UNKNOWN)
        label, style = (known.get(name, unknown) for name in asked)
        return Glyphs(pixels, label, style, self.alphabet, self.style_names)

    def render(self, latents: Tensor, conditions: Tensor) -> Tensor:
        """Return the image of each latent ``(N, latent_dim)`` under its condition ``(N, C)``, a batch at a time.

        Returns:
            Images float32 ``(N, 1, H, W)`` in [0, 1], on the CPU.
        """
        images = [torch.zeros(0, 1, self.image_size, self.image_size)]
        with self.evaluating():
            for latent, chosen in zip(latents.split(MAX_BATCH), conditions.split(MAX_BATCH), strict=True):
                images.append(self.generate(latent.to(self.device), chosen.to(self.device)).float().clamp(0, 1).cpu())
        return torch.cat(images)

    # Training

    def optimizer_for(self, network: nn.Module) -> Optimizer:
        """Return a fused optimizer over the weights of ``network`` that are trained."""
        weights = [weight for weight in network.parameters() if weight.requires_grad]
        if self.optimizer == "sgd":
            return torch.optim.SGD(weights, self.lr, momentum=self.betas[0], fused=True)
        kind = torch.optim.Adam if self.optimizer == "adam" else torch.optim.AdamW
        return kind(weights, self.lr, betas=self.betas, fused=True)

    def training_step(self, step: Sequence[Batch], batch_idx: int) -> None:
        """Train on some batches, one after the other.

        What the trainer does around each step costs a small model as much time as the batch itself.
        """
        before, processes = self.batches, self.trainer.world_size
        if self.lr_schedule == "cosine":
            height = 0.5 * (1 + math.cos(math.pi * self.progress(batch_idx)))
            self.set_lr(self.lr * (self.lr_final + (1 - self.lr_final) * height))
        for batch in step:
            if self.batch_limit is not None and self.batches >= self.batch_limit:
                break
            self.joint_rows = len(batch.image) * processes if processes > 1 else None
            self.train_batch(batch)
            self.batches += 1
            self.samples += len(batch.image) * processes
        self.joint_rows = None
        self.update_ema(range(before, self.batches))

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        """Add the losses of a validation batch to the averages."""
        if self.trainer.world_size == 1:
            self.validate_batch(batch)
            return
        self.joint_rows = int(self.over_processes(torch.tensor(len(batch.image), device=self.device)))
        # A process without a glyph takes all the same part in whatever the processes do together.
        self.averages.muted = len(batch.image) == 0
        self.validate_batch(_stand_in(batch) if self.averages.muted else batch)
        self.joint_rows, self.averages.muted = None, False

    # Several processes

    def joint(self, draw: Callable[[Tensor], Tensor], like: Tensor) -> Tensor:
        """Draw something random for each glyph of a batch.

        Several processes draw, by the same random state, for the whole joint batch, of which process r of W has every
        W-th glyph from the r-th on. So no two glyphs get the same numbers, and all get those of a single process.

        Args:
            draw: Returns random values of its argument's shape, such as ``torch.randn_like``.
            like: Its argument for this process's glyphs, ``(N, ...)``.

        Returns:
            ``(N, ...)``.
        """
        if self.joint_rows is None:
            return draw(like)
        whole, own = like.new_zeros(self.joint_rows, *like.shape[1:]), self._own_rows
        whole[own] = like.detach()
        drawn = draw(whole)[own]
        return drawn if len(drawn) == len(like) else torch.zeros_like(like)  # a stand-in is no part of the joint batch

    def joint_mean(self, values: Tensor) -> Tensor:
        """Return the mean of a value of each glyph ``(N,)`` over the joint batch, a scalar without a gradient."""
        if self.joint_rows is None:
            return values.detach().mean()
        own = len(range(self.joint_rows)[self._own_rows])
        return self.over_processes(values.detach()[:own].float().sum()) / self.joint_rows

    @property
    def _own_rows(self) -> slice:
        return slice(self.trainer.global_rank, None, self.trainer.world_size)

    @staticmethod
    def over_processes(value: Tensor) -> Tensor:
        """Return the sum of a tensor over all processes, in its place."""
        torch.distributed.all_reduce(value)
        return value

    def step_optimizer(self, optimizer: Any, loss: Callable[[], Tensor]) -> Tensor:
        """Take one step down a loss: backward, clipped or skipped where it is not finite.

        Args:
            optimizer: One of those that Lightning gives out.
            loss: Computes the loss, a scalar.

        Returns:
            The loss, NaN where it is not finite.
        """
        value = self.nan_unless_finite(loss())
        # The trainer's backward prepares several processes for it; for one its hooks cost more than they are worth.
        backward = self.manual_backward if self.trainer.world_size > 1 else Tensor.backward
        with torch.autocast(self.device.type, enabled=False):  # backward repeats the types of forward by itself
            backward(value)
        optimizer.step()
        optimizer.zero_grad()
        # Autocast keeps each weight that it has rounded to bfloat16 until the trainer's step ends.
        torch.clear_autocast_cache()
        return value

    def progress(self, step: int) -> float:
        """Return how much of the run is done, 0..1, by the limit that is nearest; 0 where nothing limits it."""
        trainer, shares = self.trainer, [0.0]
        if trainer.max_epochs and trainer.max_epochs > 0:
            shares.append((trainer.current_epoch + step / trainer.num_training_batches) / trainer.max_epochs)
        if self.batch_limit is not None:
            shares.append(self.batches / self.batch_limit)
        for timer in trainer.callbacks:  # type: ignore[attr-defined]
            if isinstance(timer, Timer) and (left := timer.time_remaining()) is not None:
                elapsed = timer.time_elapsed()
                shares.append(elapsed / (elapsed + max(left, 0)))
        return min(max(shares), 1.0)

    def set_lr(self, lr: float) -> None:
        """Let every optimizer step at this rate from now on."""
        for optimizer in self.trainer.optimizers:
            for group in optimizer.param_groups:
                group["lr"] = lr

    def on_train_start(self) -> None:
        """Let a resumed run take the learning rate it is given, not the one in its checkpoint."""
        self.set_lr(self.lr)

    def on_before_optimizer_step(self, optimizer: Optimizer) -> None:
        """Clip the gradient, log its norm, and have the step skipped where the norm is not finite.

        The decision never leaves the device: fused optimizers leave weights and running averages as they are where
        ``found_inf`` is 1, the same hook that gradient scalers use.
        """
        weights = [weight for group in optimizer.param_groups for weight in group["params"] if weight.grad is not None]
        norm = torch.nn.utils.get_total_norm([weight.grad for weight in weights if weight.grad is not None])
        optimizer.found_inf = (~norm.isfinite()).float()  # type: ignore[attr-defined]
        if self.gradient_clip:
            torch.nn.utils.clip_grads_with_norm_(weights, self.gradient_clip, norm)
        self.averages.add({self.norm_name(optimizer): norm})

    def norm_name(self, optimizer: Optimizer) -> str:
        """Return the name under which the gradient norm of ``optimizer`` is logged."""
        return "gradient_norm"

    @staticmethod
    def nan_unless_finite(loss: Tensor) -> Tensor:
        """Return ``loss``, or NaN where it is not finite, so that its gradient cannot be finite either.

        An infinite loss behind a clamp can have a finite gradient; the step would then not be skipped.
        """
        return loss * torch.where(loss.detach().isfinite(), 1.0, torch.nan)

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Keep the counts, and which class the checkpoint builds."""
        checkpoint["target"] = f"{type(self).__module__}.{type(self).__qualname__}"
        checkpoint["progress"] = {"batches": self.batches, "samples": self.samples}

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Take the counts up again."""
        self.batches, self.samples = checkpoint["progress"]["batches"], checkpoint["progress"]["samples"]


def _stand_in(batch: Batch) -> Batch:
    """Return a batch of one empty image in place of one without any, which not every layer takes."""
    return Batch(*(tensor.new_zeros(1, *tensor.shape[1:]) for tensor in batch))
