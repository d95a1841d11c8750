"""What may come next on a command line: jobs, keys, choices and values, as the files of configurations declare them.

A shell asks at every press of the tab key, so no class is imported: their sources say what values a field takes.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from handwriting.config import folders
from handwriting.config.annotations import annotation_of
from handwriting.config.choices import choices_of
from handwriting.config.declarations import Command, classes_at, may_be_text
from handwriting.config.trust import GLOBAL_GROUPS

_PATHS = frozenset({"FolderPath", "AnyPath"})
_TEXTS = frozenset({"TextAsTyped"})
"""Annotates a text that a file may hold: ``text=@letter.txt``."""
_SWITCHES = frozenset({"bool", "Switch"})


@dataclass(frozen=True)
class Completions:
    """What a shell may put in place of the last word.

    Attributes:
        words: The whole words, each with what it means in one line, which may be empty.
        files: Whether a file or folder may stand there instead, after the ``=`` where the word has one.
    """

    words: Mapping[str, str] = field(default_factory=dict)
    files: bool = False


def complete_keys(command: Command, given: Sequence[str], start: str) -> Completions:
    """Return the keys of a job that a word can go on as: ``seed=``, ``model=``, ``model.lr=``.

    Args:
        command: The job.
        given: The words before it.
        start: The word as far as it is typed.
    """
    used = {word.partition("=")[0] for word in given}
    described = command.described
    keys = {f"{key}=": described.get(key, ("", ""))[1] for key in command.root if key not in used}
    groups = list(choices_of(command))
    keys |= {f"{group}=": "" for group in groups if group not in used}
    for group in groups:
        section = group.replace("/", ".") + "."
        if inner := _section_keys(command, group, given):
            if start.startswith(section):
                keys |= {f"{section}{key}=": "" for key in inner if section + key not in used}
            else:
                keys[section] = ""
    return Completions({key: comment for key, comment in keys.items() if key.startswith(start)})


def complete_value(command: Command, given: Sequence[str], word: str) -> Completions:
    """Return the values that a word ``key=...`` can go on as, the last one where it lists several.

    Args:
        command: The job.
        given: The words before it.
        word: The word as far as it is typed.
    """
    match = re.fullmatch(r"(\+{0,2}([\w./]+)=)((?:.*[,\[])?)([^,\[]*)", word, re.DOTALL)
    if not match:
        return Completions()
    before, key, others, start = match.groups()
    choices = choices_of(command)
    if key in choices:
        found = Completions(choices[key])
    elif "." in key:
        found = _values_in_section(command, key, given)
    else:
        found = _values_declared(annotation_of(f"{command.module}.Arguments", key), start)
    if found.files:
        return found
    return Completions(
        {f"{before}{others}{name}": text for name, text in found.words.items() if name.startswith(start)}
    )


def _values_declared(annotation: ast.expr | None, start: str = "") -> Completions:
    """Return the values that an annotation admits, where it names them; files where it declares a path."""
    if annotation is None:
        return Completions()
    names = {part.id for part in ast.walk(annotation) if isinstance(part, ast.Name)}
    if names & _PATHS or (names & _TEXTS and start.startswith("@")):
        return Completions(files=True)
    constants = [part.value for part in ast.walk(annotation) if isinstance(part, ast.Constant)]
    words = [value for value in constants if isinstance(value, str)] if "Literal" in names else []
    words += ["true", "false"] if names & _SWITCHES else []
    words += ["null"] if words and None in constants else []
    return Completions(dict.fromkeys(words, ""))


def _values_in_section(command: Command, key: str, given: Sequence[str]) -> Completions:
    """Return the values of a key such as ``data.root``; its default says what its class does not."""
    group, _, rest = key.partition(".")
    for name, target in classes_at(group, rest, ()):
        if target.startswith("handwriting.") and (annotation := annotation_of(target, name)):
            found = _values_declared(annotation)
            if found.words or found.files:
                return found
    default = _section_keys(command, group, given).get(rest, 0)
    if isinstance(default, bool):
        return Completions({"true": "", "false": ""})
    return Completions(files=may_be_text(default))


def _section_keys(command: Command, group: str, given: Sequence[str]) -> dict[str, Any]:
    """Return the dotted keys within a group's section, each with its default, as its chosen files hold them."""
    if group in GLOBAL_GROUPS:
        return {}
    typed = [word.partition("=")[2] for word in given if word.startswith(f"{group}=")]
    chosen = typed[-1] if typed else command.defaults.get(group) or ""
    names = [chosen] if isinstance(chosen, str) else list(map(str, chosen))
    listed = [name for text in names for name in re.split(r"[\[\],]", text) if name]
    return {key: value for name in listed for key, value in _keys_of(group, name, frozenset())}


def _keys_of(group: str, name: str, above: frozenset[str]) -> Iterator[tuple[str, Any]]:
    """Yield the keys of one choice, those of the files that it is composed of first."""
    file = next(
        (file for folder in folders.conf_folders() if (file := folder / group / f"{name}.yaml").is_file()), None
    )
    tree = folders.read_yaml(file) if file and name not in above else None
    if not isinstance(tree, Mapping):
        return
    for entry in tree.get("defaults", ()):
        if isinstance(entry, str) and entry != "_self_":
            yield from _keys_of(group, entry, above | {name})
    yield from _flat({key: value for key, value in tree.items() if key != "defaults"})


def _flat(tree: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in tree.items():
        if key == "_target_":
            continue
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value
