"""How long a person waits for the first answer, and how much memory a run takes."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

POLL_SECONDS = 0.02
COMMAND = [sys.executable, "-c", "import sys; from handwriting.jobs import main; sys.exit(main())"]


@dataclass(frozen=True)
class Start:
    """One run, watched from outside.

    Attributes:
        first_grid: Seconds from the start of Python to the first grid, of noise.
        first_step: Seconds to the first logged batch.
        peak: The most memory that the process held, in GiB.
    """

    first_grid: float
    first_step: float
    peak: float


def seconds_of(words: Sequence[str]) -> float:
    """Return how long a command takes, in seconds.

    Raises:
        subprocess.CalledProcessError: If it fails.
    """
    began = time.perf_counter()
    subprocess.run(words, check=True, capture_output=True)
    return time.perf_counter() - began


def import_seconds() -> float:
    """Return how long Python takes to start and to import all that training needs."""
    return seconds_of([sys.executable, "-c", "import handwriting.engine.fitting"])


def help_seconds() -> float:
    """Return how long ``handwriting train --help`` takes."""
    return seconds_of([*COMMAND, "train", "--help"])


def watch(overrides: Sequence[str]) -> Start:
    """Train in a process of its own, and see when its files appear."""
    with TemporaryDirectory() as folder:
        run = Path(folder) / "run"
        words = [*COMMAND, "train", *overrides, f"hydra.run.dir={run}", "trainer.log_every_n_steps=1"]
        began = time.perf_counter()
        process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        awaited = {"grid": run / "samples" / "epoch_0000.png", "step": run / "metrics.csv"}
        seen: dict[str, float] = {}
        # WNOWAIT leaves the ended process to wait4, which alone tells how much memory it took.
        while os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
            for name in awaited.keys() - seen.keys():
                if awaited[name].is_file() and awaited[name].stat().st_size:
                    seen[name] = time.perf_counter() - began
            time.sleep(POLL_SECONDS)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode or len(seen) < len(awaited):
            raise subprocess.CalledProcessError(process.returncode, words)
        kibibytes = usage.ru_maxrss / (1024 if sys.platform == "darwin" else 1)
        return Start(seen["grid"], seen["step"], kibibytes / 2**20)
