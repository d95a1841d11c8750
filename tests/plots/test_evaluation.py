from __future__ import annotations

import numpy as np
import pytest

from handwriting.metric_values import MetricValue, MetricValues
from handwriting.plots.confusion import MIN_MISTAKE_WIDTH, draw_confusion, draw_mistakes, mistakes
from handwriting.plots.contents import COLOURS, WIDTH
from handwriting.plots.evaluation import (
    Examples,
    Neighbours,
    best_and_worst,
    draw_best_and_worst,
    draw_class_charts,
    draw_evaluation,
    draw_neighbours,
)
from handwriting.plots.grids import MARGIN
from handwriting.plots.metric_table import draw_metric_table


def dots(count: int, side: int = 28) -> np.ndarray:
    """Return glyphs with one pixel of ink."""
    glyphs = np.zeros((count, 1, side, side), np.uint8)
    glyphs[..., side // 2, side // 2] = 255
    return glyphs


def rows(count: int, caption: str = "distance of features", heading: str = "") -> MetricValues:
    return {
        f"{heading}{place}": MetricValue(1.5 * 10**place, 1000, "nats", 0.25, 0.01, caption=caption, heading=heading)
        for place in range(count)
    }


def black_pixels(picture) -> int:
    """Count the pixels of ink, one for each dot where glyphs are enlarged twice and thus drawn as four."""
    return int((np.asarray(picture.convert("L")) == 0).sum()) // 4


def confusion(classes: int, wrong: int = 5) -> np.ndarray:
    found = np.diag(np.full(classes, 100 - wrong))
    found[:1, -1:] = wrong
    return found


def patches(picture, classes: int) -> np.ndarray:
    """Return the darkness of each cell of a confusion matrix, at its top left corner where no number stands."""
    pixels = np.asarray(picture.convert("RGB"))
    outline = (pixels == 0xB8).all(axis=2)
    top, left = (int(np.flatnonzero(outline.sum(axis=axis) > 100)[0]) for axis in (1, 0))
    right = int(np.flatnonzero(outline[top])[-1])
    at = 3 + np.round(np.arange(classes) * (right - left - 1) / classes).astype(int)
    return 255 - pixels[top + at][:, left + at].astype(int).min(axis=2)


@pytest.mark.parametrize("classes", [2, 10, 26, 62])
def test_a_mistake_is_darker_than_what_is_right_and_that_is_darker_than_an_empty_cell(classes):
    found = patches(draw_confusion(confusion(classes, wrong=5), ["i"] * classes), classes)
    right, wrong = np.diag(found), found[0, -1]
    assert (right > 0).all()
    assert wrong > right.max()
    assert np.count_nonzero(found) == classes + 1


def test_a_more_frequent_mistake_is_darker():
    darkness = [patches(draw_confusion(confusion(10, wrong), ["i"] * 10), 10)[0, -1] for wrong in (0, 1, 3, 10, 30)]
    assert darkness[0] == 0 < darkness[1]
    assert sorted(set(darkness)) == darkness


def test_a_class_that_was_never_asked_for_is_no_mistake():
    counts = confusion(10)
    counts[4] = 0
    assert len(set(patches(draw_confusion(counts, ["i"] * 10), 10)[4])) == 1
    assert mistakes(counts, list("abcdefghij")) == [("a recognised as j", 0.05)]


def test_mistakes_are_told_from_the_most_frequent_on_and_rare_ones_not_at_all():
    counts = np.array([[80, 20, 0], [5, 900, 95], [1, 1, 998]])
    assert mistakes(counts, "abc") == [("a recognised as b", 0.2), ("b recognised as c", 0.095)]


@pytest.mark.parametrize("names", ["ab", ["Ankle boot", "an extraordinarily long name of a class"]])
def test_mistakes_in_words_do_not_run_into_their_numbers(names):
    """Between the words and the numbers a strip stays free of letters."""
    found = mistakes(np.array([[50, 50], [30, 70]]), names)
    drawn = np.asarray(draw_mistakes(found, 3 * MIN_MISTAKE_WIDTH, 4).convert("L"))[40:]
    columns = np.flatnonzero((drawn < 120).any(axis=0))
    assert np.diff(columns).max() > 20


@pytest.mark.parametrize("heading", ["", "Classes"])
@pytest.mark.parametrize("count", [1, 3, 4, 9])
def test_long_tables_stand_in_two_columns(count, heading):
    short, long = draw_metric_table(rows(3)), draw_metric_table(rows(count, heading=heading))
    assert long.width == WIDTH
    assert (np.asarray(long)[40:, WIDTH // 2 + 2 * MARGIN :] < 100).any() == (count >= 4)
    assert long.height <= short.height + 25 * 3


def test_columns_of_a_table_break_between_groups():
    """The left column holds three rows and their heading, the right one two: not three and three, or so."""
    together = draw_metric_table(rows(3, heading="near") | rows(2, heading="far"))
    assert together.height == draw_metric_table(rows(3, heading="near") | rows(1, heading="far")).height


@pytest.mark.parametrize("length", [60, 400])
def test_long_names_of_measures_stay_on_the_page(length):
    drawn = np.asarray(draw_metric_table(rows(6, "long name " * (length // 10))).convert("L"))
    assert drawn.shape[1] == WIDTH
    assert (drawn[:, -MARGIN // 2 :] > 200).all()


def test_numbers_of_a_table_stand_in_line_at_their_points():
    """Two rows differ in the thousands of one of them alone, which push none of the other digits aside."""
    drawn = np.asarray(
        draw_metric_table(
            {name: MetricValue(value, 1, caption="x") for name, value in zip("abc", (1125, 125, 125), strict=True)}
        )
    )
    first, second, third = (drawn[30 + 25 * line + 3 : 30 + 25 * line + 22] for line in (1, 2, 3))
    assert 0 < np.ptp(np.flatnonzero((first != second).any(axis=(0, 2)))) < 15
    assert np.array_equal(second, third)


def test_each_class_has_its_bars_and_a_class_without_a_measure_a_gap():
    fid, accuracy = np.array([1.0, np.nan, 3.0]), np.array([0.5, 1.0, np.nan])
    left, right = draw_class_charts("abc", fid, np.ones(3), accuracy).axes
    assert {round(bar.get_x() + 0.37): bar.get_height() for bar in left.patches} == {0: 1, 2: 3}
    assert {round(bar.get_x() + 0.37): bar.get_height() for bar in right.patches} == {0: 50, 1: 100}
    assert left.collections[0].get_color()[0].tolist() == pytest.approx(
        [int(COLOURS[0][place : place + 2], 16) / 255 for place in (1, 3, 5)] + [1]
    )
    assert len(draw_class_charts("abc", None, None, accuracy).axes) == 1


def test_one_class_that_failed_does_not_flatten_the_others():
    axes = draw_class_charts([str(place) for place in range(50)], np.append(np.ones(49), 500.0)).axes[0]
    assert axes.get_ylim()[1] < 10
    assert [text.get_text() for text in axes.texts] == ["500 ↑"]


def test_the_best_and_the_worst_are_held_against_their_floors_and_never_the_same():
    fid, floors = np.array([1.0, 2.0, 3.0, np.nan]), np.array([1.0, 4.0, 1.0, 1.0])
    assert best_and_worst(fid, floors) == ([1], [2])
    assert best_and_worst(fid) == ([0], [2])
    assert best_and_worst(None, None, np.array([0.9, 0.2, 0.4, np.nan, 0.8])) == ([0, 4], [1, 2])
    assert best_and_worst(None) == ([], [])


@pytest.mark.parametrize("width", [500, 760, WIDTH])
@pytest.mark.parametrize("side", [8, 28, 40, 128])
def test_grids_stay_within_their_width(side, width):
    glyphs = dots(200, side)
    assert draw_best_and_worst([Examples("title " * 100, glyphs, glyphs)] * 6, width).width == width
    assert (
        draw_neighbours(Neighbours("title " * 100, glyphs, glyphs, ["T-shirt/top\n12.34"] * 200), width).width == width
    )


def test_as_many_real_glyphs_stand_beside_as_generated_ones():
    one = draw_best_and_worst([Examples("", dots(100), dots(100))] * 6, 800)
    assert black_pixels(one) == 6 * 12
    few = draw_best_and_worst([Examples("", dots(2), dots(100))] * 6, 800)
    assert black_pixels(few) == 6 * (2 + 6)
    assert black_pixels(draw_best_and_worst([Examples("", dots(100), dots(100))], 800)) == 6 * 12


def test_the_nearest_training_glyph_stands_below():
    blank = np.zeros((3, 1, 28, 28), np.uint8)
    above, below = (np.asarray(draw_neighbours(Neighbours("", *pair))) for pair in ((dots(3), blank), (blank, dots(3))))
    first, second = (np.flatnonzero((page == 0).any(axis=(1, 2))).mean() for page in (above, below))
    assert second - first == pytest.approx(56 + 3)


def page(classes: int = 10, **changes):
    """Return a page with all its parts, or with what ``changes`` says instead."""
    parts = {
        "values": rows(5),
        "names": [chr(97 + place % 26) for place in range(classes)],
        "fid": np.ones(classes),
        "floors": np.ones(classes),
        "accuracy": np.ones(classes),
        "confusion": confusion(classes),
        "examples": [Examples("a", dots(20), dots(20))] * 6,
        "neighbours": [Neighbours("nearest", dots(9), dots(9), ["1.0"] * 9), Neighbours("random", dots(9), dots(9))],
    }
    return draw_evaluation("title", ["line"], **{**parts, **changes})


@pytest.mark.parametrize("classes", [1, 2, 10, 26, 62])
def test_the_page_has_its_width_for_any_number_of_classes(classes):
    assert page(classes).width == WIDTH


def test_parts_that_are_not_given_leave_no_trace():
    whole, none = page(), {"fid": None, "floors": None, "accuracy": None}
    assert page(confusion=np.zeros((10, 10), int), **none).size == page(confusion=None, names=(), **none).size
    assert page(fid=np.full(10, np.nan), accuracy=None).size == page(**none).size
    heights = [page(**none).height, page(neighbours=()).height, page(values={}).height, page(examples=()).height]
    assert max(heights) < whole.height
    assert page(0, values={}, confusion=None, examples=(), neighbours=(), **none).size == (WIDTH, 52 + 22)


def test_a_page_without_classes_shows_its_examples_over_the_whole_width():
    examples = [Examples("all", dots(200), dots(200))]
    unlabelled = page(0, fid=None, floors=None, accuracy=None, confusion=None, examples=examples)
    dark = np.asarray(unlabelled.convert("L")) == 0
    assert dark[:, WIDTH // 2 :].any()
    assert black_pixels(unlabelled) >= 2 * 6 * 13


def test_the_same_results_give_the_same_page():
    assert np.array_equal(np.asarray(page()), np.asarray(page()))
