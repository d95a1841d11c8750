"""Finding and reading pictures of any format and mode."""

from __future__ import annotations

import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import cycle
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, PngImagePlugin, UnidentifiedImageError
from PIL.TiffImagePlugin import BITSPERSAMPLE, PHOTOMETRIC_INTERPRETATION, SAMPLEFORMAT, TiffImageFile

from handwriting.errors import DataError
from handwriting.text import reason_of

SUFFIXES = (
    *(".png", ".jpg", ".jpeg", ".jfif", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".pgm", ".pbm", ".ppm", ".avif"),
    *(".heic", ".heif"),
)
"""The file name endings of pictures, in any case; the last two need the extra ``heic``."""
FORMATS = ("PNG", "JPEG", "BMP", "GIF", "TIFF", "WEBP", "PPM", "AVIF")
"""Accepted formats, whatever the ending: those decoded in this process. Pillow would run Ghostscript for EPS."""
HEIF_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}
"""Brands of HEIF files in their header; AVIF, which Pillow decodes, may list them as well, next to its own."""
MAX_PIXELS = 64_000_000
"""Maximum size of a glyph's picture, checked before decoding, which could fill the memory."""
AGAIN = " Copy it again, or save it as PNG or JPEG."


PngImagePlugin.MAX_TEXT_CHUNK = PngImagePlugin.MAX_TEXT_MEMORY
"""Programs write long texts and colour profiles into pictures, which Pillow would refuse from 1 MB on."""
HIDDEN = (".", "__MACOSX", "@eaDir", "#recycle")
"""How the names begin of what systems and network disks leave in folders; nobody put it there."""


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
    """Return the folders in ``folder``, without hidden ones, in natural order; links count as what they lead to.

    Raises:
        DataError: If the folder cannot be listed.
    """
    return [path for path in listed(folder) if is_folder(path)]


def pictures_in(folder: Path, deep: bool = True) -> list[Path]:
    """Return the files in ``folder`` that are pictures by their ending, in natural order, without hidden ones.

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
    for path in listed(folder):
        if is_folder(path):
            if deep:
                yield from _walk(path, deep, above | {here})
        elif path.suffix.lower() in SUFFIXES:
            yield path


def listed(folder: Path) -> list[Path]:
    """Return what is in ``folder`` in natural order, without hidden files and folders.

    Raises:
        DataError: If the folder cannot be listed.
    """
    try:
        found = [path for path in folder.iterdir() if not path.name.startswith(HIDDEN)]
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
    with readable(path) as file:
        return _greys(upright(identified(file), path), paper)


@contextmanager
def readable(path: Path) -> Iterator[BinaryIO]:
    """Open a file; errors while it is opened, and while the caller decodes it, become messages that name it.

    Raises:
        DataError: If the file is missing, empty, broken, too large or no picture.
    """
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise DataError(f"{path} is not a file.")
        if not status.st_size:
            raise DataError(f"{path} is empty (0 bytes).")
        with path.open("rb") as file:
            yield file
    except DataError:
        raise
    except Image.DecompressionBombError as error:  # Pillow's own limit, which is higher
        raise DataError(f"{path} has more than {MAX_PIXELS // 10**6} million pixels. Make it smaller.") from error
    except UnidentifiedImageError as error:
        raise DataError(f"{path} is not a picture that can be read (save it as PNG or JPEG).") from error
    except OSError as error:
        hint = "" if error.strerror else AGAIN  # the system's reasons speak for themselves, a decoder's do not
        raise DataError(f"{path} cannot be read ({error.strerror or reason_of(error)}).{hint}") from error
    except Exception as error:  # broken bytes can lead a decoder to raise anything at all
        raise DataError(f"{path} cannot be read ({reason_of(error)}).{AGAIN}") from error


def identified(file: BinaryIO) -> Image.Image:
    """Open what ``file`` holds as a picture, whatever its name, without decoding it.

    Raises:
        DataError: If it is HEIC, and what reads that is not installed.
    """
    file.seek(0)
    head = file.read(64)
    brands = {head[start : start + 4] for start in range(8, min(int.from_bytes(head[:4], "big"), len(head)), 4)}
    if head[4:8] != b"ftyp" or not brands & HEIF_BRANDS or brands & {b"avif", b"avis"}:
        return Image.open(file, formats=FORMATS)
    try:
        from pillow_heif import HeifImageFile
    except ImportError as error:
        needs = "needs pillow-heif (pip install -e '.[heic]'); or save it as PNG or JPEG"
        raise DataError(f"{file.name} is a HEIC picture, which {needs}.") from error
    return HeifImageFile(file)


def upright(image: Image.Image, path: Path, most: int = MAX_PIXELS) -> Image.Image:
    """Decode a picture that was found at ``path``, upright as its EXIF orientation says.

    Raises:
        DataError: If its header says that it has more than ``most`` pixels.
    """
    if image.width * image.height > most:
        size = f"{image.width} x {image.height} pixels, more than {most // 10**6} million"
        raise DataError(f"{path} has {size}. Make it smaller.")
    ImageOps.exif_transpose(image, in_place=True)
    return image


def is_deep(image: Image.Image) -> bool:
    """Say whether a picture's pixels are single numbers of more than a byte."""
    return image.mode.startswith("I") or image.mode == "F"


def deep_greys(image: Image.Image) -> NDArray[np.float32]:
    """Return the greys of a picture that ``is_deep``, float32 ``(H, W)`` in 0..255, with their fine steps."""
    tags = image.tag_v2 if isinstance(image, TiffImageFile) else {}
    numbers = np.asarray(image)
    if numbers.dtype == np.int32 and tags.get(SAMPLEFORMAT) in (None, (1,)) and tags.get(BITSPERSAMPLE) == (32,):
        numbers = numbers.view(np.uint32)  # Pillow reads them as signed
    values = numbers.astype(np.float32)
    largest = float(values.max())
    if not np.isfinite(largest) or not np.isfinite(values.min()):
        raise ValueError("some of its pixels are no numbers")
    if image.mode.startswith("I;16"):
        white = 4095.0 if tags.get(BITSPERSAMPLE) == (12,) else 65535.0
    else:  # the header has no maximum, so the next limit is assumed; resampling may overshoot it a little
        limits = (1.0, 255.0, 65535.0) if image.mode == "F" else (255.0, 65535.0)
        white = next((limit for limit in limits if largest <= 1.1 * limit), largest)
    if tags.get(PHOTOMETRIC_INTERPRETATION) == 0:  # white is 0, which Pillow respects for bytes only
        np.subtract(white, values, out=values)
    values *= np.float32(255 / white)
    return np.clip(values, 0, 255, out=values)


def _greys(image: Image.Image, paper: float | None) -> NDArray[np.float32]:
    """Return the greys of a decoded picture, float32 ``(H, W)`` in 0..255."""
    if is_deep(image):
        return deep_greys(image)
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
