"""The reference of all keys, written from the files of ``conf/`` and their comments as the site is built."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from sphinx.application import Sphinx

from handwriting.config import CONF, describe, jobs
from handwriting.config.folders import first_comment

PAGE = "reference/keys"
"""The page whose marker is replaced by the tables."""
MARKER = "<!-- the tables of all keys -->"
HIDDEN = ("defaults", "hydra", "_target_")


class Key(NamedTuple):
    """A key of a file: its full name within the file, its value as it stands there, and its comment."""

    name: str
    value: str
    comment: str


def keys_of(file: Path) -> Iterator[Key]:
    """Yield the keys of a YAML file in order; of a section its keys, and itself where it has a comment."""
    sections: list[tuple[int, str]] = []
    for line in file.read_text("utf-8").splitlines():
        match = re.fullmatch(r"( *)([\w/.]+):(?: +(?!#)(.*?))??(?: +# (.*))?", line)
        if not match:
            continue
        indent, name, value, comment = len(match[1]), match[2], match[3], match[4] or ""
        sections = [section for section in sections if section[0] < indent]
        path = [*(section for _, section in sections), name]
        if path[0] in HIDDEN or name in HIDDEN:
            sections.append((indent, name))
            continue
        if value is None:
            sections.append((indent, name))
            if not comment:
                continue
        yield Key(".".join(path), value or "", comment)


def table(file: Path, prefix: str = "") -> list[str]:
    """Return the keys of a file as a table; nothing where it has none."""
    rows = [
        f"| `{prefix}{key.name}` | {f'`{shown(key.value)}`' if key.value else ''} | {cell(key.comment)} |"
        for key in keys_of(file)
    ]
    return ["| key | default | meaning |", "|---|---|---|", *rows, ""] if rows else []


def shown(value: str) -> str:
    """Return a default as a table shows it: a key without one must be given."""
    return "required" if value == "???" else value.replace("|", "\\|")


def cell(text: str) -> str:
    """Return plain text as Markdown shows it, within its cell."""
    return re.sub(r"([|<*_\[\]`])", r"\\\1", text)


def commands() -> Iterator[str]:
    """Yield the keys of each command."""
    yield "## Commands\n"
    for command in jobs().values():
        yield f"### {command.name}\n\n{command.summary}.\n"
        groups = [f"`{group}`" for group in command.defaults if not group.startswith("hydra/")]
        if groups:
            yield f"Groups: {', '.join(groups)}.\n"
        yield "\n".join(table(command.file))


def groups() -> Iterator[str]:
    """Yield the choices of each group, and the keys of each."""
    yield "## Groups\n"
    for group, choices in describe().items():
        folder = CONF / group
        if not folder.is_dir():
            continue
        yield f"### {group.replace('/', ': ')}\n"
        own = group in ("callbacks", "metrics", "debug", "logger")  # their files name the section themselves
        prefix = "" if own and group in ("debug",) else f"{group.replace('/', '.')}."
        for shared in sorted(folder.glob("_*.yaml")):
            if rows := table(shared, prefix):
                yield f"**{first_comment(shared)}:**\n\n" + "\n".join(rows)
        for name, summary in choices.items():
            yield f"**`{group}={name}`**: {summary}\n\n" + "\n".join(table(folder / f"{name}.yaml", prefix))


def write_keys(app: Sphinx, docname: str, source: list[str]) -> None:
    """Put the tables into their page."""
    if docname == PAGE:
        source[0] = source[0].replace(MARKER, "\n".join([*commands(), *groups()]))


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx."""
    app.connect("source-read", write_keys)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
