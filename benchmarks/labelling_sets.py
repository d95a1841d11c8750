"""Glyphs whose labels are hidden from the program and known to the simulated person."""

from __future__ import annotations

import tarfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from handwriting.data.sources.emnist import EMNIST
from handwriting.data.sources.folder import Folder
from handwriting.data.sources.mnist import MNIST
from handwriting.errors import DataError
from handwriting.features.cache import feature_space
from handwriting.features.space import FeatureSpace
from handwriting.glyphs import Glyphs

CHARACTERS = "characters/photographed-62-classes.tar.gz"
LOOK_ALIKES = "cijklmopsuvwxyz"
"""Small letters that are merged with their capitals, as in the 47 classes of EMNIST's ``bymerge``."""


@dataclass(frozen=True, eq=False)
class HiddenSet:
    """A pile of glyphs with the labels that a person would give them.

    Attributes:
        images: Bright ink on dark, uint8 ``(N, 1, H, W)``.
        labels: One character each, ``(N,)``.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.str_]


def digits_of_test_set(root: Path) -> HiddenSet:
    """Return MNIST's 10,000 test digits."""
    return _named(MNIST(root=str(root)).read()[1])


def letters_of_test_set(root: Path) -> HiddenSet:
    """Return the test letters of EMNIST's split ``letters``: 26 classes."""
    return _named(EMNIST(root=str(root)).read()[1])


def photographed_characters(root: Path) -> HiddenSet:
    """Return 3,100 photographed characters of 62 classes, training and test parts together.

    Raises:
        DataError: If the archive is missing or broken.
    """
    path = root / CHARACTERS
    try:
        with TemporaryDirectory() as folder, tarfile.open(path) as archive:
            archive.extractall(folder, filter="data")
            parts = Folder(path=folder, name_pattern=r"(?P<class>.+)_\d+").read()
    except (OSError, tarfile.TarError) as error:
        raise DataError(f"{path} cannot be read ({error}). Give root=<folder of real data>.") from error
    glyphs = Glyphs.joined(parts)
    return HiddenSet(glyphs.images, np.array([name[-1] for name in glyphs.alphabet])[glyphs.labels])


def merged_characters(root: Path) -> HiddenSet:
    """Return the photographed characters with look-alikes merged: 47 classes."""
    whole = photographed_characters(root)
    return HiddenSet(whole.images, np.array([x.upper() if x in LOOK_ALIKES else x for x in whole.labels.tolist()]))


def _named(glyphs: Glyphs) -> HiddenSet:
    return HiddenSet(glyphs.images, np.array(glyphs.alphabet)[glyphs.labels])


def classifier_of_letters(root: Path) -> FeatureSpace:
    """Return the feature space of EMNIST's letters; its classifier is trained unless it is cached."""
    return feature_space(*EMNIST(root=str(root)).read())


def classifier_of_drawn_characters(root: Path) -> FeatureSpace:
    """Return the feature space of the project's synthetic characters; ``root`` is not needed."""
    nothing = Glyphs(np.zeros((1, 1, 28, 28), np.uint8))
    return feature_space(nothing, nothing)


@dataclass(frozen=True)
class Goal:
    """A set, and the accuracy that is wanted on it.

    Attributes:
        title: What the set is, for tables.
        read: Reads it from the folder of real data.
        classifier: Returns the feature space of another alphabet.
        answers: The number of answers of the person.
        coverage: The share of glyphs, the most confident ones, that must have a label, 0..1.
        accuracy: The share of right labels among them, 0..1.
    """

    title: str
    read: Callable[[Path], HiddenSet]
    classifier: Callable[[Path], FeatureSpace]
    answers: int
    coverage: float
    accuracy: float


GOALS = {
    "mnist": Goal("MNIST, the 10,000 test digits", digits_of_test_set, classifier_of_letters, 40, 0.99, 0.98),
    "letters": Goal(
        "EMNIST letters, the test set", letters_of_test_set, classifier_of_drawn_characters, 260, 0.90, 0.92
    ),
    "characters": Goal(
        "photographed characters, 62 classes", photographed_characters, classifier_of_letters, 200, 0.85, 0.84
    ),
    "merged": Goal("the same, 47 classes", merged_characters, classifier_of_letters, 150, 0.90, 0.92),
}
