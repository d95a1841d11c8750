"""How much of a run is done, by the limits in its configuration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from handwriting.config import load_config
from handwriting.runs import Run
from handwriting.text import seconds_in


@dataclass(frozen=True)
class RunProgress:
    """The progress of a run.

    Attributes:
        share: The share that is done, 0..1, by whichever limit is nearest.
        has_logged_all: Whether it has logged every value that it will ever log: a second validated epoch is over.
    """

    share: float
    has_logged_all: bool


class RunLimits:
    """The limits of runs, each read from its configuration once."""

    def __init__(self) -> None:
        self._limits: dict[Path, dict[str, float]] = {}

    def progress(self, run: Run, summary: Mapping[str, Any]) -> RunProgress:
        """Return the progress of a run at the time of its summary.

        Raises:
            RunError: If its configuration cannot be read.
        """
        limits = self._limits.get(run.path)
        if limits is None:
            limits = self._limits[run.path] = _limits(load_config(run.config_file))
        shares = [summary.get(name, 0) / limit for name, limit in limits.items()]
        validated = any(name.startswith("val/") for name in summary.get("metrics", {}))
        return RunProgress(min(1.0, max(shares, default=0.0)), validated and summary.get("epoch", 0) >= 2)


def _limits(config: Any) -> dict[str, float]:
    """Return the limits of a run, by the names under which its summary counts towards them."""
    trainer, limit = config.get("trainer", {}), config.get("callbacks", {}).get("limit") or {}
    limits = {
        "batches": limit.get("max_batches"),
        "samples": limit.get("max_samples"),
        "epoch": trainer.get("max_epochs"),
    }
    if clock := trainer.get("max_time"):
        limits["seconds"] = seconds_in(str(clock))
    return {name: value for name, value in limits.items() if value and value > 0}
