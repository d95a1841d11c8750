"""Find the lines, words and characters on pages, cut them out, and tell what was found."""

from __future__ import annotations

import csv
import os
import re
import shutil
import signal
import time
import unicodedata
from collections import Counter
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from itertools import count
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING, Any

import cv2
import numpy as np
from PIL import Image
from tqdm import tqdm

from handwriting import config
from handwriting.data.preparation.resizing import fit
from handwriting.data.sources.pages import BOXES, COLUMNS, GLYPHS, listed
from handwriting.engine.sections import build_source
from handwriting.errors import ConfigError, DataError, RunError
from handwriting.glyphs import Glyphs
from handwriting.jobs.arguments import refuse_unless_whole
from handwriting.pages.scans import Scan, read_scan, scans_in
from handwriting.plots.overlay import draw_overlay
from handwriting.runs.files import read_json, write_json
from handwriting.segmentation.crops import crops
from handwriting.segmentation.page import KINDS, Kind, Score, Segmenter

if TYPE_CHECKING:
    from omegaconf import DictConfig

REPORT = "report.json"
UNFINISHED = ".unfinished"
"""The folder in ``out`` that holds everything until it is complete, and in that the one for parts of files."""
FOLDERS: dict[Kind, str] = {"word": "words", "character": "characters"}
"""Where the pictures of the pieces of a kind are."""
PICTURE = re.compile(r"(words|characters|overlays)/[^/]+\.(png|jpg)")
SMALLEST, LARGEST = 28, 512
"""The sides that glyphs may have, in pixels."""
LONGEST_STEM = 60
"""Letters of a page's name in the names of its files; with three bytes each they stay within what systems allow."""

Facts = dict[str, Any]
"""What is told of a page."""


def run(cfg: DictConfig) -> None:
    """Segment the pages that ``cfg`` names, and print what was found and where it is.

    Raises:
        DataError: At the end, where pages failed; everything else is written then.
    """
    from omegaconf import OmegaConf

    refuse_unless_whole(cfg, "size", least=SMALLEST)
    if cfg.size > LARGEST:
        raise ConfigError(f"size={cfg.size} is not allowed: give a whole number up to {LARGEST}.")
    if cfg.workers is not None:
        refuse_unless_whole(cfg, "workers", least=1)
    if not isinstance(cfg.overwrite, bool):
        raise ConfigError(f"overwrite={cfg.overwrite} is not allowed: give true or false.")
    if cfg.pages is None:
        raise ConfigError(config.missing("pages"))
    segmenter = config.build(cfg.preset, "preset")
    score = unlikeness(cfg) if "data" in cfg else None
    pages = Path(cfg.pages).expanduser()
    scans, passed_over = scans_in(pages)
    whole = pages.resolve()
    out = Path(cfg.out).expanduser() if cfg.out else Path("segmented") / (whole.name if whole.is_dir() else whole.stem)

    try:
        refuse_taken(out, cfg.overwrite)
        with unfinished(out) as folder:
            named = zip(scans, stems(scans), strict=True)
            tasks = [Task(scan, stem, segmenter, score, folder, cfg.size) for scan, stem in named]
            report = {
                "pages_from": str(pages),
                "preset": OmegaConf.to_container(cfg.preset, resolve=True),
                "passed_over": passed_over,
                **segment(tasks, min(cfg.workers or cores(), len(tasks)), folder),
            }
            write_json(folder / REPORT, report)
            install(folder, out)
    except BrokenPipeError:  # whoever reads what is printed has gone
        raise
    except OSError as error:
        raise DataError(f"out={out} cannot be written ({error.strerror or error}). Give another folder.") from error

    print("\n".join(f"{key:12} {value}" for key, value in summary(report, out).items()))
    if bad := [told(page) for page in report["pages"] if "failed" in page]:
        raise DataError(f"{len(bad)} of {len(tasks)} pages failed: {' '.join(bad[:2])} See {out / REPORT}.")


def unlikeness(cfg: DictConfig) -> Score:
    """Return what asks the glyph classifier of some data, trained now if it never was, what looks like a character."""
    from handwriting.features.cache import feature_space
    from handwriting.features.likeness import Unlikeness

    source = build_source(cfg.data)
    prepared = source.prepared(*source.read())
    return Unlikeness(feature_space(prepared.whole, prepared.test, announce=print))


