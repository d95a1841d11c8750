"""Benchmark fine-tuning: a CGAN of many hands' letters trained on few glyphs of one hand, or from scratch on them."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from string import ascii_lowercase
from tempfile import TemporaryDirectory

import numpy as np
from omegaconf import DictConfig

import handwriting
from benchmarks.labelling_sets import classifier_of_letters, photographed_characters
from handwriting.data.sources.arrays import Arrays
from handwriting.data.sources.synthetic import FONTS, Pen, draw
from handwriting.errors import ConfigError, nearest
from handwriting.features.space import FeatureSpace
from handwriting.fields import AnyPath, FolderPath, FreeText
from handwriting.files import write_atomically
from handwriting.glyphs import Glyphs, in_turn
from handwriting.jobs.arguments import Count, Seed, read_arguments
from handwriting.jobs.outputs import output_path
from handwriting.machine import available_cores
from handwriting.metrics.base import Reference
from handwriting.metrics.evaluation import evaluate_samples
from handwriting.metrics.fid import FID
from handwriting.models.base import GlyphModel
from handwriting.runs import Run
from handwriting.text import format_number, markdown_table

QUIET = ("logger=none", "metrics=none", "callbacks=[last_checkpoint,limit,random_state]", "trainer.max_epochs=-1")
"""What the trainings share: they write nothing but checkpoints, and end after a number of glyphs."""
DRAWN_GLYPHS = 200
"""Glyphs of each class that are drawn in one hand."""


@dataclass(frozen=True)
class Arguments:
    """The benchmark's own keys; what each means stands in ``benchmarks/conf/finetuning.yaml``."""

    only: tuple[FreeText, ...]
    root: FolderPath
    glyphs: tuple[Count, ...]
    pretrained: Count
    samples: Count
    overrides: tuple[FreeText, ...]
    seed: Seed
    out: AnyPath | None


def photographed_hand(root: Path, seed: int) -> Glyphs:
    """Return the small letters of the photographed characters, 50 of each class, in random order."""
    hidden = photographed_characters(root)
    is_small = np.isin(hidden.labels, list(ascii_lowercase))
    labels = [ascii_lowercase.index(name) for name in hidden.labels[is_small]]
    return _shuffled(Glyphs(hidden.images[is_small], np.array(labels), alphabet=tuple(ascii_lowercase)), seed)


def drawn_hand(root: Path, seed: int) -> Glyphs:
    """Return letters of one stroke font, drawn by one pen that varies a little, in random order."""
    rng = np.random.default_rng(seed)
    font, weight, slant = FONTS[rng.integers(len(FONTS))], rng.uniform(0.05, 0.09), rng.normal(8, 8)
    labels = np.arange(len(ascii_lowercase)).repeat(DRAWN_GLYPHS)
    images = [
        draw(
            ascii_lowercase[label],
            Pen(
                font,
                weight * rng.uniform(0.9, 1.1),
                slant + rng.normal(0, 3),
                width=rng.normal(1, 0.06),
                scale=rng.normal(1.1, 0.05),
                angle=rng.normal(0, 3),
                dx=rng.normal(0, 0.02),
                dy=rng.normal(0, 0.02),
            ),
        )
        for label in labels
    ]
    return _shuffled(Glyphs(np.stack(images)[:, None], labels, alphabet=tuple(ascii_lowercase)), seed)


def _shuffled(glyphs: Glyphs, seed: int) -> Glyphs:
    return glyphs[np.random.default_rng(seed).permutation(len(glyphs))]


@dataclass(frozen=True)
class Hand:
    """One hand.

    Attributes:
        title: What it is, for the table.
        read: Returns its glyphs in random order, from the folder of real data and by a seed.
        held_out: Glyphs of each class that no training sees, and that generated ones are compared with.
    """

    title: str
    read: Callable[[Path, int], Glyphs]
    held_out: int


HANDS = {
    "photographed": Hand("photographed letters", photographed_hand, held_out=20),
    "drawn": Hand("letters of a stroke font", drawn_hand, held_out=100),
}


def divided(glyphs: Glyphs, count: int, held_out: int) -> tuple[Glyphs, Glyphs] | None:
    """Return glyphs to train on and glyphs held out, of every class; None where a class has too few.

    The same glyphs are held out whatever ``count`` is.

    Args:
        glyphs: The glyphs in random order.
        count: Glyphs of each class to train on.
        held_out: Glyphs of each class that are held out.
    """
    classes = len(glyphs.alphabet)
    if glyphs.counts().min() < count + held_out:
        return None
    order = in_turn(glyphs.labels)
    return glyphs[order[held_out * classes : (held_out + count) * classes]], glyphs[order[: held_out * classes]]


