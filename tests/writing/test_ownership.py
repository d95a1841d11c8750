"""A cut parts letters, but neither their dots nor their bars."""

from __future__ import annotations

import numpy as np

from handwriting.writing.ownership import whole_parts

X_HEIGHT = 20.0


def two_stems() -> tuple[np.ndarray, np.ndarray]:
    """Return ink of two stems, and owners parted by a straight cut between them."""
    ink = np.zeros((50, 60), bool)
    ink[15:45, 15:19] = ink[15:45, 40:44] = True
    cut = np.where(np.arange(60) < 30, 1, 2)
    return ink, np.where(ink, cut, 0).astype(np.int16)


def owners(ink: np.ndarray) -> np.ndarray:
    return np.where(ink, np.where(np.arange(60) < 30, 1, 2), 0).astype(np.int16)


def test_a_dot_on_the_cut_belongs_to_one_letter() -> None:
    ink, _ = two_stems()
    ink[5:9, 27:32] = True
    found = whole_parts(ink, owners(ink), X_HEIGHT)
    assert set(found[5:9, 27:32].ravel()) == {1}
    assert (found[15:45, 40:44] == 2).all()


def test_the_end_of_a_bar_goes_back_to_the_letter_that_drew_it() -> None:
    ink, _ = two_stems()
    ink[20:23, 8:36] = True  # a bar of the first stem that reaches over the cut
    found = whole_parts(ink, owners(ink), X_HEIGHT)
    assert (found[20:23, 8:36] == 1).all()


def test_pale_edges_go_with_their_stroke() -> None:
    ink, _ = two_stems()
    ink[20:23, 8:36] = True
    with_edges = np.zeros_like(ink)
    with_edges[18:25, 6:38] = True
    owner = np.where(with_edges | ink, np.where(np.arange(60) < 30, 1, 2), 0).astype(np.int16)
    found = whole_parts(ink, owner, X_HEIGHT)
    assert (found[18:25, 30:38] == 1).all()


def test_letters_that_share_a_stroke_stay_parted_at_the_cut() -> None:
    ink, _ = two_stems()
    ink[41:45, 15:44] = True  # joined along the baseline
    owner = owners(ink)
    assert (whole_parts(ink, owner, X_HEIGHT) == owner).all()


def test_a_large_part_stays_its_letters() -> None:
    ink, owner = two_stems()
    ink[15:45, 50:54] = True  # the second stem of the second letter, which touches nothing
    owner = owners(ink)
    assert (whole_parts(ink, owner, X_HEIGHT) == owner).all()
