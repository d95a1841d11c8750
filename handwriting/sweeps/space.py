"""What a sweep varies, in the syntax of Hydra: ``a,b``, ``choice()``, ``range()``, ``glob()``, ``interval()``."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import TYPE_CHECKING

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Glob, IntervalSweep, Override, RangeSweep
from hydra.errors import HydraException

from handwriting.config import describe, explain
from handwriting.errors import ConfigError
from handwriting.text import one_line

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution


def parse_overrides(overrides: Sequence[str]) -> list[Override]:
    """Return overrides as Hydra parses them.

    Raises:
        ConfigError: If one cannot be parsed.
    """
    try:
        return OverridesParser.create().parse_overrides(list(overrides))
    except HydraException as error:
        raise ConfigError(explain(error)) from error


def split_overrides(overrides: Sequence[str]) -> tuple[list[str], list[Override]]:
    """Return the overrides that all trials share, as text, and those that vary."""
    parsed = parse_overrides(overrides)
    fixed = [str(override.input_line) for override in parsed if not override.is_sweep_override()]
    return fixed, [override for override in parsed if override.is_sweep_override()]


def choices(override: Override) -> list[str]:
    """Return the values that an override takes in turn, each as an override writes it.

    >>> choices(*parse_overrides(["seed=range(1,4)"])), choices(*parse_overrides(["model=glob(c*)"]))
    (['1', '2', '3'], ['cgan', 'cvae'])

    Raises:
        ConfigError: If it has none, or is an interval, which has infinitely many.
    """
    value, text = override.value(), override.input_line
    if isinstance(value, IntervalSweep):
        raise ConfigError(f"{text}: an interval is for a search: add search=command, or give values with commas.")
    if isinstance(value, Glob):
        options = describe().get(override.key_or_group)
        if options is None:
            raise ConfigError(f"{text}: glob() is for groups: {', '.join(sorted(describe()))}.")
        values: list[str] = value.filter(list(options))
    else:
        values = [_as_in_yaml(str(option)) for option in override.sweep_string_iterator()]
    if not values:
        raise ConfigError(f"{text}: there is no such value, so the sweep would have no trials.")
    return values


def _as_in_yaml(text: str) -> str:
    return text.lower() if text in ("True", "False") else text


def grid(varied: Sequence[Override]) -> list[tuple[str, ...]]:
    """Return the overrides of each trial of a grid: every combination, the last override varying fastest.

    >>> grid(parse_overrides(["model=cgan,dcgan", "seed=1,2"]))[:3]
    [('model=cgan', 'seed=1'), ('model=cgan', 'seed=2'), ('model=dcgan', 'seed=1')]
    """
    axes = [[f"{override.get_key_element()}={text}" for text in choices(override)] for override in varied]
    return list(product(*axes))


def distribution(override: Override) -> BaseDistribution:
    """Return the distribution that a search samples an override from.

    Raises:
        ConfigError: If it is empty, or is logarithmic and not positive.
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
        raise ConfigError(f"{override.input_line}: {one_line(error)}") from error


def format_sample(value: object) -> str:
    """Return a sampled value as an override writes it, with four digits: more make no measurable difference.

    >>> format_sample(0.00123456), format_sample(64), format_sample("[0.5,0.9]")
    ('0.001235', '64', '[0.5,0.9]')
    """
    return f"{value:.4g}" if isinstance(value, float) else str(value)
