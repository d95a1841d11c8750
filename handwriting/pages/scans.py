"""Finding and reading pages: photographs, scans, and documents of several pages."""

from __future__ import annotations

import math
import os
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from glob import has_magic
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.TiffImagePlugin import TiffImageFile

from handwriting.data.formats import pictures
from handwriting.data.formats.pictures import (
    deep_greys,
    identified,
    is_deep,
    is_folder,
    listed,
    natural_key,
    readable,
    upright,
)
from handwriting.errors import DataError
from handwriting.files import expanded

if TYPE_CHECKING:
    from pypdfium2 import PdfDocument, PdfPage

SUFFIXES = (*pictures.SUFFIXES, ".pdf")
"""The file name endings of pages in a folder, in any case."""
MAX_PAGE_PIXELS = 200_000_000
"""Maximum size of a page, checked before decoding; A4 at 1200 dpi has 140 million pixels."""
PDF_DPI = 200
"""Resolution at which pages of a PDF are rendered, unless they would be too large."""
GIVE = "Give pages=<a picture, a PDF or a folder of them>, or several with commas."

_ONE_AT_A_TIME = Lock()


@dataclass(frozen=True)
class Scan:
    """One page of a file.

    Attributes:
        path: The file.
        number: The page's number in the file, from 0.
        count: The number of pages in the file.
    """

    path: Path
    number: int
    count: int

    @property
    def name(self) -> str:
        """The page's name in reports: its file's name, and its number, from 1, if the file has several pages."""
        return self.path.name if self.count == 1 else f"{self.path.name} page {self.number + 1}"

    @property
    def text_name(self) -> str:
        """The same with bytes that are not text escaped."""
        return self.name.encode(errors="backslashreplace").decode()


def scans_in(path: Path) -> tuple[list[Scan], list[Path]]:
    """Find the pages in one picture, in one PDF, or in the files of a folder, but not in its folders.

    A broken file in a folder counts as one page, so that the others are read; ``read_scan`` reports the error.

    Args:
        path: A file with any name, or a folder, whose files with an ending in ``SUFFIXES`` are read; or, where there is
            no such thing, several files with commas between them, or a pattern of file names such as ``scans/*.jpg``.

    Returns:
        The pages, files in natural order; and the files of a folder that are skipped for their ending.

    Raises:
        DataError: If there is nothing at ``path`` or no page in it, or if it is a file that cannot be read.
    """
    try:
        path.stat()
    except OSError as error:
        if several := _several(path):
            return _scans_of_all(several), []
        raise DataError(f"{path} cannot be read ({error.strerror}). {GIVE}") from error
    if not is_folder(path):
        return _scans_of(path), []
    files = [entry for entry in listed(path) if not is_folder(entry)]
    taken = [file for file in files if file.suffix.lower() in SUFFIXES]
    if not taken:
        raise DataError(f"{path} holds no picture and no PDF; subfolders are not searched. {GIVE}")
    return _scans_of_all(taken), [file for file in files if file.suffix.lower() not in SUFFIXES]


def _several(path: Path) -> list[Path]:
    """Return the files that a list with commas and patterns names, each once; none where it is neither.

    Raises:
        DataError: If one of them is not there, or two have the same name, by which pages are told apart.
    """
    parts = [part.strip() for part in str(path).split(",")]
    if len(parts) < 2 and not has_magic(parts[0]):
        return []
    files: dict[Path, None] = {}
    for part in filter(None, parts):
        file = expanded(part)
        is_pattern = has_magic(part) and not file.exists()
        found = list(file.parent.glob(file.name)) if is_pattern else [file]
        found = [file for file in found if not is_folder(file)]
        if not found or not all(map(os.path.lexists, found)):
            raise DataError(f"{part} names no file. {GIVE}")
        files.update(dict.fromkeys(sorted(found, key=lambda file: natural_key(file.name))))
    names = Counter(file.name for file in files)
    if twice := next((name for name, count in names.items() if count > 1), None):
        raise DataError(f"two of the pages are called {twice}: rename one of them.")
    return list(files)


def _scans_of_all(files: Iterable[Path]) -> list[Scan]:
    """Return the pages of files; a broken one counts as one page, which is reported when it is read."""
    scans = []
    for file in files:
        try:
            scans += _scans_of(file)
        except DataError:
            scans.append(Scan(file, 0, 1))
    return scans


