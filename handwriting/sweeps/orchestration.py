"""A sweep from its command line to its last trial."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from omegaconf import DictConfig, OmegaConf, read_write

from handwriting import config
from handwriting.errors import ConfigError, RunError
from handwriting.interruption import sigterm_as_interrupt
from handwriting.sweeps.executors.launchers import open_executor
from handwriting.sweeps.folder import Sweep
from handwriting.sweeps.plan import SweepPlan
from handwriting.sweeps.planning import as_override_value, requested_sweep
from handwriting.sweeps.preflight import check_plan, resource_request
from handwriting.sweeps.progress_view import ProgressView
from handwriting.sweeps.runner import SweepRunner
from handwriting.sweeps.search import Search, SearchSource
from handwriting.sweeps.sources import GridSource, TrialSource
from handwriting.sweeps.space import parse_overrides
from handwriting.sweeps.trial_process import TrialJob
from handwriting.sweeps.trials import Trial

if TYPE_CHECKING:
    from hydra.plugins.launcher import Launcher

SEARCH_BATCH_SIZE = 4
"""Trials of a search in one batch of Hydra's own launchers, unless ``hydra.sweeper.max_batch_size`` is given."""


def sweep(
    overrides: Sequence[str], settings: DictConfig, launcher: Launcher, max_batch_size: int | None = None
) -> Sweep:
    """Run every trial that is missing of a sweep, and return its folder.

    Args:
        overrides: The overrides of the command line, without those for Hydra itself.
        settings: The configuration composed from all overrides but those that vary.
        launcher: What runs the trials.
        max_batch_size: The most trials in one batch of Hydra's own launchers; None for the default.

    Raises:
        ConfigError: If the request is not valid; nothing has started then.
        RunError: At the end, if trials failed; at the start, if another process runs the same sweep.
    """
    plan, folder = requested_sweep(overrides, settings)
    flags = _config_dir_flags(settings)
    try:
        check_plan(plan, config.trust_of_command(settings.hydra))
    except ConfigError as error:
        if flags or plan.config_dir is None:
            raise
        again = f"{folder.path} was made with --config-dir {plan.config_dir}: give it again."
        raise ConfigError(f"{str(error).removesuffix('.')}. {again}") from error
    with folder.locked(), sigterm_as_interrupt():
        source = _trial_source(folder, plan)
        with read_write(settings.hydra):
            settings.hydra.sweep.dir = str(folder.path.resolve())  # launchers of Hydra's make it
        batch_size = max_batch_size or (SEARCH_BATCH_SIZE if plan.search else plan.total)
        executor = open_executor(launcher, resource_request(plan), batch_size)
        folder.write_plan(plan)

        def make_job(trial: Trial) -> TrialJob:
            words = (*plan.overrides, *trial.overrides, *flags)
            return TrialJob(trial.number, folder.folder(trial.number).resolve(), words, folder.name, Path.cwd())

        view = ProgressView(folder.path, executor.describe())
        trials = SweepRunner(folder, source, executor, view, make_job).run()
    print(f"Compare: handwriting compare {shlex.quote(f'runs={folder.path}')}")
    if failed := [str(trial.number) for trial in trials if trial.state == "failed"]:
        count = f"{len(failed)} of {len(trials)} trials failed ({', '.join(failed)})"
        raise RunError(f"{count}. The same command tries them again.")
    return folder


def _trial_source(folder: Sweep, plan: SweepPlan) -> TrialSource:
    if plan.search is None:
        return GridSource(plan.trials)
    base = config.compose("train", plan.overrides)
    keys = [override.get_key_element() for override in parse_overrides(plan.swept)]
    values = {key: OmegaConf.select(base, key.lstrip("+")) for key in keys}
    default = {key: as_override_value(value) for key, value in values.items() if value is not None}
    return SearchSource(folder, Search(**plan.search), plan.swept, default)


def _config_dir_flags(settings: DictConfig) -> list[str]:
    """Return the flags by which a trial finds configurations that were given by ``--config-dir``."""
    sources = [source for source in settings.hydra.runtime.config_sources if source.provider == "command-line"]
    return [word for source in sources for word in ("--config-dir", source.path)]
