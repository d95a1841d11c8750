"""The plan in ``experiments/_plan.yaml``: experiments with their data and training time, targets and questions."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fnmatch import fnmatch
from functools import cached_property
from pathlib import Path

import yaml
from pydantic import PositiveFloat, PositiveInt, TypeAdapter, ValidationError

from handwriting.config import EXPERIMENTS
from handwriting.errors import ConfigError, nearest
from handwriting.text import first_problem, one_line

PLAN = EXPERIMENTS / "_plan.yaml"


@dataclass(frozen=True)
class PlannedExperiment:
    """One configuration in ``experiments/``, with what is known of the original that it rebuilds.

    Attributes:
        reported: The result that the original reported, in its own words and on its own scale.
        batches: The batches that the original was trained for; None where the number is not known.
        minutes: The minutes that it is trained here; None for the minutes of its group.
        overrides: The overrides of its configuration; None for the overrides of its group.
    """

    reported: str = ""
    batches: PositiveInt | None = None
    minutes: PositiveFloat | None = None
    overrides: tuple[str, ...] | None = None


@dataclass(frozen=True)
class ExperimentGroup:
    """The experiments of one folder, reported in one table.

    Attributes:
        name: The name of the folder.
        about: What the originals were, in a sentence or two.
        minutes: The minutes that each experiment is trained here.
        experiments: The experiments by name.
        overrides: Overrides for all of them, such as the data; ``{root}`` stands for the data's folder.
        order: The metric that ranks them, lowest first; None for no ranking.
    """

    name: str
    about: str
    minutes: PositiveFloat
    experiments: dict[str, PlannedExperiment]
    overrides: tuple[str, ...] = ()
    order: str | None = None


@dataclass(frozen=True)
class Target:
    """A value that a run should reach in one metric; exactly one of the four limits is given.

    Attributes:
        run: The full name of the experiment.
        metric: A name in ``evaluation.json``.
        at_least: The lowest value that reaches the target.
        at_most: The highest value that reaches it.
        times_best: The highest multiple of the best value of ``baselines`` that reaches it.
        gap_closed: The share, 0..1, of the gap between the best of ``baselines`` and the floor that has to be closed.
        baselines: The experiments that the run is compared with.
    """

    run: str
    metric: str
    at_least: float | None = None
    at_most: float | None = None
    times_best: float | None = None
    gap_closed: float | None = None
    baselines: tuple[str, ...] = ()


@dataclass(frozen=True)
class Question:
    """A question that the originals left open, answered by comparing runs.

    Attributes:
        question: The question.
        compare: The experiments whose runs answer it.
        metrics: Names in ``evaluation.json``, or logged values, which are compared at equal batches.
        comment: A remark to print after the figures.
    """

    question: str
    compare: tuple[str, ...]
    metrics: tuple[str, ...]
    comment: str = ""


@dataclass(frozen=True)
class PlannedRun:
    """One run of an experiment.

    Attributes:
        name: The full name of the experiment: its folder and its own name.
        experiment: What the plan says of it.
        group: Its group.
        whole: Whether it is trained for the original's full length rather than for some minutes.
    """

    name: str
    experiment: PlannedExperiment
    group: ExperimentGroup
    whole: bool = False

    @property
    def run(self) -> str:
        """The name of the run, which is also its folder within the runs of all experiments."""
        return f"{self.name}_whole" if self.whole else self.name

    @property
    def minutes(self) -> float:
        """The minutes of training, unless the run has the original's full length."""
        return self.experiment.minutes or self.group.minutes

    @property
    def picture(self) -> str:
        """The path of the picture of some of its glyphs, relative to the page."""
        return f"grids/{self.run.replace('/', '_')}.png"

    def overrides(self, root: Path | str) -> list[str]:
        """Return the overrides that its configuration is composed with.

        Args:
            root: The folder of the data.
        """
        templates = self.group.overrides if self.experiment.overrides is None else self.experiment.overrides
        overrides = [template.replace("{root}", str(root)) for template in templates]
        return [f"experiments={self.name}", *overrides, f"data.root={root}"]


@dataclass(frozen=True)
class ExperimentPlan:
    """The whole plan.

    Attributes:
        groups: The groups in the order of the page.
        targets: The values that runs should reach.
        questions: The questions that runs answer.
    """

    groups: tuple[ExperimentGroup, ...]
    targets: tuple[Target, ...] = ()
    questions: tuple[Question, ...] = ()

    @cached_property
    def experiments(self) -> dict[str, PlannedRun]:
        """The run of each experiment by its full name, such as ``emnist_letters/cgan_5``, in order."""
        return {
            f"{group.name}/{name}": PlannedRun(f"{group.name}/{name}", experiment, group)
            for group in self.groups
            for name, experiment in group.experiments.items()
        }

    @property
    def runs(self) -> list[PlannedRun]:
        """Every possible run: for each experiment one of some minutes and one of the original's full length."""
        return [replace(planned, whole=whole) for planned in self.experiments.values() for whole in (False, True)]

    def matching(self, patterns: list[str]) -> list[PlannedRun]:
        """Return the experiments that match any of the patterns; all of them without a pattern.

        Args:
            patterns: Names with wildcards, such as ``kuzushiji/*``.

        Raises:
            ConfigError: For a pattern that matches none.
        """
        for pattern in patterns:
            if not any(fnmatch(name, pattern) for name in self.experiments):
                guess = nearest(pattern, list(self.experiments))
                raise ConfigError(f"only={pattern}: there is no such experiment.{guess} See experiments/README.md.")
        return [
            planned
            for name, planned in self.experiments.items()
            if not patterns or any(fnmatch(name, pattern) for pattern in patterns)
        ]


def read_plan(path: Path = PLAN) -> ExperimentPlan:
    """Read the plan.

    Args:
        path: The YAML file.

    Raises:
        ConfigError: If the file cannot be read, or a value in it is not allowed; the message names the key.
    """
    try:
        return TypeAdapter(ExperimentPlan).validate_python(yaml.safe_load(path.read_text("utf-8")))
    except (OSError, yaml.YAMLError) as error:
        raise ConfigError(f"{path} cannot be read: {one_line(error)}") from error
    except ValidationError as error:
        raise ConfigError(f"{path}: {first_problem(error)}.") from error
