"""Generate glyphs from a run's checkpoint."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from omegaconf import DictConfig
from PIL import Image

from handwriting.errors import ConfigError
from handwriting.glyphs import UNKNOWN, Glyphs
from handwriting.jobs.arguments import refuse_unless_whole
from handwriting.jobs.outputs import output_path
from handwriting.models.base import ConditionName, GlyphModel
from handwriting.models.loading import load
from handwriting.plots.grids import Block, as_rows, draw_grid, png_bytes
from handwriting.runs.files import write_atomically


def run(cfg: DictConfig) -> None:
    """Write the glyphs that ``cfg`` asks for, and print where."""
    refuse_unless_whole(cfg, "n", least=1)
    refuse_unless_whole(cfg, "seed")
    out = output_path(cfg.out, f"{Path(cfg.run).stem}_seed{cfg.seed}.png")
    model = load(cfg.run)
    glyphs = draw(model, cfg.n, _names(cfg.labels), _names(cfg.styles), cfg.seed)
    write(glyphs, out, columns=cfg.n)
    print(f"{len(glyphs)} glyphs: {out}")


def _names(text: Any) -> list[str] | None:
    """Split ``a,b`` into names; a name may be a comma if it is the only one."""
    return None if text is None else [name for name in str(text).split(",") if name] or [str(text)]


def draw(
    model: GlyphModel, n: int, labels: list[str] | None = None, styles: list[str] | None = None, seed: int = 0
) -> Glyphs:
    """Return ``n`` glyphs of each label in each style, ordered by both; the same seed gives the same bytes.

    Without labels a conditional model draws every class it knows, and every style; an unconditional model, which
    knows none, draws ``n`` glyphs in all.

    Raises:
        DataError: For a label or a style that the model does not know.
    """
    asked: dict[ConditionName, list[str] | None] = {"class": labels, "style": styles}
    chosen: dict[ConditionName, NDArray[np.int64]] = {}
    for condition, names in asked.items():
        if names is not None:
            chosen[condition] = np.array([model.index(condition, name) for name in names])
        elif condition in model.conditions:
            chosen[condition] = np.arange(len(model.alphabet if condition == "class" else model.style_names))
    combinations = np.meshgrid(*(chosen.get(condition, [UNKNOWN]) for condition in asked), indexing="ij")
    label, style = (grid.ravel().repeat(n) for grid in combinations)
    return model.draw(label, style, torch.Generator().manual_seed(seed))


def write(glyphs: Glyphs, out: Path, columns: int) -> None:
    """Write glyphs as one picture (``.png``), one file of glyphs (``.npz``), or a folder of pictures by class.

    Raises:
        ConfigError: For another kind of file.
    """
    if out.suffix == ".npz":
        write_atomically(out, glyphs.save)
    elif out.suffix == ".png":
        write_atomically(out, lambda file: file.write(png_bytes(_sheet(glyphs, columns))))
    elif out.suffix == "":
        for number, image in enumerate(glyphs.images[:, 0]):
            label = glyphs.labels[number]
            folder = out / (glyphs.alphabet[label] if label >= 0 else "unlabelled")
            folder.mkdir(parents=True, exist_ok=True)
            Image.fromarray(image).save(folder / f"{number:05d}.png")
    else:
        raise ConfigError(f"out={out}: give a .png, an .npz, or a folder.")


def _sheet(glyphs: Glyphs, columns: int) -> Image.Image:
    """Draw glyphs, a row for each label and style."""
    if (glyphs.labels == UNKNOWN).all() and (glyphs.styles == UNKNOWN).all():
        return draw_grid([Block(as_rows(glyphs.images, min(10, len(glyphs))))])
    names = [
        " ".join(names[index] for names, index in ((glyphs.alphabet, label), (glyphs.style_names, style)) if index >= 0)
        for label, style in zip(glyphs.labels[::columns], glyphs.styles[::columns], strict=True)
    ]
    return draw_grid([Block(as_rows(glyphs.images, columns), row_names=names)])
