"""Characters: the ink of a word parted between its letters, touching or not.

Along every line, each column has a cheapest way from above the line to below it: a seam, which costs what ink it
crosses. Between letters that stand apart it costs nothing, at a joint as much as a stroke is wide. Of all ways to cut a
word along seams the cheapest is taken, where a character costs more the less its width is that of a letter, and the
less it looks like one to whoever is asked.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from handwriting.segmentation.lines import Lines
from handwriting.segmentation.marks import Marks
from handwriting.segmentation.page import Score
from handwriting.segmentation.pixels import spans
from handwriting.segmentation.words import Extents, is_small

REACH = 2.4
"""X-heights above and below a line's middle over which seams run."""
SIDEWAYS = 0.12
"""What a step to the side costs a seam, in pixels of ink."""
STEP, STEP_TO_LOOK = 0.12, 0.24
"""X-heights between places where a word may be cut, besides the cheapest ones; and where each piece is looked at."""
NARROWEST, WIDEST = 0.1, 2.6
"""X-heights: no character is narrower or wider, unless nothing can be cut."""
GAP = 0.25
"""Strokes: a seam that costs less goes through a gap."""
DOT = 0.5
"""X-heights: what is taller and stands beside a letter is an apostrophe, not the letter's dot."""
BESIDE = 0.4
"""X-heights by which a dot may miss its letter."""
OVER = 0.5
"""A mark that lies over a character by this share of its width is a part of it."""
JOINED = 1.7
"""What is wider than so many steps from one character to the next is more than one character."""
LETTERS = 4
"""Half of the words of running text have at most so many letters."""
USUAL_PITCH, USUAL_WORDS = 1.0, 6
"""From one character to the next, in x-heights; as if a page had so many more words of such a hand."""
PITCHES = (0.7, 1.7)
"""No hand is narrower or wider."""


@dataclass(frozen=True)
class Costs:
    """What the ways to part a word cost, fitted to drawn pages; the width, to words of real letters, too.

    Attributes:
        cut: Of a cut, for each stroke that it goes through.
        most: Strokes: more cost no more.
        joint: Of any cut through ink, on a page where letters stand apart; where all touch it costs nothing.
        gap: Of leaving a gap uncut.
        character: Of each character, whatever it is.
        width: The most usual width of a character, as a share of the mean distance from one to the next.
        spread: How far the logarithm of a width strays from it.
        look: Of each unit by which a character looks unlike one.
    """

    cut: float = 0.5
    most: float = 2.5
    joint: float = 5.0
    gap: float = 40.0
    character: float = 1.3
    width: float = 0.9
    spread: float = 0.28
    look: float = 1.0


class Pixels(NamedTuple):
    """Pixels of ink in a line's own frame, upright and level; all ``(n,)``.

    Attributes:
        piece: The number of the piece that each belongs to, from 0.
        column: Its column once the hand's slant is taken out, from 1: a seam may run before it.
        level: Its row, where the middle of the x-height has the row ``REACH`` x-heights.
        small: Whether its piece is a dot, a comma or the like.
    """

    piece: NDArray[np.int64]
    column: NDArray[np.int64]
    level: NDArray[np.int64]
    small: NDArray[np.bool_]

    def only(self, chosen: NDArray[np.bool_] | NDArray[np.int64]) -> Pixels:
        """Return some of the pixels."""
        return Pixels(self.piece[chosen], self.column[chosen], self.level[chosen], self.small[chosen])


