"""A run folder: claimed once, kept up to date while it trains, read back by everything else."""

from __future__ import annotations

import os
import platform
import re
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

from handwriting.errors import RunError
from handwriting.files import expanded, read_json, write_atomically, write_json
from handwriting.metric_values import of_one_class
from handwriting.runs.metrics import MetricsFile
from handwriting.runs.stopping import StoppedBy

SCHEMA = 1
HEARTBEAT_SECONDS = 5.0
"""How often a running run says that it is alive."""
KEPT_IN_STATUS = ("init", "data_fingerprints")
"""What a resumed run keeps of the status of its earlier sessions, since it is not found out again."""
DEAD_AFTER_SECONDS = 120.0
"""A run on another machine that has said nothing for so long is taken for dead."""

State = Literal["running", "done", "interrupted", "failed"]


def now() -> str:
    """Return the current time in the format of status files."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def process_facts() -> dict[str, Any]:
    """Return what a status file says of the process that writes it, by which :func:`lives` finds it again."""
    pid = os.getpid()
    return {"pid": pid, "host": socket.gethostname(), "process_started": _process_started(pid)}


def lives(status: Mapping[str, Any]) -> bool:
    """Return whether a run is alive: its process exists, or on another machine has sent a recent heartbeat."""
    if status["state"] != "running":
        return False
    if status["host"] == socket.gethostname():
        started = status.get("process_started")
        return _process_exists(status["pid"]) and started in (None, _process_started(status["pid"]))
    silence = datetime.now(UTC) - datetime.fromisoformat(status["heartbeat"])
    return silence.total_seconds() < DEAD_AFTER_SECONDS


def _process_started(pid: int) -> int | None:
    """Return when a process began, in ticks since the machine did, or None where the system does not say.

    It distinguishes a process from a later one with the same id. A process that has ended has none.
    """
    try:
        state, *fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if state == "Z" else int(fields[18])


def _process_exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # it is there, and somebody else's
        return True
    return True


def claim(requested: Path) -> Path:
    """Claim a folder for this run: the requested one, or the first of ``<name>_2``, ``<name>_3``, ... that is free.

    Whoever creates ``status.json`` owns the folder, so two runs that start in the same second get two folders.

    Returns:
        The folder claimed.
    """
    number = 1
    while True:
        folder = requested if number == 1 else requested.with_name(f"{requested.name}_{number}")
        folder.mkdir(parents=True, exist_ok=True)
        try:
            (folder / "status.json").open("x").close()
        except FileExistsError:
            number += 1
        else:
            return folder


def release(folder: Path) -> None:
    """Give up a claim where no run has begun in the folder: ``status.json`` is still empty."""
    status = folder / "status.json"
    if status.is_file() and not status.stat().st_size:
        status.unlink()


class RunFolder:
    """The folder of the run that is training now; written by its first process only.

    Args:
        path: The folder, claimed.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.metrics = MetricsFile(path / "metrics.csv")
        self._last_beat = 0.0
        self._status: dict[str, Any] = {}
        self._summary: dict[str, Any] = {}

    @property
    def status(self) -> Mapping[str, Any]:
        """What ``status.json`` holds."""
        return self._status

    def begin(self, config: str, status: dict[str, Any], summary: dict[str, Any]) -> None:
        """Write what is known before training; a resumed run keeps its first start and what it has measured.

        Args:
            config: The resolved configuration as YAML.
            status: Plain values to keep next to the state: seed, command, threads, ...
            summary: Plain values that a table of runs shows.
        """
        before = self._read("status.json")
        write_atomically(self.path / "config.yaml", lambda file: file.write(config.encode()))
        packages = ("torch", "pytorch-lightning", "hydra-core", "numpy", "handwriting")
        self._status = {
            **{name: before[name] for name in KEPT_IN_STATUS if name in before},
            "schema": SCHEMA,
            "state": "running",
            "why": None,
            "stopped_by": None,
            **process_facts(),
            "started": before.get("started", now()),
            "sessions": before.get("sessions", 0) + 1,
            "ended": None,
            "versions": {"python": platform.python_version(), **{name: version(name) for name in packages}},
            **status,
        }
        self._summary = {"schema": SCHEMA, **self._read("summary.json"), **summary}
        self.beat(force=True)
        self.summarise({})

    def _read(self, name: str) -> dict[str, Any]:
        """Return what an earlier session wrote; nothing in a folder that was just claimed."""
        path = self.path / name
        return read_json(path) if path.is_file() and path.stat().st_size else {}

    def beat(self, force: bool = False) -> None:
        """Write a heartbeat, unless the last one was written a moment ago."""
        if force or time.monotonic() - self._last_beat > HEARTBEAT_SECONDS:
            self._last_beat = time.monotonic()
            write_json(self.path / "status.json", {**self._status, "heartbeat": now()})

    def note(self, **values: Any) -> None:
        """Add to the status what became known after the start."""
        self._status.update(values)
        self.beat(force=True)

    def summarise(self, values: dict[str, Any]) -> None:
        """Bring ``summary.json`` up to date."""
        self._summary.update(values, state=self._status["state"])
        write_json(self.path / "summary.json", self._summary)

    def add_picture(self, file: str, caption: str) -> None:
        """Record in ``summary.json`` that a single picture was written, such as ``training.gif``.

        Args:
            file: Its path in the folder.
            caption: What it shows.
        """
        self.summarise({"pictures": {**self._summary.get("pictures", {}), file: caption}})

    def end(self, state: State, why: str | None = None, stopped_by: StoppedBy | None = None) -> None:
        """Write how the run ended.

        Args:
            state: How it ended.
            why: Why it ended early; None where it is done.
            stopped_by: Who requested that it end early; None where nobody did.
        """
        self._status.update(state=state, why=why, stopped_by=stopped_by, ended=now())
        self.beat(force=True)
        self.summarise({})


