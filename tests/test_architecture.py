"""The plan of the house, kept: what may import what, and one configuration file for each class that can be chosen."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

import handwriting
from handwriting.config import CONF
from handwriting.config import targets as targets_in
from handwriting.config.trust import LIGHTNING_CALLBACKS

PACKAGE = Path(handwriting.__file__).parent
TRAINING = ("pytorch_lightning", "lightning", "handwriting.models", "handwriting.callbacks", "handwriting.jobs")

PAGES = ("app.py", "parts.py", "__main__.py", "views")
"""What of the dashboard may show something; the rest of it computes, and its tests need no Streamlit."""

FORBIDDEN = {
    "glyphs.py": ("torch", *TRAINING),
    "scales.py": ("torch", "numpy", "matplotlib", "handwriting"),
    "errors.py": ("torch", "omegaconf", "hydra", "handwriting"),
    "config": ("torch", *TRAINING, "handwriting.networks", "handwriting.data", "handwriting.runs"),
    "segmentation": ("torch", *TRAINING, "handwriting.networks", "handwriting.features", "handwriting.data"),
    "samplers": (*TRAINING, "handwriting.data", "handwriting.networks", "handwriting.runs"),
    "networks": (*TRAINING, "handwriting.data", "handwriting.config", "handwriting.runs"),
    "data": (*TRAINING[2:], "handwriting.networks", "handwriting.runs", "handwriting.config"),
    "models": TRAINING[3:],
    "features": ("handwriting.models", "handwriting.callbacks", "handwriting.metrics"),
    "metrics": ("handwriting.models", "handwriting.callbacks", "handwriting.runs"),
    "runs": (*TRAINING, "handwriting.data", "handwriting.networks", "handwriting.config"),
    "plots": (*TRAINING, "handwriting.data", "handwriting.networks", "handwriting.runs"),
    "sweeps": (
        *("pytorch_lightning", "handwriting.models", "handwriting.callbacks", "handwriting.jobs"),
        *("handwriting.data", "handwriting.networks", "handwriting.plots", "handwriting.reports"),
    ),
    "reports": (
        *("torch", "pytorch_lightning", "streamlit", "handwriting.models", "handwriting.callbacks", "handwriting.jobs"),
        "handwriting.networks",
    ),
    "dashboard": ("pytorch_lightning", "handwriting.callbacks", "handwriting.jobs"),
    "": ("handwriting.jobs", "handwriting.dashboard"),
}
"""For each room, what nothing in it imports; the last line holds for all but ``jobs`` and ``dashboard`` themselves, and
what starts them."""

OUTSIDE = ("jobs", "dashboard", "api.py", "__main__.py")

HOMES = {
    "data": "handwriting.data.sources.",
    "model": "handwriting.models.",
    "callbacks": "handwriting.callbacks.",
    "metrics": "handwriting.metrics.",
    "sampler": "handwriting.samplers.",
    "preset": "handwriting.segmentation.",
    "search": "handwriting.sweeps.",
    "trainer": "pytorch_lightning.",
    "logger": "pytorch_lightning.loggers.",
}
"""Where the classes of each config group live."""

ROOTS = {"data": "GlyphSource", "model": "LightningModule", "callbacks": "Callback", "preset": "Segmenter"}
"""The class that every choice of a group derives from."""


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


def imports(path: Path) -> Iterator[str]:
    """Yield every module that ``path`` imports while the program runs, wherever in the file it does."""
    hints = {
        node
        for branch in ast.walk(tree(path))
        if isinstance(branch, ast.If) and "TYPE_CHECKING" in ast.dump(branch.test)
        for part in branch.body
        for node in ast.walk(part)
    }
    for node in ast.walk(tree(path)):
        if node in hints:
            continue
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: import by the full name"
            yield from (f"{node.module}.{name.name}" for name in node.names)


def files(room: str) -> list[Path]:
    place = PACKAGE / room
    found = [place] if place.suffix else sorted(place.rglob("*.py"))
    return [path for path in found if room or path.relative_to(PACKAGE).parts[0] not in OUTSIDE]


@pytest.mark.parametrize("room", FORBIDDEN)
def test_the_order_of_the_rooms(room: str) -> None:
    wrong = [
        f"{path.relative_to(PACKAGE)} imports {name}"
        for path in files(room)
        for name in imports(path)
        for forbidden in FORBIDDEN[room]
        if f"{name}.".startswith(f"{forbidden}.")
    ]
    assert not wrong


def test_only_pages_know_streamlit() -> None:
    known = {
        path.relative_to(PACKAGE).as_posix()
        for path in files(".")
        for name in imports(path)
        if name.split(".")[0] in ("streamlit", "pandas")
    }
    assert known
    assert {name for name in known if not name.startswith(tuple(f"dashboard/{page}" for page in PAGES))} == set()


def test_the_order_is_read_from_real_imports() -> None:
    assert {"numpy", "handwriting.errors.DataError"} <= set(imports(PACKAGE / "glyphs.py"))
    assert "pydantic.ValidationError" in set(imports(PACKAGE / "config" / "building.py"))
    assert "pydantic_core.ErrorDetails" not in set(imports(PACKAGE / "config" / "building.py"))


def choices(group: str) -> dict[str, list[str]]:
    """Return the classes that each file of a config group names itself; a file that only composes others names none."""
    paths = sorted((CONF / group).glob("*.yaml"))
    found: dict[str, Any] = {path.stem: yaml.safe_load(path.read_text("utf-8")) for path in paths}
    return {name: [str(target) for _, target in targets_in(content)] for name, content in found.items()}


def classes(group: str) -> dict[str, tuple[Path, set[str]]]:
    """Return every class in a group's folder by its full name, with its file and the names of its bases."""
    folder = "/".join(HOMES[group].split(".")[1:-1])
    return {
        f"{HOMES[group]}{path.stem}.{node.name}": (path, {ast.unparse(base).split(".")[-1] for base in node.bases})
        for path in sorted((PACKAGE / folder).glob("*.py"))
        for node in tree(path).body
        if isinstance(node, ast.ClassDef)
    }


@pytest.mark.parametrize("group", [folder.name for folder in sorted(CONF.iterdir()) if folder.is_dir()])
def test_every_yaml_names_one_class_of_its_own_group(group: str) -> None:
    named = choices(group)
    assert all(len(targets) <= 1 for targets in named.values()), "one file names one class"
    targets = [target for found in named.values() for target in found if target not in LIGHTNING_CALLBACKS]
    if group not in HOMES:
        assert not targets, f"conf/{group} only changes what other groups chose"
        return
    assert targets or not named, f"conf/{group} names no class at all"
    assert [target for target in targets if not target.startswith(HOMES[group])] == []
    if HOMES[group].startswith("handwriting."):
        assert set(targets) <= set(classes(group))
        assert len(set(targets)) == len(targets), "one class, one file"


@pytest.mark.parametrize("group", ROOTS)
def test_every_class_that_can_be_chosen_has_its_yaml(group: str) -> None:
    """A class is a choice where nothing in its folder derives from it and no other module puts it to use by name."""
    found = classes(group)
    known = {ROOTS[group]}
    while more := {name.split(".")[-1] for name, (_, bases) in found.items() if bases & known} - known:
        known |= more
    bases = {base for _, of in found.values() for base in of}
    used = {name for path in files(".") for name in imports(path)}
    leaves = {
        name
        for name, (_, of) in found.items()
        if of & known and name.split(".")[-1] not in bases and name not in used and "._" not in name
    }
    named = {target for targets in choices(group).values() for target in targets}
    assert leaves <= named, "write its file in conf/"
