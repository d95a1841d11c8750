"""What `handwriting hand` makes of photographs, does not do twice, prints and refuses."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

import handwriting
from benchmarks.drawn_pages import draw_page
from benchmarks.page_style import PageStyle
from handwriting.config import compose
from handwriting.interruption import INTERRUPTED
from handwriting.jobs import MISTAKE, start
from handwriting.jobs import label as label_job
from handwriting.jobs.segment import GLYPH_SIZE
from handwriting.pages.folder import SegmentedFolder
from handwriting.pages.hand_file import read_hand
from handwriting.pages.hand_folder import kept_characters, open_hand
from handwriting.pages.labels import read_labels, write_labels
from handwriting.writing.measuring import HandFit
from handwriting.writing.written_words import LayoutStyle
from tests.pages.builders import contents, quick_labelling, read_report, write_text

STYLE = PageStyle(size=(4, 2), margin=0.2, dpi=120, touching=0.7)
HAND = Path("hands/photos")


@pytest.fixture(scope="module", autouse=True)
def _quick() -> Iterator[None]:
    with quick_labelling():
        yield


@pytest.fixture(scope="module")
def photographed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two photographs, of which the first has its text."""
    path = tmp_path_factory.mktemp("notes")
    (path / "photos").mkdir()
    for name, seed in (("one", 3), ("two", 4)):
        page = draw_page(STYLE, seed)
        Image.fromarray(page.image).save(path / f"photos/{name}.png")
        if name == "one":
            write_text(path / "photos/one.txt", page)
    return path


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, photographed: Path) -> tuple[Path, str]:
    """The same with the hand that the command made of them, and what it printed."""
    path = Path(shutil.copytree(photographed, tmp_path_factory.mktemp("made") / "notes"))
    lines: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(path)
        patch.setattr("builtins.print", lambda *words, **_: lines.append(" ".join(map(str, words))))
        assert start("hand", ["pages=photos", "workers=1"]) == 0
    return path, "\n".join([*lines, ""])


