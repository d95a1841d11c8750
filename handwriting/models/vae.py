"""VAE."""

from dataclasses import dataclass

from pydantic import PositiveInt

from handwriting.models.variational import VariationalModel


@dataclass(eq=False, repr=False, kw_only=True)
class VAE(VariationalModel):
    """A variational autoencoder that knows nothing of classes (Kingma and Welling, 2014)."""

    latent_dim: PositiveInt = 16
