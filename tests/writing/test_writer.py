"""Words written with a hand's own drawings: chosen well, joined without a seam, resampled once."""

from __future__ import annotations

import tracemalloc
from itertools import pairwise

import cv2
import numpy as np
import pytest

from handwriting.writing import composing
from handwriting.writing.bank import Bank
from handwriting.writing.choosing import RECENT, Chooser
from handwriting.writing.composing import LetterRun, Meeting, PlacedRun
from handwriting.writing.source import without_grain
from handwriting.writing.writer import MIN_DRAWINGS, HandWriter
from handwriting.writing.written_words import Sign, WordInk
from tests.writing.hands import X_HEIGHT, drawn_hand, drawn_word

TEXTS = ["nulon", "lunnou", "ounlun", "nnuull", "luonol", "unonlu", "oolnnu", "lnuoul"]


@pytest.fixture(scope="module")
def bank() -> Bank:
    return Bank(drawn_hand([text for text in TEXTS for _ in range(3)]))


def signs(text: str) -> tuple[Sign, ...]:
    return tuple(Sign(character, typed=character) for character in text)


def test_the_same_seed_gives_the_same_ink(bank: Bank) -> None:
    def ink(seed: int) -> list[bytes]:
        writer = HandWriter(bank, seed)
        return [writer(signs(text)).draw(30.0, (0.25, 0.5)).ink.tobytes() for text in ("noun", "lull", "noun")]

    assert ink(3) == ink(3)
    assert ink(3) != ink(4)


def test_a_word_of_the_page_is_written_with_its_own_letters(bank: Bank) -> None:
    writer = HandWriter(bank)
    (run,) = writer.place("lunnou")  # as one piece
    (word,) = {bank.drawings[one].word for one in run.run.drawings}
    assert "".join(bank.words[word].labels) == "lunnou"
    assert [bank.drawings[one].letter for one in run.run.drawings] == list(range(6))


def test_what_is_barred_is_not_used(bank: Bank) -> None:
    barred = np.flatnonzero(bank.word_of == 1)
    used = {one for run in HandWriter(bank, barred=barred.tolist()).place("lunnou") for one in run.run.drawings}
    assert not used & set(barred.tolist())


def test_no_drawing_comes_twice_within_a_line(bank: Bank) -> None:
    many = Bank(drawn_hand([text for text in TEXTS for _ in range(6)]))
    writer = HandWriter(many, 1)
    written = [one for text in ("noun", "lunno", "ulno", "olun", "nunlo", "loun") for run in writer.place(text)
               for one in run.run.drawings]  # fmt: skip
    assert len(set(written)) == len(written)
    twice = [one for run in writer.place("nnnn") for one in run.run.drawings]
    assert len(set(twice)) == 4


@pytest.mark.parametrize("text", ["n" * 40, "nul" * 30])
def test_a_long_word_repeats_no_drawing_while_there_are_others(bank: Bank, text: str) -> None:
    for seed in range(4):
        written = [one for run in HandWriter(bank, seed).place(text) for one in run.run.drawings]
        places = {one: [place for place, other in enumerate(written) if other == one] for one in set(written)}
        apart = [second - first for of in places.values() for first, second in pairwise(of)]
        assert min(apart, default=99) > 8


def test_of_drawings_used_before_the_one_not_seen_for_longest_comes_again() -> None:
    few = Bank(drawn_hand(["n", "n", "n"]))
    chooser, rng = Chooser(few), np.random.default_rng(0)
    apart = RECENT + 10
    written = [chooser.choose("n", place, rng)[0] for place in range(0, 12 * apart, apart)]
    assert set(written[:3]) == {0, 1, 2}
    assert written[3:] == written[:-3]


def test_a_part_of_a_word_has_the_drawings_of_the_whole(bank: Bank) -> None:
    word = HandWriter(bank, 1)(signs("lunno"))
    part, rest, hyphened = word.cut(0, 3, ()), word.cut(3, 5, ()), word.cut(0, 3, signs("l"))
    assert (part.text, rest.text, hyphened.text) == ("lun", "no", "lunl")
    assert part.advance < hyphened.advance
    assert part.advance + rest.advance == pytest.approx(word.advance, abs=0.8)
    again = word.cut(0, 3, ())
    assert part.draw(30.0, (0, 0)).ink.tobytes() == again.draw(30.0, (0, 0)).ink.tobytes()


def test_a_bad_drawing_gives_way_to_a_good_one() -> None:
    words = [*drawn_hand(["nu", "nu"], badness=0.95), drawn_word("nu", 2)]
    (run,) = HandWriter(Bank(words)).place("nu")
    assert Bank(words).drawings[run.run.drawings[0]].word == 2


