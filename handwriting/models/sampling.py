"""Glyphs by class and style from a trained model."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from handwriting.glyphs import UNKNOWN, Glyphs
from handwriting.models.base import ConditionName, GlyphModel


def sample_each(
    model: GlyphModel,
    n: int,
    labels: Sequence[str] | None = None,
    styles: Sequence[str] | None = None,
    seed: int = 0,
    spread: float = 1.0,
) -> Glyphs:
    """Return ``n`` glyphs of each label in each style, ordered by both; the same seed gives the same bytes.

    Without labels a conditional model draws every class it knows, and every style; an unconditional model, which
    knows none, draws ``n`` glyphs in all.

    Args:
        model: Trained.
        n: How many of each.
        labels: Names of classes.
        styles: Names of styles.
        seed: What latents are drawn from.
        spread: Standard deviations of latents, as a multiple of those that the model was trained with: less gives
            glyphs that are more alike, more gives bolder ones. The same seed gives variants of the same glyphs.

    Raises:
        DataError: For a label or a style that the model does not know.
    """
    asked: dict[ConditionName, Sequence[str] | None] = {"class": labels, "style": styles}
    chosen: dict[ConditionName, NDArray[np.int64]] = {}
    for condition, names in asked.items():
        if names is not None:
            chosen[condition] = np.array([model.index(condition, name) for name in names])
        elif condition in model.conditions:
            chosen[condition] = np.arange(len(model.alphabet if condition == "class" else model.style_names))
    combinations = np.meshgrid(*(chosen.get(condition, [UNKNOWN]) for condition in asked), indexing="ij")
    label, style = (grid.ravel().repeat(n) for grid in combinations)
    return model.sample_glyphs(label, style, torch.Generator().manual_seed(seed), spread)
