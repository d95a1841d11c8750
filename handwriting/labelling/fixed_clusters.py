"""The common way to label a pile, as a baseline: cluster once, see five pictures a cluster, name each as a whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from handwriting.labelling.answers import Answered, SheetAnswer
from handwriting.labelling.rounds import RECOGNISED, LabelledGlyphs, RoundSheet
from handwriting.labelling.spreading import squared_distances

PICTURES_OF_CLUSTER = 5
"""Glyphs of a cluster that a person sees."""
LATENT_DIMENSIONS = 32
"""Principal components of the pixels that are clustered: the latents of a linear autoencoder."""
MIN_SAMPLES = 5
"""Glyphs within the radius that make a core of a DBSCAN cluster."""
RADII = 24
"""Radii that are tried; the one with the most clusters is taken."""


class Asking(Protocol):
    """A labelling in progress by any method."""

    @property
    def answers(self) -> list[SheetAnswer]:
        """The answers so far."""

    def sheets(self, count: int = 1) -> list[RoundSheet]:
        """Return the next sheets."""

    def sheet_of(self, glyphs: Sequence[int]) -> RoundSheet:
        """Return a sheet with these glyphs in this order, to ask about them once more."""

    def answer(self, answer: SheetAnswer) -> None:
        """Take an answer."""

    def undo(self) -> SheetAnswer | None:
        """Take the last answer back."""

    def recognised(self) -> tuple[int, int]:
        """Return how many glyphs the person named, and how many others the program recognises by that; quickly."""

    def labelled(self) -> LabelledGlyphs:
        """Return the label of each glyph."""


@dataclass
class FixedClusters:
    """Clusters that are made once; each answer names a whole cluster by a few of its glyphs.

    Attributes:
        clusters: The number of each glyph's cluster, int64 ``(N,)``; -1 for a glyph in none.
        seed: The seed of the choice of pictures.
        answers: The answers so far.
    """

    clusters: NDArray[np.int64]
    seed: int = 0
    answers: list[SheetAnswer] = field(default_factory=list)

    def sheets(self, count: int = 1) -> list[RoundSheet]:
        """Return sheets of the largest clusters that were not asked about."""
        asked = {int(self.clusters[answer.shown[0]]) for answer in self.answers}
        numbers, sizes = np.unique(self.clusters[self.clusters >= 0], return_counts=True)
        left = [int(number) for number in numbers[np.argsort(-sizes, kind="stable")] if int(number) not in asked]
        return [RoundSheet(self._pictures(number), None, 0.0, "cluster") for number in left[:count]]

    def sheet_of(self, glyphs: Sequence[int]) -> RoundSheet:
        """Return a sheet with these glyphs in this order, to ask about them once more."""
        return RoundSheet(tuple(glyphs), None, 0.0, "cluster")

    def _pictures(self, number: int) -> tuple[int, ...]:
        members = np.flatnonzero(self.clusters == number)
        rng = np.random.default_rng((self.seed, number))
        return tuple(sorted(rng.choice(members, min(PICTURES_OF_CLUSTER, len(members)), replace=False).tolist()))

    def answer(self, answer: SheetAnswer) -> None:
        """Take an answer."""
        self.answers.append(answer)

    def undo(self) -> SheetAnswer | None:
        """Take the last answer back and return it; None where there is none."""
        return self.answers.pop() if self.answers else None

    def recognised(self) -> tuple[int, int]:
        """Return how many glyphs the person named, and how many others the program recognises by that."""
        labelled = self.labelled()
        known = labelled.by_person
        return int(known.sum()), int((~known & (labelled.confidence >= RECOGNISED)).sum())

    def labelled(self) -> LabelledGlyphs:
        """Return the labels: a cluster's confidence is the share of its pictures that were not struck out."""
        state = Answered.by(self.answers, len(self.clusters))
        best, confidence = np.full(len(self.clusters), -1, np.int64), np.zeros(len(self.clusters))
        for answer in self.answers:
            number = self.clusters[answer.shown[0]]
            if answer.label is not None and number >= 0:
                members = self.clusters == number
                best[members] = state.names.index(answer.label)
                confidence[members] = len(answer.named) / (len(answer.shown) + 1)
        for glyph, refused in state.refused.items():
            if best[glyph] in refused:
                best[glyph], confidence[glyph] = -1, 0
        best = np.where(state.known, state.labels, best)
        return LabelledGlyphs(tuple(state.names), best, np.where(state.known, 1.0, confidence), state.known)


def density_clusters(latents: NDArray[np.float32]) -> NDArray[np.int64]:
    """Return clusters by density (DBSCAN; Ester et al., 1996), -1 for glyphs in none, int64 ``(N,)``.

    The radius is the one of ``RADII`` quantiles of the distance to the fifth neighbour that gives most clusters.

    Args:
        latents: float32 ``(N, D)``.
    """
    from sklearn.cluster import DBSCAN

    some = latents[np.random.default_rng(0).permutation(len(latents))[:2000]]
    place = min(MIN_SAMPLES, len(latents) - 1)
    fifth = np.sqrt(np.partition(squared_distances(some, latents), place, axis=1)[:, place])
    best = np.full(len(latents), -1, np.int64)
    for radius in np.unique(np.quantile(fifth, np.linspace(0.02, 0.9, RADII))):
        found = DBSCAN(eps=max(float(radius), 1e-6), min_samples=MIN_SAMPLES).fit_predict(latents)
        if found.max() > best.max():
            best = found.astype(np.int64)
    return best


def mean_clusters(pixels: NDArray[np.float32], count: int, seed: int = 0) -> NDArray[np.int64]:
    """Return ``count`` clusters by k-means, int64 ``(N,)``.

    Args:
        pixels: float32 ``(N, D)``.
        count: Number of clusters.
        seed: The seed of their starts.
    """
    from sklearn.cluster import KMeans

    found: Sequence[int] = KMeans(min(count, len(pixels)), n_init=1, random_state=seed).fit_predict(pixels)
    return np.asarray(found, np.int64)
