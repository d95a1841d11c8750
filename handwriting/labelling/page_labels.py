"""The pages of a hand labelled by their texts: words matched, cut and named."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from handwriting.errors import DataError
from handwriting.labelling.confidence import confidences
from handwriting.labelling.corrections import Corrected, CutWord, corrected
from handwriting.labelling.found_words import FoundWords, found_words
from handwriting.labelling.learning import MAX_ROUNDS, Learning, Progress, Train, learn, no_progress
from handwriting.labelling.letter_evidence import LetterEvidence
from handwriting.labelling.matching import Match, Matching, match, rematch
from handwriting.labelling.shapes import Shapes
from handwriting.labelling.strips import Strip, Stripper, slope_of, strip_x_height
from handwriting.labelling.transcripts import Transcript
from handwriting.segmentation.crops import without_blank
from handwriting.segmentation.page import Piece, Segmented

ROUNDS_BEFORE_DECIDING = 2
"""Rounds of learning after which letters decide doubtful matches."""


@dataclass(frozen=True, eq=False)
class MatchedPage:
    """A page and its text, word by word.

    Attributes:
        page: The page as it was segmented.
        slope: The tangent of its writing's slant to the right.
        transcript: Its text.
        found: The words found on it.
        matching: How the two go together.
    """

    page: Segmented
    slope: float
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
        fit: By which share the text's own order of words costs less than a random one.
    """

    page: Segmented
    crops: Sequence[NDArray[np.uint8]]
    labels: Sequence[str | None]
    confidence: NDArray[np.float64]
    cut: NDArray[np.float64]
    words_cut: int
    words_skipped: tuple[int, ...]
    boxes_skipped: tuple[tuple[int, int], ...]
    fit: float

    @property
    def characters(self) -> list[Piece]:
        """The characters."""
        return self.page.of("character")


def match_page(page: Segmented, transcript: Transcript) -> MatchedPage:
    """Match the words found on a page to those of its text.

    Raises:
        DataError: If it is the text of another page; the message begins with a verb.
    """
    slope = slope_of(page)
    found = found_words(page, slope)
    return MatchedPage(page, slope, transcript, found, match(found, transcript, Shapes({}, {}).width))


def label_pages(
    matched: Sequence[MatchedPage],
    glyphs: Mapping[str, Sequence[NDArray[np.uint8]]],
    train: Train,
    seed: int = 0,
    report: Callable[[str], None] = lambda _: None,
    progress: Progress = no_progress,
) -> list[LabelledPage]:
    """Label the characters of all pages of one hand.

    Args:
        matched: The pages.
        glyphs: Glyphs of another hand to begin with, by character; may be empty.
        train: Trains a classifier of pieces.
        seed: The seed of all that is random.
        report: Called with a line after each round of learning.
        progress: Hears how far each step has come.

    Raises:
        DataError: If no word of any page was matched.
    """
    x_height = strip_x_height([one.page for one in matched])
    strippers = [Stripper(one.page, x_height, one.slope) for one in matched]
    words = _words(matched, strippers)
    doubted = any(_is_doubted(one.matching) for one in matched)
    rounds = ROUNDS_BEFORE_DECIDING if doubted else MAX_ROUNDS
    learning = _learned(words, glyphs, train, seed, report, rounds, progress)
    if doubted and learning.classifier is not None:
        again = [
            replace(one, matching=_decided_by_letters(one, evidence))
            for one, evidence in zip(
                matched,
                (LetterEvidence(stripper, learning, learning.classifier) for stripper in strippers),
                strict=True,
            )
        ]
        if changed := sum(_pairs(one) != _pairs(other) for one, other in zip(matched, again, strict=True)):
            report(f"pages whose letters match words in another way: {changed}")
            matched, words = again, _words(again, strippers)
            learning = _learned(words, glyphs, train, seed, report, MAX_ROUNDS, progress)
        else:
            learning.go_on(train, report, MAX_ROUNDS)
    sure_of = confidences(learning)
    labelled = []
    for number, one in enumerate(matched):
        cut, sure = [], []
        for index, word in enumerate(words):
            aligned = learning.aligned[index]
            if word.page == number and aligned is not None:
                cut.append(CutWord(word.match.found, _characters(word.match), learning.pieces[index], aligned))
                sure.append(sure_of[index])
        labelled.append(_labelled(one, cut, sure))
    return labelled


class _Word(NamedTuple):
    """A matched word of one of the pages."""

    page: int
    match: Match
    strip: Strip
    text: str


def _words(matched: Sequence[MatchedPage], strippers: Sequence[Stripper]) -> list[_Word]:
    """Return all matched words that have a character.

    Raises:
        DataError: If there is none.
    """
    words = [
        _Word(number, pair, stripper.strip(pair.found), text)
        for number, (one, stripper) in enumerate(zip(matched, strippers, strict=True))
        for pair in one.matching.matches
        if (text := "".join(_characters(pair)))
    ]
    if not words:
        raise DataError("No word of any text was found on its page. Are they the texts of other pages?")
    return words


def _learned(
    words: Sequence[_Word],
    glyphs: Mapping[str, Sequence[NDArray[np.uint8]]],
    train: Train,
    seed: int,
    report: Callable[[str], None],
    rounds: int,
    progress: Progress,
) -> Learning:
    strips, texts = [word.strip for word in words], [word.text for word in words]
    return learn(strips, texts, glyphs, train, seed, report, rounds, progress)


def _is_doubted(matching: Matching) -> bool:
    """Whether a page is not word for word that of its text."""
    return bool(matching.skipped_found or matching.skipped_texts) or not all(one.is_single for one in matching.matches)


def _decided_by_letters(one: MatchedPage, evidence: LetterEvidence) -> Matching:
    """Return the matching that the letters lead to, with all earlier matches that it has no other use for.

    Pale or ill-written words look like no text at all; their labels will have little confidence.
    """
    matching = one.matching
    if not _is_doubted(matching):
        return matching
    again = rematch(one.found, one.transcript, matching, evidence)
    free_words, free_texts = set(again.skipped_found), set(again.skipped_texts)
    matches = list(again.matches)
    for pair in matching.matches:
        before = [other.texts[-1] for other in matches if other.found[-1] < pair.found[0]]
        after = [other.texts[0] for other in matches if other.found[0] > pair.found[-1]]
        in_order = max(before, default=-1) < pair.texts[0] and pair.texts[-1] < min(
            after, default=len(one.transcript.words)
        )
        if in_order and free_words.issuperset(pair.found) and free_texts.issuperset(pair.texts):
            matches.append(pair)
            free_words.difference_update(pair.found)
            free_texts.difference_update(pair.texts)
    return replace(
        again,
        matches=tuple(sorted(matches, key=lambda pair: pair.found)),
        skipped_found=tuple(sorted(free_words)),
        skipped_texts=tuple(sorted(free_texts)),
    )


def _pairs(one: MatchedPage) -> list[tuple[tuple[int, ...], tuple[str, ...]]]:
    return [(pair.found, pair.written) for pair in one.matching.matches]


def _characters(pair: Match) -> tuple[str, ...]:
    """Return the words that found words show, without combining marks, which no character of their own shows."""
    kept = ("".join(c for c in word if not unicodedata.combining(c)) for word in pair.written)
    return tuple(filter(None, kept))


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
        one.matching.fit,
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
