from __future__ import annotations

import json
import os
import pickle
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch

from handwriting.errors import RunError
from handwriting.files import last_lines, write_atomically
from handwriting.runs import MetricsFile, Run, RunFolder, checkpoints, claim
from handwriting.runs.metrics import extremes


def test_runs_that_start_together_get_a_folder_each(tmp_path):
    with ThreadPoolExecutor(16) as pool:
        folders = list(pool.map(claim, [tmp_path / "run"] * 16))
    assert len(set(folders)) == 16
    assert all((folder / "status.json").is_file() for folder in folders)


def test_a_file_is_whole_or_as_it_was(tmp_path):
    path = tmp_path / "file"
    path.write_text("before")

    def fail(file):
        file.write(b"half")
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        write_atomically(path, fail)
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_in_place_of_a_file_is_named(tmp_path):
    (tmp_path / "best.ckpt").mkdir()
    with pytest.raises(RunError, match=r"best\.ckpt is a folder"):
        checkpoints.save({}, tmp_path / "best.ckpt")


def test_a_run_is_read_back_as_it_was_written(tmp_path):
    folder = RunFolder(claim(tmp_path / "run"))
    folder.begin("seed: 3\n", {"seed": 3}, {"model": "VAE"})
    run = Run.at(folder.path)
    assert run.status["state"] == "running"
    assert run.is_alive()
    folder.summarise({"samples": 12})
    folder.end("failed", "DataError: no data")
    assert run.status["state"] == "failed"
    assert run.status["why"] == "DataError: no data"
    assert run.summary == {"schema": 1, "model": "VAE", "samples": 12, "state": "failed"}
    assert not run.is_alive()


def test_a_resumed_run_keeps_its_start_and_what_it_has_measured(tmp_path):
    first = RunFolder(claim(tmp_path / "run"))
    first.begin("", {}, {"model": "VAE"})
    first.summarise({"metrics": {"val/loss": {"value": 1.0}}})
    first.end("interrupted")
    started = Run.at(first.path).status["started"]
    RunFolder(first.path).begin("", {}, {"model": "VAE"})
    run = Run.at(first.path)
    assert (run.status["state"], run.status["started"], run.status["sessions"]) == ("running", started, 2)
    assert run.summary["metrics"] == {"val/loss": {"value": 1.0}}


def test_a_dead_run_is_told_from_a_running_one(tmp_path):
    folder = RunFolder(claim(tmp_path / "run"))
    folder.begin("", {}, {})
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    folder.note(pid=gone.pid)
    assert not Run.at(folder.path).is_alive()
    folder.note(pid=os.getpid(), host=socket.gethostname())
    assert Run.at(folder.path).is_alive()


def test_a_folder_that_is_no_run_is_refused_in_words(tmp_path):
    with pytest.raises(RunError, match="is not a run folder"):
        Run.at(tmp_path)
    with pytest.raises(RunError, match="does not exist"):
        Run.at(tmp_path / "absent")


def test_rows_are_appended_and_new_columns_added(tmp_path):
    file = MetricsFile(tmp_path / "metrics.csv")
    file.append({"batches": 1, "loss": 2.5})
    file.append({"batches": 2, "loss": 2.0})
    size = file.path.read_text()
    file.append({"batches": 3, "loss": 1.0})
    assert file.path.read_text().startswith(size)
    file.append({"batches": 4, "fid": 9.0})
    assert MetricsFile(file.path).read() == [
        {"batches": 1, "loss": 2.5},
        {"batches": 2, "loss": 2.0},
        {"batches": 3, "loss": 1.0},
        {"batches": 4, "fid": 9.0},
    ]


def test_rows_after_the_checkpoint_are_measured_again_not_twice(tmp_path):
    file = MetricsFile(tmp_path / "metrics.csv")
    for batches in (1, 2, 3):
        file.append({"batches": batches, "loss": 1.0})
    file.keep_until(2)
    file.append({"batches": 3, "loss": 5.0})
    assert [row["loss"] for row in MetricsFile(file.path).read()] == [1.0, 1.0, 5.0]


