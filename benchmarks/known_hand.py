"""A hand whose characters are known: drawn pages, cut and labelled by the truth about them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from benchmarks.drawn_pages import DrawnPage
from handwriting.errors import DataError
from handwriting.jobs.segment import GLYPH_SIZE
from handwriting.pages.batch import totals_of, write_page
from handwriting.pages.folder import SegmentedFolder
from handwriting.pages.labels import LabelRow, character_key, write_labels
from handwriting.segmentation.auto import Auto
from handwriting.segmentation.crops import crops
from handwriting.segmentation.page import Segmented, working_to_sheet


def write_known_hand(path: Path, pages: Sequence[DrawnPage]) -> SegmentedFolder:
    """Write the labelled folder of drawn pages that are seen straight from above.

    Args:
        path: The folder, which does not exist yet.
        pages: The pages, in one hand.

    Raises:
        DataError: If the segmentation finds other lines than there are on a page, or a character has no ink of its own.
    """
    names = [f"page_{number}" for number in range(1, len(pages) + 1)]
    folder = SegmentedFolder(path)
    with folder.draft() as draft:
        reports = []
        with draft.merging(GLYPH_SIZE) as append:
            for name, page in zip(names, pages, strict=True):
                known = _cut_by_truth(page)
                finest = list(crops(known, "character"))
                reports.append(write_page(draft, name, name, GLYPH_SIZE, page.image, known, finest))
                append(name)
        draft.write_report({"totals": totals_of(reports), "pages": reports})
    texts = ["".join(word for line in page.text for word in line) for page in pages]
    labels = {name: iter(text) for name, text in zip(names, texts, strict=True)}
    write_labels(
        folder,
        [
            LabelRow(*character_key(row), next(labels[row.page]), 1.0, "transcript", kept=True, cut=1.0, badness=0.0)
            for row in folder.rows("character")
        ],
    )
    return folder


def _cut_by_truth(page: DrawnPage) -> Segmented:
    """Return a page with its true characters; its ink, baselines and x-height are those that segmentation finds."""
    found = Auto(sheet="whole", rules="keep", skew="keep")(page.image)
    if len(found.baselines) != len(page.text):
        raise DataError(f"{len(found.baselines)} lines were found on a drawn page of {len(page.text)}. Draw another.")
    height, width = found.labels.shape
    flags = cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP
    to_image = found.to_image @ working_to_sheet(found.scale)
    labels = cv2.warpPerspective(page.characters.astype(np.float32), to_image, (width, height), flags=flags)
    if len(np.unique(labels)) != len(page.words) + 1:
        raise DataError("A character of a drawn page has no ink of its own. Draw another page.")
    return replace(found, labels=labels.astype(np.int32), words=page.words, lines=page.lines)
