"""Which paths may be read: those inside of chosen folders, once links are followed."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from handwriting.errors import ConfigError, RunError
from handwriting.files import expanded
from handwriting.text import one_line


def resolve_within(path: str | Path, folders: Sequence[Path]) -> Path:
    """Return where a path leads, links followed, as long as that is in one of the folders.

    Args:
        path: The path, which need not exist; ``~`` stands for a home folder.
        folders: The chosen folders, resolved.

    Raises:
        RunError: If it leads anywhere else, or cannot be a path.
    """
    try:
        real = expanded(path).resolve()
    except (OSError, RuntimeError, ConfigError) as error:  # too long, links in a circle, a null byte
        raise RunError(f"{path} cannot be a path: {one_line(error)}") from error
    if not any(real == folder or folder in real.parents for folder in folders):
        raise RunError(f"{path} leads out of {', '.join(map(str, folders))}: not read.")
    return real


def resolve_file_within(path: str | Path, folders: Sequence[Path]) -> Path:
    """Return where a path leads, as :func:`resolve_within`, and refuse what would be read without end, such as a pipe.

    Raises:
        RunError: As :func:`resolve_within`; or if something other than a file is there.
    """
    real = resolve_within(path, folders)
    if real.exists() and not real.is_file():
        raise RunError(f"{path} is no file: not read.")
    return real


def refuse_escaping_links(folder: Path, folders: Sequence[Path], inner: Iterable[str] | None = None) -> None:
    """Refuse a folder that is, or holds, a link which leads out of the chosen folders, or something that is no file.

    Args:
        folder: The folder to check.
        folders: The chosen folders, resolved.
        inner: The names of the folders in it that are checked as well; None for everything below it.

    Raises:
        RunError: Naming the link, or what cannot be read.
    """
    seen, ahead = set[Path](), [folder]
    while ahead:
        directory = ahead.pop()
        real = resolve_within(directory, folders)
        if real in seen or not real.is_dir():
            continue
        seen.add(real)
        try:
            with os.scandir(real) as listed:
                for entry in listed:
                    path = Path(directory, entry.name)
                    if entry.is_symlink():
                        resolve_within(path, folders)
                    if not (entry.is_dir() or entry.is_file()):
                        resolve_file_within(path, folders)
                    elif entry.is_dir() and (inner is None or (directory == folder and entry.name in inner)):
                        ahead.append(path)
        except OSError as error:
            raise RunError(f"{directory} cannot be read: {one_line(error)}") from error
