"""Words cut by their text: on words composed of drawn characters, whose cuts are known."""

import numpy as np
import pytest

from handwriting.data.sources.synthetic import draw_glyphs
from handwriting.features.piece_training import PieceTraining
from handwriting.labelling import composing
from handwriting.labelling import learning as learning_module
from handwriting.labelling.alignment import MAX_INK_COST, align, ink_cost_of
from handwriting.labelling.composing import compose
from handwriting.labelling.confidence import confidences
from handwriting.labelling.learning import Learning, learn
from handwriting.labelling.pieces import character_pitch, find_pieces
from handwriting.labelling.reading import learn_to_read
from handwriting.labelling.shapes import Shapes, measured
from handwriting.labelling.strips import BASELINE, MARGIN, ROWS, Strip

LETTERS = "aehlnotrsi"
ODD = {
    letter: np.array([np.log(width), 2.0 if letter in "hlt" else 1.0, 0.0])
    for letter, width in zip(LETTERS, (1.6, 0.6, 1.5, 1.2, 0.6, 0.7, 1.3, 1.3, 0.6, 1.0), strict=True)
}
"""A hand of unusual widths."""


def glyphs(count=600, seed=0):
    drawn, _ = draw_glyphs(count, seed, 40, LETTERS)
    return {letter: [image[0] for image in drawn.images[drawn.labels == index]] for index, letter in enumerate(LETTERS)}


def words(count, seed=1):
    random = np.random.default_rng(seed)
    texts = ["".join(random.choice(list(LETTERS), random.integers(1, 7))) for _ in range(count)]
    return compose(glyphs(seed=seed), texts, Shapes(ODD, {letter: np.ones(3) for letter in ODD}), 24.0, seed)


def overlaps(learning, composed):
    shares = []
    for cuts, word in zip(learning.cuts(), composed, strict=True):
        low, high = np.maximum(cuts[:, 0], word.ends[:, 0]), np.minimum(cuts[:, 1], word.ends[:, 1])
        wide = np.maximum(cuts[:, 1], word.ends[:, 1]) - np.minimum(cuts[:, 0], word.ends[:, 0])
        shares.append(np.maximum(high - low, 0) / wide)
    return np.concatenate(shares)


def blank(columns=120):
    return np.zeros((ROWS, columns + 2 * MARGIN), np.uint8)


def strip_of(*bars):
    ink = blank()
    for start, stop in bars:
        ink[BASELINE - 16 : BASELINE, MARGIN + start : MARGIN + stop] = 255
    return Strip(ink, ink, np.eye(3)[:2], 16.0)


def test_a_word_of_separate_bars_is_cut_between_them():
    strip = strip_of((0, 20), (30, 50), (60, 80))
    pieces = find_pieces([strip], 1.5)[0]
    shapes = Shapes({}, {})
    word = align(pieces, "nnn", {"n": 0}, shapes.cost(measured(pieces), "n"))
    ends = pieces.column[pieces.last[word.piece]] - MARGIN
    assert 20 <= ends[0] <= 30
    assert 50 <= ends[1] <= 60
    assert (word.cut > 0.5).all()


def test_the_bar_of_an_f_is_not_divided_where_it_reaches_over_the_next_letters():
    strip = strip_of((10, 14), (30, 50), (56, 76))
    strip.ink[BASELINE - 32 : BASELINE - 28, MARGIN : MARGIN + 44] = 255
    pieces = find_pieces([strip], 1.5)[0]
    parts = np.unique(pieces.part[strip.ink.nonzero()[0].min(), MARGIN : MARGIN + 44])
    assert len(parts) == 1
    assert parts[0] <= pieces.part[BASELINE - 8, MARGIN + 30]


def test_pieces_of_an_alignment_follow_each_other_from_one_end_of_the_word_to_the_other():
    composed = words(30)
    texts = [word.text for word in composed]
    strips = [word.strip for word in composed]
    learning = Learning(find_pieces(strips, character_pitch(strips, texts)), texts)
    for pieces, word in zip(learning.pieces, learning.aligned, strict=True):
        first, last = pieces.first[word.piece], pieces.last[word.piece]
        assert first[0] == 0
        assert last[-1] == len(pieces.column) - 1
        assert (last[:-1] == first[1:]).all()


def test_a_text_longer_than_the_word_has_pieces_is_not_aligned():
    pieces = find_pieces([strip_of((0, 10))], 1.0)[0]
    text = "n" * (len(pieces.column) + 1)
    assert align(pieces, text, {"n": 0}, np.zeros((len(pieces.first), 1))) is None


