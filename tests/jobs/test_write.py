"""``handwriting write``: a message in a hand, and one clear line where it cannot be written."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pypdfium2
import pytest
from PIL import Image

import handwriting
from benchmarks.drawn_pages import draw_page
from benchmarks.page_style import PageStyle
from handwriting.errors import ConfigError, DataError, HandwritingError
from handwriting.interruption import INTERRUPTED
from handwriting.jobs import start
from handwriting.pages import hand_file
from handwriting.pages.folder import SegmentedFolder
from handwriting.pages.hand_folder import kept_characters
from handwriting.pages.names import HAND_FILE
from handwriting.writing import planning
from handwriting.writing.measuring import HandFit
from handwriting.writing.written_words import LayoutStyle
from tests.pages.builders import write_drawn_hand


@pytest.fixture(scope="module")
def hand(tmp_path_factory: pytest.TempPathFactory) -> SegmentedFolder:
    style = PageStyle(size=(5, 3), margin=0.3, dpi=150)
    return write_drawn_hand(tmp_path_factory.mktemp("hands") / "drawn", draw_page(style, 3))


@pytest.fixture(scope="module")
def text(hand: SegmentedFolder) -> str:
    """Return words of letters that the hand has."""
    letters = sorted(letter for letter in kept_characters(hand) if letter.islower())
    return " ".join("".join(np.random.default_rng(seed).choice(letters, 5)) for seed in range(6))


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_the_same_seed_writes_the_same_bytes(hand: SegmentedFolder, text: str) -> None:
    for suffix in ("png", "svg", "pdf"):
        first, again, other = (
            handwriting.write(hand, text, f"out={name}.{suffix}", f"seed={seed}").files[0].read_bytes()
            for name, seed in (("a", 1), ("b", 1), ("c", 2))
        )
        assert first == again
        assert first != other


def test_words_far_apart_are_written_as_in_usual_writing_unless_asked_for(
    hand: SegmentedFolder, text: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    wide = LayoutStyle(word_space=3.9)
    monkeypatch.setattr(HandFit, "layout_style", lambda _: wide)
    capped = handwriting.write(hand, text, "out=capped.svg").files[0].read_bytes()
    told = "words        2.0 x-heights apart, and 3.9 on the pages: word_space=3.9 writes them so\n"
    assert told in capsys.readouterr().out
    assert handwriting.write(hand, text, "out=usual.svg", "word_space=2").files[0].read_bytes() == capped
    assert handwriting.write(hand, text, "out=own.svg", "word_space=3.9").files[0].read_bytes() != capped
    assert "apart" not in capsys.readouterr().out


def test_an_interrupt_before_any_page_is_written_says_so(
    hand: SegmentedFolder, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: Any) -> Iterator[Any]:
        raise KeyboardInterrupt

    monkeypatch.setattr(planning, "lay_out", interrupted)
    assert start("write", [f"hand={hand.path}", "text=a", "out=a.png"]) == INTERRUPTED
    assert capsys.readouterr().err == "\nStopped. Nothing is written; the same command begins again.\n"


def test_the_number_of_pages_to_come_counts_those_that_form_feeds_begin(
    hand: SegmentedFolder, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("four.txt").write_text(f"{text}\f{text[0]}\f{text}\f{text[0]}")
    assert start("write", [f"hand={hand.path}", "text=@four.txt", "out=a.png"]) == 0
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("page")]
    assert lines == [f"page {number} of about 4" for number in (1, 2, 3)]


def test_an_interrupt_leaves_whole_pages_and_says_how_to_go_on(
    hand: SegmentedFolder, text: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lay_out = planning.lay_out

    def interrupted(*arguments: Any) -> Iterator[Any]:
        yield from islice(lay_out(*arguments), 2)
        raise KeyboardInterrupt

    monkeypatch.setattr(planning, "lay_out", interrupted)
    Path("three.txt").write_text(f"{text}\f{text}\f{text}")
    assert start("write", [f"hand={hand.path}", "text=@three.txt", "out=a.png"]) == INTERRUPTED
    assert capsys.readouterr().err == (
        "\nStopped. a_1.png to a_2.png are whole; the same command with overwrite=true writes all pages again.\n"
    )
    assert sorted(path.name for path in Path().iterdir()) == ["a_1.png", "a_2.png", "three.txt"]


def test_a_message_is_a_picture_named_after_the_hand_unless_told_otherwise(hand: SegmentedFolder, text: str) -> None:
    written = handwriting.write(hand, text)
    assert [str(file) for file in written.files] == ["reports/drawn.png"]
    assert (written.pages, written.words) == (1, 6)
    with Image.open("reports/drawn.png") as picture:
        assert np.asarray(picture.convert("L")).min() < 100
    with pytest.raises(ConfigError, match="overwrite=true"):
        handwriting.write(hand, text)
    handwriting.write(hand, text, "overwrite=true")


def test_a_pdf_can_be_searched(hand: SegmentedFolder, text: str) -> None:
    handwriting.write(hand, text, "out=letter.pdf", "paper=ruled")
    page = pypdfium2.PdfDocument("letter.pdf")[0].get_textpage().get_text_range()
    assert page.split() == text.split()


def test_a_text_comes_from_a_file_as_well(hand: SegmentedFolder, text: str) -> None:
    Path("letter.txt").write_text(text.replace(" ", "\n", 2), "utf-8")
    assert handwriting.write(hand, "@letter.txt", "out=letter.png").words == 6


def test_what_the_hand_lacks_is_named_at_once_and_can_be_drawn(
    hand: SegmentedFolder, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(ConfigError) as refused:
        handwriting.write(hand, f"{text} €Ω§", "out=letter.png")
    assert all(character in str(refused.value) for character in "€Ω§")
    assert "missing=" in str(refused.value)
    assert "\n" not in str(refused.value)
    assert not Path("letter.png").exists()
    handwriting.write(hand, f"{text} €Ω§", "out=letter.png", "missing=drawn")
    assert "drawn" in capsys.readouterr().out
    handwriting.write(hand, f"{text} €Ω§", "out=skipped.png", "missing=skip")
    assert "skipped" in capsys.readouterr().out
    handwriting.write(hand, f"{text} €😀", "out=both.png", "missing=drawn,skip")
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if "not in this hand" in line] == [
        "skipped      '😀': not in this hand",
        "drawn        '€': not in this hand",
    ]


@pytest.mark.parametrize(
    ("overrides", "error", "message"),
    [
        (["ink=bluu"], ConfigError, "ink='bluu' is no colour"),
        (["paper=lined"], ConfigError, "paper"),
        (["out=letter.docx"], ConfigError, "out=letter.docx: give .png, .svg, .pdf, .gif."),
        (["out=."], ConfigError, "is a folder"),
        (["out=nowhere/letter.png"], DataError, "nowhere"),
        (["scale=0"], ConfigError, "scale"),
        (["scale=10", "size=a4", "margin=100"], ConfigError, "margin"),
        (["missing=guess"], ConfigError, "missing"),
        (["dpi=1"], ConfigError, "dpi"),
    ],
)
def test_a_mistake_is_one_clear_line(
    hand: SegmentedFolder, text: str, overrides: list[str], error: type[HandwritingError], message: str
) -> None:
    Path("nowhere").touch()  # a file where a folder is wanted
    with pytest.raises(error) as refused:
        handwriting.write(hand, text, *overrides)
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("text", ["", " \n\t ", "שלום"])
def test_a_message_that_cannot_be_written_is_refused(hand: SegmentedFolder, text: str) -> None:
    with pytest.raises(ConfigError):
        handwriting.write(hand, text, "missing=drawn")


@pytest.mark.parametrize(
    ("text", "overrides", "answer"),
    [
        ("", [], "nothing to write"),
        ("שלום", [], "from right to left, such as ש, and"),
        ("abc", ["margin=120", "size=letter"], "margin=120 leaves no room on a page of 215.9 x 279.4 mm."),
        ("abc", ["margin=60", "size=a6"], "margin=60 leaves no room on a page of 105 x 148 mm."),
        ("abc", ["line_distance=4"], "line_distance=4: lines 4 mm apart run into each other"),
        ("abc", ["line_distance=-1"], "line_distance"),
        ("abc", ["line_distance=wide"], "line_distance"),
        ("abc", ["line_distance=inf"], "line_distance"),
        ("abc", ["size=100x5"], "size='100x5' is no size of paper."),
        ("abc", ["ink=bluu"], "is no colour"),
        ("abc", ["ink=ivory"], "is nearly the colour of the paper"),
        ("abc", ["missing=drwan"], "Did you mean drawn?"),
    ],
)
def test_what_the_text_and_the_settings_rule_out_is_refused_before_the_hand_is_opened(
    text: str, overrides: list[str], answer: str
) -> None:
    with pytest.raises(ConfigError) as refused:
        handwriting.write("no_such_hand", text, *overrides)
    assert answer in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_folder_that_is_no_hand_is_refused() -> None:
    Path("photos").mkdir()
    with pytest.raises(DataError, match="is not segmented"):
        handwriting.write("photos", "abc")


def test_a_text_may_begin_with_a_tilde(hand: SegmentedFolder) -> None:
    assert handwriting.write(hand, "~nobody/here", "missing=drawn", "out=tilde.png").words == 1


@pytest.mark.parametrize("ink", ["rgb(300,0,0)", "rgb(50%,50%,500%)"])
def test_a_colour_out_of_range_is_none(hand: SegmentedFolder, text: str, ink: str) -> None:
    with pytest.raises(ConfigError, match="is no colour"):
        handwriting.write(hand, text, f'ink="{ink}"')


def test_a_message_of_several_pages_says_how_far_it_is(
    hand: SegmentedFolder, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    handwriting.write(hand, "\f".join([text] * 4), "out=pages.svg")
    *lines, last = capsys.readouterr().out.splitlines()
    assert [line for line in lines if line.startswith("page ")] == [f"page {number} of about 4" for number in (1, 2, 3)]
    assert last.startswith("written      24 words, 4 pages: ")
    handwriting.write(hand, text, "out=page.svg")
    assert "of about" not in capsys.readouterr().out


def test_what_is_no_text_is_refused(hand: SegmentedFolder) -> None:
    with pytest.raises(TypeError, match="is no message"):
        handwriting.write(hand, None)  # type: ignore[arg-type]


def test_a_hand_that_cannot_be_written_is_written_with(
    hand: SegmentedFolder, text: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (hand.path / HAND_FILE).unlink(missing_ok=True)

    def refuse(path: Path, content: object) -> None:
        raise PermissionError(errno.EROFS, "Read-only file system", str(path))

    monkeypatch.setattr(hand_file, "write_json", refuse)
    handwriting.write(hand, text, "out=letter.png")
    assert "cannot be written: Read-only file system" in caplog.text


@pytest.mark.parametrize("content", ["{}", '{"pages": [{"page": "page1.png", "x_height": 12, "skew": "abc"}]}'])
def test_a_report_that_was_edited_is_named(hand: SegmentedFolder, text: str, tmp_path: Path, content: str) -> None:
    copy = Path(shutil.copytree(hand.path, tmp_path / "copy"))
    (copy / "report.json").write_text(content)
    with pytest.raises(DataError, match=r"report\.json"):
        handwriting.write(copy, text)


def test_a_picture_larger_than_its_word_is_left_out_and_named(
    hand: SegmentedFolder, text: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    copy = Path(shutil.copytree(hand.path, tmp_path / "copy"))
    picture = next((copy / "characters").glob("*.png"))
    Image.new("L", (900, 900)).save(picture)
    handwriting.write(copy, text, "out=letter.png")
    assert f"1 picture is left out: characters/{picture.name} shows no paper" in caplog.text
