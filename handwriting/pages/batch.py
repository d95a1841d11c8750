"""Segmenting many pages: several processes, progress, and pages that fail without stopping the others."""

from __future__ import annotations

import os
import re
import signal
import sys
import time
import unicodedata
from collections import Counter
from collections.abc import Generator, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import count
from multiprocessing import get_context, parent_process
from threading import Thread
from types import ModuleType
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from handwriting.errors import DataError
from handwriting.pages.folder import PICTURE_FOLDERS, Draft
from handwriting.pages.scans import Scan, read_scan
from handwriting.plots.overlay import draw_overlay
from handwriting.progress import step, tell
from handwriting.segmentation.crops import crops, without_blank
from handwriting.segmentation.page import KINDS, Score, Segmented, Segmenter
from handwriting.text import counted, printable

MAX_STEM_CHARACTERS = 60
"""Characters of a page's name in the names of its files; at three bytes each they stay below file systems' limits."""

PageReport = dict[str, Any]
"""The entry of a page in ``report.json``."""


@dataclass(frozen=True)
class PageTask:
    """One page to segment.

    Attributes:
        scan: The page.
        stem: The start of the names of its files.
        segmenter: The preset that segments it.
        score: Scores how unlikely a piece of ink is to be one character; None to decide by shape alone.
        draft: The segmentation that it is written to.
        size: Height and width of the glyphs, in pixels.
    """

    scan: Scan
    stem: str
    segmenter: Segmenter
    score: Score | None
    draft: Draft
    size: int

    @property
    def page(self) -> str:
        """The page's name, with bytes that are not text escaped."""
        return self.scan.text_name


def file_stems(scans: Sequence[Scan]) -> list[str]:
    """Return the start of the names of each page's files: unique, of letters, digits, ``-`` and ``_``.

    >>> from pathlib import Path
    >>> file_stems([Scan(Path("my page (1).png"), 0, 1), Scan(Path("My page 1.jpg"), 0, 1), Scan(Path("b.pdf"), 8, 12)])
    ['my_page_1', 'My_page_1_2', 'b_09']
    """
    stems: list[str] = []
    taken: set[str] = set()
    for scan in scans:
        name = re.sub(r"[^\w-]+", "_", unicodedata.normalize("NFC", scan.path.stem)).strip("_-")[:MAX_STEM_CHARACTERS]
        name = name or "page"
        if scan.count > 1:
            name += f"_{scan.number + 1:0{len(str(scan.count))}}"
        free = next(stem for n in count(1) if (stem := f"{name}_{n}" if n > 1 else name).casefold() not in taken)
        taken.add(free.casefold())
        stems.append(free)
    return stems


def segment_page(task: PageTask) -> PageReport:
    """Segment one page, write its pieces to the draft, and return its report."""
    cv2.setNumThreads(1)  # in every process, for identical bytes
    began = time.perf_counter()
    try:
        image = read_scan(task.scan)
        segmented, finest = without_blank(task.segmenter(image, task.score))
    except DataError as error:
        return _failure(task, str(error).removeprefix(f"{task.scan.path} "))
    except MemoryError:
        return _failure(task, "does not fit into memory. Make it smaller, or give workers=1.")

    return {
        **write_page(task.draft, task.page, task.stem, task.size, image, segmented, finest),
        "seconds": round(time.perf_counter() - began, 2),
    }


def write_page(
    draft: Draft,
    name: str,
    stem: str,
    size: int,
    image: NDArray[np.uint8],
    segmented: Segmented,
    finest: Sequence[NDArray[np.uint8]],
) -> PageReport:
    """Write the pieces and the overlay of one page to a draft, and return its report.

    Args:
        draft: The segmentation that it belongs to.
        name: The page's name.
        stem: The start of the names of its files.
        size: Height and width of the glyphs, in pixels.
        image: The page as it was read.
        segmented: Its pieces.
        finest: The crops of its finest pieces.
    """
    crops_of = {kind: crops(segmented, kind) for kind in PICTURE_FOLDERS} | {segmented.kinds[-1]: iter(finest)}
    with draft.page(name, stem, size) as writer:
        overlay = writer.add_overlay(draw_overlay(image, segmented.pieces))
        for piece in segmented.pieces:
            if piece.kind in crops_of:
                writer.add_crop(piece, next(crops_of[piece.kind]))
            else:
                writer.add_line(piece)
    return {
        "page": name,
        "overlay": overlay,
        **{f"{kind}s": len(segmented.of(kind)) for kind in KINDS},
        "rejected": dict(segmented.rejected),
        "x_height": round(segmented.x_height, 1),
        "skew": round(segmented.skew, 2) + 0.0,  # no -0.0
        **({"notes": list(segmented.notes)} if segmented.notes else {}),
    }


def _failure(task: PageTask, reason: str) -> PageReport:
    """Return the report of a page that could not be segmented; the reason is a sentence without its subject."""
    return {"page": task.page, "failed": reason}


