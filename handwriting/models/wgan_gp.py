"""WGAN-GP."""

from typing import ClassVar

import torch
from pydantic import NonNegativeFloat, PositiveInt
from torch import Tensor

from handwriting.errors import ConfigError
from handwriting.models.adversarial import AdversarialModel
from handwriting.models.conditions import ConditionName
from handwriting.models.losses import generator_score, gradient_penalty, wasserstein_critic
from handwriting.networks.adversarial import Conditioning, DiscriminatorOutput


class WGANGP(AdversarialModel):
    r"""A Wasserstein GAN with gradient penalty (Gulrajani et al., 2017) or weight clipping (Arjovsky et al., 2017).

    .. math:: L_D = E[D(\tilde x)] - E[D(x)] + \lambda\, E[(\|\nabla D(\hat x)\|_2 - 1)^2], \quad L_G = -E[D(\tilde x)]

    Attributes:
        conditions: ``class``, ``style``, both, or empty for an unconditional model.
        conditioning: How the critic receives the condition.
        gradient_penalty: Lambda, the weight of the penalty; 0 for none.
        weight_clip: Largest absolute weight of the critic, the historical alternative; 0 for none.
    """

    conditions: tuple[ConditionName, ...] = ("class",)
    conditioning: Conditioning = "projection"
    gradient_penalty: NonNegativeFloat = 10.0
    weight_clip: NonNegativeFloat = 0.0
    critic_steps: PositiveInt = 3
    spectral_norm: bool = False

    summary_fields: ClassVar[tuple[str, ...]] = (*AdversarialModel.summary_fields, "gradient_penalty", "critic_steps")

    def check(self) -> None:
        """Refuse what makes the critic's constraint meaningless."""
        super().check()
        if self.gradient_penalty and self.weight_clip:
            raise ConfigError(
                f"model.gradient_penalty={self.gradient_penalty} and model.weight_clip={self.weight_clip} are two ways "
                "to the same end: set one of them to 0."
            )
        if self.gradient_penalty and self.mixes_images:
            raise ConfigError(
                "Batch normalisation in the critic mixes the images that model.gradient_penalty takes one by one: use "
                "instance or none (model.discriminator_norm, model.discriminator_layers)."
            )
        if self.conditioning == "acgan":
            raise ConfigError("model.conditioning=acgan is for model=cgan: use projection, concat, multiply or onehot.")

    @property
    def conditioning_method(self) -> Conditioning:
        """How a condition enters both networks."""
        return self.conditioning

    def discriminator_loss(
        self, on_real: DiscriminatorOutput, on_fake: DiscriminatorOutput, condition: Tensor
    ) -> Tensor:
        """Return minus the estimated distance."""
        loss = wasserstein_critic(on_real.score, on_fake.score)
        self.running_means.add({"wasserstein": -loss}, weight=len(on_real.score))
        return loss

    def penalty(self, real: Tensor, fake: Tensor, condition: Tensor) -> Tensor | float:
        """Return the weighted penalty on the critic's gradient, where there is one."""
        if not self.gradient_penalty:
            return 0.0
        epsilon = self.sample_globally(torch.rand_like, real.new_empty(len(real), 1, 1, 1))
        penalty = gradient_penalty(lambda images: self.discriminator(images, condition).score, real, fake, epsilon)
        self.running_means.add({"gradient_penalty": penalty.mean()})
        return self.gradient_penalty * penalty.mean()

    def generator_loss(self, on_fake: DiscriminatorOutput, condition: Tensor) -> Tensor:
        """Return minus the critic's score."""
        return generator_score(on_fake.score)

    def score_threshold(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return the middle of the two means: a critic's scores have no zero of their own."""
        return (self.global_mean(real) + self.global_mean(fake)) / 2

    def constrain(self) -> None:
        """Clip the critic's weights where ``weight_clip`` says so."""
        if self.weight_clip:
            with torch.no_grad():
                for weight in self.discriminator.parameters():
                    weight.clamp_(-self.weight_clip, self.weight_clip)
