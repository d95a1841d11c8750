"""What a sweep asks of the place where its trials run."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

from handwriting.sweeps.trial import TrialJob


@dataclass(frozen=True)
class ResourceRequest:
    """What each trial needs.

    Attributes:
        gpus: Whether it wants a GPU where there is one (``trainer.accelerator`` is not ``cpu``).
        devices: How many GPUs, or on the CPU processes, train together in one trial; None for all GPUs there are.
        nodes: How many machines train together in one trial.
        trials: How many trials there are to run at most.
    """

    gpus: bool
    devices: int | None
    nodes: int
    trials: int


class Executor(ABC):
    """Runs trials, several at a time."""

    @abstractmethod
    def describe(self) -> str:
        """Say in a few words what the trials run on."""

    @abstractmethod
    def free_slots(self) -> int:
        """Return how many more trials can be taken now."""

    @abstractmethod
    def submit(self, jobs: Sequence[TrialJob]) -> None:
        """Take trials, at most as many as there is room for."""

    @abstractmethod
    def poll(self) -> list[tuple[int, int | None]]:
        """Return which trials have ended since it was last asked, and with which exit status, where that is known."""

    @abstractmethod
    def stop(self) -> None:
        """Ask every running trial to stop as Ctrl-C would, and wait until they have."""

    @abstractmethod
    def close(self) -> None:
        """Let go of what the executor holds; nothing is running any more."""
