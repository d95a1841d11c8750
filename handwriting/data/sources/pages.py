"""The words and characters that ``handwriting segment`` found on pages."""

# Annotations stay objects here (no `from __future__ import annotations`): the config layer validates against them.

import csv
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from handwriting.data.sources.base import GlyphSource
from handwriting.errors import DataError
from handwriting.fields import ChangesOnResume, FolderPath
from handwriting.glyphs import Glyphs

logger = logging.getLogger(__name__)

BOXES = "boxes.csv"
"""What lists the pieces of all pages in reading order."""
COLUMNS = ("page", "line", "word", "order", "kind", "x", "y", "w", "h", "above", "below", "file")
GLYPHS = {"word": "words.npz", "character": "characters.npz"}
"""What holds the pieces of a kind as glyphs, in the order in which they are listed."""
AGAIN = "Segment the pages again, with overwrite=true."


@dataclass(eq=False, kw_only=True)
class Pages(GlyphSource):
    """Words or characters cut out of pages, which nobody has labelled: the alphabet is empty, and every label -1.

    A glyph whose picture was deleted from the folder is left out, so that a person cleans the data by looking at it.

    Attributes:
        path: The folder that ``handwriting segment`` wrote.
        kind: Whether a glyph is a ``character`` or a ``word``.
        test_fraction: The share that is split off by ``split_seed``.
    """

    path: Annotated[FolderPath, ChangesOnResume()]
    kind: Literal["character", "word"] = "character"
    test_fraction: Annotated[float, Field(gt=0, lt=1)] = 0.2

    def read(self) -> tuple[Glyphs, Glyphs]:
        """Return the training and the test glyphs.

        Raises:
            DataError: If the folder is not one that ``handwriting segment`` wrote, or no glyph is left in it.
        """
        folder = Path(self.path).expanduser()
        pictures = [row["file"] for row in listed(folder) if row["kind"] == self.kind]
        file = folder / GLYPHS[self.kind]
        if not file.is_file():
            other = next((kind for kind, name in GLYPHS.items() if (folder / name).is_file()), None)
            raise DataError(f"{folder} holds no {file.name}. {f'Give data.kind={other}.' if other else AGAIN}")
        glyphs = Glyphs.load(file)
        if len(glyphs) != len(pictures):
            raise DataError(f"{file} holds {len(glyphs)} glyphs, but {BOXES} beside it lists {len(pictures)}. {AGAIN}")
        left = np.array([(folder / picture).is_file() for picture in pictures], bool)
        if not left.any():
            raise DataError(f"{folder} holds no picture of a {self.kind}: all were deleted. {AGAIN}")
        if not left.all():
            logger.warning("%s: %d of %d left out, whose pictures were deleted", file, np.sum(~left), len(left))
        return self.split_off(glyphs[left], self.test_fraction)


def listed(folder: Path) -> Iterator[dict[str, str]]:
    """Yield what ``boxes.csv`` in a folder says of each piece, by the names of its columns.

    Raises:
        DataError: If the folder is not one that ``handwriting segment`` wrote.
    """
    path = folder / BOXES
    try:
        with path.open(encoding="utf-8", newline="") as file:
            lines = csv.reader(file)
            for number, line in enumerate(lines):
                if len(line) != len(COLUMNS) or (number == 0 and tuple(line) != COLUMNS):
                    raise DataError(f"{path} is not as handwriting segment wrote it (line {lines.line_num}). {AGAIN}")
                if number:
                    yield dict(zip(COLUMNS, line, strict=True))
    except (OSError, ValueError, csv.Error) as error:
        reason = getattr(error, "strerror", None) or error
        raise DataError(
            f"{path} cannot be read ({reason}). Give data.path=<folder that handwriting segment wrote>."
        ) from error
