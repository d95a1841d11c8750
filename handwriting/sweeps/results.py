"""The results of a sweep: its best trials, the importance of its parameters, and commands that build on the best."""

from __future__ import annotations

import math
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import fmean, stdev
from typing import TYPE_CHECKING, Any, Literal

from omegaconf import OmegaConf

from handwriting.config import describe, quote
from handwriting.scales import Axis
from handwriting.sweeps.plan import SweepPlan
from handwriting.sweeps.space import parse_overrides
from handwriting.sweeps.trials import Trial
from handwriting.text import format_number

if TYPE_CHECKING:
    from hydra.core.override_parser.types import Override
    from optuna.distributions import BaseDistribution

SEED = "seed"
MIN_TRIALS_FOR_IMPORTANCE = 4
"""The fewest finished trials that the importance of parameters is estimated from."""
WHOLE_CONFIG_GROUPS = ("experiments", "debug")
"""Groups whose choices are whole configurations; a file that builds on one inherits it."""
SWEEP_ONLY_KEYS = ("hydra", "launcher", "sweep", "resume", "search")
"""Keys that control how a sweep is run and do not reach its trials."""

Objective = tuple[str, Literal["min", "max"]]
"""The logged value that trials are compared by, and whether its least or its largest value is best."""


def is_finished(trial: Trial) -> bool:
    """Return whether a trial is done and has a finite value of its monitor."""
    return trial.state == "done" and trial.value is not None and math.isfinite(trial.value)


def by_objective(trials: Sequence[Trial]) -> dict[Objective, list[Trial]]:
    """Return trials by their objective, for each objective that at least one finished trial has.

    Where there is only one, the trials that failed before they knew theirs belong to it as well.
    """
    objectives: list[Objective] = list(
        dict.fromkeys((str(trial.monitor), trial.mode) for trial in trials if is_finished(trial))
    )
    if len(objectives) == 1:
        return {objectives[0]: [trial for trial in trials if trial.monitor in (None, objectives[0][0])]}
    return {
        objective: [trial for trial in trials if (trial.monitor, trial.mode) == objective] for objective in objectives
    }


# The best trials


@dataclass(frozen=True)
class LeaderboardRow:
    """Trials that differ in their seed alone.

    Attributes:
        parameters: Their overrides without the seed, by key.
        trials: The trials, best first; at least one.
    """

    parameters: dict[str, str]
    trials: tuple[Trial, ...]

    @property
    def best(self) -> Trial:
        """The best trial."""
        return self.trials[0]

    @property
    def objective(self) -> Objective:
        """What they are compared by."""
        return str(self.best.monitor), self.best.mode

    @property
    def values(self) -> list[float]:
        """The value of each seed, once for each seed."""
        return list({trial.parameters.get(SEED): _value(trial) for trial in self.trials}.values())

    @property
    def n(self) -> int:
        """The number of seeds."""
        return len(self.values)

    @property
    def mean(self) -> float:
        """The mean over seeds."""
        return fmean(self.values)

    @property
    def spread(self) -> float | None:
        """The standard deviation over seeds (n - 1 in the denominator); None for a single seed."""
        return stdev(self.values) if self.n > 1 else None

    @property
    def numbers(self) -> list[int]:
        """The numbers of the trials, ascending."""
        return sorted(trial.number for trial in self.trials)

    @property
    def seconds(self) -> float | None:
        """The mean training time; None where it is not known."""
        known = [trial.seconds for trial in self.trials if trial.seconds is not None]
        return fmean(known) if known else None


def leaderboard(trials: Sequence[Trial]) -> list[LeaderboardRow]:
    """Return the finished trials grouped by their parameters without the seed, best mean first.

    Trials of different objectives are never compared: the rows of one objective follow those of another.
    """
    rows: list[LeaderboardRow] = []
    for (_, mode), comparable in by_objective(trials).items():
        sign = 1 if mode == "min" else -1
        alike: dict[tuple[tuple[str, str], ...], list[Trial]] = {}
        for trial in sorted(filter(is_finished, comparable), key=lambda trial: sign * _value(trial)):
            parameters = sorted((key, text) for key, text in trial.parameters.items() if key != SEED)
            alike.setdefault(tuple(parameters), []).append(trial)
        groups = [LeaderboardRow(dict(parameters), tuple(group)) for parameters, group in alike.items()]
        rows += sorted(groups, key=lambda row: sign * row.mean)
    return rows


def _value(trial: Trial) -> float:
    assert trial.value is not None
    return trial.value


def seed_spread(rows: Sequence[LeaderboardRow]) -> float | None:
    """Return the spread over seeds: the pooled standard deviation of trials that differ in their seed alone.

    None where no two trials differ in their seed alone.
    """
    spreads = [(row.n - 1, stdev(row.values)) for row in rows if row.n > 1]
    if not spreads:
        return None
    return math.sqrt(sum(freedom * spread**2 for freedom, spread in spreads) / sum(freedom for freedom, _ in spreads))


# Importance of parameters


def parameter_axes(trials: Sequence[Trial]) -> list[Axis]:
    """Return every parameter in which trials differ, the seed included, with its value in each trial."""
    names = dict.fromkeys(name for trial in trials for name in trial.parameters)
    axes = [Axis.read(name, [trial.parameters.get(name) for trial in trials]) for name in names]
    return [axis for axis in axes if len(set(axis.values)) > 1]


