"""A message written to files: which ones, and each complete or absent."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import IO

from handwriting.errors import ConfigError, nearest
from handwriting.files import (
    answers,
    link_target,
    named_file,
    refuse_overwriting,
    refuse_unwritable,
    refusing_unwritable,
    write_atomically,
)
from handwriting.text import counted, printable
from handwriting.writing.colours import Colours
from handwriting.writing.layout import MessagePage
from handwriting.writing.page_raster import DEFAULT_DPI, SYNTHESISED, picture_shape, write_png
from handwriting.writing.paper import Paper

WriteFile = Callable[[IO[bytes]], None]
"""Writes a page to an open file."""
FORMATS = (".png", ".svg", ".pdf", ".gif")
"""What a message is written as: a picture or a vector graphic of each page, one document, or an animation of each."""
MAX_PAGES = 1000
"""Pages of a message: a book."""
HEAD_BYTES = 4096
"""The first bytes of a file, which hold its description."""


@dataclass(frozen=True)
class PagesWritten:
    """What was written of a message.

    Attributes:
        files: The files, in the order of their pages.
        pages: The number of pages.
        words: The number of words.
        removed: The pages of an earlier message that this one has no page in place of.
    """

    files: tuple[Path, ...]
    pages: int
    words: int
    removed: tuple[Path, ...] = ()


def message_path(out: str) -> Path:
    """Return the path that ``out`` names; a PNG where it has no ending.

    Raises:
        ConfigError: If it is no name of a file, or its ending names no format.
    """
    path = named_file(out, FORMATS, "letter.png")
    if path.suffix.lower() not in FORMATS:
        raise ConfigError(f"out={out}: give {', '.join(FORMATS)}.{nearest(path.suffix.lower(), FORMATS)}")
    return path


def page_path(out: Path, number: int) -> Path:
    """Return the file of a page of a message that has several: ``letter_2.png``."""
    return out.with_name(f"{out.stem}_{number}{out.suffix}")


def _numbered(out: Path) -> list[Path]:
    """Return the existing files that have the name of a page, in the order of their numbers; a PDF has none."""
    if out.suffix.lower() == ".pdf" or not answers(out.parent.is_dir):
        return []
    name = re.compile(rf"{re.escape(out.stem)}_([1-9][0-9]{{0,3}}){re.escape(out.suffix)}")
    found = {int(match[1]): path for path in out.parent.iterdir() if (match := name.fullmatch(path.name))}
    return [found[number] for number in sorted(found) if number <= MAX_PAGES]


def _description(number: int | None) -> str:
    """Return the description of a page that has a number because there are several, or of the only one."""
    return SYNTHESISED if number is None else f"{SYNTHESISED} (page {number})"


def _is_page(path: Path, number: int | None) -> bool:
    """Return whether a file says that it is a page of that number, or the only one."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    if number is None:
        return SYNTHESISED.encode() in head and f"{SYNTHESISED} (page".encode() not in head
    return _description(number).encode() in head


def refuse_replacing(out: Path, overwrite: bool) -> None:
    """Refuse to write a message where that would replace what is not to be replaced, however many pages it has.

    Raises:
        ConfigError: If ``out`` exists and is not to be replaced, or a file has the name of a page and is none.
        DataError: If ``out`` cannot be written.
    """
    refuse_unwritable(out)
    refuse_overwriting([out], overwrite)
    if overwrite:
        with refusing_unwritable(out):
            _refuse_foreign(_numbered(out), out)


def _refuse_foreign(paths: Iterable[Path], out: Path) -> None:
    """Refuse to replace files with names of pages that are no pages of a message."""
    for path in paths:
        number = None if path == out else int(path.stem.rpartition("_")[2])
        if not _is_page(path, number):
            raise ConfigError(
                f"{printable(str(path))} has the name of a page of out={printable(str(out))}, but was not written as "
                "one, so overwrite=true does not replace it. Move it away, or give another out=."
            )


