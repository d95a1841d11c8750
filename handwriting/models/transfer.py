"""Weights of one model carried over to another with the same networks, whose classes and styles are matched by name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from handwriting.errors import ConfigError, HandwritingError
from handwriting.models.base import GlyphModel
from handwriting.models.conditions import NAME_SETTINGS, ConditionName
from handwriting.networks.conditioning import Dense, Unit
from handwriting.text import shown

MAX_NAMES_SHOWN = 12
"""A message lists at most this many names of classes."""
_FIXED = "its layers are made for one number of classes"
PROBE = "\0"
"""The name of the class, or style, that is added to find the weights whose shapes depend on their number."""


@dataclass(frozen=True)
class Transferred:
    """Which names were matched.

    Attributes:
        matched: The classes and styles whose weights were carried over, by condition.
        fresh: Those that the other model lacks, whose weights are freshly initialised.
    """

    matched: dict[str, list[str]]
    fresh: dict[str, list[str]]


def check_transfer(source: GlyphModel, model: GlyphModel) -> None:
    """Refuse a model that the weights of ``source`` do not fit.

    Args:
        source: The trained model.
        model: The model that is to take over its weights; it may be on the device ``meta``.

    Raises:
        ConfigError: If it is of another class, has other conditions or networks, or shares no class or style.
    """
    if type(source) is not type(model):
        raise ConfigError(
            f"it holds a {type(source).__name__}, not a {type(model).__name__}: choose the same model= or another run."
        )
    if source.conditions != model.conditions:
        conditions = [_plain(of.conditions) for of in (source, model)]
        raise ConfigError(
            f"model.conditions is {conditions[0]} there, {conditions[1]} here: give the same, or another run."
        )
    if differing := _differing_settings(source, model):
        raise ConfigError(f"{', '.join(differing)}: give the same, or another run.")
    for condition in model.conditions:
        there, here = source.names_of(condition), model.names_of(condition)
        if not set(there) & set(here):
            raise ConfigError(f"it knows no {condition} of the data: {_listed(there)} there, {_listed(here)} here.")


def transfer(source: GlyphModel, model: GlyphModel) -> Transferred:
    """Carry the weights of a trained model over to another one, in place.

    Weights that belong to a class or style go to the one of the same name. Those of names that ``source`` lacks stay as
    they are, and those of names that only ``source`` has are dropped. All other weights, and the statistics of
    normalisation, are copied. Nothing else is: no optimizer, no counts.

    Args:
        source: The trained model, on the CPU.
        model: The model whose weights are replaced, on the CPU.

    Raises:
        ConfigError: As :func:`check_transfer`; or if a weight depends on the classes in an unknown way.
    """
    check_transfer(source, model)
    names = {condition: (source.names_of(condition), model.names_of(condition)) for condition in model.conditions}
    are_same = all(theirs == mine for theirs, mine in names.values())
    there, here = ({}, {}) if are_same else (_axes(source), _axes(model))
    weights = source.state_dict()
    for name, weight in model.state_dict().items():
        if name not in here:
            weight.copy_(weights[name])
            continue
        (axis, keys), (_, their_keys) = here[name], there[name]
        matched = [key for key in keys if key in their_keys]
        to, of = (torch.tensor([index[key] for key in matched]) for index in (keys, their_keys))
        weight.index_copy_(axis, to, weights[name].index_select(axis, of))
    return Transferred(
        {condition: [name for name in mine if name in theirs] for condition, (theirs, mine) in names.items()},
        {condition: [name for name in mine if name not in theirs] for condition, (theirs, mine) in names.items()},
    )


# Which settings differ


def _differing_settings(source: GlyphModel, model: GlyphModel) -> list[str]:
    """Return each setting that makes the networks others, such as ``model.channels is 64 there, 32 here``."""
    theirs = source.settings()
    mine = {**model.settings(), **{name: theirs[name] for name in NAME_SETTINGS.values()}}
    layers = _layers_with(model, mine)
    if layers == _layers(source):
        return []
    differing = [name for name in mine if mine[name] != theirs[name]]
    decisive = [name for name in differing if _layers_with(model, {**mine, name: theirs[name]}) != layers]
    keys = {name: f"{'data' if name == 'image_size' else 'model'}.{name}" for name in decisive or differing}
    there_and_here = [f"{key} is {_plain(theirs[name])} there, {_plain(mine[name])} here" for name, key in keys.items()]
    return there_and_here or [_FIXED]


def _layers(model: nn.Module) -> dict[str, Any]:
    """Return the shape of each weight, and what each layer without others in it is, but for what it drops."""
    leaves = {name: layer for name, layer in model.named_modules() if next(layer.children(), None) is None}
    layers = {name: repr(layer) for name, layer in leaves.items() if not isinstance(layer, nn.Dropout)}
    return {**layers, **_shapes(model)}


def _layers_with(model: GlyphModel, settings: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the layers of a model of the same class with these settings; None where there is none."""
    built = _built(model, settings)
    return None if built is None else _layers(built)


