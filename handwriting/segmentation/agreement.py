"""Agreement of the pieces found on a page with the true ones.

Both are label maps: int32 ``(H, W)``, each pixel the number of its piece, from 1, and 0 for background. Numbers need
not be consecutive. Only pixels that are ink in the truth count, so that a found piece may extend beyond its ink.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from handwriting.segmentation.page import Box, boxes_of

BOX_IOU = 0.5
INK_IOU = 0.9
"""Minimum IoU of boxes and of ink at which two pieces match; the second is that of the ICDAR contests."""
PART = 0.1
"""Minimum share of a true piece's ink that a found piece holds to count as a part of it (over-segmentation)."""
CONTAINED = 0.5
"""Minimum share of a true piece's ink that a found piece holds to contain it (under-segmentation)."""


@dataclass(frozen=True)
class Agreement:
    """Counts over one page or, added, over many.

    Attributes:
        truth: The number of true pieces.
        found: The number of pieces found.
        box_matches: The number of pairs of a true and a found piece whose boxes have an IoU of at least ``BOX_IOU``.
        ink_matches: The number of pairs whose ink has an IoU of at least ``INK_IOU``.
        split: The number of true pieces that are over-segmented.
        merged: The number of true pieces that are under-segmented.
    """

    truth: int = 0
    found: int = 0
    box_matches: int = 0
    ink_matches: int = 0
    split: int = 0
    merged: int = 0

    def __add__(self, other: Agreement) -> Agreement:
        """Return the counts over both."""
        return Agreement(*(own + its for own, its in zip(astuple(self), astuple(other), strict=True)))

    @property
    def box_f1(self) -> float:
        """The harmonic mean of precision and recall by boxes, 0..1."""
        return self._f1(self.box_matches)

    @property
    def ink_f1(self) -> float:
        """The harmonic mean of precision and recall by ink, 0..1: the contests' F-measure."""
        return self._f1(self.ink_matches)

    @property
    def over_segmentation(self) -> float:
        """The share of the true pieces that are split, 0..1."""
        return self.split / max(self.truth, 1)

    @property
    def under_segmentation(self) -> float:
        """The share of the true pieces that are merged, 0..1."""
        return self.merged / max(self.truth, 1)

    def _f1(self, matches: int) -> float:
        pieces = self.truth + self.found
        return 2 * matches / pieces if pieces else 1.0


def total(agreements: Iterable[Agreement]) -> Agreement:
    """Return the counts over all pages."""
    return sum(agreements, Agreement())


def agreement(
    truth: NDArray[np.int32],
    found: NDArray[np.int32],
    truth_boxes: Sequence[Box] | None = None,
    found_boxes: Sequence[Box] | None = None,
) -> Agreement:
    r"""Count the matches of found and true pieces of a page.

    Pieces match one to one, pairs with the highest intersection over union (IoU) first:

    .. math:: \mathrm{IoU} = \frac{|T \cap F|}{|T \cup F|}

    For ink, :math:`T` and :math:`F` are the pixels of a true and of a found piece that are ink in the truth; above an
    IoU of 0.5 a piece has at most one match, and the order does not matter. For boxes they are the boxes' areas;
    matching greedily then finds a good assignment, not always the largest.

    A found piece belongs to the true piece with which it shares most ink. A true piece is *split* if at least two
    pieces that belong to it hold at least a tenth of its ink each. It is *merged* if a found piece that holds at least
    half of its ink also holds at least half of another's.

    >>> truth = np.array([[1, 1, 1, 0, 2, 2, 2]], np.int32)
    >>> agreement(truth, np.array([[5, 5, 5, 5, 5, 5, 5]], np.int32)).merged
    2

    Args:
        truth: The true label map, int32 ``(H, W)``.
        found: The found label map, int32 ``(H, W)``.
        truth_boxes: The true pieces' boxes; by default the bounding boxes of the labels in ``truth``.
        found_boxes: The found pieces' boxes; required where labels extend beyond the ink. Each counts as a found
            piece, even if it holds no ink.

    Source: Stamatopoulos, Gatos, Louloudis, Pal, Alaei, "ICDAR 2013 Handwriting Segmentation Contest", for the IoU over
    ink (there MatchScore), its threshold and its F-measure.
    """
    shared = _shared_ink(truth, found)
    alike = shared.iou >= INK_IOU
    truth_boxes = _boxes(truth) if truth_boxes is None else truth_boxes
    found_boxes = _boxes(found) if found_boxes is None else found_boxes
    return Agreement(
        truth=len(truth_boxes),
        found=len(found_boxes),
        box_matches=_box_matches(truth_boxes, found_boxes),
        ink_matches=_matches(shared.truth[alike], shared.found[alike], shared.iou[alike]),
        split=_split(shared),
        merged=_merged(shared),
    )


