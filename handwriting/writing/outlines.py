"""Outlines: closed contours of cubic Bézier curves, as fonts and vector graphics hold them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

FLAT = 0.02
"""Distance of both control points from the chord, as a share of its length, up to which a curve is a straight line."""


class OutlineBox(NamedTuple):
    """A bounding box, in the units of its outline; y grows upwards."""

    left: float
    bottom: float
    right: float
    top: float


@dataclass(frozen=True, eq=False)
class Outline:
    """The edges of ink: what lies inside is inked.

    Attributes:
        contours: One array for each closed contour, float64 ``(n, 3, 2)``: the two control points and the end of each
            of its ``n`` cubic curves as x and y. A curve begins where the one before it ends, the first one where the
            last one ends. Y grows upwards. Outer contours run counter-clockwise and holes clockwise, as PostScript
            fonts have them.
    """

    contours: tuple[NDArray[np.float64], ...] = ()

    @property
    def area(self) -> float:
        """The inked area, holes excluded, in squares of the unit; negative where contours run the wrong way."""
        return sum(contour_area(contour) for contour in self.contours)

    @property
    def curves(self) -> int:
        """The number of curves."""
        return sum(len(contour) for contour in self.contours)

    @property
    def bounds(self) -> OutlineBox:
        """The smallest box that holds every curve; all zeros where there is none."""
        if not self.contours:
            return OutlineBox(0.0, 0.0, 0.0, 0.0)
        corners = [_contour_bounds(contour) for contour in self.contours]
        left, bottom = np.min([low for low, _ in corners], axis=0)
        right, top = np.max([high for _, high in corners], axis=0)
        return OutlineBox(float(left), float(bottom), float(right), float(top))

    def transformed(self, scale: float = 1.0, dx: float = 0.0, dy: float = 0.0, shear: float = 0.0) -> Outline:
        """Return the outline enlarged, then slanted, then moved.

        Args:
            scale: Factor of both axes, positive.
            dx: Move to the right, in units of the result.
            dy: Move upwards, in units of the result.
            shear: Move to the right for each unit of height: the tangent of the slant.
        """
        matrix = scale * np.array([[1.0, 0.0], [shear, 1.0]])
        return Outline(tuple(contour @ matrix + (dx, dy) for contour in self.contours))

    def together(self, other: Outline) -> Outline:
        """Return the contours of two outlines as one, for a letter and its accent; they are not merged."""
        return Outline(self.contours + other.contours)

    def svg_path(self, decimals: int = 2) -> str:
        """Return the data of an SVG ``path`` in absolute coordinates; there y grows downwards.

        >>> sides = [[(0, 0), (1, 0), (1, 0)], [(1, 0), (0, 2), (0, 2)], [(0, 2), (0, 0), (0, 0)]]
        >>> Outline((np.array(sides),)).svg_path()
        'M0 0L1 0L0 -2L0 0Z'
        """
        parts: list[str] = []

        def numbers(points: NDArray[np.float64]) -> str:
            return " ".join(f"{value:.{decimals}f}".rstrip("0").rstrip(".") for value in points.ravel())

        for contour in self.contours:
            flipped = np.round(contour * (1, -1), decimals) + 0.0
            parts.append("M" + numbers(flipped[-1, 2]))
            for curve, straight in zip(flipped, straight_curves(contour), strict=True):
                parts.append("L" + numbers(curve[2]) if straight else "C" + numbers(curve))
            parts.append("Z")
        return "".join(parts)

    def draw(self, pen: Any) -> None:
        """Draw every contour with a segment pen of fontTools, in whole units."""
        for contour in self.contours:
            points = np.rint(contour).astype(int).tolist()
            pen.moveTo(tuple(points[-1][2]))
            for curve, straight in zip(points, straight_curves(contour), strict=True):
                if straight:
                    pen.lineTo(tuple(curve[2]))
                else:
                    pen.curveTo(*map(tuple, curve))
            pen.closePath()


def contour_area(contour: NDArray[np.float64]) -> float:
    """Return the signed area within a contour ``(n, 3, 2)``: positive where it runs counter-clockwise."""
    start, first, second, end = _control_points(contour)

    def cross(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
        return a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]

    # The integral of x dy - y dx over a cubic curve, in closed form.
    total = (
        6 * cross(start, first) + 3 * cross(start, second) + cross(start, end)
        + 3 * cross(first, second) + 3 * cross(first, end) + 6 * cross(second, end)
    )  # fmt: skip
    return float(total.sum()) / 20


def straight_curves(contour: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return which curves of a contour ``(n, 3, 2)`` are straight lines, bool ``(n,)``."""
    start, first, second, end = _control_points(contour)
    chord = end - start
    length = np.maximum(np.hypot(*chord.T), 1e-9)
    away = [np.abs(chord[:, 0] * (p - start)[:, 1] - chord[:, 1] * (p - start)[:, 0]) for p in (first, second)]
    return np.maximum(*away) / length**2 <= FLAT


def _control_points(contour: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
    return np.roll(contour[:, 2], 1, axis=0), contour[:, 0], contour[:, 1], contour[:, 2]


def _contour_bounds(contour: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the lowest and highest x and y of the curves themselves, not of their control points."""
    p0, p1, p2, p3 = _control_points(contour)
    # The derivative of a cubic curve is a t^2 + b t + c.
    a, b, c = -p0 + 3 * p1 - 3 * p2 + p3, 2 * (p0 - 2 * p1 + p2), p1 - p0
    with np.errstate(divide="ignore", invalid="ignore"):
        root = np.sqrt(b * b - 4 * a * c)
        turns = np.stack([(-b + root) / (2 * a), (-b - root) / (2 * a), -c / b])
    t = np.clip(np.nan_to_num(turns, nan=0.0, posinf=0.0, neginf=0.0), 0, 1)
    s = 1 - t
    points = np.concatenate([p3[None], s**3 * p0 + 3 * s * s * t * p1 + 3 * s * t * t * p2 + t**3 * p3])
    return points.min(axis=(0, 1)), points.max(axis=(0, 1))
