"""How well a classifier that was trained on generated glyphs alone reads real ones."""

# Annotations stay objects here (no `from __future__ import annotations`): the config layer validates against them.

from dataclasses import dataclass

from pydantic import PositiveInt

from handwriting.features.recipe import Recipe, train
from handwriting.features.space import look
from handwriting.metrics.base import Measure, Measures, Metric, Trial, subset
from handwriting.metrics.evaluation import draw_like


@dataclass(eq=False, kw_only=True)
class ClassificationAccuracyScore(Metric):
    """``classification_accuracy``: a classifier trained on generated glyphs and tested on real ones.

    The classification accuracy score of Ravuri and Vinyals (2019): as many glyphs are generated as there are training
    glyphs, in their class proportions, and the classifier is trained on them by the recipe of the feature space. What
    real training glyphs reach, its floor, is the accuracy of the feature space's own classifier. Only for models that
    are asked for a class.

    Attributes:
        most: Generated glyphs to train on at the most.
    """

    most: PositiveInt = 60_000

    def measure(self, trial: Trial) -> Measures:
        """Train and test the classifier; it takes as long as the feature space's own."""
        reference = trial.reference
        if reference.space.origin != "own" or (trial.generated.labels < 0).any():
            return {}
        like = reference.training[subset(len(reference.training), self.most, trial.seed).numpy()]
        training = draw_like(trial.model, like, trial.seed + 1)
        classifier = train(Recipe(), training, next(reference.space.classifier.parameters()).device)
        seen = look(classifier, reference.real.glyphs, reference.space.names)
        accuracy = float((seen.predicted == seen.labels).double().mean())
        return {
            "classification_accuracy": Measure(accuracy, len(training), floor=reference.space.accuracy, better="max")
        }
