"""Writing pages that were cut and labelled by their texts into their segmented folder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handwriting.errors import ConfigError
from handwriting.labelling.answers import JUNK
from handwriting.labelling.badness import badness, drawing_measurements
from handwriting.labelling.page_labels import LabelledPage
from handwriting.pages.answers import MIN_IOU, overlaps
from handwriting.pages.batch import totals_of, write_page
from handwriting.pages.boxes import BoxRow
from handwriting.pages.folder import Draft, PageImages, SegmentedFolder
from handwriting.pages.labels import LabelRow, has_labels, read_labels, write_labels
from handwriting.pages.names import LABELS_FILE
from handwriting.pages.originals import FINGERPRINT, OriginalPage
from handwriting.pages.scans import Scan, read_scan
from handwriting.segmentation.page import Kind


@dataclass(frozen=True, eq=False)
class Relabelled:
    """A page to be written.

    Attributes:
        scan: The photograph or scan.
        labelled: Its pieces and labels.
        before: The fingerprint of its segmentation by the preset alone.
    """

    scan: Scan
    labelled: LabelledPage
    before: str


def refuse_relabelling(folder: SegmentedFolder, names: Sequence[str], overwrite: bool) -> None:
    """Refuse to replace labels that are not a person's.

    Args:
        folder: The segmented folder.
        names: The pages that are to be labelled.
        overwrite: Whether such labels may be replaced.

    Raises:
        ConfigError: If there are some, and they may not be replaced.
        DataError: If ``labels.csv`` cannot be read.
    """
    if not has_labels(folder):
        return
    others = {row.by for row in read_labels(folder).values() if row.by != "person" and row.page in names}
    if others and not overwrite:
        raise ConfigError(
            f"{folder.path / LABELS_FILE} holds labels by {' and '.join(sorted(others))}. Give overwrite=true to "
            "replace them; those by a person stay."
        )


def write_relabelled(
    folder: SegmentedFolder,
    report: dict[str, Any],
    originals: Sequence[OriginalPage],
    relabelled: Mapping[str, Relabelled],
    keep: float,
) -> None:
    """Replace pages of a folder by their corrected pieces, with labels; all other pages stay as they are.

    A person's answers are carried to the new characters, as when pages are segmented again.

    Args:
        folder: The segmented folder.
        report: Its ``report.json``, which gets new counts.
        originals: All pages of the folder.
        relabelled: Those to be replaced, by name.
        keep: The confidence from which a character enters training.
    """
    rows_of: dict[str, list[BoxRow]] = {page.name: [] for page in originals}
    for row in folder.rows():
        rows_of.setdefault(row.page, []).append(row)
    images_of = _images_of(folder)
    size = next(iter(images_of.values())).shape[-1]
    kept = [row for row in read_labels(folder).values() if row.page not in relabelled]
    entries = {str(entry["page"]): dict(entry) for entry in report["pages"]}
    with folder.draft() as draft:
        with draft.merging(size) as append:
            starts: dict[Kind, int] = dict.fromkeys(images_of, 0)
            for page in originals:
                rows = rows_of[page.name]
                images = _of_page(rows, images_of, starts)
                if (new := relabelled.get(page.name)) is None:
                    draft.copy_page(folder, rows, page.stem, images)
                else:
                    labelled = new.labelled
                    entries[page.name] |= {
                        **write_page(
                            draft, page.name, page.stem, size, read_scan(new.scan), labelled.page, labelled.crops
                        ),
                        FINGERPRINT: new.before,
                    }
                append(page.stem)
        pages = list(entries.values())
        draft.write_report({**report, "totals": totals_of(pages), "pages": pages})
        _delete_again(folder, draft, [row for name in relabelled for row in rows_of[name]])
        write_labels(SegmentedFolder(draft.path), [*kept, *label_rows(relabelled, keep)])


def label_rows(relabelled: Mapping[str, Relabelled], keep: float) -> list[LabelRow]:
    """Return the rows of ``labels.csv`` for the labelled characters of some pages, with their badness."""
    found, measured = [], []
    for name, new in relabelled.items():
        page = new.labelled
        for number, piece in enumerate(page.characters):
            label = page.labels[number]
            if label is None:
                continue
            confidence = float(page.confidence[number])
            row = LabelRow(
                name,
                piece.line,
                piece.word,
                piece.order,
                label,
                confidence,
                "transcript",
                confidence >= keep and label != JUNK,
                float(page.cut[number]),
                0.0,
            )
            found.append(row)
            measured.append(drawing_measurements(page.crops[number], page.page.x_height, piece.above, piece.below))
    bad = badness(measured, [row.label for row in found])
    return [row._replace(badness=float(value)) for row, value in zip(found, bad, strict=True)]


def _images_of(folder: SegmentedFolder) -> dict[Kind, NDArray[np.uint8]]:
    return {kind: np.asarray(folder.glyphs(kind)[1].images) for kind in folder.glyph_kinds()}


def _of_page(rows: Sequence[BoxRow], images: PageImages, starts: dict[Kind, int]) -> PageImages:
    """Return the glyphs of the next page, and move ``starts`` behind them."""
    own: dict[Kind, NDArray[np.uint8]] = {}
    for kind, start in starts.items():
        starts[kind] = start + sum(row.kind == kind for row in rows)
        own[kind] = images[kind][start : starts[kind]]
    return own


def _delete_again(folder: SegmentedFolder, draft: Draft, rows: Sequence[BoxRow]) -> None:
    """Delete the pictures that a person deleted from the folder, where they would show the same piece again."""
    deleted = [row for row in rows if row.file and not folder.has_picture(row)]
    for row in SegmentedFolder(draft.path).rows() if deleted else ():
        of_kind = [gone.box for gone in deleted if (gone.page, gone.kind) == (row.page, row.kind)]
        if row.file and of_kind and overlaps(of_kind, [row.box]).max() >= MIN_IOU:
            (draft.path / row.file).unlink()
