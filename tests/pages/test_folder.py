"""The segmented folder: its format, what belongs to it, and how one segmentation replaces another."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from handwriting.errors import ConfigError, DataError
from handwriting.pages.folder import COLUMNS, BoxRow, SegmentedFolder
from handwriting.segmentation.page import Box
from tests.pages.builders import contents, read_rows, write_draft, write_folder

OLD, NEW = {"word": 4, "character": 6}, {"word": 2, "character": 3}


@pytest.fixture
def folder(tmp_path: Path) -> SegmentedFolder:
    return write_folder(tmp_path / "out", **OLD)


def test_the_columns_are_those_of_earlier_versions(folder):
    assert COLUMNS == ("page", "line", "word", "order", "kind", "x", "y", "w", "h", "above", "below", "file")
    lines = (folder.path / "boxes.csv").read_text().splitlines()
    assert lines[0] == ",".join(COLUMNS)
    assert lines[1] == "page.png,0,,0,line,0,2,9,12,1.00,0.00,"
    assert lines[2] == "page.png,0,0,0,word,0,2,9,12,1.00,0.00,words/page_000_000.png"
    assert lines[-1] == "page.png,0,0,5,character,5,2,9,12,1.00,0.00,characters/page_000_000_005.png"


def test_rows_are_read_as_they_were_written(folder):
    assert [row.kind for row in folder.rows()] == ["line", *["word"] * 4, *["character"] * 6]
    assert [row.order for row in folder.rows("word")] == [0, 1, 2, 3]
    line, word = next(folder.rows("line")), next(folder.rows("word"))
    assert (line.word, line.file) == (None, "")
    assert word == BoxRow("page.png", 0, 0, 0, "word", 0, 2, 9, 12, 1.0, 0.0, "words/page_000_000.png")
    assert word.box == Box(0, 2, 9, 12)


@pytest.mark.parametrize("cells", [["page.png"], ["p", "0", "0", "0", "page", *"0000", "1", "1", ""], ["p", *"x" * 11]])
def test_cells_of_another_format_are_no_row(cells):
    with pytest.raises(ValueError, match=r".+"):
        BoxRow.parse(cells)


def test_glyphs_are_in_the_order_of_the_rows(folder):
    for kind, count in OLD.items():
        rows, glyphs = folder.glyphs(kind)
        assert glyphs.image_shape == (1, 32, 32)
        assert glyphs.images[:, 0, 0, 0].tolist() == [row.order for row in rows] == list(range(count))
        with Image.open(folder.path / rows[1].file) as picture:
            assert np.array_equal(255 - np.asarray(picture), glyphs.images[1, 0])  # dark on white


def test_a_kind_that_was_not_found_has_no_glyphs(tmp_path):
    folder = write_folder(tmp_path / "out", word=2)
    assert folder.glyph_kinds() == ["word"]
    with pytest.raises(DataError, match=r"holds no characters\.npz"):
        folder.glyphs("character")


def test_its_files_are_all_that_was_written(folder):
    assert sorted(folder.files()) == sorted(contents(folder.path))
    assert folder.files()[:2] == ["boxes.csv", "report.json"]
    assert folder.files()[-2:] == ["words.npz", "characters.npz"]
    assert all(map(folder.has_picture, folder.rows("word")))


def test_a_folder_without_lists_has_no_files(tmp_path):
    assert SegmentedFolder(tmp_path).files() == []


def test_the_message_names_the_key_that_named_the_folder(tmp_path):
    with pytest.raises(DataError, match=r"Give data\.path=<folder that handwriting segment wrote>"):
        list(SegmentedFolder(tmp_path, key="data.path").rows())


# Replacing an earlier segmentation.


def test_a_new_or_an_empty_folder_may_be_written(tmp_path):
    SegmentedFolder(tmp_path).refuse_overwriting(overwrite=False)
    SegmentedFolder(tmp_path / "new").refuse_overwriting(overwrite=False)


def test_a_folder_in_use_is_replaced_only_on_request(folder):
    with pytest.raises(ConfigError, match="is not empty"):
        folder.refuse_overwriting(overwrite=False)
    folder.refuse_overwriting(overwrite=True)


def test_a_file_is_no_folder(tmp_path):
    (tmp_path / "out").touch()
    with pytest.raises(ConfigError, match="is a file"):
        SegmentedFolder(tmp_path / "out").refuse_overwriting(overwrite=True)


def test_an_earlier_segmentation_is_replaced_and_nothing_else_is(folder, tmp_path):
    for name in ("words/mine.png", "notes.txt"):
        (folder.path / name).write_text("precious")
    (folder.path / read_rows(folder.path, "word")[0]["file"]).unlink()
    write_folder(folder.path, **NEW)
    replaced = contents(folder.path)
    assert replaced.pop("words/mine.png") == replaced.pop("notes.txt") == b"precious"
    assert replaced == contents(write_folder(tmp_path / "fresh", **NEW).path)


@pytest.mark.parametrize(
    "name", ["boxes.csv", "report.json", "words.npz", "words/page_000_000.png", "overlays/page.jpg"]
)
def test_a_file_of_somebody_else_is_never_replaced(name, tmp_path):
    path = tmp_path / "out" / name
    path.parent.mkdir(parents=True)
    path.write_text("precious")
    with pytest.raises(ConfigError, match="does not belong to an earlier segmentation"):
        write_folder(tmp_path / "out", **NEW)
    assert contents(tmp_path / "out") == {name: b"precious"}


@pytest.mark.parametrize("elsewhere", ["../words.png", "words/../../words.png", "{}/words.png"])
def test_lists_that_name_files_elsewhere_delete_none_of_them(elsewhere, folder, tmp_path):
    (tmp_path / "words.png").write_text("precious")
    with (folder.path / "boxes.csv").open("a") as table:
        table.write(f"page.png,0,0,0,word,0,0,9,9,1.00,0.00,{elsewhere.format(tmp_path)}\n")
    write_folder(folder.path, **NEW)
    assert (tmp_path / "words.png").read_text() == "precious"


@pytest.mark.parametrize("after", range(10))
def test_a_replacement_that_fails_halfway_is_no_data_and_can_be_repeated(after, folder, tmp_path, monkeypatch):
    move, moved = Path.replace, []

    def failing(self: Path, target: Path) -> Path:
        if ".unfinished" not in target.parts:
            moved.append(target)
            if len(moved) > after:
                raise OSError(28, "No space left on device")
        return move(self, target)

    if after < 9:  # two lists, an overlay, five pictures and two files of glyphs are moved, the glyphs last
        with monkeypatch.context() as patch:
            patch.setattr(Path, "replace", failing)
            with pytest.raises(DataError, match=r"cannot be moved into place \(No space left on device\)"):
                write_folder(folder.path, **NEW)
        for kind in NEW:
            if kind != "word" or after < 8:
                with pytest.raises(DataError):
                    folder.glyphs(kind)
    write_folder(folder.path, **NEW)
    assert contents(folder.path) == contents(write_folder(tmp_path / "fresh", **NEW).path)


def test_what_a_killed_process_left_is_removed(tmp_path):
    path = tmp_path / "out"
    (path / ".unfinished" / "words").mkdir(parents=True)
    (path / ".unfinished" / "words" / "x.png").touch()
    SegmentedFolder(path).refuse_overwriting(overwrite=False)
    write_folder(path, **NEW)
    assert contents(path) == contents(write_folder(tmp_path / "fresh", **NEW).path)
    assert not (path / ".unfinished").exists()


@pytest.mark.parametrize("error", [KeyboardInterrupt, DataError, OSError])
def test_an_error_while_writing_leaves_the_folder_as_it_was(error, folder, tmp_path):
    before = contents(tmp_path)
    for path in (folder.path, tmp_path / "new" / "deep"):
        with pytest.raises(error), SegmentedFolder(path).draft() as draft:  # noqa: PT012
            write_draft(draft, **NEW)
            raise error
    assert contents(tmp_path) == before
    assert not (tmp_path / "new").exists()