def test_one_source_word_is_drawn_pixel_for_pixel(bank: Bank) -> None:
    """At its own resolution, with nothing to move: it is resampled once, and nowhere else."""
    word = bank.words[0]
    writer = HandWriter(bank)
    run = LetterRun(tuple(np.flatnonzero(bank.word_of == 0).tolist()))
    drawn = writer.composer.draw([PlacedRun(run, np.zeros(2), None, None, (1.0, 1.0))], X_HEIGHT, (0.5, 0.5))
    rows, columns = np.nonzero(word.ink)
    across, down = (round(word.origin[axis]) for axis in (0, 1))
    found = drawn.ink[rows - down - drawn.row, columns - across - drawn.column]
    assert np.abs(found.astype(int) - word.ink[rows, columns]).max() <= 1
    assert drawn.ink.astype(int).sum() == pytest.approx(word.ink.astype(int).sum(), rel=1e-3)


def test_a_word_cut_at_a_join_and_joined_again_is_the_same_word(bank: Bank) -> None:
    """Where strokes are laid over each other, ink is neither summed nor thinned."""
    composer = HandWriter(bank).composer
    numbers = np.flatnonzero(bank.word_of == 0).tolist()
    whole = composer.draw([PlacedRun(LetterRun(tuple(numbers)), np.zeros(2), None, None, (1, 1))], 30, (0, 0))
    for cut in range(1, len(numbers)):
        last, first = bank.drawings[numbers[cut - 1]], bank.drawings[numbers[cut]]
        assert last.exit is not None
        assert first.entry is not None
        join = Meeting(last.exit, first.entry, 0), np.zeros(2)
        parts = [
            PlacedRun(LetterRun(tuple(numbers[:cut])), np.zeros(2), None, join, (1, 1)),
            PlacedRun(LetterRun(tuple(numbers[cut:])), np.zeros(2), join, None, (1, 1)),
        ]
        again = composer.draw(parts, 30, (0, 0))
        assert np.abs(again.ink.astype(int) - whole.ink).max() <= 4


def test_strokes_of_two_words_become_one_stroke() -> None:
    """Ink runs on through a join at nearly full level, though the letters stood at other heights."""
    words = [drawn_word("nu", 0), drawn_word("un", 1, rise=0.1)]
    bank = Bank(words)
    writer = HandWriter(bank)
    first, second = writer.composer.place([0, 3])
    assert first.after is not None
    drawn = writer.composer.draw([first, second], 40, (0, 0))
    meeting, _ = first.after
    path = meeting.first.points[meeting.first.traced] + first.at
    columns = np.rint((path[:, 0] + bank.slant * path[:, 1]) * 40 - drawn.column).astype(int)
    rows = np.rint(-path[:, 1] * 40 - drawn.row).astype(int)
    reach = [
        drawn.ink[row - 3 : row + 4, column - 1 : column + 2].max() for row, column in zip(rows, columns, strict=True)
    ]
    assert min(reach) > 220


def test_letters_that_the_hand_never_joins_stay_apart() -> None:
    bank = Bank([drawn_word(text, number, joined=[False] * (len(text) - 1)) for number, text in enumerate(TEXTS)])
    writer = HandWriter(bank)
    for text in ("noun", "lull"):
        placed = writer.place(text)
        assert all(run.before is None and run.after is None for run in placed)
        ink = writer.composer.draw(placed, 30, (0, 0)).ink
        areas = cv2.connectedComponentsWithStats((ink > 90).astype(np.uint8))[2][1:, cv2.CC_STAT_AREA]
        assert (areas > 50).sum() == len(text)


def test_a_large_word_is_drawn_part_by_part_in_little_memory(bank: Bank, monkeypatch: pytest.MonkeyPatch) -> None:
    def peak(resolution: float) -> int:
        tracemalloc.start()
        word.draw(resolution, (0.25, 0.5))
        used = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return used

    word = HandWriter(bank, 2)(signs("noull"))
    whole = word.draw(40.0, (0.25, 0.5))
    monkeypatch.setattr(composing, "DRAWN_AT_ONCE", 5_000)
    parts = word.draw(40.0, (0.25, 0.5))
    assert (parts.column, parts.row) == (whole.column, whole.row)
    assert np.abs(parts.ink.astype(int) - whole.ink).max() <= 1
    pixels = word.draw(160.0, (0.25, 0.5)).ink.size
    assert peak(160.0) < peak(40.0) + 20 * pixels


def test_the_box_holds_all_ink_and_the_word_begins_at_its_origin(bank: Bank) -> None:
    word = HandWriter(bank, 2)(signs("noull"))
    drawn = word.draw(40.0, (0.0, 0.0))
    rows, columns = np.nonzero(drawn.ink > 100)
    left, right = (columns.min() + drawn.column) / 40, (columns.max() + 1 + drawn.column) / 40
    top, bottom = (rows.min() + drawn.row) / 40, (rows.max() + 1 + drawn.row) / 40
    assert word.box.left - 0.1 <= left
    assert right <= word.box.right + 0.1
    assert word.box.top - 0.1 <= top
    assert bottom <= word.box.bottom + 0.1
    assert word.text == "noull"
    assert 0 < word.advance <= right + 1


