"""Pages on which the truth is known, how well a preset segments them, and what that takes."""

from __future__ import annotations

import json
import tarfile
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from benchmarks.drawn_pages import draw_page, random_style
from benchmarks.starting import COMMAND, seconds_of
from benchmarks.timing import Benchmark, repeated
from handwriting.errors import DataError
from handwriting.pages.scans import Scan, read_scan
from handwriting.segmentation.agreement import BOX_IOU, Agreement, agreement, dots_joined
from handwriting.segmentation.page import KINDS, Box, Kind, Segmented, Segmenter

AUTO = "auto"
RECIPES: dict[Kind, str] = {"word": "words", "character": "characters"}
"""The presets of the well-known recipe, by the one kind of pieces that each tells."""
TOLD: dict[str, tuple[Kind, ...]] = {AUTO: KINDS} | {preset: (kind,) for kind, preset in RECIPES.items()}
"""The kinds of pieces that each preset tells."""

FIRST_SEED = 1000
"""Pages are drawn from this seed on, in every set the same; nothing was ever chosen by how it does on them."""
SHEET = (8.27, 6.0)
"""Inches: an A4 sheet's upper half has lines and words enough."""

WORDS = "words/words-with-character-masks.tar.gz"
FORMS = "pages/lines.json"
"""Where real data is in its folder."""
WIDTH, MARGIN, GAP, LEAD = 1100, 40, 26, 34
"""Of a page that words are laid out on, in pixels: its width and its edge, and the paper between words and lines."""
WORDS_ON_A_PAGE = 120
COPIES = 8
"""How many pages the job is given."""


@dataclass(frozen=True, eq=False, kw_only=True)
class KnownPage:
    """A page and what is known about it.

    Attributes:
        image: uint8, grey ``(H, W)`` or RGB ``(H, W, 3)``.
        truth: The number of the true piece at each pixel of ink, int32 ``(H, W)``, for each kind that is known.
        boxes: The true pieces' boxes, where they are known by more than their ink.
        dots: The number of the character whose dot lies at each pixel, int32 ``(H, W)``, where that is known.
        name: What a form is called.
        words: How many words stand in each line of a form.
    """

    image: NDArray[np.uint8]
    truth: Mapping[Kind, NDArray[np.int32]]
    boxes: Mapping[Kind, Sequence[Box]] = field(default_factory=dict)
    dots: NDArray[np.int32] | None = None
    name: str = ""
    words: Sequence[int] = ()


# Pages with the truth about them.


def drawn_pages(count: int, **style: Any) -> Iterator[KnownPage]:
    """Yield pages in so many hands, in a style that is given: the same hands and texts whatever the style."""
    for seed in range(FIRST_SEED, FIRST_SEED + count):
        page = draw_page(random_style(seed, **{"size": SHEET} | style), seed)
        yield KnownPage(image=page.image, truth={kind: page.label_map(kind) for kind in KINDS}, dots=page.dots)


def word_pages(path: Path) -> Iterator[KnownPage]:
    """Yield the words of an archive, laid out on white pages, mixed as words are in a text.

    Raises:
        DataError: If it cannot be read.
    """
    words = masked_words(path)
    words = [words[index] for index in np.random.default_rng(0).permutation(len(words))]
    for first in range(0, len(words), WORDS_ON_A_PAGE):
        yield laid_out(words[first : first + WORDS_ON_A_PAGE])


def masked_words(path: Path) -> list[tuple[NDArray[np.uint8], NDArray[np.uint8]]]:
    """Read pictures of words, dark on white, and of each the letter that every pixel of its ink belongs to.

    They are ``XTrain/<n>.png`` and ``YTrain/<n>.png``, 1 to 26 for the letters and 0 for paper. No word has a letter
    twice, so that the letters of one word are its characters.

    Raises:
        DataError: If the archive cannot be read.
    """
    pictures: dict[str, dict[int, NDArray[np.uint8]]] = {"XTrain": {}, "YTrain": {}}
    try:
        with tarfile.open(path, "r:gz") as archive:
            for member in archive:
                if content := archive.extractfile(member):
                    picture = cv2.imdecode(np.frombuffer(content.read(), np.uint8), cv2.IMREAD_GRAYSCALE)
                    name = Path(member.name)
                    pictures[name.parent.name][int(name.stem)] = np.asarray(picture, np.uint8)
        return [(image, pictures["YTrain"][number]) for number, image in sorted(pictures["XTrain"].items())]
    except Exception as error:  # broken bytes can lead a decoder to raise anything at all
        raise DataError(f"{path} is no archive of words and their masks ({error!r}). Copy it again.") from error


