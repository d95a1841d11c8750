"""Where the transcripts of photographs and scans lie: next to them, under the same name."""

from __future__ import annotations

from itertools import product
from pathlib import Path

from handwriting.errors import DataError
from handwriting.labelling.transcripts import Transcript, read_transcript
from handwriting.pages.scans import Scan

SUFFIX = ".txt"
"""The ending of a transcript, in any case."""


def transcript_path(scan: Scan) -> Path | None:
    """Return the file that holds the transcript of a page, or None where there is none.

    It is ``one.txt`` for ``one.jpg``. For page 2 of ``scan.pdf`` it is ``scan_2.txt`` (``scan_02.txt`` if the file has
    ten pages or more), or else ``scan.txt``, whose pages are separated by form feeds. A folder or a broken link of that
    name is returned, too: :func:`transcript_of_scan` says that it is none.
    """
    return next(filter(None, map(in_any_case, _candidates(scan))), None)


def obstacle_at(path: Path) -> str | None:
    """Return what lies where a transcript should, in words: ``a folder``, ``a broken link``; None for a file."""
    if path.is_dir():
        return "a folder"
    return "a broken link" if path.is_symlink() and not path.exists() else None


def transcript_of_scan(scan: Scan) -> Transcript | None:
    """Return the transcript of a page, or None where there is none.

    Raises:
        DataError: If it is there and cannot be used.
    """
    path = transcript_path(scan)
    if path is None:
        return None
    if obstacle := obstacle_at(path):
        raise DataError(f"{path} is {obstacle}. Put the text of the page there, or move it away.")
    shared = scan.count > 1 and path.stem == scan.path.stem
    return read_transcript(path, scan.number, scan.count) if shared else read_transcript(path)


def _candidates(scan: Scan) -> list[Path]:
    whole = scan.path.with_suffix(SUFFIX)
    if scan.count == 1:
        return [whole]
    number = str(scan.number + 1)
    numbers = dict.fromkeys((number, number.zfill(len(str(scan.count)))))
    return [*(whole.with_stem(f"{scan.path.stem}_{written}") for written in numbers), whole]


def in_any_case(path: Path) -> Path | None:
    """Return the path, which ends in ``SUFFIX``, or else the same with letters of its ending in capitals."""
    endings = map("".join, product(*zip(SUFFIX, SUFFIX.upper(), strict=True)))
    spelt = map(path.with_suffix, dict.fromkeys(endings))
    return next((one for one in spelt if one.exists() or one.is_symlink()), None)
