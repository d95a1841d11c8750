"""How a trial ended is read from its run folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from handwriting.files import read_json, write_json
from handwriting.runs import RunFolder, claim
from handwriting.sweeps import Trial
from handwriting.sweeps.outcome import with_outcome


def interrupted_run(folder: Path, why: str, stopped_by: Any) -> Path:
    run = RunFolder(claim(folder))
    run.begin("{}", {"seed": 0}, {"model": "VAE", "monitor": "val/loss", "mode": "min"})
    run.end("interrupted", why, stopped_by)
    return folder


@pytest.mark.parametrize(
    ("why", "stopped_by", "state"),
    [
        ("val/fid was 90 after 40%", "pruner", "pruned"),
        ("pruned the roses", "person", "interrupted"),
        ("pruned: by its words only", None, "interrupted"),
    ],
)
def test_a_trial_is_pruned_because_its_status_says_so(
    tmp_path: Path, why: str, stopped_by: str | None, state: str
) -> None:
    trial = with_outcome(Trial(0, ()), interrupted_run(tmp_path / "0", why, stopped_by))
    assert (trial.state, trial.why) == (state, why)


@pytest.mark.parametrize(
    ("why", "state"),
    [("pruned: val/fid was 90 after 40%, worse than half of the others", "pruned"), ("asked to stop", "interrupted")],
)
def test_a_pruned_trial_of_an_earlier_version_is_read_by_its_reason(tmp_path: Path, why: str, state: str) -> None:
    folder = interrupted_run(tmp_path / "0", why, None)
    status = read_json(folder / "status.json")
    del status["stopped_by"]
    write_json(folder / "status.json", status)
    assert with_outcome(Trial(0, ()), folder).state == state
