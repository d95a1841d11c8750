"""Glyphs: the one data type that all packages exchange."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import ArrayLike, NDArray

from handwriting.errors import DataError

UNKNOWN = -1
"""The label or style of a glyph that nobody has named yet."""


def in_turn(labels: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the order in which the first glyph of each class comes first, then the second of each, and so on.

    >>> in_turn(np.array([1, 1, 0, 1, 0])).tolist()
    [2, 0, 4, 1, 3]

    Args:
        labels: The class of each glyph, int64 ``(N,)``; unknown ones are a class of their own.
    """
    order = np.argsort(labels, kind="stable")
    _, starts, counts = np.unique(labels[order], return_index=True, return_counts=True)
    nth = np.arange(len(labels)) - np.repeat(starts, counts)
    return order[np.argsort(nth, kind="stable")]


def to_grey_levels(images: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Return images in [0, 1] as grey levels 0..255, each rounded to the nearest.

    Raises:
        DataError: If a value is not finite, as those of a model whose training diverged.
    """
    if not np.isfinite(images).all():
        raise DataError("the model draws values that are not finite: train it again, with a smaller model.lr.")
    return (images * 255).round().astype(np.uint8)


@dataclass(frozen=True, eq=False)
class Glyphs:
    """A set of glyph images with what is known about each; immutable, and cheap to index.

    Labels and styles are optional; without them they are unknown (-1).

    >>> glyphs = Glyphs(np.zeros((3, 1, 28, 28), np.uint8), labels=[0, 1, 1], alphabet=("a", "b"))
    >>> len(glyphs[glyphs.labels == 1])
    2

    Attributes:
        images: Ink bright on dark, uint8 ``(N, 1, H, W)`` in 0..255.
        labels: The index of each glyph's class in ``alphabet``, int64 ``(N,)``; -1 where unknown.
        styles: The index of each glyph's style in ``style_names``, int64 ``(N,)``; -1 where unknown.
        alphabet: The names of the classes.
        style_names: The names of the styles.

    Raises:
        DataError: If shapes, dtypes or label ranges do not fit together.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.int64] = None  # type: ignore[assignment]  # filled with UNKNOWN below
    styles: NDArray[np.int64] = None  # type: ignore[assignment]
    alphabet: tuple[str, ...] = ()
    style_names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Check every array against the others and make it read-only."""
        images = np.asarray(self.images)
        if images.dtype != np.uint8 or images.ndim != 4 or images.shape[1] != 1:
            raise DataError(f"images must be uint8 (N, 1, H, W), not {images.dtype} {images.shape}")
        self._freeze("images", images)
        object.__setattr__(self, "alphabet", tuple(self.alphabet))
        object.__setattr__(self, "style_names", tuple(self.style_names))
        self._freeze("labels", self._indices("labels", self.labels, len(self.alphabet)))
        self._freeze("styles", self._indices("styles", self.styles, len(self.style_names)))

    def _indices(self, name: str, values: ArrayLike | None, count: int) -> NDArray[np.int64]:
        number = len(self.images)
        indices = np.full(number, UNKNOWN, np.int64) if values is None else np.asarray(values, np.int64)
        if indices.shape != (number,):
            raise DataError(f"{number} images need {number} {name}, not {indices.shape}")
        if number and (indices.min() < UNKNOWN or indices.max() >= count):
            raise DataError(f"{name} run {indices.min()}..{indices.max()}; {count} names allow -1..{count - 1}")
        return indices

    def _freeze(self, name: str, array: NDArray[Any]) -> None:
        view = array.view()
        view.flags.writeable = False
        object.__setattr__(self, name, view)

    def __len__(self) -> int:
        """Return the number of glyphs."""
        return len(self.images)

    def __getitem__(self, index: Any) -> Glyphs:
        """Return the glyphs at ``index``: a slice, an index array ``(M,)`` or a mask ``(N,)``."""
        return replace(self, images=self.images[index], labels=self.labels[index], styles=self.styles[index])

    @classmethod
    def joined(cls, parts: Sequence[Glyphs]) -> Glyphs:
        """Return the glyphs of some sets, at least one, of the same size and with the same names, one after another."""
        images, labels, styles = (
            np.concatenate([getattr(part, name) for part in parts]) for name in ("images", "labels", "styles")
        )
        return replace(parts[0], images=images, labels=labels, styles=styles)

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """Channels, height and width of every image: ``(1, H, W)``."""
        _, channels, height, width = self.images.shape
        return channels, height, width

    def counts(self) -> NDArray[np.int64]:
        """Return how many glyphs each class has, int64 ``(len(alphabet),)``."""
        return np.bincount(self.labels[self.labels >= 0], minlength=len(self.alphabet)).astype(np.int64)

    def fingerprint(self) -> str:
        """Return 16 hex digits that change with any pixel, label, style or name."""
        digest = hashlib.sha256(repr((self.images.shape, self.alphabet, self.style_names)).encode())
        for array in (self.images, self.labels, self.styles):
            digest.update(np.ascontiguousarray(array).data)
        return digest.hexdigest()[:16]

    def save(self, file: str | Path | IO[bytes]) -> None:
        """Write everything to one compressed ``.npz`` file (a path that ends so, or an open file), without pickle."""
        np.savez_compressed(
            file,
            images=self.images,
            labels=self.labels,
            styles=self.styles,
            alphabet=np.array(self.alphabet, np.str_),
            style_names=np.array(self.style_names, np.str_),
        )

    @classmethod
    def load(cls, path: str | Path, remedy: str = "Write one with Glyphs.save.") -> Glyphs:
        """Read what :meth:`save` wrote.

        Args:
            path: The file.
            remedy: The sentence that says what to do where it is none.

        Raises:
            DataError: If the file is missing, broken or not a set of glyphs.
        """
        try:
            with np.load(path, allow_pickle=False) as file:
                arrays = {name: file[name] for name in ("images", "labels", "styles", "alphabet", "style_names")}
            alphabet, style_names = (tuple(map(str, arrays.pop(name))) for name in ("alphabet", "style_names"))
            return cls(**arrays, alphabet=alphabet, style_names=style_names)
        except (OSError, ValueError, TypeError, KeyError, EOFError, BadZipFile, zlib.error, DataError) as error:
            raise DataError(f"{path} is not a file of glyphs ({_problem(error)}). {remedy}") from error


def _problem(error: Exception) -> str:
    """Return why a file holds no glyphs, in words; NumPy would advise to trust the file."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    if isinstance(error, KeyError | DataError):
        return str(error.args[0]).rstrip(".")
    return "it is damaged" if isinstance(error, EOFError | BadZipFile | zlib.error) else "it holds something else"
