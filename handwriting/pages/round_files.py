"""``rounds/`` in a segmented folder: the answers of a person, and sheets to be answered by files.

======================  ===============================================================================================
file                    content
======================  ===============================================================================================
``answers.jsonl``       Every answer, one a line, and every ``undo``; lines are only ever added. Glyphs are named by
                        their page and bounding box, so that answers outlive another segmentation of the same pages.
``round_003/``          The sheets of one round: ``labels.csv`` to fill in, ``cluster_01.png`` to look at,
                        ``glyphs/01_17.png`` (cluster 1, glyph 17) to move into a folder named by a character, and
                        ``round.json``, which says what the numbers mean.
======================  ===============================================================================================
"""

from __future__ import annotations

import io
import json
import re
import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from handwriting.errors import DataError, RunError
from handwriting.files import read_json, write_atomically, write_json
from handwriting.labelling.answers import (
    MIXED_WORD,
    SheetAnswer,
    describe_label,
    is_lone_accent,
    read_name,
    read_numbers,
)
from handwriting.labelling.rounds import RoundSheet
from handwriting.pages.answers import MIN_IOU, overlaps
from handwriting.pages.boxes import TOO_LARGE, BoxRow
from handwriting.pages.labels import read_numbered
from handwriting.plots.grids import png_bytes
from handwriting.plots.round_sheet import draw_round_sheet
from handwriting.segmentation.page import Box
from handwriting.text import quoted

ROUNDS_FOLDER = "rounds"
ANSWERS_FILE = "answers.jsonl"
SHEET_FILE = "sheet.png"
"""The sheet that the terminal asks about."""
ROUND_LABELS = "labels.csv"
ROUND_FILE = "round.json"
GLYPH_FOLDER = "glyphs"
ROUND_COLUMNS = ("cluster", "label", "wrong")
CLUSTER_NAME, GLYPH_NAME = r"cluster_(\d+)", r"(\d+)_(\d+)"
"""The names of the pictures of a round, without their ending."""
SYSTEM_NAMES = ("thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r", "__macosx", "@eadir")
"""What file browsers put into folders, besides hidden files."""

GlyphBox = tuple[str, int, int, int, int]
"""The page of a glyph and its bounding box (x, y, w, h)."""


@dataclass(frozen=True)
class LoggedAnswer:
    """An answer as the log keeps it.

    Attributes:
        answer: The answer; its glyphs are indices of the characters at hand.
        round: The number of the round that it was given in by files; None in the terminal.
    """

    answer: SheetAnswer
    round: int | None


