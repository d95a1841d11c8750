"""Cleaning and balancing: which glyphs a model is trained on, and how their ink looks."""

# Annotations stay objects here (no `from __future__ import annotations`): the config layer validates against them.

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, ClassVar, Literal, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import Field, NonNegativeInt

from handwriting.checking import Checked
from handwriting.data.preparation.augmentation import Augmentation
from handwriting.data.preparation.resizing import resize
from handwriting.data.preparation.statistics import class_distances, robust_sigmas
from handwriting.data.preparation.strokes import with_stroke_width
from handwriting.errors import ConfigError, nearest
from handwriting.fields import FreeText
from handwriting.glyphs import UNKNOWN, Glyphs
from handwriting.text import shown

Denoising = Literal["none", "median", "nlmeans"]

NOISE = 20
"""Filter strength of ``nlmeans``, in grey levels."""
BLUR = 1 / 28
"""Standard deviation of the blur of the unsharp mask, as a fraction of the image's size."""
MODERATE = Augmentation(shift=0.05, scale=0.1, rotate=8.0, shear=8.0)
"""An augmentation within the variation of one hand."""
COPIES_PER_CHUNK = 4096
"""Number of copies augmented at once, which bounds the memory."""


class Outliers(NamedTuple):
    """Removed glyphs that are unlike the others of their class, the most distant first."""

    glyphs: Glyphs
    sigmas: NDArray[np.float64]
    """Robust standard deviations above the median distance of their class, float ``(N,)``."""


