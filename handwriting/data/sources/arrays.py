"""Glyphs in files of arrays: NumPy, IDX, or the format of Glyphs.save."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import isqrt
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import AfterValidator, Field

from handwriting.data.formats.idx import GZIP_MAGIC, UNSIGNED_BYTES, read_idx, unreadable
from handwriting.data.formats.npy import NPY_MAGIC, ZIP_MAGIC, read_numpy
from handwriting.data.formats.pairing import labelled_mask
from handwriting.data.formats.paper import Polarity, is_dark_on_light
from handwriting.data.formats.pictures import natural_key
from handwriting.data.sources.base import GlyphSource
from handwriting.errors import DataError
from handwriting.fields import AnyPath, ChangesOnResume, FreeText
from handwriting.files import expanded
from handwriting.glyphs import UNKNOWN, Glyphs

IMAGES = ("images", "x_train", "x", "arr_0")
LABELS = ("labels", "y_train", "y", "arr_1")
TEST_IMAGES = ("x_test",)
TEST_LABELS = ("y_test",)
"""The accepted names of arrays in an npz file, case ignored; the first match is used."""
SAVED = {"images", "labels", "styles", "alphabet", "style_names"}
"""The arrays that Glyphs.save writes."""
NO_CLASS = -2
"""The index of a label that is no class; -1 is an unknown label."""
MAX_VOTERS = 1000
"""Maximum number of images, evenly spaced, that decide whether all are dark on light."""


def _each_once(names: list[str]) -> list[str]:
    if twice := [name for name in names if names.count(name) > 1]:
        raise ValueError(f"names {twice[0]} twice")
    return names


@dataclass(eq=False, kw_only=True)
class Arrays(GlyphSource):
    """Images, and optionally labels, from a file of arrays: npz, npy or IDX, detected by content.

    An npz file may hold ``images`` (or ``x_train``, ``x``, ``arr_0``), ``labels`` (or ``y_train``, ``y``, ``arr_1``),
    ``x_test`` and ``y_test``. A file of ``Glyphs.save`` keeps its alphabet and styles. Images are ``(N, H, W)``,
    ``(N, 1, H, W)``, ``(N, H, W, 1)`` or ``(N, H * H)``; integers in 0..255, or only 0 and 1, or floats in 0..1 or
    0..255. Labels are ``(N,)``, integers, -1 where unknown, or texts, empty where unknown. Pickled arrays are refused.

    Attributes:
        path: The file of images.
        labels: A file of labels; by default they are in the file of images, if at all.
        test_path: A file of test images; by default they are in the file of images, or split off.
        test_labels: A file of labels of the test images.
        alphabet: The names of the classes: labels that are whole numbers count them from 0, and texts name them. By
            default the labels of the training set, each once and in order, as texts.
        polarity: Which of ink and paper is darker; ``auto`` decides once for all images.
        test_fraction: The share of each class that is split off by ``split_seed`` where there are no test images.
    """

    path: Annotated[AnyPath, ChangesOnResume()]
    labels: Annotated[AnyPath | None, ChangesOnResume()] = None
    test_path: Annotated[AnyPath | None, ChangesOnResume()] = None
    test_labels: Annotated[AnyPath | None, ChangesOnResume()] = None
    alphabet: Annotated[list[FreeText], AfterValidator(_each_once)] | None = None
    polarity: Polarity = "auto"
    test_fraction: Annotated[float, Field(gt=0, lt=1)] = 0.2

    def read(self) -> tuple[Glyphs, Glyphs]:
        """Return the training and the test glyphs.

        Raises:
            DataError: If a file is missing or broken, or holds arrays that cannot be images or labels.
        """
        path = expanded(self.path)
        arrays = _read(path)
        train = self._part(path, arrays, self.labels, IMAGES, LABELS)
        if self.polarity == "auto":  # Glyphs.save always writes bright ink on dark
            inverted = set(arrays) != SAVED and _are_dark_on_light(train.images)
        else:
            inverted = self.polarity == "dark_on_light"

        if self.test_path is not None:
            test_path = expanded(self.test_path)
            names = (*TEST_IMAGES, *IMAGES), (*TEST_LABELS, *LABELS)
            test = self._part(test_path, _read(test_path), self.test_labels, *names, like=train)
        elif _named(arrays, TEST_IMAGES) is not None:
            test = self._part(path, arrays, self.test_labels, TEST_IMAGES, TEST_LABELS, like=train)
        elif self.test_labels is not None:
            raise DataError(
                f"data.test_labels={self.test_labels}: there are no test images. Give data.test_path=<path>, too."
            )
        else:
            train, test = self.split_off(train, self.test_fraction)
        return (_inverted(train), _inverted(test)) if inverted else (train, test)

    def _part(
        self,
        path: Path,
        arrays: Mapping[str, NDArray[Any]],
        labels_path: str | None,
        image_names: Sequence[str],
        label_names: Sequence[str],
        like: Glyphs | None = None,
    ) -> Glyphs:
        """Return the glyphs of one part, not inverted yet; a test part has the classes and styles of ``like``."""
        raw = _named(arrays, image_names)
        if raw is None:
            raise DataError(f"{path} holds {_held(arrays)}: call the array of images {' or '.join(image_names)}.")
        saved = Glyphs.load(path) if set(arrays) == SAVED else None
        labels, labels_from = _named(arrays, label_names), path
        if labels_path is not None:
            labels_from = expanded(labels_path)
            label_arrays = _read(labels_from)
            labels = _named(label_arrays, (*label_names, *LABELS, "arr_0"))
            if labels is None:
                raise DataError(
                    f"{labels_from} holds {_held(label_arrays)}: call the array of labels {label_names[0]}."
                )
        elif saved is not None:
            # Labels as names, so that files with other alphabets fit together; -1, unknown, takes the last, empty name.
            labels = np.array([*saved.alphabet, ""], np.str_)[saved.labels] if saved.alphabet else None
        if like is not None and (labels is None) == bool(like.alphabet):
            raise DataError(
                f"{path}: training and test images need labels both, or neither. Give data.labels=<path> and "
                "data.test_labels=<path>."
            )
        if labels is None and self.alphabet:
            raise DataError(f"{path} holds no labels, which data.alphabet could name. Give data.labels=<path>.")
        if labels is not None and (labels.ndim != 1 or labels.dtype.kind not in "iubUS"):
            shape = f"{labels.dtype} {labels.shape}"
            raise DataError(f"{labels_from}: labels are {shape}, but should be (N,) whole numbers or texts.")

        images = _pixels(raw, path)
        given = np.full(len(images), UNKNOWN) if labels is None else labels
        if saved is not None and labels_path is None and self.alphabet is None and like is None:
            alphabet, indices = saved.alphabet, saved.labels  # classes without a glyph, and their order, stay
        else:
            known = like.alphabet if like is not None else self.alphabet
            alphabet, indices = _classes(given, known, counted=self.alphabet is not None)
        keep = labelled_mask(
            images, indices, alphabet, self.reject, str(path), str(labels_from), shown=given, unknown=True
        )
        glyphs = Glyphs(images[:, None], np.where(keep, indices, UNKNOWN), alphabet=alphabet)
        if saved is not None and (like is None or like.style_names == saved.style_names):
            glyphs = replace(glyphs, styles=saved.styles, style_names=saved.style_names)
        return glyphs if keep.all() else glyphs[keep]


def _read(path: Path) -> dict[str, NDArray[Any]]:
    """Read a file of arrays in the format of its content; the single array of npy and IDX is called ``arr_0``."""
    try:
        with path.open("rb") as file:
            start = file.read(len(NPY_MAGIC))
    except OSError as error:
        raise unreadable(path, error) from error
    if start.startswith((ZIP_MAGIC, NPY_MAGIC)):
        return read_numpy(path)
    if start.startswith((GZIP_MAGIC, UNSIGNED_BYTES)):
        return {"arr_0": read_idx(path)}
    problem = "is not an npz, npy or IDX file" if start else "is empty (0 bytes)"
    raise DataError(f"{path} {problem}. Save arrays by numpy.savez; data=folder reads pictures.")


def _named(arrays: Mapping[str, NDArray[Any]], names: Sequence[str]) -> NDArray[Any] | None:
    """Return the array with the first of ``names`` that exists, case ignored; None without one."""
    held = {name.lower(): array for name, array in arrays.items()}
    return next((held[name] for name in names if name in held), None)


def _held(arrays: Mapping[str, NDArray[Any]]) -> str:
    return " and ".join(arrays) or "no arrays"


def _pixels(array: NDArray[Any], path: Path) -> NDArray[np.uint8]:
    """Return images of any accepted shape and type as uint8 ``(N, H, W)``."""
    images = array
    if images.ndim == 4 and 1 in (images.shape[1], images.shape[3]):
        images = images[:, 0] if images.shape[1] == 1 else images[..., 0]
    elif images.ndim == 2 and isqrt(images.shape[1]) ** 2 == images.shape[1]:
        images = images.reshape(len(images), isqrt(images.shape[1]), -1) if images.size else images
    if not images.size:
        raise DataError(f"{path} holds no images {array.shape}. Give a file that does.")
    if images.ndim != 3:
        raise DataError(
            f"{path}: images are {array.shape}, but should be (N, H, W), (N, 1, H, W), (N, H, W, 1) or (N, H * H)."
        )
    kind = images.dtype.kind
    if kind not in "biuf":
        raise DataError(f"{path}: images are {images.dtype}, but should be whole numbers or floats.")
    low, high = images.min(), images.max()
    if not (np.isfinite(low) and np.isfinite(high)):  # min and max of anything with NaN are NaN
        raise DataError(f"{path}: some pixels are NaN or infinite. Save the images without them.")
    if low < 0 or high > 255:
        raise DataError(f"{path}: pixels run {low}..{high}. Scale them to 0..255, or to 0..1 as floats.")
    if high <= 1:  # floats in 0..1, or black and white
        return np.round(images.astype(np.float32) * 255).astype(np.uint8)
    return images if images.dtype == np.uint8 else np.round(images).astype(np.uint8)


def _classes(
    labels: NDArray[Any], known: Sequence[str] | None, counted: bool
) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    """Return the alphabet and the index in it of each label; ``NO_CLASS`` for one that is not in it.

    Args:
        labels: Integers or texts, ``(N,)``.
        known: The alphabet; by default the labels, each once and in order.
        counted: Whether whole numbers are indices already; otherwise they are names.
    """
    if labels.dtype.kind == "S":
        labels = np.char.decode(labels, "utf-8", "replace")
    numbers = labels.dtype.kind != "U"
    if numbers and counted:
        return tuple(known or ()), labels.astype(np.int64)
    distinct, inverse = np.unique(labels.astype(np.int64) if numbers else labels, return_inverse=True)
    unknown = distinct == (UNKNOWN if numbers else "")
    names = [str(name) for name in distinct]
    classes = ~unknown & (distinct >= 0) if numbers else ~unknown
    if known is None:
        labelled = [name for name, is_class in zip(names, classes, strict=True) if is_class]
        known = labelled if numbers else sorted(labelled, key=natural_key)
    index = {name: number for number, name in enumerate(known)}
    indices = [
        UNKNOWN if is_unknown else index.get(name, NO_CLASS) for name, is_unknown in zip(names, unknown, strict=True)
    ]
    return tuple(known), np.array(indices, np.int64)[inverse]


def _are_dark_on_light(images: NDArray[np.uint8]) -> bool:
    """Return whether most of the images ``(N, 1, H, W)`` have ink that is darker than its paper."""
    voters = images[:: -(-len(images) // MAX_VOTERS), 0].astype(np.float32)
    return 2 * sum(map(is_dark_on_light, voters)) > len(voters)


def _inverted(glyphs: Glyphs) -> Glyphs:
    return replace(glyphs, images=255 - glyphs.images)
