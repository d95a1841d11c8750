"""What judges that learn, and a simple examiner, tell of written words and of their joins."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.writing_features import WORD_MEASURES, auc_rows, measure_words
from benchmarks.writing_folds import Fold, Words, floor_folds, model_folds, other_folds, written_folds
from benchmarks.writing_hands import other_hands
from benchmarks.writing_judge import (
    VIEWS_OF_WORDS,
    Verdict,
    judge_words,
    score_pictures,
    train_judge,
    verdict,
)
from benchmarks.writing_request import Request
from benchmarks.writing_seams import MEASURES, Join, matched, measure, real_joins, seams, windows
from benchmarks.writing_sheets import write_picture
from benchmarks.writing_words import WRITERS, Hand
from handwriting.text import format_share, markdown_table

SEAM_RESOLUTION = 24
"""Pixels in an x-height where the judge looks at joins."""
GOAL = 0.65
"""Share of words that the judge may tell at most."""
SHOWN_SEAMS, SHOWN_RESOLUTION, SHOWN_SIDE, SHOWN_COLUMNS = 40, 48, 2.5, 5
"""Number of seams in the picture of the worst, pixels in an x-height, side in x-heights, and pairs in a row."""
FLOOR = "floor: upper against lower half of the real pages"
CEILING = "ceiling: real words of other hands"

Row = tuple[str, ...]


def measure_judge(hand: Hand, asked: Request) -> list[str]:
    """Let judges learn to tell real words and joins from written ones, and say what is telling."""
    seed, out = asked.seed, asked.out
    folds = {name: written_folds(hand, writer(hand.bank), seed) for name, writer in WRITERS.items()}
    own = folds["written"]
    words = [("written", 12, own), ("written", 24, own)]
    words += [(name, 12, one) for name, one in folds.items() if name != "written"]
    if asked.run is not None:
        words.append(("letters of a conditional model", 12, model_folds(hand, asked.run, seed)))
    words.append((FLOOR, 12, floor_folds(hand, seed)))
    if asked.root is not None:
        words.append((CEILING, 12, other_folds(hand, other_hands(asked.root), seed)))
    rows = [_row(f"{name}, x-height {size}", judge_words(one, VIEWS_OF_WORDS[size], seed)) for name, size, one in words]
    verdict_of_seams, judged = judge_seams(own, seed)
    rows.append(_row("seams against real joins", verdict_of_seams))
    rng = np.random.default_rng(seed)
    joins = [join for fold in own for join in real_joins(fold.judged.real)]
    order = rng.permutation(len(joins))
    halves = [joins[index] for index in order[::2]], [joins[index] for index in order[1::2]]
    if out is not None:
        write_picture(out / "worst_seams.png", draw_worst(judged))
    real = [one for fold in own for one in fold.judged.real]
    written = [one for fold in own for one in fold.judged.written]
    head = ("measurement", "AUC", "real", "written")
    features = auc_rows(WORD_MEASURES, *(measure_words(part, 24, seed) for part in (real, written)))
    pairs = [pair for pair, _ in judged]
    of_seams = auc_rows(MEASURES, measure([pair[1] for pair in pairs]), measure([pair[0] for pair in pairs]))
    floor = auc_rows(MEASURES, *(measure(half) for half in halves))
    return [
        "Judges that learn: a small network learns from one half of the words, real ones and the same texts written "
        "with the drawings of that half, and judges the other half; chance is 50%.",
        markdown_table(("judged", "told", "95%", "AUC", "pictures"), rows),
        f"Goal: at most {GOAL:.0%} of written words told, reached at both sizes: "
        f"{'yes' if all(float(row[1].rstrip('%')) <= 100 * GOAL for row in rows[:2]) else 'no'}.",
        "Single measurements, the most telling first; AUC above 0.5: more in written ones. Medians. Words:",
        markdown_table(head, features),
        "Seams, each against a real join of the same letters:",
        markdown_table(head, of_seams),
        "The same measurements of one half of the real joins against the other:",
        markdown_table(("measurement", "AUC", "one half", "the other"), floor),
    ]


def _row(name: str, one: Verdict) -> Row:
    low, high = one.interval
    return name, format_share(one.accuracy), f"{low:.0%} to {high:.0%}", f"{one.auc:.3f}", f"{one.count:,}"


Judged = tuple[tuple[Join, Join], float]
"""A seam and a real join beside it, and the log odds of the seam."""


def judge_seams(folds: Sequence[Fold], seed: int) -> tuple[Verdict, list[Judged]]:
    """Train a judge of joins on each fold; return its verdict, and the judged seams with their real partners."""
    scores, truths = [], []
    judged: list[Judged] = []
    for number, fold in enumerate(folds):
        rng = np.random.default_rng([seed, number])
        learned, pairs = (_pairs_of(words, rng) for words in (fold.learned, fold.judged))
        pictures, written = _windows(learned)
        network = train_judge(pictures, written, pictures[0].shape[1], seed + number)
        shown, truth = _windows(pairs)
        scores.append(score_pictures(network, np.stack(shown)))
        truths.append(truth)
        judged += list(zip(pairs, scores[-1][: len(pairs)].tolist(), strict=True))
    return verdict(scores, truths), judged


def _pairs_of(words: Words, rng: np.random.Generator) -> list[tuple[Join, Join]]:
    return matched(seams(words.written), real_joins(words.real), rng)


def _windows(pairs: Sequence[tuple[Join, Join]]) -> tuple[list[NDArray[np.uint8]], NDArray[np.bool_]]:
    """Return the windows of seams, then those of real joins, and which are seams."""
    shown = [
        *windows([pair[0] for pair in pairs], SEAM_RESOLUTION),
        *windows([pair[1] for pair in pairs], SEAM_RESOLUTION),
    ]
    return shown, np.arange(len(shown)) < len(pairs)


def draw_worst(judged: Sequence[Judged]) -> NDArray[np.uint8]:
    """Draw the seams that were told most surely, each with a real join of the same letters to its right.

    Returns:
        Dark ink on white, uint8 ``(h, w)``.
    """
    worst = sorted(judged, key=lambda one: -one[1])[:SHOWN_SEAMS]
    cells = []
    for (seam, real), score in worst:
        first, second = (255 - one for one in windows([seam, real], SHOWN_RESOLUTION, SHOWN_SIDE))
        both = np.hstack([first, np.full((len(first), 3), 190, np.uint8), second])
        cell = np.pad(both, ((22, 4), (4, 12)), constant_values=255)
        said = f"{''.join(seam.letters)} {score:+.1f}   {seam.word.text} | {real.word.text}"
        cv2.putText(cell, said, (6, 15), cv2.FONT_HERSHEY_SIMPLEX, 0.4, 60, 1, cv2.LINE_AA)
        cells.append(cell)
    cells += [np.full_like(cells[0], 255)] * (-len(cells) % SHOWN_COLUMNS)
    return np.vstack([np.hstack(cells[start : start + SHOWN_COLUMNS]) for start in range(0, len(cells), SHOWN_COLUMNS)])
