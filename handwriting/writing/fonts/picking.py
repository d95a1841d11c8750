"""Which drawings of a hand a font shows: typical and well drawn ones that differ from each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from handwriting.writing.bank import EDGE, Bank
from handwriting.writing.choosing import Chooser
from handwriting.writing.fonts.join_classes import JoinClass
from handwriting.writing.oddness import coarse_picture
from handwriting.writing.source import INKED

BADNESS = 4.0
"""What a drawing costs that is as bad as can be."""
WORD_SPREADS = (0.25, 0.15)
"""How far the strokes and the size of its word may lie off the usual: logarithms that cost 1/2."""
PEN_SPREADS = (0.25, 0.2)
"""How far its own ink and the width of its own strokes may lie off the usual: logarithms that cost 1/2."""
UNTYPICAL = 30.0
"""What a drawing costs for its distance from the mean picture of its letter, one minus their correlation."""
EXTENT_SPREAD = 0.2
"""How far its width and height may lie off the usual: logarithms that cost 1/2. Half of a letter is too narrow."""
IN_PARTS = 1.5
"""What each piece of ink costs that usual drawings of the letter do not have: a stroke that is broken."""
MAX_CANDIDATES = 40
"""Drawings of a letter that are looked at closely."""
MIN_EXTENT = 0.1
"""Least width and height that are told apart, in x-heights."""
MIN_PIECE = 5
"""Pixels of the smallest piece of ink."""
FIRST_IN_WORD = 1.0
"""What a drawing costs, where nothing stands before it, that was joined to a letter there."""
CUT_OFF = 3.0
"""The same of a drawing that touches its neighbour where its own strokes are cut off without a join."""
ALIKE = 1.5
"""What a drawing costs that is the same as one that was picked; the cost falls with their distance."""
NOT_ALIKE = 0.15
"""Distance of the coarse pictures of two drawings, one minus their correlation, from which they are not alike."""
USED = 1.0
"""What a drawing costs that another variant shows already."""
UNJOINED_SHARE = 0.35
"""Share of a letter's right-hand neighbours to which a joined hand does not join it, from which some of its drawings
end without a join."""


@dataclass(frozen=True)
class Picked:
    """A drawing, or several that stand next to each other in a piece, in one of their places.

    Attributes:
        drawings: Their numbers in the bank.
        entry: The class at which they are entered; 0 for none.
        exit: The class at which they are left; 0 for none.
    """

    drawings: tuple[int, ...]
    entry: int
    exit: int


class Picker:
    """Picks drawings.

    Args:
        bank: The hand's drawings, with all that was made for the font and the strokes of the classes.
        chooser: What knows how strokes fit.
        classes: The heights at which letters join.
    """

    def __init__(self, bank: Bank, chooser: Chooser, classes: Sequence[JoinClass]) -> None:
        self.bank = bank
        self.chooser = chooser
        self.classes = classes
        logs = np.log(np.stack([bank.widths, bank.sizes], 1))
        of_words = (logs - np.median(logs, axis=0)) / WORD_SPREADS
        of_letters = (bank.pens - np.median(bank.pens, axis=0))[:, : len(PEN_SPREADS)] / PEN_SPREADS
        self._style = (of_words[bank.word_of] ** 2).sum(1) / 2 + (of_letters**2).sum(1) / 2
        self._pictures: dict[int, NDArray[np.float64]] = {}

    def letters(self, label: str, count: int) -> list[list[Picked]]:
        """Return up to ``count`` drawings of a letter, the most typical first, each with its entry variants."""
        numbers = self.bank.by_label[label]
        return self._picked([(int(number),) for number in numbers], label, label, count)

    def runs(self, runs: Sequence[tuple[int, ...]], count: int) -> list[list[Picked]]:
        """Return up to ``count`` of several drawings of a piece, as :meth:`letters` does."""
        labels = [self.bank.drawings[number].label for number in runs[0]]
        return self._picked(runs, labels[0], labels[-1], count)

    def _picked(self, runs: Sequence[tuple[int, ...]], first: str, last: str, count: int) -> list[list[Picked]]:
        bank = self.bank
        starts, ends = np.array([run[0] for run in runs]), np.array([run[-1] for run in runs])
        own = np.array([sum(BADNESS * bank.badness[one] for one in run) / len(run) for run in runs])
        own += np.array([sum(self._style[one] for one in run) / len(run) for run in runs])
        near = np.sort(np.argsort(own, kind="stable")[: MAX_CANDIDATES * (1 + len(self.classes))])
        runs, starts, ends, own = [runs[place] for place in near], starts[near], ends[near], own[near]
        own = own + self._untypical(starts)
        if last != first:
            own += self._untypical(ends)
        exits, leaving = self._leaving(ends, last)
        quota = self._unjoined(last, count, exits)
        by_entry: list[list[Picked]] = []
        used: set[int] = set()
        for entry in (0, *(one.number for one in self.classes)):
            cost = own + leaving + self._entering(starts, first, entry)
            if not np.isfinite(cost).any():
                continue
            chosen = self._varied(cost, starts, exits, count, quota, used)
            used.update(int(starts[place]) for place in chosen)
            by_entry.append([Picked(runs[place], entry, int(exits[place])) for place in chosen])
        if not by_entry:
            return []
        drawn = min(count, max(map(len, by_entry)))
        return [[variants[number] for variants in by_entry if number < len(variants)] for number in range(drawn)]

    def _untypical(self, numbers: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return what drawings of one letter cost for how they differ from the others."""
        pictures = np.stack([self._picture(int(number)) for number in numbers])
        middle = np.median(pictures, axis=0)
        distance = 1 - pictures @ (middle / max(float(np.linalg.norm(middle)), 1e-6))
        measures = np.array([self._pieces_and_extent(int(number)) for number in numbers])
        off = measures - np.median(measures, axis=0)
        extent = (off[:, 1:] / EXTENT_SPREAD) ** 2 / 2
        cost = UNTYPICAL * (distance - distance.min()) + IN_PARTS * np.maximum(off[:, 0], 0) + extent.sum(1)
        return np.asarray(cost, np.float64)

    def _pieces_and_extent(self, number: int) -> tuple[int, float, float]:
        """Return the number of pieces of a drawing's ink, and the logarithms of its width and its height."""
        drawing = self.bank.drawings[number]
        word = self.bank.words[drawing.word]
        part = word.parts[drawing.letter]
        inked = ((word.owner[part] == drawing.letter + 1) & (word.ink[part] >= INKED)).astype(np.uint8)
        stats = cv2.connectedComponentsWithStats(inked, connectivity=8)[2]
        pieces = int((stats[1:, cv2.CC_STAT_AREA] >= MIN_PIECE).sum())
        width, height = np.log(np.maximum(np.ptp(word.frame_of(drawing.letter), axis=0), MIN_EXTENT)).tolist()
        return pieces, width, height

    def _entering(self, starts: NDArray[np.int64], label: str, entry: int) -> NDArray[np.float64]:
        """Return what it costs to enter each drawing at a class; infinite where no stroke is there for that."""
        drawings = [self.bank.drawings[number] for number in starts]
        if not entry:
            after_join = np.array([one.entry is not None for one in drawings]) * FIRST_IN_WORD
            touching = np.array([one.entry is not None and one.torn_before for one in drawings]) * CUT_OFF
            within = np.array([one.before not in (None, EDGE) for one in drawings]) * (FIRST_IN_WORD / 2)
            return np.asarray(after_join + touching + within)
        place = np.searchsorted(self.bank.by_label[label], starts)
        cost = self.chooser.pair(self.classes[entry - 1].entering, label).cost[0, place]
        return np.where([one.entry is not None for one in drawings], cost, np.inf)

    def _leaving(self, ends: NDArray[np.int64], label: str) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Return the class at which each drawing is left best, 0 where it is not joined, and what that costs."""
        joined = np.array([self.bank.drawings[number].exit is not None for number in ends])
        torn = np.array([self.bank.drawings[number].torn_after for number in ends])
        if not self.classes or not joined.any():
            return np.zeros(len(ends), np.int64), np.where(joined | torn, CUT_OFF, 0.0)
        place = np.searchsorted(self.bank.by_label[label], ends)
        costs = np.stack([self.chooser.pair(label, one.leaving).cost[place, 0] for one in self.classes], 1)
        best = costs.argmin(1)
        return np.where(joined, best + 1, 0), np.where(joined, costs[np.arange(len(ends)), best], CUT_OFF * torn)

    def _unjoined(self, label: str, count: int, exits: NDArray[np.int64]) -> int | None:
        """Return how many of a letter's drawings end without a join; None where it does not matter."""
        if not self.classes or not (exits > 0).any():
            return None
        share = 1 - self.bank.join_rates.of_letter(label)
        return round(count * share) if share > UNJOINED_SHARE and (exits == 0).any() else 0

    def _varied(
        self,
        cost: NDArray[np.float64],
        starts: NDArray[np.int64],
        exits: NDArray[np.int64],
        count: int,
        quota: int | None,
        used: set[int],
    ) -> list[int]:
        """Return the places of drawings that cost little and are not alike, the best one first."""
        cost = cost + USED * np.array([int(number) in used for number in starts])
        left = {True: count - (quota or 0), False: quota or 0}
        chosen: list[int] = []
        order = np.argsort(cost, kind="stable")
        order = np.concatenate([order[exits[order] > 0][: 6 * count], order[exits[order] == 0][: 6 * count]])
        pictures = np.stack([self._picture(int(starts[place])) for place in order])
        alike = np.zeros(len(order))
        free = np.isfinite(cost[order])
        while len(chosen) < count and free.any():
            joined = exits[order] > 0
            allowed = free
            if quota is not None:
                wanted = free & np.where(joined, left[True] > 0, left[False] > 0)
                allowed = wanted if wanted.any() else free & joined if (free & joined).any() else free
            best = int(np.where(allowed, cost[order] + alike, np.inf).argmin())
            chosen.append(int(order[best]))
            left[bool(joined[best])] -= 1
            free[best] = False
            distance = 1 - pictures @ pictures[best]
            alike = np.maximum(alike, ALIKE * np.clip(1 - distance / NOT_ALIKE, 0, 1))
        return chosen

    def _picture(self, number: int) -> NDArray[np.float64]:
        if number not in self._pictures:
            drawing = self.bank.drawings[number]
            self._pictures[number] = coarse_picture(self.bank.words[drawing.word], drawing.letter)
        return self._pictures[number]
