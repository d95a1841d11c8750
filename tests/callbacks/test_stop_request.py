"""A run ends after its epoch when it is requested to, and its status says by whom."""

from __future__ import annotations

from pathlib import Path

import pytest

from handwriting.jobs import main
from handwriting.runs import Run
from handwriting.runs.stopping import STOP_FILE, StopReason, request_stop
from handwriting.sweeps import Trial
from handwriting.sweeps.outcome import with_outcome
from tests.builders import QUICK


@pytest.mark.parametrize("stopped_by", ["person", "pruner"])
def test_a_run_ends_after_its_epoch_and_tells_by_whom_it_was_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stopped_by: str
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "run"
    folder.mkdir()
    if stopped_by == "person":
        (folder / STOP_FILE).touch()
    else:
        request_stop(folder, StopReason("too slow", "pruner"))
    train = ["train", *QUICK, "model=vae", "trainer.max_epochs=3", f"hydra.run.dir={folder}"]
    assert main(train) == 0
    status = Run.at(folder).status
    assert (status["state"], status["stopped_by"]) == ("interrupted", stopped_by)
    assert status["why"] == ("asked to stop" if stopped_by == "person" else "too slow")
    assert Run.at(folder).summary["epoch"] == 1
    assert with_outcome(Trial(0, ()), folder).state == ("interrupted" if stopped_by == "person" else "pruned")
    if stopped_by == "pruner":
        assert main(["train", f"resume={folder}"]) == 0
        assert (Run.at(folder).status["state"], Run.at(folder).status["stopped_by"]) == ("done", None)