@dataclass(frozen=True)
class Run:
    """A run folder read back.

    Attributes:
        path: The folder.
    """

    path: Path

    @classmethod
    def at(cls, path: str | Path) -> Run:
        """Open a run folder.

        Raises:
            RunError: If there is none.
        """
        folder = expanded(path)
        if not (folder / "status.json").is_file():
            there = "is not a run folder (no status.json)" if folder.is_dir() else "does not exist"
            raise RunError(f"{folder} {there}: give the folder that training printed, such as runs/<time>_cgan_digits.")
        return cls(folder)

    @property
    def status(self) -> dict[str, Any]:
        """The content of ``status.json``."""
        return read_json(self.path / "status.json")

    @property
    def summary(self) -> dict[str, Any]:
        """The content of ``summary.json``."""
        return read_json(self.path / "summary.json")

    @property
    def config_file(self) -> Path:
        """The resolved configuration: data, to be checked before anything in it is built."""
        return self.path / "config.yaml"

    def _repr_png_(self) -> bytes | None:
        """Return the last grid of samples: a notebook shows a run as its picture."""
        grids = sorted((self.path / "samples").glob("*.png"))
        return grids[-1].read_bytes() if grids else None

    def metrics(self) -> list[dict[str, float]]:
        """Return the rows of ``metrics.csv``."""
        return MetricsFile(self.path / "metrics.csv").read()

    def pictures(self, kind: str) -> dict[int, Path]:
        """Return the pictures of a folder, such as ``samples`` or ``reconstructions``, by their epoch, in order."""
        matches = {
            path: re.fullmatch(r"epoch_([0-9]+)\.png", path.name) for path in (self.path / kind).glob("epoch_*.png")
        }
        return dict(sorted((int(match[1]), path) for path, match in matches.items() if match))

    def evaluation(self) -> dict[str, Any]:
        """Return ``evaluation.json``, ``{metric: {value, floor, n, unit, ...}}``; empty where it is missing.

        Raises:
            RunError: If it is broken.
        """
        path = self.path / "evaluation.json"
        return read_json(path) if path.is_file() else {}

    def write_evaluation(self, metrics: dict[str, Any]) -> None:
        """Replace ``evaluation.json``, and write its numbers into ``summary.json``, from which tables are made."""
        write_json(self.path / "evaluation.json", metrics)
        tested = {
            name: {"value": metric["value"], "floor": metric["floor"]}
            for name, metric in metrics.items()
            if not of_one_class(name)
        }
        write_json(self.path / "summary.json", {**self.summary, "tested": tested})

    def is_alive(self) -> bool:
        """Return whether the run is alive, as :func:`lives` says of its status.

        Raises:
            RunError: If the status does not say.
        """
        status = self.status
        needed = ("state", "host", "pid", "heartbeat") if status.get("state") == "running" else ("state",)
        if absent := [name for name in needed if name not in status]:
            raise RunError(f"{self.path / 'status.json'} is broken (no {absent[0]}): start a new run.")
        return lives(status)

    def checkpoint(self, name: Literal["best", "last"] | None = None) -> Path:
        """Return the path of a checkpoint: the one named, or the best, or where there is no best the last."""
        folder = self.path / "checkpoints"
        if name is None:
            name = "best" if (folder / "best.ckpt").is_file() else "last"
        return folder / f"{name}.ckpt"


def checkpoint_file(path: str | Path) -> Path:
    """Return the checkpoint that a path names: a file itself, or of a run folder the best or the last one.

    Raises:
        RunError: If it is neither a file nor a run folder.
    """
    named = expanded(path)
    return named if named.is_file() else Run.at(named).checkpoint()
