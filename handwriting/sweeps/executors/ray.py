"""Trials on a Ray cluster: one that is there, or one that is started on this machine."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import PositiveInt

from handwriting.errors import ConfigError
from handwriting.sweeps.executors.base import Executor, ResourceRequest
from handwriting.sweeps.trial import TrialJob, perform


@dataclass(frozen=True, kw_only=True)
class Ray:
    """What ``hydra/launcher=ray`` is given.

    Attributes:
        address: Of a cluster; ``auto`` for the one that this machine belongs to; None to start one here.
        workers: Trials at a time; None for as many as the cluster has room for.
        threads: Cores, and threads, of each trial's processes.
        trials_per_gpu: How many trials share a GPU.
    """

    address: str | None = None
    workers: PositiveInt | None = None
    threads: PositiveInt = 1
    trials_per_gpu: PositiveInt = 1

    def open(self, needs: ResourceRequest) -> RayExecutor:
        """Connect to the cluster, or start one.

        Raises:
            ConfigError: If Ray is not installed, the cluster is not there, or lacks what a trial needs.
        """
        try:
            import ray
        except ImportError as error:
            raise ConfigError("hydra/launcher=ray needs Ray: pip install 'handwriting[ray]'") from error
        try:
            ray.init(self.address, log_to_driver=False, logging_level=logging.ERROR, include_dashboard=False)
        except (ConnectionError, RuntimeError, ValueError) as error:
            raise ConfigError(f"hydra.launcher.address={self.address}: {' '.join(str(error).split())}") from error
        there = ray.cluster_resources()
        gpus = (needs.devices or 1) / self.trials_per_gpu if needs.gpus and there.get("GPU") else 0
        cpus = self.threads * (1 if gpus else needs.devices or 1)
        most = int(there["GPU"] / gpus if gpus else there.get("CPU", 0) / cpus)
        if most < (self.workers or 1):
            ray.shutdown()
            raise ConfigError(
                f"hydra.launcher.workers={self.workers or 1} with {cpus} CPUs and {gpus:g} GPUs each: the cluster has "
                f"{there.get('CPU', 0):g} and {there.get('GPU', 0):g}. Give at most {most}."
            )
        return RayExecutor(self.workers or most, cpus, gpus, self.threads, len(ray.nodes()))


class RayExecutor(Executor):
    """Tasks of a cluster, each of which runs a trial in a process of its own.

    Args:
        workers: Tasks at a time.
        cpus: Cores that each reserves.
        gpus: GPUs that each reserves, a part of one where several trials share it.
        threads: Threads of each process.
        nodes: How many machines the cluster has.
    """

    def __init__(self, workers: int, cpus: int, gpus: float, threads: int, nodes: int) -> None:
        self.workers, self.cpus, self.gpus, self.threads, self.nodes = workers, cpus, gpus, threads, nodes
        self._running: dict[Any, int] = {}

    def describe(self) -> str:
        """Say how many tasks there are at a time, and where."""
        on = f"{self.gpus:g} GPU" if self.gpus else f"{self.cpus} CPU"
        return f"{self.workers} at a time, {on} each, on {self.nodes} node{'s' * (self.nodes > 1)} of Ray"

    def free_slots(self) -> int:
        """Return how many more tasks the cluster takes."""
        return self.workers - len(self._running)

    def submit(self, jobs: Sequence[TrialJob]) -> None:
        """Hand trials to the cluster."""
        import ray

        # Ray sets CUDA_VISIBLE_DEVICES for the task, and the trial's process inherits it. A process of its own is also
        # why a task is never tried again by Ray: what failed is told, and the sweep decides.
        task: Any = ray.remote(num_cpus=self.cpus, num_gpus=self.gpus, max_calls=1, max_retries=0)(perform)
        self._running |= {task.remote(job, self.threads): job.number for job in jobs}

    def poll(self) -> list[tuple[int, int | None]]:
        """Return the trials whose tasks are over; a task whose node is gone has no exit status."""
        import ray

        if not self._running:
            return []
        over, _ = ray.wait(list(self._running), num_returns=len(self._running), timeout=0)
        found: list[tuple[int, int | None]] = []
        for task in over:
            try:
                status = ray.get(task)
            except ray.exceptions.RayError:
                status = None
            found.append((self._running.pop(task), status))
        return found

    def stop(self) -> None:
        """Cancel every task, which interrupts its trial."""
        import ray

        for task in self._running:
            ray.cancel(task)
        if self._running:
            ray.wait(list(self._running), num_returns=len(self._running), timeout=60)

    def close(self) -> None:
        """Leave the cluster; one that was started here ends."""
        import ray

        ray.shutdown()