def cores() -> int:
    """Return on how many processor cores this process may run."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def stems(scans: Sequence[Scan]) -> list[str]:
    """Return what the files of each page are called: letters, digits, - and _ of its name, and no two alike.

    >>> stems([Scan(Path("my page (1).png"), 0, 1), Scan(Path("My page 1.jpg"), 0, 1), Scan(Path("b.pdf"), 8, 12)])
    ['my_page_1', 'My_page_1_2', 'b_09']
    """
    names: list[str] = []
    taken: set[str] = set()
    for scan in scans:
        name = re.sub(r"[^\w-]+", "_", unicodedata.normalize("NFC", scan.path.stem)).strip("_-")[:LONGEST_STEM]
        name = name or "page"
        if scan.count > 1:
            name += f"_{scan.number + 1:0{len(str(scan.count))}}"
        free = next(stem for n in count(1) if (stem := f"{name}_{n}" if n > 1 else name).casefold() not in taken)
        taken.add(free.casefold())
        names.append(free)
    return names


# One page.


@dataclass(frozen=True)
class Task:
    """One page to segment.

    Attributes:
        scan: The page.
        stem: What the names of its files begin with.
        segmenter: What segments it.
        score: What says how little a piece of ink looks like one character.
        folder: Where its crops and its overlay are written.
        size: Side of the glyphs.
    """

    scan: Scan
    stem: str
    segmenter: Segmenter
    score: Score | None
    folder: Path
    size: int

    @property
    def page(self) -> str:
        """The page's name; what in it is no text is spelt out."""
        return self.scan.name.encode(errors="backslashreplace").decode()

    def part(self, name: str) -> Path:
        """Return the file in which its part of ``boxes.csv``, or of the glyphs of a kind, waits for the other pages."""
        return self.folder / UNFINISHED / f"{self.stem}.{name}"


def segment_page(task: Task) -> Facts:
    """Segment one page, write what was found on it, and return what the report says of it."""
    cv2.setNumThreads(1)  # the same in every process, and so the same bytes
    began = time.perf_counter()
    try:
        image = read_scan(task.scan)
        found = task.segmenter(image, task.score)
    except DataError as error:
        return failed(task, str(error).removeprefix(f"{task.scan.path} "))
    except MemoryError:
        return failed(task, "does not fit into memory. Make it smaller, or give workers=1.")

    overlay = f"overlays/{task.stem}.jpg"
    picture = draw_overlay(image, found.pieces)
    save(picture, task.folder / overlay, quality=90, subsampling=0)  # thin lines keep their colours

    cut = {kind: crops(found, kind) for kind in FOLDERS}
    with ExitStack() as files:
        lines = files.enter_context(task.part("csv").open("w", encoding="utf-8", newline=""))
        table = csv.writer(lines, lineterminator="\n")
        glyphs = {kind: files.enter_context(task.part(kind).open("wb")) for kind in FOLDERS}
        for piece in found.pieces:
            word, file = ("" if piece.kind == "line" else piece.word), ""
            if piece.kind in FOLDERS:
                ink = next(cut[piece.kind])
                numbers = (piece.line, piece.word, piece.order)[: 2 if piece.kind == "word" else 3]
                file = f"{FOLDERS[piece.kind]}/{'_'.join([task.stem, *(f'{number:03}' for number in numbers)])}.png"
                save(Image.fromarray(255 - ink), task.folder / file)
                glyphs[piece.kind].write(fit(ink, task.size).data)
            reach = f"{piece.above:.2f}", f"{piece.below:.2f}"
            table.writerow((task.page, piece.line, word, piece.order, piece.kind, *piece.box, *reach, file))
    return {
        "page": task.page,
        "overlay": overlay,
        **{f"{kind}s": len(found.of(kind)) for kind in KINDS},
        "rejected": dict(found.rejected),
        "x_height": round(found.x_height, 1),
        "skew": round(found.skew, 2) + 0.0,  # no -0.0
        "seconds": round(time.perf_counter() - began, 2),
    }


