"""The page that compares runs: facts, metrics, differing settings, curves and sample grids."""

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

TIME_PREFIX = re.compile(r"\d{4}-\d\d-\d\d[_T]\d\d[-:]\d\d[-:]\d\d_(?=.)")
"""The time that the name of a run folder begins with, unless a person chose the name."""


# The sections of the page


def title(runs: Sequence[RunDetails]) -> str:
    """Return the title of the page."""
    return f"{len(runs)} runs compared" if len(runs) > 1 else f"The run {runs[0].name}"


def sections(runs: Sequence[RunDetails], skipped: Sequence[Skipped]) -> Iterator[Section]:
    """Yield the sections of the page.

    Args:
        runs: The runs; at least one.
        skipped: The folders that cannot be read.
    """
    skipped_lines = [f"Skipped: {folder.path} ({folder.reason})" for folder in skipped]
    yield Section("Runs", [facts_table(runs), *skipped_lines])
    yield Section("Metrics", [*_metrics(runs), *_unevaluated(runs)])
    yield Section("Settings that differ", [_settings(runs)])
    yield Section("Training", [_curves(runs)])
    yield Section("Samples", list(_grids(runs)))


def _heads(runs: Sequence[RunDetails], full: bool = False) -> list[Cell]:
    """Return a cell for each run with its number and name.

    Args:
        runs: The runs.
        full: Keep the time that a name begins with; column heads are too narrow for it.
    """
    names = [run.name if full else TIME_PREFIX.sub("", run.name) for run in runs]
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


def facts_table(runs: Sequence[RunDetails]) -> Table:
    """Return a table with a row of facts for each run."""
    rows = [
        [head, *(fact(run) for fact in FACTS.values())] for head, run in zip(_heads(runs, full=True), runs, strict=True)
    ]
    return Table([Cell("run"), *map(Cell, FACTS)], rows)


def _metrics(runs: Sequence[RunDetails]) -> Iterator[str | Table | Picture]:
    rows = metric_rows(runs)
    if not rows:
        return
    yield (
        "↓ lower is better, ↑ higher is better; the best value is bold. The floor is the real-versus-real baseline: "
        "the same metric of real training glyphs. The signed number is the difference between a run and its own floor; "
        "± is a standard error."
    )
    for name, accuracy in classifiers(runs).items():
        yield f"Classifier {name}" + (f", accuracy {accuracy:.1%} on real glyphs." if accuracy is not None else ".")
    yield from comparability_warnings(runs)
    yield metric_table(runs, rows)
    bars = [bars_of(row) for row in rows if row.comparable]
    if bars:
        caption = "Every metric that can be compared; the black mark is its floor."
        yield Picture("measures.png", caption, figure_bytes(draw_metric_bars([run.name for run in runs], bars)))


def bars_of(row: MetricRow) -> Bars:
    """Return one metric of all runs as the bars of a figure."""
    cells = row.cells
    return Bars(
        row.name,
        row.better,
        values=[cell.value if cell else None for cell in cells],
        floors=[cell.floor if cell else None for cell in cells],
        errors=[cell.error if cell else None for cell in cells],
    )


def metric_table(runs: Sequence[RunDetails], rows: Sequence[MetricRow]) -> Table:
    """Return a row for each metric, a column for each run."""
    table_rows = []
    for row in rows:
        unit = f" ({row.unit})" if row.unit else ""
        floors = [cell.floor for cell in row.known.values() if cell.floor is not None]
        name = Cell(f"{row.name} {ARROWS[row.better]}{unit}", row.caption if row.comparable else "not comparable")
        cells = [_metric_cell(row, index) for index in range(len(runs))]
        counts = [cell.n for cell in row.known.values()]
        table_rows.append([name, *cells, _range(floors, _with_digits), _range(counts, format_count)])
    head = [Cell("metric"), *_heads(runs), Cell("floor"), Cell("glyphs")]
    return Table(head, table_rows, notes="± standard error, distance from the floor")


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
    """Return the common value of all, or the smallest and the largest, in words."""
    if not values:
        return Cell(ABSENT)
    low, high = as_text(min(values)), as_text(max(values))
    return Cell.number(min(values), as_text) if low == high else Cell(f"{low} to {high}")


