"""``hand.json``: measured once, and again when what it was measured on has changed."""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from pathlib import Path

import pytest

from handwriting.errors import DataError
from handwriting.pages import hand_file
from handwriting.pages.folder import SegmentedFolder
from handwriting.pages.hand_file import read_hand
from handwriting.pages.labels import LabelRow, write_labels
from handwriting.pages.names import HAND_FILE
from handwriting.writing.bank import Bank
from handwriting.writing.measuring import measure_hand
from tests.pages.builders import write_draft, write_folder
from tests.writing.hands import drawn_hand


class Reader:
    """Counts how often the hand's words are read."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self) -> Bank:
        self.times += 1
        return Bank(drawn_hand(["nu", "lun"]))


@pytest.fixture
def folder(tmp_path: Path) -> SegmentedFolder:
    return labelled(write_folder(tmp_path / "hand", word=1, character=3))


def labelled(folder: SegmentedFolder, label: str = "n") -> SegmentedFolder:
    rows = [LabelRow("page.png", 0, 0, order, label, 1.0, "transcript", True, 1.0, 0.1) for order in range(3)]
    write_labels(folder, rows)
    return folder


def test_a_hand_is_measured_once(folder: SegmentedFolder) -> None:
    reader = Reader()
    first = read_hand(folder, reader)
    content = (folder.path / HAND_FILE).read_bytes()
    assert read_hand(folder, reader) == first
    assert reader.times == 1
    (folder.path / HAND_FILE).unlink()
    read_hand(folder, reader)
    assert (folder.path / HAND_FILE).read_bytes() == content


def test_a_hand_is_measured_again_once_its_labels_or_pictures_change(folder: SegmentedFolder) -> None:
    reader = Reader()
    read_hand(folder, reader)
    labelled(folder, "u")
    read_hand(folder, reader)
    assert reader.times == 2
    next((folder.path / "characters").iterdir()).unlink()
    read_hand(folder, reader)
    assert reader.times == 3


@pytest.mark.parametrize("content", ["{", "[]", "{}", '{"schema": 0}', '{"schema": 1, "source": "x"}', "spoiled"])
def test_a_file_that_is_broken_or_of_another_version_is_measured_again(
    folder: SegmentedFolder, content: str, caplog: pytest.LogCaptureFixture
) -> None:
    reader = Reader()
    first = read_hand(folder, reader)
    path = folder.path / HAND_FILE
    good = json.loads(path.read_text())
    if content == "spoiled":
        good["hand"]["pen"]["width"] = -3
        content = json.dumps(good)
    path.write_text(content)
    with caplog.at_level(logging.WARNING):
        assert read_hand(folder, reader) == first
    assert reader.times == 2
    assert all(len(record.getMessage().splitlines()) == 1 for record in caplog.records)
    if "pen" in content:
        assert "(hand.pen.width='-3' is no number from 0.001 to 10): the hand is measured again" in caplog.text


def test_measures_that_no_handwriting_has_are_refused(folder: SegmentedFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    odd = replace(measure_hand(Reader()()), ascent=1e9)
    monkeypatch.setattr(hand_file, "measure_hand", lambda _: odd)
    with pytest.raises(
        DataError, match=r"measures like no handwriting \(hand\.ascent='1000000000\.0' is no number from"
    ):
        read_hand(folder, Reader())
    assert not (folder.path / HAND_FILE).exists()


def test_a_new_segmentation_takes_the_measures_of_the_old_one_away(folder: SegmentedFolder) -> None:
    read_hand(folder, Reader())
    with folder.draft() as draft:
        write_draft(draft, word=1, character=3)
    assert not (folder.path / HAND_FILE).exists()


def test_a_folder_without_labels_is_refused_in_a_line(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no labels\.csv\. Label the pages first") as error:
        read_hand(write_folder(tmp_path / "hand", word=1, character=3), Reader())
    assert "\n" not in str(error.value)
