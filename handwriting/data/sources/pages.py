"""The words and characters that ``handwriting segment`` found on pages."""

# Annotations stay objects here (no `from __future__ import annotations`): the config layer validates against them.

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from handwriting.data.sources.base import GlyphSource
from handwriting.errors import DataError
from handwriting.fields import ChangesOnResume, FolderPath
from handwriting.glyphs import Glyphs
from handwriting.pages.folder import GLYPH_FILES, SEGMENT_AGAIN, SegmentedFolder

logger = logging.getLogger(__name__)


@dataclass(eq=False, kw_only=True)
class Pages(GlyphSource):
    """Unlabelled words or characters of segmented pages: the alphabet is empty, and every label is -1.

    A glyph whose picture was deleted from the folder is excluded, so that deleting pictures cleans the data.

    Attributes:
        path: The folder that ``handwriting segment`` wrote.
        kind: Whether a glyph is a ``character`` or a ``word``.
        test_fraction: The share of the glyphs that becomes the test set, chosen by ``split_seed``; in (0, 1).
    """

    path: Annotated[FolderPath, ChangesOnResume()]
    kind: Literal["character", "word"] = "character"
    test_fraction: Annotated[float, Field(gt=0, lt=1)] = 0.2

    def read(self) -> tuple[Glyphs, Glyphs]:
        """Return the training and the test glyphs.

        Raises:
            DataError: If the folder is not one that ``handwriting segment`` wrote, it holds no pieces of ``kind``, or
                all their pictures were deleted.
        """
        folder = SegmentedFolder(Path(self.path).expanduser(), key="data.path")
        kinds = folder.glyph_kinds()
        if kinds and self.kind not in kinds:
            raise DataError(f"{folder.path} holds no {GLYPH_FILES[self.kind]}. Give data.kind={kinds[0]}.")
        rows, glyphs = folder.glyphs(self.kind)
        kept = np.array([folder.has_picture(row) for row in rows], bool)
        if not kept.any():
            raise DataError(
                f"{folder.path} holds no picture of a {self.kind}: all of them were deleted. {SEGMENT_AGAIN}"
            )
        if not kept.all():
            file = folder.path / GLYPH_FILES[self.kind]
            logger.warning("%s: %d of %d glyphs skipped: their pictures were deleted", file, np.sum(~kept), len(kept))
        return self.split_off(glyphs[kept], self.test_fraction)
