"""Running a sweep: everything that can be found out is found out before the first trial starts."""

from __future__ import annotations

import hashlib
import json
import shlex
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from omegaconf import DictConfig, OmegaConf, read_write

from handwriting import config
from handwriting.config import typed_command
from handwriting.engine.preflight import check_early
from handwriting.engine.sections import build_loading, build_source
from handwriting.errors import ConfigError, RunError
from handwriting.sweeps.executors import Executor, ResourceRequest
from handwriting.sweeps.executors.hydra import HydraExecutor
from handwriting.sweeps.folder import OWN_FILES, Sweep, SweepPlan, Trial, is_sweep, with_outcome
from handwriting.sweeps.progress_view import ProgressView
from handwriting.sweeps.runner import GLANCE, GridSource, SweepRunner, TrialSource
from handwriting.sweeps.search import Search, SearchSource, space_of
from handwriting.sweeps.space import choices, grid, parsed, parted
from handwriting.sweeps.trial import TrialJob, perform

if TYPE_CHECKING:
    from hydra.core.override_parser.types import Override
    from hydra.core.utils import JobReturn
    from hydra.plugins.launcher import Launcher


@runtime_checkable
class ExecutorLauncher(Protocol):
    """A launcher of ours: it names the class of its settings, one of ``handwriting.sweeps.executors``."""

    settings_class: str
    settings: dict[str, Any]
    config: Any


OWN = ("sweep", "resume", "search")
"""Keys that are for the sweep and not for its trials."""
BATCH = 4
"""Trials of a search that a launcher of Hydra's own is given at once, unless ``hydra.sweeper.max_batch_size`` says."""


def sweep(typed: Sequence[str], settings: DictConfig, launcher: Launcher, batch: int | None = None) -> None:
    """Run what is missing of a sweep.

    Args:
        typed: What was typed, but for what only Hydra heeds.
        settings: The configuration as it was composed without what varies.
        launcher: Where trials run.
        batch: The most trials that a launcher of Hydra's own is given at once.

    Raises:
        ConfigError: If something is wrong with what was typed; nothing has started then.
        RunError: At the end, where trials failed; or if the sweep is being run already.
    """
    plan, place = _asked(typed, settings)
    total = plan.search["trials"] if plan.search else len(plan.trials)
    _check(plan)
    with place.locked(), _terminable():
        source = _source(place, plan)
        with read_write(settings.hydra):
            settings.hydra.sweep.dir = str(place.path.resolve())  # launchers of Hydra's make it
        executor = _pool(launcher, _needs(plan, total), batch or (BATCH if plan.search else total))
        place.write_plan(plan)
        flags = _config_dirs(settings)

        def job(trial: Trial) -> TrialJob:
            folder = place.folder(trial.number).resolve()
            return TrialJob(trial.number, folder, (*plan.overrides, *trial.overrides, *flags), place.name, Path.cwd())

        trials = SweepRunner(place, source, executor, ProgressView(), job).run()
    print(f"Compare: handwriting compare {shlex.quote(f'runs={place.path}')}")
    if failed := [str(trial.number) for trial in trials if trial.state == "failed"]:
        told = f"{len(failed)} of {len(trials)} trials failed ({', '.join(failed)})"
        raise RunError(f"{told}. The same command tries them again.")


# What is asked


def _asked(typed: Sequence[str], settings: DictConfig) -> tuple[SweepPlan, Sweep]:
    """Return the plan of a sweep and its folder: those of one that is gone on with, or what was typed."""
    own = {override.key_or_group: override for override in parsed(typed) if override.key_or_group.split(".")[0] in OWN}
    rest = [str(override.input_line) for override in parsed(typed) if override.key_or_group not in own]
    if "resume" in own and settings.resume is not None:
        place = Sweep.at(settings.resume)
        if rest or "search" in own:
            other = (rest or ["search"])[0]
            raise ConfigError(f"resume={settings.resume} goes on with the same sweep: leave {other} out.")
        return place.plan, place
    if several := [key for key, override in own.items() if override.is_sweep_override()]:
        raise ConfigError(f"{several[0]}: give one; it is for the whole sweep.")
    plan = _plan(rest, settings)
    place = Sweep(_folder(plan, settings))
    if not is_sweep(place.path):
        if place.path.is_dir() and any(file.name not in OWN_FILES for file in place.path.iterdir()):
            raise ConfigError(f"{place.path} holds something else than a sweep: give another sweep=<name>.")
        return plan, place
    there = place.plan
    if not there.asks_the_same(plan):
        raise ConfigError(
            f"{place.path} holds another sweep ({there.command}). Give another sweep=<name>, or resume={place.path}."
        )
    more = there.search and plan.search and plan.search["trials"] > there.search["trials"]
    return (plan if more else there), place


