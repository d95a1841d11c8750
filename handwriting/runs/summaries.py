"""What a table shows of a run, from the small files of its folder alone."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import FiniteFloat, TypeAdapter, ValidationError

from handwriting.errors import RunError
from handwriting.runs.folder import lives

DEAD = "dead"
"""The state of a run that says that it is running while its process is gone."""

Extreme = dict[str, float]


@dataclass(frozen=True, kw_only=True)
class RunSummary:
    """What ``summary.json`` and ``status.json`` say of a run; None where they do not.

    Attributes:
        path: The run folder.
        name: As much of its path as tells it from the others.
        state: What ``status.json`` says, or ``dead`` where the process of a running run is gone.
        why: Why it failed, or was interrupted.
        started: When, as ``status.json`` tells time.
        settings: The configuration as it is typed, its keys joined by dots; empty for a run of an earlier version.
        metrics: The current, smallest and largest value of each metric of training.
        tested: What was measured on the test set: the value, and the floor where there is one.
    """

    path: Path
    name: str
    state: str
    why: str | None = None
    started: str | None = None
    model: str | None = None
    data: str | None = None
    study: str | None = None
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

    def last(self, metric: str) -> float | None:
        """Return what was measured last while training."""
        return self.metrics.get(metric, {}).get("value")

    @property
    def best(self) -> float | None:
        """The best value that its monitor reached."""
        return self.metrics.get(self.monitor or "", {}).get(self.mode or "")

    def validation(self) -> dict[str, float]:
        """Return what was last measured on the validation set while training."""
        return {name: seen["value"] for name, seen in self.metrics.items() if name[:4] == "val/" and "value" in seen}


_ENTRY = TypeAdapter(RunSummary)


def read_summary(folder: Path, name: str, summary: Mapping[str, Any], status: Mapping[str, Any]) -> RunSummary:
    """Return what a run's files say.

    Args:
        folder: The run folder.
        name: What to call it.
        summary: What ``summary.json`` holds.
        status: What ``status.json`` holds.

    Raises:
        RunError: If they hold something else than a run writes.
    """
    try:
        return _ENTRY.validate_python(facts(folder, name, summary, status))
    except ValidationError as error:
        raise RunError(describe_misfit(folder, error)) from error


def facts(folder: Path, name: str, summary: Mapping[str, Any], status: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of an :class:`RunSummary`, not yet checked.

    Raises:
        RunError: If ``status.json`` holds no state.
    """
    try:
        dead = status["state"] == "running" and not lives(status)
        told = {key: status[key] for key in ("why", "started") if key in status}
        return {**summary, **told, "path": folder, "name": name, "state": DEAD if dead else status["state"]}
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise RunError(f"{folder / 'status.json'} is not the status of a run ({error!r}).") from error


def describe_misfit(folder: Path, error: ValidationError) -> str:
    """Say what in a run's files is not as a run writes it."""
    first = error.errors()[0]
    where = ".".join(map(str, first["loc"]))
    return f"{folder} holds no run as this version writes it: {where}: {first['msg']}."


def as_override(value: Any) -> str:
    """Return a setting as it is typed.

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
    found: dict[str, Any] = {}
    for key, value in config.items():
        inner = isinstance(value, Mapping) and value
        found |= flatten(value, f"{prefix}{key}.") if inner else {f"{prefix}{key}": value}
    return found