def failed(task: Task, why: str) -> Facts:
    """Return what is told of a page that could not be segmented, in words that follow its name."""
    return {"page": task.page, "failed": why}


def save(picture: Image.Image, path: Path, **options: Any) -> None:
    """Save a picture in a folder that need not exist."""
    path.parent.mkdir(exist_ok=True)
    picture.save(path, **options)


# All pages.


def segment(tasks: Sequence[Task], workers: int, folder: Path) -> dict[str, Any]:
    """Segment pages, write what was found on all of them together, and tell of each as it is done.

    Args:
        tasks: The pages.
        workers: How many at a time.
        folder: Where to write.

    Returns:
        What the report says: ``totals``, and of each page what :func:`segment_page` does.
    """
    pages: list[Facts] = []
    (folder / UNFINISHED).mkdir()
    with ExitStack() as files:
        # Of a whole notebook there are too many glyphs for the memory.
        whole: dict[str, IO[bytes]] = {kind: files.enter_context(TemporaryFile(dir=folder)) for kind in FOLDERS}
        whole["csv"] = files.enter_context((folder / BOXES).open("wb"))
        whole["csv"].write(f"{','.join(COLUMNS)}\n".encode())
        results = files.enter_context(closing(segment_all(tasks, workers)))
        shown = tqdm(results, total=len(tasks), unit=" pages", disable=None, dynamic_ncols=True)
        for task, facts in zip(tasks, shown, strict=True):
            if "failed" not in facts:
                for name, file in whole.items():
                    with task.part(name).open("rb") as part:
                        shutil.copyfileobj(part, file)
                    task.part(name).unlink()
            pages.append(facts)
            tqdm.write(f"{len(pages)}/{len(tasks)} {told(facts)}")
        for kind in FOLDERS:
            if whole[kind].tell():
                images = np.memmap(whole[kind], np.uint8, "r").reshape(-1, 1, tasks[0].size, tasks[0].size)
                Glyphs(images).save(folder / GLYPHS[kind])
    counts = {f"{kind}s": sum(page.get(f"{kind}s", 0) for page in pages) for kind in KINDS}
    rejected = sum((Counter(page.get("rejected", {})) for page in pages), Counter[str]())
    totals = {"pages": len(pages), "failed": sum("failed" in page for page in pages), **counts, "rejected": rejected}
    return {"totals": totals, "pages": pages}


def segment_all(tasks: Sequence[Task], workers: int) -> Generator[Facts, None, None]:
    """Yield what is told of each page, in order; a page that brings its process down costs no other."""
    if workers == 1:
        yield from map(segment_page, tasks)
        return
    done = 0
    try:
        for facts in in_processes(tasks, workers):
            yield facts
            done += 1
    except BrokenProcessPool:  # of the pages in work, nobody knows which it was; alone, each has all the memory
        for task in tasks[done:]:
            try:
                yield from in_processes([task], 1)
            except BrokenProcessPool:
                yield failed(task, "was given up: its process died, as it does where memory runs out. Make it smaller.")


def in_processes(tasks: Sequence[Task], workers: int) -> Iterator[Facts]:
    """Yield what is told of each page, in order, as processes segment them side by side.

    What they return is short, and so it is sent at once: a process that dies while it sends would be waited for.

    Raises:
        BrokenProcessPool: If a process dies.
    """
    # Spawned, not forked: neither OpenCV's threads nor PDFium's state survive a fork.
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=end_at_once) as pool:
        try:
            with interrupts_waiting():
                # Not by map, which as it is left cancels futures that the pool marks as broken at the same time.
                futures = [pool.submit(segment_page, task) for task in tasks]
            for future in futures:
                yield future.result()
        finally:
            pool.shutdown(cancel_futures=True)


@contextmanager
def interrupts_waiting() -> Iterator[None]:
    """Let Ctrl-C wait; processes that are started meanwhile go on so until they are ready for it."""
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])


