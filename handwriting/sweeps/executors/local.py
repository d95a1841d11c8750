"""Trials as processes of this machine: one GPU each, or an equal share of its cores."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import PositiveInt

from handwriting.errors import ConfigError
from handwriting.sweeps.executors.base import Executor, ResourceRequest
from handwriting.sweeps.leases import Lease, lease
from handwriting.sweeps.trial import TrialJob, clear, interrupt, start


@dataclass(frozen=True, kw_only=True)
class Local:
    """What ``hydra/launcher=local`` is given.

    Attributes:
        workers: Trials at a time; None for as many as there are GPUs for, or on the CPU cores for.
        threads: Threads of each process; None for OMP_NUM_THREADS where that is set, or an equal share of the cores.
        trials_per_gpu: How many trials share a GPU: small ones leave most of it idle.
    """

    workers: PositiveInt | None = None
    threads: PositiveInt | None = None
    trials_per_gpu: PositiveInt = 1

    def open(self, needs: ResourceRequest) -> LocalExecutor:
        """Return the executor.

        Raises:
            ConfigError: If there are fewer GPUs than the workers need.
        """
        gpus = visible_gpus() if needs.gpus else []
        each = (needs.devices or len(gpus)) if gpus else 0
        threads = self.threads or (int(os.environ["OMP_NUM_THREADS"]) if os.environ.get("OMP_NUM_THREADS") else None)
        processes = needs.devices or 1
        if gpus:
            most = len(gpus) // each * self.trials_per_gpu
            if most < (self.workers or 1):
                raise ConfigError(
                    f"hydra.launcher.workers={self.workers or 1} with {each} GPU{'s' * (each > 1)} each: "
                    f"{len(gpus)} can be used here. Give fewer, or let trials share one: "
                    "hydra.launcher.trials_per_gpu=2."
                )
        else:
            most = max(1, cores() // (processes * (threads or 1)))
        workers = min(self.workers or most, needs.trials)
        return LocalExecutor(
            gpus, each, self.trials_per_gpu, workers, threads or max(1, cores() // (workers * processes))
        )


class LocalExecutor(Executor):
    """Processes of this machine.

    Args:
        gpus: The ids of its GPUs; none for the CPU.
        each: How many of them a trial gets.
        shared_by: How many trials share one.
        workers: Trials at a time.
        threads: Threads of each process.
    """

    def __init__(self, gpus: Sequence[str], each: int, shared_by: int, workers: int, threads: int) -> None:
        self.gpus, self.each, self.shared_by = gpus, each, shared_by
        self.workers, self.threads = workers, threads
        self._running: dict[int, tuple[subprocess.Popen[bytes], Lease | None]] = {}
        self._next: Lease | None = None

    def describe(self) -> str:
        """Say how many work, and on what."""
        if not self.gpus:
            return on_threads(self.workers, self.threads)
        workers = f"{self.workers} worker{'s' * (self.workers > 1)}"
        shared = f", {self.shared_by} trials on each" if self.shared_by > 1 else ""
        return f"{workers} on {len(self.gpus)} GPU{'s' * (len(self.gpus) > 1)}{shared}"

    def free_slots(self) -> int:
        """Return how many workers are idle; with GPUs one at most, whose lease is taken by that."""
        idle = self.workers - len(self._running)
        if self.gpus and idle:
            self._next = self._next or lease(self.gpus, self.each, self.shared_by)
            return int(self._next is not None)
        return idle

    def submit(self, jobs: Sequence[TrialJob]) -> None:
        """Start trials."""
        for job in jobs:
            held, self._next = self._next, None
            gpus = ",".join(held.gpus) if held else None
            process = start(job, self.threads, gpus, held.files if held else ())
            self._running[job.number] = process, held

    def poll(self) -> list[tuple[int, int | None]]:
        """Return the trials whose processes are gone."""
        found: list[tuple[int, int | None]] = []
        for number, (process, held) in list(self._running.items()):
            if (status := process.poll()) is not None:
                clear(process)
                if held:
                    held.release()
                del self._running[number]
                found.append((number, status))
        return found

    def stop(self) -> None:
        """Interrupt all of them at once."""
        interrupt([process for process, _ in self._running.values()])

    def close(self) -> None:
        """Give back a GPU that no trial came for."""
        if self._next:
            self._next.release()


def on_threads(workers: int, threads: int) -> str:
    """Say how many workers there are on the CPU, and of how many threads."""
    return f"{workers} worker{'s' * (workers > 1)} of {threads} thread{'s' * (threads > 1)}"


def cores() -> int:
    """Return the cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def visible_gpus() -> list[str]:
    """Return the ids of the GPUs that this process may use, as ``CUDA_VISIBLE_DEVICES`` names them."""
    import torch

    named = [name.strip() for name in os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",") if name.strip()]
    count = torch.cuda.device_count()
    return named[:count] if named else [str(index) for index in range(count)]
