"""The text to copy by hand: what a text shows of a hand, and sentences chosen so that little writing shows much.

One page holds 150 to 200 words in which every lower-case letter stands at least five times, every capital and digit at
least twice, and every mark and each of the 60 most frequent letter pairs of English at least once. The sentences are
chosen by greedy cover, then exchanged until every count is met.

>>> [text] = choose_texts(1)
>>> shortages(text), MIN_WORDS <= len(text.split()) <= MAX_WORDS
({}, True)
"""

from __future__ import annotations

import string
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from handwriting.labelling.plain_text import plain_marks

MIN_WORDS, MAX_WORDS = 150, 200
"""Words on one page."""
MARKS = ".,;:!?'\"-()&@+=/%"
FREQUENT_PAIRS = (
    *("th", "he", "in", "er", "an", "re", "on", "at", "en", "nd", "ti", "es", "or", "te", "of"),
    *("ed", "is", "it", "al", "ar", "st", "to", "nt", "ng", "se", "ha", "as", "ou", "io", "le"),
    *("ve", "co", "me", "de", "hi", "ri", "ro", "ic", "ne", "ea", "ra", "ce", "li", "ch", "ll"),
    *("be", "ma", "si", "om", "ur", "ca", "el", "ta", "la", "ns", "di", "fo", "ho", "pe", "ec"),
)
"""The 60 most frequent letter pairs within English words, the most frequent first.

Source: Peter Norvig, "English Letter Frequency Counts: Mayzner Revisited", 2012, from the books scanned by Google.
"""
GOALS: Mapping[str, int] = {
    **dict.fromkeys(string.ascii_lowercase, 5),
    **dict.fromkeys(string.ascii_uppercase, 2),
    **dict.fromkeys(string.digits, 2),
    **dict.fromkeys(MARKS, 1),
    **dict.fromkeys(FREQUENT_PAIRS, 1),
}
"""How often each character and letter pair stands on one page at least."""

MIN_CHOICES, MAX_CHOICES = 8, 30
"""Choices from different starts: the best of a few is taken, and of more where none of them meets every goal."""
START_SPREAD = 0.3
"""Standard deviation of the logarithm of the random factors that make the choices of two seeds differ."""
SHORTAGE_COST = 10.0
"""Cost of one missing occurrence, in words too many."""
REUSE_COST = 0.5
"""Cost of a sentence for each time that it stands on another page already, in words too many."""
LENGTH_COST = 0.01
"""Cost of a word that the page has room for: of two complete texts the shorter one is less work."""
_SENTENCES_FILE = "copy_sentences.txt"


class CoverageKind(NamedTuple):
    """One kind of things that a text shows.

    Attributes:
        name: What they are called in a table.
        keys: The characters or letter pairs.
        goal: How often each of them stands on one page at least.
    """

    name: str
    keys: tuple[str, ...]
    goal: int


COVERAGE_KINDS = tuple(
    CoverageKind(name, keys, GOALS[keys[0]])
    for name, keys in (
        ("letters", tuple(string.ascii_lowercase)),
        ("capitals", tuple(string.ascii_uppercase)),
        ("digits", tuple(string.digits)),
        ("marks", tuple(MARKS)),
        ("pairs", FREQUENT_PAIRS),
    )
)


def count_signs(text: str) -> Counter[str]:
    """Return how often each character of a text stands in it, and each pair of neighbouring lower-case letters.

    Typographic quotes and dashes count as the plain ones. White space does not count.

    >>> count_signs("See “See”")
    Counter({'e': 4, 'S': 2, '"': 2, 'ee': 2})
    """
    plain = plain_marks(text)
    counts = Counter(character for character in plain if not character.isspace())
    counts.update(first + second for first, second in pairwise(plain) if first.islower() and second.islower())
    return counts


def shortages(text: str) -> dict[str, int]:
    """Return how often each character and letter pair of ``GOALS`` is missing in a text; empty where none is.

    >>> shortages(" ".join(sentences()))
    {}
    """
    counts = count_signs(text)
    return {key: goal - counts[key] for key, goal in GOALS.items() if counts[key] < goal}


@cache
def sentences() -> tuple[str, ...]:
    """Return the project's own sentences: everyday English, with names, dates, prices and marks where they belong."""
    return tuple(Path(__file__).with_name(_SENTENCES_FILE).read_text("utf-8").splitlines())


def choose_texts(pages: int, seed: int = 0) -> tuple[str, ...]:
    """Return texts to copy, one a page, which share sentences only where they have to.

    Args:
        pages: How many.
        seed: Another seed chooses other sentences; the same seed gives the same texts.
    """
    used: Counter[str] = Counter()
    texts = []
    for page in range(pages):
        chosen = choose_sentences(sentences(), np.random.default_rng((seed, page)), used)
        used.update(chosen)
        texts.append(" ".join(chosen))
    return tuple(texts)


