"""Verification by contour hinges: written words must pass as the writer's own page does; other hands must not."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.writing_hands import other_hands
from benchmarks.writing_pairs import SetWord, draw_words
from benchmarks.writing_request import Request
from benchmarks.writing_seams import INKED
from benchmarks.writing_words import WRITERS, Hand, Shown
from handwriting.text import format_share, markdown_table

X_HEIGHT = 24
"""Pixels in an x-height of the words that are compared."""
LEG = 0.4
"""Length of the two legs of a hinge, in x-heights."""
ANGLES = 24
"""Directions that a leg may have."""
SAMPLE_WORDS, SAMPLES = 40, 50
"""Words of a sample, about four lines, and random samples of each kind."""
PASSING = 0.95
"""Share of the samples of the writer's other page that pass, which sets the bound."""
MAX_OTHERS = 0.05
"""Goal: share of samples of other hands that may pass."""


def measure_verification(hand: Hand, asked: Request) -> list[str]:
    """Compare written words and other hands with a page of the writer from which nothing is written.

    Args:
        hand: A hand of at least two pages.
        asked: The seed of samples and choices, and the folder of real data, whose forms are other hands.

    Raises:
        DataError: If a form cannot be read.
    """
    if asked.root is None:
        return ["Verification is not measured: it takes other hands. Give root=<folder of real data>."]
    pages = list(dict.fromkeys(word.key[0] for word in hand.real))
    if len(pages) < 2:
        return [
            "Verification is not measured: it takes a hand of two pages, one for the profile and one to write from."
        ]
    rng = np.random.default_rng(asked.seed)
    hinges = {page: [hinges_of(_drawn(hand.shown(w))) for w in hand.real if w.key[0] == page] for page in pages[:2]}
    others = [[hinges_of(_drawn(other.shown(word))) for word in other.real] for other in other_hands(asked.root)]
    rows = []
    for of_profile, source in ((pages[0], pages[1]), (pages[1], pages[0])):
        profile = _normed(hinges[of_profile])
        own = _distances(hinges[source], profile, rng)
        bound = float(np.quantile(own, PASSING, method="higher"))
        foreign = np.concatenate([_distances(words, profile, rng) for words in others])
        row = [f"profile of {of_profile}, writing from {source}", format_share(float((own <= bound).mean()))]
        words = [word for word in hand.real if word.key[0] == source]
        barred = ~hand.own_drawings(word.number for word in words)
        for make in WRITERS.values():
            writer = make(hand.bank)
            written = [writer.write(word.text, rng, barred | hand.own_drawings([word.number])) for word in words]
            new = _distances([hinges_of(_drawn(one)) for one in written if one is not None], profile, rng)
            row.append(format_share(float((new <= bound).mean())))
        rows.append((*row, format_share(float((foreign <= bound).mean()))))
    return [
        f"Contour hinges (Bulacu and Schomaker, 2007) of samples of {SAMPLE_WORDS} words, next to a profile: the share "
        f"that passes where at least {PASSING:.0%} of the writer's other page do. Goal: other hands at most "
        f"{MAX_OTHERS:.0%} ({len(others)} hands). It bars other hands and sees no seams.",
        markdown_table(("pages", "other page", *WRITERS, "other hands"), rows),
    ]


def _drawn(word: Shown) -> NDArray[np.uint8]:
    return draw_words([SetWord(word, 0.0, 0.0)], X_HEIGHT, (0.5, 0.5)).ink


def hinges_of(ink: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return how often two legs along a contour meet with each pair of directions, ``(ANGLES, ANGLES)``.

    Args:
        ink: A word, bright on dark, uint8 ``(h, w)``.
    """
    inked = np.pad((ink >= INKED).astype(np.uint8), 1)
    contours, _ = cv2.findContours(inked, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    counts = np.zeros((ANGLES, ANGLES))
    leg = round(LEG * X_HEIGHT)
    for contour in contours:
        points = contour[:, 0].astype(float)
        if len(points) < 3 * leg:
            continue
        legs = [np.roll(points, shift, 0) - points for shift in (-leg, leg)]
        first, second = (_direction(one) for one in legs)
        np.add.at(counts, (np.minimum(first, second), np.maximum(first, second)), 1)
    return counts


def _direction(legs: NDArray[np.float64]) -> NDArray[np.int64]:
    turn = np.arctan2(-legs[:, 1], legs[:, 0]) / (2 * np.pi) % 1
    return (turn * ANGLES).astype(np.int64) % ANGLES


def _normed(words: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    total = np.sum(words, 0)
    return np.asarray(total / max(total.sum(), 1))


def _distances(
    words: Sequence[NDArray[np.float64]], profile: NDArray[np.float64], rng: np.random.Generator
) -> NDArray[np.float64]:
    """Return the chi-squared distances of random samples of words to a profile, float64 ``(SAMPLES,)``."""
    found = []
    for _ in range(SAMPLES):
        chosen = rng.choice(len(words), min(SAMPLE_WORDS, len(words)), replace=False)
        sample = _normed([words[index] for index in chosen])
        both = sample + profile
        found.append(float(((sample - profile) ** 2 / np.where(both > 0, both, 1)).sum()))
    return np.array(found)