def find_characters(
    marks: Marks,
    piece: NDArray[np.int64],
    line_of: NDArray[np.int64],
    word_of: NDArray[np.int64],
    lines: Lines,
    reach: Extents,
    slant: float,
    x_height: float,
    stroke: float,
    score: Score | None = None,
    costs: Costs | None = None,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Part words into characters.

    Args:
        marks: Of a page.
        piece: The piece that each of their pixels belongs to, from 0, int64 ``(p,)``.
        line_of: The line of each piece, int64 ``(n,)``.
        word_of: The word of each piece, -1 for a stray.
        lines: The lines.
        reach: Of each piece.
        slant: Of the hand, in degrees to the right.
        x_height: In pixels.
        stroke: How wide strokes are, in pixels.
        score: What says how little a piece of ink looks like one character; nothing does by default.
        costs: What the ways to part a word cost.

    Returns:
        The number of the character that each pixel belongs to, from 1 in reading order, int64 ``(p,)``, 0 for strays;
        and the word of each character, int64 ``(m,)``.
    """
    costs = costs or Costs()
    small = is_small(reach, line_of)
    line, word = line_of[piece], word_of[piece]
    middle = round(REACH * x_height)
    below = marks.rows - np.round(lines.middles[line, marks.columns]).astype(np.int64)
    upright = marks.columns + np.round(np.tan(np.deg2rad(slant)) * below).astype(np.int64)
    ink = Pixels(piece, upright - upright.min(initial=0) + 1, np.clip(below + middle, 0, 2 * middle), small[piece])
    seams = _Seams.of(ink.only(~ink.small), line[~ink.small], len(lines), middle)

    by_word = np.argsort(word, kind="stable")
    of_words = np.split(by_word, np.searchsorted(word[by_word], np.arange(int(word_of.max(initial=-1)) + 1)))[1:]
    line_of_word = np.array([line[pixels[0]] for pixels in of_words], np.int64)
    bodies = [ink.only(pixels[~ink.small[pixels]]) for pixels in of_words]
    apart = max(1, round((STEP if score is None else STEP_TO_LOOK) * x_height))
    places = _Places.of(seams.cost, line_of_word, bodies, int(NARROWEST * x_height) + 1, apart)

    step = pitch(word_of, small, reach)
    joint = costs.joint * (1 - _touching(small, reach, step))
    ways = _Ways.of(places, x_height, stroke, costs.width * step, joint, costs)
    if score is not None:
        ways = ways.looked_at(bodies, seams, score, costs.look)
    cuts = ways.best()
    paths = seams.through(places.column[cuts], places.line[cuts])
    of_cuts = np.searchsorted(places.word[cuts], np.arange(len(of_words) + 1))

    character = np.zeros(len(piece), np.int64)
    words: list[int] = []
    for number, pixels in enumerate(of_words):
        own, path = ink.only(pixels), paths[of_cuts[number] : of_cuts[number + 1]]
        part = (own.column > path[:, own.level]).sum(axis=0)
        _, part = np.unique(_with_marks(part, own, reach, x_height), return_inverse=True)
        character[pixels] = len(words) + 1 + part
        words += [number] * (int(part.max()) + 1)
    return character, np.array(words, np.int64)


def pitch(word_of: NDArray[np.int64], small: NDArray[np.bool_], reach: Extents) -> float:
    """Return the mean distance from one character of a hand to the next, in x-heights, by the width of its words.

    Letters that touch do not tell how wide they are, but words do: of running text, half have at most four letters.

    Args:
        word_of: The word of each piece, -1 for strays.
        small: Which pieces are dots, commas and the like.
        reach: Of each piece.
    """
    count = int(word_of.max(initial=-1)) + 1
    kept = (word_of >= 0) & ~small
    left, _ = spans(reach.left[kept], word_of[kept], count)
    _, right = spans(reach.right[kept], word_of[kept], count)
    wide = (right - left)[np.isfinite(left)]
    usual = np.full(USUAL_WORDS, LETTERS * USUAL_PITCH)
    return float(np.clip(np.median(np.concatenate([wide, usual])) / LETTERS, *PITCHES))


def _touching(small: NDArray[np.bool_], reach: Extents, step: float) -> float:
    """Return how much of a page's writing, by its width, is in pieces of more than one character, 0..1.

    Args:
        small: Which pieces are dots, commas and the like.
        reach: Of each piece.
        step: From one character to the next, in x-heights.
    """
    wide = (reach.right - reach.left)[~small]
    return float(wide[wide > JOINED * step].sum() / max(wide.sum(), 1e-9))


def _with_marks(number: NDArray[np.int64], ink: Pixels, reach: Extents, x_height: float) -> NDArray[np.float64]:
    """Give each small mark of a word as a whole to the character that it lies over, or make it one of its own.

    Args:
        number: Of the character that each pixel lies in, by the seams, int64 ``(n,)``.
        ink: The word's pixels.
        reach: Of each piece of the page.
        x_height: In pixels.

    Returns:
        A number for each pixel that rises with the characters' places, float64 ``(n,)``.
    """
    placed = number.astype(float)
    if not ink.small.any():
        return placed
    at = ink.column / x_height
    characters = np.unique(number[~ink.small])
    ends = [at[~ink.small & (number == character)] for character in characters]
    left, right = (np.array([of(end) for end in ends]) for of in (np.min, np.max))
    for mark in np.unique(ink.piece[ink.small]):
        pixels = ink.piece == mark
        low, high = at[pixels].min(), at[pixels].max()
        over = (np.minimum(right, high) - np.maximum(left, low)) / max(high - low, 0.1)
        nearest = int(over.argmax())
        is_dot = reach.bottom[mark] < 0 and reach.bottom[mark] - reach.top[mark] < DOT
        if over[nearest] >= OVER or (is_dot and max(left[nearest] - high, low - right[nearest]) < BESIDE):
            placed[pixels] = characters[nearest]
        else:  # between what it stands between, and after other marks there that stand before it
            middle = (low + high) / 2
            before = characters[(left + right) / 2 < middle]
            placed[pixels] = (before[-1] if len(before) else characters[0] - 1) + 0.5 + 1e-3 * middle
    return placed


@dataclass(frozen=True)
class _Seams:
    """The seams of every line.

    Attributes:
        cost: Of the seam through each column of each line's middle, in pixels of ink, float32 ``(L, W)``.
        upward: At each level, from the one above the lines down to their middle, the step of the seam there to the
            level before, int8 ``(levels, L, W)``.
        downward: The same from below the lines up to their middle.
    """

    cost: NDArray[np.float32]
    upward: NDArray[np.int8]
    downward: NDArray[np.int8]

    @classmethod
    def of(cls, ink: Pixels, line: NDArray[np.int64], count: int, middle: int) -> _Seams:
        """Find the seams of some lines.

        Args:
            ink: What they cross.
            line: Of each pixel of it.
            count: How many lines there are.
            middle: The level of their middle.
        """
        band = np.zeros((2 * middle + 1, count, int(ink.column.max(initial=0)) + 2), np.uint8)
        band[ink.level, line, ink.column] = 1
        above, upward = _swept(band[: middle + 1])
        below, downward = _swept(band[middle:][::-1])
        return cls(above + below - band[middle], upward, downward)

    def through(self, columns: NDArray[np.int64], line: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the column at each level of the seams through columns of lines' middles, int64 ``(n, levels)``."""
        up, down = [columns], [columns]
        for way, steps in ((up, self.upward), (down, self.downward)):
            for step in steps[:0:-1]:
                way.append(way[-1] + step[line, way[-1]])
        return np.stack(up[:0:-1] + down, axis=1)


def _swept(band: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.int8]]:
    """Return what the cheapest way from the first level to each place of the last one costs, and its steps back.

    Args:
        band: 1 where there is ink, ``(levels, L, W)``.

    Returns:
        The costs, float32 ``(L, W)``, and the steps, int8 ``(levels, L, W)``.
    """
    levels, count, width = band.shape
    steps = np.zeros(band.shape, np.int8)
    walled = np.full((count, width + 2), 1e6, np.float32)
    cost, left, right = walled[:, 1:-1], walled[:, :-2], walled[:, 2:]
    cost[:] = band[0]
    for level in range(1, levels):
        side = np.minimum(left, right) + np.float32(SIDEWAYS)
        steps[level] = (side < cost) * np.where(left <= right, np.int8(-1), np.int8(1))
        cost[:] = np.minimum(cost, side) + band[level]
    return cost.copy(), steps


