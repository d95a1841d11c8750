"""What is read of a message: its rows and words, and what carries no ink."""

from __future__ import annotations

import string
from pathlib import Path

import pytest

from handwriting.errors import ConfigError
from handwriting.writing.message import MAX_WORD_SIGNS, MessageWord, WordBreak, read_message
from handwriting.writing.planning import plan_message, usual_paper
from handwriting.writing.written_words import Sign

KNOWN = string.ascii_letters + string.digits + "'\"-./?…日本語。、「」"


def rows(text: str, known: str = KNOWN) -> list[list[MessageWord]]:
    return [list(row.words) for row in plan_message(read_message(text), known).rows()]


def words(text: str, known: str = KNOWN) -> list[list[str]]:
    return [["".join(sign.character for sign in word.signs) for word in row] for row in rows(text, known)]


def breaks(text: str) -> list[int]:
    return [place.end for place in rows(text)[0][0].breaks]


def test_line_ends_of_every_system_end_a_line_and_empty_lines_stay() -> None:
    assert words("\none\r\ntwo\rthree\n\n\nfour\u2028five\n\n") == [
        *([], ["one"], ["two"], ["three"], [], [], ["four"], ["five"]),
    ]


def test_a_form_feed_begins_a_page() -> None:
    plan = plan_message(read_message("one\ntwo\fthree\n\f\ffour\f"), KNOWN)
    assert [row.starts_page for row in plan.rows()] == [False, False, True, False, True, True]


def test_spaces_and_tabs_are_counted() -> None:
    (row,) = rows("  one\ttwo  three\u3000four \t\t five\t \t")
    assert [(word.tabs, word.spaces) for word in row] == [(0, 2), (1, 0), (0, 2), (0, 1), (2, 1)]
    plan = plan_message(read_message("a\t€\tb"), KNOWN, ["skip"])
    assert [word.tabs for row in plan.rows() for word in row.words] == [0, 2]  # b stays in its column


def test_a_no_break_space_ties_two_words() -> None:
    assert [(word.is_tied, word.spaces) for word in rows("10\u00a0km or\u202f so")[0]] == [
        *((False, 0), (True, 1), (False, 1), (True, 2)),
    ]


def test_zero_is_text_like_any_other() -> None:
    assert words("0") == [["0"]]


def test_a_composed_and_a_decomposed_letter_are_one() -> None:
    assert read_message("e\u0301").text == "é"
    assert read_message("e\u0301").characters == ("é",)


def test_what_carries_no_ink_is_dropped_and_counted() -> None:
    message = read_message("\ufeffa\x00\x1bb\u200dc\u200e\x00")
    assert message.text == "abc"
    assert message.dropped == {"\ufeff": 1, "\x00": 2, "\x1b": 1, "\u200d": 1, "\u200e": 1}
    assert dict(plan_message(read_message("a\x00\x00\ufeffb"), KNOWN).report()) == {
        "dropped": "3 characters without ink: U+0000 (null) U+FEFF (zero width no-break space)"
    }


def test_an_emoji_keeps_its_parts() -> None:
    family = "\U0001f468\u200d\U0001f469"
    assert read_message(f"a{family}").characters == ("a", family)


@pytest.mark.parametrize("text", ["", " \n\t\f ", "\u00ad\u200b", "\x00", "\u00a0"])
def test_a_message_without_ink_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="nothing to write"):
        read_message(text)


def test_a_message_of_which_nothing_is_left_is_refused() -> None:
    with pytest.raises(ConfigError, match="nothing is left to write"):
        plan_message(read_message("€"), KNOWN, ["skip"])


@pytest.mark.parametrize("text", ["peace שלום", "مرحبا"])
def test_letters_from_right_to_left_are_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="from right to left"):
        read_message(text)


def test_a_skipped_character_leaves_no_empty_word() -> None:
    plan = plan_message(read_message("a € b€c"), KNOWN, ["skip"])
    (row,) = plan.rows()
    assert [("".join(sign.typed for sign in word.signs), word.spaces) for word in row.words] == [("a", 0), ("bc", 2)]
    assert list(plan.report()) == [("skipped", "'€': not in this hand")]


def test_the_report_says_what_is_written_otherwise() -> None:
    assert list(plan_message(read_message("A…"), "a.", ["case"]).report()) == [("replaced", "A as a, '…' as '...'")]
    assert list(plan_message(read_message("ab"), "a", ["drawn"], drawable=lambda _: "b").report()) == [
        ("drawn", "b: not in this hand")
    ]
    assert list(plan_message(read_message("plain"), KNOWN).report()) == []


def test_a_word_may_be_broken_after_the_hyphen_within_it() -> None:
    assert breaks("well-known") == [5]
    assert breaks("and/or") == [4]
    assert breaks("-5") == []
    assert breaks("wait--") == []


def test_a_soft_hyphen_is_written_only_where_it_breaks_a_word() -> None:
    (word,) = rows("exam\u00adple")[0]
    assert "".join(sign.character for sign in word.signs) == "example"
    assert word.breaks == (WordBreak(4, (Sign("-", typed="-"),)),)
    assert rows("exam\u00adple", "aelmpx")[0][0].breaks == (WordBreak(4),)


def test_chinese_may_be_broken_between_characters_but_not_before_a_mark() -> None:
    assert breaks("日本語。「日本」") == [1, 2, 4, 6]


def test_a_word_without_end_comes_in_pieces() -> None:
    pieces = rows("a" * (2 * MAX_WORD_SIGNS + 5) + " b")[0]
    assert [len(piece.signs) for piece in pieces] == [MAX_WORD_SIGNS, MAX_WORD_SIGNS, 5, 1]
    assert [piece.spaces for piece in pieces] == [0, 0, 0, 1]
    assert [piece.goes_on for piece in pieces] == [False, True, True, False]
    most = MAX_WORD_SIGNS - 10
    pieces = rows("a" * most + "-" + "b" * 50)[0]
    assert [len(piece.signs) for piece in pieces] == [most + 1, 50]
    dots = rows("a" * (MAX_WORD_SIGNS - 1) + "…", "a.")[0]
    assert [len(piece.signs) for piece in dots] == [MAX_WORD_SIGNS - 1, 3]


def test_a_short_picture_is_cut_to_its_text() -> None:
    assert usual_paper(Path("a.png"), read_message("short")) == "fit"
    assert usual_paper(Path("a.pdf"), read_message("short")) == "a4"
    assert usual_paper(Path("a.png"), read_message("long " * 1000)) == "a4"
    assert usual_paper(Path("a.svg"), read_message("two\fpages")) == "a4"
