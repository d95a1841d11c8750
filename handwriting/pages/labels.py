"""``labels.csv`` of a segmented folder: what each character is, who said so, and whether it enters training.

The file has one row for each labelled character, in the order of ``boxes.csv``. It is meant to be opened and corrected
in a spreadsheet, so it is read as spreadsheets save it: any order of columns, with ``,`` ``;`` or tabs between cells, a
byte-order mark, and decimal commas. A label that a person changed is that person's, whatever the column ``by`` says:
``labels_written.json`` holds what the program wrote, found by the numbers of the character, so that the table may be
sorted. While a table is replaced, ``labels_next.json`` holds the same for the new one, and counts from the moment at
which that is in place: a kill or a full disk never parts a table from its record. A folder that was labelled by an
earlier version has no record: there ``by`` alone says what a person gave.
"""

from __future__ import annotations

import codecs
import csv
import hashlib
import io
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args

from handwriting.errors import DataError, RunError, nearest
from handwriting.files import read_json, write_atomically, write_json
from handwriting.labelling.answers import JUNK, JUNK_WORD, is_lone_accent
from handwriting.pages.boxes import MAX_NUMBER_CHARACTERS, TOO_LARGE, BoxRow, FolderOfBoxes
from handwriting.pages.names import BOXES_FILE, LABELS_FILE, LABELS_NEXT_FILE, LABELS_RECORD_FILE
from handwriting.text import quoted

LabelSource = Literal["person", "transcript", "program"]
LABEL_SOURCES: tuple[LabelSource, ...] = get_args(LabelSource)
CharacterKey = tuple[str, int, int, int]
"""The page, line, word and order of a character: what names it in ``boxes.csv`` and in ``labels.csv``."""

DELIMITERS = ",;\t"
ENCODINGS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
"""The encodings that spreadsheets save, by the bytes that a file begins with; without them it is UTF-8."""
KEPT, NOT_KEPT = "+", "-"
"""What stands behind the label in an entry of ``labels_written.json``."""
TRUTHS = {"yes": True, "no": False, "true": True, "false": False, "1": True, "0": False}
DECIMALS = 4
"""Decimals of the shares in the file."""
MAX_LABELS_BYTES = 200_000_000
"""Size of the largest file that is read; a notebook of 100 pages takes 10 MB."""


class LabelRow(NamedTuple):
    """One row of ``labels.csv``; its fields are the columns, in their order.

    Attributes:
        page: The page of the character, as in ``boxes.csv``.
        line: Its line.
        word: Its word in the line.
        order: Its position in the word.
        label: The character, one code point in Unicode's composed form (NFC); empty for junk, which is no character.
        confidence: The probability that the label is right, 0..1.
        by: Who gave the label: a ``person``, the ``transcript`` of the page, or the ``program`` by itself.
        kept: Whether the character enters training, unless it is junk; ``yes`` or ``no`` in the file.
        cut: The probability that its two cuts are right, 0..1.
        badness: From 0 for a clean drawing to 1 for a blot, an overwritten, pale or broken one, or one of odd size.
    """

    page: str
    line: int
    word: int
    order: int
    label: str
    confidence: float
    by: LabelSource
    kept: bool
    cut: float
    badness: float

    @property
    def key(self) -> CharacterKey:
        """What names the character."""
        return self[:4]

    @property
    def trains(self) -> bool:
        """Whether the character enters training: it is kept, and no junk."""
        return self.kept and self.label != JUNK

    def cells(self) -> tuple[Any, ...]:
        """Return the row as ``labels.csv`` holds it: texts are quoted there, and numbers are not."""
        confidence, cut, badness = (
            round(float(share), DECIMALS) for share in (self.confidence, self.cut, self.badness)
        )
        numbers = (int(number) for number in (self.line, self.word, self.order))  # NumPy's would be quoted
        return (self.page, *numbers, self.label, confidence, self.by, "yes" if self.kept else "no", cut, badness)

    @classmethod
    def parse(cls, cells: Sequence[str]) -> LabelRow:
        """Return the row that cells hold, in the order of the columns.

        Raises:
            ValueError: If a cell does not hold a value of its column; the message is a sentence without its subject.
        """
        page = cells[0]  # a file's name may begin with a space
        line, word, order, label, confidence, by, kept, cut, badness = (cell.strip() for cell in cells[1:])
        source = next((source for source in LABEL_SOURCES if source == by.casefold()), None)
        if source is None:
            raise ValueError(f"has by={quoted(by)}. Give {', '.join(LABEL_SOURCES[:-1])} or {LABEL_SOURCES[-1]}.")
        if kept.casefold() not in TRUTHS:
            raise ValueError(f"has kept={quoted(kept)}. Give yes or no.")
        return cls(
            page,
            whole_number("line", line),
            whole_number("word", word),
            whole_number("order", order),
            label=as_label(label),
            confidence=_share("confidence", confidence),
            by=source,
            kept=TRUTHS[kept.casefold()],
            cut=_share("cut", cut),
            badness=_share("badness", badness),
        )


