"""Few cubic curves through many points: closed polygons fitted to a tolerance.

Many polygons are fitted at once, each as if it were alone, and each curve to the points between two knots. Knots are
added where a curve misses its points, and dropped where one curve fits as well as two. Points are complex numbers:
x + iy.

Source: P. J. Schneider, An algorithm for automatically fitting digitized curves, Graphics Gems, 1990.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.complex128]
Indices = NDArray[np.intp]

MIN_POINTS = 3
"""Points of the shortest curve."""
FIRST_POINTS = 24
"""Points of each curve at first."""
MAX_ROUNDS = 8
"""Rounds of adding knots; each adds one to every curve that misses its points."""
DROPPING_ROUNDS = 3
"""Rounds of dropping knots; each tries every other knot."""
REFINEMENTS = 2
"""How often the parameters of the points are moved towards the curve."""
MAX_HANDLE = 1.5
"""Length of the longest handle, in lengths of the curve's chord."""


def evenly_spaced(polygon: Points, step: float) -> Points:
    """Return points at equal distances along a closed polygon.

    Args:
        polygon: Its corners, complex128 ``(n,)``; the last is joined to the first.
        step: About how far apart.

    Returns:
        complex128 ``(m,)``, at least ``2 * MIN_POINTS`` points.
    """
    closed = np.append(polygon, polygon[0])
    distance = np.concatenate([[0.0], np.cumsum(np.abs(np.diff(closed)))])
    count = max(2 * MIN_POINTS, round(distance[-1] / step))
    return np.asarray(np.interp(np.arange(count) * (distance[-1] / count), distance, closed))


def smoothed(points: Points, spread: float) -> Points:
    """Return a closed polygon smoothed along itself, its size kept.

    Args:
        points: Evenly spaced points, complex128 ``(n,)``.
        spread: Standard deviation of the Gaussian weights, in points.
    """
    response = np.exp(-0.5 * (2 * np.pi * np.fft.fftfreq(len(points)) * spread) ** 2)
    # Smoothed, and what that took away smoothed and put back: low frequencies, and so the size, stay as they are.
    return np.fft.ifft(np.fft.fft(points) * response * (2 - response))


