"""The words of a hand are read from its folder as the page shows them."""

from __future__ import annotations

import csv
import json
import logging
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmarks.drawn_pages import DrawnPage, draw_page
from benchmarks.page_style import PageStyle
from handwriting.errors import DataError
from handwriting.pages.folder import SegmentedFolder
from handwriting.pages.labels import character_key
from handwriting.pages.source_words import read_source_words
from handwriting.segmentation.crops import MARGIN, margin_of
from handwriting.segmentation.page import Box, Piece
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
    copy = SegmentedFolder(Path(shutil.copytree(folder.path, tmp_path / "copy")))
    first = next(row for row in copy.rows("character") if row.order == 0)
    before = read_source_words(copy)[0]
    (copy.path / first.file).unlink()
    after = read_source_words(copy)[0]
    assert len(after) == len(before) - 1
    assert "".join(after.labels) == "".join(before.labels)[1:]


# What was edited.


@pytest.fixture
def copy(folder: SegmentedFolder, tmp_path: Path) -> SegmentedFolder:
    return SegmentedFolder(Path(shutil.copytree(folder.path, tmp_path / "copy")))


def refusal(folder: SegmentedFolder) -> str:
    with pytest.raises(DataError) as error:
        read_source_words(folder)
    assert "\n" not in str(error.value)
    return str(error.value)


def edit_box(folder: SegmentedFolder, kind: str, **cells: str) -> None:
    """Change cells of the second row of a kind in ``boxes.csv``."""
    table = folder.path / "boxes.csv"
    names, *rows = csv.reader(table.read_text().splitlines())
    row = [row for row in rows if row[names.index("kind")] == kind][1]
    for name, cell in cells.items():
        row[names.index(name)] = cell
    table.write_text("\n".join(map(",".join, [names, *rows])) + "\n")


@pytest.mark.parametrize("cell", ["", "nan", "inf", "1e300", "1.5", "-1000000000000", "0", "-3", "wide"])
def test_a_number_that_no_box_has_is_named_with_its_line(copy: SegmentedFolder, cell: str) -> None:
    edit_box(copy, "line", w=cell)
    assert f"w='{cell}' is no whole number from 1 to 1,000,000; line 3). Correct it, or segment" in refusal(copy)


def test_a_character_without_the_number_of_its_word_is_named(copy: SegmentedFolder) -> None:
    edit_box(copy, "character", word="")
    assert "word='' is not what a character has" in refusal(copy)


@pytest.mark.parametrize("kind", ["word", "character"])
@pytest.mark.parametrize("cell", [{"x": "-1"}, {"y": "999999"}, {"w": "999999"}, {"above": "9"}, {"below": "99"}])
def test_a_box_outside_of_what_holds_it_is_named(copy: SegmentedFolder, kind: str, cell: dict[str, str]) -> None:
    edit_box(copy, kind, **cell)
    parent = "line" if kind == "word" else "word"
    assert f"boxes.csv: the {kind} page=page1.png line=0" in (message := refusal(copy))
    assert f"order=1 does not lie within its {parent}: one of the two was changed. Segment the pages again" in message


def test_rows_that_are_listed_twice_or_lack_their_word_are_named(copy: SegmentedFolder) -> None:
    table = copy.path / "boxes.csv"
    lines = table.read_text().splitlines(keepends=True)
    table.write_text("".join([*lines, lines[-1]]))
    assert "boxes.csv lists the character page=page1.png line=" in (message := refusal(copy))
    assert "twice. Remove one of them" in message
    word = next(number for number, line in enumerate(lines) if line.split(",")[4] == "word")
    table.write_text("".join(lines[:word] + lines[word + 1 :]))
    assert "boxes.csv lists no word for the character page=page1.png line=0 word=0 order=0." in refusal(copy)


@pytest.mark.parametrize("x_height", [0, -3, 1e-9, 3, 300, 9999])
def test_an_x_height_that_is_not_that_of_the_pictures_is_named(copy: SegmentedFolder, x_height: float) -> None:
    edit_report(copy, x_height=x_height)
    assert "report.json gives the page page1.png an x-height of" in refusal(copy)


@pytest.mark.parametrize("skew", [float("nan"), float("inf"), 1e12, -91])
def test_a_skew_that_no_page_has_is_named(copy: SegmentedFolder, skew: float) -> None:
    edit_report(copy, skew=skew)
    assert "report.json gives the page page1.png a skew that is not from -90 to 90 degrees" in refusal(copy)


def edit_report(folder: SegmentedFolder, **values: float) -> None:
    report = folder.report()
    report["pages"][0] |= values
    (folder.path / "report.json").write_text(json.dumps(report))


SPOILED: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "shows no ink": lambda picture: np.full_like(picture, 255),
    "shows no paper": np.zeros_like,
    "shows no paper ": lambda picture: picture[:1, :1] * 0,
    "pixels, and by boxes.csv its ink is": lambda picture: np.kron(picture, np.ones((3, 1), np.uint8)),
}


