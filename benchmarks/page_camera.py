"""How a drawn page looks through a camera or a scanner: its ink traced to pixels, its paper, table and light."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.page_layout import FIRST_LINE, GRID, Letter
from benchmarks.page_style import INCH, Colour, PageStyle

SQUARE = 5.0
"""Approximate side of the squares of squared paper, in millimetres; the line pitch is a multiple of it."""
SPECK = (0.08, 0.25)
"""Range of the radius of a speck of dirt, in millimetres."""
TABLE_BORDER = 0.06
"""Visible border of the table on every side, as a fraction of the sheet's width."""
WOOD_GRAIN = (160, 5)
"""Knots of the random field that draws the table's wood: from top to bottom, from left to right."""
SHADOW_EDGE = 0.02
"""Width of a shadow's soft edge, as a fraction of the picture."""
SHIFT = 4
"""Fractional bits of the coordinates given to OpenCV."""
TABLE: Colour = (74, 52, 38)


def place_camera(style: PageStyle, rng: np.random.Generator) -> tuple[NDArray[np.float64], tuple[int, int]]:
    """Return the 3x3 matrix from millimetres of the sheet to pixels, and the picture's height and width."""
    width, height = (inches * INCH for inches in style.size)
    sheet = np.array([[0, 0], [width, 0], [width, height], [0, height]])
    angle = np.deg2rad(style.skew)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])  # y points down
    corners = sheet @ turn.T + style.perspective * width * rng.uniform(-1, 1, (4, 2))
    border = TABLE_BORDER * width * style.table
    seen = (corners - corners.min(axis=0) + border) * style.dpi / INCH
    columns, rows = np.ceil(seen.max(axis=0) + border * style.dpi / INCH - 1e-3).astype(int)
    # Whole numbers are the centres of pixels: edges lie half a pixel before them.
    matrix = cv2.getPerspectiveTransform(sheet.astype(np.float32), (seen - 0.5).astype(np.float32))
    return matrix.astype(np.float64), (int(rows), int(columns))


