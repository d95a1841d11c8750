"""Parts of others: packages that an installed distribution names by the entry point group ``handwriting.plugins``.

A plug-in's package holds a folder ``conf`` laid out as ours is, ``conf/<group>/<choice>.yaml``, and the classes that
its files name. A file ``conf/<job>.yaml`` is the root config of a job in ``jobs/<job>.py``. In its ``pyproject.toml``::

    [project.entry-points."handwriting.plugins"]
    inks = "inks"

Nothing of a plug-in is imported here: its folder is found, and its classes are imported when they are built.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from handwriting.errors import ConfigError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GROUP = "handwriting.plugins"
"""The entry point group."""


@dataclass(frozen=True)
class Plugin:
    """An installed plug-in.

    Attributes:
        name: The name of its entry point.
        package: The full name of its package.
        conf: Its folder of configurations.
        distribution: The name by which pip knows it.
    """

    name: str
    package: str
    conf: Path
    distribution: str = field(default="", compare=False)

    def __str__(self) -> str:
        """Return what a message calls it, and how to be rid of it."""
        return _described(self.name, self.distribution)


def _described(name: str, distribution: str) -> str:
    return f"plug-in {name} (pip uninstall {distribution or name} removes it)"


def installed() -> tuple[Plugin, ...]:
    """Return every installed plug-in, by name.

    Raises:
        ConfigError: If the package of one is not there, or has no configurations.
    """
    return _installed(tuple(sys.path))


@cache
def _installed(search_path: tuple[str, ...]) -> tuple[Plugin, ...]:
    # importlib.metadata takes 0.2 s to import and to search; without a plug-in this glance is all that it costs.
    if not any(map(_names_plugins, search_path)):
        return ()
    from importlib.metadata import entry_points

    named = {entry.name: entry for entry in reversed(list(entry_points(group=GROUP)))}
    return tuple(_plugin(named[name]) for name in sorted(named))


def _names_plugins(folder: str) -> bool:
    """Say whether a distribution in a folder of ``sys.path`` declares a plug-in."""
    files = (file for kind in ("dist", "egg") for file in Path(folder).glob(f"*.{kind}-info/entry_points.txt"))
    try:
        return any(GROUP.encode() in file.read_bytes() for file in files)
    except OSError:
        return False


def _plugin(entry: EntryPoint) -> Plugin:
    from importlib.util import find_spec

    distribution = entry.dist.name if entry.dist else entry.name
    named = _described(entry.name, distribution)
    if entry.pattern.match(entry.value) is None:  # then the entry has no module either
        raise ConfigError(f"{named}: its entry point is {entry.value!r}, which is not the name of a package.")
    top, *inner = entry.module.split(".")
    try:
        spec = find_spec(top)  # of a package within another it would import the outer one
    except (ImportError, ValueError):
        spec = None
    packages = [Path(folder, *inner) for folder in (spec and spec.submodule_search_locations) or ()]
    packages = [package for package in packages if package.is_dir()]
    if not packages:
        raise ConfigError(f"{named}: there is no package {entry.module}.")
    conf = next((package / "conf" for package in packages if (package / "conf").is_dir()), None)
    if conf is None:
        raise ConfigError(f"{named}: {packages[0]} has no folder conf, which would hold its configurations.")
    return Plugin(entry.name, entry.module, conf, distribution)
