"""All runs and sweeps below some folders, looked at again and again: only what has changed is read anew."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Lock
from typing import Any, Generic, NamedTuple, TypeVar

from handwriting.config import plain_config
from handwriting.errors import RunError, nearest
from handwriting.runs import Run
from handwriting.runs.details import RunDetails, Skipped, distinct_names, read
from handwriting.runs.files import read_json
from handwriting.runs.folder import lives
from handwriting.runs.safe_paths import refuse_escaping_links, resolve_file_within, resolve_within
from handwriting.runs.summaries import DEAD, RunSummary, read_summary
from handwriting.sweeps import Sweep
from handwriting.sweeps.folder import PLAN_FILE, STATUS_FILE
from handwriting.text import one_line, printable

DEEPEST = 3
"""How far below a chosen folder a run may lie: ``sweeps/<name>/<trial>``, seen from where ``sweeps`` lies."""

READ = ("metrics.csv", "summary.json", "status.json", "config.yaml", "evaluation.json")
"""The files that a record is made of, besides grids."""
INNER = ("samples", "reconstructions", "checkpoints")
"""The folders in a run's that are read; trackers keep links to their own places in others."""
LARGEST_TABLE = 64_000_000
"""Bytes of the largest ``metrics.csv`` that is read."""
MOST_RECORDS = 40
"""So many are kept."""
RECENT = 1.0
"""Seconds for which a look is good enough to find a run by its key."""
LONG, REST = 0.5, 4.0
"""What takes so many seconds to read is not read again before so many times as long: pages ask every second."""
Value = TypeVar("Value")
NO_RUN = "not a run folder (no status.json)"


class Stamp(NamedTuple):
    """What changes when a file does."""

    changed: int
    size: int
    is_link: bool


@dataclass(frozen=True)
class Snapshot:
    """What there is at one moment.

    Attributes:
        entries: The runs by key, those that began last first; a key is the run's path below a chosen folder, with the
            folder's name.
        sweeps: The folder of each sweep by its key.
        sweep_of: The key of the sweep that a run is a trial of.
        skipped: What is there besides, and cannot be read.
    """

    entries: Mapping[str, RunSummary]
    sweeps: Mapping[str, Path]
    sweep_of: Mapping[str, str]
    skipped: tuple[Skipped, ...]

    @property
    def is_running(self) -> bool:
        """Whether any run is."""
        return any(entry.state == "running" for entry in self.entries.values())

    def trials(self, sweep: str) -> dict[int, RunSummary]:
        """Return the runs of a sweep, by the numbers of their trials."""
        names = {key.rpartition("/")[2]: key for key, own in self.sweep_of.items() if own == sweep}
        return {int(name): self.entries[key] for name, key in names.items() if name.isdecimal()}


@dataclass(frozen=True)
class _Known:
    """What was read of a run, and of which files."""

    stamps: tuple[Stamp | None, ...]
    entry: RunSummary | None
    status: Mapping[str, Any]
    reason: str = ""


@dataclass(frozen=True)
class _Kept(Generic[Value]):
    """Something that was read.

    Attributes:
        value: What.
        when: At which time, in seconds of a clock that only goes forward.
        took: How many seconds it took.
    """

    value: Value
    when: float
    took: float

    def serves(self, age: float) -> bool:
        """Tell whether it is good enough for who takes what is ``age`` seconds old; what took long lasts longer."""
        return time.monotonic() - self.when < max(age, REST * self.took if self.took > LONG else 0)


@dataclass
class _Found:
    """What a walk through the folders has come upon: folders by key."""

    runs: dict[str, str] = field(default_factory=dict)
    sweeps: dict[str, str] = field(default_factory=dict)
    foreign: list[str] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)


