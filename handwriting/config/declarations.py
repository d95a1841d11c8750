"""What the job or the class behind a key declares of its value, found by importing as little as possible."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from handwriting import fields
from handwriting.config.annotations import numbers_of
from handwriting.config.folders import CONF, conf_folders, first_comment, named, read_text, read_yaml
from handwriting.config.importing import imported, refusing_to_import
from handwriting.config.trust import targets, trees_of
from handwriting.errors import ConfigError, ConfigFileError


@dataclass(frozen=True)
class Command:
    """A job as the command line knows it: a root config, and a module with its ``run`` and its ``Arguments``.

    :func:`handwriting.config.jobs` finds all of them.

    Attributes:
        name: The name of both.
        package: The package that holds the module.
        conf: The folder that holds the root config.
    """

    name: str
    package: str = "handwriting.jobs"
    conf: Path = CONF

    @property
    def module(self) -> str:
        """The full name of the module."""
        return f"{self.package}.{self.name}"

    @property
    def file(self) -> Path:
        """The root config."""
        return self.conf / f"{self.name}.yaml"

    @property
    def primary_folder(self) -> Path:
        """The folder that Hydra composes from; its search path adds those of plug-ins, and so their jobs."""
        return CONF if self.conf in conf_folders() else self.conf

    @property
    def summary(self) -> str:
        """What it does, in one line."""
        return first_comment(self.file)

    @property
    def root(self) -> Mapping[str, Any]:
        """What the root config holds, its keys in order."""
        return {str(key): value for key, value in self.read().items() if key not in ("defaults", "hydra")}

    @property
    def described(self) -> dict[str, tuple[str, str]]:
        """The keys of its own that the root config describes: the value unless given, as text, and what it means."""
        keys = re.findall(r"^(\w+): *(.*?) +# (.*)$", read_text(self.file), re.MULTILINE)
        return {key: (value, comment) for key, value, comment in keys}

    def read(self) -> Mapping[str, Any]:
        """Return all that the root config holds; nothing where there is none.

        Raises:
            ConfigFileError: If it cannot be read, or is no root config.
        """
        tree = read_yaml(self.file) if self.file.is_file() else {}
        if not isinstance(tree, Mapping):
            raise ConfigFileError(f"{named(self.file)} configures a job, but does not map keys to values.")
        if not isinstance(tree.get("defaults", []), list):
            raise ConfigFileError(f"{named(self.file)}: defaults must be a list.")
        return tree

    @property
    def defaults(self) -> dict[str, Any]:
        """The choice of each group that the root config makes, in order; None where it makes none."""
        pairs = (
            pair for entry in self.read().get("defaults", ()) if isinstance(entry, Mapping) for pair in entry.items()
        )
        return {str(group).removeprefix("override ").lstrip("/"): choice for group, choice in pairs}

    def load(self) -> ModuleType:
        """Return the module, imported.

        Raises:
            ConfigError: If it is a plug-in's, and cannot be imported or has no ``run``.
        """
        if self.conf not in conf_folders()[1:]:
            return import_module(self.module)
        here = f"{self.file} configures a job, but {self.module}"
        with refusing_to_import(self.module, here):
            module = import_module(self.module)
        if not callable(getattr(module, "run", None)):
            raise ConfigError(f"{here} has no function run(cfg).")
        return module


TRAIN = Command("train")


def text_kind_of(command: Command, key: str) -> fields.Kind | None:
    """Return what the text of a key stands for; None where the value is none, or where nothing is declared.

    >>> text_kind_of(Command("sample"), "run"), text_kind_of(TRAIN, "seed"), text_kind_of(TRAIN, "data.root")
    ('folder', None, 'folder')
    """
    kind = fields.text_kind(hint_of(command, key))
    return kind.kind if kind else None


def hint_of(command: Command, key: str, config_dirs: tuple[Path, ...] = ()) -> Any:
    """Return the type of the value of a key where it may be text; None where it is none, or no such key is known.

    What the YAML files say comes first: a key whose value there is a number needs no class to be imported.

    Args:
        command: The job.
        key: A key of the job such as ``run``, or of a section such as ``data.path``.
        config_dirs: Folders of ``--config-dir``.
    """
    section, _, rest = key.partition(".")
    if not rest:
        return _arguments_hint(command, key) if may_be_text(command.root.get(key, 0)) else None
    for field, target in classes_at(section, rest, config_dirs):
        module = target.rpartition(".")[0]
        try:
            with refusing_to_import(module, target):
                # Nothing of Lightning declares a kind of text; and a sweep is watched without PyTorch.
                if target.startswith("pytorch_lightning.") or numbers_of(target, field):
                    continue
                hint = fields.hint_at(imported(target, target), field)
        except (ConfigError, ImportError, AttributeError, ValueError):
            continue  # building it says what is wrong
        if hint is not None and fields.text_kind(hint):
            return hint
    return None


def _arguments_hint(command: Command, key: str) -> Any:
    arguments = getattr(command.load(), "Arguments", None)
    return arguments and fields.hints_of(arguments).get(key)


def classes_at(section: str, rest: str, config_dirs: tuple[Path, ...]) -> Iterator[tuple[str, str]]:
    """Yield the classes that a key of a section may be a field of, each as the field's name and the class's."""
    files = [tree for folder in (*conf_folders(), *config_dirs) for tree in trees_of(folder, section)]
    values = [value for tree in files for value in _value_at(tree, rest)]
    if not values or not any(map(may_be_text, values)):
        return
    for tree in files:
        for where, target in targets(tree):
            inside = where and f"{where}."
            if rest.startswith(inside) and isinstance(target, str):
                yield rest.removeprefix(inside), target


def _value_at(tree: Any, key: str) -> Iterator[Any]:
    """Yield the value at a dotted key, where there is one."""
    for part in key.split("."):
        if not isinstance(tree, Mapping) or part not in tree:
            return
        tree = tree[part]
    yield tree


def may_be_text(value: Any) -> bool:
    """Whether a key with this value in a YAML file may be given text: it is text, or nothing yet."""
    if isinstance(value, str):
        try:
            float(value)  # PyYAML reads 1e-4 as text; OmegaConf, which composes, as a number
        except ValueError:
            return True
        return False
    return value is None
