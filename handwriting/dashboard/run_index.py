"""An index of the runs and sweeps below some folders, which reads a file again only when it has changed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Lock
from typing import Any, Generic, TypeVar

from handwriting.config import plain_config
from handwriting.errors import RunError, nearest
from handwriting.files import FileStamp, file_stamp, read_json
from handwriting.runs import Run
from handwriting.runs.details import RunDetails, read
from handwriting.runs.finding import NO_RUN, FoundFolders, Skipped, Walk, distinct_names
from handwriting.runs.folder import lives
from handwriting.runs.safe_paths import refuse_escaping_links, resolve_file_within
from handwriting.runs.summaries import DEAD, RunSummary, read_summary
from handwriting.sweeps import Sweep
from handwriting.sweeps.folder import PLAN_FILE, STATUS_FILE
from handwriting.text import one_line, printable

MAX_DEPTH = 3
"""Levels below a chosen folder at which a run may lie: ``sweeps/<name>/<trial>`` from the parent of ``sweeps``."""

SUMMARY_FILES = ("summary.json", "status.json")
"""The files from which a summary is read."""
DETAILS_FILES = (*SUMMARY_FILES, "metrics.csv", "config.yaml", "evaluation.json")
"""The files from which the details of a run are read, apart from sample grids."""
READ_SUBFOLDERS = ("samples", "reconstructions", "checkpoints")
"""The subfolders of a run folder that are read; loggers keep links to their own files in others."""
MAX_TABLE_BYTES = 64_000_000
"""Size of the largest ``metrics.csv`` that is read."""
MAX_DETAILS_KEPT = 40
"""The number of runs whose details stay in memory."""
SNAPSHOT_MAX_AGE_SECONDS = 1.0
"""The maximum age of a snapshot in which a run is searched by its key."""
SLOW_READ_SECONDS, SLOW_READ_PAUSE_FACTOR = 0.5, 4.0
"""A read that takes longer than the first is not repeated before its duration times the second has passed.

