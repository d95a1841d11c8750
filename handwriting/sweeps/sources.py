"""Where the trials of a sweep come from: a grid, or whatever else answers the same questions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from handwriting.sweeps.trials import Trial


class TrialSource(Protocol):
    """Says which trial to run next, and learns how each ended.

    Attributes:
        trials: The trials that are known so far.
        needs_value: Whether a trial without a value of its monitor is an error.
    """

    trials: list[Trial]
    needs_value: bool

    @property
    def total(self) -> int:
        """The number of trials that there will be."""

    def next(self) -> Trial | None:
        """Return the next trial to run; None where there is none, now or later."""

    def record(self, trial: Trial) -> None:
        """Record how a trial ended."""

    def should_prune(self, trial: Trial, share: float, value: float) -> bool:
        """Return whether to prune a trial that was just measured.

        Args:
            trial: The trial.
            share: The share of its training that is done, 0..1.
            value: The best value of its monitor so far.
        """


class GridSource:
    """Every combination once.

    Args:
        overrides: The overrides of each trial.
    """

    needs_value = False

    def __init__(self, overrides: Iterable[Sequence[str]]) -> None:
        self.trials = [Trial(number, tuple(words)) for number, words in enumerate(overrides)]
        self._waiting = list(self.trials)

    @property
    def total(self) -> int:
        """The number of combinations."""
        return len(self.trials)

    def next(self) -> Trial | None:
        """Return the first trial that was not run yet."""
        return self._waiting.pop(0) if self._waiting else None

    def record(self, trial: Trial) -> None:
        """Do not return the trial again."""
        self._waiting = [other for other in self._waiting if other.number != trial.number]

    def should_prune(self, trial: Trial, share: float, value: float) -> bool:
        """Return False: every combination was requested."""
        return False
