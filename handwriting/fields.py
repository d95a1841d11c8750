"""What a field of a configurable class declares besides its type, by ``Annotated``.

A field that holds free text or a path declares it, so that the command line can quote its value and the dashboard can
confine it; a field that may change when a run resumes declares that as well. No list elsewhere names a key.

>>> from dataclasses import dataclass
>>> @dataclass
... class Letters:
...     folder: FolderPath
...     pattern: FreeText = "*"
...     weights: dict[str, float] | None = None  # undeclared text counts as a path
...     size: int = 28
>>> path_fields(Letters)
('folder', 'weights')
"""

from __future__ import annotations

import dataclasses
import enum
import inspect
import os
import types
import typing
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

Kind = Literal["folder", "path", "text", "names"]
"""What text stands for: a folder, a file or folder, free text, or names separated by commas."""


@dataclass(frozen=True)
class TextKind:
    """Declares what the text of a field stands for.

    Attributes:
        kind: A path is looked up in the file system; text and names are not.
        as_typed: Whether quotes around a value on the command line are part of it, rather than there for Hydra.
    """

    kind: Kind
    as_typed: bool = False

    @property
    def is_path(self) -> bool:
        """Whether the text is looked up in the file system."""
        return self.kind in ("folder", "path")

    def __get_pydantic_core_schema__(self, source: Any, handler: Callable[[Any], Any]) -> Any:
        """Let code give a path as a ``Path``, too: the field holds its text. An empty text is no path."""
        if not self.is_path:
            return handler(source)
        from pydantic_core import core_schema

        def as_text(value: Any) -> Any:
            if value == "":  # which would be the current folder
                raise ValueError(f"it is empty: give a {self.kind}")
            text = _path_as_text(value)
            if isinstance(text, str) and "\0" in text:
                raise ValueError(f"it holds a null byte, which no name may: give another {self.kind}")
            return text

        return core_schema.no_info_before_validator_function(as_text, handler(source))


@dataclass(frozen=True)
class ChangesOnResume:
    """Declares that a resumed run may be given another value: neither architecture nor glyphs depend on it."""


@dataclass(frozen=True)
class CommandLineOnly:
    """Declares that only a command line or code may set the field; no page of the dashboard may."""


FolderPath = Annotated[str, TextKind("folder")]
AnyPath = Annotated[str, TextKind("path")]
FreeText = Annotated[str, TextKind("text")]
TextAsTyped = Annotated[str, TextKind("text", as_typed=True)]
Names = Annotated[str, TextKind("names")]

_NO_TEXT = (int, float, complex, bool, type(None))


def parameters_of(cls: type) -> tuple[dict[str, Any], bool]:
    """Return the type of each argument of a class, following ``**kwargs`` up to the base classes that it reaches.

    Returns:
        ``{name: hint}``, wrapped in ``NotRequired`` where it has a default; and whether any other name is accepted.
    """
    parameters: dict[str, Any] = {}
    for base in (base for base in cls.__mro__ if "__init__" in vars(base)):
        constructor = vars(base)["__init__"]
        try:
            hints = typing.get_type_hints(constructor, include_extras=True)
        except NameError:
            if base.__module__.startswith("handwriting."):
                raise
            hints = {}  # names that only type checkers import: the constructor judges for itself
        _, *signature = inspect.signature(constructor).parameters.values()
        is_outermost = not parameters
        for parameter in signature:
            if parameter.kind in (parameter.KEYWORD_ONLY, parameter.POSITIONAL_OR_KEYWORD):
                hint = hints.get(parameter.name, Any)
                # What a base class cannot do without, the class itself may give it.
                required = is_outermost and parameter.default is parameter.empty
                parameters.setdefault(parameter.name, hint if required else typing.NotRequired[hint])
        if all(parameter.kind is not parameter.VAR_KEYWORD for parameter in signature):
            return parameters, False
    return parameters, True


def hints_of(cls: type) -> dict[str, Any]:
    """Return the type of each argument of a class that a configuration may set, with what it declares."""
    hints, _ = parameters_of(cls)
    return {name: _stripped(hint) for name, hint in hints.items()}


def hint_at(cls: type, key: str) -> Any:
    """Return the type at a dotted key of a class and the dataclasses nested in it; None where there is no such field.

    >>> hint_at(TextKind, "kind") == Kind, hint_at(TextKind, "kind.of")
    (True, None)
    """
    name, _, rest = key.partition(".")
    hint = hints_of(cls).get(name)
    if not rest or hint is None:
        return hint
    nested = (hint_at(part, rest) for part in _dataclasses_in(hint))
    return next((inner for inner in nested if inner is not None), None)


def declared(hint: Any, kind: type) -> Iterator[Any]:
    """Yield every declaration of a kind in a type, wherever it stands: ``FolderPath | None`` declares a folder."""
    if typing.get_origin(hint) is Annotated:
        yield from (item for item in hint.__metadata__ if isinstance(item, kind))
    for part in _parts(hint):
        yield from declared(part, kind)


def text_kind(hint: Any) -> TextKind | None:
    """Return what a value of a type stands for where it is text; None where that is not declared.

    >>> text_kind(FolderPath | None), text_kind(list[FreeText])
    (TextKind(kind='folder', as_typed=False), None)
    """
    for part in _members(_stripped(hint)):
        for item in getattr(part, "__metadata__", ()):
            if isinstance(item, TextKind):
                return item
    return None


def placeholder_of(kind: str | None) -> str:
    """Return what stands for a value in a message.

    >>> placeholder_of("folder"), placeholder_of(None)
    ('<folder>', '<value>')
    """
    return f"<{kind or 'value'}>"


