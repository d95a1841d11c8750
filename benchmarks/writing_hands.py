"""The hands of the real data: two photographed pages of one writer, labelled by their texts, and forms by others."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby
from pathlib import Path

from benchmarks.labelling_transcripts import NOTEBOOKS
from benchmarks.segmentation_sets import FORMS, forms
from benchmarks.writing_words import Hand
from handwriting.api import label, segment
from handwriting.errors import DataError
from handwriting.pages.folder import SegmentedFolder
from handwriting.pages.names import BOXES_FILE, LABELS_FILE
from handwriting.pages.source_words import read_source_words

UNKNOWN = "?"
"""The label of every letter of a hand that is known by its boxes alone."""


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
    return _kept(files, label_too=True)


def other_hands(root: Path) -> list[Hand]:
    """Return the words of each form, each by another writer: known by their boxes alone, each letter as ``UNKNOWN``.

    Args:
        root: The folder of real data.

    Raises:
        DataError: If a form is missing or cannot be read.
    """
    listed = root / FORMS
    words = read_source_words(_kept([listed.with_name(f"{form.name}.png") for form in forms(listed)], label_too=False))
    hands = []
    for _, of_page in groupby(words, key=lambda word: word.key[0]):
        known = [replace(word, labels=(UNKNOWN,) * len(word)) for word in of_page]
        hands.append(Hand(known, [word.labels for word in known]))
    return hands


def _kept(files: Sequence[Path], label_too: bool) -> SegmentedFolder:
    """Return pages segmented, and labelled by their texts; from earlier if they are the same."""
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()[:12]
    folder = Path(tempfile.gettempdir()) / f"handwriting-benchmark-{digest}"
    pages, segmented = folder / "pages", folder / "segmented"
    if (segmented / (LABELS_FILE if label_too else BOXES_FILE)).is_file():
        return SegmentedFolder(segmented, "hand")
    shutil.rmtree(folder, ignore_errors=True)
    pages.mkdir(parents=True)
    for path in files:
        shutil.copy(path, pages)
    segment(pages, f"out={segmented}")
    if label_too:
        label(segmented)
    return SegmentedFolder(segmented, "hand")