LABEL_COLUMNS = LabelRow._fields


def character_key(row: BoxRow) -> CharacterKey:
    """Return what names a character, given its row of ``boxes.csv``."""
    assert row.word is not None  # only lines have none
    return row.page, row.line, row.word, row.order


def as_label(text: str) -> str:
    """Return a label in composed form (NFC), without spaces around it; empty for junk and for the word ``junk``.

    >>> as_label("e\u0301") == "\u00e9", as_label(" "), as_label("junk")
    (True, '', '')

    Raises:
        ValueError: If the text is more than one character or cannot be printed; the message is a sentence without its
            subject.
    """
    label = unicodedata.normalize("NFC", text.strip())
    if label.casefold() == JUNK_WORD:
        return JUNK
    if len(label) > 1 or not label.isprintable():
        raise ValueError(f"has label={quoted(label)}. Give one character, or {JUNK_WORD} for a piece that is none.")
    return label


def has_labels(folder: FolderOfBoxes) -> bool:
    """Return whether a segmented folder holds ``labels.csv``, be it a folder or a broken link, which is to be named."""
    path = folder.path / LABELS_FILE
    return path.exists() or path.is_symlink()


def read_labels(folder: FolderOfBoxes) -> dict[CharacterKey, LabelRow]:
    """Return the labels of a segmented folder, in the order of ``boxes.csv``; none where there is no ``labels.csv``.

    A character whose picture was deleted from the folder keeps its row. A label that a person changed since the program
    wrote it is returned as that person's.

    Raises:
        DataError: If the table or ``labels_written.json`` cannot be read, or the table is not in its format or does not
            fit ``boxes.csv``: each with the file, the line, and what to do.
    """
    path = folder.path / LABELS_FILE
    if not has_labels(folder):
        return {}
    known = _positions(folder)
    lines: dict[CharacterKey, int] = {}
    labels: list[LabelRow] = []
    for number, row in _numbered_rows(path):
        if row.key not in known:
            raise DataError(
                f"{path}, line {number}: {BOXES_FILE} has no character {_described(row.key)}, so the labels are of "
                "another segmentation. Remove the line, or label the pages again."
            )
        if row.key in lines:
            raise DataError(
                f"{path}, lines {lines[row.key]} and {number} both label the character {_described(row.key)}. Remove "
                "one of them."
            )
        lines[row.key] = number
        labels.append(row)
    labels = _with_corrections(_record_of(path), labels)
    for row in labels:
        if row.by == "person" and is_lone_accent(row.label):  # a text may hold a letter and its accent apart
            raise DataError(
                f"{path}, line {lines[row.key]} has label={row.label!a}, an accent without its letter. Give one "
                f"character, or {JUNK_WORD} for a piece that is none."
            )
    return {row.key: row for row in sorted(labels, key=lambda row: known[row.key])}


def label_counts(rows: Sequence[LabelRow]) -> dict[str, Any]:
    """Return what ``report.json`` and the summaries say of labels: how many there are, by whom, and of what kinds."""
    named = [row for row in rows if row.label != JUNK]
    return {
        "labelled": len(named),
        "by": dict(Counter(row.by for row in named)),
        "classes": len({row.label for row in named}),
        "kept": sum(row.trains for row in rows),
        "junk": len(rows) - len(named),
    }


