"""Where a job writes its results: never over existing files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from handwriting.errors import ConfigError
from handwriting.files import expanded


def output_path(out: Any, default: str) -> Path:
    """Return the path that ``out`` names, or ``default`` in the current folder with a number where that is taken.

    Raises:
        ConfigError: If ``out`` exists already.
    """
    path = expanded(out) if out else Path(default)
    if not path.exists():
        return path
    if out:
        raise ConfigError(f"out={path} exists already: give another, or remove it first.")
    return next(free for i in range(2, 10**6) if not (free := path.with_stem(f"{path.stem}_{i}")).exists())
