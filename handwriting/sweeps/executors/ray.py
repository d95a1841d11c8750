"""Trials on a Ray cluster: an existing one, or one that is started on this machine."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import PositiveInt

from handwriting.errors import ConfigError
from handwriting.sweeps.executors.base import Executor, ResourceRequest
from handwriting.sweeps.trial_process import TrialJob, perform
from handwriting.text import one_line


@dataclass(frozen=True, kw_only=True)
class RaySettings:
    """The settings of ``hydra/launcher=ray``.

    Attributes:
        address: The address of a cluster; ``auto`` for the one that this machine belongs to; None to start one here.
        workers: Trials at a time; None for as many as the cluster's GPUs or cores suffice for.
        threads: Cores, and threads, of each process of a trial.
        trials_per_gpu: The number of trials that share a GPU.
    """

    address: str | None = None
    workers: PositiveInt | None = None
    threads: PositiveInt = 1
    trials_per_gpu: PositiveInt = 1

    def open(self, request: ResourceRequest) -> RayExecutor:
        """Connect to the cluster, or start one.

        Raises:
            ConfigError: If Ray is not installed, the cluster cannot be reached, or lacks what a trial needs.
        """
        try:
            import ray
        except ImportError as error:
            raise ConfigError("hydra/launcher=ray needs Ray: pip install 'handwriting[ray]'") from error
        try:
            ray.init(self.address, log_to_driver=False, logging_level=logging.ERROR, include_dashboard=False)
        except (ConnectionError, RuntimeError, ValueError) as error:
            raise ConfigError(f"hydra.launcher.address={self.address}: {one_line(error)}") from error
        resources = ray.cluster_resources()
        gpus = (request.devices or 1) / self.trials_per_gpu if request.uses_gpus and resources.get("GPU") else 0
        cpus = self.threads * (1 if gpus else request.devices or 1)
        max_workers = int(resources["GPU"] / gpus if gpus else resources.get("CPU", 0) / cpus)
        if max_workers < (self.workers or 1):
            ray.shutdown()
            raise ConfigError(
                f"hydra.launcher.workers={self.workers or 1} with {cpus} CPUs and {gpus:g} GPUs each: the cluster has "
                f"{resources.get('CPU', 0):g} and {resources.get('GPU', 0):g}. Give at most {max_workers}."
            )
        return RayExecutor(self.workers or max_workers, cpus, gpus, self.threads, len(ray.nodes()))


class RayExecutor(Executor):
    """Tasks of a cluster, each of which runs a trial in its own process.

    Args:
        workers: Tasks at a time.
        cpus: Cores that each task reserves.
        gpus: GPUs that each task reserves, a fraction where several trials share one.
        threads: Threads of each process.
        nodes: The number of machines of the cluster.
    """

    def __init__(self, workers: int, cpus: int, gpus: float, threads: int, nodes: int) -> None:
        self.workers, self.cpus, self.gpus, self.threads, self.nodes = workers, cpus, gpus, threads, nodes
        self._running: dict[Any, int] = {}

    def describe(self) -> str:
        """Return the number of tasks at a time, and where they run."""
        on = f"{self.gpus:g} GPU" if self.gpus else f"{self.cpus} CPU"
        return f"{self.workers} at a time, {on} each, on {self.nodes} node{'s' * (self.nodes > 1)} of Ray"

    def free_slots(self) -> int:
        """Return how many more tasks can be submitted now."""
        return self.workers - len(self._running)

    def submit(self, jobs: Sequence[TrialJob]) -> None:
        """Submit trials as tasks."""
        import ray

        # Ray sets CUDA_VISIBLE_DEVICES for the task, and the trial's process inherits it. Ray retries nothing: the
        # failure is reported, and the sweep decides.
        task: Any = ray.remote(num_cpus=self.cpus, num_gpus=self.gpus, max_calls=1, max_retries=0)(perform)
        self._running |= {task.remote(job, self.threads): job.number for job in jobs}

    def poll(self) -> list[tuple[int, int | None]]:
        """Return the trials whose tasks have ended; a task whose node is lost has no exit status."""
        import ray

        if not self._running:
            return []
        done, _ = ray.wait(list(self._running), num_returns=len(self._running), timeout=0)
        ended: list[tuple[int, int | None]] = []
        for task in done:
            try:
                status = ray.get(task)
            except ray.exceptions.RayError:
                status = None
            ended.append((self._running.pop(task), status))
        return ended

    def stop(self) -> None:
        """Cancel every task, which interrupts its trial."""
        import ray

        for task in self._running:
            ray.cancel(task)
        if self._running:
            ray.wait(list(self._running), num_returns=len(self._running), timeout=60)

    def close(self) -> None:
        """Disconnect from the cluster, which ends one that was started here."""
        import ray

        ray.shutdown()
