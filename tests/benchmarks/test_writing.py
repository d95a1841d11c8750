"""The benchmark of writing: what is shown to an examiner, and how his answers are scored."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from benchmarks.cli import main
from benchmarks.writing_folds import floor_folds, written_folds
from benchmarks.writing_joins import joined_by_letter
from benchmarks.writing_judge import score_pictures, train_judge, verdict
from benchmarks.writing_legible import strip_of
from benchmarks.writing_pairs import MIN_INK, Pairs, draw_words, line_pairs, word_pairs
from benchmarks.writing_seams import STEP_MEASURE, matched, measure, real_joins, seams, windows
from benchmarks.writing_sheets import ANSWERS_FILE, SIZES, score, wilson, write_sheets
from benchmarks.writing_spacing import lean, least_error, median_error
from benchmarks.writing_verification import hinges_of
from benchmarks.writing_words import WRITERS, Hand, Writer
from handwriting.labelling.strips import BASELINE, MARGIN, ROWS
from handwriting.writing.bank import Bank
from handwriting.writing.source import SourceWord
from handwriting.writing.spacing import fit_spacing

X_HEIGHT = 20
TEXTS = (
    "minimum",
    "union",
    "nouns",
    "mission",
    "onus",
    "simon",
    "sinus",
    "minus",
    "unison",
    "sum",
    "noun",
    "moon",
    "soon",
)


def drawn_hand(copies: int = 6) -> Hand:
    """Return words of joined bars, one a letter, on a stroke along the baseline; each is drawn a little differently."""
    rng = np.random.default_rng(0)
    words = []
    for number, text in enumerate(TEXTS * copies):
        width = 16 * len(text) + 20
        ink, owner = np.zeros((60, width), np.uint8), np.zeros((60, width), np.int16)
        for at in range(len(text)):
            left, top = 10 + 16 * at, 20 + int(rng.integers(0, 4))
            ink[top:40, left + 5 : left + 9] = 200 + int(rng.integers(0, 50))
            ink[36:40, left : left + 16] = 220
            owner[:, left : left + 16] = at + 1
        owner[ink == 0] = 0
        words.append(
            SourceWord(
                key=("page", number // 8, number % 8),
                ink=ink,
                owner=owner,
                labels=tuple(text),
                badness=(0.1,) * len(text),
                x_height=X_HEIGHT,
                origin=(10.0, 40.0),
                slope=0.0,
                slant=0.0,
                place=(number % 8 * 9.0, float(rng.normal(0, 0.1))),
                offset=0.0,
            )
        )
    return Hand(words, [word.labels for word in words])


@pytest.fixture(scope="module")
def hand() -> Hand:
    return drawn_hand()


@pytest.fixture(scope="module", params=["words", "lines"])
def pairs(request: pytest.FixtureRequest, hand: Hand) -> Pairs:
    return word_pairs(hand, 12, 3) if request.param == "words" else line_pairs(hand, 4, 3)


def test_no_ink_is_seen_twice_on_the_sheets(hand: Hand, pairs: Pairs) -> None:
    real = [word.shown for pair in pairs.pairs for word in pair.real]
    written = [word.shown for pair in pairs.pairs for word in pair.written]
    assert len(real) == len(written) >= 12
    drawings = [one for shown in written for one in shown.drawings]
    assert len(drawings) == len(set(drawings)) == sum(len(shown.text) for shown in written)
    assert not {number for shown in real for number in shown.sources} & {
        number for shown in written for number in shown.sources
    }
    assert sum(len(shown.sources) for shown in real) == len({n for shown in real for n in shown.sources})


def test_both_sides_say_the_same_and_no_written_word_is_a_whole_one(pairs: Pairs) -> None:
    for pair in pairs.pairs:
        assert [word.shown.text for word in pair.real] == [word.shown.text for word in pair.written]
        assert all(len(word.shown.placed) == 1 for word in pair.real)
        assert all(len(word.shown.placed) >= 2 for word in pair.written)
        drawn = [hand for word in pair.written for run in word.shown.placed for hand in run.run.drawings]
        assert drawn == [one for word in pair.written for one in word.shown.drawings]


def test_sides_are_balanced_and_drawn_by_the_seed(hand: Hand) -> None:
    first = [pair.real_is_first for pair in word_pairs(hand, 12, 3).pairs]
    assert sum(first) == 6
    assert first == [pair.real_is_first for pair in word_pairs(hand, 12, 3).pairs]
    assert first != [pair.real_is_first for pair in word_pairs(hand, 12, 4).pairs]


@pytest.mark.parametrize("name", WRITERS)
def test_barred_drawings_are_not_used(hand: Hand, name: str) -> None:
    writer, rng = WRITERS[name](hand.bank), np.random.default_rng(0)
    for word in hand.real[:20]:
        barred = hand.own_drawings([word.number]) | (rng.random(len(hand.bank.drawings)) < 0.7)
        shown = writer.write(word.text, rng, barred)
        if shown is not None:
            assert not barred[list(shown.drawings)].any()
            assert word.number not in shown.sources


def test_a_word_that_only_barred_drawings_could_write_is_not_written(hand: Hand) -> None:
    barred = np.zeros(len(hand.bank.drawings), bool)
    barred[hand.bank.by_label["m"]] = True
    assert Writer(hand.bank).write("minus", np.random.default_rng(0), barred) is None
    assert Writer(hand.bank).write("sinus", np.random.default_rng(0), barred) is not None
    assert Writer(hand.bank).write("xenon", np.random.default_rng(0), barred) is None


def test_a_real_word_is_drawn_as_its_page_shows_it(hand: Hand) -> None:
    word = next(word for word in hand.real if word.text == "minus")
    pairs = word_pairs(hand, 12, 3).pairs
    picture = draw_words([pairs[0].real[0]._replace(shown=hand.shown(word))], X_HEIGHT, (0.5, 0.5))
    rows, columns = np.nonzero(hand.words[word.number].ink >= MIN_INK)
    own = hand.words[word.number].ink[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    height, width = np.minimum(own.shape, picture.ink.shape)
    assert np.abs(np.subtract(own.shape, picture.ink.shape)).max() <= 2
    assert np.corrcoef(own[:height, :width].ravel(), picture.ink[:height, :width].ravel())[0, 1] > 0.9


def test_a_judge_learns_from_no_ink_that_it_judges(hand: Hand) -> None:
    for fold in [*written_folds(hand, Writer(hand.bank), 0), *floor_folds(hand, 0)]:
        learned, judged = (
            {number for word in [*words.real, *words.written] for number in word.sources}
            for words in (fold.learned, fold.judged)
        )
        assert learned
        assert judged
        assert not learned & judged
        assert fold.judged.real
        assert fold.judged.written


def test_a_judge_tells_what_differs_and_not_what_does_not() -> None:
    rng = np.random.default_rng(0)
    plain = rng.integers(0, 60, (160, 16, 16), dtype=np.uint8)
    marked = plain.copy()
    marked[::2, 4:10, 4:10] = 220
    is_marked, is_by_chance = np.arange(160) % 2 == 0, rng.permutation(160) % 2 == 0
    accuracy = []
    for pictures, classes in ((marked, is_marked), (plain, is_by_chance)):
        network = train_judge(list(pictures[:100]), classes[:100], 16, 0)
        accuracy.append(verdict([score_pictures(network, pictures[100:])], [classes[100:]]).accuracy)
    assert accuracy[0] > 0.95
    assert 0.25 < accuracy[1] < 0.75


def test_seams_lie_on_drawn_strokes_as_real_joins_do(hand: Hand) -> None:
    (fold, _) = written_folds(hand, Writer(hand.bank), 0)
    pairs = matched(seams(fold.learned.written), real_joins(fold.learned.real), np.random.default_rng(0))
    assert len(pairs) > 20
    assert len({id(real) for _, real in pairs}) == len(pairs)
    assert all(seam.letters[0] == real.letters[0] for seam, real in pairs)
    for joins in zip(*pairs, strict=True):
        around = windows(joins, 20)
        assert (around[:, 13:18, 13:18].max((1, 2)) > 90).mean() > 0.9
        assert np.nanmedian(measure(joins)[:, STEP_MEASURE]) < 0.1


def test_ink_runs_through_where_bars_are_drawn_joined(hand: Hand) -> None:
    shown = [hand.shown(word) for word in hand.real[:20]]
    joined = [one for letter in joined_by_letter(shown).values() for one in letter]
    assert len(joined) == sum(len(word.text) - 1 for word in shown)
    assert np.mean(joined) > 0.95
    parted = [replace(hand.words[word.number], ink=hand.words[word.number].ink.copy()) for word in hand.real[:20]]
    for word in parted:
        word.ink[:, 24:-10:16] = 0
        word.ink[:, 25:-10:16] = 0
        word.ink[:, 26:-10:16] = 0
        word.owner[word.ink == 0] = 0
    apart = Hand(parted, [word.labels for word in parted])
    assert np.mean([one for letter in joined_by_letter(map(apart.shown, apart.real)).values() for one in letter]) < 0.05


def test_hinges_know_a_slant_and_not_a_place(hand: Hand) -> None:
    ink = cv2.resize(hand.words[0].ink, None, fx=1.2, fy=1.2)
    slanted = cv2.warpAffine(ink, np.array([[1, -0.5, 40], [0, 1, 0.0]]), (ink.shape[1] + 40, ink.shape[0]))
    same, moved, other = (
        hinges / hinges.sum() for hinges in map(hinges_of, (ink, np.pad(ink, ((9, 0), (7, 5))), slanted))
    )
    assert np.abs(same - moved).max() < 1e-9
    assert np.abs(same - other).sum() > 0.5


def test_a_reader_sees_written_words_upright_and_on_its_baseline(hand: Hand) -> None:
    strip = strip_of(hand.shown(hand.real[0]))
    rows = np.flatnonzero((strip.ink > 128).any(1))
    assert strip.ink.shape[0] == ROWS
    assert abs(rows[-1] + 1 - BASELINE) <= 1
    assert not strip.ink[:, : MARGIN - 1].any()
    assert not strip.ink[:, -MARGIN:].any()


def test_answers_say_which_side_is_real(hand: Hand, tmp_path: Path) -> None:
    pairs = word_pairs(hand, 12, 3).pairs
    write_sheets(tmp_path, "words", pairs, SIZES["reading"])
    write_sheets(tmp_path, "lines", line_pairs(hand, 4, 3).pairs, SIZES["reading"])
    answers = json.loads((tmp_path / ANSWERS_FILE).read_text())
    assert list(answers) == ["words", "lines"]
    assert [answers["words"][str(number)] == "A" for number in range(1, 13)] == [p.real_is_first for p in pairs]
    assert {path.name for path in tmp_path.glob("*.png")} == {"words_01.png", "lines_01.png"}


def test_an_examiner_is_scored_by_the_share_he_told(tmp_path: Path) -> None:
    (tmp_path / ANSWERS_FILE).write_text(json.dumps({"words": {"1": "A", "2": "B", "3": "A", "4": "B"}}))
    judge = tmp_path / "judge.json"
    judge.write_text(json.dumps({"words": {"1": "A", "2": "A", "3": "?", "4": "B"}}))
    (told,) = score(judge)
    assert (told.right, told.undecided, told.count, told.share) == (2, 1, 4, 0.625)
    low, high = told.interval
    assert (low, high) == wilson(0.625, 4)
    assert low < 0.625 < high


@pytest.mark.parametrize(
    ("given", "message"),
    [({"words": {"9": "A"}}, "no pair 9"), ({"words": {"1": "left"}}, "no side"), (["A"], "no answers")],
)
def test_wrong_answers_are_refused(
    tmp_path: Path, given: object, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / ANSWERS_FILE).write_text(json.dumps({"words": {"1": "A"}}))
    (tmp_path / "judge.json").write_text(json.dumps(given))
    assert main(["writing", f"score={tmp_path / 'judge.json'}"]) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["only=[paris]"], "pairs"),
        ([], "hand=<labelled folder>"),
        (["only=[pairs]", "hand=x"], "out=<folder>"),
        (["only=[verify]", "hand=x"], "root=<folder"),
    ],
)
def test_what_cannot_be_measured_is_refused(words: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["writing", *words]) == 2
    assert message in capsys.readouterr().err


def test_letters_are_compared_in_lean_with_themselves_whatever_slant_was_measured() -> None:
    upright = drawn_hand()
    shear = np.array([[1.0, -0.2, 0.2 * 40.0], [0.0, 1.0, 0.0]])  # about the baseline

    def sheared(picture: NDArray[np.generic]) -> NDArray[np.generic]:
        return cv2.warpAffine(picture, shear, picture.shape[::-1], flags=cv2.INTER_NEAREST)

    leaning = [replace(word, ink=sheared(word.ink), owner=sheared(word.owner)) for word in upright.words]
    for measured in (0.0, 0.2):
        bank = Bank([replace(word, slant=measured) for word in leaning])
        assert lean(bank, upright.bank) == pytest.approx(float(np.degrees(np.arctan(0.2))), abs=1.0)


def test_the_least_error_of_distances_is_that_of_repeats() -> None:
    rng = np.random.default_rng(0)
    pairs = [(first, second, rng.normal(1.0 + place, 0.1)) for place, (first, second) in enumerate(["ab", "bc"])
             for _ in range(400)]  # fmt: skip
    best = least_error(pairs)
    assert best == pytest.approx(0.6745 * 0.1, rel=0.1)
    known = fit_spacing(pairs, 1.0)
    assert median_error(known, pairs) == pytest.approx(best, rel=0.1)
    assert np.isnan(least_error([("a", "b", 1.0), ("b", "c", 1.0)]))
