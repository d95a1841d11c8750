"""What `handwriting sheet` writes, prints and refuses."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pypdfium2
import pytest
from matplotlib import get_data_path

from handwriting.jobs import MISTAKE, start
from handwriting.labelling.copy_text import shortages
from handwriting.labelling.transcripts import read_transcript

NOTES = 3


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def sheet(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """Return what a command prints that succeeds."""
    status = start("sheet", words)
    printed, errors = capsys.readouterr()
    assert status == 0, errors
    return printed


def refusal(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """Return the one line with which a command is refused."""
    assert start("sheet", words) == MISTAKE
    errors = capsys.readouterr().err
    assert errors.count("\n") == 1, errors
    return errors


def pdf_lines(path: str) -> list[list[str]]:
    """Return the lines of each page of a PDF, without the instructions."""
    pages = [page.get_textpage().get_text_range().split("\r\n") for page in pypdfium2.PdfDocument(path)]
    feet = [f"page {number} of {len(pages)}" for number in range(1, len(pages) + 1)]
    if len(pages) > 1:
        assert [page.pop() for page in pages] == feet
    assert not any(foot in page for page in pages for foot in feet)
    return [page[NOTES:] for page in pages]


def lines(path: str) -> list[str]:
    return Path(path).read_text("utf-8").splitlines()


def test_the_plain_text_is_exactly_what_the_page_shows(capsys: pytest.CaptureFixture[str]) -> None:
    sheet(capsys, "seed=3")
    assert [lines("reports/copy_me.txt")] == pdf_lines("reports/copy_me.pdf")
    assert shortages("\n".join(lines("reports/copy_me.txt"))) == {}


def test_each_page_has_a_text_file_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    printed = sheet(capsys, "out=two", "repeat=2", "paper=letter")
    assert {path.name for path in Path.cwd().iterdir()} == {"two.pdf", "two_1.txt", "two_2.txt"}
    one, two = lines("two_1.txt"), lines("two_2.txt")
    assert [one, two] == pdf_lines("two.pdf")
    assert shortages("\n".join(one)) == shortages("\n".join(two)) == {}
    assert "two_1.txt and two_2.txt: put each next to its own photograph, two_1.jpg and two_2.jpg\n" in printed
    printed = sheet(capsys, "out=new/three", "repeat=3", "text=one line")
    assert "three_1.txt to three_3.txt: put each next to its own photograph, three_1.jpg to three_3.jpg\n" in printed


def test_a_few_lines_say_what_the_text_shows(capsys: pytest.CaptureFixture[str]) -> None:
    printed = sheet(capsys, "out=new/folder/sheet.pdf")
    assert "26 of 26 at least 5 times; rarest: " in printed
    assert "60 of 60 at least once" in printed
    assert "new/folder/sheet.pdf" in printed
    assert len(printed.splitlines()) < 10


def test_a_text_of_your_own_is_copied_and_what_it_lacks_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    Path("my poem (1).txt").write_bytes("\ufeffÜber alle Wiesen\r\nweht Wind,\r\n\r\nund alles ist still".encode())
    printed = sheet(capsys, "text=@my poem (1).txt", "out=copy")
    assert lines("copy.txt") == ["Über alle Wiesen", "weht Wind,", "", "und alles ist still"]
    assert pdf_lines("copy.pdf") == [["Über alle Wiesen", "weht Wind,", "und alles ist still"]]
    assert "on 3 lines" in printed
    assert "letters      2 of 26 at least 5 times; too few: a 2, b 1, d 2, " in printed
    assert "; absent: c f g j k m " in printed
    assert "others       1 character, fewer than 5 times: Ü 1" in printed


def test_english_pairs_are_counted_only_where_all_letters_are_english(capsys: pytest.CaptureFixture[str]) -> None:
    assert "pairs        5 of 60 at least once; absent: " in sheet(capsys, "text=the hare: 5 \u00a3", "out=english")
    german = sheet(capsys, "text=W\u00fcrde der Hase", "out=german")
    assert "pairs        not counted: the list is English, and the text has other letters: \u00fc" in german


def test_stanzas_stay_apart_on_the_page_and_are_one_transcript(capsys: pytest.CaptureFixture[str]) -> None:
    stanzas, together = "one\ntwo\n\n\nthree\nfour", "one\ntwo\nthree\nfour"
    for name, text in (("stanzas", stanzas), ("together", together)):
        Path(f"{name}_given.txt").write_text(text)
        sheet(capsys, f"text=@{name}_given.txt", f"out={name}")
    assert Path("stanzas.txt").read_text() == "one\ntwo\n\nthree\nfour\n"
    assert read_transcript(Path("stanzas.txt")) == read_transcript(Path("together.txt"))
    steps = {}
    for name in ("stanzas", "together"):
        page = pypdfium2.PdfDocument(f"{name}.pdf")[0].get_textpage()
        tops = [page.get_rect(number)[3] for number in range(page.count_rects())][NOTES:]
        steps[name] = [before - after for before, after in pairwise(tops)]
    assert steps["stanzas"] == pytest.approx(
        [steps["together"][0], 2 * steps["together"][1], steps["together"][2]], abs=4
    )


@pytest.mark.parametrize("paper", ["a4", "letter"])
def test_a_line_of_your_own_is_broken_only_where_the_paper_ends(capsys: pytest.CaptureFixture[str], paper: str) -> None:
    line = "This is a line of ten words or more, and it fits on paper"
    sheet(capsys, f"text={line}", f"paper={paper}", "out=kept")
    assert pdf_lines("kept.pdf") == [lines("kept.txt")] == [[line]]
    Path("long.txt").write_text("\n".join([f"{line}, {line}, {line}"] * 8 + ["i" * 90]))
    sheet(capsys, "text=@long.txt", f"paper={paper}", "out=broken")
    (found,) = pdf_lines("broken.pdf")
    assert found == lines("broken.txt")
    assert found[-1] == "i" * 90  # letters as narrow as these fit
    assert len(found) == 8 * 3 + 1
    page = np.asarray(pypdfium2.PdfDocument("broken.pdf")[0].render(scale=1).to_pil().convert("L"))
    columns = np.flatnonzero((page < 128).any(axis=0))
    assert columns[-1] < page.shape[1] * 0.92
    assert columns[-1] > page.shape[1] * 0.85


def test_a_text_may_begin_with_an_at_sign_and_quotes(capsys: pytest.CaptureFixture[str]) -> None:
    for number, (given, copied) in enumerate(
        [("@@home", "@home"), ("@@", "@"), ('"Hello"', '"Hello"'), ("???", "???")]
    ):
        sheet(capsys, f"text={given}", f"out=typed{number}")
        assert Path(f"typed{number}.txt").read_text() == f"{copied}\n"


def test_marks_are_set_apart_where_they_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    printed = sheet(capsys, "text=it rained, it snowed; €", "out=marks")
    assert "absent: '.' ':' '!' '?' \"'\" '\"'" in printed
    assert "others       1 character, fewer than 5 times: '€' 1" in printed


def test_other_letters_of_a_text_are_named_alone_without_pairs(capsys: pytest.CaptureFixture[str]) -> None:
    Path("german.txt").write_text("Größere Füße müssen fließen, Äpfel schön", "utf-8")
    printed = sheet(capsys, "text=@german.txt")
    assert "the text has other letters: ö ß ü Ä\n" in printed


def test_a_text_of_your_own_may_be_typed_and_printed_again(capsys: pytest.CaptureFixture[str]) -> None:
    sheet(capsys, "text=Dear Ann, it's 5 o'clock!", "out=ann.pdf", "repeat=2")
    assert lines("ann_1.txt") == lines("ann_2.txt") == ["Dear Ann, it's 5 o'clock!"]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", ["写し", "דף", "x" * 200])
def test_a_name_that_the_page_cannot_show_does_not_spoil_it(capsys: pytest.CaptureFixture[str], name: str) -> None:
    sheet(capsys, f"out={name}.pdf", "text=one line")
    assert pdf_lines(f"{name}.pdf") == [["one line"]]


def test_another_font_shows_the_same_text(capsys: pytest.CaptureFixture[str]) -> None:
    sheet(capsys, f"font={Path(get_data_path()) / 'fonts' / 'ttf' / 'STIXGeneral.ttf'}")
    assert pdf_lines("reports/copy_me.pdf") == [lines("reports/copy_me.txt")]


def test_a_long_text_fills_several_pages_and_no_word_is_lost(capsys: pytest.CaptureFixture[str]) -> None:
    words = [f"word{number}" for number in range(600)]
    Path("long.txt").write_text(" ".join(words))
    sheet(capsys, "text=@long.txt", "out=copy.pdf")
    texts = sorted(Path().glob("copy_*.txt"))
    assert len(texts) == 3
    assert " ".join(" ".join(lines(path.name)) for path in texts).split() == words


@pytest.mark.parametrize("taken", ["reports/copy_me.pdf", "reports/copy_me.txt"])
def test_existing_files_are_replaced_only_on_request(capsys: pytest.CaptureFixture[str], taken: str) -> None:
    Path("reports").mkdir()
    Path(taken).write_text("mine")
    assert f"{taken} exists already: give another out=, or overwrite=true" in refusal(capsys)
    assert [(str(path), path.read_text()) for path in Path("reports").iterdir()] == [(taken, "mine")]
    sheet(capsys, "overwrite=true")
    assert [lines("reports/copy_me.txt")] == pdf_lines("reports/copy_me.pdf")


def test_the_text_itself_is_never_replaced(capsys: pytest.CaptureFixture[str]) -> None:
    Path("poem.txt").write_text("mine,  as I   spaced it")
    assert "would replace poem.txt" in refusal(capsys, "text=@./poem.txt", "out=poem.pdf", "overwrite=true")
    assert Path("poem.txt").read_text() == "mine,  as I   spaced it"


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("日本の朝", "its font has no glyph for 日 本 の 朝. Give font="),
        ("שלום", "from right to left can be neither printed nor labelled"),
    ],
)
def test_a_script_that_the_pdf_cannot_show_is_still_written_as_text(
    capsys: pytest.CaptureFixture[str], text: str, answer: str
) -> None:
    Path("other.txt").write_text(text, "utf-8")
    assert answer in refusal(capsys, "text=@other.txt", "out=sheet.pdf")
    assert lines("sheet.txt") == [text]
    assert not Path("sheet.pdf").exists()


@pytest.mark.parametrize(
    ("content", "answer"),
    [
        (b"", "text=@file.txt holds nothing to copy"),
        (b" \n\t\xc2\xad", "text=@file.txt holds nothing to copy"),
        ("caf\u00e9\n\u00e9".encode("latin-1"), "text=@file.txt is not text in UTF-8 (line 1)"),
        ("hello".encode("utf-16"), "text=@file.txt is not text in UTF-8"),
        (b"a\0b", "text=@file.txt is not text: it holds null characters"),
        (b"word " * 10_000, "text=@file.txt fills 25 pages, and a sheet has 20 at most"),
        (b"word " * 300_000, "text=@file.txt has more than 1,000,000 bytes"),
    ],
)
def test_a_file_that_cannot_be_copied_is_named_and_nothing_is_written(
    capsys: pytest.CaptureFixture[str], content: bytes, answer: str
) -> None:
    Path("file.txt").write_bytes(content)
    assert answer in refusal(capsys, "text=@file.txt")
    assert [path.name for path in Path.cwd().iterdir()] == ["file.txt"]


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        (["text=@nowhere.txt"], "text=@nowhere.txt cannot be read (No such file or directory)"),
        (["text=@folder"], "text=@folder cannot be read (Is a directory)"),
        (["text=notes.md"], "text=notes.md is a file: write text=@notes.md"),
        (["text="], "text= holds nothing to copy"),
        (["text=@"], "text=@ names no file: give text=@<file> to copy what it holds, or text=@@ for an @."),
        (["text=a\udcffb"], "text=a\ufffdb is not text in the encoding of your terminal"),
        (["out=folder"], "out=folder is a folder: name the file, such as folder/copy_me.pdf"),
        (["out=nowhere/"], "out=nowhere/ is a folder"),
        (["out=sheet.png"], "out=sheet.png: the sheet is a PDF. Give sheet.pdf"),
        (["out=notes.md/sheet.pdf"], "out=notes.md/sheet.pdf cannot be written"),
        ([f"out={'x' * 300}"], "cannot be written (File name too long)"),
        (["repeat=0"], "repeat=0: must be greater than or equal to 1"),
        (["repeat=1000"], "repeat=1000: must be less than or equal to 20"),
        (["paper=a5"], "paper=a5 is not allowed: choose a4 or letter"),
        (["font=notes.md"], "font=notes.md cannot be read as a font"),
    ],
)
def test_a_mistake_is_one_line_and_leaves_nothing_behind(
    capsys: pytest.CaptureFixture[str], words: list[str], answer: str
) -> None:
    Path("folder").mkdir()
    Path("notes.md").write_text("a note")
    assert answer in refusal(capsys, *words)
    assert {path.name for path in Path.cwd().rglob("*")} == {"folder", "notes.md"}
