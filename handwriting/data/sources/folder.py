"""A folder of pictures, one glyph each, of any size, mode and polarity."""

import logging
import re
import unicodedata
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

import numpy as np
from pydantic import AfterValidator, Field

from handwriting.data.formats.paper import Inking, Polarity
from handwriting.data.formats.pictures import folders_in, is_folder, natural_key, pictures_in, read_picture
from handwriting.data.sources.base import GlyphSource
from handwriting.errors import DataError
from handwriting.fields import ChangesOnResume, FolderPath, FreeText
from handwriting.files import expanded
from handwriting.glyphs import UNKNOWN, Glyphs

PARTS = {"train": ("train", "training"), "test": ("test", "testing")}
"""The names of the folders of both parts, in any case."""


log = logging.getLogger("handwriting")


def _with_class(pattern: str) -> str:
    """Return a pattern; raise ValueError if it is not a regular expression with a group ``class``."""
    try:
        groups = re.compile(pattern).groupindex
    except re.error as error:
        raise ValueError(f"is not a regular expression ({error})") from error
    if "class" not in groups:
        raise ValueError("has no group for the class; write (?P<class>...) around what names it")
    return pattern


def class_name(name: str) -> str:
    """Return a name of a class as a file system gives it, composed, and with bytes that are not text escaped.

    One disk writes ``é`` as one character, another as ``e`` and an accent: both are one class.
    """
    return unicodedata.normalize("NFC", name.encode(errors="backslashreplace").decode())


class ListedPicture(NamedTuple):
    """A file and the name of its class; None for an unlabelled picture."""

    path: Path
    name: str | None