def dots_joined(dots: NDArray[np.int32], characters: NDArray[np.int32], found: NDArray[np.int32]) -> tuple[int, int]:
    """Count the dots of ``i`` and ``j`` that were found together with their stems.

    A dot is joined if one found piece holds most of its ink and most of its stem's ink.

    Args:
        dots: The number of the character whose dot lies at each pixel, int32 ``(H, W)``; 0 where there is none.
        characters: The number of the character whose ink, dot and stem, lies at each pixel, int32 ``(H, W)``.
        found: The number of the found piece at each pixel, int32 ``(H, W)``.

    Returns:
        The number of joined dots, and of all dots.
    """
    stems = np.where((dots == 0) & np.isin(characters, dots[dots > 0]), characters, 0).astype(np.int32)
    of_dot, of_stem = _holders(dots, found), _holders(stems, found)
    return len(of_dot & of_stem), len(np.unique(dots[dots > 0]))


class _Shared(NamedTuple):
    """Pairs of a true and a found piece that share ink: their numbers and their pixels of ink, all ``(n,)``."""

    truth: NDArray[np.int64]
    found: NDArray[np.int64]
    ink: NDArray[np.int64]
    truth_ink: NDArray[np.int64]
    found_ink: NDArray[np.int64]

    @property
    def iou(self) -> NDArray[np.float64]:
        return self.ink / (self.truth_ink + self.found_ink - self.ink)


def _shared_ink(truth: NDArray[np.int32], found: NDArray[np.int32]) -> _Shared:
    inked = truth > 0
    first, second = truth[inked].astype(np.int64), found[inked].astype(np.int64)
    base = second.max(initial=0) + 1
    codes, ink = np.unique(first * base + second, return_counts=True)
    numbers, others = codes // base, codes % base
    pairs = others > 0
    return _Shared(
        numbers[pairs],
        others[pairs],
        ink[pairs],
        np.bincount(first, minlength=1)[numbers[pairs]],
        np.bincount(second, minlength=1)[others[pairs]],
    )


def _split(shared: _Shared) -> int:
    best = np.lexsort((shared.ink, shared.found))
    belongs = best[np.diff(shared.found[best], append=-1) != 0]  # of each found piece, the pair with most ink
    parts = shared.truth[belongs][shared.ink[belongs] >= PART * shared.truth_ink[belongs]]
    return int(np.sum(np.bincount(parts) > 1))


def _merged(shared: _Shared) -> int:
    holds = shared.ink >= CONTAINED * shared.truth_ink
    held, holder = shared.truth[holds], shared.found[holds]
    return len(np.unique(held[np.bincount(holder)[holder] > 1]))


def _holders(truth: NDArray[np.int32], found: NDArray[np.int32]) -> set[tuple[int, int]]:
    """Return pairs of a true piece and the found piece that holds more than half of its ink."""
    shared = _shared_ink(truth, found)
    holds = 2 * shared.ink > shared.truth_ink
    return set(zip(shared.truth[holds].tolist(), shared.found[holds].tolist(), strict=True))


def _boxes(labels: NDArray[np.int32]) -> list[Box]:
    """Return the bounding box of every label, in the order of their numbers."""
    inked = labels > 0
    numbers, in_turn = np.unique(labels[inked], return_inverse=True)
    turns = np.zeros(labels.shape, np.int32)
    turns[inked] = in_turn + 1
    return boxes_of(turns, len(numbers))


def _box_matches(truth: Sequence[Box], found: Sequence[Box]) -> int:
    one, other = (np.array(boxes, np.float64).reshape(-1, 4) for boxes in (truth, found))
    low = np.maximum(one[:, None, :2], other[None, :, :2])
    high = np.minimum((one[:, :2] + one[:, 2:])[:, None], (other[:, :2] + other[:, 2:])[None])
    both = np.clip(high - low, 0, None).prod(axis=2)
    iou = both / (one[:, 2:].prod(axis=1)[:, None] + other[:, 2:].prod(axis=1) - both)
    one_number, other_number = np.nonzero(iou >= BOX_IOU)
    return _matches(one_number, other_number, iou[one_number, other_number])


def _matches(truth: NDArray[np.int64], found: NDArray[np.int64], iou: NDArray[np.float64]) -> int:
    """Match numbers of true and found pieces one to one, the highest IoU first, and return the number of matches."""
    paired: set[int] = set()
    taken: set[int] = set()
    for pair in np.argsort(-iou, kind="stable"):
        one, other = int(truth[pair]), int(found[pair])
        if one not in paired and other not in taken:
            paired.add(one)
            taken.add(other)
    return len(paired)
