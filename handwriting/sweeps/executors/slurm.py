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
from handwriting.sweeps.trial_process import STOP_GRACE_SECONDS, TrialJob, perform
from handwriting.text import one_line

JOBS_FOLDER = ".slurm"
"""The folder of the jobs' scripts and logs, in the sweep folder."""
QUEUE_POLL_SECONDS = 2.0
"""Seconds between two readings of the queue."""
MAX_SILENCE_SECONDS = 600.0
"""Seconds without an answer of SLURM after which the sweep gives up."""
MIN_QUEUED_SECONDS = 5.0
"""Seconds after its submission in which a job may not be listed yet."""


@dataclass(frozen=True, kw_only=True)
class SlurmSettings:
    """The settings of ``hydra/launcher=slurm``.

    Attributes:
        workers: Jobs in the queue or running at a time.
        threads: Cores, and threads, of each process of a trial.
        minutes: The time limit of a job; SLURM stops it then, and the same command resumes it.
        partition: The partition of the jobs; None for the cluster's default.
        memory_gb: The memory of each job in GB; None for the cluster's default.
        setup: Lines of shell before each trial, such as ``module load cuda``.
        parameters: More parameters of ``sbatch``, such as ``{account: me}``.
    """

    workers: PositiveInt = 100
    threads: PositiveInt = 4
    minutes: PositiveInt = 240
    partition: str | None = None
    memory_gb: PositiveInt | None = None
    setup: tuple[str, ...] = ()
    parameters: dict[str, Any] = field(default_factory=dict)

    def open(self, request: ResourceRequest) -> SlurmExecutor:
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
            raise ConfigError("hydra/launcher=slurm: there is no sbatch here. Run the sweep where jobs are submitted.")
        if request.devices is None:
            raise ConfigError(
                "hydra/launcher=slurm: give trainer.devices as a number, so that it can be requested of SLURM."
            )
        return SlurmExecutor(self, request)


class SlurmExecutor(Executor):
    """Jobs of SLURM, one for each trial, with a task for each process that trains it.

    Args:
        settings: The settings of the jobs.
        request: What each trial needs.
    """

    def __init__(self, settings: SlurmSettings, request: ResourceRequest) -> None:
        self.settings, self.request = settings, request
        self._running: dict[int, Any] = {}
        self._submitted: dict[int, float] = {}
        self._polled_at = 0.0
        self._answered_at = time.monotonic()

    def describe(self) -> str:
        """Return the number of jobs at a time, and their partition."""
        partition = self.settings.partition
        return f"{self.settings.workers} jobs of SLURM at a time" + (f" in {partition}" if partition else "")

    def parameters(self, name: str) -> dict[str, Any]:
        """Return the parameters of each job, under submitit's names."""
        settings, request = self.settings, self.request
        parameters = {
            "job_name": name,
            "nodes": request.nodes,
            "ntasks_per_node": request.devices,
            "cpus_per_task": settings.threads,
            "gpus_per_node": request.devices if request.uses_gpus and has_gpus() else None,
            "time": settings.minutes,
            "partition": settings.partition,
            "mem": settings.memory_gb and f"{settings.memory_gb}GB",
            "setup": list(settings.setup) or None,
            "array_parallelism": settings.workers,
            "stderr_to_stdout": True,
            "additional_parameters": settings.parameters,
        }
        return {key: value for key, value in parameters.items() if value is not None}

    def free_slots(self) -> int:
        """Return how many more jobs may be queued."""
        return self.settings.workers - len(self._running)

    def submit(self, jobs: Sequence[TrialJob]) -> None:
        """Queue trials, several of them as one array."""
        import submitit
        from submitit.core.utils import FailedJobError

        folder, name = jobs[0].folder.parent / JOBS_FOLDER, job_name(jobs[0])
        executor = submitit.SlurmExecutor(folder=folder)
        executor.update_parameters(**self.parameters(name))
        if not self._submitted:
            # Jobs that a killed sweep has left in the queue would run the same trials at the same time.
            _slurm("scancel", "--me", "--state=PENDING", f"--name={name}")
        try:
            with executor.batch():
                queued = [executor.submit(perform, job, self.settings.threads) for job in jobs]
        except FailedJobError as error:
            raise ConfigError(f"hydra/launcher=slurm: the jobs were refused: {one_line(error)}") from error
        for job, handle in zip(jobs, queued, strict=True):
            self._running[job.number], self._submitted[job.number] = handle, time.monotonic()

    def poll(self) -> list[tuple[int, int | None]]:
        """Return the trials whose jobs have left the queue; their run folders record how they ended."""
        if not self._running or time.monotonic() - self._polled_at < QUEUE_POLL_SECONDS:
            return []
        self._polled_at = time.monotonic()
        try:
            listed = _slurm("squeue", "--me", "--noheader", "--array", "--format=%i").split()
        except RunError:
            if self._polled_at - self._answered_at > MAX_SILENCE_SECONDS:
                raise
            return []  # SLURM is busy or restarts; its jobs run on
        self._answered_at = self._polled_at
        ended = [
            number
            for number, handle in self._running.items()
            if handle.job_id not in listed and self._polled_at - self._submitted[number] > MIN_QUEUED_SECONDS
        ]
        for number in ended:
            del self._running[number]
        return [(number, None) for number in ended]

    def stop(self) -> None:
        """Cancel every job, which interrupts its trial, and wait until all have left the queue."""
        for handle in self._running.values():
            handle.cancel()
        deadline = time.monotonic() + 3 * STOP_GRACE_SECONDS
        while self._running and time.monotonic() < deadline:
            time.sleep(QUEUE_POLL_SECONDS)
            self.poll()

    def close(self) -> None:
        """Do nothing: the executor holds nothing."""


def has_gpus() -> bool:
    """Return whether any node of the cluster has a GPU."""
    return "gpu" in _slurm("sinfo", "--noheader", "--format=%G")


def _slurm(*command: str) -> str:
    """Return the output of one of SLURM's commands.

    Raises:
        RunError: With its error output, if it fails.
    """
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise RunError(f"{shlex.join(command)}: {' '.join(done.stderr.split())}")
    return done.stdout


def job_name(job: TrialJob) -> str:
    """Return the name of a trial's job, the same for all trials of a sweep."""
    return f"handwriting_{job.group}"
