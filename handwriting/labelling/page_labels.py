"""The pages of a hand labelled by their texts: words matched, cut and named."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from handwriting.errors import DataError
from handwriting.labelling.corrections import Corrected, CutWord, corrected
from handwriting.labelling.found_words import FoundWords, found_words
from handwriting.labelling.learning import Learning, Train, learn
from handwriting.labelling.matching import Match, Matching, match
from handwriting.labelling.shapes import Shapes
from handwriting.labelling.strips import Stripper, slant_of, strip_x_height
from handwriting.labelling.transcripts import Transcript
from handwriting.segmentation.crops import without_blank
from handwriting.segmentation.page import Piece, Segmented


@dataclass(frozen=True, eq=False)
class MatchedPage:
    """A page and its text, word by word.

    Attributes:
        page: The page as it was segmented.
        transcript: Its text.
        found: The words found on it.
        matching: How the two go together.
    """

    page: Segmented
    transcript: Transcript
    found: FoundWords
    matching: Matching


@dataclass(frozen=True, eq=False)
class LabelledPage:
    """A page cut by its text; all arrays are over its characters, in reading order.

    Attributes:
        page: The page with corrected words and characters.
        crops: The crop of each character, bright ink on dark, uint8 ``(h, w)``.
        labels: The character that each shows, None where the text does not say.
        confidence: The probability that the label is right, 0..1.
        cut: The probability that its two cuts are right, 0..1.
        words_cut: The number of words of the text whose characters are labelled.
        words_skipped: The numbers of the words of the text that are not.
        boxes_skipped: The words of the page, as numbered now, that are no words of the text: line, and word in it.
    """

    page: Segmented
    crops: Sequence[NDArray[np.uint8]]
    labels: Sequence[str | None]
    confidence: NDArray[np.float64]
    cut: NDArray[np.float64]
    words_cut: int
    words_skipped: tuple[int, ...]
    boxes_skipped: tuple[tuple[int, int], ...]

    @property
    def characters(self) -> list[Piece]:
        """The characters."""
        return self.page.of("character")


def match_page(page: Segmented, transcript: Transcript) -> MatchedPage:
    """Match the words found on a page to those of its text.

    Raises:
        DataError: If it is the text of another page; the message begins with a verb.
    """
    found = found_words(page, float(np.tan(np.deg2rad(slant_of(page)))))
    return MatchedPage(page, transcript, found, match(found, transcript, Shapes({}, {}).width))


def label_pages(
    matched: Sequence[MatchedPage],
    glyphs: Mapping[str, Sequence[NDArray[np.uint8]]],
    train: Train,
    seed: int = 0,
    report: Callable[[str], None] = lambda _: None,
) -> list[LabelledPage]:
    """Label the characters of all pages of one hand.

    Args:
        matched: The pages.
        glyphs: Glyphs of another hand to begin with, by character; may be empty.
        train: Trains a classifier of pieces.
        seed: The seed of all that is random.
        report: Called with a line after each round of learning.

    Raises:
        DataError: If no word of any page was matched.
    """
    x_height = strip_x_height([one.page for one in matched])
    strips, texts, owners = [], [], list[tuple[int, Match]]()
    for number, one in enumerate(matched):
        stripper = Stripper(one.page, x_height)
        for pair in one.matching.matches:
            if text := "".join(_characters(pair)):
                strips.append(stripper.strip(pair.found))
                texts.append(text)
                owners.append((number, pair))
    if not texts:
        raise DataError("No word of any text was found on its page. Are they the texts of other pages?")
    learning = learn(strips, texts, glyphs, train, seed, report)
    confidences = _confidences(learning)
    labelled = []
    for number, one in enumerate(matched):
        words, sure = [], []
        for index, (owner, pair) in enumerate(owners):
            aligned = learning.aligned[index]
            if owner == number and aligned is not None:
                words.append(CutWord(pair.found, _characters(pair), learning.pieces[index], aligned))
                sure.append(confidences[index])
        labelled.append(_labelled(one, words, sure))
    return labelled


def _characters(pair: Match) -> tuple[str, ...]:
    """Return the words that found words show, without combining marks, which no character of their own shows."""
    kept = ("".join(c for c in word if not unicodedata.combining(c)) for word in pair.written)
    return tuple(filter(None, kept))


def _confidences(learning: Learning) -> list[NDArray[np.float64]]:
    return [np.zeros(0) if word is None else word.cut for word in learning.aligned]


def _labelled(one: MatchedPage, words: Sequence[CutWord], confidences: Sequence[NDArray[np.float64]]) -> LabelledPage:
    whole = corrected(one.page, words)
    page, crops = without_blank(whole.page)
    was = _earlier_numbers(whole, page)
    source, order = whole.source[was], whole.order[was]
    labels = [
        None if index < 0 else words[index].aligned.text[place]
        for index, place in zip(source.tolist(), order.tolist(), strict=True)
    ]
    confidence, cut = np.zeros(len(labels)), np.zeros(len(labels))
    for row in np.flatnonzero(source >= 0):
        confidence[row] = confidences[source[row]][order[row]]
        cut[row] = words[source[row]].aligned.cut[order[row]]
    cut_texts = {number for pair in one.matching.matches for number in pair.texts}
    done = {found for word in words for found in word.words}
    failed = {text for pair in one.matching.matches if not done.issuperset(pair.found) for text in pair.texts}
    skipped = sorted({*one.matching.skipped_texts, *failed})
    return LabelledPage(
        page,
        crops,
        labels,
        confidence,
        cut,
        len(cut_texts - failed),
        tuple(skipped),
        _words_of(page, source),
    )


def _earlier_numbers(whole: Corrected, page: Segmented) -> NDArray[np.int64]:
    """Return the number in ``whole`` of each character that is left on ``page``."""
    numbers, pixel = np.unique(page.labels, return_index=True)
    pixel = pixel[numbers > 0]
    return whole.page.labels.reshape(-1)[pixel].astype(np.int64) - 1


def _words_of(page: Segmented, source: NDArray[np.int64]) -> tuple[tuple[int, int], ...]:
    """Return line and number in it of each word whose characters no text names."""
    words = np.unique(page.words[source < 0])
    first = np.searchsorted(page.lines, page.lines[words])
    return tuple(zip(page.lines[words].tolist(), (words - first).tolist(), strict=True))