def trace(
    letters: Sequence[Letter], style: PageStyle, to_image: NDArray[np.float64], shape: tuple[int, int]
) -> tuple[NDArray[np.uint8], NDArray[np.int32], NDArray[np.int32]]:
    """Return how much of each pixel the pen covers, 0..255, which character's ink it is, and which one's dot."""
    coverage, characters, dots = np.zeros(shape, np.uint8), np.zeros(shape, np.int32), np.zeros(shape, np.int32)
    pixel, step = INCH / style.dpi, style.x_height / GRID
    least = 127 * min(1, style.pen / pixel)  # half a pixel, or half of what a thinner pen can cover
    fine = max(1, round(pixel / step))
    from_grid = to_image @ np.array([[step, 0, step / 2], [0, step, step / 2], [0, 0, 1]])
    for number, letter in enumerate(letters, start=1):
        from_letter = from_grid @ np.array([[1, 0, letter.x], [0, 1, letter.y], [0, 0, 1]])
        place, covered = _project(letter.ink, from_letter, fine, shape)
        owned = covered >= least
        characters[place][owned] = number
        dots[place][owned] = 0
        if letter.dot:
            dot = np.pad(letter.ink[: letter.dot], ((0, len(letter.ink) - letter.dot), (0, 0)))
            _, dotted = _project(dot, from_letter, fine, shape)
            dots[place][owned & (dotted > covered // 2)] = number
        np.maximum(coverage[place], covered, out=coverage[place])
    return coverage, characters, dots


def _project(
    ink: NDArray[np.uint8], to_image: NDArray[np.float64], fine: int, shape: tuple[int, int]
) -> tuple[tuple[slice, slice], NDArray[np.uint8]]:
    """Return the part of the picture that a letter's ink falls on, and how much of its pixels it covers, 0..255.

    Args:
        ink: uint8 ``(h, w)``.
        to_image: The 3x3 matrix from its pixels to the picture's.
        fine: Into how many parts each side of a pixel is divided to find how much of it is covered.
        shape: The picture's height and width.
    """
    height, width = ink.shape
    corners = np.array([[[-1, -1], [width, -1], [width, height], [-1, height]]], np.float64)
    around = cv2.perspectiveTransform(corners, to_image)[0]
    left, top = np.maximum(np.floor(around.min(axis=0)).astype(int), 0).tolist()
    right, bottom = np.minimum(np.ceil(around.max(axis=0)).astype(int) + 1, shape[::-1]).tolist()
    middle = (fine - 1) / 2
    divide = np.array([[fine, 0, middle - fine * left], [0, fine, middle - fine * top], [0, 0, 1]])
    parts = cv2.warpPerspective(ink, divide @ to_image, ((right - left) * fine, (bottom - top) * fine))
    covered = cv2.resize(parts, (right - left, bottom - top), interpolation=cv2.INTER_AREA)
    return (slice(top, bottom), slice(left, right)), covered.astype(np.uint8)


def develop(
    coverage: NDArray[np.uint8], style: PageStyle, to_image: NDArray[np.float64], rng: np.random.Generator
) -> NDArray[np.uint8]:
    """Return the picture: paper, rules, ink and dirt, the table around them, and the light on all."""
    shape = coverage.shape
    dirt, wood, light, grain, sensor = rng.spawn(5)  # so that no degradation changes another
    picture = np.empty((3, *shape), np.float32)
    picture[:] = _colour(style.paper)

    def paint(colour: NDArray[np.float32], opacity: NDArray[np.float32]) -> None:
        picture[:] += opacity * (colour - picture)

    paint(_colour(style.rule_ink), _rules(style, to_image, shape))
    tooth = style.grain * grain.random(shape, np.float32)
    paint(_colour(style.ink), coverage.astype(np.float32) / 255 * (1 - tooth))
    paint(_colour(style.ink), _specks(style, to_image, shape, dirt))
    if style.table:
        paint(_colour(TABLE) * (0.6 + 0.8 * _field(wood, WOOD_GRAIN, shape)), 1 - _sheet(style, to_image, shape))
    picture *= 1 - style.shade * _field(light, (3, 3), shape)
    picture *= 1 - style.shadow * _shadow(light, shape)
    if style.blur:
        sigma = style.blur * style.dpi / INCH
        picture = np.stack([cv2.GaussianBlur(plane, (0, 0), sigma) for plane in picture])
    picture += style.noise * sensor.standard_normal(shape, np.float32)
    return np.ascontiguousarray(np.clip(picture + 0.5, 0, 255).astype(np.uint8).transpose(1, 2, 0))


def _colour(colour: Colour) -> NDArray[np.float32]:
    return np.array(colour, np.float32)[:, None, None]


def _seen(points: NDArray[np.float64], to_image: NDArray[np.float64]) -> NDArray[np.int32]:
    """Return where points of the sheet ``(n, 2)`` appear, as OpenCV draws them: in whole steps of a pixel's part."""
    return np.round(cv2.perspectiveTransform(points[None], to_image)[0] * (1 << SHIFT)).astype(np.int32)


def _rules(style: PageStyle, to_image: NDArray[np.float64], shape: tuple[int, int]) -> NDArray[np.float32]:
    """Return how much of each pixel the sheet's rules cover, 0..1. They go on beyond its edges."""
    canvas = np.zeros(shape, np.uint8)
    width, height = (inches * INCH for inches in style.size)
    first, pitch = style.margin * INCH + FIRST_LINE * style.x_height, style.line_pitch[0] * style.x_height
    weight = style.rule_weight * style.dpi / INCH
    if style.rules == "squared":
        pitch /= max(1, round(pitch / SQUARE))
    beyond = max(width, height) // (2 * pitch) * pitch
    ends = []
    if style.rules != "none":
        ends += [[(-beyond, y), (width + beyond, y)] for y in np.arange(first % pitch - beyond, height + beyond, pitch)]
    if style.rules == "squared":
        ends += [[(x, -beyond), (x, height + beyond)] for x in np.arange(-beyond, width + beyond, pitch)]
    for line in ends:
        start, end = _seen(np.array(line), to_image).tolist()
        cv2.line(canvas, start, end, round(255 * min(1, weight)), max(1, round(weight)), cv2.LINE_AA, SHIFT)
    return (canvas / 255).astype(np.float32)


def _specks(
    style: PageStyle, to_image: NDArray[np.float64], shape: tuple[int, int], rng: np.random.Generator
) -> NDArray[np.float32]:
    """Return how much of each pixel specks of dirt cover, 0..1."""
    canvas = np.zeros(shape, np.uint8)
    count = round(style.specks * np.prod(style.size))
    places = rng.random((count, 2)) * np.array(style.size) * INCH
    radii = rng.uniform(*SPECK, count) * style.dpi / INCH * (1 << SHIFT)
    for place, radius in zip(_seen(places, to_image).tolist() if count else (), radii, strict=True):
        cv2.circle(canvas, place, round(radius), 255, cv2.FILLED, cv2.LINE_AA, SHIFT)
    return (canvas / 255).astype(np.float32)


def _sheet(style: PageStyle, to_image: NDArray[np.float64], shape: tuple[int, int]) -> NDArray[np.float32]:
    """Return how much of each pixel the sheet covers, 0..1."""
    width, height = (inches * INCH for inches in style.size)
    corners = _seen(np.array([[0, 0], [width, 0], [width, height], [0, height]]), to_image)
    canvas = np.zeros(shape, np.uint8)
    cv2.fillConvexPoly(canvas, corners, 255, cv2.LINE_AA, SHIFT)
    return (canvas / 255).astype(np.float32)


def _field(rng: np.random.Generator, knots: tuple[int, int], shape: tuple[int, int]) -> NDArray[np.float32]:
    """Return a smooth random field in 0..1, interpolated from ``knots`` random rows and columns."""
    field = cv2.resize(rng.random(knots, np.float32), shape[::-1], interpolation=cv2.INTER_CUBIC).astype(np.float32)
    return (field - field.min()) / np.ptp(field)


def _shadow(rng: np.random.Generator, shape: tuple[int, int]) -> NDArray[np.float32]:
    """Return 1 on one side of a soft edge through the middle of the picture, and 0 on the other."""
    angle, place = rng.uniform(0, 2 * np.pi), rng.uniform(-0.2, 0.2)
    y, x = (np.linspace(-0.5, 0.5, side, dtype=np.float32) for side in shape)
    beyond = np.cos(angle) * x + np.sin(angle) * y[:, None] - place
    return (1 / (1 + np.exp(-beyond / SHADOW_EDGE))).astype(np.float32)
