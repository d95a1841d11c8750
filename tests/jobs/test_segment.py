"""What `handwriting segment` finds on pages, writes, prints and refuses."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from handwriting.data.preparation.resizing import fit
from handwriting.data.sources.pages import Pages
from handwriting.errors import DataError
from handwriting.glyphs import Glyphs
from handwriting.interruption import INTERRUPTED
from handwriting.jobs import MISTAKE, start
from handwriting.pages import batch
from handwriting.pages.folder import SegmentedFolder
from handwriting.pages.labels import LabelRow, character_key, read_labels, write_labels
from tests.pages.builders import contents, drawn_page, read_report, read_rows, save_pages

ODD = (
    "two, three.png",
    "my page (1).jpg",
    'so "called" [it].bmp',
    "Übung süß.png",
    "my_page 1.webp",
    "日記.png",
    "….gif",
)
KINDS = ("line", "word", "character")
QUICKLY = ["preset=words", "preset.kernel_width=8"]
"""What finds the words on the pages drawn here in no time."""


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def one_line(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """Return the one line with which a command is refused."""
    assert start("segment", words) == MISTAKE
    error = capsys.readouterr().err
    assert error.count("\n") == 1, error
    return error


@dataclass(frozen=True)
class Result:
    out: Path
    printed: str
    errors: str


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> Result:
    """Good pages of every kind, segmented by two processes."""
    at = tmp_path_factory.mktemp("notebook")
    for number, name in enumerate(ODD):
        save_pages(at / "pages" / name, 1 + number % 2)
    save_pages(at / "pages" / "scan.pdf", 1, 2, 1, resolution=120)
    save_pages(at / "pages" / "fax.tiff", 1, 2, 1)
    (at / "pages" / "notes.txt").write_text("no page")
    words = ["segment", f"pages={at / 'pages'}", f"out={at / 'out'}", "workers=2"]
    ran = subprocess.run([sys.executable, "-m", "handwriting", *words], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    return Result(at / "out", ran.stdout, ran.stderr)


@pytest.fixture
def out(result: Result) -> Path:
    return result.out


def test_every_word_and_character_is_listed_cut_out_and_a_glyph(out):
    for kind in KINDS[1:]:
        listed = read_rows(out, kind)
        glyphs = Glyphs.load(out / f"{kind}s.npz")
        assert len(listed) == len(glyphs) > 100
        assert glyphs.image_shape == (1, 128, 128)
        assert glyphs.alphabet == ()
        assert {row["file"] for row in listed} == {f"{kind}s/{path.name}" for path in (out / f"{kind}s").iterdir()}
        for row, glyph in zip(listed[:40], glyphs.images[:40, 0], strict=True):
            with Image.open(out / row["file"]) as picture:
                assert picture.mode == "L"
                crop = 255 - np.asarray(picture)
            assert np.array_equal(fit(crop, 128), glyph)
            assert crop.max() > 200  # dark on white, and white around it
            assert np.median(np.concatenate([crop[0], crop[-1], crop[:, 0], crop[:, -1]])) == 0


def test_boxes_lie_where_the_truth_is(out):
    page = drawn_page(1)
    listed = [row for row in read_rows(out) if row["page"] == "two, three.png"]
    for kind in KINDS:
        boxes = [tuple(int(row[key]) for key in "xywh") for row in listed if row["kind"] == kind]
        labels = page.label_map(kind)
        covered = np.zeros(labels.shape, bool)
        for x, y, w, h in boxes:
            assert (labels[y : y + h, x : x + w] > 0).any()
            covered[y : y + h, x : x + w] = True
        assert (covered[labels > 0]).mean() > 0.98
    assert len([row for row in listed if row["kind"] == "line"]) == len(page.text)


def test_pieces_are_listed_in_reading_order_and_numbered_from_0(out):
    for page in {row["page"] for row in read_rows(out)}:
        for kind in KINDS:
            listed = [row for row in read_rows(out, kind) if row["page"] == page]
            places = [tuple(int(row[key] or -1) for key in ("line", "word", "order")) for row in listed]
            assert places == sorted(set(places))
            assert places[0] == ((0, -1, 0) if kind == "line" else (0, 0, 0))
    assert all((row["word"], row["file"]) == ("", "") for row in read_rows(out, "line"))
    assert all(re.fullmatch(r"-?\d+\.\d\d", row[key]) for row in read_rows(out) for key in ("above", "below"))
    above = [float(row["above"]) for row in read_rows(out, "line")]
    assert 1.2 < np.median(above) < 3


def test_files_sort_in_reading_order(out):
    for kind in KINDS[1:]:
        files = [row["file"] for row in read_rows(out, kind) if row["page"] == "two, three.png"]
        assert files == sorted(files)


def test_odd_names_are_kept_in_lists_and_made_safe_in_file_names(out):
    several = [f"{name} page {number}" for name in ("fax.tiff", "scan.pdf") for number in (1, 2, 3)]
    assert {row["page"] for row in read_rows(out)} == {*ODD, *several}
    overlays = {page["page"]: page["overlay"] for page in read_report(out)["pages"]}
    assert overlays["my page (1).jpg"] == "overlays/my_page_1.jpg"
    assert overlays["my_page 1.webp"] == "overlays/my_page_1_2.jpg"
    assert overlays["Übung süß.png"] == "overlays/Übung_süß.jpg"
    assert overlays["….gif"] == "overlays/page.jpg"
    assert overlays["scan.pdf page 3"] == "overlays/scan_3.jpg"
    assert len(set(overlays.values())) == len(overlays)
    assert all(re.fullmatch(r"[\w-]+\.(png|jpg)", path.name) for path in out.glob("*/*"))


def test_every_page_of_a_document_is_segmented_like_a_picture_of_it(out):
    def words(page: str) -> int:
        return next(facts["words"] for facts in read_report(out)["pages"] if facts["page"] == page)

    for name in ("fax.tiff", "scan.pdf"):
        assert words(f"{name} page 1") == words(f"{name} page 3") == words("two, three.png")
        assert words(f"{name} page 2") == words("my page (1).jpg")


def test_every_page_has_an_overlay_of_its_size_that_shows_boxes(out):
    for page in read_report(out)["pages"]:
        with Image.open(out / page["overlay"]) as picture:
            shown = np.asarray(picture).astype(int)
        if ".pdf" not in page["page"]:
            assert shown.shape == drawn_page().image.shape
        assert (np.ptp(shown, axis=2) > 80).mean() > 0.02  # colours that neither ink nor paper has


def test_the_report_and_the_terminal_agree(result):
    out, printed = result.out, result.printed
    written = read_report(out)
    assert written["passed_over"] == 1
    assert written["preset"]["_target_"].endswith(".Auto")
    for kind in KINDS:
        assert (
            written["totals"][f"{kind}s"]
            == len(read_rows(out, kind))
            == sum(page[f"{kind}s"] for page in written["pages"])
        )
        assert re.search(rf"^{kind}s +{len(read_rows(out, kind)):,}$", printed, re.MULTILINE)
    lines = printed.splitlines()
    for number, page in enumerate(written["pages"], start=1):
        assert lines[number - 1].startswith(f"{number}/13 {page['page']}: {page['lines']} lines, {page['words']} words")
        assert page["x_height"] == pytest.approx(2.5 / 25.4 * 120, rel=0.8)
        assert abs(page["skew"]) < 1
        assert page["seconds"] > 0
    assert re.search("^pages +13 of 13$", printed, re.MULTILINE)
    assert re.search("^skipped +1 ", printed, re.MULTILINE)
    assert str(out) in printed


def test_texts_are_no_files_passed_over_and_what_is_none_is_named(capsys):
    for name in ("a", "b", "c", "d"):
        save_pages(Path(f"pages/{name}.png"))
    Path("pages/a.TXT").write_text("words")
    Path("pages/b.txt").mkdir()
    Path("pages/c.txt").symlink_to("nowhere")
    for others in (0, 1):
        assert start("segment", ["pages=pages", f"out=out{others}", "workers=1", *QUICKLY]) == 0
        printed = capsys.readouterr().out
        assert re.findall("^skipped +(.*) files", printed, re.MULTILINE) == ["1"] * others
        assert re.search("^texts +1 page has one", printed, re.MULTILINE)
        assert re.search("^no text +pages/b.txt is a folder, and 1 more$", printed, re.MULTILINE)
        Path("pages/notes.txt").write_text("no text of a page")


def test_nothing_but_the_results_is_left(result):
    names = {"boxes.csv", "report.json", "words.npz", "characters.npz", "words", "characters", "overlays"}
    assert {path.name for path in result.out.iterdir()} == names
    assert result.errors == ""  # no progress bar without a terminal


def test_the_crops_are_a_source_of_data(out):
    train, test = Pages(path=str(out)).read()
    assert len(train) + len(test) == len(read_rows(out, "character"))


def test_a_name_with_a_line_break_is_printed_on_one_line(capsys):
    save_pages(Path("pages/one\ntwo.png"))
    Path("pages/bad\none.png").write_text("no picture")
    assert start("segment", ["pages=pages", "out=a\nb", "workers=1", *QUICKLY]) == MISTAKE
    printed = capsys.readouterr()
    assert re.search(r"^2/2 one\ufffdtwo\.png: ", printed.out, re.MULTILINE)
    assert re.search(r"^1/2 bad\ufffdone\.png ", printed.out, re.MULTILINE)
    assert re.search(r"^results +a\ufffdb: ", printed.out, re.MULTILINE)
    assert printed.err.count("\n") == 1


def test_a_name_that_is_no_text_is_spelt_out(capsys):
    save_pages(Path("pages/a.png"))
    try:
        shutil.copy("pages/a.png", os.fsencode("pages/") + b"\xff.png")
    except OSError:
        pytest.skip("this file system takes no such names")
    assert start("segment", ["pages=pages", "out=out", *QUICKLY, "workers=1"]) == 0
    assert {row["page"] for row in read_rows(Path("out"))} == {"a.png", "\\udcff.png"}
    assert "\\udcff.png: " in capsys.readouterr().out


# Pages that fail.


def blank(path: Path) -> None:
    Image.new("L", (200, 200), 250).save(path)


def black(path: Path) -> None:
    Image.new("RGB", (200, 200)).save(path)


def tiny(path: Path) -> None:
    Image.fromarray(drawn_page().image[:20, :20]).save(path)


def textless(path: Path) -> None:
    page = np.full((300, 300), 250, np.uint8)
    page[150, 150] = 0
    Image.fromarray(page).save(path)


def truncated(path: Path) -> None:
    save_pages(path)
    path.write_bytes(path.read_bytes()[:3000])


def no_picture(path: Path) -> None:
    path.write_text("no picture")


BAD: dict[str, tuple[Callable[[Path], None], str]] = {
    "b blank.png": (blank, "is blank"),
    "c black.png": (black, "is black all over"),
    "d tiny.png": (tiny, "has 20 x 20 pixels"),
    "e textless.png": (textless, "shows no text"),
    "f truncated.png": (truncated, "cannot be read"),
    "g none.png": (no_picture, "is not a picture"),
    "h empty.png": (Path.touch, "is empty (0 bytes)"),
    "i broken.pdf": (lambda path: path.write_bytes(b"%PDF-1.4 nothing"), "is a PDF that is broken"),
}


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A folder with two good pages among bad ones, and what was made of it."""
    at = tmp_path_factory.mktemp("mixed")
    save_pages(at / "pages" / "a good.png")
    save_pages(at / "pages" / "z good.png", 2)
    for name, (make, _) in BAD.items():
        make(at / "pages" / name)
    return at / "pages", at / "out"


