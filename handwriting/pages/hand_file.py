"""``hand.json`` of a labelled folder: what was measured on the hand's words, as long as they are the same.

The file names the labels and pictures that it was measured on by a hash. One of other labels, of another version, or
that cannot be read or holds a number out of its range is measured again and replaced: it holds nothing that a person
gave.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable

from handwriting.errors import DataError, RunError
from handwriting.files import read_json, write_json
from handwriting.pages.folder import PICTURE_FOLDERS, SEGMENT_AGAIN, SegmentedFolder
from handwriting.pages.labels import has_labels
from handwriting.pages.names import BOXES_FILE, HAND_FILE, LABELS_FILE
from handwriting.pages.source_words import read_source_words
from handwriting.writing.bank import Bank
from handwriting.writing.measuring import HandFit, measure_hand
from handwriting.writing.plain_values import from_plain, to_plain

HAND_SCHEMA = 1
"""Version of the file; one of another version is measured again."""

logger = logging.getLogger(__name__)


def read_hand(folder: SegmentedFolder, read_bank: Callable[[], Bank] | None = None) -> HandFit:
    """Return what is particular to the hand of a labelled folder: from its file, else measured and written.

    Args:
        folder: A labelled folder.
        read_bank: Returns the hand's words where they have to be measured, for callers that have read them; by default
            they are read.

    Raises:
        DataError: If the folder has no labels or no labelled letter with a picture, a table or a picture cannot be
            read, or they measure like no handwriting.
    """
    if not has_labels(folder):
        raise DataError(f"{folder.path} has no {LABELS_FILE}. Label the pages first: handwriting label.")
    source = _hash_of_source(folder)
    fit = _stored(folder, source)
    if fit is None:
        bank = read_bank() if read_bank else Bank(read_source_words(folder))
        if not bank.drawings:
            raise DataError(f"{folder.path / LABELS_FILE} labels no letter that has a picture. Label the pages first.")
        fit = _measured(folder, bank)
        try:
            write_json(folder.path / HAND_FILE, {"schema": HAND_SCHEMA, "source": source, "hand": to_plain(fit)})
        except (OSError, RunError) as error:  # it saves a few seconds the next time, and no more
            reason = getattr(error, "strerror", None) or error
            logger.warning("%s cannot be written: %s", folder.path / HAND_FILE, reason)
    return fit


def _measured(folder: SegmentedFolder, bank: Bank) -> HandFit:
    """Return the measures of a hand, each in the range that the file may hold.

    Raises:
        DataError: If one is not: the tables or pictures are not those of writing.
    """
    fit = measure_hand(bank)
    try:
        return from_plain(HandFit, to_plain(fit), "hand")
    except ValueError as error:
        raise DataError(
            f"{folder.path} measures like no handwriting ({error}): its files were changed, or it is none. "
            f"{SEGMENT_AGAIN}"
        ) from error


def _stored(folder: SegmentedFolder, source: str) -> HandFit | None:
    path = folder.path / HAND_FILE
    if not path.exists():
        return None
    try:
        values = read_json(path)
        if values.get("schema") == HAND_SCHEMA and values.get("source") == source:
            return from_plain(HandFit, values.get("hand"), "hand")
    except (RunError, ValueError) as error:
        reason = error if isinstance(error, ValueError) else "it is no JSON object"
        logger.warning("%s cannot be used (%s): the hand is measured again", path, reason)
    return None


def _hash_of_source(folder: SegmentedFolder) -> str:
    """Return the hash of the labels, the boxes and the names of the pictures that are left."""
    digest = hashlib.sha256()
    for name in (LABELS_FILE, BOXES_FILE):
        try:
            digest.update((folder.path / name).read_bytes())
        except OSError as error:
            raise DataError(f"{folder.path / name} cannot be read ({error.strerror or error}).") from error
    for pictures in PICTURE_FOLDERS.values():
        digest.update("\n".join(sorted(path.name for path in (folder.path / pictures).glob("*.png"))).encode())
    return digest.hexdigest()
