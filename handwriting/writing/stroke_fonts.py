"""Characters of stroke fonts, and the centre lines of characters: what a pen follows to draw them.

ASCII comes from the stroke fonts that OpenCV draws (A. V. Hershey, Calligraphy for Computers, 1967); other characters
are the thinned outlines of DejaVu Sans, which comes with Matplotlib. Commas and typographic quotes have curves of their
own: in those fonts the weight of their heads tells them from dots and bars, which the stroke of a pen does not have.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from functools import cache
from itertools import cycle

import cv2
import numpy as np
from numpy.typing import NDArray

FONTS = (
    cv2.FONT_HERSHEY_SIMPLEX,
    cv2.FONT_HERSHEY_DUPLEX,
    cv2.FONT_HERSHEY_COMPLEX,
    cv2.FONT_HERSHEY_TRIPLEX,
    cv2.FONT_HERSHEY_SCRIPT_SIMPLEX,
    cv2.FONT_HERSHEY_SCRIPT_COMPLEX,
)
CAPITAL_HEIGHT = 0.48
BASELINE = 0.64
"""The height of capitals and the row of their baseline, as fractions of the image's size; loops fit around them."""
LINE_SIDE = 500
"""Side of the picture in which the centre lines of a character are found, in pixels."""
SCRIPT_SLANT = 0.18
"""The tangent of the slant of the script fonts."""
MIN_SPUR = 0.09
"""Length of the shortest branch of a thinned outline that is a stroke, in heights of capitals."""
HALF_OUTLINE = 0.06
"""Half of the width of the strokes of DejaVu Sans, in heights of capitals."""
FIRST_PICTOGRAPH = 0x2600
"""Code point from which signs are pictures: they are no strokes of a pen."""

COMMA = ((0.03, 0.16), (0.2, -0.02), (-0.05, -0.32))
"""A comma of handwriting: the corners of a quadratic Bezier curve from its head to its tail, in heights of capitals."""
LOW_DISTANCE, HIGH_DISTANCE = 0.22, 0.16
"""Distance of the two strokes of double quotes on the baseline and above, in heights of capitals."""
_OPENING = ((0.12, 1.04), (-0.05, 0.88), (0.05, 0.72))
_CLOSING = ((0.05, 1.04), (0.15, 0.88), (-0.02, 0.72))
_CURVES = {
    ",": (COMMA,),
    ";": (COMMA,),
    "\u201a": (COMMA,),
    "\u201e": (COMMA, tuple((x + LOW_DISTANCE, y) for x, y in COMMA)),
    "\u2018": (_OPENING,),
    "\u201c": (_OPENING, tuple((x + HIGH_DISTANCE, y) for x, y in _OPENING)),
    "\u2019": (_CLOSING,),
    "\u201d": (_CLOSING, tuple((x + HIGH_DISTANCE, y) for x, y in _CLOSING)),
}
"""The curves of each sign that has its own."""
CURVE_POINTS = 80
"""Points of each curve."""


def written(character: str, font: int, weight: float, side: int) -> NDArray[np.uint8]:
    """Return a character in its font without smoothing: uint8 ``(side, side)``, 255 for ink.

    Capitals are ``CAPITAL_HEIGHT`` tall and stand on the row at ``BASELINE``, both fractions of ``side``.
    """
    stroke = max(1, round(weight * side))
    font_scale = cv2.getFontScaleFromHeight(font, round(CAPITAL_HEIGHT * side), stroke)
    (advance, _), _ = cv2.getTextSize(character, font, font_scale, stroke)
    image = np.zeros((side, side), np.uint8)
    origin = (round((side - advance) / 2), round(BASELINE * side))
    cv2.putText(image, character, origin, font, font_scale, 255, stroke)
    return image


def drawable(characters: Iterable[str]) -> frozenset[str]:
    """Return those of some characters that have centre lines; emoji, for one, have none.

    >>> sorted(drawable("a€あ😀"))
    ['a', '€']
    """
    return frozenset(filter(_has_lines, characters))


