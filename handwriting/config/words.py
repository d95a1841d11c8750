"""The words of a command line: put into the current names, completed and quoted, so that Hydra reads what was meant."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from handwriting import legacy
from handwriting.config import folders
from handwriting.config.choices import describe
from handwriting.config.declarations import TRAIN, Command, hint_of
from handwriting.config.reading import literal
from handwriting.config.trust import GLOBAL_GROUPS, trees_of
from handwriting.errors import ConfigError
from handwriting.fields import admits_none, text_kind

_ASSIGNMENT = re.compile(r"(\+{0,2})([\w./@]+)=(.*)", re.DOTALL)
_STRING = r"""(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")"""
_QUOTED = re.compile(rf"{_STRING}(?:,{_STRING})*", re.DOTALL)
"""Text in quotes, or several of them, which a sweep tries in turn."""
_VALUE = re.compile(r"[-+.\d]+|true|false|null", re.IGNORECASE)
"""What Hydra reads as a value rather than as the name of a choice."""
_NO_VALUE = "???"
"""What OmegaConf takes for a value that is still to be given, in quotes as well."""
_NO_VALUE_AS_TEXT = f"""'${{oc.decode:"{_NO_VALUE}"}}'"""
"""The same as a text: what an interpolation results in is a value like any other."""
_PLAIN = re.compile(r"(?!(?:true|false|null|inf|nan)$)(?:\.{0,2}/|[a-z_])[\w./-]*", re.IGNORECASE | re.ASCII)
"""Text that Hydra reads as it is, and that is easier to read without quotes."""


def hydra_overrides(command: Command, overrides: Sequence[str], config_dirs: tuple[Path, ...] = ()) -> list[str]:
    """Return overrides as Hydra is given them.

    Keys of earlier versions get their current names; ``+callbacks=early_stopping`` adds to the choice of
    ``callbacks``; plain text is quoted.

    >>> hydra_overrides(TRAIN, ["+callbacks=early_stopping", "resume=my run"])
    ["resume='my run'", 'callbacks=[default,early_stopping]']

    Args:
        command: The job.
        overrides: What was typed, flags excluded.
        config_dirs: Folders of ``--config-dir``.

    Raises:
        ConfigError: If a group that has a choice is given none.
    """
    current = [legacy.current_override(override) for override in overrides]
    for override in current:
        group, _, choice = override.partition("=")
        if choice == "null" and command.defaults.get(group) is not None:
            alternative = "none" if "none" in describe().get(group, ()) else "<choice>"
            raise ConfigError(
                f"{override}: the group cannot be left out. Give {group}={alternative}; --help lists them."
            )
    completed = _with_added_choices(command, current, config_dirs)
    return [_quote_value(override, command, config_dirs) for override in completed]


def quote(override: str, command: Command = TRAIN, config_dirs: tuple[Path, ...] = ()) -> str:
    r"""Quote the value of a key that takes plain text, so that it passes Hydra's grammar exactly as typed.

    >>> quote("resume=IMG (1).jpg"), quote("model=cgan"), quote("resume=null")
    ("resume='IMG (1).jpg'", 'model=cgan', 'resume=null')
    """
    return _quote_value(legacy.current_override(override), command, config_dirs)


def _quote_value(override: str, command: Command, config_dirs: tuple[Path, ...]) -> str:
    match = _ASSIGNMENT.fullmatch(override)
    if not match:
        return override
    prefix, key, value = match.groups()
    if _PLAIN.fullmatch(value):
        return override
    hint = hint_of(command, key, config_dirs)
    kind = text_kind(hint)
    if _QUOTED.fullmatch(value) and not (kind and kind.as_typed):
        return override
    if kind is None or (value == "null" and (kind.is_path or admits_none(hint))):
        return override
    return f"{prefix}{key}={quoted(value)}"


def quoted(text: str) -> str:
    """Return any text as Hydra's grammar reads it exactly as it is: in quotes, where it needs them.

    >>> quoted("../data"), quoted("a b"), quoted("null")
    ('../data', "'a b'", "'null'")
    """
    if _PLAIN.fullmatch(text):
        return text
    if text == _NO_VALUE:
        return _NO_VALUE_AS_TEXT
    # Backslashes count in Hydra's quotes only before another quote and at the end; there they are doubled.
    inside = re.sub(r"(\\*)('|\Z)", lambda end: end[1] * 2 + ("\\'" if end[2] else ""), literal(text))
    return f"'{inside}'"


def typed_command() -> str:
    """Return the command line of this process as the user can type it again: ``handwriting train ...``."""
    script = Path(sys.argv[0])
    program = ["python", sys.argv[0]] if script.suffix == ".py" and script.name != "__main__.py" else ["handwriting"]
    return shlex.join([*program, *sys.argv[1:]])


def usual_command(job: str, *words: str) -> str:
    """Return a command line that runs a job with this installation: by its script in a checkout, else by the program.

    Args:
        job: The job, such as ``train``.
        words: What it is given.
    """
    script, started = folders.CONF.parent / f"{job}.py", Path(sys.argv[0])
    program = ["handwriting", job]
    if script.is_file() and started.name == script.name and started.resolve() == script:
        program = ["python", sys.argv[0]]
    elif script.is_file() and script.parent == Path.cwd():
        program = ["python", script.name]
    return shlex.join([*program, *words])


def _with_added_choices(command: Command, overrides: list[str], config_dirs: tuple[Path, ...]) -> list[str]:
    """Rewrite ``+group=choice`` of a group that is chosen already, which Hydra refuses, into a list of both choices.

    Raises:
        ConfigError: If only one choice of the group can be made.
    """
    if not any(override.startswith("+") for override in overrides):
        return overrides
    defaults = command.defaults
    added: dict[str, list[str]] = {}
    others: list[str] = []
    for override in overrides:
        match = _ASSIGNMENT.fullmatch(override)
        if match and match[1] and match[2] in defaults and _holds_sections(match[2], config_dirs):
            if any(_VALUE.fullmatch(name) for name in _listed(match[3])):  # Hydra ends in a TypeError
                raise ConfigError(f"{override}: no such choice. There are: {', '.join(describe()[match[2]])}")
            added.setdefault(match[2], []).append(match[3])
        elif match and match[1] and (defaults.get(match[2]) or _is_given(match[2], overrides)):
            # Hydra would take it, and then train with the other choice.
            raise ConfigError(
                f"{override}: {match[2]} has one choice only: write {match[2]}={match[3]}. +<group>=<choice> adds to "
                "callbacks, metrics and logger."
            )
        else:
            others.append(override)
    for group, choices in added.items():
        chosen = [override for override in others if override.startswith(f"{group}=")]
        others = [override for override in others if override not in chosen]
        before = chosen[-1].partition("=")[2] if chosen else _chosen(command, group, others)
        alternatives = [_listed(before)]
        for choice in choices:
            alternatives = [[*have, *_listed(more)] for have in alternatives for more in _split(choice)]
        lists = [f"[{','.join(names)}]" for names in alternatives]
        others.append(f"{group}={','.join(lists)}")
    return others


def _is_given(group: str, overrides: list[str]) -> bool:
    """Whether a choice of a config group is among the overrides, which is not the same as a value of a key."""
    return group in describe() and any(override.startswith(f"{group}=") for override in overrides)


def _holds_sections(group: str, config_dirs: tuple[Path, ...]) -> bool:
    """Whether the choices of a group are named sections, which can be joined, rather than one class each."""
    trees = [tree for folder in (*folders.conf_folders(), *config_dirs) for tree in trees_of(folder, group)]
    named = [tree for tree in trees if isinstance(tree, Mapping) and tree]
    return bool(named) and not any("_target_" in tree for tree in named) and group not in GLOBAL_GROUPS


def _chosen(command: Command, group: str, overrides: list[str]) -> str:
    """Return the choice of a group by an experiment or a quick look that is chosen, or else by the root config."""
    choice = command.defaults[group]
    for name in GLOBAL_GROUPS:
        for override in overrides:
            if override.startswith(f"{name}="):
                file = override.partition("=")[2]
                homes = [folders.EXPERIMENTS.parent, *folders.conf_folders()]
                path = next((path for home in homes if (path := home / name / f"{file}.yaml").is_file()), None)
                entries = (folders.read_yaml(path) or {}).get("defaults", ()) if path else ()
                for entry in entries:
                    choice = entry.get(f"override /{group}", choice) if isinstance(entry, Mapping) else choice
    return _as_text(choice)


def _as_text(choice: Any) -> str:
    if choice is None:
        return ""
    return f"[{','.join(map(str, choice))}]" if isinstance(choice, list | tuple) else str(choice)


def _listed(choice: str) -> list[str]:
    """Return the names in ``a`` or ``[a,b]``."""
    return [name for name in (part.strip() for part in choice.removeprefix("[").removesuffix("]").split(",")) if name]


def _split(choice: str) -> list[str]:
    """Return the values that ``a,[b,c]`` gives one after the other."""
    return re.findall(r"\[[^\]]*\]|[^,\[\]]+", choice)
