"""Rounds of learning: the words of a hand are aligned, a classifier learns from them, and they are aligned again."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from handwriting.labelling.alignment import MAX_INK_COST, Aligned, align, ink_cost_of
from handwriting.labelling.composing import Composed, compose
from handwriting.labelling.pieces import Pieces, character_pitch, find_pieces, pictures
from handwriting.labelling.shapes import Shapes, learned, measured
from handwriting.labelling.strips import Strip

SHAPE_ROUNDS = 4
"""Rounds in which widths and extents alone are learned."""
PLAUSIBLE = 14.0
"""Pieces are scored that cost at most this much more than the best cuts by shape alone, in nats; after the first
classifier, than the best by it."""
SHARES = (0.6, 0.75, 0.9)
"""Share of the words, the best explained first, that the first rounds learn from; later rounds learn from all."""
JUNK_PER_CHARACTER = 2.0
"""Examples of junk for each example of a character."""
JUNK_OVERLAP = 0.6
"""Largest intersection over union with a character at which a piece is junk."""
SHAPE_WEIGHT = 0.3
"""Weight of the cost of a shape next to that of the classifier."""
UNSEEN, RARE = 9.0, 2.0
"""Cost of a piece that was not scored, in nats, and the number of examples at which a class is half trusted."""
FLOOR, RARE_SHARE = 5e-4, 0.3
"""The least probability of a class, and that of a class without examples where a piece is no junk."""

MIN_START_WEIGHT, FEW_PAIRS = 0.15, 30
"""Weight of all examples of another hand next to those of this hand, and the number of different pairs of letters
below which it is 1: letters that always stand side by side cannot be told apart by this hand alone."""
START_SHARE = 0.5
"""Least number of examples of another hand, as a share of those of this hand."""
MAX_ROUNDS, AT_REST = 5, 0.01
"""Number of rounds at most, and the share of characters that moved below which the cuts rest."""
COMPOSED_WORDS, COMPOSED_LENGTHS = 400, (2, 8)
"""Number of composed words, and the bounds of their length in characters."""
MOVED = 0.25
"""Distance from which a cut has moved, in x-heights."""

Scores = Callable[[NDArray[np.uint8]], NDArray[np.float32]]
"""Log probabilities of classes of pictures of pieces, junk last: uint8 ``(n, 2, h, w)`` to float32 ``(n, c)``."""


Progress = Callable[[str, float], object]
"""Is called now and then with what is being done, in words, and the share of it that is done, 0..1."""


def no_progress(doing: str, share: float) -> None:
    """Say nothing."""


class Train(Protocol):
    """Trains a classifier of pieces; :class:`handwriting.features.piece_training.PieceTraining` does."""

    def __call__(
        self,
        pictures: NDArray[np.uint8],
        labels: NDArray[np.int64],
        weights: NDArray[np.float64],
        classes: int,
        seed: int,
        progress: Callable[[float], object] = ...,
    ) -> Scores:
        """Return the trained classifier; ``progress`` is called now and then with the share that is done, 0..1."""


@dataclass(eq=False)
class Learning:
    """The words of a hand with their text, and what was learned from them.

    Attributes:
        pieces: The pieces of each word.
        texts: The text of each word, without spaces, at least one character.
        seed: The seed of the classifiers and of the choice of junk.
        progress: Hears how far each step has come.
        characters: The characters of all texts, sorted.
        aligned: The cuts of each word; None where its text is longer than it has pieces.
        shapes: The shapes of the hand's characters.
        ink_cost: What a cut costs for each x-height of full ink that it crosses, in nats.
        classifier: The last classifier that was trained; None before.
        scores: The cost of each piece of each word as each character by the last classifiers, ``(n, c)``; empty before.
    """

    pieces: Sequence[Pieces]
    texts: Sequence[str]
    seed: int = 0
    progress: Progress = no_progress
    characters: tuple[str, ...] = ()
    aligned: list[Aligned | None] = field(default_factory=list)
    shapes: Shapes = field(default_factory=lambda: Shapes({}, {}))
    ink_cost: float = MAX_INK_COST
    classifier: Scores | None = None
    scores: list[NDArray[np.float64]] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Align the words by shapes alone."""
        self.characters = tuple(sorted(set("".join(self.texts))))
        self._column = {character: column for column, character in enumerate(self.characters)}
        self._measured = [measured(pieces) for pieces in self.pieces]
        at_first = Shapes({}, {})
        ratios = [pieces.span / at_first.width(text) for pieces, text in zip(self.pieces, self.texts, strict=True)]
        self.shapes = Shapes({}, {}, float(np.median(ratios)) if ratios else 1.0)
        for _ in range(SHAPE_ROUNDS):
            self._align(1.0)
        self._scored = [
            np.arange(len(pieces.first)) if word is None else np.flatnonzero(word.excess < PLAUSIBLE)
            for pieces, word in zip(self.pieces, self.aligned, strict=True)
        ]
        self._pictures = [pictures(p, chosen) for p, chosen in zip(self.pieces, self._scored, strict=True)]
        self._start: tuple[NDArray[np.uint8], NDArray[np.int64]] | None = None
        self._random = np.random.default_rng(self.seed)
        self._rounds = 0

    def start(self, train: Train, words: Sequence[Composed]) -> None:
        """Learn from composed words of another hand, and align the words of this hand by it.

        Args:
            train: Trains a classifier.
            words: The composed words, in the proportions of this hand.
        """
        self._start = self._composed_examples(words)
        images, labels = self._start
        scores = self.classifier = train(
            images,
            labels,
            np.ones(len(labels)),
            len(self.characters) + 1,
            self.seed,
            lambda share: self.progress("learning from composed words", share),
        )
        counts = np.bincount(labels, minlength=len(self.characters) + 1)[:-1]
        self.scores = [np.full((len(p.first), len(self.characters)), UNSEEN) for p in self.pieces]
        self._score(scores, counts, np.arange(len(self.pieces)))
        self._align(1.0)
        self._drop_implausible()

    @property
    def start_weight(self) -> float:
        """The weight of all examples of another hand next to those of this hand."""
        pairs = {pair for text in self.texts for pair in pairwise(text)}
        return float(np.clip(FEW_PAIRS / max(len(pairs), 1), MIN_START_WEIGHT, 1.0))

    def _composed_examples(self, words: Sequence[Composed]) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
        """Return pictures of the characters of composed words and of junk, and their classes."""
        images, labels = [], []
        pitch = float(
            np.median([pieces.span / len(text) for pieces, text in zip(self.pieces, self.texts, strict=True)])
        )
        for word, pieces in zip(words, find_pieces([word.strip for word in words], pitch), strict=True):
            overlap = pieces.overlap(word.ends)
            best = overlap.argmax(axis=0)
            seen = overlap.max(axis=0) > 0.7
            junk = self._random.permutation(np.flatnonzero(overlap.max(axis=1) < JUNK_OVERLAP))
            junk = junk[: round(JUNK_PER_CHARACTER * len(word.text))]
            images.append(pictures(pieces, np.concatenate([best[seen], junk])))
            own = np.array([self._column[character] for character in word.text], np.int64)[seen]
            labels.append(np.concatenate([own, np.full(len(junk), len(self.characters))]))
        return np.concatenate(images), np.concatenate(labels)

    def round(self, train: Train) -> float:
        """Train on each half of the words, score the other half, and align all words again.

        Returns:
            The share of characters whose cuts moved, 0..1.
        """
        before = self.cuts()
        half = np.arange(len(self.pieces)) % 2
        self.scores = [np.full((len(p.first), len(self.characters)), UNSEEN) for p in self.pieces]
        for part in (0, 1):
            learnt, counts = self._train(train, np.flatnonzero(half == part), 2 * self._rounds + part)
            rest = np.flatnonzero(half != part)
            if learnt is not None:
                self._score(learnt, counts, rest)
        self._rounds += 1
        self._align(SHAPE_WEIGHT)
        moved = [
            np.abs(now - was).max(axis=1) > MOVED * pieces.strip.x_height
            for pieces, was, now in zip(self.pieces, before, self.cuts(), strict=True)
            if was.shape == now.shape
        ]
        return float(np.concatenate(moved).mean()) if moved else 0.0

    def go_on(self, train: Train, report: Callable[[str], None], rounds: int) -> None:
        """Learn in rounds until the cuts rest.

        Args:
            train: Trains a classifier.
            report: Called with a line after each round.
            rounds: Number of rounds at most, those before included.
        """
        while self._rounds < rounds:
            moved = self.round(train)
            report(f"round {self._rounds} of at most {MAX_ROUNDS}: {moved:.1%} of the characters moved")
            if moved < AT_REST:
                break

    def cuts(self) -> list[NDArray[np.int64]]:
        """Return the columns of the cuts before and after each character of each word, int64 ``(n, 2)``."""
        return [
            np.zeros((0, 2), np.int64) if word is None else _ends(pieces, word)
            for pieces, word in zip(self.pieces, self.aligned, strict=True)
        ]

    def _drop_implausible(self) -> None:
        """Drop the pieces that no cuts of nearly the least cost use: they take most of the time of a round."""
        for index, word in enumerate(self.aligned):
            if word is not None:
                kept = word.excess[self._scored[index]] < PLAUSIBLE
                self._scored[index], self._pictures[index] = self._scored[index][kept], self._pictures[index][kept]

    def _align(self, shape_weight: float) -> None:
        costs = [shape_weight * self.shapes.cost(shape, self.characters) for shape in self._measured]
        if self.scores:
            costs = [cost + score for cost, score in zip(costs, self.scores, strict=True)]
        self.aligned = []
        for pieces, text, cost in zip(self.pieces, self.texts, costs, strict=True):
            self.aligned.append(align(pieces, text, self._column, cost, self.ink_cost))
            self.progress("cutting the words", len(self.aligned) / len(self.texts))
        words = [index for index, word in enumerate(self.aligned) if word is not None]
        if words:
            found = [word for word in self.aligned if word is not None]
            self.shapes = learned(
                [character for word in found for character in word.text],
                np.concatenate([self._measured[index][word.piece] for index, word in zip(words, found, strict=True)]),
                np.concatenate([word.cut for word in found]),
                self.shapes.scale,
            )
            self.ink_cost = ink_cost_of([(self.pieces[index], word) for index, word in zip(words, found, strict=True)])

    def _train(self, train: Train, words: NDArray[np.int64], order: int) -> tuple[Scores | None, NDArray[np.int64]]:
        """Train a classifier on some words; return it, and the number of examples of each character."""
        share = SHARES[self._rounds] if self._rounds < len(SHARES) else 1.0
        cost = np.array([np.inf if (word := self.aligned[i]) is None else word.cost.mean() for i in words])
        chosen = words[np.argsort(cost, kind="stable")[: round(share * np.isfinite(cost).sum())]]
        images, labels, weights = [], [], []
        for index in chosen:
            examples, classes, weight = self._examples(int(index))
            images.append(examples)
            labels.append(classes)
            weights.append(weight)
        if self._start is not None:
            # Few of more weight do as well as many of less, in less time.
            share = max(self.start_weight, START_SHARE)
            some = self._random.permutation(len(self._start[1]))[: round(share * sum(map(len, labels)))]
            images.append(self._start[0][some])
            labels.append(self._start[1][some])
            weights.append(np.full(len(some), self.start_weight / share))
        counts = np.bincount(np.concatenate(labels), minlength=len(self.characters) + 1) if labels else np.zeros(1, int)
        if counts.sum() < 2:
            return None, counts
        learnt = self.classifier = train(
            np.concatenate(images),
            np.concatenate(labels),
            np.concatenate(weights),
            len(self.characters) + 1,
            self.seed + order,
            lambda share: self.progress(f"round {self._rounds + 1}, half {order % 2 + 1} of 2", share),
        )
        return learnt, counts[:-1]

    def _examples(self, index: int) -> tuple[NDArray[np.uint8], NDArray[np.int64], NDArray[np.float64]]:
        """Return pictures of a word's characters and of junk, their classes, and their weights."""
        pieces, word, scored = self.pieces[index], self.aligned[index], self._scored[index]
        assert word is not None
        place = np.searchsorted(scored, word.piece)
        seen = (place < len(scored)) & (scored[np.minimum(place, len(scored) - 1)] == word.piece)
        junk = np.flatnonzero(pieces.overlap(_ends(pieces, word))[scored].max(axis=1) < JUNK_OVERLAP)
        junk = self._random.permutation(junk)[: round(JUNK_PER_CHARACTER * len(word.text))]
        labels = np.array([self._column[character] for character in word.text], np.int64)[seen]
        return (
            self._pictures[index][np.concatenate([place[seen], junk])],
            np.concatenate([labels, np.full(len(junk), len(self.characters))]),
            np.concatenate([word.cut[seen], np.ones(len(junk))]),
        )

    def _score(self, scores: Scores, counts: NDArray[np.int64], words: NDArray[np.int64]) -> None:
        if not len(words):
            return
        cost = costs_of(scores(np.concatenate([self._pictures[index] for index in words])), counts)
        start = 0
        for index in words:
            stop = start + len(self._scored[index])
            self.scores[index][self._scored[index]] = cost[start:stop]
            start = stop