@pytest.fixture
def photos(photographed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(shutil.copytree(photographed, tmp_path / "notes"))
    return Path("photos")


@pytest.fixture
def done(made: tuple[Path, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SegmentedFolder:
    monkeypatch.chdir(shutil.copytree(made[0], tmp_path / "notes"))
    return SegmentedFolder(HAND)


@pytest.fixture
def unread(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let whatever reads a page fail: nothing may be segmented or labelled."""
    for module in ("batch", "originals"):
        monkeypatch.setattr(f"handwriting.pages.{module}.read_scan", None)


def hand(*words: str) -> int:
    return start("hand", ["pages=photos", "workers=1", *words])


def refused(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    capsys.readouterr()
    assert hand(*words) == MISTAKE
    error = capsys.readouterr().err
    assert error.count("\n") == 1, error
    return error


def add_photograph(name: str, seed: int = 5) -> None:
    Image.fromarray(draw_page(STYLE, seed).image).save(f"photos/{name}.png")


def name_a_character(folder: SegmentedFolder, label: str) -> None:
    """Let a person name the first labelled character."""
    first, *others = read_labels(folder).values()
    write_labels(folder, [first._replace(label=label, by="person", confidence=1.0, kept=True), *others])


def test_photographs_with_a_text_become_a_hand(done: SegmentedFolder) -> None:
    assert open_hand(HAND) == SegmentedFolder(HAND, "hand")
    labels = read_labels(done).values()
    assert {(row.page, row.by) for row in labels} == {("one.png", "transcript")}
    assert {row.page for row in done.rows()} == {"one.png", "two.png"}
    assert (HAND / "labels.png").is_file()


def test_one_block_at_the_end_says_what_the_hand_has_and_what_comes_next(made: tuple[Path, str]) -> None:
    block = made[1].splitlines()[-13:]
    path = made[0] / HAND
    drawings = kept_characters(SegmentedFolder(path))
    totals = read_report(path)["totals"]
    values = {line[:12].strip(): line[13:] for line in block}
    assert values["pages"] == "2 of 2"
    assert values["lines"] == f"{totals['lines']}, with {totals['words']} words"
    kept, labelled = sum(map(len, drawings.values())), len(read_labels(SegmentedFolder(path)))
    assert values["labelled"] == f"{labelled} of {totals['characters']} characters, {kept} of these kept"
    count, _, shown = values["characters"].partition(": ")
    assert (int(count), set(shown.split())) == (len(drawings), set(drawings))
    named = values["lacks"].replace("all digits", "digits 0 1 2 3 4 5 6 7 8 9")
    assert not {sign for part in named.split("; ") for sign in part.split()[1:]} & set(drawings)
    assert "letters" in named
    assert values["write"].startswith("handwriting write hand=hands/photos text=")
    assert values["font"] == "handwriting font hand=hands/photos"
    assert sum(line.startswith(("pages  ", "results", "overlays")) for line in made[1].splitlines()) == 1


def test_the_hand_is_measured_and_the_measures_are_kept(made: tuple[Path, str]) -> None:
    folder = SegmentedFolder(made[0] / HAND)
    before = (folder.path / "hand.json").read_bytes()
    fit = read_hand(folder, lambda: pytest.fail("it is measured again"))
    assert (folder.path / "hand.json").read_bytes() == before
    (line,) = (line for line in made[1].splitlines() if line.startswith("measured"))
    assert abs(fit.slant - STYLE.slant) < 3
    assert f"slant {fit.slant:.0f}°, letters joined {fit.join_rates.rate:.0%}, " in line
    assert f"words {fit.word_space.median:.1f} x-heights apart, " in line
    assert f"lines {fit.line_distance.median:.1f} x-heights apart" in line


@pytest.mark.usefixtures("unread")
def test_letters_that_are_not_kept_and_words_far_apart_are_named(
    done: SegmentedFolder, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = list(read_labels(done).values())
    rare = min((row.label for row in rows if row.label.isalpha()), key=[row.label for row in rows].count)
    write_labels(done, [row._replace(kept=row.kept and row.label != rare) for row in rows])
    wide = LayoutStyle(word_space=3.9)
    monkeypatch.setattr(HandFit, "layout_style", lambda _: wide)
    assert hand() == 0
    lines = {line[:12].strip(): line[13:] for line in capsys.readouterr().out.splitlines()}
    letters, told = lines["not kept"].split(": ", 1)
    assert rare in letters.split()
    assert told == "written, but too doubtful. See labels.png, and correct labels.csv"
    assert not {sign for part in lines["lacks"].split("; ") for sign in part.split()[1:]} & set(letters.split())
    assert lines["words"] == "write and font set them 2.0 apart, as in usual writing: word_space=3.9 as on the pages"


@pytest.mark.usefixtures("unread")
def test_nothing_is_done_twice(done: SegmentedFolder, capsys: pytest.CaptureFixture[str]) -> None:
    before = contents(done.path)
    assert hand() == 0
    printed = capsys.readouterr().out
    assert "hands/photos is segmented and labelled, with keep=0.9; overwrite=true begins again." in printed
    assert "\nfont " in printed
    assert contents(done.path) == before


def test_labelling_goes_on_after_an_interruption(
    photos: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(label_job, "label_by_transcripts", interrupted)
        assert hand() == INTERRUPTED
    assert capsys.readouterr().err == "\nStopped. hands/photos is as it was; the same command labels its pages.\n"
    before = (HAND / "characters.npz").stat().st_mtime_ns
    with monkeypatch.context() as patch:
        patch.setattr(label_job, "label_by_transcripts", lambda *_: {})
        patch.setattr("handwriting.pages.batch.read_scan", None)
        assert hand() == 0
    assert (HAND / "characters.npz").stat().st_mtime_ns == before


def test_a_folder_of_another_hand_is_named_with_the_pages_of_both(
    done: SegmentedFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    before = contents(done.path)
    Path("others").mkdir()
    Image.fromarray(draw_page(STYLE, 5).image).save("others/mine.png")
    assert start("hand", ["pages=others", f"out={HAND}", "workers=1"]) == MISTAKE
    assert capsys.readouterr().err == (
        "hands/photos is another hand's: it was made of photos (one.png, two.png), and not of others (mine.png). Give "
        "another out, such as out=hands/photos_2. Or replace that hand with overwrite=true.\n"
    )
    assert contents(done.path) == before


def test_other_photographs_than_before_are_named_with_what_to_do(
    done: SegmentedFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    before = contents(done.path)
    add_photograph("three")
    Path("photos/two.png").rename("photos/four.png")
    shutil.copy("photos/four.png", "photos/one.png")
    error = refused(capsys)
    assert "of other photographs than photos holds: " in error
    for change in ("three.png is new", "one.png has changed", "four.png is new", "and 1 more"):
        assert change in error
    assert "Give overwrite=true to segment and label all pages again; a person's labels stay." in error
    assert contents(done.path) == before


def test_a_copy_of_the_photographs_elsewhere_is_the_same(
    done: SegmentedFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree("photos", "moved/photos", copy_function=shutil.copyfile)
    shutil.rmtree("photos")
    assert start("hand", ["pages=moved/photos"]) == 0
    assert "is segmented and labelled" in capsys.readouterr().out
    assert read_report(done.path)["pages_from"] == "moved/photos"


def test_overwriting_begins_again_and_keeps_what_a_person_said(
    done: SegmentedFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    name_a_character(done, "Ω")
    write_text(Path("photos/two.txt"), draw_page(STYLE, 4))
    assert hand() == 0
    assert "new texts    of two.png: overwrite=true labels all pages again" in capsys.readouterr().out
    assert hand("overwrite=true") == 0
    assert "new texts" not in capsys.readouterr().out
    labels = read_labels(done).values()
    assert {row.page for row in labels if row.by == "transcript"} == {"one.png", "two.png"}
    assert [row.label for row in labels if row.by == "person"] == ["Ω"]
    assert "Ω" in kept_characters(done)
    assert read_hand(done).letters == sum(map(len, kept_characters(done).values()))


def test_labels_by_texts_that_are_gone_are_not_replaced(
    done: SegmentedFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    before = contents(done.path)
    Path("photos/one.txt").unlink()
    assert "but now no page in photos has a text" in refused(capsys, "overwrite=true")
    assert hand() == 0
    assert contents(done.path) == before


def test_without_texts_a_person_is_asked_and_asked_on(
    photos: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("photos/one.txt").unlink()
    typed = iter(["a", "quit", "e", "quit"])
    monkeypatch.setattr("builtins.input", lambda _: next(typed))
    assert hand() == 0
    printed = capsys.readouterr().out
    assert "one.txt next to it; handwriting sheet makes a text to copy. Without one, you name sheets" in printed
    assert set(kept_characters(SegmentedFolder(HAND))) == {"a"}
    assert hand() == 0
    assert {"a", "e"} <= {row.label for row in read_labels(SegmentedFolder(HAND)).values()}


def test_where_nobody_can_be_asked_the_end_says_what_to_do(
    photos: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def closed(_: str) -> str:
        raise EOFError

    Path("photos/one.txt").unlink()
    monkeypatch.setattr("builtins.input", closed)
    assert hand() == 0
    block = capsys.readouterr().out.splitlines()[-2:]
    assert block == [
        "next         name characters: run this again in a terminal, or with ask=files",
        "or           put a text next to a photograph: handwriting sheet makes one to copy",
    ]
    assert not (HAND / "hand.json").exists()
    assert hand("ask=files", "clusters=2") == 0
    assert (HAND / "rounds/round_001/cluster_02.png").is_file()


def test_pages_that_fail_are_named_at_the_end_and_the_others_make_the_hand(
    photos: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("photos/two.png").write_text("no picture")
    error = refused(capsys)
    assert "1 of 2 pages failed: two.png is not a picture" in error
    assert kept_characters(SegmentedFolder(HAND))
    assert "1 of 2 pages failed" in refused(capsys)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["pages=hands/photos"], "is a hand as it is: handwriting write hand=hands/photos text=<text>"),
        (["pages=segmented/some"], "label it, and it is a hand: handwriting label pages=segmented/some"),
        (["pages=nowhere"], "nowhere cannot be read"),
        (["out=photos"], "out=photos holds the photographs themselves. Give another folder."),
        (["out=photos/one.txt"], "out=photos/one.txt is a file"),
        (["out=full"], "out=full is not empty"),
        (["preset.rules=keep"], "hands/photos was segmented with another preset. Give overwrite=true"),
    ],
)
@pytest.mark.usefixtures("unread")
def test_what_cannot_be_a_hand_is_one_line(
    done: SegmentedFolder, capsys: pytest.CaptureFixture[str], words: list[str], message: str
) -> None:
    shutil.copytree(done.path, "segmented/some")
    Path("segmented/some/labels.csv").unlink()
    Path("full").mkdir()
    Path("full/letter.doc").touch()
    before = contents(Path.cwd())
    assert message in refused(capsys, *words)
    assert contents(Path.cwd()) == before
    assert not Path("nowhere").exists()


def test_a_hand_is_made_in_python_too(done: SegmentedFolder) -> None:
    folder = handwriting.hand("photos")
    assert folder.path == HAND
    assert folder._repr_png_()


def test_glyphs_have_the_size_that_segment_gives_them() -> None:
    assert compose("segment", ["pages=some"]).size == GLYPH_SIZE
