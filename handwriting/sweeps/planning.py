"""The plan of a sweep, made from the command line, and the folder that belongs to it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omegaconf import DictConfig, OmegaConf

from handwriting import config
from handwriting.config import typed_command
from handwriting.errors import ConfigError
from handwriting.sweeps.folder import SWEEP_FILES, Sweep, is_sweep
from handwriting.sweeps.plan import SweepPlan
from handwriting.sweeps.search import Search, space_of
from handwriting.sweeps.space import grid, parse_overrides, split_overrides

if TYPE_CHECKING:
    from hydra.core.override_parser.types import Override

SWEEP_KEYS = ("sweep", "resume", "search")
"""Keys that belong to the sweep and not to its trials."""


def requested_sweep(overrides: Sequence[str], settings: DictConfig) -> tuple[SweepPlan, Sweep]:
    """Return the plan and the folder of the sweep that a command line requests, new or to be resumed.

    Args:
        overrides: The overrides of the command line, without those for Hydra itself.
        settings: The configuration composed from all overrides but those that vary.

    Raises:
        ConfigError: If the overrides contradict each other, or the folder holds something else.
    """
    parsed = parse_overrides(overrides)
    of_sweep = {
        override.key_or_group: override for override in parsed if override.key_or_group.split(".")[0] in SWEEP_KEYS
    }
    others = [str(override.input_line) for override in parsed if override.key_or_group not in of_sweep]
    if "resume" in of_sweep and settings.resume is not None:
        sweep = Sweep.at(settings.resume)
        if others or "search" in of_sweep:
            extra = (others or ["search"])[0]
            raise ConfigError(f"resume={settings.resume} resumes the same sweep: remove {extra}.")
        return sweep.plan, sweep
    if varied := [key for key, override in of_sweep.items() if override.is_sweep_override()]:
        raise ConfigError(f"{varied[0]}: give one value; it is for the whole sweep.")
    plan = _make_plan(others, settings)
    sweep = Sweep(_folder(plan, settings))
    if not is_sweep(sweep.path):
        if sweep.path.is_dir() and any(file.name not in SWEEP_FILES for file in sweep.path.iterdir()):
            raise ConfigError(f"{sweep.path} is not empty and not a sweep folder: give another sweep=<name>.")
        return plan, sweep
    earlier = sweep.plan
    if _normalised(earlier.identity) != _normalised(plan.identity):
        raise ConfigError(
            f"{sweep.path} holds another sweep ({earlier.command}). Give another sweep=<name>, or resume={sweep.path}."
        )
    is_extended = earlier.search and plan.search and plan.total > earlier.total
    return (plan if is_extended else earlier), sweep


def _make_plan(overrides: Sequence[str], settings: DictConfig) -> SweepPlan:
    fixed, varied = split_overrides(overrides)
    section = OmegaConf.select(settings, "search")
    if section is None:
        trials = grid(varied)
        return SweepPlan(tuple(fixed), _texts(varied), trials=tuple(trials), command=typed_command())
    search: Search = config.build(section, "search", base=Search, trust=config.trust_of_command(settings.hydra))
    given = {override.get_key_element() for override in parse_overrides(overrides)}  # these replace what the file says
    lines = [f"{key}={as_override_value(value)}" for key, value in search.space.items() if key not in given]
    constants, space = split_overrides(lines)
    varied = [*space, *varied]
    space_of(_texts(varied))  # refuses an impossible space before anything else
    shared = (*search.overrides, *constants, *fixed)
    return SweepPlan(shared, _texts(varied), search.settings(), command=typed_command())


def as_override_value(value: Any) -> str:
    """Return a value of a configuration as an override writes it.

    >>> as_override_value([0.0, 0.9]), as_override_value(True), as_override_value("tag(log, interval(1, 2))")
    ('[0.0,0.9]', 'true', 'tag(log, interval(1, 2))')
    """
    plain = OmegaConf.to_container(value) if OmegaConf.is_config(value) else value
    return plain if isinstance(plain, str) else json.dumps(plain, separators=(",", ":"))


def _texts(overrides: Sequence[Override]) -> tuple[str, ...]:
    return tuple(str(override.input_line) for override in overrides)


def _folder(plan: SweepPlan, settings: DictConfig) -> Path:
    """Return the folder of a sweep: the one that is named, or one named by a hash of what is requested."""
    if any(override.startswith("hydra.sweep.dir=") for override in settings.hydra.overrides.hydra):
        return Path(settings.hydra.sweep.dir)
    if settings.sweep is not None:
        return Path("sweeps") / str(settings.sweep)
    digest = hashlib.sha256(_normalised(plan.identity).encode()).hexdigest()[:8]
    return Path("sweeps") / f"{'search' if plan.search else 'grid'}_{digest}"


def _normalised(identity: Sequence[Any]) -> str:
    return json.dumps(identity, sort_keys=True)
