"""``handwriting font``: the font of a hand, and one clear line where none can be made."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from fontTools.ttLib import TTFont

import handwriting
from benchmarks.drawn_pages import draw_page
from benchmarks.page_style import PageStyle
from handwriting.errors import ConfigError, DataError
from handwriting.interruption import INTERRUPTED
from handwriting.jobs import MISTAKE, start
from handwriting.pages.folder import SegmentedFolder
from handwriting.pages.hand_folder import kept_characters
from handwriting.pages.labels import read_labels, write_labels
from tests.pages.builders import write_drawn_hand


@pytest.fixture(scope="module")
def hand(tmp_path_factory: pytest.TempPathFactory) -> SegmentedFolder:
    style = PageStyle(size=(5, 3), margin=0.3, dpi=150)
    return write_drawn_hand(tmp_path_factory.mktemp("hands") / "my_notes", draw_page(style, 3))


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_an_interrupt_writes_nothing_and_says_so(
    hand: SegmentedFolder, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("handwriting.pages.source_words.read_source_words", interrupted)
    assert start("font", [f"hand={hand.path}"]) == INTERRUPTED
    assert capsys.readouterr().err == "\nStopped. No font is written; the same command begins again.\n"
    assert not list(Path().iterdir())


def test_a_font_is_named_after_its_hand_and_says_what_is_drawn(
    hand: SegmentedFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    font = handwriting.font(hand, "drawings=1", "designer=Anna", "copyright=2026 Anna", "licence=OFL 1.1")
    assert (font.path, font.family) == (Path("reports/mynotes.otf"), "my notes")
    names = {record.nameID: str(record) for record in TTFont(font.path)["name"].names}
    assert [names[number] for number in (0, 1, 9, 13)] == ["2026 Anna", "my notes", "Anna", "OFL 1.1"]
    assert set(kept_characters(hand)) <= set(font.characters)
    assert not set(kept_characters(hand)) & set(font.drawn)
    assert set("é€§0") <= set(font.characters)
    printed = capsys.readouterr().out
    titles = [line.split()[0] for line in printed.splitlines()]
    assert titles[:6] == ["reading", "measuring", "drawing", "building", "font", "glyphs"]
    assert {"drawn", "install", "use"} <= set(titles)
    with pytest.raises(ConfigError, match="overwrite=true"):
        handwriting.font(hand, "drawings=1")


def test_a_hand_of_three_letters_makes_a_font_whose_rest_is_drawn(hand: SegmentedFolder, tmp_path: Path) -> None:
    few = SegmentedFolder(Path(shutil.copytree(hand.path, tmp_path / "few")))
    letters = sorted(kept_characters(few))[:3]
    labels = read_labels(few).values()
    write_labels(few, [row._replace(kept=row.kept and row.label in letters) for row in labels])
    font = handwriting.font(few, "drawings=1", "out=few.otf")
    assert set("abcxyz") - set(letters) <= set(font.drawn)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["name=a/b"], "name=a/b holds '/'"),
        (["name=  "], "is empty"),
        (["name=" + "long " * 20], "programs list 31 at most"),
        (["name=a\tb"], "holds"),
        (["version=one"], "version=one: give two numbers"),
        (["out=font.ttf"], "Give font.otf"),
        (["out=."], "is a folder"),
        (["drawings=0"], "drawings"),
        (["hand=nowhere"], "there is no folder nowhere"),
        (["licence=" + "x" * 5001], "a font holds 5,000 at most"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(
    hand: SegmentedFolder, words: list[str], expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    given = words if words[0].startswith("hand=") else [f"hand={hand.path}", *words]
    assert start("font", given) == MISTAKE
    message = capsys.readouterr().err
    assert expected in message
    assert message.count("\n") == 1
    assert not list(Path().glob("*.otf"))


def test_a_place_that_cannot_be_written_is_named(hand: SegmentedFolder) -> None:
    Path("file").write_text("")
    with pytest.raises(DataError, match=r"out=file/font\.otf cannot be written"):
        handwriting.font(hand, "drawings=1", "out=file/font.otf")
