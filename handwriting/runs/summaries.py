"""The summary of a run, read from the two small files of its folder."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import FiniteFloat, TypeAdapter, ValidationError

from handwriting.errors import RunError
from handwriting.legacy import current_summary
from handwriting.runs.folder import lives
from handwriting.text import first_problem

DEAD = "dead"
"""The state of a run whose status is ``running`` while its process is gone."""

Extreme = dict[str, float]


@dataclass(frozen=True, kw_only=True)
class RunSummary:
    """What ``summary.json`` and ``status.json`` say of a run; None where they do not say it.

    Attributes:
        path: The run folder.
        name: The end of its path, long enough to distinguish it from other runs.
        state: The state in ``status.json``, or ``dead`` where the process of a running run is gone.
        why: Why it failed or was interrupted.
        started: When it started, in ISO 8601.
        model: The class of the model.
        data: The name of the data source.
        experiment: The name of the experiment that the run belongs to.
        seed: The random seed.
        monitor: The metric that the best checkpoint is chosen by.
        mode: ``min`` or ``max``: whether lower or higher values of the monitor are better.
        parameters: The number of trainable parameters.
        training_glyphs: The number of glyphs in the training set.
        seconds: The training time, over all sessions.
        measuring_seconds: The part of it that was spent on validation metrics.
        epoch: The number of epochs trained.
        batches: The number of batches trained on.
        samples: The number of glyphs trained on.
        settings: The configuration as overrides, nested keys joined by dots; empty for a run of an earlier version.
        metrics: The latest, smallest and largest value of each logged metric.
        tested: The value of each test metric, and its floor where it has one.
        pictures: The caption of each picture that the run has one of, by the name of its file.
    """

    path: Path
    name: str
    state: str
    why: str | None = None
    started: str | None = None
    model: str | None = None
    data: str | None = None
    experiment: str | None = None
    seed: int | None = None
    monitor: str | None = None
    mode: str | None = None
    parameters: int | None = None
    training_glyphs: int | None = None
    seconds: FiniteFloat | None = None
    measuring_seconds: FiniteFloat | None = None
    epoch: int | None = None
    batches: int | None = None
    samples: int | None = None
    settings: dict[str, str] = field(default_factory=dict)
    metrics: dict[str, Extreme] = field(default_factory=dict)
    tested: dict[str, dict[str, float | None]] = field(default_factory=dict)
    pictures: dict[str, str] = field(default_factory=dict)

    def last(self, metric: str) -> float | None:
        """Return the latest logged value of a metric; None where it was not logged."""
        return self.metrics.get(metric, {}).get("value")

    @property
    def best(self) -> float | None:
        """The best value of its monitor so far."""
        return self.metrics.get(self.monitor or "", {}).get(self.mode or "")

    def validation(self) -> dict[str, float]:
        """Return the latest value of each metric on the validation set."""
        return {
            name: values["value"] for name, values in self.metrics.items() if name[:4] == "val/" and "value" in values
        }


_SUMMARY = TypeAdapter(RunSummary)


def read_summary(folder: Path, name: str, summary: Mapping[str, Any], status: Mapping[str, Any]) -> RunSummary:
    """Return the summary of a run.

    Args:
        folder: The run folder.
        name: What to call it.
        summary: What ``summary.json`` holds.
        status: What ``status.json`` holds.

    Raises:
        RunError: If they hold anything but what a run writes.
    """
    try:
        return _SUMMARY.validate_python(facts(folder, name, summary, status))
    except ValidationError as error:
        raise RunError(describe_misfit(folder, error)) from error


def facts(folder: Path, name: str, summary: Mapping[str, Any], status: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a :class:`RunSummary`, not yet checked.

    Raises:
        RunError: If ``status.json`` holds no state.
    """
    try:
        dead = status["state"] == "running" and not lives(status)
        from_status = {key: status[key] for key in ("why", "started") if key in status}
        return {
            **current_summary(summary),
            **from_status,
            "path": folder,
            "name": name,
            "state": DEAD if dead else status["state"],
        }
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise RunError(f"{folder / 'status.json'} is not the status of a run ({error!r}).") from error


def describe_misfit(folder: Path, error: ValidationError) -> str:
    """Return a message that says which field of a run's files does not have the form that a run writes."""
    return f"{folder} holds no run as this version writes it: {first_problem(error)}."


def as_override(value: Any) -> str:
    """Return a setting as an override on the command line.

    >>> as_override(None), as_override([0.5, True])
    ('null', '[0.5, true]')
    """
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    return f"[{', '.join(map(as_override, value))}]" if isinstance(value, list | tuple) else str(value)


def flatten(config: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return nested settings as one level, their keys joined by dots.

    >>> flatten({"model": {"lr": 0.1, "betas": [0, 1]}, "logger": {}})
    {'model.lr': 0.1, 'model.betas': [0, 1], 'logger': {}}
    """
    flat: dict[str, Any] = {}
    for key, value in config.items():
        inner = isinstance(value, Mapping) and value
        flat |= flatten(value, f"{prefix}{key}.") if inner else {f"{prefix}{key}": value}
    return flat
