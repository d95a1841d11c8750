"""A trial: one training of a sweep."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

TrialState = Literal["waiting", "running", "done", "pruned", "failed", "interrupted"]
FINAL_STATES: tuple[TrialState, ...] = ("done", "pruned")
"""The states of trials that the same command leaves alone; it starts or resumes every other trial."""


@dataclass(frozen=True)
class Trial:
    """One training of a sweep.

    Attributes:
        number: Its index in the sweep, from 0, which is also the name of its run folder.
        overrides: The overrides of this trial alone: ``("model.lr=0.001", "seed=2")``.
        state: Where it stands.
        value: The best value of its monitor; None where the monitor was never measured.
        monitor: The logged value that trials are compared by; None where the model's own is not known yet.
        mode: Whether the least or the largest value of the monitor is best.
        why: Why it failed, was pruned or was interrupted.
        seconds: Training time over all its sessions.
    """

    number: int
    overrides: tuple[str, ...]
    state: TrialState = "waiting"
    value: float | None = None
    monitor: str | None = None
    mode: Literal["min", "max"] = "min"
    why: str | None = None
    seconds: float | None = None

    @property
    def parameters(self) -> dict[str, str]:
        """The overrides of this trial alone, by key.

        >>> Trial(0, ("+model.lr=0.001", "seed=2")).parameters
        {'model.lr': '0.001', 'seed': '2'}
        """
        pairs = (override.partition("=") for override in self.overrides)
        return {key.lstrip("+~"): value for key, _, value in pairs}


def best_trial(trials: Sequence[Trial]) -> Trial | None:
    """Return the best finished trial; None where there is none, or where their monitors differ."""
    done = [trial for trial in trials if trial.state == "done" and trial.value is not None]
    if not done or len({(trial.monitor, trial.mode) for trial in done}) > 1:
        return None
    return min(done, key=lambda trial: (trial.value or 0.0) * (1 if trial.mode == "min" else -1))
