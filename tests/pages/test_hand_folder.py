"""Which folders are a hand, and what is said of those that are none."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest

from handwriting.errors import ConfigError, DataError, HandwritingError
from handwriting.pages.folder import DRAFT_FOLDER, SegmentedFolder
from handwriting.pages.hand_folder import kept_characters, open_hand
from handwriting.pages.labels import LabelRow, character_key, read_labels, write_labels
from tests.pages.builders import write_draft, write_folder


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def write_hand(path: str, labels: Sequence[str] = "aab", kept: bool = True) -> SegmentedFolder:
    folder = write_folder(Path(path), character=len(labels))
    rows = zip(folder.rows("character"), labels, strict=True)
    write_labels(folder, [LabelRow(*character_key(row), text, 0.95, "program", kept, 1.0, 0.0) for row, text in rows])
    return folder


def test_any_labelled_segmented_folder_is_a_hand() -> None:
    for path in ("hands/mine", "segmented/photos"):
        write_hand(path)
        assert open_hand(path).path == Path(path)


def test_a_hand_writes_with_what_is_kept_named_and_still_has_its_picture() -> None:
    folder = write_hand("hands/mine", ["a", "a", "b", "", "c"])
    rows = list(folder.rows("character"))
    labels = read_labels(folder)
    excluded = labels[character_key(rows[4])]._replace(kept=False)
    write_labels(folder, (labels | {excluded.key: excluded}).values())
    (folder.path / rows[1].file).unlink()
    assert kept_characters(folder) == {"a": [rows[0]], "b": [rows[2]]}


@pytest.mark.parametrize(
    ("path", "error", "message"),
    [
        ("nowhere", DataError, "there is no folder nowhere. Hands here are hands/mine. Give hand=<one of them>."),
        ("a file", ConfigError, "hand=a file is a file. Give a folder."),
        ("photos", DataError, "photos is not segmented: it holds no boxes.csv. Hands here are hands/mine."),
        (
            "segmented/un labelled",
            DataError,
            "segmented/un labelled is segmented but not labelled yet. Label it, and it is a hand: handwriting label "
            "'pages=segmented/un labelled'",
        ),
        ("none kept", DataError, "none kept/labels.csv keeps no character to write with, of 3 labels. Name more"),
        ("[a,b]", ConfigError, "hand takes one folder"),
    ],
)
def test_what_is_no_hand_is_refused_in_one_line_with_what_to_do(
    path: str, error: type[HandwritingError], message: str
) -> None:
    write_hand("hands/mine")
    write_folder(Path("segmented/un labelled"), character=2)
    write_hand("none kept", kept=False)
    Path("a file").touch()
    Path("photos").mkdir()
    with pytest.raises(error) as refused:
        open_hand(path)
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)


def test_without_any_hand_the_command_that_makes_one_is_named() -> None:
    with pytest.raises(DataError, match=r"there is no folder hands/me. Make a hand .* handwriting hand pages=<folder"):
        open_hand("hands/me")


def test_a_replacement_that_was_interrupted_is_finished_first() -> None:
    folder = write_hand("hands/mine")
    new = write_hand("new", "xyz")
    with new.draft() as draft:
        write_draft(draft, character=3)
        write_labels(SegmentedFolder(draft.path), read_labels(new).values())
        shutil.copytree(draft.path, folder.path / DRAFT_FOLDER)
    (folder.path / DRAFT_FOLDER / "replaced.json").write_text("[]")
    assert set(kept_characters(open_hand("hands/mine"))) == set("xyz")
    assert not (folder.path / DRAFT_FOLDER).exists()


def test_a_hand_whose_pictures_are_gone_is_refused() -> None:
    shutil.rmtree(write_hand("hands/mine").path / "characters")
    with pytest.raises(DataError, match=r"holds none of the pictures of the 3 kept characters\. Put them back"):
        open_hand("hands/mine")
