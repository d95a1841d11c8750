"""Whoever requests that a run ends, and why, is known from the request itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from handwriting.runs.stopping import STOP_FILE, StopReason, request_stop, take_stop_request


def test_a_request_arrives_as_it_was_made_and_is_taken_once(tmp_path: Path) -> None:
    reason = StopReason("val/fid was 90 after 40%", "pruner")
    request_stop(tmp_path, reason)
    assert take_stop_request(tmp_path) == reason
    assert take_stop_request(tmp_path) is None


@pytest.mark.parametrize(
    ("text", "why"),
    [("", "asked to stop"), ("too slow\n", "too slow"), ("pruned", "pruned"), ("[1]", "[1]"), ("3", "3"), ("{}", "{}"),
     ('{"stopped_by": "pruner"}', '{"stopped_by": "pruner"}')],
)  # fmt: skip
def test_whatever_a_person_writes_is_a_persons_request(tmp_path: Path, text: str, why: str) -> None:
    (tmp_path / STOP_FILE).write_text(text)
    assert take_stop_request(tmp_path) == StopReason(why, "person")
