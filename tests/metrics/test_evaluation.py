"""The protocol: who is held against whom, and that nothing is measured in silence or in vain."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from handwriting.data.sources.synthetic import draw_glyphs
from handwriting.errors import DataError
from handwriting.features.space import FeatureSpace
from handwriting.features.training import ClassifierRecipe, train
from handwriting.glyphs import Glyphs
from handwriting.metrics.base import Metric, Reference, matched
from handwriting.metrics.class_accuracy import ClassAccuracy
from handwriting.metrics.classification_accuracy import ClassificationAccuracyScore
from handwriting.metrics.evaluation import compute_metrics, evaluate_samples, prepare_metrics, sample_like
from handwriting.metrics.fid import FID
from handwriting.metrics.precision_recall import PrecisionRecall
from tests.builders import make_glyphs, make_model

CLASSES = "abc"


@pytest.fixture(scope="module")
def real() -> tuple[Glyphs, Glyphs]:
    glyphs, _ = draw_glyphs(600, seed=0, classes=CLASSES)
    return glyphs[:450], glyphs[450:]


@pytest.fixture(scope="module")
def space(real) -> FeatureSpace:
    classifier = train(ClassifierRecipe(max_glyphs=6_000, min_glyphs=6_000), real[0])
    return FeatureSpace(classifier, tuple(CLASSES), 0.9, 150, "abcd1234", "own")


@pytest.fixture(scope="module")
def reference(real, space) -> Reference:
    return Reference(space, *real)


class Copies:
    """A model that samples glyphs of a set in turn, by class; mirrored where it is told to."""

    conditions = ("class",)

    def __init__(self, glyphs: Glyphs, mirrored: bool = False) -> None:
        self.glyphs = glyphs
        self.mirrored = mirrored

    def sample(self, n, labels, styles, generator):
        labels = labels.numpy()
        picked = np.zeros(len(labels), np.int64)
        for label in np.unique(labels):
            own = np.flatnonzero(self.glyphs.labels == label)
            wanted = np.flatnonzero(labels == label)
            picked[wanted] = own[np.arange(len(wanted)) % len(own)]
        images = self.glyphs.images[picked]
        images = np.flip(images, axis=3).copy() if self.mirrored else images
        return torch.tensor(images) / 255


def test_as_many_are_drawn_in_the_same_class_proportions(real):
    model = make_model("cgan", ("class",))
    like = make_glyphs(20)
    drawn = sample_like(model, like)
    assert np.array_equal(drawn.labels, like.labels)
    assert (drawn.styles == -1).all()
    unconditional = sample_like(make_model("dcgan"), like)
    assert len(unconditional) == 20
    assert (unconditional.labels == -1).all()


def test_the_same_seed_draws_the_same_and_training_is_not_disturbed():
    model = make_model("cvae", ("class",)).train()
    torch.manual_seed(3)
    state = torch.get_rng_state()
    first, again, other = (sample_like(model, make_glyphs(9), seed) for seed in (0, 0, 1))
    assert np.array_equal(first.images, again.images)
    assert not np.array_equal(first.images, other.images)
    assert torch.equal(torch.get_rng_state(), state)
    assert model.training


def test_the_floor_is_as_many_training_glyphs_in_the_same_proportions(real):
    training, test = real
    floor = matched(training, test, seed=0)
    assert np.array_equal(floor.counts(), test.counts())
    few = matched(training[:30], test, seed=0)
    assert len(few) == 30
    unlabelled = matched(Glyphs(training.images), Glyphs(test.images), seed=0)
    assert len(unlabelled) == len(test)
    assert len(np.unique(floor.images.reshape(len(floor), -1), axis=0)) > 0.9 * len(floor)


def test_a_model_that_draws_training_glyphs_reaches_the_floor_and_a_mirror_does_not(real, reference):
    metrics = [FID(), ClassAccuracy()]
    good, _ = compute_metrics(evaluate_samples(Copies(real[0]), reference), metrics)
    bad, _ = compute_metrics(evaluate_samples(Copies(real[0], mirrored=True), reference), metrics)
    assert good["fid"].floor == bad["fid"].floor
    assert good["fid"].value < 2 * good["fid"].floor < bad["fid"].value / 2
    assert good["class_accuracy"].value > 0.9 > bad["class_accuracy"].value


def test_beside_every_number_stands_the_classifier_that_it_depends_on(real, reference):
    measures, refused = compute_metrics(evaluate_samples(Copies(real[0]), reference), [FID(), PrecisionRecall()])
    assert not refused
    assert {(own.classifier, own.accuracy, own.n) for own in measures.values()} == {("abcd1234", 0.9, 150)}


def test_too_few_glyphs_are_refused_in_words_and_the_rest_is_measured(real, space):
    small = Reference(space, real[0], real[1][:4])
    ready, refused = prepare_metrics([FID(), PrecisionRecall()], small)
    assert [type(metric) for metric in ready] == [FID]
    assert "PrecisionRecall" in refused[0]
    assert " 4" in refused[0]
    measures, refused = compute_metrics(evaluate_samples(Copies(real[0]), small), [FID(), PrecisionRecall()])
    assert "fid" in measures
    assert len(refused) == 1


def test_a_model_that_draws_nothing_finite_is_refused():
    model = make_model("dcgan")
    with torch.no_grad():
        next(model.averaged.parameters()).fill_(torch.nan)
    with pytest.raises(DataError, match="not finite"):
        sample_like(model, make_glyphs(3))


def test_a_measure_that_is_no_number_is_told_of_and_left_out(real, reference):
    class Broken(Metric):
        def compute(self, evaluation):
            from handwriting.metric_values import MetricValue

            return {"good": MetricValue(1.0, 1), "bad": MetricValue(float("nan"), 1)}

    measures, refused = compute_metrics(evaluate_samples(Copies(real[0]), reference), [Broken()])
    assert list(measures) == ["good"]
    assert refused == ["bad is nan, its floor None, its error None"]


@pytest.mark.slow
def test_a_classifier_trained_on_good_glyphs_reads_real_ones_and_one_trained_on_mirrored_ones_does_not(real, reference):
    metric = ClassificationAccuracyScore(max_glyphs=300)
    good, bad = (
        metric.compute(evaluate_samples(Copies(real[0], mirrored), reference))["classification_accuracy"]
        for mirrored in (False, True)
    )
    assert good.value > 0.95
    assert bad.value < good.value - 0.1
    assert good.floor == 0.9
    assert good.n == 300
