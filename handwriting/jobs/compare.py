"""Put runs side by side on one page: facts, measures, the settings in which they differ, curves and sample grids."""

from __future__ import annotations

import base64
import csv
import io
import re
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from operator import methodcaller
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from omegaconf import DictConfig, OmegaConf

from handwriting.config import load_config
from handwriting.errors import ConfigError
from handwriting.jobs.outputs import output_path
from handwriting.plots.comparison import ARROWS, Bars, Grid, colour, draw_curves, draw_grids, draw_measures
from handwriting.plots.curves import figure_bytes
from handwriting.plots.grids import png_bytes
from handwriting.plots.markdown import escaped
from handwriting.plots.markdown import table as markdown_table
from handwriting.plots.numbers import number
from handwriting.runs.comparison import (
    ABSENT,
    MeasureRow,
    Record,
    Skipped,
    as_table,
    cautions,
    classifiers,
    differences,
    gather,
    measure_rows,
    moments,
    printable,
)
from handwriting.runs.files import write_atomically

TIME = re.compile(r"\d{4}-\d\d-\d\d[_T]\d\d[-:]\d\d[-:]\d\d_(?=.)")
"""What the name of a run folder begins with, unless a person gave it another."""
DIGITS = 4
"""Runs are told apart by one more digit than a measure by itself is worth."""
TEMPLATE = Path(__file__).with_suffix(".html.jinja")


def run(cfg: DictConfig) -> None:
    """Compare the runs that ``cfg`` names, and print their measures and where the page is."""
    out = output_path(cfg.out, "comparison")
    if out.suffix in (".html", ".md", ".csv", ".png"):
        raise ConfigError(f"out={out}: give a folder; the page, its table and its pictures are written into it.")
    records, skipped = gather(cfg.runs, plain_config)
    page = list(sections(records, skipped))
    files = {
        "comparison.md": markdown(title(records), page).encode("utf-8", "replace"),
        "comparison.csv": csv_text(as_table(records)).encode("utf-8", "replace"),
        "comparison.html": html(title(records), page).encode("utf-8", "replace"),
        **{picture.name: picture.png for section in page for picture in section.blocks if isinstance(picture, Picture)},
    }
    for name, content in files.items():
        write_atomically(out / name, methodcaller("write", content))
    print(brief(records, skipped))
    print(f"\npage  {out / 'comparison.html'}")


def plain_config(path: Path) -> Mapping[str, Any]:
    """Return what a run's ``config.yaml`` holds, as plain values."""
    values = OmegaConf.to_container(load_config(path), resolve=True)
    return {str(key): value for key, value in values.items()} if isinstance(values, dict) else {}


# What is on the page


@dataclass(frozen=True)
class Cell:
    """What stands in one place of a table.

    Attributes:
        text: What is read first.
        beside: What is said of it, smaller.
        best: Whether it is the best of its row.
        run: The index of the run that it names; None for any other cell.
    """

    text: str
    beside: str = ""
    best: bool = False
    run: int | None = None

    @property
    def colour(self) -> str | None:
        """The run's colour in every figure."""
        return None if self.run is None else colour(self.run)


@dataclass(frozen=True)
class Table:
    """A table; the first cell of a row says what the row holds."""

    head: Sequence[Cell]
    rows: Sequence[Sequence[Cell]]


@dataclass(frozen=True)
class Picture:
    """A picture and the name of its file."""

    name: str
    caption: str
    png: bytes

    @property
    def width(self) -> int:
        """How wide it is, in pixels."""
        return int.from_bytes(self.png[16:20], "big")

    @property
    def uri(self) -> str:
        """The picture itself, written as an address."""
        return f"data:image/png;base64,{base64.b64encode(self.png).decode()}"


@dataclass(frozen=True)
class Code:
    """Something to type."""

    text: str


@dataclass(frozen=True)
class Section:
    """A part of the page: text, tables and pictures below each other."""

    title: str
    blocks: Sequence[str | Code | Table | Picture]


def title(records: Sequence[Record]) -> str:
    """Return what the page is called."""
    return f"{len(records)} runs side by side" if len(records) > 1 else f"The run {records[0].name}"


def sections(records: Sequence[Record], skipped: Sequence[Skipped]) -> Iterator[Section]:
    """Yield the parts of the page."""
    left_out = [f"Left out: {one.place} ({one.reason})" for one in skipped]
    yield Section("Runs", [facts_table(records), *left_out])
    yield Section("Measures", [*_measures(records), *_unevaluated(records)])
    yield Section("Settings that differ", [_settings(records)])
    yield Section("Training", [_curves(records)])
    yield Section("Samples", list(_grids(records)))


