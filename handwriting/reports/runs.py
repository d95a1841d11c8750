"""Runs side by side: facts, measures, the settings in which they differ, curves and sample grids."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterator, Sequence

from handwriting.plots.comparison import ARROWS, Bars, GridPanel, draw_curves, draw_grids, draw_metric_bars
from handwriting.plots.curves import figure_bytes
from handwriting.plots.grids import png_bytes
from handwriting.reports.comparison import (
    MetricRow,
    choose_epochs,
    classifiers,
    comparability_warnings,
    differences,
    metric_rows,
)
from handwriting.reports.page import DIGITS, Cell, Code, Picture, Section, Table, as_text
from handwriting.runs.details import RunDetails
from handwriting.runs.finding import Skipped
from handwriting.text import ABSENT, format_count, format_duration, format_number, format_share, format_value, printable

TIME = re.compile(r"\d{4}-\d\d-\d\d[_T]\d\d[-:]\d\d[-:]\d\d_(?=.)")
"""What the name of a run folder begins with, unless a person gave it another."""


# What is on the page


def title(records: Sequence[RunDetails]) -> str:
    """Return what the page is called."""
    return f"{len(records)} runs side by side" if len(records) > 1 else f"The run {records[0].name}"


def sections(records: Sequence[RunDetails], skipped: Sequence[Skipped]) -> Iterator[Section]:
    """Yield the parts of the page."""
    left_out = [f"Skipped: {one.path} ({one.reason})" for one in skipped]
    yield Section("Runs", [facts_table(records), *left_out])
    yield Section("Metrics", [*_measures(records), *_unevaluated(records)])
    yield Section("Settings that differ", [_settings(records)])
    yield Section("Training", [_curves(records)])
    yield Section("Samples", list(_grids(records)))


def _heads(records: Sequence[RunDetails], full: bool = False) -> list[Cell]:
    """Return a cell for each run with its number and name, which above a column goes without the time in front."""
    names = [record.name if full else TIME.sub("", record.name) for record in records]
    return [Cell(f"{index + 1}", name, run=index) for index, name in enumerate(names)]


FACTS: dict[str, Callable[[RunDetails], Cell]] = {
    "model": lambda run: Cell(format_value(run.model)),
    "data": lambda run: Cell(format_value(run.data)),
    "experiment": lambda run: Cell(format_value(run.experiment)),
    "seed": lambda run: Cell.number(run.seed),
    "state": lambda run: Cell(run.state, run.why or ""),
    "parameters": lambda run: Cell.number(run.parameters, format_count),
    "training time": lambda run: Cell.number(run.seconds, format_duration),
    "validation metrics": lambda run: Cell.number(run.measuring_share, format_share),
    "glyphs/s": lambda run: Cell.number(run.glyphs_per_second, format_count),
    "epochs": lambda run: Cell.number(run.epoch, format_count),
    "batches": lambda run: Cell.number(run.batches, format_count),
    "glyphs seen": lambda run: Cell.number(run.samples, format_count),
    "training glyphs": lambda run: Cell.number(run.training_glyphs, format_count),
}
"""The facts about a run: its settings, how far it trained, and what that took."""


def facts_table(records: Sequence[RunDetails]) -> Table:
    """Return a row of facts for each run."""
    rows = [
        [head, *(fact(record) for fact in FACTS.values())]
        for head, record in zip(_heads(records, full=True), records, strict=True)
    ]
    return Table([Cell("run"), *map(Cell, FACTS)], rows)


def _measures(records: Sequence[RunDetails]) -> Iterator[str | Table | Picture]:
    rows = metric_rows(records)
    if not rows:
        return
    yield (
        "↓ less is better, ↑ more is better; the best is bold. The floor is what real training glyphs measure against "
        "the same real glyphs, and the signed number how far a run is from its own floor; ± is a standard error."
    )
    for name, accuracy in classifiers(records).items():
        yield f"Classifier {name}" + (f", right on {accuracy:.1%} of real glyphs." if accuracy is not None else ".")
    yield from comparability_warnings(records)
    yield metric_table(records, rows)
    bars = [bars_of(row) for row in rows if row.comparable]
    if bars:
        caption = "Every measure that can be compared; the black mark is its floor."
        yield Picture(
            "measures.png", caption, figure_bytes(draw_metric_bars([record.name for record in records], bars))
        )


def bars_of(row: MetricRow) -> Bars:
    """Return a measure as it is drawn."""
    cells = row.cells
    return Bars(
        row.name,
        row.better,
        values=[cell.value if cell else None for cell in cells],
        floors=[cell.floor if cell else None for cell in cells],
        errors=[cell.error if cell else None for cell in cells],
    )


def metric_table(records: Sequence[RunDetails], rows: Sequence[MetricRow]) -> Table:
    """Return a row for each metric, a column for each run."""
    shown_rows = []
    for row in rows:
        unit = f" ({row.unit})" if row.unit else ""
        floors = [cell.floor for cell in row.known.values() if cell.floor is not None]
        name = Cell(f"{row.name} {ARROWS[row.better]}{unit}", "" if row.comparable else "not comparable")
        cells = [_metric_cell(row, index) for index in range(len(records))]
        counts = [cell.n for cell in row.known.values()]
        shown_rows.append([name, *cells, _range(floors, _with_digits), _range(counts, format_count)])
    head = [Cell("metric"), *_heads(records), Cell("floor"), Cell("glyphs")]
    return Table(head, shown_rows, notes="± standard error, distance from the floor")


def _with_digits(value: float) -> str:
    return format_number(value, DIGITS)


def _metric_cell(row: MetricRow, index: int) -> Cell:
    cell = row.cells[index]
    if cell is None:
        return Cell(ABSENT)
    notes = [f"±{format_number(cell.error, 2)}"] if cell.error is not None else []
    if cell.from_floor is not None:
        notes.append(f"{'+' if cell.from_floor >= 0 else ''}{format_number(cell.from_floor)}")
    return Cell.number(cell.value, _with_digits, ", ".join(notes), best=index in row.best)


def _range(values: Sequence[float], as_text: Callable[[float], str]) -> Cell:
    """Return the one value that all have, or the smallest and the largest."""
    if not values:
        return Cell(ABSENT)
    low, high = as_text(min(values)), as_text(max(values))
    return Cell.number(min(values), as_text) if low == high else Cell(f"{low} to {high}")


def _unevaluated(records: Sequence[RunDetails]) -> Iterator[str | Code | Table]:
    """Say how to evaluate the runs that were not, and what their validation set said of them last."""
    missing = {index: record for index, record in enumerate(records) if not record.metric_values}
    if not missing:
        return
    yield f"Not evaluated: {', '.join(f'{index + 1} ({record.name})' for index, record in missing.items())}. Type"
    yield Code("\n".join(evaluation_commands(records)))
    latest = {index: record.validation() for index, record in missing.items()}
    if names := list(dict.fromkeys(name for values in latest.values() for name in values)):
        yield (
            "Until then, the last values of their training's own metrics on validation glyphs. These are no test "
            "measures, and losses of different models cannot be compared:"
        )
        heads = _heads(records)
        rows = [
            [
                Cell(name),
                *(Cell.number(values.get(name), _with_digits) for values in latest.values()),
            ]
            for name in names
        ]
        yield Table([Cell("while training"), *(heads[index] for index in missing)], rows)


def evaluation_commands(records: Sequence[RunDetails]) -> list[str]:
    """Return what to type for every run that was not evaluated."""
    return [
        f"handwriting evaluate {shlex.quote(f'run={printable(str(record.path))}')}"
        for record in records
        if not record.metric_values
    ]


def _settings(records: Sequence[RunDetails]) -> str | Table:
    rows = [[Cell(key), *map(Cell, values)] for key, values in differences(records).items()]
    return Table([Cell("setting"), *_heads(records)], rows) if rows else "The runs have the same settings."


def _curves(records: Sequence[RunDetails]) -> str | Picture:
    figure = draw_curves([record.name for record in records], [record.rows for record in records])
    if figure is None:
        return "No metric was logged by two of the runs."
    caption = "Solid: validation. Thin and dashed: training. Losses of different models cannot be compared."
    return Picture("curves.png", caption, figure_bytes(figure))


def _grids(records: Sequence[RunDetails]) -> Iterator[str | Picture]:
    chosen, told = choose_epochs(records)
    yield told
    for place, moment in enumerate(chosen, start=1):
        grids = [
            GridPanel(index, _grid_caption(record, epoch), None if epoch is None else record.grids[epoch])
            for index, (record, epoch) in enumerate(zip(records, moment.epochs, strict=True))
        ]
        yield Picture(f"samples_{place}.png", moment.name.capitalize(), png_bytes(draw_grids(grids)))


def _grid_caption(record: RunDetails, epoch: int | None) -> str:
    if epoch is None:
        return record.name
    seen = record.glyphs_seen(epoch)
    return f"{record.name}   epoch {epoch}" + (f", {seen:,} glyphs seen" if seen else "")


# How it is written


def brief(records: Sequence[RunDetails], skipped: Sequence[Skipped]) -> str:
    """Return what a terminal shows: the runs, their measures, and what to beware of."""
    names = [
        f"{index + 1:>3}  {record.name}  "
        f"({format_value(record.model)}, {record.state}, {format_duration(record.seconds)})"
        for index, record in enumerate(records)
    ]
    parts = ["\n".join(names)]
    if rows := metric_rows(records):
        parts.append(as_text(metric_table(records, rows)))
    notes = comparability_warnings(records) + [f"Skipped: {one.path} ({one.reason})" for one in skipped]
    if commands := evaluation_commands(records):
        notes.append("\n  ".join(["Not evaluated:", *commands]))
    lines = "\n\n".join([*parts, *filter(None, ["\n".join(notes)])]).split("\n")
    return "\n".join(map(printable, lines))
