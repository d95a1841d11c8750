"""A sweep folder: its plan, its lock, and the status that other programs read while it runs."""

from __future__ import annotations

import fcntl
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from pydantic import TypeAdapter, ValidationError

from handwriting import legacy
from handwriting.errors import RunError
from handwriting.runs import Run
from handwriting.runs.files import read_json, write_json
from handwriting.runs.folder import lives, now, process_facts
from handwriting.runs.summaries import DEAD

SCHEMA = 1
PLAN, STATUS, LOCK = "plan.json", "sweep.json", "sweep.lock"
STUDIES = {"sqlite": "study.db", "journal": "study.journal"}
"""Where the study of a search lies in the sweep's folder, by how it is stored."""
OWN_FILES = (PLAN, STATUS, LOCK, *STUDIES.values())

TrialState = Literal["waiting", "running", "done", "pruned", "failed", "interrupted"]
FINAL: tuple[TrialState, ...] = ("done", "pruned")
"""The states that the same command leaves as they are; every other trial it starts, or goes on with."""


@dataclass(frozen=True)
class Trial:
    """One training of a sweep.

    Attributes:
        number: Its place in the sweep, from 0, and the name of its run folder.
        overrides: What it alone is given, as typed: ``("model.lr=0.001", "seed=2")``.
        state: How it stands.
        value: The best that its monitor reached; None where it was never measured.
        monitor: The logged value that it goes by.
        mode: Whether less of it is better or more.
        why: Why it failed, was pruned or interrupted.
        seconds: Of training, over all its sessions.
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
        """What it alone is given, by key, as typed.

        >>> Trial(0, ("+model.lr=0.001", "seed=2")).parameters
        {'model.lr': '0.001', 'seed': '2'}
        """
        pairs = (override.partition("=") for override in self.overrides)
        return {key.lstrip("+~"): value for key, _, value in pairs}


@dataclass(frozen=True)
class SweepPlan:
    """What a sweep was asked for, written once and never changed but for ``trials``.

    Attributes:
        overrides: What all trials share.
        swept: What differs among them, as typed: ``("model.lr=1e-4,2e-4",)`` or ``("model.lr=interval(1e-4,1e-2)",)``.
        search: How a search goes about it; None for a grid.
        trials: What each trial of a grid is given.
        command: What was typed, for a person to read.
        created: When.
    """

    overrides: tuple[str, ...]
    swept: tuple[str, ...]
    search: dict[str, Any] | None = None
    trials: tuple[tuple[str, ...], ...] = ()
    command: str = ""
    created: str = field(default_factory=now)
    schema: int = SCHEMA

    def asks_the_same(self, other: SweepPlan) -> bool:
        """Say whether two plans are of the same sweep; a search may be given more trials."""

        def essence(plan: SweepPlan) -> tuple[Any, ...]:
            search = plan.search and {key: value for key, value in plan.search.items() if key != "trials"}
            return sorted(plan.overrides), sorted(plan.swept), search

        return essence(self) == essence(other)


_PLAN, _TRIALS = TypeAdapter(SweepPlan), TypeAdapter(tuple[Trial, ...])


@dataclass(frozen=True)
class Sweep:
    """A sweep folder read back.

    Attributes:
        path: The folder.
    """

    path: Path

    @classmethod
    def at(cls, path: str | Path) -> Sweep:
        """Open a sweep folder.

        Raises:
            RunError: If there is none.
        """
        folder = Path(path).expanduser()
        if not is_sweep(folder):
            raise RunError(f"{folder} is not a sweep folder (no {PLAN}): give one that a sweep has printed.")
        return cls(folder)

    @property
    def name(self) -> str:
        """What it is called."""
        return self.path.resolve().name

    @property
    def plan(self) -> SweepPlan:
        """What it was asked for.

        Raises:
            RunError: If ``plan.json`` is broken, or written by a later version.
        """
        file = self.path / PLAN
        try:
            plan = _PLAN.validate_python(read_json(file))
        except ValidationError as error:
            raise RunError(f"{file} holds no plan as this version writes it: {_first(error)}") from error
        if plan.schema > SCHEMA:
            raise RunError(f"{file} was written by a later version (schema {plan.schema}; {SCHEMA} is known here).")
        return plan

    @property
    def status(self) -> dict[str, Any]:
        """What ``sweep.json`` says; empty before it was first started."""
        file = self.path / STATUS
        return read_json(file) if file.is_file() else {}

    @property
    def trials(self) -> tuple[Trial, ...]:
        """Its trials as ``sweep.json`` last told of them.

        Raises:
            RunError: If it is broken.
        """
        try:
            return _TRIALS.validate_python(self.status.get("trials", ()))
        except ValidationError as error:
            raise RunError(
                f"{self.path / STATUS} holds no trials as this version writes them: {_first(error)}"
            ) from error

    @property
    def state(self) -> str | None:
        """What ``sweep.json`` says, or ``dead`` where the process of a running sweep is gone; None before its start."""
        return state_of(self.status)

    def folder(self, number: int) -> Path:
        """Return the run folder of a trial, which need not exist."""
        return self.path / str(number)

    def run(self, number: int) -> Run | None:
        """Return the run of a trial; None before it has begun."""
        folder = self.folder(number)
        status = folder / "status.json"
        return Run.at(folder) if status.is_file() and status.stat().st_size else None

    # What only the process that runs it does

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep every other process from running this sweep; the lock is gone with the process that holds it.

        Raises:
            RunError: If another process holds it.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        with (self.path / LOCK).open("a") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise RunError(
                    f"{self.path} is being run{self._by()}: one sweep a folder. Wait for it, or stop it."
                ) from None
            try:
                yield
            finally:
                self._leave()

    def _leave(self) -> None:
        """Leave nothing of a sweep that never began, because something was found wrong with it."""
        if not is_sweep(self.path):
            for name in OWN_FILES:
                (self.path / name).unlink(missing_ok=True)
            self.path.rmdir()

    def _by(self) -> str:
        with suppress(RunError):
            if status := self.status:
                return f" by process {status.get('pid')} on {status.get('host')}"
        return ""

    def write_plan(self, plan: SweepPlan) -> None:
        """Write ``plan.json``."""
        write_json(self.path / PLAN, asdict(plan))

    def write_status(self, state: str, trials: Sequence[Trial], facts: Mapping[str, Any]) -> None:
        """Write ``sweep.json``.

        Args:
            state: Running, done, interrupted or failed.
            trials: All that are known.
            facts: More plain values.
        """
        before = self.status
        best = best_trial(trials)
        values = {
            "schema": SCHEMA,
            "state": state,
            **process_facts(),
            "heartbeat": now(),
            "started": before.get("started", now()),
            "ended": None if state == "running" else now(),
            "counts": dict(Counter(trial.state for trial in trials)),
            "best": best and {"trial": best.number, "monitor": best.monitor, "value": best.value},
            **facts,
            "trials": [asdict(trial) for trial in trials],
        }
        write_json(self.path / STATUS, values)


def state_of(status: Mapping[str, Any]) -> str | None:
    """Return what :attr:`Sweep.state` is by a status that was read."""
    state: str | None = status.get("state")
    return DEAD if state == "running" and not lives(status) else state


def is_sweep(folder: Path) -> bool:
    """Say whether a folder is that of a sweep."""
    return (folder / PLAN).is_file()


def best_trial(trials: Sequence[Trial]) -> Trial | None:
    """Return the best trial that is done, where all that are go by the same monitor."""
    done = [trial for trial in trials if trial.state == "done" and trial.value is not None]
    if not done or len({(trial.monitor, trial.mode) for trial in done}) > 1:
        return None
    return min(done, key=lambda trial: (trial.value or 0.0) * (1 if trial.mode == "min" else -1))


def with_outcome(trial: Trial, folder: Path, exit_status: int | None = None) -> Trial:
    """Return a trial as its run folder tells of it, once its process has ended.

    Args:
        trial: The trial.
        folder: Its run folder.
        exit_status: With what its process ended, a signal as a negative number; None where nobody knows.
    """
    status_file = folder / "status.json"
    if not (status_file.is_file() and status_file.stat().st_size):
        return replace(trial, state="failed", why=_ended(exit_status) + _last_words(folder))
    run = Run.at(folder)
    status = legacy.current_status(run.status)
    trial = with_progress(trial, run.summary)
    state, why = status["state"], status.get("why")
    if state == "interrupted" and status.get("stopped_by") == "pruner":
        return replace(trial, state="pruned", why=why)
    if state == "running":
        return replace(trial, state="failed", why=_ended(exit_status))
    if state == "done" and trial.value is None:
        if logs(run, trial.monitor):
            return replace(trial, state="failed", why=f"{trial.monitor} was never finite")
        why = f"{trial.monitor} was never measured"
    return replace(trial, state=state, why=why)


def logs(run: Run, monitor: str | None) -> bool:
    """Say whether a run has measured what a trial goes by, finite or not."""
    return any(monitor in row for row in run.metrics())


def latest(trial: Trial, summary: Mapping[str, Any]) -> float | None:
    """Return what a run's summary says was measured last of what its trial goes by; None before that."""
    found: float | None = summary.get("metrics", {}).get(trial.monitor or summary.get("monitor"), {}).get("value")
    return found


def with_progress(trial: Trial, summary: Mapping[str, Any]) -> Trial:
    """Return a trial with what its run's summary says was measured so far."""
    monitor, mode = trial.monitor or summary.get("monitor"), summary.get("mode", trial.mode)
    if trial.monitor:
        mode = trial.mode
    seen = summary.get("metrics", {}).get(monitor, {})
    return replace(trial, monitor=monitor, mode=mode, value=seen.get(mode), seconds=summary.get("seconds"))


def _ended(exit_status: int | None) -> str:
    if exit_status is None:
        return "its process is gone"
    return f"killed by signal {-exit_status}" if exit_status < 0 else f"ended with exit status {exit_status}"


def _last_words(folder: Path) -> str:
    """Return the last line of what a trial printed, after a colon."""
    try:
        lines = (folder / OUTPUT).read_text("utf-8", "replace").split("\n")
    except OSError:
        return ""
    last = next((line.strip() for line in reversed(lines) if line.strip()), "")
    return f": {last}" if last else ""


OUTPUT = "output.log"
"""What a trial prints, in its run folder."""


def _first(error: ValidationError) -> str:
    problem = error.errors()[0]
    return f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}"