def read_scan(scan: Scan) -> NDArray[np.uint8]:
    """Read one page upright, as its EXIF orientation says, on white where it is transparent.

    The background is the level of the page's own paper instead of white if the paper is opaque, and black if all ink is
    light.

    Returns:
        Greys ``(H, W)`` if the picture has no colours, otherwise RGB ``(H, W, 3)``; uint8.

    Raises:
        DataError: If the file is missing, empty, broken, locked or not a page, or has more than ``MAX_PAGE_PIXELS``.
    """
    with _page_file(scan.path) as file:
        if _is_pdf(file):
            with _document(file) as document:
                return _rendered(document[scan.number])
        image = identified(file)
        _frames(image)  # refuses a file that is broken further on, although this page may be intact
        if scan.number:
            image.seek(scan.number)
        return _decoded(upright(image, scan.path, MAX_PAGE_PIXELS))


def _scans_of(path: Path) -> list[Scan]:
    with _page_file(path) as file:
        if _is_pdf(file):
            with _document(file) as document:
                count = len(document)
        else:
            count = _frames(identified(file))
    return [Scan(path, number, count) for number in range(count)]


@contextmanager
def _page_file(path: Path) -> Iterator[BinaryIO]:
    """Open a file of pages as ``readable`` does, without Pillow's limit, which is lower than ours.

    Only one file is open at a time, because all threads share that limit, and PDFium is not thread-safe. Reading
    glyphs has another limit, which does not depend on this one.
    """
    with _ONE_AT_A_TIME, readable(path) as file:
        limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
        try:
            yield file
        finally:
            Image.MAX_IMAGE_PIXELS = limit


def _frames(image: Image.Image) -> int:
    """Return the number of pages in a picture: only the frames of a TIFF are pages, not those of an animation."""
    return image.n_frames if isinstance(image, TiffImageFile) else 1


def _is_pdf(file: BinaryIO) -> bool:
    file.seek(0)
    return b"%PDF-" in file.read(1024)  # as far as PDF readers search the signature


def _document(file: BinaryIO) -> PdfDocument:
    """Open a PDF; the caller closes it.

    Raises:
        DataError: If it is broken, locked or has no page.
    """
    from pypdfium2 import PdfDocument, PdfiumError, raw

    raw.FPDF_LoadMemDocument64(b"", 0, None)  # fails, or a document without pages would inherit an earlier one's error
    try:
        return PdfDocument(file)
    except PdfiumError as error:
        if error.err_code in (raw.FPDF_ERR_PASSWORD, raw.FPDF_ERR_SECURITY):
            raise DataError(f"{file.name} is locked with a password. Save it without one.") from error
        raise DataError(f"{file.name} is a PDF that is broken or has no page. Copy or save it again.") from error


def _rendered(page: PdfPage) -> NDArray[np.uint8]:
    """Render a page of a PDF, uint8 RGB ``(H, W, 3)``."""
    width, height = page.get_size()  # in points, of which an inch has 72
    area, around = width * height, width + height
    # The scale s at which (s width + 1)(s height + 1), an upper bound after rounding, equals the maximum.
    largest = (math.sqrt(around**2 + 4 * area * (MAX_PAGE_PIXELS - 1)) - around) / (2 * area)
    scale = min(PDF_DPI / 72, largest) * (1 - 1e-6)  # 120.00001 columns would become 121 and blur every stroke
    rendered = page.render(scale=scale, rev_byteorder=True)
    return np.ascontiguousarray(rendered.to_numpy())


def _decoded(image: Image.Image) -> NDArray[np.uint8]:
    """Return the pixels of a picture, uint8 ``(H, W)`` or ``(H, W, 3)``."""
    if is_deep(image):
        return np.rint(deep_greys(image)).astype(np.uint8)
    mode = "L" if image.mode in ("1", "L", "LA", "La") else "RGB"
    if image.has_transparency_data:
        image = image.convert("RGBA")
        alpha = image.getchannel("A")
        if alpha.getextrema() != (255, 255):
            behind = Image.new("RGBA", image.size, (_background(image.convert("L"), alpha),) * 3)
            image = Image.alpha_composite(behind, image)
    return np.asarray(image if image.mode == mode else image.convert(mode))


def _background(greys: Image.Image, alpha: Image.Image) -> int:
    """Return the grey level behind the transparent parts of a page, which is mostly paper."""
    opaque = np.asarray(greys)[np.asarray(alpha) > 127]
    if 2 * opaque.size > greys.width * greys.height:  # the paper is opaque
        return int(np.median(opaque))
    return 255 if not opaque.size or np.percentile(opaque, 0.5) < 128 else 0
