"""What a sweep varies, in Hydra's words: ``a,b``, ``choice()``, ``range()``, ``glob()``; to search ``interval()``."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import TYPE_CHECKING

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Glob, IntervalSweep, Override, RangeSweep
from hydra.errors import HydraException

from handwriting.config import describe, explain
from handwriting.errors import ConfigError

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution


def parsed(overrides: Sequence[str]) -> list[Override]:
    """Return overrides as Hydra reads them.

    Raises:
        ConfigError: If one cannot be read.
    """
    try:
        return OverridesParser.create().parse_overrides(list(overrides))
    except HydraException as error:
        raise ConfigError(explain(error)) from error


def parted(overrides: Sequence[str]) -> tuple[list[str], list[Override]]:
    """Return what is the same in all trials, as typed, and what varies."""
    read = parsed(overrides)
    fixed = [str(override.input_line) for override in read if not override.is_sweep_override()]
    return fixed, [override for override in read if override.is_sweep_override()]


def choices(override: Override) -> list[str]:
    """Return the values that an override takes one after the other, as typed.

    >>> choices(*parsed(["seed=range(1,4)"])), choices(*parsed(["model=glob(c*)"]))
    (['1', '2', '3'], ['cgan', 'cvae'])

    Raises:
        ConfigError: If there are none, or it is an interval, which has no end of them.
    """
    value, typed = override.value(), override.input_line
    if isinstance(value, IntervalSweep):
        raise ConfigError(f"{typed}: an interval is for a search: add search=command, or give values with commas.")
    if isinstance(value, Glob):
        options = describe().get(override.key_or_group)
        if options is None:
            raise ConfigError(f"{typed}: glob() is for groups: {', '.join(sorted(describe()))}.")
        found: list[str] = value.filter(list(options))
    else:
        found = [_as_in_yaml(str(text)) for text in override.sweep_string_iterator()]
    if not found:
        raise ConfigError(f"{typed}: there is no such value, so that the sweep would have no trials.")
    return found


def _as_in_yaml(text: str) -> str:
    return text.lower() if text in ("True", "False") else text


def grid(varied: Sequence[Override]) -> list[tuple[str, ...]]:
    """Return what each trial of a grid is given: every combination, the last override varying fastest.

    >>> grid(parsed(["model=cgan,dcgan", "seed=1,2"]))[:3]
    [('model=cgan', 'seed=1'), ('model=cgan', 'seed=2'), ('model=dcgan', 'seed=1')]
    """
    axes = [[f"{override.get_key_element()}={text}" for text in choices(override)] for override in varied]
    return list(product(*axes))


def distribution(override: Override) -> BaseDistribution:
    """Return the distribution that a search draws an override from.

    Raises:
        ConfigError: If it is empty, or is to be logarithmic and is not positive.
    """
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    value = override.value()
    try:
        if isinstance(value, IntervalSweep) and value.start is not None and value.end is not None:
            log = "log" in value.tags
            if isinstance(value.start, int) and isinstance(value.end, int):
                return IntDistribution(value.start, value.end, log=log)
            return FloatDistribution(value.start, value.end, log=log)
        if isinstance(value, RangeSweep) and all(isinstance(text, int) for text in value.range()):
            steps = list(value.range())
            if steps:
                return IntDistribution(min(steps), max(steps), step=abs(int(value.step)))
        return CategoricalDistribution(choices(override))
    except ValueError as error:
        raise ConfigError(f"{override.input_line}: {' '.join(str(error).split())}") from error


def as_typed(value: object) -> str:
    """Return a value drawn from a distribution as an override gives it; four digits are as much as a trial can tell.

    >>> as_typed(0.00123456), as_typed(64), as_typed("[0.5,0.9]")
    ('0.001235', '64', '[0.5,0.9]')
    """
    return f"{value:.4g}" if isinstance(value, float) else str(value)
