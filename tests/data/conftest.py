"""Small made-up data sets."""

import gzip
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from handwriting.glyphs import Glyphs


def idx_bytes(array: NDArray[np.uint8]) -> bytes:
    sizes = b"".join(size.to_bytes(4, "big") for size in array.shape)
    return bytes([0, 0, 8, array.ndim]) + sizes + array.tobytes()


@pytest.fixture
def write_idx() -> Callable[[Path, Any], Path]:
    """Write an array as an IDX file, gzipped where the name says so."""

    def write(path: Path, array: Any) -> Path:
        content = idx_bytes(np.asarray(array, np.uint8))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(gzip.compress(content, mtime=0) if path.suffix == ".gz" else content)
        return path

    return write


@pytest.fixture
def letters() -> dict[str, bytes]:
    """The four files of a tiny letters split, by their official names: a to z once, and stored transposed.

    Letter number ``i`` (1 to 26) has one bright pixel, in row 2 and column ``i`` once it is upright.
    """
    numbers = np.arange(1, 27, dtype=np.uint8)
    images = np.zeros((26, 28, 28), np.uint8)
    images[np.arange(26), numbers, 2] = 255
    arrays = {"images-idx3": images, "labels-idx1": numbers}
    return {
        f"emnist-letters-{part}-{kind}-ubyte.gz": gzip.compress(idx_bytes(array), mtime=0)
        for part in ("train", "test")
        for kind, array in arrays.items()
    }


@pytest.fixture
def letters_checksums(letters: dict[str, bytes]) -> dict[str, str]:
    return {name: hashlib.sha256(content).hexdigest() for name, content in letters.items()}


@pytest.fixture
def numbered() -> Callable[..., Glyphs]:
    """Glyphs whose first two pixels spell the number of each, so that a batch tells which glyphs it holds."""

    def make(count: int, classes: int = 5, size: int = 4) -> Glyphs:
        images = np.zeros((count, 1, size, size), np.uint8)
        images[:, 0, 0, 0], images[:, 0, 0, 1] = np.arange(count) // 200, np.arange(count) % 200
        return Glyphs(images, np.arange(count) % classes, alphabet=tuple("abcdefghij"[:classes]))

    return make
