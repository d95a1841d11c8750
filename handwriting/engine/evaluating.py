"""Taking a trained model's measures, and laying out the page about them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from omegaconf import DictConfig
from PIL import Image

from handwriting.data.loading.module import GlyphData
from handwriting.data.sources.base import GlyphSource
from handwriting.engine.fitting import build_metrics
from handwriting.errors import DataError
from handwriting.features.cache import feature_space
from handwriting.features.space import Sample
from handwriting.glyphs import Glyphs
from handwriting.metric_values import MetricValues, class_fids, of_one_class
from handwriting.metrics.base import Evaluation, Reference, subset
from handwriting.metrics.class_accuracy import confusion
from handwriting.metrics.class_fid import class_of
from handwriting.metrics.evaluation import compute_metrics, evaluate_samples
from handwriting.metrics.nearest_neighbour import nearest
from handwriting.models.loading import load
from handwriting.plots.contents import stacked
from handwriting.plots.evaluation import (
    Examples,
    Neighbours,
    best_and_worst,
    draw_evaluation,
    draw_neighbours,
)
from handwriting.plots.grids import png_bytes
from handwriting.runs import Run
from handwriting.runs.classes import Classes
from handwriting.runs.files import write_atomically
from handwriting.text import format_number

COMPARED = 1_000
"""Generated glyphs among which the page looks for the nearest pairs."""
NEIGHBOURS_WIDTH = 800
"""How wide the picture of neighbours by itself is, in pixels."""
PAIRS = 60
"""Pairs of neighbours of each kind that the page may choose from."""


def run(
    run: Run,
    checkpoint: str | None,
    source: GlyphSource,
    read: tuple[Glyphs, Glyphs],
    sections: DictConfig,
    seed: int,
) -> None:
    """MetricValue a run's model, and write and print what was found.

    Args:
        run: The run.
        checkpoint: ``best``, ``last``, or None for the best where there is one.
        source: Its data.
        read: What the source read.
        sections: What the configuration says of each metric.
        seed: What the generated glyphs are drawn from.
    """
    metrics = build_metrics(sections)
    path = run.checkpoint(checkpoint)  # type: ignore[arg-type]  # one of the allowed names
    model = load(path)
    data = GlyphData(source, read)
    data.setup()
    if model.conditions and (model.alphabet, model.style_names) != (data.alphabet, data.style_names):
        raise DataError(
            f"{run.path} was trained on other classes or styles ({', '.join(model.alphabet)}) than its data has now "
            f"({', '.join(data.alphabet)}): say where the same data is, root=<folder> or path=<path>."
        )
    device = "cuda" if torch.cuda.is_available() else "cpu"
    reference = Reference(feature_space(data.whole, data.test, device, announce=print), data.whole, data.test)
    evaluation = evaluate_samples(model.to(device), reference, seed)
    measures, refused = compute_metrics(evaluation, metrics)

    protocol = [
        f"{len(evaluation.generated):,} generated glyphs against {len(reference.real):,} test glyphs, in their class "
        f"proportions; floor: {len(reference.floor):,} real training glyphs",
        f"{reference.space}",
        f"checkpoints/{path.name}, averaged weights, after {model.batches:,} batches; seed {seed}",
        *(f"not measured: {reason}" for reason in refused),
    ]
    if data.fingerprint != run.status.get("data_fingerprint"):
        protocol.append("The data is not what the model was trained on: its fingerprint differs.")
    classes, neighbours = _classes(evaluation), _neighbours(evaluation)
    run.write_evaluation({name: own.plain() for name, own in measures.items()})
    if classes:
        classes.write(run.path)
    pairs = stacked([draw_neighbours(group, NEIGHBOURS_WIDTH) for group in neighbours])
    write_atomically(run.path / "neighbours.png", lambda file: file.write(png_bytes(pairs)))
    title = f"{run.path.name}: {type(model).__name__}"
    page = draw(title, protocol, evaluation, measures, classes, neighbours)
    write_atomically(run.path / "evaluation.png", lambda file: file.write(png_bytes(page)))
    print(table(measures))
    print("\n".join([*protocol, f"Page: {run.path / 'evaluation.png'}"]))


def table(measures: MetricValues) -> str:
    """Return the measures of all classes together, a line each, with the floor beside each."""
    lines = [("measure", "value", "floor", "glyphs", "")]
    for name, own in measures.items():
        if of_one_class(name):
            continue
        error = f" ± {format_number(own.error, 2)}" if own.error is not None else ""
        floor = "" if own.floor is None else format_number(own.floor)
        lines.append((name, format_number(own.value) + error, floor, f"{own.n:,}", own.unit))
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join("  ".join(map(str.ljust, line, widths)).rstrip() for line in lines)


def draw(
    title: str,
    protocol: Sequence[str],
    evaluation: Evaluation,
    measures: MetricValues,
    classes: Classes | None,
    neighbours: Sequence[Neighbours],
) -> Image.Image:
    """Return the page: measures, classes, what they are mistaken for, and the glyphs themselves.

    Args:
        title: The first line.
        protocol: What was done.
        evaluation: What the model generated.
        measures: What was found.
        classes: What is seen in glyphs of each class; None where classes are not known.
        neighbours: Generated glyphs and the training glyphs nearest to them.
    """
    names = evaluation.reference.real.glyphs.alphabet
    fid, floors = class_fids(measures, names, "value"), class_fids(measures, names, "floor")
    accuracy = None if classes is None else classes.accuracies
    return draw_evaluation(
        title,
        protocol,
        measures,
        names,
        fid=fid,
        floors=floors,
        accuracy=accuracy,
        real_accuracy=None if classes is None else classes.real_accuracies,
        confusion=None if classes is None else classes.confusion,
        examples=_examples(evaluation, fid, floors, accuracy),
        neighbours=neighbours,
    )


def _classes(evaluation: Evaluation) -> Classes | None:
    """Return what is seen in glyphs of each class, generated and real; None where their classes are not known."""
    names = evaluation.reference.real.glyphs.alphabet
    seen, real = (_confusion(sample, names) for sample in (evaluation.generated, evaluation.reference.real))
    return None if seen is None else Classes(names, seen.numpy(), None if real is None else real.numpy())


def _confusion(sample: Sample, names: tuple[str, ...]) -> torch.Tensor | None:
    """Return what is seen in glyphs of each class; None where their classes are not known."""
    if not names or sample.names != names or (sample.labels < 0).any():
        return None
    return confusion(sample.labels, sample.predicted, len(names))


def _examples(
    evaluation: Evaluation,
    fid: NDArray[np.float64] | None,
    floors: NDArray[np.float64] | None,
    accuracy: NDArray[np.float64] | None,
) -> list[Examples]:
    """Return glyphs of the best and the worst classes, generated and real; any glyphs where there are no classes."""
    generated, real = evaluation.generated, evaluation.reference.real
    names = real.glyphs.alphabet
    if fid is None and accuracy is None:
        title = "Generated glyphs, and real ones to their right"
        return [Examples(title, generated.glyphs.images, real.glyphs.images)]
    asked, shown = class_of(generated, names), class_of(real, names)
    found = []
    for rank, labels in zip(("best", "worst"), best_and_worst(fid, floors, accuracy), strict=True):
        for label in labels:
            facts = [] if fid is None else [f"FID {format_number(fid[label])}"]
            facts += [] if floors is None else [f"floor {format_number(floors[label])}"]
            facts += [] if accuracy is None else [f"{accuracy[label]:.0%} recognised"]
            title = f"{rank} class {names[label]}: {', '.join(facts)}"
            sides = ((generated, asked), (real, shown))
            found.append(Examples(title, *(side.glyphs.images[(of == label).numpy()] for side, of in sides)))
    return found


def _neighbours(evaluation: Evaluation) -> list[Neighbours]:
    chosen = evaluation.generated[subset(len(evaluation.generated), COMPARED, evaluation.seed)]
    training = evaluation.reference.training
    distance, index = nearest(torch.tensor(chosen.glyphs.images), torch.tensor(training.images))
    groups = {
        f"The nearest pairs of {len(chosen):,}: generated above nearest training glyph, and their distance in pixels":
            distance.argsort()[:PAIRS],
        "Random pairs": torch.arange(len(chosen))[:PAIRS],
    }  # fmt: skip
    return [
        Neighbours(
            title,
            chosen.glyphs.images[pairs.numpy()],
            training.images[index[pairs].numpy()],
            [f"{apart:.2f}" for apart in distance[pairs]],
        )
        for title, pairs in groups.items()
    ]
