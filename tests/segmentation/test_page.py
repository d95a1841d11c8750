import numpy as np
import pytest

from handwriting.errors import DataError
from handwriting.segmentation.page import Box, Segmented, boxes_of, grown, refuse_unfit, working_to_sheet


def page(labels, to_image=None, scale=1.0, words=(0, 0, 1), lines=(0, 0), baseline=29.5):
    """A page whose x-height is 10 pixels and whose labels are given."""
    return Segmented(
        shape=(60, 120),
        ink=np.zeros((60, 120), np.uint8),
        to_image=np.eye(3) if to_image is None else to_image,
        labels=labels,
        scale=scale,
        words=np.array(words),
        lines=np.array(lines),
        baselines=np.full((1, labels.shape[1]), baseline),
        rejected={},
        x_height=10.0,
        skew=0.0,
    )


@pytest.fixture
def labels():
    """An x, a p and an l, the last in a word of its own."""
    drawn = np.zeros((60, 120), np.int32)
    drawn[20:30, 10:18] = 1
    drawn[20:36, 22:30] = 2
    drawn[10:30, 60:64] = 3
    return drawn


def test_boxes_span_characters_words_and_lines(labels):
    found = page(labels)
    assert [piece.box for piece in found.of("character")] == [(10, 20, 8, 10), (22, 20, 8, 16), (60, 10, 4, 20)]
    assert [piece.box for piece in found.of("word")] == [(10, 20, 20, 16), (60, 10, 4, 20)]
    assert [piece.box for piece in found.of("line")] == [(10, 10, 54, 26)]


def test_pieces_are_numbered_in_reading_order(labels):
    found = page(labels)
    assert [(p.line, p.word, p.order) for p in found.of("character")] == [(0, 0, 0), (0, 0, 1), (0, 1, 0)]
    assert [(p.line, p.word, p.order) for p in found.of("word")] == [(0, 0, 0), (0, 1, 1)]
    assert [(p.line, p.word, p.order) for p in found.of("line")] == [(0, -1, 0)]


def test_heights_are_measured_from_the_baseline_in_x_heights(labels):
    x, p, tall = page(labels).of("character")
    assert (x.above, x.below) == pytest.approx((1, 0))
    assert (p.above, p.below) == pytest.approx((1, 0.6))
    assert (tall.above, tall.below) == pytest.approx((2, 0))


def test_only_the_kinds_that_were_looked_for_are_told(labels):
    from dataclasses import replace

    found = replace(page(labels), kinds=("word",))
    assert {piece.kind for piece in found.pieces} == {"word"}


def test_boxes_in_the_image_follow_the_page(labels):
    moved = np.array([[2, 0, 5.5], [0, 2, 7.5], [0, 0, 1]])  # twice as large; edges of pixels on edges of pixels
    assert page(labels, moved).of("character")[0].box == Box(5 + 20, 7 + 40, 16, 20)
    assert page(labels, moved).of("character")[0].sheet_box == Box(10, 20, 8, 10)


def test_a_working_frame_of_another_scale_measures_the_same(labels):
    fine = labels.repeat(3, axis=0).repeat(3, axis=1)
    found = page(fine, scale=3.0, baseline=3 * 29.5 + 1)
    assert [p.sheet_box for p in found.pieces] == [p.sheet_box for p in page(labels).pieces]
    for one, other in zip(found.of("character"), page(labels).of("character"), strict=True):
        assert (one.above, one.below) == pytest.approx((other.above, other.below), abs=0.04)


def test_label_maps_number_the_pieces_of_a_kind_in_their_order(labels):
    found = page(labels)
    for kind in ("line", "word", "character"):
        numbers = found.label_map(kind, reach=0)
        assert [boxes_of(numbers, numbers.max())[n] for n in range(numbers.max())] == [p.box for p in found.of(kind)]


def test_labels_grow_to_the_nearer_one_and_no_farther_than_they_reach():
    seeds = np.zeros((1, 20), np.int32)
    seeds[0, 2], seeds[0, 9] = 1, 2
    assert grown(seeds, 3).tolist() == [[1] * 6 + [2] * 7 + [0] * 7]
    assert not grown(np.zeros((4, 4), np.int32), 3).any()


def test_edges_of_pixels_lie_on_edges_of_pixels():
    to_sheet = working_to_sheet(0.25)
    assert to_sheet @ [-0.5, -0.5, 1] == pytest.approx([-0.5, -0.5, 1])
    assert to_sheet @ [0.5, 9.5, 1] == pytest.approx([3.5, 39.5, 1])


@pytest.mark.parametrize(
    ("image", "told"),
    [
        (np.full((29, 400), 255, np.uint8), "has 400 x 29 pixels"),
        (np.full((200, 300, 3), 250, np.uint8), "is blank"),
        (np.full((200, 300), 3, np.uint8), "is black all over"),
    ],
)
def test_what_shows_no_page_is_refused_in_words(image, told):
    with pytest.raises(DataError, match=told):
        refuse_unfit(image)
