"""Where words stand on pages, whatever the words are."""

from __future__ import annotations

import string
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from itertools import islice, pairwise
from typing import get_args

import numpy as np
import pytest

from handwriting.errors import ConfigError
from handwriting.writing.layout import MessagePage
from handwriting.writing.line_setting import TAB_PITCH
from handwriting.writing.message import read_message
from handwriting.writing.paper import (
    DEFAULT_MARGIN,
    FIT_MARGIN,
    PAPER_SIZES,
    SQUARE,
    Paper,
    PaperRules,
    PaperSize,
    read_size,
)
from handwriting.writing.planning import plan_message
from handwriting.writing.written_words import InkBox, LayoutStyle, Sign, WordInk, WriteWord, WrittenWord
from tests.writing.fake_words import cut_of

KNOWN = string.printable + "äé"
PLAIN = LayoutStyle(word_space=2, word_space_sd=0, margin_sd=0, offset_sd=0, ridge_sd=0)
"""A hand without any variation."""
TEXT = "Dear Ada,\n\n    the quick letters of my well-known notebook were never meant to be read aloud. " * 12


def boxes(widths: Callable[[Sign], float] = lambda sign: 1.0, over: float = 0.4) -> WriteWord:
    """Return a writer of words whose ink is a box a little larger than the word."""

    def write(signs: tuple[Sign, ...]) -> WrittenWord:
        advance = sum(map(widths, signs))
        box = InkBox(-over, -2.0, advance + over, 1.0)

        def draw(resolution: float, offset: tuple[float, float]) -> WordInk:
            return WordInk(np.full((3, 3), 200, np.uint8), 0, 0)

        return WrittenWord("".join(sign.typed for sign in signs), advance, box, draw, cut_of(write, signs))

    return write


def pages(
    text: str,
    paper: Paper | None = None,
    style: LayoutStyle = PLAIN,
    write: WriteWord | None = None,
    seed: int = 0,
) -> list[MessagePage]:
    return list(plan_message(read_message(text), KNOWN).pages(write or boxes(), style, paper or Paper(), seed))


def lines(page: MessagePage) -> list[str]:
    """Return the text of each line of a page."""
    found = [""] * (1 + max((placed.line for placed in page.words), default=-1))
    for placed in page.words:
        found[placed.line] += ("" if placed.is_joined or not found[placed.line] else " ") + placed.word.text
    return found


def places(page: MessagePage) -> list[tuple[str, float, float]]:
    return [(placed.word.text, placed.x, placed.y) for placed in page.words]


def wild_text(rng: np.random.Generator) -> str:
    lengths = rng.choice([1, 3, 7, 30, 200], 60, p=[0.2, 0.3, 0.3, 0.1, 0.1])
    words = ["".join(rng.choice(list("abWi-\u00ad"), length)) for length in lengths]
    return "x" + "".join(word + rng.choice([" ", "  ", "\n", "\t", "\u00a0", "\f"]) for word in words)


@pytest.mark.parametrize("rules", get_args(PaperRules))
@pytest.mark.parametrize("size", [*PAPER_SIZES, "fit", (150.0, 100.0)])
@pytest.mark.parametrize("margin", [0.0, 20.0])
@pytest.mark.parametrize("scale", [1.0, 4.0])
def test_no_word_leaves_the_page_and_none_is_lost(
    rules: PaperRules, size: PaperSize, margin: float, scale: float
) -> None:
    for seed in range(3):
        text = wild_text(np.random.default_rng(seed))
        widths = {"W": 3.0, "i": 0.3, "-": 30.0}  # a dash that is wider than a line of large writing
        write = boxes(lambda sign, widths=widths: widths.get(sign.character, 1.0))  # type: ignore[misc]
        written = pages(text, Paper(size, rules, margin, scale), LayoutStyle(margin_sd=0.5), write, seed)
        for page in written:
            for placed in page.words:
                left, top, right, bottom = placed.bounds
                assert left >= -1e-6
                assert top >= -1e-6
                assert right <= page.width + 1e-6
                assert bottom <= page.height + 1e-6
        shown = "".join(placed.word.text for page in written for placed in page.words)
        assert shown.replace("-", "") == "".join(text.split()).replace("-", "").replace("\u00ad", "")
        assert [page.number for page in written] == list(range(1, len(written) + 1))


