"""A network from its layers in words."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from handwriting.errors import ConfigError, nearest
from handwriting.networks.conditioning import Condition, Dense, Unit
from handwriting.networks.layers import INPUT, Layer, Shape, parse, trace


class Stack(nn.Module):
    """Layers one after the other; maps are channels last in memory, as convolutions want them.

    Args:
        layers: The layers in words; see :mod:`handwriting.networks.layers`.
        shape: The shape of the input, without the batch: ``(D,)`` or ``(C, H, W)``.
        condition: What ``concat`` adds, encoded; of width 0 where there is none.
        spectral: Divide each weight by its largest singular value (Miyato et al., 2018).
        key: The configuration key of the layers, such as ``model.decoder_layers``, for messages.

    Attributes:
        shape: The shape of the output, without the batch.
        units: What each value of the flattened output belongs to.

    Raises:
        ConfigError: If a layer cannot take its input, or no layer takes the condition, or one takes an unknown one.
    """

    def __init__(
        self,
        layers: Sequence[str],
        shape: Shape,
        condition: Condition,
        spectral: bool = False,
        key: str = "layers",
    ) -> None:
        super().__init__()
        self.condition = condition
        shapes = trace(layers, shape, condition.width, key)
        self.shape = shapes[-1]
        parsed = [parse(text) for text in layers]
        if condition.width and all(layer.kind != "concat" for layer in parsed):
            names = " and ".join(condition.names)
            raise ConfigError(f"{key}: no layer takes {names}: add 'concat' where the condition enters.")
        self.steps = nn.ModuleList()
        units: tuple[Unit, ...] = ((),) * prod(shape)
        for layer, before, after in zip(parsed, shapes[:-1], shapes[1:], strict=True):
            if layer.kind == "concat":
                concat = Concat(layer.order, condition, key)
                self.steps.append(concat)
                units = concat.units(units)
            else:
                self.steps.append(_build(layer, before, spectral, units))
                units = ((),) * prod(after)
        self.units = units

    def forward(self, values: Tensor, indices: Tensor) -> Tensor:
        """Return the output for an input ``(N, *shape)`` under condition indices ``(N, C)``."""
        for step in self.steps:
            values = step(values, self.condition.encode(indices)) if isinstance(step, Concat) else step(values)
        return values


class Concat(nn.Module):
    """Concatenates its input and the encoded condition, in a given order, to one vector ``(N, D)``.

    Args:
        order: Names of what is concatenated: ``input`` and each condition; empty for the input and then the condition.
        condition: The condition.
        key: The configuration key of the layers, for messages.

    Raises:
        ConfigError: If the order does not name each of them once, or the condition is an embedding and has none.
    """

    def __init__(self, order: Sequence[str], condition: Condition, key: str) -> None:
        super().__init__()
        known = (INPUT, *condition.names)
        if order and sorted(order) != sorted(known):
            wrong = next((name for name in order if name not in known), "")
            raise ConfigError(
                f"{key}: 'concat {' '.join(order)}' must name each of {', '.join(known)} once.{nearest(wrong, known)}"
            )
        if order and condition.tables:
            raise ConfigError(f"{key}: embeddings are summed and have no order: write 'concat' alone.")
        self.order = tuple(order)
        self.condition_units = condition.units()

    def units(self, before: tuple[Unit, ...]) -> tuple[Unit, ...]:
        """Return what each value of the output belongs to, for an input whose values belong to ``before``."""
        parts = {INPUT: before, **self.condition_units}
        return tuple(unit for name in self.order or parts for unit in parts[name])

    def forward(self, values: Tensor, vectors: dict[str, Tensor]) -> Tensor:
        """Return the vector in the precision of the input."""
        parts = {INPUT: flatten(values), **vectors}
        if len(parts) == 1:
            return parts[INPUT]  # torch.cat of one tensor would copy it
        return torch.cat([parts[name].to(values.dtype) for name in self.order or parts], dim=1)


class _Flatten(nn.Module):
    def forward(self, maps: Tensor) -> Tensor:
        return flatten(maps)


def flatten(values: Tensor) -> Tensor:
    """Return maps ``(N, C, H, W)`` as vectors ``(N, H * W * C)``; vectors stay as they are."""
    # As a map lies in memory, channels last: a copy of it would cost more than the dense layer that follows.
    return values.permute(0, 2, 3, 1).flatten(1) if values.ndim == 4 else values


class _Layout(nn.Module):
    """Lays units ``(N, D)`` out as a map ``(N, C, H, W)``, channels last in memory."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape

    def forward(self, units: Tensor) -> Tensor:
        channels, height, width = self.shape
        return units.view(-1, height, width, channels).permute(0, 3, 1, 2)


