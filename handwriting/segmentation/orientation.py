"""Which way up a page lies, and whether its ink is darker than its paper."""

from __future__ import annotations

import cv2
import numpy as np

from handwriting.segmentation.components import Components
from handwriting.segmentation.page import Segmented
from handwriting.segmentation.pixels import Grey, resized, within

COARSE = 512
"""Maximum side, in pixels, of the reduced picture in which ink is compared with the paper around it."""
AROUND = 31
"""Side of the neighbourhood whose median is the paper's level there."""
CONTRAST = 20
"""Levels by which ink differs from its paper at least."""
LIGHT_PAPER = 160
"""Median level from which a page is of light paper, whatever is on it."""
LIGHTER = 3
"""How much more of a dark page is lighter than its paper than darker; real pages have 0.9 and less, inverted ones, but
for one, 10 and more."""
SKEWS = np.arange(-6, 6.1)
"""Angles at which lines of writing are looked for, in degrees."""
SIDEWAYS, MAYBE_SIDEWAYS = 0.8, 0.95
"""Sharpness of a page's rows relative to its columns, below which it lies on its side, or may do so. Of 12 real pages
and 6 drawn ones, upright ones have 1.39 and more; turned, all but one have 0.76 and less."""
MIN_COMPONENTS = 40
"""Components below which nothing is decided."""
ABOVE, BELOW = 1.3, -0.3
"""Heights over the baseline, in x-heights, beyond which ink belongs to ascenders or descenders."""
MIN_LINES = 3
"""Lines below which a page is not taken for upside down."""
ASCENDERS, MAYBE_ASCENDERS = 0.45, 0.48
"""Share of ascenders among them and descenders below which a page is upside down, or may be: upright 0.60 to 0.88,
turned 0.17 to 0.46."""
RAGGED, MAYBE_RAGGED = 0.6, 0.55
"""Share of the left margin's raggedness in that of both margins above which it is the right one: upright 0.04 to 0.33,
turned 0.59 to 1."""


def is_light_on_dark(image: Grey) -> bool:
    """Return whether a page is of light ink on dark paper: most of it is dark, and what differs from that is lighter.

    Args:
        image: uint8, grey ``(H, W)`` or RGB ``(H, W, 3)``.
    """
    grey = np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY) if image.ndim == 3 else image, np.uint8)
    small = np.asarray(resized(grey, within(grey.shape, COARSE)), np.uint8)
    if np.median(small) >= LIGHT_PAPER:
        return False
    difference = small.astype(np.int16) - cv2.medianBlur(small, AROUND)
    lighter, darker = (np.maximum(sign * difference - CONTRAST, 0).sum() for sign in (1, -1))
    return bool(lighter > LIGHTER * darker)


def rows_to_columns(components: Components, height: float) -> float:
    """Return how sharp the projection profile of a page's rows is relative to that of its columns.

    Writing in rows has gaps between its lines, and hardly any between its columns.

    Args:
        components: The components of the page.
        height: Their typical height, in pixels.

    Returns:
        Above 1 for a page whose lines lie across; 1 where there are too few components.
    """
    if len(components.boxes) < MIN_COMPONENTS:
        return 1.0
    step = max(1, len(components.rows) // 30_000)
    rows, columns = (places[::step].astype(float) for places in (components.rows, components.columns))
    unit = max(1.0, height / 4)
    return _sharpness(rows, columns, unit) / _sharpness(columns, rows, unit)


def _sharpness(across: np.ndarray, along: np.ndarray, unit: float) -> float:
    """Return the concentration of the sharpest profile over some angles; 1 for a profile that is flat."""
    sharpest = 0.0
    for degrees in SKEWS:
        places = (across - np.tan(np.deg2rad(degrees)) * along) / unit
        counts = np.bincount((places - places.min()).astype(np.int64)) / len(places)
        sharpest = max(sharpest, float((counts**2).sum() * np.ptp(places)))
    return max(sharpest, 1e-9)


def upside_down(page: Segmented) -> tuple[float, float]:
    """Return two signs of a page that lies upside down.

    Latin writing has more ink in ascenders, capitals and dots than in descenders, and begins its lines at a margin.

    Returns:
        The share of ascenders in the ink of ascenders and descenders, and the share of the left margin's raggedness in
        that of both margins; each 0..1, and 0.5 where there are fewer than ``MIN_LINES`` lines.
    """
    lines: dict[int, list[tuple[int, int]]] = {}
    for word in page.of("word"):
        lines.setdefault(word.line, []).append((word.sheet_box.x, word.sheet_box.x + word.sheet_box.w))
    if len(lines) < MIN_LINES:
        return 0.5, 0.5
    rows, columns = np.nonzero(page.labels)
    line = page.lines[page.words[page.labels[rows, columns] - 1]]
    rise = (page.baselines[line, columns] - rows) / (page.x_height * page.scale)
    above, below = float((rise > ABOVE).sum()), float((rise < BELOW).sum())
    left, right = (
        _spread(np.array([edge(ends) for ends in lines.values()], float))
        for edge in (lambda ends: min(end[0] for end in ends), lambda ends: max(end[1] for end in ends))
    )
    share = above / (above + below) if above + below else 0.5
    return share, left / (left + right) if left + right else 0.5


def _spread(values: np.ndarray) -> float:
    return float(np.median(np.abs(values - np.median(values))))


def turned(image: Grey, degrees: int) -> tuple[Grey, np.ndarray]:
    """Turn a picture clockwise by a multiple of 90 degrees.

    >>> picture, to_image = turned(np.array([[1, 2], [3, 4]], np.uint8), 90)
    >>> picture.tolist(), (to_image @ [0, 0, 1]).tolist()
    ([[3, 1], [4, 2]], [0.0, 1.0, 1.0])

    Returns:
        The picture, and the 3x3 matrix from its points to those of ``image``.
    """
    height, width = image.shape[:2]
    to_image = {
        0: [[1, 0, 0], [0, 1, 0]],
        90: [[0, 1, 0], [-1, 0, height - 1]],
        180: [[-1, 0, width - 1], [0, -1, height - 1]],
        270: [[0, -1, width - 1], [1, 0, 0]],
    }[degrees]
    return np.ascontiguousarray(np.rot90(image, -degrees // 90)), np.array([*to_image, [0, 0, 1]], np.float64)