@pytest.mark.parametrize(
    ("text", "width", "height"),
    [("a5", 148, 210), ("A6", 105, 148), ("100x150", 100, 150), ("297 x 210 mm", 297, 210), ("85.6\u00d754", 85.6, 54)],
)
def test_a_page_has_the_size_that_is_asked_for(text: str, width: float, height: float) -> None:
    for page in pages(TEXT, Paper(read_size(text))):
        assert (page.width, page.height) == (width, height)


@pytest.mark.parametrize(("size", "margin"), [("a4", 20), ("letter", 20), ("a5", 14), ("a6", 10), ("600x40", 4)])
def test_the_usual_margin_of_a_small_sheet_is_in_proportion(size: str, margin: float) -> None:
    (page,) = pages("one two", Paper(read_size(size)))
    assert page.words[0].x == margin


@pytest.mark.parametrize("text", ["", "a7", "100", "100x", "x100", "19x100", "100x1201", "-50x100", "4x6in", "1x2x3"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match=r"^size='.*' is no size of paper\. Give a4, a5, a6, letter, fit, or the"):
        read_size(text)


def test_words_fill_a_line_until_the_next_does_not_fit() -> None:
    (page,) = pages(" ".join(["word"] * 100))
    room = (PAPER_SIZES["a4"][0] - 40) / page.words[0].x_height
    assert lines(page)[0].count("word") == int((room - 0.4 + 2) / 6)
    assert {line.count("word") for line in lines(page)[:-1]} == {lines(page)[0].count("word")}
    steps = {round(second.x - first.x, 6) for first, second in pairwise(page.words) if second.line == first.line}
    assert steps == {round(6 * page.words[0].x_height, 6)}


def test_empty_lines_and_indents_stay_and_spaces_vanish_at_the_end_of_a_line() -> None:
    (page,) = pages("one\n\n    two " + "three " * 20)
    text = lines(page)
    assert text[:2] == ["one", ""]
    starts = [min(placed.x for placed in page.words if placed.line == line) for line in (0, 2, 3)]
    assert starts[1] > starts[0] == starts[2]


def test_a_form_feed_begins_a_page_and_a_full_page_the_next() -> None:
    first, second = pages("one\ntwo\fthree")
    assert (lines(first), lines(second)) == (["one", "two"], ["three"])
    many = pages("\n".join(["line"] * 100))
    assert sum(len(page.words) for page in many) == 100
    assert len(many) == 4
    assert max(placed.y for placed in many[0].words) + PLAIN.descent * many[0].words[0].x_height <= 277


def paragraph(letter: str, number: int) -> str:
    """Return a paragraph of so many lines on the width of A6, each one word."""
    return " ".join([letter * 40] * number)


def page_lines(text: str, paper: Paper) -> list[str]:
    """Return the lines of each page, each as its first letter; a gap is a space."""
    return ["".join(line[:1] or " " for line in lines(page)) for page in pages(text, paper)]


@pytest.mark.parametrize(
    ("before", "count", "expected"),
    [
        (12, 5, ["b" * 12 + "aa", "aaa"]),
        (13, 5, ["b" * 13, "aaaaa"]),  # rather than its first line alone
        (10, 5, ["b" * 10 + "aaa", "aa"]),  # rather than its last line alone
        (11, 4, ["b" * 11 + "aa", "aa"]),
        (12, 3, ["b" * 12, "aaa"]),  # both
        (13, 2, ["b" * 13 + "a", "a"]),
        (14, 3, ["b" * 14, "aaa"]),
        (0, 15, ["a" * 13, "aa"]),
        (13, 29, ["b" * 13, "a" * 14, "a" * 13, "aa"]),
    ],
)
def test_no_line_of_a_paragraph_stands_alone_on_a_page(before: int, count: int, expected: list[str]) -> None:
    paper = Paper((105.0, 132.0), margin=10)
    assert paper.measures(PLAIN).lines(PLAIN.descent) == 14
    text = "\n".join(["b"] * before + [paragraph("a", count)])
    assert page_lines(text, paper) == expected


@pytest.mark.parametrize("height", [30.0, 45.0, 60.0, 148.0])
def test_pages_end_between_paragraphs_or_within_them_and_keep_every_line(height: float) -> None:
    paper = Paper((105.0, height), margin=10)
    room = paper.measures(PLAIN).lines(PLAIN.descent)
    for seed in range(20):
        rng = np.random.default_rng(seed)
        counts = dict(zip(string.ascii_lowercase, rng.integers(1, 9, 26).tolist(), strict=True))
        text = "\n".join(paragraph(letter, count) for letter, count in counts.items())
        written = page_lines(text, paper)
        assert "".join(written) == "".join(letter * count for letter, count in counts.items())
        assert all(0 < len(page) <= room for page in written)
        for page, following in pairwise(written):
            letter = page[-1]
            assert len(page) >= room - 2
            if room > 2 and counts[letter] > 2 and letter == following[0]:
                assert page.count(letter) > 1
                assert following.count(letter) > 1


def test_no_page_holds_a_gap_alone() -> None:
    paper = Paper((105.0, 45.0), margin=10)
    assert paper.measures(PLAIN).lines(PLAIN.descent) == 3
    assert page_lines(f"b\nb\nb\n\n{paragraph('a', 3)}", paper) == ["bbb", " aa", "a"]


def test_a_word_that_does_not_fit_is_broken_at_its_hyphen() -> None:
    filled = "a" * 60
    (page,) = pages(f"{filled} {'b' * 20}-{'c' * 20}")
    assert lines(page) == [f"{filled} {'b' * 20}-", "c" * 20]
    (page,) = pages(f"{filled} {'b' * 20}\u00ad{'c' * 20}")
    assert lines(page) == [f"{filled} {'b' * 20}-", "c" * 20]
    (page,) = pages(f"{filled} {'b' * 40}")
    assert lines(page) == [filled, "b" * 40]


def test_a_word_wider_than_a_line_is_broken_where_the_line_ends() -> None:
    (page,) = pages("short " + "a" * 250)
    first, *text = lines(page)
    assert (first, "".join(text)) == ("short", "a" * 250)
    assert all(88 <= len(line) <= 91 for line in text[:-1])
    (page,) = pages("short " + "a" * 55 + " b", Paper(scale=2))  # shorter than what is written at once
    assert lines(page) == ["short", "a" * 45, "a" * 10 + " b"]


@pytest.mark.parametrize(
    "word", ["a" * 190, "well-known" * 15, "https://example.org/" + "path/" * 30, "soft\u00ad" * 40]
)
def test_a_word_that_is_broken_over_lines_and_pages_is_chosen_in_one_and_is_one_word(word: str) -> None:
    asked: list[int] = []

    def counting(signs: tuple[Sign, ...]) -> WrittenWord:
        asked.append(len(signs))
        return replace(boxes()(signs), cut=cut_of(boxes(), signs))

    written = pages(f"one {word} two", Paper(scale=4), write=counting)
    words = [placed for page in written for placed in page.words]
    assert len({placed.line for placed in words}) > 2
    assert sum(not placed.is_joined for placed in words) == 3
    assert asked == [3, len(word.replace("\u00ad", "")), 3]


def test_a_word_without_end_is_one_word() -> None:
    written = pages("a" * 5000, Paper(scale=4))
    assert len(written) > 1
    assert sum(not placed.is_joined for page in written for placed in page.words) == 1


def test_tab_stops_are_the_same_on_every_line() -> None:
    style = LayoutStyle(margin_sd=0.3)
    text = "item\tprice\tsum\nrice\t12\t3\nsomethings\t1\t4\n\tx\t \ty\n\t  z\tno\u00adone"
    (page,) = pages(text, style=style)
    unit = page.words[0].x_height
    stops = {placed.word.text: (placed.x - DEFAULT_MARGIN) / (TAB_PITCH * unit) for placed in page.words}
    exact = {"price": 1, "sum": 2, "12": 1, "3": 2, "1": 2, "4": 3, "x": 1, "y": 3, "noone": 2}
    assert {text: stops[text] for text in exact} == pytest.approx(exact)
    assert 1 < stops["z"] < 1.5


def test_a_tab_that_does_not_fit_begins_the_next_line() -> None:
    (page,) = pages("a" * 85 + "\tnext\n" + "\t" * 40 + "far")
    assert lines(page) == ["a" * 85, "next", "far"]
    assert page.words[0].x == page.words[1].x == page.words[2].x


def test_what_stands_for_one_character_is_not_torn_apart() -> None:
    plan = plan_message(read_message("a…" * 60), "a.")
    (page,) = plan.pages(boxes(), PLAIN, Paper())
    assert all(line.endswith("…") or line.startswith("…") or line[-1] == "a" for line in lines(page))
    assert "".join(lines(page)) == "a…" * 60


def test_a_sign_wider_than_a_line_is_written_smaller() -> None:
    (page,) = pages("a W b", write=boxes(lambda sign: 500.0 if sign.character == "W" else 1.0))
    sizes = [placed.x_height for placed in page.words]
    assert sizes[1] < sizes[0] == sizes[2]
    assert lines(page) == ["a", "W", "b"]


def test_tied_words_stay_on_one_line() -> None:
    (page,) = pages("a" * 85 + " 10\u00a0km")
    assert lines(page) == ["a" * 85, "10 km"]
    (page,) = pages("a" * 82 + " 10\u00a0km")
    assert len(lines(page)) == 1
    (page,) = pages("\u00a0".join(["word"] * 40))
    assert len(lines(page)) > 1


@pytest.mark.parametrize(("rules", "scale"), [("ruled", 1.0), ("ruled", 1.6), ("squared", 1.0), ("squared", 0.5)])
def test_lines_stand_on_the_rules(rules: PaperRules, scale: float) -> None:
    (page,) = pages("\n".join("abcdefgh"), Paper(rules=rules, scale=scale))
    rows = np.array(page.rules.rows)
    baselines = np.array([placed.y for placed in page.words])
    assert np.abs(baselines[:, None] - rows).min(axis=1).max() < 1e-6
    assert len(set(np.diff(baselines).round(6))) == 1
    assert bool(page.rules.columns) == (rules == "squared")
    if rules == "squared":
        assert np.allclose(np.diff(page.rules.columns), SQUARE)


@pytest.mark.parametrize(
    ("rules", "scale", "distance", "step", "pitch"),
    [
        ("plain", 1.0, 7.0, 7.0, 0.0),
        ("ruled", 1.0, 7.0, 7.0, 7.0),
        ("ruled", 1.6, 9.5, 9.5, 9.5),
        ("ruled", 0.5, 12.0, 12.0, 12.0),
        ("squared", 1.0, 7.0, 5.0, SQUARE),
        ("squared", 1.0, 8.0, 10.0, SQUARE),
        ("plain", 1.2, None, 9.6, 0.0),
        ("ruled", 1.2, None, 8.0, 8.0),
        ("squared", 1.0, None, 10.0, SQUARE),
    ],
)
def test_lines_are_as_far_apart_as_asked_for(
    rules: PaperRules, scale: float, distance: float | None, step: float, pitch: float
) -> None:
    (page,) = pages("\n".join("abcdefgh"), Paper("a4", rules, None, scale, distance))
    assert np.diff([placed.baseline for placed in page.words]) == pytest.approx(step)
    assert np.diff(page.rules.rows) == pytest.approx(pitch)
    (usual,) = pages("a", Paper(scale=scale))
    assert page.words[0].x_height == usual.words[0].x_height
    if pitch:
        assert np.abs(np.array(page.rules.rows) - page.words[0].baseline).min() < 1e-6


@pytest.mark.parametrize(
    ("paper", "answer"),
    [
        (Paper(line_distance=4.7), "line_distance=4.7: lines 4.7 mm apart run into each other at scale=1, which takes"),
        (Paper(line_distance=9, scale=2), "apart run into each other at scale=2, which takes 9.60 mm."),
        (Paper(rules="squared", line_distance=7, scale=1.2), "line_distance=7: lines 5 mm apart run into each other"),
        (Paper("a6", line_distance=128), "a page of 105 x 148 mm has 128 mm between its margins."),
        (Paper((40, 30), line_distance=20, margin=6), "a page of 40 x 30 mm has 18 mm between its margins."),
    ],
)
def test_a_distance_of_lines_that_suits_no_page_is_refused_whoever_writes(paper: Paper, answer: str) -> None:
    with pytest.raises(ConfigError) as refused:
        paper.refuse_impossible()
    assert answer in str(refused.value)
    assert "\n" not in str(refused.value)
    replace(paper, line_distance=None).refuse_impossible()
    replace(paper, line_distance=10 * paper.scale).refuse_impossible()


def test_rules_of_which_the_first_leaves_no_room_below_it_are_refused() -> None:
    paper = Paper("a6", "ruled", line_distance=127)
    paper.refuse_impossible()
    with pytest.raises(ConfigError, match=r"line_distance=127, .* and 0 lines on .* Give a smaller line_distance=,"):
        pages("text", paper)


def test_lines_wander_on_plain_paper_and_not_on_rules() -> None:
    style = LayoutStyle(margin_sd=0, offset_sd=0, ridge_sd=0.2, ridge_length=12)
    text = "\n".join([" ".join(["word"] * 12)] * 400)

    def ridges(paper: Paper) -> np.ndarray:
        written = pages(text, paper, style)
        words = [placed for page in written for placed in page.words]
        return np.array([(placed.y - placed.baseline) / placed.x_height for placed in words]).reshape(-1, 12)

    assert np.abs(ridges(Paper(rules="ruled"))).max() == 0
    ridge = ridges(Paper())
    assert ridge.std() == pytest.approx(0.2, abs=0.02)
    steps = np.mean([np.corrcoef(ridge[:, n], ridge[:, n + 1])[0, 1] for n in range(11)])
    assert steps == pytest.approx(np.exp(-6 / 12), abs=0.05)


def test_words_stand_off_their_line_independently() -> None:
    style = LayoutStyle(margin_sd=0, offset_sd=0.1, ridge_sd=0)
    words = [placed for page in pages("word " * 3000, style=style) for placed in page.words]
    offsets = np.array([(placed.y - placed.baseline) / placed.x_height for placed in words])
    assert offsets.std() == pytest.approx(0.1, abs=0.01)
    assert abs(np.corrcoef(offsets[1:], offsets[:-1])[0, 1]) < 0.06


def test_the_same_seed_sets_the_same_page() -> None:
    style = LayoutStyle()
    first, again, other = (list(map(places, pages(TEXT, style=style, seed=seed))) for seed in (1, 1, 2))
    assert first == again
    assert first != other


def test_a_picture_is_as_large_as_its_text() -> None:
    (page,) = pages("one two\nthree", Paper("fit"))
    bounds = np.array([placed.bounds for placed in page.words])
    assert bounds[:, :2].min(axis=0) == pytest.approx([FIT_MARGIN] * 2)
    assert bounds[:, 2:].max(axis=0) == pytest.approx([page.width - FIT_MARGIN, page.height - FIT_MARGIN])
    (wide,) = pages("one two\nthree", Paper("fit", margin=10))
    assert wide.width - page.width == pytest.approx(2 * (10 - FIT_MARGIN))
    ruled = pages("one\ntwo", Paper("fit", "ruled"))[0]
    assert ruled.words[0].y == pytest.approx(ruled.rules.rows[-2])
    assert pages("a\f\fb", Paper("fit"))[1].words == ()


@pytest.mark.parametrize(
    "paper", [Paper(scale=40), Paper(margin=100), Paper(margin=140, size="letter"), Paper(scale=12)]
)
def test_paper_without_room_is_refused(paper: Paper) -> None:
    with pytest.raises(ConfigError, match="Give a smaller scale= or margin=") as caught:
        pages("text", paper)
    assert "\n" not in str(caught.value)


def test_a_page_comes_before_the_words_of_the_next_are_written() -> None:
    asked = 0

    def counting(signs: tuple[Sign, ...]) -> WrittenWord:
        nonlocal asked
        asked += 1
        return boxes()(signs)

    stream = plan_message(read_message("word " * 20_000), KNOWN).pages(counting, PLAIN, Paper())
    words = 0
    for page in islice(stream, 3):
        words += len(page.words)
        assert asked <= words + 2 * len(page.words) / 10


def test_memory_stays_flat_over_a_long_message() -> None:
    def peak(characters: int) -> tuple[int, int]:
        plan = plan_message(
            read_message(("seven words that fill a line well " * (characters // 35 + 1))[:characters]), KNOWN
        )
        tracemalloc.start()
        count = sum(1 for _ in plan.pages(boxes(), LayoutStyle(), Paper()))
        used = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return count, used

    (few, small), (many, large) = peak(10_000), peak(100_000)
    assert many > 5 * few
    assert large < 1.5 * small
