"""Hydra's view of our sweeps: a sweeper, and a launcher for each executor.

Hydra imports this at every start: the work is in ``handwriting.sweeps``, which is imported when a sweep runs.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hydra.core.plugins import Plugins
from hydra.core.utils import JobReturn
from hydra.plugins.launcher import Launcher
from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig


def run_trial(overrides: Sequence[str], folder: Path) -> float | None:
    """Run one trial in its own process, where one of Hydra's launchers calls the job of a sweep.

    Args:
        overrides: The overrides of the trial.
        folder: Its run folder.

    Returns:
        The best value of its monitor.
    """
    from handwriting.sweeps.interop import run_trial

    return run_trial(overrides, folder)


class HandwritingSweeper(Sweeper):
    """Grids and searches whose every trial is a run folder; the same command resumes a sweep that was stopped.

    Args:
        max_batch_size: The most trials that a launcher of Hydra's own is given at once; None for all of a grid.
    """

    def __init__(self, max_batch_size: int | None = None) -> None:
        self.max_batch_size = max_batch_size

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        """Keep the configuration, and set up the launcher."""
        self.config = config
        self.results: list[Any] = getattr(task_function, "results", [])
        self.typed: list[str] = getattr(task_function, "typed", sys.argv)
        self.launcher = Plugins.instance().instantiate_launcher(
            hydra_context=hydra_context, task_function=task_function, config=config
        )

    def sweep(self, arguments: list[str]) -> Any:
        """Run the sweep."""
        from handwriting.sweeps.orchestration import sweep

        assert self.config is not None
        assert self.launcher is not None
        sys.argv = self.typed  # the sweep's folder records it; Hydra was given other words
        folder = sweep(arguments, self.config, self.launcher, self.max_batch_size)
        self.results.append(folder)
        return folder


class HandwritingLauncher(Launcher):
    """A launcher whose trials are started one by one, so that none waits for a batch.

    Args:
        settings: The settings of the executor, as of the class that ``settings_class`` names.
    """

    settings_class: str

    def __init__(self, **settings: Any) -> None:
        self.settings = settings

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        """Keep the configuration."""
        self.config = config

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Sequence[JobReturn]:
        """Run a batch for another sweeper, and return the best value of each trial's monitor."""
        from handwriting.sweeps.interop import launch

        return launch(job_overrides, initial_job_idx, self)


class LocalLauncher(HandwritingLauncher):
    """Trials as processes of this machine."""

    settings_class = "handwriting.sweeps.executors.local.LocalSettings"


class RayLauncher(HandwritingLauncher):
    """Trials on a Ray cluster."""

    settings_class = "handwriting.sweeps.executors.ray.RaySettings"


class SlurmLauncher(HandwritingLauncher):
    """Trials as jobs of SLURM."""

    settings_class = "handwriting.sweeps.executors.slurm.SlurmSettings"
