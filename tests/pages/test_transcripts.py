"""The text of a photograph is the file next to it that has its name."""

from __future__ import annotations

from pathlib import Path

import pytest

from handwriting.errors import DataError
from handwriting.pages.scans import Scan
from handwriting.pages.transcripts import transcript_of_scan, transcript_path


def write(path: Path, text: str) -> Path:
    path.write_text(text, "utf-8")
    return path


def test_a_photograph_has_the_text_of_its_name_and_may_have_none(tmp_path: Path) -> None:
    text = write(tmp_path / "one.two.txt", "a\fb")
    scan = Scan(tmp_path / "one.two.jpg", 0, 1)
    assert transcript_path(scan) == text
    transcript = transcript_of_scan(scan)
    assert transcript is not None
    assert transcript.words == ("a", "b")
    assert transcript_path(Scan(tmp_path / "other.jpg", 0, 1)) is None
    assert transcript_of_scan(Scan(tmp_path / "other.jpg", 0, 1)) is None


@pytest.mark.parametrize("name", ["one.TXT", "one.Txt", "one.txT"])
def test_the_ending_of_a_text_may_be_of_any_case(tmp_path: Path, name: str) -> None:
    text = write(tmp_path / name, "words")
    assert (found := transcript_path(Scan(tmp_path / "one.jpg", 0, 1)))
    assert found.samefile(text)
    write(tmp_path / name.replace("one", "scan"), "one\ftwo")
    transcript = transcript_of_scan(Scan(tmp_path / "scan.pdf", 1, 2))
    assert transcript
    assert transcript.words == ("two",)


def test_a_folder_or_a_broken_link_in_the_place_of_a_text_is_named(tmp_path: Path) -> None:
    (tmp_path / "one.txt").mkdir()
    (tmp_path / "two.txt").symlink_to("nowhere")
    for name, what in (("one", "a folder"), ("two", "a broken link")):
        with pytest.raises(DataError) as caught:
            transcript_of_scan(Scan(tmp_path / f"{name}.jpg", 0, 1))
        assert str(caught.value).startswith(f"{tmp_path / name}.txt is {what}. ")


def test_a_page_of_several_has_its_own_text_before_its_part_of_one(tmp_path: Path) -> None:
    write(tmp_path / "scan.txt", "first\ntwo\fsecond\fthird\f\n")
    own = write(tmp_path / "scan_2.txt", "own")
    scans = [Scan(tmp_path / "scan.pdf", number, 3) for number in range(3)]
    assert transcript_path(scans[1]) == own
    read = [transcript_of_scan(scan) for scan in scans]
    assert [found and found.words for found in read] == [("first", "two"), ("own",), ("third",)]


def test_numbers_may_be_padded_as_those_of_the_crops_are(tmp_path: Path) -> None:
    text = write(tmp_path / "scan_02.txt", "two")
    assert transcript_path(Scan(tmp_path / "scan.tif", 1, 12)) == text


def test_a_text_with_another_number_of_pages_is_refused_with_both_numbers(tmp_path: Path) -> None:
    write(tmp_path / "scan.txt", "one\ftwo")
    with pytest.raises(DataError, match=r"2 pages of text.* for 3 pages"):
        transcript_of_scan(Scan(tmp_path / "scan.pdf", 0, 3))


def test_an_empty_page_of_a_text_is_named(tmp_path: Path) -> None:
    write(tmp_path / "scan.txt", "one\f\fthree")
    with pytest.raises(DataError, match=r"scan.txt page 2 holds no words"):
        transcript_of_scan(Scan(tmp_path / "scan.pdf", 1, 3))
