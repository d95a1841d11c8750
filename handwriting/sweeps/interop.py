"""Trials for other sweepers on our launchers, and for Hydra's own launchers under any sweeper."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from handwriting.errors import RunError
from handwriting.sweeps.executors.launchers import ExecutorLauncher, open_executor
from handwriting.sweeps.outcome import with_outcome
from handwriting.sweeps.plan import SweepPlan
from handwriting.sweeps.preflight import resource_request
from handwriting.sweeps.runner import POLL_SECONDS
from handwriting.sweeps.trial_process import TrialJob, perform
from handwriting.sweeps.trials import Trial

if TYPE_CHECKING:
    from hydra.core.utils import JobReturn


def launch(batch: Sequence[Sequence[str]], first: int, launcher: ExecutorLauncher) -> list[JobReturn]:
    """Run a batch of trials for another sweeper.

    Args:
        batch: The overrides of each trial.
        first: The number of the first trial.
        launcher: One of our launchers, set up.

    Returns:
        For each trial the best value of its monitor; where it failed, a :class:`RunError` with the reason.
    """
    from hydra.core.utils import JobReturn, JobStatus

    folder = Path(launcher.config.hydra.sweep.dir)
    plan = SweepPlan((), (), trials=tuple(tuple(overrides) for overrides in batch))
    jobs = [
        TrialJob(number, (folder / str(number)).resolve(), overrides, folder.name, Path.cwd())
        for number, overrides in enumerate(plan.trials, start=first)
    ]
    executor = open_executor(launcher, resource_request(plan), len(jobs))
    waiting, exit_statuses = list(jobs), dict[int, int | None]()
    try:
        while len(exit_statuses) < len(jobs):
            free_slots = executor.free_slots()
            starting, waiting = waiting[:free_slots], waiting[free_slots:]
            if starting:
                executor.submit(starting)
            exit_statuses |= dict(executor.poll())
            time.sleep(POLL_SECONDS)
    finally:
        if len(exit_statuses) < len(jobs):
            executor.stop()
        executor.close()
    returns = []
    for job in jobs:
        trial = with_outcome(Trial(job.number, job.overrides), job.folder, exit_statuses[job.number])
        value: Any = trial.value if trial.state == "done" else RunError(f"trial {trial.number}: {trial.why}")
        status = JobStatus.COMPLETED if trial.state == "done" else JobStatus.FAILED
        returns.append(JobReturn(overrides=job.overrides, status=status, _return_value=value))
    return returns


def run_trial(overrides: Sequence[str], folder: Path) -> float | None:
    """Run one trial in its own process, where one of Hydra's launchers calls for it.

    Returns:
        The best value of its monitor.

    Raises:
        RunError: If it failed.
    """
    job = TrialJob(0, folder.resolve(), tuple(overrides), folder.parent.name, Path.cwd())
    trial = with_outcome(Trial(0, ()), folder, perform(job))
    if trial.state != "done":
        raise RunError(f"{folder}: {trial.why}")
    return trial.value
