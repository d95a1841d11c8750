"""Files that are either complete or absent, and what shows that a file has changed."""

from __future__ import annotations

import errno
import json
import os
import stat
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import IO, Any, NamedTuple

from handwriting.errors import ConfigError, RunError

MAX_JSON_BYTES = 20_000_000
"""Size of the largest JSON file that is read; a thousandth of it is usual."""


def write_atomically(path: Path, write: Callable[[IO[bytes]], Any]) -> None:
    """Write a file next to ``path`` and move it there once it is complete.

    A reader sees the old file or the new one, after a power cut as well.

    Args:
        path: The file to make or replace.
        write: Called with an open binary file.

    Raises:
        RunError: If the disk is full, a folder has the file's name, or something else that of a folder on its path.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        obstacle = next(folder for folder in path.parents if folder.is_symlink() or folder.exists())
        kind = "a file" if obstacle.exists() else "a broken link"
        raise RunError(f"{obstacle} is {kind}, and a folder is to be made there: remove it.") from error
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.unfinished")
    if path.is_dir():
        raise RunError(f"{path} is a folder, and a file is to be written there: remove it.")
    try:
        with unfinished.open("wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        raise RunError(no_space(path)) from error
    finally:
        if unfinished.exists():
            unfinished.unlink()


def expanded(path: str | Path) -> Path:
    """Return a path with the home folder in place of its ``~``; as it is where there is no such user."""
    try:
        return Path(path).expanduser()
    except RuntimeError:  # a file may have such a name, and else is reported as missing
        return Path(path)


def answers(question: Callable[[], bool]) -> bool:
    """Return what the file system says of a path; False where no file can have that name."""
    try:
        return question()
    except OSError:
        return False


def refuse_overwriting(paths: Iterable[Path], overwrite: bool) -> None:
    """Refuse to replace files unless the user allows it.

    Raises:
        ConfigError: If one of ``paths`` exists and ``overwrite`` is false.
    """
    if not overwrite and (taken := next((path for path in paths if answers(path.exists)), None)):
        raise ConfigError(f"{taken} exists already: give another out=, or overwrite=true to replace it.")


def no_space(path: str | Path) -> str:
    """Return the message that a file could not be written because the disk is full."""
    return f"No space left on device: {path}"


def write_json(path: Path, values: dict[str, Any]) -> None:
    """Write plain values as JSON, atomically."""
    write_atomically(path, lambda file: file.write((json.dumps(values, indent=2, allow_nan=False) + "\n").encode()))


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object.

    Raises:
        RunError: If the file is missing, not a JSON object, or far larger than any that a run writes.
    """
    try:
        if (size := path.stat().st_size) > MAX_JSON_BYTES:
            raise RunError(f"{path} has {size / 1e6:,.0f} MB: no run writes that much.")
        values = json.loads(path.read_text())
    except (OSError, ValueError, RecursionError) as error:
        raise RunError(f"{path} cannot be read ({error}): is {path.parent} a run folder?") from error
    if not isinstance(values, dict):
        raise RunError(f"{path} does not hold a JSON object: is {path.parent} a run folder?")
    return values


def last_lines(path: Path, max_bytes: int = 200_000) -> str | None:
    """Return the last complete lines of a text, at most ``max_bytes`` of them; None where the file is missing."""
    if not path.is_file():
        return None
    with path.open("rb") as file:
        start = max(0, path.stat().st_size - max_bytes)
        file.seek(start)
        content = file.read(max_bytes)
    return (content.partition(b"\n")[2] if start else content).decode("utf-8", "replace")


class FileStamp(NamedTuple):
    """What changes when a file does.

    Attributes:
        changed_ns: When its content last changed, in nanoseconds since 1970.
        size: Its size in bytes.
        is_link: Whether its path is a link.
    """

    changed_ns: int
    size: int
    is_link: bool


def file_stamp(path: str) -> FileStamp | None:
    """Return the stamp of a regular file, links followed; None where there is none."""
    try:
        status = os.lstat(path)
        if is_link := stat.S_ISLNK(status.st_mode):
            status = Path(path).stat()
    except (OSError, ValueError):  # ValueError: a null byte
        return None
    return FileStamp(status.st_mtime_ns, status.st_size, is_link) if stat.S_ISREG(status.st_mode) else None
