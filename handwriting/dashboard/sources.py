"""Data sources by name, which read the chosen folder of data sets and nothing outside of it."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
from omegaconf import OmegaConf

from handwriting import config
from handwriting.data.sources.base import GlyphSource, Prepared
from handwriting.engine.sections import LOADING_KEYS, build_loading, build_source
from handwriting.errors import ConfigError
from handwriting.fields import command_line_only, map_texts, path_fields
from handwriting.glyphs import Glyphs
from handwriting.runs.safe_paths import refuse_escaping_links, resolve_within

SEED = 0
"""The seed that chooses the glyphs that the page shows."""
_composing = Lock()
"""Hydra composes one configuration at a time."""


def names() -> dict[str, str]:
    """Return every data source with its description in one line."""
    return config.describe()["data"]


def source_of(name: str, root: Path, settings: str = "") -> GlyphSource:
    """Return a data source, without reading its data.

    Every field that may hold a path is confined to ``root``, whether or not its class declares it; see
    :func:`handwriting.fields.path_fields`.

    Args:
        name: The name of the source in the configuration.
        root: The folder of data sets.
        settings: Overrides as on the command line, such as ``data.style=median data.prepare.outliers=3``.

    Raises:
        ConfigError: If there is no such source or setting, or a page may not set it.
        RunError: If a path leads out of ``root``.
    """
    if name not in names():
        raise ConfigError(f"{name}: there is no such data source. There are: {', '.join(names())}.")
    root = root.resolve()
    try:
        overrides = shlex.split(" ".join(settings.splitlines()))
    except ValueError as error:
        raise ConfigError(f"{settings}: a quotation mark is missing.") from error
    section = _compose(name, overrides)
    cls = config.class_of(section, "data", base=GlyphSource)
    for field in path_fields(cls, [key for key in section if key not in LOADING_KEYS]):
        confine(section, field, root)
    section["root"] = str(root)
    if root.is_dir():
        refuse_escaping_links(root, [root])
    build_loading(section)  # loads nothing here, but refuses a wrong value as the command line does
    return build_source(section)


def _compose(name: str, overrides: Sequence[str]) -> dict[str, Any]:
    """Return the ``data`` section of a source with overrides, none of which sets a key reserved to the command line.

    Raises:
        ConfigError: If one does, or is not an override of ``data``.
    """
    with _composing:
        default = config.compose("data", [f"data={name}"]).data
        reserved = command_line_only(config.class_of(default, "data", base=GlyphSource))
        for override in overrides:
            key = override.partition("=")[0]
            if not key.startswith("data.") or key.removeprefix("data.") in reserved or "${" in override:
                listed = " and ".join(f"data.{field}" for field in reserved)
                raise ConfigError(
                    f"{override}: give settings such as data.style=median; a page cannot set {listed}, nor read "
                    "environment variables."
                )
        data = config.compose("data", [f"data={name}", *overrides]).data if overrides else default
    # However an override is spelled, reserved keys keep their values; overrides may have changed the class.
    for field in {*reserved, *command_line_only(config.class_of(data, "data", base=GlyphSource))}:
        if OmegaConf.select(data, field) != OmegaConf.select(default, field):
            raise ConfigError(f"data.{field} cannot be set on a page: give it on the command line.")
    return config.plain_section(data)


def confine(section: dict[str, Any], field: str, root: Path) -> None:
    """Replace the paths in a field, whose name may be dotted, by their absolute paths within ``root``.

    Raises:
        RunError: If a path leads out of ``root``.
    """
    *outer, last = field.split(".")
    inner: Any = section
    for key in outer:
        inner = inner.get(key) if isinstance(inner, dict) else None
    if isinstance(inner, dict) and last in inner:
        inner[last] = map_texts(inner[last], lambda text: _within(text, root))


def _within(text: str, root: Path) -> str:
    return str(resolve_within(text if text.startswith("~") else root / text, [root])) if text else text


@lru_cache(maxsize=3)
def contents(name: str, root: Path, settings: str = "") -> tuple[GlyphSource, Glyphs, Prepared]:
    """Return a source, its training glyphs as read, and its prepared glyphs; three sources are kept in memory.

    Raises:
        HandwritingError: As :func:`source_of`, or if the data is missing or broken.
    """
    source = source_of(name, root, settings)
    read = source.read()
    return source, read[0], source.prepared(*read)


def chance() -> np.random.Generator:
    """Return a generator with a fixed seed: the page shows the same glyphs each time."""
    return np.random.default_rng(SEED)
