"""Trials by any launcher of Hydra's: its own, joblib's, or any other that is installed."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from handwriting.config import quoted
from handwriting.sweeps.executors.base import Executor
from handwriting.sweeps.trial_process import TrialJob

if TYPE_CHECKING:
    from hydra.plugins.launcher import Launcher


class HydraExecutor(Executor):
    """A launcher that takes trials in batches and returns when all of a batch are done.

    It works in a thread, so that the sweep can watch its trials during a batch.

    Args:
        launcher: The launcher, set up.
        batch_size: The most trials in a batch.
    """

    def __init__(self, launcher: Launcher, batch_size: int) -> None:
        self.launcher, self.batch_size = launcher, batch_size
        self._thread = ThreadPoolExecutor(1)
        self._running: tuple[Future[Any], list[int]] | None = None

    def describe(self) -> str:
        """Return the launcher and the size of its batches."""
        return f"{type(self.launcher).__name__}, {self.batch_size} at a time"

    def free_slots(self) -> int:
        """Return a whole batch, or nothing while one runs."""
        return 0 if self._running else self.batch_size

    def submit(self, jobs: Sequence[TrialJob]) -> None:
        """Launch a batch."""
        words = [
            [
                *job.overrides,
                f"hydra.sweep.dir={quoted(str(job.folder.parent))}",
                f"hydra.sweep.subdir={quoted(job.folder.name)}",
            ]
            for job in jobs
        ]
        future = self._thread.submit(self.launcher.launch, words, initial_job_idx=jobs[0].number)
        self._running = future, [job.number for job in jobs]

    def poll(self) -> list[tuple[int, int | None]]:
        """Return the trials of a batch that is done.

        Raises:
            Exception: The launcher's own, if it could not start its trials.
        """
        if not self._running or not self._running[0].done():
            return []
        (future, numbers), self._running = self._running, None
        if error := future.exception():
            raise error
        return [(number, None) for number in numbers]

    def stop(self) -> None:
        """Wait for the batch: a launcher of Hydra's cannot be stopped."""
        self._thread.shutdown(wait=True, cancel_futures=True)

    def close(self) -> None:
        """End the thread."""
        self._thread.shutdown()
