import cv2
import numpy as np

from handwriting.segmentation.marks import solid, sort_out

X_HEIGHT = 20


def writing():
    """Three letters with strokes of three pixels."""
    ink = np.zeros((400, 600), np.uint8)
    for column in (200, 240, 280):
        cv2.ellipse(ink, (column, 200), (9, 10), 0, 0, 360, 1, 3)
    return ink


def sorted_out(ink):
    marks, told = sort_out(ink > 0, np.ones(ink.shape, bool), X_HEIGHT)
    assert len(marks.boxes) == marks.numbers.max() + 1
    return marks.numbers, told, marks.stroke


def test_letters_stay_and_the_width_of_their_strokes_is_measured():
    numbers, told, stroke = sorted_out(writing())
    assert numbers.max() == 3
    assert told == {}
    assert 2 <= stroke <= 5


def test_specks_blots_drawings_and_edges_are_left_out_and_counted():
    ink = writing()
    ink[50, 50] = ink[60, 300] = ink[330, 500] = 1
    cv2.circle(ink, (400, 300), 18, 1, -1)
    cv2.circle(ink, (420, 140), 110, 1, 3)
    ink[395:400, 100:300] = 1
    numbers, told, _ = sorted_out(ink)
    assert told == {"edge": 1, "drawing": 1, "blot": 1, "speck": 3}
    assert np.array_equal(numbers > 0, writing() > 0)
    assert sorted(np.unique(numbers)) == [0, 1, 2, 3]


def test_a_letter_cut_by_the_edge_is_no_edge():
    ink = writing()
    cv2.ellipse(ink, (597, 200), (9, 10), 0, 0, 360, 1, 3)
    assert sorted_out(ink)[1] == {}


def test_where_no_paper_shows_between_strokes_is_no_page():
    dense = 200 * writing()
    dense[:, 570:] = 90
    found = solid(dense, 200, X_HEIGHT)
    assert found[:, 575:].all()
    assert not found[writing() > 0].any()
    assert not solid(200 * writing(), 200, X_HEIGHT).any()
