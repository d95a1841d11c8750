"""A job's own keys, besides its choices: each job declares those of its root config in a dataclass ``Arguments``."""

from __future__ import annotations

from typing import Annotated, Any, TypeVar

from omegaconf import DictConfig, OmegaConf
from pydantic import Field

from handwriting import config
from handwriting.fields import admits_none, hints_of

Count = Annotated[int, Field(strict=True, ge=1)]
Seed = Annotated[int, Field(strict=True, ge=0, lt=2**32)]  # what NumPy's generators take
Share = Annotated[float, Field(ge=0, le=1)]
Switch = Annotated[bool, Field(strict=True)]

ArgumentsOf = TypeVar("ArgumentsOf")


def read_arguments(cls: type[ArgumentsOf], cfg: DictConfig) -> ArgumentsOf:
    """Return a job's own keys of a configuration, each checked against the type that the job declares.

    Args:
        cls: The job's ``Arguments``.
        cfg: The job's configuration.

    Raises:
        ConfigError: Naming each key whose value does not fit.
    """
    hints = hints_of(cls)
    values = {name: _plain(cfg.get(name)) for name in hints}  # an older run has not all of them
    values = {name: value for name, value in values.items() if value is not None or admits_none(hints[name])}
    arguments: ArgumentsOf = config.create(cls, values, "")
    return arguments


def _plain(value: Any) -> Any:
    return OmegaConf.to_container(value, resolve=True) if OmegaConf.is_config(value) else value
