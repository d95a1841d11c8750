import cv2
import numpy as np
import pytest

from benchmarks.drawn_pages import draw_page
from benchmarks.page_style import random_style
from handwriting.segmentation.components import Components
from handwriting.segmentation.lines import Lines, assign, find_lines

X_HEIGHT = 2.5 / 25.4 * 150


def numbered(ink):
    return Components.of(np.asarray(ink) > 0)


def assigned(components, lines):
    """The number of the piece at each pixel of the page, from 1, and the line of each piece."""
    piece, line_of = assign(components, lines)
    return components.picture(piece + 1), line_of


def drawn(seed=0, **chosen):
    style = random_style(seed, **{"size": (7, 4), "x_height": 2.5, "margin": 0.3, **chosen})
    return draw_page(style, seed)


@pytest.mark.parametrize("guess", [0.7, 1.0, 1.4])
@pytest.mark.parametrize("seed", range(3))
def test_every_line_is_found_and_its_x_height_measured(seed, guess):
    page = drawn(seed)
    lines = find_lines(numbered(page.characters > 0), guess * X_HEIGHT)
    assert len(lines) == page.lines.max() + 1
    assert 2 * np.median(lines.half) == pytest.approx(X_HEIGHT, rel=0.25)


def test_lines_that_slope_and_swing_are_followed():
    page = drawn(1, slope=2.0, wobble=0.25)
    numbers = numbered(page.characters > 0)
    lines = find_lines(numbers, X_HEIGHT)
    assert len(lines) == page.lines.max() + 1
    assert np.ptp(lines.middles, axis=1).max() > X_HEIGHT / 2


def test_every_mark_is_given_to_its_line_dots_and_commas_too():
    page = drawn(2, font=0)
    numbers = numbered(page.characters > 0)
    pieces, line_of = assigned(numbers, find_lines(numbers, X_HEIGHT))
    truth = page.lines[page.words[page.characters[pieces > 0] - 1]]
    assert (line_of[pieces[pieces > 0] - 1] == truth).mean() > 0.999


def test_a_tail_that_touches_the_next_line_is_parted_from_it():
    ink = np.zeros((200, 300), np.uint8)
    for top in (60, 110):  # two rows of letters, ten pixels high
        for column in range(20, 280, 20):
            cv2.rectangle(ink, (column, top), (column + 10, top + 10), 1, 2)
    cv2.line(ink, (150, 70), (150, 112), 1, 2)  # a tail of the upper one
    numbers = numbered(ink)
    pieces, line_of = assigned(numbers, find_lines(numbers, 10))
    assert sorted(set(line_of)) == [0, 1]
    assert line_of[pieces[80, 150] - 1] == 0
    assert line_of[pieces[118, 150:161].max() - 1] == 1
    assert pieces[65, 140] != pieces[118, 150]


def test_tall_letters_do_not_make_a_line_of_their_heads():
    ink = np.zeros((120, 400), np.uint8)
    for column in range(20, 380, 24):
        cv2.rectangle(ink, (column, 60), (column + 12, 70), 1, 2)
        cv2.line(ink, (column, 30), (column, 70), 1, 2)
        cv2.circle(ink, (column + 4, 34), 5, 1, 2)
    assert len(find_lines(numbered(ink), 10)) == 1


def test_paper_without_ink_has_no_lines():
    assert len(find_lines(numbered(np.zeros((50, 80))), 10)) == 0


def test_a_loose_dot_belongs_to_the_line_below_and_a_comma_to_the_one_above():
    lines = Lines(
        np.stack([np.full(100, 50.0), np.full(100, 110.0)]), np.array([10.0, 10.0]), np.array([[0, 99], [0, 99.0]])
    )
    numbers = np.zeros((160, 100), np.int32)
    numbers[88:92, 40:44] = 1
    numbers[63:68, 70:73] = 2
    pieces, line_of = assigned(numbered(numbers), lines)
    assert (line_of[pieces[90, 41] - 1], line_of[pieces[65, 71] - 1]) == (1, 0)
