"""How weights are updated: optimizers, the learning rate's schedule, clipping, and a guard on each update."""

# Annotations stay objects here (no `from __future__ import annotations`): settings are checked against them.

import math
from collections.abc import Callable
from typing import Annotated, Any, Literal

import torch
from pydantic import Field, NonNegativeFloat, PositiveFloat
from pytorch_lightning.callbacks import Timer
from torch import Tensor, nn
from torch.optim import Optimizer

from handwriting.fields import ChangesOnResume
from handwriting.models.loss_logging import LoggedModel

LearningRate = Annotated[PositiveFloat, ChangesOnResume()]
Share = Annotated[float, Field(ge=0, lt=1)]
"""A share of a whole, at least 0 and below 1."""
Betas = tuple[Share, Share]


class OptimisedModel(LoggedModel):
    """A module that updates its weights by optimizers of its own ("manual optimisation").

    Lightning steps no scheduler under manual optimisation, so one that ``configure_optimizers`` returned would have no
    effect: use ``lr_schedule``, or override :meth:`schedule_lr`. Each call of :meth:`step_optimizer` adds one to
    ``trainer.global_step``.

    Attributes:
        lr: Learning rate.
        betas: Decay of Adam's two running averages; the first is SGD's momentum.
        optimizer: ``adam``, ``adamw`` or ``sgd``.
        lr_schedule: ``constant``, or ``cosine``, down to ``lr_final`` at the end of the run, whatever ends it: epochs,
            batches or time.
        lr_final: The rate that a cosine ends at, as a share of ``lr``.
        gradient_clip: Largest norm of a gradient; 0 for no clipping.
        ema_decay: Decay of the averaged weights that everything but training uses: samples, reconstructions,
            validation of a VAE; 0 for the weights as they are.
        batch_limit: After how many batches training ends, even within a step; None for no limit.
    """

    lr: LearningRate = 1e-3
    betas: Betas = (0.9, 0.999)
    optimizer: Literal["adam", "adamw", "sgd"] = "adam"
    lr_schedule: Literal["constant", "cosine"] = "constant"
    lr_final: Share = 0.0
    gradient_clip: NonNegativeFloat = 0.0
    ema_decay: Share = 0.999

    def __post_init__(self) -> None:
        """Take over from Lightning's automatic optimisation: a step takes several batches."""
        super().__post_init__()
        self.automatic_optimization = False
        self.batch_limit: int | None = None

    def optimizer_for(self, network: nn.Module) -> Optimizer:
        """Return a fused optimizer over the weights of ``network`` that require a gradient."""
        weights = [weight for weight in network.parameters() if weight.requires_grad]
        if self.optimizer == "sgd":
            return torch.optim.SGD(weights, self.lr, momentum=self.betas[0], fused=True)
        kind = torch.optim.Adam if self.optimizer == "adam" else torch.optim.AdamW
        return kind(weights, self.lr, betas=self.betas, fused=True)

    def step_optimizer(self, optimizer: Any, loss: Callable[[], Tensor]) -> Tensor:
        """Update weights once: forward, backward, clipping; no weight changes where loss or gradient is not finite.

        Args:
            optimizer: One of those that ``self.optimizers()`` returns.
            loss: Computes the loss: a scalar, the mean over this process's batch.

        Returns:
            The loss, a scalar on the model's device; NaN where it is not finite.
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

    @staticmethod
    def nan_unless_finite(loss: Tensor) -> Tensor:
        """Return ``loss``, or NaN where it is not finite, so that its gradient cannot be finite either.

        An infinite loss behind a clamp can have a finite gradient; the update would then not be skipped.
        """
        return loss * torch.where(loss.detach().isfinite(), 1.0, torch.nan)

    def on_before_optimizer_step(self, optimizer: Optimizer) -> None:
        """Clip the gradient, log its norm, and have the update skipped where the norm is not finite.

        A subclass that overrides this hook calls ``super()``, or all three are lost.

        The decision never leaves the device: fused optimizers leave weights and running averages as they are where
        ``found_inf`` is 1, the same hook that gradient scalers use. An optimizer that is not fused ignores it.
        """
        weights = [weight for group in optimizer.param_groups for weight in group["params"] if weight.grad is not None]
        norm = torch.nn.utils.get_total_norm([weight.grad for weight in weights if weight.grad is not None])
        optimizer.found_inf = (~norm.isfinite()).float()  # type: ignore[attr-defined]
        if self.gradient_clip:
            torch.nn.utils.clip_grads_with_norm_(weights, self.gradient_clip, norm)
        self.running_means.add({self.gradient_norm_name(optimizer): norm})

    def gradient_norm_name(self, optimizer: Optimizer) -> str:
        """Return the name under which the gradient norm of ``optimizer`` is logged."""
        return "gradient_norm"

    # Schedule

    def on_train_start(self) -> None:
        """Let a resumed run take the learning rate of its configuration, not the one in its checkpoint."""
        super().on_train_start()
        self.set_lr(self.lr)

    def schedule_lr(self, step: int) -> None:
        """Set the learning rate of every optimizer; called before each step of the trainer.

        Args:
            step: The trainer's step, counted from 0 in each epoch.
        """
        if self.lr_schedule == "cosine":
            height = 0.5 * (1 + math.cos(math.pi * self.fraction_done(step)))
            self.set_lr(self.lr * (self.lr_final + (1 - self.lr_final) * height))

    def set_lr(self, lr: float) -> None:
        """Let every optimizer update at this learning rate from now on."""
        for optimizer in self.trainer.optimizers:
            for group in optimizer.param_groups:
                group["lr"] = lr

    def fraction_done(self, step: int) -> float:
        """Return how much of the run is done, 0..1, by the limit that is nearest; 0 where nothing limits it.

        Args:
            step: The trainer's step, counted from 0 in each epoch.
        """
        trainer, fractions = self.trainer, [0.0]
        if trainer.max_epochs and trainer.max_epochs > 0:
            fractions.append((trainer.current_epoch + step / trainer.num_training_batches) / trainer.max_epochs)
        if self.batch_limit is not None:
            fractions.append(self.batches / self.batch_limit)
        for timer in trainer.callbacks:  # type: ignore[attr-defined]
            if isinstance(timer, Timer) and (left := timer.time_remaining()) is not None:
                elapsed = timer.time_elapsed()
                fractions.append(elapsed / (elapsed + max(left, 0)))
        return min(max(fractions), 1.0)
