"""How the characters of a message are written with those that a hand has."""

from __future__ import annotations

import string
import unicodedata

import pytest

from handwriting.errors import ConfigError
from handwriting.writing.graphemes import graphemes
from handwriting.writing.spelling import read_missing, spell
from handwriting.writing.written_words import Sign

FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467"
ENGLAND = "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"
WAVE, HEART, GERMANY, KEYCAP = "\U0001f44b\U0001f3fd", "\u2764\ufe0f", "\U0001f1e9\U0001f1ea", "1\ufe0f\u20e3"
PLAIN = string.ascii_letters + string.digits + "'\"-.,!?"


def refusal(text: str, known: str, missing: str = "stop", drawable: str = "") -> str:
    with pytest.raises(ConfigError) as caught:
        spell(graphemes(text), known, read_missing(missing), drawable=drawable)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("cluster", [FAMILY, ENGLAND, WAVE, HEART, GERMANY, KEYCAP, "e\u0323\u0302", "\u1100\u0300"])
def test_what_a_reader_counts_as_one_character_is_one(cluster: str) -> None:
    assert list(graphemes(f"a{cluster}{cluster}b ")) == ["a", cluster, cluster, "b", " "]


def test_text_of_letters_is_split_into_its_letters() -> None:
    assert list(graphemes("naïve\u200d")) == [*"naïve", "\u200d"]
    assert list(graphemes("")) == []


def test_a_character_that_the_hand_has_is_written_as_it_is() -> None:
    assert spell("“é0", "“é0").signs == {character: (Sign(character, typed=character),) for character in "“é0"}


@pytest.mark.parametrize(
    ("typed", "known", "written"),
    [
        ("\u2019", PLAIN, "'"),
        ("\u201c", PLAIN, '"'),
        ("\u201d", "\u201c\u201d", "\u201d"),
        ("\u201e", PLAIN, '"'),
        ("«", PLAIN, '"'),
        ("\u2013", PLAIN, "-"),
        ("\u2011", PLAIN, "-"),
        ("\u2212", PLAIN, "-"),
        ("\u2026", PLAIN, "..."),
        ("ﬁ", PLAIN, "fi"),
        ("\uff01", PLAIN, "!"),
        ("№", PLAIN, "No"),
        ("½", PLAIN + "/", "1/2"),
        ("\u00d7", PLAIN, "x"),
        ("'", "\u2019", "\u2019"),
        ("-", "\u2013", "\u2013"),
        ("•", PLAIN, "-"),
        (HEART, "\u2764", "\u2764"),
    ],
)
def test_a_character_that_is_written_in_the_same_way_is_no_missing_one(typed: str, known: str, written: str) -> None:
    spelling = spell([typed], known)
    signs = spelling.signs[typed]
    assert "".join(sign.character for sign in signs) == written
    assert [sign.typed for sign in signs] == [typed, *[""] * (len(signs) - 1)]
    assert spelling.replaced == ({typed: written} if typed != written else {})


def test_what_means_something_else_is_not_taken_for_the_same() -> None:
    for character in "²®™":
        refusal(character, PLAIN)


def test_an_accent_is_put_on_its_letter() -> None:
    signs = spell("éếňй", "eênи").signs
    assert signs["é"] == (Sign("e", "\u0301", "é"),)
    assert signs["ế"] == (Sign("ê", "\u0301", "ế"),)  # as little as possible is put together
    assert signs["ň"] == (Sign("n", "\u030c", "ň"),)
    assert signs["й"] == (Sign("и", "\u0306", "й"),)
    assert spell("é", "e").replaced == {}


def test_a_mark_that_cannot_be_put_on_a_letter_is_missing_with_it() -> None:
    with pytest.raises(ConfigError, match="lacks 1 character of the text: é"):
        spell("é", "e", marks="")


def test_the_hand_and_the_message_may_be_in_any_normal_form() -> None:
    decomposed = unicodedata.normalize("NFD", "é")
    assert spell("é", [decomposed]).signs["é"] == (Sign("é", typed="é"),)


def test_all_missing_characters_are_named_once_and_in_order() -> None:
    message = refusal(f"Zé€Z{FAMILY}€{WAVE}é1", "")
    assert f"lacks 6 characters of the text: Z é '€' '{FAMILY}' '{WAVE}' 1." in message


