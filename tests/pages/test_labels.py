"""labels.csv: what is written is read again, also through a spreadsheet; what cannot be right is one clear line."""

from __future__ import annotations

import codecs
import csv
import io
from pathlib import Path

import numpy as np
import pytest

from handwriting.errors import DataError, RunError
from handwriting.labelling.answers import read_name
from handwriting.pages.folder import SegmentedFolder
from handwriting.pages.labels import (
    LABEL_COLUMNS,
    LabelRow,
    as_label,
    character_key,
    has_labels,
    read_labels,
    write_labels,
)
from tests.pages.builders import contents, write_folder

CHARACTERS = [*",;\"='0179aZ.+-@#%&éß字", ""]
"""A label for each character of the folder: what separates, quotes or computes in a spreadsheet, and junk."""


@pytest.fixture
def folder(tmp_path: Path) -> SegmentedFolder:
    return write_folder(tmp_path / "out", page="a, b;c.png", character=len(CHARACTERS))


def labelled(order: int = 0, label: str = "a", **values: object) -> LabelRow:
    row = LabelRow("a, b;c.png", 0, 0, order, label, 0.9375, "transcript", True, 0.5, 0.25)
    return row._replace(**values)


def rows() -> list[LabelRow]:
    return [labelled(order, label, kept=order % 3 > 0) for order, label in enumerate(CHARACTERS)]


def saved(folder: SegmentedFolder, text: str | bytes) -> Path:
    """Save labels.csv as a person or a program saved it."""
    path = folder.path / "labels.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def as_table(header: list[str], lines: list[list[str]], delimiter: str = ",", end: str = "\n") -> str:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator=end).writerows([header, *lines])
    return text.getvalue()


def cells(**values: str) -> list[str]:
    usual = dict(zip(LABEL_COLUMNS, ["a, b;c.png", "0", "0", "0", "a", "0.9", "person", "yes", "1", "0"], strict=True))
    return list((usual | values).values())


def refusal(folder: SegmentedFolder) -> str:
    with pytest.raises(DataError) as caught:
        read_labels(folder)
    message = str(caught.value)
    assert "\n" not in message
    assert message.startswith(str(folder.path / "labels.csv"))
    return message


def test_what_is_written_is_read_in_the_order_of_the_boxes(folder):
    write_labels(folder, reversed(rows()))
    read = read_labels(folder)
    assert list(read.values()) == rows()
    assert list(read) == [character_key(row) for row in folder.rows("character")]
    assert [order for order, row in enumerate(read.values()) if not row.trains] == [0, 3, 6, 9, 12, 15, 18, 21]


def test_the_columns_are_fixed_and_texts_are_quoted(folder):
    write_labels(folder, [labelled(label="=")])
    assert (folder.path / "labels.csv").read_text() == (
        '"page","line","word","order","label","confidence","by","kept","cut","badness"\n'
        '"a, b;c.png",0,0,0,"=",0.9375,"transcript","yes",0.5,0.25\n'
    )


def test_a_folder_without_the_file_has_no_labels(folder):
    assert read_labels(folder) == {}
    assert not has_labels(folder)
    write_labels(folder, [])
    assert read_labels(folder) == {}
    assert has_labels(folder)


def test_numbers_of_numpy_are_written_as_numbers(folder):
    write_labels(folder, [labelled(np.int64(2), confidence=np.float32(0.1), kept=np.bool_(False))])
    assert read_labels(folder) == {("a, b;c.png", 0, 0, 2): labelled(2, confidence=0.1, kept=False)}


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("mark", ["", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_file_that_a_spreadsheet_saved_is_read(folder, delimiter, mark, end):
    write_labels(folder, rows())
    expected = read_labels(folder)
    header, *lines = csv.reader(io.StringIO((folder.path / "labels.csv").read_text()))
    if delimiter != ",":  # where ; separates cells, a comma separates decimals
        lines = [[cell.replace(".", ",") if cell[0:2] in ("0.", "1.") else cell for cell in line] for line in lines]
    shuffled = [[*line[5:], *line[:5], "", ""] for line in (["LABEL" if c == "label" else c for c in header], *lines)]
    for line in shuffled[1:]:
        line[2] = {"yes": "TRUE", "no": "0"}[line[2]]
    shuffled.append([""] * len(shuffled[0]))
    saved(folder, as_table(shuffled[0], shuffled[1:], delimiter, end).encode(mark or "utf-8"))
    assert read_labels(folder) == expected


def test_a_label_is_composed_and_spaces_around_it_do_not_count():
    assert as_label("e\u0301") == "é"
    assert as_label(" a ") == "a"
    assert as_label("  ") == ""


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("label", "ab", "line 3 has label='ab'. Give one character, or junk for a piece that is none."),
        ("label", "q\u0301", "Give one character"),
        ("label", "a\nb", "Give one character"),
        ("label", "\u200b", r"has label='\u200b'. Give one character"),
        ("confidence", "1.5", "line 3 has confidence='1.5'. Give a number from 0 to 1."),
        ("confidence", "", "has confidence=''. Give a number"),
        ("cut", "nan", "has cut='nan'"),
        ("badness", "-0,1", "has badness='-0,1'"),
        ("by", "robot", "line 3 has by='robot'. Give person, transcript or program."),
        ("kept", "perhaps", "line 3 has kept='perhaps'. Give yes or no."),
        ("order", "x", "line 3 has order='x'. Give the whole number that stands in boxes.csv."),
        ("order", "99", "line 3: boxes.csv has no character page=a, b;c.png line=0 word=0 order=99"),
        ("page", "other.png", "boxes.csv has no character page=other.png"),
        ("order", "0", "lines 2 and 3 both label the character page=a, b;c.png line=0 word=0 order=0. Remove one"),
    ],
)
def test_a_row_that_cannot_be_right_is_one_line_with_its_number(folder, name, value, reason):
    saved(folder, as_table(list(LABEL_COLUMNS), [cells(), cells(**{"order": "1", name: value})]))
    assert reason in refusal(folder)


