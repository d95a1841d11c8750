"""The networks that ``network=conv`` and ``network=mlp`` name, for any size, as layers in words.

An *upsampler* turns a vector into an image of unbounded values; a *downsampler* turns an image into features.
Generators and decoders are built of the first, discriminators and encoders of the second.
"""

from __future__ import annotations

from typing import Literal

from handwriting.errors import ConfigError
from handwriting.networks.layers import Layers

Network = Literal["conv", "mlp", "layers"]
Norm = Literal["batch", "instance", "none"]
Upsample = Literal["transposed", "resize"]

MAX_SMALLEST_SIDE = 8
"""Pixels: a convolutional network halves the image until its side is at most this."""
MIN_CHANNELS = 8
"""No convolution has fewer channels."""


def halvings(image_size: int) -> int:
    """Return how often a convolutional network halves a square image, down to a side of 4..8 pixels.

    >>> halvings(28), halvings(128)
    (2, 4)

    Raises:
        ConfigError: If the side is not such a number of pixels times a power of two.
    """
    size, times = image_size, 0
    while size > MAX_SMALLEST_SIDE and size % 2 == 0:
        size, times = size // 2, times + 1
    if not 4 <= size <= MAX_SMALLEST_SIDE or times == 0:
        raise ConfigError(
            f"data.image_size={image_size} cannot be made by network=conv: use 4 to 8 times a power of two, such as "
            "28, 32, 64 or 128, or model.network=mlp."
        )
    return times


def conv_upsampler(image_size: int, channels: int, norm: Norm, upsample: Upsample, pixel_shuffle: bool) -> Layers:
    """Dense layer to a small map, doubled until it is the image; channels halve as the side doubles.

    So every stage costs about the same, and a 128 px image costs only about twice a 28 px one.

    >>> conv_upsampler(28, 64, "none", "transposed", pixel_shuffle=False)
    ('dense 64x7x7 relu', 'transposed 32 k4 s2 relu', 'transposed 16 k4 s2 relu', 'conv 1')

    Args:
        image_size: Side of the image in pixels; 4 to 8 times a power of two.
        channels: Channels of the smallest map.
        norm: Normalisation after each layer but the last.
        upsample: ``transposed`` convolution, or ``resize`` by nearest neighbour and then convolve, which leaves no
            checkerboard (Odena et al., 2016).
        pixel_shuffle: Make the last doubling by rearranging four channels into 2 x 2 pixels (Shi et al., 2016), so
            that no convolution runs at full size.
    """
    times = halvings(image_size)
    side = image_size >> times
    then = f"{_norm(norm)} relu".strip()
    layers = [f"dense {channels}x{side}x{side} {then}"]
    width = channels
    for _ in range(times - pixel_shuffle):
        width = max(width // 2, MIN_CHANNELS)
        if upsample == "transposed":
            layers += [f"transposed {width} k4 s2 {then}"]
        else:
            layers += ["upsample 2", f"conv {width} {then}"]
    if pixel_shuffle:
        return (*layers, f"conv {width} {then}", "conv 4", "shuffle 2")
    return (*layers, "conv 1")


def conv_downsampler(
    image_size: int, features: int, channels: int, norm: Norm, dropout: float, pixel_shuffle: bool
) -> Layers:
    """Strided convolutions down to a small map, then one dense layer; the mirror of :func:`conv_upsampler`.

    >>> conv_downsampler(28, 128, 64, "none", dropout=0.0, pixel_shuffle=True)
    ('unshuffle 2', 'conv 32 leaky0.2', 'conv 64 k4 s2 leaky0.2', 'dense 128 leaky0.2')

    Args:
        image_size: Side of the image in pixels; 4 to 8 times a power of two.
        features: Length of the features.
        channels: Channels of the smallest map.
        norm: Normalisation after each convolution but the first (Radford et al., 2016).
        dropout: Probability of dropping a value after each convolution.
        pixel_shuffle: Make the first halving by rearranging 2 x 2 pixels into channels.
    """
    times = halvings(image_size) - pixel_shuffle
    widths = [max(channels >> remaining, MIN_CHANNELS) for remaining in reversed(range(times + 1))]
    then = " ".join(["leaky0.2", *_dropout(dropout)])
    return (
        *(["unshuffle 2"] if pixel_shuffle else []),
        f"conv {widths[0]} {then}",
        *(f"conv {width} k4 s2 {_norm(norm)} {then}".replace("  ", " ") for width in widths[1:]),
        f"dense {features} leaky0.2",
    )


def mlp_upsampler(image_size: int, channels: int) -> Layers:
    """One hidden layer of ``4 * channels`` units."""
    return f"dense {4 * channels} relu", f"dense 1x{image_size}x{image_size}"


def mlp_downsampler(features: int, dropout: float) -> Layers:
    """One hidden layer, of ``features`` units, over the flattened image."""
    return (" ".join([f"dense {features} leaky0.2", *_dropout(dropout)]),)


def _norm(norm: Norm) -> str:
    # A normalised layer needs no bias: the normalisation removes it and adds its own.
    return "" if norm == "none" else f"nobias {norm}"


def _dropout(probability: float) -> list[str]:
    return [f"dropout{probability:f}".rstrip("0")] if probability else []
