"""A sweep folder: its plan, its lock, and the status that other programs read while it runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from pydantic import TypeAdapter, ValidationError

from handwriting.errors import RunError
from handwriting.files import expanded, read_json, write_json
from handwriting.runs import Run
from handwriting.runs.folder import lives, now, process_facts
from handwriting.runs.summaries import DEAD
from handwriting.sweeps.plan import SCHEMA_VERSION, SweepPlan
from handwriting.sweeps.trials import Trial, best_trial
from handwriting.text import first_problem

PLAN_FILE, STATUS_FILE, LOCK_FILE = "plan.json", "sweep.json", "sweep.lock"
STUDY_FILES = {"sqlite": "study.db", "journal": "study.journal"}
"""The file of a search's study in the sweep folder, by its kind of storage."""
SWEEP_FILES = (PLAN_FILE, STATUS_FILE, LOCK_FILE, *STUDY_FILES.values())
"""The files that a sweep itself writes into its folder."""

_PLAN, _TRIALS = TypeAdapter(SweepPlan), TypeAdapter(tuple[Trial, ...])


@dataclass(frozen=True)
class Sweep:
    """A sweep folder.

    Attributes:
        path: The folder.
    """

    path: Path

    @classmethod
    def at(cls, path: str | Path) -> Sweep:
        """Open a sweep folder.

        Raises:
            RunError: If it is not a sweep folder.
        """
        folder = expanded(path)
        if not is_sweep(folder):
            raise RunError(f"{folder} is not a sweep folder (no {PLAN_FILE}): give one that a sweep has printed.")
        return cls(folder)

    @property
    def name(self) -> str:
        """The name of the sweep, which is that of its folder."""
        return self.path.resolve().name

    @property
    def plan(self) -> SweepPlan:
        """What was requested.

        Raises:
            RunError: If ``plan.json`` is broken, or written by a later version.
        """
        file = self.path / PLAN_FILE
        try:
            plan = _PLAN.validate_python(read_json(file))
        except ValidationError as error:
            raise RunError(f"{file} holds no plan as this version writes it: {first_problem(error)}") from error
        if plan.schema > SCHEMA_VERSION:
            raise RunError(
                f"{file} was written by a later version (schema {plan.schema}; {SCHEMA_VERSION} is known here)."
            )
        return plan

    @property
    def status(self) -> dict[str, Any]:
        """The content of ``sweep.json``; empty before the first start."""
        file = self.path / STATUS_FILE
        return read_json(file) if file.is_file() else {}

    @property
    def trials(self) -> tuple[Trial, ...]:
        """Its trials as ``sweep.json`` lists them.

        Raises:
            RunError: If it is broken.
        """
        try:
            return _TRIALS.validate_python(self.status.get("trials", ()))
        except ValidationError as error:
            file = self.path / STATUS_FILE
            raise RunError(f"{file} holds no trials as this version writes them: {first_problem(error)}") from error

    @property
    def state(self) -> str | None:
        """The state in ``sweep.json``; ``dead`` where the process of a running sweep is gone; None before its start."""
        return state_of(self.status)

    def folder(self, number: int) -> Path:
        """Return the run folder of a trial, which need not exist."""
        return self.path / str(number)

    def run(self, number: int) -> Run | None:
        """Return the run of a trial; None before it has begun."""
        folder = self.folder(number)
        status = folder / "status.json"
        return Run.at(folder) if status.is_file() and status.stat().st_size else None

    def _repr_png_(self) -> bytes | None:
        """Return the last grid of samples of the best trial: a notebook shows a sweep as its picture."""
        best = best_trial(self.trials)
        run = best and self.run(best.number)
        return run._repr_png_() if run else None

    # Only the process that runs the sweep calls what follows.

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep every other process from running this sweep; the lock ends with the process that holds it.

        Raises:
            RunError: If another process holds it.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        lock = FileLock(self.path / LOCK_FILE)
        try:
            lock.acquire(blocking=False)
        except Timeout:
            raise RunError(
                f"{self.path} is being run{self._holder()}: one sweep a folder. Wait for it, or stop it."
            ) from None
        try:
            yield
        finally:
            self._remove_if_never_begun()
            lock.release()

    def _remove_if_never_begun(self) -> None:
        """Remove the folder of a sweep that was refused before it began."""
        if not is_sweep(self.path):
            for name in SWEEP_FILES:
                (self.path / name).unlink(missing_ok=True)
            self.path.rmdir()

    def _holder(self) -> str:
        with suppress(RunError):
            if status := self.status:
                return f" by process {status.get('pid')} on {status.get('host')}"
        return ""

    def write_plan(self, plan: SweepPlan) -> None:
        """Write ``plan.json``."""
        write_json(self.path / PLAN_FILE, asdict(plan))

    def write_status(self, state: str, trials: Sequence[Trial], facts: Mapping[str, Any]) -> None:
        """Write ``sweep.json``.

        Args:
            state: ``running``, ``done``, ``interrupted`` or ``failed``.
            trials: All trials that are known.
            facts: More plain values, by key.
        """
        before = self.status
        best = best_trial(trials)
        values = {
            "schema": SCHEMA_VERSION,
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
        write_json(self.path / STATUS_FILE, values)


def state_of(status: Mapping[str, Any]) -> str | None:
    """Return :attr:`Sweep.state` for a status that was read already."""
    state: str | None = status.get("state")
    return DEAD if state == "running" and not lives(status) else state


def is_sweep(folder: Path) -> bool:
    """Return whether a folder is that of a sweep."""
    return (folder / PLAN_FILE).is_file()
