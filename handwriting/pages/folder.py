"""The segmented folder: what ``handwriting segment`` writes about pages, and how it is read, extended and replaced.

=================================  ====================================================================================
file                               content
=================================  ====================================================================================
``boxes.csv``                      One row per line, word and character of all pages: :class:`BoxRow` lists its columns.
``words.npz``, ``characters.npz``  The pieces of one kind as :class:`~handwriting.glyphs.Glyphs`, in the order of
                                   ``boxes.csv``.
``words/``, ``characters/``        Each piece as a picture, dark ink on white, at the resolution of its page. A piece
                                   whose picture a person deletes is excluded from the data.
``overlays/``                      Each page with its pieces outlined.
``report.json``                    The settings, totals, and counts and measurements of each page.
``labels.csv``                     What each labelled character is: :mod:`handwriting.pages.labels`.
``labels_written.json``            The labels as the program wrote them: :mod:`handwriting.pages.labels`.
``labels_next.json``               The same, while ``labels.csv`` is being replaced.
``labels.png``                     The labelled characters, a class to a row.
``hand.json``                      What is particular to the hand: :mod:`handwriting.pages.hand_file`.
``labels_before.csv``              A person's answers that did not fit when the pages were segmented again:
                                   :mod:`handwriting.pages.answers`.
``.unfinished/``                   A new segmentation until it is in place; gone afterwards.
``.lock``                          Locked by the command that writes to the folder; gone afterwards.
=================================  ====================================================================================

A new segmentation replaces an earlier one as a whole, whenever that is interrupted. It is written to ``.unfinished/``,
and thrown away if it does not become complete. Once it is, ``.unfinished/replaced.json`` lists the earlier files that
go. From then on the next command that opens the folder moves the rest into place, as often as that takes.
"""

from __future__ import annotations

import csv
import json
import logging
import os
import re
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryFile
from types import TracebackType
from typing import IO, Any, Self

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from handwriting.data.formats.pictures import AGAIN, read_picture
from handwriting.data.preparation.resizing import fit
from handwriting.errors import ConfigError, DataError, RunError
from handwriting.files import answers, keep_from_git, read_json, write_atomically, write_json
from handwriting.glyphs import Glyphs
from handwriting.pages.answers import CarriedLabels, carry_answers, check_answers, keep_answers, read_answers
from handwriting.pages.boxes import COLUMNS, BoxRow
from handwriting.pages.locking import LOCK_FILE, interrupts_postponed, locked
from handwriting.pages.names import (
    BOXES_FILE,
    HAND_FILE,
    LABELS_BEFORE_FILE,
    LABELS_FILE,
    LABELS_NEXT_FILE,
    LABELS_PICTURE,
    LABELS_RECORD_FILE,
    REPORT_FILE,
)
from handwriting.segmentation.page import Kind, Piece

GLYPH_FILES: dict[Kind, str] = {"word": "words.npz", "character": "characters.npz"}
PICTURE_FOLDERS: dict[Kind, str] = {"word": "words", "character": "characters"}
OVERLAY_FOLDER = "overlays"
LABEL_FILES = (LABELS_FILE, LABELS_RECORD_FILE, LABELS_NEXT_FILE, LABELS_PICTURE, HAND_FILE)
"""The files of the labels of one segmentation, and of what was measured on them."""
DRAFT_FOLDER = ".unfinished"
"""The folder inside a segmented folder that holds a new segmentation until it is in place."""
REPLACED_FILE = "replaced.json"
"""The file in a complete draft that lists the files of the earlier segmentation that have no successor."""
PART_FOLDER = "parts"
"""The folder inside the draft where the rows and glyphs of each page wait to be merged."""
MIN_X_HEIGHT = 1.0
"""The least x-height of a page, in pixels; a report may hold one that was rounded to 0."""
MAX_X_HEIGHT = 10_000.0
"""The largest x-height of a page, in pixels; a larger one is not known."""
FINISHING_S = 10.0
"""How long a reader waits for another command that moves a new segmentation into place; a second is usual."""
SEGMENT_AGAIN = "Segment the pages again, with overwrite=true."
OR_SEGMENT_AGAIN = "or segment the pages again, with overwrite=true."