@pytest.mark.parametrize("workers", [1, 2])
def test_pages_that_fail_are_reported_and_cost_no_other(mixed, workers, capsys):
    pages, out = mixed
    words = [f"pages={pages}", f"out={out}", f"workers={workers}", "overwrite=true"]
    assert start("segment", words) == MISTAKE
    printed, error = capsys.readouterr()
    assert error.count("\n") == 1
    assert error.startswith("8 of 10 pages failed: b blank.png is blank")
    assert str(out / "report.json") in error
    facts = {page["page"]: page for page in read_report(out)["pages"]}
    assert list(facts) == ["a good.png", *BAD, "z good.png"]
    for name, (_, why) in BAD.items():
        assert facts[name]["failed"].startswith(why)
        assert f"/10 {name} {why}" in printed
    assert read_report(out)["totals"]["failed"] == 8
    assert {row["page"] for row in read_rows(out)} == {"a good.png", "z good.png"}
    words_found = facts["a good.png"]["words"] + facts["z good.png"]["words"]
    assert len(Glyphs.load(out / "words.npz")) == len(read_rows(out, "word")) == words_found > 0


def test_where_every_page_fails_the_reasons_are_written_all_the_same(capsys):
    blank(Path("blank.png"))
    error = one_line(capsys, "pages=blank.png", "out=out")
    assert error.startswith("1 of 1 pages failed: blank.png is blank: there is no ink on it.")
    assert read_report(Path("out"))["pages"] == [{"page": "blank.png", "failed": "is blank: there is no ink on it."}]
    assert {path.name for path in Path("out").iterdir()} == {"boxes.csv", "report.json"}
    with pytest.raises(DataError):
        Pages(path="out").read()