@dataclass(eq=False, kw_only=True)
class Folder(GlyphSource):
    r"""Pictures of glyphs, each brought to bright ink on dark in a square of ``image_size``.

    The folder may hold ``train/`` and ``test/`` (or ``Training/``, ``testing/``); without the second,
    ``test_fraction`` of each class is split off by
    ``split_seed``. Each part holds one subfolder per class, or pictures whose names give their class, or unlabelled
    pictures; the alphabet is then empty and every label -1. Pictures and classes are in natural order.

    Attributes:
        path: The folder.
        name_pattern: A regular expression for a whole file name without its ending, in which the group ``class`` is the
            class: ``(?P<class>.+)_\d+`` reads ``CAP_A_12.png`` as ``CAP_A``. Subfolders are then searched, and their
            names ignored.
        test_fraction: The share of each class that is held out where there is no ``test/``.
        polarity: Which of ink and paper is darker; ``auto`` decides for each picture.
        paper: ``remove``: paper becomes 0, shadows included, and ink 255; ``keep``: the greys stay as they are.
        crop: ``ink``: the ink fills the square up to a margin; ``none``: the whole picture is used.
        margin: The empty part of the square on each side of cropped ink; EMNIST's is 2 pixels of 28.
    """

    path: Annotated[FolderPath, ChangesOnResume()]
    name_pattern: Annotated[FreeText, AfterValidator(_with_class)] | None = None
    test_fraction: Annotated[float, Field(gt=0, lt=1)] = 0.2
    polarity: Polarity = "auto"
    paper: Literal["remove", "keep"] = "remove"
    crop: Literal["ink", "none"] = "ink"
    margin: Annotated[float, Field(ge=0, lt=0.5)] = 0.07

    def read(self) -> tuple[Glyphs, Glyphs]:
        """Return the training and test glyphs, already at ``image_size``.

        Raises:
            DataError: If the folder is missing or holds no usable picture, or a picture is refused.
        """
        folder = expanded(self.path)
        if not is_folder(folder):
            raise DataError(
                f"{folder} is not a folder that can be read. Give data.path=<folder of pictures>; data=arrays reads "
                "files of arrays."
            )
        folder = self._without_wrapping(folder)
        folders = folders_in(folder)
        parts = {part: [path for path in folders if path.name.lower() in names] for part, names in PARTS.items()}
        for part, paths in parts.items():
            if len(paths) > 1:
                raise DataError(f"{paths[0]} and {paths[1]} are both a {part} set. Remove or rename one.")
        if parts["test"] and not parts["train"]:
            raise DataError(
                f"{parts['test'][0]} has no train/ next to it. Add one, or rename the folder of that class."
            )
        if not parts["train"]:
            return self.split_off(self._glyphs(folder, self._listed(folder)), self.test_fraction)
        (training,) = parts["train"]
        for path in folders:
            if path not in (training, *parts["test"]) and pictures_in(path):
                self.reject(f"{path} lies next to {training.name}/ and belongs to neither training nor test set.")
        train = self._glyphs(training, self._listed(training))
        if not parts["test"]:
            return self.split_off(train, self.test_fraction)
        return train, self._glyphs(parts["test"][0], self._listed(parts["test"][0]), train.alphabet)

    def _without_wrapping(self, folder: Path) -> Path:
        """Return the folder that holds the classes, where archives have put it into one that holds nothing else."""
        while self.name_pattern is None and not pictures_in(folder, deep=False):
            folders = folders_in(folder)
            if len(folders) != 1 or len(inside := folders_in(folders[0])) < 2 or pictures_in(folders[0], deep=False):
                break
            log.info("%s holds nothing but %s: its %d folders are read", folder, folders[0].name, len(inside))
            folder = folders[0]
        return folder

    def _listed(self, folder: Path) -> list[ListedPicture]:
        """Return the pictures in a folder, and the class that its subfolders or their own names give them."""
        if self.name_pattern is not None:
            return list(self._named(pictures_in(folder), re.compile(self.name_pattern)))
        loose, classes = pictures_in(folder, deep=False), folders_in(folder)
        if not classes:
            return [ListedPicture(path, None) for path in loose]
        for path in loose:
            self.reject(f"{path} lies next to the class folders rather than in one of them.")
        pictures: dict[str, list[Path]] = {}
        for path in classes:
            found = pictures_in(path)
            if not found:
                self.reject(f"{path} is the folder of a class, and holds no picture.")
            else:
                pictures.setdefault(class_name(path.name), []).extend(found)
        return [ListedPicture(path, name) for name, paths in pictures.items() for path in paths]

    def _named(self, paths: Iterable[Path], pattern: re.Pattern[str]) -> Iterable[ListedPicture]:
        for path in paths:
            match = pattern.fullmatch(path.stem)
            if match and match["class"]:
                yield ListedPicture(path, class_name(match["class"]))
            else:
                self.reject(f"{path}: its name has no class by data.name_pattern={pattern.pattern}.")

    def _glyphs(self, folder: Path, pictures: list[ListedPicture], known: tuple[str, ...] | None = None) -> Glyphs:
        """Read pictures; the alphabet is ``known``, or by default every class with a usable picture."""
        ink = Inking(self.polarity, self.paper, self.crop, self.margin)
        behind = {"auto": None, "dark_on_light": 255.0, "light_on_dark": 0.0}[self.polarity]
        accepted: Collection[str | None] | None = (known or (None,)) if known is not None else None
        images, names = [], []
        for path, name in pictures:
            if accepted is not None and name not in accepted:
                self.reject(
                    f"{path} is of {f'the class {name}' if name else 'no class'}, which has no training pictures."
                )
                continue
            try:
                image = ink(read_picture(path, behind), self.image_size)
            except DataError as error:
                self.reject(str(error))
                continue
            if image is None:
                self.reject(f"{path} shows no ink.")
                continue
            images.append(image)
            names.append(name)
        if not images:
            raise DataError(
                f"{folder} holds no picture that can be used. Give data.path=<folder of PNG or JPEG files>."
            )
        labelled = sorted({name for name in names if name is not None}, key=natural_key)
        for name in sorted({name for _, name in pictures if name is not None} - set(labelled), key=natural_key):
            if known is None:
                self.reject(f"{folder}: no picture of the class {name} can be used.")
        alphabet = tuple(labelled) if known is None else known
        index = {name: label for label, name in enumerate(alphabet)}
        labels = np.array([UNKNOWN if name is None else index[name] for name in names], np.int64)
        return Glyphs(np.stack(images)[:, None], labels, alphabet=alphabet)
