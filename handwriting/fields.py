"""What a field of a configurable class declares besides its type, by ``Annotated``.

A field that is free text or a path says so, so that the command line can quote its value and the dashboard can confine
it; a field that may change when a run resumes says so as well. No list elsewhere names a key.
"""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Literal

Kind = Literal["folder", "path", "text", "names"]
"""What text stands for: a folder, a file or folder, free text, or names separated by commas."""


@dataclass(frozen=True)
class TextKind:
    """Declares what the text of a field stands for.

    Attributes:
        kind: A path is looked up in the file system; text and names are not.
    """

    kind: Kind

    @property
    def is_path(self) -> bool:
        """Whether the text is looked up in the file system."""
        return self.kind in ("folder", "path")


@dataclass(frozen=True)
class ChangesOnResume:
    """Declares that a resumed run may be given another value: neither architecture nor glyphs depend on it."""


FolderPath = Annotated[str, TextKind("folder")]
AnyPath = Annotated[str, TextKind("path")]
FreeText = Annotated[str, TextKind("text")]
Names = Annotated[str, TextKind("names")]


def hints_of(cls: type) -> dict[str, Any]:
    """Return the type of each field of a dataclass that a configuration may set, with what it declares."""
    hints = typing.get_type_hints(cls, include_extras=True)
    return {field.name: hints[field.name] for field in dataclasses.fields(cls) if field.init}


def declared(hint: Any, kind: type) -> Iterator[Any]:
    """Yield every declaration of a kind in a type, wherever it stands: ``FolderPath | None`` declares a folder."""
    if typing.get_origin(hint) is Annotated:
        yield from (item for item in hint.__metadata__ if isinstance(item, kind))
    for part in typing.get_args(hint):
        if not isinstance(part, kind):
            yield from declared(part, kind)
