from __future__ import annotations

import json
import os
import socket

import pytest

from handwriting.errors import ConfigError, RunError
from handwriting.runs.details import gather
from tests.runs.folders import make, read_config, records


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("status.json", ""),
        ("status.json", "[]"),
        ("status.json", "{}"),
        ("status.json", '{"state": "running"}'),
        ("status.json", json.dumps({"state": "running", "host": socket.gethostname(), "pid": 10**30})),
        ("summary.json", None),
        ("summary.json", '{"parameters": "many"}'),
        ("metrics.csv", "a,b\n1,2\n"),
        ("metrics.csv", "batches\n1\n"),
        ("metrics.csv", "batches,samples\n1,nan\n"),
        ("metrics.csv", b"\xff\xfe\x00"),
        ("config.yaml", "a: ["),
        ("evaluation.json", '{"fid": {"value": NaN}}'),
        ("evaluation.json", '{"fid": 3}'),
    ],
)
def test_a_broken_run_is_named_and_left_out(tmp_path, file, content):
    make(tmp_path / "good")
    broken = make(tmp_path / "broken") / file
    broken.unlink(missing_ok=True)
    if content is not None:
        broken.write_bytes(content if isinstance(content, bytes) else content.encode())
    found, skipped = gather(str(tmp_path), read_config)
    assert [record.name for record in found] == ["good"]
    assert [one.path for one in skipped] == [str(tmp_path / "broken")]
    assert skipped[0].reason
    assert "\n" not in skipped[0].reason


def test_what_is_no_run_is_named_once_and_left_out(tmp_path):
    make(tmp_path / "good")
    (tmp_path / "notes/of/old").mkdir(parents=True)
    (tmp_path / ".git").mkdir()
    (tmp_path / "table.csv").touch()
    found, skipped = gather(f"{tmp_path},{tmp_path}/nowhere", read_config)
    assert [record.name for record in found] == ["good"]
    assert [one.path for one in skipped] == [str(tmp_path / "notes"), str(tmp_path / "nowhere")]


@pytest.mark.parametrize("asked", ["nowhere", "*", ",", "x" * 500])
def test_without_any_run_one_line_says_so(tmp_path, monkeypatch, asked):
    monkeypatch.chdir(tmp_path)
    for number in range(5):
        (tmp_path / f"folder {number}").mkdir()
    with pytest.raises(RunError, match="there is no run to compare") as refused:
        gather(asked, read_config)
    assert "\n" not in str(refused.value)


def test_a_null_byte_is_in_no_name_of_a_run():
    with pytest.raises(ConfigError, match="holds a null byte, and no file has such a name") as refused:
        gather("a\0b", read_config)
    assert "\n" not in str(refused.value)


def test_a_run_whose_process_is_gone_is_not_called_running(tmp_path):
    status = make(tmp_path / "run") / "status.json"
    for pid, state in ((os.getpid(), "running"), (2**22 + 1, "dead")):
        status.write_text(json.dumps({**json.loads(status.read_text()), "state": "running", "pid": pid}))
        assert records(tmp_path)[0].state == state


def test_no_name_carries_a_command_to_the_terminal(tmp_path):
    make(tmp_path / "red \x1b[31m\nrun")
    assert records(tmp_path)[0].name == "red \ufffd[31m\ufffdrun"
