"""The progress of a sweep: a bar on a terminal, a line for each trial elsewhere."""

from __future__ import annotations

import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from handwriting.progress import FittedBar
from handwriting.sweeps.trials import Trial, TrialState, best_trial
from handwriting.text import format_clock, format_number

COUNTED_STATES: tuple[TrialState, ...] = ("done", "pruned", "failed", "interrupted", "running")
"""The order in which the states of trials are counted at the end."""


@dataclass(frozen=True)
class SweepProgress:
    """The progress of a sweep at one moment.

    Attributes:
        trials: All trials that are known.
        total: The number of trials that there will be.
        remaining: The number of trials that have not ended.
        seconds_left: The estimated time until the last one ends; None before the first has ended.
    """

    trials: tuple[Trial, ...]
    total: int
    remaining: int
    seconds_left: float | None

    @property
    def counts(self) -> Counter[TrialState]:
        """The number of trials in each state."""
        return Counter(trial.state for trial in self.trials)

    @property
    def best(self) -> Trial | None:
        """The best trial so far."""
        return best_trial(self.trials)


class ProgressView:
    """Prints a line for each trial that ends and, on a terminal, a bar with counts, the best trial and the time left.

    Args:
        folder: The sweep folder, for its first and last line.
        where: What the trials run on, in a few words.
    """

    def __init__(self, folder: Path, where: str) -> None:
        self.folder, self.where = folder, where
        self._bar: FittedBar | None = None

    def open(self, progress: SweepProgress) -> None:
        """Print how many trials there are, and where they run."""
        counts = progress.counts
        before = {"done": counts["done"], "pruned": counts["pruned"], "still running": counts["running"]}
        known = ", ".join(f"{count} {name}" for name, count in before.items() if count)
        trials = f"{progress.total} trial{'s' * (progress.total > 1)}"
        print(f"Sweep: {self.folder}: {trials}{f' ({known})' if known else ''}, {self.where}", flush=True)
        if sys.stderr.isatty():
            self._bar = FittedBar(progress.total, f"0/{progress.total} trials", stays=True)
            self._bar.estimates = False  # trials before this session took no time in it
            self.update(progress)

    def report_trial(self, trial: Trial) -> None:
        """Print how a trial ended."""
        value = f"{trial.monitor} {format_number(trial.value, 4)}" if trial.value is not None else ""
        duration = format_clock(trial.seconds) if trial.seconds is not None else ""
        why = trial.why if trial.state != "done" else ""
        parts = [f"trial {trial.number}", trial.state, value, " ".join(trial.overrides), duration, why]
        self.print_line("  ".join(filter(None, parts)))

    def print_line(self, line: str) -> None:
        """Print a line above the bar."""
        if self._bar is None:
            print(line, flush=True)
        else:
            self._bar.write(line, file=sys.stderr)

    def update(self, progress: SweepProgress) -> None:
        """Bring the bar up to date."""
        if self._bar is None:
            return
        counts = progress.counts
        parts = [f"{counts['running']} running"]
        parts += [f"{counts[state]} {state}" for state in ("pruned", "failed") if counts[state]]
        if best := progress.best:
            parts.append(f"best {best.monitor} {format_number(best.value, 4)} (trial {best.number})")
        self._bar.n = progress.total - progress.remaining
        self._bar.details, self._bar.seconds_left = parts, progress.seconds_left
        self._bar.set_description_str(f"{self._bar.n}/{progress.total} trials")

    def close(self, progress: SweepProgress) -> None:
        """Close the bar, and print a summary."""
        if self._bar is not None:
            self.update(progress)
            self._bar.close()
            self._bar = None
        summary = ", ".join(f"{progress.counts[state]} {state}" for state in COUNTED_STATES if progress.counts[state])
        if best := progress.best:
            summary += f"; best: trial {best.number}, {best.monitor} {format_number(best.value, 4)}"
        print(f"{summary}\nSweep: {self.folder}", flush=True)
