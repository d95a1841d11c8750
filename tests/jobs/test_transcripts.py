"""What `handwriting label` does with the texts that lie next to the photographs."""

from __future__ import annotations

import csv
import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import handwriting
from benchmarks.drawn_pages import DrawnPage, draw_page
from benchmarks.page_style import PageStyle
from handwriting.data.sources.pages import Pages
from handwriting.errors import ConfigError
from handwriting.jobs import MISTAKE, start
from handwriting.jobs.transcripts import find_transcripts
from handwriting.pages.answers import MIN_IOU, overlaps
from handwriting.pages.folder import SegmentedFolder
from handwriting.pages.labels import LabelRow, character_key, read_labels, write_labels
from tests.builders import QUICK
from tests.pages.builders import contents, quick_labelling, read_report, read_rows, write_text

STYLE = PageStyle(size=(5, 3), margin=0.3, dpi=120, touching=0.7)


@pytest.fixture(scope="module")
def pages() -> list[DrawnPage]:
    return [draw_page(STYLE, seed) for seed in (3, 4)]


@pytest.fixture(scope="module", autouse=True)
def _quick():
    with quick_labelling():
        yield


@pytest.fixture(scope="module")
def segmented(tmp_path_factory: pytest.TempPathFactory, pages: list[DrawnPage]) -> Path:
    """Two photographs, and the folder of their pieces; both have their texts."""
    path = tmp_path_factory.mktemp("notes")
    (path / "photos").mkdir()
    for name, page in zip(("one", "two"), pages, strict=True):
        Image.fromarray(page.image).save(path / f"photos/{name}.png")
        write_text(path / f"photos/{name}.txt", page)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(path)
        assert start("segment", ["pages=photos", "workers=1", "size=32"]) == 0
    return path


@pytest.fixture(scope="module")
def labelled(tmp_path_factory: pytest.TempPathFactory, segmented: Path) -> Path:
    """The same labelled, the second page without its text."""
    path = tmp_path_factory.mktemp("labelled") / "notes"
    shutil.copytree(segmented, path)
    (path / "photos/two.txt").unlink()
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(path)
        assert label() == 0
    return path


