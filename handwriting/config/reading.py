"""Reading the configuration that a run folder holds: as data, of which nothing is resolved and no class is named."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from handwriting import legacy
from handwriting.config.folders import YamlLoader
from handwriting.errors import RunError
from handwriting.text import one_line

MAX_CONFIG_BYTES = 4_000_000
"""Size of the largest ``config.yaml`` that is read."""


def load_config(path: str | Path) -> DictConfig:
    """Read the resolved ``config.yaml`` of a run folder as data: no interpolation in it is ever resolved.

    Raises:
        RunError: If the file is missing, is not YAML or holds no mapping.
    """
    try:
        if (size := Path(path).stat().st_size) > MAX_CONFIG_BYTES:
            raise RunError(f"{path} has {size / 1e6:,.0f} MB: that is no configuration.")
        tree = literals(legacy.current_config(yaml.load(Path(path).read_text("utf-8-sig"), YamlLoader)))
        cfg = OmegaConf.create(tree)
    except (OSError, ValueError, RecursionError, yaml.YAMLError, OmegaConfBaseException) as error:
        raise RunError(f"{path} cannot be read as a configuration: {one_line(error)}") from error
    if not isinstance(tree, dict):
        raise RunError(f"{path} holds no configuration; a run folder's config.yaml maps keys to values")
    return cfg


def plain_config(path: str | Path) -> dict[str, Any]:
    """Return what a run's ``config.yaml`` holds, as plain values.

    Raises:
        RunError: As :func:`load_config`.
    """
    values = OmegaConf.to_container(load_config(path), resolve=True)
    return {str(key): value for key, value in values.items()} if isinstance(values, dict) else {}


def literals(tree: Any) -> Any:
    """Return ``tree`` with every text in it as :func:`literal` makes it."""
    if isinstance(tree, dict):
        return {key: literals(value) for key, value in tree.items()}
    if isinstance(tree, list):
        return [literals(value) for value in tree]
    return literal(tree) if isinstance(tree, str) else tree


def literal(text: str) -> str:
    """Return ``text`` with every ``${`` escaped: OmegaConf then reads it as text and resolves nothing."""
    return re.sub(r"(\\*)\$\{", lambda match: match[1] * 2 + r"\${", text)