class _Places(NamedTuple):
    """Where characters may begin and end: the ends of every word, and places for cuts between; in reading order.

    Attributes:
        word: The word of each, from 0, int64 ``(n,)``.
        line: Its line.
        column: The column in the middle of its line.
        cost: What the seam there costs, in pixels of ink.
        is_minimum: Whether no seam near costs less.
        is_end: Whether it is an end of its word.
    """

    word: NDArray[np.int64]
    line: NDArray[np.int64]
    column: NDArray[np.int64]
    cost: NDArray[np.float32]
    is_minimum: NDArray[np.bool_]
    is_end: NDArray[np.bool_]

    @classmethod
    def of(
        cls, cost: NDArray[np.float32], line_of_word: NDArray[np.int64], bodies: list[Pixels], narrow: int, apart: int
    ) -> _Places:
        """Find the places.

        Args:
            cost: Of the seam through each column of each line's middle, float32 ``(L, W)``.
            line_of_word: The line of each word.
            bodies: The ink of each word, without small marks.
            narrow: So many columns at each end are no place for a cut.
            apart: The distance between places, besides the cheapest ones, in columns.
        """
        first = np.array([body.column.min() for body in bodies], np.int64)
        span = np.array([body.column.max() for body in bodies], np.int64) - first
        word = np.repeat(np.arange(len(bodies)), span + 2)
        along = np.arange(len(word)) - np.repeat(np.cumsum(span + 2) - span - 1, span + 2)  # from -1 to the span
        line, column = line_of_word[word], first[word] + along
        is_end = (along < 0) | (along == span[word])
        is_minimum = _minima(cost)[line, column] & ~is_end
        inside = (along >= narrow) & (along <= span[word] - narrow)
        at = is_end | (inside & (is_minimum | (along % apart == 0)))
        return cls(word[at], line[at], column[at], cost[line, column][at], is_minimum[at], is_end[at])


