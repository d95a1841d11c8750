"""Several runs side by side: finding them, reading them, and where they differ."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from handwriting.errors import RunError
from handwriting.metric_values import MetricValue
from handwriting.runs.folder import Run
from handwriting.runs.summaries import RunSummary, describe_misfit, facts, flatten
from handwriting.text import one_line, printable

DEEPEST = 2
"""How far below a folder its runs may lie: ``sweeps/<name>/<trial>``."""

FROM_STATUS = ("data_fingerprint", "device", "threads")
"""What a record takes over from ``status.json`` besides what an entry does."""

ReadConfig = Callable[[Path], Mapping[str, Any]]
"""Returns what a ``config.yaml`` holds, as plain values."""


@dataclass(frozen=True, kw_only=True)
class RunDetails(RunSummary):
    """What a comparison knows of one run besides what a table shows; None where the run does not say.

    Attributes:
        config: The configuration, its keys joined by dots.
        metric_values: What ``evaluation.json`` holds; empty where the run was not evaluated.
        rows: The rows of ``metrics.csv``.
        grids: The sample grid of each epoch that has one.
    """

    config: dict[str, Any]
    metric_values: dict[str, MetricValue]
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
        "metric_values": run.evaluation(),
        "rows": rows,
        "grids": run.pictures("samples"),
    }
    try:
        return _RECORD.validate_python(found)
    except ValidationError as error:
        raise RunError(describe_misfit(folder, error)) from error
