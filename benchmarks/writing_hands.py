"""The hand that is measured where none is given: two photographed pages, segmented and labelled by their texts."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from pathlib import Path

from benchmarks.labelling_transcripts import NOTEBOOKS
from handwriting.api import label, segment
from handwriting.errors import DataError
from handwriting.pages.folder import SegmentedFolder
from handwriting.pages.names import LABELS_FILE


def labelled_notebooks(root: Path) -> SegmentedFolder:
    """Segment and label the two pages, a minute or two; the result stays in a folder of the system's temporary ones.

    Args:
        root: The folder of real data.

    Raises:
        DataError: If a page or its text is missing.
    """
    files = [(root / name).with_suffix(suffix) for name in NOTEBOOKS for suffix in (".jpg", ".txt")]
    if missing := [path for path in files if not path.is_file()]:
        raise DataError(f"{missing[0]} is missing. Give root=<the folder of real data>.")
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()[:12]
    folder = Path(tempfile.gettempdir()) / f"handwriting-benchmark-{digest}"
    pages, segmented = folder / "pages", folder / "segmented"
    if (segmented / LABELS_FILE).is_file():
        return SegmentedFolder(segmented, "hand")
    shutil.rmtree(folder, ignore_errors=True)
    pages.mkdir(parents=True)
    for path in files:
        shutil.copy(path, pages)
    segment(pages, f"out={segmented}")
    label(segmented)
    return SegmentedFolder(segmented, "hand")
