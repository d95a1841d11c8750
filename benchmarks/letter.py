"""A letter in a drawn hand, so that documentation shows written pages without anybody's own hand."""

from __future__ import annotations

from contextlib import redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
from omegaconf import DictConfig
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from benchmarks.drawn_pages import draw_page
from benchmarks.known_hand import write_known_hand
from benchmarks.page_style import PageStyle
from handwriting.api import write
from handwriting.errors import ConfigError
from handwriting.fields import AnyPath
from handwriting.files import refuse_overwriting, write_atomically
from handwriting.jobs.arguments import Seed, Switch, read_arguments
from handwriting.writing.page_raster import SYNTHESISED

TEXT = """My good friend,

it rained all week, and the river has come up to the old mill. We carried the chairs upstairs and read by the window \
until dark. If the road is dry on Friday, I will bring you the plums.

Yours, Kate"""
"""The letter; the drawn pages have all of its characters."""
STYLE = PageStyle(
    font=cv2.FONT_HERSHEY_SCRIPT_COMPLEX,
    x_height=2.2,
    pen=0.24,
    slant=4,
    touching=0.97,
    unevenness=1.3,
    line_pitch=(3.6, 0.08),
    margin=0.6,
    dpi=200,
)
"""A joined hand whose strokes swell."""
PAGES = 3
"""Drawn pages of the hand, about 1,000 words together."""
DPI = 150
"""Pixels in an inch of the letter."""
COLOURS = 16
"""Colours of the picture, which keep the file small."""


@dataclass(frozen=True)
class Arguments:
    """The command's own keys; what each means stands in ``benchmarks/conf/letter.yaml``."""

    out: AnyPath
    seed: Seed
    overwrite: Switch


def run(cfg: DictConfig) -> Path:
    """Draw the pages of a hand, write the letter in it, and return the picture.

    Raises:
        ConfigError: If a value is not allowed, or the picture exists.
        DataError: If it cannot be written.
    """
    arguments = read_arguments(Arguments, cfg)
    out = Path(arguments.out).expanduser()
    if out.suffix.lower() != ".png":
        raise ConfigError(f"out={out}: give a .png.")
    refuse_overwriting([out], arguments.overwrite)
    with TemporaryDirectory() as place:
        hand = write_known_hand(Path(place) / "hand", [draw_page(STYLE, seed) for seed in range(1, PAGES + 1)])
        size = ("paper=ruled", "size=fit", f"dpi={DPI}", f"seed={arguments.seed}")
        with redirect_stdout(StringIO()):
            write(hand, TEXT, f"out={place}/letter.png", *size)
        with Image.open(f"{place}/letter.png") as picture:
            # Hundreds of shades between ink and paper make a file several times as large.
            few = picture.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
    metadata = PngInfo()
    metadata.add_text("Description", SYNTHESISED)
    write_atomically(out, lambda file: few.save(file, "PNG", optimize=True, pnginfo=metadata))
    print(f"picture      {out}")
    return out
