"""A person's answers survive segmenting the same pages again, whenever that is interrupted."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from handwriting.errors import ConfigError, DataError
from handwriting.pages.answers import CarriedLabels, overlaps
from handwriting.pages.folder import Draft, SegmentedFolder
from handwriting.pages.labels import LabelRow, LabelSource, read_labels, write_labels
from handwriting.segmentation.page import Box, Piece
from tests.pages.builders import contents

BOXES = [Box(20 * number, 2, 10, 12) for number in range(6)]
PAGE = "page.png"


def write_characters(draft: Draft, boxes: Sequence[Box]) -> None:
    with draft.page(PAGE, "page", 28) as writer:
        overlay = writer.add_overlay(Image.new("RGB", (60, 40), "white"))
        for number, box in enumerate(boxes):
            piece = Piece("character", 0, 0, number, box, box, 1.0, 0.0)
            writer.add_crop(piece, np.full((12, 10), 200, np.uint8))
    with draft.merging(28) as append:
        append("page")
    draft.write_report({"pages": [{"page": PAGE, "overlay": overlay, "x_height": 12.0}]})


def segmented(path: Path, boxes: Sequence[Box] = BOXES) -> CarriedLabels | None:
    """Segment into a folder, in place of an earlier segmentation."""
    folder = SegmentedFolder(path)
    folder.refuse_overwriting(overwrite=True)
    with folder.draft() as draft:
        write_characters(draft, boxes)
    return draft.carried


def row(order: int, label: str, by: LabelSource = "person") -> LabelRow:
    return LabelRow(PAGE, 0, 0, order, label, 0.9, by, label != "c", 0.5, 0.25)


def answer(path: Path, labels: str, by: LabelSource = "person") -> None:
    """Label the first characters of a folder."""
    write_labels(SegmentedFolder(path), [row(order, label, by) for order, label in enumerate(labels)])


def labels(path: Path) -> dict[int, str]:
    return {key[3]: row.label for key, row in read_labels(SegmentedFolder(path)).items()}


def kept_aside(path: Path) -> dict[str, int]:
    """The left edge of the box of each label in labels_before.csv."""
    file = path / "labels_before.csv"
    if not file.exists():
        return {}
    with file.open(newline="") as lines:
        return {line["label"]: int(line["x"]) for line in csv.DictReader(lines)}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    segmented(tmp_path / "out")
    return tmp_path / "out"


def test_answers_of_a_person_survive_and_other_labels_are_dropped(folder):
    rows = [row(0, "a"), row(1, "b", "transcript"), row(2, ""), row(3, "c"), row(4, "d", "program")]
    write_labels(SegmentedFolder(folder), rows)
    assert segmented(folder) == CarriedLabels(carried=3, kept_aside=0, dropped=2)
    assert list(read_labels(SegmentedFolder(folder)).values()) == [row for row in rows if row.by == "person"]
    assert kept_aside(folder) == {}


def test_labels_of_no_person_leave_no_file(folder):
    answer(folder, "abc", by="program")
    (folder / "labels.png").touch()
    assert segmented(folder) == CarriedLabels(0, 0, 3)
    assert not list(folder.glob("labels*"))


def test_an_answer_goes_to_the_character_that_overlaps_most_and_only_one_goes_to_each(folder):
    answer(folder, "abcd")
    new = [Box(1, 2, 10, 12), Box(0, 2, 9, 12), *BOXES[3:5], Box(22, 2, 10, 12), Box(45, 2, 10, 12)]
    assert segmented(folder, new) == CarriedLabels(2, 2, 0)
    assert labels(folder) == {1: "a", 2: "d"}  # b overlaps by 8 of 12 columns, c by 5 of 15
    assert kept_aside(folder) == {"b": 20, "c": 40}


def test_what_was_kept_aside_is_carried_as_soon_as_it_fits_again(folder):
    answer(folder, "ab")
    assert segmented(folder, BOXES[2:]) == CarriedLabels(0, 2, 0)
    assert not (folder / "labels.csv").exists()
    assert segmented(folder, BOXES[1:]) == CarriedLabels(1, 1, 0)
    assert (labels(folder), kept_aside(folder)) == ({0: "b"}, {"a": 0})
    assert segmented(folder, BOXES) == CarriedLabels(2, 0, 0)
    assert (labels(folder), kept_aside(folder)) == ({0: "a", 1: "b"}, {})


def test_a_later_answer_replaces_what_was_kept_aside(folder):
    answer(folder, "ab")
    segmented(folder, [Box(2, 2, 10, 12), *BOXES[1:]])
    assert kept_aside(folder) == {"a": 0}
    answer(folder, "zb")  # overlaps with the earlier character by 8 of 12 columns
    assert segmented(folder, [Box(1, 2, 10, 12), *BOXES[1:]]) == CarriedLabels(2, 0, 0)
    assert (labels(folder), kept_aside(folder)) == ({0: "z", 1: "b"}, {})


def test_the_labels_that_a_draft_brings_stay_unless_a_person_said_otherwise(folder):
    answer(folder, "ab")
    with SegmentedFolder(folder).draft() as draft:
        write_characters(draft, BOXES)
        rows = [row(number, "x", "transcript") for number in (1, 2)]
        write_labels(SegmentedFolder(draft.path), rows)
    assert draft.carried == CarriedLabels(2, 0, 0)
    assert labels(folder) == {0: "a", 1: "b", 2: "x"}


class Killed(BaseException):
    """The process ends here."""


@pytest.mark.parametrize("boxes", [BOXES, BOXES[2:]], ids=["all fit", "some fit"])
def test_no_kill_at_any_moment_loses_an_answer(boxes, tmp_path, monkeypatch):
    changes = 0
    for survived in range(100):
        path = tmp_path / f"{survived}"
        segmented(path)
        answer(path, "abcd")
        left = survived

        def dying(change):
            def changed(*arguments, **options):
                nonlocal left
                left -= 1
                if left < 0:
                    raise Killed
                return change(*arguments, **options)

            return changed

        try:
            with monkeypatch.context() as patch:
                for name in ("replace", "unlink"):
                    patch.setattr(Path, name, dying(getattr(Path, name)))
                segmented(path, boxes)
        except Killed:
            changes += 1
        else:
            break
        segmented(path, BOXES)
        assert labels(path) == dict(enumerate("abcd")), f"killed after {survived} changes"
        assert kept_aside(path) == {}
    assert 15 < changes < 99


@pytest.mark.parametrize("name", ["labels.csv", "labels_before.csv"])
def test_labels_that_cannot_be_read_are_not_replaced(folder, name):
    answer(folder, "ab")
    (folder / name).write_text("label\n")
    before = contents(folder)
    with pytest.raises(
        DataError, match=rf"{name}, line 1: the column page is missing.* Or move the file away"
    ) as caught:
        segmented(folder)
    assert "\n" not in str(caught.value)
    assert contents(folder) == before


def test_a_broken_box_is_named(folder):
    answer(folder, "a")
    segmented(folder, BOXES[1:])
    text = (folder / "labels_before.csv").read_text()
    (folder / "labels_before.csv").write_text(text.replace(",0,2,10,12", ",0,2,wide,12"))
    with pytest.raises(DataError, match=r"labels_before.csv, line 2 has w='wide'. Give the whole number"):
        segmented(folder)


def test_labels_belong_to_a_segmentation_and_do_not_stand_alone(folder, tmp_path):
    answer(folder, "a")
    (folder / "labels.png").touch()
    assert {"labels.csv", "labels.png"} <= set(SegmentedFolder(folder).files())
    (tmp_path / "other").mkdir()
    (folder / "labels.csv").rename(tmp_path / "other" / "labels.csv")
    with pytest.raises(ConfigError, match=r"labels.csv does not belong to an earlier segmentation"):
        segmented(tmp_path / "other")


def test_overlap_is_intersection_over_union():
    assert overlaps([Box(0, 0, 10, 10)], [Box(5, 0, 10, 10), Box(0, 0, 10, 5), Box(20, 0, 5, 5)]).tolist() == [
        [pytest.approx(1 / 3), 0.5, 0.0]
    ]
