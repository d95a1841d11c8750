"""How one evaluation of one model is reported: a table for the terminal, and a page as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from operator import methodcaller
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from handwriting.files import write_atomically
from handwriting.metric_values import MetricValues, class_fids, of_one_class
from handwriting.plots.contents import stacked
from handwriting.plots.evaluation import (
    ClassifiedImages,
    Examples,
    Neighbours,
    best_and_worst,
    draw_evaluation,
    draw_neighbours,
)
from handwriting.plots.grids import png_bytes
from handwriting.runs import Run
from handwriting.runs.classes import Classes
from handwriting.text import format_number

if TYPE_CHECKING:
    from handwriting.engine.evaluating import EvaluatedModel

NEIGHBOURS_WIDTH_PIXELS = 800
"""The width of the picture that shows the neighbours alone."""


def write_evaluation(run: Run, evaluated: EvaluatedModel) -> Path:
    """Write an evaluation into its run folder: metric values, classes, neighbours and the page.

    Args:
        run: The run.
        evaluated: The evaluation of its model.

    Returns:
        The page, ``evaluation.png``.
    """
    run.write_evaluation({name: value.plain() for name, value in evaluated.values.items()})
    if evaluated.classes:
        evaluated.classes.write(run.path)
    pairs = stacked([draw_neighbours(group, NEIGHBOURS_WIDTH_PIXELS) for group in evaluated.neighbours])
    page = draw_evaluation_page(
        f"{run.path.name}: {evaluated.model_name}",
        evaluated.protocol,
        evaluated.names,
        evaluated.values,
        evaluated.classes,
        evaluated.generated,
        evaluated.real,
        evaluated.neighbours,
    )
    for name, picture in (("neighbours.png", pairs), ("evaluation.png", page)):
        content = png_bytes(picture)
        write_atomically(run.path / name, methodcaller("write", content))
    return run.path / "evaluation.png"


def metrics_table(values: MetricValues) -> str:
    """Return the metric values of all classes together, one line each, with their floors."""
    lines = [("metric", "value", "floor", "glyphs", "")]
    for name, metric in values.items():
        if of_one_class(name):
            continue
        error = f" ± {format_number(metric.error, 2)}" if metric.error is not None else ""
        floor = "" if metric.floor is None else format_number(metric.floor)
        lines.append((name, format_number(metric.value) + error, floor, f"{metric.n:,}", metric.unit))
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join("  ".join(map(str.ljust, line, widths)).rstrip() for line in lines)


def draw_evaluation_page(
    title: str,
    protocol: Sequence[str],
    names: Sequence[str],
    values: MetricValues,
    classes: Classes | None,
    generated: ClassifiedImages,
    real: ClassifiedImages,
    neighbours: Sequence[Neighbours],
) -> Image.Image:
    """Return the page: metric values, charts of the classes, their confusion, and the glyphs themselves.

    Args:
        title: The first line.
        protocol: Lines that say how the values were computed.
        names: The names of the classes, which labels index.
        values: The metric values by name.
        classes: How glyphs of each class are classified; None where classes are not known.
        generated: The generated glyphs.
        real: The real glyphs that they are compared with.
        neighbours: Generated glyphs and the training glyphs nearest to them.
    """
    fid, floors = class_fids(values, names, "value"), class_fids(values, names, "floor")
    accuracy = None if classes is None else classes.accuracies
    return draw_evaluation(
        title,
        protocol,
        values,
        names,
        fid=fid,
        floors=floors,
        accuracy=accuracy,
        real_accuracy=None if classes is None else classes.real_accuracies,
        confusion=None if classes is None else classes.confusion,
        examples=_examples(names, generated, real, fid, floors, accuracy),
        neighbours=neighbours,
    )


def _examples(
    names: Sequence[str],
    generated: ClassifiedImages,
    real: ClassifiedImages,
    fid: NDArray[np.float64] | None,
    floors: NDArray[np.float64] | None,
    accuracy: NDArray[np.float64] | None,
) -> list[Examples]:
    """Return glyphs of the best and the worst classes, generated and real; any glyphs where there are no classes."""
    if fid is None and accuracy is None:
        return [Examples("Generated glyphs, and real ones to their right", generated.images, real.images)]
    examples = []
    for rank, labels in zip(("best", "worst"), best_and_worst(fid, floors, accuracy), strict=True):
        for label in labels:
            facts = [] if fid is None else [f"FID {format_number(fid[label])}"]
            facts += [] if floors is None else [f"floor {format_number(floors[label])}"]
            facts += [] if accuracy is None else [f"{accuracy[label]:.0%} recognised"]
            title = f"{rank} class {names[label]}: {', '.join(facts)}"
            examples.append(Examples(title, generated.of_class(label), real.of_class(label)))
    return examples
