"""Data sources by name, read from the chosen folder of data sets and nowhere else."""

from __future__ import annotations

import shlex
from functools import lru_cache
from pathlib import Path
from threading import Lock

import numpy as np

from handwriting import config
from handwriting.data.sources.base import GlyphSource, Prepared
from handwriting.engine.sections import build_loading, build_source
from handwriting.errors import ConfigError
from handwriting.glyphs import Glyphs
from handwriting.runs.safe_paths import refuse_escaping_links, resolve_within

PATHS = ("path", "labels", "test_path", "test_labels")
"""What sources call paths besides their root."""
NOT_HERE = ("data.root", "data.download")
"""Settings that are not for a page to say."""
SEED = 0
_composing = Lock()
"""Hydra composes one configuration at a time."""


def names() -> dict[str, str]:
    """Return every data source, and what it is in one line."""
    return config.describe()["data"]


def source_of(name: str, root: Path, settings: str = "") -> GlyphSource:
    """Return a data source, nothing of it read yet.

    Args:
        name: What it is called in the configuration.
        root: The folder of data sets; every path is looked for within it.
        settings: As they are typed on the command line, such as ``data.style=median data.prepare.outliers=3``.

    Raises:
        ConfigError: If there is no such source or setting, or it is not for a page to say.
        RunError: If a path leads out of ``root``.
    """
    if name not in names():
        raise ConfigError(f"{name}: there is no such data source. There are: {', '.join(names())}.")
    root = root.resolve()
    try:
        words = shlex.split(" ".join(settings.splitlines()))
    except ValueError as error:
        raise ConfigError(f"{settings}: a quotation mark is missing.") from error
    for word in words:
        key = word.partition("=")[0]
        if not key.startswith("data.") or key in NOT_HERE or "${" in word:
            others = " and ".join(NOT_HERE)
            raise ConfigError(f"{word}: give settings such as data.style=median; {others} are not for a page to say.")
    with _composing:
        data = config.compose("data", [f"data={name}", *words]).data
    for key in PATHS:
        if data.get(key):
            typed = str(data[key])
            data[key] = str(resolve_within(typed if typed.startswith("~") else root / typed, [root]))
    data.root = str(root)
    if root.is_dir():
        refuse_escaping_links(root, [root])
    build_loading(data)  # nothing here loads by it, but a setting that is no setting is refused
    return build_source(data)


@lru_cache(maxsize=3)
def contents(name: str, root: Path, settings: str = "") -> tuple[GlyphSource, Glyphs, Prepared]:
    """Return a source, its training glyphs as they were read, and what became of them; kept for the last few.

    Raises:
        HandwritingError: As :func:`source_of`, or if the data is missing or broken.
    """
    source = source_of(name, root, settings)
    read = source.read()
    return source, read[0], source.prepared(*read)


def chance() -> np.random.Generator:
    """Return what the choice of glyphs is drawn from: the same glyphs each time."""
    return np.random.default_rng(SEED)