def segment_pages(tasks: Sequence[PageTask], workers: int, draft: Draft) -> dict[str, Any]:
    """Segment pages, write all pieces to the draft, and print a line about each page as it is done.

    Args:
        tasks: The pages, at least one; all with glyphs of the same size.
        workers: The number of pages segmented at the same time; 1 starts no other process.
        draft: Where the results are written.

    Returns:
        ``totals`` over all pages, and ``pages``, the report of each.
    """
    reports: list[PageReport] = []
    with (
        step(f"segmenting {counted(len(tasks), 'page')}") as show,
        draft.merging(tasks[0].size) as append,
        closing(_page_reports(tasks, workers)) as results,
    ):
        for task, report in zip(tasks, results, strict=True):
            if "failed" not in report:
                append(task.stem)
            reports.append(report)
            tell(f"{len(reports)}/{len(tasks)} {describe_page(report)}")
            show(len(reports) / len(tasks))
    return {"totals": totals_of(reports), "pages": reports}


def totals_of(reports: Sequence[PageReport]) -> dict[str, Any]:
    """Return the entry ``totals`` of ``report.json``: what all pages together hold."""
    counts = {f"{kind}s": sum(report.get(f"{kind}s", 0) for report in reports) for kind in KINDS}
    rejected = sum((Counter(report.get("rejected", {})) for report in reports), Counter[str]())
    failed = sum("failed" in report for report in reports)
    return {"pages": len(reports), "failed": failed, **counts, "rejected": rejected}


def _page_reports(tasks: Sequence[PageTask], workers: int) -> Generator[PageReport, None, None]:
    """Yield the report of each page, in order; if a process dies, only the page that caused it fails."""
    if workers == 1:
        yield from map(segment_page, tasks)
        return
    done = 0
    try:
        for report in _in_processes(tasks, workers):
            yield report
            done += 1
    except BrokenProcessPool:  # any page in progress may be the cause: each is tried alone, with all the memory
        for task in tasks[done:]:
            try:
                yield from _in_processes([task], 1)
            except BrokenProcessPool:
                yield _failure(
                    task, "could not be segmented: its process died, probably because memory ran out. Make it smaller."
                )


def _in_processes(tasks: Sequence[PageTask], workers: int) -> Iterator[PageReport]:
    """Yield the report of each page, in order, while processes segment pages in parallel.

    Reports must be small enough to be sent in one write: the pool would wait for a process that dies while sending.

    Raises:
        BrokenProcessPool: If a process dies.
    """
    # Spawned, not forked: neither OpenCV's threads nor PDFium's state survive a fork.
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_end_with_parent) as pool:
        try:
            with _interrupts_blocked(), _main_hidden():
                # Not pool.map: leaving it cancels futures that the pool marks as broken at the same time.
                futures = [pool.submit(segment_page, task) for task in tasks]
            for future in futures:
                yield future.result()
        finally:
            pool.shutdown(cancel_futures=True)


@contextmanager
def _interrupts_blocked() -> Iterator[None]:
    """Block Ctrl-C; processes started meanwhile inherit this and unblock it once they can handle it."""
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])


@contextmanager
def _main_hidden() -> Iterator[None]:
    """Let processes that start meanwhile not import the script that runs, which would segment its pages once more.

    They need nothing of it, so its work need not stand under ``if __name__ == "__main__"``.
    """
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


def _end_with_parent() -> None:
    """End this process silently by Ctrl-C, which the parent process reports, and when the parent has been killed."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])
    Thread(target=_exit_after_parent, daemon=True).start()


def _exit_after_parent() -> None:
    parent = parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)  # the main thread waits for work that never comes


def describe_page(report: PageReport) -> str:
    """Return a line about a page: the numbers of its pieces and its measurements, or the reason of its failure."""
    if "failed" in report:
        return printable(f"{report['page']} {report['failed']}")
    pieces = ", ".join(f"{report[f'{kind}s']:,} {kind}s" for kind in KINDS if report[f"{kind}s"])
    measured = f"x-height {report['x_height']:.0f} px, skew {report['skew']:z.1f}°, {report['seconds']:.1f} s"
    rejected = f"; rejected: {describe_rejected(report['rejected'])}" if report["rejected"] else ""
    notes = "".join(f"\n  {printable(note)}" for note in report.get("notes", ()))
    return f"{printable(report['page'])}: {pieces}; {measured}{rejected}{notes}"


def describe_rejected(rejected: Mapping[str, int]) -> str:
    """Return the number of rejected components by reason, the most frequent reason first.

    >>> describe_rejected({"edge": 1, "speck": 12})
    '12 speck, 1 edge'
    """
    return ", ".join(f"{number:,} {reason}" for reason, number in sorted(rejected.items(), key=lambda item: -item[1]))