def fit_closed(polygons: Sequence[Points], tolerance: float) -> list[NDArray[np.float64]]:
    """Return curves that pass closed polygons within a tolerance, with a common tangent where two curves meet.

    Args:
        polygons: Evenly spaced points of each, complex128 ``(n,)`` with ``n >= 2 * MIN_POINTS``.
        tolerance: Largest distance of a point from its curve, but on curves of less than ``2 * MIN_POINTS`` points.

    Returns:
        For each polygon the two control points and the end of each curve, float64 ``(m, 3, 2)``; the first curve begins
        where the last one ends.
    """
    if not polygons:
        return []
    track = _Track.of(polygons)
    fits = _Fits(track)
    knots = track.first_knots()
    for _ in range(MAX_ROUNDS):
        ends = track.ends(knots)
        fitted = fits.between(knots)
        sizes = ends - knots
        split = (fitted.distance > tolerance) & (sizes >= 2 * MIN_POINTS)
        if not split.any():
            break
        margin = np.maximum(MIN_POINTS, sizes // 4)[split]
        knots = np.sort(np.append(knots, np.clip(fitted.farthest[split], knots[split] + margin, ends[split] - margin)))
    for number in range(DROPPING_ROUNDS):
        candidates = track.inner(knots, number % 2)
        fewer = np.setdiff1d(knots, candidates, assume_unique=True)
        good = fits.between(fewer).distance <= tolerance
        knots = np.union1d(fewer, candidates[~good[np.searchsorted(fewer, candidates, side="right") - 1]])
    return np.split(fits.between(knots).curves, np.searchsorted(knots, track.starts[1:]))


class _Track(NamedTuple):
    """The points of all polygons one after the other.

    Attributes:
        points: complex128 ``(N,)``.
        tangents: The direction of travel at each point, complex128 ``(N,)`` of length 1.
        starts: Where each polygon begins, ``(P,)``.
    """

    points: Points
    tangents: Points
    starts: Indices

    @classmethod
    def of(cls, polygons: Sequence[Points]) -> _Track:
        points = np.concatenate(polygons)
        sizes = np.array([len(polygon) for polygon in polygons])
        starts = np.cumsum(sizes) - sizes
        start, size = np.repeat(starts, sizes), np.repeat(sizes, sizes)
        place = np.arange(len(points)) - start

        def along(offset: int | Indices) -> Indices:
            """Return for each point the one some steps further along its polygon."""
            return start + (place + offset) % size

        tangents = points[along(1)] - points[along(-1)]
        tangents /= np.maximum(np.abs(tangents), 1e-12)
        # The polygon begins at its sharpest turn: a curve is not to pass there.
        straight = (tangents[along(2)] * tangents[along(-2)].conj()).real
        first = [part.argmin() for part in np.split(straight, starts[1:])]
        turned = along(np.repeat(first, sizes))
        return cls(points[turned], tangents[turned], starts)

    def first_knots(self) -> Indices:
        """Return knots at equal distances, at least two on each polygon."""
        stops = np.append(self.starts[1:], len(self.points))
        return np.concatenate(
            [
                start + np.arange(count) * (stop - start) // count
                for start, stop in zip(self.starts, stops, strict=True)
                for count in [max(2, (stop - start) // FIRST_POINTS)]
            ]
        )

    def ends(self, knots: Indices) -> Indices:
        """Return the number after the last point of the curve that begins at each knot."""
        return np.append(knots[1:], len(self.points))

    def inner(self, knots: Indices, which: int) -> Indices:
        """Return every other knot, from the one numbered ``which``, of those that can be dropped.

        These are, of each polygon, all but the first and one in its middle.
        """
        polygon = self._polygon(knots)
        place = np.arange(len(knots)) - np.searchsorted(knots, self.starts)[polygon]
        middle = (np.bincount(polygon) // 2)[polygon]
        number = place - 1 - (place > middle)
        return knots[(place > 0) & (place != middle) & (number % 2 == which)]

    def after(self, ends: Indices) -> Indices:
        """Return the point on which each curve ends: the first of the next curve or of its own polygon."""
        polygon = self._polygon(ends - 1)
        stops = np.append(self.starts[1:], len(self.points))
        return np.where(ends == stops[polygon], self.starts[polygon], ends)

    def _polygon(self, indices: Indices) -> Indices:
        return np.searchsorted(self.starts, indices, side="right") - 1


class _Curves(NamedTuple):
    """Curves through the points between two knots each.

    Attributes:
        curves: float64 ``(k, 3, 2)``, as :func:`fit_closed` returns them.
        distance: How far each passes its farthest point, float64 ``(k,)``.
        farthest: The number of that point, ``(k,)``.
    """

    curves: NDArray[np.float64]
    distance: NDArray[np.float64]
    farthest: Indices

    def followed_by(self, other: _Curves) -> _Curves:
        return _Curves(
            np.concatenate([self.curves, other.curves]),
            np.append(self.distance, other.distance),
            np.append(self.farthest, other.farthest),
        )

    def chosen(self, places: Indices) -> _Curves:
        return _Curves(self.curves[places], self.distance[places], self.farthest[places])


class _Fits:
    """Fits curves to a track; between two knots once, as most rounds change few of them."""

    def __init__(self, track: _Track) -> None:
        self._track = track
        self._keys: Indices = np.zeros(0, int)
        self._known = _Curves(np.zeros((0, 3, 2)), np.zeros(0), np.zeros(0, int))

    def between(self, knots: Indices) -> _Curves:
        """Return a curve from each knot to the next."""
        ends = self._track.ends(knots)
        keys = knots * (len(self._track.points) + 1) + ends
        new = ~np.isin(keys, self._keys)
        if new.any():
            fitted = _fit(self._track, knots[new], ends[new])
            self._keys = np.append(self._keys, keys[new])
            self._known = self._known.followed_by(fitted)
        order = np.argsort(self._keys)
        places = order[np.searchsorted(self._keys, keys, sorter=order)]
        return self._known.chosen(places)


def _fit(track: _Track, knots: Indices, ends: Indices) -> _Curves:
    """Fit a curve from each of some knots to its end by least squares."""
    sizes = ends - knots
    owner = np.repeat(np.arange(len(knots)), sizes)
    firsts = np.cumsum(sizes) - sizes
    numbers = np.arange(len(owner)) + (knots - firsts)[owner]
    t = (numbers - knots[owner]) / sizes[owner]
    after = track.after(ends)
    # From here on the rows of arrays are x and y.
    points = _rows(track.points[numbers])
    start, end, out, into = map(
        _rows, (track.points[knots], track.points[after], track.tangents[knots], -track.tangents[after])
    )
    chord = np.maximum(np.sqrt(_dot(end - start, end - start)), 1e-12)
    cosine = _dot(out, into)
    wide_start, wide_end, wide_out, wide_into = (one.take(owner, axis=1) for one in (start, end, out, into))
    for refinement in range(REFINEMENTS + 1):
        s = 1 - t
        ss, tt = s * s, t * t
        first, second = 3 * ss * t, 3 * s * tt
        rest = points - wide_start * (ss * s + first) - wide_end * (tt * t + second)
        products = np.empty((5, len(t)))
        products[0], products[1], products[2] = first * first, first * second, second * second
        products[3], products[4] = first * _dot(wide_out, rest), second * _dot(wide_into, rest)
        a, b, c, d, e = np.add.reduceat(products, firsts, axis=1)
        b = b * cosine
        determinant = a * c - b * b
        sound = determinant > 1e-9 * a * c
        divisor = np.where(sound, determinant, 1)
        handles = np.stack([(c * d - b * e) / divisor, (a * e - b * d) / divisor])
        # As in the source: handles that turn back or run away are replaced by those of a gentle arc.
        sound &= ((handles > 0.01 * chord) & (handles < MAX_HANDLE * chord)).all(axis=0)
        handles = np.where(sound, handles, chord / 3)
        leaving, entering = out * handles[0], into * handles[1]
        wide_leaving, wide_entering = leaving.take(owner, axis=1), entering.take(owner, axis=1)
        off = wide_leaving * first + wide_entering * second - rest
        if refinement < REFINEMENTS:
            # One step of Newton's method towards the nearest point of the curve.
            between = (end - start + entering - leaving).take(owner, axis=1)
            velocity = 3 * (ss * wide_leaving + 2 * s * t * between - tt * wide_entering)
            acceleration = 6 * (s * (between - wide_leaving) - t * (between + wide_entering))
            slope = _dot(velocity, velocity) + _dot(acceleration, off)
            moved = t - _dot(off, velocity) / np.where(slope > 0, slope, np.inf)
            t = np.minimum(np.maximum(moved, 0), 1)
    distance = np.sqrt(_dot(off, off))
    largest = np.maximum.reduceat(distance, firsts)
    at_largest = np.flatnonzero(distance == largest[owner])
    farthest = numbers[at_largest[np.searchsorted(at_largest, firsts)]]
    return _Curves(np.stack([start + leaving, end + entering, end], axis=1).T, largest, farthest)


def _rows(points: Points) -> NDArray[np.float64]:
    return np.stack([points.real, points.imag])


def _dot(one: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
    return one[0] * other[0] + one[1] * other[1]
