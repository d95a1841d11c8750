"""The accuracy on real glyphs of a classifier that was trained on generated ones."""

# Annotations stay objects here (no `from __future__ import annotations`): the config layer validates against them.

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from pydantic import PositiveInt

from handwriting.features.space import embed
from handwriting.features.training import ClassifierRecipe, train
from handwriting.metrics.base import Evaluation, Metric, MetricValue, MetricValues, subset
from handwriting.metrics.evaluation import sample_like


@dataclass(eq=False, kw_only=True)
class ClassificationAccuracyScore(Metric):
    """``classification_accuracy``: a classifier trained on generated glyphs and tested on real ones.

    The classification accuracy score of Ravuri and Vinyals (2019): as many glyphs are generated as there are training
    glyphs, in their class proportions, and the classifier is trained on them by the recipe of the feature space. The
    floor, which real training glyphs reach, is the accuracy of the feature space's own classifier. Only for models that
    are conditioned on the class.

    Attributes:
        max_glyphs: The largest number of generated glyphs to train on.
    """

    max_glyphs: PositiveInt = 60_000

    captions: ClassVar[Mapping[str, str]] = {"classification_accuracy": "accuracy after training on generated"}
    heading: ClassVar[str] = "Classes"

    def compute(self, evaluation: Evaluation) -> MetricValues:
        """Train and test the classifier, which takes as long as training the feature space's own."""
        reference = evaluation.reference
        if reference.space.origin != "own" or (evaluation.generated.labels < 0).any():
            return {}
        like = reference.training[subset(len(reference.training), self.max_glyphs, evaluation.seed).numpy()]
        training = sample_like(evaluation.model, like, evaluation.seed + 1)
        classifier = train(ClassifierRecipe(), training, next(reference.space.classifier.parameters()).device)
        recognised = embed(classifier, reference.real.glyphs, reference.space.names)
        accuracy = float((recognised.predicted == recognised.labels).double().mean())
        return {
            "classification_accuracy": MetricValue(
                accuracy, len(training), floor=reference.space.accuracy, better="max"
            )
        }
