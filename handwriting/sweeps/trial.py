"""A trial's process: the very run that a person would start by hand, in the trial's own folder."""

from __future__ import annotations

import fcntl
import os
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from handwriting.config import quoted
from handwriting.runs.folder import now
from handwriting.sweeps.folder import OUTPUT

THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
"""The variables by which libraries are told how many threads to use."""
WHERE = ("SLURM_JOB_ID", "RAY_RAYLET_PID", "CUDA_VISIBLE_DEVICES", "OMP_NUM_THREADS")
"""The variables that tell where a trial ran, for its log."""
PATIENCE = 10.0
"""Seconds that a trial has to stop each time that it is asked to."""


@dataclass(frozen=True)
class TrialJob:
    """A trial as a launcher gets it: plain values that travel to other machines.

    Attributes:
        number: The trial's.
        folder: Its run folder, absolute.
        overrides: All that its training is given.
        group: What trackers file all trials of the sweep under.
        cwd: Where the sweep was started, and relative paths begin.
        environment: Variables besides those of the machine.
    """

    number: int
    folder: Path
    overrides: tuple[str, ...]
    group: str
    cwd: Path
    environment: Mapping[str, str] = field(default_factory=dict)


def arguments(folder: Path, overrides: Sequence[str]) -> list[str]:
    """Return what ``handwriting train`` is given to begin a run in ``folder``, or to go on with what is there."""
    status = folder / "status.json"
    if status.is_file() and not status.stat().st_size:
        status.unlink()  # claimed by a process that was killed before it began
    if status.is_file():
        return [f"resume={folder}"]
    return [*overrides, f"hydra.run.dir={quoted(str(folder))}"]


def is_held(folder: Path) -> bool:
    """Say whether a process of a trial is there, on this machine, though it may not have begun its run yet."""
    try:
        with (folder / OUTPUT).open("rb") as output:
            fcntl.flock(output, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def start(
    job: TrialJob, threads: int | None = None, gpus: str | None = None, keep: Sequence[int] = ()
) -> subprocess.Popen[bytes]:
    """Start a trial's process, in a group of processes of its own; what it prints goes to its folder.

    Its output stays locked for as long as one of its processes is there, even where the sweep is not any more.

    Args:
        job: The trial.
        threads: How many each of its processes computes with; None for what the environment says.
        gpus: The value of ``CUDA_VISIBLE_DEVICES``; None for what the environment says.
        keep: File descriptors that it inherits.
    """
    job.folder.mkdir(parents=True, exist_ok=True)
    environment = {**os.environ, **job.environment, "WANDB_RUN_GROUP": job.group, "PYTHONUNBUFFERED": "1"}
    if threads is not None:
        environment |= dict.fromkeys(THREADS, str(threads))
    if gpus is not None:
        environment["CUDA_VISIBLE_DEVICES"] = gpus
    words = ["train", *arguments(job.folder, job.overrides)]
    with (job.folder / _output_of(os.environ.get("SLURM_PROCID", "0"))).open("ab") as output:
        fcntl.flock(output, fcntl.LOCK_EX)  # a short wait at most: nobody starts a trial that is held
        where = "  ".join(f"{name}={environment[name]}" for name in WHERE if name in environment)
        output.write(f"# {now()}  {socket.gethostname()}  {where}\n$ handwriting {shlex.join(words)}\n".encode())
        output.flush()
        return subprocess.Popen(
            [sys.executable, "-m", "handwriting", *words],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=job.cwd,
            env=environment,
            pass_fds=keep,
            start_new_session=True,  # Ctrl-C reaches the sweep alone, which tells its trials
        )


def _output_of(rank: str) -> str:
    """Return where one of the processes that SLURM starts side by side prints to: the first one holds the trial."""
    return OUTPUT if rank == "0" else f"output_{rank}.log"


def clear(process: subprocess.Popen[bytes]) -> None:
    """Kill what a trial that has ended may have left of its group: other ranks of a first process that was killed."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def interrupt(processes: Sequence[subprocess.Popen[bytes]]) -> None:
    """Ask trials to stop as Ctrl-C would, then more firmly, and kill those that have not after ``PATIENCE``.

    What was started in the background of a shell may ignore Ctrl-C.
    """
    for asked in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
        left = [process for process in processes if process.poll() is None]
        for process in left:
            process.send_signal(asked)
        until = time.monotonic() + PATIENCE
        while any(process.poll() is None for process in left) and time.monotonic() < until:
            time.sleep(0.05)
    for process in processes:
        process.wait()
        clear(process)


def perform(job: TrialJob, threads: int | None = None) -> int:
    """Run a trial from beginning to end, and return its exit status; how a worker on another machine does it."""
    process = start(job, threads)
    try:
        return process.wait()
    finally:
        interrupt([process])
