"""Where the transcripts of photographs and scans lie: next to them, under the same name."""

from __future__ import annotations

from pathlib import Path

from handwriting.labelling.transcripts import Transcript, read_transcript
from handwriting.pages.scans import Scan

SUFFIX = ".txt"


def transcript_path(scan: Scan) -> Path | None:
    """Return the file that holds the transcript of a page, or None where there is none.

    It is ``one.txt`` for ``one.jpg``. For page 2 of ``scan.pdf`` it is ``scan_2.txt`` (``scan_02.txt`` if the file has
    ten pages or more), or else ``scan.txt``, whose pages are separated by form feeds.
    """
    return next((path for path in _candidates(scan) if path.exists()), None)


def transcript_of_scan(scan: Scan) -> Transcript | None:
    """Return the transcript of a page, or None where there is none.

    Raises:
        DataError: If it is there and cannot be used.
    """
    path = transcript_path(scan)
    if path is None:
        return None
    shared = scan.count > 1 and path == scan.path.with_suffix(SUFFIX)
    return read_transcript(path, scan.number, scan.count) if shared else read_transcript(path)


def _candidates(scan: Scan) -> list[Path]:
    whole = scan.path.with_suffix(SUFFIX)
    if scan.count == 1:
        return [whole]
    number = str(scan.number + 1)
    numbers = dict.fromkeys((number, number.zfill(len(str(scan.count)))))
    return [*(whole.with_stem(f"{scan.path.stem}_{written}") for written in numbers), whole]
