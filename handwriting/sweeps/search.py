"""Searches: what to try next, learned from what was tried, on Optuna."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal
from zlib import crc32

import numpy as np
from pydantic import NonNegativeInt, PositiveInt

from handwriting.errors import ConfigError, RunError
from handwriting.sweeps.folder import FINAL, STUDIES, Sweep, Trial
from handwriting.sweeps.space import as_typed, distribution, parsed

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution
    from optuna.pruners import BasePruner
    from optuna.samplers import BaseSampler
    from optuna.storages import BaseStorage
    from optuna.trial import Trial as OptunaTrial

STEPS = 20
"""Trials are held against each other after so many equal parts of their length."""
UNPRUNED = 6
"""Of these parts, the first that no trial is pruned in."""
Ended = Literal["done", "pruned", "failed"]
MINE, SPACE = "handwriting", "space"
"""The names under which a study keeps whose a trial is, and the space that it was made for."""


@dataclass(frozen=True, kw_only=True)
class Search:
    """What ``search=`` is given.

    Attributes:
        overrides: What all trials share, before what is typed: ``[model=cgan]``.
        space: What is searched, by key, in Hydra's words: ``{model.lr: "tag(log, interval(1e-4, 1e-2))"}``.
        sampler: ``tpe`` (tree-structured Parzen estimator; Bergstra et al., 2011), ``gp`` (a Gaussian process) or
            ``random``.
        trials: How many.
        startup: So many are drawn at random before a sampler goes by what it has seen.
        baseline: Let the first trial be the configuration as it stands, where it lies in the space.
        seed: What the sampler draws from.
        monitor: The logged value to go by; None for the model's own.
        mode: Whether less of it is better or more.
        pruner: ``median`` ends a trial that does worse than half of those before it did by then; ``none`` lets all run.
        storage: ``sqlite`` or ``journal``, a file in the sweep's folder; or a URL of Optuna's, so that sweeps on
            several machines share one study.
        study: What the study is called in its storage; None for the sweep's name.
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
        """Return what builds it again, without what the plan holds besides."""
        return {key: value for key, value in asdict(self).items() if key not in ("overrides", "space")}


def space_of(swept: Sequence[str]) -> dict[str, BaseDistribution]:
    """Return the distribution of each key that a search varies.

    Raises:
        ConfigError: If there is none, or one of them is the seed: a search would choose the luckiest.
    """
    space = {override.get_key_element(): distribution(override) for override in parsed(swept)}
    if not space:
        raise ConfigError(
            "The search space is empty: give search.space in its file, or such as model.lr=interval(1e-4,1e-2)."
        )
    if "seed" in space:
        raise ConfigError(
            "seed: a search would choose the luckiest. Give one seed, and run the best for several later."
        )
    return space


