"""The page segmented again by the cuts that its text led to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from handwriting.labelling.alignment import Aligned
from handwriting.labelling.pieces import Pieces
from handwriting.labelling.strips import ROWS
from handwriting.segmentation.page import Segmented
from handwriting.segmentation.pixels import places


@dataclass(frozen=True, eq=False)
class CutWord:
    """Words of a page that were cut by their text.

    Attributes:
        words: The numbers of the segmented words over the page, from the left.
        texts: The words of the text that they show, from the left.
        pieces: Their pieces.
        aligned: Their cuts.
    """

    words: tuple[int, ...]
    texts: tuple[str, ...]
    pieces: Pieces
    aligned: Aligned


@dataclass(frozen=True, eq=False)
class Corrected:
    """A page with corrected words and characters.

    Attributes:
        page: The page.
        source: The index of the cut word of each character, -1 where it is as it was segmented, int64 ``(n,)``.
        order: The position of each character in the text of its cut word, int64 ``(n,)``.
    """

    page: Segmented
    source: NDArray[np.int64]
    order: NDArray[np.int64]


def corrected(page: Segmented, cut: Sequence[CutWord]) -> Corrected:
    """Return a page whose words and characters are those of its text where it was matched.

    Characters without a pixel of ink in the working frame are dropped.

    Args:
        page: The page as it was segmented.
        cut: The words that were cut by their text; no segmented word is in two of them.
    """
    rows, columns = places(page.labels > 0)
    character = page.labels[rows, columns] - 1
    word = page.words[character]
    by_word = np.argsort(word, kind="stable")
    starts = np.searchsorted(word[by_word], np.arange(len(page.lines) + 1))
    owner = {number: index for index, group in enumerate(cut) for number in group.words}

    new = np.zeros(len(rows), np.int64)  # the new character of each pixel
    words: list[int] = []
    lines: list[int] = []
    sources: list[int] = []
    orders: list[int] = []
    done: set[int] = set()
    for number in range(len(page.lines)):
        index = owner.get(number, -1)
        if index in done:
            continue
        if index < 0:
            pixels = by_word[starts[number] : starts[number + 1]]
            part = np.unique(character[pixels], return_inverse=True)[1]
            word_of_part, order_of_part = np.zeros(part.max() + 1, np.int64), np.full(part.max() + 1, -1)
        else:
            done.add(index)
            group = cut[index]
            pixels = np.concatenate([by_word[starts[w] : starts[w + 1]] for w in group.words])
            order = _order(group, rows[pixels], columns[pixels])
            order_of_part, part = np.unique(order, return_inverse=True)
            ends = np.cumsum([len(text) for text in group.texts])
            word_of_part = np.searchsorted(ends, order_of_part, side="right")
            word_of_part = np.unique(word_of_part, return_inverse=True)[1]
        new[pixels] = len(words) + part
        words += (len(lines) + word_of_part).tolist()
        lines += [int(page.lines[number])] * (int(word_of_part.max()) + 1)
        sources += [index] * len(order_of_part)
        orders += order_of_part.tolist()
    labels = np.zeros_like(page.labels)
    labels[rows, columns] = new + 1
    page = replace(page, labels=labels, words=np.array(words, np.int64), lines=np.array(lines, np.int64))
    return Corrected(page, np.array(sources, np.int64), np.array(orders, np.int64))


def _order(group: CutWord, rows: NDArray[np.int64], columns: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the position in the text of the character at each pixel of the working frame, int64 ``(n,)``."""
    pieces = group.pieces
    matrix = np.vstack([pieces.strip.to_working, [0, 0, 1]])
    across, down, _ = np.linalg.inv(matrix) @ np.stack([columns, rows, np.ones(len(rows))])
    across = np.clip(np.rint(across).astype(np.int64), 0, pieces.part.shape[1] - 1)
    down = np.clip(np.rint(down).astype(np.int64), 0, ROWS - 1)
    part = pieces.part[down, across]
    last = pieces.last[group.aligned.piece]  # parts up to this cut belong to the character
    return np.minimum(np.searchsorted(last, part), len(last) - 1)
