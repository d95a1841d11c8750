"""CGAN."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from pydantic import NonNegativeFloat
from torch import Tensor
from torch.nn import functional as F

from handwriting.models.base import ConditionName
from handwriting.models.dcgan import DCGAN
from handwriting.networks.adversarial import Conditioning, DiscriminatorOutput


@dataclass(eq=False, repr=False, kw_only=True)
class CGAN(DCGAN):
    """A GAN asked for a class, a style, or both (Mirza and Osindero, 2014).

    Attributes:
        conditions: ``class``, ``style``, or both.
        conditioning: How the discriminator learns of the condition: ``projection``, ``concat``, ``multiply``,
            ``onehot``, or ``acgan``, which class_logits it.
        auxiliary_weight: With ``acgan``, the weight of the guess in both losses.
    """

    conditions: tuple[ConditionName, ...] = ("class",)
    conditioning: Conditioning = "projection"
    auxiliary_weight: NonNegativeFloat = 1.0

    summary_fields: ClassVar[tuple[str, ...]] = (*DCGAN.summary_fields, "conditioning")

    @property
    def how_conditioned(self) -> Conditioning:
        """How a condition enters the game."""
        return self.conditioning

    def auxiliary_loss(self, player: str, verdict: DiscriminatorOutput, condition: Tensor) -> Tensor:
        """Return the weighted cross-entropy of guessing each condition; 0 where there is nothing to guess."""
        if not verdict.class_logits:
            return verdict.score.new_zeros(())
        losses = [F.cross_entropy(guess, asked) for guess, asked in zip(verdict.class_logits, condition.T, strict=True)]
        loss = torch.stack(losses).sum()
        self.averages.add({f"{player}_auxiliary_loss": loss}, weight=len(condition))
        return self.auxiliary_weight * loss

    def discriminator_loss(
        self, on_real: DiscriminatorOutput, on_fake: DiscriminatorOutput, condition: Tensor
    ) -> Tensor:
        """Return the loss of telling real from generated, and of guessing the condition of real images."""
        loss = super().discriminator_loss(on_real, on_fake, condition)
        return loss + self.auxiliary_loss("discriminator", on_real, condition)

    def generator_loss(self, on_fake: DiscriminatorOutput, condition: Tensor) -> Tensor:
        """Return the loss of being told from real, and of being guessed wrongly."""
        return super().generator_loss(on_fake, condition) + self.auxiliary_loss("generator", on_fake, condition)
