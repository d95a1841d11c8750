"""Evaluating a trained model on its test set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from handwriting.data.loading.module import GlyphData
from handwriting.data.sources.base import GlyphSource
from handwriting.errors import DataError
from handwriting.features.cache import feature_space
from handwriting.features.space import Sample
from handwriting.glyphs import Glyphs
from handwriting.metric_values import MetricValues
from handwriting.metrics.base import Evaluation, Metric, Reference, subset
from handwriting.metrics.class_accuracy import confusion
from handwriting.metrics.class_fid import class_of
from handwriting.metrics.evaluation import compute_metrics, evaluate_samples
from handwriting.metrics.nearest_neighbour import nearest
from handwriting.models.loading import load
from handwriting.plots.evaluation import ClassifiedImages, Neighbours
from handwriting.progress import step
from handwriting.runs import Run
from handwriting.runs.classes import Classes
from handwriting.text import shown

MAX_COMPARED_GLYPHS = 1_000
"""Generated glyphs whose nearest training glyphs are searched for the page."""
MAX_PAIRS = 60
"""Pairs of neighbours of each kind that the page may choose from."""


@dataclass(frozen=True, eq=False)
class EvaluatedModel:
    """The evaluation of one checkpoint, ready to be reported.

    Attributes:
        model_name: The class of the model.
        protocol: Lines that say how the values were computed.
        names: The names of the classes, which labels index.
        values: The metric values by name.
        classes: How glyphs of each class are classified; None where classes are not known.
        generated: The generated glyphs.
        real: The test glyphs that they are compared with.
        neighbours: Generated glyphs and the training glyphs nearest to them.
    """

    model_name: str
    protocol: list[str]
    names: tuple[str, ...]
    values: MetricValues
    classes: Classes | None
    generated: ClassifiedImages
    real: ClassifiedImages
    neighbours: list[Neighbours]


def evaluate(
    run: Run,
    checkpoint: str | None,
    source: GlyphSource,
    read: tuple[Glyphs, Glyphs],
    metrics: Sequence[Metric],
    seed: int,
) -> EvaluatedModel:
    """Evaluate a run's model on its test set; nothing is written.

    Args:
        run: The run.
        checkpoint: ``best``, ``last``, or None for the best where there is one.
        source: Its data source.
        read: Training and test glyphs, as the source read them.
        metrics: What is measured.
        seed: The seed of the generated glyphs.

    Raises:
        DataError: If the model is conditioned on other classes or styles than the data has.
    """
    path = run.checkpoint(checkpoint)  # type: ignore[arg-type]  # one of the allowed names
    with step("loading the model and preparing the glyphs"):
        model = load(path)
        data = GlyphData(source, read)
        data.setup()
    if model.conditions and (model.alphabet, model.style_names) != (data.alphabet, data.style_names):
        then, now = (", ".join(map(shown, alphabet)) for alphabet in (model.alphabet, data.alphabet))
        raise DataError(
            f"{run.path} was trained on other classes or styles ({then}) than its data has now ({now}): say where the "
            "same data is, root=<folder> or path=<path>."
        )
    device = "cuda" if torch.cuda.is_available() else "cpu"
    reference = Reference(feature_space(data.whole, data.test, device), data.whole, data.test)
    with step("generating and embedding glyphs"):
        evaluation = evaluate_samples(model.to(device), reference, seed)
    values, refused = compute_metrics(evaluation, metrics)

    protocol = [
        f"{len(evaluation.generated):,} generated glyphs against {len(reference.real):,} test glyphs, in their class "
        f"proportions; floor: {len(reference.floor):,} real training glyphs",
        f"{reference.space}",
        f"checkpoints/{path.name}, averaged weights, after {model.batches:,} batches; seed {seed}",
        *(f"not measured: {reason}" for reason in refused),
    ]
    if data.fingerprint != run.status.get("data_fingerprint"):
        protocol.append("The data is not what the model was trained on: its fingerprint differs.")
    names = reference.real.glyphs.alphabet
    with step("searching the nearest training glyphs"):
        neighbours = _neighbours(evaluation)
    return EvaluatedModel(
        type(model).__name__,
        protocol,
        names,
        values,
        _classes(evaluation),
        _classified(evaluation.generated, names),
        _classified(reference.real, names),
        neighbours,
    )


def _classes(evaluation: Evaluation) -> Classes | None:
    """Return how glyphs of each class are classified, generated and real; None where classes are not known."""
    names = evaluation.reference.real.glyphs.alphabet
    generated, real = (_confusion(sample, names) for sample in (evaluation.generated, evaluation.reference.real))
    return None if generated is None else Classes(names, generated.numpy(), None if real is None else real.numpy())


def _confusion(sample: Sample, names: tuple[str, ...]) -> torch.Tensor | None:
    """Return how many glyphs of each class are classified as each, int64 ``(C, C)``; None for unknown classes."""
    if not names or sample.names != names or (sample.labels < 0).any():
        return None
    return confusion(sample.labels, sample.predicted, len(names))


def _classified(sample: Sample, names: tuple[str, ...]) -> ClassifiedImages:
    return ClassifiedImages(sample.glyphs.images, class_of(sample, names).numpy())


def _neighbours(evaluation: Evaluation) -> list[Neighbours]:
    """Return generated glyphs with their nearest training glyphs: the nearest pairs, and random ones."""
    chosen = evaluation.generated[subset(len(evaluation.generated), MAX_COMPARED_GLYPHS, evaluation.seed)]
    training = evaluation.reference.training
    distance, index = nearest(torch.tensor(chosen.glyphs.images), torch.tensor(training.images))
    groups = {
        f"The nearest pairs of {len(chosen):,}: generated above nearest training glyph, and their distance in pixels":
            distance.argsort()[:MAX_PAIRS],
        "Random pairs": torch.arange(len(chosen))[:MAX_PAIRS],
    }  # fmt: skip
    return [
        Neighbours(
            title,
            chosen.glyphs.images[pairs.numpy()],
            training.images[index[pairs].numpy()],
            [f"{pair_distance:.2f}" for pair_distance in distance[pairs]],
        )
        for title, pairs in groups.items()
    ]
