"""The words and characters that ``handwriting segment`` found on pages."""

# Annotations stay objects here (no `from __future__ import annotations`): the config layer validates against them.

import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from handwriting.data.sources.base import GlyphSource
from handwriting.errors import DataError
from handwriting.fields import ChangesOnResume, FolderPath
from handwriting.files import expanded
from handwriting.glyphs import Glyphs
from handwriting.pages.folder import GLYPH_FILES, SEGMENT_AGAIN, BoxRow, SegmentedFolder
from handwriting.pages.hand import at_own_scale
from handwriting.pages.labels import character_key, has_labels, read_labels
from handwriting.pages.names import LABELS_FILE
from handwriting.text import alphabet_key, listed

logger = logging.getLogger(__name__)

MIN_FOR_ALL_SETS = 3
"""A class with fewer glyphs is not in all of the training, validation and test sets."""
MAX_NAMED_CLASSES = 20
"""The largest number of classes that a message lists."""


@dataclass(eq=False, kw_only=True)
class Pages(GlyphSource):
    """Words or characters of segmented pages.

    Characters have labels where the folder holds ``labels.csv``: the glyphs are then those that it keeps, and the
    alphabet is their labels. All others are unlabelled: the alphabet is empty, and every label is -1. A glyph whose
    picture was deleted from the folder is excluded, so that deleting pictures cleans the data.

    Attributes:
        path: The folder that ``handwriting segment`` wrote.
        kind: Whether a glyph is a ``character`` or a ``word``.
        labels: Whether to ``use`` the labels of characters, where there are any, or to ``ignore`` them.
        own_scale: Whether all glyphs have the size that the hand gave them and stand on one baseline, so that a full
            stop stays small; otherwise each fills its square. By default characters have it, and words do not.
        test_fraction: The share of each class that becomes the test set, chosen by ``split_seed``; in (0, 1).
    """

    path: Annotated[FolderPath, ChangesOnResume()]
    kind: Literal["character", "word"] = "character"
    labels: Literal["use", "ignore"] = "use"
    own_scale: bool | None = None
    test_fraction: Annotated[float, Field(gt=0, lt=1)] = 0.2

    def read(self) -> tuple[Glyphs, Glyphs]:
        """Return the training and the test glyphs: at ``image_size`` where they have their own scale.

        Raises:
            ConfigError: If ``path`` is a file or a list.
            DataError: If the folder is not one that ``handwriting segment`` wrote, it is being replaced, it holds no
                pieces of ``kind``, all their pictures were deleted, or ``labels.csv`` is broken or leaves none.
        """
        folder = SegmentedFolder(expanded(self.path), key="data.path")
        folder.refuse_other_than_folder()
        folder.finish_replacement()
        kinds = folder.glyph_kinds()
        if kinds and self.kind not in kinds and not any(folder.rows(self.kind)):
            raise DataError(f"{folder.path} holds no {GLYPH_FILES[self.kind]}. Give data.kind={kinds[0]}.")
        rows, glyphs = folder.glyphs(self.kind)
        present = np.array([folder.has_picture(row) for row in rows], bool)
        if not present.any():
            raise DataError(
                f"{folder.path} holds no picture of a {self.kind}: all of them were deleted. {SEGMENT_AGAIN}"
            )
        if not present.all():
            file = folder.path / GLYPH_FILES[self.kind]
            logger.warning(
                "%s: %d of %d glyphs skipped: their pictures were deleted", file, np.sum(~present), len(present)
            )
        rows, glyphs = [row for row, there in zip(rows, present, strict=True) if there], glyphs[present]
        if self.kind == "character" and self.labels == "use" and has_labels(folder):
            rows, glyphs = _labelled(folder, rows, glyphs)
        if self.kind == "character" if self.own_scale is None else self.own_scale:
            try:
                glyphs = replace(glyphs, images=at_own_scale(folder, rows, self.image_size))
            except DataError as error:
                raise DataError(f"{error} Or give data.own_scale=false.") from error
        return self.split_off(glyphs, self.test_fraction)


def _labelled(folder: SegmentedFolder, rows: Sequence[BoxRow], glyphs: Glyphs) -> tuple[list[BoxRow], Glyphs]:
    """Return the characters that ``labels.csv`` keeps, with their labels; the number of all others is logged."""
    labels = read_labels(folder)
    found = [labels.get(character_key(row)) for row in rows]
    used = np.array([label is not None and label.trains for label in found], bool)
    skipped = Counter(
        "unlabelled" if label is None else "kept=no" if label.label else "junk"
        for label, use in zip(found, used, strict=True)
        if not use
    )
    file = folder.path / LABELS_FILE
    reasons = ", ".join(f"{count:,} {reason}" for reason, count in sorted(skipped.items()))
    if not used.any():
        raise DataError(
            f"{file} leaves no character to train on ({reasons}). Set kept=yes and a label for some, label the pages "
            "again, or give data.labels=ignore."
        )
    if reasons:
        logger.warning("%s: %d of %d characters used; skipped: %s", file, used.sum(), len(used), reasons)
    names = [label.label for label in found if label is not None and label.trains]
    alphabet = sorted(set(names), key=alphabet_key)
    number = {name: index for index, name in enumerate(alphabet)}
    counts = Counter(names)
    if few := [name for name in alphabet if counts[name] < MIN_FOR_ALL_SETS]:
        logger.warning(
            "%s: classes with fewer than %d characters, so that the validation or test set has none: %s. "
            "data.prepare.min_count=%d drops them; it counts characters without those of the test set.",
            *(file, MIN_FOR_ALL_SETS, listed(few, MAX_NAMED_CLASSES), MIN_FOR_ALL_SETS - 1),
        )
    labelled = replace(glyphs[used], labels=np.array([number[name] for name in names]), alphabet=tuple(alphabet))
    return [row for row, use in zip(rows, used, strict=True) if use], labelled