@cache
def centre_lines(character: str, script: bool = False) -> NDArray[np.float64]:
    """Return points of the centre lines of an upright character, close enough to each other to be drawn as strokes.

    Args:
        character: A character that is :func:`drawable`.
        script: Whether letters of ASCII have the form that a joined hand writes.

    Returns:
        To the right and up from the start of the baseline, in heights of capitals, float64 ``(n, 2)``.
    """
    if character in _CURVES:
        return _curved(character)
    if not _is_ascii(character):
        return _thinned(character)
    font = cv2.FONT_HERSHEY_SCRIPT_SIMPLEX if script else cv2.FONT_HERSHEY_SIMPLEX
    rows, columns = np.nonzero(written(character, font, 0, LINE_SIDE))
    points = np.stack([columns, round(BASELINE * LINE_SIDE) - rows], 1) / _hershey_height(font)
    if script and character.isalpha():
        points[:, 0] -= SCRIPT_SLANT * points[:, 1]
    points[:, 0] -= points[:, 0].min()
    return np.asarray(points, np.float64)


def _curved(character: str) -> NDArray[np.float64]:
    """Return the centre lines of a sign that has its own curves; a semicolon has the upper dot of a colon, too."""
    at = np.linspace(0, 1, CURVE_POINTS)[:, None]
    parts = [
        (1 - at) ** 2 * start + 2 * at * (1 - at) * bend + at**2 * end
        for start, bend, end in map(np.array, _CURVES[character])
    ]
    if character == ";":
        dots = centre_lines(":")
        parts.append(dots[dots[:, 1] > dots[:, 1].mean()])
    points = np.concatenate(parts)
    return np.asarray(points - [points[:, 0].min(), 0], np.float64)


def _is_ascii(character: str) -> bool:
    return "!" <= character <= "~"


def _has_lines(character: str) -> bool:
    if len(character) != 1 or _is_ascii(character):
        return len(character) == 1
    category = unicodedata.category(character)
    if category[0] in "MZC" or category == "Sk" or (category == "So" and ord(character) >= FIRST_PICTOGRAPH):
        return False
    return unicodedata.bidirectional(character) not in ("R", "AL") and _dejavu_has(character)


@cache
def _hershey_height(font: int) -> float:
    rows, _ = np.nonzero(written("H", font, 0, LINE_SIDE))
    return float(np.ptp(rows))


def _dejavu_has(character: str) -> bool:
    from matplotlib.font_manager import get_font

    return get_font(_dejavu_file()).get_char_index(ord(character)) != 0


@cache
def _dejavu_file() -> str:
    from matplotlib.font_manager import FontProperties, findfont

    return str(findfont(FontProperties(family="DejaVu Sans")))


