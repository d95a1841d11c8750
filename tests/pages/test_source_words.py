"""The words of a hand are read from its folder as the page shows them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.drawn_pages import DrawnPage, draw_page
from benchmarks.page_style import PageStyle
from handwriting.pages.folder import SegmentedFolder
from handwriting.pages.labels import character_key
from handwriting.pages.source_words import read_source_words
from handwriting.writing.source import SourceWord, apply
from tests.pages.builders import write_drawn_hand

SLANT = 8.0
STYLE = PageStyle(size=(5, 3), margin=0.3, dpi=150, slant=SLANT)


@pytest.fixture(scope="module")
def page() -> DrawnPage:
    return draw_page(STYLE, 3)


@pytest.fixture(scope="module")
def folder(page: DrawnPage, tmp_path_factory: pytest.TempPathFactory) -> SegmentedFolder:
    return write_drawn_hand(tmp_path_factory.mktemp("hands") / "drawn", page)


@pytest.fixture(scope="module")
def words(folder: SegmentedFolder) -> list[SourceWord]:
    return read_source_words(folder)


def test_words_hold_the_letters_that_stand_on_the_page(page: DrawnPage, words: list[SourceWord]) -> None:
    found = ["".join(word.labels) for word in words if all(word.labels)]
    truth = [word for line in page.text for word in line]
    assert len(found) > 0.8 * len(truth)
    assert set(found) <= set(truth)


def test_each_letter_lies_where_its_own_picture_shows_it(folder: SegmentedFolder, words: list[SourceWord]) -> None:
    rows = {character_key(row): row for row in folder.rows("character")}
    checked = 0
    for word in words:
        for letter in range(len(word)):
            crop = folder.crop(rows[(*word.key, letter)])
            own = np.where(word.owner == letter + 1, word.ink, 0)
            ys, xs = np.nonzero(own)
            inked = np.nonzero(crop)
            if len(ys) and len(inked[0]):
                cut = own[ys.min() : ys.max() + 1, xs.min() : xs.max() + 1]
                part = crop[inked[0].min() : inked[0].max() + 1, inked[1].min() : inked[1].max() + 1]
                checked += cut.shape == part.shape and bool((cut == part).mean() > 0.97)
    assert checked > 0.9 * sum(map(len, words))


def test_letters_stand_on_the_baseline_of_their_word(words: list[SourceWord]) -> None:
    feet = [
        word.frame_of(letter)[:, 1].min()
        for word in words
        for letter, label in enumerate(word.labels)
        if label and label in "aceimnorsuvwxz"
    ]
    assert abs(np.median(feet)) < 0.2
    assert np.std(feet) < 0.2


def test_the_slant_is_that_of_the_page(words: list[SourceWord]) -> None:
    assert np.degrees(np.arctan(words[0].slant)) == pytest.approx(SLANT, abs=3)


def test_places_in_the_frame_and_in_the_picture_name_each_other(words: list[SourceWord]) -> None:
    points = np.random.default_rng(0).uniform(-2, 8, (20, 2))
    there = apply(words[0].from_frame, *points.T)
    np.testing.assert_allclose(apply(words[0].to_frame, *there.T), points, atol=1e-9)


def test_a_letter_whose_picture_was_deleted_is_not_written_with(folder: SegmentedFolder, tmp_path: Path) -> None:
    import shutil

    copy = SegmentedFolder(Path(shutil.copytree(folder.path, tmp_path / "copy")))
    first = next(row for row in copy.rows("character") if row.order == 0)
    before = read_source_words(copy)[0]
    (copy.path / first.file).unlink()
    after = read_source_words(copy)[0]
    assert len(after) == len(before) - 1
    assert "".join(after.labels) == "".join(before.labels)[1:]
