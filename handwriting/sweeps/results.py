"""What a sweep has found: which trials are best, what mattered, and how to go on with the best."""

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
from handwriting.sweeps.folder import SweepPlan, Trial
from handwriting.sweeps.space import parsed
from handwriting.text import format_number

if TYPE_CHECKING:
    from hydra.core.override_parser.types import Override
    from optuna.distributions import BaseDistribution

SEED = "seed"
FEWEST = 4
"""From fewer trials nothing is said of what mattered."""
WHOLE = ("experiments", "debug")
"""Groups whose choices are whole configurations: another builds upon them rather than choosing them anew."""
NOT_THE_RUNS = ("hydra", "launcher", "sweep", "resume", "search")
"""Keys that say how a sweep is run, and nothing of its runs."""

Objective = tuple[str, Literal["min", "max"]]
"""What trials go by, and whether less of it is better or more."""


def finished(trial: Trial) -> bool:
    """Say whether a trial is done and has measured what it goes by."""
    return trial.state == "done" and trial.value is not None and math.isfinite(trial.value)


def by_objective(trials: Sequence[Trial]) -> dict[Objective, list[Trial]]:
    """Return trials by what they go by, as far as any with the same goal is finished; others are held against none.

    Where there is one goal only, those that never came to know theirs are among its trials.
    """
    goals: list[Objective] = list(
        dict.fromkeys((str(trial.monitor), trial.mode) for trial in trials if finished(trial))
    )
    if len(goals) == 1:
        return {goals[0]: [trial for trial in trials if trial.monitor in (None, goals[0][0])]}
    return {goal: [trial for trial in trials if (trial.monitor, trial.mode) == goal] for goal in goals}


# Who is best


@dataclass(frozen=True)
class LeaderboardRow:
    """Trials that differ in their seed alone.

    Attributes:
        parameters: What they were given besides their seeds, by key, as typed.
        trials: All of them, best first; at least one.
    """

    parameters: dict[str, str]
    trials: tuple[Trial, ...]

    @property
    def best(self) -> Trial:
        """The best of them."""
        return self.trials[0]

    @property
    def goal(self) -> Objective:
        """What they go by."""
        return str(self.best.monitor), self.best.mode

    @property
    def values(self) -> list[float]:
        """What each seed reached; a seed that was tried twice tells nothing twice."""
        return list({trial.parameters.get(SEED): _value(trial) for trial in self.trials}.values())

    @property
    def n(self) -> int:
        """How many seeds there were."""
        return len(self.values)

    @property
    def mean(self) -> float:
        """Over the seeds."""
        return fmean(self.values)

    @property
    def spread(self) -> float | None:
        """The standard deviation over seeds (n - 1); None of a single one."""
        return stdev(self.values) if self.n > 1 else None

    @property
    def numbers(self) -> list[int]:
        """The numbers of the trials, in order."""
        return sorted(trial.number for trial in self.trials)

    @property
    def seconds(self) -> float | None:
        """How long a training took, in the mean; None where none of them tells."""
        known = [trial.seconds for trial in self.trials if trial.seconds is not None]
        return fmean(known) if known else None


def leaderboard(trials: Sequence[Trial]) -> list[LeaderboardRow]:
    """Return the finished trials by what they were given besides their seeds, best mean first.

    Those that go by different things are held against each other nowhere: one goal's standings follow another's.
    """
    found: list[LeaderboardRow] = []
    for (_, mode), own in by_objective(trials).items():
        sign = 1 if mode == "min" else -1
        alike: dict[tuple[tuple[str, str], ...], list[Trial]] = {}
        for trial in sorted(filter(finished, own), key=lambda trial: sign * _value(trial)):
            given = sorted((key, text) for key, text in trial.parameters.items() if key != SEED)
            alike.setdefault(tuple(given), []).append(trial)
        standings = [LeaderboardRow(dict(given), tuple(same)) for given, same in alike.items()]
        found += sorted(standings, key=lambda standing: sign * standing.mean)
    return found


def _value(trial: Trial) -> float:
    assert trial.value is not None
    return trial.value


def seed_spread(standings: Sequence[LeaderboardRow]) -> float | None:
    """Return by how much trials that differ in their seed alone spread: their pooled standard deviation.

    None where no two trials differ in their seed alone.
    """
    several = [(standing.n - 1, stdev(standing.values)) for standing in standings if standing.n > 1]
    if not several:
        return None
    return math.sqrt(sum(free * spread**2 for free, spread in several) / sum(free for free, _ in several))


# What mattered


def axes(trials: Sequence[Trial]) -> list[Axis]:
    """Return every parameter in which trials differ, the seed included, with its value in each."""
    names = dict.fromkeys(name for trial in trials for name in trial.parameters)
    found = [Axis.read(name, [trial.parameters.get(name) for trial in trials]) for name in names]
    return [axis for axis in found if len(set(axis.values)) > 1]


