"""What `handwriting label` asks, takes, keeps and refuses where there is no transcript."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pytest
from PIL import Image

from handwriting.data.preparation.resizing import fit
from handwriting.data.sources.digits import Digits
from handwriting.data.sources.pages import Pages
from handwriting.errors import RunError
from handwriting.jobs import MISTAKE, start
from handwriting.labelling.answers import SheetAnswer
from handwriting.labelling.rounds import RoundSheet
from handwriting.pages.boxes import BoxRow
from handwriting.pages.folder import SegmentedFolder
from handwriting.pages.round_files import AnswerLog, write_round
from handwriting.pages.round_session import SQUARE, RoundSession
from handwriting.segmentation.page import Box, Piece

CHARACTERS = 240
LONG = "9" * 5000
"""A number with more digits than Python reads."""


@pytest.fixture(scope="module")
def digits():
    return Digits().read()[0][:CHARACTERS]


@pytest.fixture(scope="module")
def segmented(tmp_path_factory: pytest.TempPathFactory, digits) -> Path:
    """A segmented page whose characters are real digits."""
    path = tmp_path_factory.mktemp("notes") / "notes"
    with SegmentedFolder(path).draft() as draft:
        with draft.page("page.png", "page", 32) as writer:
            overlay = writer.add_overlay(Image.new("RGB", (60, 40), "white"))
            for number in range(CHARACTERS):
                box = Box(12 * (number % 20), 20 * (number // 20), 9, 12)
                piece = Piece("character", number // 20, 0, number % 20, box, box, 1.0, 0.0)
                writer.add_crop(piece, fit(digits.images[number, 0], 16))
        with draft.merging(32) as append:
            append("page")
        draft.write_report({"pages": [{"page": "page.png", "overlay": overlay, "x_height": 12.0}]})
    return path


@pytest.fixture
def notes(segmented: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return Path(shutil.copytree(segmented, tmp_path / "notes"))


def label(*words: str) -> int:
    return start("label", ["pages=notes", *words])


def table(notes: Path) -> list[dict[str, str]]:
    with (notes / "labels.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def log(notes: Path) -> list[dict]:
    return [json.loads(line) for line in (notes / "rounds/answers.jsonl").read_text("utf-8").splitlines()]


def truth(row: dict[str, str], digits) -> str:
    return digits.alphabet[digits.labels[20 * int(row["line"]) + int(row["order"])]]


def typed(monkeypatch: pytest.MonkeyPatch, *answers: str) -> None:
    left = iter(answers)

    def read(prompt: str) -> str:
        try:
            return next(left)
        except StopIteration:
            raise EOFError from None

    monkeypatch.setattr("builtins.input", read)


def fill(notes: Path, digits, number: int = 1) -> None:
    """Fill in a round as a person does who names what at least 70 % show."""
    folder = notes / f"rounds/round_{number:03}"
    lines = ["cluster,label,wrong"]
    for cluster, one in enumerate(json.loads((folder / "round.json").read_text())["clusters"], 1):
        labels = np.array([digits.labels[x // 12 + 20 * (y // 20)] for _, x, y, _, _ in one["glyphs"]])
        most = np.bincount(labels).argmax()
        wrong = " ".join(str(place) for place in np.flatnonzero(labels != most) + 1)
        mixed = (labels == most).mean() < 0.7
        lines.append(f"{cluster},mixed," if mixed else f"{cluster},{digits.alphabet[most]},{wrong}")
    (folder / "labels.csv").write_text("\n".join(lines))


def one_line(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    capsys.readouterr()
    assert label(*words) == MISTAKE
    error = capsys.readouterr().err
    assert error.count("\n") == 1, error
    return error


def test_rounds_by_files_label_nearly_all_and_train(notes, digits, capsys):
    for number in (1, 2, 3):
        assert label("ask=files", "clusters=15") == 0
        fill(notes, digits, number)
    assert label("ask=files", "clusters=15") == 0
    rows = table(notes)
    assert len(rows) == CHARACTERS
    by_person = [row for row in rows if row["by"] == "person"]
    assert len(by_person) > CHARACTERS / 2
    assert all(row["label"] == truth(row, digits) for row in by_person)
    assert {row["by"] for row in rows} <= {"person", "program"}
    assert np.mean([row["label"] == truth(row, digits) for row in rows]) > 0.9
    report = json.loads((notes / "report.json").read_text())
    assert report["labels"]["method"] == "rounds"
    assert report["labels"]["by"]["person"] == len(by_person)
    assert report["pages"]
    assert "by a person" in capsys.readouterr().out
    training, _ = Pages(path=str(notes)).read()
    assert set(training.alphabet) <= set(digits.alphabet)


def test_a_round_that_is_not_filled_in_stays(notes, capsys):
    assert label("ask=files") == 0
    assert label("ask=files") == 0
    assert "holds no answer yet" in capsys.readouterr().out
    assert [path.name for path in (notes / "rounds").iterdir()] == ["round_001"]


def test_pictures_moved_by_hand_are_answers(notes):
    assert label("ask=files", "clusters=3") == 0
    folder = notes / "rounds/round_001"
    (folder / "7").mkdir()
    (folder / "full_stop").mkdir()
    (folder / "cluster_02.png").rename(folder / "7/cluster_02.png")
    (folder / "glyphs/02_01.png").rename(folder / "full_stop/02_01.png")
    (folder / "glyphs/01_03.png").rename(folder / "7/01_03.png")
    (folder / "glyphs/02_02.png").unlink()
    shown = json.loads((folder / "round.json").read_text())["clusters"][1]["glyphs"]
    assert label("ask=files", "clusters=3") == 0
    given = {(int(row["line"]), int(row["order"])): row["label"] for row in table(notes) if row["by"] == "person"}
    places = [(y // 20, x // 12) for _, x, y, _, _ in shown]
    assert given[places[0]] == "."
    assert places[1] not in given
    assert {given[place] for place in places[2:]} == {"7"}
    assert len(given) == len(places) - 1 + 1


def test_what_a_spreadsheet_saves_is_read(notes):
    assert label("ask=files", "clusters=2") == 0
    content = "\ufeffLabel;Cluster;Wrong\r\n3;1;2 4\r\n;2;\r\n"
    (notes / "rounds/round_001/labels.csv").write_bytes(content.encode())
    assert label("ask=files", "clusters=2") == 0
    (entry,) = log(notes)
    assert (entry["label"], entry["wrong"], entry["by"], entry["round"]) == ("3", [2, 4], "person", 1)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("labels.csv", "cluster,label,wrong\n9,a,\n", "there is no cluster '9'; this round has clusters 1 to 2"),
        ("labels.csv", f"cluster,label,wrong\n{LONG},a,\n", f"there is no cluster '{LONG[:40]}' ...; this round has"),
        ("labels.csv", "cluster,label,wrong\n1,a,99\n", "there is no glyph 99"),
        ("labels.csv", f"cluster,label,wrong\n1,a,3 {LONG}\n", f"'{LONG[:40]}' ... is not the number of a glyph"),
        ("labels.csv", f"cluster,label,wrong\n1,{LONG},\n", f"'{LONG[:40]}' ... is not a label"),
        ("labels.csv", "cluster,label,wrong\n1,abc,\n", "'abc' is not a label. Give one character, such as a, or its"),
        ("labels.csv", "cluster,label,wrong,colour\n1,a,,red\n", "there is no column 'colour'"),
        ("labels.csv", "cluster,label,wrong\n1,,3\n", "has no label"),
        ("labels.csv", "cluster,label,wrong\n1,mixed,3\n", "takes no numbers"),
        (
            "labels.csv",
            "cluster,label,wrong\n1,a,\n1,b,\n",
            "cluster 1 is 'a' in line 2 of labels.csv and 'b'",
        ),
        (
            "labels_anna.csv",
            "cluster,label,wrong\n1,b,\n",
            "and 'b' in line 2 of labels_anna.csv",
        ),
        (
            "labels_anna.csv",
            "cluster,label,wrong\n1,a,5\n",
            "glyph 5 of cluster 1 is struck out in line 2",
        ),
        ("b/cluster_01.png", "", "cluster 1 is 'a' in line 2 of labels.csv and 'b' in the folder b"),
        ("old ones/01_01.png", "", "is not named after a character"),
        ("b/holiday.png", "", "is not a picture of this round"),
        ("b/07_01.png", "", "is not a picture of this round"),
    ],
)
def test_answers_that_do_not_fit_are_refused_and_nothing_is_taken(notes, capsys, name, content, message):
    assert label("ask=files", "clusters=2") == 0
    folder = notes / "rounds/round_001"
    (folder / "labels.csv").write_text("cluster,label,wrong\n1,a,\n")
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_text(content)
    assert message in one_line(capsys, "ask=files")
    assert not (notes / "rounds/answers.jsonl").exists()
    assert not (notes / "rounds/round_002").exists()


def test_two_answers_about_one_glyph_that_disagree_are_named(notes, capsys):
    assert label("ask=files", "clusters=1") == 0
    folder = notes / "rounds/round_001"
    for name in "ab":
        (folder / name).mkdir()
        shutil.copy(folder / "glyphs/01_02.png", folder / name)
    assert "01_02.png lies in the folder a and in the folder b" in one_line(capsys, "ask=files")


@pytest.mark.parametrize(
    "name",
    [
        "01_02 (1).png",
        "01_02 - Copy.png",
        "01_02 - Kopie (2).png",
        "01_02 copy.png",
        "01_02(1).PNG",
        "Copy of 01_02.png",
    ],
)
def test_a_copied_picture_counts_as_its_glyph(notes, capsys, name):
    assert label("ask=files", "clusters=1") == 0
    folder = notes / "rounds/round_001"
    for character in "ab":
        (folder / character).mkdir()
    shutil.copy(folder / "glyphs/01_02.png", folder / "a" / name)
    shutil.copy(folder / "glyphs/01_02.png", folder / "b")
    assert "lies in the folder a and in the folder b" in one_line(capsys, "ask=files")
    (folder / "b/01_02.png").rename(folder / "a/01_02.png")
    (folder / "glyphs/01_01.png").rename(folder / "glyphs/01_01 copy.png")
    shutil.copy(folder / "cluster_01.png", folder / "b/cluster_01 (1).png")
    assert label("ask=files", "clusters=1") == 0
    whole, single = log(notes)
    assert (whole["label"], whole["wrong"]) == ("b", [2])
    assert (single["label"], single["glyphs"]) == ("a", [whole["glyphs"][1]])


def test_what_file_browsers_leave_in_a_round_is_no_answer(notes, capsys):
    assert label("ask=files", "clusters=1") == 0
    folder = notes / "rounds/round_001"
    for place in (folder, folder / "a", folder / "__MACOSX", folder / ".hidden", folder / "@eaDir", folder / "glyphs"):
        place.mkdir(exist_ok=True)
        for name in ("desktop.ini", "Desktop.ini", "Thumbs.db", ".DS_Store", "._01_01.png", ".directory"):
            (place / name).write_bytes(b"\0")
    (folder / "@eaDir/01_01.png").mkdir()
    assert label("ask=files") == 0
    assert "holds no answer yet" in capsys.readouterr().out
    (folder / "glyphs/01_01.png").rename(folder / "a/01_01.png")
    assert label("ask=files") == 0
    assert [entry["label"] for entry in log(notes)] == ["a"]


def test_the_terminal_takes_answers_and_goes_on_after_them(notes, monkeypatch, capsys):
    typed(monkeypatch, "a -3", "zz", "mixed", "junk", "undo", "b")
    assert label() == 0
    printed = capsys.readouterr().out
    assert "notes/rounds/sheet.png" in printed
    assert "'zz' is not a label" in printed
    entries = log(notes)
    assert [entry.get("label", "undo") for entry in entries] == ["a", None, "", "undo", "b"]
    assert entries[0]["wrong"] == [3]
    typed(monkeypatch, "c", "quit", "d")
    assert label() == 0
    assert [entry.get("label", "undo") for entry in log(notes)] == ["a", None, "", "undo", "b", "c"]
    assert {row["label"] for row in table(notes) if row["by"] == "person"} == {"a", "b", "c"}


def test_junk_alone_is_not_spread_and_is_counted_apart(notes, monkeypatch, capsys):
    typed(monkeypatch, "junk -2 -3", "mixed")
    assert label() == 0
    printed = capsys.readouterr().out
    rows = table(notes)
    assert {(row["label"], row["by"]) for row in rows} == {("", "person")}
    assert re.search(r"labelled +0 characters of 0 classes: 0 by a person, 0 by the program\n", printed)
    assert re.search(rf"junk +{len(rows)}\n", printed)
    typed(monkeypatch, "a")
    assert label() == 0
    rows = table(notes)
    assert {row["by"] for row in rows} == {"person", "program"}
    named = sum(row["label"] == "a" for row in rows)
    assert re.search(rf"labelled +{named} characters of 1 class: ", capsys.readouterr().out)


def test_only_results_that_exist_are_named(notes, monkeypatch, capsys):
    typed(monkeypatch, "quit")
    assert label() == 0
    assert "results      notes: nothing is labelled yet" in capsys.readouterr().out
    assert not (notes / "labels.csv").exists()
    typed(monkeypatch, "a")
    assert label() == 0
    assert "results      notes: labels.csv, and labels.png to look at" in capsys.readouterr().out
    assert label("undo=true") == 0
    assert "results      notes: nothing is labelled yet" in capsys.readouterr().out
    assert not (notes / "labels.png").exists()


def test_undo_takes_the_last_round_back(notes, digits):
    assert label("ask=files", "clusters=4") == 0
    fill(notes, digits)
    assert label("ask=files", "clusters=4") == 0
    assert sum(row["by"] == "person" for row in table(notes)) > 20
    assert label("undo=true") == 0
    assert table(notes) == []
    assert len(log(notes)) == 5  # nothing is ever removed from the log


def test_an_undone_round_is_open_again_and_the_one_that_followed_is_removed(notes, digits, monkeypatch, capsys):
    assert label("ask=files", "clusters=2") == 0
    first, second = notes / "rounds/round_001", notes / "rounds/round_002"
    (first / "labels.csv").write_text("cluster,label,wrong\n1,a,\n")
    (first / "7").mkdir()
    (first / "glyphs/02_01.png").rename(first / "7/02_01.png")
    assert label("ask=files", "clusters=2") == 0
    assert second.is_dir()
    typed(monkeypatch, "q", "undo")
    assert label() == 0
    assert "taken back: q on " in capsys.readouterr().out
    assert label("undo=true", "ask=files") == 0
    assert "taken back: notes/rounds/round_001, 2 answers" in capsys.readouterr().out
    assert not second.exists()
    assert (first / "7/02_01.png").is_file()
    (first / "labels.csv").write_text("cluster,label,wrong\n1,b,\n")
    assert label("ask=files", "clusters=2") == 0
    assert {row["label"] for row in table(notes) if row["by"] == "person"} == {"b", "7"}
    assert second.is_dir()


def test_a_round_is_not_undone_over_answers_of_a_later_one(notes, digits, capsys):
    assert label("ask=files", "clusters=2") == 0
    fill(notes, digits)
    assert label("ask=files", "clusters=2") == 0
    fill(notes, digits, 2)
    kept = log(notes)
    assert "round_002 holds your answers" in one_line(capsys, "undo=true", "ask=files")
    assert log(notes) == kept
    assert (notes / "rounds/round_002/labels.csv").is_file()


def test_the_terminal_says_what_is_wrong_and_what_is_taken_back(notes, monkeypatch, capsys):
    typed(monkeypatch, "undo", "zz", "a -3", "undo")
    assert label() == 0
    lines = capsys.readouterr().out.splitlines()
    assert "There is no answer to take back." in lines
    advice = "Give one character, such as z, or its Unicode name, such as full_stop, or mixed or junk. Or type help."
    assert f"'zz' is not a label. {advice}" in lines
    assert "taken back: a -3 on 40 glyphs" in lines


@pytest.mark.parametrize("first", ["e -2 -5", "mixed", "junk"])
def test_undo_shows_the_same_sheet_with_the_same_numbers_once_more(notes, monkeypatch, capsys, first):
    pictures = []

    def read(prompt: str) -> str:
        pictures.append((notes / "rounds/sheet.png").read_bytes())
        return answers.pop(0)

    monkeypatch.setattr("builtins.input", read)
    answers = ["a", "b", first, "undo", "c -7", "quit"]
    assert label() == 0
    assert pictures[3] != pictures[2] == pictures[4] != pictures[5]
    *_, wrong, _, corrected = log(notes)
    assert (corrected["label"], corrected["wrong"], corrected["glyphs"]) == ("c", [7], wrong["glyphs"])


def test_an_answer_undone_in_a_later_session_is_asked_about_first(notes, monkeypatch, capsys):
    typed(monkeypatch, "a", "b -4", "c")
    assert label() == 0
    typed(monkeypatch, "undo", "undo", "quit")
    assert label() == 0
    assert label("undo=true") == 0
    typed(monkeypatch, "d -1")
    assert label() == 0
    first, *_, again = log(notes)
    assert (again["label"], again["wrong"], again["glyphs"]) == ("d", [1], first["glyphs"])


def test_a_correction_in_the_table_holds_on_a_sheet_that_comes_once_more(notes, monkeypatch, capsys):
    typed(monkeypatch, "a")
    assert label() == 0
    content = (notes / "labels.csv").read_text()
    before = next(line for line in content.splitlines() if '"person"' in line)
    (notes / "labels.csv").write_text(content.replace(before, before.replace('"a"', '"q"')))
    typed(monkeypatch, "undo", "b")
    assert label() == 0
    given = [row["label"] for row in table(notes) if row["by"] == "person"]
    assert sorted(given) == ["b"] * 39 + ["q"]


def test_each_answer_is_followed_by_what_was_recorded_and_where_the_work_stands(notes, monkeypatch, capsys):
    typed(monkeypatch, "e -1 -2", "mixed", "junk")
    assert label() == 0
    entries = log(notes)
    shown = [len(entry["glyphs"]) for entry in entries]
    named = [shown[0] - 2, shown[0] - 2, shown[0] - 2 + shown[2]]
    recorded = [f"e: {shown[0] - 2} glyphs, 2 struck out", f"mixed: {shown[1]} glyphs", f"junk: {shown[2]} glyphs"]
    lines = [line for line in capsys.readouterr().out.splitlines() if "You have named" in line]
    assert len(lines) == 3
    for line, what, count in zip(lines, recorded, named, strict=True):
        pattern = rf"{what}\. You have named {count} of {CHARACTERS}; the program recognises (\d+) more\."
        assert int(re.fullmatch(pattern, line)[1]) <= CHARACTERS - count


def test_bytes_that_are_no_text_are_answered_in_one_line_and_the_question_is_asked_again(notes, monkeypatch, capsys):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"\xff\xfe -3\na -3\nquit\n"), "utf-8"))
    assert label() == 0
    lines = [line for line in capsys.readouterr().out.splitlines() if "encoding" in line]
    assert len(lines) == 1
    assert lines[0].endswith("Type it again, or a Unicode name.")
    assert [(entry["label"], entry["wrong"]) for entry in log(notes)] == [("a", [3])]


def test_a_closed_input_is_the_end_of_the_input(notes, monkeypatch, capsys):
    monkeypatch.setattr("sys.stdin", None)
    assert label() == 0
    assert "nothing is labelled yet" in capsys.readouterr().out


def test_without_an_output_to_ask_on_nothing_is_asked(notes, monkeypatch, capsys):
    monkeypatch.setattr("sys.stdout", None)
    assert "Standard output is closed" in one_line(capsys)
    assert not (notes / "rounds").exists()
    assert label("ask=files") == 0


def test_answers_are_taken_where_errors_cannot_be_shown(notes, monkeypatch):
    monkeypatch.setattr("sys.stderr", None)
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"a -3\nquit\n"), "utf-8"))
    assert label() == 0
    assert [(entry["label"], entry["wrong"]) for entry in log(notes)] == [("a", [3])]


@pytest.mark.parametrize("name", ["rounds", "rounds/round_001"])
def test_a_file_where_a_folder_is_to_be_made_is_named(notes, name):
    path = notes / name
    for make, kind in ((path.touch, "a file"), (lambda: path.symlink_to("nowhere"), "a broken link")):
        path.parent.mkdir(exist_ok=True)
        make()
        with pytest.raises(RunError) as caught:
            write_round(notes, 1, [RoundSheet((0,), None, 0.0, "cluster")], [("page.png", 0, 0, 9, 12)], blank_squares)
        assert str(caught.value) == f"{path} is {kind}, and a folder is to be made there: remove it."
        path.unlink()


def blank_squares(glyphs) -> np.ndarray:
    return np.zeros((len(glyphs), 96, 96), np.uint8)


def test_joined_letters_are_said_to_need_a_text(notes, monkeypatch, capsys):
    for joined in (True, False):
        monkeypatch.setattr("handwriting.jobs.label.is_joined", lambda _, joined=joined: joined)
        assert label("ask=files", "clusters=2") == 0
        printed = capsys.readouterr().out
        told = "What names joined letters is a text next to the photograph.\n"
        assert (told in printed) == joined


def test_ctrl_c_says_that_answers_are_kept(notes, monkeypatch, capsys):
    def interrupted(prompt: str) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr("builtins.input", interrupted)
    assert label() == 130
    assert capsys.readouterr().err == "\nStopped. Your answers are kept; the same command goes on.\n"


def test_a_folder_of_photographs_is_refused_in_one_line(notes, capsys):
    (notes / "boxes.csv").unlink()
    assert "notes holds no boxes.csv. Give pages=<folder that handwriting segment wrote>" in one_line(capsys)
    assert not capsys.readouterr().out


def test_a_folder_that_is_not_there_is_answered_with_those_that_are(notes, capsys):
    message = "there is no folder segmented/nix. "
    assert message + "Give pages=<folder that handwriting segment wrote>" in one_line(capsys, "pages=segmented/nix")
    shutil.copytree(notes, "segmented/letters")
    Path("segmented/empty").mkdir()
    error = one_line(capsys, "pages=segmented/nix")
    assert message + "Segmented folders here are segmented/letters. Give pages=<one of them>." in error


def test_the_characters_of_a_sheet_fill_their_cells_however_tall_others_of_the_hand_are(notes):
    folder = SegmentedFolder(notes)
    rows, glyphs = folder.glyphs("character")
    rows = [row._replace(above=4 * row.above) if row.line < 3 else row for row in rows]
    session = RoundSession(folder, rows, glyphs.images, AnswerLog(notes, rows), Mock)
    small = [number for number, row in enumerate(rows) if row.line >= 3][:40]
    heights = [np.ptp(np.flatnonzero(square.any(axis=1))) + 1 for square in session.squares(small)]
    assert max(heights) > 0.8 * SQUARE
    together = [np.ptp(np.flatnonzero(square.any(axis=1))) + 1 for square in session.squares([0, 1, 2, *small])]
    assert max(together[3:]) < 0.5 * SQUARE  # one scale: the tall ones of the same sheet must fit


def test_a_correction_in_the_table_holds_without_a_warning_and_is_counted_apart(notes, monkeypatch, capsys):
    typed(monkeypatch, "a")
    assert label() == 0
    content = (notes / "labels.csv").read_text()
    before = next(line for line in content.splitlines() if '"person"' in line)
    (notes / "labels.csv").write_text(content.replace(before, before.replace('"a"', '"q"')))
    typed(monkeypatch)
    assert label() == 0
    printed = capsys.readouterr().out
    assert "holds" not in printed
    assert re.search(r"^answers +1\ncorrected +1 character in labels.csv$", printed, re.MULTILINE)
    summary = json.loads((notes / "report.json").read_text())["labels"]
    assert (summary["answers"], summary["corrected"]) == (1, 1)
    assert sum(row["label"] == "q" and row["by"] == "person" for row in table(notes)) == 1


def test_labels_by_a_transcript_are_replaced_only_on_request(notes, monkeypatch, capsys):
    typed(monkeypatch, "a")
    assert label() == 0
    path = notes / "labels.csv"
    path.write_text(path.read_text().replace('"program"', '"transcript"'))
    kept = path.read_bytes()
    assert "overwrite=true" in one_line(capsys)
    assert "overwrite=true" in one_line(capsys, "method=rounds")
    assert path.read_bytes() == kept
    typed(monkeypatch)
    assert label("method=rounds", "overwrite=true") == 0
    assert {row["by"] for row in table(notes)} == {"person", "program"}


def test_a_deleted_picture_is_not_asked_about(notes, monkeypatch, capsys):
    gone = next(SegmentedFolder(notes).rows("character"))
    (notes / gone.file).unlink()
    typed(monkeypatch, "a")
    assert label() == 0
    assert "1 picture was deleted: " in capsys.readouterr().out
    assert (gone.line, gone.order) not in {(int(row["line"]), int(row["order"])) for row in table(notes)}


def test_answers_outlive_another_segmentation(notes, monkeypatch, capsys):
    typed(monkeypatch, "a", "b")
    assert label() == 0
    before = sum(row["by"] == "person" for row in table(notes))
    resegmented(notes, set())
    typed(monkeypatch)
    assert label() == 0
    assert sum(row["by"] == "person" for row in table(notes)) == before


def resegmented(notes: Path, lost: set[tuple[int, ...]], shift: int = 1) -> None:
    """Move the box of every character a little, and those of the lost ones far away."""
    rows = SegmentedFolder(notes).rows()
    moved = [row._replace(x=row.x + (5000 if (row.x, row.y) in lost else shift)) for row in rows]
    lines = [",".join(BoxRow._fields), *(",".join(map(str, row.cells())) for row in moved)]
    (notes / "boxes.csv").write_text("\n".join(lines) + "\n")
    (notes / "labels.csv").unlink(missing_ok=True)


def test_undo_after_a_segmentation_that_lost_characters_takes_back_the_answer_that_it_names(notes, monkeypatch, capsys):
    typed(monkeypatch, "a", "b", "c")
    assert label() == 0
    resegmented(notes, {(x, y) for _, x, y, _, _ in log(notes)[-1]["glyphs"]})
    typed(monkeypatch, "undo")
    assert label() == 0
    assert "taken back: b on " in capsys.readouterr().out
    assert {row["label"] for row in table(notes) if row["by"] == "person"} == {"a"}
    again = AnswerLog(notes, list(SegmentedFolder(notes).rows("character"))).taken_back()
    assert len(again) == len(log(notes)[1]["glyphs"])
    resegmented(notes, set(), -1)
    lost = log(notes)[2]["glyphs"]
    boxes = notes / "boxes.csv"
    for _, x, y, w, h in lost:
        boxes.write_text(boxes.read_text().replace(f",{x + 4999},{y},{w},{h},", f",{x},{y},{w},{h},"))
    typed(monkeypatch)
    assert label() == 0
    assert {row["label"] for row in table(notes) if row["by"] == "person"} == {"a", "c"}


def test_undo_takes_back_a_whole_round_of_which_a_segmentation_lost_an_answer(notes, capsys):
    assert label("ask=files", "clusters=3") == 0
    folder = notes / "rounds/round_001"
    (folder / "labels.csv").write_text("cluster,label,wrong\n1,a,\n2,b,\n3,c,\n")
    assert label("ask=files", "clusters=3") == 0
    shutil.rmtree(notes / "rounds/round_002")
    resegmented(notes, {(x, y) for _, x, y, _, _ in log(notes)[1]["glyphs"]})
    assert label("undo=true", "ask=files") == 0
    assert "results      notes: nothing is labelled yet" in capsys.readouterr().out
    assert log(notes)[-1] == {"undo": 3}


def test_a_round_that_was_filled_in_is_taken_after_another_segmentation_and_no_round_is_taken_twice(notes, capsys):
    assert label("ask=files", "clusters=2") == 0
    (notes / "rounds/round_001/labels.csv").write_text("cluster,label,wrong\n1,a,\n")
    resegmented(notes, set())
    assert label("ask=files", "clusters=2") == 0
    assert "round_001: 1 answer taken" in capsys.readouterr().out
    shutil.rmtree(notes / "rounds/round_002")
    resegmented(notes, {(x, y) for _, x, y, _, _ in log(notes)[0]["glyphs"]})
    assert label("ask=files", "clusters=2") == 0
    assert "holds no answer yet" not in capsys.readouterr().out
    assert (notes / "rounds/round_002/round.json").is_file()


def test_the_baseline_names_whole_clusters_by_five_pictures(notes, monkeypatch):
    typed(monkeypatch, "a")
    assert label("method=dbscan") == 0
    (entry,) = log(notes)
    assert len(entry["glyphs"]) == 5
    assert len(table(notes)) >= 5
    assert json.loads((notes / "report.json").read_text())["labels"]["method"] == "dbscan"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["pages=nowhere"], "Give pages=<folder that handwriting segment wrote>"),
        (["pages=notes/boxes.csv"], "pages=notes/boxes.csv is a file. Give a folder."),
        (["pages=[notes,more]"], "pages takes one folder"),
        (["pages="], "it is empty: give a folder"),
        (["keep=2"], "keep=2"),
        (["method=umap"], "method=umap"),
        (["ask=browser"], "ask=browser"),
    ],
)
def test_other_values_are_refused(notes, capsys, words, message):
    assert message in one_line(capsys, *words)


@pytest.mark.parametrize(
    "line",
    [
        f'{{"label": "a", "glyphs": [["page.png", {LONG}, 0, 9, 12]], "wrong": []}}',
        f'{{"label": "a", "glyphs": [["page.png", {LONG[:400]}, 0, 9, 12]], "wrong": []}}',
        '{"label": "a", "glyphs": [["page.png", Infinity, 0, 9, 12]], "wrong": []}',
        '{"label": "a", "glyphs": [["page.png", 0, 0]], "wrong": []}',
        f'{{"undo": {LONG}}}',
        '{"undo": -1}',
        '{"label": "\\u0301", "glyphs": [["page.png", 0, 0, 9, 12]], "wrong": []}',
        '{"undo": 0}',
        '{"undo": 1}',
        '{"undo": 1e999}',
        '{"label": "\\ud800", "glyphs": [["page.png", 0, 0, 9, 12]], "wrong": []}',
        '{"label": "a", "glyphs": []}',
        "[" * 100_000,
    ],
)
def test_a_line_of_the_log_that_is_no_answer_is_named_in_the_programs_own_words(notes, capsys, line):
    (notes / "rounds").mkdir()
    (notes / "rounds/answers.jsonl").write_text(line + "\n")
    error = one_line(capsys)
    assert "answers.jsonl, line 1 is no answer (" in error
    assert len(error) < 300
    assert "sys." not in error


def test_an_empty_log_and_names_with_any_line_break_are_read(tmp_path):
    row = BoxRow("a\u2028b\nc\x85.png", 0, 0, 0, "character", 0, 0, 9, 12, 1.0, 0.0, "characters/a.png")
    log = AnswerLog(tmp_path, [row])
    log.path.parent.mkdir()
    log.path.touch()
    assert log.read() == []
    log.add([SheetAnswer((0,), "a")])
    assert [logged.answer for logged in log.read()] == [SheetAnswer((0,), "a")]
    assert log.undo()
    assert log.read() == []


def test_numbers_that_nothing_can_be_measured_by_are_refused_in_one_line(notes, capsys):
    boxes, report = notes / "boxes.csv", notes / "report.json"
    kept = boxes.read_text()
    for number in (LONG, LONG[:400], "nan", "inf", "1e5"):
        boxes.write_text(kept.replace(",0,0,9,12,", f",0,0,{number},12,", 1))
        assert "boxes.csv cannot be read (w='" in (error := one_line(capsys))
        assert len(error) < 300
    boxes.write_text(kept)
    for number in (LONG, LONG[:400], "inf", "-1"):
        head = "page,line,word,order,label,confidence,by,kept,cut,badness"
        (notes / "labels.csv").write_text(f"{head}\npage.png,0,0,{number},a,1,person,yes,1,0\n")
        assert "labels.csv, line 2 has order='" in (error := one_line(capsys))
        (notes / "labels.csv").write_text(f"{head}\npage.png,0,0,0,a,{number},person,yes,1,0\n")
        assert "labels.csv, line 2 has confidence='" in (error := one_line(capsys))
        assert len(error) < 300
    (notes / "labels.csv").unlink()
    for number in (LONG, LONG[:400], "Infinity", "NaN"):
        report.write_text(re.sub(r'"x_height": [^,\s}]+', f'"x_height": {number}', report.read_text()))
        assert SegmentedFolder(notes).x_heights() == {}


def test_an_older_folder_and_a_broken_log_are_refused(notes, capsys, monkeypatch):
    (notes / "rounds").mkdir()
    (notes / "rounds/answers.jsonl").write_text('{"label": "a", "glyphs": [], "wrong": [7]}\n')
    assert "answers.jsonl, line 1 is no answer" in one_line(capsys)
    boxes = notes / "boxes.csv"
    boxes.write_text(boxes.read_text().replace(",above,below", ""))
    assert "Segment the pages again" in one_line(capsys)
