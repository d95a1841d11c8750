"""Ink through joins, their steps and the length of pieces, measured on drawn words."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import chain

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.writing_request import Request
from benchmarks.writing_seams import CENTRE, INKED, STEP_MEASURE, measure, real_joins, seams, to_pixels
from benchmarks.writing_words import Hand, Shown, Writer
from handwriting.labelling.copy_text import sentences
from handwriting.text import format_share, markdown_table
from handwriting.writing.writer import HandWriter
from handwriting.writing.written_words import WordInk

RESOLUTION = 24
"""Pixels in an x-height where it is seen whether ink runs through."""
MIN_NEIGHBOURS = 20
"""Neighbours of a letter on the pages from which its own rate is compared."""
MIN_PIXELS = 4
"""Pixels of a letter that a stroke holds at least, to count as its own."""
MAX_DIFFERENCE, MAX_STEP = 0.03, 0.05
"""Goals: difference of the shares joined, and the median step in x-heights."""
TEXT_WORDS = 300
"""Words of ordinary text whose pieces are counted."""

Joined = dict[str, list[bool]]
"""Whether ink runs through from each letter to the next, by the letter on the left."""


def joined_by_letter(words: Iterable[Shown]) -> Joined:
    """Return whether the drawn ink of neighbours hangs together, by the left letter."""
    found: Joined = defaultdict(list)
    for word in words:
        drawn = word.draw(RESOLUTION, CENTRE)
        _, parts = cv2.connectedComponents((drawn.ink >= INKED).astype(np.uint8), connectivity=8)
        strokes = [_strokes_of(points, np.asarray(parts, np.int32)) for points in _letters(word, drawn)]
        for letter, own, following in zip(word.text, strokes, strokes[1:], strict=False):
            found[letter].append(bool(own & following))
    return found


def _letters(word: Shown, drawn: WordInk) -> list[NDArray[np.int64]]:
    """Return columns and rows of the pixels of each letter in its drawn word."""
    bank = word.composer.bank
    found = []
    for one in word.placed:
        for number in one.run.drawings:
            drawing = bank.drawings[number]
            source = one.source or bank.words[drawing.word]
            points = source.frame_of(drawing.letter) + one.at
            found.append(np.rint(to_pixels(word, points, drawn, RESOLUTION)).astype(np.int64))
    return found


def _strokes_of(points: NDArray[np.int64], parts: NDArray[np.int32]) -> set[int]:
    """Return the connected parts of a drawn word that hold ink of a letter."""
    height, width = parts.shape
    columns, rows = points.T
    inside = (columns >= 0) & (columns < width) & (rows >= 0) & (rows < height)
    places = np.unique(points[inside], axis=0)
    counts = np.bincount(parts[places[:, 1], places[:, 0]])
    return {number for number in np.flatnonzero(counts >= MIN_PIXELS).tolist() if number}


def measure_joins(hand: Hand, asked: Request) -> list[str]:
    """Compare joins of written words with those of the same words on their pages."""
    seed = asked.seed
    rng = np.random.default_rng(seed)
    writer = Writer(hand.bank)
    texts = [word for word in hand.real if len(word.text) >= 2]
    written = [writer.write(word.text, rng, hand.own_drawings([word.number])) for word in texts]
    pairs = [(hand.shown(word), one) for word, one in zip(texts, written, strict=True) if one is not None]
    real, new = ([pair[side] for pair in pairs] for side in (0, 1))
    of_real, of_new = joined_by_letter(real), joined_by_letter(new)
    halves = joined_by_letter(real[::2]), joined_by_letter(real[1::2])
    known = sorted(letter for letter, joined in of_real.items() if len(joined) >= MIN_NEIGHBOURS)
    all_real, all_new = (list(chain.from_iterable(joined.values())) for joined in (of_real, of_new))
    rows = [("all", *_rates(all_real, all_new), str(len(all_real)))]
    rows += [(letter, *_rates(of_real[letter], of_new[letter]), str(len(of_real[letter]))) for letter in known]
    apart = [abs(np.mean(of_real[letter]) - np.mean(of_new[letter])) for letter in known]
    floor = [
        abs(np.mean(halves[0][one]) - np.mean(halves[1][one])) for one in known if halves[0][one] and halves[1][one]
    ]
    steps, real_steps = (
        values[np.isfinite(values)]
        for values in (measure(seams(new))[:, STEP_MEASURE], measure(real_joins(real))[:, STEP_MEASURE])
    )
    median = float(np.median(steps))
    overall = abs(np.mean(all_real) - np.mean(all_new))
    return [
        f"Ink through joins, by the letter on the left, in {len(pairs)} words drawn alike.",
        markdown_table(("letter", "real", "written", "difference", "neighbours"), rows),
        markdown_table(
            ("goal", "reached", "value", "floor"),
            [
                ("share joined within 3 points", _yes(overall <= MAX_DIFFERENCE), f"{overall:.3f}", "-"),
                (
                    "by letter, mean difference",
                    _yes(np.mean(apart) <= MAX_DIFFERENCE),
                    f"{np.mean(apart):.3f}",
                    f"{np.mean(floor):.3f}: halves of the pages",
                ),
                (
                    f"step at joins, median, at most {MAX_STEP}",
                    _yes(median <= MAX_STEP),
                    f"{median:.3f}",
                    f"{np.median(real_steps):.3f}: real joins",
                ),
                (
                    "step at joins, 90th percentile",
                    "-",
                    f"{np.percentile(steps, 90):.3f}",
                    f"{np.percentile(real_steps, 90):.3f}: real joins",
                ),
                ("pieces a letter, of ordinary text", "-", f"{pieces_a_letter(hand, seed):.2f}", "-"),
            ],
        ),
    ]


def pieces_a_letter(hand: Hand, seed: int) -> float:
    """Return how many runs ordinary text takes for each letter; 1 is letter by letter."""
    writer = HandWriter(hand.bank, seed)
    words = [word for word in " ".join(sentences()).split() if all(letter in hand.bank.by_label for letter in word)]
    placed = [writer.place(word) for word in words[:TEXT_WORDS]]
    return sum(map(len, placed)) / sum(map(len, words[:TEXT_WORDS]))


def _rates(real: Sequence[bool], written: Sequence[bool]) -> tuple[str, str, str]:
    one, other = float(np.mean(real)), float(np.mean(written))
    return format_share(one), format_share(other), f"{other - one:+.3f}"


def _yes(reached: object) -> str:
    return "yes" if reached else "no"
