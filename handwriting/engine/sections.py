"""The parts of an experiment that need no torch, built from their sections of a configuration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from handwriting import config
from handwriting.config import INSTALLED, Trust
from handwriting.data.loading.settings import Loading
from handwriting.data.sources.base import GlyphSource

LOADING_KEYS = tuple(field.name for field in fields(Loading))
"""The keys of the ``data`` section that say how batches are made, whatever the source."""


def build_source(section: Mapping[str, Any], trust: Trust = INSTALLED) -> GlyphSource:
    """Return the source that a ``data`` section names; nothing is read yet.

    Args:
        section: The ``data`` section of a configuration.
        trust: Which classes it may name.

    Raises:
        ConfigError: If the class or a value is not allowed.
    """
    source: GlyphSource = config.build(section, "data", base=GlyphSource, ignore=LOADING_KEYS, trust=trust)
    return source


def build_loading(section: Mapping[str, Any]) -> Loading:
    """Return how batches are made, as a ``data`` section says.

    Raises:
        ConfigError: If a value is not allowed.
    """
    values = config.plain_section(section)
    loading: Loading = config.create(Loading, {key: values[key] for key in LOADING_KEYS if key in values}, "data")
    return loading
