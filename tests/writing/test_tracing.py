"""What outlines promise: strokes whole, counters open, edges smooth, few curves, the same every time."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from handwriting.writing.curve_fitting import evenly_spaced, fit_closed
from handwriting.writing.outlines import Outline, contour_area
from handwriting.writing.tracing import trace, trace_all

X_HEIGHT = 20.0
FINE = 8
"""Drawings are made this much larger and averaged, so that their edges are soft and where they should be."""


def ink(size: tuple[int, int], *strokes: tuple[list[tuple[float, float]], float, float]) -> NDArray[np.uint8]:
    """Return strokes (points, width and level) as grey ink ``size`` (h, w), all in pixels."""
    grey = np.zeros((size[0] * FINE, size[1] * FINE), np.float32)
    for points, width, level in strokes:
        stroke = np.zeros_like(grey)
        path = np.rint(np.array(points) * FINE * 16).astype(np.int32)
        cv2.polylines(stroke, [path], False, level, round(width * FINE), cv2.LINE_AA, 4)
        grey = np.maximum(grey, stroke)
    small = cv2.resize(grey, size[::-1], interpolation=cv2.INTER_AREA)
    return np.rint(cv2.GaussianBlur(small, (0, 0), 0.7)).astype(np.uint8)


def arc(centre: tuple[float, float], radius: float, first: float = 0, last: float = 360) -> list[tuple[float, float]]:
    angles = np.radians(np.linspace(first, last, 60))
    return [(centre[0] + radius * np.cos(a), centre[1] + radius * np.sin(a)) for a in angles]


def parts(outline: Outline) -> tuple[int, int]:
    """Return the numbers of components and of holes."""
    areas = [contour_area(contour) for contour in outline.contours]
    return sum(area > 0 for area in areas), sum(area < 0 for area in areas)


def test_a_ring_is_where_it_was_drawn_and_its_hole_runs_the_other_way() -> None:
    outline = trace(ink((48, 48), (arc((24, 24), 12), 5, 250)), X_HEIGHT, origin=(24, 24))
    assert parts(outline) == (1, 1)
    assert outline.bounds == pytest.approx((-14.5, -14.5, 14.5, 14.5), abs=0.4)
    assert outline.area == pytest.approx(np.pi * (14.5**2 - 9.5**2), rel=0.08)


@pytest.mark.parametrize("contour", [0, 1])
def test_edges_stay_smooth_when_they_are_enlarged(contour: int) -> None:
    """No point of a ring's edges leaves a circle by more than a hundredth of the x-height."""
    outline = trace(ink((48, 48), (arc((24, 24), 12), 5, 250)), X_HEIGHT, origin=(24, 24))
    distance = np.abs(points_on(outline.contours[contour]))
    assert np.ptp(distance) < 0.02 * X_HEIGHT


def points_on(contour: NDArray[np.float64]) -> NDArray[np.complex128]:
    """Return points on every curve of a contour, as x + iy."""
    first, second, end = (contour[..., 0] + 1j * contour[..., 1]).T[:, :, None]
    start, t = np.roll(end, 1, axis=0), np.linspace(0, 1, 9)
    s = 1 - t
    return (s**3 * start + 3 * s * s * t * first + 3 * s * t * t * second + t**3 * end).ravel()


@pytest.mark.parametrize("pale", [50, 90, 160])
def test_a_stroke_that_fades_stays_whole(pale: int) -> None:
    dark, faint = (arc((30, 30), 18, *angles) for angles in ((0, 250), (240, 360)))
    drawing = ink((60, 60), (dark, 4, 250), (faint, 4, pale))
    assert parts(trace(drawing, X_HEIGHT)) == (1, 1)
    if pale < 100:
        assert cv2.connectedComponents((drawing[:24] >= 125).astype(np.uint8))[0] - 1 == 1, "half of the level cuts it"


@pytest.mark.parametrize("gap", [2.0, 3.0, 5.0])
def test_a_narrow_counter_stays_open(gap: float) -> None:
    radius = (gap + 5) / 2
    loop = [(24 + x * radius, 24 + y * 1.6 * radius) for x, y in arc((0, 0), 1)]
    drawing = ink((48, 48), (loop, 5, 250))
    assert parts(trace(drawing, X_HEIGHT)) == (1, 1)


def faded_letters(count: int) -> list[tuple[NDArray[np.uint8], tuple[int, int]]]:
    """Return letters of a stroke font as a pen of uneven pressure leaves them, with their true components and holes."""
    random = np.random.default_rng(0)
    found = []
    for number in range(count):
        letter = "abcdeghlmnopqsuy"[number % 16]
        font, size = ((cv2.FONT_HERSHEY_SIMPLEX, 11.0), (cv2.FONT_HERSHEY_SCRIPT_SIMPLEX, 17.0))[number % 2]
        canvas = np.zeros((90 * FINE, 90 * FINE), np.uint8)
        cv2.putText(canvas, letter, (26 * FINE, 54 * FINE), font, size, 255, 34, cv2.LINE_AA)
        slanted = cv2.warpAffine(canvas, np.array([[1, -random.uniform(0, 0.4), 120], [0, 1, 0]]), canvas.shape[::-1])
        true = components_and_holes(slanted >= 128)
        small = cv2.GaussianBlur(cv2.resize(slanted, (90, 90), interpolation=cv2.INTER_AREA), (0, 0), 0.7)
        pressure = cv2.GaussianBlur(random.normal(0, 1, small.shape), (0, 0), 5)
        pressure = np.clip(0.6 + 0.25 * pressure / pressure.std(), 0.22, 1)
        grainy = small * pressure * random.normal(1, 0.06, small.shape)
        found.append((np.clip(grainy, 0, 255).astype(np.uint8), true))
    return found


