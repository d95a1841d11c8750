"""Generate glyphs from a run's checkpoint."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

from omegaconf import DictConfig
from PIL import Image
from pydantic import Field

from handwriting.errors import ConfigError
from handwriting.fields import AnyPath, FolderPath, Names
from handwriting.files import refusing_unwritable, write_atomically
from handwriting.glyphs import Glyphs
from handwriting.interruption import saying_if_stopped
from handwriting.jobs.arguments import Count, Seed, read_arguments
from handwriting.jobs.outputs import output_path
from handwriting.progress import step
from handwriting.terminal import bold
from handwriting.text import counted

MAX_FOLDER_NAME, MAX_FOLDER_POINTS = 60, 20
"""Characters of the longest class that names a folder, and how many of another's are named there."""


@dataclass(frozen=True)
class Arguments:
    """The job's own keys; what each means stands in ``conf/sample.yaml``."""

    run: FolderPath
    labels: Names | None
    styles: Names | None
    n: Count
    seed: Seed
    temperature: Annotated[float, Field(gt=0)]
    out: AnyPath | None


@saying_if_stopped("No glyphs are written; the same command begins again.")
def run(cfg: DictConfig) -> Path:
    """Write the glyphs that ``cfg`` requests, print where, and return where."""
    arguments = read_arguments(Arguments, cfg)
    out = output_path(arguments.out, f"{Path(arguments.run).stem}_seed{arguments.seed}.png")
    if out.suffix not in ("", ".png", ".npz"):
        raise ConfigError(f"out={out}: give a .png, an .npz, or a folder.")

    with step("loading PyTorch and the model"):
        from handwriting.models.loading import load
        from handwriting.models.sampling import sample_glyphs

        model = load(arguments.run)
    labels, styles = _names(arguments.labels), _names(arguments.styles)
    glyphs = sample_glyphs(model, arguments.n, labels, styles, arguments.seed, arguments.temperature)
    with refusing_unwritable(out):
        write(glyphs, out, columns=arguments.n)
    print(f"{counted(len(glyphs), 'glyph')}: {bold(out)}")
    return out


def _names(text: str | None) -> list[str] | None:
    """Split ``a,b`` into names; a name may be a comma if it is the only one."""
    return None if text is None else [name for name in text.split(",") if name] or [text]


def write(glyphs: Glyphs, out: Path, columns: int) -> None:
    """Write glyphs as one picture (``.png``), one file of glyphs (``.npz``), or a folder of pictures by class.

    The folder is there once it is complete.
    """
    from handwriting.plots.grids import draw_glyphs, png_bytes

    if out.suffix == ".npz":
        write_atomically(out, glyphs.save)
    elif out.suffix == ".png":
        write_atomically(out, lambda file: file.write(png_bytes(draw_glyphs(glyphs, columns))))
    else:
        out.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=f".{out.name[:50]}.", dir=out.parent, ignore_cleanup_errors=True) as made:
            unfinished = Path(made) / "glyphs"
            unfinished.mkdir()  # a temporary folder is its owner's alone, and this one is not
            with step("writing pictures") as report:
                for number, image in enumerate(glyphs.images[:, 0]):
                    label = glyphs.labels[number]
                    folder = unfinished / (_folder_name(glyphs.alphabet[label]) if label >= 0 else "unlabelled")
                    folder.mkdir(exist_ok=True)
                    Image.fromarray(image).save(folder / f"{number:05d}.png")
                    report((number + 1) / len(glyphs))
            unfinished.rename(out)


def _folder_name(name: str) -> str:
    """Return the name of a class where it can name a folder, and else its code points: it is never a path.

    >>> _folder_name("a"), _folder_name("/"), _folder_name("..")
    ('a', 'U+002F', 'U+002E U+002E')
    """
    if name and name.isprintable() and "/" not in name and not name.startswith(".") and len(name) <= MAX_FOLDER_NAME:
        return name
    return " ".join(f"U+{ord(letter):04X}" for letter in name[:MAX_FOLDER_POINTS])