def test_a_refusal_offers_only_what_helps() -> None:
    assert "missing=case,skip to write the other case (1 of them) and leave out the rest," in refusal("A1", "a")
    assert "missing=case to write the other case," in refusal("A", "a")
    assert "missing=case" not in refusal("1", "a")
    assert "missing=drawn to draw" in refusal("1", "a", drawable="1")
    assert "missing=drawn" not in refusal("1", "a")
    for missing in ("stop", "case", "drawn"):
        message = refusal("1", "a", missing)
        assert f"missing={'' if missing == 'stop' else f'{missing},'}skip to leave out" in message
        assert "handwriting sheet" in message


def test_what_cannot_be_drawn_is_named_alone_and_can_be_left_out_alone() -> None:
    message = refusal(f"a€{WAVE}日", "a", "drawn", drawable="€")
    assert f"lacks 2 characters of the text and cannot draw them: '{WAVE}' 日. " in message
    assert "Give missing=drawn,skip to leave out these, or " in message
    assert "missing=drawn,skip to draw what is missing (1 of them) and leave out the rest" in refusal(
        f"€{WAVE}", "a", drawable="€"
    )
    spelling = spell(["a", "€", WAVE], "a", read_missing("drawn,skip"), drawable="€")
    assert (spelling.drawn, spelling.skipped) == (("€",), (WAVE,))


def test_what_is_done_about_missing_characters_is_tried_in_turn() -> None:
    assert spell("D", "d", read_missing("case,drawn"), drawable="D").replaced == {"D": "d"}
    assert spell("D", "d", read_missing("drawn,case"), drawable="D").drawn == ("D",)
    assert spell("D", "d", read_missing("drawn,case")).replaced == {"D": "d"}


@pytest.mark.parametrize(
    ("names", "answer"),
    [
        ("drwan", "drwan is none of stop, skip, case, drawn. Did you mean drawn?"),
        ("drawn,", "'' is none of"),
        ("skip,drawn", "skip leaves nothing to try after it. Give it last."),
        ("stop,skip", "stop leaves nothing to try after it"),
    ],
)
def test_a_wrong_way_with_missing_characters_is_named(names: str, answer: str) -> None:
    with pytest.raises(ConfigError, match=f"^missing={names}: ") as caught:
        read_missing(names)
    assert answer in str(caught.value)


def test_punctuation_and_what_cannot_be_seen_are_set_apart_in_a_list() -> None:
    assert "of the text: ',' '.' \"'\" e. Give" in refusal(",.'e", "a")
    assert "of the text: U+0301 (combining acute accent). Give" in refusal("\u0301", "a")


def test_what_cannot_be_printed_is_named_by_its_code_point() -> None:
    assert "U+E000" in refusal("\ue000", "")


def test_the_other_case_is_written_where_that_is_allowed() -> None:
    spelling = spell("Éaß", ["e", "A", "S"], ["case"])
    assert spelling.replaced == {"É": "é", "a": "A", "ß": "SS"}
    assert spelling.signs["É"] == (Sign("e", "\u0301", "É"),)
    assert [sign.typed for sign in spelling.signs["ß"]] == ["ß", ""]
    assert "and its other case as well: 1" in refusal("A1", "a", "case")


def test_what_is_skipped_is_reported() -> None:
    spelling = spell("a€b1", "ab", ["skip"])
    assert spelling.skipped == ("€", "1")
    assert spelling.signs["€"] == ()


def test_what_the_hand_lacks_is_drawn_where_that_is_allowed() -> None:
    spelling = spell("aéÅ…", "a", ["drawn"], drawable="eÅ.")
    assert spelling.signs["é"] == (Sign("e", "\u0301", "é", drawn=True),)
    assert spelling.signs["Å"] == (Sign("Å", "", "Å", drawn=True),)
    assert [sign.drawn for sign in spelling.signs["\u2026"]] == [True] * 3
    assert spelling.drawn == ("é", "Å", "\u2026")
    assert "lacks 1 character of the text and cannot draw it: 1." in refusal("a1", "a", "drawn", drawable="e")
    refusal("e", "a", "stop", drawable="e")
