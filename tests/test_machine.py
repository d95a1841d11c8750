"""What the project does with the cores of its machine, and how it starts other processes there."""

from __future__ import annotations

import subprocess
from pathlib import Path

import cv2
import numpy as np
from threadpoolctl import threadpool_info

import handwriting
from handwriting.machine import on_one_core, own_environment, own_program


def blas_threads() -> list[int]:
    np.eye(2) @ np.eye(2)
    return [library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"]


def test_work_on_one_core_leaves_other_work_its_threads() -> None:
    before = cv2.getNumThreads(), blas_threads()
    with on_one_core():
        assert cv2.getNumThreads() == 1
        assert set(blas_threads()) <= {1}
    assert (cv2.getNumThreads(), blas_threads()) == before


def test_another_process_runs_this_package_whatever_lies_in_its_folder(tmp_path: Path) -> None:
    for name in ("random", "types", "json", "handwriting"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('the file beside was imported')")
    words = [*own_program(), "--version"]
    ran = subprocess.run(words, cwd=tmp_path, env=own_environment(), capture_output=True, text=True, check=True)
    assert ran.stdout.startswith("handwriting ")
    where = [*own_program()[:-2], "-c", "import handwriting; print(handwriting.__file__)"]
    ran = subprocess.run(where, cwd=tmp_path, env=own_environment(), capture_output=True, text=True, check=True)
    assert Path(ran.stdout.strip()) == Path(handwriting.__file__)
