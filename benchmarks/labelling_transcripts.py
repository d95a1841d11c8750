"""Labels by transcripts: words matched, cut and named, and words read without a text, next to baselines."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.segmentation_sets import FORMS, WORDS, KnownPage, drawn_pages, forms, word_pages
from handwriting.data.sources.synthetic import draw_glyphs
from handwriting.errors import DataError
from handwriting.features.piece_training import PieceTraining
from handwriting.labelling.learning import Learning, learn
from handwriting.labelling.page_labels import LabelledPage, MatchedPage, label_pages, match_page
from handwriting.labelling.pieces import character_pitch, find_pieces
from handwriting.labelling.reading import learn_to_read
from handwriting.labelling.strips import Strip, Stripper, strip_x_height
from handwriting.labelling.transcripts import Transcript, read_transcript
from handwriting.pages.scans import Scan, read_scan
from handwriting.segmentation.agreement import Agreement, agreement
from handwriting.segmentation.auto import Auto
from handwriting.segmentation.page import Segmented
from handwriting.text import format_share, markdown_table

NOTEBOOKS = ("pages/notebook-test3.jpg", "pages/notebook-text3.jpg")
"""Two pages by one writer; their transcripts lie next to them."""
DRAWN_PAGES = 6
"""Number of drawn pages of each set, each by another hand."""
GLYPHS_OF_CLASS, GLYPH_SIZE = 100, 28
"""Glyphs of each class that labelling begins with, as ``handwriting label`` draws them, and their side in pixels."""
READING_EPOCHS = 24
"""Passes in which a reader learns."""
SURE = 0.9
"""Confidence from which a label is sure."""

Row = tuple[str, ...]
Words = tuple[list[Strip], list[str]]
"""Strips of words, and what is written in each."""


@dataclass(eq=False)
class Truth:
    """How labels agree with the truth over the pages of a set.

    Attributes:
        before: The agreement of the characters as they were segmented.
        after: The agreement of those that the text cut.
        right: Whether each label is right: the true character that shares most of the ink, at least half, has it.
        confidence: The confidence of each.
        words: The number of words of the texts, and of those that were matched.
        seconds: What matching and labelling took.
    """

    before: Agreement = field(default_factory=Agreement)
    after: Agreement = field(default_factory=Agreement)
    right: list[NDArray[np.bool_]] = field(default_factory=list)
    confidence: list[NDArray[np.float64]] = field(default_factory=list)
    words: tuple[int, int] = (0, 0)
    seconds: float = 0.0

    def add(self, known: KnownPage, matched: MatchedPage, labelled: LabelledPage) -> None:
        """Add a page."""
        self.before += _agreement(known, matched.page)
        self.after += _agreement(known, labelled.page)
        named = np.array([label is not None for label in labelled.labels], bool)
        self.right.append(_right(known, labelled)[named])
        self.confidence.append(labelled.confidence[named])
        text, words = len(matched.transcript.words), len(matched.matching.skipped_texts)
        self.words = self.words[0] + text, self.words[1] + text - words

    def row(self, name: str) -> Row:
        """Return the row of the table."""
        right, sure = np.concatenate(self.right), np.concatenate(self.confidence) >= SURE
        return (
            name,
            f"{self.words[1]:,} of {self.words[0]:,}",
            f"{len(right):,}",
            *(f"{self.before.box_f1:.3f}", f"{self.after.box_f1:.3f}"),
            *(f"{self.before.ink_f1:.3f}", f"{self.after.ink_f1:.3f}"),
            format_share(float(right.mean())),
            f"{format_share(float(right[sure].mean())) if sure.any() else '-'} of {format_share(float(sure.mean()))}",
            f"{self.seconds:.0f}",
        )


HEAD = (
    "transcript given",
    "words matched",
    "characters",
    "F1, boxes: auto",
    "by text",
    "F1, ink: auto",
    "by text",
    "labels right",
    f"right of those at {SURE} or more",
    "seconds",
)


def first_glyphs() -> Mapping[str, Sequence[NDArray[np.uint8]]]:
    """Return the glyphs of another hand that labelling begins with: synthetic ones."""
    glyphs, _ = draw_glyphs(GLYPHS_OF_CLASS * 62, 0, GLYPH_SIZE)
    return {name: list(glyphs.images[glyphs.labels == number, 0]) for number, name in enumerate(glyphs.alphabet)}


def measure_hands(hands: Iterator[Sequence[KnownPage]], seed: int) -> Truth:
    """Label pages of known text, hand by hand."""
    truth, glyphs = Truth(), first_glyphs()
    for pages in hands:
        segmented = [Auto()(known.image) for known in pages]
        began = time.perf_counter()
        matched = [
            match_page(page, Transcript(tuple(map(tuple, known.text))))
            for page, known in zip(segmented, pages, strict=True)
        ]
        labelled = label_pages(matched, glyphs, PieceTraining(), seed)
        truth.seconds += time.perf_counter() - began
        for known, one, labels in zip(pages, matched, labelled, strict=True):
            truth.add(known, one, labels)
    return truth


def _agreement(known: KnownPage, page: Segmented) -> Agreement:
    boxes = [piece.box for piece in page.of("character")]
    return agreement(known.truth["character"], page.label_map("character"), None, boxes)


def _right(known: KnownPage, labelled: LabelledPage) -> NDArray[np.bool_]:
    """Return whether the label of each character is that of the true character whose ink it shows."""
    numbers = np.array(sorted(known.characters))
    truth, found = known.truth["character"], labelled.page.label_map("character")
    inked = truth > 0
    shared = np.zeros((len(labelled.labels) + 1, len(numbers)), np.int64)
    np.add.at(shared, (found[inked], np.searchsorted(numbers, truth[inked])), 1)
    best = shared[1:].argmax(axis=1)
    both = shared[1:].max(axis=1)
    union = shared[1:].sum(axis=1) + shared.sum(axis=0)[best] - both
    names = np.array([known.characters[number] for number in numbers])[best]
    same = np.array([label == name for label, name in zip(labelled.labels, names, strict=True)], bool)
    return same & (both >= 0.5 * union)


@dataclass(frozen=True)
class Read:
    """How well a reader that learned from some pages reads another.

    Attributes:
        name: The pages that it learned from, and the one that it reads.
        errors: Character errors as a share of the characters, by how its labels were made.
    """

    name: str
    errors: Mapping[str, float]


WIDTHS, ROUNDS = "widths alone", "rounds"


def read_notebooks(root: Path, seed: int) -> tuple[list[Row], list[Read]]:
    """Label each of two pages of one writer, read the other by what was learned, and other writers' forms by both.

    Returns:
        For each page its name, words matched and seconds; and the readings.

    Raises:
        DataError: If a page or its transcript is missing.
    """
    pages, texts = [], []
    for name in NOTEBOOKS:
        path = root / name
        if not path.is_file():
            raise DataError(f"{path} is missing. Give root=<the folder of real data>.")
        pages.append(Auto()(read_scan(Scan(path, 0, 1))))
        texts.append(read_transcript(path.with_suffix(".txt")))
    x_height, glyphs = strip_x_height(pages), first_glyphs()
    rows: list[Row] = []
    words: list[Words] = []
    hands = []
    for name, page, text in zip(NOTEBOOKS, pages, texts, strict=True):
        began = time.perf_counter()
        one = match_page(page, text)
        matching = time.perf_counter() - began
        strips, written = words_of(one, x_height)
        words.append((strips, written))
        by_shape = Learning(find_pieces(strips, character_pitch(strips, written)), written, seed)
        shapes = time.perf_counter() - began
        rounds = learn(strips, written, glyphs, PieceTraining(), seed)
        hands.append({WIDTHS: by_shape, ROUNDS: rounds})
        rows.append(
            (
                Path(name).stem,
                f"{len(text.words) - len(one.matching.skipped_texts)} of {len(text.words)}",
                f"{matching:.1f}",
                f"{shapes:.1f}",
                f"{time.perf_counter() - began:.0f}",
            )
        )
    readings = [
        Read(
            f"{Path(NOTEBOOKS[source]).stem} reads {Path(NOTEBOOKS[target]).stem}",
            {how: character_errors(hand, [words[target]])[0] for how, hand in hands[source].items()},
        )
        for source, target in ((0, 1), (1, 0))
    ]
    strips, written = words[0][0] + words[1][0], words[0][1] + words[1][1]
    both = learn(strips, written, glyphs, PieceTraining(), seed)
    others = [(known.name, words_of(_matched(known), x_height)) for known in forms(root / FORMS)]
    errors = character_errors(both, [form for _, form in others])
    readings += [Read(f"both read {name}", {ROUNDS: share}) for (name, _), share in zip(others, errors, strict=True)]
    return rows, readings


def words_of(one: MatchedPage, x_height: float) -> Words:
    """Return the strips of the matched words of a page, and what is written in each."""
    stripper = Stripper(one.page, x_height, one.slope)
    return (
        [stripper.strip(match.found) for match in one.matching.matches],
        ["".join(match.written) for match in one.matching.matches],
    )


def _matched(known: KnownPage) -> MatchedPage:
    return match_page(Auto()(known.image), Transcript(tuple(map(tuple, known.text))))


def character_errors(learning: Learning, pages: Sequence[Words]) -> list[float]:
    """Return the edit distance of readings to their texts, as a share of the characters, of each page.

    Args:
        learning: What the reader learns from.
        pages: The words of each page, of the x-height of those that it learns from.
    """
    reader = learn_to_read(learning, PieceTraining(epochs=READING_EPOCHS))
    return [sum(map(edit_distance, reader.read(strips), texts)) / sum(map(len, texts)) for strips, texts in pages]


def edit_distance(one: str, other: str) -> int:
    """Return the least number of insertions, deletions and replacements between two texts (Levenshtein, 1966).

    >>> edit_distance("kitten", "sitting")
    3
    """
    row = list(range(len(other) + 1))
    for number, letter in enumerate(one, start=1):
        before, row[0] = row[:], number
        for place, against in enumerate(other, start=1):
            row[place] = min(before[place] + 1, row[place - 1] + 1, before[place - 1] + (letter != against))
    return row[-1]


def match_forms(root: Path) -> list[Row]:
    """Match the words of scanned forms to their texts; return for each its name and the words matched."""
    rows, total = [], [0, 0]
    for known in forms(root / FORMS):
        one = _matched(known)
        words, skipped = len(one.transcript.words), len(one.matching.skipped_texts)
        total = [total[0] + words - skipped, total[1] + words]
        rows.append((known.name, f"{words - skipped} of {words}", "", "", ""))
    return [*rows, ("all forms", f"{total[0]} of {total[1]} ({total[0] / total[1]:.1%})", "", "", "")]


@dataclass
class TranscriptsPart:
    """The figures of labels by transcripts.

    Attributes:
        truths: The sets whose characters are known.
        pages: The rows of pages whose words alone are known.
        readings: What readers read.
    """

    truths: dict[str, Truth] = field(default_factory=dict)
    pages: list[Row] = field(default_factory=list)
    readings: list[Read] = field(default_factory=list)

    def tables(self) -> list[str]:
        """Return the tables, in Markdown."""
        parts = []
        if self.truths:
            rows = [truth.row(name) for name, truth in self.truths.items()]
            parts.append(markdown_table(HEAD, rows, numbers=True))
        if self.pages:
            head = ("pages", "words matched", "matched after, s", "cut by widths after, s", "all rounds after, s")
            parts.append(markdown_table(head, self.pages, numbers=True))
        if self.readings:
            reading = ("character errors of a reader", f"labels by {WIDTHS}", f"labels by {ROUNDS}")
            errors = [
                (one.name, *(format_share(one.errors[how]) if how in one.errors else "-" for how in (WIDTHS, ROUNDS)))
                for one in self.readings
            ]
            parts.append(markdown_table(reading, errors, numbers=True))
        return parts

    def goals(self) -> list[Row]:
        """Return each goal of which something was measured, whether it was reached, and the value."""
        rows: list[Row] = []
        for name, least in LEAST_RIGHT.items():
            if truth := self.truths.get(name):
                share = float(np.concatenate(truth.right).mean())
                rows.append(_goal(f"`{name}`: labels right, at least {least:.0%}", share >= least, f"{share:.1%}"))
        if truth := self.truths.get(REAL):
            for kind, value, least in (("boxes", truth.after.box_f1, 0.96), ("ink", truth.after.ink_f1, 0.45)):
                rows.append(_goal(f"`{REAL}`: F1 of {kind}, at least {least}", value >= least, f"{value:.3f}"))
        for one in self.readings[: len(NOTEBOOKS)]:  # by one writer
            rows.append(
                _goal(f"{one.name}: at most 15% errors", one.errors[ROUNDS] <= 0.15, f"{one.errors[ROUNDS]:.1%}")
            )
        return rows


def _goal(goal: str, reached: bool, value: str) -> Row:
    return goal, "yes" if reached else "no", value


REAL = "words"
LEAST_RIGHT = {"separate": 0.99, "touching": 0.96}
"""The least share of right labels, by set."""
SETS: dict[str, Callable[[Path], Iterator[Sequence[KnownPage]]]] = {
    "separate": lambda root: ([page] for page in drawn_pages(DRAWN_PAGES)),
    "touching": lambda root: ([page] for page in drawn_pages(DRAWN_PAGES, touching=0.9)),
    REAL: lambda root: iter([list(word_pages(root / WORDS))]),
}
"""The hands of each set whose characters are known."""
NAMES = (*SETS, "notebooks", "forms")


def print_at_once(line: str) -> None:
    """Print a line, also where the output is a file: a set takes minutes."""
    print(line, flush=True)


def measure_transcripts(
    names: Sequence[str], root: Path, seed: int, show: Callable[[str], object] = print_at_once
) -> TranscriptsPart:
    """Measure the sets with these names.

    Args:
        names: Some of ``NAMES``.
        root: The folder of real data.
        seed: The seed of labelling.
        show: Called with a line about each set as it is done.
    """
    part = TranscriptsPart()
    for name in names:
        if name in SETS:
            part.truths[name] = measure_hands(SETS[name](root), seed)
            show(" | ".join(part.truths[name].row(name)))
        elif name == "notebooks":
            rows, part.readings = read_notebooks(root, seed)
            part.pages += rows
            show(f"{name}: {[(one.name, dict(one.errors)) for one in part.readings]}")
        else:
            part.pages += match_forms(root)
            show(" | ".join(part.pages[-1]))
    return part