def importance(trials: Sequence[Trial]) -> dict[str, float]:
    """Return how much of what trials reached each parameter explains by itself, most important first.

    It is the share of the variance that the parameter's own effect has in a random forest over all finished trials
    (functional ANOVA; Hutter, Hoos and Leyton-Brown, An Efficient Approach for Assessing Hyperparameter Importance,
    2014), as Optuna computes it, and scaled to sum to 1. Numbers are taken on the scale of their :class:`Axis`, for
    those reached as well; what a trial does not have is a value of its own.

    Returns:
        Shares of 0..1, by key; empty where :func:`importance_unavailable` says why there are none.
    """
    if importance_unavailable(trials):
        return {}
    import optuna
    from optuna.importance import FanovaImportanceEvaluator, get_param_importances

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    done = [trial for trial in trials if finished(trial)]
    reached = Axis("", tuple(trial.value for trial in done))
    columns = {axis.name: _column(axis) for axis in axes(done)}
    kinds = {name: kind for name, (_, kind) in columns.items()}
    study = optuna.create_study()
    for index, value in enumerate(reached.values):
        given = {name: values[index] for name, (values, _) in columns.items()}
        told = reached.position(value)
        study.add_trial(optuna.trial.create_trial(params=given, distributions=kinds, value=told))
    return get_param_importances(study, evaluator=FanovaImportanceEvaluator(seed=0))


def _column(axis: Axis) -> tuple[list[Any], BaseDistribution]:
    """Return a parameter as Optuna knows it; it looks at no scale itself."""
    from optuna.distributions import CategoricalDistribution, FloatDistribution

    if axis.is_numeric:
        places = [axis.position(value) for value in axis.values]
        return places, FloatDistribution(min(places), max(places))
    return list(axis.values), CategoricalDistribution(list(dict.fromkeys(axis.values)))


def importance_unavailable(trials: Sequence[Trial]) -> str | None:
    """Say why it cannot be told what mattered; None where it can."""
    done = [trial for trial in trials if finished(trial)]
    if len(by_objective(done)) > 1:
        return "The trials go by different things."
    if len(done) < FEWEST:
        return f"It takes at least {FEWEST} trials that are done to tell what mattered; there {_are(len(done))}."
    if not axes(done):
        return "The trials that are done were all given the same."
    if len({trial.value for trial in done}) == 1:
        return f"All trials reached the same {done[0].monitor}: nothing mattered."
    return None


def _are(count: int) -> str:
    return "is 1" if count == 1 else f"are {count}"


# How to go on


def rerun(plan: SweepPlan, trial: Trial, seeds: Sequence[int] = ()) -> str:
    """Return the command that trains once more what a trial did, or a sweep over seeds."""
    words = [
        override.input_line or "" for override in _own(plan, trial) if not (seeds and override.key_or_group == SEED)
    ]
    over = [f"{SEED}={','.join(map(str, seeds))}"] if seeds else []
    return shlex.join(["python", "train.py", *(["-m"] if seeds else []), *words, *over])


def best_config(name: str, plan: SweepPlan, standing: LeaderboardRow) -> str:
    """Return a file for ``experiments/`` that is the best trial of some, complete.

    What its training was given by groups becomes its defaults, and every value stands under its keys. No file can take
    a key away: what did is told in a comment.

    Args:
        name: What the sweep is called.
        plan: The sweep's.
        standing: The one to go on with.
    """
    builds_on, chosen, values = [], [], OmegaConf.create()
    comments = ["# @package _global_", f"# {_title(name, standing)}"]
    groups = describe()
    for override in _own(plan, standing.best):
        key, value = override.key_or_group, None if override.is_delete() else override.value()
        if key not in groups or isinstance(value, dict):
            if override.is_delete():
                comments.append(f"# Type beside experiments=: {override.input_line}")
            else:
                OmegaConf.update(values, key, value, merge=True, force_add=True)
        elif key not in WHOLE:
            chosen.append({f"override /{override.get_key_element().lstrip('+~')}": value})
        elif value is not None:
            builds_on.append(f"/{key}/{value}")
    defaults = OmegaConf.to_yaml(OmegaConf.create({"defaults": [*builds_on, "_self_", *chosen]}))
    return "\n".join([*comments, defaults, *([OmegaConf.to_yaml(values)] if values else [])])


def _title(name: str, standing: LeaderboardRow) -> str:
    trial, monitor = standing.best, standing.best.monitor
    told = (
        f"Best of the sweep {' '.join(name.split())}: {monitor} {format_number(trial.value, 4)} (trial {trial.number})"
    )
    return told if standing.n == 1 else f"{told}, {format_number(standing.mean, 4)} over {standing.n} seeds"


def _own(plan: SweepPlan, trial: Trial) -> Iterator[Override]:
    """Yield what a training was given, each key once as it was given last; a group may be given values as well."""
    overrides = parsed([quote(word) for word in (*plan.overrides, *trial.overrides)])
    last = {(one.get_key_element().lstrip("+~"), isinstance(one.value(), dict)): one for one in overrides}
    for override in last.values():
        if override.key_or_group.split(".")[0].split("/")[0] not in NOT_THE_RUNS:
            yield override
