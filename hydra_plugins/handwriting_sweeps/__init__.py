"""What Hydra finds of our sweeps: a sweeper, and a launcher for each place where trials can run.

Hydra imports this at every start, so that nothing heavy is imported here; all that they do is in
``handwriting.sweeps`` and ``handwriting.sweeps.orchestration``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hydra.core.plugins import Plugins
from hydra.core.utils import JobReturn
from hydra.plugins.launcher import Launcher
from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig


class HandwritingSweeper(Sweeper):
    """Grids and searches whose every trial is a run folder; what was stopped goes on by the same command.

    Args:
        max_batch_size: The most trials that a launcher of Hydra's own is given at once; None for all of a grid.
    """

    def __init__(self, max_batch_size: int | None = None) -> None:
        self.max_batch_size = max_batch_size

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        """Remember what is asked, and by which launcher."""
        self.config = config
        self.launcher = Plugins.instance().instantiate_launcher(
            hydra_context=hydra_context, task_function=task_function, config=config
        )

    def sweep(self, arguments: list[str]) -> Any:
        """Run the sweep."""
        from handwriting.sweeps.orchestration import sweep

        assert self.config is not None
        assert self.launcher is not None
        return sweep(arguments, self.config, self.launcher, self.max_batch_size)


class OurLauncher(Launcher):
    """A launcher whose trials are started one by one, so that none waits for a batch.

    Args:
        settings: What the class in ``handwriting.sweeps.executors`` is given.
    """

    settings_class: str

    def __init__(self, **settings: Any) -> None:
        self.settings = settings

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        """Remember what is asked."""
        self.config = config

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Sequence[JobReturn]:
        """Run a batch for a sweeper that is not ours, and return the best that each trial's monitor reached."""
        from handwriting.sweeps.orchestration import launch

        return launch(job_overrides, initial_job_idx, self)


class LocalLauncher(OurLauncher):
    """Trials as processes of this machine."""

    settings_class = "handwriting.sweeps.executors.local.Local"


class RayLauncher(OurLauncher):
    """Trials on a Ray cluster."""

    settings_class = "handwriting.sweeps.executors.ray.Ray"


class SlurmLauncher(OurLauncher):
    """Trials as jobs of SLURM."""

    settings_class = "handwriting.sweeps.executors.slurm.Slurm"
