"""Finding run folders: the walk through folders that every search for runs uses, and distinct names for the runs."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from pathlib import Path

from handwriting.errors import RunError
from handwriting.files import expanded, file_stamp
from handwriting.runs.safe_paths import resolve_file_within, resolve_within
from handwriting.text import one_line, printable

MAX_DEPTH = 2
"""How many levels below a named folder its runs may lie: ``sweeps/<name>/<trial>``."""
NO_RUN = "not a run folder (no status.json)"


@dataclass(frozen=True)
class Skipped:
    """A path that was named, or found on the way, and holds no run that can be read.

    Attributes:
        path: The path as a page or a terminal may show it.
        reason: Why it is skipped, in one line.
    """

    path: str
    reason: str


@dataclass
class FoundFolders:
    """What a walk has found; a key is the name given to the start of the walk and the path below it.

    Attributes:
        runs: The run folders by key, in order.
        groups: The folders that hold runs of one group, such as a sweep's, by key.
        foreign: The keys of the outermost folders that hold neither.
        skipped: What cannot be read, and links that are not followed.
    """

    runs: dict[str, str] = field(default_factory=dict)
    groups: dict[str, str] = field(default_factory=dict)
    foreign: list[str] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)

    def skip(self, key: str, error: Exception) -> None:
        """Note that a path is skipped because of an error."""
        self.skipped.append(Skipped(printable(key), printable(one_line(error))))


@dataclass(frozen=True)
class Walk:
    """How folders are searched for runs. Hidden folders, and what lies within a run, are never searched.

    Attributes:
        max_depth: How many levels below its start a walk goes.
        confined_to: The folders, resolved, that no link may leave; None follows every link.
        group_files: The files of a folder that holds the runs of one group; the first of them marks it. A folder in it
            that holds no run is a run that has not begun, and not foreign.
    """

    max_depth: int
    confined_to: Sequence[Path] | None = None
    group_files: Sequence[str] = ()

    def into(self, found: FoundFolders, folder: str, key: str) -> bool:
        """Search a folder and what is below it.

        Args:
            found: Takes what is found.
            folder: Where the walk starts.
            key: What the start is called in the keys of what is found.

        Returns:
            Whether a run, a group or something that is skipped was found.
        """
        return self._search(found, folder, key, self.max_depth)

    def _search(self, found: FoundFolders, folder: str, key: str, depth: int) -> bool:
        if file_stamp(f"{folder}/status.json"):
            found.runs[key] = folder
            return True
        try:
            with os.scandir(folder) as listed:
                inner = sorted((entry for entry in listed if entry.name[0] != "."), key=lambda entry: entry.name)
            is_group = bool(self.group_files) and any(entry.name == self.group_files[0] for entry in inner)
            if is_group and self.confined_to is not None:
                for name in self.group_files:
                    resolve_file_within(f"{folder}/{name}", self.confined_to)
        except (OSError, RunError) as error:
            found.skip(key, error)
            return True
        if is_group:
            found.groups[key] = folder
        anything = is_group
        for entry in inner if depth else ():
            inner_key = f"{key}/{entry.name}"
            try:
                if self.confined_to is not None and entry.is_symlink():
                    self._check_link(entry, folder, self.confined_to)
                is_folder = entry.is_dir()
            except (OSError, RunError) as error:
                found.skip(inner_key, error)
                anything = True
                continue
            foreign_before = len(found.foreign)
            if is_folder and self._search(found, entry.path, inner_key, depth - 1):
                anything = True
            elif is_folder:  # only the outermost folder without a run is named, not all that it holds
                found.foreign[foreign_before:] = [] if is_group else [inner_key]
        return anything

    @staticmethod
    def _check_link(entry: os.DirEntry[str], folder: str, confined_to: Sequence[Path]) -> None:
        if resolve_within(entry.path, confined_to) in (Path(folder), *Path(folder).parents):
            raise RunError("a link to a folder around it")


# What a person names


def find(requested: str) -> tuple[list[Path], list[Skipped]]:
    """Find the run folders that a person names.

    Args:
        requested: A run folder, a folder of runs up to two levels deep, a pattern, or several of these with commas.

    Returns:
        The run folders, in order and each once; and what holds no run.
    """
    runs: dict[Path, Path] = {}
    skipped: list[Skipped] = []
    for part in split_paths(requested):
        folders = _matches(expanded(part))
        if not folders:
            skipped.append(Skipped(printable(part), "there is no such folder"))
        for folder in folders:
            found = FoundFolders()
            if not Walk(MAX_DEPTH).into(found, str(folder), str(folder)):
                found.foreign = [str(folder)]
            runs = {**{Path(run).resolve(): Path(run) for run in found.runs.values()}, **runs}
            foreign = [Skipped(printable(str(Path(key))), NO_RUN) for key in found.foreign]
            skipped += sorted([*found.skipped, *foreign], key=lambda skip: _natural(skip.path))
    return sorted(runs.values(), key=lambda run: _natural(str(run))), list(dict.fromkeys(skipped))


def split_paths(requested: str) -> list[str]:
    """Split what a person typed at its commas; a path that exists by that very name is one."""
    parts = [requested] if _exists(expanded(requested)) else [part.strip() for part in requested.split(",")]
    return list(filter(None, parts))


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # longer than any name can be
        return False


def _matches(path: Path) -> list[Path]:
    """Return the path itself where it exists, or the folders that fit it as a pattern."""
    if _exists(path):
        return [path]
    fixed = [*takewhile(lambda part: not set(part) & set("*?["), path.parts)]
    pattern = "/".join(path.parts[len(fixed) :])
    return [match for match in Path(*fixed).glob(pattern) if match.is_dir()] if pattern else []


def _natural(text: str) -> list[tuple[int, str]]:
    """Order by the numbers within a name: ``trial_9`` before ``trial_10``."""
    return [(int(digits or 0), rest) for digits, rest in re.findall(r"([0-9]*)([^0-9]*)", text)]


def distinct_names(folders: Sequence[Path]) -> list[str]:
    """Return the names of folders, each with as many of the folders around it as distinguish it from the others.

    >>> distinct_names([Path("/sweeps/lr/0"), Path("/sweeps/seed/0")])
    ['lr/0', 'seed/0']
    """
    parts = [folder.resolve().parts for folder in folders]
    for depth in range(1, max(map(len, parts), default=0) + 1):
        names = [printable("/".join(part[-depth:])) for part in parts]
        if len(set(names)) == len(names):
            return names
    return [printable(str(folder)) for folder in folders]
