"""The slant of writing, to half a degree."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

AROUND = np.arange(-3.5, 3.6, 0.5)
"""Slants that are tried around a rough one, in degrees."""
CELL = 0.1
"""Width of a cell of the profile, in x-heights: less than a stroke."""
TOP = 3.0
"""Height up to which ink counts, in x-heights; tails below the baseline swing."""


def refined_slant(across: NDArray[np.float64], rise: NDArray[np.float64], word: NDArray, rough: float) -> float:
    """Return the tangent of the slant near a rough one at which the profile of words along their lines is sharpest.

    Ink between two cells counts for both, in shares: otherwise the width of a cell decides.

    Args:
        across: Each pixel of ink along its word, in x-heights, float64 ``(n,)``.
        rise: Its height above the baseline, in x-heights.
        word: The number of its word, from 0.
        rough: The tangent of a slant that is right to a few degrees.
    """
    near = (rise > 0) & (rise < TOP)
    across, rise, word = across[near], rise[near], word[near].astype(np.int64)
    if not len(across):
        return rough

    def sharpness(degrees: float) -> float:
        cells = (across - np.tan(np.deg2rad(degrees)) * rise) / CELL
        first = np.floor(cells - cells.min()).astype(np.int64)
        share = cells - cells.min() - first
        at = word * (first.max() + 2) + first
        profile = np.bincount(at, 1 - share, at.max() + 2) + np.bincount(at + 1, share, at.max() + 2)
        return float((profile**2).sum())

    slants = np.degrees(np.arctan(rough)) + AROUND
    return float(np.tan(np.deg2rad(max(slants, key=sharpness))))