def _plan(rest: Sequence[str], settings: DictConfig) -> SweepPlan:
    """Return the plan of what was typed."""
    fixed, varied = parted(rest)
    asked = OmegaConf.select(settings, "search")
    if asked is None:
        trials = grid(varied)
        return SweepPlan(tuple(fixed), _lines(varied), trials=tuple(trials), command=typed_command())
    search: Search = config.build(asked, "search")
    typed = {override.get_key_element() for override in parsed(rest)}  # goes before what the file says
    lines = [f"{key}={_as_override(value)}" for key, value in search.space.items() if key not in typed]
    constants, space = parted(lines)
    varied = [*space, *varied]
    space_of(_lines(varied))
    return SweepPlan(
        (*search.overrides, *constants, *fixed), _lines(varied), search.settings(), command=typed_command()
    )


def _as_override(value: Any) -> str:
    """Return a value of a configuration as it would be typed.

    >>> _as_override([0.0, 0.9]), _as_override(True), _as_override("tag(log, interval(1, 2))")
    ('[0.0,0.9]', 'true', 'tag(log, interval(1, 2))')
    """
    plain = OmegaConf.to_container(value) if OmegaConf.is_config(value) else value
    return plain if isinstance(plain, str) else json.dumps(plain, separators=(",", ":"))


def _lines(overrides: Sequence[Override]) -> tuple[str, ...]:
    return tuple(str(override.input_line) for override in overrides)


def _folder(plan: SweepPlan, settings: DictConfig) -> Path:
    """Return the folder of a sweep: as asked for, or named by what is asked of it."""
    given = [override for override in settings.hydra.overrides.hydra if override.startswith("hydra.sweep.dir=")]
    if given:
        return Path(settings.hydra.sweep.dir)
    if settings.sweep is not None:
        return Path("sweeps") / str(settings.sweep)
    search = plan.search and {key: value for key, value in plan.search.items() if key != "trials"}
    essence = json.dumps([sorted(plan.overrides), sorted(plan.swept), search], sort_keys=True)
    return Path("sweeps") / f"{'search' if search else 'grid'}_{hashlib.sha256(essence.encode()).hexdigest()[:8]}"


def _config_dirs(settings: DictConfig) -> list[str]:
    """Return the flags by which a trial finds configurations that were given by ``--config-dir``."""
    sources = settings.hydra.runtime.config_sources
    return [word for one in sources if one.provider == "command-line" for word in ("--config-dir", one.path)]


# What is found out before anything starts


def _check(plan: SweepPlan) -> None:
    """Compose every combination of choices, and read every data set that is asked for.

    Raises:
        ConfigError: For a key or a choice that does not exist.
        DataError: If a data set cannot be read, or does not suit the model.
    """
    seen = set()
    for cfg in _samples(plan):
        config.check(cfg)
        sections = json.dumps([OmegaConf.to_container(cfg[name], resolve=True) for name in ("data", "model")])
        if sections not in seen:
            seen.add(sections)
            check_early(cfg.model, build_source(cfg.data), build_loading(cfg.data))


def _samples(plan: SweepPlan) -> Iterator[DictConfig]:
    """Yield a configuration for each combination of groups' choices, with the first value of everything else."""
    groups = config.describe()
    axes = []
    for override in parsed(plan.swept):
        key = override.get_key_element()
        values = _first_values(override) if key not in groups else choices(override)
        axes.append([f"{key}={value}" for value in values])
    for combination in product(*axes):
        yield config.compose("train", [*plan.overrides, *combination])


