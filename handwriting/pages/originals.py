"""The photographs and scans that a segmented folder was made from, found again and segmented again."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2

from handwriting.errors import DataError
from handwriting.files import expanded
from handwriting.pages.boxes import BoxRow
from handwriting.pages.folder import OVERLAY_FOLDER, SEGMENT_AGAIN, SegmentedFolder
from handwriting.pages.names import REPORT_FILE
from handwriting.pages.scans import Scan, read_scan, scans_in
from handwriting.pages.transcripts import SUFFIX, in_any_case, transcript_path
from handwriting.segmentation.crops import without_blank
from handwriting.segmentation.page import KINDS, Piece, Score, Segmented, Segmenter

FINGERPRINT = "segmentation"
"""The key of a page's entry in ``report.json`` for the fingerprint of its segmentation before it was corrected."""
FILES = "files"
"""The key of ``report.json`` for the fingerprints of the photographs and scans, by the names of their files."""
FINGERPRINT_DIGITS = 16
"""Hexadecimal digits of a fingerprint: two that differ are equal once in 2**64 times."""


@dataclass(frozen=True)
class OriginalPage:
    """A page of a segmented folder, and the file that it was read from.

    Attributes:
        entry: The page's entry in ``report.json``.
        scan: The photograph or scan; None where it is gone.
        text: The file that holds its transcript; None where there is none.
    """

    entry: dict[str, Any]
    scan: Scan | None
    text: Path | None

    @property
    def name(self) -> str:
        """The page's name, as in ``boxes.csv``."""
        return str(self.entry["page"])

    @property
    def stem(self) -> str:
        """The start of the names of its files."""
        return Path(self.entry["overlay"]).stem


def read_report(folder: SegmentedFolder) -> dict[str, Any]:
    """Return ``report.json`` of a segmented folder.

    Raises:
        DataError: If it cannot be read, or lacks what the pages are found by.
    """
    report = folder.report()
    if absent := [key for key in ("pages_from", "preset", "pages") if key not in report]:
        raise DataError(f"{folder.path / REPORT_FILE} has no {absent[0]}: it is of an earlier version. {SEGMENT_AGAIN}")
    return report


def original_pages(report: dict[str, Any]) -> list[OriginalPage]:
    """Return the pages of a segmented folder that did not fail, in their order.

    Args:
        report: What :func:`read_report` returned.

    Raises:
        DataError: If an entry lacks what a page is found by.
    """
    pages_from = expanded(report["pages_from"])
    try:
        scans = {scan.text_name: scan for scan in scans_in(pages_from)[0]}
    except DataError:  # gone, or moved
        scans = {}
    pages = []
    for entry in report["pages"]:
        if "failed" in entry:
            continue
        if not str(entry.get("overlay", "")).startswith(f"{OVERLAY_FOLDER}/"):
            raise DataError(f"The page {entry.get('page')} has no overlay in {REPORT_FILE}. {SEGMENT_AGAIN}")
        scan = scans.get(str(entry["page"]))
        pages.append(OriginalPage(entry, scan, transcript_path(scan) if scan else _text_alone(pages_from, entry)))
    return pages


def _text_alone(pages_from: Path, entry: dict[str, Any]) -> Path | None:
    """Return the transcript of a page whose photograph is gone, as far as it can be found without it."""
    path = in_any_case((pages_from / str(entry["page"])).with_suffix(SUFFIX))
    return path if path and path.is_file() else None


def segmented_again(page: OriginalPage, segmenter: Segmenter, score: Score | None, rows: Sequence[BoxRow]) -> Segmented:
    """Segment a page again.

    Args:
        page: The page.
        segmenter: The preset that segmented it.
        score: The score that cut its characters, if there was one.
        rows: The rows of the page in ``boxes.csv``.

    Raises:
        DataError: If the photograph is gone, or its pieces are not those of the folder: it has changed, or the program.
    """
    if page.scan is None:
        raise DataError(
            f"The photograph of the page {page.name} is no longer where it was segmented. Put it back, and run this in "
            "the same folder as then; or segment the pages again where they are."
        )
    cv2.setNumThreads(1)  # for identical pixels
    segmented, _ = without_blank(segmenter(read_scan(page.scan), score))
    if tuple(segmented.kinds) != KINDS:
        raise DataError(
            f"{page.name} was segmented into {' and '.join(segmented.kinds)}s alone. Segment the pages again with "
            "preset=auto and overwrite=true."
        )
    before = page.entry.get(FINGERPRINT) or fingerprint(rows)
    if fingerprint(segmented.pieces) != before:
        raise DataError(
            f"{page.scan.path} has other words than when it was segmented: the photograph or the program has changed. "
            f"{SEGMENT_AGAIN}"
        )
    return segmented


def fingerprint(pieces: Sequence[BoxRow] | Sequence[Piece]) -> str:
    """Return what is equal for equal lines and words of one page, and hardly ever otherwise."""
    words = [(piece.kind, piece.line, piece.order, *piece.box) for piece in pieces if piece.kind != "character"]
    return hashlib.sha256(repr(words).encode()).hexdigest()[:FINGERPRINT_DIGITS]


def file_fingerprints(scans: Sequence[Scan]) -> dict[str, str]:
    """Return a hash of the content of each file of some scans, by its name; empty where it cannot be read."""
    return {_text_of(path.name): _content_hash(path) for path in dict.fromkeys(scan.path for scan in scans)}


def changed_files(report: dict[str, Any], scans: Sequence[Scan]) -> list[str]:
    """Return how the files of scans differ from those that a folder was segmented from: ``one.jpg is new``.

    Args:
        report: What :func:`read_report` returned.
        scans: The pages as they are now.

    Raises:
        DataError: If the report does not hold the fingerprints of the files.
    """
    before = report.get(FILES)
    if not isinstance(before, dict):
        raise DataError(
            f"{REPORT_FILE} is of an earlier version, and does not say of which files the pages are. {SEGMENT_AGAIN}"
        )
    now = file_fingerprints(scans)
    states = {name: "is new" for name in now if name not in before}
    states |= {name: "has changed" for name in now if before.get(name, now[name]) != now[name]}
    states |= {name: "is gone" for name in before if name not in now}
    return [f"{name} {state}" for name, state in states.items()]


def _content_hash(path: Path) -> str:
    if not path.is_file():  # reading a pipe would never end
        return ""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()[:FINGERPRINT_DIGITS]
    except OSError:  # the report of its page says why
        return ""


def _text_of(name: str) -> str:
    """Return the name of a file with bytes that are not text escaped."""
    return name.encode(errors="backslashreplace").decode()