@pytest.mark.parametrize("kept", [-4, 9])
def test_a_row_or_a_header_cut_off_by_a_kill_is_measured_again(kept, tmp_path):
    path = tmp_path / "metrics.csv"
    for batches in (1, 2):
        MetricsFile(path).append({"batches": batches, "loss": 1.0})
    path.write_text(path.read_text()[:kept])
    file = MetricsFile(path)
    file.keep_until(2)
    file.append({"batches": 2, "loss": 5.0})
    assert MetricsFile(path).read()[-1] == {"batches": 2, "loss": 5.0}


def test_a_row_cut_off_by_a_kill_is_left_out(tmp_path):
    path = tmp_path / "metrics.csv"
    path.write_text("batches,loss\n1,2.5\n2,2.")
    assert MetricsFile(path).read() == [{"batches": 1, "loss": 2.5}]


def test_a_table_that_is_none_is_refused(tmp_path):
    path = tmp_path / "metrics.csv"
    path.write_text("a,b\nx,y\n")
    with pytest.raises(RunError, match="not a table of metrics"):
        MetricsFile(path).read()


def test_extremes_pass_over_what_is_not_finite():
    rows = [{"batches": 1, "loss": 3.0}, {"batches": 2, "loss": float("nan")}, {"batches": 3, "loss": 4.0}]
    assert extremes(rows) == {"loss": {"value": 4.0, "min": 3.0, "max": 4.0}}


# Checkpoints


def test_a_checkpoint_comes_back_with_its_schema(tmp_path):
    checkpoints.save({"state_dict": {"w": torch.ones(2)}}, tmp_path / "a.ckpt")
    assert checkpoints.load(tmp_path / "a.ckpt")["schema"] == checkpoints.SCHEMA


