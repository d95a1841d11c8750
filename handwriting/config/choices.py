"""What there is to choose from: jobs, config groups and their choices, each described in one line."""

from __future__ import annotations

from pathlib import Path

from handwriting import plugins
from handwriting.config import folders
from handwriting.config.declarations import Command


def jobs() -> dict[str, Command]:
    """Return every job by its name: our own, then those of installed plug-ins.

    Raises:
        ConfigError: If an installed plug-in is broken.
    """
    folders.conf_folders()  # refuses a plug-in's job with the name of another
    ours = [Command(file.stem) for file in sorted(folders.CONF.glob("*.yaml"))]
    others = [
        Command(file.stem, f"{plugin.package}.jobs", plugin.conf)
        for plugin in plugins.installed()
        for file in sorted(plugin.conf.glob("*.yaml"))
    ]
    return {command.name: command for command in (*ours, *others)}


def describe() -> dict[str, dict[str, str]]:
    """Return every config group, its choices, and what each is in one line; experiments are a group, too.

    Raises:
        ConfigError: If an installed plug-in is broken.
    """
    groups: dict[str, dict[str, str]] = {}
    for folder in folders.conf_folders():
        groups_here = [path for path in sorted(folder.iterdir()) if path.is_dir() and path.name != "hydra"]
        groups_here += sorted(path for path in (folder / "hydra").glob("*") if path.is_dir())  # Hydra's own groups
        for path in groups_here:
            groups.setdefault(path.relative_to(folder).as_posix(), {}).update(_choices(path))
    groups["experiments"] = {**_choices(folders.EXPERIMENTS), **groups.get("experiments", {})}
    return groups


def choices_of(command: Command) -> dict[str, dict[str, str]]:
    """Return the groups in which a job has something to choose, in its order, with their choices as :func:`describe`.

    Raises:
        ConfigError: If an installed plug-in is broken.
    """
    groups = {group: choices for group, choices in describe().items() if group in command.defaults and choices}
    # One file of a group of Hydra's own only configures it.
    return {group: choices for group, choices in groups.items() if not group.startswith("hydra/") or len(choices) > 1}


def _choices(folder: Path) -> dict[str, str]:
    paths = (path for path in sorted(folder.rglob("*.yaml")) if not path.name.startswith("_"))
    return {path.relative_to(folder).with_suffix("").as_posix(): folders.first_comment(path) for path in paths}
