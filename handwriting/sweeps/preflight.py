"""What is checked before the first trial of a sweep starts, and what each trial needs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import product
from typing import TYPE_CHECKING

from omegaconf import DictConfig

from handwriting import config
from handwriting.config import Trust
from handwriting.engine.preflight import check_init, read_checked
from handwriting.engine.sections import build_loading, build_source, check_trainer
from handwriting.sweeps.executors import ResourceRequest
from handwriting.sweeps.plan import SweepPlan
from handwriting.sweeps.space import choices, parse_overrides

if TYPE_CHECKING:
    from hydra.core.override_parser.types import Override


CHECKED_SECTIONS = ("data", "model", "callbacks", "metrics")
"""The sections of a configuration that are checked; combinations that agree in them and ``init`` are checked once."""


def check_plan(plan: SweepPlan, trust: Trust) -> None:
    """Compose and check every combination of choices, and read every data set that they name.

    What needs torch is checked last, and only for a search or several combinations: what is wrong may be hours away.
    The single combination of a grid is checked by its first trial within seconds; this process then imports no torch.

    Args:
        plan: The plan of the sweep.
        trust: Which classes its configurations may name.

    Raises:
        ConfigError: If a key, a choice or a combination of choices is not allowed.
        DataError: If a data set cannot be read, or does not suit the model.
        RunError: If a run that trials start from has no checkpoint.
    """
    distinct: dict[str, DictConfig] = {}
    for cfg in combinations(plan):
        config.refuse_odd_keys(cfg)
        config.check(cfg, trust)
        check_trainer(cfg.trainer)
        check_init(cfg.init)
        sections = [config.plain_section(cfg.get(name) or {}) for name in CHECKED_SECTIONS]
        distinct.setdefault(json.dumps([*sections, cfg.init]), cfg)
    by_data: dict[str, list[DictConfig]] = {}
    for cfg in distinct.values():
        by_data.setdefault(json.dumps(config.plain_section(cfg.data)), []).append(cfg)
    for same_data in by_data.values():
        data = same_data[0].data
        read_checked([cfg.model for cfg in same_data], build_source(data, trust), build_loading(data))
    if len(distinct) > 1 or plan.search:
        from handwriting.engine.experiment import check_training

        for cfg in distinct.values():
            check_training(cfg, trust)


def combinations(plan: SweepPlan) -> Iterator[DictConfig]:
    """Yield a configuration for each combination of choices and of ``init``, with the first value of other keys."""
    groups = config.describe()
    axes = []
    for override in parse_overrides(plan.swept):
        key = override.get_key_element()
        values = choices(override) if key in groups or key == "init" else _first_value(override)
        axes.append([f"{key}={value}" for value in values])
    for combination in product(*axes):
        yield config.compose("train", [*plan.overrides, *combination])


def _first_value(override: Override) -> list[str]:
    value = override.value()
    return [str(value.start)] if override.is_interval_sweep() else choices(override)[:1]  # type: ignore[union-attr]


def resource_request(plan: SweepPlan) -> ResourceRequest:
    """Return what each trial of a sweep needs, by the ``trainer`` section of its first trial."""
    trainer = config.compose("train", [*plan.overrides, *(plan.trials[0] if plan.trials else ())]).trainer
    devices = trainer.devices if isinstance(trainer.devices, int) and trainer.devices > 0 else None
    return ResourceRequest(trainer.accelerator != "cpu", devices, trainer.get("num_nodes", 1), plan.total)
