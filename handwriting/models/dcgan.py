"""DCGAN."""

from dataclasses import dataclass
from typing import ClassVar, Literal

from torch import Tensor

from handwriting.errors import ConfigError
from handwriting.models.adversarial import AdversarialModel
from handwriting.models.base import Share
from handwriting.models.losses import discriminator_bce, discriminator_hinge, generator_bce, generator_score
from handwriting.networks.adversarial import DiscriminatorOutput


@dataclass(eq=False, repr=False, kw_only=True)
class DCGAN(AdversarialModel):
    """A convolutional GAN without conditions (Radford et al., 2016).

    Attributes:
        loss: ``bce``, the non-saturating game of Goodfellow et al. (2014), or ``hinge``.
        label_smoothing: With ``bce``, how far below 1 a real image counts.
    """

    loss: Literal["bce", "hinge"] = "hinge"
    label_smoothing: Share = 0.0

    summary_fields: ClassVar[tuple[str, ...]] = (*AdversarialModel.summary_fields, "loss")

    def check(self) -> None:
        """Refuse label smoothing where no label is smoothed."""
        super().check()
        if self.label_smoothing and self.loss == "hinge":
            raise ConfigError(f"model.label_smoothing={self.label_smoothing} needs model.loss=bce, not hinge.")

    def discriminator_loss(
        self, on_real: DiscriminatorOutput, on_fake: DiscriminatorOutput, condition: Tensor
    ) -> Tensor:
        """Return the loss of telling real from generated."""
        if self.loss == "hinge":
            return discriminator_hinge(on_real.score, on_fake.score)
        return discriminator_bce(on_real.score, on_fake.score, self.label_smoothing)

    def generator_loss(self, on_fake: DiscriminatorOutput, condition: Tensor) -> Tensor:
        """Return the loss of being told from real."""
        return generator_score(on_fake.score) if self.loss == "hinge" else generator_bce(on_fake.score)
