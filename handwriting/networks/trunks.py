"""The two trunks that every network stands on: vector to image, and image to features."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from handwriting.errors import ConfigError

Network = Literal["conv", "mlp"]
Norm = Literal["batch", "instance", "none"]
Upsample = Literal["transposed", "resize"]

SMALLEST = 8
"""A convolutional trunk halves the image until its side is at most this."""


def halvings(image_size: int) -> int:
    """Return how often a trunk halves a square image: to a side of 4..8 pixels.

    >>> halvings(28), halvings(128)
    (2, 4)

    Raises:
        ConfigError: If the side is not such a number of pixels times a power of two.
    """
    size, times = image_size, 0
    while size > SMALLEST and size % 2 == 0:
        size, times = size // 2, times + 1
    if not 4 <= size <= SMALLEST or times == 0:
        raise ConfigError(
            f"data.image_size={image_size} cannot be made by network=conv: use 4 to 8 times a power of two, such as "
            "28, 32, 64 or 128, or model.network=mlp."
        )
    return times


def _norm(kind: Norm, channels: int) -> nn.Module:
    layers: dict[Norm, Callable[[], nn.Module]] = {
        "batch": lambda: nn.BatchNorm2d(channels),
        "instance": lambda: nn.InstanceNorm2d(channels, affine=True),
        "none": nn.Identity,
    }
    return layers[kind]()


class ConvExpander(nn.Module):
    """Dense layer to a small map, doubled until it is the image; channels halve as the side doubles.

    So every stage costs about the same, and a 128 px image costs only about twice a 28 px one.

    Args:
        in_dim: Length of the vector.
        image_size: Side of the image in pixels; 4 to 8 times a power of two.
        channels: Channels of the smallest map.
        norm: Normalisation after each layer but the last.
        upsample: ``transposed`` convolution, or ``resize`` by nearest neighbour and then convolve, which leaves no
            checkerboard (Odena et al., 2016).
        pixel_shuffle: Make the last doubling by rearranging four channels into 2 x 2 pixels (Shi et al., 2016), so
            that no convolution runs at full size.
    """

    def __init__(
        self,
        in_dim: int,
        image_size: int,
        channels: int = 128,
        norm: Norm = "batch",
        upsample: Upsample = "transposed",
        pixel_shuffle: bool = False,
    ) -> None:
        super().__init__()
        times = halvings(image_size)
        self.side = image_size >> times
        self.channels = channels
        self.dense = nn.Linear(in_dim, channels * self.side**2, bias=norm == "none")
        layers: list[nn.Module] = [_norm(norm, channels), nn.ReLU()]
        width = channels
        for _ in range(times - pixel_shuffle):
            narrower = max(width // 2, 8)
            layers += [*self._double(width, narrower, norm, upsample), _norm(norm, narrower), nn.ReLU()]
            width = narrower
        if pixel_shuffle:
            layers += [nn.Conv2d(width, width, 3, padding=1, bias=norm == "none"), _norm(norm, width), nn.ReLU()]
            layers += [nn.Conv2d(width, 4, 3, padding=1), nn.PixelShuffle(2)]
        else:
            layers += [nn.Conv2d(width, 1, 3, padding=1)]
        self.layers = nn.Sequential(*layers)

    @staticmethod
    def _double(wide: int, narrow: int, norm: Norm, upsample: Upsample) -> list[nn.Module]:
        bias = norm == "none"
        if upsample == "transposed":
            return [nn.ConvTranspose2d(wide, narrow, 4, stride=2, padding=1, bias=bias)]
        return [nn.Upsample(scale_factor=2, mode="nearest"), nn.Conv2d(wide, narrow, 3, padding=1, bias=bias)]

    def forward(self, vector: Tensor) -> Tensor:
        """Return unbounded pixels ``(N, 1, H, W)`` for vectors ``(N, in_dim)``."""
        # Channels last in memory from the start, as the convolutions want it.
        small = self.dense(vector).view(-1, self.side, self.side, self.channels).permute(0, 3, 1, 2)
        return self.layers(small)


class ConvReducer(nn.Module):
    """Strided convolutions down to a small map, then one dense layer; the mirror of :class:`ConvExpander`.

    Args:
        image_size: Side of the image in pixels; 4 to 8 times a power of two.
        in_channels: Channels of the input: 1, and more where a condition is joined as a map.
        out_dim: Length of the features.
        channels: Channels of the smallest map.
        norm: Normalisation after each convolution but the first (Radford et al., 2016).
        dropout: Probability of dropping a channel after each convolution.
        spectral: Divide each weight by its largest singular value (Miyato et al., 2018).
        pixel_shuffle: Make the first halving by rearranging 2 x 2 pixels into channels.
    """

    def __init__(
        self,
        image_size: int,
        in_channels: int = 1,
        out_dim: int = 256,
        channels: int = 128,
        norm: Norm = "none",
        dropout: float = 0.0,
        spectral: bool = False,
        pixel_shuffle: bool = False,
    ) -> None:
        super().__init__()
        times = halvings(image_size)
        limit = _spectral if spectral else _unchanged
        width = max(channels >> (times - pixel_shuffle), 8)
        if pixel_shuffle:
            first: list[nn.Module] = [nn.PixelUnshuffle(2), limit(nn.Conv2d(4 * in_channels, width, 3, padding=1))]
        else:
            first = [limit(nn.Conv2d(in_channels, width, 3, padding=1))]
        layers = [*first, nn.LeakyReLU(0.2), nn.Dropout2d(dropout)]
        for remaining in reversed(range(times - pixel_shuffle)):
            wider = max(channels >> remaining, 8)
            layers += [limit(nn.Conv2d(width, wider, 4, stride=2, padding=1, bias=norm == "none")), _norm(norm, wider)]
            layers += [nn.LeakyReLU(0.2), nn.Dropout2d(dropout)]
            width = wider
        self.layers = nn.Sequential(*layers)
        self.dense = nn.Sequential(limit(nn.Linear(width * (image_size >> times) ** 2, out_dim)), nn.LeakyReLU(0.2))

    def forward(self, images: Tensor) -> Tensor:
        """Return features ``(N, out_dim)`` for images ``(N, in_channels, H, W)``."""
        # Flattened as it lies in memory, channels last: a copy of every map would cost more than the dense layer.
        return self.dense(self.layers(images).permute(0, 2, 3, 1).flatten(1))


class MLPExpander(nn.Module):
    """One hidden layer of ``4 * channels`` units: 512 by default."""

    def __init__(self, in_dim: int, image_size: int, channels: int = 128) -> None:
        super().__init__()
        hidden = 4 * channels
        self.layers = nn.Sequential(nn.Linear(in_dim, hidden), nn.ReLU(), nn.Linear(hidden, image_size**2))
        self.image_size = image_size

    def forward(self, vector: Tensor) -> Tensor:
        """Return unbounded pixels ``(N, 1, H, W)`` for vectors ``(N, in_dim)``."""
        return self.layers(vector).view(-1, 1, self.image_size, self.image_size)


class MLPReducer(nn.Module):
    """One hidden layer of ``out_dim`` units over the flattened image."""

    def __init__(
        self, image_size: int, in_channels: int = 1, out_dim: int = 512, dropout: float = 0.0, spectral: bool = False
    ) -> None:
        super().__init__()
        limit = _spectral if spectral else _unchanged
        self.layers = nn.Sequential(
            nn.Flatten(),
            limit(nn.Linear(in_channels * image_size**2, out_dim)),
            nn.LeakyReLU(0.2),
            nn.Dropout(dropout),
        )

    def forward(self, images: Tensor) -> Tensor:
        """Return features ``(N, out_dim)`` for images ``(N, in_channels, H, W)``."""
        return self.layers(images)


def _spectral(layer: nn.Module) -> nn.Module:
    return spectral_norm(layer)


def _unchanged(layer: nn.Module) -> nn.Module:
    return layer
