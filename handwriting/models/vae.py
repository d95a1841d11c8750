"""VAE."""

from dataclasses import dataclass

from handwriting.models.variational import VariationalModel


@dataclass(eq=False, repr=False, kw_only=True)
class VAE(VariationalModel):
    """A variational autoencoder that knows nothing of classes (Kingma and Welling, 2014)."""
