"""The report of a data source: a summary, and one page of charts and contact sheets."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from handwriting.data.preparation.statistics import (
    class_distances,
    class_moments,
    class_quantiles,
    mean_images,
    mean_intensities,
    robust_sigmas,
)
from handwriting.data.preparation.steps import Preparation
from handwriting.data.sources.base import GlyphSource, Prepared
from handwriting.glyphs import Glyphs, in_turn
from handwriting.plots.contents import (
    WIDTH,
    columns_within,
    draw_captioned,
    draw_charts,
    draw_classes,
    draw_page,
    draw_pairs,
    width_next_to,
)
from handwriting.plots.figures import Figure

GLYPHS_OF_CLASS = 10
"""Glyphs of each class on the contact sheet."""
GLYPHS_OF_STYLE = 2
"""Glyphs of each style and class."""
PAIR_ROWS = 2
"""Rows of pairs, before and after preparation."""
OUTLIER_ROWS = 2
"""Rows of the most distant glyphs."""


def summary(source: GlyphSource, read: Glyphs, prepared: Prepared) -> dict[str, str]:
    """Return the main facts about a data set, in words, by their titles.

    Args:
        source: The data source.
        read: The training glyphs as they were read.
        prepared: The prepared splits, with the report of the preparation.
    """
    train, val, test = prepared[:3]
    counts = train.counts()
    facts = {"classes": f"{len(train.alphabet)}" if train.alphabet else "none: the glyphs are unlabelled"}
    facts["glyphs"] = f"{len(train):,} training, {len(val):,} validation, {len(test):,} test"
    if len(counts):
        few, many = counts.argmin(), counts.argmax()
        if counts[few] == counts[many]:
            facts["each class"] = f"{counts[few]:,} training glyphs"
        else:
            facts["smallest"] = f"{train.alphabet[few]}, {counts[few]:,} training glyphs"
            facts["largest"] = f"{train.alphabet[many]}, {counts[many]:,} training glyphs"
    facts["image size"] = f"{_size(read)} as read, {_size(train)} as the model receives it"
    facts["fingerprint"] = train.fingerprint()
    if overrides := _preparation_overrides(source):
        facts["prepared by"] = overrides
    facts["report"] = ", ".join(f"{step.replace('_', ' ')}: {count:,}" for step, count in prepared.report.items()) or (
        "nothing removed, nothing added"
    )
    return facts


def _size(glyphs: Glyphs) -> str:
    _, height, width = glyphs.image_shape
    return f"{width}x{height}"


def _preparation_overrides(source: GlyphSource) -> str:
    """Return the settings of the preparation that differ from their defaults, as overrides."""
    defaults = asdict(Preparation())
    settings = {f"prepare.{key}": value for key, value in asdict(source.prepare).items() if value != defaults[key]}
    if source.style != "none":
        settings["style"] = source.style
    return " ".join(f"{key}={_override_value(value)}" for key, value in settings.items())


def _override_value(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ",".join(f"{key}:{inner}" for key, inner in value.items()) + "}"
    return f"[{','.join(value)}]" if isinstance(value, tuple) else str(value)


def draw(
    name: str, source: GlyphSource, read: Glyphs, prepared: Prepared, facts: dict[str, str], rng: np.random.Generator
) -> Image.Image:
    """Return the page.

    Args:
        name: The name of the source in the configuration.
        source: The data source.
        read: The training glyphs as they were read.
        prepared: The prepared splits, with the report of the preparation.
        facts: The facts of :func:`summary`, for the head of the page.
        rng: The random generator that chooses the glyphs.
    """
    train = prepared.train
    panels = [contact_sheet(train, rng)]
    width = width_next_to(panels[0].width)
    if train.style_names and train.alphabet:
        panels.append(styles(train, rng, width))
    panels += [
        most_distant(prepared, source.prepare.outliers, width),
        before_and_after(source, read, train, rng, width),
    ]
    first = f"{facts['glyphs']}  ·  {facts['image size']}  ·  fingerprint {facts['fingerprint']}"
    lines = [first, *filter(None, [facts.get("prepared by")]), facts["report"]]
    title = f"{name}: {len(train.alphabet)} classes" if train.alphabet else f"{name}: unlabelled glyphs"
    return draw_page(title, lines, charts(prepared) if train.alphabet else None, panels)


def charts(prepared: Prepared) -> Figure:
    """Draw how many glyphs each class has, how bright they are, and how much they differ."""
    train, classes = prepared.train, len(prepared.train.alphabet)
    return draw_charts(
        train.alphabet,
        np.stack([part.counts() for part in prepared[:3]]),
        class_moments(mean_intensities(train), train.labels, classes),
        class_quantiles(class_distances(train), train.labels, classes),
    )


def _random_indices(chosen: NDArray[np.bool_], count: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Return the indices of at most ``count`` of the chosen glyphs."""
    return rng.permutation(np.flatnonzero(chosen))[:count]


