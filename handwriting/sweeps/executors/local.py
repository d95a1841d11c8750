"""Trials as processes of this machine: one GPU each, or an equal share of its cores."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import PositiveInt

from handwriting.errors import ConfigError
from handwriting.machine import available_cores
from handwriting.sweeps.executors.base import Executor, ResourceRequest
from handwriting.sweeps.leases import Lease, lease
from handwriting.sweeps.trial_process import TrialJob, interrupt, kill_group, start


@dataclass(frozen=True, kw_only=True)
class LocalSettings:
    """The settings of ``hydra/launcher=local``.

    Attributes:
        workers: Trials at a time; None for as many as the GPUs, or on the CPU the cores, suffice for.
        threads: Threads of each process; None for OMP_NUM_THREADS where that is set, or an equal share of the cores.
        trials_per_gpu: The number of trials that share a GPU; small ones leave most of it idle.
    """

    workers: PositiveInt | None = None
    threads: PositiveInt | None = None
    trials_per_gpu: PositiveInt = 1

    def open(self, request: ResourceRequest) -> LocalExecutor:
        """Return the executor.

        Raises:
            ConfigError: If there are fewer GPUs than the workers need.
        """
        gpus = visible_gpus() if request.uses_gpus else []
        gpus_each = (request.devices or len(gpus)) if gpus else 0
        threads = self.threads or (int(os.environ["OMP_NUM_THREADS"]) if os.environ.get("OMP_NUM_THREADS") else None)
        processes = request.devices or 1
        if gpus:
            max_workers = len(gpus) // gpus_each * self.trials_per_gpu
            if max_workers < (self.workers or 1):
                raise ConfigError(
                    f"hydra.launcher.workers={self.workers or 1} with {gpus_each} GPU{'s' * (gpus_each > 1)} each: "
                    f"{len(gpus)} can be used here. Give fewer workers, or let trials share a GPU: "
                    "hydra.launcher.trials_per_gpu=2."
                )
        else:
            max_workers = max(1, available_cores() // (processes * (threads or 1)))
        workers = min(self.workers or max_workers, request.trials)
        return LocalExecutor(
            gpus, gpus_each, self.trials_per_gpu, workers, threads or max(1, available_cores() // (workers * processes))
        )


class LocalExecutor(Executor):
    """Processes of this machine.

    Args:
        gpus: The ids of its GPUs; none for the CPU.
        gpus_each: The number of GPUs of each trial.
        shared_by: The number of trials that share a GPU.
        workers: Trials at a time.
        threads: Threads of each process.
    """

    def __init__(self, gpus: Sequence[str], gpus_each: int, shared_by: int, workers: int, threads: int) -> None:
        self.gpus, self.gpus_each, self.shared_by = gpus, gpus_each, shared_by
        self.workers, self.threads = workers, threads
        self._running: dict[int, tuple[subprocess.Popen[bytes], Lease | None]] = {}
        self._next_lease: Lease | None = None

    def describe(self) -> str:
        """Return the number of workers, and what they run on."""
        if not self.gpus:
            return describe_workers(self.workers, self.threads)
        workers = f"{self.workers} worker{'s' * (self.workers > 1)}"
        shared = f", {self.shared_by} trials on each" if self.shared_by > 1 else ""
        return f"{workers} on {len(self.gpus)} GPU{'s' * (len(self.gpus) > 1)}{shared}"

    def free_slots(self) -> int:
        """Return the number of idle workers; with GPUs at most one, for which this call takes the lease."""
        idle = self.workers - len(self._running)
        if self.gpus and idle:
            self._next_lease = self._next_lease or lease(self.gpus, self.gpus_each, self.shared_by)
            return int(self._next_lease is not None)
        return idle

    def submit(self, jobs: Sequence[TrialJob]) -> None:
        """Start trials."""
        for job in jobs:
            gpu_lease, self._next_lease = self._next_lease, None
            gpus = ",".join(gpu_lease.gpus) if gpu_lease else None
            process = start(job, self.threads, gpus, gpu_lease.files if gpu_lease else ())
            self._running[job.number] = process, gpu_lease

    def poll(self) -> list[tuple[int, int | None]]:
        """Return the trials whose processes have ended."""
        ended: list[tuple[int, int | None]] = []
        for number, (process, gpu_lease) in list(self._running.items()):
            if (status := process.poll()) is not None:
                kill_group(process)
                if gpu_lease:
                    gpu_lease.release()
                del self._running[number]
                ended.append((number, status))
        return ended

    def stop(self) -> None:
        """Interrupt all of them at once."""
        interrupt([process for process, _ in self._running.values()])

    def close(self) -> None:
        """Release a GPU that was leased and not used."""
        if self._next_lease:
            self._next_lease.release()


def describe_workers(workers: int, threads: int) -> str:
    """Return the number of workers on the CPU and of their threads, in words."""
    return f"{workers} worker{'s' * (workers > 1)} of {threads} thread{'s' * (threads > 1)}"


def visible_gpus() -> list[str]:
    """Return the ids of the GPUs that this process may use, as ``CUDA_VISIBLE_DEVICES`` names them."""
    import torch

    named = [name.strip() for name in os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",") if name.strip()]
    count = torch.cuda.device_count()
    return named[:count] if named else [str(index) for index in range(count)]
