"""The machine that this process runs on."""

from __future__ import annotations

import os
import site
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def available_cores() -> int:
    """Return the number of processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def on_one_core() -> Iterator[None]:
    """Let NumPy and OpenCV compute on one core, in the libraries that are imported by now.

    The pictures of letters are small. Shared out among cores they take longer, for threads keep a core busy while they
    wait; and the last bits of a matrix product depend on the number of cores.
    """
    import cv2
    from threadpoolctl import threadpool_limits

    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        with threadpool_limits(1, user_api="blas"):
            yield
    finally:
        cv2.setNumThreads(threads)


def own_program() -> list[str]:
    """Return the words that run this package's command line in another process.

    ``-P`` keeps Python from importing what lies in the current folder, such as a ``random.py`` of somebody's own.
    """
    return [sys.executable, "-P", "-m", "handwriting"]


def own_environment() -> dict[str, str]:
    """Return the environment in which :func:`own_program` finds this very package, and no other installed version."""
    home = str(Path(__file__).resolve().parents[1])
    if home in map(os.path.realpath, (*site.getsitepackages(), site.getusersitepackages())):
        return dict(os.environ)  # it is found there; named first, that folder would hide Python's own modules
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, (home, os.environ.get("PYTHONPATH"))))}