def _columns(train: Glyphs, rows: int, rng: np.random.Generator, style: int | None = None) -> NDArray[np.uint8]:
    """Return some glyphs of every class below each other, ``(rows, C, H, W)``; empty where there are too few."""
    _, height, width = train.image_shape
    laid = np.zeros((rows, len(train.alphabet), height, width), np.uint8)
    for label in range(len(train.alphabet)):
        chosen = train.labels == label
        if style is not None:
            chosen &= train.styles == style
        index = _random_indices(chosen, rows, rng)
        laid[: len(index), label] = train.images[index, 0]
    return laid


def contact_sheet(train: Glyphs, rng: np.random.Generator) -> Image.Image:
    """Draw the mean image of each class above some of its glyphs; some glyphs where there are no classes."""
    if not train.alphabet:
        columns = columns_within(WIDTH, train.image_shape[-1])
        images = train.images[_random_indices(np.ones(len(train), bool), GLYPHS_OF_CLASS * columns, rng)]
        return draw_captioned("Some glyphs", [("", row, ()) for row in _rows(images, columns)], train.image_shape[-1])
    rows = np.concatenate([mean_images(train).swapaxes(0, 1), _columns(train, GLYPHS_OF_CLASS, rng)])
    return draw_classes("Each class: its mean image, and some of its glyphs", rows, ["mean"], train.alphabet)


def _rows(images: NDArray[np.uint8], columns: int) -> list[NDArray[np.uint8]]:
    return [images[start : start + columns] for start in range(0, len(images), columns)]


def styles(train: Glyphs, rng: np.random.Generator, width: int = WIDTH) -> Image.Image:
    """Draw some glyphs of each style of each class."""
    rows = [_columns(train, GLYPHS_OF_STYLE, rng, style) for style in range(len(train.style_names))]
    names = [text for name in train.style_names for text in (name, *[""] * (GLYPHS_OF_STYLE - 1))]
    return draw_classes("Each style of each class", np.concatenate(rows), names, train.alphabet, width)


def most_distant(prepared: Prepared, limit: float, width: int = WIDTH) -> Image.Image:
    """Draw the glyphs that were removed as outliers, if any, and the most distant ones of those that are kept."""
    train, removed = prepared.train, prepared.outliers
    columns = columns_within(width, train.image_shape[-1])
    sigmas = robust_sigmas(class_distances(train), train.labels)
    order = np.argsort(-sigmas, kind="stable")[: OUTLIER_ROWS * columns]
    title = "Most distant from the mean image of their class, in robust standard deviations above the median"
    rows = _distant_rows("kept" if len(removed.glyphs) else "", train[order], sigmas[order], columns)
    if len(removed.glyphs):
        title = (
            f"Removed above {limit:g} robust standard deviations, and the most distant of the others (measured again)"
        )
        shown = slice(OUTLIER_ROWS * columns)
        rows = _distant_rows("removed", removed.glyphs[shown], removed.sigmas[shown], columns) + rows
    return draw_captioned(title, rows, train.image_shape[-1])


def _distant_rows(
    name: str, glyphs: Glyphs, sigmas: NDArray[np.float64], columns: int
) -> list[tuple[str, NDArray[np.uint8], list[str]]]:
    names = [f"{glyphs.alphabet[label]}\n" if label >= 0 else "" for label in glyphs.labels]
    captions = [f"{name}{far:.1f}" for name, far in zip(names, sigmas, strict=True)]
    parts = [slice(start, start + columns) for start in range(0, len(glyphs), columns)]
    return [(name, glyphs.images[part], captions[part]) for part in parts]


def before_and_after(
    source: GlyphSource, read: Glyphs, train: Glyphs, rng: np.random.Generator, width: int = WIDTH
) -> Image.Image:
    """Draw some glyphs as they were read, and below each the glyph that the model receives."""
    columns = columns_within(width, source.image_size)
    kept = [index for index, name in enumerate(read.alphabet) if name in train.alphabet]
    order = rng.permutation(np.flatnonzero(np.isin(read.labels, kept) | (not kept)))
    index = order[in_turn(read.labels[order])[: PAIR_ROWS * columns]]
    chosen = read[index]
    names = [chosen.alphabet[label] if label >= 0 else "" for label in chosen.labels]
    after = source.prepare.clean(chosen.images, source.image_size)
    title = f"Glyphs as read ({_size(read)}), and as the model receives them ({_size(train)})"
    return draw_pairs(title, chosen.images, after, names if any(names) else (), columns)
