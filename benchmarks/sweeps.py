"""The speed of sweeps: trials per hour by the number of workers, compared with runs that are started by hand."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.starting import COMMAND, seconds_of
from benchmarks.timing import Benchmark


def by_workers(overrides: Sequence[str], trials: int, workers: int, threads: int) -> Benchmark:
    """Return a benchmark of the trials per hour of a sweep, measured from the start of Python."""

    def measure(_: float) -> float:
        with TemporaryDirectory() as folder:
            words = [f"seed={','.join(map(str, range(trials)))}", f"hydra.sweep.dir={Path(folder) / 'sweep'}"]
            launcher = [f"hydra.launcher.workers={workers}", f"hydra.launcher.threads={threads}"]
            return 3600 * trials / seconds_of([*COMMAND, "train", "-m", *overrides, *words, *launcher])

    return measure


def by_hand(overrides: Sequence[str]) -> Benchmark:
    """Return a benchmark of the runs per hour when each is started by hand after the other."""

    def measure(_: float) -> float:
        with TemporaryDirectory() as folder:
            return 3600 / seconds_of([*COMMAND, "train", *overrides, f"hydra.run.dir={Path(folder) / 'run'}"])

    return measure
