"""The time until the first output of a command, and the peak memory of a run."""

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
    """One run, observed from another process.

    Attributes:
        first_grid: Seconds from the start of Python to the first grid of samples, before training.
        first_step: Seconds to the first logged batch.
        peak: Peak memory of the process, in GiB.
    """

    first_grid: float
    first_step: float
    peak: float


def seconds_of(words: Sequence[str]) -> float:
    """Return the duration of a command, in seconds.

    Raises:
        subprocess.CalledProcessError: If it fails.
    """
    began = time.perf_counter()
    subprocess.run(words, check=True, capture_output=True)
    return time.perf_counter() - began


def import_seconds() -> float:
    """Return the seconds that Python takes to start and import all modules of training."""
    return seconds_of([sys.executable, "-c", "import handwriting.engine.fitting"])


def help_seconds() -> float:
    """Return the seconds that ``handwriting train --help`` takes."""
    return seconds_of([*COMMAND, "train", "--help"])


def watch(overrides: Sequence[str]) -> Start:
    """Train in another process, and measure when its files appear.

    Raises:
        subprocess.CalledProcessError: If the run fails or does not write its files.
    """
    with TemporaryDirectory() as folder:
        run = Path(folder) / "run"
        words = [*COMMAND, "train", *overrides, f"hydra.run.dir={run}", "trainer.log_every_n_steps=1"]
        began = time.perf_counter()
        process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        awaited = {"grid": run / "samples" / "epoch_0000.png", "step": run / "metrics.csv"}
        seen: dict[str, float] = {}
        # WNOWAIT leaves the ended process to wait4, the only call that reports its peak memory.
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
