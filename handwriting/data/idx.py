"""The IDX format of MNIST and EMNIST, compressed or not.

Source: Y. LeCun, C. Cortes and C. Burges, The MNIST database of handwritten digits, "File formats".
"""

from __future__ import annotations

import gzip
import zlib
from math import prod
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from handwriting.errors import DataError
from handwriting.glyphs import Glyphs

GZIP_MAGIC = b"\x1f\x8b"
UNSIGNED_BYTES = b"\x00\x00\x08"
ADVICE = "Delete the file and fetch it again (source and checksum: README, Data)."


def read_idx(path: Path) -> NDArray[np.uint8]:
    """Read an array of bytes from an IDX file; compression is told by the content, not by the name.

    Raises:
        DataError: If the file cannot be read, breaks off, is longer than it says, or is not IDX of unsigned bytes.
    """
    try:
        content = path.read_bytes()
        if content.startswith(GZIP_MAGIC):
            content = gzip.decompress(content)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path} cannot be read ({error}). {ADVICE}") from error
    if len(content) < 4 or not content.startswith(UNSIGNED_BYTES):
        raise DataError(f"{path} is not an IDX file of bytes. {ADVICE}")
    header = 4 + 4 * content[3]
    shape = tuple(int.from_bytes(content[start : start + 4]) for start in range(4, header, 4))
    if len(content) != header + prod(shape):
        raise DataError(f"{path} should hold {header + prod(shape)} bytes, but holds {len(content)}. {ADVICE}")
    return np.frombuffer(content, np.uint8, offset=header).reshape(shape)


def read_glyphs(images: Path, labels: Path, alphabet: tuple[str, ...], first_label: int = 0) -> Glyphs:
    """Read glyphs from a file of images ``(N, H, W)`` and a file of labels ``(N,)``.

    Args:
        images: The file of images.
        labels: The file of labels.
        alphabet: The names of the classes.
        first_label: The number that stands for the first class in the file.

    Raises:
        DataError: If either file is broken, or the two do not fit together or the alphabet.
    """
    pixels, numbers = read_idx(images), read_idx(labels)
    if pixels.ndim != 3 or numbers.shape != pixels.shape[:1]:
        raise DataError(f"{images} {pixels.shape} and {labels} {numbers.shape} do not belong together. {ADVICE}")
    indices = numbers.astype(np.int64) - first_label
    if not np.isin(indices, range(len(alphabet))).all():
        raise DataError(f"{labels} holds labels that are none of the {len(alphabet)} classes. {ADVICE}")
    return Glyphs(pixels[:, None], indices, alphabet=alphabet)