PageImages = Mapping[Kind, NDArray[np.uint8]]
"""The glyphs of a page by kind."""

_FOLDERS_OF_PICTURES = (*PICTURE_FOLDERS.values(), OVERLAY_FOLDER)
_PICTURE_PATH = re.compile(rf"({'|'.join(_FOLDERS_OF_PICTURES)})/[^/]+\.(png|jpg)")
_FILES = (*LABEL_FILES, LABELS_BEFORE_FILE, BOXES_FILE, REPORT_FILE, *GLYPH_FILES.values())
"""All files but the pictures, in the order in which they are moved into place."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class SegmentedFolder:
    """A folder that ``handwriting segment`` wrote, or is about to write.

    Attributes:
        path: The folder.
        key: The configuration key that names it, for messages.
    """

    path: Path
    key: str = "out"

    def _repr_png_(self) -> bytes | None:
        """Return the first page with its pieces outlined: a notebook shows the folder as this picture."""
        pictures = sorted((self.path / OVERLAY_FOLDER).glob("*.jpg"))
        if not pictures:
            return None
        with Image.open(pictures[0]) as picture, BytesIO() as file:
            picture.save(file, "PNG")
            return file.getvalue()

    def rows(self, kind: Kind | None = None) -> Iterator[BoxRow]:
        """Yield the rows of ``boxes.csv``, of all kinds or of one: page by page, and in reading order within a page.

        Raises:
            DataError: If the file cannot be read, or is not in the format that ``handwriting segment`` writes.
        """
        path = self.path / BOXES_FILE
        try:
            with path.open(encoding="utf-8", newline="") as file:
                lines = csv.reader(file)
                for number, cells in enumerate(lines):
                    if len(cells) != len(COLUMNS) or (number == 0 and tuple(cells) != COLUMNS):
                        raise DataError(
                            f"{path} is not in the format that handwriting segment writes (line {lines.line_num}). "
                            f"{SEGMENT_AGAIN}"
                        )
                    if number and kind in (None, (row := _parsed(path, lines.line_num, cells)).kind):
                        yield row
        except (OSError, ValueError, csv.Error) as error:
            reason = getattr(error, "strerror", None) or error
            if isinstance(error, UnicodeDecodeError):
                reason = "it is no text in UTF-8"
            raise DataError(
                f"{path} cannot be read ({reason}). Give {self.key}=<folder that handwriting segment wrote>."
            ) from error

    def glyph_kinds(self) -> list[Kind]:
        """Return the kinds of pieces that the folder holds as glyphs; a preset may find words or characters alone."""
        return [kind for kind, name in GLYPH_FILES.items() if (self.path / name).is_file()]

    def glyphs(self, kind: Kind) -> tuple[list[BoxRow], Glyphs]:
        """Return the rows of one kind, and the same pieces as unlabelled glyphs, in the same order.

        Raises:
            DataError: If a file is missing or broken, or the two do not hold the same number of pieces.
        """
        rows = list(self.rows(kind))
        path = self.path / GLYPH_FILES[kind]
        if not path.is_file():
            raise DataError(f"{self.path} holds no {path.name}. {SEGMENT_AGAIN}")
        glyphs = Glyphs.load(path, SEGMENT_AGAIN)
        if len(glyphs) != len(rows):
            raise DataError(f"{path} holds {len(glyphs)} glyphs, but {BOXES_FILE} lists {len(rows)}. {SEGMENT_AGAIN}")
        return rows, glyphs

    def report(self) -> dict[str, Any]:
        """Return what ``report.json`` holds.

        Raises:
            DataError: If it cannot be read, or is no object of JSON.
        """
        path = self.path / REPORT_FILE
        try:
            return read_json(path)
        except RunError as error:
            cause = error.__cause__
            reason = getattr(cause, "strerror", None) or (
                "it is no JSON" if cause else "it is no JSON object, or too large"
            )
            raise DataError(f"{path} cannot be read ({reason}). {SEGMENT_AGAIN}") from error

    def x_heights(self) -> dict[str, float]:
        """Return the x-height of each page in pixels of its crops, as far as ``report.json`` holds it."""
        try:
            pages = self.report()["pages"]
            heights = {str(page["page"]): float(page["x_height"]) for page in pages if "x_height" in page}
        except (DataError, KeyError, TypeError, ValueError, OverflowError):
            return {}
        return {page: max(height, MIN_X_HEIGHT) for page, height in heights.items() if abs(height) <= MAX_X_HEIGHT}

    def crop(self, row: BoxRow) -> NDArray[np.uint8]:
        """Return the picture of a piece as bright ink on dark, uint8 ``(h, w)``.

        Raises:
            DataError: If it cannot be read as a picture.
        """
        try:
            return np.rint(255 - read_picture(self.path / row.file, paper=255.0)).astype(np.uint8)
        except DataError as error:
            raise DataError(
                f"{str(error).removesuffix(AGAIN)} Delete it to leave the {row.kind} out. Or segment the pages again, "
                "with overwrite=true."
            ) from error

    def has_picture(self, row: BoxRow) -> bool:
        """Return whether the picture of a piece is still in the folder."""
        return (self.path / row.file).is_file()

    def files(self) -> list[str]:
        """Return the relative paths of the files that the folder's own lists name, whether or not they still exist.

        The lists come first, and the labels, where there are any, and the glyphs last. A folder without readable lists
        has none.
        """
        try:
            pictures = [row.file for row in self.rows()]
            pictures += [str(page.get("overlay")) for page in self.report()["pages"]]
        except (DataError, KeyError, TypeError, AttributeError):
            return []
        # Lists may have been edited: nothing outside of the folder is ever replaced or deleted.
        labels = [name for name in LABEL_FILES if (self.path / name).exists()]
        return [BOXES_FILE, REPORT_FILE, *filter(_PICTURE_PATH.fullmatch, pictures), *labels, *GLYPH_FILES.values()]

    def refuse_overwriting(self, overwrite: bool) -> None:
        """Refuse to write into a folder that is in use.

        Args:
            overwrite: Whether an earlier segmentation in the folder may be replaced.

        Raises:
            ConfigError: If the path is a file; if the folder holds more than the draft of a process that was killed and
                ``overwrite`` is false; or if one of the files to be written exists and does not belong to an earlier
                segmentation.
            DataError: If its labels cannot be read, so that a person's answers in them would be lost; or if an
                interrupted replacement cannot be finished.
        """
        self._refuse_file()
        self.finish_replacement()
        if self.path.is_dir() and any(path.name not in (DRAFT_FOLDER, LOCK_FILE) for path in self.path.iterdir()):
            if not overwrite:
                raise ConfigError(
                    f"{self.key}={self.path} is not empty. Give another folder, or overwrite=true to replace an "
                    "earlier segmentation."
                )
            self._refuse_foreign([BOXES_FILE, REPORT_FILE, *LABEL_FILES, *GLYPH_FILES.values()])
            check_answers(self)

    def refuse_other_than_folder(self) -> None:
        """Refuse what can be no segmented folder; one that is missing is for the reader to name.

        Raises:
            ConfigError: If the path is a file, or a list of folders that was taken for a path.
        """
        self._refuse_file()
        if str(self.path).startswith("[") and not self.path.exists():
            raise ConfigError(
                f"{self.key}={self.path} does not exist. {self.key} takes one folder: segment all pages into one."
            )

    def _refuse_file(self) -> None:
        if answers(self.path.exists) and not self.path.is_dir():
            raise ConfigError(f"{self.key}={self.path} is a file. Give a folder.")

    def _refuse_foreign(self, names: Sequence[str]) -> None:
        earlier = set(self.files())
        if foreign := [self.path / name for name in names if name not in earlier and (self.path / name).exists()]:
            raise ConfigError(
                f"{foreign[0]} does not belong to an earlier segmentation and is not replaced. Move it, or give "
                f"another {self.key}."
            )

    def _refuse_obstacles(self, names: Sequence[str]) -> None:
        """Refuse what would stop a replacement halfway, or lead it out of the folder.

        Raises:
            DataError: If the name of a file belongs to a folder, or that of a folder of pictures to a file or a link.
        """
        folders = [self.path / name for name in names if (self.path / name).is_dir()]
        if folders:
            raise DataError(f"{folders[0]} is a folder, and a file is to be written there. Move it away.")
        for path in (self.path / name for name in _FOLDERS_OF_PICTURES):
            if path.is_symlink() or (path.exists() and not path.is_dir()):
                raise DataError(f"{path} is no folder but a {'link' if path.is_symlink() else 'file'}. Move it away.")

    @contextmanager
    def locked(self, wait_s: float = 0.0) -> Iterator[None]:
        """Keep all other commands from writing to the folder, and finish an interrupted replacement first.

        See :func:`handwriting.pages.locking.locked`.

        Args:
            wait_s: How long to wait for another command, in seconds.

        Raises:
            ConfigError: If the path is a file.
            DataError: If another command writes to the folder for longer, it cannot be written, or a replacement cannot
                be finished.
        """
        self._refuse_file()
        with locked(self.path, self.key, wait_s):
            if self._is_being_replaced():
                with interrupts_postponed():
                    self._replace()
                logger.warning("%s: a replacement that was interrupted is finished", self.path)
            yield

    def finish_replacement(self) -> None:
        """Move a complete new segmentation into place, if the command that wrote it was stopped before it had.

        Call this before reading the folder. It costs one look at the disk where there is nothing to do.

        Raises:
            DataError: If it cannot be moved, or another command takes longer than usual to do so.
        """
        if not self._is_being_replaced():
            return
        try:
            with self.locked(FINISHING_S):
                pass
        except DataError as error:
            if self._is_being_replaced():  # otherwise the other command has finished this, and goes on with its work
                raise DataError(f"A new segmentation is not in place yet. {error}") from error

    def _is_being_replaced(self) -> bool:
        draft = self.path / DRAFT_FOLDER
        return (draft / REPLACED_FILE).exists() and not draft.is_symlink()

    @contextmanager
    def draft(self) -> Iterator[Draft]:
        """Create a draft inside the folder, and replace the folder's segmentation by it on success.

        A person's answers in ``labels.csv`` are carried to the new characters; other labels are dropped, unless the
        draft brings a ``labels.csv`` of its own. After an exception the folder is as it was before. A folder that did
        not exist is removed again. Ctrl-C while the files are moved takes effect once all are in place.

        Raises:
            ConfigError: If the path is a file, or a file to be written exists and does not belong to an earlier
                segmentation.
            DataError: If another command writes to the folder, the labels of an earlier segmentation cannot be read, or
                the files cannot be moved.
        """
        with self.locked():
            draft = self.path / DRAFT_FOLDER
            try:
                shutil.rmtree(draft, ignore_errors=True)  # of a process that was killed
                keep_from_git(self.path)
                draft.mkdir()
                (draft / PART_FOLDER).mkdir()
                unfinished = Draft(draft)
                yield unfinished
                unfinished.carried = self._install(SegmentedFolder(draft))
            finally:
                if not self._is_being_replaced():
                    shutil.rmtree(draft, ignore_errors=True)

    def _install(self, draft: SegmentedFolder) -> CarriedLabels:
        """Move the files of a complete draft into this folder, in place of an earlier segmentation."""
        self._refuse_foreign([name for name in (*draft.files(), *LABEL_FILES) if (draft.path / name).exists()])
        answers, dropped = read_answers(self)
        carried, left = carry_answers(answers, draft)
        keep_answers(draft, left)
        new = draft._present()
        old = [name for name in self._present()[::-1] if name not in set(new)]  # the glyphs first
        self._refuse_obstacles([*new, *old])
        for name in set(_FILES) & set(new):  # the lists must not be lost in a power cut that spares the next file
            with (draft.path / name).open("rb") as file:
                os.fsync(file.fileno())
        with interrupts_postponed():
            content = json.dumps(old).encode()
            write_atomically(draft.path / REPLACED_FILE, lambda file: file.write(content))
            self._replace()
        return CarriedLabels(carried, len(left), dropped)

    def _present(self) -> list[str]:
        """Return the files of a segmentation that exist, in the order in which they are moved into place.

        The pictures come first, because the lists name them; the glyphs come last.
        """
        pictures = [name for name in self.files() if name not in _FILES]
        return [name for name in (*pictures, *_FILES) if (self.path / name).exists()]

    def _replace(self) -> None:
        """Delete the files that the draft lists, and move its own into place; what was done before is not done again.

        The earlier glyphs are deleted first and the new ones arrive last, so that a program that has begun to read the
        folder before fails, and does not take the two segmentations for one.
        """
        draft = SegmentedFolder(self.path / DRAFT_FOLDER)
        old = self._replaced()
        new = draft._present()
        glyphs = [name for name in GLYPH_FILES.values() if name in new]
        try:
            for folder in (self, draft):
                folder._refuse_obstacles([])
            for name in (*glyphs, *old):
                (self.path / name).unlink(missing_ok=True)
            for name in new:
                (self.path / name).parent.mkdir(exist_ok=True)
                (draft.path / name).replace(self.path / name)
            (draft.path / REPLACED_FILE).unlink()
        except OSError as error:
            raise DataError(
                f"{self.path}: the new segmentation in {DRAFT_FOLDER} cannot be moved into place "
                f"({error.strerror or error}). Correct this; the next command that opens the folder moves it."
            ) from error
        shutil.rmtree(draft.path, ignore_errors=True)

    def _replaced(self) -> list[str]:
        """Return the earlier files that are to be deleted; the list may have been edited: all lie in the folder.

        Raises:
            DataError: If the list cannot be read, or names anything else.
        """
        path = self.path / DRAFT_FOLDER / REPLACED_FILE
        try:
            names = json.loads(path.read_text("utf-8"))
            if isinstance(names, list) and all(name in _FILES or _PICTURE_PATH.fullmatch(name) for name in names):
                return names
            reason = "it is no list of files of a segmentation"
        except OSError as error:
            reason = error.strerror or str(error)
        except (ValueError, TypeError) as error:
            reason = str(error)
        raise DataError(
            f"{path} cannot be read ({reason}). Move {path.parent} away, and segment the pages again with "
            "overwrite=true."
        )


@dataclass
class Draft:
    """A segmentation that is being written; processes may write different pages of it at the same time.

    Attributes:
        path: The folder that holds it.
        carried: What became of the labels of the segmentation that it replaced; None until it has.
    """

    path: Path
    carried: CarriedLabels | None = None

    def page(self, name: str, stem: str, size: int) -> PageWriter:
        """Return a writer of one page, to be used as a context manager.

        Args:
            name: The page's name, for the column ``page``.
            stem: The start of the names of the page's files, unique in the folder.
            size: Height and width of the glyphs, in pixels.
        """
        return PageWriter(self.path, name, stem, size)

    def copy_page(self, folder: SegmentedFolder, rows: Sequence[BoxRow], stem: str, images: PageImages) -> None:
        """Copy one page of another segmentation as it is, without the pictures that were deleted from it.

        Args:
            folder: The other segmentation.
            rows: The rows of the page, of all kinds, in their order.
            stem: The start of the names of the page's files.
            images: Its glyphs by kind, uint8 ``(n, 1, size, size)``.
        """
        with _part(self.path, stem, "csv").open("w", encoding="utf-8", newline="") as table:
            csv.writer(table, lineterminator="\n").writerows(row.cells() for row in rows)
        for kind in GLYPH_FILES:
            _part(self.path, stem, kind).write_bytes(images[kind].tobytes() if kind in images else b"")
        for name in filter(None, (f"{OVERLAY_FOLDER}/{stem}.jpg", *(row.file for row in rows))):
            if _PICTURE_PATH.fullmatch(name) and (folder.path / name).is_file():
                (self.path / name).parent.mkdir(exist_ok=True)
                shutil.copyfile(folder.path / name, self.path / name)

    @contextmanager
    def merging(self, size: int) -> Iterator[Callable[[str], None]]:
        """Yield a function that appends the rows and glyphs of a written page, given its stem; write all at the end.

        Args:
            size: Height and width of the glyphs, in pixels.
        """
        with ExitStack() as stack:
            # On disk: the glyphs of a whole notebook may not fit into memory.
            merged: dict[str, IO[bytes]] = {
                kind: stack.enter_context(TemporaryFile(dir=self.path)) for kind in GLYPH_FILES
            }
            merged["csv"] = stack.enter_context((self.path / BOXES_FILE).open("wb"))
            merged["csv"].write(f"{','.join(COLUMNS)}\n".encode())

            def append(stem: str) -> None:
                for name, file in merged.items():
                    part = _part(self.path, stem, name)
                    with part.open("rb") as content:
                        shutil.copyfileobj(content, file)
                    part.unlink()

            yield append
            for kind, name in GLYPH_FILES.items():
                if merged[kind].tell():
                    images = np.memmap(merged[kind], np.uint8, "r").reshape(-1, 1, size, size)
                    Glyphs(images).save(self.path / name)

    def write_report(self, report: dict[str, Any]) -> None:
        """Write ``report.json``; its list ``pages`` holds the path of each page's ``overlay``."""
        write_json(self.path / REPORT_FILE, report)


