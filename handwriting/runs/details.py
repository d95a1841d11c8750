"""Several runs side by side: finding them, reading them, and where they differ."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import Any, Literal

from pydantic import TypeAdapter, ValidationError

from handwriting.errors import RunError
from handwriting.metric_values import MetricValue, in_order, of_one_class
from handwriting.runs.folder import Run
from handwriting.runs.summaries import RunSummary, as_override, describe_misfit, facts, flatten
from handwriting.text import ABSENT, one_line, printable

DEEPEST = 2
"""How far below a folder its runs may lie: ``sweeps/<name>/<trial>``."""
SHARES = {0: "start", 1 / 3: "a third", 2 / 3: "two thirds", 1: "end"}

FROM_STATUS = ("data_fingerprint", "device", "threads")
"""What a record takes over from ``status.json`` besides what an entry does."""

ReadConfig = Callable[[Path], Mapping[str, Any]]
"""Returns what a ``config.yaml`` holds, as plain values."""


@dataclass(frozen=True, kw_only=True)
class RunDetails(RunSummary):
    """What a comparison knows of one run besides what a table shows; None where the run does not say.

    Attributes:
        config: The configuration, its keys joined by dots.
        measures: What ``evaluation.json`` holds; empty where the run was not evaluated.
        rows: The rows of ``metrics.csv``.
        grids: The sample grid of each epoch that has one.
    """

    config: dict[str, Any]
    measures: dict[str, MetricValue]
    rows: list[dict[str, float]]
    grids: dict[int, Path]
    data_fingerprint: str | None = None
    device: str = "CPU"
    threads: int | None = None

    @property
    def machine(self) -> str:
        """What it was trained on."""
        if self.device != "CPU" or not self.threads:
            return self.device
        return f"CPU, {self.threads} thread{'s' if self.threads > 1 else ''}"

    @property
    def glyphs_per_second(self) -> float | None:
        """Glyphs seen in a second of training."""
        return self.samples / self.seconds if self.samples and self.seconds else None

    @property
    def measuring_share(self) -> float | None:
        """The share of the training's time that measuring took."""
        return self.measuring_seconds / self.seconds if self.measuring_seconds and self.seconds else None

    def seen(self, epoch: int) -> int | None:
        """Return how many glyphs it had seen after so many epochs."""
        if epoch == 0:
            return 0
        # Rows within the next epoch carry the number of this one, too.
        return min((int(row["samples"]) for row in self.rows if row.get("epoch") == epoch), default=None)


_RECORD = TypeAdapter(RunDetails)


@dataclass(frozen=True)
class Skipped:
    """A place that was asked for and holds no run that can be read.

    Attributes:
        place: What was asked for, or found there.
        reason: Why it is left out.
    """

    place: str
    reason: str


def gather(asked: str, read_config: ReadConfig) -> tuple[list[RunDetails], list[Skipped]]:
    """Find and read runs; a broken one is left out and told of, and spoils nothing.

    Args:
        asked: A run folder, a folder of runs up to two levels deep, a pattern, or several of these with commas.
        read_config: How a ``config.yaml`` is read.

    Raises:
        RunError: If no run is left.
    """
    folders, skipped = find(asked)
    records = []
    for folder, name in zip(folders, distinct_names(folders), strict=True):
        try:
            records.append(read(folder, name, read_config))
        except (RunError, OSError, ValueError) as error:
            skipped.append(Skipped(printable(str(folder)), printable(one_line(error))))
    if not records:
        told = "; ".join(f"{one.place}: {one.reason}" for one in skipped[:3])
        more = f"; and {len(skipped) - 3} more" if len(skipped) > 3 else ""
        raise RunError(f"runs={asked}: there is no run to compare ({told}{more}).")
    return records, skipped


def find(asked: str) -> tuple[list[Path], list[Skipped]]:
    """Return the run folders that are meant, in order and each once, and the places without any."""
    found: dict[Path, Path] = {}
    skipped = []
    for part in several(asked):
        places = _matches(Path(part).expanduser())
        if not places:
            skipped.append(Skipped(printable(part), "there is no such folder"))
        for place in places:
            runs, others = _within(place, DEEPEST)
            found = {**{run.resolve(): run for run in runs}, **found}
            skipped += others
    return sorted(found.values(), key=_natural), list(dict.fromkeys(skipped))


def several(asked: str) -> list[str]:
    """Return the parts of what was asked for, with commas between them; something of that very name is one."""
    parts = [asked] if _exists(Path(asked).expanduser()) else [part.strip() for part in asked.split(",")]
    return list(filter(None, parts))


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # longer than any name can be
        return False


def _matches(path: Path) -> list[Path]:
    """Return the folders that a path names: its own, or where it is a pattern all that fit."""
    if _exists(path):
        return [path]
    fixed = [*takewhile(lambda part: not set(part) & set("*?["), path.parts)]
    pattern = "/".join(path.parts[len(fixed) :])
    return [place for place in Path(*fixed).glob(pattern) if place.is_dir()] if pattern else []


