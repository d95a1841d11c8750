import cv2
import numpy as np
import pytest

from benchmarks.drawn_pages import draw_page
from benchmarks.page_style import random_style
from handwriting.segmentation.agreement import agreement, dots_joined, total
from handwriting.segmentation.auto import Auto
from handwriting.segmentation.characters import find_characters
from handwriting.segmentation.components import Components
from handwriting.segmentation.lines import Lines
from handwriting.segmentation.page import boxes_of
from handwriting.segmentation.words import extents


def found(page, score=None):
    return Auto()(page.image, score)


def agrees(pages):
    parts = []
    for page in pages:
        segmented = found(page)
        boxes = [piece.box for piece in segmented.of("character")]
        parts.append(agreement(page.label_map("character"), segmented.label_map("character"), found_boxes=boxes))
    return total(parts)


def drawn(seeds, **chosen):
    return [draw_page(random_style(seed, size=(7, 3.5), margin=0.3, **chosen), seed) for seed in seeds]


def test_letters_that_stand_apart_are_found_one_by_one():
    result = agrees(drawn(range(4)))
    assert result.box_f1 > 0.95
    assert result.ink_f1 > 0.9


def test_letters_that_touch_are_parted():
    """Connected components, which know nothing of letters, reach 0.4 on these."""
    result = agrees(drawn(range(4), touching=0.9))
    assert result.box_f1 > 0.7


def test_dots_are_joined_to_their_letters():
    joined = dots = 0
    for page in drawn(range(4)):
        here, there = dots_joined(page.dots, page.characters, found(page).label_map("character"))
        joined, dots = joined + here, dots + there
    assert dots > 40
    assert joined >= 0.98 * dots


def test_commas_and_full_stops_are_characters_of_their_own():
    page = drawn([3], font=0)[0]
    components = [piece for piece in found(page).of("character") if piece.above < 0.6]
    written = sum(character in ".," for line in page.text for word in line for character in word)
    assert abs(len(components) - written) <= 1


def test_characters_fill_their_words_in_reading_order():
    for page in drawn([1], touching=0.9):
        result = found(page)
        assert np.array_equal(np.unique(result.labels), np.arange(len(result.words) + 1))
        assert (np.diff(result.words) >= 0).all()
        boxes = boxes_of(result.labels, len(result.words))
        middles = np.array([box.x + box.w / 2 for box in boxes])
        steps = np.diff(middles)[np.diff(result.words) == 0]
        assert (steps > 0).mean() > 0.97


def test_who_is_asked_what_looks_like_a_character_decides():
    page = drawn([1], touching=0.9)[0]
    asked = []

    def narrow(pieces):
        asked.extend(pieces)
        return np.array([0.0 if piece.shape[1] < 0.8 * piece.shape[0] else 30.0 for piece in pieces])

    assert len(found(page, narrow).words) > 1.2 * len(found(page).words)
    assert all(piece.dtype == np.uint8 and set(np.unique(piece)) <= {0, 255} for piece in asked)
    assert len(asked) > 100


@pytest.mark.parametrize("seed", [0, 1])
def test_no_ink_of_a_word_is_lost(seed):
    page = drawn([seed], touching=0.9)[0]
    result = found(page)
    near = result.label_map("character") > 0
    assert near[page.characters > 0].mean() > 0.99


@pytest.mark.parametrize("copies", [1, 3])
def test_a_word_is_parted_alike_alone_and_among_others(copies):
    """Three o joined at their sides; their page, but for copies of them, is empty."""
    ink = np.zeros((120, 400), np.uint8)
    for copy in range(copies):
        for letter in range(3):
            cv2.ellipse(ink, (30 + 120 * copy + 18 * letter, 60), (8, 9), 0, 0, 360, 1, 3)
    components = Components.of(ink > 0)
    lines = Lines(np.full((1, 400), 60.0), np.array([9.0]), np.array([[0.0, 399.0]]))
    line_of, word_of = np.zeros(copies, np.int64), np.arange(copies)
    reach = extents(components, components.owner, line_of, lines, 0.0, 18.0)
    character, words = find_characters(components, components.owner, line_of, word_of, lines, reach, 0.0, 18.0, 3.0)
    assert words.tolist() == [word for word in range(copies) for _ in range(3)]
    assert [np.ptp(components.columns[character == number]) for number in range(1, 4)] == pytest.approx(
        [18, 18, 18], abs=4
    )
