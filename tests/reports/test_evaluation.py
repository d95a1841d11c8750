"""The report of one evaluation: the table for the terminal, and the page."""

from __future__ import annotations

import numpy as np
import pytest

from handwriting.metric_values import MetricValue
from handwriting.plots.contents import WIDTH
from handwriting.plots.evaluation import ClassifiedImages, Examples
from handwriting.reports import evaluation
from handwriting.reports.evaluation import draw_evaluation_page, metrics_table
from handwriting.runs.classes import Classes

NAMES = ("a", "b", "c", "d")
VALUES = {
    "fid": MetricValue(12.345, 72, floor=1.0, error=0.5, caption="Frechet distance", heading="Similarity"),
    "class_fid/a": MetricValue(3.0, 20, floor=2.0),
    "class_fid/b": MetricValue(9.0, 20, floor=1.0),
    "class_fid/c": MetricValue(5.0, 20, floor=1.0),
    "mine": MetricValue(0.5, 72, "nats", better="max"),
}


def images(count: int = 40) -> ClassifiedImages:
    pixels = np.random.default_rng(0).integers(0, 256, (count, 1, 28, 28), np.uint8)
    return ClassifiedImages(pixels, np.arange(count) % len(NAMES))


def classes() -> Classes:
    return Classes(NAMES, np.diag([10, 8, 9, 7]) + 1, np.diag([10] * 4))


def test_the_table_has_a_line_for_each_metric_of_all_classes_in_their_order():
    lines = metrics_table(VALUES).split("\n")
    assert [line.split()[0] for line in lines] == ["metric", "fid", "mine"]
    assert lines[1].split() == ["fid", "12.3", "±", "0.50", "1.00", "72"]
    assert lines[2].split() == ["mine", "0.500", "72", "nats"]


@pytest.fixture
def drawn(monkeypatch) -> dict:
    """What the page is drawn from."""
    arguments: dict = {}

    def draw(title, lines, values, names, **parts):
        arguments.update(parts, values=values, names=names)

    monkeypatch.setattr(evaluation, "draw_evaluation", draw)
    return arguments


def test_the_best_and_the_worst_classes_are_shown_with_their_own_glyphs(drawn):
    draw_evaluation_page("title", [], NAMES, VALUES, classes(), images(), images(), [])
    titles = [example.title for example in drawn["examples"]]
    assert titles[0].startswith("best class a: FID 3.00, floor 2.00, ")
    assert titles[-1].startswith("worst class b: FID 9.00, floor 1.00, ")
    assert all(len(example.generated) == len(example.real) == 10 for example in drawn["examples"])
    assert np.array_equal(drawn["examples"][0].generated, images().of_class(0))


def test_a_class_without_a_value_is_not_a_number(drawn):
    draw_evaluation_page("title", [], NAMES, VALUES, None, images(), images(), [])
    np.testing.assert_array_equal(drawn["fid"], [3.0, 9.0, 5.0, np.nan])
    assert drawn["accuracy"] is drawn["confusion"] is None


def test_without_classes_any_glyphs_are_shown(drawn):
    glyphs = images()
    draw_evaluation_page("title", [], (), {"fid": VALUES["fid"]}, None, glyphs, glyphs, [])
    (example,) = drawn["examples"]
    assert isinstance(example, Examples)
    assert len(example.generated) == len(glyphs.images)
    assert drawn["fid"] is drawn["floors"] is None


def test_the_page_is_drawn_from_hand_made_values():
    page = draw_evaluation_page("title", ["protocol"], NAMES, VALUES, classes(), images(), images(), [])
    assert page.width == WIDTH
    assert (np.asarray(page.convert("L")) < 100).any()
