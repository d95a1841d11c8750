"""The folders of configurations: our own, and those of installed plug-ins."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import yaml

from handwriting import plugins
from handwriting.errors import ConfigError
from handwriting.text import one_line

_PACKAGE = Path(__file__).resolve().parents[1]
# A wheel carries both folders inside the package; in a checkout they lie next to it.
_HOME = next((home for home in (_PACKAGE, _PACKAGE.parent) if (home / "conf").is_dir()), _PACKAGE)

CONF = _HOME / "conf"
"""One folder for each choice a user makes, and one root config for each job."""
EXPERIMENTS = _HOME / "experiments"
"""The experiments: configs that fix every choice."""

YamlLoader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the C loader is ten times as fast


def conf_folders() -> tuple[Path, ...]:
    """Return the folders whose files are choices: ``conf``, and that of each installed plug-in.

    Raises:
        ConfigError: If a plug-in is broken, or a choice of it has the name of another.
    """
    return _conf_folders(plugins.installed())


@cache
def _conf_folders(installed: tuple[plugins.Plugin, ...]) -> tuple[Path, ...]:
    if not installed:
        return (CONF,)
    owners = {file.relative_to(CONF): "handwriting" for file in CONF.rglob("*.yaml")}
    experiments = (file.relative_to(EXPERIMENTS) for file in EXPERIMENTS.rglob("*.yaml"))
    owners |= {"experiments" / file: "handwriting" for file in experiments}
    for plugin in installed:
        for file in sorted(plugin.conf.rglob("*.yaml")):
            name = file.relative_to(plugin.conf)
            if name in owners:
                raise ConfigError(f"plug-in {plugin.name}: {file} has the name of a file of {owners[name]}. Rename it.")
            owners[name] = f"plug-in {plugin.name}"
    return (CONF, *(plugin.conf for plugin in installed))


def read_yaml(file: Path) -> Any:
    """Return what a file of configurations holds.

    Raises:
        ConfigError: If it cannot be read as YAML.
    """
    try:
        return _read_yaml(file, file.stat().st_mtime_ns)
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise ConfigError(f"{file} cannot be read: {one_line(error)}") from error


@cache
def _read_yaml(file: Path, mtime_ns: int) -> Any:
    return yaml.load(file.read_text("utf-8"), YamlLoader)


def first_comment(path: Path) -> str:
    """Return the first comment of a YAML file, which says what it is in one line."""
    text = path.read_text("utf-8", errors="replace")
    comments = (line[1:].strip() for line in text.splitlines() if line.startswith("#"))
    return next((comment for comment in comments if not comment.startswith("@package")), "")
