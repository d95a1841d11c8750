"""Layers in words, such as ``conv 64 k5 s2 batch leaky0.2``: the parts of networks, and the shapes between them.

Nothing here imports torch, so that an impossible network is refused before anything heavy is loaded.

A layer is a kind, its size, and then its options in any order:

==================  ===================================================================================================
``conv 64``         convolution to 64 channels; ``k5`` kernel (3 unless given), ``s2`` stride (1)
``transposed 64``   transposed convolution; the same
``dense 512``       fully connected to 512 units; ``dense 64x7x7`` lays them out as a map of 64 channels
``reshape 64x7x7``  lays units out as a map
``concat``          concatenates its input and the condition; ``concat class input style`` says in which order
``upsample 2``      every pixel becomes 2 x 2 of the same
``shuffle 2``       rearranges 4 channels into 2 x 2 pixels (Shi et al., 2016)
``unshuffle 2``     rearranges 2 x 2 pixels into 4 channels
``nobias``          conv, transposed and dense are without a bias
``batch``           batch normalisation after it; ``batch0.2`` sets the weight of the newest batch (PyTorch's momentum)
``instance``        instance normalisation after it
``relu``            then an activation: ``relu``, ``leaky0.2``, ``tanh`` or ``sigmoid``
``dropout0.3``      and last, values dropped with this probability
==================  ===================================================================================================

Padding is "same": a stride of s divides, or multiplies, the side by s.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Annotated

from pydantic import AfterValidator

from handwriting import legacy
from handwriting.errors import ConfigError, nearest

Shape = tuple[int, ...]
"""Units ``(D,)`` or a map ``(C, H, W)``."""

KINDS = ("conv", "transposed", "dense", "reshape", "concat", "upsample", "shuffle", "unshuffle")
WEIGHTED = ("conv", "transposed", "dense")
WORDS = {
    "kernel": r"k(\d+)",
    "stride": r"s(\d+)",
    "bias": r"nobias",
    "norm": r"batch(?:0?\.\d+)?|instance",
    "activation": r"relu|leaky(?:0?\.\d+)|tanh|sigmoid",
    "dropout": r"dropout(0?\.\d+)",
}
INPUT = "input"
"""The name of a ``concat`` layer's input in its order."""


@dataclass(frozen=True)
class Layer:
    """One layer, read from its words by :func:`parse`.

    Attributes:
        kind: One of ``KINDS``.
        size: Units, channels, a factor, or channels, height and width.
        order: Of a ``concat``: the names of what is concatenated; empty for the input and then the condition.
        kernel: Side of the kernel.
        stride: Pixels between neighbouring positions of the kernel.
        bias: Whether a bias is added.
        norm: ``batch``, ``instance``, or empty.
        momentum: Weight of the newest batch in the running statistics of ``batch``.
        activation: ``relu``, ``leaky``, ``tanh``, ``sigmoid``, or empty.
        slope: Of ``leaky``: the slope below 0.
        dropout: Probability of dropping a value.
    """

    kind: str
    size: Shape = ()
    order: tuple[str, ...] = ()
    kernel: int = 3
    stride: int = 1
    bias: bool = True
    norm: str = ""
    momentum: float = 0.1
    activation: str = ""
    slope: float = 0.0
    dropout: float = 0.0


def parse(text: str) -> Layer:
    """Return the layer that its words describe.

    >>> parse("conv 64 k5 s2 leaky0.3")
    Layer(kind='conv', size=(64,), order=(), kernel=5, stride=2, ... activation='leaky', slope=0.3, dropout=0.0)

    Raises:
        ValueError: Naming the word that is wrong, and what is allowed.
    """
    word, *words = text.split() or [""]
    kind = legacy.LAYERS.get(word, word)
    if kind not in KINDS:
        raise ValueError(f"a layer begins with {', '.join(KINDS)}.{nearest(kind, KINDS)}".rstrip("."))
    if kind == "concat":
        return Layer(kind, order=tuple(words))
    size = words.pop(0) if words else ""
    pattern = r"\d+x\d+x\d+" if kind == "reshape" else r"\d+(x\d+x\d+)?" if kind == "dense" else r"\d+"
    if not re.fullmatch(pattern, size) or 0 in (numbers := tuple(map(int, size.split("x")))):
        raise ValueError(f"{kind} is followed by its size, such as {'64x7x7' if kind == 'reshape' else '64'}")
    if words and kind not in WEIGHTED:
        raise ValueError(f"{kind} {size} takes no options")
    options: dict[str, str] = {}
    for word in words:
        name = next((name for name, pattern in WORDS.items() if re.fullmatch(pattern, word)), "")
        if not name:
            examples = "k5, s2, nobias, batch, instance, relu, leaky0.2, tanh, sigmoid, dropout0.2"
            raise ValueError(f"{word} is no option: use {examples}")
        if name in options:
            raise ValueError(f"{options[name]} and {word} exclude each other")
        options[name] = word
    if kind == "dense" and options.keys() & {"kernel", "stride"}:
        raise ValueError("dense has neither kernel nor stride")
    if options.get("norm") == "instance" and kind == "dense" and len(numbers) == 1:
        raise ValueError("instance normalises the pixels of a map: lay the units out, such as dense 64x7x7 instance")
    layer = Layer(
        kind,
        numbers,
        kernel=int(options.get("kernel", "k3")[1:]),
        stride=int(options.get("stride", "s1")[1:]),
        bias="bias" not in options,
        norm=options.get("norm", "").rstrip("0123456789."),
        momentum=_number(options.get("norm", ""), 0.1),
        activation=options.get("activation", "").rstrip("0123456789."),
        slope=_number(options.get("activation", ""), 0.0),
        dropout=_number(options.get("dropout", ""), 0.0),
    )
    if kind in ("conv", "transposed") and not 0 < layer.stride <= layer.kernel:
        raise ValueError(f"the kernel k{layer.kernel} must be at least as large as the stride s{layer.stride}, from 1")
    if kind != "dense" and layer.stride == 1 and layer.kernel % 2 == 0:
        raise ValueError(f"k{layer.kernel} has no middle: without a stride the kernel must be odd")
    return layer


