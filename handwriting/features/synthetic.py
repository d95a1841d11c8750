"""The classifier of synthetic glyphs, which comes with the package: unlabelled data needs no training.

``python -m benchmarks classifier`` makes it anew.
"""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from handwriting.data.sources.synthetic import Synthetic, draw_glyphs
from handwriting.features.training import ClassifierRecipe
from handwriting.glyphs import Glyphs
from handwriting.runs import checkpoints

FILE = Path(__file__).with_name("synthetic.ckpt")
"""The weights, in half precision, and what is known of them."""
RECIPE = ClassifierRecipe(poolings=3)
"""How it is trained: a small network, so that its weights fit into the package."""
GLYPHS = 24_800
"""The number of glyphs that it is trained and tested on."""
PENS = 100
"""Pens that the fingerprint of the recipe holds."""


def synthetic_glyphs() -> tuple[Glyphs, Glyphs]:
    """Return the glyphs that it is trained on, and those that it is tested on."""
    return Synthetic(count=GLYPHS).read()


def recipe_fingerprint() -> str:
    """Return 16 hex digits that change with the recipe, the characters or the pens.

    They do not depend on the pixels, which differ between versions of OpenCV: one file serves them all.
    """
    source = Synthetic(count=GLYPHS)
    _, pens = draw_glyphs(PENS, source.split_seed, source.image_size, source.classes)
    drawn = [[round(float(value), 6) for value in vars(pen).values()] for pen in pens]
    recipe = [RECIPE.key(), source.count, source.split_seed, source.image_size, source.classes, drawn]
    return hashlib.sha256(repr(recipe).encode()).hexdigest()[:16]


@cache
def shipped_classifier() -> dict[str, Any]:
    """Return its weights in single precision, and what is known of them, as of a cached classifier."""
    shipped = checkpoints.load(FILE)
    weights = {
        name: weight.float() if weight.is_floating_point() else weight for name, weight in shipped["weights"].items()
    }
    return {**shipped, "weights": weights}


def in_half_precision(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return weights as they are shipped."""
    return {name: weight.half() if weight.dtype == torch.float32 else weight for name, weight in weights.items()}