def test_ink_speaks_against_a_cut_where_letters_stand_apart_and_not_where_they_overlap(monkeypatch):
    costs = []
    for overlap in (-0.3, 0.4):
        monkeypatch.setattr(composing, "OVERLAP", overlap)
        composed = words(60)
        found = find_pieces([word.strip for word in composed], 1.0)
        by_truth = []
        for pieces, word in zip(found, composed, strict=True):
            ends = np.stack([pieces.column[pieces.first], pieces.column[pieces.last]], axis=1)
            off = np.abs(ends[:, None] - word.ends).sum(axis=2).min(axis=1)
            by_truth.append((pieces, align(pieces, word.text, dict.fromkeys(word.text, 0), off[:, None], 0.0)))
        costs.append(ink_cost_of(by_truth))
    apart, overlapping = costs
    assert 0 <= overlapping < apart / 2 <= MAX_INK_COST / 2


def test_a_classifier_of_pieces_cuts_better_than_widths_alone(monkeypatch):
    monkeypatch.setattr(composing, "SIZE_SPREAD", 0.25)  # widths say little
    composed = words(120)
    texts, strips = [word.text for word in composed], [word.strip for word in composed]
    by_shape = Learning(find_pieces(strips, character_pitch(strips, texts)), texts)
    learned = learn(strips, texts, glyphs(), PieceTraining(epochs=8), rounds=2)
    before, after = overlaps(by_shape, composed) < 0.6, overlaps(learned, composed) < 0.6
    assert after.mean() < before.mean()

    sure = np.concatenate(confidences(learned))
    assert ((sure >= 0) & (sure <= 1)).all()
    assert sure[~after].mean() > sure[after].mean() + 0.1


def test_every_step_of_learning_says_how_far_it_has_come(monkeypatch):
    monkeypatch.setattr(learning_module, "COMPOSED_WORDS", 20)
    composed, heard, lines = words(20), {}, []
    texts, strips = [word.text for word in composed], [word.strip for word in composed]

    def progress(doing, share):
        heard.setdefault(doing, []).append(share)

    learn(strips, texts, glyphs(100), PieceTraining(epochs=2), report=lines.append, rounds=1, progress=progress)
    steps = ["learning from composed words", "round 1, half 1 of 2", "round 1, half 2 of 2"]
    for step in steps:
        assert heard[step] == sorted(heard[step])
        assert heard[step][0] <= 0.5
        assert heard[step][-1] == 1
    assert heard["cutting the words"].count(1) > 1
    assert "none of them enters the hand" in lines[0]


def test_the_same_words_and_seed_give_the_same_cuts():
    composed = words(20)
    texts, strips = [word.text for word in composed], [word.strip for word in composed]
    first, second = (learn(strips, texts, {}, PieceTraining(epochs=1), seed=3).cuts() for _ in range(2))
    assert all((one == other).all() for one, other in zip(first, second, strict=True))


@pytest.mark.parametrize(("count", "text"), [(1, "a"), (1, "hat"), (2, "a")])
def test_one_or_two_words_are_enough(count, text):
    strips = [strip_of((0, 20), (30, 50), (60, 80))] * count
    for first in ({}, glyphs(60)):
        cuts = learn(strips, [text] * count, first, PieceTraining(epochs=1)).cuts()
        assert [len(of_word) for of_word in cuts] == [len(text)] * count


def test_letters_that_always_stand_side_by_side_lean_on_the_other_hand():
    few, many = (
        Learning(find_pieces([word.strip for word in w], 1.0), [word.text for word in w]) for w in (words(1), words(80))
    )
    assert few.start_weight == 1
    assert many.start_weight < few.start_weight


@pytest.mark.parametrize("seed", [0, 1])
def test_composed_words_stand_on_the_baseline_and_keep_their_order(seed):
    for word in words(20, seed + 5):
        assert (np.diff(word.ends[:, 0]) > 0).all()
        rows = np.flatnonzero((word.strip.ink > 128).any(axis=1))
        assert rows[-1] >= BASELINE - 8


@pytest.mark.slow
def test_a_reader_reads_words_that_it_has_not_seen():
    known, unknown = words(150), [word for seed in range(9, 13) for word in words(25, seed)]
    texts, strips = [word.text for word in known], [word.strip for word in known]
    learned = learn(strips, texts, glyphs(), PieceTraining(epochs=4), rounds=1)
    read = learn_to_read(learned, PieceTraining(epochs=12)).read([word.strip for word in unknown])
    right = [one == word.text for one, word in zip(read, unknown, strict=True)]
    assert np.mean(right) > 0.4