def run(cfg: DictConfig) -> None:
    """Run the benchmark that ``cfg`` requests, and print a table in Markdown.

    Raises:
        ConfigError: If a value is not allowed.
        DataError: If real data is missing.
    """
    for name in cfg.only:
        if name not in HANDS:
            raise ConfigError(f"only={name}: no such hand.{nearest(str(name), HANDS)} There are: {', '.join(HANDS)}.")
    arguments = read_arguments(Arguments, cfg)
    root = Path(arguments.root).expanduser()
    out = output_path(arguments.out, "") if arguments.out else None
    hands = {name: HANDS[name].read(root, arguments.seed) for name in arguments.only or HANDS}
    space = classifier_of_letters(root)
    with TemporaryDirectory() as folder:
        letters, seconds = trained(
            Path(folder, "letters"), arguments, arguments.pretrained, "data=emnist", f"data.root={root}"
        )
        rows = []
        for name, glyphs in hands.items():
            for count in arguments.glyphs:
                if parts := divided(glyphs, count, HANDS[name].held_out):
                    own = Path(folder, f"{name}_{count}")
                    own.mkdir()
                    rows.append((HANDS[name].title, str(count), *measure(parts, letters, space, own, arguments)))
    head = ("hand", "glyphs a class", "floor", "not fine-tuned", "from scratch", "fine-tuned", "seconds", "ratio")
    text = "\n\n".join(
        [
            f"On {available_cores()} cores of {platform.machine()}, seed {arguments.seed}. FID to glyphs of the hand "
            "that no training has seen, in the feature space of EMNIST's letters; floor: that of the training glyphs. "
            f"A CGAN has seen {arguments.pretrained:,} of EMNIST's letters ({seconds:.0f} s). It is measured as it is, "
            f"and after {arguments.samples:,} glyphs of the hand; from scratch, a CGAN has seen as many. Seconds: from "
            "scratch, fine-tuned. Ratio: fine-tuned to from scratch; at most 0.5 is the goal.",
            markdown_table(head, rows, numbers=True),
        ]
    )
    print(f"{text}\n")
    if out:
        write_atomically(out, lambda file: file.write(f"{text}\n".encode()))


def trained(folder: Path, arguments: Arguments, samples: int, *overrides: str) -> tuple[Run, float]:
    """Train a CGAN on a number of glyphs, and return its run and how many seconds the training took."""
    limit = f"callbacks.limit.max_samples={samples}"
    words = (*QUIET, "model=cgan", limit, f"seed={arguments.seed}", *arguments.overrides, *overrides)
    began = time.perf_counter()
    run = handwriting.train(*words, f"hydra.run.dir={folder}")
    return run, time.perf_counter() - began


def measure(
    parts: tuple[Glyphs, Glyphs], letters: Run, space: FeatureSpace, folder: Path, arguments: Arguments
) -> tuple[str, ...]:
    """Train on a hand from scratch and from the weights of other hands, and return the cells of the table.

    Args:
        parts: The hand's glyphs to train on, and those held out.
        letters: The model of other hands.
        space: The feature space.
        folder: An empty folder for data and runs.
        arguments: The benchmark's keys.
    """
    files = [folder / "train.npz", folder / "held_out.npz"]
    for file, part in zip(files, parts, strict=True):
        part.save(file)
    data = ("data=arrays", f"data.path={files[0]}", f"data.test_path={files[1]}")
    source = Arrays(path=str(files[0]), test_path=str(files[1]))
    prepared = source.prepared(*source.read())
    reference = Reference(space, prepared.whole, prepared.test)

    def fid(model: GlyphModel) -> float:
        return FID().compute(evaluate_samples(model, reference, arguments.seed))["fid"].value

    scratch, scratch_seconds = trained(folder / "scratch", arguments, arguments.samples, *data)
    tuned, tuned_seconds = trained(folder / "tuned", arguments, arguments.samples, *data, f"init={letters.path}")
    values = [fid(handwriting.load(of)) for of in (letters, scratch, tuned)]
    floor = reference.floors(FID())["fid"].value
    return (
        *(format_number(value) for value in (floor, *values)),
        f"{scratch_seconds:.0f}, {tuned_seconds:.0f}",
        f"{values[2] / values[1]:.2f}",
    )
