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
from handwriting.segmentation.page import Score
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


class Ink(NamedTuple):
    """Pixels of ink in a line's own frame, upright and level; all ``(n,)``.

    Attributes:
        piece: The number of the piece that each belongs to, from 0.
        column: Its column once the hand's slant is taken out, from 0.
        level: Its row, where the middle of the x-height has the row ``REACH`` x-heights.
        small: Whether its piece is a dot, a comma or the like.
    """

    piece: NDArray[np.int64]
    column: NDArray[np.int64]
    level: NDArray[np.int64]
    small: NDArray[np.bool_]

    def only(self, chosen: NDArray[np.bool_] | NDArray[np.int64]) -> Ink:
        """Return some of the pixels."""
        return Ink(self.piece[chosen], self.column[chosen], self.level[chosen], self.small[chosen])


def find_characters(
    pieces: NDArray[np.int32],
    line_of: NDArray[np.int64],
    word_of: NDArray[np.int64],
    lines: Lines,
    reach: Extents,
    slant: float,
    x_height: float,
    stroke: float,
    score: Score | None = None,
    costs: Costs | None = None,
) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Part words into characters.

    Args:
        pieces: The number of the piece that each pixel belongs to, from 1, int32 ``(H, W)``.
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
        The number of the character that each pixel belongs to, from 1 in reading order, int32 ``(H, W)``; and the word
        of each character, int64 ``(m,)``.
    """
    costs = costs or Costs()
    rows, columns = np.nonzero(pieces)
    piece = pieces[rows, columns].astype(np.int64) - 1
    below = rows - np.round(lines.middles[line_of[piece], columns]).astype(np.int64)
    middle = round(REACH * x_height)
    upright = columns + np.round(np.tan(np.deg2rad(slant)) * below).astype(np.int64)
    level = np.clip(below + middle, 0, 2 * middle)
    ink = Ink(piece, upright - upright.min(initial=0), level, is_small(reach)[piece])

    step = pitch(word_of, reach)
    usual, joint = costs.width * step, costs.joint * (1 - _touching(reach, step))
    apart = (STEP if score is None else STEP_TO_LOOK) * x_height
    labels = np.zeros(len(rows), np.int64)
    words: list[int] = []
    by_line = np.argsort(line_of[piece], kind="stable")
    for of_line in np.split(by_line, np.searchsorted(line_of[piece][by_line], np.arange(1, len(lines)))):
        line = ink.only(of_line)
        band = np.zeros((2 * middle + 1, int(ink.column.max(initial=0)) + 2), np.float32)
        band[line.level[~line.small], line.column[~line.small]] = 1
        seams = _Seams.of(band, middle)
        by_word = np.argsort(word_of[line.piece], kind="stable")
        numbers, first = np.unique(word_of[line.piece][by_word], return_index=True)
        pixels = [pixels for word, pixels in zip(numbers, np.split(by_word, first[1:]), strict=True) if word >= 0]
        cuts = []
        for of_word in pixels:
            body = line.only(of_word[~line.small[of_word]])
            ways = _ways(seams, body, x_height, stroke, usual, joint, apart, costs)
            cuts.append((ways if score is None else ways.looked_at(body, seams, score, costs.look)).best())
        ends = np.cumsum([len(of_word) for of_word in cuts])[:-1]
        along = np.split(seams.through(np.concatenate([np.zeros(0, np.int64), *cuts])), ends)
        for word, of_word, paths in zip(numbers[numbers >= 0], pixels, along, strict=True):
            own = line.only(of_word)
            number = (own.column > paths[:, own.level]).sum(axis=0)
            _, number = np.unique(_with_marks(number, own, reach, x_height), return_inverse=True)
            labels[of_line[of_word]] = len(words) + 1 + number
            words += [int(word)] * (int(number.max()) + 1)
    found = np.zeros(pieces.shape, np.int32)
    found[rows, columns] = labels
    return found, np.array(words, np.int64)


def pitch(word_of: NDArray[np.int64], reach: Extents) -> float:
    """Return the mean distance from one character of a hand to the next, in x-heights, by the width of its words.

    Letters that touch do not tell how wide they are, but words do: of running text, half have at most four letters.

    Args:
        word_of: The word of each piece, -1 for strays.
        reach: Of each piece.
    """
    count = int(word_of.max(initial=-1)) + 1
    left, right = np.full(count, np.inf), np.full(count, -np.inf)
    kept = (word_of >= 0) & ~is_small(reach)
    np.minimum.at(left, word_of[kept], reach.left[kept])
    np.maximum.at(right, word_of[kept], reach.right[kept])
    wide = (right - left)[np.isfinite(left)]
    usual = np.full(USUAL_WORDS, LETTERS * USUAL_PITCH)
    return float(np.clip(np.median(np.concatenate([wide, usual])) / LETTERS, *PITCHES))


def _touching(reach: Extents, step: float) -> float:
    """Return how much of a page's writing, by its width, is in pieces of more than one character, 0..1.

    Args:
        reach: Of each piece.
        step: From one character to the next, in x-heights.
    """
    wide = (reach.right - reach.left)[~is_small(reach)]
    return float(wide[wide > JOINED * step].sum() / max(wide.sum(), 1e-9))


def _with_marks(number: NDArray[np.int64], ink: Ink, reach: Extents, x_height: float) -> NDArray[np.float64]:
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
    """The seams of a line.

    Attributes:
        cost: Of the seam through each column of the line's middle, in pixels of ink, float32 ``(W,)``.
        upward: At each level, from the one above the line down to its middle, the step of the seam there to the level
            before, int8 ``(levels, W)``.
        downward: The same from below the line up to its middle.
    """

    cost: NDArray[np.float32]
    upward: NDArray[np.int8]
    downward: NDArray[np.int8]

    @classmethod
    def of(cls, band: NDArray[np.float32], middle: int) -> _Seams:
        """Find the seams of a line, 1 where there is ink, whose middle is in row ``middle``."""
        above, upward = _swept(band[: middle + 1])
        below, downward = _swept(band[middle:][::-1])
        return cls(above + below - band[middle], upward, downward)

    def through(self, columns: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the column at each level of the seams through some columns of the middle, int64 ``(n, levels)``."""
        up, down = [columns], [columns]
        for way, steps in ((up, self.upward), (down, self.downward)):
            for step in steps[:0:-1]:
                way.append(way[-1] + step[way[-1]])
        return np.stack(up[:0:-1] + down, axis=1)


