"""The cache of glyph classifiers, so that every run on the same data is measured by the same one."""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pooch
import torch
from filelock import FileLock, Timeout

from handwriting.data.sources.synthetic import Synthetic
from handwriting.errors import ConfigError, RunError
from handwriting.features.space import FeatureSpace, embed
from handwriting.features.training import ClassifierRecipe, train
from handwriting.files import expanded
from handwriting.glyphs import Glyphs
from handwriting.networks.classifier import GlyphClassifier
from handwriting.runs import checkpoints

log = logging.getLogger("handwriting")

CACHE_VARIABLE = "HANDWRITING_CACHE"
"""The environment variable that names the cache folder; without it, the user's own cache folder is used."""
SYNTHETIC_GLYPHS = 24_800
"""Glyphs of the synthetic data set, whose classifier embeds unlabelled data."""
CACHED_KEYS = {"weights", "names", "accuracy", "tested", "hash"}


def cache_folder() -> Path:
    """Return the folder of cached classifiers."""
    return expanded(os.environ.get(CACHE_VARIABLE) or pooch.os_cache("handwriting")) / "classifiers"


def feature_space(
    training: Glyphs,
    test: Glyphs,
    device: torch.device | str = "cpu",
    recipe: ClassifierRecipe | None = None,
    announce: Callable[[str], object] = log.info,
) -> FeatureSpace:
    """Return the feature space for some data: that of its own classifier, which is trained if it is not cached.

    Unlabelled data is embedded by the classifier of synthetic glyphs.

    One process trains, while others on the same file system that need the same classifier wait for it.

    Args:
        training: Training glyphs before any were removed or added, so that they are the same for all runs on this data.
        test: Test glyphs, on which the classifier's accuracy is measured.
        device: The device that trains it and embeds glyphs.
        recipe: How it is trained; None for the default recipe.
        announce: Called with one line before training, which takes a minute or two on two cores.

    Raises:
        ConfigError: If the cache folder cannot be made.
    """
    recipe = recipe or ClassifierRecipe()
    origin, purpose = "own", "once for this data"
    if not is_labelled(training):
        purpose = f"on synthetic characters, since this data has {_lack_of_labels(training)}"
        training, test = Synthetic(count=SYNTHETIC_GLYPHS).read()
        origin = "synthetic"
    training, test = (Glyphs(part.images, part.labels, alphabet=part.alphabet) for part in (training, test))
    key = "\n".join((recipe.key(), training.fingerprint(), test.fingerprint()))
    path = cache_folder() / f"{hashlib.sha256(key.encode()).hexdigest()[:16]}.ckpt"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(
            f"The cache folder {path.parent} cannot be made ({error}): name another folder in {CACHE_VARIABLE}."
        ) from error
    with _locked(path):
        cached = _read(path) or _train(recipe, training, test, device, path, announce, purpose)
    with torch.device("meta"):  # initial weights would consume random numbers of the training
        classifier = GlyphClassifier(len(cached["names"]))
    classifier.load_state_dict(cached["weights"], assign=True)
    classifier.eval().to(device)
    facts = {name: cached[name] for name in ("accuracy", "tested", "hash")}
    return FeatureSpace(classifier, tuple(cached["names"]), origin=origin, **facts)


def is_labelled(glyphs: Glyphs) -> bool:
    """Say whether a classifier can be trained on these glyphs: all labelled, with two classes or more."""
    return len(set(glyphs.labels.tolist())) > 1 and bool((glyphs.labels >= 0).all())


def _lack_of_labels(glyphs: Glyphs) -> str:
    """Return in words why no classifier can be trained on these glyphs; see :func:`is_labelled`."""
    if (glyphs.labels >= 0).all():
        return "one class only"
    return "no labels" if (glyphs.labels < 0).all() else "glyphs without a label"


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold the lock of a file, and log a warning where another process has it."""
    lock = FileLock(path.with_suffix(".lock"))
    try:
        lock.acquire(timeout=0)
    except Timeout:
        log.warning("Another process is training the glyph classifier for this data: waiting for it.")
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def _read(path: Path) -> dict[str, Any] | None:
    """Return a cached classifier; None where there is none, or its file cannot be read."""
    if not path.is_file():
        return None
    try:
        cached = checkpoints.load(path)
    except RunError as error:
        log.warning("The glyph classifier is trained again: %s", error)
        return None
    return cached if cached.keys() >= CACHED_KEYS else None


def _train(
    recipe: ClassifierRecipe,
    training: Glyphs,
    test: Glyphs,
    device: torch.device | str,
    path: Path,
    announce: Callable[[str], object],
    purpose: str,
) -> dict[str, Any]:
    """Train a classifier, test it, and write it to the cache."""
    announce(f"Training the glyph classifier for the metrics, {purpose}: {len(training):,} glyphs.")
    classifier = train(recipe, training, device)
    weights = {name: weight.cpu().contiguous() for name, weight in classifier.state_dict().items()}
    digest = hashlib.sha256()
    for weight in weights.values():
        digest.update(weight.numpy().tobytes())
    sample = embed(classifier, test, training.alphabet)
    cached = {
        "weights": weights,
        "names": list(training.alphabet),
        "accuracy": float((sample.predicted == sample.labels).double().mean()),
        "tested": len(test),
        "hash": digest.hexdigest()[:8],
    }
    checkpoints.save(cached, path)
    return cached