def _heads(records: Sequence[Record], full: bool = False) -> list[Cell]:
    """Return a cell for each run with its number and name, which above a column goes without the time in front."""
    names = [record.name if full else TIME.sub("", record.name) for record in records]
    return [Cell(f"{index + 1}", name, run=index) for index, name in enumerate(names)]


def facts_table(records: Sequence[Record]) -> Table:
    """Return a row for each run: what it is, how far it got, and what it took."""
    facts: dict[str, Callable[[Record], str]] = {
        "model": lambda record: _text(record.model),
        "data": lambda record: _text(record.data),
        "study": lambda record: _text(record.study),
        "seed": lambda record: _text(record.seed),
        "state": lambda record: record.state,
        "parameters": lambda record: _count(record.parameters),
        "training time": lambda record: _duration(record.seconds),
        "of it measuring": lambda record: _share(record.measuring_share),
        "glyphs/s": lambda record: _count(record.glyphs_per_second),
        "epochs": lambda record: _count(record.epoch),
        "batches": lambda record: _count(record.batches),
        "glyphs seen": lambda record: _count(record.samples),
        "training glyphs": lambda record: _count(record.training_glyphs),
    }
    rows = [
        [head, *(Cell(fact(record), (record.why or "") if name == "state" else "") for name, fact in facts.items())]
        for head, record in zip(_heads(records, full=True), records, strict=True)
    ]
    return Table([Cell("run"), *map(Cell, facts)], rows)


def _text(value: Any) -> str:
    return ABSENT if value is None else str(value)


def _count(value: float | None) -> str:
    return ABSENT if value is None else f"{value:,.0f}"


def _share(value: float | None) -> str:
    return ABSENT if value is None else f"{value:.1%}"


def _duration(seconds: float | None) -> str:
    if seconds is None:
        return ABSENT
    minutes, rest = divmod(round(seconds), 60)
    if seconds < 60:
        return f"{seconds:.1f} s"
    return f"{minutes} min {rest:02} s" if minutes < 60 else f"{minutes // 60:,} h {minutes % 60:02} min"


def _measures(records: Sequence[Record]) -> Iterator[str | Table | Picture]:
    rows = measure_rows(records)
    if not rows:
        return
    yield (
        "↓ less is better, ↑ more is better; the best is bold. The floor is what real training glyphs measure against "
        "the same real glyphs, and the signed number how far a run is from its own floor; ± is a standard error."
    )
    for name, accuracy in classifiers(records).items():
        yield f"Classifier {name}" + (f", right on {accuracy:.1%} of real glyphs." if accuracy is not None else ".")
    yield from cautions(records)
    yield measure_table(records, rows)
    bars = [_bars(row) for row in rows if row.comparable]
    if bars:
        caption = "Every measure that can be compared; the black mark is its floor."
        yield Picture("measures.png", caption, figure_bytes(draw_measures([record.name for record in records], bars)))


def _bars(row: MeasureRow) -> Bars:
    cells = row.cells
    return Bars(
        row.name,
        row.better,
        values=[cell.value if cell else None for cell in cells],
        floors=[cell.floor if cell else None for cell in cells],
        errors=[cell.error if cell else None for cell in cells],
    )


def measure_table(records: Sequence[Record], rows: Sequence[MeasureRow]) -> Table:
    """Return a row for each measure, a column for each run."""
    shown_rows = []
    for row in rows:
        unit = f" ({row.unit})" if row.unit else ""
        cells = [_measured(row, index) for index in range(len(records))]
        floors = _range(
            [cell.floor for cell in row.known.values() if cell.floor is not None], partial(number, digits=DIGITS)
        )
        counts = _range([cell.n for cell in row.known.values()], _count)
        name = f"{row.name} {ARROWS[row.better]}{unit}"
        shown_rows.append([Cell(name, "" if row.comparable else "not comparable"), *cells, Cell(floors), Cell(counts)])
    return Table([Cell("measure"), *_heads(records), Cell("floor"), Cell("glyphs")], shown_rows)


def _measured(row: MeasureRow, index: int) -> Cell:
    cell = row.cells[index]
    if cell is None:
        return Cell(ABSENT)
    beside = [f"±{number(cell.error, 2)}"] if cell.error is not None else []
    if cell.from_floor is not None:
        beside.append(f"{'+' if cell.from_floor >= 0 else ''}{number(cell.from_floor)}")
    return Cell(number(cell.value, DIGITS), ", ".join(beside), best=index in row.best)


def _range(values: Sequence[Any], text: Callable[[Any], str]) -> str:
    """Return the one value that all have, or the smallest and the largest."""
    return " to ".join(dict.fromkeys(text(value) for value in (min(values), max(values)))) if values else ABSENT


