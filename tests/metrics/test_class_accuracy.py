from __future__ import annotations

import pytest
import torch
from sklearn.metrics import confusion_matrix

from handwriting.features.space import Sample
from handwriting.metrics.class_accuracy import ClassAccuracy, class_accuracies, confusion
from tests.metrics.samples import gaussian, make_evaluation, make_sample


def test_the_confusion_equals_that_of_scikit_learn():
    labels, predicted = torch.randint(0, 5, (2, 200), generator=torch.Generator().manual_seed(0))
    found = confusion(labels, predicted, classes=5)
    assert found.dtype == torch.int64
    assert found.tolist() == confusion_matrix(labels, predicted).tolist()
    assert confusion(torch.zeros(3, dtype=torch.int64), torch.zeros(3, dtype=torch.int64), classes=1).tolist() == [[3]]


def test_a_class_that_was_not_asked_for_has_no_accuracy():
    found = class_accuracies(torch.tensor([[3, 1, 0], [0, 0, 0], [2, 0, 2]]))
    torch.testing.assert_close(found, torch.tensor([0.75, torch.nan, 0.5], dtype=torch.float64), equal_nan=True)


def test_the_share_that_is_seen_as_asked_and_that_of_the_worst_class():
    labels = torch.tensor([0, 0, 0, 0, 1, 1])
    predicted = torch.tensor([0, 0, 0, 1, 1, 2])
    real, floor = make_sample(gaussian(6)), make_sample(gaussian(6))
    found = ClassAccuracy().compute(make_evaluation(make_sample(gaussian(6), labels, predicted), real, floor))
    assert found["class_accuracy"].value == pytest.approx(4 / 6)
    assert found["worst_class_accuracy"].value == pytest.approx(1 / 2)
    assert found["class_accuracy"].floor == 1
    assert found["class_accuracy"].better == "max"


def test_glyphs_that_nobody_asked_for_by_class_have_none():
    real = make_sample(gaussian(6))
    unlabelled = make_sample(gaussian(6), labels=torch.tensor([0, 1, 2, 0, 1, -1]))
    foreign = Sample(real.glyphs, real.features, real.predicted, names=("x", "y", "z"))
    for sample in (unlabelled, foreign):
        assert ClassAccuracy().compute(make_evaluation(sample, real, real)) == {}