def costs_of(log_probability: NDArray[np.float32], counts: NDArray[np.int64]) -> NDArray[np.float32]:
    """Return the cost of each piece as each character, in nats, float32 ``(n, c)``.

    A class of few examples is recognised by nobody: it is anything that is no junk, the more so the fewer there are.

    Args:
        log_probability: The log probability of each class, junk last, float32 ``(n, c + 1)``.
        counts: The number of examples of each character, ``(c,)``.
    """
    probability = np.exp(log_probability)
    doubt = (RARE / (RARE + counts)).astype(np.float32)
    anything = np.float32(RARE_SHARE) * (1 - probability[:, -1:])
    return np.asarray(-np.log(np.maximum((1 - doubt) * probability[:, :-1] + doubt * anything, FLOOR)), np.float32)


def learn(
    strips: Sequence[Strip],
    texts: Sequence[str],
    glyphs: Mapping[str, Sequence[NDArray[np.uint8]]],
    train: Train,
    seed: int = 0,
    report: Callable[[str], None] = lambda _: None,
    rounds: int = MAX_ROUNDS,
    progress: Progress = no_progress,
) -> Learning:
    """Cut the words of a hand by their texts, and learn its characters, until the cuts rest.

    Args:
        strips: The words of all pages of the hand; at least one.
        texts: What each says, without spaces; at least one character.
        glyphs: Glyphs of another hand by character, to begin with, bright ink on dark, uint8 ``(h, w)``; may be empty.
        train: Trains a classifier of pieces.
        seed: The seed of classifiers and composed words.
        report: Called with a line after each round.
        rounds: Number of rounds at most.
        progress: Hears how far each step has come.
    """
    learning = Learning(find_pieces(strips, character_pitch(strips, texts)), texts, seed, progress)
    if glyphs:
        composed = compose(glyphs, _texts(learning, seed), learning.shapes, strips[0].x_height, seed)
        if composed:
            report(
                f"learning to begin with from {len(composed)} words composed of other letters, drawn ones or those of "
                "data=: none of them enters the hand"
            )
            learning.start(train, composed)
            report("learning from the words of the pages themselves")
    learning.go_on(train, report, rounds)
    return learning


def _texts(learning: Learning, seed: int) -> list[str]:
    """Return random texts of the characters of a hand: half as frequent as there, half all alike."""
    random = np.random.default_rng(seed)
    everything, each = list("".join(learning.texts)), list(learning.characters)
    lengths = random.integers(*COMPOSED_LENGTHS, COMPOSED_WORDS)
    return ["".join(random.choice(everything if order % 2 else each, length)) for order, length in enumerate(lengths)]


def _ends(pieces: Pieces, word: Aligned) -> NDArray[np.int64]:
    """Return the columns of the cuts before and after each character, int64 ``(n, 2)``."""
    return np.stack([pieces.column[pieces.first[word.piece]], pieces.column[pieces.last[word.piece]]], axis=1)
