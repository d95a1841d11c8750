"""How much of a run is done, as its folder tells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from handwriting.config import load_config
from handwriting.runs import Run


@dataclass(frozen=True)
class Share:
    """How far a run has got.

    Attributes:
        done: How much of it is done, 0..1, by the limit that is nearest.
        measured: Whether it has measured all that it will: its second epoch with a validation is over.
    """

    done: float
    measured: bool


class Lengths:
    """Knows how long runs are to be."""

    def __init__(self) -> None:
        self._known: dict[Path, dict[str, float]] = {}

    def share(self, run: Run, summary: Mapping[str, Any]) -> Share:
        """Return how far a run had got when its summary was read.

        Raises:
            RunError: If a file of it cannot be read.
        """
        limits = self._known.get(run.path)
        if limits is None:
            limits = self._known[run.path] = _limits(load_config(run.config_file))
        shares = [summary.get(name, 0) / limit for name, limit in limits.items()]
        validated = any(name.startswith("val/") for name in summary.get("metrics", {}))
        return Share(min(1.0, max(shares, default=0.0)), validated and summary.get("epoch", 0) >= 2)


def _limits(config: Any) -> dict[str, float]:
    """Return what a run may reach, by the names under which its summary counts it."""
    trainer, limit = config.get("trainer", {}), config.get("callbacks", {}).get("limit") or {}
    found = {
        "batches": limit.get("max_batches"),
        "samples": limit.get("max_samples"),
        "epoch": trainer.get("max_epochs"),
    }
    if clock := trainer.get("max_time"):
        days, hours, minutes, seconds = map(int, str(clock).split(":"))
        found["seconds"] = ((days * 24 + hours) * 60 + minutes) * 60 + seconds
    return {name: value for name, value in found.items() if value and value > 0}
