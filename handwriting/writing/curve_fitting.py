"""Few cubic curves through many points: closed polygons fitted to a tolerance.

All polygons of a drawing are fitted at once, each curve to the points between two knots. Knots are added where a curve
misses its points, and dropped where one curve fits as well as two. Points are complex numbers: x + iy.

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
    knots = track.first_knots()
    for _ in range(MAX_ROUNDS):
        ends = track.ends(knots)
        _, distance = _fit(track, knots, ends)
        sizes = ends - knots
        split = (np.maximum.reduceat(distance, knots) > tolerance) & (sizes >= 2 * MIN_POINTS)
        if not split.any():
            break
        worst = [
            first + int(distance[first:last].argmax()) for first, last in zip(knots[split], ends[split], strict=True)
        ]
        margin = np.maximum(MIN_POINTS, sizes // 4)[split]
        knots = np.sort(np.append(knots, np.clip(worst, knots[split] + margin, ends[split] - margin)))
    for number in range(DROPPING_ROUNDS):
        candidates = track.inner(knots)[number % 2 :: 2]
        fewer = np.setdiff1d(knots, candidates)
        _, distance = _fit(track, fewer, track.ends(fewer))
        good = np.maximum.reduceat(distance, fewer) <= tolerance
        knots = np.setdiff1d(knots, candidates[good[np.searchsorted(fewer, candidates, side="right") - 1]])
    curves, _ = _fit(track, knots, track.ends(knots))
    pairs = np.stack([curves.real, curves.imag], axis=2)
    return np.split(pairs, np.searchsorted(knots, track.starts[1:]))


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
        turned, tangents = [], []
        for points in polygons:
            along = np.roll(points, -1) - np.roll(points, 1)
            along /= np.maximum(np.abs(along), 1e-12)
            # The polygon begins at its sharpest turn: a curve is not to pass there.
            start = int((np.roll(along, -2) * np.roll(along, 2).conj()).real.argmin())
            turned.append(np.roll(points, -start))
            tangents.append(np.roll(along, -start))
        sizes = [len(points) for points in polygons]
        return cls(np.concatenate(turned), np.concatenate(tangents), np.cumsum([0, *sizes[:-1]]))

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

    def inner(self, knots: Indices) -> Indices:
        """Return the knots that can be dropped: of each polygon all but the first and one in its middle."""
        place = np.arange(len(knots)) - np.searchsorted(knots, self.starts)[self._polygon(knots)]
        count = np.bincount(self._polygon(knots))[self._polygon(knots)]
        return knots[(place > 0) & (place != count // 2)]

    def after(self, ends: Indices) -> Indices:
        """Return the point on which each curve ends: the first of the next curve or of its own polygon."""
        polygon = self._polygon(ends - 1)
        stops = np.append(self.starts[1:], len(self.points))
        return np.where(ends == stops[polygon], self.starts[polygon], ends)

    def _polygon(self, indices: Indices) -> Indices:
        return np.searchsorted(self.starts, indices, side="right") - 1


def _fit(track: _Track, knots: Indices, ends: Indices) -> tuple[Points, NDArray[np.float64]]:
    """Fit a curve from each knot to the next by least squares.

    Returns:
        The curves, complex128 ``(k, 3)``, and the distance of each point from its curve, float64 ``(N,)``.
    """
    points = track.points
    sizes = ends - knots
    owner = np.repeat(np.arange(len(knots)), sizes)
    t = (np.arange(len(points)) - knots[owner]) / sizes[owner]
    after = track.after(ends)
    start, end, out, into = points[knots], points[after], track.tangents[knots], -track.tangents[after]
    chord = np.maximum(np.abs(end - start), 1e-12)
    wide = np.stack([start, end, out.conj(), into.conj()])[:, owner]
    for refinement in range(REFINEMENTS + 1):
        s = 1 - t
        first, second = 3 * s * s * t, 3 * s * t * t
        rest = points - wide[0] * (s**3 + first) - wide[1] * (t**3 + second)
        towards, back = (wide[2] * rest).real, (wide[3] * rest).real
        products = np.stack([first * first, first * second, second * second, first * towards, second * back])
        a, b, c, d, e = np.add.reduceat(products, knots, axis=1)
        b = b * (out * into.conj()).real
        determinant = a * c - b * b
        sound = determinant > 1e-9 * a * c
        divisor = np.where(sound, determinant, 1)
        handles = np.stack([(c * d - b * e) / divisor, (a * e - b * d) / divisor])
        # As in the source: handles that turn back or run away are replaced by those of a gentle arc.
        sound &= ((handles > 0.01 * chord) & (handles < MAX_HANDLE * chord)).all(axis=0)
        handles = np.where(sound, handles, chord / 3)
        curves = np.stack([start + out * handles[0], end + into * handles[1], end], axis=1)
        p1, p2, p3 = curves.T[:, owner]
        p0 = wide[0]
        off = s**3 * p0 + first * p1 + second * p2 + t**3 * p3 - points
        if refinement < REFINEMENTS:
            # One step of Newton's method towards the nearest point of the curve.
            velocity = 3 * (s * s * (p1 - p0) + 2 * s * t * (p2 - p1) + t * t * (p3 - p2))
            acceleration = 6 * (s * (p2 - 2 * p1 + p0) + t * (p3 - 2 * p2 + p1))
            slope = (velocity * velocity.conj() + acceleration * off.conj()).real
            moved = t - (off * velocity.conj()).real / np.where(slope > 0, slope, np.inf)
            t = np.minimum(np.maximum(moved, 0), 1)
    return curves, np.abs(off)