def test_where_every_page_fails_nothing_is_said_to_be_there_and_nothing_is_labelled(capsys):
    blank(Path("blank.png"))
    Path("blank.txt").write_text("words")
    assert start("segment", ["pages=blank.png", "out=out"]) == MISTAKE
    printed = capsys.readouterr().out
    assert not any(word in printed for word in ("texts", "glyphs", "overlays"))
    for method in ("auto", "transcript", "rounds", "dbscan"):
        assert start("label", ["pages=out", f"method={method}"]) == MISTAKE
        assert capsys.readouterr().err.startswith("out holds no characters. report.json there says why")


# Earlier results.


def test_what_a_person_said_of_the_characters_is_carried_over(capsys):
    save_pages(Path("page.png"))
    words = ["pages=page.png", "out=out", "overwrite=true", "preset=characters"]
    assert start("segment", words) == 0
    assert "labels " not in capsys.readouterr().out
    folder = SegmentedFolder(Path("out"))
    keys = [character_key(row) for row in folder.rows("character")]
    sources = ["person", "person", "transcript", "program", "program"]
    rows = [LabelRow(*key, "a", 1.0, by, True, 1.0, 0.0) for key, by in zip(keys, sources, strict=False)]
    write_labels(folder, rows)
    assert start("segment", words) == 0
    line = re.search("^labels .*$", capsys.readouterr().out, re.MULTILINE)
    assert line
    assert line[0].split(maxsplit=1)[1] == (
        "2 answers of a person carried over; 3 by transcript or program dropped: label the pages again"
    )
    assert list(read_labels(folder).values()) == rows[:2]


