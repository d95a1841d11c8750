"""What a person makes lies in folders of its own, which git ignores: ``git add -A`` publishes no diary."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from handwriting.files import OWN_FOLDERS
from handwriting.jobs import start
from tests.builders import QUICK
from tests.pages.builders import save_pages


def git(*words: str) -> str:
    return subprocess.run(["git", *words], check=True, capture_output=True, text=True).stdout


def test_no_command_leaves_anything_that_git_would_publish(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    git("init", "-q")
    save_pages(tmp_path / "photos" / "page.png")
    git("add", "-A")
    assert start("train", [*QUICK, "model=cgan", "trainer.max_epochs=1"]) == 0
    (run,) = Path("runs").glob("[!.]*")
    for job, words in (
        ("sample", [f"run={run}", "n=2"]),
        ("compare", ["runs=runs"]),
        ("data", ["data=synthetic", "data.classes=abc", "data.count=60"]),
        ("sheet", []),
        ("segment", ["pages=photos", "workers=1"]),
    ):
        assert start(job, words) == 0
    assert git("status", "--porcelain", "--untracked-files=all").splitlines() == ["A  photos/page.png"]
    assert {path.name for path in tmp_path.iterdir()} - {".git", "photos"} <= set(OWN_FOLDERS)
    assert len(list(Path("reports").glob("[!.]*"))) == 5


def test_a_folder_that_is_in_use_already_is_left_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "reports").mkdir()
    (tmp_path / "reports" / "of_mine.txt").touch()
    assert start("sheet", []) == 0
    assert not (tmp_path / "reports" / ".gitignore").exists()
