"""Running the trials of a sweep until none is left, whatever happens to them."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Protocol

from handwriting.errors import ConfigError, HandwritingError, RunError, nearest
from handwriting.runs import Run
from handwriting.runs.folder import HEARTBEAT_SECONDS
from handwriting.runs.stopping import StopReason, request_stop
from handwriting.sweeps.executors import Executor
from handwriting.sweeps.folder import FINAL, Sweep, Trial, best_trial, latest, logs, with_outcome, with_progress
from handwriting.sweeps.progress import Lengths
from handwriting.sweeps.progress_view import ProgressView
from handwriting.sweeps.trial import TrialJob, is_held

GLANCE = 0.2
"""Seconds between two looks at whether a trial has ended."""
LOOK = 1.0
"""Seconds between two looks at what running trials have measured."""


class TrialSource(Protocol):
    """Where trials come from."""

    trials: list[Trial]
    needs_value: bool

    @property
    def total(self) -> int:
        """How many there will be."""

    def next(self) -> Trial | None:
        """Return the next trial to run; None where there is none, now or ever."""

    def tell(self, trial: Trial) -> None:
        """Take note of how a trial ended."""

    def should_prune(self, trial: Trial, share: float, value: float) -> bool:
        """Say whether a trial that was just measured after a ``share`` of its length need not go on.

        Args:
            trial: The trial.
            share: 0..1.
            value: The best that it has reached by then.
        """


class GridSource:
    """Every combination once.

    Args:
        overrides: What each trial is given.
    """

    needs_value = False

    def __init__(self, overrides: Iterable[Sequence[str]]) -> None:
        self.trials = [Trial(number, tuple(own)) for number, own in enumerate(overrides)]
        self._left = list(self.trials)

    @property
    def total(self) -> int:
        """How many there are."""
        return len(self.trials)

    def next(self) -> Trial | None:
        """Return the first that was not yet run."""
        return self._left.pop(0) if self._left else None

    def tell(self, trial: Trial) -> None:
        """Do not run it again."""
        self._left = [other for other in self._left if other.number != trial.number]

    def should_prune(self, trial: Trial, share: float, value: float) -> bool:
        """Never: every combination was asked for."""
        return False


class SweepRunner:
    """One sitting of a sweep.

    Args:
        sweep: Its folder, locked.
        source: Where its trials come from.
        executor: Where they run.
        view: What shows how far it has got.
        job: Makes the job of a trial.
    """

    def __init__(
        self,
        sweep: Sweep,
        source: TrialSource,
        executor: Executor,
        view: ProgressView,
        job: Callable[[Trial], TrialJob],
    ) -> None:
        self.sweep, self.source, self.executor, self.view, self.job = sweep, source, executor, view, job
        self.trials = {
            trial.number: trial if trial.state in FINAL else replace(trial, state="waiting") for trial in source.trials
        }
        self.lengths = Lengths()
        self._running: dict[int, float] = {}
        self._measured: dict[int, float | None] = {}
        self._adopted: set[int] = set()
        self._took: list[float] = []
        self._looked = self._written = 0.0
        self._waits = False

    def run(self) -> tuple[Trial, ...]:
        """Run what is missing, and return all trials.

        Raises:
            HandwritingError: If the sweep itself cannot go on; a failing trial never stops it.
            KeyboardInterrupt: After Ctrl-C, once every trial has stopped.
        """
        state = "failed"
        try:
            self._take_up()
            self.view.begin(self)
            while self._advance():
                time.sleep(GLANCE)
            state = "done"
        except KeyboardInterrupt:
            state = "interrupted"
            raise
        finally:
            if state != "done":
                self._stop()
            self._write(state)
            self.view.end(self)
            self.executor.close()
        return tuple(self.trials[number] for number in sorted(self.trials))

    # What is there already

    def _take_up(self) -> None:
        """Take note of trials that are done, and watch those that run though nobody does."""
        for number in list(self.trials):
            if self._is_there(number):
                self._adopted.add(number)
                self._begin(self.trials[number])
                self.source.tell(replace(self.trials[number], state="interrupted"))
            elif self.sweep.run(number):
                outcome = self._outcome(number, None)
                if outcome.state in FINAL:
                    self.trials[number] = outcome
                    self.source.tell(outcome)

    # One round

    def _advance(self) -> bool:
        """Start, watch and end trials; say whether there is more to do."""
        ended = self.executor.poll()
        ended += [(number, None) for number in sorted(self._adopted) if not self._is_there(number)]
        for number, status in ended:
            self._end(number, status)
        started = self._fill()
        if time.monotonic() - self._looked > LOOK:
            self._looked = time.monotonic()
            self._look()
            self.view.show(self)
        if ended or started or time.monotonic() - self._written > HEARTBEAT_SECONDS:
            self._write("running")
        return bool(self._running or self._waits)

    def _fill(self) -> bool:
        """Start as many trials as there is room for."""
        starting: list[Trial] = []
        room = self.executor.free_slots() - len(self._adopted)
        self._wait(room)
        while len(starting) < room and (trial := self.source.next()):
            starting.append(trial)
        if starting:
            self.executor.submit([self.job(trial) for trial in starting])
        for trial in starting:
            self._begin(trial)
        return bool(starting)

    def _wait(self, room: int) -> None:
        """Take note of whether nothing runs because there is no room for it: others have it."""
        waited, self._waits = self._waits, room <= 0 and not self._running
        if self._waits and not waited:
            self.view.say("waiting: others use all GPUs")

    def _begin(self, trial: Trial) -> None:
        self.trials[trial.number] = replace(trial, state="running", why=None)
        self._running[trial.number] = time.monotonic()
        self._measured[trial.number] = self._last_measured(trial)

    def _last_measured(self, trial: Trial) -> float | None:
        run = self.sweep.run(trial.number)
        try:
            return latest(trial, run.summary) if run else None
        except RunError:  # a broken folder: its trial will fail, and tell why
            return None

    def _is_there(self, number: int) -> bool:
        run = self.sweep.run(number)
        try:
            return is_held(self.sweep.folder(number)) or bool(run and run.is_alive())
        except RunError:  # a broken folder: its trial fails, and tells why
            return False

    def _end(self, number: int, status: int | None) -> None:
        """Take note of how a trial ended."""
        trial = self._outcome(number, status)
        self._adopted.discard(number)
        self._took.append(time.monotonic() - self._running.pop(number))
        self.trials[number] = trial
        self.source.tell(trial)
        self.view.tell(trial)
        if trial.state == "done" and trial.value is None and self.source.needs_value:
            raise _unknown_monitor(trial, Run.at(self.sweep.folder(number)))

    def _outcome(self, number: int, status: int | None) -> Trial:
        trial, folder = self.trials[number], self.sweep.folder(number)
        try:
            return with_outcome(trial, folder, status)
        except HandwritingError as error:
            return replace(trial, state="failed", why=str(error))

    # What runs

    def _look(self) -> None:
        """See what running trials have measured, and end should_prune ones."""
        for number in self._running:
            if not (run := self.sweep.run(number)):
                continue
            try:
                summary = run.summary  # once, so that the value and how far the run was belong together
                trial = self.trials[number] = with_progress(self.trials[number], summary)
                measured = latest(trial, summary)
                share = self.lengths.share(run, summary)
                unknown = trial.value is None and share.measured and not logs(run, trial.monitor)
            except RunError:  # between two files that it writes; whatever is really broken shows when it ends
                continue
            if unknown and self.source.needs_value:
                raise _unknown_monitor(trial, run)
            before, self._measured[number] = self._measured[number], measured
            if trial.value is None or measured == before:
                continue  # an old value says nothing of how it stands by now
            if self.source.should_prune(trial, share.done, trial.value):
                reached = f"{trial.monitor} was {trial.value:.4g} after {share.done:.0%}"
                request_stop(run.path, StopReason(f"{reached}, worse than half of the other trials", "pruner"))

    # What is told

    @property
    def left(self) -> int:
        """How many trials have not ended, those that are to come included."""
        ended = sum(trial.state not in ("waiting", "running") for trial in self.trials.values())
        return max(0, self.source.total - ended)

    @property
    def seconds_left(self) -> float | None:
        """How long it will take at the pace so far; None before the first trial has ended."""
        if not self._took:
            return None
        mean = sum(self._took) / len(self._took)
        # Those that run have been at it for a while.
        spent = sum(min(time.monotonic() - began, mean) for began in self._running.values())
        return max(0.0, (self.left * mean - spent) / max(1, len(self._running)))

    @property
    def best(self) -> Trial | None:
        """The best trial so far."""
        return best_trial(list(self.trials.values()))

    def _write(self, state: str) -> None:
        self._written = time.monotonic()
        seconds = self.seconds_left
        trials = [self.trials[number] for number in sorted(self.trials)]
        facts = {"total": self.source.total, "seconds_left": None if seconds is None else math.ceil(seconds)}
        self.sweep.write_status(state, trials, facts)

    def _stop(self) -> None:
        """Let every trial stop as Ctrl-C would, and take note of how far each has got."""
        if self._running:
            self.view.say(f"stopping {len(self._running)} running trial{'s' * (len(self._running) > 1)} ...")
        self.executor.stop()
        for number in list(self._running):
            if number in self._adopted:
                continue
            if self.sweep.run(number):
                self.trials[number] = self._outcome(number, None)
            else:
                self.trials[number] = replace(self.trials[number], state="interrupted", why="stopped before it began")
            self.source.tell(self.trials[number])
            del self._running[number]


def _unknown_monitor(trial: Trial, run: Run) -> ConfigError:
    logged = sorted(run.summary.get("metrics", {}))
    return ConfigError(
        f"search.monitor={trial.monitor}: the runs do not log it.{nearest(str(trial.monitor), logged)} "
        f"{run.path.name} has logged {', '.join(logged) or 'nothing'}."
    )