class Harm:
    """What a hostile pickle does: run a command when it is read."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return (Path.touch, (self.path,))


def test_a_checkpoint_that_holds_code_is_refused_and_does_not_run(tmp_path):
    harmed = tmp_path / "harmed"
    torch.save({"schema": 1, "state_dict": Harm(harmed)}, tmp_path / "evil.ckpt")
    with pytest.raises(RunError, match="more than tensors and plain values"):
        checkpoints.load(tmp_path / "evil.ckpt")
    (tmp_path / "evil.pkl").write_bytes(pickle.dumps(Harm(harmed)))
    with pytest.raises(RunError):
        checkpoints.load(tmp_path / "evil.pkl")
    assert not harmed.exists()


@pytest.mark.parametrize("content", [b"", b"not a checkpoint", b"PK\x03\x04half"])
def test_a_broken_checkpoint_is_named(tmp_path, content):
    path = tmp_path / "last.ckpt"
    path.write_bytes(content)
    with pytest.raises(RunError, match=r"last\.ckpt"):
        checkpoints.load(path)


def test_a_truncated_checkpoint_is_named(tmp_path):
    path = tmp_path / "last.ckpt"
    checkpoints.save({"state_dict": {"w": torch.ones(1000)}}, path)
    path.write_bytes(path.read_bytes()[:-500])
    with pytest.raises(RunError, match=r"last\.ckpt"):
        checkpoints.load(path)


def test_a_checkpoint_of_another_schema_is_refused(tmp_path):
    torch.save({"schema": 99}, tmp_path / "new.ckpt")
    with pytest.raises(RunError, match="schema 99"):
        checkpoints.load(tmp_path / "new.ckpt")


def test_a_missing_checkpoint_says_that_no_epoch_was_finished(tmp_path):
    with pytest.raises(RunError, match="first epoch"):
        checkpoints.load(tmp_path / "last.ckpt")


def test_status_is_plain_json(tmp_path):
    folder = RunFolder(claim(tmp_path / "run"))
    folder.begin("", {"seed": 1}, {})
    status = json.loads((folder.path / "status.json").read_text())
    assert {"state", "pid", "host", "heartbeat", "versions", "started", "schema"} <= set(status)


# What else is read back


def test_the_end_of_a_text_is_whole_lines(tmp_path):
    path = tmp_path / "train.log"
    path.write_text("first\nsecond\nthird\n")
    assert last_lines(path) == last_lines(path, 19) == "first\nsecond\nthird\n"
    assert last_lines(path, 18) == last_lines(path, 14) == "second\nthird\n"
    assert last_lines(path, 8) == "third\n"
    assert last_lines(path, 3) == ""


def test_the_end_of_a_text_is_never_more_than_was_asked_for(tmp_path):
    path = tmp_path / "train.log"
    path.write_text("".join(f"line {number} é\n" for number in range(100)))
    for most in range(1, 60):
        found = last_lines(path, most)
        assert len(found.encode()) <= most
        assert path.read_text().endswith(found)
        assert not found or found.startswith("line ")


def test_a_line_that_is_still_being_written_is_shown(tmp_path):
    path = tmp_path / "train.log"
    path.write_text("first\nsec")
    assert last_lines(path) == "first\nsec"
    assert last_lines(path, 5) == "sec"


def test_the_end_of_what_is_no_text_is_shown_as_far_as_it_goes(tmp_path):
    path = tmp_path / "train.log"
    path.write_bytes(b"\xff\xfe ok\n")
    assert last_lines(path) == "\ufffd\ufffd ok\n"
    path.write_bytes(b"")
    assert last_lines(path) == ""


def test_a_text_that_is_not_there_has_no_end(tmp_path):
    assert last_lines(tmp_path / "train.log") is None
    assert last_lines(tmp_path) is None


def test_pictures_are_found_by_their_epoch_in_order(tmp_path):
    run = RunFolder(claim(tmp_path / "run"))
    run.begin("", {}, {})
    assert Run.at(run.path).pictures("samples") == {}
    for kind, names in {
        "samples": ("epoch_0010.png", "epoch_0002.png", "epoch_10000.png", "epoch_2.jpg", "epoch_x.png",
                    "epoch_0003.png.unfinished", ".epoch_0004.png", "last.png", "epoch_-1.png", "epoch_\u0665.png"),
        "reconstructions": ("epoch_0001.png",),
    }.items():  # fmt: skip
        (run.path / kind).mkdir()
        for name in names:
            (run.path / kind / name).touch()
    found = Run.at(run.path).pictures("samples")
    assert list(found.items()) == [(epoch, run.path / f"samples/epoch_{epoch:04d}.png") for epoch in (2, 10, 10_000)]
    assert list(Run.at(run.path).pictures("reconstructions")) == [1]


def test_an_evaluation_is_read_back_and_its_numbers_stand_in_the_summary(tmp_path):
    folder = RunFolder(claim(tmp_path / "run"))
    folder.begin("", {}, {"model": "VAE"})
    folder.end("done")
    run = Run.at(folder.path)
    before = run.summary
    assert run.evaluation() == {}
    fid = {"value": 4.5, "floor": 1.0, "n": 100, "unit": "", "classifier": "3f2a"}
    measures = {"fid": fid, "recall": {**fid, "value": 0.5, "floor": None}, "class_fid/a": {**fid, "value": 9.0}}
    run.write_evaluation(measures)
    assert run.evaluation() == measures
    tested = {"fid": {"value": 4.5, "floor": 1.0}, "recall": {"value": 0.5, "floor": None}}
    assert run.summary == {**before, "tested": tested}, "of single classes the summary tells nothing"
    run.write_evaluation({"kid": fid})
    assert run.evaluation() == {"kid": fid}
    assert run.summary["tested"] == {"kid": {"value": 4.5, "floor": 1.0}}, "the numbers before are gone"


def test_an_evaluation_that_is_not_finite_leaves_the_one_before(tmp_path):
    folder = RunFolder(claim(tmp_path / "run"))
    folder.begin("", {}, {})
    run = Run.at(folder.path)
    run.write_evaluation({"fid": {"value": 4.5, "floor": 1.0}})
    before = run.evaluation(), run.summary
    with pytest.raises(ValueError, match="not JSON compliant"):
        run.write_evaluation({"fid": {"value": float("nan"), "floor": 1.0}})
    assert (run.evaluation(), run.summary) == before


def test_a_broken_evaluation_is_named(tmp_path):
    folder = RunFolder(claim(tmp_path / "run"))
    folder.begin("", {}, {})
    (folder.path / "evaluation.json").write_text("{")
    with pytest.raises(RunError, match=r"evaluation\.json cannot be read"):
        Run.at(folder.path).evaluation()