def end_at_once() -> None:
    """Let Ctrl-C end this process without a word: the one that started it tells."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])


# What is told.


def told(page: Facts) -> str:
    """Return what is told of one page on one line."""
    if "failed" in page:
        return f"{page['page']} {page['failed']}"
    found = ", ".join(f"{page[f'{kind}s']:,} {kind}s" for kind in KINDS if page[f"{kind}s"])
    measured = f"x-height {page['x_height']:.0f} px, skew {page['skew']:z.1f}°, {page['seconds']:.1f} s"
    left_out = f"; left out: {marks(page['rejected'])}" if page["rejected"] else ""
    return f"{page['page']}: {found}; {measured}{left_out}"


def marks(rejected: dict[str, int]) -> str:
    """Return how many marks were rejected, and why.

    >>> marks({"edge": 1, "speck": 12})
    '12 speck, 1 edge'
    """
    return ", ".join(f"{number:,} {why}" for why, number in sorted(rejected.items(), key=lambda item: -item[1]))


def summary(report: dict[str, Any], out: Path) -> dict[str, Any]:
    """Return what is told of all pages together, line by line."""
    totals = report["totals"]
    facts = {"pages": f"{totals['pages'] - totals['failed']:,} of {totals['pages']:,}"}
    facts |= {f"{kind}s": f"{totals[f'{kind}s']:,}" for kind in KINDS if totals[f"{kind}s"]}
    if totals["rejected"]:
        facts["left out"] = marks(totals["rejected"])
    if report["passed_over"]:
        facts["passed over"] = f"{report['passed_over']:,} by the ending of their names"
    facts["results"] = f"{out}: {BOXES}, {REPORT}, pictures and glyphs"
    facts["to look at"] = f"{out / 'overlays'}: lines blue, words gold, characters magenta"
    return facts


# What is written where.


def refuse_taken(out: Path, overwrite: bool) -> None:
    """Refuse a folder that holds anything, or with ``overwrite`` one that holds what would be lost.

    Raises:
        ConfigError: Naming it.
    """
    if out.exists() and not out.is_dir():
        raise ConfigError(f"out={out} is a file. Give a folder.")
    if out.is_dir() and any(out.iterdir()):
        if not overwrite:
            raise ConfigError(f"out={out} is not empty: give another, or overwrite=true to replace an earlier result.")
        refuse_strangers(out, [BOXES, REPORT, *GLYPHS.values()])


def refuse_strangers(out: Path, names: Sequence[str]) -> None:
    """Refuse to write over files that no earlier segmentation wrote.

    Raises:
        ConfigError: Naming the first of them.
    """
    ours = set(written(out))
    if strange := [out / name for name in names if name not in ours and (out / name).exists()]:
        raise ConfigError(f"{strange[0]} is of no earlier segmentation and is kept: move it, or give another out.")


@contextmanager
def unfinished(out: Path) -> Iterator[Path]:
    """Make ``out``, and in it a folder for what is not complete yet; what is still in that at the end goes."""
    made = [folder for folder in (out, *out.parents) if not folder.exists()]
    folder = out / UNFINISHED
    try:
        shutil.rmtree(folder, ignore_errors=True)  # of a process that was killed
        folder.mkdir(parents=True)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        with suppress(OSError):  # raised at the first that is not empty
            for empty in made:
                empty.rmdir()


def install(folder: Path, out: Path) -> None:
    """Move a complete segmentation to ``out``, in place of the one that is there.

    The glyphs go first and come last, so that what is read as data is never a mixture; and whenever this is cut short,
    ``out`` lists every picture that is still or already there, for the next one to replace.
    """
    new = [name for name in written(folder) if (folder / name).exists()]
    refuse_strangers(out, new)
    for name in written(out)[:1:-1]:  # but the lists themselves
        (out / name).unlink(missing_ok=True)
    for name in new:
        (out / name).parent.mkdir(exist_ok=True)
        (folder / name).replace(out / name)


def written(folder: Path) -> list[str]:
    """Return the files of the segmentation in a folder by its own lists, which come first, and the glyphs last.

    Files that were deleted since are among them; where there is no segmentation, nothing is.
    """
    try:
        pictures = [row["file"] for row in listed(folder)]
        pictures += [str(page.get("overlay")) for page in read_json(folder / REPORT)["pages"]]
    except (DataError, RunError, KeyError, TypeError, AttributeError):
        return []
    return [BOXES, REPORT, *filter(PICTURE.fullmatch, pictures), *GLYPHS.values()]
