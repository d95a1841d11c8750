"""Sampling glyphs from a run's checkpoint."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from handwriting.errors import ConfigError

if TYPE_CHECKING:
    from handwriting.models.base import GlyphModel

MAX_GLYPHS = 2_000
"""The largest number of glyphs in one sample."""


@dataclass(frozen=True)
class SampleFiles:
    """Sampled glyphs, to show and to save.

    Attributes:
        png: A grid with a row for each class and style, as a PNG file.
        npz: The glyphs as an npz file, which ``data=arrays`` reads.
        count: The number of glyphs.
    """

    png: bytes
    npz: bytes
    count: int


@lru_cache(maxsize=4)
def _load(path: Path, modified_ns: int) -> GlyphModel:
    from handwriting.models.loading import load

    return load(path)


def model_of(checkpoint: Path) -> GlyphModel:
    """Return the model of a checkpoint, from memory if the file has not changed.

    Raises:
        RunError: If the file is missing, or cannot be loaded safely.
    """
    return _load(checkpoint, checkpoint.stat().st_mtime_ns if checkpoint.is_file() else 0)


def sample_now(
    checkpoint: Path, n: int, labels: Sequence[str] | None, styles: Sequence[str] | None, seed: int, temperature: float
) -> SampleFiles:
    """Sample ``n`` glyphs of each class and style; arguments as for :func:`handwriting.models.sampling.sample_glyphs`.

    Raises:
        RunError: If the checkpoint cannot be loaded safely.
        DataError: If the model does not know a class or style.
        ConfigError: If that is less than 1 or more than ``MAX_GLYPHS`` glyphs.
    """
    from handwriting.models.sampling import sample_glyphs
    from handwriting.plots.grids import draw_glyphs, png_bytes

    model = model_of(checkpoint)
    names = {"class": (labels, model.alphabet), "style": (styles, model.style_names)}
    total = n
    for condition, (requested, known) in names.items():
        if condition in model.conditions:
            total *= len(known if requested is None else requested)
    if not 0 < total <= MAX_GLYPHS:
        raise ConfigError(f"That is {total:,} glyphs: request 1 to {MAX_GLYPHS:,}.")
    glyphs = sample_glyphs(model, n, labels, styles, seed, temperature)
    file = io.BytesIO()
    glyphs.save(file)
    return SampleFiles(png_bytes(draw_glyphs(glyphs, n)), file.getvalue(), len(glyphs))