def write_labels(folder: FolderOfBoxes, rows: Iterable[LabelRow]) -> None:
    """Write ``labels.csv``, in place of an earlier one, atomically and in the order of ``boxes.csv``.

    The record of what was written is replaced, too.

    Args:
        folder: A segmented folder.
        rows: At most one row for each of its characters, in any order.

    Raises:
        DataError: If a row names no character of ``boxes.csv``, or two rows the same; nothing is written then.
        ValueError: If a value is out of its range.
    """
    known = _positions(folder)
    labels: dict[CharacterKey, LabelRow] = {}
    for row in rows:
        if row.key not in known or row.key in labels:
            reason = "has two labels" if row.key in labels else f"is not in {BOXES_FILE}"
            raise DataError(f"{folder.path / LABELS_FILE}: the character {_described(row.key)} {reason}.")
        labels[row.key] = row
    ordered = [labels[key] for key in sorted(labels, key=known.__getitem__)]
    content = _table_bytes(LABEL_COLUMNS, [row.cells() for row in ordered])
    table = folder.path / LABELS_FILE
    _write_record(table.with_name(LABELS_NEXT_FILE), content, ordered)
    write_atomically(table, lambda file: file.write(content))
    table.with_name(LABELS_NEXT_FILE).replace(table.with_name(LABELS_RECORD_FILE))


def _write_record(path: Path, table: bytes, rows: Iterable[LabelRow]) -> None:
    """Write what a person has not changed yet, atomically.

    Args:
        path: The file.
        table: The content of ``labels.csv``, whose hash names it.
        rows: Its rows.
    """
    pages: dict[str, dict[str, str]] = {}
    for row in rows:
        pages.setdefault(row.page, {})[_numbers(row.key)] = row.label + (KEPT if row.kept else NOT_KEPT)
    write_json(path, {"table": hashlib.sha256(table).hexdigest(), "pages": pages})


def _record_of(table: Path) -> Path:
    """Return the record of a table: the next one if a kill came between the two, which it names by its hash."""
    following = table.with_name(LABELS_NEXT_FILE)
    if following.is_file():
        try:
            if read_json(following).get("table") == hashlib.sha256(table.read_bytes()).hexdigest():
                return following
        except RunError as error:
            raise DataError(f"{following} cannot be read. Remove it.") from error
    return table.with_name(LABELS_RECORD_FILE)


def _with_corrections(path: Path, rows: Iterable[LabelRow]) -> list[LabelRow]:
    """Return rows of ``labels.csv``, those whose label a person changed or added as that person's.

    A changed label is certain, and it enters training unless the person changed ``kept`` to ``no``, too.

    Args:
        path: The record; without it the rows are returned as they are.
        rows: The rows, in any order.

    Raises:
        DataError: If the record cannot be read.
    """
    if not path.exists():
        return list(rows)
    try:
        pages = read_json(path)["pages"]
        written = {
            (page, numbers): (entry[:-1], entry[-1] == KEPT)
            for page, entries in pages.items()
            for numbers, entry in entries.items()
        }
    except (RunError, AttributeError, IndexError, KeyError, TypeError) as error:
        raise DataError(
            f"{path} cannot be read. Write by=person in each row of {LABELS_FILE} that you changed, then remove "
            f"{path.name}."
        ) from error
    return [_as_changed(row, written.get((row.page, _numbers(row.key)))) for row in rows]


def _as_changed(row: LabelRow, written: tuple[str, bool] | None) -> LabelRow:
    if written is None:
        return row._replace(by="person")
    label, kept = written
    if row.label == label:
        return row
    return row._replace(by="person", confidence=1.0, kept=row.label != JUNK and (row.kept or not kept))


def _numbers(key: CharacterKey) -> str:
    return " ".join(str(int(number)) for number in key[1:])


def save_table(path: Path, columns: Sequence[str], lines: Iterable[Sequence[Any]]) -> None:
    """Write a table whose first columns are those of ``labels.csv``, atomically.

    Raises:
        ValueError: If a value of a label is out of its range.
    """
    content = _table_bytes(columns, lines)
    write_atomically(path, lambda file: file.write(content))


