"""Classifiers that were trained once and kept, so that every run on the same data is measured by the same one."""

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
from handwriting.glyphs import Glyphs
from handwriting.networks.classifier import GlyphClassifier
from handwriting.runs import checkpoints

log = logging.getLogger("handwriting")

CACHE_VARIABLE = "HANDWRITING_CACHE"
"""Names the folder that classifiers are kept in; the user's own cache folder unless set."""
SYNTHETIC_GLYPHS = 24_800
KEPT = {"weights", "names", "accuracy", "tested", "hash"}


def cache_folder() -> Path:
    """Return where classifiers are kept."""
    return Path(os.environ.get(CACHE_VARIABLE) or pooch.os_cache("handwriting")).expanduser() / "classifiers"


def feature_space(
    training: Glyphs,
    test: Glyphs,
    device: torch.device | str = "cpu",
    recipe: ClassifierRecipe | None = None,
    announce: Callable[[str], object] = log.info,
) -> FeatureSpace:
    """Return the feature space for some data: its own classifier, trained now if it never was.

    Unlabelled data has none of its own; it is looked at by the classifier of synthetic glyphs.

    One process trains while others that want the same classifier, on the same file system, wait for it.

    Args:
        training: Training glyphs, before any were left out or filled in: the same for all runs on this data.
        test: Test glyphs, on which the classifier's accuracy is measured.
        device: Where it is trained and looks.
        recipe: How it is trained; the project's recipe unless given.
        announce: Told before it is trained, which takes a minute or two on two cores.

    Raises:
        ConfigError: If it cannot be kept.
    """
    recipe = recipe or ClassifierRecipe()
    origin = "own"
    if not is_labelled(training):
        training, test = Synthetic(count=SYNTHETIC_GLYPHS).read()
        origin = "synthetic"
    training, test = (Glyphs(part.images, part.labels, alphabet=part.alphabet) for part in (training, test))
    key = "\n".join((recipe.key(), training.fingerprint(), test.fingerprint()))
    path = cache_folder() / f"{hashlib.sha256(key.encode()).hexdigest()[:16]}.ckpt"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(
            f"{path.parent} cannot be made ({error}): name another folder in {CACHE_VARIABLE}."
        ) from error
    with _locked(path):
        kept = _read(path) or _make(recipe, training, test, device, path, announce)
    with torch.device("meta"):  # drawing weights to begin with would change the random numbers of a training
        classifier = GlyphClassifier(len(kept["names"]))
    classifier.load_state_dict(kept["weights"], assign=True)
    classifier.eval().to(device)
    facts = {name: kept[name] for name in ("accuracy", "tested", "hash")}
    return FeatureSpace(classifier, tuple(kept["names"]), origin=origin, **facts)


def is_labelled(glyphs: Glyphs) -> bool:
    """Say whether a classifier can be trained on these glyphs: all labelled, with two classes or more."""
    return len(set(glyphs.labels.tolist())) > 1 and bool((glyphs.labels >= 0).all())


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold the lock beside a file, and say so where another process has it."""
    lock = FileLock(path.with_suffix(".lock"))
    try:
        lock.acquire(timeout=0)
    except Timeout:
        log.warning("another process is training the glyph classifier for this data: waiting for it")
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def _read(path: Path) -> dict[str, Any] | None:
    """Return a kept classifier; None where there is none, or what is kept cannot be read."""
    if not path.is_file():
        return None
    try:
        kept = checkpoints.load(path)
    except RunError as error:
        log.warning("the glyph classifier is trained again: %s", error)
        return None
    return kept if kept.keys() >= KEPT else None


def _make(
    recipe: ClassifierRecipe,
    training: Glyphs,
    test: Glyphs,
    device: torch.device | str,
    path: Path,
    announce: Callable[[str], object],
) -> dict[str, Any]:
    """Train a classifier, test it, and keep it."""
    announce(f"Training the glyph classifier that measures are taken by, once for this data: {len(training):,} glyphs.")
    classifier = train(recipe, training, device)
    weights = {name: weight.cpu().contiguous() for name, weight in classifier.state_dict().items()}
    digest = hashlib.sha256()
    for weight in weights.values():
        digest.update(weight.numpy().tobytes())
    seen = embed(classifier, test, training.alphabet)
    kept = {
        "weights": weights,
        "names": list(training.alphabet),
        "accuracy": float((seen.predicted == seen.labels).double().mean()),
        "tested": len(test),
        "hash": digest.hexdigest()[:8],
    }
    checkpoints.save(kept, path)
    return kept