def write_pages(
    pages: Iterable[MessagePage],
    out: Path,
    colours: Colours,
    *,
    overwrite: bool = False,
    dpi: float | None = None,
    report: Callable[[Path], object] = lambda path: None,
) -> PagesWritten:
    """Write pages to files, one page at a time: each is made, written and dropped before the next.

    A PDF holds all pages. Of the other formats, each page has a file: ``letter.png`` where there is one page, otherwise
    ``letter_1.png``, ``letter_2.png`` and so on. A link is followed: the file that it leads to is replaced.

    Args:
        pages: The pages.
        out: The file, with an ending of ``FORMATS``.
        colours: The colours of ink and paper.
        overwrite: Whether the pages of an earlier message of this name are replaced, all of them. Those that this one
            has no page in place of are deleted once its own are written.
        dpi: Pixels in an inch, of a PNG or GIF; None for the usual ones.
        report: Called with each file once it is written.

    Raises:
        ConfigError: If files exist and are not to be replaced, a page has too many pixels, or the message has more than
            ``MAX_PAGES`` pages.
        DataError: If a file cannot be written.
    """
    counts = _Counts()
    counted_pages = counts.count(pages)
    refuse_unwritable(out)
    if out.suffix.lower() == ".pdf":
        from handwriting.writing.page_pdf import write_pdf

        refuse_overwriting([out], overwrite)
        with refusing_unwritable(out):
            write_atomically(link_target(out), lambda file: write_pdf(counted_pages, file, colours))
        report(out)
        return PagesWritten((out,), counts.pages, counts.words)
    prepare = _page_writer(out, colours, dpi)
    with refusing_unwritable(out):
        first = list(islice(counted_pages, 2))
        is_one = len(first) == 1
        earlier = _numbered(out)
        if not overwrite:
            refuse_overwriting([out] if is_one else earlier, overwrite)
            earlier = []
        elif not is_one and answers(out.exists):
            earlier.append(out)
        _refuse_foreign(earlier, out)
        files = []
        for page in chain(first, counted_pages):
            files.append(out if is_one else page_path(out, page.number))
            write_atomically(link_target(files[-1]), prepare(page, _description(None if is_one else page.number)))
            report(files[-1])
        removed = [path for path in earlier if path not in files]
        for path in removed:
            path.unlink()
    return PagesWritten(tuple(files), counts.pages, counts.words, tuple(removed))


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


def refuse_large_sheet(paper: Paper, out: Path, dpi: float | None) -> None:
    """Refuse pictures of a sheet of paper that has too many pixels; one cut to its text is refused once that is set.

    Raises:
        ConfigError: If it has.
    """
    suffix = out.suffix.lower()
    if paper.size == "fit" or suffix not in (".png", ".gif"):
        return
    from handwriting.writing.page_animation import ANIMATION_DPI

    picture_shape(*paper.sheet, dpi or (ANIMATION_DPI if suffix == ".gif" else DEFAULT_DPI))


def _page_writer(out: Path, colours: Colours, dpi: float | None) -> Callable[[MessagePage, str], WriteFile]:
    """Return what makes ready to write a page with a description in the format of a file, or refuses the page."""
    if out.suffix.lower() == ".svg":
        from handwriting.writing.page_vectors import write_svg

        return lambda page, description: lambda file: write_svg(page, file, colours, description)
    if out.suffix.lower() == ".gif":
        from handwriting.writing.page_animation import ANIMATION_DPI, refuse_long, write_gif

        def animated(page: MessagePage, description: str) -> WriteFile:
            refuse_long(page, dpi or ANIMATION_DPI)
            return lambda file: write_gif(page, file, colours, dpi or ANIMATION_DPI, description)

        return animated

    def picture(page: MessagePage, description: str) -> WriteFile:
        picture_shape(page.width, page.height, dpi or DEFAULT_DPI)
        return lambda file: write_png(page, file, colours, dpi or DEFAULT_DPI, description)

    return picture