class RunIndex:
    """Knows the runs and sweeps below some folders, and leads nowhere else.

    Args:
        folders: Where they lie; those that do not exist yet are looked for again.
    """

    def __init__(self, folders: Sequence[Path]) -> None:
        real = dict.fromkeys(Path(folder).resolve() for folder in folders)
        self.folders = tuple(folder for folder in real if not set(folder.parents) & set(real))
        self._known: dict[str, _Known] = {}
        self._records: dict[str, tuple[tuple[Stamp | None, ...], _Kept[RunDetails]]] = {}
        self._last: _Kept[Snapshot] | None = None
        self._lock = Lock()

    def snapshot(self, age: float = 0.0) -> Snapshot:
        """Return what there is now, or was at most ``age`` seconds ago."""
        with self._lock:
            if self._last is None or not self._last.serves(age):
                began = time.monotonic()
                snapshot = self._scan()
                self._last = _Kept(snapshot, time.monotonic(), time.monotonic() - began)
            return self._last.value

    def _scan(self) -> Snapshot:
        found = _Found()
        for root, name in zip(self.folders, distinct_names(self.folders), strict=True):
            if root.is_dir():
                self._walk(str(root), name, DEEPEST, found)
        known = self._known = {key: self._read(key, folder) for key, folder in found.runs.items()}
        skipped = [*found.skipped, *(Skipped(printable(key), NO_RUN) for key in found.foreign)]
        skipped += [Skipped(printable(key), printable(one.reason)) for key, one in known.items() if one.entry is None]
        entries = {key: one.entry for key, one in known.items() if one.entry}
        newest = sorted(entries, key=lambda key: (entries[key].started or "", key), reverse=True)
        trials = {key: sweep for key in entries if (sweep := key.rpartition("/")[0]) in found.sweeps}
        return Snapshot(
            {key: entries[key] for key in newest},
            {key: Path(folder) for key, folder in sorted(found.sweeps.items(), reverse=True)},
            trials,
            tuple(skipped),
        )

    def _walk(self, folder: str, key: str, depth: int, found: _Found) -> bool:
        """Note the runs and sweeps at a place or below it, and say whether anything was noted of it."""
        if _stamp(f"{folder}/status.json"):
            found.runs[key] = folder
            return True
        try:
            with os.scandir(folder) as listed:
                inner = sorted((one for one in listed if one.name[0] != "."), key=lambda one: one.name)
            noted = any(one.name == PLAN_FILE for one in inner)
            for name in (PLAN_FILE, STATUS_FILE) if noted else ():
                resolve_file_within(f"{folder}/{name}", self.folders)
        except (OSError, RunError) as error:
            found.skipped.append(Skipped(printable(key), printable(one_line(error))))
            return True
        if noted:
            found.sweeps[key] = folder
        for one in inner if depth else ():
            place = f"{key}/{one.name}"
            try:
                if one.is_symlink() and resolve_within(one.path, self.folders) in (Path(folder), *Path(folder).parents):
                    raise RunError("a link to a folder around it")
                is_folder = one.is_dir()
                if is_folder and not one.name.isascii():
                    one.name.encode()
            except (OSError, RunError, UnicodeEncodeError) as error:
                found.skipped.append(Skipped(printable(place), printable(one_line(error))))
                noted = True
                continue
            before = len(found.foreign)
            if is_folder and self._walk(one.path, place, depth - 1, found):
                noted = True
            elif is_folder:  # in a sweep, a trial that has not begun may have a folder
                found.foreign[before:] = [] if key in found.sweeps else [place]
        return noted

    def _read(self, key: str, folder: str) -> _Known:
        """Return what a run says, from memory where neither of its files has changed."""
        path, names = Path(folder), ("summary.json", "status.json")
        stamps = tuple(_stamp(f"{folder}/{name}") for name in names)
        known = self._known.get(key)
        try:
            if known is None or known.stamps != stamps:
                for name, stamp in zip(names, stamps, strict=True):
                    if stamp is None or stamp.is_link:
                        resolve_file_within(path / name, self.folders)
                summary, status = (read_json(path / name) for name in names)
                return _Known(stamps, read_summary(path, printable(key), summary, status), status)
            if known.entry and known.entry.state in ("running", DEAD):
                state = "running" if lives(known.status) else DEAD
                return replace(known, entry=replace(known.entry, state=state))
        except (RunError, OSError, ValueError) as error:
            return _Known(stamps, None, {}, _reason(path, error))
        return known

    # What an address names

    def _named(self, what: str, key: str, known: Callable[[Snapshot], Mapping[str, Value]]) -> Value:
        """Return the run or the sweep with this key, also where it has only just come.

        Raises:
            RunError: If there is none.
        """
        for age in (RECENT, 0.0):
            snapshot = self.snapshot(age)
            if key in known(snapshot):
                return known(snapshot)[key]
        told = next((one.reason for one in snapshot.skipped if one.place == printable(key)), None)
        there = f"cannot be read: {told}" if told else f"is not here.{printable(nearest(key, known(snapshot)))}"
        raise RunError(f"The {what} {printable(key)} {there}")

    def run(self, key: str) -> Run:
        """Open a run by its key.

        Raises:
            RunError: If there is none, or something in its folder leads out of the chosen folders.
        """
        path = self._named("run", key, lambda snapshot: snapshot.entries).path
        refuse_escaping_links(path, self.folders, INNER)
        return Run.at(path)

    def record(self, key: str) -> RunDetails:
        """Return all that is known of a run by its key, read anew where a file of it has changed.

        Raises:
            RunError: As :meth:`run`; or if a file of it is broken, or far too large.
        """
        run = self.run(key)
        stamps = (*(_stamp(str(run.path / name)) for name in READ), _folder_stamp(run.path / "samples"))
        known = self._records.get(key)
        if known is None or not (known[0] == stamps or known[1].serves(0)):
            began = time.monotonic()
            if (table := _stamp(str(run.path / "metrics.csv"))) and table.size > LARGEST_TABLE:
                raise RunError(
                    f"{run.path / 'metrics.csv'} has {table.size / 1e6:,.0f} MB: it is too large to be shown."
                )
            try:
                record = read(run.path, printable(key), plain_config)
            except (OSError, ValueError) as error:
                raise RunError(f"{run.path} cannot be read: {one_line(error)}") from error
            known = stamps, _Kept(record, time.monotonic(), time.monotonic() - began)
            self._records = {**dict(list(self._records.items())[1 - MOST_RECORDS :]), key: known}
        record, entry = known[1].value, self.snapshot(RECENT).entries.get(key)
        if entry is None:
            raise RunError(f"The run {printable(key)} is gone.")
        return record if record.state == entry.state else replace(record, state=entry.state)

    def sweep(self, key: str) -> Sweep:
        """Open a sweep by its key.

        Raises:
            RunError: If there is none, or something in its folder leads out of the chosen folders.
        """
        folder = self._named("sweep", key, lambda snapshot: snapshot.sweeps)
        try:
            trials = [path for path in folder.iterdir() if path.is_dir()]
        except OSError as error:
            raise RunError(f"The sweep {printable(key)} cannot be read: {one_line(error)}") from error
        refuse_escaping_links(folder, self.folders, ())
        for trial in trials:
            refuse_escaping_links(trial, self.folders, INNER)
        return Sweep.at(folder)


def _stamp(path: str) -> Stamp | None:
    """Return what changes when a file does; None where there is none."""
    try:
        found = os.lstat(path)
        if is_link := stat.S_ISLNK(found.st_mode):
            found = Path(path).stat()
    except OSError:
        return None
    return Stamp(found.st_mtime_ns, found.st_size, is_link) if stat.S_ISREG(found.st_mode) else None


def _folder_stamp(path: Path) -> Stamp | None:
    """Return what changes when a file comes into a folder or leaves it."""
    return Stamp(path.stat().st_mtime_ns, 0, False) if path.is_dir() else None


def _reason(folder: Path, error: Exception) -> str:
    status = folder / "status.json"
    if status.is_file() and not status.stat().st_size:
        return "half-written: status.json is empty, so it is starting now, or it was stopped as it started"
    if not (folder / "summary.json").exists():
        return "half-written: summary.json is missing"
    return one_line(error)
