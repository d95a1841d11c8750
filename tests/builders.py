"""Small things that many tests need: glyphs, batches, and models of every kind and condition."""

from __future__ import annotations

from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from omegaconf import DictConfig

from handwriting.config import CONF, build, compose
from handwriting.data.loading.module import Batch
from handwriting.glyphs import Glyphs
from handwriting.models.base import GlyphModel

MODELS = sorted(path.stem for path in (CONF / "model").glob("[!_]*.yaml"))
"""Every model that ships; a new YAML file is tested without an edit."""
ALPHABET = ("a", "b", "c")
STYLES = ("thin", "thick")
CONDITIONS: tuple[tuple[str, ...], ...] = ((), ("class",), ("style",), ("class", "style"))
SMALL = ["model.channels=16", "model.latent_dim=4"]


@cache
def _composed(overrides: tuple[str, ...]) -> DictConfig:
    return compose("train", overrides)


def composed(*overrides: str) -> DictConfig:
    """Return a configuration of a training; each is composed once a session, which takes Hydra 60 to 100 ms."""
    return deepcopy(_composed(overrides))


def conditions_of(model: str) -> tuple[tuple[str, ...], ...]:
    """Return every shape of condition that a model can be given."""
    return CONDITIONS if "conditions" in composed(f"model={model}").model else ((),)


CASES = [(model, conditions) for model in MODELS for conditions in conditions_of(model)]
"""Every model with every shape of condition."""


def case_name(case: Any) -> str | None:
    """Name a case in pytest's output."""
    return case if isinstance(case, str) else "+".join(case) or "unconditional" if isinstance(case, tuple) else None


def conditions_override(model: str, conditions: tuple[str, ...]) -> list[str]:
    """Return the override that sets the conditions, where the model has any."""
    return [f"model.conditions=[{','.join(conditions)}]"] if len(conditions_of(model)) > 1 else []


def make_model(model: str, conditions: tuple[str, ...] = (), *overrides: str, image_size: int = 28) -> GlyphModel:
    """Return a small model with seeded weights."""
    torch.manual_seed(0)
    cfg = composed(f"model={model}", *conditions_override(model, conditions), *SMALL, *overrides)
    return build(cfg.model, "model", image_size=image_size, alphabet=ALPHABET, style_names=STYLES)


def make_batch(n: int = 8, image_size: int = 28, seed: int = 0) -> Batch:
    """Return a batch of grey noise with every label and style."""
    generator = torch.Generator().manual_seed(seed)
    images = torch.rand(n, 1, image_size, image_size, generator=generator)
    return Batch(images, torch.arange(n) % len(ALPHABET), torch.arange(n) % len(STYLES))


def make_glyphs(n: int = 12, image_size: int = 28) -> Glyphs:
    """Return glyphs of noise with every label and style."""
    images = np.random.default_rng(0).integers(0, 256, (n, 1, image_size, image_size), np.uint8)
    return Glyphs(images, np.arange(n) % len(ALPHABET), np.arange(n) % len(STYLES), ALPHABET, STYLES)


def train(folder: Path, *overrides: str) -> Path:
    """Train by the job itself, on a few synthetic glyphs, and return the run folder."""
    from handwriting.engine.experiment import Experiment
    from handwriting.engine.fitting import fit
    from handwriting.runs import claim

    claimed = claim(folder)
    experiment = Experiment.from_config(composed(*QUICK, *overrides), claimed)
    experiment.check()
    fit(experiment)
    return claimed


QUICK = [
    "data=synthetic",
    "data.classes=abc",
    "data.count=120",
    "data.batch_size=16",
    "data.batches_per_step=2",
    "trainer=cpu",
    "trainer.max_epochs=2",
    "trainer.log_every_n_steps=2",
    "precision=32-true",
    "logger=none",
    "metrics=none",
    *SMALL,
]
"""A run of a second or two."""
