"""The configuration of a run that goes on."""

from __future__ import annotations

from typing import Any

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, OmegaConf

from handwriting import config
from handwriting.engine.processes import is_first_process
from handwriting.errors import ConfigError, RunError
from handwriting.fields import changing_on_resume
from handwriting.runs import Run

FIXED = ("model", "data", "seed")
"""What a run must keep, apart from the fields of model and source that declare ``ChangesOnResume``."""
WHOLE = ("experiments", "debug")
"""Choices that change keys all over the configuration."""


def resumed_config(cfg: DictConfig) -> tuple[DictConfig, Run | None]:
    """Return the configuration to train by, and the run that is resumed, if any.

    A resumed run goes on with its own configuration; what is given beside ``resume=`` on the command line is put on
    top, and refused where it would make another run of it.

    Raises:
        RunError: If there is no such run, or it is still running.
        ConfigError: If something that must stay was changed, naming what.
    """
    if cfg.resume is None:
        return cfg, None
    run = Run.at(cfg.resume)
    # The first process is alive by the time that DDP starts the others.
    if is_first_process() and run.is_alive():
        raise RunError(f"{run.path} is still running (process {run.status['pid']} on {run.status['host']}).")
    saved = config.load_config(run.config_file)
    merged = saved.copy()
    for key in _given(cfg):
        value = OmegaConf.select(cfg, key)
        plain = OmegaConf.to_container(value, resolve=True) if OmegaConf.is_config(value) else value
        OmegaConf.update(merged, key, plain, merge=False, force_add=True)
    free = [
        f"{group}.{field}"
        for group in ("model", "data")
        for field in changing_on_resume(config.class_of(saved[group], group))
    ]
    changed = [
        f"{key} is {OmegaConf.select(saved, key)} there, not {OmegaConf.select(merged, key)}"
        for key in _differences(saved, merged)
        if key.split(".")[0] in FIXED and key not in free
    ]
    if changed:
        raise ConfigError(
            f"resume={run.path} goes on with the same model and data: {', '.join(changed)}. Leave it out, or start a "
            "new run."
        )
    return merged, run


def _given(cfg: DictConfig) -> list[str]:
    """Return the keys that the command line names beside ``resume``, groups such as ``model`` included."""
    keys = [override.partition("=")[0].lstrip("+~") for override in HydraConfig.get().overrides.task]
    for key in keys:
        if key in WHOLE:
            raise ConfigError(f"{key} cannot be given beside resume={cfg.resume}: the run goes on with its own.")
    return [key for key in keys if key != "resume"]


def _differences(one: Any, other: Any, prefix: str = "") -> list[str]:
    """Return the dotted keys whose values differ."""
    if not (OmegaConf.is_dict(one) and OmegaConf.is_dict(other)):
        return [] if one == other else [prefix]
    keys = dict.fromkeys([*one, *other])
    return [
        key for name in keys for key in _differences(one.get(name), other.get(name), f"{prefix}.{name}".lstrip("."))
    ]
