from __future__ import annotations

import enum
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from pydantic import AfterValidator, Field

from handwriting.data.sources.arrays import Arrays
from handwriting.data.sources.base import GlyphSource
from handwriting.data.sources.emnist import EMNIST
from handwriting.data.sources.folder import Folder
from handwriting.fields import (
    AnyPath,
    ChangesOnResume,
    FolderPath,
    FreeText,
    Names,
    TextKind,
    admits_none,
    changing_on_resume,
    declared,
    hint_at,
    map_texts,
    path_fields,
)


class Ink(enum.Enum):
    BLUE = "blue"


@dataclass
class Nested:
    mask: str | None = None
    threshold: float = 0.5


@dataclass
class Harmless:
    name: FreeText = ""
    mode: Literal["a", "b"] = "a"


@dataclass
class Everything:
    text: str
    maybe: str | None
    path: Path
    declared_path: Annotated[AnyPath, Field(min_length=1)]
    texts: list[str]
    mapping: dict[str, int]
    nested: Nested
    several: list[Nested]
    either: Nested | str
    anything: Any
    name: FreeText
    names: Annotated[list[Names], AfterValidator(sorted)]
    number: int
    ratio: Annotated[float, Field(gt=0)] | None
    choice: Literal["a", "b"]
    ink: Ink
    harmless: Harmless
    own: list[str] = field(init=False, default_factory=list)


class Open:
    def __init__(self, folder: FolderPath, size: int = 3, **kwargs: Any) -> None: ...


def test_every_field_that_may_hold_a_path_is_found() -> None:
    assert path_fields(Everything) == (
        "text",
        "maybe",
        "path",
        "declared_path",
        "texts",
        "mapping",
        "nested.mask",
        "several",
        "either",
        "anything",
    )


def test_a_class_that_takes_any_key_has_none_that_is_safe() -> None:
    assert path_fields(Open, ["folder", "size", "extra", "_target_"]) == ("folder", "extra")


@pytest.mark.parametrize(
    ("source", "paths"),
    [
        (EMNIST, {"root"}),
        (Arrays, {"root", "path", "labels", "test_path", "test_labels"}),
        (Folder, {"root", "path"}),
    ],
)
def test_the_paths_of_a_source_are_known(source: type[GlyphSource], paths: set[str]) -> None:
    assert set(path_fields(source)) == paths


def test_what_may_change_on_resume_is_declared() -> None:
    assert set(changing_on_resume(EMNIST)) == {"root", "download"}


def test_a_declaration_is_found_wherever_it_stands() -> None:
    hint = Annotated[FolderPath | None, ChangesOnResume()]
    assert [kind.kind for kind in declared(hint, TextKind)] == ["folder"]
    assert list(declared(hint, ChangesOnResume)) == [ChangesOnResume()]
    assert not list(declared(Literal["a"], TextKind))


def test_a_dotted_key_leads_into_nested_dataclasses() -> None:
    assert hint_at(Everything, "nested.threshold") is float
    assert hint_at(Everything, "nested.nothing") is None
    assert hint_at(Everything, "nothing") is None


def test_only_an_optional_field_takes_null() -> None:
    assert admits_none(Annotated[FreeText | None, ChangesOnResume()])
    assert not admits_none(FreeText)


def test_every_text_of_a_value_is_mapped() -> None:
    assert map_texts({"a": [Path("b"), {"c": 1}], "d": None}, lambda text: f"<{text}>") == {
        "<a>": ["<b>", {"<c>": 1}],
        "<d>": None,
    }