class Dropout(nn.Dropout):
    """Drops values for the global batch of all processes that train together, so that no two drop the same ones."""

    def forward(self, values: Tensor) -> Tensor:
        """Drop values ``(N, ...)`` while training."""
        together = torch.distributed.is_available() and torch.distributed.is_initialized()
        if not (self.training and together):
            return super().forward(values)
        rank, processes = torch.distributed.get_rank(), torch.distributed.get_world_size()
        kept = super().forward(values.new_ones(len(values) * processes, *values.shape[1:]))
        return values * kept[rank::processes]


def _build(layer: Layer, before: Shape, spectral: bool, units: tuple[Unit, ...]) -> nn.Module:
    """Return one layer with what follows it: weights, norm, activation, dropout.

    Args:
        layer: The layer.
        before: The shape of its input.
        spectral: Divide its weight by the largest singular value.
        units: What each value of its flattened input belongs to.
    """
    size = layer.size[0]
    match layer.kind:
        case "reshape":
            return nn.Sequential(*_flat(before), _Layout(layer.size))
        case "upsample":
            return nn.Upsample(scale_factor=size, mode="nearest")
        case "shuffle":
            return nn.PixelShuffle(size)
        case "unshuffle":
            return nn.PixelUnshuffle(size)
    weight = _weight(layer, before, units)
    laid_out = [_Layout(layer.size)] if len(layer.size) == 3 else []
    steps = [*(_flat(before) if layer.kind == "dense" else []), spectral_norm(weight) if spectral else weight]
    maps = layer.kind != "dense" or bool(laid_out)
    return nn.Sequential(*steps, *laid_out, *_norm(layer, size, maps), *_then(layer))


def _flat(before: Shape) -> list[nn.Module]:
    return [_Flatten()] if len(before) == 3 else []


def _weight(layer: Layer, before: Shape, units: tuple[Unit, ...]) -> nn.Module:
    if layer.kind == "dense":
        return Dense(units, prod(layer.size), bias=layer.bias)
    (channels, *_), (size,), kernel, stride = before, layer.size, layer.kernel, layer.stride
    if layer.kind == "conv":
        return nn.Conv2d(channels, size, kernel, stride, padding=(kernel - 1) // 2, bias=layer.bias)
    extra = (kernel - stride) % 2
    padding = (kernel - stride + extra) // 2
    return nn.ConvTranspose2d(channels, size, kernel, stride, padding, output_padding=extra, bias=layer.bias)


def _norm(layer: Layer, size: int, maps: bool) -> list[nn.Module]:
    if layer.norm == "batch":
        return [(nn.BatchNorm2d if maps else nn.BatchNorm1d)(size, momentum=layer.momentum)]
    return [nn.InstanceNorm2d(size, affine=True)] if layer.norm == "instance" else []


def _then(layer: Layer) -> list[nn.Module]:
    activations: dict[str, type[nn.Module]] = {"relu": nn.ReLU, "tanh": nn.Tanh, "sigmoid": nn.Sigmoid}
    steps: list[nn.Module] = []
    if layer.activation == "leaky":
        steps = [nn.LeakyReLU(layer.slope)]
    elif layer.activation:
        steps = [activations[layer.activation]()]
    return [*steps, Dropout(layer.dropout)] if layer.dropout else steps
