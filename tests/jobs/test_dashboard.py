from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.starting import COMMAND
from handwriting.dashboard.settings import VARIABLE, Settings
from handwriting.jobs import MISTAKE, start
from handwriting.jobs.dashboard import command


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["runs=nowhere"], "runs=nowhere: there is no such folder"),
        (["runs=.,nowhere"], "runs=nowhere: there is no such folder"),
        (["port=0"], "port=0: must be greater than or equal to 1."),
        (["port=70000"], "port=70000: must be less than or equal to 65535."),
        (["port=eighty"], "port=eighty: must be a valid integer."),
        (["host=256.1.1.1", "port=8999"], "host=256.1.1.1 port=8999 cannot be used"),
    ],
)
def test_what_cannot_be_shown_is_refused_in_one_line(
    words: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert start("dashboard", words) == MISTAKE
    error = capsys.readouterr().err
    assert error.startswith(told)
    assert error.count("\n") == 1


def test_a_port_that_is_taken_is_refused_with_another_to_try(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        assert start("dashboard", [f"port={port}"]) == MISTAKE
    assert f"try port={port % 65535 + 1}." in capsys.readouterr().err


def test_without_streamlit_the_one_line_that_installs_it_is_told(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import importlib.util\nfound = importlib.util.find_spec\n"
        "importlib.util.find_spec = lambda name, *more: None if name == 'streamlit' else found(name, *more)\n"
    )
    path = os.pathsep.join([str(tmp_path), str(Path(__file__).parents[2])])
    done = subprocess.run([*COMMAND, "dashboard", "port=8998"], env={**os.environ, "PYTHONPATH": path},
                          capture_output=True, text=True)  # fmt: skip
    assert done.returncode == MISTAKE
    assert done.stderr == "The dashboard needs Streamlit: pip install -e '.[dashboard]'\n"


def test_it_is_for_this_machine_alone_and_tells_nobody() -> None:
    words = command("127.0.0.1", 8997)
    assert words[0] == sys.executable
    for flag in ("--server.address=127.0.0.1", "--browser.gatherUsageStats=false", "--server.headless=true"):
        assert flag in words


def test_settings_reach_the_process_that_shows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = Settings((Path("runs"), tmp_path / "a, b"), Path("data"))
    monkeypatch.setenv(VARIABLE, asked.as_text())
    assert Settings.here() == Settings((tmp_path / "runs", tmp_path / "a, b"), tmp_path / "data")
    assert json.loads(asked.as_text())["runs"][0] == str(tmp_path / "runs")
    monkeypatch.delenv(VARIABLE)
    assert Settings.here().runs == (Path("runs"), Path("sweeps"))
