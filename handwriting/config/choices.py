"""What there is to choose from: jobs, config groups and their choices, each described in one line."""

from __future__ import annotations

from pathlib import Path

from handwriting.config import folders


def jobs() -> dict[str, str]:
    """Return every job, by the name of its root config, and what it does in one line."""
    return {path.stem: first_comment(path) for path in sorted(folders.CONF.glob("*.yaml"))}


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


def _choices(folder: Path) -> dict[str, str]:
    paths = (path for path in sorted(folder.rglob("*.yaml")) if not path.name.startswith("_"))
    return {path.relative_to(folder).with_suffix("").as_posix(): first_comment(path) for path in paths}


def first_comment(path: Path) -> str:
    """Return the first comment of a YAML file, which says what it is in one line."""
    text = path.read_text("utf-8", errors="replace")
    comments = (line[1:].strip() for line in text.splitlines() if line.startswith("#"))
    return next((comment for comment in comments if not comment.startswith("@package")), "")
