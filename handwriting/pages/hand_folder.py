"""A hand as a folder: a segmented folder with labelled characters, of which some are kept."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path

from handwriting.errors import DataError
from handwriting.files import expanded
from handwriting.pages.boxes import BoxRow
from handwriting.pages.folder import OR_SEGMENT_AGAIN, PICTURE_FOLDERS, SegmentedFolder
from handwriting.pages.labels import character_key, has_labels, read_labels
from handwriting.pages.names import BOXES_FILE, LABELS_FILE
from handwriting.text import counted

HANDS_FOLDER = "hands"
"""The folder that holds hands unless another is given."""
PARENT_FOLDERS = (HANDS_FOLDER, "segmented")
"""The folders that hold segmented folders unless others are given."""
MAX_NAMED = 5
"""Folders that a message names, at most."""


def open_hand(path: str | Path, key: str = "hand") -> SegmentedFolder:
    """Return the folder of a hand, once it is known to hold at least one character to write with.

    Any labelled segmented folder is a hand, whichever command made it. A replacement that was interrupted is finished
    first.

    Args:
        path: The folder; ``~`` is expanded.
        key: The configuration key that names it, for messages.

    Raises:
        ConfigError: If the path is a file, or a list of folders that was taken for a path.
        DataError: If there is no such folder, it is not segmented or not labelled, none of its labelled characters is
            kept, a file of it cannot be read, or a replacement cannot be finished.
    """
    folder = SegmentedFolder(expanded(path), key)
    folder.refuse_other_than_folder()
    folder.finish_replacement()
    if not (folder.path / BOXES_FILE).is_file():
        raise DataError(_no_hand(folder))
    if not has_labels(folder):
        raise DataError(
            f"{folder.path} is segmented but not labelled yet. Label it, and it is a hand: handwriting label "
            f"{shlex.quote(f'pages={folder.path}')}"
        )
    if next(_kept_rows(folder), None) is None:
        table = folder.path / LABELS_FILE
        if kept := sum(label.trains for label in read_labels(folder).values()):
            raise DataError(
                f"{folder.path / PICTURE_FOLDERS['character']} holds none of the pictures of the "
                f"{counted(kept, 'kept character')}. Put them back, {OR_SEGMENT_AGAIN}"
            )
        raise DataError(
            f"{table} keeps no character to write with, of {counted(len(read_labels(folder)), 'label')}. Name more "
            "characters, label the pages again with a lower keep, or write yes for kept there."
        )
    return folder


def kept_characters(folder: SegmentedFolder) -> dict[str, list[BoxRow]]:
    """Return the drawings of each character that a hand writes with: labelled, kept, and with their pictures.

    Args:
        folder: A segmented folder; without labels it has none.

    Raises:
        DataError: If ``boxes.csv`` or the labels cannot be read.
    """
    drawings: dict[str, list[BoxRow]] = {}
    for label, row in _kept_rows(folder):
        drawings.setdefault(label, []).append(row)
    return drawings


def _kept_rows(folder: SegmentedFolder) -> Iterator[tuple[str, BoxRow]]:
    """Yield the label and the row of each drawing that a hand writes with, as :func:`kept_characters` names them."""
    labels = read_labels(folder)
    for row in folder.rows("character") if labels else ():
        label = labels.get(character_key(row))
        if label is not None and label.trains and folder.has_picture(row):
            yield label.label, row


def folders_with(name: str) -> str:
    """Return the folders at hand that hold a file, in words and at most ``MAX_NAMED``; an empty text for none.

    Args:
        name: The name of the file, such as ``boxes.csv``.
    """
    found = sorted(path.parent.as_posix() for parent in PARENT_FOLDERS for path in Path(parent).glob(f"*/{name}"))
    more = f" and {len(found) - MAX_NAMED:,} more" if len(found) > MAX_NAMED else ""
    return f"{', '.join(found[:MAX_NAMED])}{more}"


def _no_hand(folder: SegmentedFolder) -> str:
    """Return what is wrong with a folder that is not segmented, with those at hand that are labelled."""
    missing = f"there is no folder {folder.path}"
    if folder.path.exists():
        missing = f"{folder.path} is not segmented: it holds no {BOXES_FILE}"
    if present := folders_with(LABELS_FILE):
        return f"{missing}. Hands here are {present}. Give {folder.key}=<one of them>."
    return f"{missing}. Make a hand of your photographs: handwriting hand pages=<folder of photographs>."
