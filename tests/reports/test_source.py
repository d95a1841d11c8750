"""The report of a data source: facts in words, and a page of its glyphs."""

from __future__ import annotations

import numpy as np
import pytest

from handwriting.data.sources.synthetic import Synthetic
from handwriting.plots.contents import WIDTH
from handwriting.reports.source import contact_sheet, draw, most_distant, summary


@pytest.fixture(scope="module")
def source() -> Synthetic:
    return Synthetic(count=200, classes="abc")


@pytest.fixture(scope="module")
def read(source):
    return source.read()


def test_the_summary_counts_classes_splits_and_sizes(source, read):
    prepared = source.prepared(*read)
    facts = summary(source, read[0], prepared)
    assert facts["classes"] == "3"
    train, val, test = (len(part) for part in prepared[:3])
    assert facts["glyphs"] == f"{train:,} training, {val:,} validation, {test:,} test"
    assert facts["image size"] == "28x28 as read, 28x28 as the model receives it"
    assert facts["fingerprint"] == prepared.train.fingerprint()
    assert facts["report"] == "nothing removed, nothing added"
    assert "prepared by" not in facts


def test_the_page_has_its_width_and_is_the_same_for_the_same_seed(source, read):
    prepared = source.prepared(*read)
    facts = summary(source, read[0], prepared)
    first, again = (draw("synthetic", source, read[0], prepared, facts, np.random.default_rng(0)) for _ in range(2))
    assert first.width == WIDTH
    assert np.array_equal(np.asarray(first), np.asarray(again))


def test_the_contact_sheet_has_a_mean_image_above_the_glyphs_of_each_class(source, read):
    prepared = source.prepared(*read)
    sheet = contact_sheet(prepared.train, np.random.default_rng(0))
    assert sheet.height > 10 * 28


def test_the_most_distant_glyphs_are_drawn_within_their_width(source, read):
    assert most_distant(source.prepared(*read), limit=3.0, width=800).width <= 800
