"""What the project does with the cores of its machine."""

from __future__ import annotations

import cv2
import numpy as np
from threadpoolctl import threadpool_info

from handwriting.machine import on_one_core


def blas_threads() -> list[int]:
    np.eye(2) @ np.eye(2)
    return [library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"]


def test_work_on_one_core_leaves_other_work_its_threads() -> None:
    before = cv2.getNumThreads(), blas_threads()
    with on_one_core():
        assert cv2.getNumThreads() == 1
        assert set(blas_threads()) <= {1}
    assert (cv2.getNumThreads(), blas_threads()) == before
