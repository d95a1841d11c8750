"""Finding and reading pictures of any kind, whatever is in the files."""

from __future__ import annotations

import re
import stat
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from handwriting.errors import DataError

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".pgm", ".pbm", ".ppm", ".avif", ".heic")
"""The endings, in either case, of the files that are taken for pictures; not all of them can be read."""
FORMATS = ("PNG", "JPEG", "BMP", "GIF", "TIFF", "WEBP", "PPM")
"""What may be inside, whatever the ending: formats that decode in process. Pillow would hand EPS to Ghostscript."""
MOST_PIXELS = 64_000_000
"""A larger picture is refused by its header: it is no glyph, and decoding it could fill the memory."""


def natural_key(text: str) -> tuple[tuple[int | str, ...], str]:
    """Return a key that sorts as a person does: digits as numbers, letters without case before case.

    >>> sorted(["b10", "B2", "b2", "a"], key=natural_key)
    ['a', 'B2', 'b2', 'b10']
    """
    words = re.split(r"([0-9]+)", text)  # every other one is a number
    key: list[int | str] = [int(word) if odd else word.lower() for word, odd in zip(words, cycle((False, True)))]
    return tuple(key), text


def is_folder(path: Path) -> bool:
    """Say whether a path leads to a folder, also where the way to it is barred: then it does not."""
    try:
        return path.is_dir()
    except OSError:
        return False


def folders_in(folder: Path) -> list[Path]:
    """Return the folders in ``folder``, hidden ones left out, in natural order; links count as what they lead to.

    Raises:
        DataError: If the folder cannot be listed.
    """
    return [path for path in _listed(folder) if is_folder(path)]


def pictures_in(folder: Path, deep: bool = True) -> list[Path]:
    """Return the files in ``folder`` that are pictures by their ending, in natural order, hidden ones left out.

    Args:
        folder: Where to look.
        deep: Look in its folders too, and in theirs.

    Raises:
        DataError: If a folder cannot be listed.
    """
    return list(_walk(folder, deep, frozenset()))


def _walk(folder: Path, deep: bool, above: frozenset[Path]) -> Iterator[Path]:
    here = folder.resolve()
    if here in above:  # a link that leads back to where it came from
        return
    for path in _listed(folder):
        if is_folder(path):
            if deep:
                yield from _walk(path, deep, above | {here})
        elif path.suffix.lower() in SUFFIXES:
            yield path


def _listed(folder: Path) -> list[Path]:
    try:
        found = [path for path in folder.iterdir() if not path.name.startswith((".", "__MACOSX"))]
    except OSError as error:
        raise DataError(f"{folder} cannot be listed ({error.strerror}). Name a folder that you may read.") from error
    return sorted(found, key=lambda path: natural_key(path.name))


def read_picture(path: Path, paper: float | None = None) -> NDArray[np.float32]:
    """Read one picture of any mode as greys, upright as its EXIF orientation says.

    Args:
        path: The file; of several frames the first is read.
        paper: What shows through where the picture is transparent, 0..255. By default it is the level of the picture's
            own paper, or what contrasts with the ink where only ink is opaque.

    Returns:
        Greys as the picture shows them, float32 ``(H, W)`` in 0..255; 16-bit pictures keep their fine steps.

    Raises:
        DataError: If the file is missing, empty, broken, too large or no picture.
    """
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise DataError(f"{path} is not a file.")
        if not status.st_size:
            raise DataError(f"{path} is empty (0 bytes).")
        with path.open("rb") as file, Image.open(file, formats=FORMATS) as image:
            if image.width * image.height > MOST_PIXELS:
                raise DataError(
                    f"{path} has {image.width} x {image.height} pixels, more than {MOST_PIXELS // 10**6} million."
                )
            return _greys(ImageOps.exif_transpose(image), paper)
    except DataError:
        raise
    except Image.DecompressionBombError as error:  # Pillow's own limit, which is higher
        raise DataError(f"{path} has more than {MOST_PIXELS // 10**6} million pixels.") from error
    except UnidentifiedImageError as error:
        raise DataError(f"{path} is not a picture that can be read (save it as PNG or JPEG).") from error
    except Exception as error:  # broken bytes can lead a decoder to raise anything at all
        reason = error.strerror if isinstance(error, OSError) and error.strerror else error
        raise DataError(f"{path} cannot be read ({' '.join(str(reason).split())}).") from error


def _greys(image: Image.Image, paper: float | None) -> NDArray[np.float32]:
    """Return the greys of an opened picture, float32 ``(H, W)`` in 0..255."""
    if image.mode.startswith("I") or image.mode == "F":
        values = np.asarray(image, np.float32)
        if not np.isfinite(values).all():
            raise ValueError("some of its pixels are no numbers")
        if image.mode == "F":
            factor = 255.0 if values.max() <= 1 else 1.0
        else:
            factor = 1.0 if image.mode == "I" and values.max() <= 255 else 1 / 257  # 65535 / 255
        return np.clip(values * np.float32(factor), 0, 255)
    if not image.has_transparency_data:
        colours = image if image.mode in ("1", "L") else image.convert("RGB")
        return np.asarray(colours.convert("L"), np.float32)
    with_alpha = np.asarray(image.convert("RGBA").convert("LA"), np.float32)
    greys, alpha = with_alpha[..., 0], with_alpha[..., 1] / 255
    if alpha.min() == 1:
        return np.ascontiguousarray(greys)
    behind = _paper_behind(greys[alpha > 0.5]) if paper is None else paper
    return np.asarray(alpha * greys + (1 - alpha) * behind, np.float32)


def _paper_behind(opaque: NDArray[np.float32]) -> float:
    """Return what belongs behind a picture whose opaque pixels have these greys, ``(M,)``."""
    if not opaque.size:
        return 255.0
    dark, middle, light = np.percentile(opaque, (5, 50, 95))
    if light - dark > 64:  # ink and paper are both opaque, and there is more paper
        return float(middle)
    return 255.0 if middle < 128 else 0.0
