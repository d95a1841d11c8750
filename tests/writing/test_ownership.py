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


def stem_and_comma() -> tuple[np.ndarray, np.ndarray]:
    """Return ink of a stem whose foot turns up over the cut, and of a comma beyond it; owners parted by the cut."""
    ink = np.zeros((50, 60), bool)
    ink[15:45, 15:19] = True
    ink[41:45, 15:36] = True  # the foot: six columns of it lie beyond the cut
    ink[38:48, 48:52] = True
    return ink, owners(ink)


def test_a_comma_gives_back_the_scrap_of_the_letter_before_however_large_it_is() -> None:
    ink, owner = stem_and_comma()
    for labels, given_back in ((("d", ","), True), (("d", "."), True), (("d", "k"), False), ((), False)):
        found = whole_parts(ink, owner, X_HEIGHT, labels)
        assert bool((found[41:45, 30:36] == 1).all()) == given_back
        assert (found[38:48, 48:52] == 2).all()
        assert (found[15:45, 15:19] == 1).all()


def test_a_stray_dot_beside_a_full_stop_is_no_letters() -> None:
    ink, _ = two_stems()
    ink[:, 40:44] = False
    ink[40:45, 48:53] = ink[40:43, 36:39] = True
    with_edges = ink.copy()
    with_edges[39:44, 35:40] = True  # the pale edge of the stray
    owner = np.where(with_edges, np.where(np.arange(60) < 30, 1, 2), 0).astype(np.int16)
    found = whole_parts(ink, owner, X_HEIGHT, ("n", "."))
    assert not found[39:44, 35:40].any()
    assert (found[40:45, 48:53] == 2).all()


def test_a_mark_keeps_its_own_parts() -> None:
    ink, _ = two_stems()
    ink[:, 40:44] = False
    ink[20:24, 42:46] = ink[40:44, 41:45] = True
    assert (whole_parts(ink, owners(ink), X_HEIGHT, ("n", ":")) == owners(ink)).all()
    ink[24:40, 42:45] = True
    ink[30:33, 42:45] = False  # a bar that the pen left out for a moment
    assert (whole_parts(ink, owners(ink), X_HEIGHT, ("n", ",")) == owners(ink)).all()