def _within(place: Path, depth: int) -> tuple[list[Path], list[Skipped]]:
    """Return the run folders at a place or below it; a folder without any is told of once, not with all in it."""
    if (place / "status.json").is_file():
        return [place], []
    try:
        inner = [path for path in place.iterdir() if path.is_dir() and path.name[0] != "."] if depth else []
    except OSError as error:
        return [], [Skipped(printable(str(place)), printable(one_line(error)))]
    looked = [_within(path, depth - 1) for path in sorted(inner, key=_natural)]
    runs = [run for found, _ in looked for run in found]
    if not runs:
        return [], [Skipped(printable(str(place)), "not a run folder (no status.json)")]
    return runs, [skipped for _, others in looked for skipped in others]


def _natural(path: Path) -> list[tuple[int, str]]:
    """Order by the numbers within a name: ``trial_9`` before ``trial_10``."""
    return [(int(digits or 0), text) for digits, text in re.findall(r"([0-9]*)([^0-9]*)", str(path))]


def distinct_names(folders: Sequence[Path]) -> list[str]:
    """Return the names of folders, with as many of those around them as it takes to tell them apart.

    >>> distinct_names([Path("/sweeps/lr/0"), Path("/sweeps/seed/0")])
    ['lr/0', 'seed/0']
    """
    parts = [folder.resolve().parts for folder in folders]
    for depth in range(1, max(map(len, parts), default=0) + 1):
        names = [printable("/".join(part[-depth:])) for part in parts]
        if len(set(names)) == len(names):
            return names
    return [printable(str(folder)) for folder in folders]


def read(folder: Path, name: str, read_config: ReadConfig) -> RunDetails:
    """Read one run.

    Raises:
        RunError: If a file of it is missing, broken, or holds something else than a run writes.
    """
    run = Run.at(folder)
    status, rows = run.status, run.metrics()
    if not all(math.isfinite(row.get("samples", math.nan)) for row in rows):
        raise RunError(f"{folder / 'metrics.csv'} is not a table of metrics: a row has no number of samples.")
    found = {
        **facts(folder, name, run.summary, status),
        **{key: status[key] for key in FROM_STATUS if key in status},
        "config": flatten(read_config(run.config_file)),
        "measures": run.evaluation(),
        "rows": rows,
        "grids": run.pictures("samples"),
    }
    try:
        return _RECORD.validate_python(found)
    except ValidationError as error:
        raise RunError(describe_misfit(folder, error)) from error


# Where they differ


def differences(records: Sequence[RunDetails]) -> dict[str, list[str]]:
    """Return the settings in which the runs differ, each with its value in every run, or ``-`` where it has none.

    Paths into a run's own folder differ by nature and are left out, as is what only Hydra heeds.
    """
    texts = [{key: as_override(value) for key, value in _chosen(record).items()} for record in records]
    keys = dict.fromkeys(key for text in texts for key in text)
    found = {key: [text.get(key, ABSENT) for text in texts] for key in keys}
    return {key: values for key, values in found.items() if len(set(values)) > 1}


def _chosen(record: RunDetails) -> dict[str, Any]:
    own = record.path.resolve().name
    return {
        key: value
        for key, value in record.config.items()
        if key.partition(".")[0] != "hydra"
        and not (isinstance(value, str) and "/" in value and own in Path(value).parts)
    }


# MetricValues


@dataclass(frozen=True)
class MetricRow:
    """One measure of all runs.

    Attributes:
        name: What it is called.
        cells: What each run has; None where it has none.
    """

    name: str
    cells: tuple[MetricValue | None, ...]

    @property
    def known(self) -> dict[int, MetricValue]:
        """What there is, by the index of the run."""
        return {index: cell for index, cell in enumerate(self.cells) if cell}

    @property
    def better(self) -> Literal["min", "max"]:
        """Whether less is better or more."""
        return next(iter(self.known.values())).better

    @property
    def unit(self) -> str:
        """What it is counted in."""
        return next(iter(self.known.values())).unit

    @property
    def comparable(self) -> bool:
        """Whether all runs were measured by the same classifier, or by none."""
        return len({cell.classifier for cell in self.known.values()}) == 1

    @property
    def best(self) -> set[int]:
        """The runs with the best value; none where there is nothing to choose from, or values cannot be compared."""
        values = {cell.value for cell in self.known.values()}
        if len(values) < 2 or not self.comparable:
            return set()
        best = min(values) if self.better == "min" else max(values)
        return {index for index, cell in self.known.items() if cell.value == best}


def metric_rows(records: Sequence[RunDetails]) -> list[MetricRow]:
    """Return every measure that a run has, but those of a single class, in the order in which they are shown."""
    names = {name for record in records for name in record.measures if not of_one_class(name)}
    return [MetricRow(name, tuple(record.measures.get(name) for record in records)) for name in in_order(names)]


