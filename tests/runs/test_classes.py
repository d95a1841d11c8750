"""What was seen in glyphs of each class comes back as it was written, or not at all."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from handwriting.errors import RunError
from handwriting.runs import classes
from handwriting.runs.classes import CLASSES_FILE, Classes

COUNTS = [[3, 1, 0], [0, 0, 0], [1, 1, 2]]


def test_counts_are_read_back_as_they_were_written(tmp_path: Path) -> None:
    real = np.eye(3, dtype=np.int64) * 7
    Classes(("a", "ä", "line\nbreak"), np.array(COUNTS), real).write(tmp_path)
    found = Classes.of(tmp_path)
    assert found is not None
    assert found.names == ("a", "ä", "line\nbreak")
    assert found.confusion.tolist() == COUNTS
    assert found.confusion.dtype == np.int64
    assert found.real is not None
    assert found.real.tolist() == real.tolist()


def test_what_was_not_seen_in_real_glyphs_stays_untold(tmp_path: Path) -> None:
    Classes(("a", "b", "c"), np.array(COUNTS), None).write(tmp_path)
    found = Classes.of(tmp_path)
    assert found is not None
    assert found.real is None
    assert found.real_accuracies is None


def test_a_run_that_was_not_evaluated_has_none(tmp_path: Path) -> None:
    assert Classes.of(tmp_path) is None
    (tmp_path / CLASSES_FILE).mkdir()
    assert Classes.of(tmp_path) is None


def test_an_accuracy_is_the_share_seen_as_asked_for_and_none_where_nothing_was() -> None:
    found = Classes(("a", "b", "c"), np.array(COUNTS), np.array([[1, 1, 0], [0, 1, 0], [0, 0, 0]]))
    np.testing.assert_array_equal(found.accuracies, [0.75, np.nan, 0.5])
    np.testing.assert_array_equal(found.real_accuracies, [0.5, 1.0, np.nan])


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"names": ["a"]},
        {"confusion": [[1]]},
        {"names": "a", "confusion": [[1]]},
        {"names": [1], "confusion": [[1]]},
        {"names": ["a"], "confusion": None},
        {"names": ["a"], "confusion": 1},
        {"names": ["a"], "confusion": [1]},
        {"names": ["a"], "confusion": [[[1]]]},
        {"names": ["a"], "confusion": [["x"]]},
        {"names": ["a"], "confusion": [[None]]},
        {"names": ["a"], "confusion": [[0.5]]},
        {"names": ["a"], "confusion": [[float("nan")]]},
        {"names": ["a"], "confusion": [[-1]]},
        {"names": ["a"], "confusion": [[10**30]]},
        {"names": ["a"], "confusion": [[1, 2]]},
        {"names": ["a", "b"], "confusion": [[1]]},
        {"names": ["a", "b"], "confusion": [[1, 2], [3]]},
        {"names": ["a", "b"], "confusion": [[1, 2]]},
        {"names": [], "confusion": []},
        {"names": ["a"], "confusion": [[1]], "real": [[-1]]},
        {"names": ["a"], "confusion": [[1]], "real": []},
        {"names": ["a"], "confusion": [[1]], "real": "no"},
    ],
    ids=str,
)
def test_what_are_no_counts_of_classes_is_refused_in_one_line(tmp_path: Path, values: dict[str, Any]) -> None:
    (tmp_path / CLASSES_FILE).write_text(json.dumps(values))
    with pytest.raises(RunError) as refused:
        Classes.of(tmp_path)
    assert str(refused.value).startswith(f"{tmp_path / CLASSES_FILE} does not hold counts of classes: ")
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff\xfe", b'{"a":' * 100_000], ids=range(5))
def test_a_broken_file_is_refused_by_its_name(tmp_path: Path, content: bytes) -> None:
    (tmp_path / CLASSES_FILE).write_bytes(content)
    with pytest.raises(RunError, match=r"classes\.json"):
        Classes.of(tmp_path)


def test_more_classes_than_anybody_writes_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Classes(("a", "b", "c"), np.array(COUNTS), None).write(tmp_path)
    monkeypatch.setattr(classes, "MAX_CLASSES", 3)
    assert Classes.of(tmp_path) is not None
    monkeypatch.setattr(classes, "MAX_CLASSES", 2)
    with pytest.raises(RunError, match="counts of 3 classes"):
        Classes.of(tmp_path)
