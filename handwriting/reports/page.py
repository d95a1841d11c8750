"""Pages of text, tables and pictures, written as Markdown, as one HTML file, and as a table for other programs."""

from __future__ import annotations

import base64
import csv
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import methodcaller
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from handwriting.files import write_atomically
from handwriting.plots.comparison import colour
from handwriting.text import ABSENT, escape_markdown, markdown_table, number_in

DIGITS = 4
"""Significant digits: one more than a single value deserves, so that similar runs can be distinguished."""
TEMPLATE = Path(__file__).with_suffix(".html.jinja")


@dataclass(frozen=True)
class Cell:
    """One cell of a table.

    Attributes:
        text: The content, as pages show it.
        note: A remark in smaller print after the text.
        best: Whether it is the best of its row, or of its column where a row is a run.
        run: The index of the run that it names; None for any other cell.
        value: The number that the text shows, by which interactive tables sort; None where it shows none.
    """

    text: str
    note: str = ""
    best: bool = False
    run: int | None = None
    value: float | None = None

    @classmethod
    def number(
        cls, value: float | None, as_text: Callable[[float], str] = str, note: str = "", best: bool = False
    ) -> Cell:
        """Return the cell of a number, ``-`` for None.

        Args:
            value: The number.
            as_text: Formats it for pages.
            note: As in the cell.
            best: As in the cell.
        """
        return cls(ABSENT) if value is None else cls(as_text(value), note, best, value=value)

    @classmethod
    def setting(cls, text: str | None) -> Cell:
        """Return the cell of a setting, whose text may stand for a number; ``-`` for None."""
        return cls(ABSENT) if text is None else cls(text, value=number_in(text))

    @property
    def colour(self) -> str | None:
        """The colour of the run in every figure; None for a cell that names no run."""
        return None if self.run is None else colour(self.run)


@dataclass(frozen=True)
class Table:
    """A table; the first cell of a row names the row.

    Attributes:
        head: A cell for each column.
        rows: As many cells each.
        numbered: Whether the first cells are mere numbers, which need little room.
        words: Whether the other cells hold text, aligned to the left, rather than numbers that are compared.
        notes: What the notes of numbers are; the name of their column where a table can sort.
    """

    head: Sequence[Cell]
    rows: Sequence[Sequence[Cell]]
    numbered: bool = False
    words: bool = False
    notes: str = "note"

    @property
    def classes(self) -> str:
        """The CSS classes of the table."""
        return " ".join(name for name in ("numbered", "words") if getattr(self, name))


@dataclass(frozen=True)
class Picture:
    """A picture.

    Attributes:
        name: The name of its file.
        caption: The line above it.
        png: The contents of its file.
    """

    name: str
    caption: str
    png: bytes

    @property
    def width(self) -> int:
        """Its width in pixels."""
        return int.from_bytes(self.png[16:20], "big")

    @property
    def uri(self) -> str:
        """The picture as a data URI."""
        return f"data:image/png;base64,{base64.b64encode(self.png).decode()}"


@dataclass(frozen=True)
class Code:
    """A command, or the text of a file."""

    text: str


@dataclass(frozen=True)
class Section:
    """A section of a page: text, tables and pictures below each other."""

    title: str
    blocks: Sequence[str | Code | Table | Picture]


# Files


def write_page(
    folder: Path,
    heading: str,
    page: Sequence[Section],
    rows: Sequence[Mapping[str, Any]],
    others: Mapping[str, str] | None = None,
) -> Path:
    """Write a page as HTML, Markdown and CSV, with its pictures as files.

    Args:
        folder: The folder of the files; created if it does not exist.
        heading: The title of the page.
        page: Its sections.
        rows: The rows of the CSV file; at least one.
        others: The texts of further files, by name.

    Returns:
        The HTML file.
    """
    texts = {
        "comparison.md": markdown(heading, page),
        "comparison.csv": csv_text(rows),
        **(others or {}),
        "comparison.html": html(heading, page),
    }
    files = {name: text.encode("utf-8", "replace") for name, text in texts.items()}
    files |= {block.name: block.png for section in page for block in section.blocks if isinstance(block, Picture)}
    for name, content in files.items():
        write_atomically(folder / name, methodcaller("write", content))
    return folder / "comparison.html"


# Formats


def as_text(table: Table) -> str:
    """Return a table in columns for a terminal; the best cell of a row has a star."""
    lines = [[f"{cell.text} {'*' if cell.best else ' '}" for cell in row] for row in (table.head, *table.rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        f"{line[0]:{widths[0]}}"
        + "".join(f"  {text:>{width}}" for text, width in zip(line[1:], widths[1:], strict=True)).rstrip()
        for line in lines
    )


def csv_text(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return rows as comma-separated values; None becomes an empty cell."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def markdown(heading: str, page: Sequence[Section]) -> str:
    """Return the page as Markdown; its pictures are files in the same folder."""
    parts = [f"# {escape_markdown(heading)}"]
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
                    parts.append(escape_markdown(block))
    return "\n\n".join(parts) + "\n"


def _markdown_table(table: Table) -> str:
    head, *rows = ([_markdown_cell(cell) for cell in row] for row in (table.head, *table.rows))
    return markdown_table(head, rows, numbers=not table.words)


def _markdown_cell(cell: Cell) -> str:
    text = f"**{escape_markdown(cell.text)}**" if cell.best else escape_markdown(cell.text)
    if not cell.note:
        return text
    return f"{text} {escape_markdown(cell.note)}" if cell.run is not None else f"{text} ({escape_markdown(cell.note)})"


def html(heading: str, page: Sequence[Section]) -> str:
    """Return the page as one self-contained HTML file; all text in it is escaped."""
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