def _swept(band: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.int8]]:
    """Return what the cheapest way from the first level to each place of the last one costs, and its steps back."""
    cost = band[0]
    steps = np.zeros(band.shape, np.int8)
    far = np.full(1, 1e6, np.float32)
    for level in range(1, len(band)):
        left = np.concatenate([far, cost[:-1]]) + np.float32(SIDEWAYS)
        right = np.concatenate([cost[1:], far]) + np.float32(SIDEWAYS)
        side = np.minimum(left, right)
        steps[level] = (side < cost) * np.where(left <= right, np.int8(-1), np.int8(1))
        cost = np.minimum(cost, side) + band[level]
    return cost, steps


@dataclass(frozen=True)
class _Ways:
    """All ways to cut a word.

    Attributes:
        ends: Where a character may begin or end: the word's own ends, and the places for cuts between, int64 ``(n,)``.
        price: Of a cut at each of them, float64 ``(n,)``.
        whole: Of a character from one of them to another, float64 ``(n, n)``; infinite where there can be none.
    """

    ends: NDArray[np.int64]
    price: NDArray[np.float64]
    whole: NDArray[np.float64]

    def best(self) -> NDArray[np.int64]:
        """Return the columns of the cheapest cuts, int64 ``(m,)``."""
        total = np.zeros(len(self.ends))
        back = np.zeros(len(self.ends), np.int64)
        for stop in range(1, len(self.ends)):
            ways = total[:stop] + self.whole[:stop, stop]
            back[stop] = ways.argmin()
            total[stop] = ways[back[stop]] + self.price[stop]
        cuts: list[int] = []
        while stop := int(back[cuts[-1] if cuts else -1]):
            cuts.append(stop)
        return self.ends[cuts[::-1]]

    def looked_at(self, body: Ink, seams: _Seams, score: Score, weight: float) -> _Ways:
        """Add to every character that can be what its look costs."""
        starts, stops = np.nonzero(np.isfinite(self.whole))
        number = (body.column[None] > seams.through(self.ends)[:, body.level]).sum(axis=0)  # 1 in the first part
        looks = []
        for start, stop in zip(starts, stops, strict=True):
            inside = (number > start) & (number <= stop)
            looks.append(_picture(body.column[inside], body.level[inside]))
        whole = self.whole.copy()
        whole[starts, stops] += weight * score(looks)
        return _Ways(self.ends, self.price, whole)


