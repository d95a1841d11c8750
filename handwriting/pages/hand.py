"""A person's hand: the pieces of a segmented folder at one scale, and the contact sheet of its labelled characters."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from handwriting.data.preparation.own_scale import OwnScale, ink_columns
from handwriting.errors import DataError
from handwriting.files import write_atomically
from handwriting.labelling.answers import JUNK
from handwriting.pages.boxes import BoxRow
from handwriting.pages.folder import SEGMENT_AGAIN, SegmentedFolder
from handwriting.pages.labels import character_key, read_labels
from handwriting.pages.names import LABELS_FILE, LABELS_PICTURE, REPORT_FILE
from handwriting.plots.grids import png_bytes
from handwriting.plots.label_sheet import draw_label_sheet

SHEET_SIZE = 64
"""Height and width of the glyphs on the contact sheet, in pixels: an x-height is 10 to 17."""


def at_own_scale(
    folder: SegmentedFolder, rows: Sequence[BoxRow], size: int, typical: NDArray[np.bool_] | None = None
) -> NDArray[np.uint8]:
    """Return pieces at one scale on one baseline, from their pictures, each resampled once.

    Args:
        folder: The folder that holds their pictures.
        rows: The pieces, at least one.
        size: Height and width of the result, in pixels.
        typical: The pieces that set the scale, bool ``(N,)``, at least one; by default all.

    Returns:
        Bright ink on dark, uint8 ``(N, 1, size, size)``.

    Raises:
        DataError: If the x-height of a page is not known, ``report.json`` cannot be read, or a picture cannot.
    """
    by_page = folder.x_heights()
    if unknown := {row.page for row in rows} - set(by_page):
        folder.report()  # where it cannot be read, this says why
        raise DataError(
            f"{folder.path / REPORT_FILE} does not hold the x-height of the page {min(unknown)}. {SEGMENT_AGAIN}"
        )
    x_heights = np.array([by_page[row.page] for row in rows])
    crops = [folder.crop(row) for row in rows]
    reach = np.array([(row.above, row.below, np.ptp(ink_columns(crop))) for row, crop in zip(rows, crops, strict=True)])
    reach[:, 2] /= x_heights
    above, below, width = reach[slice(None) if typical is None else typical].T
    scale = OwnScale.fitting(above, below, width, size)
    placed = [
        scale.place(crop, x_height, row.above, row.below)
        for row, crop, x_height in zip(rows, crops, x_heights, strict=True)
    ]
    return np.stack(placed)[:, None]


def write_label_sheet(folder: SegmentedFolder, keep: float = 0.9) -> None:
    """Write ``labels.png``: every labelled character that has a picture, a class to a row, with its row in the table.

    Draw it when the table was written: the rows are numbered in the order in which the program writes them.

    Args:
        folder: A labelled folder.
        keep: Characters with a lower confidence are marked as doubtful, 0..1.

    Raises:
        DataError: If no character with a picture is labelled, or files cannot be read.
    """
    labels = read_labels(folder)
    rows = [row for row in folder.rows("character") if character_key(row) in labels and folder.has_picture(row)]
    if not rows:
        raise DataError(f"{folder.path / LABELS_FILE} labels no character that has a picture. Label the pages first.")
    found = [labels[character_key(row)] for row in rows]
    line = {key: number for number, key in enumerate(labels, 2)}  # row 1 is the head
    named = np.array([label.label != JUNK for label in found])
    sheet = draw_label_sheet(
        at_own_scale(folder, rows, SHEET_SIZE, named if named.any() else None),
        [label.label for label in found],
        np.array([label.confidence for label in found]),
        np.array([label.kept for label in found]),
        keep,
        badness=np.array([label.badness for label in found]),
        numbers=[line[character_key(row)] for row in rows],
    )
    write_atomically(folder.path / LABELS_PICTURE, lambda file: file.write(png_bytes(sheet)))
