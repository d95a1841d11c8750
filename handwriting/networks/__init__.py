"""Plain ``nn.Module`` networks, chosen by name: what turns vectors into images and images into vectors.

Every network is made of two trunks with one interface. An *expander* turns a vector ``(N, in_dim)`` into an image
``(N, 1, H, W)`` of unbounded values; a *reducer* turns an image into features ``(N, out_dim)``. Generators and
decoders stand on the first, discriminators and encoders on the second, and ``network=`` picks the family of both.
"""

from handwriting.networks.adversarial import Discriminator, Generator
from handwriting.networks.averaging import MovingAverage
from handwriting.networks.initialisation import initialise
from handwriting.networks.variational import Decoder, Encoder

__all__ = ["Decoder", "Discriminator", "Encoder", "Generator", "MovingAverage", "initialise"]
