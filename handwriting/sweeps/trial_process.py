"""The process of a trial: the same command that a person would start by hand, in the trial's own folder."""

from __future__ import annotations

import fcntl
import os
import shlex
import signal
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from handwriting.config import quoted
from handwriting.machine import own_environment, own_program
from handwriting.runs.folder import now

THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
"""The environment variables that set the number of threads of numerical libraries."""
PLACEMENT_VARIABLES = ("SLURM_JOB_ID", "RAY_RAYLET_PID", "CUDA_VISIBLE_DEVICES", "OMP_NUM_THREADS")
"""The environment variables that say where a trial ran, for its log."""
STOP_GRACE_SECONDS = 10.0
"""Seconds that a trial has to stop after each signal, before a stronger one follows."""
OUTPUT_FILE = "output.log"
"""The file in a run folder with what the trial prints; it is locked as long as one of its processes lives."""


@dataclass(frozen=True)
class TrialJob:
    """A trial as an executor receives it: plain values that can be sent to other machines.

    Attributes:
        number: The number of the trial.
        folder: Its run folder, absolute.
        overrides: All arguments of its training.
        group: The name under which trackers group the trials of the sweep.
        cwd: The folder that the sweep was started in; relative paths start there.
        environment: Environment variables in addition to those of the machine.
    """

    number: int
    folder: Path
    overrides: tuple[str, ...]
    group: str
    cwd: Path
    environment: Mapping[str, str] = field(default_factory=dict)


def arguments(folder: Path, overrides: Sequence[str]) -> list[str]:
    """Return the arguments of ``handwriting train`` that begin a run in ``folder``, or resume the one that is there."""
    status = folder / "status.json"
    if status.is_file() and not status.stat().st_size:
        status.unlink()  # claimed by a process that was killed before it began
    if status.is_file():
        return [f"resume={folder}"]
    return [*overrides, f"hydra.run.dir={quoted(str(folder))}"]


def is_held(folder: Path) -> bool:
    """Return whether a process of a trial lives on this machine, even where it has not begun its run yet.

    The lock belongs to the descriptor that the trial's processes inherit as their output, so that it lasts exactly as
    long as they do. ``filelock`` hands no descriptor to other processes: this lock stays ``fcntl``'s.
    """
    try:
        with (folder / OUTPUT_FILE).open("rb") as output:
            fcntl.flock(output, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def start(
    job: TrialJob, threads: int | None = None, gpus: str | None = None, inherited: Sequence[int] = ()
) -> subprocess.Popen[bytes]:
    """Start the process of a trial in its own process group; it prints into its run folder.

    Its output stays locked as long as one of its processes lives, even after the sweep has ended.

    Args:
        job: The trial.
        threads: The number of threads of each of its processes; None to leave it to the environment.
        gpus: The value of ``CUDA_VISIBLE_DEVICES``; None to leave it to the environment.
        inherited: File descriptors that it inherits, such as those of its GPUs' locks.
    """
    job.folder.mkdir(parents=True, exist_ok=True)
    environment = {**own_environment(), **job.environment, "WANDB_RUN_GROUP": job.group, "PYTHONUNBUFFERED": "1"}
    if threads is not None:
        environment |= dict.fromkeys(THREAD_VARIABLES, str(threads))
    if gpus is not None:
        environment["CUDA_VISIBLE_DEVICES"] = gpus
    words = ["train", *arguments(job.folder, job.overrides)]
    with (job.folder / _output_name(os.environ.get("SLURM_PROCID", "0"))).open("ab") as output:
        fcntl.flock(output, fcntl.LOCK_EX)  # a short wait at most: no trial is started while it is held
        placement = "  ".join(f"{name}={environment[name]}" for name in PLACEMENT_VARIABLES if name in environment)
        output.write(f"# {now()}  {socket.gethostname()}  {placement}\n$ handwriting {shlex.join(words)}\n".encode())
        output.flush()
        return subprocess.Popen(
            [*own_program(), *words],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=job.cwd,
            env=environment,
            pass_fds=inherited,
            start_new_session=True,  # Ctrl-C reaches the sweep alone, which then stops its trials
        )


def _output_name(rank: str) -> str:
    """Return the output file of one of the tasks that SLURM starts for a trial; the first task holds the trial."""
    return OUTPUT_FILE if rank == "0" else f"output_{rank}.log"


def kill_group(process: subprocess.Popen[bytes]) -> None:
    """Kill what is left of the process group of a trial that has ended, such as further ranks of a killed first one."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def interrupt(processes: Sequence[subprocess.Popen[bytes]]) -> None:
    """Stop trials by Ctrl-C's signal, then by SIGTERM, then by SIGKILL, each after ``STOP_GRACE_SECONDS``.

    A process that was started in the background of a shell may ignore Ctrl-C.
    """
    for sent in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
        alive = [process for process in processes if process.poll() is None]
        for process in alive:
            process.send_signal(sent)
        deadline = time.monotonic() + STOP_GRACE_SECONDS
        while any(process.poll() is None for process in alive) and time.monotonic() < deadline:
            time.sleep(0.05)
    for process in processes:
        process.wait()
        kill_group(process)


def perform(job: TrialJob, threads: int | None = None) -> int:
    """Run a trial from beginning to end, and return its exit status; a worker on another machine calls it."""
    process = start(job, threads)
    try:
        return process.wait()
    finally:
        interrupt([process])