Pages update every second, and would otherwise do nothing but read.
"""
Value = TypeVar("Value")


@dataclass(frozen=True)
class Snapshot:
    """The runs and sweeps at one moment.

    Attributes:
        summaries: The runs by key, the latest start first; a key is the run's path below a chosen folder, preceded by
            that folder's name.
        sweeps: The folder of each sweep by its key.
        sweep_of: The key of the sweep that a run is a trial of.
        skipped: Other files and folders in them, which cannot be read.
    """

    summaries: Mapping[str, RunSummary]
    sweeps: Mapping[str, Path]
    sweep_of: Mapping[str, str]
    skipped: tuple[Skipped, ...]

    @property
    def is_running(self) -> bool:
        """Whether any run is running."""
        return any(summary.state == "running" for summary in self.summaries.values())

    def trials(self, sweep: str) -> dict[int, RunSummary]:
        """Return the runs of a sweep, by the numbers of their trials."""
        names = {key.rpartition("/")[2]: key for key, parent in self.sweep_of.items() if parent == sweep}
        return {int(name): self.summaries[key] for name, key in names.items() if name.isdecimal()}


@dataclass(frozen=True)
class _KnownRun:
    """A run as it was last read.

    Attributes:
        stamps: The stamps of the files it was read from.
        summary: The summary; None where the run cannot be read.
        status: The content of ``status.json``.
        reason: Why it cannot be read.
    """

    stamps: tuple[FileStamp | None, ...]
    summary: RunSummary | None
    status: Mapping[str, Any]
    reason: str = ""


@dataclass(frozen=True)
class _TimedRead(Generic[Value]):
    """A value that was read, and the duration of the read.

    Attributes:
        value: The value.
        finished: The end of the read, in seconds of the monotonic clock.
        seconds: The duration of the read.
    """

    value: Value
    finished: float
    seconds: float

    @classmethod
    def of(cls, read_value: Callable[[], Value]) -> _TimedRead[Value]:
        """Read a value, and measure the time."""
        began = time.monotonic()
        value = read_value()
        finished = time.monotonic()
        return cls(value, finished, finished - began)

    def is_fresh(self, max_age: float) -> bool:
        """Return whether the value may be used for an age of at most ``max_age`` seconds; after a slow read, longer."""
        pause = SLOW_READ_PAUSE_FACTOR * self.seconds if self.seconds > SLOW_READ_SECONDS else 0
        return time.monotonic() - self.finished < max(max_age, pause)


class RunIndex:
    """Indexes the runs and sweeps below some folders, and reads nothing outside of them.

    Args:
        folders: The folders; every snapshot checks again for one that does not exist yet.
    """

    def __init__(self, folders: Sequence[Path]) -> None:
        resolved = dict.fromkeys(Path(folder).resolve() for folder in folders)
        self.folders = tuple(folder for folder in resolved if not set(folder.parents) & set(resolved))
        self._known: dict[str, _KnownRun] = {}
        self._details: dict[str, tuple[tuple[FileStamp | None, ...], _TimedRead[RunDetails]]] = {}
        self._last: _TimedRead[Snapshot] | None = None
        self._lock = Lock()

    def snapshot(self, max_age: float = 0.0) -> Snapshot:
        """Return the runs and sweeps as they are now, or as they were at most ``max_age`` seconds ago."""
        with self._lock:
            if self._last is None or not self._last.is_fresh(max_age):
                self._last = _TimedRead.of(self._scan)
            return self._last.value

    def _scan(self) -> Snapshot:
        found, walk = FoundFolders(), Walk(MAX_DEPTH, self.folders, (PLAN_FILE, STATUS_FILE))
        for root, name in zip(self.folders, distinct_names(self.folders), strict=True):
            if root.is_dir():
                walk.into(found, str(root), name)
        known = self._known = {key: self._read(key, folder) for key, folder in found.runs.items()}
        sweeps = dict(self._showable(found))
        skipped = [*found.skipped, *(Skipped(printable(key), NO_RUN) for key in found.foreign)]
        skipped += [Skipped(printable(key), printable(run.reason)) for key, run in known.items() if run.summary is None]
        summaries = {key: run.summary for key, run in known.items() if run.summary}
        newest = sorted(summaries, key=lambda key: (summaries[key].started or "", key), reverse=True)
        sweep_of = {key: sweep for key in summaries if (sweep := key.rpartition("/")[0]) in sweeps}
        return Snapshot({key: summaries[key] for key in newest}, sweeps, sweep_of, tuple(skipped))

    @staticmethod
    def _showable(found: FoundFolders) -> Iterator[tuple[str, Path]]:
        """Yield the sweeps by key, in descending order; a sweep whose name is not valid text is skipped."""
        for key, folder in sorted(found.groups.items(), reverse=True):
            try:
                key.encode()
            except UnicodeEncodeError as error:
                found.skip(key, error)
            else:
                yield key, Path(folder)

    def _read(self, key: str, folder: str) -> _KnownRun:
        """Return a run, from memory if none of its ``SUMMARY_FILES`` has changed."""
        path = Path(folder)
        stamps = tuple(file_stamp(f"{folder}/{name}") for name in SUMMARY_FILES)
        known = self._known.get(key)
        try:
            if known is None or known.stamps != stamps:
                key.encode()  # fails for a name that is not valid text, which no page can show
                for name, stamp in zip(SUMMARY_FILES, stamps, strict=True):
                    if stamp is None or stamp.is_link:
                        resolve_file_within(path / name, self.folders)
                summary, status = (read_json(path / name) for name in SUMMARY_FILES)
                return _KnownRun(stamps, read_summary(path, printable(key), summary, status), status)
            if known.summary and known.summary.state in ("running", DEAD):
                state = "running" if lives(known.status) else DEAD
                return replace(known, summary=replace(known.summary, state=state))
        except (RunError, OSError, ValueError) as error:
            return _KnownRun(stamps, None, {}, _reason(path, error))
        return known

    # Runs and sweeps by key

    def _look_up(self, kind: str, key: str, items: Callable[[Snapshot], Mapping[str, Value]]) -> Value:
        """Return the run or the sweep with a key, even one created since the last snapshot.

        Args:
            kind: ``run`` or ``sweep``, for the message.
            key: The key.
            items: Returns the runs, or the sweeps, of a snapshot.

        Raises:
            RunError: If there is none.
        """
        for max_age in (SNAPSHOT_MAX_AGE_SECONDS, 0.0):
            snapshot = self.snapshot(max_age)
            if key in items(snapshot):
                return items(snapshot)[key]
        reason = next((skipped.reason for skipped in snapshot.skipped if skipped.path == printable(key)), None)
        problem = f"cannot be read: {reason}" if reason else f"was not found.{printable(nearest(key, items(snapshot)))}"
        raise RunError(f"The {kind} {printable(key)} {problem}")

    def run(self, key: str) -> Run:
        """Open a run by its key.

        Raises:
            RunError: If there is none, or a link in its folder leads out of the chosen folders.
        """
        path = self._look_up("run", key, lambda snapshot: snapshot.summaries).path
        refuse_escaping_links(path, self.folders, READ_SUBFOLDERS)
        return Run.at(path)

    def details(self, key: str) -> RunDetails:
        """Return the details of a run by its key, read again if one of its files has changed.

        Raises:
            RunError: As :meth:`run`; or if one of its files is broken, or ``metrics.csv`` exceeds ``MAX_TABLE_BYTES``.
        """
        run = self.run(key)
        stamps = (*(file_stamp(str(run.path / name)) for name in DETAILS_FILES), _folder_stamp(run.path / "samples"))
        known = self._details.get(key)
        if known is None or not (known[0] == stamps or known[1].is_fresh(0)):
            known = stamps, _TimedRead.of(lambda: self._read_details(key, run.path))
            self._details = {**dict(list(self._details.items())[1 - MAX_DETAILS_KEPT :]), key: known}
        details, summary = known[1].value, self.snapshot(SNAPSHOT_MAX_AGE_SECONDS).summaries.get(key)
        if summary is None:
            raise RunError(f"The run {printable(key)} no longer exists.")
        return details if details.state == summary.state else replace(details, state=summary.state)

    @staticmethod
    def _read_details(key: str, folder: Path) -> RunDetails:
        table = folder / "metrics.csv"
        if (stamp := file_stamp(str(table))) and stamp.size > MAX_TABLE_BYTES:
            raise RunError(f"{table} has {stamp.size / 1e6:,.0f} MB: it is too large to show.")
        try:
            return read(folder, printable(key), plain_config)
        except (OSError, ValueError) as error:
            raise RunError(f"{folder} cannot be read: {one_line(error)}") from error

    def sweep(self, key: str) -> Sweep:
        """Open a sweep by its key.

        Raises:
            RunError: If there is none, or a link in its folder leads out of the chosen folders.
        """
        folder = self._look_up("sweep", key, lambda snapshot: snapshot.sweeps)
        try:
            trials = [path for path in folder.iterdir() if path.is_dir()]
        except OSError as error:
            raise RunError(f"The sweep {printable(key)} cannot be read: {one_line(error)}") from error
        refuse_escaping_links(folder, self.folders, ())
        for trial in trials:
            refuse_escaping_links(trial, self.folders, READ_SUBFOLDERS)
        return Sweep.at(folder)


def _folder_stamp(path: Path) -> FileStamp | None:
    """Return the stamp of a folder, which changes when files are added or removed."""
    return FileStamp(path.stat().st_mtime_ns, 0, False) if path.is_dir() else None


def _reason(folder: Path, error: Exception) -> str:
    status = folder / "status.json"
    if status.is_file() and not status.stat().st_size:
        return "half-written: status.json is empty, because the run is starting or was stopped while starting"
    if not (folder / "summary.json").exists():
        return "half-written: summary.json is missing"
    return one_line(error)
