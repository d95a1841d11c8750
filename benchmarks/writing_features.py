"""A simple examiner, which looks at one thing at a time: how well each measurement alone tells written from real."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from benchmarks.writing_pairs import MIN_INK, SetWord, draw_words
from benchmarks.writing_seams import INKED, softness
from benchmarks.writing_words import Shown

Row = tuple[str, ...]

WORD_MEASURES = (
    "softness",
    "ink",
    "ink, its spread along the word",
    "ink, largest step along the word",
    "stroke width",
    "stroke width, its spread",
    "dark filled places",
    "pale pixels, of all ink",
    "width a letter",
    "ink a letter",
    "wandering of the letters' feet",
)
"""What is measured of each word."""


def measure_words(words: Sequence[Shown], x_height: float, seed: int) -> NDArray[np.float64]:
    """Return what ``WORD_MEASURES`` names of words drawn at a size, float64 ``(n, k)``."""
    rng = np.random.default_rng(seed)
    return np.array([_measured(word, x_height, tuple(rng.random(2))) for word in words])


def _measured(word: Shown, x_height: float, phase: tuple[float, float]) -> list[float]:
    ink, baseline = draw_words([SetWord(word, 0.0, 0.0)], x_height, phase)
    inked = ink >= INKED
    depth = cv2.distanceTransform(np.pad(inked.astype(np.uint8), 1), cv2.DIST_L2, 5)
    ridge = depth[(depth >= cv2.dilate(depth, np.ones((3, 3)))) & (depth > 0)] / x_height
    columns = np.where(inked.any(0), np.where(inked, ink, 0).sum(0) / np.maximum(inked.sum(0), 1), np.nan)
    step = max(1, round(x_height / 4))
    level = np.log(
        np.array(
            [
                np.nanmean(part)
                for part in np.array_split(columns, max(2, len(columns) // step))
                if np.isfinite(part).any()
            ]
        )
    )
    feet = [np.flatnonzero(part.any(1))[-1] for part in _letters(inked[: baseline + round(0.3 * x_height)], word)]
    letters = len(word.text)
    return [
        softness(ink),
        float(ink[inked].mean()),
        float(level.std()),
        float(np.abs(np.diff(level)).max()),
        float(2 * np.median(ridge)),
        float(ridge.std() / ridge.mean()),
        float(np.percentile(ridge, 95) / np.median(ridge)),
        float(((ink >= MIN_INK) & ~inked).sum() / inked.sum()),
        ink.shape[1] / x_height / letters,
        float(ink.sum() / 255 / x_height**2 / letters),
        float(np.std(feet) / x_height) if feet else 0.0,
    ]


def _letters(inked: NDArray[np.bool_], word: Shown) -> list[NDArray[np.bool_]]:
    """Return parts of equal width, as many as the word has letters, that hold ink."""
    return [part for part in np.array_split(inked, len(word.text), axis=1) if part.any()]


def auc_rows(names: Sequence[str], real: NDArray[np.float64], written: NDArray[np.float64]) -> list[Row]:
    """Return for each measurement the area under its curve and both medians, the most telling one first.

    Args:
        names: The names of the measurements.
        real: Those of real ink, ``(n, k)``; NaN where there is none.
        written: Those of written ink, ``(m, k)``.
    """
    found = []
    for column, name in enumerate(names):
        of_real, of_written = (values[np.isfinite(values[:, column]), column] for values in (real, written))
        truth = np.repeat([0, 1], [len(of_real), len(of_written)])
        auc = float(roc_auc_score(truth, np.concatenate([of_real, of_written])))
        found.append(
            (abs(auc - 0.5), (name, f"{auc:.3f}", f"{np.median(of_real):.3f}", f"{np.median(of_written):.3f}"))
        )
    return [row for _, row in sorted(found, key=lambda one: -one[0])]
