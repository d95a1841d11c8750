"""The folders of configurations: our own, and those of installed plug-ins."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import yaml

from handwriting import plugins
from handwriting.errors import ConfigError, ConfigFileError
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
            if not file.is_file():  # Hydra would take a folder, or a link to nothing, for a choice
                raise ConfigFileError(f"{plugin}: {file} is not a file. Remove it.")
            name = file.relative_to(plugin.conf)
            if name in owners:
                raise ConfigError(f"plug-in {plugin.name}: {file} has the name of a file of {owners[name]}. Rename it.")
            owners[name] = f"plug-in {plugin.name}"
    return (CONF, *(plugin.conf for plugin in installed))


def read_yaml(file: Path) -> Any:
    """Return what a file of configurations holds.

    Raises:
        ConfigFileError: If it cannot be read as YAML.
    """
    try:
        return _read_yaml(file, file.stat().st_mtime_ns)
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise _unreadable(file, error) from error


@cache
def _read_yaml(file: Path, mtime_ns: int) -> Any:
    return yaml.load(file.read_text("utf-8-sig"), YamlLoader)


def read_text(file: Path, errors: str = "strict") -> str:
    """Return the text of a file of configurations.

    Raises:
        ConfigFileError: If it cannot be read.
    """
    try:
        return file.read_text("utf-8-sig", errors=errors)
    except (OSError, ValueError) as error:
        raise _unreadable(file, error) from error


def named(file: Path) -> str:
    """Return what a message calls a file: its path, and before it the plug-in that it is of."""
    owner = next((plugin for plugin in plugins.installed() if plugin.conf in file.parents), None)
    return f"{owner}: {file}" if owner else str(file)


def refuse_unreadable(error: Exception) -> None:
    """Refuse a file of an installed plug-in that cannot be read: Hydra's own message would not name its plug-in.

    Args:
        error: What composing raised.

    Raises:
        ConfigFileError: At the first such file, if that may be the reason.
    """
    if not isinstance(error, yaml.YAMLError | OSError | UnicodeDecodeError):
        return
    for folder in conf_folders()[1:]:
        for file in sorted(folder.rglob("*.yaml")):
            read_yaml(file)


def _unreadable(file: Path, error: Exception) -> ConfigFileError:
    return ConfigFileError(f"{named(file)} cannot be read: {one_line(error)}")


def first_comment(path: Path) -> str:
    """Return the first comment of a YAML file, which says what it is in one line."""
    text = read_text(path, errors="replace")
    comments = (line[1:].strip() for line in text.splitlines() if line.startswith("#"))
    return next((comment for comment in comments if not comment.startswith("@package")), "")
