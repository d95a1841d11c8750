"""CVAE."""

from pydantic import NonNegativeFloat, PositiveInt

from handwriting.models.conditions import ConditionName
from handwriting.models.optimisation import LearningRate
from handwriting.models.variational import VariationalModel
from handwriting.networks.conditioning import Encoding


class CVAE(VariationalModel):
    """A variational autoencoder conditioned on a class, a style, or both (Sohn et al., 2015).

    Attributes:
        conditions: ``class``, ``style``, or both.
        condition_encoding: ``onehot`` or ``embedding``.
        label_encoder: Give the condition to the encoder as well as to the decoder.
    """

    latent_dim: PositiveInt = 10
    lr: LearningRate = 3e-3
    kl_weight: NonNegativeFloat = 2.0
    conditions: tuple[ConditionName, ...] = ("class",)
    condition_encoding: Encoding = "onehot"
    label_encoder: bool = True

    @property
    def encoder_is_conditioned(self) -> bool:
        """Whether the encoder receives the condition."""
        return self.label_encoder

    @property
    def encoding(self) -> Encoding:
        """How a condition is encoded."""
        return self.condition_encoding