def test_nothing_is_overwritten_unless_requested(capsys):
    save_pages(Path("page.png"))
    Path("out").mkdir()  # an empty folder is as good as none
    assert start("segment", ["pages=page.png", "out=out", *QUICKLY]) == 0
    before = contents(Path("out"))
    assert one_line(capsys, "pages=page.png", "out=out", *QUICKLY).startswith(
        "out=out is not empty. Give another folder, or"
    )
    assert contents(Path("out")) == before


def test_an_earlier_result_is_replaced_and_nothing_else_is(capsys):
    save_pages(Path("one.png"))
    save_pages(Path("two.png"), 2)
    assert start("segment", ["pages=one.png", "out=out", "workers=1"]) == 0
    Path("out/words/mine.png").write_text("precious")
    Path("out/notes.txt").write_text("precious")
    (Path("out") / read_rows(Path("out"), "word")[0]["file"]).unlink()
    assert start("segment", ["pages=two.png", "out=out", "overwrite=true", *QUICKLY]) == 0
    assert start("segment", ["pages=two.png", "out=fresh", *QUICKLY]) == 0
    replaced, fresh = contents(Path("out")), contents(Path("fresh"))
    assert replaced.pop("words/mine.png") == replaced.pop("notes.txt") == b"precious"
    assert sorted(replaced) == sorted(fresh)
    assert not [name for name in fresh if name != "report.json" and replaced[name] != fresh[name]]


def test_an_interrupt_leaves_what_was_there_before_and_nothing_else(monkeypatch, capsys):
    for number in range(3):
        save_pages(Path("pages") / f"{number}.png")
    assert start("segment", ["pages=pages/0.png", "out=out", *QUICKLY]) == 0
    before, usual = contents(Path()), batch.segment_page

    def interrupted(task: batch.PageTask) -> dict[str, Any]:
        if task.stem == "1":
            raise KeyboardInterrupt
        return usual(task)

    monkeypatch.setattr(batch, "segment_page", interrupted)
    words = ["pages=pages", "workers=1", *QUICKLY]
    capsys.readouterr()
    assert start("segment", [*words, "out=out", "overwrite=true"]) == INTERRUPTED
    told = capsys.readouterr().err.splitlines()
    assert told[-1] == "Stopped. out is as it was; the same command segments all pages."
    assert start("segment", [*words, "out=new/deep"]) == INTERRUPTED
    assert contents(Path()) == before
    assert not Path("new").exists()


@pytest.mark.slow
def test_ctrl_c_ends_all_processes_at_once_with_one_line():
    for number in range(60):
        save_pages(Path("pages") / f"{number}.png")
    words = [sys.executable, "-m", "handwriting", "segment", "pages=pages", "out=out", "workers=2"]
    running = subprocess.Popen(
        words,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # which tests in the background ignore
    )
    assert running.stdout
    assert running.stdout.readline().startswith("1/60 ")
    began = time.monotonic()
    os.killpg(running.pid, signal.SIGINT)
    _, error = running.communicate(timeout=60)
    assert running.returncode == INTERRUPTED
    assert error.strip() == "Stopped. out is as it was; the same command segments all pages."
    assert time.monotonic() - began < 5
    assert not Path("out").exists()


