"""What ``experiments/_plan.yaml`` says: which studies are run, on what and for how long, and what is asked of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fnmatch import fnmatch
from functools import cached_property
from pathlib import Path

import yaml
from pydantic import PositiveFloat, PositiveInt, TypeAdapter, ValidationError

from handwriting.config import EXPERIMENTS
from handwriting.errors import ConfigError, nearest

PLAN = EXPERIMENTS / "_plan.yaml"


@dataclass(frozen=True)
class PlannedExperiment:
    """One configuration in ``experiments/`` and what is known of it.

    Attributes:
        reported: What the study told of it, in its own words and on its own scale.
        batches: How many batches it was trained for; None where that is not known.
        minutes: How long it is trained here; None for as long as its group says.
        overrides: What is changed for it; None for what its group says.
    """

    reported: str = ""
    batches: PositiveInt | None = None
    minutes: PositiveFloat | None = None
    overrides: tuple[str, ...] | None = None


@dataclass(frozen=True)
class ExperimentGroup:
    """Studies of one folder, told in one table.

    Attributes:
        name: The folder's.
        about: What they were, in a sentence or two.
        minutes: How long each is trained here.
        studies: By their names.
        overrides: What is changed for all of them, such as the data that is here; ``{root}`` is its folder.
        order: The measure by which they are put in order; None for none.
    """

    name: str
    about: str
    minutes: PositiveFloat
    studies: dict[str, PlannedExperiment]
    overrides: tuple[str, ...] = ()
    order: str | None = None


@dataclass(frozen=True)
class Target:
    """What a run is to reach in one measure; one of the last four is given.

    Attributes:
        run: The study.
        measure: A name in ``evaluation.json``.
        at_least: The least value.
        at_most: The largest.
        times_best: The largest share of the best value that ``beside`` reached.
        gap_closed: The least share that is taken off the gap between the best of ``beside`` and the floor.
        beside: The studies that it is held against.
    """

    run: str
    measure: str
    at_least: float | None = None
    at_most: float | None = None
    times_best: float | None = None
    gap_closed: float | None = None
    beside: tuple[str, ...] = ()


@dataclass(frozen=True)
class Question:
    """What the studies left open, answered by runs side by side.

    Attributes:
        ask: The question.
        compare: The studies whose runs answer it.
        by: MetricValues of ``evaluation.json``, or logged values, which are taken at equal batches.
        because: What is to be said to it beside the figures.
    """

    ask: str
    compare: tuple[str, ...]
    by: tuple[str, ...]
    because: str = ""


@dataclass(frozen=True)
class PlannedRun:
    """One run of a study.

    Attributes:
        name: The study's, with its folder: the group that it is told in.
        study: What is known of it.
        group: The group.
        whole: Whether it is trained for as long as the study was, rather than for some minutes.
    """

    name: str
    study: PlannedExperiment
    group: ExperimentGroup
    whole: bool = False

    @property
    def run(self) -> str:
        """The name of its run, and where that lies among the runs of all studies."""
        return f"{self.name}_whole" if self.whole else self.name

    @property
    def minutes(self) -> float:
        """How long it is trained, unless that is as long as the study was."""
        return self.study.minutes or self.group.minutes

    @property
    def picture(self) -> str:
        """Where a few of its glyphs are drawn, beside the page."""
        return f"grids/{self.run.replace('/', '_')}.png"

    def overrides(self, root: Path | str) -> list[str]:
        """Return what its configuration is composed with, for data in ``root``."""
        own = self.group.overrides if self.study.overrides is None else self.study.overrides
        given = [text.replace("{root}", str(root)) for text in own]
        return [f"experiments={self.name}", *given, f"data.root={root}"]


@dataclass(frozen=True)
class ExperimentPlan:
    """All of it."""

    groups: tuple[ExperimentGroup, ...]
    goals: tuple[Target, ...] = ()
    questions: tuple[Question, ...] = ()

    @cached_property
    def studies(self) -> dict[str, PlannedRun]:
        """Every study by its full name, such as ``emnist_letters/cgan_5``, in order."""
        return {
            f"{group.name}/{name}": PlannedRun(f"{group.name}/{name}", study, group)
            for group in self.groups
            for name, study in group.studies.items()
        }

    @property
    def runs(self) -> list[PlannedRun]:
        """Every run that there may be: of each study one of some minutes and one of its whole length."""
        return [replace(planned, whole=whole) for planned in self.studies.values() for whole in (False, True)]

    def matching(self, patterns: list[str]) -> list[PlannedRun]:
        """Return the studies that fit any of some patterns; all of them without one.

        Raises:
            ConfigError: For a pattern that fits none.
        """
        for pattern in patterns:
            if not any(fnmatch(name, pattern) for name in self.studies):
                guess = nearest(pattern, list(self.studies))
                raise ConfigError(f"only={pattern}: there is no such study.{guess} See experiments/README.md.")
        return [
            planned
            for name, planned in self.studies.items()
            if not patterns or any(fnmatch(name, pattern) for pattern in patterns)
        ]


def read_plan(path: Path = PLAN) -> ExperimentPlan:
    """Read the plan.

    Raises:
        ConfigError: If it does not say what a plan says, naming where.
    """
    try:
        return TypeAdapter(ExperimentPlan).validate_python(yaml.safe_load(path.read_text("utf-8")))
    except (OSError, yaml.YAMLError) as error:
        raise ConfigError(f"{path} cannot be read: {' '.join(str(error).split())}") from error
    except ValidationError as error:
        first = error.errors()[0]
        raise ConfigError(f"{path}: {'.'.join(map(str, first['loc']))}: {first['msg']}.") from error
