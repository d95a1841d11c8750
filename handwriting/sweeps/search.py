"""Searches: the next trial is chosen from the results of earlier ones, by Optuna."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal
from zlib import crc32

import numpy as np
from pydantic import NonNegativeInt, PositiveInt

from handwriting.errors import ConfigError, RunError
from handwriting.sweeps.folder import STUDY_FILES, Sweep
from handwriting.sweeps.space import distribution, format_sample, parse_overrides
from handwriting.sweeps.trials import FINAL_STATES, Trial
from handwriting.text import one_line

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution
    from optuna.pruners import BasePruner
    from optuna.samplers import BaseSampler
    from optuna.storages import BaseStorage
    from optuna.trial import Trial as OptunaTrial

PRUNING_STEPS = 20
"""The equal parts of a training at whose ends the pruner compares trials."""
PRUNING_WARMUP_STEPS = 6
"""The first of these parts in which no trial is pruned."""
PRUNING_WARMUP_TRIALS = 4
"""The first trials of a study, which are never pruned."""
EndState = Literal["done", "pruned", "failed"]
TRIAL_ATTRIBUTE, SPACE_ATTRIBUTE = "handwriting", "space"
"""The attributes of a study that hold the sweep, number and overrides of a trial, and the space of the search."""


@dataclass(frozen=True, kw_only=True)
class Search:
    """The settings of a search, as in ``conf/search``.

    Attributes:
        overrides: Overrides that all trials share, before those of the command line: ``[model=cgan]``.
        space: What is searched, by key, in Hydra's syntax: ``{model.lr: "tag(log, interval(1e-4, 1e-2))"}``.
        sampler: ``tpe`` (tree-structured Parzen estimator; Bergstra et al., 2011), ``gp`` (a Gaussian process) or
            ``random``.
        trials: The number of trials.
        startup: The number of trials that are sampled at random before the sampler learns from results.
        baseline: Whether the first trial is the configuration as it stands, where that lies in the space.
        seed: The seed of the sampler.
        monitor: The logged value to optimise; None for the model's own.
        mode: Whether to minimise or to maximise it.
        pruner: ``median`` ends a trial that is worse than the median of earlier trials at the same part of their
            training; ``none`` lets every trial run to its end.
        storage: ``sqlite`` or ``journal``, a file in the sweep's folder; or a URL of Optuna's, so that sweeps on
            several machines share one study.
        study: The name of the study in its storage; None for the sweep's name.
    """

    overrides: tuple[str, ...] = ()
    space: dict[str, Any] = field(default_factory=dict)
    sampler: Literal["tpe", "gp", "random"] = "tpe"
    trials: PositiveInt = 20
    startup: PositiveInt = 6
    baseline: bool = True
    seed: NonNegativeInt = 0
    monitor: str | None = None
    mode: Literal["min", "max"] = "min"
    pruner: Literal["median", "none"] = "median"
    storage: str = "sqlite"
    study: str | None = None

    def settings(self) -> dict[str, Any]:
        """Return the settings that the plan of a sweep keeps; overrides and space stand elsewhere in it."""
        return {key: value for key, value in asdict(self).items() if key not in ("overrides", "space")}


def space_of(swept: Sequence[str]) -> dict[str, BaseDistribution]:
    """Return the distribution of each key that a search varies.

    Raises:
        ConfigError: If the space is empty, or holds the seed: a search would only find the luckiest.
    """
    space = {override.get_key_element(): distribution(override) for override in parse_overrides(swept)}
    if not space:
        raise ConfigError(
            "The search space is empty: give search.space in its file, or a key such as model.lr=interval(1e-4,1e-2)."
        )
    if "seed" in space:
        raise ConfigError(
            "seed: a search would choose the luckiest seed. Give one seed, and run the best for several seeds later."
        )
    return space


class SearchSource:
    """The trials of a search: sampled one by one, and reported to the study as they end.

    Args:
        sweep: The sweep folder.
        search: The settings of the search.
        swept: The space, as overrides.
        default: The value of each key in the configuration as it stands, where it has one.
    """

    needs_value = True

    def __init__(self, sweep: Sweep, search: Search, swept: Sequence[str], default: Mapping[str, str]) -> None:
        import optuna

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        logging.getLogger("alembic").setLevel(logging.WARNING)
        self.sweep, self.search = sweep, search
        self.space = space_of(swept)
        self.study = self._open_study(search.study or sweep.name)
        self._open_trials: dict[int, OptunaTrial] = {}
        self._reported: dict[int, tuple[int, float]] = {}
        self.trials = self._load_trials()
        self._waiting = [trial for trial in self.trials if trial.state not in FINAL_STATES]
        # A resumed sweep, and two sweeps that share a study, must not sample the same values again.
        seeds = np.random.SeedSequence([search.seed, crc32(sweep.name.encode()), len(self.trials)])
        self.study.sampler = _sampler(search, int(seeds.generate_state(1)[0]))
        if not self.trials and search.baseline:
            self._enqueue_default(default)

    def _open_study(self, name: str) -> Any:
        """Open the study or create it; refuse one that was made for another space."""
        import optuna
        from optuna.distributions import distribution_to_json
        from sqlalchemy.exc import SQLAlchemyError

        search = self.search
        try:
            study = optuna.create_study(
                storage=self._storage(),
                pruner=_pruner(search),
                study_name=name,
                direction="minimize" if search.mode == "min" else "maximize",
                load_if_exists=True,
            )
        except (SQLAlchemyError, ValueError, OSError, ImportError) as error:
            raise ConfigError(f"search.storage={search.storage}: {one_line(error)[:200]}") from error
        space = {key: distribution_to_json(kind) for key, kind in sorted(self.space.items())}
        stored = study.user_attrs.get(SPACE_ATTRIBUTE)
        if stored is None:
            study.set_user_attr(SPACE_ATTRIBUTE, space)
        elif stored != space:
            different = sorted(key for key in {*space, *stored} if space.get(key) != stored.get(key))
            raise ConfigError(
                f"search.storage={search.storage}: the study {name} there was made for another space "
                f"({', '.join(different)} differ). Give search.study=<another name>, or another sweep."
            )
        return study

    def _storage(self) -> BaseStorage | str:
        from optuna.storages import JournalStorage, RDBStorage
        from optuna.storages.journal import JournalFileBackend

        file = self.sweep.path / STUDY_FILES.get(self.search.storage, "")
        if self.search.storage == "sqlite":
            return RDBStorage(f"sqlite:///{file}")
        if self.search.storage == "journal":
            return JournalStorage(JournalFileBackend(str(file)))
        if "://" not in self.search.storage:
            raise ConfigError(
                f"search.storage={self.search.storage}: give sqlite, journal, or a URL such as sqlite:////x.db"
            )
        return self.search.storage

    def _load_trials(self) -> list[Trial]:
        """Return the trials of this sweep in the study; where one was run again, its last run."""
        from optuna.trial import Trial as OptunaTrial
        from optuna.trial import TrialState

        states: dict[TrialState, EndState] = {
            TrialState.COMPLETE: "done",
            TrialState.PRUNED: "pruned",
            TrialState.FAIL: "failed",
        }
        trials: dict[int, Trial] = {}
        for frozen in self.study.get_trials(deepcopy=False):
            attributes = frozen.user_attrs.get(TRIAL_ATTRIBUTE, {})
            if attributes.get("sweep") != self.sweep.name:
                continue
            number = attributes["trial"]
            trials[number] = self._trial(number, attributes["overrides"])
            self._open_trials.pop(number, None)
            if frozen.state in states:
                trials[number] = replace(trials[number], state=states[frozen.state], value=frozen.value)
            else:
                self._open_trials[number] = OptunaTrial(self.study, frozen._trial_id)
                if frozen.last_step is not None:
                    self._reported[number] = frozen.last_step, frozen.intermediate_values[frozen.last_step]
        return [trials[number] for number in sorted(trials)]

    def _enqueue_default(self, default: Mapping[str, str]) -> None:
        """Make the configuration as it stands the first trial, where it lies in the space."""
        values = {key: _parse_value(kind, default[key]) for key, kind in self.space.items() if key in default}
        if len(values) == len(self.space) and all(value is not None for value in values.values()):
            self.study.enqueue_trial(values, skip_if_exists=True)

    def _trial(self, number: int, overrides: Sequence[str]) -> Trial:
        return Trial(number, tuple(overrides), monitor=self.search.monitor, mode=self.search.mode)

    # As a source of trials

    @property
    def total(self) -> int:
        """The number of trials that there will be."""
        return max(self.search.trials, len(self.trials))

    def next(self) -> Trial | None:
        """Return the next trial to run; None where all were run or are running."""
        if self._waiting:
            trial = self._waiting.pop(0)
            return trial if trial.number in self._open_trials else self._retry(trial)
        if len(self.trials) >= self.search.trials:
            return None
        sampled, number = self.study.ask(self.space), len(self.trials)
        overrides = [f"{key}={format_sample(value)}" for key, value in sampled.params.items()]
        sampled.set_user_attr(TRIAL_ATTRIBUTE, self._attributes(number, overrides))
        self._open_trials[number] = sampled
        self.trials.append(self._trial(number, overrides))
        return self.trials[-1]

    def _attributes(self, number: int, overrides: Sequence[str]) -> dict[str, Any]:
        return {"sweep": self.sweep.name, "trial": number, "overrides": list(overrides)}

    def _retry(self, failed: Trial) -> Trial:
        """Add a failed trial to the study again: its recorded failure cannot be changed."""
        from optuna.trial import TrialState, create_trial

        attributes = {TRIAL_ATTRIBUTE: self._attributes(failed.number, failed.overrides)}
        values = _parameter_values(self.space, failed)
        state = TrialState.RUNNING
        self.study.add_trial(create_trial(state=state, params=values, distributions=self.space, user_attrs=attributes))
        self._load_trials()
        return self._trial(failed.number, failed.overrides)

    def record(self, trial: Trial) -> None:
        """Record how a trial ended; an interrupted one stays open, to be resumed."""
        from optuna.trial import TrialState

        self._waiting = [other for other in self._waiting if other.number != trial.number]
        if trial.state == "interrupted" or trial.number not in self._open_trials:
            return
        open_trial = self._open_trials.pop(trial.number)
        if trial.state == "done" and trial.value is not None:
            self._report(open_trial, trial.number, PRUNING_STEPS, trial.value)
            self.study.tell(open_trial, trial.value)
        elif trial.state == "pruned":
            self.study.tell(open_trial, state=TrialState.PRUNED)
        else:
            self.study.tell(open_trial, state=TrialState.FAIL)

    def should_prune(self, trial: Trial, share: float, value: float) -> bool:
        """Return whether to prune a running trial that was just measured.

        Args:
            trial: The trial.
            share: The share of its training that is done, 0..1.
            value: The best value of its monitor so far.
        """
        open_trial = self._open_trials.get(trial.number)
        if open_trial is None or self.search.pruner == "none":
            return False
        self._report(open_trial, trial.number, int(share * PRUNING_STEPS), value)
        return open_trial.should_prune()

    def _report(self, open_trial: OptunaTrial, number: int, step: int, value: float) -> None:
        """Report the best value of a trial at a step of its training to the study.

        The steps since the last report get the value of that report, so that the pruner can compare others there.
        """
        last_step, last_value = self._reported.get(number, (None, value))
        if last_step is not None and step <= last_step:
            return  # the study keeps the first value of a step
        for between in range(step if last_step is None else last_step + 1, step):
            open_trial.report(last_value, between)
        open_trial.report(value, step)
        self._reported[number] = step, value


def _sampler(search: Search, seed: int) -> BaseSampler:
    import warnings

    from optuna.exceptions import ExperimentalWarning
    from optuna.samplers import GPSampler, RandomSampler, TPESampler

    warnings.simplefilter("ignore", ExperimentalWarning)
    if search.sampler == "tpe":
        # Running trials count as bad, so that trials that run at the same time are not sampled near each other.
        return TPESampler(
            seed=seed, n_startup_trials=search.startup, multivariate=True, group=False, constant_liar=True
        )
    if search.sampler == "gp":
        return GPSampler(seed=seed, n_startup_trials=search.startup)
    return RandomSampler(seed=seed)


def _pruner(search: Search) -> BasePruner:
    from optuna.pruners import MedianPruner, NopPruner

    return (
        MedianPruner(n_startup_trials=PRUNING_WARMUP_TRIALS, n_warmup_steps=PRUNING_WARMUP_STEPS)
        if search.pruner == "median"
        else NopPruner()
    )


def _parse_value(kind: BaseDistribution, text: str) -> Any:
    """Return the value of an override as one of a distribution; None where the distribution does not contain it."""
    from optuna.distributions import CategoricalDistribution, IntDistribution

    try:
        value = text if isinstance(kind, CategoricalDistribution) else type(kind.low)(float(text))  # type: ignore[attr-defined]
        if isinstance(kind, IntDistribution) and value != float(text):
            return None
        return value if kind._contains(kind.to_internal_repr(value)) else None
    except ValueError:
        return None


def _parameter_values(space: Mapping[str, BaseDistribution], trial: Trial) -> dict[str, Any]:
    """Return the values of a trial's parameters, rounded as in its overrides."""
    values = {key: _parse_value(kind, trial.parameters[key.lstrip("+~")]) for key, kind in space.items()}
    if None in values.values():
        raise RunError(f"Trial {trial.number} ({', '.join(trial.overrides)}) lies outside the space of its search.")
    return values
