"""VAE."""

from pydantic import PositiveInt

from handwriting.models.variational import VariationalModel


class VAE(VariationalModel):
    """A variational autoencoder without conditions (Kingma and Welling, 2014)."""

    latent_dim: PositiveInt = 16