@dataclass(frozen=True)
class Preparation(metaclass=Checked):
    """Cleaning and balancing of glyphs before training; every step is off by default.

    Attributes:
        drop: Names of classes to drop.
        min_count: Drop classes with fewer training glyphs (validation included).
        denoise: ``median`` (of 3x3 pixels: speckle goes, but thin strokes break or go with it) or ``nlmeans``
            (non-local means: grain goes, strokes stay); of the images as they were read.
        sharpen: How much of the difference to a blurred copy is added to the image; 0 to none, 1 is strong.
        thickness: Target mean stroke width of every glyph, in pixels at ``image_size``; 0 to leave it.
        outliers: Remove training glyphs whose distance from the mean image of their class is more than this number of
            robust standard deviations above the class's median distance; 3 is usual, 0 removes none.
        largest: Maximum number of training glyphs of a class, chosen at random; 0 for no maximum.
        smallest: Minimum number of training glyphs of a class, reached by augmented copies; 0 for no minimum.
        fill: The augmentation of such copies.

    Raises:
        ConfigError: If ``largest`` is below ``smallest``.
    """

    _section: ClassVar[str] = "data.prepare"

    drop: tuple[Annotated[FreeText, Field(coerce_numbers_to_str=True)], ...] = ()
    min_count: NonNegativeInt = 0
    denoise: Denoising = "none"
    sharpen: Annotated[float, Field(ge=0, le=10)] = 0.0
    thickness: Annotated[float, Field(ge=0)] = 0.0
    outliers: Annotated[float, Field(ge=0)] = 0.0
    largest: NonNegativeInt = 0
    smallest: NonNegativeInt = 0
    fill: Augmentation = MODERATE

    def __post_init__(self) -> None:
        """Refuse a maximum below the minimum."""
        if 0 < self.largest < self.smallest:
            raise ConfigError(
                f"data.prepare.largest={self.largest} is below data.prepare.smallest={self.smallest}: no class can "
                "be cut to the one and filled up to the other; raise largest, or set it to 0 to cut none."
            )

    def kept_classes(self, train: Glyphs) -> list[int]:
        """Return the indices of the classes that ``drop`` and ``min_count`` leave.

        Raises:
            ConfigError: If a class to drop does not exist, or no class would be left.
        """
        for name in self.drop:
            if name not in train.alphabet:
                known = f" There are: {', '.join(map(shown, train.alphabet))}" if train.alphabet else ""
                raise ConfigError(
                    f"data.prepare.drop: there is no class {shown(name)}.{nearest(name, train.alphabet)}{known}"
                )
        counts = train.counts()
        kept = [
            index
            for index, name in enumerate(train.alphabet)
            if name not in self.drop and counts[index] >= self.min_count
        ]
        if train.alphabet and not kept:
            raise ConfigError(
                f"data.prepare.drop and data.prepare.min_count={self.min_count} leave no class; the largest of "
                f"{len(counts)} has {counts.max()} training glyphs."
            )
        return kept

    def clean(self, images: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
        """Denoise images, bring them to their size, sharpen them and normalise their strokes.

        Args:
            images: Bright ink on dark as read, uint8 ``(N, 1, H, W)``.
            size: Height and width of the result, in pixels.

        Returns:
            The same glyphs, uint8 ``(N, 1, size, size)``.
        """
        # Noise differs from ink by its grain, pixel by pixel, and resizing would blend one into the other; so it goes
        # first. Resizing blurs, so sharpening comes after it; and strokes are measured last, because a sharper
        # outline moves, and because what is promised is their width in what the model sees.
        images = resize(_denoised(images, self.denoise), size)
        if self.sharpen:
            images = _sharpened(images, self.sharpen)
        return with_stroke_width(images, self.thickness) if self.thickness else images

    def without_outliers(self, train: Glyphs) -> tuple[Glyphs, Outliers]:
        """Return the training glyphs without outliers, always more than half of every class, and the outliers.

        Unlabelled glyphs are one class here.
        """
        if not self.outliers:
            return train, Outliers(train[:0], np.zeros(0))
        sigmas = robust_sigmas(class_distances(train), train.labels)
        strange = np.flatnonzero(sigmas > self.outliers)
        strange = strange[np.argsort(-sigmas[strange], kind="stable")]
        return train[sigmas <= self.outliers], Outliers(train[strange], sigmas[strange])

    def balanced(self, train: Glyphs, seed: int) -> tuple[Glyphs, dict[str, int]]:
        """Cut large classes and fill up small ones; unlabelled glyphs stay as they are.

        A copy keeps the label and the style of its glyph, and every glyph of a class is copied about equally often.

        Args:
            train: The training glyphs.
            seed: The seed of the choice and the augmentation: the same seed gives the same bytes.

        Returns:
            The glyphs in their order, followed by the copies; and the numbers ``cut`` and ``filled``.
        """
        rng = np.random.default_rng(seed)
        cut, copied = np.zeros(len(train), bool), [np.zeros(0, np.int64)]
        for label in np.unique(train.labels[train.labels != UNKNOWN]):
            members = rng.permutation(np.flatnonzero(train.labels == label))
            if self.largest:
                cut[members[self.largest :]] = True
            copied.append(np.resize(members, max(0, self.smallest - len(members))))
        originals = np.concatenate(copied)
        report = {"cut": int(cut.sum()), "filled": len(originals)}
        kept = train[~cut] if cut.any() else train
        if not len(originals):
            return kept, report
        copies = replace(train[originals], images=_changed(train.images[originals], self.fill, seed))
        return Glyphs.joined([kept, copies]), report


def with_classes(glyphs: Glyphs, kept: Sequence[int]) -> Glyphs:
    """Return the glyphs of some classes, renumbered in the order of ``kept``, and all unlabelled ones.

    Args:
        glyphs: Any glyphs.
        kept: The indices of the classes to keep.
    """
    if list(kept) == list(range(len(glyphs.alphabet))):
        return glyphs
    number = np.full(len(glyphs.alphabet) + 1, len(kept))  # an index beyond the last: a dropped class
    number[list(kept)] = np.arange(len(kept))
    number[UNKNOWN] = UNKNOWN
    labels = number[glyphs.labels]
    staying = labels < len(kept)
    alphabet = tuple(glyphs.alphabet[index] for index in kept)
    return replace(
        glyphs, images=glyphs.images[staying], labels=labels[staying], styles=glyphs.styles[staying], alphabet=alphabet
    )


def _denoised(images: NDArray[np.uint8], how: Denoising) -> NDArray[np.uint8]:
    if how == "none":
        return images
    if how == "median":
        return _each(images, lambda image: cv2.medianBlur(image, 3))
    # Windows for glyphs, which are far smaller than the photographs that OpenCV's 7 and 21 are for.
    return _each(images, lambda image: cv2.fastNlMeansDenoising(image, None, NOISE, 3, 7))


def _sharpened(images: NDArray[np.uint8], amount: float) -> NDArray[np.uint8]:
    """Return ``image + amount * (image - blurred image)``, cut off at 0 and 255."""
    sigma = BLUR * images.shape[-1]

    def sharpen(image: NDArray[np.uint8]) -> Any:
        return cv2.addWeighted(image, 1 + amount, cv2.GaussianBlur(image, (0, 0), sigma), -amount, 0)

    return _each(images, sharpen)


def _each(images: NDArray[np.uint8], do: Callable[[NDArray[np.uint8]], Any]) -> NDArray[np.uint8]:
    changed = np.empty_like(images)
    for image, target in zip(images[:, 0], changed[:, 0], strict=True):
        target[:] = do(image)
    return changed


def _changed(images: NDArray[np.uint8], fill: Augmentation, seed: int) -> NDArray[np.uint8]:
    """Return the images as ``fill`` changes them, one after the other by the same stream of random numbers."""
    import torch  # only here, since it takes seconds to import and most preparations need none of it

    generator = torch.Generator().manual_seed(seed)
    chunks = np.split(images, range(COPIES_PER_CHUNK, len(images), COPIES_PER_CHUNK))
    changed = [fill(torch.tensor(chunk).float() / 255, generator).mul(255).round().byte().numpy() for chunk in chunks]
    return np.concatenate(changed)