def choose_sentences(
    pool: Sequence[str], random: np.random.Generator, used: Mapping[str, int] | None = None
) -> tuple[str, ...]:
    """Return sentences that together meet ``GOALS`` within ``MIN_WORDS`` to ``MAX_WORDS`` words, in random order.

    Greedy cover takes the sentence that adds most of what is still missing for its length, rare signs first. Then
    sentences are added, removed and exchanged as long as that lowers the cost of the choice. Where the pool cannot meet
    every goal, the choice of lowest cost is returned.

    Args:
        pool: The sentences to choose from, each at most once.
        random: Decides between sentences of similar worth, and their order.
        used: How often each sentence stands on another page; such sentences are avoided.
    """
    choice = _Choice.of(pool, used or {})
    best = choice.improved(choice.greedy(random))
    for start in range(1, MAX_CHOICES):
        if start >= MIN_CHOICES and choice.is_complete(best):
            break
        best = min(best, choice.improved(choice.greedy(random)), key=choice.cost)
    return tuple(pool[i] for i in random.permutation(np.flatnonzero(best)))


class _Choice(NamedTuple):
    """The pool in numbers; a selection is a bool array ``(S,)`` over its ``S`` sentences.

    Attributes:
        counts: ``(S, G)``, how often each sentence holds each of the ``G`` keys of ``GOALS``.
        goals: ``(G,)``.
        words: ``(S,)``, words of each sentence.
        used: ``(S,)``, how often each sentence stands on other pages.
    """

    counts: NDArray[np.int64]
    goals: NDArray[np.int64]
    words: NDArray[np.int64]
    used: NDArray[np.int64]

    @classmethod
    def of(cls, pool: Sequence[str], used: Mapping[str, int]) -> _Choice:
        counted = [count_signs(sentence) for sentence in pool]
        return cls(
            np.array([[counts[key] for key in GOALS] for counts in counted]),
            np.array(list(GOALS.values())),
            np.array([len(sentence.split()) for sentence in pool]),
            np.array([used.get(sentence, 0) for sentence in pool]),
        )

    def costs(self, counts: NDArray[np.int64], words: NDArray[np.int64], used: NDArray[np.int64]) -> NDArray:
        """Return the cost of selections ``(...,)`` by their totals ``(..., G)``, ``(...,)`` and ``(...,)``."""
        missing = np.maximum(self.goals - counts, 0).sum(-1)
        outside = np.maximum(words - MAX_WORDS, 0) + np.maximum(MIN_WORDS - words, 0)
        return SHORTAGE_COST * missing + outside + REUSE_COST * used + LENGTH_COST * words

    def cost(self, selected: NDArray[np.bool_]) -> float:
        """Return the cost of one selection."""
        return float(self.costs(*self._totals(selected)))

    def is_complete(self, selected: NDArray[np.bool_]) -> bool:
        """Whether a selection meets every goal, has the length of a page, and repeats no other page's sentence."""
        counts, words, used = self._totals(selected)
        return bool((counts >= self.goals).all() and MIN_WORDS <= words <= MAX_WORDS and used == 0)

    def greedy(self, random: np.random.Generator) -> NDArray[np.bool_]:
        """Return a selection that meets every goal that the pool can meet, of any length."""
        rarity = 1 / np.maximum(self.counts.sum(0), 1)
        worth = np.exp(random.normal(0, START_SPREAD, len(self.words))) / (self.words * (1.0 + self.used))
        selected = np.zeros(len(self.words), bool)
        missing = self.goals.copy()
        while True:
            gains = (np.minimum(self.counts, missing) @ rarity) * worth * ~selected
            if not gains.max(initial=0) > 0:
                return selected
            selected[gains.argmax()] = True
            missing = np.maximum(self.goals - self._totals(selected)[0], 0)

    def improved(self, selected: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Return a selection of which no single addition, removal or exchange would lower the cost."""
        nothing = np.zeros_like(self.counts[:1])
        while True:
            inside, outside = np.flatnonzero(selected), np.flatnonzero(~selected)
            totals = self._totals(selected)
            # The last row and column stand for no sentence: additions and removals are exchanges with it.
            changed = [
                total - np.concatenate([values[inside], zero])[:, None] + np.concatenate([values[outside], zero])[None]
                for total, values, zero in zip(
                    totals, (self.counts, self.words, self.used), (nothing, nothing[:, 0], nothing[:, 0]), strict=True
                )
            ]
            costs = self.costs(*changed)
            out, into = np.unravel_index(costs.argmin(), costs.shape)
            if costs[out, into] >= costs[-1, -1] - 1e-9:
                return selected
            selected = selected.copy()
            selected[inside[out : out + 1]] = False
            selected[outside[into : into + 1]] = True

    def _totals(self, selected: NDArray[np.bool_]) -> tuple[NDArray, NDArray, NDArray]:
        return self.counts[selected].sum(0), self.words[selected].sum(), self.used[selected].sum()
