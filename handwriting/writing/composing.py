"""Composing a word of chosen drawings: placed, their strokes laid over each other, and resampled once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from handwriting.writing.bank import Bank, Drawing
from handwriting.writing.choosing import Chooser
from handwriting.writing.contours import LetterSides, facing
from handwriting.writing.joins import SAMPLES, STEP, Stroke
from handwriting.writing.source import SourceWord
from handwriting.writing.written_words import InkBox, WordInk

LIFT_SIGMA = 0.06
"""How far a run of letters may stand off its own baseline, in x-heights, against ``MEET_SIGMA``."""
MEET_SIGMA = 0.03
"""How far two strokes may miss each other before they are bent, in x-heights."""
BEND = 0.35
"""How far from a join the bending of strokes reaches, in x-heights."""
MIN_BLEND, MAX_BLEND = 0.12, 0.4
"""Length over which one stroke fades into the other, in x-heights."""
SMOOTH = 0.08
"""Distance over which one sample of a stroke takes over from the next, in x-heights."""
SEAM = 0.05
"""Width of the soft edge of a stroke, in x-heights."""
LEVELS = (0.35, 0.97)
"""Range of the ink of strokes that curves take to each other, 0..1; full ink cannot be made darker or paler."""
MAX_CURVE = 1.25
"""Largest exponent of ink, and the inverse of the smallest one."""
MIN_PART = 0.12
"""Side of a square as large as the smallest part of ink that is left at a join, in x-heights."""
DRAWN_AT_ONCE = 500_000
"""Pixels of a word that are drawn at once, which takes about 1 kB each: those of most words of 300 pixels an inch."""
PAPER = 0.4
"""Paper around a word, in x-heights."""
MAX_OFF = 0.3
"""How far letters may stand off their usual distance because they did on the page, in x-heights."""

Extent = tuple[NDArray[np.float64], NDArray[np.float64]]
"""The least and the greatest ``(u, v)`` of ink."""


@dataclass(frozen=True)
class LetterRun:
    """Letters that stand next to each other in one word of a page."""

    drawings: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Meeting:
    """Where two runs are joined.

    Attributes:
        first: The stroke that leaves the first.
        second: The stroke that enters the second.
        slide: By how many samples the second slides along the first.
        first_share: How much of the way between them the first stroke is moved, 0..1; the second is moved the rest.
    """

    first: Stroke
    second: Stroke
    slide: int
    first_share: float = 0.5

    @cached_property
    def samples(self) -> NDArray[np.int64]:
        """The samples of the first stroke, from its cut, that the second has, too."""
        window = np.arange(-SAMPLES, SAMPLES + 1)
        return window[(window + self.slide >= -SAMPLES) & (window + self.slide <= SAMPLES)]

    @cached_property
    def offset(self) -> NDArray[np.float64]:
        """What is added to the second stroke so that it lies over the first, ``(u, v)``."""
        near = self.samples[np.abs(self.samples) <= 4]
        return (self.first.points[near + SAMPLES] - self.second.points[near + self.slide + SAMPLES]).mean(0)

    @cached_property
    def blend(self) -> tuple[float, float]:
        """Where the first fades into the second: from and to, along the first from its cut, in x-heights."""
        first, second = (np.flatnonzero(stroke.traced)[[0, -1]] - SAMPLES for stroke in (self.first, self.second))
        left, right = max(first[0], second[0] - self.slide), min(first[1], second[1] - self.slide)
        middle, length = (left + right) / 2 * STEP, np.clip((right - left) * STEP, MIN_BLEND, MAX_BLEND)
        return float(middle - length / 2), float(middle + length / 2)


@dataclass(frozen=True, eq=False)
class PlacedRun:
    """A run in its word.

    Attributes:
        run: The run.
        at: Where the origin of its source's frame comes to lie, in the word's frame.
        before: How it is joined to the run before, and how far that one's frame lies from its own.
        after: The same of the run after.
        curve: The exponent of its ink, from 0 for paper to 1 for full ink, at its start and at its end.
        source: A copy of its source with other ink, which it shows in place of that.
    """

    run: LetterRun
    at: NDArray[np.float64]
    before: tuple[Meeting, NDArray[np.float64]] | None
    after: tuple[Meeting, NDArray[np.float64]] | None
    curve: tuple[float, float]
    source: SourceWord | None = None


class Composer:
    """Composes words of drawings of a bank.

    Args:
        bank: The drawings.
        chooser: What chose them, and knows how their strokes fit.
    """

    def __init__(self, bank: Bank, chooser: Chooser) -> None:
        self.bank = bank
        self.chooser = chooser

    def place(self, chosen: Sequence[int], level: float | None = None) -> list[PlacedRun]:
        """Return chosen drawings as runs in the frame of a new word.

        Args:
            chosen: The numbers of drawings.
            level: The logarithm of the ink that the word is to have, 0..1; None for that of its drawings.
        """
        runs = self._runs(chosen)
        meetings = [self._meeting(first, second) for first, second in pairwise(runs)]
        along = [-self._left(runs[0])]
        for first, second, meeting in zip(runs, runs[1:], meetings, strict=False):
            along.append(along[-1] + (meeting.offset[0] if meeting else self._apart(first, second)))
        lifts = _lifts(meetings)
        curves = self._curves(runs, meetings, level)
        places = np.stack([along, lifts], 1)
        joins = [
            None if meeting is None else (meeting, places[number + 1] - places[number])
            for number, meeting in enumerate(meetings)
        ]
        return [
            PlacedRun(run, at, before, after, curve)
            for run, at, before, after, curve in zip(runs, places, [None, *joins], [*joins, None], curves, strict=True)
        ]

    def _runs(self, chosen: Sequence[int]) -> list[LetterRun]:
        runs: list[list[int]] = []
        for one in chosen:
            drawing = self.bank.drawings[one]
            last = self.bank.drawings[runs[-1][-1]] if runs else None
            if last is not None and (last.word, last.letter + 1) == (drawing.word, drawing.letter):
                runs[-1].append(one)
            else:
                runs.append([one])
        return [LetterRun(tuple(run)) for run in runs]

    def _ends(self, run: LetterRun) -> tuple[Drawing, Drawing]:
        return self.bank.drawings[run.drawings[0]], self.bank.drawings[run.drawings[-1]]

    def _meeting(self, first: LetterRun, second: LetterRun) -> Meeting | None:
        last, following = self._ends(first)[1], self._ends(second)[0]
        if last.exit is None or following.entry is None:
            return None
        pair = self.chooser.pair(last.label, following.label)
        row = np.searchsorted(self.bank.by_label[last.label], first.drawings[-1])
        column = np.searchsorted(self.bank.by_label[following.label], second.drawings[0])
        return Meeting(last.exit, following.entry, int(pair.slide[row, column]))

    def _left(self, run: LetterRun) -> float:
        drawing = self._ends(run)[0]
        return float(self._sides(drawing).left.min())

    def _sides(self, drawing: Drawing) -> LetterSides:
        return self.bank.sides[drawing.word][drawing.letter]

    def _apart(self, first: LetterRun, second: LetterRun) -> float:
        """Return how far the second frame's origin lies from the first's where the pen is lifted."""
        last, following = self._ends(first)[1], self._ends(second)[0]
        spacing, right, left = self.bank.spacing.apart, self._sides(last), self._sides(following)
        drawn = []  # how far off the usual distance the hand lifted the pen next to each
        if last.exit is None and last.after:
            gap = facing(right, self.bank.sides[last.word][last.letter + 1])
            drawn.append(gap - spacing.distance(last.label, last.after))
        if following.entry is None and following.before:
            gap = facing(self.bank.sides[following.word][following.letter - 1], left)
            drawn.append(gap - spacing.distance(following.before, following.label))
        off = float(np.clip(np.mean(drawn), -MAX_OFF, MAX_OFF)) if drawn else 0.0
        return spacing.distance(last.label, following.label) + off - facing(right, left)

    def _curves(
        self, runs: Sequence[LetterRun], meetings: Sequence[Meeting | None], level: float | None
    ) -> list[tuple[float, float]]:
        """Return the exponent of the ink of each run at its start and its end: the ink runs on through joins.

        An exponent leaves paper and full ink as they are, as a pen does that is pressed more or less.
        """
        own = np.log(np.clip([self.bank.levels[self._ends(run)[0].word] for run in runs], *LEVELS))
        wanted = own if level is None else np.full(len(runs), np.clip(level, *np.log(LEVELS)))
        shifts, whole = wanted - own, wanted / own
        curves = []
        for number in range(len(runs)):
            ends = []
            for join, side in ((number - 1, 1), (number, 0)):
                meeting = meetings[join] if 0 <= join < len(meetings) else None
                if meeting is None:
                    ends.append(whole[number])
                    continue
                levels = np.log(np.clip([meeting.first.level, meeting.second.level], *LEVELS))
                met = np.clip((levels + shifts[join : join + 2]).mean(), *np.log(LEVELS))
                ends.append(met / levels[side])
            start, end = np.clip(ends, 1 / MAX_CURVE, MAX_CURVE).tolist()
            curves.append((start, end))
        return curves

    def box(self, placed: Sequence[PlacedRun], slope: float = 0.0) -> InkBox:
        """Return the box around the ink of a word that falls to the right by the tangent ``slope``."""
        return self._box_of([_extent(self.bank, one) for one in placed], slope)

    def _box_of(self, extents: Sequence[Extent], slope: float) -> InkBox:
        low, high = np.min([low for low, _ in extents], 0), np.max([high for _, high in extents], 0)
        corners = np.array([[u + self.bank.slant * v, -v] for u in (low[0], high[0]) for v in (low[1], high[1])])
        corners[:, 1] += slope * corners[:, 0]
        return InkBox(*corners.min(0).tolist(), *corners.max(0).tolist())

    def advance(self, placed: Sequence[PlacedRun]) -> float:
        """Return the width of a word from its origin to the end of its last letter, in x-heights."""
        last = placed[-1]
        return float(last.at[0] + self._sides(self._ends(last.run)[1]).right.max())

    def draw(
        self, placed: Sequence[PlacedRun], resolution: float, offset: tuple[float, float], slope: float = 0.0
    ) -> WordInk:
        """Draw placed runs.

        Args:
            placed: The runs.
            resolution: Pixels in one x-height.
            offset: Where the origin lies within its pixel, column and row, in [0, 1).
            slope: The tangent by which the word falls to the right of its line.
        """
        slant = self.bank.slant
        extents = [_extent(self.bank, one) for one in placed]
        box = self._box_of(extents, slope)
        column, row = (int(np.floor((edge - PAPER) * resolution)) for edge in (box.left, box.top))
        width, height = (
            int(np.ceil((edge + PAPER) * resolution)) - start
            for edge, start in ((box.right, column), (box.bottom, row))
        )
        at_once = max(1, DRAWN_AT_ONCE // width)
        ink = np.concatenate(
            [
                self._ink(
                    list(zip(placed, extents, strict=True)),
                    np.arange(column, column + width) + 0.5 - offset[0],
                    np.arange(start, min(start + at_once, row + height)) + 0.5 - offset[1],
                    resolution,
                    slope,
                )
                for start in range(row, row + height, at_once)
            ]
        )
        for one in placed:
            if one.after is not None:
                at = one.after[0].first.points[SAMPLES] + one.at
                x, y = at[0] + slant * at[1], slope * (at[0] + slant * at[1]) - at[1]
                place = x * resolution + offset[0] - column, y * resolution + offset[1] - row
                _drop_specks(ink, place, resolution)
        return WordInk(ink, column, row)

    def _ink(
        self,
        placed: Sequence[tuple[PlacedRun, Extent]],
        columns: NDArray[np.floating],
        rows: NDArray[np.floating],
        resolution: float,
        slope: float,
    ) -> NDArray[np.uint8]:
        """Return the ink of runs, each with its extent, at columns and rows, in pixels from the word's origin."""
        slant = self.bank.slant
        across, down = np.meshgrid(columns, rows)
        v = slope * across / resolution - down / resolution
        u = across / resolution - slant * v
        total = np.zeros(u.shape, np.float32)
        strongest = np.zeros(u.shape, np.float32)
        for one, (low, high) in placed:
            inside = (u >= low[0] - PAPER) & (u <= high[0] + PAPER) & (v >= low[1] - PAPER) & (v <= high[1] + PAPER)
            if not inside.any():
                continue
            part = np.s_[_span(inside.any(1)), _span(inside.any(0))]
            ink, weight = self._drawn(one, u[part], v[part])
            total[part] += ink * weight
            np.maximum(strongest[part], np.where(weight > 0, ink, 0), out=strongest[part])
        # Where one stroke fades into another, their weights add up to 1; elsewhere ink that overlaps is not summed.
        return np.rint(np.clip(np.minimum(total, strongest), 0, 255)).astype(np.uint8)

    def _drawn(
        self, one: PlacedRun, u: NDArray[np.float64], v: NDArray[np.float64]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return the ink of a run at points of the new word's frame, 0..255, and its weight there, 0..1."""
        first, last = self._ends(one.run)
        word = self.bank.words[first.word] if one.source is None else one.source
        own_u, own_v = u - one.at[0], v - one.at[1]
        weight = np.ones(u.shape, np.float32)
        shifted_u, shifted_v = own_u.copy(), own_v.copy()
        near: list[tuple[NDArray[np.float32], int]] = []
        for join, side in ((one.before, -1), (one.after, 1)):
            if join is None:
                continue
            meeting, apart = join
            target, moved, along = _bent(meeting, apart, side)
            distance, share_of = _near(own_u, own_v, target, self.bank.slant)
            falloff = np.exp(-((distance / BEND) ** 2))
            off_u, off_v, reached = np.tensordot(np.stack([*moved.T, along]), share_of, 1)
            shifted_u -= falloff * off_u
            shifted_v -= falloff * off_v
            start, end = meeting.blend
            reached = np.clip((reached - start) / (end - start), 0, 1)
            reached = reached * reached * (3 - 2 * reached)
            # Of the paper next to the stroke, a seam as wide as its edges belongs to it in part.
            half = (meeting.first.width + meeting.second.width) / 4
            on_stroke = np.clip((half + 2 * SEAM - distance) / SEAM, 0, 1)
            fade = (1 - reached) if side == 1 else reached
            weight *= (1 - on_stroke * (1 - fade)).astype(np.float32)
            near.append(((on_stroke * fade).astype(np.float32), side))
        matrix = word.from_frame
        x = (matrix[0, 0] * shifted_u + matrix[0, 1] * shifted_v + matrix[0, 2]).astype(np.float32)
        y = (matrix[1, 0] * shifted_u + matrix[1, 1] * shifted_v + matrix[1, 2]).astype(np.float32)
        ink = np.asarray(cv2.remap(word.ink, x, y, cv2.INTER_CUBIC), np.float64)
        own, before, after = _shares(word, first.letter, last.letter)
        weight *= cv2.remap(own, x, y, cv2.INTER_LINEAR, borderValue=1)
        for share, side in near:  # of the letter next to it, the stroke alone, as far as it fades
            weight += share * cv2.remap(before if side == -1 else after, x, y, cv2.INTER_LINEAR)
        span = self._sides(first).left.min(), self._sides(last).right.max()
        place = np.clip((own_u - span[0]) / max(span[1] - span[0], 1e-6), 0, 1)
        if one.curve != (1.0, 1.0):
            ink = 255 * (np.clip(ink, 0, 255) / 255) ** (one.curve[0] * (1 - place) + one.curve[1] * place)
        return np.clip(ink, 0, 255).astype(np.float32), weight


def _lifts(meetings: Sequence[Meeting | None]) -> NDArray[np.float64]:
    """Return how far each run is lifted off its baseline so that strokes meet: least squares."""
    count = len(meetings) + 1
    matrix = np.eye(count) / LIFT_SIGMA**2
    vector = np.zeros(count)
    for number, meeting in enumerate(meetings):
        if meeting is not None:
            step = meeting.offset[1]
            matrix[number : number + 2, number : number + 2] += np.array([[1, -1], [-1, 1]]) / MEET_SIGMA**2
            vector[number] -= step / MEET_SIGMA**2
            vector[number + 1] += step / MEET_SIGMA**2
    return np.asarray(np.linalg.solve(matrix, vector), np.float64)


def _bent(
    meeting: Meeting, apart: NDArray[np.float64], side: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return how a run's stroke is bent at a join.

    Both strokes are brought together over the length of their blend; what lies further along is moved less.

    Args:
        meeting: The join.
        apart: Where the frame of the second run begins in that of the first.
        side: 1 for the first run, -1 for the second.

    Returns:
        The samples of where the stroke is to lie, in the run's own frame, ``(n, 2)``; how far each is moved,
        ``(n, 2)``; and its place along the first stroke, from the cut, in x-heights.
    """
    samples = meeting.samples
    along = samples * STEP
    first = meeting.first.points[samples + SAMPLES]
    second = meeting.second.points[samples + meeting.slide + SAMPLES] + apart
    start, end = meeting.blend
    inside = np.clip(along, start, end)
    between = np.stack([np.interp(inside, along, (second - first)[:, axis]) for axis in (0, 1)], 1)
    own, share = (first, meeting.first_share) if side == 1 else (second - apart, meeting.first_share - 1)
    moved = share * between * np.exp(-(((along - inside) / BEND) ** 2))[:, None]
    return np.asarray(own + moved), np.asarray(moved), np.asarray(along)


def _near(
    u: NDArray[np.float64], v: NDArray[np.float64], path: NDArray[np.float64], slant: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the distance of each point to a path, and the shares of the samples of the path that are nearest to it.

    The shares add up to 1. They change smoothly from point to point, so that what is bent by them does not fold.

    Args:
        u: Points, ``(h, w)``.
        v: The same.
        path: ``(n, 2)``.
        slant: The tangent of the slant of their frame.

    Returns:
        ``(h, w)`` and ``(n, h, w)``.
    """
    x, y = u + slant * v, v
    shares = np.empty((len(path), *u.shape))
    for share, (px, py) in zip(shares, path + slant * path[:, 1:] * (1, 0), strict=True):
        np.add((x - px) ** 2, (y - py) ** 2, out=share)
    nearest = shares.min(0)
    np.subtract(nearest, shares, out=shares)
    shares /= 2 * SMOOTH**2
    np.exp(shares, out=shares)
    shares /= shares.sum(0)
    return np.sqrt(nearest), shares


@lru_cache(maxsize=32)
def _shares(word: SourceWord, first: int, last: int) -> tuple[NDArray[np.float32], ...]:
    """Return the shares of a word's pixels that belong to a run of letters, and to the letters next to it.

    Edges are soft, and paper belongs to the nearest letter: only the ink of neighbours is taken away.

    Returns:
        The run's share, that of the letter before, and that of the letter after, float32 ``(h, w)``, 0..1.
    """
    owner = word.territory
    others = (owner > 0) & ((owner < first + 1) | (owner > last + 1))
    before, after = (owner == first) & others, (owner == last + 2) & others
    soft = [cv2.GaussianBlur(part.astype(np.float32), (0, 0), 0.5) for part in (others, before, after)]
    return np.asarray(1 - soft[0], np.float32), np.asarray(soft[1], np.float32), np.asarray(soft[2], np.float32)


def _drop_specks(ink: NDArray[np.uint8], place: tuple[float, float], resolution: float) -> None:
    """Remove what is cut off from both letters at a join: parts of ink too small to be a dot.

    Args:
        ink: uint8 ``(h, w)``; changed in place.
        place: Column and row of the join.
        resolution: Pixels in one x-height.
    """
    left, top = (max(0, round(at - 0.5 * resolution)) for at in place)
    part = ink[top : round(place[1] + 0.5 * resolution), left : round(place[0] + 0.5 * resolution)]
    if not part.size:  # a word of a few pixels has none there, and OpenCV would end the process
        return
    count, number, stats, _ = cv2.connectedComponentsWithStats((part > 0).astype(np.uint8), connectivity=8)
    x, y, width, height, area = stats.T
    inside = (x > 0) & (y > 0) & (x + width < part.shape[1]) & (y + height < part.shape[0])
    speck = inside & (area < (MIN_PART * resolution) ** 2) & (np.arange(count) > 0)
    part[speck[number]] = 0


def _extent(bank: Bank, one: PlacedRun) -> Extent:
    """Return the least and the greatest ``(u, v)`` of a run's ink in the new word's frame."""
    drawings = [bank.drawings[number] for number in one.run.drawings]
    points = np.concatenate([bank.words[drawing.word].frame_of(drawing.letter) for drawing in drawings]) + one.at
    return points.min(0), points.max(0)


def _span(flags: NDArray[np.bool_]) -> slice:
    found = np.flatnonzero(flags)
    return slice(int(found[0]), int(found[-1]) + 1) if len(found) else slice(0, 0)
