from __future__ import annotations

import pytest
import torch

from handwriting.features.moments import Moments
from handwriting.features.space import Sample
from handwriting.metrics.class_fid import ClassFID, class_of, distance_at, principal_directions
from handwriting.metrics.fid import frechet_distance
from tests.metrics.samples import NAMES, gaussian, make_evaluation, make_sample


def moved(sample: Sample, label: int, shift: float) -> Sample:
    """Return a sample with the features of one class moved away."""
    features = sample.features + shift * (sample.labels == label)[:, None]
    return Sample(sample.glyphs, features, sample.predicted, sample.names)


def test_the_directions_are_those_of_the_largest_variances():
    vectors = gaussian(500, 4) * torch.tensor([1.0, 5.0, 0.1, 3.0])
    directions = principal_directions(Moments.of(vectors), 2)
    assert directions.abs().argmax(dim=0).tolist() == [1, 3]
    torch.testing.assert_close(directions.T @ directions, torch.eye(2, dtype=torch.float64))


def test_there_are_fewer_directions_where_there_are_fewer_glyphs_or_dimensions():
    assert principal_directions(Moments.of(gaussian(5, 8)), 16).shape == (8, 4)
    assert principal_directions(Moments.of(gaussian(50, 8)), 16).shape == (8, 8)


def test_all_glyphs_drawn_is_the_distance_itself():
    one, other = gaussian(40), gaussian(40, seed=1)
    assert distance_at(40, one, other) == pytest.approx(frechet_distance(Moments.of(one), Moments.of(other)))
    assert distance_at(20, one, other) > distance_at(40, one, other)


def test_the_class_asked_for_counts_before_the_class_seen():
    features = gaussian(4)
    sample = make_sample(features, labels=torch.tensor([0, 1, -1, -1]), predicted=torch.tensor([2, 2, 2, 1]))
    assert class_of(sample, NAMES).tolist() == [0, 1, 2, 1]
    foreign = Sample(sample.glyphs, features, sample.predicted, names=("x", "y", "z"))
    assert class_of(foreign, NAMES).tolist() == [0, 1, -1, -1]


def test_the_class_that_is_drawn_worst_stands_out():
    generated, real, floor = (make_sample(gaussian(300, seed=seed)) for seed in range(3))
    found = ClassFID().compute(make_evaluation(moved(generated, 1, 2.0), real, floor))
    assert set(found) == {"class_fid/a", "class_fid/b", "class_fid/c", "class_fid_worst", "class_fid_spread"}
    for name in "ac":
        assert found[f"class_fid/{name}"].value < 2 * found[f"class_fid/{name}"].floor
    letter = found["class_fid/b"]
    assert letter.value == pytest.approx(8 * 4, rel=0.3)
    assert found["class_fid_worst"].value == letter.value / letter.floor > 10
    assert found["class_fid_spread"].value > 10


def test_every_class_is_measured_with_the_same_number_of_glyphs():
    labels = torch.tensor([0] * 90 + [1] * 40 + [2] * 15)
    generated = make_sample(gaussian(145), labels)
    real, floor = (make_sample(gaussian(300, seed=seed)) for seed in (1, 2))
    found = ClassFID(min_glyphs=20).compute(make_evaluation(generated, real, floor))
    assert "class_fid/c" not in found  # with only 15
    assert {measure.n for measure in found.values()} == {40}
    # The same distribution: however many glyphs a class has, its distance is that of its floor.
    assert found["class_fid/a"].value == pytest.approx(found["class_fid/a"].floor, rel=0.5)


def test_there_is_nothing_to_say_without_classes_or_with_too_few_glyphs_of_each():
    few, many = make_sample(gaussian(57)), make_sample(gaussian(300))
    assert ClassFID(min_glyphs=20).compute(make_evaluation(few, many, many)) == {}
    unknown = torch.full((300,), -1)
    nameless = Sample(make_sample(gaussian(300), unknown).glyphs, gaussian(300), unknown * 0, ("x", "y"))
    assert ClassFID().compute(make_evaluation(many, nameless, nameless)) == {}


def test_classes_of_equal_glyphs_have_no_ratio():
    constant = make_sample(torch.ones(90, 8))
    found = ClassFID().compute(make_evaluation(constant, constant, constant))
    assert set(found) == {"class_fid/a", "class_fid/b", "class_fid/c"}
