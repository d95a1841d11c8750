"""Drawings that do not look like their letter are odd, whatever their ink."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from handwriting.writing.oddness import oddness
from handwriting.writing.source import SourceWord
from tests.writing.hands import drawn_hand, drawn_word

WORDS = drawn_hand(["nulo", "luno", "onul", "ulon", "noul", "lonu", "nulo"])


def odd_of(words: list[SourceWord]) -> list[list[float]]:
    places = [(number, letter) for number, word in enumerate(words) for letter in range(len(word))]
    odd = oddness(words, places, [words[number].labels[letter] for number, letter in places])
    ends = np.cumsum([len(word) for word in words])
    return [part.tolist() for part in np.split(odd, ends[:-1])]


def test_a_wrong_label_is_odder_than_all_right_ones() -> None:
    wrong = drawn_word("nulo", 20)
    wrong = replace(wrong, labels=("n", "l", "u", "o"))  # u and l changed over
    *right, last = odd_of([*WORDS, wrong])
    assert min(last[1:3]) > 0.8
    assert max(map(max, right)) < min(last[1:3])


def test_a_letter_off_its_line_is_odd() -> None:
    word = drawn_word("nulo", 20)
    off = replace(word, origin=(word.origin[0], word.origin[1] + 0.8 * word.x_height))
    *right, last = odd_of([*WORDS, off])
    assert min(last) > max(map(max, right))


def test_two_ways_of_writing_a_letter_are_both_usual() -> None:
    words = [replace(word, labels=tuple("n" if label in "nu" else label for label in word.labels)) for word in WORDS]
    assert max(map(max, odd_of(words))) < 0.8


def test_a_letter_with_few_drawings_is_never_odd() -> None:
    assert odd_of(drawn_hand(["nu", "lo"])) == [[0, 0], [0, 0]]


def test_a_letter_that_lost_its_top_is_odd() -> None:
    word = drawn_word("nulo", 20)
    ink = word.ink.copy()
    top = round(word.origin[1] - 1.3 * word.x_height)
    ink[:top] = 0
    cut = replace(word, ink=ink, owner=np.where(ink > 0, word.owner, 0).astype(np.int16))
    *right, last = odd_of([*WORDS, cut])
    assert last[2] > 0.6
    assert last[2] > max(map(max, right))


def test_a_mark_with_a_part_too_many_is_odd_however_few_there_are() -> None:
    stops = [replace(word, labels=(".",)) for word in drawn_hand(["o", "o"])]
    ink = stops[1].ink.copy()
    ink[2:7, 2:7] = 255  # apart from the ring
    owner = np.where(ink > 0, 1, 0).astype(np.int16)
    assert odd_of([stops[0], replace(stops[1], ink=ink, owner=owner)])[0] == [0]
    assert odd_of([stops[0], replace(stops[1], ink=ink, owner=owner)])[1][0] >= 0.5
    letters = [replace(stops[0], labels=("o",)), replace(stops[1], ink=ink, owner=owner, labels=("o",))]
    assert odd_of(letters) == [[0], [0]]


def test_a_blotted_letter_is_odd() -> None:
    word = drawn_word("nulo", 20)
    ink = word.ink.copy()
    rows, columns = word.pixels_of(3)
    side = round(0.7 * word.x_height)
    row, column = int(rows.max()), int(np.median(columns[rows == rows.max()]))
    blot = np.s_[row - side : row, column - side // 2 : column + side // 2]
    ink[blot] = 255
    owner = word.owner.copy()
    owner[blot] = 4
    *right, last = odd_of([*WORDS, replace(word, ink=ink, owner=owner)])
    plain = odd_of([*WORDS, word])[-1]
    assert last[3] > 0.7
    assert last[3] > max(plain[3] + 0.3, *map(max, right))