def _number(word: str, default: float) -> float:
    digits = word.lstrip("abcdefghijklmnopqrstuvwxyz")
    return float(digits) if digits else default


def _checked(text: str) -> str:
    parse(text)
    return text


Layers = tuple[Annotated[str, AfterValidator(_checked)], ...]
"""A network in words, as a configuration gives it."""


def after(layer: Layer, shape: Shape, condition_width: int = 0) -> Shape:
    """Return the shape of a layer's output.

    >>> after(parse("conv 64 k5 s2"), (1, 28, 28)), after(parse("dense 64x7x7"), (100,))
    ((64, 14, 14), (64, 7, 7))

    Args:
        layer: The layer.
        shape: The shape of its input, without the batch.
        condition_width: Length of the encoded condition, which ``concat`` adds.

    Raises:
        ValueError: If the layer cannot take it.
    """
    units = prod(shape)
    if layer.kind == "concat":
        return (units + condition_width,)
    if layer.kind == "dense":
        return layer.size
    if layer.kind == "reshape":
        channels, height, width = layer.size
        if channels * height * width != units:
            raise ValueError(f"{units} units cannot be laid out so")
        return layer.size
    if len(shape) == 1:
        raise ValueError(f"{layer.kind} needs a map, and {units} units come in: lay them out by dense 64x7x7 before it")
    (channels, height, width), (size,) = shape, layer.size
    if layer.kind in ("conv", "transposed"):
        sides = [_side(layer, side) for side in (height, width)]
        if min(sides) < 1:
            raise ValueError(f"a map of {height}x{width} is too small for it")
        return size, *sides
    if layer.kind == "upsample":
        return channels, height * size, width * size
    if layer.kind == "shuffle":
        if channels % size**2:
            raise ValueError(f"{channels} channels cannot be rearranged into {size}x{size} pixels")
        return channels // size**2, height * size, width * size
    if height % size or width % size:
        raise ValueError(f"{height}x{width} pixels cannot be rearranged by {size}x{size}")
    return channels * size**2, height // size, width // size


def _side(layer: Layer, side: int) -> int:
    if layer.kind == "transposed":
        return side * layer.stride
    return (side + 2 * ((layer.kernel - 1) // 2) - layer.kernel) // layer.stride + 1


def trace(layers: Sequence[str], shape: Shape, condition_width: int = 0, key: str = "layers") -> list[Shape]:
    """Return the shape before the first layer, and after each.

    Args:
        layers: The layers in words.
        shape: The shape of the first layer's input, without the batch.
        condition_width: Length of the encoded condition, which ``concat`` adds.
        key: The configuration key of the layers, such as ``model.decoder_layers``, for the message.

    Raises:
        ConfigError: Naming the layer that cannot take its input.
    """
    shapes = [shape]
    for text in layers:
        try:
            shapes.append(after(parse(text), shapes[-1], condition_width))
        except ValueError as error:
            raise ConfigError(f"{key}: '{text}' cannot be made: {error}.") from error
    return shapes


def check_image(layers: Sequence[str], shape: Shape, image_size: int, key: str) -> None:
    """Refuse layers whose output is not one image of unbounded values.

    Args:
        layers: The layers in words.
        shape: The shape of their output, without the batch.
        image_size: Side of the wanted image in pixels.
        key: The configuration key of the layers, such as ``model.decoder_layers``, for the message.

    Raises:
        ConfigError: If their output has another shape, or the last layer has an activation.
    """
    if shape != (1, image_size, image_size):
        ends = "x".join(map(str, shape))
        raise ConfigError(
            f"{key} end in {ends}, but data.image_size={image_size} needs 1x{image_size}x{image_size}: "
            "change the layers or the size."
        )
    if parse(layers[-1]).activation:
        raise ConfigError(f"{key}: omit the activation of the last layer, '{layers[-1]}': the model brings it.")
