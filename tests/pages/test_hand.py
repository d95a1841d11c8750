"""A folder's pieces at one scale, and the contact sheet of its labels."""

from __future__ import annotations

import csv

import numpy as np
import pytest
from PIL import Image

from handwriting.errors import DataError
from handwriting.pages import hand
from handwriting.pages.folder import SegmentedFolder
from handwriting.pages.hand import at_own_scale, write_label_sheet
from handwriting.pages.labels import LabelRow, character_key, write_labels
from handwriting.plots.label_sheet import ODD
from tests.pages.builders import contents, write_folder


@pytest.fixture
def folder(tmp_path):
    return write_folder(tmp_path / "out", character=8)


def label(folder, labels, badness=0.0):
    rows = zip(folder.rows("character"), labels, strict=False)
    write_labels(
        folder, [LabelRow(*character_key(row), text, 0.95, "program", True, 1.0, badness) for row, text in rows]
    )


def test_the_sheet_shows_the_labelled_characters_that_have_a_picture(folder):
    label(folder, "aab")
    write_label_sheet(folder)
    with Image.open(folder.path / "labels.png") as picture:
        height = picture.height
    label(folder, "aabcde")
    (folder.path / "characters" / "page_000_000_005.png").unlink()
    write_label_sheet(folder)
    with Image.open(folder.path / "labels.png") as picture:
        assert picture.height == pytest.approx(2 * height, abs=80)  # four classes, of which the last has no picture


def test_each_character_has_the_number_of_its_row_in_the_table(folder, monkeypatch):
    drawn = {}
    monkeypatch.setattr(hand, "draw_label_sheet", lambda *given, **more: drawn.update(more) or Image.new("RGB", (4, 4)))
    label(folder, "abcdef")
    (folder.path / "characters" / "page_000_000_002.png").unlink()
    write_label_sheet(folder)
    table = list(csv.reader((folder.path / "labels.csv").read_text().splitlines()))
    assert [table[number - 1][4] for number in drawn["numbers"]] == [*"abdef"]


def test_a_character_that_the_table_calls_bad_is_marked_as_oddly_drawn(folder):
    blue = {}
    for badness in (0.0, 0.95):
        label(folder, "aab", badness)
        write_label_sheet(folder)
        with Image.open(folder.path / "labels.png") as picture:
            blue[badness] = (np.asarray(picture) == ODD).all(axis=2).any()
    assert blue == {0.0: False, 0.95: True}


def test_the_same_labels_give_the_same_bytes_and_nothing_else_changes(folder):
    label(folder, "aab")
    before = contents(folder.path)
    write_label_sheet(folder)
    first = contents(folder.path)
    write_label_sheet(folder)
    assert contents(folder.path) == first
    assert {name: content for name, content in first.items() if name != "labels.png"} == before


def test_junk_alone_is_drawn_too(folder):
    label(folder, ["", ""])
    write_label_sheet(folder)
    assert (folder.path / "labels.png").is_file()


@pytest.mark.parametrize("labels", [None, ""])
def test_a_folder_without_labels_has_no_sheet(folder, labels):
    if labels is not None:
        label(folder, labels)
    with pytest.raises(DataError, match=r"labels.csv labels no character that has a picture. Label the pages first."):
        write_label_sheet(folder)


def test_typical_pieces_set_the_scale(folder):
    rows = list(folder.rows("character"))
    odd = [rows[0]._replace(above=9.0, below=3.0), *rows[1:]]
    typical = np.arange(len(rows)) > 0
    usual = at_own_scale(folder, rows, 32)
    assert usual.shape == (8, 1, 32, 32)
    assert np.array_equal(at_own_scale(folder, odd, 32, typical)[1:], usual[1:])
    assert not np.array_equal(at_own_scale(folder, odd, 32)[1:], usual[1:])


def test_photographed_characters_keep_their_size(shared_data, tmp_path):
    from handwriting.jobs import start

    page = shared_data / "pages" / "worddetectornn-cvl.jpg"
    assert start("segment", [f"pages={page}", f"out={tmp_path / 'out'}", "workers=1"]) == 0
    folder = SegmentedFolder(tmp_path / "out")
    rows = list(folder.rows("character"))
    images = at_own_scale(folder, rows, 64)
    inked = (images[:, 0] > 64).any(axis=2)
    heights = np.array([np.ptp(np.flatnonzero(row)) + 1 if row.any() else 0 for row in inked])
    wanted = np.array([row.above + row.below for row in rows])
    assert np.corrcoef(heights, wanted)[0, 1] > 0.97
    stops = np.array([row.above < 0.4 and row.below < 0.2 for row in rows])
    assert stops.any()
    assert heights[stops].max() < 0.2 * 64
