"""What several jobs are given, and check in the same way."""

from __future__ import annotations

from omegaconf import DictConfig

from handwriting.errors import ConfigError


def refuse_unless_whole(cfg: DictConfig, key: str, least: int = 0) -> None:
    """Refuse a key whose value is not a whole number from ``least``.

    Raises:
        ConfigError: Naming the key and its value.
    """
    if not isinstance(cfg[key], int) or cfg[key] < least:
        raise ConfigError(f"{key}={cfg[key]} is not allowed: give a whole number from {least}.")
