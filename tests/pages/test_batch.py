"""Many pages: names of their files, processes, and pages that fail."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from handwriting.glyphs import Glyphs
from handwriting.pages.batch import PageTask, describe_page, file_stems, segment_pages
from handwriting.pages.folder import SegmentedFolder
from handwriting.pages.scans import Scan, scans_in
from handwriting.segmentation.auto import Auto
from handwriting.segmentation.baseline import Words
from handwriting.segmentation.page import Score, Segmented, Segmenter
from tests.pages.builders import contents, drawn_page, read_rows, save_pages


def test_names_of_files_stay_short_and_unique():
    scans = [Scan(Path(f"{'ü' * 100}{end}.png"), 0, 1) for end in "ab"]
    one, two = file_stems(scans)
    assert one == "ü" * 60
    assert two == "ü" * 60 + "_2"
    assert file_stems([Scan(Path(name), 0, 1) for name in ("a.png", "a.jpg", "a_2.png")]) == ["a", "a_2", "a_2_2"]
    assert file_stems([Scan(Path("u\u0308.png"), 0, 1)]) == ["ü"]


@dataclass
class Fatal(Segmenter):
    """A segmenter that some pages are too much for: by their width, the process dies or has no memory."""

    deadly: int = -1
    large: int = -1

    def __call__(self, image: np.ndarray, score: Score | None = None) -> Segmented:
        if image.shape[1] == self.deadly:
            os.kill(os.getpid(), signal.SIGKILL)
        if image.shape[1] == self.large:
            raise MemoryError
        return Words(kernel_width=8)(image)


def segment(folder: Path, segmenter: Segmenter, workers: int, pages: int) -> list[dict]:
    """Segment pages of which the second is one pixel narrower than the others, and return their reports."""
    for number in range(pages):
        save_pages(folder / "pages" / f"{number}.png")
    Image.fromarray(drawn_page().image[:, :-1]).save(folder / "pages" / "1.png")
    scans, _ = scans_in(folder / "pages")
    with SegmentedFolder(folder / "out").draft() as draft:
        tasks = [PageTask(scan, scan.path.stem, segmenter, None, draft, 28) for scan in scans]
        report = segment_pages(tasks, workers, draft)
        draft.write_report(report)
    return report["pages"]


def test_the_number_of_processes_changes_no_byte(tmp_path):
    for workers in (1, 2):
        segment(tmp_path / f"{workers}", Auto(), workers, pages=3)
    one, two = (contents(tmp_path / f"{workers}" / "out") for workers in (1, 2))
    for files in (one, two):
        files["report.json"] = re.sub(rb'"seconds": [0-9.]+', b"", files["report.json"])
    assert one == two


@pytest.mark.parametrize("workers", [1, 2])
def test_a_page_that_does_not_fit_into_memory_costs_no_other(tmp_path, workers):
    reports = segment(tmp_path, Fatal(large=drawn_page().image.shape[1] - 1), workers, pages=3)
    assert [report.get("failed", "")[:25] for report in reports] == ["", "does not fit into memory.", ""]


def test_a_page_that_brings_its_process_down_costs_no_other(tmp_path, capfd):
    reports = segment(tmp_path, Fatal(deadly=drawn_page().image.shape[1] - 1), workers=2, pages=4)
    assert [report.get("failed", "")[:12] for report in reports] == ["", "could not be", "", ""]
    assert {row["page"] for row in read_rows(tmp_path / "out")} == {"0.png", "2.png", "3.png"}
    assert len(Glyphs.load(tmp_path / "out" / "words.npz")) == len(read_rows(tmp_path / "out", "word"))
    assert "Traceback" not in capfd.readouterr().err


@dataclass
class Pale(Segmenter):
    """A segmenter that also takes the second word of a page, whose ink nobody sees, for writing."""

    def __call__(self, image: np.ndarray, score: Score | None = None) -> Segmented:
        page = Words(kernel_width=8)(image)
        second = cv2.dilate((page.labels == 2).astype(np.uint8), np.ones((9, 9), np.uint8))
        return replace(page, ink=np.where(second, np.minimum(page.ink, 20), page.ink))


def test_a_blank_crop_is_written_nowhere_and_counted(tmp_path):
    (usual, *_), (pale, *_) = (
        segment(tmp_path / name, segmenter, 1, pages=2)
        for name, segmenter in (("usual", Words(kernel_width=8)), ("pale", Pale()))
    )
    assert pale["words"] == usual["words"] - 1
    assert pale["rejected"] == {**usual["rejected"], "pale": 1}
    rows = read_rows(tmp_path / "pale" / "out", "word")
    assert len(rows) == len(Glyphs.load(tmp_path / "pale" / "out" / "words.npz"))
    assert len(rows) == len(list((tmp_path / "pale" / "out" / "words").iterdir()))
    for row in rows:
        with Image.open(tmp_path / "pale" / "out" / row["file"]) as picture:
            assert np.asarray(picture).min() < 200


@dataclass
class Endless(Segmenter):
    """A segmenter that says that it has begun, and never ends."""

    def __call__(self, image: np.ndarray, score: Score | None = None) -> Segmented:
        print("begun", flush=True)
        time.sleep(3600)
        raise AssertionError


def test_processes_of_a_killed_command_end_with_it(tmp_path):
    program = (
        "import sys; from pathlib import Path; from tests.pages.test_batch import Endless, segment; "
        "segment(Path(sys.argv[1]), Endless(), workers=2, pages=2)"
    )
    command = [sys.executable, "-c", program, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=Path(__file__).parents[2]) as process:
        assert process.stdout
        assert [process.stdout.readline() for _ in range(2)] == [b"begun\n"] * 2
        process.kill()
        assert process.stdout.read() == b""  # ends only when no process is left that could write


def test_a_page_is_described_in_one_line():
    report = {"page": "a.png", "lines": 0, "words": 1200, "characters": 3, "rejected": {"speck": 2}}
    report |= {"x_height": 11.4, "skew": -0.01, "seconds": 1.26}
    assert describe_page(report) == (
        "a.png: 1,200 words, 3 characters; x-height 11 px, skew 0.0°, 1.3 s; rejected: 2 speck"
    )
    assert describe_page({"page": "a.png", "failed": "is blank."}) == "a.png is blank."


@pytest.mark.parametrize("command", ["segment", "hand"])
def test_a_script_without_a_guard_segments_its_pages_once(tmp_path: Path, command: str) -> None:
    for number in range(2):
        save_pages(tmp_path / "pages" / f"{number}.png")
    script = tmp_path / "mine.py"
    ask = ", 'ask=files'" if command == "hand" else ""
    script.write_text(f"import handwriting\nprint('begins')\nhandwriting.{command}('pages', 'workers=2'{ask})\n")
    done = subprocess.run([sys.executable, str(script)], cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert not done.stderr
    assert done.stdout.count("begins") == 1
    assert "pages        2 of 2" in done.stdout
