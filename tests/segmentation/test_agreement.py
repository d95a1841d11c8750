import numpy as np
import pytest

from handwriting.segmentation.agreement import Agreement, agreement, dots_joined, total
from handwriting.segmentation.page import Box, grown


def row(*numbers):
    """A map of one row, each number over ten pixels of four rows."""
    return np.repeat(np.repeat(np.array([numbers], np.int32), 10, axis=1), 4, axis=0)


TRUTH = row(1, 1, 0, 2, 2, 0, 3, 3)
NOTHING = np.zeros_like(TRUTH)


def test_a_page_agrees_with_itself_whatever_the_numbers():
    for found in (TRUTH, row(70, 70, 0, 5, 5, 0, 9, 9)):
        assert agreement(TRUTH, found) == Agreement(truth=3, found=3, box_matches=3, ink_matches=3)
    assert agreement(TRUTH, TRUTH).box_f1 == agreement(TRUTH, TRUTH).ink_f1 == 1


def test_empty_pages_agree_with_each_other_and_with_nothing_else():
    assert agreement(NOTHING, NOTHING) == Agreement()
    assert Agreement().box_f1 == Agreement().ink_f1 == 1
    assert Agreement().over_segmentation == Agreement().under_segmentation == 0
    for pair in ((TRUTH, NOTHING), (NOTHING, TRUTH)):
        assert agreement(*pair).box_f1 == agreement(*pair).ink_f1 == 0
        assert agreement(*pair).truth + agreement(*pair).found == 3


def test_a_found_piece_over_two_merges_both():
    found = agreement(TRUTH, row(1, 1, 1, 1, 1, 0, 3, 3))
    assert found == Agreement(truth=3, found=2, box_matches=1, ink_matches=1, merged=2)
    assert found.under_segmentation == pytest.approx(2 / 3)
    assert found.ink_f1 == pytest.approx(2 / 5)


def test_a_piece_found_in_two_is_split():
    found = agreement(TRUTH, row(1, 4, 0, 2, 2, 0, 3, 3))
    assert found == Agreement(truth=3, found=4, box_matches=3, ink_matches=2, split=1)
    assert found.over_segmentation == pytest.approx(1 / 3)


def test_a_tenth_of_the_ink_is_a_part_and_half_of_it_is_held():
    truth = np.full((1, 100), 1, np.int32)
    for width, split in ((9, 0), (10, 1)):
        found = truth.copy()
        found[0, :width] = 2
        assert agreement(truth, found).split == split
    truth = np.repeat(np.array([[1, 2]], np.int32), 100, axis=1)
    for width, merged in ((49, 0), (50, 2)):
        found = truth.copy()
        found[0, 100 : 100 + width] = 1
        assert agreement(truth, found).merged == merged


def test_a_large_piece_that_takes_some_of_its_neighbour_does_not_split_it():
    """The found piece belongs to the one with more of its ink, though it holds a fifth of the other's."""
    truth = row(1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2)
    found = row(1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2)
    assert agreement(truth, found).split == 0


def test_pieces_match_by_nine_tenths_of_their_ink():
    truth = np.full((1, 100), 1, np.int32)
    for missing, matches in ((10, 1), (11, 0)):
        found = truth.copy()
        found[0, :missing] = 0
        assert agreement(truth, found).ink_matches == matches


def test_paper_that_a_found_piece_reaches_over_does_not_count():
    truth = np.zeros((30, 60), np.int32)
    truth[10:20, 10:20], truth[10:20, 40:50] = 1, 2
    found = grown(truth, 6)
    result = agreement(truth, found, found_boxes=[Box(10, 10, 10, 10), Box(40, 10, 10, 10)])
    assert result == Agreement(truth=2, found=2, box_matches=2, ink_matches=2)
    assert agreement(truth, found).ink_matches == 2
    assert agreement(truth, found).box_matches == 0, "22 by 22 pixels around 10 by 10"


def test_what_is_found_on_paper_counts_as_found():
    found = row(1, 1, 8, 2, 2, 0, 3, 3)
    assert agreement(TRUTH, found) == Agreement(truth=3, found=4, box_matches=3, ink_matches=3)


@pytest.mark.parametrize(("shift", "matches"), [(3, 1), (4, 0)])
def test_boxes_match_by_half_of_their_union(shift, matches):
    result = agreement(NOTHING, NOTHING, [Box(0, 0, 10, 4)], [Box(shift, 0, 10, 4)])
    assert result.box_matches == matches


def test_a_box_matches_only_once_and_the_best_pair_comes_first():
    one, others = [Box(0, 0, 10, 10)], [Box(2, 0, 10, 10), Box(0, 0, 10, 10)]
    ends, nearer, further = ([Box(0, 0, 10, 10), Box(x, 0, 10, 10)] for x in (5, 2, 3))
    for truth, found, matches in ((one, others, 1), (ends, nearer, 2), (ends, further, 2)):
        assert agreement(NOTHING, NOTHING, truth, found).box_matches == matches
        assert agreement(NOTHING, NOTHING, found, truth).box_matches == matches


def test_counts_add_over_pages_before_any_ratio_is_taken():
    pages = [Agreement(10, 10, 10, 9, 1, 2), Agreement(30, 20, 5, 6, 2, 4)]
    both = total(pages)
    assert both == pages[0] + pages[1] == Agreement(40, 30, 15, 15, 3, 6)
    assert both.box_f1 == pytest.approx(30 / 70)
    assert both.over_segmentation == pytest.approx(3 / 40)
    assert both.under_segmentation == pytest.approx(6 / 40)
    assert total([]) == Agreement()


def test_maps_of_many_pieces_need_no_table_of_all_pairs():
    rng = np.random.default_rng(0)
    truth = rng.integers(1, 1_000_000, (200, 200)).astype(np.int32)
    result = agreement(truth, truth, truth_boxes=[], found_boxes=[])
    assert result.ink_matches == len(np.unique(truth))


def test_a_dot_is_joined_where_most_of_it_and_of_its_stem_are_one_piece():
    characters = np.zeros((12, 30), np.int32)
    for number, left in enumerate((0, 10, 20), 1):
        characters[0:3, left : left + 3] = number
        characters[5:12, left : left + 3] = number
    dots = np.where(np.arange(12)[:, None] < 4, characters, 0).astype(np.int32)
    found = characters.copy()
    assert dots_joined(dots, characters, found) == (3, 3)
    found[:4, 10:20] = 9
    assert dots_joined(dots, characters, found) == (2, 3), "a piece of its own"
    found[0:2, 20:23] = 0
    assert dots_joined(dots, characters, found) == (1, 3), "most of the dot was lost"
    assert dots_joined(np.zeros_like(dots), characters, found) == (0, 0)


def test_a_dot_given_to_a_neighbour_is_not_joined():
    characters = np.array([[1, 1, 0, 0], [0, 0, 0, 0], [1, 1, 0, 2], [1, 1, 0, 2]], np.int32)
    dots = characters * (np.arange(4) < 1)[:, None].astype(np.int32)
    found = characters.copy()
    found[0, :2] = 2
    assert dots_joined(dots, characters, found) == (0, 1)
