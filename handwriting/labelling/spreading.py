"""Spreading labels from a few named glyphs to all others: agreement of a kernel classifier and a neighbour graph."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve

from handwriting.labelling.answers import JUNK, Answered

NEIGHBOURS = 12
"""Neighbours of a glyph in the graph."""
SCALE_NEIGHBOUR = 5
"""The distance to this neighbour is the scale of a glyph's surroundings."""
ROWS_PER_BLOCK = 1000
"""Glyphs whose distances are computed at a time."""
KERNEL_WIDTH = 1.5
"""Width of the Gaussian kernel, in medians of the scales of surroundings."""
RIDGE = 0.05
"""Ridge of the kernel classifier; the kernel is 1 at distance 0."""
MAX_EXAMPLES = 2000
"""Named glyphs that the kernel classifier learns from; of more, it takes this many at random."""
GRAPH_STAY = 0.9
"""Share of a label that is passed on in the graph at every step."""
GRAPH_STEPS = 25
EVIDENCE_SHARE = 0.3
"""Where the labels that reach a glyph weigh this share of their mean over all glyphs, its confidence is halved."""


@dataclass(frozen=True, eq=False)
class Surroundings:
    """A view of glyphs with its neighbour graph.

    Attributes:
        view: float32 ``(N, D)``.
        neighbours: The nearest other glyphs of each, int64 ``(N, at most NEIGHBOURS)``.
        graph: The symmetric, normalised weights of neighbours, sparse float32 ``(N, N)``.
        scale: The median squared distance to the neighbour number ``SCALE_NEIGHBOUR``.
    """

    view: NDArray[np.float32]
    neighbours: NDArray[np.int64]
    graph: scipy.sparse.csr_matrix
    scale: float

    @classmethod
    def of(cls, view: NDArray[np.float32]) -> Surroundings:
        """Return a view with its neighbour graph; at least two glyphs."""
        count, nearest = len(view), min(NEIGHBOURS, len(view) - 1)
        neighbours = np.empty((count, nearest), np.int64)
        squares = np.empty((count, nearest), np.float32)
        for start in range(0, count, ROWS_PER_BLOCK):
            rows = np.arange(start, min(start + ROWS_PER_BLOCK, count))
            distances = squared_distances(view[rows], view)
            distances[np.arange(len(rows)), rows] = np.inf
            found = np.argpartition(distances, nearest - 1, axis=1)[:, :nearest]
            neighbours[rows] = found
            squares[rows] = np.take_along_axis(distances, found, axis=1)
        place = min(SCALE_NEIGHBOUR, nearest - 1)
        scales = np.maximum(np.partition(squares, place, axis=1)[:, place], 1e-9)
        weights = np.exp(-squares / np.sqrt(scales[:, None] * scales[neighbours]))
        rows = np.repeat(np.arange(count), nearest)
        one_way = scipy.sparse.csr_matrix((weights.ravel(), (rows, neighbours.ravel())), (count, count))
        graph = one_way.maximum(one_way.T)
        roots = scipy.sparse.diags(1 / np.sqrt(np.maximum(np.asarray(graph.sum(axis=1)).ravel(), 1e-9)))
        return cls(view, neighbours, (roots @ graph @ roots).tocsr().astype(np.float32), float(np.median(scales)))


def squared_distances(some: NDArray[np.float32], others: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the squared distances of ``(N, D)`` and ``(M, D)``, float32 ``(N, M)``."""
    products = some @ others.T
    products *= -2
    products += (some**2).sum(axis=1)[:, None]
    products += (others**2).sum(axis=1)
    return np.maximum(products, 0, out=products)


def spread(around: Surroundings, answered: Answered, seed: int = 0) -> NDArray[np.float32]:
    """Return the score of every label for every glyph, float32 ``(N, labels)`` in [0, 1]; low far from named glyphs.

    A score is the geometric mean of two opinions: the kernel ridge regression of the labels (0 far from all named
    glyphs), and the labels that reach the glyph through the neighbour graph (label spreading; Zhou et al., 2004). A
    named glyph scores 1 for its label and 0 for others; a glyph that was struck out scores 0 for the refused label.
    While no character is named, nothing is spread: junk has nothing to be told from, and all would be junk.

    Args:
        around: The view of the glyphs.
        answered: What the answers say.
        seed: The seed of the choice of examples where there are too many.
    """
    known = np.flatnonzero(answered.known)
    count, classes = len(around.view), len(answered.names)
    if not len(known):
        return np.zeros((count, classes), np.float32)
    if all(answered.names[label] == JUNK for label in set(answered.labels[known].tolist())):
        scores = np.zeros((count, classes), np.float32)
    else:
        scores = np.sqrt(_by_kernel(around, answered, known, seed) * _by_graph(around, answered, known))
    for glyph, refused in answered.refused.items():
        scores[glyph, list(refused)] = 0
    scores[known] = 0
    scores[known, answered.labels[known]] = 1
    return np.asarray(scores, np.float32)


def _by_kernel(around: Surroundings, answered: Answered, known: NDArray[np.int64], seed: int) -> NDArray[np.float32]:
    if len(known) > MAX_EXAMPLES:
        known = np.sort(np.random.default_rng(seed).choice(known, MAX_EXAMPLES, replace=False))
    targets = np.eye(len(answered.names), dtype=np.float32)[answered.labels[known]]
    examples = around.view[known]
    slope = 1 / (2 * KERNEL_WIDTH**2 * max(around.scale, 1e-9))
    kernel = np.exp(-slope * squared_distances(examples, examples))
    kernel[np.diag_indices_from(kernel)] += RIDGE
    weights = cho_solve(cho_factor(kernel, overwrite_a=True, check_finite=False), targets, check_finite=False)
    blocks = [
        np.exp(-slope * squared_distances(around.view[start : start + ROWS_PER_BLOCK], examples)) @ weights
        for start in range(0, len(around.view), ROWS_PER_BLOCK)
    ]
    return np.clip(np.concatenate(blocks), 0, 1)


def _by_graph(around: Surroundings, answered: Answered, known: NDArray[np.int64]) -> NDArray[np.float32]:
    given = np.zeros((len(around.view), len(answered.names)), np.float32)
    given[known, answered.labels[known]] = 1
    passed = given
    for _ in range(GRAPH_STEPS):
        passed = GRAPH_STAY * (around.graph @ passed) + (1 - GRAPH_STAY) * given
    evidence = passed.sum(axis=1, keepdims=True)
    return np.asarray(passed / (evidence + EVIDENCE_SHARE * evidence.mean()), np.float32)
