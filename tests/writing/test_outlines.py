"""Outlines: what they enclose, how they move, and how others draw them."""

from __future__ import annotations

import numpy as np
import pytest
from fontTools.pens.boundsPen import BoundsPen
from fontTools.pens.recordingPen import RecordingPen
from fontTools.svgLib.path import parse_path

from handwriting.writing.outlines import Outline

KAPPA = 0.5522847498
QUARTERS = [
    [(1, KAPPA), (KAPPA, 1), (0, 1)],
    [(-KAPPA, 1), (-1, KAPPA), (-1, 0)],
    [(-1, -KAPPA), (-KAPPA, -1), (0, -1)],
    [(KAPPA, -1), (1, -KAPPA), (1, 0)],
]
CIRCLE = Outline((np.array(QUARTERS),))
RING = CIRCLE.transformed(100).together(Outline((CIRCLE.transformed(50).contours[0][::-1][:, [1, 0, 2]],)))


def test_area_and_bounds_are_those_of_the_curves() -> None:
    assert CIRCLE.area == pytest.approx(np.pi, rel=1e-3)
    assert CIRCLE.bounds == pytest.approx((-1, -1, 1, 1))
    bulge = Outline((np.array([[(0, 4), (4, 4), (4, 0)], [(3, 0), (1, 0), (0, 0)]], float),))
    assert bulge.bounds == pytest.approx((0, 0, 4, 3)), "control points reach higher than the curve"


def test_an_outline_is_enlarged_then_slanted_then_moved() -> None:
    moved = CIRCLE.transformed(2, dx=10, dy=5)
    assert moved.bounds == pytest.approx((8, 3, 12, 7))
    slanted = CIRCLE.transformed(shear=1)
    assert slanted.area == pytest.approx(CIRCLE.area)
    assert slanted.bounds.right == pytest.approx(np.sqrt(2), rel=1e-3)


def test_svg_paths_and_pens_draw_the_same() -> None:
    pens = BoundsPen(None), BoundsPen(None)
    outline = CIRCLE.transformed(100, 30, 20)
    outline.draw(pens[0])
    parse_path(outline.svg_path(), pens[1])
    left, bottom, right, top = pens[1].bounds
    assert pens[0].bounds == pytest.approx((left, -top, right, -bottom), abs=0.6)
    assert pens[0].bounds == pytest.approx(outline.bounds, abs=0.6)


def test_straight_curves_are_drawn_as_lines() -> None:
    pen = RecordingPen()
    sides = [[(30, 0), (60, 0), (90, 0)], [(90, 30), (60, 90), (0, 90)], [(0, 60), (0, 30), (0, 0)]]
    Outline((np.array(sides, float),)).draw(pen)
    assert [name for name, _ in pen.value] == ["moveTo", "lineTo", "curveTo", "lineTo", "closePath"]
