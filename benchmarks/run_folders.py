"""Run folders that nobody trained, written as real ones are: to measure, and to test, what shows many of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from operator import methodcaller
from pathlib import Path
from typing import Any

import numpy as np
from omegaconf import OmegaConf

from handwriting.config import compose
from handwriting.files import write_atomically
from handwriting.plots.grids import Block, draw_grid, png_bytes
from handwriting.runs import RunFolder
from handwriting.runs.metrics import extremes
from handwriting.runs.summaries import as_override, flatten

MODELS = {"vae": "VAE", "cvae": "CVAE", "dcgan": "DCGAN", "cgan": "CGAN", "wgan_gp": "WGANGP"}
MEASURES = ("fid", "fid_infinity", "kid", "precision", "recall", "density", "coverage", "class_accuracy", "class_kl",
            "class_js", "pixel_kl", "pixel_js", "checkerboard")  # fmt: skip
LOSSES = ("generator_loss", "discriminator_loss", "accuracy_real", "accuracy_fake", "gradient_norm")
BATCHES, BATCH = 100, 128
"""Of an epoch, and glyphs in each."""


def write_runs(
    folder: Path, runs: int = 1_000, metrics: int = 50, grids: int = 20, rows: int = 200, seed: int = 0
) -> list[Path]:
    """Write the folders of runs of every model, one in ten of which failed.

    Args:
        folder: Where; made if need be.
        runs: How many.
        metrics: Columns of each ``metrics.csv`` besides those that say how far the run was.
        grids: Sample grids of each.
        rows: Rows of each ``metrics.csv``.
        seed: What the values are drawn from.

    Returns:
        The run folders.
    """
    generator = np.random.default_rng(seed)
    settings = {model: _settings(model) for model in MODELS}
    names = list(_names())[:metrics]
    pictures = list(_pictures(generator, grids))
    return [
        _write(folder / f"2026-01-01_{number:06}_{model}_letters", number, model, settings[model],
               _values(names, rows, grids, generator), pictures)
        for number, model in zip(range(runs), list(MODELS) * (runs // len(MODELS) + 1), strict=False)
    ]  # fmt: skip


def _settings(model: str) -> dict[str, Any]:
    resolved: Any = OmegaConf.to_container(compose("train", [f"model={model}", "data=emnist"]), resolve=False)
    return dict(flatten(resolved))


def _names() -> Iterator[str]:
    yield from (f"train/{name}" for name in LOSSES)
    for name in MEASURES:
        yield from (f"val/{name}", f"floor/{name}")
    yield from (f"val/{name}" for name in LOSSES)
    yield from (f"val/class_fid/{index}" for index in range(100))


def _values(names: Sequence[str], rows: int, epochs: int, generator: np.random.Generator) -> list[dict[str, float]]:
    """Return rows of a ``metrics.csv``: training's values in every one, validation's at the end of each epoch."""
    last, table = generator.uniform(0.5, 50, len(names)), []
    noise = generator.normal(1, 0.05, (rows, len(names)))
    for row in range(rows):
        epoch = row * epochs // rows
        ends = (row + 1) * epochs // rows > epoch
        batches = (row + 1) * BATCHES * epochs // rows
        values = {"epoch": epoch, "batches": batches, "samples": batches * BATCH, "seconds": round(0.05 * batches, 2)}
        fall = 1 + 9 * 0.97**row
        values |= {
            name: round(float(last[index] * fall * noise[row, index]), 6)
            for index, name in enumerate(names)
            if ends or name.startswith("train/")
        }
        table.append(values)
    return table


def _pictures(generator: np.random.Generator, grids: int) -> Iterator[bytes]:
    """Yield sample grids from noise to clear shapes."""
    y, x = np.mgrid[:28, :28] / 27 - 0.5
    shapes = np.stack([np.exp(-80 * (np.hypot(x, y) - 0.1 - 0.01 * index) ** 2) for index in range(26)])
    names = [chr(ord("a") + index) for index in range(26)]
    for epoch in range(grids):
        share = (epoch + 1) / grids
        noisy = share * shapes + (1 - share) * generator.uniform(0, 1, (4, *shapes.shape))
        yield png_bytes(draw_grid([Block(noisy, column_names=names)], f"epoch {epoch}"))


def _write(
    folder: Path,
    number: int,
    model: str,
    settings: dict[str, Any],
    rows: list[dict[str, float]],
    pictures: Sequence[bytes],
) -> Path:
    config = {**settings, "model.lr": 10 ** -(2 + number % 7 / 3), "seed": number % 5}
    folder.mkdir(parents=True)
    run = RunFolder(folder)
    nested = OmegaConf.create()
    for key, value in config.items():
        OmegaConf.update(nested, key, value, force_add=True)
    summary = {
        "model": MODELS[model],
        "data": "emnist",
        "experiment": None,
        "seed": config["seed"],
        "monitor": "val/fid",
        "mode": "min",
        "parameters": 1_000_000 + number,
        "settings": {key: as_override(value) for key, value in config.items()},
    }
    status = {"seed": config["seed"], "command": f"python train.py model={model}", "threads": 2, "device": "CPU"}
    run.begin(OmegaConf.to_yaml(nested), status, summary)
    columns = dict.fromkeys(name for row in rows for name in row)
    lines = [",".join(columns), *(",".join(str(row.get(name, "")) for name in columns) for row in rows)]
    (folder / "metrics.csv").write_text("\n".join(lines) + "\n")
    for epoch, picture in enumerate(pictures):
        write_atomically(folder / "samples" / f"epoch_{epoch:04}.png", methodcaller("write", picture))
    reached = {name: rows[-1][name] for name in ("epoch", "batches", "samples", "seconds")}
    run.summarise({**reached, "metrics": extremes(rows)})
    if number % 10 == 3:
        run.end("failed", "NotFiniteError: train/generator_loss is nan after 120 batches: no weight was changed by it")
    else:
        run.end("done")
    return folder
