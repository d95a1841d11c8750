"""What runs are compared by: settings that differ, metric values, warnings, and the epochs to show side by side."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from handwriting.metric_values import MetricValue, display_order, of_one_class
from handwriting.runs.details import RunDetails
from handwriting.runs.summaries import as_override
from handwriting.text import ABSENT, printable

SHARE_NAMES = {0: "start", 1 / 3: "a third", 2 / 3: "two thirds", 1: "end"}
"""What the shares of a training are called at which sample grids are compared."""

# Settings


def differences(runs: Sequence[RunDetails]) -> dict[str, list[str]]:
    """Return the settings in which the runs differ, each with its value in every run, or ``-`` where it has none.

    Paths into a run's own folder differ by nature and are skipped, as are Hydra's own settings.
    """
    texts = [{key: as_override(value) for key, value in _comparable_settings(run).items()} for run in runs]
    keys = dict.fromkeys(key for text in texts for key in text)
    settings = {key: [text.get(key, ABSENT) for text in texts] for key in keys}
    return {key: values for key, values in settings.items() if len(set(values)) > 1}


def _comparable_settings(run: RunDetails) -> dict[str, Any]:
    folder_name = run.path.resolve().name
    return {
        key: value
        for key, value in run.config.items()
        if key.partition(".")[0] != "hydra"
        and not (isinstance(value, str) and "/" in value and folder_name in Path(value).parts)
    }


# Metric values


@dataclass(frozen=True)
class MetricRow:
    """One metric of all runs.

    Attributes:
        name: The name of the metric.
        cells: Its value for each run; None for a run that lacks it.
    """

    name: str
    cells: tuple[MetricValue | None, ...]

    @property
    def known(self) -> dict[int, MetricValue]:
        """The values that exist, by the index of their run."""
        return {index: cell for index, cell in enumerate(self.cells) if cell}

    @property
    def better(self) -> Literal["min", "max"]:
        """Whether lower values are better, or higher ones."""
        return next(iter(self.known.values())).better

    @property
    def unit(self) -> str:
        """The unit of the values; empty for pure numbers."""
        return next(iter(self.known.values())).unit

    @property
    def caption(self) -> str:
        """What the metric is, in a few words; empty for runs that were evaluated by an earlier version."""
        return next((cell.caption for cell in self.known.values() if cell.caption), "")

    @property
    def comparable(self) -> bool:
        """Whether all runs were measured by the same classifier, or by none."""
        return len({cell.classifier for cell in self.known.values()}) == 1

    @property
    def best(self) -> set[int]:
        """The indices of the runs with the best value; empty where all are equal, or cannot be compared."""
        values = {cell.value for cell in self.known.values()}
        if len(values) < 2 or not self.comparable:
            return set()
        best = min(values) if self.better == "min" else max(values)
        return {index for index, cell in self.known.items() if cell.value == best}


def metric_rows(runs: Sequence[RunDetails]) -> list[MetricRow]:
    """Return every metric that a run has, but those of a single class, in the order of first appearance."""
    names = display_order(name for run in runs for name in run.metric_values)
    return [
        MetricRow(name, tuple(run.metric_values.get(name) for run in runs)) for name in names if not of_one_class(name)
    ]


def comparability_warnings(runs: Sequence[RunDetails]) -> list[str]:
    """Describe which values cannot be compared, and which only with care."""
    rows = metric_rows(runs)
    by_classifiers: dict[str, list[str]] = {}
    for row in (row for row in rows if not row.comparable):
        by_classifiers.setdefault(_grouped({run: cell.classifier for run, cell in row.known.items()}), []).append(
            row.name
        )
    warnings = [
        f"Not comparable: {', '.join(names)}. They were measured by different classifiers ({classifiers}); "
        "no best value is marked and no bars are drawn."
        for classifiers, names in by_classifiers.items()
    ]
    if counts := [row.name for row in rows if row.comparable and len({cell.n for cell in row.known.values()}) > 1]:
        warnings.append(
            f"Measured with different numbers of glyphs: {', '.join(counts)}. Compare each value with its own floor."
        )
    fingerprints = {index: run.data_fingerprint for index, run in enumerate(runs) if run.data_fingerprint}
    if len(set(fingerprints.values())) > 1:
        warnings.append(f"The runs trained on different glyphs, by fingerprint: {_grouped(fingerprints)}.")
    return warnings


def _grouped(values: Mapping[int, str | None]) -> str:
    """Return ``3f2a91c0: runs 1, 2; 77aa0000: run 3``; runs are counted from 1."""
    groups: dict[str, list[str]] = {}
    for index, value in values.items():
        groups.setdefault(printable(value or "none"), []).append(str(index + 1))
    return "; ".join(
        f"{value}: run{'s' * (len(numbers) > 1)} {', '.join(numbers)}" for value, numbers in groups.items()
    )


def classifiers(runs: Sequence[RunDetails]) -> dict[str, float | None]:
    """Return the classifiers whose features the runs were measured in, and the accuracy of each, 0..1."""
    cells = [cell for run in runs for cell in run.metric_values.values()]
    return {printable(cell.classifier): cell.accuracy for cell in cells if cell.classifier}


def as_table(runs: Sequence[RunDetails]) -> list[dict[str, Any]]:
    """Return one row per run with every fact, every metric, and the settings in which the runs differ."""
    facts = ("name", "path", "model", "data", "experiment", "seed", "state", "parameters", "training_glyphs")
    progress = ("epoch", "batches", "samples", "seconds", "measuring_share", "glyphs_per_second")
    names = [row.name for row in metric_rows(runs)]
    names += sorted({name for run in runs for name in run.metric_values}.difference(names))
    settings = differences(runs)
    table = []
    for index, run in enumerate(runs):
        row: dict[str, Any] = {name: getattr(run, name) for name in (*facts, *progress)}
        row["classifier"] = ", ".join(classifiers([run]))
        for name in names:
            cell = run.metric_values.get(name)
            row |= {name: cell and cell.value, f"{name}_floor": cell and cell.floor, f"{name}_n": cell and cell.n}
        table.append(row | {f"config.{key}": values[index] for key, values in settings.items()})
    return table


# Sample grids


@dataclass(frozen=True)
class ShownEpochs:
    """A point of training at which the sample grids of runs are compared.

    Attributes:
        name: What it is called on the page.
        epochs: The epoch of each run's grid; None where a run has none.
    """

    name: str
    epochs: tuple[int | None, ...]


def choose_epochs(runs: Sequence[RunDetails]) -> tuple[list[ShownEpochs], str]:
    """Choose the sample grids to put side by side.

    They are those of epochs at which all runs drew one: the first, the last and some between them. Runs that are
    limited in time skip epochs, each its own; where they have too few in common, each run shows the grids nearest to
    the same shares of its training.

    Args:
        runs: The runs. Those with at most one grid, which hardly began, do not count.

    Returns:
        The epochs, and a sentence on how they were chosen.
    """
    grids = [run.grids for run in runs if len(run.grids) > 1] or [run.grids for run in runs if run.grids]
    if not grids:
        return [], "No run has drawn a sample grid."
    common = sorted(set.intersection(*map(set, grids)))
    if len(common) >= min(len(SHARE_NAMES), *map(len, grids)):
        epochs = dict.fromkeys(common[round(share * (len(common) - 1))] for share in SHARE_NAMES)
        chosen = [
            ShownEpochs(f"epoch {epoch}", tuple(epoch if epoch in run.grids else None for run in runs))
            for epoch in epochs
        ]
        reason = "The same epochs of every run."
        last = ShownEpochs("the last grid of each", tuple(max(run.grids, default=None) for run in runs))
        if {*last.epochs} - {None, common[-1]}:
            return [*chosen, last], f"{reason[:-1]}, and the last grid of each: some trained for longer."
        return chosen, reason
    shares: dict[tuple[int | None, ...], float] = {}
    for share in sorted(SHARE_NAMES, key=lambda share: abs(share - 0.5), reverse=True):  # where two coincide, an end
        shares.setdefault(tuple(_nearest(run.grids, share) for run in runs), share)
    chosen = [
        ShownEpochs(SHARE_NAMES[share], epochs) for epochs, share in sorted(shares.items(), key=lambda item: item[1])
    ]
    return chosen, (
        "The runs drew their grids at different epochs: these are nearest to the start, a third, two thirds and the "
        "end of the glyphs that each of them saw. Every grid is named by its own epoch."
    )


def _nearest(grids: Iterable[int], share: float) -> int | None:
    """Return the epoch nearest to a share of the last one; within a run, every epoch has the same number of glyphs."""
    epochs = list(grids)
    return min(epochs, key=lambda epoch: abs(epoch - share * max(epochs)), default=None)