def _built(model: GlyphModel, settings: Mapping[str, Any]) -> GlyphModel | None:
    """Return a model of the same class with these settings, without memory for weights; None where there is none."""
    try:
        with torch.device("meta"):
            return type(model)(**settings)
    except HandwritingError:
        return None


def _shapes(model: nn.Module) -> dict[str, tuple[int, ...]]:
    return {name: tuple(weight.shape) for name, weight in model.state_dict().items()}


def _plain(value: Any) -> str:
    return f"[{', '.join(map(str, value))}]" if isinstance(value, list | tuple) else str(value)


def _listed(names: Sequence[str]) -> str:
    more = len(names) - MAX_NAMES_SHOWN
    return ", ".join(map(shown, names[:MAX_NAMES_SHOWN])) + (f" and {more} more" if more > 0 else "")


# Which part of a weight belongs to which class

Key = tuple[tuple[tuple[str, str], ...], int]
"""Whose part of a weight it is, by names, and a number that distinguishes the parts that belong to the same."""


def _axes(model: GlyphModel) -> dict[str, tuple[int, dict[Key, int]]]:
    """Return, for each weight that depends on the number of classes or styles, its axis, and the index of each key.

    Such weights are found by building the model once more with one class, or style, added.

    Raises:
        ConfigError: If it is not known which part of a weight belongs to which class.
    """
    shapes, dependent = _shapes(model), dict[str, dict[int, list[ConditionName]]]()
    for condition in model.conditions:
        settings = {**model.settings(), NAME_SETTINGS[condition]: (*model.names_of(condition), PROBE)}
        built = _built(model, settings)
        larger = {} if built is None else _shapes(built)
        if larger.keys() != shapes.keys():
            raise ConfigError(f"{_FIXED}: give the same classes, or another run.")
        for name, shape in shapes.items():
            for axis, (size, more) in enumerate(zip(shape, larger[name], strict=True)):
                if size != more:
                    dependent.setdefault(name, {}).setdefault(axis, []).append(condition)
    axes = {}
    for name, conditions_by_axis in dependent.items():
        ((axis, conditions), *more_axes) = conditions_by_axis.items()
        units = _units(model, name, conditions, shapes[name][axis])
        if more_axes or len(units) != shapes[name][axis]:
            raise ConfigError(
                f"{type(model).__name__} does not say which part of {name} belongs to which class: give data with "
                "the same classes."
            )
        axes[name] = axis, _keys(model, units)
    return axes


def _units(model: GlyphModel, weight: str, conditions: Sequence[ConditionName], size: int) -> Sequence[Unit]:
    """Return what each index of a weight belongs to: as its layer says, or else one index for each name.

    Args:
        model: The model.
        weight: The name of the weight.
        conditions: The conditions whose number of names its size depends on; the last one varies fastest.
        size: Its size.
    """
    path = weight.split(".")
    for depth in range(len(path) - 1, 0, -1):  # a spectral norm keeps its weight further below the layer
        layer = model.get_submodule(".".join(path[:depth]))
        if isinstance(layer, Dense) and len(layer.units) == size:
            return layer.units
    units: list[Unit] = [()]
    for condition in conditions:
        units = [(*unit, (condition, index)) for unit in units for index in range(len(model.names_of(condition)))]
    return units


def _keys(model: GlyphModel, units: Sequence[Unit]) -> dict[Key, int]:
    """Return the index of each unit, by the names of its classes and styles."""
    names: dict[str, tuple[str, ...]] = {condition: model.names_of(condition) for condition in model.conditions}
    met = Counter[tuple[tuple[str, str], ...]]()
    keys = dict[Key, int]()
    for index, unit in enumerate(units):
        named = tuple(sorted((condition, names[condition][number]) for condition, number in unit))
        keys[named, met[named]] = index
        met[named] += 1
    return keys
