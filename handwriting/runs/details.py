"""All that a run folder says of one run, read into one object."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from handwriting.errors import RunError
from handwriting.metric_values import MetricValue
from handwriting.runs.finding import Skipped, distinct_names, find, split_paths
from handwriting.runs.folder import Run
from handwriting.runs.summaries import RunSummary, describe_misfit, facts, flatten
from handwriting.text import one_line, printable

STATUS_KEYS = ("data_fingerprint", "device", "threads")
"""What is read from ``status.json`` in addition to the fields of a summary."""

ReadConfig = Callable[[Path], Mapping[str, Any]]
"""Reads a ``config.yaml`` into plain values."""


@dataclass(frozen=True, kw_only=True)
class RunDetails(RunSummary):
    """All that is known of one run: its summary, and what a comparison needs in addition; None where it is unknown.

    Attributes:
        config: The resolved configuration, nested keys joined by dots.
        metric_values: The content of ``evaluation.json``; empty where the run was not evaluated.
        rows: The rows of ``metrics.csv``.
        grids: The file of each sample grid, by epoch.
        has_checkpoint: Whether it has a checkpoint, without which it cannot be evaluated.
        data_fingerprint: Hash of the training glyphs.
        device: The name of the GPU, or ``CPU``.
        threads: The number of CPU threads.
    """

    config: dict[str, Any]
    metric_values: dict[str, MetricValue]
    rows: list[dict[str, float]]
    grids: dict[int, Path]
    has_checkpoint: bool
    data_fingerprint: str | None = None
    device: str = "CPU"
    threads: int | None = None

    @property
    def machine(self) -> str:
        """The device that the run was trained on, with the number of threads of a CPU."""
        if self.device != "CPU" or not self.threads:
            return self.device
        return f"CPU, {self.threads} thread{'s' if self.threads > 1 else ''}"

    @property
    def glyphs_per_second(self) -> float | None:
        """Training throughput in glyphs per second."""
        return self.samples / self.seconds if self.samples and self.seconds else None

    @property
    def measuring_share(self) -> float | None:
        """The share of the training time that was spent on validation metrics, 0..1."""
        return self.measuring_seconds / self.seconds if self.measuring_seconds and self.seconds else None

    def glyphs_seen(self, epoch: int) -> int | None:
        """Return the number of glyphs that the run had trained on at the end of an epoch; None where not logged."""
        if epoch == 0:
            return 0
        # Rows written during the next epoch carry the number of this one, too.
        return min((int(row["samples"]) for row in self.rows if row.get("epoch") == epoch), default=None)


_DETAILS = TypeAdapter(RunDetails)


def gather(requested: str, read_config: ReadConfig) -> tuple[list[RunDetails], list[Skipped]]:
    """Find and read runs; a broken run is skipped with its reason.

    Args:
        requested: What :func:`handwriting.runs.finding.find` takes.
        read_config: Reads a ``config.yaml``.

    Returns:
        The runs, and what was skipped.

    Raises:
        RunError: If no run is named, or none can be read.
    """
    if not split_paths(requested):
        raise RunError(
            f"runs={requested}: there is no run to compare: name run folders, such as runs=runs/first,runs/second."
        )
    folders, skipped = find(requested)
    runs = []
    for folder, name in zip(folders, distinct_names(folders), strict=True):
        try:
            runs.append(read(folder, name, read_config))
        except (RunError, OSError, ValueError) as error:
            skipped.append(Skipped(printable(str(folder)), printable(one_line(error))))
    if not runs:
        reasons = "; ".join(f"{skip.path}: {skip.reason}" for skip in skipped[:3])
        more = f"; and {len(skipped) - 3} more" if len(skipped) > 3 else ""
        raise RunError(f"runs={requested}: there is no run to compare ({reasons}{more}).")
    return runs, skipped


def read(folder: Path, name: str, read_config: ReadConfig) -> RunDetails:
    """Read one run.

    Args:
        folder: The run folder.
        name: What to call the run.
        read_config: Reads its ``config.yaml``.

    Raises:
        RunError: If a file is missing or broken, or holds anything but what a run writes.
    """
    run = Run.at(folder)
    status, rows = run.status, run.metrics()
    if not all(math.isfinite(row.get("samples", math.nan)) for row in rows):
        raise RunError(f"{folder / 'metrics.csv'} is not a table of metrics: a row has no number of samples.")
    values = {
        **facts(folder, name, run.summary, status),
        **{key: status[key] for key in STATUS_KEYS if key in status},
        "config": flatten(read_config(run.config_file)),
        "metric_values": run.evaluation(),
        "rows": rows,
        "grids": run.pictures("samples"),
        "has_checkpoint": run.checkpoint().is_file(),
    }
    try:
        return _DETAILS.validate_python(values)
    except ValidationError as error:
        raise RunError(describe_misfit(folder, error)) from error