def _table_bytes(columns: Sequence[str], lines: Iterable[Sequence[Any]]) -> bytes:
    text = io.StringIO()
    table = csv.writer(text, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n")
    table.writerow(columns)
    for cells in lines:
        LabelRow.parse([str(cell) for cell in cells[: len(LABEL_COLUMNS)]])  # what is not read again is not written
        table.writerow(cells)
    return text.getvalue().encode()


def _positions(folder: FolderOfBoxes) -> dict[CharacterKey, int]:
    """Return the position of each character in ``boxes.csv``."""
    return {character_key(row): number for number, row in enumerate(folder.rows("character"))}


def _numbered_rows(path: Path) -> Iterator[tuple[int, LabelRow]]:
    """Yield each row with the number of the line that it begins on, from 1."""
    for number, cells in read_numbered(path, LABEL_COLUMNS):
        try:
            yield number, LabelRow.parse(cells)
        except ValueError as error:
            raise DataError(f"{path}, line {number} {error}") from error


def read_numbered(path: Path, columns: Sequence[str]) -> Iterator[tuple[int, list[str]]]:
    """Yield the cells of each row of a table that a spreadsheet may have saved, with the number of its line, from 1.

    Args:
        path: The table.
        columns: The names of its columns, which the file may hold in any order; the cells come in this one.

    Raises:
        DataError: If the file cannot be read or is not a table of these columns.
    """
    text = _text(path)
    head = next((line for line in text.splitlines() if line.strip()), "")
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=max(DELIMITERS, key=head.count))
    names: list[str] = []
    end = 0
    try:
        for cells in lines:
            start, end = end + 1, lines.line_num
            if not any(map(str.strip, cells)):  # spreadsheets add empty rows
                continue
            if not names:
                names = _names(path, start, cells, columns)
                continue
            if len(cells) < len(names) or any(cells[len(names) :]):
                raise DataError(
                    f"{path}, line {start}: there are {len(cells)} cells for {len(names)} columns. Correct it; a "
                    'quotation mark as a label is written """" (four of them).'
                )
            yield start, [cells[names.index(name)] for name in columns]
    except csv.Error as error:
        raise DataError(f"{path}, line {lines.line_num} is no line of a table ({error}). Correct it.") from error
    if not names:
        raise DataError(f"{path} is empty. Remove it, or label the pages again.")


def _text(path: Path) -> str:
    """Return the content of a file in any encoding that spreadsheets save."""
    if path.is_dir():
        raise DataError(f"{path} cannot be read: it is a folder, and no table. Move it away.")
    if path.is_symlink() and not path.exists():
        raise DataError(f"{path} cannot be read: it is a broken link. Remove it.")
    try:
        if path.stat().st_size > MAX_LABELS_BYTES:
            raise DataError(f"{path} has {path.stat().st_size / 1e6:,.0f} MB: no file of labels has that many.")
        content = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror or error}). Make it readable.") from error
    encoding = next((name for mark, name in ENCODINGS.items() if content.startswith(mark)), "utf-8")
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        name = encoding.removesuffix("-sig").upper()
        raise DataError(f"{path}, line {line}: the text is not {name}. Save the file as CSV in UTF-8.") from error


def _names(path: Path, number: int, cells: Sequence[str], columns: Sequence[str]) -> list[str]:
    """Return the names of the columns, in their order in the file."""
    names = [cell.strip().casefold() for cell in cells]
    while names and not names[-1]:
        names.pop()
    where, all_of_them = f"{path}, line {number}", f"The columns are {', '.join(columns)}."
    for name in names:
        if name not in columns:
            raise DataError(f"{where}: there is no column {name!r}.{nearest(name, columns)} {all_of_them}")
        if names.count(name) > 1:
            raise DataError(f"{where}: the column {name} is there twice. Remove one of them.")
    if missing := [name for name in columns if name not in names]:
        raise DataError(f"{where}: the column {missing[0]} is missing. {all_of_them}")
    return names


def whole_number(name: str, cell: str) -> int:
    """Return the number in a cell of the column ``name``.

    Raises:
        ValueError: If there is none; the message is a sentence without its subject.
    """
    if not cell.isdecimal() or len(cell) > MAX_NUMBER_CHARACTERS or int(cell) >= TOO_LARGE:
        raise ValueError(f"has {name}={quoted(cell)}. Give the whole number that stands in {BOXES_FILE}.")
    return int(cell)


def _share(name: str, cell: str) -> float:
    try:
        share = float(cell.replace(",", "."))
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:  # NaN is refused, too
        raise ValueError(f"has {name}={quoted(cell)}. Give a number from 0 to 1.")
    return share


def _described(key: CharacterKey) -> str:
    page, line, word, order = key
    return f"page={page} line={line} word={word} order={order}"
