import cv2
import numpy as np

from handwriting.segmentation.components import Components, reject_non_writing, solid

X_HEIGHT = 20


def writing():
    """Three letters with strokes of three pixels."""
    ink = np.zeros((400, 600), np.uint8)
    for column in (200, 240, 280):
        cv2.ellipse(ink, (column, 200), (9, 10), 0, 0, 360, 1, 3)
    return ink


def sorted_out(ink, sheet=None):
    return reject_non_writing(Components.of(ink > 0), np.ones(ink.shape, bool), X_HEIGHT, sheet)


def test_marks_are_their_pixels_row_by_row_and_their_boxes():
    ink = writing()
    cv2.line(ink, (20, 30), (60, 90), 1, 2)
    components = Components.of(ink > 0)
    assert np.array_equal(components.mask(), ink > 0)
    _, numbers, boxes, _ = cv2.connectedComponentsWithStats(ink, connectivity=8)
    assert np.array_equal(components.picture(components.owner + 1), numbers)
    assert np.array_equal(components.boxes, boxes[1:])
    assert (np.diff(components.rows) >= 0).all()
    part = components.between(40.5, 60)
    assert np.array_equal(components.rows[part], components.rows[(components.rows >= 40.5) & (components.rows <= 60)])


def test_a_mark_that_is_nowhere_sure_is_none():
    ink = writing() > 0
    sure = np.zeros_like(ink)
    sure[:, 230:250] = ink[:, 230:250]
    components = Components.of(ink, sure)
    assert np.array_equal(components.mask()[:, 225:255], ink[:, 225:255])
    assert (len(components), components.mask()[:, :225].any()) == (1, False)


def test_letters_stay_and_the_width_of_their_strokes_is_measured():
    found = sorted_out(writing())
    assert len(found.components) == 3
    assert found.rejected == {}
    assert 2 <= found.stroke <= 5


def test_specks_blots_drawings_and_edges_are_left_out_and_counted():
    ink = writing()
    ink[50, 50] = ink[60, 300] = ink[330, 500] = 1
    cv2.circle(ink, (400, 300), 18, 1, -1)
    cv2.circle(ink, (420, 140), 110, 1, 3)
    ink[395:400, 100:300] = 1
    found = sorted_out(ink)
    assert found.rejected == {"edge": 1, "drawing": 1, "blot": 1, "speck": 3}
    assert np.array_equal(found.components.mask(), writing() > 0)
    assert sorted(np.unique(found.components.owner)) == [0, 1, 2]


def test_a_letter_cut_by_the_edge_is_no_edge():
    ink = writing()
    cv2.ellipse(ink, (597, 200), (9, 10), 0, 0, 360, 1, 3)
    assert sorted_out(ink).rejected == {}


def test_what_lies_on_the_edge_of_a_sheet_is_no_writing():
    ink, sheet = writing(), np.ones((400, 600), bool)
    sheet[:, 400:] = False
    ink[100:108, 394:400] = ink[150:154, 391:396] = 1  # over the edge, and beside it
    found = sorted_out(ink, sheet)
    assert found.rejected == {"edge": 2}
    assert np.array_equal(found.components.mask(), writing() > 0)
    assert sorted_out(ink).rejected == {}


def test_where_no_paper_shows_between_strokes_is_no_page():
    dense = 200 * writing()
    dense[:, 570:] = 90
    found = solid(dense, 200, X_HEIGHT)
    assert found[:, 575:].all()
    assert not found[writing() > 0].any()
    assert not solid(200 * writing(), 200, X_HEIGHT).any()