def laid_out(words: Sequence[tuple[NDArray[np.uint8], NDArray[np.uint8]]]) -> KnownPage:
    """Lay pictures of words, all of one height, and their masks out as lines of a white page, with wide gaps."""
    places: list[tuple[int, int]] = []
    x, line = MARGIN, 0
    for image, _ in words:
        if x + image.shape[1] + MARGIN > WIDTH:
            x, line = MARGIN, line + 1
        places.append((x, line))
        x += image.shape[1] + GAP
    tall = len(words[0][0])
    page = np.full((2 * MARGIN + (line + 1) * (tall + LEAD), WIDTH), 255, np.uint8)
    truth: dict[Kind, NDArray[np.int32]] = {kind: np.zeros(page.shape, np.int32) for kind in KINDS}
    for number, ((x, line), (image, mask)) in enumerate(zip(places, words, strict=True), start=1):
        y = MARGIN + line * (tall + LEAD)
        place = slice(y, y + tall), slice(x, x + image.shape[1])
        page[place] = image
        truth["line"][place] = (mask > 0) * (line + 1)
        truth["word"][place] = (mask > 0) * number
        truth["character"][place] = (mask > 0) * (27 * number + mask.astype(np.int32))
    return KnownPage(image=page, truth=truth)


def forms(path: Path) -> Iterator[KnownPage]:
    """Yield the scanned forms that a list names beside it: their lines are known by boxes, their words by number.

    Raises:
        DataError: If the list or a form cannot be read.
    """
    try:
        listed = json.loads(path.read_text("utf-8"))
        known = [(form["page"], [(Box(*line["bbox_xywh"]), line["text"]) for line in form["lines"]]) for form in listed]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path} is no list of forms and their lines ({error}). Copy it again.") from error
    for name, lines in known:
        image = read_scan(Scan(path.with_name(name), 0, 1))
        boxes = [box for box, _ in lines]
        yield KnownPage(
            image=image,
            truth={"line": boxed_ink(image, boxes)},
            boxes={"line": boxes},
            name=Path(name).stem,
            words=[words_of(text) for _, text in lines],
        )


def words_of(transcription: str) -> int:
    """Return how many words a line has, whose transcription tells words and punctuation apart by bars.

    A word holds a letter or a digit. Punctuation belongs to the word that it stands at, and so does a dash, although
    it stands alone; ``#`` is what somebody crossed out.

    >>> words_of('told|this|"|by|some|#|people|,|20|-')
    6
    """
    return sum(any(map(str.isalnum, token)) for token in transcription.split("|"))


