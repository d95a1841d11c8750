"""The words found on a page are matched to those of its text, whatever one has that the other has not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import pytest

from benchmarks.drawn_pages import draw_page
from benchmarks.page_style import random_style
from handwriting.errors import DataError
from handwriting.labelling.copy_lines import copy_lines
from handwriting.labelling.copy_text import choose_texts
from handwriting.labelling.found_words import FoundWords, found_words
from handwriting.labelling.matching import Matching, match, rematch
from handwriting.labelling.transcripts import Transcript, read_transcript
from handwriting.pages.scans import Scan, read_scan
from handwriting.segmentation.auto import Auto

USUAL = {**dict.fromkeys("fijlrt", 0.6), **dict.fromkeys(".,:;!'\"-", 0.4), **dict.fromkeys("mwMW", 1.7)}
LINES = tuple(tuple(line.split()) for line in copy_lines(choose_texts(1)[0]))
"""The text of a page: 180 words on 24 lines."""
OTHERS = tuple(tuple(line.split()) for line in copy_lines(choose_texts(2)[1]))
"""That of another one, without a common sentence."""


def usual_width(character: str) -> float:
    return USUAL.get(character, 1.0)


@dataclass(frozen=True)
class Shown:
    """One word as it stands on a made-up page."""

    text: str
    gap: float = 2.0
    density: float = 1.0


def page_of(lines: Sequence[Sequence[str | Shown]], seed: int = 0) -> FoundWords:
    """Write lines by a hand of its own letter widths and extents, as unevenly as hands do."""
    rng = np.random.default_rng(seed)
    own = {
        character: usual_width(character) * 1.3 * np.exp(rng.normal(0, 0.2)) for character in map(chr, range(33, 127))
    }
    rows = []
    for number, line in enumerate(lines):
        column = 0.0
        for word in line:
            shown = Shown(word) if isinstance(word, str) else word
            width = sum(own[character] for character in shown.text) * np.exp(rng.normal(0, 0.07)) + rng.normal(0, 0.05)
            above = 2.1 if set(shown.text) & set("bdfhklABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789'\"") else 1.1
            above = 0.3 if set(shown.text) <= set(".,-") else above
            below = 0.9 if set(shown.text) & set("gjpqy") else 0.05
            level = np.log(shown.density) + rng.normal(0, 0.12)
            column += shown.gap
            rows.append(
                (number, column, column + width, above + rng.normal(0, 0.1), below + rng.normal(0, 0.1), np.exp(level))
            )
            column += width
    columns = np.array(rows).T
    return FoundWords(columns[0].astype(np.int64), *columns[1:])


def text_of(lines: Sequence[Sequence[str]]) -> Transcript:
    return Transcript(tuple(tuple(line) for line in lines))


def pairs_of(matching: Matching) -> set[tuple[tuple[int, ...], tuple[int, ...]]]:
    return {(one.found, one.texts) for one in matching.matches}


def one_to_one(count: int) -> set[tuple[tuple[int, ...], tuple[int, ...]]]:
    return {((number,), (number,)) for number in range(count)}


WORDS = [word for line in LINES for word in line]


@pytest.mark.parametrize("seed", range(3))
def test_every_word_of_a_page_is_matched_to_itself_and_the_widths_of_the_hand_are_learned(seed: int) -> None:
    found = page_of(LINES, seed)
    matching = match(found, text_of(LINES), usual_width)
    assert pairs_of(matching) == one_to_one(len(WORDS))
    assert matching.has_lines
    expected = np.array([matching.widths.of(word) for word in WORDS])
    assert np.median(np.abs(expected / found.width - 1)) < 0.07


def test_a_drawn_page_is_matched_word_for_word() -> None:
    page = draw_page(random_style(3, size=(6.0, 4.0), dpi=120), seed=3)
    matching = match(found_words(Auto()(page.image)), text_of(page.text), usual_width)
    assert pairs_of(matching) == one_to_one(len(page.lines))


@pytest.mark.parametrize("per_line", [9, 10_000])
def test_a_text_with_other_line_ends_or_none_is_matched_as_well(per_line: int) -> None:
    running = [WORDS[start : start + per_line] for start in range(0, len(WORDS), per_line)]
    matching = match(page_of(LINES), text_of(running), usual_width)
    assert pairs_of(matching) == one_to_one(len(WORDS))
    assert not matching.has_lines


@pytest.mark.parametrize("missing", [0, 11, len(LINES) - 1])
def test_a_line_that_only_one_of_page_and_text_has_is_skipped_and_costs_nothing_else(missing: int) -> None:
    fewer = [*LINES[:missing], *LINES[missing + 1 :]]
    first = sum(map(len, LINES[:missing]))
    gone = tuple(range(first, first + len(LINES[missing])))
    rest = [number for number in range(len(WORDS)) if number not in gone]
    on_page = match(page_of(LINES), text_of(fewer), usual_width)
    assert on_page.skipped_found == gone
    assert pairs_of(on_page) == {((number,), (place,)) for place, number in enumerate(rest)}
    in_text = match(page_of(fewer), text_of(LINES), usual_width)
    assert in_text.skipped_texts == gone
    assert pairs_of(in_text) == {((place,), (number,)) for place, number in enumerate(rest)}


@pytest.mark.parametrize("seed", range(3))
def test_words_left_out_of_text_or_page_cost_few_others(seed: int) -> None:
    """One word in twenty is missing."""
    left_out = set(np.random.default_rng(seed).choice(len(WORDS), len(WORDS) // 20, replace=False).tolist())
    numbers = iter(range(len(WORDS)))
    kept = [[(word, number) for word in line if (number := next(numbers)) not in left_out] for line in LINES]
    fewer = [[word for word, _ in line] for line in kept]
    true = {((place,), (number,)) for place, (_, number) in enumerate(pair for line in kept for pair in line)}
    from_page = match(page_of(fewer, seed), text_of(LINES), usual_width)
    from_text = match(page_of(LINES, seed), text_of(fewer), usual_width)
    assert len(true & pairs_of(from_page)) >= 0.97 * len(true)
    assert len({(texts, found) for found, texts in true} & pairs_of(from_text)) >= 0.97 * len(true)
    listed = [*from_text.skipped_found, *(number for one in from_text.matches for number in one.found)]
    assert sorted(listed) == list(range(len(WORDS)))
    listed = [*from_page.skipped_texts, *(number for one in from_page.matches for number in one.texts)]
    assert sorted(listed) == list(range(len(WORDS)))


def test_a_scribbled_out_word_a_page_number_and_a_speck_are_skipped() -> None:
    number = 7
    page: list[list[str | Shown]] = [list(line) for line in LINES]
    page[number].insert(2, Shown("handles", density=2.5))
    page[number + 1].append(Shown(".", gap=4.0))
    page.append(["12"])
    before = sum(map(len, LINES[: number + 1])) + 1
    scribble, speck = sum(map(len, LINES[:number])) + 2, before + len(LINES[number + 1])
    matching = match(page_of(page), text_of(LINES), usual_width)
    assert matching.skipped_found == (scribble, speck, len(WORDS) + 2)
    assert matching.skipped_texts == ()
    assert [one.texts for one in matching.matches] == [(place,) for place in range(len(WORDS))]


def test_words_found_as_one_and_a_word_found_as_two_are_matched_together() -> None:
    line = ["the", "wonderful", "marmalade", "of", "our", "neighbour", "tastes", "of", "oranges."]
    parts: list[str | Shown] = ["the", "wonderful", "marma", Shown("lade", gap=0.4), "ofour", "neighbour", "tastes"]
    page = [*LINES, [*parts, "of", "oranges", Shown(".", gap=0.5)]]
    matching = match(page_of(page), text_of([*LINES, line]), usual_width)
    end = [
        (tuple(number - len(WORDS) for number in one.found), one.written)
        for one in matching.matches
        if one.texts[0] >= len(WORDS)
    ]
    assert ((2, 3), ("marmalade",)) in end
    assert ((4,), ("of", "our")) in end
    assert ((8, 9), ("oranges.",)) in end
    assert len(end) == 8
    assert matching.skipped_found == matching.skipped_texts == ()


def test_a_word_broken_over_the_end_of_a_line_is_two_matches_and_the_first_has_the_hyphen_of_the_page() -> None:
    page = [*LINES, ["they", "were", "understand-"], ["ably", "tired", "of", "twenty-"], ["seven", "questions"]]
    text = [*LINES, ["they", "were", "understandably"], ["tired", "of", "twenty-seven"], ["questions"]]
    matching = match(page_of(page), text_of(text), usual_width)
    parts = [one for one in matching.matches if one.is_part]
    assert [one.texts[0] - len(WORDS) for one in parts] == [2, 2, 5, 5]
    assert [one.written[0] for one in parts[2:]] == ["twenty-", "seven"]
    head, tail = (one.written[0] for one in parts[:2])
    assert head.endswith("-")
    assert head[:-1] + tail == "understandably"
    assert abs(len(head) - len("understand-")) <= 1
    assert matching.skipped_found == matching.skipped_texts == ()


@pytest.mark.parametrize("lines", [OTHERS, OTHERS[:12], LINES[12:] + LINES[:12]])
@pytest.mark.parametrize("seed", range(2))
def test_a_text_of_another_page_is_refused_in_one_line_that_says_how_little_fits(
    lines: Sequence[Sequence[str]], seed: int
) -> None:
    with pytest.raises(DataError, match=r"^fits .*\d+% .*another page\?$") as caught:
        match(page_of(LINES[: len(lines)], seed), text_of(lines), usual_width)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("seed", range(3))
def test_the_right_text_is_accepted_with_a_fifth_of_its_lines_missing_or_foreign(seed: int) -> None:
    found = page_of(LINES, seed)
    assert match(found, text_of([line for number, line in enumerate(LINES) if number % 5 != seed]), usual_width)
    more = [
        row for number, line in enumerate(LINES) for row in (line, *([OTHERS[number]] if number % 5 == seed else []))
    ]
    assert match(found, text_of(more), usual_width)


def test_a_text_of_few_words_is_accepted_although_their_order_says_little() -> None:
    found = page_of(LINES[:1])
    first = FoundWords(*(getattr(found, field.name)[:3] for field in fields(FoundWords)))
    assert match(first, text_of([["now", "and", "then"]]), usual_width).matches


def test_letters_decide_which_of_two_equally_wide_words_is_left_out() -> None:
    text = [*LINES, ["so", "many", "people", "came", "back", "home"]]
    page = [*LINES, ["so", "many", "people", "home"]]
    found, transcript = page_of(page), text_of(text)
    shown = [word for line in page for word in line]
    asked = []

    def letters(boxes: tuple[int, ...], written: str) -> float:
        asked.append(boxes)
        return 1.0 + 0.05 * (sum(boxes) % 3) + (" ".join(shown[number] for number in boxes) != written)

    matching = rematch(found, transcript, match(found, transcript, usual_width), letters)
    assert [transcript.words[number] for number in matching.skipped_texts] == ["came", "back"]
    assert {one.written for one in matching.matches if one.found[0] == len(shown) - 1} == {("home",)}
    assert len(asked) < 500


@pytest.mark.parametrize(("name", "skipped"), [("notebook-test3", [(25, 7)]), ("notebook-text3", [(10, 10)])])
def test_a_photographed_page_is_matched_word_for_word(
    shared_data: Path, name: str, skipped: list[tuple[int, int]]
) -> None:
    """Only a word crossed out, and a piece of the paper's edge, are no words of the text."""
    path = shared_data / "pages" / f"{name}.jpg"
    transcript = read_transcript(path.with_suffix(".txt"))
    found = found_words(Auto()(read_scan(Scan(path, 0, 1))), slope=0.45)
    matching = match(found, transcript, usual_width)
    order = [number - int((found.line < found.line[number]).sum()) for number in range(len(found.line))]
    assert [(int(found.line[number]), order[number]) for number in matching.skipped_found] == skipped
    assert matching.skipped_texts == ()
    assert [one.texts for one in matching.matches] == [(number,) for number in range(len(transcript.words))]
    assert tuple(found.line[one.found[0]] for one in matching.matches) == transcript.line_numbers