class AnswerLog:
    """The file of all answers about the characters of a segmented folder.

    Args:
        folder: The segmented folder.
        rows: The characters at hand.
    """

    def __init__(self, folder: Path, rows: Sequence[BoxRow]) -> None:
        self.path = folder / ROUNDS_FOLDER / ANSWERS_FILE
        self.boxes: list[GlyphBox] = [(row.page, row.x, row.y, row.w, row.h) for row in rows]
        self.unmatched = 0
        """Glyphs of answers that are no longer among the characters, as of the last :meth:`read`."""

    def read(self) -> list[LoggedAnswer]:
        """Return the answers that were not taken back, as far as they are about characters at hand.

        Raises:
            DataError: If the file cannot be read or a line is no answer.
        """
        entries = self._standing(self._lines())
        index = self._present(entries)
        self.unmatched = sum(box not in index for entry in entries for box in _boxes(entry))
        logged = []
        for entry in entries:
            boxes = _boxes(entry)
            wrong = {boxes[number - 1] for number in entry["wrong"]}
            shown = tuple(index[box] for box in boxes if box in index)
            if shown:
                struck = tuple(index[box] for box in boxes if box in index and box in wrong)
                logged.append(LoggedAnswer(SheetAnswer(shown, entry["label"], struck), entry["round"]))
        return logged

    def add(self, answers: Iterable[SheetAnswer], round_number: int | None = None) -> None:
        """Add answers at the end of the file; a reader sees all of them or none."""
        self._append(
            {
                "label": answer.label,
                "wrong": [number for number, glyph in enumerate(answer.shown, 1) if glyph in set(answer.wrong)],
                "round": round_number,
                "glyphs": [self.boxes[glyph] for glyph in answer.shown],
            }
            for answer in answers
        )

    def undo(self) -> list[LoggedAnswer]:
        """Take the last answer back, or all answers of the last round by files; return what was taken back.

        The last answer is the last about characters at hand. Those after it, whose characters are all gone, stay.
        """
        answers = self.read()
        if not answers:
            return []
        entries = self._standing(self._lines())
        index = self._present(entries)
        last = max(n for n, entry in enumerate(entries) if not index.keys().isdisjoint(_boxes(entry)))
        number = entries[last]["round"]
        first = last
        while number is not None and first and entries[first - 1]["round"] == number:
            first -= 1
        later = [entry for entry in entries[last + 1 :] if number is None or entry["round"] != number]
        self._append([{"undo": len(entries) - first}, *later])
        return answers[-1:] if number is None else [logged for logged in answers if logged.round == number]

    def taken_back(self) -> tuple[int, ...]:
        """Return the glyphs of the sheet whose answer was taken back last, in their order.

        Empty where an answer was added since then, or what was taken back is a round by files: that is open again.
        """
        lines = self._lines()
        last = max((number for number, line in enumerate(lines) if "undo" in line), default=None)
        if last is None:
            return ()
        before = self._standing(lines[:last])
        removed = before[max(0, len(before) - lines[last]["undo"]) :]
        # After an undo stand those of the answers it removed whose characters are all gone.
        if not removed or removed[0]["round"] is not None or lines[last + 1 :] != removed[1:]:
            return ()
        index = self._present(removed[:1])
        return tuple(index[box] for box in _boxes(removed[0]) if box in index)

    def rounds(self) -> set[int]:
        """Return the numbers of the rounds by files that were answered, also where their characters are gone."""
        return {entry["round"] for entry in self._standing(self._lines()) if entry["round"] is not None}

    def _append(self, entries: Iterable[dict[str, Any]]) -> None:
        earlier = self.path.read_bytes() if self.path.exists() else b""
        lines = [entry if "undo" in entry else {**entry, "by": "person"} for entry in entries]
        added = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines).encode()
        write_atomically(self.path, lambda file: file.write(earlier + added))

    def _lines(self) -> list[dict[str, Any]]:
        if not self.path.exists():
            return []
        entries = []
        standing = 0
        try:
            # Not splitlines(): the name of a page may hold other line breaks, which JSON does not escape.
            for number, line in enumerate(io.StringIO(self.path.read_text("utf-8")), 1):
                try:
                    entry = _parsed(line)
                    standing += 1 if "undo" not in entry else -_taken_back(entry["undo"], standing)
                    entries.append(entry)
                except ValueError as error:
                    raise DataError(
                        f"{self.path}, line {number} is no answer ({error}). Remove the line; the others are kept."
                    ) from error
        except UnicodeDecodeError as error:
            raise DataError(f"{self.path} is no text in UTF-8. Save it as UTF-8.") from error
        except OSError as error:
            raise DataError(f"{self.path} cannot be read ({error.strerror or error}). Make it readable.") from error
        return entries

    @staticmethod
    def _standing(entries: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
        standing: list[dict[str, Any]] = []
        for entry in entries:
            if "undo" in entry:
                del standing[len(standing) - entry["undo"] :]
            else:
                standing.append(entry)
        return standing

    def _present(self, entries: Iterable[dict[str, Any]]) -> dict[GlyphBox, int]:
        """Return the character of each box of some entries, as far as it is at hand."""
        return characters_at({box for entry in entries for box in _boxes(entry)}, self.boxes)


def characters_at(wanted: set[GlyphBox], boxes: Sequence[GlyphBox]) -> dict[GlyphBox, int]:
    """Return the index of the character that has each wanted box, or else overlaps it; without those that are gone."""
    index = {box: number for number, box in enumerate(boxes)}
    found = {box: index[box] for box in wanted if box in index}
    lost = wanted - found.keys()
    for page in {box[0] for box in lost}:
        old = [box for box in lost if box[0] == page]
        new = [number for number, box in enumerate(boxes) if box[0] == page]
        if new:
            shared = overlaps([Box(*box[1:]) for box in old], [Box(*boxes[number][1:]) for number in new])
            for box, row in zip(old, shared, strict=True):
                if row.max() >= MIN_IOU:
                    found[box] = new[int(row.argmax())]
    return found


def _parsed(line: str) -> dict[str, Any]:
    """Return the entry of the log that a line holds; raise ValueError, in words, where it holds none."""
    try:
        entry = json.loads(line, parse_int=_whole)
    except (json.JSONDecodeError, RecursionError) as error:
        raise ValueError("it is not JSON") from error
    if not isinstance(entry, dict):
        raise ValueError("it is no object")
    if "undo" in entry:
        return {"undo": _whole(entry["undo"])}
    if missing := [key for key in ("label", "glyphs", "wrong") if key not in entry]:
        raise ValueError(f"it has no {missing[0]}")
    label, boxes, struck, number = (entry.get(key) for key in ("label", "glyphs", "wrong", "round"))
    if label is not None and not (isinstance(label, str) and len(label) <= 1 and label.isprintable()):
        raise ValueError(f"its label is {quoted(str(label))}")
    if label is not None and is_lone_accent(label):
        raise ValueError(f"its label {label!a} is an accent without its letter")
    if not isinstance(boxes, list) or not isinstance(struck, list):
        raise ValueError("glyphs and wrong are lists")
    glyphs, wrong = [_box(box) for box in boxes], [_whole(place) for place in struck]
    if not all(1 <= place <= len(glyphs) for place in wrong):
        raise ValueError("a struck-out number is too large")
    return {"label": label, "wrong": wrong, "round": None if number is None else _whole(number), "glyphs": glyphs}


def _taken_back(count: int, standing: int) -> int:
    """Return how many answers an ``undo`` takes back; raise ValueError, in words, where there are not so many."""
    if not 1 <= count <= standing:
        raise ValueError(f"it takes {count} answers back, of {standing} before it")
    return count


def _box(values: Any) -> GlyphBox:
    """Return the page and box of a glyph as JSON holds them; raise ValueError, in words, where it holds others."""
    if not isinstance(values, list) or len(values) != 5:
        raise ValueError(f"{quoted(str(values))} is no page, x, y, w and h of a glyph")
    x, y, w, h = map(_whole, values[1:])
    return str(values[0]), x, y, w, h


def _whole(value: Any) -> int:
    """Return a whole number that JSON holds, or its digits; raise ValueError, in words, for another value."""
    if isinstance(value, str) and re.fullmatch(r"-?\d{1,20}", value):
        value = int(value)
    if not isinstance(value, int) or abs(value) >= TOO_LARGE:
        raise ValueError(f"{quoted(str(value))} is no number of an answer")
    return value


def _boxes(entry: dict[str, Any]) -> list[GlyphBox]:
    boxes: list[GlyphBox] = entry["glyphs"]
    return boxes


def round_folder(folder: Path, number: int) -> Path:
    """Return the folder of a round, ``rounds/round_003``."""
    return folder / ROUNDS_FOLDER / f"round_{number:03}"


def last_round(folder: Path) -> int:
    """Return the number of the last round that was written; 0 where there is none."""
    numbers = [
        int(match[1])
        for path in (folder / ROUNDS_FOLDER).glob("round_*")
        if (match := re.fullmatch(r"round_(\d{3,6})", path.name)) and (path / ROUND_FILE).is_file()
    ]
    return max(numbers, default=0)


def write_round(
    folder: Path,
    number: int,
    sheets: Sequence[RoundSheet],
    boxes: Sequence[GlyphBox],
    squares: Callable[[Sequence[int]], NDArray[np.uint8]],
) -> Path:
    """Write the sheets of a round to be answered by files, and return its folder.

    ``round.json`` comes last: a round without it was not completed, and is written again.

    Args:
        folder: The segmented folder.
        number: The number of the round, from 1.
        sheets: Its sheets.
        boxes: The page and box of every character at hand.
        squares: Returns the pictures of some characters, bright ink on dark, uint8 ``(n, S, S)``.
    """
    path = round_folder(folder, number)
    for cluster, sheet in enumerate(sheets, 1):
        pictures = squares(sheet.glyphs)
        drawn = draw_round_sheet(pictures, f"cluster {cluster}{_guess_of(sheet)}")
        save_picture(drawn, path / f"cluster_{cluster:02}.png")
        for place, picture in enumerate(pictures, 1):
            save_picture(Image.fromarray(255 - picture), path / GLYPH_FOLDER / f"{cluster:02}_{place:02}.png")
    write_atomically(path / ROUND_LABELS, lambda file: file.write(_empty_table(len(sheets))))
    write_json(
        path / ROUND_FILE,
        {"clusters": [{"guess": s.guess, "glyphs": [boxes[glyph] for glyph in s.glyphs]} for s in sheets]},
    )
    return path


def _empty_table(clusters: int) -> bytes:
    lines = (",".join(ROUND_COLUMNS), *(f"{number},," for number in range(1, clusters + 1)))
    return "".join(f"{line}\n" for line in lines).encode()


def remove_untouched_rounds(folder: Path, after: int) -> None:
    """Remove the rounds after one, which follow from its answers; what a person put there is never removed.

    Args:
        folder: The segmented folder.
        after: The number of the round that stays.

    Raises:
        DataError: If a person has changed one of them; nothing is removed then.
    """
    later = [round_folder(folder, number) for number in range(after + 1, last_round(folder) + 1)]
    later = [path for path in later if path.is_dir()]
    for path in later:
        if not _is_untouched(path):
            raise DataError(
                f"{path} holds your answers, or pictures that you moved, so {round_folder(folder, after).name} is not "
                "taken back. Run the command with ask=files to take them first, or move the folder away."
            )
    for path in reversed(later):
        (path / ROUND_FILE).unlink(missing_ok=True)  # first: what is left by a crash is no round
        shutil.rmtree(path)


def _is_untouched(path: Path) -> bool:
    """Return whether a round holds what :func:`write_round` wrote, and nothing else."""
    if not (path / ROUND_FILE).is_file():  # it was not completed
        return True
    clusters = _clusters(path)
    written = {ROUND_FILE, ROUND_LABELS}
    for cluster, glyphs in enumerate(clusters, 1):
        written.add(f"cluster_{cluster:02}.png")
        written |= {f"{GLYPH_FOLDER}/{cluster:02}_{place:02}.png" for place in range(1, len(glyphs) + 1)}
    present = {
        file.relative_to(path).as_posix() for file in path.rglob("*") if file.is_file() and not _is_of_the_system(file)
    }
    return present == written and (path / ROUND_LABELS).read_bytes() == _empty_table(len(clusters))


def _is_of_the_system(path: Path) -> bool:
    """Return whether a file browser, not a person, put a file or folder there."""
    return path.name.startswith(".") or path.name.casefold() in SYSTEM_NAMES


def _picture_match(stem: str, picture: Path) -> re.Match[str] | None:
    """Return the match of a picture's name, as written or as a file browser names a copy: ``01_17 (1).png``.

    Args:
        stem: The pattern of the name without its ending.
        picture: The picture.
    """
    return re.fullmatch(rf"(?:copy of )?{stem}(?:[ (_-].*)?\.png", picture.name, re.IGNORECASE)


def save_picture(picture: Image.Image, path: Path) -> None:
    """Write a picture as PNG, atomically."""
    content = png_bytes(picture)
    write_atomically(path, lambda file: file.write(content))


def _guess_of(sheet: RoundSheet) -> str:
    return "" if sheet.guess is None else f": {describe_label(sheet.guess)}?"


@dataclass
class _Said:
    """What was said of one cluster: the label, the struck-out places, and where it stands."""

    label: str | None
    wrong: frozenset[int]
    where: str


def read_round(path: Path, boxes: Sequence[GlyphBox]) -> list[SheetAnswer]:
    """Return the answers that a person gave by files: rows that are filled in, and pictures that were moved.

    Several people may fill in tables of their own, ``labels_anna.csv`` beside ``labels.csv``.

    Args:
        path: The folder of the round.
        boxes: The page and box of every character at hand; glyphs that are no longer there are passed over.

    Raises:
        DataError: If a table or a folder does not fit the round, or two answers about one glyph disagree.
    """
    clusters = _clusters(path)
    said = _from_tables(path, [len(cluster) for cluster in clusters])
    moved: dict[tuple[int, int], tuple[str | None, str]] = {}
    for folder in sorted(entry for entry in path.iterdir() if entry.is_dir()):
        if folder.name == GLYPH_FOLDER or _is_of_the_system(folder):
            continue
        label = _folder_label(folder)
        for picture in sorted(folder.iterdir()):
            if _is_of_the_system(picture):
                continue
            where = f"the folder {folder.name}"
            if match := _picture_match(CLUSTER_NAME, picture):
                cluster = _known(int(match[1]), 1, clusters, picture)
                said.setdefault(cluster, []).append(_Said(label, frozenset(), where))
            elif match := _picture_match(GLYPH_NAME, picture):
                cluster, place = _known(int(match[1]), int(match[2]), clusters, picture), int(match[2])
                earlier = moved.get((cluster, place))
                if earlier and earlier[0] != label:
                    raise DataError(
                        f"{path}: the glyph {picture.name} lies in {earlier[1]} and in {where}. Remove one of them."
                    )
                moved[cluster, place] = label, where
            else:
                raise DataError(f"{picture} is not a picture of this round. Move it away.")
    index = characters_at({box for cluster in clusters for box in cluster}, boxes)
    left = _pictures_left(path)
    answers = []
    for cluster, statements in sorted(said.items()):
        one = _agreed(path, cluster, statements)
        elsewhere = {place for (other, place), (label, _) in moved.items() if other == cluster and label != one.label}
        if one.label is None:
            elsewhere = set()
        gone = _deleted(left.get(cluster, set()), cluster, len(clusters[cluster - 1]), moved)
        struck = one.wrong | elsewhere | (gone if one.label is not None else set())
        answers.append(_answer(clusters[cluster - 1], one.label, struck, index))
    for label in dict.fromkeys(label for label, _ in moved.values()):
        if label is not None:
            picked = [clusters[cluster - 1][place - 1] for (cluster, place), (it, _) in moved.items() if it == label]
            answers.append(_answer(picked, label, set(), index))
    return [answer for answer in answers if answer.shown]


def _answer(
    cluster: Sequence[GlyphBox], label: str | None, struck: Iterable[int], index: dict[GlyphBox, int]
) -> SheetAnswer:
    gone = set(struck)
    shown = tuple(index[box] for box in cluster if box in index)
    wrong = tuple(index[box] for place, box in enumerate(cluster, 1) if box in index and place in gone)
    return SheetAnswer(shown, label, wrong)


def _clusters(path: Path) -> list[list[GlyphBox]]:
    try:
        listed = read_json(path / ROUND_FILE)["clusters"]
        return [[_box(box) for box in one["glyphs"]] for one in listed]
    except (RunError, KeyError, TypeError, ValueError) as error:
        raise DataError(f"{path / ROUND_FILE} does not list the round's clusters. Remove the folder {path}.") from error


def _from_tables(path: Path, sizes: Sequence[int]) -> dict[int, list[_Said]]:
    said: dict[int, list[_Said]] = {}
    for table in sorted(path.glob("labels*.csv")):
        for number, (cluster, label, wrong) in read_numbered(table, ROUND_COLUMNS):
            where = f"{table}, line {number}"
            if not re.fullmatch(r"\s*\d{1,6}\s*", cluster) or not 1 <= int(cluster) <= len(sizes):
                raise DataError(
                    f"{where}: there is no cluster {quoted(cluster)}; this round has clusters 1 to {len(sizes)}. "
                    "Correct the number."
                )
            if not label.strip():
                if wrong.strip():
                    raise DataError(f"{where} strikes out glyphs, but has no label. Fill in the label of the others.")
                continue
            try:
                name = read_name(label)
                places = frozenset(place + 1 for place in read_numbers(wrong, sizes[int(cluster) - 1]))
            except ValueError as error:
                raise DataError(f"{where}: {error}") from error
            if name is None and places:
                raise DataError(f"{where}: {MIXED_WORD} takes no numbers. Give a character, or leave wrong empty.")
            said.setdefault(int(cluster), []).append(_Said(name, places, f"line {number} of {table.name}"))
    return said


def _folder_label(folder: Path) -> str | None:
    try:
        return read_name(folder.name)
    except ValueError as error:
        raise DataError(
            f"{folder} is not named after a character. Give it a name such as a, full_stop, mixed or junk."
        ) from error


def _known(cluster: int, place: int, clusters: Sequence[Sequence[GlyphBox]], picture: Path) -> int:
    if not 1 <= cluster <= len(clusters) or not 1 <= place <= len(clusters[cluster - 1]):
        raise DataError(f"{picture} is not a picture of this round. Move it away.")
    return cluster


def _agreed(path: Path, cluster: int, statements: Sequence[_Said]) -> _Said:
    """Return what all statements about a cluster say.

    Raises:
        DataError: If they do not agree; the cluster, or the first glyph, is named.
    """
    first, *others = statements
    for other in others:
        if other.label != first.label:
            one, two = (describe_label(said.label) for said in (first, other))
            raise DataError(
                f"{path}: cluster {cluster} is {one} in {first.where} and {two} in {other.where}. Correct one of them."
            )
        if differ := first.wrong ^ other.wrong:
            glyph = min(differ)
            striking, keeping = (first, other) if glyph in first.wrong else (other, first)
            if "folder" in keeping.where:  # a moved picture strikes out nothing
                first = replace(first, wrong=first.wrong | other.wrong)
                continue
            raise DataError(
                f"{path}: glyph {glyph} of cluster {cluster} is struck out in {striking.where} and "
                f"{describe_label(keeping.label)} in {keeping.where}. Correct one of them."
            )
    return first


def _pictures_left(path: Path) -> dict[int, set[int]]:
    """Return the places of each cluster whose pictures are still among the glyphs of a round."""
    left: dict[int, set[int]] = {}
    for picture in (path / GLYPH_FOLDER).glob("*"):
        if name := _picture_match(GLYPH_NAME, picture):
            left.setdefault(int(name[1]), set()).add(int(name[2]))
    return left


def _deleted(left: set[int], cluster: int, count: int, moved: dict[tuple[int, int], Any]) -> set[int]:
    """Return the places whose pictures a person deleted; none where no picture of the cluster is left."""
    if not left:
        return set()
    return {place for place in range(1, count + 1) if place not in left and (cluster, place) not in moved}