def _minima(values: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Say where the middles of each row's local minima are."""
    change = np.sign(np.diff(np.round(values, 2), axis=1))
    rows, where = np.nonzero(change)
    falls = (rows[:-1] == rows[1:]) & (change[rows, where][:-1] < 0) & (change[rows, where][1:] > 0)
    found = np.zeros(values.shape, bool)
    found[rows[:-1][falls], (where[:-1][falls] + 1 + where[1:][falls]) // 2] = True
    return found


@dataclass(frozen=True)
class _Ways:
    """All ways to cut the words.

    Attributes:
        places: Where a character may begin or end.
        price: Of a cut at each of them, float64 ``(n,)``.
        whole: Of a character that ends there, and began one place before, two before, and so on, float64 ``(n, k)``;
            infinite where there can be none.
    """

    places: _Places
    price: NDArray[np.float64]
    whole: NDArray[np.float64]

    @classmethod
    def of(cls, places: _Places, x_height: float, stroke: float, usual: float, joint: float, costs: Costs) -> _Ways:
        """Find the ways.

        Args:
            places: Where a character may begin or end.
            x_height: In pixels.
            stroke: How wide strokes are, in pixels.
            usual: The most usual width of a character, in x-heights.
            joint: What a cut through any ink costs.
            costs: The other costs.
        """
        strokes = places.cost / stroke
        is_gap = (strokes < GAP) & places.is_minimum
        price = np.where(places.is_end, 0, costs.cut * np.minimum(strokes, costs.most) + joint * ~is_gap)
        last = np.arange(len(price))[:, None]
        longest = WIDEST * x_height
        in_order = places.word * (places.column.max(initial=0) + longest + 1) + places.column
        back = int((last[:, 0] - np.searchsorted(in_order, in_order - longest)).max(initial=1))
        first = last - np.arange(1, max(back, 1) + 1)
        width = np.maximum(places.column[:, None] - places.column[first], 1) / x_height
        gaps = np.cumsum(is_gap)
        whole = 0.5 * (np.log(width / usual) / costs.spread) ** 2 + costs.character
        whole += costs.gap * (gaps[last - 1] - gaps[first])  # those left uncut
        elsewhere = (first < 0) | (places.word[first] != places.word[:, None])
        whole[elsewhere | ((width > WIDEST) & (first < last - 1))] = np.inf
        return cls(places, price, whole)

    def best(self) -> NDArray[np.int64]:
        """Return the indices of the places of the cheapest cuts, int64 ``(m,)``; every word's are found at once."""
        starts, counts = np.unique(self.places.word, return_index=True, return_counts=True)[1:]
        total = np.zeros(len(self.price))
        came_from = np.zeros(len(self.price), np.int64)
        before = np.arange(1, self.whole.shape[1] + 1)
        for order in range(1, int(counts.max(initial=0))):
            at = starts[counts > order] + order
            ways = total[at[:, None] - before] + self.whole[at]
            came_from[at] = at - before[ways.argmin(axis=1)]
            total[at] = ways.min(axis=1) + self.price[at]
        is_cut = np.zeros(len(self.price), bool)
        at = came_from[starts + counts - 1]
        while len(at := at[~self.places.is_end[at]]):
            is_cut[at] = True
            at = came_from[at]
        return np.flatnonzero(is_cut)

    def looked_at(self, bodies: list[Pixels], seams: _Seams, score: Score, weight: float) -> _Ways:
        """Add to every character that can be what its look costs, given the ink of each word without small marks."""
        whole = self.whole.copy()
        for word, body in enumerate(bodies):
            ends = np.flatnonzero(self.places.word == word)
            paths = seams.through(self.places.column[ends], self.places.line[ends])
            number = (body.column[None] > paths[:, body.level]).sum(axis=0)  # 1 in the first part
            lasts, back = np.nonzero(np.isfinite(whole[ends]))
            looks = []
            for last, first in zip(lasts, lasts - 1 - back, strict=True):
                inside = (number > first) & (number <= last)
                looks.append(_picture(body.column[inside], body.level[inside]))
            whole[ends[lasts], back] += weight * score(looks)
        return _Ways(self.places, self.price, whole)


def _picture(columns: NDArray[np.int64], levels: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Return a picture of pixels, bright on dark, cut out tightly; of nothing, a single dark pixel."""
    if not len(columns):
        return np.zeros((1, 1), np.uint8)
    columns, levels = columns - columns.min(), levels - levels.min()
    picture = np.zeros((int(levels.max()) + 1, int(columns.max()) + 1), np.uint8)
    picture[levels, columns] = 255
    return picture