def comparability_warnings(records: Sequence[RunDetails]) -> list[str]:
    """Say in words which numbers must not be compared, and which only with care."""
    rows = metric_rows(records)
    apart: dict[str, list[str]] = {}
    for row in (row for row in rows if not row.comparable):
        apart.setdefault(_grouped({run: cell.classifier for run, cell in row.known.items()}), []).append(row.name)
    told = [
        f"Not comparable: {', '.join(names)}. They were measured by different classifiers ({classifiers}); "
        "no best value is marked and none is drawn."
        for classifiers, names in apart.items()
    ]
    if counts := [row.name for row in rows if row.comparable and len({cell.n for cell in row.known.values()}) > 1]:
        told.append(
            f"Measured with different numbers of glyphs: {', '.join(counts)}. Hold each value against its own floor."
        )
    prints = {index: record.data_fingerprint for index, record in enumerate(records) if record.data_fingerprint}
    if len(set(prints.values())) > 1:
        told.append(f"The runs trained on different glyphs, by fingerprint: {_grouped(prints)}.")
    return told


def _grouped(values: Mapping[int, str | None]) -> str:
    """Return ``3f2a91c0: runs 1, 2; 77aa0000: run 3``; runs are counted from 1."""
    runs: dict[str, list[str]] = {}
    for index, value in values.items():
        runs.setdefault(printable(value or "none"), []).append(str(index + 1))
    return "; ".join(f"{value}: run{'s' * (len(found) > 1)} {', '.join(found)}" for value, found in runs.items())


def classifiers(records: Sequence[RunDetails]) -> dict[str, float | None]:
    """Return the classifiers that runs were measured by, and how often each is right."""
    cells = [cell for record in records for cell in record.measures.values()]
    return {printable(cell.classifier): cell.accuracy for cell in cells if cell.classifier}


def as_table(records: Sequence[RunDetails]) -> list[dict[str, Any]]:
    """Return one row a run with every fact, every measure, and the settings in which the runs differ."""
    facts = ("name", "path", "model", "data", "study", "seed", "state", "parameters", "training_glyphs")
    progress = ("epoch", "batches", "samples", "seconds", "measuring_share", "glyphs_per_second")
    names = [row.name for row in metric_rows(records)]
    names += sorted({name for record in records for name in record.measures}.difference(names))
    settings = differences(records)
    table = []
    for index, record in enumerate(records):
        row: dict[str, Any] = {name: getattr(record, name) for name in (*facts, *progress)}
        row["classifier"] = ", ".join(classifiers([record]))
        for name in names:
            cell = record.measures.get(name)
            row |= {name: cell and cell.value, f"{name}_floor": cell and cell.floor, f"{name}_n": cell and cell.n}
        table.append(row | {f"config.{key}": values[index] for key, values in settings.items()})
    return table


# Sample grids


@dataclass(frozen=True)
class ShownEpochs:
    """A point of training at which runs are looked at side by side.

    Attributes:
        name: What it is called.
        epochs: The epoch of each run's grid; None where a run has none.
    """

    name: str
    epochs: tuple[int | None, ...]


def choose_epochs(records: Sequence[RunDetails]) -> tuple[list[ShownEpochs], str]:
    """Choose the sample grids to put side by side.

    They are those of epochs at which all runs drew one: the first, the last and some between them. Runs that are
    limited in time leave epochs out, each its own; where too few are left that all have, each run shows the grids
    nearest to the same shares of what it saw.

    Args:
        records: The runs. Those with no more than one grid, which hardly began, are not asked.

    Returns:
        The choose_epochs, and how they were chosen in words.
    """
    asked = [record.grids for record in records if len(record.grids) > 1] or [
        record.grids for record in records if record.grids
    ]
    if not asked:
        return [], "No run has drawn a sample grid."
    common = sorted(set.intersection(*map(set, asked)))
    if len(common) >= min(len(SHARES), *map(len, asked)):
        epochs = dict.fromkeys(common[round(share * (len(common) - 1))] for share in SHARES)
        chosen = [
            ShownEpochs(f"epoch {epoch}", tuple(epoch if epoch in record.grids else None for record in records))
            for epoch in epochs
        ]
        told = "The same epochs of every run."
        last = ShownEpochs("the last grid of each", tuple(max(record.grids, default=None) for record in records))
        if {*last.epochs} - {None, common[-1]}:
            return [*chosen, last], f"{told[:-1]}, and the last grid of each: some went on for longer."
        return chosen, told
    shares: dict[tuple[int | None, ...], float] = {}
    for share in sorted(SHARES, key=lambda share: abs(share - 0.5), reverse=True):  # where two coincide, an end
        shares.setdefault(tuple(_nearest(record.grids, share) for record in records), share)
    chosen = [ShownEpochs(SHARES[share], epochs) for epochs, share in sorted(shares.items(), key=lambda item: item[1])]
    return chosen, (
        "The runs drew their grids at different epochs: these are nearest to the start, a third, two thirds and the "
        "end of the glyphs that each of them saw. Every grid is named by its own epoch."
    )


def _nearest(grids: Iterable[int], share: float) -> int | None:
    """Return the epoch nearest to a share of the last one: within a run, epochs are of as many glyphs each."""
    epochs = list(grids)
    return min(epochs, key=lambda epoch: abs(epoch - share * max(epochs)), default=None)
