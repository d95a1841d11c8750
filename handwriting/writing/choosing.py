"""Choosing drawings for a word: the cheapest path through all drawings of its letters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from handwriting.writing.bank import EDGE, Bank
from handwriting.writing.joins import SAMPLES, STEP

SHIFTS = np.arange(-4, 5)
"""Steps by which one joining stroke may slide along the other."""
CORE = 4
"""Samples to each side of the cut over which two joining strokes are compared."""


RUINED = 0.7
"""Badness from which a drawing may be no drawing of its letter."""
RECENT, EARLIER = 65, 300
"""Characters after which a drawing may come again, at a lower and at no cost: between, the cost falls, so that of
several that are nearly as good, the one not seen for longest comes next."""
LOOK, STEP_ON = 16, 8
"""Letters of a word that are chosen together, and how many of them are kept before the choice goes on."""
TRIES = 40
"""How often a choice is made anew in which a drawing comes twice."""
TWICE = 20.0
"""What a drawing costs that comes twice in such a choice, or again within ``LOOK`` letters of its word."""
GOING_ON = 0.97
"""Probability that the pen of the next word is that of the next word on the page."""


@dataclass(frozen=True)
class ChoiceCosts:
    """What a choice costs; lengths are in x-heights.

    Attributes:
        join: Two drawings that did not stand next to each other.
        height: Difference of heights of the strokes at a join that costs 1/2.
        shape: Distance of the two strokes when laid over each other that costs 1/2.
        slide: How far one stroke slides along the other that costs 1/2.
        distance: Difference of the letters' distance from the hand's usual one that costs 1/2.
        overlap: Length over which two strokes run together that costs nothing.
        level: Difference of the logarithms of ink that costs 1/2.
        width: The same of stroke widths.
        size: The same of the sizes of small letters.
        letter_level: The same of the ink of two letters next to each other.
        letter_width: The same of their strokes' widths.
        sharpness: The same of their edges' steepness.
        drift_level: Difference of the logarithm of a drawing's ink from that which the word is to have that costs
            1/2: closer than ``level``, since the ink of a line is seen to come and go.
        drift: The strokes' width and the size of a drawing that differ from those that the word is to have, as a share
            of what two drawings next to each other would cost.
        mismatch: A drawing that was joined next to one that was not, or a join that the hand would not make.
        neighbour: Another neighbour than on the page.
        edge: A letter from within a word at its edge, or the other way around.
        torn: A drawing torn from a neighbour that it touches twice.
        badness: A drawing as bad as can be.
        ruined: The same in addition, from a badness of ``RUINED`` on: half of a letter, a blot, a wrong label.
        recent: A drawing used in the last ``RECENT`` characters.
        earlier: The same in addition; from there it falls to 0 at ``EARLIER``.
        noise: Spread of the noise.
    """

    join: float = 1.2
    height: float = 0.08
    shape: float = 0.04
    slide: float = 0.15
    distance: float = 0.25
    overlap: float = 0.3
    level: float = 0.25
    width: float = 0.25
    size: float = 0.2
    letter_level: float = 0.1
    letter_width: float = 0.2
    sharpness: float = 0.2
    drift_level: float = 0.09
    drift: float = 1.0
    mismatch: float = 6.0
    neighbour: float = 0.7
    edge: float = 5.0
    torn: float = 1.0
    badness: float = 4.0
    ruined: float = 5.0
    recent: float = 6.0
    earlier: float = 4.0
    noise: float = 0.25


@dataclass(frozen=True, eq=False)
class PairCosts:
    """What each drawing of one letter next to each of another costs, ``(n, m)``, and by how many steps they slide."""

    cost: NDArray[np.float64]
    slide: NDArray[np.int64]


class Chooser:
    """Chooses drawings.

    Args:
        bank: The drawings.
        costs: What choices cost.

    Attributes:
        pen: What the pen of the last word was to be: logarithms of its ink, the width of its strokes and its size.
    """

    def __init__(self, bank: Bank, costs: ChoiceCosts | None = None) -> None:
        self.bank = bank
        self.costs = costs or ChoiceCosts()
        self._pairs: dict[tuple[str, str], PairCosts] = {}
        self._last_use = np.full(len(bank.drawings), -(10**9))
        self._entry, self._entry_on = _paths([drawing.entry for drawing in bank.drawings])
        self._exit, self._exit_on = _paths([drawing.exit for drawing in bank.drawings])
        self._entry_pen = _pen([drawing.entry for drawing in bank.drawings])
        self._exit_pen = _pen([drawing.exit for drawing in bank.drawings])
        self._entry_ends = _ends([drawing.entry for drawing in bank.drawings])
        self._exit_ends = _ends([drawing.exit for drawing in bank.drawings])
        # How far the middle of each letter lies from its cuts.
        middles = np.array([bank.sides[drawing.word][drawing.letter].middle for drawing in bank.drawings])
        self._to_exit = _cuts([drawing.exit for drawing in bank.drawings]) - middles
        self._from_entry = middles - _cuts([drawing.entry for drawing in bank.drawings])
        unknown = "?" * 2  # no label
        self._before = np.array([unknown if one.before is None else _beside(one.before) for one in bank.drawings])
        self._after = np.array([unknown if one.after is None else _beside(one.after) for one in bank.drawings])
        self._torn_before = np.array([drawing.torn_before for drawing in bank.drawings])
        self._torn_after = np.array([drawing.torn_after for drawing in bank.drawings])
        self._pens = np.log(np.stack([bank.levels, bank.widths, bank.sizes], 1))
        self._word_pen = self._pens[bank.word_of]
        self._model = -1
        self.pen = np.zeros(3)

    def extended(self, bank: Bank) -> Chooser:
        """Return a chooser for an extended bank that remembers what this one has used."""
        chooser = Chooser(bank, self.costs)
        chooser._last_use[: len(self._last_use)] = self._last_use
        kept = {label for label, own in self.bank.by_label.items() if len(own) == len(bank.by_label[label])}
        chooser._pairs = {pair: costs for pair, costs in self._pairs.items() if kept.issuperset(pair)}
        return chooser

    def choose(
        self, text: Sequence[str], position: int, rng: np.random.Generator, barred: NDArray[np.bool_] | None = None
    ) -> list[int]:
        """Return a drawing for each letter of a word.

        Args:
            text: The characters of the word; the bank has all of them.
            position: The number of characters written before it.
            rng: Draws what is random.
            barred: Drawings that may not be used.
        """
        pen = self._next_pen(rng)
        options = [self._options(label, barred) for label in text]
        joined = [bool(rng.random() < self.bank.join_rates.of_pair(first, second)) for first, second in pairwise(text)]
        chosen: list[int] = []
        while (start := len(chosen)) < len(text):
            end = min(len(text), start + LOOK)
            unary = [self._unary(text, place, options[place], position, rng) for place in range(start, end)]
            for place, numbers in enumerate(options[start:end]):
                unary[place] += self._drift_cost(self._word_pen[numbers] - pen)
                unary[place] += TWICE * np.isin(numbers, chosen[-LOOK:])
            numbers_of = options[start:end]
            if start:  # the part goes on from the letter before
                unary, numbers_of = [np.zeros(1), *unary], [np.array(chosen[-1:]), *numbers_of]
            first = max(0, start - 1)
            part = self._each_once(text[first:end], numbers_of, unary, joined[first : end - 1])[start - first :]
            for place, one in enumerate(part if end == len(text) else part[:STEP_ON], start):
                self._last_use[one] = position + place
                chosen.append(one)
        return chosen

    def _each_once(
        self,
        text: Sequence[str],
        options: Sequence[NDArray[np.int64]],
        unary: list[NDArray[np.float64]],
        joined: Sequence[bool],
    ) -> list[int]:
        """Return the best choice in which no drawing comes twice, as far as there are enough of them."""
        chosen: list[int] = []
        for _ in range(TRIES):
            path = self._best(text, options, unary, joined)
            chosen = [int(options[place][index]) for place, index in enumerate(path)]
            twice = {one for one in chosen if chosen.count(one) > 1}
            if not twice:
                break
            for one in twice:  # in its best place only
                places = [place for place, other in enumerate(chosen) if other == one]
                for place in places[1:]:
                    unary[place] = unary[place] + np.where(options[place] == one, TWICE, 0.0)
        return chosen

    def _next_pen(self, rng: np.random.Generator) -> NDArray[np.float64]:
        """Return the pen that the next word is to look like: ink, width of strokes and size.

        The pens of the page's words follow each other as they do there, from a word at random on, and from another one
        at the end of a page or, now and then, before: so they drift as the hand does.
        """
        words = self.bank.words
        following = self._model + 1
        goes_on = 0 < following < len(words) and words[following].key[0] == words[self._model].key[0]
        if goes_on and rng.random() < GOING_ON:
            self._model = following
        else:
            self._model = int(rng.integers(len(words)))
        self.pen = np.asarray(self._pens[self._model])
        return self.pen

    def _pen_cost(self, difference: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return what differences of pens cost, over the last axis: logarithms of ink, width and size."""
        spreads = np.array([self.costs.level, self.costs.width, self.costs.size])
        return np.asarray(((difference / spreads) ** 2).sum(-1) / 2)

    def _drift_cost(self, difference: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return what differences from the pen that a word is to have cost, over the last axis."""
        level = difference[..., 0] / self.costs.drift_level
        others = difference * [0, 1, 1]
        return np.asarray(level**2 / 2 + self.costs.drift * self._pen_cost(others))

    def _options(self, label: str, barred: NDArray[np.bool_] | None) -> NDArray[np.int64]:
        options = self.bank.by_label[label]
        if barred is not None and not barred[options].all():
            options = options[~barred[options]]
        return options

    def _unary(
        self, text: Sequence[str], place: int, options: NDArray[np.int64], position: int, rng: np.random.Generator
    ) -> NDArray[np.float64]:
        costs, bank = self.costs, self.bank
        before = _beside(text[place - 1]) if place else EDGE
        after = _beside(text[place + 1]) if place + 1 < len(text) else EDGE
        bad = bank.badness[options]
        cost = costs.badness * bad + costs.ruined * np.clip((bad - RUINED) / (1 - RUINED), 0, 1)
        cost = cost + costs.noise * rng.standard_normal(len(options))
        for wanted, found in ((before, self._before[options]), (after, self._after[options])):
            at_edge = (found == EDGE) | (wanted == EDGE)
            cost += np.where(found == wanted, 0.0, np.where(at_edge, costs.edge, costs.neighbour))
        ago = position + place - self._last_use[options]
        fading = np.clip((EARLIER - ago) / (EARLIER - RECENT), 0, 1)
        return cost + costs.recent * (ago <= RECENT) + costs.earlier * fading

    def _best(
        self,
        text: Sequence[str],
        options: Sequence[NDArray[np.int64]],
        unary: Sequence[NDArray[np.float64]],
        joined: Sequence[bool],
    ) -> list[int]:
        total = unary[0]
        back: list[NDArray[np.int64]] = []
        for place in range(1, len(text)):
            first, second = options[place - 1], options[place]
            pair = self.pair(text[place - 1], text[place])
            rows = np.searchsorted(self.bank.by_label[text[place - 1]], first)
            columns = np.searchsorted(self.bank.by_label[text[place]], second)
            cost = pair.cost[np.ix_(rows, columns)] + self._join_wanted(first, second, joined[place - 1])
            cost += TWICE * (first[:, None] == second[None])
            through = total[:, None] + cost
            back.append(through.argmin(0))
            total = through.min(0) + unary[place]
        path = [int(total.argmin())]
        for step in reversed(back):
            path.append(int(step[path[-1]]))
        return path[::-1]

    def _join_wanted(self, first: NDArray[np.int64], second: NDArray[np.int64], joined: bool) -> NDArray[np.float64]:
        exits, entries = self._exit_on[first], self._entry_on[second]
        off = (exits != joined)[:, None] * 0.5 + (entries != joined)[None] * 0.5
        return off * self.costs.mismatch * 0.5

    def pair(self, first: str, second: str) -> PairCosts:
        """Return what two letters next to each other cost."""
        key = (first, second)
        if key not in self._pairs:
            self._pairs[key] = self._pair(self.bank.by_label[first], self.bank.by_label[second])
        return self._pairs[key]

    def _pair(self, first: NDArray[np.int64], second: NDArray[np.int64]) -> PairCosts:
        costs, bank = self.costs, self.bank
        both = self._exit_on[first][:, None] & self._entry_on[second][None]
        cost = np.full(both.shape, costs.join)
        slide = np.zeros(both.shape, np.int64)
        cost += costs.mismatch * (self._exit_on[first][:, None] != self._entry_on[second][None])
        fit = np.full(both.shape, np.inf)
        window = SAMPLES + np.arange(-CORE, CORE + 1)
        exits = self._exit[first][:, window]
        usual = bank.spacing.joined.distance(bank.drawings[first[0]].label, bank.drawings[second[0]].label)
        off = self._to_exit[first][:, None] + self._from_entry[second][None] - usual
        for shift in SHIFTS:
            entries = self._entry[second][:, np.clip(window + shift, 0, 2 * SAMPLES)]
            apart, spread = _laid_over(exits, entries)
            reach = self._overlap(first, second, int(shift))
            value = (
                (apart[..., 1] / costs.height) ** 2 / 2
                + ((off + apart[..., 0]) / costs.distance) ** 2 / 2
                + spread / costs.shape**2 / 2
                + (shift * STEP / costs.slide) ** 2 / 2
                + np.maximum(0, costs.overlap - reach) / 0.1 * 0.4
            )
            better = value < fit
            fit = np.where(better, value, fit)
            slide = np.where(better, shift, slide)
        pen = self._exit_pen[first][:, None] - self._entry_pen[second][None]
        fit += (pen[..., 0] / costs.width) ** 2 / 2 + (pen[..., 1] / costs.level) ** 2 / 2
        cost += np.where(both, fit, 0)
        style = self._word_pen[first][:, None] - self._word_pen[second][None]
        cost += self._pen_cost(style)
        spreads = costs.letter_level, costs.letter_width, costs.sharpness
        pens = (bank.pens[first][:, None] - bank.pens[second][None]) / spreads
        cost += (pens**2).sum(-1) / 2
        cost += costs.torn * (self._torn_after[first][:, None] * 1.0 + self._torn_before[second][None])
        follows = (bank.word_of[first][:, None] == bank.word_of[second][None]) & (
            bank.letter_of[first][:, None] + 1 == bank.letter_of[second][None]
        )
        return PairCosts(np.where(follows, 0, cost), np.where(follows, 0, slide))

    def _overlap(self, first: NDArray[np.int64], second: NDArray[np.int64], shift: int) -> NDArray[np.float64]:
        left_a, right_a = (ends[first][:, None] for ends in self._exit_ends)
        left_b, right_b = (ends[second][None] for ends in self._entry_ends)
        return (np.minimum(right_a, right_b - shift) - np.maximum(left_a, left_b - shift)) * STEP


def _beside(label: str) -> str:
    """Return the neighbour that a letter sees: words end at punctuation as they do at a space."""
    return label if label[:1].isalnum() else EDGE


def _laid_over(
    exits: NDArray[np.float64], entries: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return by how much each exit lies off each entry, and their mean squared distance when laid over each other.

    Args:
        exits: Points of strokes, ``(n, k, 2)``.
        entries: Points of other strokes, ``(m, k, 2)``.

    Returns:
        How far to the right and above, ``(n, m, 2)``, and the distance, ``(n, m)``.
    """
    of_exits, of_entries = exits.mean(1), entries.mean(1)
    exits, entries = exits - of_exits[:, None], entries - of_entries[:, None]
    count = exits.shape[1]
    product = exits.reshape(len(exits), -1) @ entries.reshape(len(entries), -1).T
    squares = (exits**2).sum((1, 2))[:, None] + (entries**2).sum((1, 2))[None]
    return of_exits[:, None] - of_entries[None], np.maximum(squares - 2 * product, 0) / count


def _paths(strokes: Sequence) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return the points of strokes, ``u`` counted from the cut, ``(n, 2 * SAMPLES + 1, 2)``, and which exist."""
    points = np.zeros((len(strokes), 2 * SAMPLES + 1, 2))
    for number, stroke in enumerate(strokes):
        if stroke is not None:
            points[number] = stroke.points - [stroke.points[SAMPLES, 0], 0]
    return points, np.array([stroke is not None for stroke in strokes])


def _cuts(strokes: Sequence) -> NDArray[np.float64]:
    """Return where strokes are cut along their words; 0 for none."""
    return np.array([0.0 if stroke is None else stroke.points[SAMPLES, 0] for stroke in strokes])


def _pen(strokes: Sequence) -> NDArray[np.float64]:
    return np.log([(max(s.width, 0.02), max(s.level, 0.05)) if s is not None else (1.0, 1.0) for s in strokes])


def _ends(strokes: Sequence) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the first and last traced sample of strokes, counted from the cut."""
    ends = [
        (np.flatnonzero(stroke.traced)[[0, -1]] - SAMPLES) if stroke is not None else np.zeros(2, int)
        for stroke in strokes
    ]
    left, right = np.array(ends).T
    return left, right