def _ways(
    seams: _Seams,
    body: Ink,
    x_height: float,
    stroke: float,
    usual: float,
    joint: float,
    apart: float,
    costs: Costs,
) -> _Ways:
    """Return the ways to cut a word.

    Args:
        seams: Of its line.
        body: The word's ink, without small marks.
        x_height: In pixels.
        stroke: How wide strokes are, in pixels.
        usual: The most usual width of a character, in x-heights.
        joint: What a cut through any ink costs.
        apart: Pixels between places where it may be cut, besides the cheapest ones.
        costs: The other costs.
    """
    first, last = int(body.column.min()), int(body.column.max())
    is_minimum = np.zeros(last - first, bool)
    is_minimum[_minima(seams.cost[first : last + 1])] = True
    is_place = is_minimum.copy()
    is_place[:: max(1, round(apart))] = True
    narrow = int(NARROWEST * x_height) + 1
    is_place[:narrow] = is_place[max(0, len(is_place) - narrow + 1) :] = False
    places = first + np.flatnonzero(is_place)
    strokes = seams.cost[places] / stroke
    is_gap = (strokes < GAP) & is_minimum[places - first]

    ends = np.concatenate([[first - 1], places, [last]])
    price = np.concatenate([[0], costs.cut * np.minimum(strokes, costs.most) + joint * ~is_gap, [0]])
    width = np.maximum(ends[None] - ends[:, None], 1) / x_height
    gaps = np.cumsum(np.concatenate([[0, 0], is_gap, [0]]))  # before each end
    uncut = np.maximum(gaps[None, :-1] - gaps[1:, None], 0)
    whole = 0.5 * (np.log(width / usual) / costs.spread) ** 2 + costs.character + costs.gap * uncut
    order = np.arange(len(ends))
    parts = order[None] - order[:, None]
    whole[(parts < 1) | ((parts > 1) & (width > WIDEST))] = np.inf
    return _Ways(ends, price, whole)


def _minima(values: NDArray[np.float32]) -> NDArray[np.int64]:
    """Return the middles of the local minima."""
    change = np.sign(np.diff(np.round(values, 2)))
    where = np.flatnonzero(change)
    falls = (change[where[:-1]] < 0) & (change[where[1:]] > 0)
    return np.asarray((where[:-1][falls] + 1 + where[1:][falls]) // 2)


def _picture(columns: NDArray[np.int64], levels: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Return a picture of pixels, bright on dark, cut out tightly; of nothing, a single dark pixel."""
    if not len(columns):
        return np.zeros((1, 1), np.uint8)
    columns, levels = columns - columns.min(), levels - levels.min()
    picture = np.zeros((int(levels.max()) + 1, int(columns.max()) + 1), np.uint8)
    picture[levels, columns] = 255
    return picture