def admits_none(hint: Any) -> bool:
    """Whether ``null`` is a value of a type.

    >>> admits_none(FreeText | None), admits_none(FreeText)
    (True, False)
    """
    hint = _stripped(hint)
    if typing.get_origin(hint) is Annotated:
        return admits_none(typing.get_args(hint)[0])
    return hint in (None, type(None), Any) or (_is_union(hint) and any(map(admits_none, typing.get_args(hint))))


def changing_on_resume(cls: type) -> tuple[str, ...]:
    """Return the dotted names of the fields that a resumed run may be given another value of."""
    return tuple(_dotted(cls, lambda hint: any(declared(hint, ChangesOnResume))))


def command_line_only(cls: type) -> tuple[str, ...]:
    """Return the dotted names of the fields that no page of the dashboard may set."""
    return tuple(_dotted(cls, lambda hint: any(declared(hint, CommandLineOnly))))


def as_list(value: Any, hint: Any) -> Any:
    """Return a text as a list of itself where a type takes lists of names and no text: ``class`` for ``[class]``.

    >>> as_list("class", tuple[Literal["class", "style"], ...]), as_list("class", FreeText)
    (['class'], 'class')
    """
    members = [typing.get_origin(part) or part for part in _members(_stripped(hint))]
    takes_lists = any(member in (list, tuple) for member in members)
    takes_text = any(member in (str, Any, Literal, Annotated) for member in members)
    return [value] if isinstance(value, str) and takes_lists and not takes_text else value


def path_fields(cls: type, keys: Iterable[str] = ()) -> tuple[str, ...]:
    """Return the dotted names of the fields whose value may name a file or folder.

    It fails closed: any field that can hold text counts, in lists and mappings as well, unless its text is declared
    ``FreeText``, ``TextAsTyped`` or ``Names`` or is one of a ``Literal`` or an ``Enum``. So does a type that is not
    understood.

    Args:
        cls: A class that a configuration may name.
        keys: The keys that a configuration gives it; those that the class takes by ``**kwargs`` count as paths.
    """
    known = hints_of(cls)
    return (*_dotted(cls, may_be_path), *(key for key in keys if key not in known and not key.startswith("_")))


def map_texts(value: Any, function: Callable[[str], Any]) -> Any:
    """Return a plain value with ``function`` applied to every text in it, keys of mappings included.

    >>> map_texts({"a": ["b", 1]}, str.upper)
    {'A': ['B', 1]}
    """
    if isinstance(value, Mapping):
        return {map_texts(key, function): map_texts(item, function) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [map_texts(item, function) for item in value]
    return function(str(value)) if isinstance(value, str) or hasattr(value, "__fspath__") else value


def may_be_path(hint: Any) -> bool:
    """Whether a value of this type may name a file or folder; true of every type that is not understood."""
    hint = _stripped(hint)
    origin = typing.get_origin(hint)
    if origin is Annotated:
        kinds = [item for item in hint.__metadata__ if isinstance(item, TextKind)]
        return kinds[-1].is_path if kinds else may_be_path(typing.get_args(hint)[0])
    if hint is None or hint in _NO_TEXT or origin is Literal:
        return False
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        return any(map(may_be_path, hints_of(hint).values()))
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        return False
    parts = [part for part in typing.get_args(hint) if part is not Ellipsis]
    return not parts or any(map(may_be_path, parts))


def _path_as_text(value: Any) -> Any:
    return os.fspath(value) if isinstance(value, os.PathLike) else value


def _dotted(cls: type, is_wanted: Callable[[Any], bool]) -> Iterator[str]:
    """Yield the dotted name of each innermost field whose type is wanted; lists of dataclasses are one field."""
    for name, hint in hints_of(cls).items():
        if not is_wanted(hint):
            continue
        nested = list(_dataclasses_in(hint))
        others = [part for part in _members(hint) if part not in nested and is_wanted(part)]
        if not nested or others or any(map(is_wanted, _metadata(hint))):
            yield name
        else:
            yield from (f"{name}.{inner}" for part in nested for inner in _dotted(part, is_wanted))


def _metadata(hint: Any) -> list[Any]:
    """Return the field's own declarations, each as a type that declares nothing else."""
    return [Annotated[None, item] for item in getattr(hint, "__metadata__", ())]


def _members(hint: Any) -> Iterator[Any]:
    """Yield the alternatives of a type, without what is declared of all of them."""
    if typing.get_origin(hint) is Annotated and not any(isinstance(item, TextKind) for item in hint.__metadata__):
        yield from _members(typing.get_args(hint)[0])
    elif _is_union(hint):
        for part in typing.get_args(hint):
            yield from _members(part)
    else:
        yield hint


def _dataclasses_in(hint: Any) -> Iterator[type]:
    """Yield the dataclasses among the alternatives of a type, not those within lists or mappings."""
    return (part for part in _members(hint) if isinstance(part, type) and dataclasses.is_dataclass(part))


def _parts(hint: Any) -> tuple[Any, ...]:
    if typing.get_origin(hint) is Annotated:
        return typing.get_args(hint)[:1]
    return () if typing.get_origin(hint) is Literal else typing.get_args(hint)


def _stripped(hint: Any) -> Any:
    """Return a type without ``NotRequired`` around it."""
    return typing.get_args(hint)[0] if typing.get_origin(hint) is typing.NotRequired else hint


def _is_union(hint: Any) -> bool:
    return typing.get_origin(hint) in (typing.Union, types.UnionType)
