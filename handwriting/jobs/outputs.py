"""Where a job writes its results: never over existing files, and known to be writable before its work begins."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from handwriting.errors import ConfigError
from handwriting.files import REPORTS, answers, expanded, refuse_unwritable


def output_path(out: Any, default: str) -> Path:
    """Return the path that ``out`` names, or ``default`` in ``reports/`` with a number where that is taken.

    Raises:
        ConfigError: If ``out`` exists already.
        DataError: If it cannot be written.
    """
    path = expanded(out) if out else REPORTS / default
    if answers(path.exists):
        if out:
            raise ConfigError(f"out={path} exists already: give another, or remove it first.")
        path = next(free for i in range(2, 10**6) if not (free := path.with_stem(f"{path.stem}_{i}")).exists())
    refuse_unwritable(path)
    return path
