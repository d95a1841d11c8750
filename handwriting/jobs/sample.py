"""Generate glyphs from a run's checkpoint."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from omegaconf import DictConfig
from PIL import Image

from handwriting.errors import ConfigError
from handwriting.glyphs import Glyphs
from handwriting.jobs.arguments import refuse_unless_whole
from handwriting.jobs.outputs import output_path
from handwriting.models.loading import load
from handwriting.models.sampling import sample_each
from handwriting.plots.grids import draw_glyphs, png_bytes
from handwriting.runs.files import write_atomically


def run(cfg: DictConfig) -> None:
    """Write the glyphs that ``cfg`` asks for, and print where."""
    refuse_unless_whole(cfg, "n", least=1)
    refuse_unless_whole(cfg, "seed")
    if type(cfg.spread) not in (int, float) or not 0 < cfg.spread < float("inf"):
        raise ConfigError(f"spread={cfg.spread} is not allowed: give a number above 0; 1 is what training drew with.")
    out = output_path(cfg.out, f"{Path(cfg.run).stem}_seed{cfg.seed}.png")
    model = load(cfg.run)
    glyphs = sample_each(model, cfg.n, _names(cfg.labels), _names(cfg.styles), cfg.seed, cfg.spread)
    write(glyphs, out, columns=cfg.n)
    print(f"{len(glyphs)} glyphs: {out}")


def _names(text: Any) -> list[str] | None:
    """Split ``a,b`` into names; a name may be a comma if it is the only one."""
    return None if text is None else [name for name in str(text).split(",") if name] or [str(text)]


def write(glyphs: Glyphs, out: Path, columns: int) -> None:
    """Write glyphs as one picture (``.png``), one file of glyphs (``.npz``), or a folder of pictures by class.

    Raises:
        ConfigError: For another kind of file.
    """
    if out.suffix == ".npz":
        write_atomically(out, glyphs.save)
    elif out.suffix == ".png":
        write_atomically(out, lambda file: file.write(png_bytes(draw_glyphs(glyphs, columns))))
    elif out.suffix == "":
        for number, image in enumerate(glyphs.images[:, 0]):
            label = glyphs.labels[number]
            folder = out / (glyphs.alphabet[label] if label >= 0 else "unlabelled")
            folder.mkdir(parents=True, exist_ok=True)
            Image.fromarray(image).save(folder / f"{number:05d}.png")
    else:
        raise ConfigError(f"out={out}: give a .png, an .npz, or a folder.")