def test_a_letter_brings_nothing_of_its_neighbours(bank: Bank) -> None:
    writer = HandWriter(bank)
    word = bank.words[0]
    for number in np.flatnonzero(bank.word_of == 0).tolist():
        run = PlacedRun(LetterRun((number,)), np.zeros(2), None, None, (1.0, 1.0))
        drawn = writer.composer.draw([run], X_HEIGHT, (0.5, 0.5))
        across, down = (round(word.origin[axis]) for axis in (0, 1))
        rows, columns = np.nonzero(drawn.ink > 8)
        owner = cv2.dilate((word.owner == bank.drawings[number].letter + 1).astype(np.uint8), np.ones((5, 5)))
        assert owner[rows + down + drawn.row, columns + across + drawn.column].all()


def test_grain_and_specks_are_no_ink() -> None:
    word = drawn_word("nul")
    grain = np.random.default_rng(0).integers(0, 40, word.ink.shape).astype(np.uint8)
    noisy = np.maximum(word.ink, grain)
    noisy[5, 5] = 255
    clean = without_grain(noisy, X_HEIGHT)
    far = cv2.dilate(word.ink, np.ones((9, 9))) == 0
    assert not clean[far].any()
    assert (clean[word.ink > 40] == noisy[word.ink > 40]).all()


def test_a_word_that_falls_off_its_line_keeps_its_letters_upright(bank: Bank) -> None:
    composer = HandWriter(bank).composer
    run = LetterRun(tuple(np.flatnonzero(bank.word_of == 0).tolist()))
    placed = [PlacedRun(run, np.zeros(2), None, None, (1.0, 1.0))]
    level, falling = (composer.draw(placed, 40, (0, 0), slope) for slope in (0.0, 0.1))

    def ends(drawn: WordInk) -> tuple[float, float]:
        columns = np.flatnonzero((drawn.ink > 90).any(0))
        thirds = np.array_split(columns, 3)
        feet = [np.flatnonzero((drawn.ink[:, part] > 90).any(1))[-1] + drawn.row for part in (thirds[0], thirds[2])]
        return feet[0] / 40, feet[1] / 40

    (level_start, level_end), (start, end) = ends(level), ends(falling)
    width = (level.ink > 90).any(0).sum() / 40
    assert (end - start) - (level_end - level_start) == pytest.approx(0.1 * width * 2 / 3, abs=0.12)
    assert composer.box(placed, 0.1).bottom > composer.box(placed).bottom


@pytest.mark.parametrize("resolution", [0.03, 0.1, 0.3, 1.0])
def test_a_word_of_a_few_pixels_is_drawn(bank: Bank, resolution: float) -> None:
    drawn = HandWriter(bank, 0)(signs("nunol")).draw(resolution, (0.9, 0.9))
    assert min(drawn.ink.shape) >= 1


def test_a_letter_with_one_drawing_gets_new_ones() -> None:
    words = [*drawn_hand(["nul", "lun", "unn", "lul"]), drawn_word("no", 9)]
    writer = HandWriter(Bank(words), 1)
    writer.supply(signs("o"))
    assert len(writer.bank.by_label["o"]) == MIN_DRAWINGS
    used = [one for _ in range(MIN_DRAWINGS) for run in writer.place("no") for one in run.run.drawings]
    assert (
        len({writer.bank.drawings[one].word for one in used if writer.bank.drawings[one].label == "o"}) == MIN_DRAWINGS
    )


def test_the_ink_of_words_comes_and_goes_as_on_the_page() -> None:
    levels = 0.75 + 0.1 * np.sin(np.linspace(0, 4 * np.pi, 80))  # slowly, from one word to the next
    bank = Bank([drawn_word(TEXTS[number % 8], number, level=level) for number, level in enumerate(levels.tolist())])
    writer = HandWriter(bank, 1)
    wanted, drawn = [], []
    for number in range(60):
        placed = writer.place(("noun", "lull", "unlon", "ouln")[number % 4])
        ink = writer.composer.draw(placed, X_HEIGHT, (0.0, 0.0)).ink
        wanted.append(writer.chooser.pen[0])
        drawn.append(np.log(np.percentile(ink[ink > 90], 60) / 255))
    assert np.corrcoef(wanted, drawn)[0, 1] > 0.95
    assert np.corrcoef(drawn[1:], drawn[:-1])[0, 1] > 0.8
    assert np.std(drawn) > 0.9 * np.std(wanted)
