"""``metrics.csv``: one row each time that something was measured, appended and never lost."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Mapping
from pathlib import Path

from handwriting.errors import RunError
from handwriting.files import write_atomically

PROGRESS = ("epoch", "batches", "samples", "seconds")
"""The columns that every row has: how far the training had come."""

Row = dict[str, float]


class MetricsFile:
    """A table that grows by rows, and by columns as new metrics appear; a value not measured is an empty cell.

    Args:
        path: The CSV file; made by the first row.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.columns = list(self._header())

    def _header(self) -> list[str]:
        if not self.path.is_file():
            return []
        try:
            with self.path.open(newline="") as file:
                line = file.readline()
            return next(csv.reader([line]), []) if line.endswith("\n") else []
        except (ValueError, csv.Error) as error:
            raise RunError(f"{self.path} is not a table of metrics ({error}).") from error

    def append(self, row: Mapping[str, float]) -> None:
        """Add one row; the whole file is written again only where the row brings a new column."""
        new = [name for name in row if name not in self.columns]
        if new:
            self._write([*self.read(), dict(row)], [*self.columns, *new])
            return
        with self.path.open("a", newline="") as file:
            csv.DictWriter(file, self.columns, restval="", lineterminator="\n").writerow(row)

    def keep_until(self, batches: int) -> None:
        """Drop rows written after ``batches``, and one that was cut off: a resumed run measures them again."""
        rows = self.read()
        kept = [row for row in rows if row["batches"] <= batches]
        if len(kept) < len(rows) or (self.path.is_file() and not self.path.read_bytes().endswith(b"\n")):
            self._write(kept, self.columns)

    def _write(self, rows: list[Row], columns: list[str]) -> None:
        text = io.StringIO(newline="")
        writer = csv.DictWriter(text, columns, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        write_atomically(self.path, lambda file: file.write(text.getvalue().encode()))
        self.columns = columns

    def read(self) -> list[Row]:
        """Return the rows, each with the values that were measured; a last row cut off by a kill is skipped.

        Raises:
            RunError: If the file is not such a table.
        """
        if not self.path.is_file():
            return []
        try:
            text = self.path.read_text()
            complete = text[: text.rfind("\n") + 1]
            rows = [
                {name: float(value) for name, value in row.items() if value}
                for row in csv.DictReader(io.StringIO(complete))
            ]
        except (ValueError, TypeError, csv.Error) as error:
            raise RunError(f"{self.path} is not a table of metrics ({error}).") from error
        if any("batches" not in row for row in rows):
            raise RunError(f"{self.path} is not a table of metrics: a row has no batches.")
        return rows


Extremes = dict[str, dict[str, float]]


def extremes(rows: Iterable[Mapping[str, float]], known: Extremes | None = None) -> Extremes:
    """Return for each metric its current, smallest and largest value among finite ones.

    >>> by_metric = extremes([{"batches": 1, "loss": 3.0}, {"batches": 2, "loss": 2.0}])
    >>> by_metric
    {'loss': {'value': 2.0, 'min': 2.0, 'max': 3.0}}
    >>> extremes([{"batches": 3, "loss": 9.0}], known=by_metric)
    {'loss': {'value': 9.0, 'min': 2.0, 'max': 9.0}}

    Args:
        rows: Rows of ``metrics.csv``, in order.
        known: The extremes of the rows before, which are brought up to date.
    """
    by_metric = {} if known is None else known
    for row in rows:
        for name, value in row.items():
            if name in PROGRESS or not math.isfinite(value):
                continue
            extreme = by_metric.setdefault(name, {"value": value, "min": value, "max": value})
            extreme.update(value=value, min=min(extreme["min"], value), max=max(extreme["max"], value))
    return by_metric
