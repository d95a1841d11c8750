"""A metric declares what it returns and how that is shown; nothing else has to know."""

from __future__ import annotations

import pytest

from handwriting.config import compose
from handwriting.metric_values import MetricValue, by_heading, display_order
from handwriting.metrics.base import OTHER_METRICS, Metric
from handwriting.metrics.class_fid import ClassFID
from handwriting.metrics.evaluation import compute_metrics
from handwriting.metrics.kid import KID
from tests.metrics.declared import declared_names, metric_classes
from tests.metrics.samples import FakeSpace, gaussian, make_evaluation, make_sample

LONGEST_CAPTION = 40
"""Letters with which the table of a page still has two columns."""


@pytest.mark.parametrize("name", metric_classes())
def test_every_metric_declares_short_captions_and_a_heading(name):
    metric = metric_classes()[name]
    assert metric.captions
    assert metric.heading not in ("", OTHER_METRICS)
    assert all(0 < len(caption) <= LONGEST_CAPTION for caption in metric.captions.values())


def test_no_two_metrics_declare_the_same_name():
    assert len(declared_names()) == len(set(declared_names()))


@pytest.fixture(scope="module")
def evaluation():
    sides = (make_sample(gaussian(200, seed=seed)) for seed in range(3))
    return make_evaluation(*sides, space=FakeSpace())


def test_values_carry_the_captions_of_their_class_in_the_order_of_the_configuration(evaluation):
    values, refused = compute_metrics(evaluation, [KID(), ClassFID()])
    assert not refused
    assert list(values) == ["kid", "class_fid/a", "class_fid/b", "class_fid/c", "class_fid_worst", "class_fid_spread"]
    assert values["kid"].caption == KID.captions["kid"]
    assert values["class_fid/a"].caption == ClassFID.captions["class_fid"]
    assert {value.heading for name, value in values.items() if name != "kid"} == {"Classes"}


def test_a_metric_without_captions_is_shown_by_its_name_under_a_heading_of_its_own(evaluation):
    class Mine(Metric):
        def compute(self, evaluation):
            return {"mine": MetricValue(1.0, 1)}

    values, _ = compute_metrics(evaluation, [KID(), Mine()])
    assert (values["mine"].caption, values["mine"].heading) == ("", OTHER_METRICS)
    assert list(by_heading(values)) == [KID.heading, OTHER_METRICS]


def test_a_class_says_which_names_it_may_return():
    assert ClassFID.may_return("class_fid_worst")
    assert ClassFID.may_return("class_fid/a")
    assert not ClassFID.may_return("fid")
    assert Metric.may_return("anything")


def test_an_evaluation_of_an_earlier_version_is_read_without_captions():
    value = MetricValue(**{"value": 1.5, "n": 10, "unit": "", "floor": 1.0, "error": None, "better": "min",
                           "classifier": None, "accuracy": None})  # fmt: skip
    assert (value.caption, value.heading) == ("", "")


def test_values_under_one_heading_stand_together_and_those_of_a_class_apart():
    headings = {"fid": "Similarity", "copies": "Copies", "kid": "Similarity", "class_fid/a": "Classes"}
    values = {name: MetricValue(0.0, 1, heading=heading) for name, heading in headings.items()}
    assert {heading: list(group) for heading, group in by_heading(values).items()} == {
        "Similarity": ["fid", "kid"], "Copies": ["copies"]}  # fmt: skip
    assert display_order([*values, "fid"]) == ["fid", "copies", "kid", "class_fid/a"]


def test_the_default_metrics_keep_each_heading_together():
    stems = [stem for stem in compose("evaluate", ["run=x"]).metrics if stem in metric_classes()]
    headings = [metric_classes()[stem].heading for stem in stems]
    first = list(dict.fromkeys(headings))
    assert headings == sorted(headings, key=first.index)
    assert set(stems) == metric_classes().keys() - {"inception_fid"}
