"""How far a sweep has got, live on a terminal and line by line elsewhere."""

from __future__ import annotations

import sys
from collections import Counter
from typing import TYPE_CHECKING, Any

from tqdm import tqdm

from handwriting.sweeps.folder import Trial, TrialState
from handwriting.text import format_clock, format_number

if TYPE_CHECKING:
    from handwriting.sweeps.runner import SweepRunner

ENDS: tuple[TrialState, ...] = ("done", "pruned", "failed", "interrupted", "running")
"""In which order the states of trials are counted at the end."""


class ProgressView:
    """Shows a line for each trial that ends and, on a terminal, a bar with what runs, failed, is best and is left."""

    def __init__(self) -> None:
        self._bar: tqdm[Any] | None = None

    def begin(self, driver: SweepRunner) -> None:
        """Say what is to be done, and where."""
        counts = Counter(trial.state for trial in driver.trials.values())
        known = {"done": counts["done"], "pruned": counts["pruned"], "still running": counts["running"]}
        before = ", ".join(f"{count} {name}" for name, count in known.items() if count)
        trials = f"{driver.source.total} trial{'s' * (driver.source.total > 1)}"
        known_before = f" ({before})" if before else ""
        print(f"Sweep: {driver.sweep.path}: {trials}{known_before}, {driver.executor.describe()}", flush=True)
        if sys.stderr.isatty():
            bar = "{bar}  {n_fmt}/{total_fmt} trials  {desc}"
            self._bar = tqdm(total=driver.source.total, bar_format=bar, dynamic_ncols=True)
            self.show(driver)

    def tell(self, trial: Trial) -> None:
        """Tell how a trial ended."""
        value = f"{trial.monitor} {format_number(trial.value, 4)}" if trial.value is not None else ""
        took = format_clock(trial.seconds) if trial.seconds is not None else ""
        why = trial.why if trial.state != "done" else ""
        parts = [f"trial {trial.number}", trial.state, value, " ".join(trial.overrides), took, why]
        self.say("  ".join(filter(None, parts)))

    def say(self, line: str) -> None:
        """Print a line above the bar."""
        if self._bar is None:
            print(line, flush=True)
        else:
            self._bar.write(line, file=sys.stderr)

    def show(self, driver: SweepRunner) -> None:
        """Bring the bar up to date."""
        if self._bar is None:
            return
        counts = Counter(trial.state for trial in driver.trials.values())
        parts = [f"{counts['running']} running"]
        parts += [f"{counts[state]} {state}" for state in ENDS[1:3] if counts[state]]
        if best := driver.best:
            parts.append(f"best {best.monitor} {format_number(best.value, 4)} (trial {best.number})")
        if (left := driver.seconds_left) is not None:
            parts.append(f"{format_clock(left)} left")
        self._bar.n = driver.source.total - driver.left
        self._bar.set_description_str("  ".join(parts))

    def end(self, driver: SweepRunner) -> None:
        """Close the bar, and sum up."""
        if self._bar is not None:
            self.show(driver)
            self._bar.close()
            self._bar = None
        counts = Counter(trial.state for trial in driver.trials.values())
        told = ", ".join(f"{counts[state]} {state}" for state in ENDS if counts[state])
        best = driver.best
        line = f"{told}; best: trial {best.number}, {best.monitor} {format_number(best.value, 4)}" if best else told
        print(f"{line}\nSweep: {driver.sweep.path}", flush=True)