@pytest.mark.parametrize("fault", SPOILED)
@pytest.mark.parametrize("kind", ["words", "characters"])
def test_one_picture_that_shows_no_piece_is_left_out_and_named(
    copy: SegmentedFolder, words: list[SourceWord], kind: str, fault: str, caplog: pytest.LogCaptureFixture
) -> None:
    picture = min((copy.path / kind).glob("*.png"))
    Image.fromarray(SPOILED[fault](np.array(Image.open(picture)))).save(picture)
    with caplog.at_level(logging.WARNING):
        read = read_source_words(copy)
    (record,) = caplog.records
    assert f"1 picture is left out: {kind}/{picture.name} " in record.getMessage()
    assert f"{fault.strip()}" in record.getMessage()
    assert "Delete what is wrong, or segment the pages again" in record.getMessage()
    picture.unlink()
    assert [word.labels for word in read] == [word.labels for word in read_source_words(copy)]
    assert len(read) == len(words) - (kind == "words")


def test_a_letter_that_is_not_the_ink_of_its_word_is_left_out_and_named(
    copy: SegmentedFolder, caplog: pytest.LogCaptureFixture
) -> None:
    words = {(row.line, row.order): row for row in copy.rows("word")}
    letters = [row for row in copy.rows("character") if row.line]
    small = min(letters, key=lambda row: words[row.line, row.word].w)
    wide = 255 - np.pad(copy.crop(small), ((0, 0), (0, words[small.line, small.word].w)))
    Image.fromarray(wide).save(copy.path / small.file)
    first = next(copy.rows("character"))
    noise = np.random.default_rng(0).integers(0, 255, copy.crop(first).shape).astype(np.uint8)
    Image.fromarray(noise).save(copy.path / first.file)
    read_source_words(copy)
    assert "2 pictures are left out: " in caplog.text
    assert f"{first.file} shows other ink than its word" in caplog.text
    assert f"{small.file} is larger than its word" in caplog.text


def test_a_folder_whose_pictures_are_all_wrong_or_gone_is_refused(copy: SegmentedFolder) -> None:
    pictures = sorted((copy.path / "words").glob("*.png"))
    for picture in pictures:
        Image.new("L", Image.open(picture).size, 255).save(picture)
    message = refusal(copy)
    assert f"has no picture of a word that can be used: words/{pictures[0].name} shows no ink; " in message
    assert f"and {len(pictures) - 3:,} more. Segment the pages again" in message
    shutil.rmtree(copy.path / "words")
    assert "lacks its pictures: no word is left in words" in refusal(copy)


def test_a_folder_of_characters_alone_is_refused(copy: SegmentedFolder) -> None:
    table = copy.path / "boxes.csv"
    lines = table.read_text().splitlines(keepends=True)
    table.write_text("".join(line for line in lines if line.split(",")[4] != "word"))
    assert "boxes.csv lists no words. Segment the pages again, with preset=auto" in refusal(copy)


def test_specks_that_the_segmentation_took_for_letters_are_no_faults(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    # One pixel of the edge of a stroke, amid that stroke's ink; and one of the paper's grain, away from it.
    word = np.zeros((50, 80), np.uint8)
    word[10:40, 20:60] = np.clip(np.linspace(60, 900, 40), 0, 255)
    speck = np.zeros((3, 3), np.uint8)
    speck[:, 1:] = [[30, 20], [60, 80], [30, 20]]
    stroke = word[6:44, 16:64].copy()
    stroke[18:21, 4:6] = 0
    word[29:32, 68:71] = grain = speck.T
    box, of_speck, of_grain = Box(100, 50, 72, 42), Box(116, 75, 1, 1), Box(164, 70, 1, 1)
    folder = SegmentedFolder(tmp_path / "hand")
    with folder.draft() as draft:
        with draft.page("page.png", "page", 32) as writer:
            overlay = writer.add_overlay(Image.new("RGB", (60, 40), "white"))
            writer.add_line(Piece("line", 0, -1, 0, box, box, 1.0, 1.1))
            writer.add_crop(Piece("word", 0, 0, 0, box, box, 1.0, 1.1), word)
            writer.add_crop(Piece("character", 0, 0, 0, of_speck, of_speck, 0.1, 0.0), speck)
            of_stroke = Box(117, 57, 40, 30)
            writer.add_crop(Piece("character", 0, 0, 1, of_stroke, of_stroke, 1.0, 0.5), stroke)
            writer.add_crop(Piece("character", 0, 0, 2, of_grain, of_grain, 0.4, -0.3), grain)
        with draft.merging(32) as append:
            append("page")
        draft.write_report({"pages": [{"page": "page.png", "overlay": overlay, "x_height": 20.0}]})
    (read,) = read_source_words(folder)
    assert not caplog.records
    assert len(read) == 2  # grain is no letter, and an edge may be one


@pytest.mark.parametrize("side", [1, 2, 3, 4, 9, 40])
def test_the_margin_is_that_of_the_crop_down_to_a_single_pixel(side: int) -> None:
    around = max(1, int(np.ceil(MARGIN / (1 - 2 * MARGIN) * side)))
    assert margin_of(np.zeros((side + 2 * around, 1 + 2 * around), np.uint8)) == around
