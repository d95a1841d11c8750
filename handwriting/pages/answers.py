"""A person's answers about characters, kept while their pages are segmented again.

When a new segmentation is complete, the answers that fit one of its characters stand in its ``labels.csv``, and all
others in its ``labels_before.csv``, with the boxes of their characters. Both files replace the earlier ones together
with the segmentation, and the next segmentation finds the answers there.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from handwriting.errors import DataError
from handwriting.pages.boxes import BoxRow, FolderOfBoxes
from handwriting.pages.labels import (
    LABEL_COLUMNS,
    LabelRow,
    character_key,
    has_labels,
    read_labels,
    read_numbered,
    save_table,
    whole_number,
    write_labels,
)
from handwriting.pages.names import LABELS_BEFORE_FILE
from handwriting.segmentation.page import Box

MIN_IOU = 0.7
"""Least overlap of two boxes, as intersection over union, that are of the same character."""
COLUMNS = (*LABEL_COLUMNS, *Box._fields)


class Answer(NamedTuple):
    """What a person said of a character.

    Attributes:
        row: The answer, with the numbers that the character had in its segmentation.
        box: The bounding box of the character, in pixels of its page.
        is_current: Whether the answer is about the present segmentation; others wait in ``labels_before.csv``.
    """

    row: LabelRow
    box: Box
    is_current: bool


class CarriedLabels(NamedTuple):
    """What became of the labels of a segmentation that was replaced.

    Attributes:
        carried: The number of a person's answers that stand in the new ``labels.csv``.
        kept_aside: The number of those that no new character fits, in ``labels_before.csv``.
        dropped: The number of labels by transcript or program, which labelling gives again.
    """

    carried: int
    kept_aside: int
    dropped: int


def read_answers(folder: FolderOfBoxes) -> tuple[list[Answer], int]:
    """Return a person's answers about a folder's present and earlier segmentations, and the number of other labels.

    Raises:
        DataError: If ``labels.csv`` or ``labels_before.csv`` cannot be read.
    """
    answers: list[Answer] = []
    others = 0
    if has_labels(folder):
        labels = read_labels(folder)
        boxes = {character_key(row): row.box for row in folder.rows("character")}
        answers = [Answer(row, boxes[row.key], True) for row in labels.values() if row.by == "person"]
        others = len(labels) - len(answers)
    before = folder.path / LABELS_BEFORE_FILE
    if before.exists():
        answers += _read_before(before)
    return answers, others


def check_answers(folder: FolderOfBoxes) -> None:
    """Refuse to replace a segmentation whose labels cannot be read, because answers of a person would be lost.

    Raises:
        DataError: If they cannot be read.
    """
    try:
        read_answers(folder)
    except DataError as error:
        raise DataError(f"{error} Or move the file away, if its labels may be lost.") from error


def keep_answers(folder: FolderOfBoxes, answers: Iterable[Answer]) -> None:
    """Write answers to ``labels_before.csv``, in place of an earlier one, atomically; without any, remove it."""
    path = folder.path / LABELS_BEFORE_FILE
    cells = [(*answer.row.cells(), *map(int, answer.box)) for answer in answers]
    if cells:
        save_table(path, COLUMNS, cells)
    else:
        path.unlink(missing_ok=True)


def carry_answers(answers: Sequence[Answer], draft: FolderOfBoxes) -> tuple[int, list[Answer]]:
    """Give the characters of a new segmentation the answers about the earlier one, in its own ``labels.csv``.

    An answer replaces whatever label the draft already holds for the character. An answer about an earlier
    segmentation gives way to one about the present segmentation of the same character.

    Args:
        answers: What :func:`read_answers` returned.
        draft: The new segmentation, complete and not in place yet.

    Returns:
        The number of answers carried, and those that fit no character.
    """
    rows = list(draft.rows("character"))
    target, outdated = matched(answers, rows)
    carried = [_moved(answers[index].row, rows[row]) for index, row in target.items()]
    if carried:
        write_labels(draft, (read_labels(draft) | {row.key: row for row in carried}).values())
    left = [answer for index, answer in enumerate(answers) if index not in target and index not in outdated]
    return len(carried), left


def matched(answers: Sequence[Answer], rows: Sequence[BoxRow]) -> tuple[dict[int, int], set[int]]:
    """Match answers to characters one to one: present answers first, and the largest overlap first.

    Args:
        answers: Answers about earlier characters.
        rows: The new characters.

    Returns:
        The index of the character of each answer that has one, by the index of the answer; and the indices of those
        answers about an earlier segmentation whose character has an answer about the present one.
    """
    answers_of, rows_of = _by_page(answer.row.page for answer in answers), _by_page(row.page for row in rows)
    pairs: list[tuple[bool, float, int, int]] = []
    for page in answers_of.keys() & rows_of.keys():
        own, new = answers_of[page], rows_of[page]
        overlap = overlaps([answers[index].box for index in own], [rows[index].box for index in new])
        for i, j in zip(*np.nonzero(overlap >= MIN_IOU), strict=True):
            pairs.append((not answers[own[i]].is_current, -float(overlap[i, j]), own[i], new[j]))
    target: dict[int, int] = {}
    owner: dict[int, int] = {}
    outdated: set[int] = set()
    for _, _, answer, row in sorted(pairs):
        if answer in target or answer in outdated:
            continue
        if row not in owner:
            target[answer], owner[row] = row, answer
        elif answers[owner[row]].is_current and not answers[answer].is_current:
            outdated.add(answer)
    return target, outdated


def overlaps(boxes: Sequence[Box], others: Sequence[Box]) -> NDArray[np.float64]:
    """Return the intersection over union of each box with each other one, ``(N, M)``, 0..1."""
    (x, y, w, h), (u, v, p, q) = np.array(boxes, np.float64).T[:, :, None], np.array(others, np.float64).T[:, None]
    across = np.clip(np.minimum(x + w, u + p) - np.maximum(x, u), 0, None)
    down = np.clip(np.minimum(y + h, v + q) - np.maximum(y, v), 0, None)
    shared = across * down
    return np.asarray(shared / np.maximum(w * h + p * q - shared, 1e-9), np.float64)


def _read_before(path: Path) -> list[Answer]:
    answers = []
    for number, cells in read_numbered(path, COLUMNS):
        try:
            box = Box(*(whole_number(name, cell) for name, cell in zip(Box._fields, cells[-4:], strict=True)))
            answers.append(Answer(LabelRow.parse(cells[:-4]), box, False))
        except ValueError as error:
            raise DataError(f"{path}, line {number} {error}") from error
    return answers


def _moved(row: LabelRow, character: BoxRow) -> LabelRow:
    """Return an answer with the numbers of another character."""
    _, line, word, order = character_key(character)
    return row._replace(line=line, word=word, order=order)


def _by_page(pages: Iterable[str]) -> dict[str, list[int]]:
    """Return the indices of each page's members."""
    indices: dict[str, list[int]] = defaultdict(list)
    for index, page in enumerate(pages):
        indices[page].append(index)
    return indices
