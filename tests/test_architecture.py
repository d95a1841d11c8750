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
ORDER = (
    *(
        "errors",
        "machine",
        "text",
        "progress",
        "interruption",
        "terminal",
        "fields",
        "checking",
        "files",
        "legacy",
        "plugins",
        "config",
        "scales",
        "glyphs",
        "metric_values",
    ),
    *("segmentation", "labelling", "writing", "networks", "plots"),
    *("data.preparation", "data.formats", "pages", "data.sources", "data.loading"),
    *("runs", "features", "metrics", "models", "callbacks", "engine", "sweeps", "reports"),
    *("dashboard", "jobs", "api"),
)
"""The rooms from the lowest to the highest: each imports only from those before it."""

TORCH = ("torch", "pytorch_lightning", "lightning_fabric", "torchmetrics")
LIGHTNING = TORCH[1:3]
LIGHT = ("errors", "machine", "text", "progress", "interruption", "terminal", "fields", "checking", "legacy", "plugins",
         "config", "glyphs", "metric_values", "segmentation", "labelling", "writing", "pages", "data.formats",
         "data.sources", "reports", "plots", "jobs", "api")  # fmt: skip
"""The rooms that import no torch at module level: what they answer or refuse is seen within a second."""

FORBIDDEN: dict[str, tuple[str, ...]] = {
    "segmentation": (*TORCH, "handwriting.networks", "handwriting.features", "handwriting.data"),
    "writing": (*TORCH, "handwriting.networks", "handwriting.features", "handwriting.data"),
    "networks": (*LIGHTNING, "handwriting.config", "handwriting.data"),
    "data": ("handwriting.config",),
    "metrics": ("pytorch_lightning",),
    "features": ("pytorch_lightning",),
    "runs": (*LIGHTNING, "handwriting.config", "handwriting.data", "handwriting.networks"),
    "plots": (*TORCH, "handwriting.data", "handwriting.runs"),
    "sweeps": ("pytorch_lightning", "handwriting.plots", "handwriting.data", "handwriting.models"),
    "reports": (*TORCH, "handwriting.models", "handwriting.networks", "handwriting.engine"),
    "dashboard": ("pytorch_lightning", "handwriting.callbacks"),
}
"""What a room does not import besides, wherever in its files."""

PAGES = ("app.py", "parts.py", "__main__.py", "views")
"""What of the dashboard may show something; the rest of it computes, and its tests need no Streamlit."""

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


def imports(path: Path, *, hints: bool = False, lazy: bool = True) -> Iterator[str]:
    """Yield every module that ``path`` imports.

    Args:
        path: A Python file.
        hints: Imports under ``TYPE_CHECKING`` as well.
        lazy: Imports within functions as well.
    """
    skipped = {
        node
        for branch in ast.walk(tree(path))
        if (isinstance(branch, ast.If) and "TYPE_CHECKING" in ast.dump(branch.test) and not hints)
        or (isinstance(branch, ast.FunctionDef) and not lazy)
        for part in branch.body
        for node in ast.walk(part)
    }
    for node in ast.walk(tree(path)):
        if node in skipped:
            continue
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: import by the full name"
            yield from (f"{node.module}.{name.name}" for name in node.names)


def module_name(path: Path) -> str:
    """Return the full name of the module in a file."""
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def modules() -> dict[str, Path]:
    """Return every module of the package with its file."""
    return {module_name(path): path for path in sorted(PACKAGE.rglob("*.py"))}


@cache
def within_package(path: Path, **how: bool) -> frozenset[str]:
    """Return the modules of the package that a file imports."""
    found = set()
    for name in imports(path, **how):
        module = name if name in modules() else name.rpartition(".")[0]
        if module in modules() and module != module_name(path):
            found.add(module)
    return frozenset(found)


def room_of(module: str) -> str:
    """Return the room of a module: ``data.sources`` of ``handwriting.data.sources.mnist``; empty for the package."""
    parts = module.split(".")[1:]
    return ".".join(parts[:2]) if parts[:1] == ["data"] else parts[0] if parts else ""


def files(room: str) -> list[Path]:
    """Return the files of a room, or of ``data`` as a whole."""
    return [path for name, path in modules().items() if f"{room_of(name)}.".startswith(f"{room}.")]


@pytest.mark.parametrize("room", ORDER)
def test_a_room_imports_only_from_those_below_it(room: str) -> None:
    above = ORDER[ORDER.index(room) + 1 :]
    wrong = [
        f"{path.relative_to(PACKAGE)} imports {module}"
        for path in files(room)
        for module in within_package(path, hints=True)
        if room_of(module) in above
    ]
    assert not wrong


def test_every_room_has_its_place_in_the_order() -> None:
    assert {room_of(name) for name in modules()} - {"", "__main__", "data"} == set(ORDER)


@pytest.mark.parametrize("room", FORBIDDEN)
def test_a_room_keeps_out_what_is_not_its_business(room: str) -> None:
    wrong = [
        f"{path.relative_to(PACKAGE)} imports {name}"
        for path in files(room)
        for name in imports(path)
        for forbidden in FORBIDDEN[room]
        if f"{name}.".startswith(f"{forbidden}.")
    ]
    assert not wrong


@pytest.mark.parametrize("room", LIGHT)
def test_what_answers_at_once_imports_no_torch(room: str) -> None:
    """Neither itself nor through what it imports."""
    heavy = {}

    def reach(module: str, way: tuple[str, ...]) -> None:
        if module in heavy:
            return
        heavy[module] = [
            " -> ".join((*way, name)) for name in imports(modules()[module], lazy=False) if name.split(".")[0] in TORCH
        ]
        for other in within_package(modules()[module], lazy=False):
            reach(other, (*way, other))

    for path in files(room):
        reach(module_name(path), (module_name(path),))
    assert [way for ways in heavy.values() for way in ways] == []


def test_no_modules_import_each_other_in_a_circle() -> None:
    """Not for types either, nor from within functions."""
    graph = {name: within_package(path, hints=True) for name, path in modules().items()}
    while leaves := {name for name, needed in graph.items() if not needed & graph.keys()}:
        graph = {name: needed for name, needed in graph.items() if name not in leaves}
    assert not graph, "these import each other, or what does"


def test_no_two_classes_have_one_name() -> None:
    """But the ``Arguments`` of each job, which are found by that name as its ``run`` is."""
    homes: dict[str, list[str]] = {}
    for name, path in modules().items():
        for node in tree(path).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_") and node.name != "Arguments":
                homes.setdefault(node.name, []).append(name)
    assert {name: places for name, places in homes.items() if len(places) > 1} == {}


def test_only_pages_know_streamlit() -> None:
    known = {
        path.relative_to(PACKAGE).as_posix()
        for path in modules().values()
        for name in imports(path)
        if name.split(".")[0] in ("streamlit", "pandas")
    }
    assert known
    assert {name for name in known if not name.startswith(tuple(f"dashboard/{page}" for page in PAGES))} == set()


def test_the_order_is_read_from_real_imports() -> None:
    assert {"numpy", "handwriting.errors.DataError"} <= set(imports(PACKAGE / "glyphs.py"))
    assert "pydantic.ValidationError" in set(imports(PACKAGE / "checking.py"))
    assert "pydantic_core.ErrorDetails" not in set(imports(PACKAGE / "checking.py"))


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
    used = {name for path in modules().values() for name in imports(path)}
    leaves = {
        name
        for name, (_, of) in found.items()
        if of & known and name.split(".")[-1] not in bases and name not in used and "._" not in name
    }
    named = {target for targets in choices(group).values() for target in targets}
    assert leaves <= named, "write its file in conf/"
