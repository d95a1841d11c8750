"""A message written to files: which ones, and each complete or absent."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import IO

from handwriting.errors import ConfigError, DataError, RunError, nearest
from handwriting.files import answers, expanded, refuse_overwriting, write_atomically
from handwriting.text import counted
from handwriting.writing.colours import Colours
from handwriting.writing.layout import MessagePage

FORMATS = (".png", ".svg", ".pdf", ".gif")
"""What a message is written as: a picture or a vector graphic of each page, one document, or an animation of each."""
MAX_PAGES = 1000
"""Pages of a message: a book."""


@dataclass(frozen=True)
class PagesWritten:
    """What was written of a message.

    Attributes:
        files: The files, in the order of their pages.
        pages: The number of pages.
        words: The number of words.
    """

    files: tuple[Path, ...]
    pages: int
    words: int


def message_path(out: str) -> Path:
    """Return the path that ``out`` names; a PNG where it has no ending.

    Raises:
        ConfigError: If it is a folder, or its ending names no format.
    """
    path = expanded(out)
    if out.endswith("/") or answers(path.is_dir):
        raise ConfigError(f"out={out} is a folder: name the file, such as {path / 'letter.png'}.")
    if not path.suffix:
        return path.with_name(f"{path.name}.png")
    if path.suffix.lower() not in FORMATS:
        raise ConfigError(f"out={out}: give {', '.join(FORMATS)}.{nearest(path.suffix.lower(), FORMATS)}")
    return path


def page_path(out: Path, number: int) -> Path:
    """Return the file of a page of a message that has several: ``letter_2.png``."""
    return out.with_name(f"{out.stem}_{number}{out.suffix}")


def _numbered(out: Path) -> list[Path]:
    """Return the existing files that have the name of a page."""
    if not answers(out.parent.is_dir):
        return []
    name = re.compile(rf"{re.escape(out.stem)}_\d+{re.escape(out.suffix)}")
    return sorted(path for path in out.parent.iterdir() if name.fullmatch(path.name))


def write_pages(
    pages: Iterable[MessagePage], out: Path, colours: Colours, *, overwrite: bool = False, dpi: float | None = None
) -> PagesWritten:
    """Write pages to files, one page at a time: each is made, written and dropped before the next.

    A PDF holds all pages. Of the other formats, each page has a file: ``letter.png`` where there is one page, otherwise
    ``letter_1.png``, ``letter_2.png`` and so on.

    Args:
        pages: The pages.
        out: The file, with an ending of ``FORMATS``.
        colours: The colours of ink and paper.
        overwrite: Whether existing files are replaced.
        dpi: Pixels in an inch, of a PNG or GIF; None for the usual ones.

    Raises:
        ConfigError: If files exist and are not to be replaced, or the message has more than ``MAX_PAGES`` pages.
        DataError: If a file cannot be written.
    """
    counts = _Counts()
    counted_pages = counts.count(pages)
    try:
        if out.suffix.lower() == ".pdf":
            from handwriting.writing.page_pdf import write_pdf

            refuse_overwriting([out], overwrite)
            write_atomically(out, lambda file: write_pdf(counted_pages, file, colours))
            return PagesWritten((out,), counts.pages, counts.words)
        write = _page_writer(out, colours, dpi)
        first = list(islice(counted_pages, 2))
        refuse_overwriting(_numbered(out) if len(first) > 1 else [out], overwrite)
        files = []
        for page in chain(first, counted_pages):
            files.append(page_path(out, page.number) if len(first) > 1 else out)
            write_atomically(files[-1], _bound(write, page))
        return PagesWritten(tuple(files), counts.pages, counts.words)
    except RunError as error:
        raise DataError(f"out={out} cannot be written: {error}") from error
    except OSError as error:
        raise DataError(f"out={out} cannot be written ({error.strerror or error}). Give another place.") from error


@dataclass
class _Counts:
    pages: int = 0
    words: int = 0

    def count(self, pages: Iterable[MessagePage]) -> Iterator[MessagePage]:
        for page in pages:
            self.pages += 1
            self.words += sum(not placed.is_joined for placed in page.words)
            if self.pages > MAX_PAGES:
                raise ConfigError(f"The text fills more than {counted(MAX_PAGES, 'page')}. Give a shorter one.")
            yield page


def _page_writer(out: Path, colours: Colours, dpi: float | None) -> Callable[[MessagePage, IO[bytes]], None]:
    """Return what writes a page in the format of a file."""
    if out.suffix.lower() == ".svg":
        from handwriting.writing.page_vectors import write_svg

        return lambda page, file: write_svg(page, file, colours)
    if out.suffix.lower() == ".gif":
        from handwriting.writing.page_animation import ANIMATION_DPI, write_gif

        return lambda page, file: write_gif(page, file, colours, dpi or ANIMATION_DPI)
    from handwriting.writing.page_raster import DEFAULT_DPI, write_png

    return lambda page, file: write_png(page, file, colours, dpi or DEFAULT_DPI)


def _bound(write: Callable[[MessagePage, IO[bytes]], None], page: MessagePage) -> Callable[[IO[bytes]], None]:
    return lambda file: write(page, file)
