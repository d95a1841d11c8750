"""A package of somebody else: a model, source, callback, metric, preset, job and search, each in one YAML file."""

from __future__ import annotations

from pathlib import Path

MODEL = '''
from dataclasses import dataclass

from pydantic import PositiveFloat

from handwriting.models.vae import VAE


@dataclass(eq=False, repr=False, kw_only=True)
class BlotVAE(VAE):
    """A VAE with a setting of its own."""

    blot: PositiveFloat = 1.0
'''
SOURCE = '''
from dataclasses import dataclass

import numpy as np

from handwriting.data.sources.base import GlyphSource
from handwriting.fields import FreeText
from handwriting.glyphs import Glyphs


@dataclass(eq=False)
class Dots(GlyphSource):
    """Squares and bars."""

    title: FreeText = "dots"
    count: int = 120

    def read(self):
        images = np.zeros((self.count, 1, 14, 14), np.uint8)
        labels = np.arange(self.count) % 2
        for index, label in enumerate(labels):
            start = 2 + index % 5
            images[index, 0, start : start + 5, 4 : 8 if label else 5] = 200 + index % 50
        glyphs = Glyphs(images, labels, alphabet=("square", "bar"))
        return self.split_off(glyphs, 0.2)
'''
CALLBACK = '''
from pathlib import Path

import pytorch_lightning as pl


class Diary(pl.Callback):
    """A line for each epoch in diary.txt."""

    def __init__(self, words: str = "epoch") -> None:
        self.words = words

    def on_train_epoch_end(self, trainer, module):
        with (Path(trainer.default_root_dir) / "diary.txt").open("a") as file:
            file.write(f"{self.words} {trainer.current_epoch}\\n")
'''
METRIC = '''
from dataclasses import dataclass
from typing import ClassVar

from handwriting.metric_values import MetricValue
from handwriting.metrics.base import TwoSampleMetric


@dataclass(eq=False, kw_only=True)
class InkShare(TwoSampleMetric):
    """The mean grey."""

    captions: ClassVar = {"ink_share": "share of the page that is ink"}
    heading: ClassVar = "Ink"

    def compare(self, sample, real):
        return {"ink_share": MetricValue(float(sample.glyphs.images.mean() / 255), len(sample))}
'''
PRESET = '''
from dataclasses import dataclass

from handwriting.segmentation.baseline import Characters


@dataclass(eq=False, kw_only=True)
class Blobs(Characters):
    """Connected components of any size."""

    least_area: int = 1
'''
JOB = '''
from dataclasses import dataclass

from pydantic import NonNegativeInt

from handwriting.config import trust_of_command
from handwriting.engine.sections import build_source
from handwriting.fields import FreeText
from handwriting.jobs.arguments import Seed, read_arguments


@dataclass(frozen=True)
class Arguments:
    """Its own keys."""

    caption: FreeText
    least: NonNegativeInt
    seed: Seed


def run(cfg):
    """Print how many training glyphs each class has."""
    arguments = read_arguments(Arguments, cfg)
    train, _ = build_source(cfg.data, trust_of_command()).read()
    for name, count in zip(train.alphabet, train.counts().tolist(), strict=True):
        if count >= arguments.least:
            print(f"{arguments.caption}: {name} {count}")
'''
CONFIGS = {
    "model/blot.yaml": "# A VAE with a blot\ndefaults: [_variational, _self_]\n_target_: {package}.models.BlotVAE\n"
    "latent_dim: 4\nblot: 2.0\n",
    "data/dots.yaml": "# Squares and bars\ndefaults: [_common, _self_]\n_target_: {package}.sources.Dots\n"
    "title: dots\ncount: 120\n",
    "callbacks/diary.yaml": "# A line for each epoch\ndiary:\n  _target_: {package}.callbacks.Diary\n  words: epoch\n",
    "metrics/ink_share.yaml": "# How much ink\nink_share:\n  _target_: {package}.metrics.InkShare\n"
    "  while_training: false\n",
    "preset/blobs.yaml": "# Blobs\n_target_: {package}.presets.Blobs\nleast_area: 4\n",
    "tally.yaml": "# Count the glyphs of each class\n#   data=dots least=3\n"
    "defaults:\n- data: dots\n- _self_\n- override hydra/job_logging: none\n- override hydra/hydra_logging: none\n"
    "caption: ??? # what stands before each class\nleast: 0 # skips classes with fewer glyphs\nseed: 0 # of the data\n"
    "hydra:\n  output_subdir: null\n  run:\n    dir: .\n",
    "search/blot.yaml": "# Its latent dimension\ndefaults: [_common]\nmonitor: val/loss\n"
    "overrides: [model=blot]\nspace:\n  model.latent_dim: choice(2,3)\n",
}


def write_configs(folder: Path, package: str) -> Path:
    """Write the YAML files, which name the classes of ``package``, into a folder laid out as ``conf`` is."""
    for name, text in CONFIGS.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text.format(package=package))
    return folder


def write_package(site: Path, package: str) -> Path:
    """Write the package into a folder of ``sys.path``, without its configurations."""
    folder = site / package
    (folder / "jobs").mkdir(parents=True)
    parts = {"models": MODEL, "sources": SOURCE, "callbacks": CALLBACK, "metrics": METRIC, "presets": PRESET}
    parts["jobs/tally"] = JOB
    for name, text in {"__init__": "", **parts}.items():
        (folder / f"{name}.py").write_text(text)
    return folder


def install(site: Path, package: str = "inks", value: str | None = None) -> Path:
    """Install the package as a plug-in: what pip does of a wheel, without a network."""
    folder = write_package(site, package)
    write_configs(folder / "conf", package)
    declare(site, package, value)
    return folder


def declare(site: Path, package: str, value: str | None = None) -> Path:
    """Write the metadata of an installed distribution with the entry point of a plug-in."""
    info = site / f"{package}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[handwriting.plugins]\n{package} = {value or package}\n")
    return info
