"""Run folders as training writes them, without any training."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml
from omegaconf import OmegaConf

from handwriting.config import load_config
from handwriting.runs import RunFolder, claim
from handwriting.runs.details import RunDetails, gather

CONFIG = {"model": {"lr": 0.1, "betas": [0, 1]}, "seed": 1}


def read_config(path: Path) -> dict[str, Any]:
    return OmegaConf.to_container(load_config(path), resolve=True)  # type: ignore[return-value]


def make(folder: Path, config: dict[str, Any] = CONFIG, epochs: tuple[int, ...] = (), **facts: Any) -> Path:
    """Write a run folder as training does, and pictures' names without pictures."""
    run = RunFolder(claim(folder))
    run.begin(yaml.safe_dump(config), {"seed": 1}, {"model": "VAE", **facts})
    for epoch in range(max(epochs, default=0)):
        run.metrics.append({"epoch": epoch + 1, "batches": epoch, "samples": 10 * (epoch + 1), "seconds": 1.0})
        run.metrics.append({"epoch": epoch + 1, "batches": epoch, "samples": 10 * (epoch + 1) + 5, "seconds": 1.0})
    (run.path / "samples").mkdir()
    for epoch in epochs:
        (run.path / f"samples/epoch_{epoch:04d}.png").touch()
    run.end("done")
    return run.path


def evaluate(folder: Path, **measures: Any) -> None:
    (folder / "evaluation.json").write_text(json.dumps(measures))


def measured(value: float, **more: Any) -> dict[str, Any]:
    return {"value": value, "floor": 1.0, "n": 100, "unit": "", "error": None, "better": "min", "classifier": None,
            "accuracy": None, **more}  # fmt: skip


def records(asked: Path | str) -> list[RunDetails]:
    return gather(str(asked), read_config)[0]