@pytest.fixture
def notes(segmented: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return entered(segmented, tmp_path, monkeypatch)


@pytest.fixture
def done(labelled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return entered(labelled, tmp_path, monkeypatch)


def entered(source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = Path(shutil.copytree(source, tmp_path / "notes"))
    monkeypatch.chdir(path)
    return path


def label(*words: str) -> int:
    return start("label", ["pages=segmented/photos", *words])


def refused(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    capsys.readouterr()
    assert label(*words) == MISTAKE
    error = capsys.readouterr().err
    assert error.count("\n") == 1, error
    return error


def of_page(folder: Path, name: str) -> dict[str, bytes]:
    """Return the pictures of a page, and its rows as bytes."""
    pictures = {path: content for path, content in contents(folder).items() if Path(path).stem.startswith(name)}
    rows = [row for row in read_rows(folder) if row["page"].startswith(name)]
    return pictures | {"rows": json.dumps(rows).encode()}


def test_segmenting_says_which_pages_can_be_labelled(notes: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert start("segment", ["pages=photos", "workers=1", "out=a b"]) == 0
    printed = capsys.readouterr().out
    assert "2 pages have one: handwriting label 'pages=a b'" in printed
    assert "skipped" not in printed


def test_most_labels_are_right_and_boxes_are_cut_by_the_text(
    done: Path, segmented: Path, pages: list[DrawnPage]
) -> None:
    folder = SegmentedFolder(done / "segmented/photos")
    labels = read_labels(folder)
    truth = pages[0]
    letters = "".join("".join(line) for line in truth.text)
    right = []
    for row in folder.rows("character"):
        if row.page != "one.png":
            continue
        inside = truth.characters[row.y : row.y + row.h, row.x : row.x + row.w]
        shown = np.bincount(inside.ravel(), minlength=len(letters) + 1)[1:].argmax()
        right.append(labels[character_key(row)].label == letters[shown])
    assert len(right) == pytest.approx(len(letters), rel=0.02)
    assert np.mean(right) > 0.9
    assert {row.by for row in labels.values()} == {"transcript"}
    assert len({row.badness for row in labels.values()}) > 20
    before = len(read_rows(segmented / "segmented/photos", "character"))
    assert len(read_rows(done / "segmented/photos", "character")) > before
    assert (folder.path / "labels.png").is_file()


def test_a_page_without_a_text_stays_as_it_was(done: Path, segmented: Path) -> None:
    assert of_page(done / "segmented/photos", "two") == of_page(segmented / "segmented/photos", "two")
    rows, glyphs = SegmentedFolder(done / "segmented/photos").glyphs("character")
    before, glyphs_before = SegmentedFolder(segmented / "segmented/photos").glyphs("character")
    of_two = [glyphs.images[number] for number, row in enumerate(rows) if row.page == "two.png"]
    of_two_before = [glyphs_before.images[number] for number, row in enumerate(before) if row.page == "two.png"]
    assert np.array_equal(of_two, of_two_before)


def test_the_report_says_what_was_matched(done: Path) -> None:
    report = read_report(done / "segmented/photos")
    assert report["pages_from"] == "photos"
    assert report["totals"]["characters"] == len(read_rows(done / "segmented/photos", "character"))
    labels = report["labels"]
    assert labels["method"] == "transcript"
    assert labels["words_labelled"] == labels["words"] == sum(map(len, draw_page(STYLE, 3).text))
    assert [page["text"] for page in labels["pages"]] == ["photos/one.txt", None]
    assert labels["by"] == {"transcript": labels["labelled"]}


def test_conditional_models_train_on_the_result(done: Path) -> None:
    training, _ = Pages(path="segmented/photos").read()
    assert len(training.alphabet) > 5
    data = ["data=pages", "data.path=segmented/photos", "data.prepare.min_count=3", "data.batch_size=16"]
    quick = [word for word in QUICK if not word.startswith(("data", "trainer.max_epochs"))]
    assert start("train", [*quick, *data, "model=cgan", "trainer.max_epochs=1", "hydra.run.dir=run"]) == 0
    assert (done / "run/checkpoints/last.ckpt").is_file()


def test_labels_are_replaced_only_on_request_and_by_the_same(
    done: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = contents(done / "segmented/photos")
    with monkeypatch.context() as unavailable:  # the refusal comes before what takes seconds
        unavailable.setitem(sys.modules, "handwriting.features.piece_training", None)
        unavailable.setattr("handwriting.pages.originals.read_scan", None)
        assert "overwrite=true" in refused(capsys)
    with pytest.raises(ConfigError, match="overwrite=true"):
        handwriting.label(SegmentedFolder(done / "segmented/photos"))
    assert contents(done / "segmented/photos") == before
    assert label("overwrite=true") == 0
    printed = capsys.readouterr().out
    assert "1 page with a text: about a minute a page" in printed
    assert "\nround 1 of at most 2: " in printed
    labels = read_report(done / "segmented/photos")["labels"]
    about = f"{labels['labelled']:,} characters of {labels['classes']} classes, all by transcript\n"
    assert f"\nlabelled     {about}" in printed
    after = contents(done / "segmented/photos")
    reports = [json.loads(files.pop("report.json")) for files in (before, after)]
    for report in reports:
        report["labels"].pop("seconds")
    assert reports[0] == reports[1]
    assert before == after


def test_answers_of_a_person_win_and_junk_is_counted_apart(done: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = SegmentedFolder(done / "segmented/photos")
    rows = list(read_labels(folder).values())
    answer = rows[7]._replace(label="Q", by="person", confidence=1.0)
    other = next(character_key(row) for row in folder.rows("character") if row.page == "two.png")
    alone = LabelRow(*other, "Z", 1.0, "person", True, 1.0, 0.0)
    junk = rows[8]._replace(label="", by="person", kept=False)
    write_labels(folder, [*rows[:7], answer, junk, *rows[9:], alone])
    assert label("overwrite=true") == 0
    labels = read_labels(folder)
    assert labels[answer.key].label == "Q"
    assert labels[other].label == "Z"
    report = read_report(folder.path)["labels"]
    assert (report["by"]["person"], report["junk"], report["labelled"]) == (2, 1, len(labels) - 1)
    printed = capsys.readouterr().out
    assert f" classes: 2 by a person, {report['by']['transcript']:,} by transcript\n" in printed
    assert "\njunk         1\n" in printed


def test_a_correction_in_the_table_survives_labelling_again_and_enters_training(done: Path) -> None:
    folder = SegmentedFolder(done / "segmented/photos")
    path = folder.path / "labels.csv"
    lines = path.read_text("utf-8").splitlines()
    cells = lines[7].split(",")
    cells[4] = '"Z"'
    path.write_text("\n".join([*lines[:7], ",".join(cells), *lines[8:]]), "utf-8")
    assert "Z" in Pages(path="segmented/photos").read()[0].alphabet
    assert label("overwrite=true") == 0
    (corrected,) = [row for row in read_labels(folder).values() if row.label == "Z"]
    assert corrected.by == "person"
    assert "Z" in Pages(path="segmented/photos").read()[0].alphabet


def test_words_of_the_page_or_the_text_alone_are_listed(notes: Path, pages: list[DrawnPage]) -> None:
    Path("photos/two.txt").unlink()
    lines = [list(line) for line in pages[0].text]
    left_out = [(2, 1), (5, 3)]
    for line, word in left_out:
        del lines[line][word]
    lines[6].insert(2, "incomprehensibly")
    Path("photos/one.txt").write_text("\n".join(map(" ".join, lines)), "utf-8")
    assert label() == 0
    (found, _) = read_report(notes / "segmented/photos")["labels"]["pages"]
    assert found["words_skipped"] == [{"line": 6, "word": "incomprehensibly"}]
    assert [(box["line"], box["word"]) for box in found["boxes_skipped"]] == left_out
    labels = read_labels(SegmentedFolder(notes / "segmented/photos"))
    rows = SegmentedFolder(notes / "segmented/photos").rows("character")
    unlabelled = {row[1:3] for row in rows if row.page == "one.png" and character_key(row) not in labels}
    assert sorted(unlabelled) == left_out


def test_a_data_set_gives_the_first_glyphs(done: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from handwriting.jobs import transcripts

    given: list[dict[str, list[np.ndarray]]] = []
    first_glyphs = transcripts._first_glyphs
    monkeypatch.setattr(transcripts, "_first_glyphs", lambda *some: given.append(first_glyphs(*some)) or given[0])
    assert label("data=synthetic", "data.classes=aeiou", "data.count=1000", "overwrite=true") == 0
    assert sorted(given[0]) == list("aeiou")
    assert {len(images) for images in given[0].values()} == {transcripts.MAX_GLYPHS_OF_CLASS}


def test_a_deleted_glyph_stays_deleted(done: Path) -> None:
    folder = SegmentedFolder(done / "segmented/photos")
    gone = list(folder.rows("character"))[5]
    (folder.path / gone.file).unlink()
    assert label("overwrite=true") == 0
    assert not folder.has_picture(list(folder.rows("character"))[5])


def test_a_glyph_deleted_before_its_cuts_changed_stays_deleted(notes: Path) -> None:
    Path("photos/two.txt").unlink()
    folder = SegmentedFolder(notes / "segmented/photos")
    for row in list(folder.rows("character"))[:40:4]:
        (folder.path / row.file).unlink()
    gone = [row for row in folder.rows("character") if row.page == "one.png" and not folder.has_picture(row)]
    assert label() == 0
    new = [row for row in folder.rows("character") if row.page == "one.png"]
    same = overlaps([row.box for row in gone], [row.box for row in new]).max(axis=0) >= MIN_IOU
    assert same.any()
    assert [folder.has_picture(row) for row in new] == [not deleted for deleted in same]


def test_the_text_of_another_page_is_refused_and_the_others_are_labelled(
    notes: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copy("photos/one.txt", "photos/two.txt")
    before = of_page(notes / "segmented/photos", "two")
    error = refused(capsys)
    assert "photos/two.txt fits the page only" in error
    assert of_page(notes / "segmented/photos", "two") == before
    assert {row.page for row in read_labels(SegmentedFolder(notes / "segmented/photos")).values()} == {"one.png"}


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("one.txt", b"", "photos/one.txt holds no words"),
        ("one.txt", "Größe".encode("latin-1"), "UTF-8"),
        ("one.txt", "שלום".encode(), "right to left"),
        ("one.png", None, "no longer where it was segmented"),
        ("one.png", "two.png", "has other words than when it was segmented"),
    ],
)
def test_what_cannot_be_used_is_one_line_and_changes_nothing(
    notes: Path, capsys: pytest.CaptureFixture[str], name: str, content: bytes | str | None, message: str
) -> None:
    Path("photos/two.txt").unlink()
    if content is None:
        Path("photos", name).unlink()
    elif isinstance(content, str):
        shutil.copy(Path("photos", content), Path("photos", name))
    else:
        Path("photos", name).write_bytes(content)
    before = contents(notes / "segmented/photos")
    assert message in refused(capsys)
    assert contents(notes / "segmented/photos") == before


def test_a_folder_whose_replacement_was_interrupted_is_to_be_segmented_again(
    notes: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (notes / "segmented/photos/characters.npz").unlink()
    assert "holds no characters.npz. Segment the pages again" in refused(capsys)


def test_a_folder_of_an_earlier_version_is_to_be_segmented_again(
    notes: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = notes / "segmented/photos/report.json"
    report = json.loads(path.read_text())
    path.write_text(json.dumps({**report, "preset": {"_target_": "handwriting.segmentation.auto.Auto", "old": 1}}))
    assert "Segment the pages again" in refused(capsys)
    del report["preset"]
    path.write_text(json.dumps(report))
    assert "earlier version" in refused(capsys, "method=transcript")


def test_without_any_text_labels_come_from_rounds(
    notes: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for path in Path("photos").glob("*.txt"):
        path.unlink()
    assert label("ask=files") == 0
    assert "there is no photos/one.txt, and no other page has a text. Write" in capsys.readouterr().out
    assert "one.txt" in refused(capsys, "method=transcript")
    shutil.rmtree("photos")
    assert "Run this in the folder in which you segmented them" in refused(capsys, "method=transcript")
    assert label("ask=files") == 0
    assert "photos, where the pages were segmented, is not there" in capsys.readouterr().out


def test_labels_by_a_transcript_outlive_a_text_that_is_not_found(
    done: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = done / "segmented/photos"
    before = (folder / "labels.csv").read_bytes()
    assert label("undo=true", "overwrite=true") == 0
    assert label("method=rounds", "overwrite=true", "ask=files") == 0
    assert (folder / "labels.csv").read_bytes() == before

    (done / "photos").rename(done / "moved")
    assert "photos, where the pages were segmented, is not there" in refused(capsys, "overwrite=true")
    (done / "moved").rename(done / "photos")
    for path in Path("photos").glob("*.txt"):
        path.rename(path.with_suffix(".text"))
    assert "there is no photos/one.txt" in refused(capsys, "overwrite=true")
    (folder / "report.json").write_text("{")
    assert "report.json cannot be read" in refused(capsys, "overwrite=true")
    assert (folder / "labels.csv").read_bytes() == before


def test_a_missing_text_is_asked_for_by_the_name_of_the_photograph(notes: Path) -> None:
    for path in Path("photos").glob("*.txt"):
        path.unlink()
    missing = find_transcripts(SegmentedFolder(notes / "segmented/photos")).missing
    assert missing.startswith("there is no photos/one.txt")
    assert "Write what one.png says into one.txt next to it" in missing


def test_a_kill_before_the_end_loses_nothing(notes: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from handwriting.pages import relabelling

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    before = contents(notes / "segmented/photos")
    monkeypatch.setattr(relabelling, "write_labels", killed)
    label()
    assert contents(notes / "segmented/photos") == before


def test_labels_of_the_table_are_in_its_format(done: Path) -> None:
    with (done / "segmented/photos/labels.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        assert 0 <= float(row["confidence"]) <= 1
        assert 0 <= float(row["badness"]) <= 1
        assert row["kept"] == ("yes" if float(row["confidence"]) >= 0.9 else "no")
