"""No job works long for results that it cannot write: it refuses ``out`` before it reads what it works on."""

from __future__ import annotations

from pathlib import Path

import pytest

from handwriting.jobs import MISTAKE, segment, start
from tests.pages.builders import save_pages


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("file").touch()


JOBS = {
    "write": ["hand=nowhere", "text=a", "out=file/letter.png"],
    "font": ["hand=nowhere", "out=file/my.otf"],
    "sheet": ["text=@nowhere", "out=file/sheet.pdf"],
    "sample": ["run=nowhere", "out=file/glyphs.png"],
    "compare": ["runs=nowhere", "out=file/page"],
    "data": ["data=kuzushiji", "data.root=nowhere", "out=file/page.png"],
    "experiments": ["root=nowhere", "runs=nowhere", "train=false", "out=file/page"],
}
"""Each job with inputs that do not exist, and an output that cannot."""


@pytest.mark.parametrize("job", JOBS)
def test_an_output_that_cannot_be_written_is_refused_before_any_input_is_read(
    job: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert start(job, JOBS[job]) == MISTAKE
    message = capsys.readouterr().err
    assert message.startswith("out=file/")
    assert "cannot be written" in message
    assert message.count("\n") == 1
    assert [path.name for path in Path().iterdir()] == ["file"]


@pytest.mark.parametrize("job", JOBS)
def test_a_name_that_no_file_can_have_is_refused(job: str, capsys: pytest.CaptureFixture[str]) -> None:
    for out, problem in (("x" * 300, "too long"), ("a\0b", "holds a null byte")):
        assert start(job, [*JOBS[job][:-1], f"out={out}"]) == MISTAKE
        message = capsys.readouterr().err
        assert problem in message
        assert message.count("\n") == 1


@pytest.mark.parametrize("job", ["hand", "segment"])
@pytest.mark.parametrize("out", ["file/hand", "x" * 300, "a\0b", "broken"])
def test_a_folder_that_cannot_be_is_refused_before_pages_are_segmented(
    job: str, out: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    save_pages(Path("page.png"))
    Path("broken").symlink_to("nowhere")
    for long in ("character_score", "segment_pages"):
        monkeypatch.setattr(segment, long, None)
    words = ["data=digits"] if job == "segment" else []
    assert start(job, ["pages=page.png", f"out={out}", *words]) == MISTAKE
    message = capsys.readouterr().err
    assert message.startswith("out=")
    assert message.count("\n") == 1