def test_an_accent_without_its_letter_is_no_label_of_a_person(folder):
    saved(folder, as_table(list(LABEL_COLUMNS), [cells(), cells(order="1", label="\u0301", by="person")]))
    assert r"line 3 has label='\u0301', an accent without its letter. Give one character" in refusal(folder)
    write_labels(folder, [labelled(label="\u0301")])  # of a text that holds it apart from its letter
    assert read_labels(folder)[labelled().key].label == "\u0301"
    with pytest.raises(ValueError, match="is an accent without its letter"):
        read_name("\u0301")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "is empty. Remove it"),
        ("\n;;;\n", "is empty"),
        (
            "page,line,word,order,lable\n",
            "line 1: there is no column 'lable'. Did you mean label? The columns are page,",
        ),
        ("page,page\n", "the column page is there twice"),
        (",".join(LABEL_COLUMNS[:-1]) + "\n", "line 1: the column badness is missing. The columns are page, line,"),
        (",".join(LABEL_COLUMNS) + "\na,1\n", "line 2: there are 2 cells for 10 columns"),
        (",".join(LABEL_COLUMNS) + '\na,0,0,0,",1,person,yes,1,0\na,0,0,1,b,1,person,yes,1,0\n', "line 2: there are"),
        (",".join(LABEL_COLUMNS) + ',\n"a, b;c.png",0,0,0,a,1,person,yes,1,0,a note\n', "there are 11 cells for 10"),
        (",".join(LABEL_COLUMNS) + "\n" + "x" * 200_000, "line 2 is no line of a table"),
        (",".join(LABEL_COLUMNS).encode() + b"\n\xe4", "line 2: the text is not UTF-8. Save the file as CSV in UTF-8"),
        (codecs.BOM_UTF16_LE + b"a", "line 1: the text is not UTF-16"),
    ],
)
def test_what_is_no_table_of_labels_is_one_line(folder, text, reason):
    saved(folder, text)
    assert reason in refusal(folder)


def test_a_folder_of_that_name_is_no_file_of_labels(folder):
    (folder.path / "labels.csv").mkdir()
    assert has_labels(folder)
    assert "labels.csv cannot be read: it is a folder, and no table. Move it away." in refusal(folder)


def test_a_broken_link_of_that_name_is_named(folder):
    (folder.path / "labels.csv").symlink_to("nowhere")
    assert has_labels(folder)
    assert "labels.csv cannot be read: it is a broken link. Remove it." in refusal(folder)


@pytest.mark.parametrize(
    "wrong",
    [
        [labelled(99)],
        [labelled(1), labelled(1, "b")],
        [labelled(1, "ab")],
        [labelled(1, confidence=2.0)],
        [labelled(1, by="robot")],
    ],
)
def test_what_could_not_be_read_again_is_not_written(folder, wrong):
    write_labels(folder, rows())
    before = contents(folder.path)
    with pytest.raises((DataError, ValueError)):
        write_labels(folder, wrong)
    assert contents(folder.path) == before


def test_a_deleted_picture_keeps_its_row(folder):
    write_labels(folder, rows())
    for picture in (folder.path / "characters").iterdir():
        picture.unlink()
    assert list(read_labels(folder).values()) == rows()


