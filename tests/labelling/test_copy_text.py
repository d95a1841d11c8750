"""The text to copy shows all of a hand that one page can show."""

from __future__ import annotations

import string
from collections import Counter

import numpy as np
import pytest

from handwriting.labelling.copy_lines import (
    MAX_LINE_WIDTH,
    MAX_LINE_WORDS,
    LineLimits,
    copy_lines,
    copy_pages,
    count_words,
)
from handwriting.labelling.copy_text import (
    FREQUENT_PAIRS,
    GOALS,
    MARKS,
    choose_sentences,
    choose_texts,
    count_signs,
    sentences,
    shortages,
)

SEEDS = range(6)


@pytest.mark.parametrize("seed", SEEDS)
def test_every_page_fulfils_every_count_in_150_to_200_words(seed: int) -> None:
    """Counted here by other means than the program's."""
    for text in choose_texts(2, seed):
        assert 150 <= len(text.split()) <= 200
        assert [letter for letter in string.ascii_lowercase if text.count(letter) < 5] == []
        assert [sign for sign in string.ascii_uppercase + string.digits if text.count(sign) < 2] == []
        assert [mark for mark in ".,;:!?'\"-()&@+=/%" if mark not in text] == []
        assert [pair for pair in FREQUENT_PAIRS if pair not in text] == []


@pytest.mark.parametrize("seed", SEEDS)
def test_two_pages_share_no_sentence(seed: int) -> None:
    one, two = choose_texts(2, seed)
    assert not [sentence for sentence in sentences() if sentence in one and sentence in two]


def test_more_pages_than_the_pool_has_new_sentences_for_are_still_complete() -> None:
    texts = choose_texts(4)
    assert [shortages(text) for text in texts] == [{}] * 4
    assert all(150 <= len(text.split()) <= 200 for text in texts)


def test_the_same_seed_gives_the_same_text_and_another_seed_another() -> None:
    assert choose_texts(2, 3) == choose_texts(2, 3)
    assert choose_texts(1, 3) == choose_texts(2, 3)[:1]
    assert len({choose_texts(1, seed) for seed in SEEDS}) == len(SEEDS)


def test_what_the_pool_cannot_show_is_missing_and_nothing_else() -> None:
    pool = [sentence for sentence in sentences() if not set("qQ@") & set(sentence)]
    assert set(shortages(" ".join(choose_sentences(pool, np.random.default_rng(0))))) == {"q", "Q", "@"}


def test_the_sentences_are_short_plain_and_written_once() -> None:
    assert max(Counter(sentences()).values()) == 1
    assert all(sentence.isascii() and sentence.isprintable() for sentence in sentences())
    assert all(4 <= len(sentence.split()) <= 15 and " ".join(sentence.split()) == sentence for sentence in sentences())


def test_the_goals_are_those_that_are_promised() -> None:
    assert len(set(FREQUENT_PAIRS)) == 60
    assert len(set(MARKS)) == 17
    assert len(GOALS) == 26 + 26 + 10 + 17 + 60


def test_typographic_quotes_and_dashes_count_as_the_plain_ones() -> None:
    typographic = "\u201cIt\u2019s\u201d \u2013 \u00abso\u00bb"
    assert count_signs(typographic) == count_signs('"It\'s" - "so"')


def test_a_pair_is_two_small_letters_that_stand_side_by_side() -> None:
    counts = count_signs("The t-he it\nhe")
    assert {pair: counts[pair] for pair in ("th", "Th", "he", "it")} == {"th": 0, "Th": 0, "he": 3, "it": 1}


@pytest.mark.parametrize("seed", SEEDS)
def test_a_line_has_few_words_and_no_word_is_lost(seed: int) -> None:
    (text,) = choose_texts(1, seed)
    lines = copy_lines(text)
    assert " ".join(lines) == text
    assert all(count_words(line) <= MAX_LINE_WORDS and len(line) <= MAX_LINE_WIDTH for line in lines)
    assert len(lines) <= 30
    assert np.mean(list(map(count_words, lines))) < 8


def test_lines_of_a_person_are_kept_where_they_fit() -> None:
    poem = "I kept a line\nof every day\n\nand lost the rest"
    assert copy_lines(poem) == ["I kept a line", "of every day", "", "and lost the rest"]


def test_a_gap_stays_between_stanzas_and_not_at_the_ends_of_a_page() -> None:
    assert copy_lines("\n \none\n\n\t\n\ntwo\n\n") == ["one", "", "two"]
    assert copy_pages(["a", "b", "", "c", "d", "", "e", "f"], 3) == [["a", "b"], ["c", "d"], ["e", "f"]]
    assert copy_pages(["a", "", "b"], 1) == [["a"], ["b"]]


@pytest.mark.parametrize("seed", range(40))
def test_no_line_of_a_sheet_begins_with_a_lone_dash(seed: int) -> None:
    dashed = [sentence for sentence in sentences() if " - " in sentence]
    assert dashed
    others = np.random.default_rng(seed).permutation(sentences())[:8]
    for sentence in dashed:
        lines = copy_lines(" ".join([*others, sentence]))
        assert not any(line.split()[0] == "-" for line in lines)
        assert all(count_words(line) <= MAX_LINE_WORDS and len(line) <= MAX_LINE_WIDTH for line in lines)


def test_what_fits_is_measured_as_the_limits_say() -> None:
    limits = LineLimits(10.0, None, lambda text: len(text) / 2)
    assert copy_lines("a b c d e f g h i j\nk", limits) == ["a b c d e f g h i j", "k"]
    assert copy_lines("a b c d e f g h i j k l", limits) == ["a b c d e f g h i j", "k l"]


def test_a_line_that_is_too_long_is_broken_alone() -> None:
    long = "This line of a poem is wider than the page can take it"
    lines = copy_lines(f"A short line\n{long}\nand a short one")
    assert (lines[0], lines[-1]) == ("A short line", "and a short one")
    assert " ".join(lines[1:-1]) == long
    assert all(count_words(line) <= MAX_LINE_WORDS and len(line) <= MAX_LINE_WIDTH for line in lines)


def test_text_without_spaces_is_broken_where_the_line_ends() -> None:
    assert "".join(copy_lines("日本語" * 40)) == "日本語" * 40
    assert {len(line) for line in copy_lines("日" * 46)} == {23}