class PageWriter:
    """Writes the pictures of one page, and its rows and glyphs as parts for :meth:`Draft.merging`."""

    def __init__(self, folder: Path, name: str, stem: str, size: int) -> None:
        self.folder = folder
        self.name = name
        self.stem = stem
        self.size = size
        self._files = ExitStack()

    def __enter__(self) -> Self:
        """Open the parts."""
        table = self._files.enter_context(_part(self.folder, self.stem, "csv").open("w", encoding="utf-8", newline=""))
        self._table = csv.writer(table, lineterminator="\n")
        self._glyphs = {
            kind: self._files.enter_context(_part(self.folder, self.stem, kind).open("wb")) for kind in GLYPH_FILES
        }
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close the parts."""
        self._files.close()

    def add_overlay(self, picture: Image.Image) -> str:
        """Save the page with its pieces outlined, and return its path relative to the folder."""
        path = f"{OVERLAY_FOLDER}/{self.stem}.jpg"
        _save(picture, self.folder / path, quality=90, subsampling=0)  # thin coloured lines need full chroma
        return path

    def add_line(self, piece: Piece) -> None:
        """Add the row of a line, which has no picture of its own."""
        self._add_row(piece, "")

    def add_crop(self, piece: Piece, ink: NDArray[np.uint8]) -> None:
        """Add a word or a character: its row, its picture and its glyph.

        Args:
            piece: A word or a character.
            ink: Its ink, bright on dark, uint8 ``(h, w)``.
        """
        numbers = (piece.line, piece.order) if piece.kind == "word" else (piece.line, piece.word, piece.order)
        stem = "_".join([self.stem, *(f"{number:03}" for number in numbers)])
        path = f"{PICTURE_FOLDERS[piece.kind]}/{stem}.png"
        _save(Image.fromarray(255 - ink), self.folder / path)
        self._glyphs[piece.kind].write(fit(ink, self.size).data)
        self._add_row(piece, path)

    def _add_row(self, piece: Piece, path: str) -> None:
        word = None if piece.kind == "line" else piece.word
        row = BoxRow(self.name, piece.line, word, piece.order, piece.kind, *piece.box, piece.above, piece.below, path)
        self._table.writerow(row.cells())


def _parsed(path: Path, line: int, cells: Sequence[str]) -> BoxRow:
    """Return a row of ``boxes.csv``.

    Raises:
        DataError: If a cell does not hold a value of its column.
    """
    try:
        return BoxRow.parse(cells)
    except ValueError as error:
        raise DataError(f"{path} cannot be read ({error}; line {line}). Correct it, {OR_SEGMENT_AGAIN}") from error


def _part(folder: Path, stem: str, name: str) -> Path:
    """Return the file that holds one page's rows (``csv``), or its glyphs of one kind, until they are merged."""
    return folder / PART_FOLDER / f"{stem}.{name}"


def _save(picture: Image.Image, path: Path, **options: Any) -> None:
    path.parent.mkdir(exist_ok=True)
    picture.save(path, **options)
