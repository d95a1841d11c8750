"""The parts of an experiment that need no torch, built from their sections of a configuration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Annotated, Any

from pydantic import Field

from handwriting import config
from handwriting.checking import validate
from handwriting.config import INSTALLED, Trust
from handwriting.data.loading.settings import Loading
from handwriting.data.sources.base import GlyphSource
from handwriting.errors import ConfigError
from handwriting.text import seconds_in

Positive = Annotated[int, Field(strict=True, ge=1)]
Part = Annotated[float, Field(strict=True, gt=0, le=1)]
Duration = Annotated[str, Field(strict=True)]

LOADING_KEYS = tuple(field.name for field in fields(Loading))
"""The keys of the ``data`` section that say how batches are made, whatever the source."""


class TrainerBounds:
    """What Lightning does not check of a trainer's values: it would divide by zero, or train nothing.

    Args:
        check_val_every_n_epoch: Epochs between two validations; None to count by ``val_check_interval`` alone.
        val_check_interval: Batches between two validations, the part of an epoch, or the time.
        log_every_n_steps: Steps between two logged values.
        accumulate_grad_batches: Batches of one step.
        limit_train_batches: Batches of an epoch, or the part of them.
        others: Values that Lightning checks alone.
    """

    def __init__(
        self,
        check_val_every_n_epoch: Positive | None = 1,
        val_check_interval: Positive | Part | Duration | dict[str, int] | None = None,
        log_every_n_steps: Positive | None = None,
        accumulate_grad_batches: Positive = 1,
        limit_train_batches: Positive | Part | None = None,
        **others: Any,
    ) -> None:
        raise TypeError("it only declares")


_BY_HAND: Mapping[str, str] = {
    "gradient_clip_val": "model.gradient_clip=<norm> instead",
    "gradient_clip_algorithm": "model.gradient_clip=<norm> instead",
    "accumulate_grad_batches": "a larger data.batch_size instead",
    "max_steps": "callbacks.limit.max_batches=<batches>, which counts the same for every model,",
    "val_check_interval": "trainer.check_val_every_n_epoch, or smaller epochs by trainer.limit_train_batches, instead",
}
"""What Lightning's trainer does for models that leave the optimisation to it, and what to give instead."""
_NOTHING: Mapping[str, float] = {"accumulate_grad_batches": 1, "max_steps": -1, "val_check_interval": 1.0}
"""Values of these that ask for nothing."""


def check_trainer(section: Mapping[str, Any]) -> None:
    """Refuse a ``trainer`` section with a value that Lightning takes and fails with later.

    Raises:
        ConfigError: Naming each such value.
    """
    values = config.plain_section(section)
    validate(TrainerBounds, values, "trainer")
    for key, instead in _BY_HAND.items():
        if values.get(key) not in (None, _NOTHING.get(key)):
            raise ConfigError(
                f"trainer.{key}={values[key]}: the models optimise by hand, which this does not reach. Give {instead}."
            )
    max_time = values.get("max_time")
    if max_time is not None and seconds_in(str(max_time)) is None:
        raise ConfigError(f"trainer.max_time={max_time}: give a time such as 90s, 3m, 1h30m or 00:01:30:00 (d:h:m:s).")


def build_source(section: Mapping[str, Any], trust: Trust = INSTALLED) -> GlyphSource:
    """Return the source that a ``data`` section names; nothing is read yet.

    Args:
        section: The ``data`` section of a configuration.
        trust: Which classes it may name.

    Raises:
        ConfigError: If the class or a value is not allowed.
    """
    source: GlyphSource = config.build(section, "data", base=GlyphSource, ignore=LOADING_KEYS, trust=trust)
    return source


def build_loading(section: Mapping[str, Any]) -> Loading:
    """Return how batches are made, as a ``data`` section says.

    Raises:
        ConfigError: If a value is not allowed.
    """
    values = config.plain_section(section)
    loading: Loading = config.create(Loading, {key: values[key] for key in LOADING_KEYS if key in values}, "data")
    return loading
