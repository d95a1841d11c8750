"""Sweep folders of runs that were never trained, to measure and to test what reads them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from benchmarks.starting import COMMAND, seconds_of
from handwriting.files import write_atomically
from handwriting.plots.grids import png_bytes, small_grid
from handwriting.runs import RunFolder
from handwriting.sweeps import Sweep, SweepPlan, Trial

ROWS, EPOCHS = 50, 10
SWEPT = (
    "model.lr=tag(log, interval(1e-4, 1e-2))",
    "model.latent_dim=int(interval(4, 64))",
    "model.norm=batch,instance,none",
    "model.betas=[0.0,0.9],[0.5,0.9]",
    "data.batch_size=64,128,256",
    "model.channels=32,64,96",
)
SEARCH = {"sampler": "tpe", "trials": 200, "pruner": "median"}


@dataclass(frozen=True)
class PageCost:
    """The cost of the page about a sweep.

    Attributes:
        seconds: The time to make it, from the start of Python.
        megabytes: The size of the HTML file, in 10^6 bytes.
    """

    seconds: float
    megabytes: float


def measure_page(trials: int = 200) -> PageCost:
    """Make the page about a sweep with this number of trials, in its own process."""
    with TemporaryDirectory() as folder:
        sweep, out = write_sweep(Path(folder) / "sweep", trials), Path(folder) / "page"
        seconds = seconds_of([*COMMAND, "compare", f"runs={sweep.path}", f"out={out}"])
        return PageCost(seconds, (out / "comparison.html").stat().st_size / 1e6)


def write_sweep(folder: Path, trials: int = 200, rows: int = ROWS, seed: int = 0) -> Sweep:
    """Write the folder of a sweep whose trials are done, except that 1 in 10 was pruned and 1 in 20 failed.

    Args:
        folder: The folder, which is made if need be.
        trials: The number of trials.
        rows: Rows of each ``metrics.csv``.
        seed: The seed of the values.

    Returns:
        The sweep. Its learning rate is the most important parameter, its normalisation the next.
    """
    sweep, generator = Sweep(folder), np.random.default_rng(seed)
    folder.mkdir(parents=True, exist_ok=True)
    sweep.write_plan(SweepPlan(("model=cgan", "data=emnist"), SWEPT, dict(SEARCH), command="handwriting train -m ..."))
    grid = png_bytes(small_grid(generator.integers(0, 256, (4, 26, 28, 28), np.uint8)))
    written = [_write_trial(sweep, number, rows, generator, grid) for number in range(trials)]
    sweep.write_status("done", written, {"total": trials, "seconds_left": 0})
    return sweep


def _write_trial(sweep: Sweep, number: int, rows: int, generator: np.random.Generator, grid: bytes) -> Trial:
    lr, latent_dim = 10 ** generator.uniform(-4, -2), int(generator.integers(4, 65))
    norm = str(generator.choice(["batch", "instance", "none"]))
    overrides = (
        f"model.lr={lr:.4g}", f"model.latent_dim={latent_dim}", f"model.norm={norm}",
        f"model.betas={generator.choice(['[0.0,0.9]', '[0.5,0.9]'])}",
        f"data.batch_size={generator.choice([64, 128, 256])}", f"model.channels={generator.choice([32, 64, 96])}",
    )  # fmt: skip
    value = 20 + 30 * (math.log10(lr) + 3) ** 2 + 6 * (norm == "none") + generator.normal(0, 1)
    if number % 20 == 7:
        state, why = "failed", "NotFiniteError: train/generator_loss is nan after 120 batches"
    elif number % 10 == 5:
        state, why = "pruned", "val/fid was 90 after 40%, worse than half of the other trials"
    else:
        state, why = "done", None
    _write_run(sweep.folder(number), overrides, value, state, why, rows, grid)
    reached: Any = {"done": value, "pruned": value + 30, "failed": None}[state]
    return Trial(number, overrides, state, reached, "val/fid", "min", why, 60.0 + number % 7)  # type: ignore[arg-type]


def _write_run(
    folder: Path, overrides: tuple[str, ...], value: float, state: str, why: str | None, rows: int, grid: bytes
) -> None:
    """Write the run folder of a trial."""
    folder.mkdir()
    run = RunFolder(folder)
    sections: dict[str, list[str]] = {}
    for override in overrides:
        key, _, text = override.partition("=")
        section, _, name = key.partition(".")
        sections.setdefault(section, []).append(f"  {name}: {text}\n")
    config = "".join(f"{section}:\n{''.join(lines)}" for section, lines in sections.items())
    summary = {
        "model": "CGAN",
        "data": "emnist",
        "seed": 0,
        "monitor": "val/fid",
        "mode": "min",
        "parameters": 1_000_000,
    }
    run.begin(config, {"seed": 0, "command": "handwriting train", "threads": 1, "device": "CPU"}, summary)
    lines = ["epoch,batches,samples,seconds,train/generator_loss,val/fid"]
    for row in range(rows):
        loss, fid = 1 + 1 / (row + 1), value * (1 + 3 / (row + 1))
        lines.append(f"{row * EPOCHS // rows},{row * 10},{row * 1280},{row * 1.2:.2f},{loss:.6f},{fid:.6f}")
    (folder / "metrics.csv").write_text("\n".join(lines) + "\n")
    write_atomically(folder / "samples" / f"epoch_{EPOCHS:04}.png", lambda file: file.write(grid))
    accuracy = 1 / (1 + value / 100)
    metrics = {
        "val/fid": {"value": value, "min": value, "max": 4 * value},
        "val/class_accuracy": {"value": accuracy, "min": 0.04, "max": accuracy},
    }
    run.summarise({"epoch": EPOCHS, "batches": rows * 10, "samples": rows * 1280, "seconds": 60.0, "metrics": metrics})
    if state == "pruned":
        run.end("interrupted", why, "pruner")
    else:
        run.end(state, why)  # type: ignore[arg-type]