def _unevaluated(runs: Sequence[RunDetails]) -> Iterator[str | Code | Table]:
    """Yield the commands that evaluate the runs without an evaluation, and their last values on the validation set."""
    missing = {index: run for index, run in enumerate(runs) if not run.metric_values}
    if not missing:
        return
    names = ", ".join(f"{index + 1} ({run.name})" for index, run in missing.items())
    bare = ", ".join(str(index + 1) for index, run in missing.items() if not run.has_checkpoint)
    yield f"Not evaluated: {names}." + (f" Without a checkpoint, and so not to be evaluated: {bare}." if bare else "")
    if commands := evaluation_commands(runs):
        yield "To evaluate them:" if not bare else "To evaluate the others:"
        yield Code("\n".join(commands))
    latest = {index: run.validation() for index, run in missing.items()}
    if metrics := list(dict.fromkeys(name for values in latest.values() for name in values)):
        yield (
            "Until then, these are the last values on validation glyphs during training. They are not test metrics, "
            "and losses of different models cannot be compared:"
        )
        heads = _heads(runs)
        rows = [
            [
                Cell(name),
                *(Cell.number(values.get(name), _with_digits) for values in latest.values()),
            ]
            for name in metrics
        ]
        yield Table([Cell("validation"), *(heads[index] for index in missing)], rows)


def evaluation_commands(runs: Sequence[RunDetails]) -> list[str]:
    """Return the command that evaluates each run without an evaluation; a run without a checkpoint has none."""
    return [
        f"handwriting evaluate {shlex.quote(f'run={printable(str(run.path))}')}"
        for run in runs
        if not run.metric_values and run.has_checkpoint
    ]


def _settings(runs: Sequence[RunDetails]) -> str | Table:
    rows = [[Cell(key), *map(Cell, values)] for key, values in differences(runs).items()]
    return Table([Cell("setting"), *_heads(runs)], rows) if rows else "The runs have the same settings."


def _curves(runs: Sequence[RunDetails]) -> str | Picture:
    figure = draw_curves([run.name for run in runs], [run.rows for run in runs])
    if figure is None:
        return "No metric was logged by at least two of the runs."
    caption = "Solid: validation. Thin and dashed: training. Losses of different models cannot be compared."
    return Picture("curves.png", caption, figure_bytes(figure))


def _grids(runs: Sequence[RunDetails]) -> Iterator[str | Picture]:
    chosen, explanation = choose_epochs(runs)
    yield explanation
    for number, shown in enumerate(chosen, start=1):
        grids = [
            GridPanel(index, _grid_caption(run, epoch), None if epoch is None else run.grids[epoch])
            for index, (run, epoch) in enumerate(zip(runs, shown.epochs, strict=True))
        ]
        yield Picture(f"samples_{number}.png", shown.name.capitalize(), png_bytes(draw_grids(grids)))


def _grid_caption(run: RunDetails, epoch: int | None) -> str:
    if epoch is None:
        return run.name
    glyphs = run.glyphs_seen(epoch)
    return f"{run.name}   epoch {epoch}" + (f", {glyphs:,} glyphs seen" if glyphs else "")


# The terminal


def terminal_text(runs: Sequence[RunDetails], skipped: Sequence[Skipped]) -> str:
    """Return the text for the terminal: the runs, their metrics, and warnings.

    Args:
        runs: The runs; at least one.
        skipped: The folders that cannot be read.
    """
    names = [
        f"{index + 1:>3}  {run.name}  ({format_value(run.model)}, {run.state}, {format_duration(run.seconds)})"
        for index, run in enumerate(runs)
    ]
    parts = ["\n".join(names)]
    if rows := metric_rows(runs):
        parts.append(as_text(metric_table(runs, rows)))
    notes = comparability_warnings(runs) + [f"Skipped: {folder.path} ({folder.reason})" for folder in skipped]
    if commands := evaluation_commands(runs):
        notes.append("\n  ".join(["Not evaluated:", *commands]))
    lines = "\n\n".join([*parts, *filter(None, ["\n".join(notes)])]).split("\n")
    return "\n".join(map(printable, lines))
