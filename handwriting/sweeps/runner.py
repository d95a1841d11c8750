"""Running the trials of a sweep until none is left; a failing trial never stops the others."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import replace

from handwriting.errors import ConfigError, HandwritingError, RunError, nearest
from handwriting.runs import Run
from handwriting.runs.folder import HEARTBEAT_SECONDS
from handwriting.runs.stopping import StopReason, request_stop
from handwriting.sweeps.executors import Executor
from handwriting.sweeps.folder import Sweep
from handwriting.sweeps.outcome import has_logged, latest_value, with_outcome, with_progress
from handwriting.sweeps.progress_view import ProgressView, SweepProgress
from handwriting.sweeps.run_progress import RunLimits
from handwriting.sweeps.sources import TrialSource
from handwriting.sweeps.trial_process import TrialJob, is_held
from handwriting.sweeps.trials import FINAL_STATES, Trial

POLL_SECONDS = 0.2
"""Seconds between two checks for trials that have ended."""
MEASURE_SECONDS = 1.0
"""Seconds between two readings of the values that running trials have logged."""


class SweepRunner:
    """One session of a sweep.

    Args:
        sweep: Its folder, locked.
        source: Where its trials come from.
        executor: What runs them.
        view: What shows the progress.
        make_job: Makes the job of a trial.
    """

    def __init__(
        self,
        sweep: Sweep,
        source: TrialSource,
        executor: Executor,
        view: ProgressView,
        make_job: Callable[[Trial], TrialJob],
    ) -> None:
        self.sweep, self.source, self.executor, self.view, self.make_job = sweep, source, executor, view, make_job
        self.trials = {
            trial.number: trial if trial.state in FINAL_STATES else replace(trial, state="waiting")
            for trial in source.trials
        }
        self.limits = RunLimits()
        self._started: dict[int, float] = {}  # when each running trial was started, by the monotonic clock
        self._latest: dict[int, float | None] = {}  # the value of its monitor that was read last
        self._adopted: set[int] = set()  # running trials that an earlier session started
        self._durations: list[float] = []
        self._measured_at = self._written_at = 0.0
        self._is_waiting = False

    def run(self) -> tuple[Trial, ...]:
        """Run every trial that is missing, and return all trials.

        Raises:
            HandwritingError: If the sweep itself cannot continue.
            KeyboardInterrupt: After Ctrl-C, once every trial has stopped.
        """
        state = "failed"
        try:
            self._load_earlier()
            self.view.open(self.progress())
            while self._advance():
                time.sleep(POLL_SECONDS)
            state = "done"
        except KeyboardInterrupt:
            state = "interrupted"
            raise
        finally:
            if state != "done":
                self._stop()
            self._write(state)
            self.view.close(self.progress())
            self.executor.close()
        return tuple(self.trials[number] for number in sorted(self.trials))

    # Earlier sessions

    def _load_earlier(self) -> None:
        """Record the trials that earlier sessions finished, and adopt those that still run."""
        for number in list(self.trials):
            if self._is_running(number):
                self._adopted.add(number)
                self._mark_running(self.trials[number])
                self.source.record(replace(self.trials[number], state="interrupted"))
            elif self.sweep.run(number):
                outcome = self._outcome(number, None)
                if outcome.state in FINAL_STATES:
                    self.trials[number] = outcome
                    self.source.record(outcome)

    # One round

    def _advance(self) -> bool:
        """Start, watch and end trials; return whether there is more to do."""
        ended = self.executor.poll()
        ended += [(number, None) for number in sorted(self._adopted) if not self._is_running(number)]
        for number, exit_status in ended:
            self._end(number, exit_status)
        started = self._start_trials()
        if time.monotonic() - self._measured_at > MEASURE_SECONDS:
            self._measured_at = time.monotonic()
            self._measure_running()
            self.view.update(self.progress())
        if ended or started or time.monotonic() - self._written_at > HEARTBEAT_SECONDS:
            self._write("running")
        return bool(self._started or self._is_waiting)

    def _start_trials(self) -> bool:
        """Start as many trials as there are free slots; return whether any was started."""
        starting: list[Trial] = []
        free_slots = self.executor.free_slots() - len(self._adopted)
        self._report_waiting(free_slots)
        while len(starting) < free_slots and (trial := self.source.next()):
            starting.append(trial)
        if starting:
            self.executor.submit([self.make_job(trial) for trial in starting])
        for trial in starting:
            self._mark_running(trial)
        return bool(starting)

    def _report_waiting(self, free_slots: int) -> None:
        """Report once when nothing runs because no slot is free: other sweeps have the GPUs."""
        was_waiting, self._is_waiting = self._is_waiting, free_slots <= 0 and not self._started
        if self._is_waiting and not was_waiting:
            self.view.print_line("waiting: others use all GPUs")

    def _mark_running(self, trial: Trial) -> None:
        self.trials[trial.number] = replace(trial, state="running", why=None)
        self._started[trial.number] = time.monotonic()
        self._latest[trial.number] = self._latest_value(trial)

    def _latest_value(self, trial: Trial) -> float | None:
        run = self.sweep.run(trial.number)
        try:
            return latest_value(trial, run.summary) if run else None
        except RunError:  # the folder is broken: the trial will fail, with the reason
            return None

    def _is_running(self, number: int) -> bool:
        run = self.sweep.run(number)
        try:
            return is_held(self.sweep.folder(number)) or bool(run and run.is_alive())
        except RunError:  # the folder is broken: the trial will fail, with the reason
            return False

    def _end(self, number: int, exit_status: int | None) -> None:
        """Record and report how a trial ended."""
        trial = self._outcome(number, exit_status)
        self._adopted.discard(number)
        self._durations.append(time.monotonic() - self._started.pop(number))
        self.trials[number] = trial
        self.source.record(trial)
        self.view.report_trial(trial)
        if trial.state == "done" and trial.value is None and self.source.needs_value:
            raise _unknown_monitor(trial, Run.at(self.sweep.folder(number)))

    def _outcome(self, number: int, exit_status: int | None) -> Trial:
        trial, folder = self.trials[number], self.sweep.folder(number)
        try:
            return with_outcome(trial, folder, exit_status)
        except HandwritingError as error:
            return replace(trial, state="failed", why=str(error))

    # Running trials

    def _measure_running(self) -> None:
        """Read what running trials have logged, and prune those that are not worth their time."""
        for number in self._started:
            if not (run := self.sweep.run(number)):
                continue
            try:
                summary = run.summary  # read once, so that the value and the progress belong together
                trial = self.trials[number] = with_progress(self.trials[number], summary)
                latest = latest_value(trial, summary)
                progress = self.limits.progress(run, summary)
                unknown = trial.value is None and progress.has_logged_all and not has_logged(run, trial.monitor)
            except RunError:  # read between two files that the run writes; a broken folder shows when the trial ends
                continue
            if unknown and self.source.needs_value:
                raise _unknown_monitor(trial, run)
            before, self._latest[number] = self._latest[number], latest
            if trial.value is None or latest == before:
                continue  # an old value cannot show where the trial stands now
            if self.source.should_prune(trial, progress.share, trial.value):
                reached = f"{trial.monitor} was {trial.value:.4g} after {progress.share:.0%}"
                request_stop(run.path, StopReason(f"{reached}, worse than half of the other trials", "pruner"))

    # Reports

    def progress(self) -> SweepProgress:
        """Return the progress of the sweep at this moment."""
        trials = tuple(self.trials[number] for number in sorted(self.trials))
        ended = sum(trial.state not in ("waiting", "running") for trial in trials)
        remaining = max(0, self.source.total - ended)
        return SweepProgress(trials, self.source.total, remaining, self._seconds_left(remaining))

    def _seconds_left(self, remaining: int) -> float | None:
        """Return the estimated time for the remaining trials; None before the first trial has ended."""
        if not self._durations:
            return None
        mean = sum(self._durations) / len(self._durations)
        # Running trials have done a part of their work already.
        spent = sum(min(time.monotonic() - began, mean) for began in self._started.values())
        return max(0.0, (remaining * mean - spent) / max(1, len(self._started)))

    def _write(self, state: str) -> None:
        self._written_at = time.monotonic()
        progress = self.progress()
        seconds = progress.seconds_left
        facts = {"total": progress.total, "seconds_left": None if seconds is None else math.ceil(seconds)}
        self.sweep.write_status(state, progress.trials, facts)

    def _stop(self) -> None:
        """Stop every trial as Ctrl-C would, and record how far each has come."""
        if self._started:
            count = len(self._started)
            self.view.print_line(f"stopping {count} running trial{'s' * (count > 1)} ...")
        self.executor.stop()
        for number in list(self._started):
            if number in self._adopted:
                continue
            if self.sweep.run(number):
                self.trials[number] = self._outcome(number, None)
            else:
                self.trials[number] = replace(self.trials[number], state="interrupted", why="stopped before it began")
            self.source.record(self.trials[number])
            del self._started[number]


def _unknown_monitor(trial: Trial, run: Run) -> ConfigError:
    logged = sorted(run.summary.get("metrics", {}))
    return ConfigError(
        f"search.monitor={trial.monitor}: the runs do not log it.{nearest(str(trial.monitor), logged)} "
        f"{run.path.name} has logged {', '.join(logged) or 'nothing'}."
    )