class SearchSource:
    """The trials of a search, asked for one by one and told as they end.

    Args:
        sweep: The sweep's folder.
        search: How to go about it.
        swept: The space, as typed.
        default: The value of each key in the configuration as it stands, as typed, where it has one.
    """

    needs_value = True

    def __init__(self, sweep: Sweep, search: Search, swept: Sequence[str], default: Mapping[str, str]) -> None:
        import optuna

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        logging.getLogger("alembic").setLevel(logging.WARNING)
        self.sweep, self.search = sweep, search
        self.space = space_of(swept)
        self.study = self._opened(search.study or sweep.name)
        self._asked: dict[int, OptunaTrial] = {}
        self._reported: dict[int, tuple[int, float]] = {}
        self.trials = self._taken_up()
        self._left = [trial for trial in self.trials if trial.state not in FINAL]
        # Not the same numbers again in a sweep that is gone on with, nor in two sweeps that share a study.
        mixed = np.random.SeedSequence([search.seed, crc32(sweep.name.encode()), len(self.trials)])
        self.study.sampler = _sampler(search, int(mixed.generate_state(1)[0]))
        if not self.trials and search.baseline:
            self._enqueue_default(default)

    def _opened(self, name: str) -> Any:
        """Open the study or create it, and refuse one that was made for another space."""
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
            raise ConfigError(f"search.storage={search.storage}: {' '.join(str(error).split())[:200]}") from error
        own = {key: distribution_to_json(kind) for key, kind in sorted(self.space.items())}
        known = study.user_attrs.get(SPACE)
        if known is None:
            study.set_user_attr(SPACE, own)
        elif known != own:
            other = sorted(key for key in {*own, *known} if own.get(key) != known.get(key))
            raise ConfigError(
                f"search.storage={search.storage}: the study {name} there was made for another space "
                f"({', '.join(other)} differ). Give search.study=<another name>, or another sweep."
            )
        return study

    def _storage(self) -> BaseStorage | str:
        from optuna.storages import JournalStorage, RDBStorage
        from optuna.storages.journal import JournalFileBackend

        file = self.sweep.path / STUDIES.get(self.search.storage, "")
        if self.search.storage == "sqlite":
            return RDBStorage(f"sqlite:///{file}")
        if self.search.storage == "journal":
            return JournalStorage(JournalFileBackend(str(file)))
        if "://" not in self.search.storage:
            raise ConfigError(
                f"search.storage={self.search.storage}: give sqlite, journal, or a URL such as sqlite:////x.db"
            )
        return self.search.storage

    def _taken_up(self) -> list[Trial]:
        """Return this sweep's trials as the study knows them; where one was tried again, its last try."""
        from optuna.trial import Trial as OptunaTrial
        from optuna.trial import TrialState

        states: dict[TrialState, Ended] = {
            TrialState.COMPLETE: "done",
            TrialState.PRUNED: "pruned",
            TrialState.FAIL: "failed",
        }
        found: dict[int, Trial] = {}
        for frozen in self.study.get_trials(deepcopy=False):
            mine = frozen.user_attrs.get(MINE, {})
            if mine.get("sweep") != self.sweep.name:
                continue
            number = mine["trial"]
            found[number] = self._trial(number, mine["overrides"])
            self._asked.pop(number, None)
            if frozen.state in states:
                found[number] = replace(found[number], state=states[frozen.state], value=frozen.value)
            else:
                self._asked[number] = OptunaTrial(self.study, frozen._trial_id)
                if frozen.last_step is not None:
                    self._reported[number] = frozen.last_step, frozen.intermediate_values[frozen.last_step]
        return [found[number] for number in sorted(found)]

    def _enqueue_default(self, default: Mapping[str, str]) -> None:
        """Let the first trial be the configuration as it stands, where that lies in the space."""
        values = {key: _read(kind, default[key]) for key, kind in self.space.items() if key in default}
        if len(values) == len(self.space) and all(value is not None for value in values.values()):
            self.study.enqueue_trial(values, skip_if_exists=True)

    def _trial(self, number: int, overrides: Sequence[str]) -> Trial:
        return Trial(number, tuple(overrides), monitor=self.search.monitor, mode=self.search.mode)

    # What a sweep asks

    @property
    def total(self) -> int:
        """How many trials there will be."""
        return max(self.search.trials, len(self.trials))

    def next(self) -> Trial | None:
        """Return the next trial to run; None where there are enough."""
        if self._left:
            trial = self._left.pop(0)
            return trial if trial.number in self._asked else self._once_more(trial)
        if len(self.trials) >= self.search.trials:
            return None
        asked, number = self.study.ask(self.space), len(self.trials)
        overrides = [f"{key}={as_typed(value)}" for key, value in asked.params.items()]
        asked.set_user_attr(MINE, self._mark(number, overrides))
        self._asked[number] = asked
        self.trials.append(self._trial(number, overrides))
        return self.trials[-1]

    def _mark(self, number: int, overrides: Sequence[str]) -> dict[str, Any]:
        return {"sweep": self.sweep.name, "trial": number, "overrides": list(overrides)}

    def _once_more(self, failed: Trial) -> Trial:
        """Enter a trial that failed anew: what a study was told cannot be taken back."""
        from optuna.trial import TrialState, create_trial

        mark = self._mark(failed.number, failed.overrides)
        values = _values(self.space, failed)
        state = TrialState.RUNNING
        self.study.add_trial(
            create_trial(state=state, params=values, distributions=self.space, user_attrs={MINE: mark})
        )
        self._taken_up()
        return self._trial(failed.number, failed.overrides)

    def tell(self, trial: Trial) -> None:
        """Take note of how a trial ended; one that was interrupted stays open, to be gone on with."""
        from optuna.trial import TrialState

        self._left = [other for other in self._left if other.number != trial.number]
        if trial.state == "interrupted" or trial.number not in self._asked:
            return
        asked = self._asked.pop(trial.number)
        if trial.state == "done" and trial.value is not None:
            self._report(asked, trial.number, STEPS, trial.value)
            self.study.tell(asked, trial.value)
        elif trial.state == "pruned":
            self.study.tell(asked, state=TrialState.PRUNED)
        else:
            self.study.tell(asked, state=TrialState.FAIL)

    def should_prune(self, trial: Trial, share: float, value: float) -> bool:
        """Say whether a running trial need not go on, now that it was measured.

        Args:
            trial: The trial.
            share: How much of it is done, 0..1.
            value: The best that it has reached by then.
        """
        asked = self._asked.get(trial.number)
        if asked is None or self.search.pruner == "none":
            return False
        self._report(asked, trial.number, int(share * STEPS), value)
        return asked.should_prune()

    def _report(self, asked: OptunaTrial, number: int, part: int, value: float) -> None:
        """Tell the study what a trial has reached by a part of its length.

        In the parts since it was last measured it had what it had then: so others can be held against it there.
        """
        before, then = self._reported.get(number, (None, value))
        if before is not None and part <= before:
            return  # measured twice in one part: the study keeps the first
        for between in range(part if before is None else before + 1, part):
            asked.report(then, between)
        asked.report(value, part)
        self._reported[number] = part, value