def boxed_ink(image: NDArray[np.uint8], boxes: Sequence[Box]) -> NDArray[np.int32]:
    """Return the number, from 1, of the box around each pixel of ink; 0 where boxes overlap, for nobody can tell.

    Args:
        image: uint8, grey ``(H, W)`` or RGB ``(H, W, 3)``; its ink is what Otsu's threshold says.
        boxes: In pixels of the image.
    """
    grey = image if image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    _, paper = cv2.threshold(grey, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    labels, around = np.zeros(grey.shape, np.int32), np.zeros(grey.shape, np.uint8)
    for number, (x, y, w, h) in enumerate(boxes, start=1):
        labels[y : y + h, x : x + w] = number
        around[y : y + h, x : x + w] += 1
    labels[(around > 1) | (paper > 0)] = 0
    return labels


# How well they are segmented.


@dataclass(frozen=True)
class WordCount:
    """How many words were found in each line of a form.

    Attributes:
        true: How many there are in each line.
        found: How many were found in each.
        elsewhere: How many were found that are in none of the lines.
        lines: How many lines were found.
    """

    true: Sequence[int] = ()
    found: Sequence[int] = ()
    elsewhere: int = 0
    lines: int = 0

    def __add__(self, other: WordCount) -> WordCount:
        """Return the counts over both."""
        return WordCount(
            [*self.true, *other.true],
            [*self.found, *other.found],
            self.elsewhere + other.elsewhere,
            self.lines + other.lines,
        )

    @property
    def exact(self) -> int:
        """How many lines have as many words as were found in them."""
        return sum(true == found for true, found in zip(self.true, self.found, strict=True))

    @property
    def errors(self) -> int:
        """How many words are missing in some lines and too many in others, at least."""
        return self.elsewhere + sum(abs(true - found) for true, found in zip(self.true, self.found, strict=True))

    @property
    def all_found(self) -> int:
        """How many words were found."""
        return sum(self.found) + self.elsewhere

    @property
    def difference(self) -> float:
        """By which share of the true words the number of those found differs from theirs."""
        return abs(self.all_found - sum(self.true)) / max(sum(self.true), 1)


@dataclass(eq=False)
class Tally:
    """What was counted on the pages of one set.

    Attributes:
        agreements: By the preset and the kind.
        dots: By the preset: how many dots were found with their stems, and how many there are.
        counts: Of forms, by their names and the preset.
    """

    agreements: dict[tuple[str, Kind], Agreement] = field(default_factory=lambda: defaultdict(Agreement))
    dots: dict[str, tuple[int, int]] = field(default_factory=dict)
    counts: dict[str, dict[str, WordCount]] = field(default_factory=lambda: defaultdict(dict))

    def add(self, page: KnownPage, preset: str, segmenter: Segmenter) -> None:
        """Segment a page by a preset, and count how that agrees with the truth."""
        try:
            found = segmenter(page.image)
        except DataError:  # nothing was found
            found = None
        for kind in TOLD[preset]:
            if kind not in page.truth:
                continue
            truth = page.truth[kind]
            labels = found.label_map(kind) if found else np.zeros_like(truth)
            boxes = [piece.box for piece in found.of(kind)] if found else []
            self.agreements[preset, kind] += agreement(truth, labels, page.boxes.get(kind), boxes)
            if kind == "character" and page.dots is not None:
                joined, dots = dots_joined(page.dots, truth, labels)
                before = self.dots.get(preset, (0, 0))
                self.dots[preset] = before[0] + joined, before[1] + dots
        if page.words and "word" in TOLD[preset]:
            self.counts[page.name][preset] = count_words(found, page)


def count_words(found: Segmented | None, page: KnownPage) -> WordCount:
    """Count the words that were found in each line of a form."""
    if not found:
        return WordCount(page.words, [0] * len(page.words))
    in_lines = by_line(found, page.boxes["line"])
    return WordCount(page.words, in_lines, len(found.of("word")) - sum(in_lines), len(found.of("line")))


def by_line(found: Segmented, lines: Sequence[Box]) -> list[int]:
    """Return how many words were found in each true line.

    Where as many lines were found as there are, they are held against each other in their order, and otherwise each
    true one against the one whose box is most like its own, by an IoU of at least ``BOX_IOU``. Where a preset tells no
    lines, a word is taken to stand in the line whose middle is nearest to its own.

    Args:
        found: The segmented form.
        lines: The true lines' boxes, from the top.
    """
    own = [line.box for line in found.of("line")]
    if not own:
        middles = np.array([line.y + line.h / 2 for line in lines])
        heights = [word.box.y + word.box.h / 2 for word in found.of("word")]
        nearest = [int(np.abs(middles - height).argmin()) for height in heights]
        return [nearest.count(line) for line in range(len(lines))]
    numbers = [word.line for word in found.of("word")]
    if len(own) == len(lines):
        return [numbers.count(line) for line in range(len(lines))]
    overlap = np.array([[box_iou(line, other) for other in own] for line in lines])
    return [numbers.count(int(row.argmax())) if row.max() >= BOX_IOU else 0 for row in overlap]


def box_iou(one: Box, other: Box) -> float:
    """Return the intersection of two boxes over their union, 0..1.

    >>> box_iou(Box(0, 0, 4, 1), Box(2, 0, 4, 1))
    0.3333333333333333
    """
    width = min(one.x + one.w, other.x + other.w) - max(one.x, other.x)
    height = min(one.y + one.h, other.y + other.h) - max(one.y, other.y)
    both = max(width, 0) * max(height, 0)
    return both / (one.w * one.h + other.w * other.h - both)


# What it takes.


def a4_page(dpi: float) -> NDArray[np.uint8]:
    """Return an A4 page full of letters that do not touch, uint8 RGB ``(H, W, 3)``."""
    return draw_page(random_style(0, dpi=dpi), 0).image


def one_by_one(image: NDArray[np.uint8], segmenter: Segmenter) -> Benchmark:
    """Return what segments a page over and over, on as many cores as OpenCV was given."""

    def once() -> int:
        segmenter(image)
        return 1

    return lambda seconds: repeated(once, seconds, warm_up=1)


def as_the_job_does(image: NDArray[np.uint8], workers: int) -> Benchmark:
    """Return what has ``handwriting segment`` segment copies of a page, with all that it starts, reads and writes.

    It does so once, however many seconds it is given, and returns pages a second.
    """

    def measure(seconds: float) -> float:
        with TemporaryDirectory() as folder:
            pages = Path(folder) / "pages"
            pages.mkdir()
            for copy in range(COPIES):
                Image.fromarray(image).save(pages / f"{copy}.png", compress_level=1)
            words = ["segment", f"pages={pages}", f"out={folder}/out", f"workers={workers}"]
            return COPIES / seconds_of([*COMMAND, *words])

    return measure


def peak_memory(image: NDArray[np.uint8], segmenter: Segmenter) -> float:
    """Return how much memory segmenting takes at most beside the image and the program, in images.

    Linux alone tells it.
    """
    with TemporaryDirectory() as folder, ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
        path = Path(folder) / "page.npy"
        np.save(path, image)
        return process.submit(_own_peak, path, segmenter).result() / image.nbytes


def _own_peak(path: Path, segmenter: Segmenter) -> int:
    """Return the bytes that segmenting takes at most, in a process that does nothing else."""
    cv2.setNumThreads(1)
    image = np.load(path)
    before = _status("VmRSS")
    segmenter(image)
    return _status("VmHWM") - before


def _status(size: str) -> int:
    """Return a size in bytes that Linux tells of this process.

    Not ``resource.getrusage``, whose ``ru_maxrss`` begins with the peak of the process that started this one.
    """
    lines = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return 1024 * int(lines[size].split()[0])
