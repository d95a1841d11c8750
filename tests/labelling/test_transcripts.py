"""A transcript is read as it is meant, whatever program wrote it; what is none is refused in one line."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from handwriting.errors import DataError
from handwriting.labelling.copy_lines import copy_lines
from handwriting.labelling.plain_text import MAX_TEXT_BYTES
from handwriting.labelling.transcripts import read_transcript, transcript_of


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "one.txt"


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_line_ends_byte_order_mark_and_empty_lines_change_nothing(file: Path, line_end: str, mark: str) -> None:
    file.write_bytes((mark + line_end.join(["one  two ", "", "\tthree", "", ""])).encode())
    assert read_transcript(file).lines == (("one", "two"), ("three",))


def test_words_are_numbered_by_their_line(file: Path) -> None:
    file.write_text("one two\n\nthree", "utf-8")
    transcript = read_transcript(file)
    assert transcript.words == ("one", "two", "three")
    assert transcript.line_numbers == (0, 0, 1)


def test_what_a_word_processor_makes_of_a_text_is_undone(file: Path) -> None:
    text = "“It\u2019s\u00a0late” \u2013 she\u200b\u00ad sai\u0064\u202f: \u00abe\u0301te\u0301\u00bb \u2060 \x07"
    file.write_text(text, "utf-8")
    assert read_transcript(file).words == ("\"It's", 'late"', "-", "she", "said", ":", '"été"')


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("caf\u00e9".encode("latin-1"), r"not text in UTF-8 \(line 1\)"),
        ("\none".encode("utf-16"), "not text in UTF-8"),
        ("one".encode("utf-16-le"), "null characters"),
        (b"\x89PNG\r\n\x1a\n\0\0", "not text in UTF-8"),
        (b"", "holds no words"),
        ("\ufeff \n\u200b".encode(), "holds no words"),
        (b"a " * (MAX_TEXT_BYTES // 2 + 1), "more than 1,000,000 bytes"),
        ("one\n\u05e9\u05dc\u05de two".encode(), r"from right to left \(line 2: \u05e9\u05dc\u05de\)"),
    ],
)
def test_what_is_no_transcript_is_refused_in_one_line_that_names_the_file(
    file: Path, content: bytes, reason: str
) -> None:
    file.write_bytes(content)
    with pytest.raises(DataError, match=reason) as caught:
        read_transcript(file)
    assert str(file) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_folder_a_pipe_and_nothing_are_refused(file: Path) -> None:
    with pytest.raises(DataError, match="cannot be read"):
        read_transcript(file)
    with pytest.raises(DataError, match="cannot be read"):
        read_transcript(file.parent)
    os.mkfifo(file)
    with pytest.raises(DataError, match="not a file"):
        read_transcript(file)


def test_a_sheet_and_the_transcript_of_its_text_have_the_same_words():
    text = "so\x07me\tbell\u00ad\r\nzero\u200bwidth\u2060\x1b e\u0301\ufeff\x0bnext"
    words = " ".join(copy_lines(text)).split()
    assert words == ["so", "me", "bell", "zerowidth", "\u00e9", "next"]
    assert list(transcript_of(text).words) == words
