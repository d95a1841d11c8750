"""Files that are either complete or absent, and what shows that a file has changed."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import re
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any, NamedTuple

from handwriting.errors import ConfigError, DataError, RunError
from handwriting.text import printable, quoted

MAX_NAME_BYTES = 255
"""Bytes of the longest name of a file, on every usual disk."""
MAX_PROCESS = 2**32 - 1
"""The largest number of a process."""
UNFINISHED = ".unfinished"
"""How the names of files end that are being written."""
MAX_JSON_BYTES = 20_000_000
"""Size of the largest JSON file that is read; a thousandth of it is usual."""


def write_atomically(path: Path, write: Callable[[IO[bytes]], Any]) -> None:
    """Write a file next to ``path`` and move it there once it is complete.

    A reader sees the old file or the new one, after a power cut as well. What a process that was killed has left of
    the same file is removed.

    Args:
        path: The file to make or replace.
        write: Called with an open binary file.

    Raises:
        RunError: If the disk is full, a folder has the file's name, or something else that of a folder on its path.
    """
    keep_from_git(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise RunError(_no_folder(path)) from error
    if path.is_dir():
        raise RunError(f"{path} is a folder, and a file is to be written there: remove it.")
    unfinished = _unfinished(path, os.getpid())
    try:
        with unfinished.open("wb") as file:
            with suppress(OSError):  # a disk without locks
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _remove_abandoned(path)
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


def _unfinished(path: Path, process: int) -> Path:
    """Return the file that a process writes before it takes the place of ``path``."""
    return path.with_name(f"{_unfinished_start(path)}{process}{UNFINISHED}")


def _unfinished_start(path: Path) -> str:
    """Return how the names of the unfinished files of ``path`` start: hidden, and cut where they would be too long."""
    name = f".{path.name}"
    room = MAX_NAME_BYTES - len(f".{MAX_PROCESS}{UNFINISHED}")
    if len(os.fsencode(name)) > room:
        name = os.fsencode(name)[:room].decode(errors="ignore")
    return f"{name}."


def _remove_abandoned(path: Path) -> None:
    """Remove the unfinished files of ``path`` whose processes were killed.

    A process that lives keeps its own, and so does one of another machine, which has its file locked.
    """
    pattern = re.compile(re.escape(_unfinished_start(path)) + r"([1-9][0-9]{0,9})" + re.escape(UNFINISHED))
    with suppress(OSError):  # a folder that cannot be listed
        for found in path.parent.iterdir():
            if (match := pattern.fullmatch(found.name)) and not _is_running(int(match[1])):
                with suppress(OSError), found.open("rb") as file:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    found.unlink()


def _is_running(process: int) -> bool:
    """Return whether there is a process of that number on this machine."""
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        pass
    return True


def _no_folder(path: Path) -> str:
    """Return the message that no folder can be made for a file, because of what stands in its place."""
    obstacle = next(folder for folder in path.parents if folder.is_symlink() or folder.exists())
    kind = "a file" if obstacle.exists() else "a broken link"
    return f"{obstacle} is {kind}, and a folder is to be made there: remove it."


OWN_FOLDERS = ("runs", "sweeps", "segmented", "hands", "reports")
"""The folders below the current one that hold what a person makes, unless told otherwise."""
REPORTS = Path(OWN_FOLDERS[-1])
"""Where single pictures, pages and messages go for which no place is given."""


def keep_from_git(path: Path) -> None:
    """Have git ignore one of ``OWN_FOLDERS`` in which something is written for the first time: a diary is private.

    A folder that holds other things already is left as it is.

    Args:
        path: What is about to be written.
    """
    try:
        first, *inner = path.absolute().relative_to(Path.cwd()).parts
    except (ValueError, OSError):  # it is elsewhere
        return
    folder = Path.cwd() / first
    if first not in OWN_FOLDERS or not inner or folder in _SEEN:
        return
    _SEEN.add(folder)
    if folder.is_dir() and any(item.name != inner[0] and not item.name.startswith(".") for item in folder.iterdir()):
        return
    folder.mkdir(exist_ok=True)
    (folder / ".gitignore").write_text("*\n")


_SEEN: set[Path] = set()
"""The folders that :func:`keep_from_git` has looked at."""


# Files that a user names


def named_file(out: str, endings: Sequence[str], example: str) -> Path:
    """Return the path of the file that ``out`` names, with the first of ``endings`` where it has none.

    Args:
        out: What the user gave.
        endings: The endings of the formats; another one is for the caller to refuse.
        example: The name of a file, for the message that ``out`` is a folder.

    Raises:
        ConfigError: If it is a folder, a device or a pipe, or no name of a file.
    """
    path, shown = expanded(out), printable(out)
    if out.rpartition("/")[2] in ("", ".", "..") or answers(path.is_dir):
        raise ConfigError(f"out={shown} is a folder: name the file, such as {printable(str(path / example))}.")
    if answers(path.exists) and not path.is_file():
        raise ConfigError(f"out={shown} is a device or a pipe: name a file, such as {example}.")
    if path.name.lower() in endings:
        named = printable(str(path.with_name(Path(example).stem + path.name)))
        raise ConfigError(f"out={shown} is only an ending: name the file, such as {named}.")
    if path.name.endswith("."):
        named = printable(str(path.with_name((path.name.rstrip(".") or Path(example).stem) + endings[0])))
        raise ConfigError(f"out={shown} ends in a dot: give {named}.")
    return path if path.suffix else path.with_name(f"{path.name}{endings[0]}")


def refuse_unwritable(path: Path, key: str = "out") -> None:
    """Refuse a file or folder that cannot be written, before any work is done for it. Nothing is created.

    Args:
        path: The file, or a folder that does not exist.
        key: The configuration key that names it.

    Raises:
        DataError: If no file can have that name, it is a link that leads nowhere, something else stands in the place of
            a folder on its path, or that folder cannot be written to.
    """
    with refusing_unwritable(path, key):
        try:
            os.lstat(path)
        except FileNotFoundError:
            pass
        except NotADirectoryError as error:
            raise RunError(_no_folder(path)) from error
        except ValueError as error:
            raise RunError("its name holds a null byte. Give another name.") from error
        if path.is_symlink() and not path.exists():
            aim = path.readlink()
            raise RunError(f"it is a link to {aim}, which does not exist. Remove the link, or give another place.")
        target = link_target(path)
        folder = next(folder for folder in target.absolute().parents if folder.is_symlink() or folder.exists())
        if not folder.is_dir():
            raise RunError(_no_folder(target))
        if not os.access(folder, os.W_OK | os.X_OK):
            raise RunError(f"the folder {folder} is read-only. Give another place.")


def link_target(path: Path) -> Path:
    """Return the file that a link leads to, which is written in place of the link; any other path as it is."""
    return path.resolve() if path.is_symlink() else path


@contextmanager
def refusing_unwritable(path: Path, key: str = "out") -> Iterator[None]:
    """Say of the errors within that it is the value of a key which cannot be written.

    Raises:
        DataError: In place of an error of the disk, or of one that :func:`write_atomically` raises.
    """
    shown = printable(str(path))
    try:
        yield
    except RunError as error:
        raise DataError(f"{key}={shown} cannot be written: {printable(str(error))}") from error
    except OSError as error:
        raise DataError(f"{key}={shown} cannot be written ({error.strerror or error}). Give another place.") from error


def expanded(path: str | Path) -> Path:
    """Return a path with the home folder in place of its ``~``; as it is where there is no such user.

    Raises:
        ConfigError: If it holds a character that no path can hold.
    """
    try:
        if b"\0" in os.fsencode(path):
            raise ConfigError(f"{quoted(str(path))} holds a null byte, and no file has such a name: correct it.")
    except UnicodeEncodeError as error:
        raise ConfigError(f"{quoted(str(path))} holds what is no character, and no file has such a name.") from error
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
        ConfigError: If one of ``paths`` exists, be it as a broken link, and ``overwrite`` is false.
    """
    taken = next((path for path in paths if answers(path.is_symlink) or answers(path.exists)), None)
    if taken and not overwrite:
        shown = printable(str(taken))
        raise ConfigError(f"{shown} exists already: give another out=, or overwrite=true to replace it.")


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
