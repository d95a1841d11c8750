"""Labels without a transcript: accuracy against the number of answers of a simulated person, next to baselines."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from benchmarks.labelling_sets import GOALS, Goal, HiddenSet
from handwriting.features.views import classifier_views
from handwriting.labelling.answers import SheetAnswer
from handwriting.labelling.descriptors import framed, glyph_views, joint_view, principal_components
from handwriting.labelling.fixed_clusters import (
    LATENT_DIMENSIONS,
    Asking,
    FixedClusters,
    density_clusters,
    mean_clusters,
)
from handwriting.labelling.rounds import Rounds
from handwriting.labelling.spreading import Surroundings
from handwriting.text import markdown_table

NAMED_SHARE = 0.7
"""The simulated person names a sheet if this share of its glyphs is of one class, and strikes out the others."""
CHECKPOINTS = (0.25, 0.5, 0.75, 1.0)
"""Shares of the answers at which the labels are compared with the truth."""
MAX_SECONDS = 2.0
"""The goal for the time from an answer to the next sheet."""
MIN_GLYPHS_OF_SPEED = 5000
"""Glyphs of a set on which that goal is checked."""
ROUNDS, WITHOUT = "rounds", "rounds, no classifier"

Row = tuple[str, ...]


def simulated_answer(glyphs: tuple[int, ...], hidden: HiddenSet) -> SheetAnswer:
    """Return what a person says who makes no mistake."""
    names, counts = np.unique(hidden.labels[list(glyphs)], return_counts=True)
    most = str(names[counts.argmax()])
    if counts.max() < NAMED_SHARE * len(glyphs):
        return SheetAnswer(glyphs, None)
    return SheetAnswer(glyphs, most, tuple(glyph for glyph in glyphs if hidden.labels[glyph] != most))


def accuracy_at(asking: Asking, hidden: HiddenSet, coverage: float) -> float:
    """Return the share of right labels among the most confident glyphs; a glyph without a label counts as wrong.

    Args:
        asking: A labelling.
        hidden: The truth.
        coverage: The share of all glyphs that is judged, 0..1.
    """
    labelled = asking.labelled()
    right = np.array([*labelled.names, ""])[labelled.best] == hidden.labels
    order = np.argsort(-labelled.confidence, kind="stable")
    return float(right[order[: round(coverage * len(order))]].mean())


@dataclass
class Curve:
    """One method on one set.

    Attributes:
        accuracies: The accuracy at the goal's coverage, by the number of answers.
        mixed: Sheets that were mixed.
        by_person: The share of glyphs that a person named in the end.
        start: Seconds from the glyphs to the first sheet, without the training of classifiers.
        waits: Seconds from each answer to the next sheet.
    """

    accuracies: dict[int, float] = field(default_factory=dict)
    mixed: int = 0
    by_person: float = 0.0
    start: float = 0.0
    waits: list[float] = field(default_factory=list)


def measure(build: Callable[[], Asking], hidden: HiddenSet, answers: int, coverage: float) -> Curve:
    """Let the simulated person answer, and return how the labels get better."""
    curve = Curve()
    began = time.perf_counter()
    asking = build()
    sheets = asking.sheets()
    curve.start = time.perf_counter() - began
    checkpoints = {max(1, round(share * answers)) for share in CHECKPOINTS}
    for number in range(1, answers + 1):
        if sheets:
            answer = simulated_answer(sheets[0].glyphs, hidden)
            curve.mixed += answer.label is None
            began = time.perf_counter()
            asking.answer(answer)
            sheets = asking.sheets()
            curve.waits.append(time.perf_counter() - began)
        if number in checkpoints:
            curve.accuracies[number] = accuracy_at(asking, hidden, coverage)
    curve.by_person = float(asking.labelled().by_person.mean())
    return curve


def methods(goal: Goal, hidden: HiddenSet, root: Path, seed: int) -> Iterator[tuple[str, Callable[[], Asking]]]:
    """Yield the name of each method, and what starts it."""
    views = glyph_views(hidden.images)
    more = views | classifier_views(goal.classifier(root), hidden.images)
    yield ROUNDS, lambda: Rounds(Surroundings.of(joint_view(more)), seed)
    yield WITHOUT, lambda: Rounds(Surroundings.of(joint_view(glyph_views(hidden.images))), seed)
    yield "the same sheets at random", lambda: Rounds(Surroundings.of(joint_view(more)), seed, at_random=True)
    pixels = np.asarray(framed(hidden.images).reshape(len(hidden.images), -1) / 255, np.float32)
    yield "k-means on pixels", lambda: FixedClusters(mean_clusters(pixels, goal.answers, seed), seed)
    yield (
        "DBSCAN on latents",
        lambda: FixedClusters(density_clusters(principal_components(pixels, LATENT_DIMENSIONS)), seed),
    )


@dataclass
class RoundsPart:
    """What was measured of labels without a transcript.

    Attributes:
        curves: The curve of each method, by set.
        sizes: The number of glyphs and of classes, by set.
    """

    curves: dict[str, dict[str, Curve]] = field(default_factory=dict)
    sizes: dict[str, tuple[int, int]] = field(default_factory=dict)

    def tables(self) -> list[str]:
        """Return a table for each set."""
        return [self._table(name) for name in self.curves]

    def _table(self, name: str) -> str:
        goal, (glyphs, classes) = GOALS[name], self.sizes[name]
        counts = list(next(iter(self.curves[name].values())).accuracies)
        head = (
            f"{goal.title}: {glyphs:,} glyphs, {classes} classes; accuracy at {goal.coverage:.0%} coverage",
            *(f"{count} answers" for count in counts),
            "mixed sheets",
            "named by person",
            "first sheet, s",
            "next sheet, s: mean",
            "most",
        )
        rows = [
            (
                method,
                *(f"{100 * curve.accuracies[count]:.1f} %" for count in counts),
                f"{curve.mixed}",
                f"{curve.by_person:.0%}",
                f"{curve.start:.1f}",
                f"{np.mean(curve.waits or [0]):.2f}",
                f"{max(curve.waits, default=0):.2f}",
            )
            for method, curve in self.curves[name].items()
        ]
        return markdown_table(head, rows, numbers=True)

    def goals(self) -> list[Row]:
        """Return every goal for which something was measured: its name, whether it is reached, and the value."""
        rows: list[Row] = []
        for name, curves in self.curves.items():
            goal, curve = GOALS[name], curves[ROUNDS]
            value = curve.accuracies[goal.answers]
            wanted = f"{goal.title}: {goal.accuracy:.0%} at {goal.coverage:.0%} coverage in {goal.answers} answers"
            alone = curves[WITHOUT].accuracies[goal.answers]
            values = f"{100 * value:.1f} % ({100 * alone:.1f} % without a classifier)"
            rows.append((wanted, "yes" if value >= goal.accuracy else "no", values))
        if large := [name for name in self.curves if self.sizes[name][0] >= MIN_GLYPHS_OF_SPEED]:
            longest = {name: max(self.curves[name][ROUNDS].waits, default=0) for name in large}
            slowest = max(longest, key=lambda name: longest[name])
            wanted = f"{MIN_GLYPHS_OF_SPEED:,} glyphs or more: the next sheet within {MAX_SECONDS:g} s of an answer"
            value_of = f"{longest[slowest]:.2f} s ({slowest})"
            rows.append((wanted, "yes" if longest[slowest] <= MAX_SECONDS else "no", value_of))
        return rows


def measure_rounds(names: list[str], root: Path, seed: int, show: Callable[[str], object] = print) -> RoundsPart:
    """Measure all methods on some sets.

    Args:
        names: Names of ``GOALS``.
        root: The folder of real data.
        seed: The seed of clusters.
        show: Prints a line about each method as it is done.
    """
    part = RoundsPart()
    for name in names:
        goal = GOALS[name]
        hidden = goal.read(root)
        part.sizes[name] = len(hidden.labels), len(set(hidden.labels.tolist()))
        part.curves[name] = {}
        for method, build in methods(goal, hidden, root, seed):
            curve = measure(build, hidden, goal.answers, goal.coverage)
            part.curves[name][method] = curve
            last = 100 * curve.accuracies[goal.answers]
            show(f"{name}, {method}: {last:.1f} % after {goal.answers} answers, {sum(curve.waits):.0f} s of waiting")
    return part
