"""What a resumed run takes over from the run that it continues."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omegaconf import DictConfig, OmegaConf

from handwriting import config
from handwriting.engine.processes import is_first_process
from handwriting.errors import ConfigError, RunError, UntrustedClassError, nearest
from handwriting.fields import changing_on_resume
from handwriting.runs import Run, checkpoints
from handwriting.text import listed

if TYPE_CHECKING:
    from torch import Tensor

    from handwriting.models.base import GlyphModel

FIXED = ("model", "data", "seed", "init")
"""Sections that a resumed run keeps, apart from the fields of model and source that declare ``ChangesOnResume``."""
WHOLE = ("experiments", "debug")
"""Choices that change keys all over the configuration."""


def resumed_config(cfg: DictConfig, overrides: Sequence[str]) -> tuple[DictConfig, Run | None]:
    """Return the configuration to train with, and the run that is resumed, if any.

    A resumed run keeps its own configuration. Overrides that are given with ``resume=`` are applied to it, and refused
    where they would make another run of it.

    Args:
        cfg: The composed configuration.
        overrides: The overrides that it was composed with, such as ``model.lr=1e-4``.

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
    try:
        config.check(saved)
    except UntrustedClassError:
        raise  # it names the class, and how it may be installed
    except ConfigError as error:
        raise ConfigError(f"{run.config_file}: {error}") from error
    merged = saved.copy()
    for key, is_known in _changed_keys(cfg, overrides).items():
        if is_known:
            _refuse_unknown(key, merged, run)
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
            f"resume={run.path} continues with the same model and data: {', '.join(changed)}. Omit it, or start a new "
            "run."
        )
    return merged, run


def _changed_keys(cfg: DictConfig, overrides: Sequence[str]) -> dict[str, bool]:
    """Return the keys that are given with ``resume``, groups such as ``model`` included.

    Returns:
        ``{key: is_known}``: whether the run must have the key already, as it must unless ``+key=`` adds it.
    """
    keys: dict[str, bool] = {}
    for override in overrides:
        given = override.partition("=")[0]
        key = given.lstrip("+~")
        if key in WHOLE:
            raise ConfigError(f"{key} cannot be given with resume={cfg.resume}: the run keeps its own.")
        if key != "resume":
            keys[key] = given.startswith("++")  # of a key within a section, see handwriting.jobs
    return keys


def _refuse_unknown(key: str, cfg: DictConfig, run: Run) -> None:
    """Refuse a key that the configuration of a run has not.

    Raises:
        ConfigError: Naming the part of the key that the run has not, and the key that was probably meant.
    """
    section, parts = cfg, key.split(".")
    for depth, name in enumerate(parts):
        if not (OmegaConf.is_dict(section) and name in section):
            absent = ".".join(parts[: depth + 1])
            known = [".".join([*parts[:depth], str(other)]) for other in section] if OmegaConf.is_dict(section) else []
            raise ConfigError(f"{key}: {run.path} has no {absent}.{nearest(absent, known)}")
        section = section[name]


def _differences(one: Any, other: Any, prefix: str = "") -> list[str]:
    """Return the dotted keys whose values differ."""
    if not (OmegaConf.is_dict(one) and OmegaConf.is_dict(other)):
        return [] if one == other else [prefix]
    keys = dict.fromkeys([*one, *other])
    return [
        key for name in keys for key in _differences(one.get(name), other.get(name), f"{prefix}.{name}".lstrip("."))
    ]


def refuse_other_model(model: GlyphModel, checkpoint: Path) -> None:
    """Refuse to resume from a checkpoint of a model that knows other classes, or whose weights do not fit.

    Raises:
        RunError: Naming the classes that are new or gone, or the first weight that does not fit, or what of the file is
            broken.
    """
    saved = checkpoints.load_model(checkpoint, to_resume=True)
    _refuse_other_classes(model, checkpoint, saved.get("hyper_parameters", {}).get("alphabet"))
    _refuse_other_weights(model, checkpoint, saved["state_dict"])


def _refuse_other_classes(model: GlyphModel, checkpoint: Path, before: Sequence[str] | None) -> None:
    if before is None or tuple(before) == model.alphabet:
        return
    new, gone = [name for name in model.alphabet if name not in before], [*set(before) - set(model.alphabet)]
    changes = [f"{verb} {listed(names, 8)}" for verb, names in (("new:", new), ("gone:", sorted(gone))) if names]
    raise RunError(
        f"the classes of the data are not those that {checkpoint} was trained on "
        f"({'; '.join(changes) or 'they are in another order'}). Restore them, or start a new run from its weights "
        f"with init={checkpoint}."
    )


def _refuse_other_weights(model: GlyphModel, checkpoint: Path, weights: Mapping[str, Tensor]) -> None:
    saved = {name: tuple(weight.shape) for name, weight in weights.items()}
    built = {name: tuple(weight.shape) for name, weight in model.state_dict().items()}
    for name in sorted(saved.keys() | built.keys()):
        if saved.get(name) != built.get(name):
            raise RunError(
                f"{checkpoint} holds another architecture: {name} is {saved.get(name, 'absent')} there and "
                f"{built.get(name, 'absent')} here. Resume with the version and the data that it was trained with."
            )
