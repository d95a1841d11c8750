"""Files that are either whole or not there."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from handwriting.errors import RunError

LARGEST = 20_000_000
"""Bytes of the largest JSON file that is read; a thousandth is usual."""


def write_atomically(path: Path, write: Callable[[IO[bytes]], Any]) -> None:
    """Write a file beside ``path`` and move it there once it is complete.

    A reader sees the old file or the new one, and so does whoever comes after a power cut.

    Args:
        path: The file to make or replace.
        write: Called with an open binary file.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.unfinished")
    try:
        with unfinished.open("wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def write_json(path: Path, values: dict[str, Any]) -> None:
    """Write plain values as JSON, atomically."""
    write_atomically(path, lambda file: file.write((json.dumps(values, indent=2, allow_nan=False) + "\n").encode()))


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object.

    Raises:
        RunError: If the file is missing, not a JSON object, or far larger than any that a run writes.
    """
    try:
        if (size := path.stat().st_size) > LARGEST:
            raise RunError(f"{path} has {size / 1e6:,.0f} MB: no run writes so much.")
        values = json.loads(path.read_text())
    except (OSError, ValueError, RecursionError) as error:
        raise RunError(f"{path} cannot be read ({error}): is {path.parent} a run folder?") from error
    if not isinstance(values, dict):
        raise RunError(f"{path} does not hold a JSON object: is {path.parent} a run folder?")
    return values


def last_lines(path: Path, most: int = 200_000) -> str | None:
    """Return the end of a text, whole lines of at most so many bytes; None where there is no such file."""
    if not path.is_file():
        return None
    with path.open("rb") as file:
        start = max(0, path.stat().st_size - most)
        file.seek(start)
        content = file.read(most)
    return (content.partition(b"\n")[2] if start else content).decode("utf-8", "replace")
