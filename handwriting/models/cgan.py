"""CGAN."""

from typing import ClassVar

import torch
from pydantic import NonNegativeFloat
from torch import Tensor
from torch.nn import functional as F

from handwriting.models.conditions import ConditionName
from handwriting.models.dcgan import DCGAN
from handwriting.networks.adversarial import Conditioning, DiscriminatorOutput


class CGAN(DCGAN):
    """A GAN conditioned on a class, a style, or both (Mirza and Osindero, 2014).

    Attributes:
        conditions: ``class``, ``style``, or both.
        conditioning: How the discriminator receives the condition: ``projection``, ``concat``, ``multiply``,
            ``onehot``, or ``acgan``, which classifies it.
        auxiliary_weight: With ``acgan``, the weight of the classification in both losses.
    """

    conditions: tuple[ConditionName, ...] = ("class",)
    conditioning: Conditioning = "projection"
    auxiliary_weight: NonNegativeFloat = 1.0

    summary_fields: ClassVar[tuple[str, ...]] = (*DCGAN.summary_fields, "conditioning")

    @property
    def conditioning_method(self) -> Conditioning:
        """How a condition enters both networks."""
        return self.conditioning

    def auxiliary_loss(self, player: str, output: DiscriminatorOutput, condition: Tensor) -> Tensor:
        """Return the weighted cross-entropy of classifying each condition, a scalar; 0 without an auxiliary classifier.

        Args:
            player: ``discriminator`` or ``generator``, whose loss it is added to; for the log.
            output: The discriminator's, whose class logits are ``(B, size)`` for each condition.
            condition: Condition indices, int64 ``(B, C)``.
        """
        if not output.class_logits:
            return output.score.new_zeros(())
        pairs = zip(output.class_logits, condition.T, strict=True)
        loss = torch.stack([F.cross_entropy(logits, indices) for logits, indices in pairs]).sum()
        self.running_means.add({f"{player}_auxiliary_loss": loss}, weight=len(condition))
        return self.auxiliary_weight * loss

    def discriminator_loss(
        self, on_real: DiscriminatorOutput, on_fake: DiscriminatorOutput, condition: Tensor
    ) -> Tensor:
        """Return the loss of classifying images as real or generated, and the condition of the real ones."""
        loss = super().discriminator_loss(on_real, on_fake, condition)
        return loss + self.auxiliary_loss("discriminator", on_real, condition)

    def generator_loss(self, on_fake: DiscriminatorOutput, condition: Tensor) -> Tensor:
        """Return the loss of images that are classified as generated, or as of another condition than theirs."""
        return super().generator_loss(on_fake, condition) + self.auxiliary_loss("generator", on_fake, condition)
