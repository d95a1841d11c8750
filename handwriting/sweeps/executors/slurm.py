"""Trials as jobs of SLURM."""

from __future__ import annotations

import shlex
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import PositiveInt

from handwriting.errors import ConfigError, RunError
from handwriting.sweeps.executors.base import Executor, ResourceRequest
from handwriting.sweeps.trial import PATIENCE, TrialJob, perform

FOLDER = ".slurm"
"""Where scripts and logs of the jobs lie, in the sweep's folder."""
EVERY = 2.0
"""Seconds between two looks at the queue."""
SILENT = 600.0
"""Seconds that SLURM may not answer for before the sweep gives up."""
SETTLED = 5.0
"""Seconds before a job that is not in the queue is taken to have left it."""


@dataclass(frozen=True, kw_only=True)
class Slurm:
    """What ``hydra/launcher=slurm`` is given.

    Attributes:
        workers: Jobs in the queue or running at a time.
        threads: Cores, and threads, of each of a trial's processes.
        minutes: The longest that a job may take; SLURM stops it then, and the same command goes on with it.
        partition: Where it is queued; None for the cluster's default.
        memory_gb: Of each job; None for the cluster's default.
        setup: Lines of shell before each trial, such as ``module load cuda``.
        parameters: More of ``sbatch``'s own, such as ``{account: me}``.
    """

    workers: PositiveInt = 100
    threads: PositiveInt = 4
    minutes: PositiveInt = 240
    partition: str | None = None
    memory_gb: PositiveInt | None = None
    setup: tuple[str, ...] = ()
    parameters: dict[str, Any] = field(default_factory=dict)

    def open(self, needs: ResourceRequest) -> SlurmExecutor:
        """Return the executor.

        Raises:
            ConfigError: If submitit is not installed, or ``sbatch`` is not on this machine.
        """
        try:
            import submitit  # noqa: F401
        except ImportError as error:
            raise ConfigError("hydra/launcher=slurm needs submitit: pip install 'handwriting[slurm]'") from error
        from shutil import which

        if which("sbatch") is None:
            raise ConfigError("hydra/launcher=slurm: there is no sbatch here; run it where jobs are submitted.")
        if needs.devices is None:
            raise ConfigError(
                "hydra/launcher=slurm: give trainer.devices as a number, so that SLURM can be asked for it."
            )
        return SlurmExecutor(self, needs)


class SlurmExecutor(Executor):
    """Jobs of SLURM, each of which runs a trial, as many tasks of it as there are processes that train together.

    Args:
        settings: How they are submitted.
        needs: What each trial needs.
    """

    def __init__(self, settings: Slurm, needs: ResourceRequest) -> None:
        self.settings, self.needs = settings, needs
        self._running: dict[int, Any] = {}
        self._submitted: dict[int, float] = {}
        self._asked = 0.0
        self._answered = time.monotonic()

    def describe(self) -> str:
        """Say how many jobs there are at a time, and in which partition."""
        partition = self.settings.partition
        return f"{self.settings.workers} jobs of SLURM at a time" + (f" in {partition}" if partition else "")

    def parameters(self, name: str) -> dict[str, Any]:
        """Return what each job asks SLURM for, in submitit's words."""
        settings, needs = self.settings, self.needs
        wanted = {
            "job_name": name,
            "nodes": needs.nodes,
            "ntasks_per_node": needs.devices,
            "cpus_per_task": settings.threads,
            "gpus_per_node": needs.devices if needs.gpus and has_gpus() else None,
            "time": settings.minutes,
            "partition": settings.partition,
            "mem": settings.memory_gb and f"{settings.memory_gb}GB",
            "setup": list(settings.setup) or None,
            "array_parallelism": settings.workers,
            "stderr_to_stdout": True,
            "additional_parameters": settings.parameters,
        }
        return {key: value for key, value in wanted.items() if value is not None}

    def free_slots(self) -> int:
        """Return how many more jobs may be queued."""
        return self.settings.workers - len(self._running)

    def submit(self, jobs: Sequence[TrialJob]) -> None:
        """Queue trials, several of them as one array."""
        from submitit import SlurmExecutor
        from submitit.core.utils import FailedJobError

        folder, name = jobs[0].folder.parent / FOLDER, job_name(jobs[0])
        executor = SlurmExecutor(folder=folder)
        executor.update_parameters(**self.parameters(name))
        if not self._submitted:
            # What a sweep that was killed has left in the queue would begin beside what is queued now.
            _slurm("scancel", "--me", "--state=PENDING", f"--name={name}")
        try:
            with executor.batch():
                queued = [executor.submit(perform, job, self.settings.threads) for job in jobs]
        except FailedJobError as error:
            raise ConfigError(f"hydra/launcher=slurm: the jobs were refused: {' '.join(str(error).split())}") from error
        for job, handle in zip(jobs, queued, strict=True):
            self._running[job.number], self._submitted[job.number] = handle, time.monotonic()

    def poll(self) -> list[tuple[int, int | None]]:
        """Return the trials whose jobs have left the queue; how they ended their run folders tell."""
        if not self._running or time.monotonic() - self._asked < EVERY:
            return []
        self._asked = time.monotonic()
        try:
            listed = _slurm("squeue", "--me", "--noheader", "--array", "--format=%i").split()
        except RunError:
            if self._asked - self._answered > SILENT:
                raise
            return []  # it is busy, or being restarted: jobs go on meanwhile
        self._answered = self._asked
        gone = [
            number
            for number, handle in self._running.items()
            if handle.job_id not in listed and self._asked - self._submitted[number] > SETTLED
        ]
        for number in gone:
            del self._running[number]
        return [(number, None) for number in gone]

    def stop(self) -> None:
        """Cancel every job, which interrupts its trial, and wait until all have left the queue."""
        for handle in self._running.values():
            handle.cancel()
        until = time.monotonic() + 3 * PATIENCE
        while self._running and time.monotonic() < until:
            time.sleep(EVERY)
            self.poll()

    def close(self) -> None:
        """There is nothing to let go of."""


def has_gpus() -> bool:
    """Say whether any node of the cluster has a GPU."""
    return "gpu" in _slurm("sinfo", "--noheader", "--format=%G")


def _slurm(*command: str) -> str:
    """Return what a command of SLURM's answers.

    Raises:
        RunError: With what it complains of.
    """
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise RunError(f"{shlex.join(command)}: {' '.join(done.stderr.split())}")
    return done.stdout


def job_name(job: TrialJob) -> str:
    """Return what a trial's job is called: the same for all trials of a sweep."""
    return f"handwriting_{job.group}"
