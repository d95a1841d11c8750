"""The cache of glyph classifiers, so that every run on the same data is measured by the same one."""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pooch
import torch
from filelock import FileLock, Timeout

from handwriting.errors import ConfigError, DataError, RunError
from handwriting.features.space import FeatureSpace, embed
from handwriting.features.synthetic import RECIPE as SYNTHETIC_RECIPE
from handwriting.features.synthetic import shipped_classifier
from handwriting.features.training import ClassifierRecipe, UnreadableStateError, train
from handwriting.files import expanded
from handwriting.glyphs import Glyphs
from handwriting.networks.classifier import GlyphClassifier
from handwriting.progress import step, tell
from handwriting.runs import checkpoints
from handwriting.text import counted

log = logging.getLogger("handwriting")

CACHE_VARIABLE = "HANDWRITING_CACHE"
"""The environment variable that names the cache folder; without it, the user's own cache folder is used."""
MIN_TRAINING_GLYPHS = 20
"""Training glyphs below which a classifier would only learn them by heart."""
STATE_SUFFIX = ".unfinished"
"""The ending of the file that keeps an unfinished training next to the classifier's own."""
CACHED_KEYS = {"weights", "names", "accuracy", "tested", "hash"}


def cache_folder() -> Path:
    """Return the folder of cached classifiers."""
    return expanded(os.environ.get(CACHE_VARIABLE) or pooch.os_cache("handwriting")) / "classifiers"


def feature_space(
    training: Glyphs,
    test: Glyphs,
    device: torch.device | str = "cpu",
    recipe: ClassifierRecipe | None = None,
    note: str = "",
) -> FeatureSpace:
    """Return the feature space for some data: that of its own classifier, which is trained if it is not cached.

    Unlabelled data is embedded by the classifier of synthetic glyphs, which comes with the package. One process trains,
    while others on the same file system that need the same classifier wait for it. A training that is stopped goes on
    where it was, whoever needs the classifier next.

    Args:
        training: Training glyphs before any were removed or added, so that they are the same for all runs on this data.
        test: Test glyphs, on which the classifier's accuracy is measured.
        device: The device that trains it and embeds glyphs.
        recipe: How it is trained; None for the default recipe.
        note: What else to say before a training, in a sentence.

    Raises:
        ConfigError: If the cache folder cannot be made.
        DataError: If there are too few glyphs to train a classifier on.
    """
    if not is_labelled(training):
        tell(
            f"The metrics use the classifier of synthetic characters, since this data has {_lack_of_labels(training)}."
        )
        return _space(shipped_classifier(), "synthetic", device, SYNTHETIC_RECIPE)
    recipe = recipe or ClassifierRecipe()
    training, test = (Glyphs(part.images, part.labels, alphabet=part.alphabet) for part in (training, test))
    _refuse_too_few(training, test)
    key = "\n".join((recipe.key(), training.fingerprint(), test.fingerprint()))
    path = cache_folder() / f"{hashlib.sha256(key.encode()).hexdigest()[:16]}.ckpt"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(
            f"The cache folder {path.parent} cannot be made ({error}): name another folder in {CACHE_VARIABLE}."
        ) from error
    with _locked(path):
        cached = _read(path)
        if cached is None:
            tell(
                f"Training the glyph classifier for the metrics, once for this data: {len(training):,} glyphs of "
                f"{len(training.alphabet):,} classes.{note and f' {note}'} If stopped, it goes on the next time."
            )
            cached = _trained(recipe, training, test, device, path)
    return _space(cached, "own", device, recipe)


def _space(known: dict[str, Any], origin: str, device: torch.device | str, recipe: ClassifierRecipe) -> FeatureSpace:
    with torch.device("meta"):  # initial weights would consume random numbers of the training
        classifier = GlyphClassifier(len(known["names"]), recipe.poolings)
    classifier.load_state_dict(known["weights"], assign=True)
    classifier.eval().to(device)
    facts = {name: known[name] for name in ("accuracy", "tested", "hash")}
    return FeatureSpace(classifier, tuple(known["names"]), origin=origin, **facts)


def _refuse_too_few(training: Glyphs, test: Glyphs) -> None:
    """Refuse data that a classifier would only learn by heart.

    Raises:
        DataError: With the numbers of glyphs and what to do.
    """
    if len(training) < MIN_TRAINING_GLYPHS or not len(test):
        raise DataError(
            f"The data has {counted(len(training), 'training glyph')} and {counted(len(test), 'test glyph')} of "
            f"{counted(len(training.alphabet), 'class', 'classes')}, and the glyph classifier of the metrics needs at "
            f"least {MIN_TRAINING_GLYPHS} and 1. Give more glyphs, or metrics=none."
        )


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
        with step("waiting for the glyph classifier of another process"):
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


def _trained(
    recipe: ClassifierRecipe, training: Glyphs, test: Glyphs, device: torch.device | str, path: Path
) -> dict[str, Any]:
    """Train a classifier, test it, write it to the cache, and remove what was kept of the training."""
    state = path.with_suffix(STATE_SUFFIX)
    try:
        classifier = train(recipe, training, device, state)
    except UnreadableStateError as error:
        log.warning("The training of the glyph classifier begins again: %s", error)
        state.unlink()
        classifier = train(recipe, training, device, state)
    cached = described(classifier, training.alphabet, test)
    checkpoints.save(cached, path)
    state.unlink(missing_ok=True)
    return cached


def described(classifier: GlyphClassifier, names: tuple[str, ...], test: Glyphs) -> dict[str, Any]:
    """Return a trained classifier and what is known of it, as it is kept in a file.

    Args:
        classifier: The classifier.
        names: The names of its classes.
        test: The glyphs that it is tested on.
    """
    weights = {name: weight.cpu().contiguous() for name, weight in classifier.state_dict().items()}
    digest = hashlib.sha256()
    for weight in weights.values():
        digest.update(weight.numpy().tobytes())
    sample = embed(classifier, test, names)
    return {
        "weights": weights,
        "names": list(names),
        "accuracy": float((sample.predicted == sample.labels).double().mean()),
        "tested": len(test),
        "hash": digest.hexdigest()[:8],
    }