def _unevaluated(records: Sequence[Record]) -> Iterator[str | Code | Table]:
    """Say how to evaluate the runs that were not, and what their validation set said of them last."""
    missing = {index: record for index, record in enumerate(records) if not record.measures}
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
                *(Cell(number(values[name], DIGITS) if name in values else ABSENT) for values in latest.values()),
            ]
            for name in names
        ]
        yield Table([Cell("while training"), *(heads[index] for index in missing)], rows)


def evaluation_commands(records: Sequence[Record]) -> list[str]:
    """Return what to type for every run that was not evaluated."""
    return [
        f"handwriting evaluate {shlex.quote(f'run={printable(str(record.path))}')}"
        for record in records
        if not record.measures
    ]


def _settings(records: Sequence[Record]) -> str | Table:
    rows = [[Cell(key), *map(Cell, values)] for key, values in differences(records).items()]
    return Table([Cell("setting"), *_heads(records)], rows) if rows else "The runs have the same settings."


def _curves(records: Sequence[Record]) -> str | Picture:
    figure = draw_curves([record.name for record in records], [record.rows for record in records])
    if figure is None:
        return "No metric was logged by two of the runs."
    caption = "Solid: validation. Thin and dashed: training. Losses of different models cannot be compared."
    return Picture("curves.png", caption, figure_bytes(figure))


def _grids(records: Sequence[Record]) -> Iterator[str | Picture]:
    chosen, told = moments(records)
    yield told
    for place, moment in enumerate(chosen, start=1):
        grids = [
            Grid(index, _grid_caption(record, epoch), None if epoch is None else record.grids[epoch])
            for index, (record, epoch) in enumerate(zip(records, moment.epochs, strict=True))
        ]
        yield Picture(f"samples_{place}.png", moment.name.capitalize(), png_bytes(draw_grids(grids)))


def _grid_caption(record: Record, epoch: int | None) -> str:
    if epoch is None:
        return record.name
    seen = record.seen(epoch)
    return f"{record.name}   epoch {epoch}" + (f", {seen:,} glyphs seen" if seen else "")


# How it is written


def brief(records: Sequence[Record], skipped: Sequence[Skipped]) -> str:
    """Return what a terminal shows: the runs, their measures, and what to beware of."""
    names = [
        f"{index + 1:>3}  {record.name}  ({_text(record.model)}, {record.state}, {_duration(record.seconds)})"
        for index, record in enumerate(records)
    ]
    parts = ["\n".join(names)]
    if rows := measure_rows(records):
        parts.append(_as_text(measure_table(records, rows)))
    notes = cautions(records) + [f"Left out: {one.place} ({one.reason})" for one in skipped]
    if commands := evaluation_commands(records):
        notes.append("\n  ".join(["Not evaluated:", *commands]))
    lines = "\n\n".join([*parts, *filter(None, ["\n".join(notes)])]).split("\n")
    return "\n".join(map(printable, lines))


def _as_text(table: Table) -> str:
    """Return a table in columns; the best of a row is starred."""
    lines = [[f"{cell.text} {'*' if cell.best else ' '}" for cell in row] for row in (table.head, *table.rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        f"{line[0]:{widths[0]}}"
        + "".join(f"  {text:>{width}}" for text, width in zip(line[1:], widths[1:], strict=True)).rstrip()
        for line in lines
    )


def csv_text(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return rows as a table of comma-separated values; what is None is left empty."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def markdown(heading: str, page: Sequence[Section]) -> str:
    """Return the page as Markdown; its pictures lie beside it."""
    parts = [f"# {escaped(heading)}"]
    for section in page:
        parts.append(f"## {section.title}")
        for block in section.blocks:
            match block:
                case Table():
                    parts.append(_markdown_table(block))
                case Picture():
                    parts.append(f"{block.caption}\n\n![{block.caption}]({block.name})")
                case Code():
                    parts.append("\n".join(f"    {line}" for line in block.text.splitlines()))
                case _:
                    parts.append(escaped(block))
    return "\n\n".join(parts) + "\n"


def _markdown_table(table: Table) -> str:
    head, *rows = ([_markdown_cell(cell) for cell in row] for row in (table.head, *table.rows))
    return markdown_table(head, rows, numbers=True)


def _markdown_cell(cell: Cell) -> str:
    text = f"**{escaped(cell.text)}**" if cell.best else escaped(cell.text)
    if not cell.beside:
        return text
    return f"{text} {escaped(cell.beside)}" if cell.run is not None else f"{text} ({escaped(cell.beside)})"


def html(heading: str, page: Sequence[Section]) -> str:
    """Return the page as one HTML file that needs no other; all text in it is escaped."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATE.parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.tests["table"] = lambda block: isinstance(block, Table)
    environment.tests["picture"] = lambda block: isinstance(block, Picture)
    environment.tests["code"] = lambda block: isinstance(block, Code)
    return environment.get_template(TEMPLATE.name).render(heading=heading, page=page)
