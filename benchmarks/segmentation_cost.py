"""Time and memory that segmenting a page takes."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from benchmarks.drawn_pages import draw_page
from benchmarks.page_style import random_style
from benchmarks.starting import COMMAND, seconds_of
from benchmarks.timing import Benchmark, measure_rate
from handwriting.segmentation.page import Segmenter

JOB_PAGES = 8
"""The number of pages given to ``handwriting segment``."""


def a4_page(dpi: float) -> NDArray[np.uint8]:
    """Return a drawn A4 page whose letters do not touch, uint8 RGB ``(H, W, 3)``."""
    return draw_page(random_style(0, dpi=dpi), 0).image


def segmenting_rate(image: NDArray[np.uint8], segmenter: Segmenter) -> Benchmark:
    """Return a benchmark that segments a page repeatedly, in pages per second."""

    def once() -> int:
        segmenter(image)
        return 1

    return lambda seconds: measure_rate(once, seconds, warm_up=1)


def command_rate(image: NDArray[np.uint8], workers: int) -> Benchmark:
    """Return a benchmark of ``handwriting segment`` on copies of a page, in pages per second.

    It includes start-up, reading and writing, and runs the command once, whatever the requested duration.
    """

    def measure(seconds: float) -> float:
        with TemporaryDirectory() as folder:
            pages = Path(folder) / "pages"
            pages.mkdir()
            for copy in range(JOB_PAGES):
                Image.fromarray(image).save(pages / f"{copy}.png", compress_level=1)
            words = ["segment", f"pages={pages}", f"out={folder}/out", f"workers={workers}"]
            return JOB_PAGES / seconds_of([*COMMAND, *words])

    return measure


def peak_memory(image: NDArray[np.uint8], segmenter: Segmenter) -> float:
    """Return the peak memory of segmenting an image, in addition to image and program, as a multiple of the image.

    It is measured on Linux only.
    """
    with TemporaryDirectory() as folder, ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
        path = Path(folder) / "page.npy"
        np.save(path, image)
        return process.submit(_own_peak, path, segmenter).result() / image.nbytes


def _own_peak(path: Path, segmenter: Segmenter) -> int:
    """Return the peak memory of segmenting, in bytes, measured in this process, which does nothing else."""
    cv2.setNumThreads(1)
    image = np.load(path)
    before = _status("VmRSS")
    segmenter(image)
    return _status("VmHWM") - before


def _status(size: str) -> int:
    """Return a size of this process in bytes, as Linux reports it.

    Not ``resource.getrusage``: its ``ru_maxrss`` starts with the peak of the parent process.
    """
    lines = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return 1024 * int(lines[size].split()[0])
