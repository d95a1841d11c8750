"""What a sweep requires of an executor."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

from handwriting.sweeps.trial_process import TrialJob


@dataclass(frozen=True)
class ResourceRequest:
    """What each trial needs.

    Attributes:
        uses_gpus: Whether it uses a GPU where there is one (``trainer.accelerator`` is not ``cpu``).
        devices: The number of GPUs, or on the CPU of processes, that train one trial together; None for all GPUs.
        nodes: The number of machines that train one trial together.
        trials: The most trials that will be run.
    """

    uses_gpus: bool
    devices: int | None
    nodes: int
    trials: int


class Executor(ABC):
    """Runs trials, several at a time."""

    @abstractmethod
    def describe(self) -> str:
        """Return in a few words what the trials run on."""

    @abstractmethod
    def free_slots(self) -> int:
        """Return how many more trials can be submitted now."""

    @abstractmethod
    def submit(self, jobs: Sequence[TrialJob]) -> None:
        """Start or queue trials, at most as many as there are free slots."""

    @abstractmethod
    def poll(self) -> list[tuple[int, int | None]]:
        """Return the numbers of the trials that have ended since the last call, each with its exit status, if known."""

    @abstractmethod
    def stop(self) -> None:
        """Stop every running trial as Ctrl-C would, and wait until all have stopped."""

    @abstractmethod
    def close(self) -> None:
        """Release what the executor holds, once nothing is running any more."""