def components_and_holes(mask: NDArray[np.bool_]) -> tuple[int, int]:
    padded = np.pad(mask, 1).astype(np.uint8)
    inked, paper = (cv2.connectedComponents(of, connectivity=way)[0] - 1 for of, way in ((padded, 8), (1 - padded, 4)))
    return inked, paper - 1


def test_letters_of_uneven_pressure_keep_their_parts_and_holes() -> None:
    """Nine in ten, where one threshold for the whole letter, half of its full ink, leaves every fourth as it was."""
    drawings = faded_letters(110)
    traced = np.mean([parts(trace(drawing, X_HEIGHT)) == true for drawing, true in drawings])
    halved = np.mean(
        [
            components_and_holes(drawing >= np.percentile(drawing[drawing > 40], 95) / 2) == true
            for drawing, true in drawings
        ]
    )
    assert halved < 0.35
    assert traced > 0.85


def test_grain_is_no_ink_and_makes_no_holes() -> None:
    random = np.random.default_rng(0)
    clean = ink((40, 80), ([(10, 20), (70, 20)], 6, 230))
    grainy = np.clip(clean + random.normal(0, 8, clean.shape), 0, 255).astype(np.uint8)
    assert parts(trace(grainy, X_HEIGHT)) == (1, 0)


def test_a_dot_stays_a_dot() -> None:
    outline = trace(ink((40, 30), ([(15, 20), (15, 36)], 5, 240), ([(15, 6), (15, 6.1)], 5, 240)), X_HEIGHT)
    assert parts(outline) == (2, 0)
    dot = min(outline.contours, key=lambda contour: abs(contour_area(contour)))
    assert np.pi * 2.5**2 < contour_area(dot) < np.pi * 3.3**2


def test_a_letter_takes_few_curves() -> None:
    counts = []
    for letter in "abdeghkmnsw":
        canvas = np.zeros((60 * FINE, 60 * FINE), np.uint8)
        cv2.putText(canvas, letter, (10 * FINE, 40 * FINE), cv2.FONT_HERSHEY_SCRIPT_SIMPLEX, 9.0, 255, 36, cv2.LINE_AA)
        small = cv2.GaussianBlur(cv2.resize(canvas, (60, 60), interpolation=cv2.INTER_AREA), (0, 0), 0.7)
        counts.append(trace(np.asarray(small, np.uint8), X_HEIGHT).curves)
    assert min(counts) >= 8
    assert np.mean(counts) <= 60


def test_the_same_drawing_gives_the_same_outline() -> None:
    drawing = ink((48, 48), (arc((24, 24), 12, 20, 320), 5, 250))
    first, second = (trace(drawing, X_HEIGHT) for _ in range(2))
    assert all(np.array_equal(a, b) for a, b in zip(first.contours, second.contours, strict=True))


def test_drawings_traced_together_are_as_when_each_is_traced_alone() -> None:
    drawings = [drawing for drawing, _ in faded_letters(8)]
    drawings.insert(3, np.zeros((20, 20), np.uint8))
    for drawing, outline in zip(drawings, trace_all(drawings, X_HEIGHT), strict=True):
        alone = trace(drawing, X_HEIGHT)
        assert all(np.array_equal(*pair) for pair in zip(outline.contours, alone.contours, strict=True))


def test_paper_around_a_drawing_does_not_change_its_outline() -> None:
    drawing = ink((48, 48), (arc((24, 24), 12, 20, 320), 5, 250))
    wider = trace(np.pad(drawing, ((9, 5), (7, 30))), X_HEIGHT, origin=(7, 9))
    for contour, same in zip(trace(drawing, X_HEIGHT).contours, wider.contours, strict=True):
        assert contour == pytest.approx(same, abs=1e-9)


def test_scale_and_origin_place_the_outline() -> None:
    drawing = ink((48, 48), (arc((24, 20), 12), 5, 250))
    plain, placed = trace(drawing, X_HEIGHT), trace(drawing, X_HEIGHT, origin=(10, 30), scale=15)
    assert placed.bounds == pytest.approx(plain.transformed(15, -150, 450).bounds, abs=1e-6)


def test_ink_at_the_border_of_its_picture_is_closed_there() -> None:
    outline = trace(ink((20, 40), ([(-10, 10), (50, 10)], 6, 250)), X_HEIGHT)
    assert parts(outline) == (1, 0)
    assert outline.bounds.left == pytest.approx(0, abs=1.5)


def test_paper_has_no_outline() -> None:
    outline = trace(np.zeros((20, 20), np.uint8), X_HEIGHT)
    assert outline.contours == ()
    assert outline.bounds == (0, 0, 0, 0)


def test_fitted_curves_stay_within_the_tolerance_and_follow_corners() -> None:
    square = evenly_spaced(np.array([0, 4, 4 + 4j, 4j], complex), 0.05)
    circle = evenly_spaced(np.exp(2j * np.pi * np.arange(500) / 500), 0.02)
    for polygon, most in ((square, 24), (circle, 8)):
        [contour] = fit_closed([polygon], 0.01)
        assert len(contour) <= most
        on_curves = points_on(contour)
        nearest = np.abs(polygon[:, None] - on_curves[None]).min(axis=1)
        assert nearest.max() < 0.3, "curves pass all points"
        assert np.abs(on_curves[:, None] - polygon[None]).min(axis=1).max() < 0.05, "and nowhere else"
