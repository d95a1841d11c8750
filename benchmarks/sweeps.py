"""What several workers save, and what a sweep adds to the runs that it starts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.starting import COMMAND, seconds_of
from benchmarks.timing import Benchmark


def by_workers(overrides: Sequence[str], trials: int, workers: int, threads: int) -> Benchmark:
    """Return what measures how many trials a sweep does in an hour, all of it counted from the start of Python."""

    def measure(_: float) -> float:
        with TemporaryDirectory() as folder:
            words = [f"seed={','.join(map(str, range(trials)))}", f"hydra.sweep.dir={Path(folder) / 'sweep'}"]
            launcher = [f"hydra.launcher.workers={workers}", f"hydra.launcher.threads={threads}"]
            return 3600 * trials / seconds_of([*COMMAND, "train", "-m", *overrides, *words, *launcher])

    return measure


def by_hand(overrides: Sequence[str]) -> Benchmark:
    """Return what measures how many runs are done in an hour by starting them one after the other."""

    def measure(_: float) -> float:
        with TemporaryDirectory() as folder:
            return 3600 / seconds_of([*COMMAND, "train", *overrides, f"hydra.run.dir={Path(folder) / 'run'}"])

    return measure
