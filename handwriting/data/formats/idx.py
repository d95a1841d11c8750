"""The IDX format of MNIST and EMNIST, compressed or not.

Source: Y. LeCun, C. Cortes and C. Burges, The MNIST database of handwritten digits, "File formats".
"""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Sequence
from math import prod
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from handwriting.data.formats.pairing import Reject, pair
from handwriting.errors import DataError
from handwriting.glyphs import Glyphs
from handwriting.text import reason_of

GZIP_MAGIC = b"\x1f\x8b"
UNSIGNED_BYTES = b"\x00\x00\x08"
MAX_DIMENSIONS = 4
MAX_FILE_BYTES = 4 * 2**30
"""Maximum size of an expanded data file; EMNIST's largest has 0.55 GB."""
ADVICE = "Fetch it again (source and checksum: docs/how_to/data.md), or write it again if it is your own."


def read_idx(path: Path) -> NDArray[np.uint8]:
    """Read an array of bytes from an IDX file; compression is detected by content, not by name.

    A compressed file is expanded to what its header declares, and no further.

    Raises:
        DataError: If the file cannot be read, is truncated, is longer than it says, declares more than
            ``MAX_FILE_BYTES``, or is not IDX of unsigned bytes.
    """
    try:
        with path.open("rb") as file:
            packed = file.read(2) == GZIP_MAGIC
            file.seek(0)
            with gzip.GzipFile(fileobj=file) if packed else file as content:
                return _read(path, content)
    except (OSError, EOFError, zlib.error) as error:
        raise unreadable(path, error) from error


def _read(path: Path, content: gzip.GzipFile | io.BufferedReader) -> NDArray[np.uint8]:
    magic = content.read(4)
    if len(magic) < 4 or not magic.startswith(UNSIGNED_BYTES) or not 1 <= magic[3] <= MAX_DIMENSIONS:
        raise DataError(f"{path} is not an IDX file of bytes. {ADVICE}")
    sizes = content.read(4 * magic[3])
    shape = tuple(int.from_bytes(sizes[start : start + 4]) for start in range(0, len(sizes), 4))
    declared = prod(shape)
    if declared > MAX_FILE_BYTES:
        raise DataError(
            f"{path} declares {declared} bytes, more than the {MAX_FILE_BYTES} that a file may hold. {ADVICE}"
        )
    values = content.read(declared + 1)  # one byte more detects trailing data, and makes gzip verify its checksum
    if len(sizes) != 4 * magic[3] or len(values) != declared:
        found = "more" if len(values) > declared else len(values)
        raise DataError(f"{path} should hold {declared} bytes after its header, but holds {found}. {ADVICE}")
    return np.frombuffer(values, np.uint8).reshape(shape)


def read_glyphs(images: Path, labels: Path, alphabet: tuple[str, ...], reject: Reject, first_label: int = 0) -> Glyphs:
    """Read glyphs from a file of images ``(N, H, W)`` and a file of labels ``(N,)``.

    Args:
        images: The file of images.
        labels: The file of labels.
        alphabet: The names of the classes.
        reject: Called with a message for each glyph whose label is none of the classes; raises, or returns to skip it.
        first_label: The number that stands for the first class in the file.

    Raises:
        DataError: If either file is broken, or the two do not fit together or the alphabet.
    """
    pixels, numbers = read_idx(images), read_idx(labels)
    if pixels.ndim != 3 or numbers.ndim != 1:
        raise DataError(
            f"{images} {pixels.shape} and {labels} {numbers.shape} are not images (N, H, W) and labels (N,). {ADVICE}"
        )
    return pair(pixels, numbers.astype(np.int64) - first_label, alphabet, reject, f"{images}", f"{labels}")


def read_sets(
    paths: Sequence[Path], alphabet: tuple[str, ...], reject: Reject, first_label: int = 0
) -> tuple[Glyphs, Glyphs]:
    """Read a training and a test set; arguments as for :func:`read_glyphs`.

    Args:
        paths: The files of training images, training labels, test images and test labels.
        alphabet: The names of the classes.
        reject: Called with a message for each glyph whose label is none of the classes.
        first_label: The number that stands for the first class in the files.
    """
    train_images, train_labels, test_images, test_labels = paths
    train = read_glyphs(train_images, train_labels, alphabet, reject, first_label)
    return train, read_glyphs(test_images, test_labels, alphabet, reject, first_label)


def unreadable(path: Path, error: BaseException) -> DataError:
    """Return one line that says why a file cannot be read."""
    if isinstance(error, OSError) and error.strerror:
        return DataError(f"{path} cannot be read ({error.strerror}). Give a file that is there and may be read.")
    return DataError(f"{path} cannot be read ({reason_of(error)}). {ADVICE}")