# Mistakes.


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "pages is missing: give pages=<path>"),
        (["pages=null"], "pages is missing: give pages=<path>"),
        (["pages=nowhere"], "nowhere cannot be read (No such file or directory)"),
        (["pages=empty"], "empty holds no picture and no PDF"),
        (["pages=page.png", "preset=word"], "preset=word: no such choice. Did you mean words?"),
        (["pages=page.png", "preset.x_height=3"], "preset.x_height=3"),
        (["pages=page.png", "preset.kernel_width=3"], "preset.kernel_width: no such key."),
        (["pages=page.png", "size=27"], "size=27: must be greater than or equal to 28."),
        (["pages=page.png", "size=513"], "size=513: must be less than or equal to 512."),
        (["pages=page.png", "workers=0"], "workers=0: must be greater than or equal to 1."),
        (["pages=page.png", "overwrite=maybe"], "overwrite=maybe: must be true or false."),
        (["pages=page.png", "out=page.png"], "out=page.png is a file"),
        (["pages=page.png", "out=page.png/deep"], "out=page.png/deep cannot be written (Not a directory)"),
        (["pages=page.png", "out=/proc/none"], "out=/proc/none cannot be written"),
    ],
)
def test_a_mistake_is_one_line_and_leaves_nothing(words, message, capsys):
    save_pages(Path("page.png"))
    Path("empty").mkdir()
    before = sorted(Path().rglob("*"))
    assert one_line(capsys, *words).startswith(message)
    assert sorted(Path().rglob("*")) == before


def test_without_a_folder_the_result_is_named_after_the_pages(capsys):
    save_pages(Path("my pages.d") / "a.b.png")
    assert start("segment", ["pages=my pages.d", *QUICKLY]) == 0
    assert start("segment", ["pages=my pages.d/a.b.png", *QUICKLY]) == 0
    assert {path.name for path in Path("segmented").glob("[!.]*")} == {"my pages.d", "a.b"}
    assert one_line(capsys, "pages=my pages.d", *QUICKLY).startswith("out=segmented/my pages.d is not empty")


def test_a_baseline_writes_the_one_kind_that_it_finds(capsys):
    save_pages(Path("page.png"))
    for kind, other in (("words", "characters"), ("characters", "words")):
        out = Path(kind)
        assert start("segment", ["pages=page.png", f"out={out}", f"preset={kind}", "size=28"]) == 0
        assert {path.name for path in out.iterdir()} == {"boxes.csv", "report.json", f"{kind}.npz", kind, "overlays"}
        assert Glyphs.load(out / f"{kind}.npz").image_shape == (1, 28, 28)
        assert not re.search(f"^{other} ", capsys.readouterr().out, re.MULTILINE)


def test_no_torch_is_loaded(tmp_path):
    """The answer is there within seconds."""
    save_pages(tmp_path / "page.png")
    program = f"""
import sys
from handwriting.jobs import main
assert main(["segment", "pages={tmp_path}/page.png", "out={tmp_path}/out"]) == 0
assert not sys.modules.keys() & {{"torch", "pytorch_lightning", "sklearn", "wandb", "matplotlib"}}
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


# What it is for.


def test_handwriting_data_describes_the_crops(out, capsys):
    assert start("data", ["data=pages", f"data.path={out}", "data.prepare.thickness=2"]) == 0
    assert "unlabelled" in capsys.readouterr().out
    assert Path("reports/data_pages.png").is_file()


def test_conditional_models_are_refused(out, capsys):
    assert start("train", ["data=pages", f"data.path={out}", "model=cvae"]) == MISTAKE
    assert "model=vae" in capsys.readouterr().err
    assert not Path("runs").exists()


@pytest.mark.slow
def test_a_model_trains_on_the_crops_that_were_left(out, tmp_path):
    from tests.builders import QUICK  # with torch, which processes that import this file need not wait for

    mine = shutil.copytree(out, tmp_path / "mine")
    for row in read_rows(mine, "character")[::2]:
        (mine / row["file"]).unlink()
    words = [word for word in QUICK if not word.startswith(("data=", "data.classes", "data.count"))]
    assert start("train", [*words, "data=pages", f"data.path={mine}", "model=vae", "callbacks=none"]) == 0
    (run,) = Path("runs").glob("[!.]*")
    assert re.search(r"characters\.npz: \d+ of \d+ glyphs skipped", (run / "train.log").read_text())
