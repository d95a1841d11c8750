"""Which letter has which part of the ink: what a straight cut parted goes back to the letter that drew it."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from handwriting.segmentation.page import grown
from handwriting.writing.source import MARK_PARTS, MIN_PART

DOT = 0.5
"""Largest side of a part that stands by itself and belongs to one letter whole, as a dot does, in x-heights."""
SCRAP = 0.16
"""Largest area of a scrap, as a share of its letter's largest part."""

STRAY = 0.25
"""Distance from a mark's own part from which a further part is no piece of it that the pen left out, in x-heights."""


def whole_parts(
    ink: NDArray[np.bool_], owner: NDArray[np.int16], x_height: float, labels: Sequence[str] = ()
) -> NDArray[np.int16]:
    """Return owners that part neither dots nor bars.

    A small part of the ink that touches no other belongs to the letter that has most of it. A scrap of a letter that
    does not touch its main part, but ink of the letter next to it, is that one's. Of a mark whose number of parts is
    known, what more it has is that of the letter next to it where it touches that, and nobody's where it is a stray.

    Args:
        ink: Where strokes are, bool ``(h, w)``.
        owner: The letter of each pixel, from 1, int16 ``(h, w)``; 0 for none.
        x_height: The x-height, in pixels.
        labels: What each letter shows, as far as it is known.
    """
    parted, owner = owner, owner.copy()
    count, part, stats, _ = cv2.connectedComponentsWithStats(ink.astype(np.uint8), connectivity=8)
    for number in range(1, count):
        left, top, width, height, _ = stats[number]
        if max(width, height) <= DOT * x_height:
            window = np.s_[top : top + height, left : left + width]
            own = part[window] == number
            letters = np.bincount(owner[window][own])
            if np.count_nonzero(letters[1:]) > 1:
                owner[window][own] = 1 + letters[1:].argmax()
    for letter in range(1, int(owner.max()) + 1):
        _give_back_scraps(ink, owner, letter)
    for letter, label in enumerate(labels, 1):
        if label in MARK_PARTS:
            _rid_mark(ink, owner, letter, MARK_PARTS[label], x_height)
    if (owner == parted).all():
        return owner
    # The pale edges of what went to another letter go with it.
    nearest = grown(np.where(ink, owner, 0).astype(np.int32), DOT * x_height)
    return np.where(~ink & (owner > 0) & (nearest > 0), nearest, owner).astype(np.int16)


def _give_back_scraps(ink: NDArray[np.bool_], owner: NDArray[np.int16], letter: int) -> None:
    """Give the scraps of a letter to the letters next to it whose ink they touch; changes ``owner`` in place."""
    left, top, width, height = cv2.boundingRect((owner == letter).astype(np.uint8))
    if not width:
        return
    around = np.s_[max(0, top - 1) : top + height + 1, max(0, left - 1) : left + width + 1]
    own = (owner[around] == letter) & ink[around]
    count, part, stats, _ = cv2.connectedComponentsWithStats(own.astype(np.uint8), connectivity=8)
    if count <= 2:
        return
    areas = stats[1:, cv2.CC_STAT_AREA]
    for number in np.flatnonzero(areas <= SCRAP * areas.max()) + 1:
        scrap = part == number
        edge = cv2.dilate(scrap.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
        touched = owner[around][edge & ink[around] & ~own]
        touched = touched[np.abs(touched - letter) == 1]
        if len(touched):
            owner[around][scrap] = np.bincount(touched).argmax()


def _rid_mark(ink: NDArray[np.bool_], owner: NDArray[np.int16], letter: int, usual: int, x_height: float) -> None:
    """Rid a mark of the parts that it has beyond the usual number; changes ``owner`` in place."""
    own = owner == letter
    count, part, stats, _ = cv2.connectedComponentsWithStats((own & ink).astype(np.uint8), connectivity=8)
    areas = stats[:, cv2.CC_STAT_AREA]
    parts = [number for number in range(1, count) if areas[number] >= (MIN_PART * x_height) ** 2]
    if len(parts) <= usual:
        return
    beside: dict[int, int] = {}
    for number in parts:
        edge = cv2.dilate((part == number).astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
        touched = owner[edge & ink & ~own]
        touched = touched[np.abs(touched - letter) == 1]
        if len(touched):
            beside[number] = int(np.bincount(touched).argmax())
    # The mark itself is what touches no letter; of that, the largest.
    ranked = sorted(parts, key=lambda number: (number in beside, -areas[number]))
    kept, others = ranked[:usual], ranked[usual:]
    distance = cv2.distanceTransform((~np.isin(part, kept)).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    for number in others:
        scrap = part == number
        if number in beside:
            owner[scrap] = beside[number]
        elif distance[scrap].min() > STRAY * x_height:
            to_scrap = cv2.distanceTransform((~scrap).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
            owner[own & ~np.isin(part, kept) & (to_scrap < distance)] = 0