@cache
def _dejavu_capital() -> float:
    """Return the height of a capital of DejaVu Sans whose size is 100."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import TextPath

    path = TextPath((0, 0), "H", size=100, prop=FontProperties(family="DejaVu Sans"))
    return float(path.get_extents().height)


def _thinned(character: str) -> NDArray[np.float64]:
    """Return the centre lines of a character of DejaVu Sans."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import TextPath

    font = FontProperties(family="DejaVu Sans")
    capital = _dejavu_capital()
    unit = CAPITAL_HEIGHT * LINE_SIDE / capital
    outlines = TextPath((0, 0), character, size=100, prop=font).to_polygons(closed_only=True)
    corners = [
        np.rint(np.asarray(one) * [unit, -unit] + [0.1 * LINE_SIDE, BASELINE * LINE_SIDE]).astype(np.int32)
        for one in outlines
    ]
    width = max(int(one[:, 0].max()) for one in corners) + LINE_SIDE // 10
    filled = np.zeros((LINE_SIDE * 5 // 4, width), np.uint8)
    cv2.fillPoly(filled, corners, 1)
    rows, columns = np.nonzero(thinned(filled > 0, MIN_SPUR * unit * capital))
    points = np.stack([columns, BASELINE * LINE_SIDE - rows], 1) / (unit * capital)
    # The middle of a stroke at the baseline, and of one at the height of capitals, lie within its outline.
    points = (points - [points[:, 0].min(), HALF_OUTLINE]) / (1 - 2 * HALF_OUTLINE)
    return np.asarray(points, np.float64)


def thinned(shape: NDArray[np.bool_], min_spur: float = 0.0) -> NDArray[np.bool_]:
    """Return the centre lines of a shape, one pixel wide.

    Source: T. Y. Zhang and C. Y. Suen, A fast parallel algorithm for thinning digital patterns, 1984.

    Args:
        shape: Where there is ink, ``(h, w)``.
        min_spur: Length of the shortest branch that is kept, in pixels; branches arise at corners.
    """
    lines = np.pad(shape, 1).astype(np.uint8)
    flat = lines.ravel()
    # A pixel can go only if one next to it went since the same step was last taken.
    beside, beside_before = np.flatnonzero(flat), np.zeros(0, np.intp)
    for removable in cycle(_removable()):
        near = np.zeros(len(flat), bool)
        near[beside] = near[beside_before] = True
        candidates = np.flatnonzero(near & (flat > 0))
        removed = candidates[removable[_neighbourhood(lines, candidates)]]
        if not len(removed) and not len(beside):
            break
        flat[removed] = 0
        beside, beside_before = (removed[:, None] + _offsets(lines)).ravel(), beside
    kept = lines[1:-1, 1:-1] > 0
    return _without_spurs(kept, min_spur) if min_spur else kept


_AROUND = ((-1, 0), (-1, 1), (0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1))


def _offsets(padded: NDArray[np.uint8]) -> NDArray[np.intp]:
    """Return how far the eight neighbours of a pixel lie from it in a flat picture, clockwise from the one above."""
    return np.array([down * padded.shape[1] + right for down, right in _AROUND])


def _neighbourhood(padded: NDArray[np.uint8], places: NDArray[np.intp]) -> NDArray[np.uint8]:
    """Return which of its eight neighbours the pixel at each place of a flat picture has, one bit each, as above."""
    around = padded.ravel()[places[:, None] + _offsets(padded)]
    return np.packbits(around, axis=1, bitorder="little")[:, 0]


@cache
def _removable() -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return for each neighbourhood whether its pixel is removed, in both steps of the algorithm."""
    bits = (np.arange(256)[:, None] >> np.arange(8)) & 1
    count = bits.sum(1)
    rises = ((bits == 0) & (np.roll(bits, -1, 1) == 1)).sum(1)
    above, right, below, left = (bits[:, number] for number in (0, 2, 4, 6))
    both = (count >= 2) & (count <= 6) & (rises == 1)
    first = both & (above * right * below == 0) & (right * below * left == 0)
    second = both & (above * right * left == 0) & (above * below * left == 0)
    return first, second


def _without_spurs(lines: NDArray[np.bool_], shortest: float) -> NDArray[np.bool_]:
    """Return lines without the branches that end soon after they begin."""
    rises = _rises(lines)
    near = cv2.dilate((rises >= 3).astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    count, pieces = cv2.connectedComponents((lines & ~near).astype(np.uint8), connectivity=8)
    ends = lines & (rises == 1)
    at_crossing = cv2.dilate(near.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    size = np.bincount(pieces[lines], minlength=count)
    has_end, touches = np.zeros((2, count), bool)
    has_end[pieces[ends]] = touches[pieces[at_crossing]] = True
    spur = has_end & touches & (size < shortest)
    spur[0] = False
    return lines & ~spur[pieces]


def _rises(lines: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return in how many directions lines leave each pixel."""
    padded = np.pad(lines, 1).astype(np.uint8)
    places = np.flatnonzero(padded)
    bits = (np.arange(256)[:, None] >> np.arange(8)) & 1
    counts = np.zeros(padded.shape, np.int64)
    counts.ravel()[places] = ((bits == 0) & (np.roll(bits, -1, 1) == 1)).sum(1)[_neighbourhood(padded, places)]
    return counts[1:-1, 1:-1]