def importance(trials: Sequence[Trial]) -> dict[str, float]:
    """Return the importance of each parameter for the value that trials reach, most important first.

    The importance is the share of the variance that the main effect of the parameter explains in a random forest over
    all finished trials (functional ANOVA; Hutter, Hoos and Leyton-Brown, An Efficient Approach for Assessing
    Hyperparameter Importance, 2014), as Optuna computes it, scaled to a sum of 1. Parameters and values are on the
    scales of their :class:`Axis`; a missing parameter counts as one more value.

    Returns:
        Shares in 0..1, by key; empty where :func:`importance_unavailable` gives a reason.
    """
    if importance_unavailable(trials):
        return {}
    import optuna
    from optuna.importance import FanovaImportanceEvaluator, get_param_importances

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    done = [trial for trial in trials if is_finished(trial)]
    reached = Axis("", tuple(trial.value for trial in done))
    columns = {axis.name: _column(axis) for axis in parameter_axes(done)}
    kinds = {name: kind for name, (_, kind) in columns.items()}
    study = optuna.create_study()
    for index, value in enumerate(reached.values):
        parameters = {name: values[index] for name, (values, _) in columns.items()}
        scaled = reached.position(value)
        study.add_trial(optuna.trial.create_trial(params=parameters, distributions=kinds, value=scaled))
    return get_param_importances(study, evaluator=FanovaImportanceEvaluator(seed=0))


def _column(axis: Axis) -> tuple[list[Any], BaseDistribution]:
    """Return a parameter as Optuna takes it: on the scale of its axis, which Optuna's importance ignores."""
    from optuna.distributions import CategoricalDistribution, FloatDistribution

    if axis.is_numeric:
        positions = [axis.position(value) for value in axis.values]
        return positions, FloatDistribution(min(positions), max(positions))
    return list(axis.values), CategoricalDistribution(list(dict.fromkeys(axis.values)))


def importance_unavailable(trials: Sequence[Trial]) -> str | None:
    """Return the reason why no importance can be estimated; None where it can."""
    done = [trial for trial in trials if is_finished(trial)]
    if len(by_objective(done)) > 1:
        return "The trials are compared by different values."
    if len(done) < MIN_TRIALS_FOR_IMPORTANCE:
        return f"Importance takes at least {MIN_TRIALS_FOR_IMPORTANCE} finished trials; there {_are(len(done))}."
    if not parameter_axes(done):
        return "All finished trials have the same parameters."
    if len({trial.value for trial in done}) == 1:
        return f"All trials reached the same {done[0].monitor}: no parameter has any effect."
    return None


def _are(count: int) -> str:
    return "is 1" if count == 1 else f"are {count}"


# Building on the best


def rerun_command(plan: SweepPlan, trial: Trial, seeds: Sequence[int] = ()) -> str:
    """Return the command that repeats the training of a trial, once or as a sweep over ``seeds``."""
    words = [
        override.input_line or ""
        for override in _overrides(plan, trial)
        if not (seeds and override.key_or_group == SEED)
    ]
    swept = [f"{SEED}={','.join(map(str, seeds))}"] if seeds else []
    return shlex.join(["handwriting", "train", *(["-m"] if seeds else []), *words, *swept])


def best_config(name: str, plan: SweepPlan, row: LeaderboardRow) -> str:
    """Return the YAML of a file for ``experiments/`` that reproduces the best trial of a row.

    Choices of groups become its defaults; values become keys. A file cannot delete a key: such overrides are listed in
    comments.

    Args:
        name: The name of the sweep.
        plan: The plan of the sweep.
        row: The row of the leaderboard.
    """
    builds_on, chosen, values = [], [], OmegaConf.create()
    comments = ["# @package _global_", f"# {_title(name, row)}"]
    groups = describe()
    for override in _overrides(plan, row.best):
        key, value = override.key_or_group, None if override.is_delete() else override.value()
        if key not in groups or isinstance(value, dict):
            if override.is_delete():
                comments.append(f"# Add to the command line: {override.input_line}")
            else:
                OmegaConf.update(values, key, value, merge=True, force_add=True)
        elif key not in WHOLE_CONFIG_GROUPS:
            chosen.append({f"override /{override.get_key_element().lstrip('+~')}": value})
        elif value is not None:
            builds_on.append(f"/{key}/{value}")
    defaults = OmegaConf.to_yaml(OmegaConf.create({"defaults": [*builds_on, "_self_", *chosen]}))
    return "\n".join([*comments, defaults, *([OmegaConf.to_yaml(values)] if values else [])])


def _title(name: str, row: LeaderboardRow) -> str:
    trial = row.best
    value = f"{trial.monitor} {format_number(trial.value, 4)} (trial {trial.number})"
    title = f"Best of the sweep {' '.join(name.split())}: {value}"
    return title if row.n == 1 else f"{title}, {format_number(row.mean, 4)} over {row.n} seeds"


def _overrides(plan: SweepPlan, trial: Trial) -> Iterator[Override]:
    """Yield the overrides of a trial's training, the last one for each key; a group may also be given values."""
    parsed = parse_overrides([quote(word) for word in (*plan.overrides, *trial.overrides)])
    last = {
        (override.get_key_element().lstrip("+~"), isinstance(override.value(), dict)): override for override in parsed
    }
    for override in last.values():
        if override.key_or_group.split(".")[0].split("/")[0] not in SWEEP_ONLY_KEYS:
            yield override