def _sampler(search: Search, seed: int) -> BaseSampler:
    import warnings

    from optuna.exceptions import ExperimentalWarning
    from optuna.samplers import GPSampler, RandomSampler, TPESampler

    warnings.simplefilter("ignore", ExperimentalWarning)
    if search.sampler == "tpe":
        # Several at a time: those that are running count as bad, or all would be drawn from the same place.
        return TPESampler(
            seed=seed, n_startup_trials=search.startup, multivariate=True, group=False, constant_liar=True
        )
    if search.sampler == "gp":
        return GPSampler(seed=seed, n_startup_trials=search.startup)
    return RandomSampler(seed=seed)


def _pruner(search: Search) -> BasePruner:
    from optuna.pruners import MedianPruner, NopPruner

    return MedianPruner(n_startup_trials=4, n_warmup_steps=UNPRUNED) if search.pruner == "median" else NopPruner()


def _read(kind: BaseDistribution, text: str) -> Any:
    """Return a typed value as a distribution knows it; None where it holds no such value."""
    from optuna.distributions import CategoricalDistribution, IntDistribution

    try:
        value = text if isinstance(kind, CategoricalDistribution) else type(kind.low)(float(text))  # type: ignore[attr-defined]
        if isinstance(kind, IntDistribution) and value != float(text):
            return None
        return value if kind._contains(kind.to_internal_repr(value)) else None
    except ValueError:
        return None


def _values(space: Mapping[str, BaseDistribution], trial: Trial) -> dict[str, Any]:
    """Return the values that a trial was given, rounded as it was given them."""
    values = {key: _read(kind, trial.parameters[key.lstrip("+~")]) for key, kind in space.items()}
    if None in values.values():
        raise RunError(f"Trial {trial.number} ({', '.join(trial.overrides)}) does not lie in the space of its search.")
    return values