def _first_values(override: Override) -> list[str]:
    value = override.value()
    return [str(value.start)] if override.is_interval_sweep() else choices(override)[:1]  # type: ignore[union-attr]


def _needs(plan: SweepPlan, trials: int) -> ResourceRequest:
    trainer = config.compose("train", [*plan.overrides, *(plan.trials[0] if plan.trials else ())]).trainer
    devices = trainer.devices if isinstance(trainer.devices, int) and trainer.devices > 0 else None
    return ResourceRequest(trainer.accelerator != "cpu", devices, trainer.get("num_nodes", 1), trials)


# What runs it


def _source(place: Sweep, plan: SweepPlan) -> TrialSource:
    if plan.search is None:
        return GridSource(plan.trials)
    base = config.compose("train", plan.overrides)
    keys = [override.get_key_element() for override in parsed(plan.swept)]
    selected = {key: OmegaConf.select(base, key.lstrip("+")) for key in keys}
    default = {key: _as_override(value) for key, value in selected.items() if value is not None}
    return SearchSource(place, Search(**plan.search), plan.swept, default)


def _pool(launcher: Launcher | ExecutorLauncher, needs: ResourceRequest, batch: int) -> Executor:
    """Return where the trials run: in a executor of ours, or by whatever launcher of Hydra's was chosen."""
    if not isinstance(launcher, ExecutorLauncher):
        return HydraExecutor(launcher, batch)
    module, _, name = launcher.settings_class.rpartition(".")
    settings = config.create(getattr(import_module(module), name), launcher.settings, "hydra.launcher")
    executor: Executor = settings.open(needs)
    return executor


@contextmanager
def _terminable() -> Iterator[None]:
    """Let a request to terminate end the sweep as Ctrl-C does, so that its trials are not left alone."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


# For sweepers and launchers that are not ours


def launch(batch: Sequence[Sequence[str]], first: int, launcher: ExecutorLauncher) -> list[JobReturn]:
    """Run a batch of trials for another sweeper.

    Returns:
        For each the best that its monitor reached; or, where it failed, the reason.
    """
    from hydra.core.utils import JobReturn, JobStatus

    assert launcher.config is not None
    folder = Path(launcher.config.hydra.sweep.dir)
    plan = SweepPlan((), (), trials=tuple(tuple(own) for own in batch))
    jobs = [
        TrialJob(number, (folder / str(number)).resolve(), own, folder.name, Path.cwd())
        for number, own in enumerate(plan.trials, start=first)
    ]
    executor = _pool(launcher, _needs(plan, len(jobs)), len(jobs))
    waiting, statuses = list(jobs), dict[int, int | None]()
    try:
        while len(statuses) < len(jobs):
            room = executor.free_slots()
            starting, waiting = waiting[:room], waiting[room:]
            if starting:
                executor.submit(starting)
            statuses |= dict(executor.poll())
            time.sleep(GLANCE)
    finally:
        if len(statuses) < len(jobs):
            executor.stop()
        executor.close()
    returns = []
    for job in jobs:
        trial = with_outcome(Trial(job.number, job.overrides), job.folder, statuses[job.number])
        value: Any = trial.value if trial.state == "done" else RunError(f"trial {trial.number}: {trial.why}")
        status = JobStatus.COMPLETED if trial.state == "done" else JobStatus.FAILED
        returns.append(JobReturn(overrides=job.overrides, status=status, _return_value=value))
    return returns


def run_trial(overrides: Sequence[str], folder: Path) -> float | None:
    """Run one trial in a process of its own, where a launcher of Hydra's calls for it.

    Returns:
        The best that its monitor reached.

    Raises:
        RunError: If it failed.
    """
    job = TrialJob(0, folder.resolve(), tuple(overrides), folder.parent.name, Path.cwd())
    trial = with_outcome(Trial(0, ()), folder, perform(job))
    if trial.state != "done":
        raise RunError(f"{folder}: {trial.why}")
    return trial.value