def edited(folder: SegmentedFolder, changes: dict[int, dict[str, str]], delimiter: str = ";") -> None:
    """Change cells of the characters with these orders, and save the table as a spreadsheet does, sorted."""
    header, *lines = csv.reader(io.StringIO((folder.path / "labels.csv").read_text("utf-8")))
    for line in lines:
        for name, value in changes.get(int(line[header.index("order")]), {}).items():
            line[header.index(name)] = value
    lines.sort(key=lambda line: line[header.index("label")], reverse=True)
    turned = [line[::-1] for line in [header, *lines]]
    saved(folder, as_table(turned[0], turned[1:], delimiter, "\r\n").encode("utf-8-sig"))


def test_a_label_that_was_changed_is_a_persons_whatever_by_says(folder):
    write_labels(folder, [labelled(order, label, confidence=0.25, kept=False) for order, label in enumerate("abcde")])
    edited(folder, {1: {"label": "Z"}, 2: {"label": ""}, 3: {"label": "Junk"}, 4: {"kept": "yes"}})
    unchanged, letter, emptied, junk, kept = read_labels(folder).values()
    assert unchanged == labelled(0, "a", confidence=0.25, kept=False)
    assert letter == labelled(1, "Z", confidence=1.0, kept=True, by="person")
    assert emptied == labelled(2, "", confidence=1.0, kept=False, by="person")
    assert junk == labelled(3, "", confidence=1.0, kept=False, by="person")
    assert kept == labelled(4, "e", confidence=0.25, kept=True)


def test_a_changed_label_that_a_person_excludes_stays_excluded(folder):
    write_labels(folder, [labelled(), labelled(1, "b")])
    edited(folder, {0: {"label": "Z", "kept": "no"}, 1: {"label": "Z", "by": "program"}})
    assert [(row.by, row.kept) for row in read_labels(folder).values()] == [("person", False), ("person", True)]


def test_a_row_that_was_added_is_a_persons_and_one_that_was_removed_is_gone(folder):
    write_labels(folder, [labelled(), labelled(1, "b")])
    text = (folder.path / "labels.csv").read_text().splitlines()
    saved(folder, "\n".join([text[0], text[2], text[2].replace(",0,0,1,", ",0,0,2,")]))
    assert [(row.order, row.by) for row in read_labels(folder).values()] == [(1, "transcript"), (2, "person")]


def test_a_correction_is_a_persons_in_the_file_once_it_is_written_again(folder):
    write_labels(folder, [labelled()])
    edited(folder, {0: {"label": "Z"}})
    write_labels(folder, read_labels(folder).values())
    assert '"Z",1.0,"person","yes"' in (folder.path / "labels.csv").read_text()
    assert read_labels(folder)[labelled().key].by == "person"


def test_labels_of_an_earlier_version_are_a_persons_only_by_the_column(folder):
    write_labels(folder, [labelled(), labelled(1, "b", by="person")])
    (folder.path / "labels_written.json").unlink()
    edited(folder, {0: {"label": "Z"}})
    assert [row.by for row in read_labels(folder).values()] == ["transcript", "person"]


@pytest.mark.parametrize(
    "content",
    ["", "[]", "{}", '{"pages": []}', '{"pages": {"a, b;c.png": []}}', '{"pages": {"a, b;c.png": {"0 0 0": ""}}}'],
)
def test_a_broken_record_of_what_was_written_is_one_line(folder, content):
    write_labels(folder, [labelled()])
    (folder.path / "labels_written.json").write_text(content)
    with pytest.raises(DataError, match=r"labels_written.json cannot be read. Write by=person in each row"):
        read_labels(folder)


def test_a_broken_record_of_a_table_to_come_is_one_line(folder):
    write_labels(folder, [labelled()])
    (folder.path / "labels_next.json").write_text("{")
    with pytest.raises(DataError, match=r"labels_next.json cannot be read. Remove it."):
        read_labels(folder)


@pytest.mark.parametrize("reason", [KeyboardInterrupt(), RunError("No space left on device")])
@pytest.mark.parametrize(
    ("step", "label"), [("labels._write_record", "b"), ("labels.write_atomically", "b"), ("labels.Path.replace", "c")]
)
def test_wherever_writing_stops_the_labels_that_a_person_changed_are_theirs_and_no_others(
    folder, monkeypatch, step, label, reason
):
    write_labels(folder, [labelled(), labelled(1, "b")])
    edited(folder, {0: {"label": "Z"}})
    replace = Path.replace

    def stop(*arguments):
        if step.endswith("replace") and arguments[0].name != "labels_next.json":
            return replace(*arguments)
        raise reason

    with monkeypatch.context() as patch:
        patch.setattr(f"handwriting.pages.{step}", stop)
        with pytest.raises(type(reason)):
            write_labels(folder, [read_labels(folder)[labelled().key], labelled(1, "c")])
    assert [(row.label, row.by) for row in read_labels(folder).values()] == [("Z", "person"), (label, "transcript")]
