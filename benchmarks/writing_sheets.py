"""Sheets of pairs for a blind examiner, what is right on them, and how much an examiner told."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from benchmarks.writing_pairs import Pair, Picture, draw_words
from handwriting.errors import DataError
from handwriting.files import write_atomically, write_json
from handwriting.plots.grids import png_bytes

Part = Literal["words", "lines"]
PARTS: tuple[Part, ...] = ("words", "lines")
SIDES = ("A", "B")
"""Left and right of a pair of words; above and below of a pair of lines."""
ANSWERS_FILE = "answers.json"
PAD = 0.6
"""Paper around each picture, in x-heights."""
NUMBER_WIDTH = 60
"""Width of the column of numbers, in pixels."""
Z = 1.96
"""Quantile of the normal distribution for an interval of 95%."""


class SheetSize(NamedTuple):
    """How sheets are drawn.

    Attributes:
        x_height: Pixels in one x-height.
        words: Pairs of words on a sheet.
        lines: Pairs of lines on a sheet.
        columns: Columns of pairs of words.
    """

    x_height: float
    words: int
    lines: int
    columns: int


SIZES = {"reading": SheetSize(13, 20, 8, 2), "enlarged": SheetSize(60, 6, 2, 1)}
"""As a page is read, and large enough to see every seam."""


def write_sheets(folder: Path, part: Part, pairs: Sequence[Pair], size: SheetSize) -> None:
    """Write numbered sheets as ``<part>_<number>.png``, and add which sides are real to ``answers.json``.

    Args:
        folder: An existing folder.
        part: What the pairs are.
        pairs: The pairs.
        size: How they are drawn.
    """
    count = size.words if part == "words" else size.lines
    for number, start in enumerate(range(0, len(pairs), count), 1):
        cells = [draw_cell(pair, start + at, part, size) for at, pair in enumerate(pairs[start : start + count], 1)]
        columns = size.columns if part == "words" else 1
        write_picture(folder / f"{part}_{number:02}.png", _sheet(cells, columns))
    path = folder / ANSWERS_FILE
    known = json.loads(path.read_text("utf-8")) if path.exists() else {}
    known[part] = {str(number): SIDES[not pair.real_is_first] for number, pair in enumerate(pairs, 1)}
    write_json(path, known)


def write_picture(path: Path, picture: NDArray[np.uint8]) -> None:
    """Write a grey picture, uint8 ``(h, w)``, as PNG."""
    write_atomically(path, lambda file: file.write(png_bytes(Image.fromarray(picture))))


def draw_cell(pair: Pair, number: int, part: Part, size: SheetSize) -> NDArray[np.uint8]:
    """Return a pair with its number, dark ink on white, uint8 ``(h, w)``."""
    sides = (pair.real, pair.written) if pair.real_is_first else (pair.written, pair.real)
    first, second = (draw_words(words, size.x_height) for words in sides)
    pad = round(PAD * size.x_height)
    if part == "words":
        above = max(first.baseline, second.baseline)
        below = max(one.ink.shape[0] - one.baseline for one in (first, second))
        width = max(first.ink.shape[1], second.ink.shape[1])
        both = np.hstack([_on_paper(one, above, below, width, pad) for one in (first, second)])
    else:
        width = max(first.ink.shape[1], second.ink.shape[1])
        both = np.vstack(
            [_on_paper(one, one.baseline, one.ink.shape[0] - one.baseline, width, pad) for one in (first, second)]
        )
    cell = np.pad(255 - both, ((0, 0), (NUMBER_WIDTH, 0)), constant_values=255)
    cv2.putText(cell, str(number), (6, cell.shape[0] // 2 + 6), cv2.FONT_HERSHEY_SIMPLEX, 0.6, 90, 1, cv2.LINE_AA)
    return cell


def _on_paper(picture: Picture, above: int, below: int, width: int, pad: int) -> NDArray[np.uint8]:
    height, own = picture.ink.shape
    top, bottom = above - picture.baseline, below - (height - picture.baseline)
    return np.pad(picture.ink, ((top + pad, bottom + pad), (pad, width - own + pad)))


def _sheet(cells: Sequence[NDArray[np.uint8]], columns: int) -> NDArray[np.uint8]:
    """Return cells in columns, from left to right and down, with a thin line under each row."""
    width = max(cell.shape[1] for cell in cells)
    rows = []
    for start in range(0, len(cells), columns):
        row = cells[start : start + columns]
        height = max(cell.shape[0] for cell in row)
        padded = [
            np.pad(cell, ((0, height - cell.shape[0]), (0, width - cell.shape[1])), constant_values=255) for cell in row
        ]
        padded += [np.full((height, width), 255, np.uint8)] * (columns - len(row))
        rows += [np.hstack(padded), np.full((1, width * columns), 210, np.uint8)]
    return np.vstack(rows)


@dataclass(frozen=True)
class Told:
    """How often an examiner named the real side.

    Attributes:
        part: Of which pairs.
        right: The number of right answers.
        undecided: The number of pairs without a decision; each counts as half right.
        count: The number of pairs answered, undecided ones included.
    """

    part: str
    right: int
    undecided: int
    count: int

    @property
    def share(self) -> float:
        """The share told, 0..1; 0.5 is chance."""
        return (self.right + self.undecided / 2) / self.count

    @property
    def interval(self) -> tuple[float, float]:
        """The interval of the share at 95% (Wilson, 1927)."""
        return wilson(self.share, self.count)


def wilson(share: float, count: int) -> tuple[float, float]:
    """Return the interval of a binomial share at 95% (Wilson, 1927).

    >>> [round(end, 3) for end in wilson(0.5, 100)]
    [0.404, 0.596]
    """
    spread = Z * math.sqrt(share * (1 - share) / count + Z**2 / (4 * count**2))
    middle, scale = share + Z**2 / (2 * count), 1 + Z**2 / count
    return (middle - spread) / scale, (middle + spread) / scale


def score(answers: Path, truth: Path | None = None) -> list[Told]:
    """Return how much an examiner told.

    Args:
        answers: A file of JSON like ``answers.json``: for ``words`` and ``lines``, the side that is real by the number
            of the pair, ``A``, ``B`` or ``?``. Pairs may be missing.
        truth: The ``answers.json`` of the sheets; by default the one in the same folder.

    Raises:
        DataError: If a file cannot be read, or answers a pair that is not on the sheets.
    """
    known = _read_answers(truth or answers.parent / ANSWERS_FILE)
    told = []
    for part, given in _read_answers(answers).items():
        if unknown := [number for number in given if number not in known.get(part, {})]:
            raise DataError(f"{answers}: the sheets have no pair {unknown[0]} of {part}.")
        if wrong := [side for side in given.values() if side not in (*SIDES, "?")]:
            raise DataError(f"{answers}: {wrong[0]!r} is no side. Give A, B or ?.")
        if given:
            right = sum(known[part][number] == side for number, side in given.items())
            told.append(Told(part, right, sum(side == "?" for side in given.values()), len(given)))
    return told


def _read_answers(path: Path) -> Mapping[str, Mapping[str, str]]:
    try:
        answers = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"{path} cannot be read ({error}). Give a file of answers in JSON.") from error
    if not isinstance(answers, dict) or not all(isinstance(part, dict) for part in answers.values()):
        raise DataError(f'{path} holds no answers. Write them as {{"words": {{"1": "A", "2": "B"}}}}.')
    return answers
