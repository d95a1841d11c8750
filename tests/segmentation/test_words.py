import numpy as np
import pytest

from handwriting.segmentation.words import Extents, find_words, gap_threshold, is_small


def letters(*spans, top=-0.5, bottom=0.5):
    """The reach of letters from (left, right), in x-heights, or (left, right, top, bottom)."""
    rows = np.array([(*span, top, bottom)[:4] if len(span) == 2 else span for span in spans], float)
    left, right, tops, bottoms = rows.T
    return Extents(left, right, left, right, tops, bottoms)


def line(gaps, width=0.9):
    """Letters with these gaps between them."""
    left = np.concatenate([[0], np.cumsum(np.array(gaps) + width)])
    return [(at, at + width) for at in left]


def words_of(reach, lines=None):
    return find_words(np.zeros(len(reach.left), np.int64) if lines is None else np.array(lines), reach).tolist()


@pytest.mark.parametrize("scale", [0.7, 1.0, 1.5])
def test_gaps_are_divided_where_a_page_divides_them(scale):
    rng = np.random.default_rng(0)
    within, between = scale * rng.normal(0.25, 0.05, 80), scale * rng.normal(1.4, 0.2, 20)
    threshold = gap_threshold(np.concatenate([within, between]))
    assert within.max() < threshold < between.min()


def test_columns_far_apart_do_not_make_words_of_their_lines():
    rng = np.random.default_rng(0)
    within, between = rng.normal(0.25, 0.05, 80), rng.normal(1.2, 0.2, 20)
    apart = gap_threshold(np.concatenate([within, between, np.full(40, 9.0)]))
    assert apart == pytest.approx(gap_threshold(np.concatenate([within, between])))


def test_words_of_one_piece_each_stay_apart():
    assert words_of(letters(*line([1.1, 1.4, 0.9, 1.2], width=4))) == [0, 1, 2, 3, 4]


def test_a_single_word_stays_whole():
    assert words_of(letters(*line([0.2, 0.15, 0.3, 0.2]))) == [0] * 5


def test_words_are_numbered_line_by_line_whatever_the_order_of_their_pieces():
    reach = letters((5, 6), (0, 1), (1.2, 2.2), (0, 3))
    assert words_of(reach, [1, 1, 1, 0]) == [2, 1, 1, 0]


def test_a_bar_that_reaches_over_its_neighbour_keeps_a_word_together():
    """The stem of a T is far from the h, its bar is not."""
    bar = Extents(*np.array([[0.6, 1.7], [0.9, 2.6], [0.0, 1.7], [1.6, 2.6], [-1.5, -1.5], [0.5, 0.5]]))
    assert words_of(bar) == [0, 0]


def test_commas_belong_to_the_word_before_and_quotes_to_the_nearer_one():
    word = [(0, 1), (1.2, 2.2)], [(5, 6), (6.2, 7.2)]
    comma, quote = (2.7, 2.9, 0.3, 0.9), (4.6, 4.8, -1.2, -0.7)
    reach = letters(*word[0], comma, quote, *word[1])
    assert is_small(reach, np.zeros(6, np.int64)).tolist() == [False, False, True, True, False, False]
    assert words_of(reach) == [0, 0, 0, 1, 1, 1]


def test_the_stem_of_an_i_is_no_comma():
    """Pieces of three letters and a dot a little aside: without the stem, its gap would part the word."""
    stem, dot = (1.1, 1.6, -0.25, 0.6), (1.7, 1.9, -1.3, -0.9)
    reach = letters((0, 1), stem, dot, (2, 3), (5, 6))
    assert is_small(reach, np.zeros(5, np.int64)).tolist() == [False, False, True, False, False]
    assert words_of(reach) == [0, 0, 0, 0, 1]
    assert is_small(reach, np.array([0, 0, 1, 0, 0])).tolist() == [False, True, True, False, False]


def test_marks_far_from_all_letters_are_strays():
    reach = letters(*line([0.2, 1.5, 0.2]), (20, 20.2, 0.3, 0.5), (1, 1.2, -4.5, -4.3))
    assert words_of(reach)[-2:] == [-1, -1]
    assert -1 not in words_of(reach)[:4]


def test_a_line_of_nothing_but_dots_is_stray():
    reach = letters((0, 1), (0, 0.2, 0.3, 0.5), (1, 1.2, 0.3, 0.5))
    assert words_of(reach, [0, 1, 1]) == [0, -1, -1]
