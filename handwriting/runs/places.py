"""Which places may be read: those inside of chosen folders, wherever a name or a link points."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from handwriting.errors import RunError


def within(path: str | Path, folders: Sequence[Path]) -> Path:
    """Return where a path leads, links followed, as long as that is in one of the folders.

    Args:
        path: It need not exist.
        folders: Resolved.

    Raises:
        RunError: If it leads anywhere else, or cannot be a path.
    """
    try:
        real = Path(path).resolve()
    except (OSError, ValueError, RuntimeError) as error:  # too long, a null byte, links in a circle
        raise RunError(f"{path} cannot be a path: {' '.join(str(error).split())}") from error
    if not any(real == folder or folder in real.parents for folder in folders):
        raise RunError(f"{path} leads out of {', '.join(map(str, folders))}: not read.")
    return real


def refuse_ways_out(folder: Path, folders: Sequence[Path], inner: Iterable[str] | None = None) -> None:
    """Refuse a folder that is, or holds, a link which leads out of the chosen folders.

    Args:
        folder: The folder.
        folders: As :func:`within` takes them.
        inner: Which folders in it are looked through as well; None for all that is below it.

    Raises:
        RunError: Naming the link.
    """
    within(folder, folders)
    for place, below, files in os.walk(folder):
        for name in (*below, *files):
            if (path := Path(place, name)).is_symlink():
                within(path, folders)
        if inner is not None:
            below[:] = [name for name in below if name in inner] if Path(place) == folder else []
