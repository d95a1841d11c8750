"""Glyphs drawn on the spot from a run's checkpoint."""

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

MOST = 2_000
"""Glyphs at a time."""


@dataclass(frozen=True)
class Sampled:
    """What was drawn, to be seen and to be saved.

    Attributes:
        png: A grid, a row for each class and style.
        npz: The glyphs themselves, as ``data=arrays`` reads them.
        glyphs: How many.
    """

    png: bytes
    npz: bytes
    glyphs: int


@lru_cache(maxsize=4)
def _loaded(path: Path, changed: int) -> GlyphModel:
    from handwriting.models.loading import load

    return load(path)


def model_of(checkpoint: Path) -> GlyphModel:
    """Return the model of a checkpoint, from memory where the file has not changed.

    Raises:
        RunError: If it is missing, or cannot be loaded safely.
    """
    changed = checkpoint.stat().st_mtime_ns if checkpoint.is_file() else 0
    return _loaded(checkpoint, changed)


def sample_now(
    checkpoint: Path, n: int, labels: Sequence[str] | None, styles: Sequence[str] | None, seed: int, temperature: float
) -> Sampled:
    """Sample ``n`` glyphs of each class and style; arguments as for :func:`handwriting.models.sampling.sample_glyphs`.

    Raises:
        RunError: If the checkpoint cannot be loaded safely.
        DataError: For a class or style that the model does not know.
        ConfigError: If that would be too many glyphs to look at.
    """
    from handwriting.models.sampling import sample_glyphs
    from handwriting.plots.grids import draw_glyphs, png_bytes

    model = model_of(checkpoint)
    names = {"class": (labels, model.alphabet), "style": (styles, model.style_names)}
    total = n
    for condition, (asked, known) in names.items():
        if condition in model.conditions:
            total *= len(known if asked is None else asked)
    if not 0 < total <= MOST:
        raise ConfigError(f"That makes {total:,} glyphs: ask for 1 to {MOST:,}.")
    glyphs = sample_glyphs(model, n, labels, styles, seed, temperature)
    file = io.BytesIO()
    glyphs.save(file)
    return Sampled(png_bytes(draw_glyphs(glyphs, n)), file.getvalue(), len(glyphs))
