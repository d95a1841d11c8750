"""Pages on which the true lines, words and characters are known: drawn pages, real words and scanned forms."""

from __future__ import annotations

import json
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.drawn_pages import draw_page
from benchmarks.page_style import random_style
from handwriting.errors import DataError
from handwriting.pages.scans import Scan, read_scan
from handwriting.segmentation.page import KINDS, Box, Kind

FIRST_SEED = 1000
"""The seed of the first drawn page, the same in every set; no parameter was tuned on these pages."""
SHEET = (8.27, 6.0)
"""Width and height of drawn pages in inches: the upper half of an A4 sheet."""

WORDS = "words/words-with-character-masks.tar.gz"
FORMS = "pages/lines.json"
"""Paths of the real sets in the folder of real data."""
WIDTH, MARGIN, GAP, LEAD = 1100, 40, 26, 34
"""Layout of pages of real words, in pixels: page width, margin, gap between words, and gap between lines."""
WORDS_ON_A_PAGE = 120
LETTERS = "abcdefghijklmnopqrstuvwxyz"
CLOSING_MARKS = ('"', ".", ",", ";", ":", "!", "?", ")")
"""Marks that stand next to the word before them."""


@dataclass(frozen=True, eq=False, kw_only=True)
class KnownPage:
    """A page and its ground truth.

    Attributes:
        image: uint8, grey ``(H, W)`` or RGB ``(H, W, 3)``.
        truth: The number of the true piece at each pixel of ink, int32 ``(H, W)``, for each kind that is known.
        boxes: The true pieces' boxes, where the truth is given by boxes rather than ink.
        dots: The number of the character whose dot lies at each pixel, int32 ``(H, W)``; None if unknown.
        name: The name of a form.
        words: The number of words in each line of a form.
        text: The words of each line, where they are known.
        characters: What the character of each number is, where it is known.
    """

    image: NDArray[np.uint8]
    truth: Mapping[Kind, NDArray[np.int32]]
    boxes: Mapping[Kind, Sequence[Box]] = field(default_factory=dict)
    dots: NDArray[np.int32] | None = None
    name: str = ""
    words: Sequence[int] = ()
    text: Sequence[Sequence[str]] = ()
    characters: Mapping[int, str] = field(default_factory=dict)


def drawn_pages(count: int, **style: Any) -> Iterator[KnownPage]:
    """Yield ``count`` pages, each in another hand; hands and texts are the same for every style.

    Args:
        count: The number of pages.
        style: Fields of :class:`PageStyle`.
    """
    for seed in range(FIRST_SEED, FIRST_SEED + count):
        page = draw_page(random_style(seed, **{"size": SHEET} | style), seed)
        yield KnownPage(
            image=page.image,
            truth={kind: page.label_map(kind) for kind in KINDS},
            dots=page.dots,
            text=page.text,
            characters=dict(enumerate("".join(word for line in page.text for word in line), start=1)),
        )


def word_pages(path: Path) -> Iterator[KnownPage]:
    """Yield the words of an archive, shuffled and laid out on white pages.

    Raises:
        DataError: If it cannot be read.
    """
    words = masked_words(path)
    words = [words[index] for index in np.random.default_rng(0).permutation(len(words))]
    for first in range(0, len(words), WORDS_ON_A_PAGE):
        yield laid_out(words[first : first + WORDS_ON_A_PAGE])


def masked_words(path: Path) -> list[tuple[NDArray[np.uint8], NDArray[np.uint8]]]:
    """Read pictures of words, dark on white, and for each the letter at every pixel of its ink.

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
    """Lay out pictures of words and their masks as lines of a white page, with wide gaps.

    Args:
        words: Pairs of a picture and its mask, uint8 ``(h, w)``, all of the same height.
    """
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
    text: list[list[str]] = [[] for _ in range(line + 1)]
    characters: dict[int, str] = {}
    for number, ((x, line), (image, mask)) in enumerate(zip(places, words, strict=True), start=1):
        y = MARGIN + line * (tall + LEAD)
        place = slice(y, y + tall), slice(x, x + image.shape[1])
        page[place] = image
        truth["line"][place] = (mask > 0) * (line + 1)
        truth["word"][place] = (mask > 0) * number
        truth["character"][place] = (mask > 0) * (27 * number + mask.astype(np.int32))
        letters = sorted(set(mask[mask > 0].tolist()), key=lambda letter: float(np.nonzero(mask == letter)[1].mean()))
        text[line].append("".join(LETTERS[letter - 1] for letter in letters))
        characters |= {27 * number + letter: LETTERS[letter - 1] for letter in letters}
    return KnownPage(image=page, truth=truth, text=text, characters=characters)


def forms(path: Path) -> Iterator[KnownPage]:
    """Yield the scanned forms that a list next to them names: boxes of lines and numbers of words are known.

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
            text=natural_words([text for _, text in lines]),
        )


def natural_words(transcriptions: Sequence[str]) -> list[list[str]]:
    """Return the words of transcribed lines as they are written, marks next to the word that they belong to.

    >>> natural_words(['told|this|"|by|some|#|people|,', '20|-|"|M P'])
    [['told', 'this', '"by', 'some', 'people,'], ['20', '-"', 'M', 'P']]
    """
    lines: list[list[str]] = []
    is_open = False  # a quotation may end in a later line
    for transcription in transcriptions:
        words: list[str] = []
        opens = ""
        for token in transcription.replace("|", " ").split():
            if token == "#":
                continue
            if token == '"':
                is_open = not is_open
            if (token == '"' and is_open) or token == "(":
                opens = token
            elif words and token in CLOSING_MARKS:
                words[-1] += token
            else:
                words.append(opens + token)
                opens = ""
        lines.append(words)
    return lines


def words_of(transcription: str) -> int:
    """Return the number of words in a transcription whose words and punctuation marks are separated by bars.

    A word holds a letter or a digit. Punctuation, a free-standing dash and ``#`` (crossed-out writing) are no words.

    >>> words_of('told|this|"|by|some|#|people|,|20|-')
    6
    """
    return sum(any(map(str.isalnum, token)) for token in transcription.split("|"))


def boxed_ink(image: NDArray[np.uint8], boxes: Sequence[Box]) -> NDArray[np.int32]:
    """Return the number, from 1, of the box around each pixel of ink; 0 where boxes overlap, which is ambiguous.

    Args:
        image: uint8, grey ``(H, W)`` or RGB ``(H, W, 3)``; its ink is found by Otsu's threshold.
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
