"""How well a reader that has learned another page of the hand reads written words, next to real ones."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from benchmarks.labelling_transcripts import READING_EPOCHS, edit_distance, first_glyphs
from benchmarks.writing_pairs import MIN_INK
from benchmarks.writing_request import Request
from benchmarks.writing_seams import CENTRE, INKED
from benchmarks.writing_words import Hand, Shown, Writer
from handwriting.features.piece_training import PieceTraining
from handwriting.labelling.learning import learn
from handwriting.labelling.reading import Reader, learn_to_read
from handwriting.labelling.strips import BASELINE, FULL_PERCENTILE, GRAIN, MARGIN, ROWS, Strip
from handwriting.text import format_share, markdown_table

X_HEIGHT = 16.0
"""The x-height of the strips, in pixels: strokes of a joined hand just fit."""
ROUNDS = 3
"""Rounds in which the reader's page is cut into letters."""
MAX_DIFFERENCE = 0.03
"""Goal: difference of the shares of characters read wrongly, to either side."""
PAGES = 2
"""Pages of the hand that are read, each by a reader of the other."""


def measure_legible(hand: Hand, asked: Request) -> list[str]:
    """Let readers that have learned one page read the other one, and its words written with its own drawings."""
    seed = asked.seed
    pages = list(dict.fromkeys(word.key[0] for word in hand.real))[:PAGES]
    if len(pages) < PAGES:
        return ["Legibility is not measured: it takes a hand of two pages, one to learn from and one to read."]
    rows = []
    for source, target in ((pages[0], pages[1]), (pages[1], pages[0])):
        reader = _reader(hand, source, seed)
        words = [word for word in hand.real if word.key[0] == target]
        others = ~hand.own_drawings(word.number for word in words)
        writer, rng = Writer(hand.bank), np.random.default_rng(seed)
        written = [writer.write(word.text, rng, others | hand.own_drawings([word.number])) for word in words]
        pairs = [(hand.shown(word), one) for word, one in zip(words, written, strict=True) if one is not None]
        # A letter that labelling left doubtful is on the page, and never in the bank.
        kept = [all(hand.words[min(shown.sources)].labels) for shown, _ in pairs]
        certain = [pair for pair, is_kept in zip(pairs, kept, strict=True) if is_kept]
        for name, of_kind in (("all", pairs), ("without doubtful letters", certain)):
            real, new = (character_errors(reader, [pair[side] for pair in of_kind]) for side in (0, 1))
            reached = "yes" if abs(new - real) <= MAX_DIFFERENCE else "no"
            shares = map(format_share, (real, new))
            rows.append((f"{source} reads {target}", name, str(len(of_kind)), *shares, f"{new - real:+.3f}", reached))
    return [
        "Characters read wrongly, of the same words, real and written; a reader knows no language. The goal is a "
        f"difference of at most {MAX_DIFFERENCE:.0%}, to either side.",
        markdown_table(("reader", "real words", "count", "real", "written", "difference", "reached"), rows),
    ]


def _reader(hand: Hand, page: str, seed: int) -> Reader:
    words = [word for word in hand.real if word.key[0] == page]
    strips = [strip_of(hand.shown(word)) for word in words]
    learning = learn(strips, [word.text for word in words], first_glyphs(), PieceTraining(), seed, rounds=ROUNDS)
    return learn_to_read(learning, PieceTraining(epochs=READING_EPOCHS))


def character_errors(reader: Reader, words: Sequence[Shown]) -> float:
    """Return the edit distance of readings to what words say, as a share of their characters."""
    texts = [word.text for word in words]
    read = reader.read([strip_of(word) for word in words])
    return sum(map(edit_distance, read, texts)) / sum(map(len, texts))


def strip_of(word: Shown) -> Strip:
    """Return a word as a reader sees it: upright, with full ink at its own level."""
    drawn = word.draw(X_HEIGHT, CENTRE)
    slant = word.composer.bank.slant
    height, width = drawn.ink.shape
    # Each row is moved to the right by its distance from the top, so that nothing leaves the picture.
    upright = np.array([[1.0, slant, 0.0], [0.0, 1.0, BASELINE + drawn.row]])
    ink = np.asarray(cv2.warpAffine(drawn.ink, upright, (round(width + slant * height) + 2, ROWS)), np.uint8)
    inked = ink[ink >= INKED]
    full = float(np.percentile(inked, FULL_PERCENTILE)) if len(inked) else 255.0
    level = 255 * np.clip((ink / full - GRAIN) / (1 - GRAIN), 0, 1)
    columns = np.flatnonzero((ink >= MIN_INK).any(0))
    shown = level[:, columns[0] : columns[-1] + 1] if len(columns) else level[:, :1]
    padded = np.pad(np.rint(shown).astype(np.uint8), ((0, 0), (MARGIN, MARGIN)))
    return Strip(padded, padded, np.eye(2, 3), X_HEIGHT)
