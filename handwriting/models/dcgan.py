"""DCGAN."""

from typing import ClassVar, Literal

from torch import Tensor

from handwriting.errors import ConfigError
from handwriting.models.adversarial import AdversarialModel
from handwriting.models.losses import discriminator_bce, discriminator_hinge, generator_bce, generator_score
from handwriting.models.optimisation import Share
from handwriting.networks.adversarial import DiscriminatorOutput


class DCGAN(AdversarialModel):
    """A convolutional GAN without conditions (Radford et al., 2016).

    Attributes:
        loss: ``bce``, the non-saturating game of Goodfellow et al. (2014), or ``hinge``.
        label_smoothing: With ``bce``, how far below 1 the target of real images is.
    """

    loss: Literal["bce", "hinge"] = "hinge"
    label_smoothing: Share = 0.0

    summary_fields: ClassVar[tuple[str, ...]] = (*AdversarialModel.summary_fields, "loss")

    def check(self) -> None:
        """Refuse label smoothing where the loss has no labels."""
        super().check()
        if self.label_smoothing and self.loss == "hinge":
            raise ConfigError(f"model.label_smoothing={self.label_smoothing} needs model.loss=bce, not hinge.")

    def discriminator_loss(
        self, on_real: DiscriminatorOutput, on_fake: DiscriminatorOutput, condition: Tensor
    ) -> Tensor:
        """Return the loss of classifying images as real or generated."""
        if self.loss == "hinge":
            return discriminator_hinge(on_real.score, on_fake.score)
        return discriminator_bce(on_real.score, on_fake.score, self.label_smoothing)

    def generator_loss(self, on_fake: DiscriminatorOutput, condition: Tensor) -> Tensor:
        """Return the loss of generated images that are classified as generated."""
        return generator_score(on_fake.score) if self.loss == "hinge" else generator_bce(on_fake.score)

    def score_threshold(self, real: Tensor, fake: Tensor) -> float:
        """Return 0: by either loss, real images are scored above it and generated ones below."""
        return 0.0
