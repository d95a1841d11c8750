"""Sources are checked in Python as on the command line."""

from __future__ import annotations

import inspect
import pickle
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from pydantic import PositiveInt

from handwriting.config import compose, create
from handwriting.data.loading.settings import Loading
from handwriting.data.preparation.augmentation import Augmentation
from handwriting.data.preparation.steps import Preparation
from handwriting.data.sources.base import GlyphSource
from handwriting.data.sources.digits import Digits
from handwriting.data.sources.folder import Folder
from handwriting.data.sources.synthetic import Synthetic
from handwriting.engine.sections import build_loading, build_source
from handwriting.errors import ConfigError
from handwriting.glyphs import Glyphs


@dataclass(eq=False)
class Dots(GlyphSource):
    """Is a plain dataclass, as in a plug-in."""

    count: PositiveInt = 4

    def __post_init__(self) -> None:
        self.doubled = 2 * self.count

    def read(self) -> tuple[Glyphs, Glyphs]:
        glyphs = Glyphs(np.zeros((self.count, 1, 8, 8), np.uint8))
        return glyphs, glyphs


class Written(Dots):
    """Writes its constructor itself."""

    def __init__(self, size: PositiveInt, **settings: int) -> None:
        super().__init__(count=2 * size, **settings)


@pytest.mark.parametrize(
    ("source", "override", "settings"),
    [
        (Digits, "data.image_size=-1", {"image_size": -1}),
        (Digits, "data.val_fraction=1", {"val_fraction": 1}),
        (Digits, "data.style=thin", {"style": "thin"}),
        (Digits, "data.prepare.sharpen=11", {"prepare": {"sharpen": 11}}),
        (Digits, "+data.imagesize=28", {"imagesize": 28}),
        (Synthetic, "data.count=x", {"count": "x"}),
        (Synthetic, "data.classes='a b'", {"classes": "a b"}),
        (Folder, "data.name_pattern='.*'", {"path": "a", "name_pattern": ".*"}),
    ],
)
def test_a_source_in_python_refuses_a_setting_in_the_words_of_the_command_line(source, override, settings):
    name = source.__name__.lower()
    with pytest.raises(ConfigError) as typed:
        build_source(compose("train", [f"data={name}", *(["data.path=a"] if name == "folder" else []), override]).data)
    with pytest.raises(ConfigError) as called:
        source(**settings)
    assert str(called.value) == str(typed.value)


@pytest.mark.parametrize("setting", ["batch_size", "batches_per_step"])
def test_loading_in_python_refuses_a_setting_in_the_words_of_the_command_line(setting):
    with pytest.raises(ConfigError) as typed:
        build_loading(compose("train", [f"data.{setting}=0"]).data)
    with pytest.raises(ConfigError) as called:
        Loading(**{setting: 0})
    assert str(called.value) == str(typed.value)


def test_parts_of_a_section_are_checked_in_python():
    with pytest.raises(ConfigError, match=r"data\.prepare\.largest=-1: must be greater than or equal to 0"):
        Preparation(largest=-1)
    with pytest.raises(ConfigError, match=r"Augmentation\.shift=2: must be less than or equal to 1"):
        Augmentation(shift=2)


def test_a_source_that_is_a_plain_dataclass_is_checked_whatever_it_overrides():
    assert Dots(count="3").doubled == 6  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match=r"^data\.count=x: must be a valid integer"):
        Dots(count="x")  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match=r"^data\.count=-1"):
        replace(Dots(), count=-1)


def test_a_source_with_its_own_constructor_is_checked():
    assert Written(3, image_size=8).count == 6
    with pytest.raises(ConfigError, match=r"^data\.size=0: must be greater than 0\.$"):
        Written(0)
    with pytest.raises(ConfigError, match=r"^data\.image_size=-1"):
        Written(3, image_size=-1)


def test_positional_arguments_are_checked_and_python_refuses_those_that_do_not_fit():
    assert Digits("data", 8).image_size == 8
    with pytest.raises(ConfigError, match=r"data\.image_size=-8"):
        Digits("data", -8)
    with pytest.raises(TypeError, match="multiple values for argument 'root'"):
        Digits("data", root="data")
    with pytest.raises(TypeError, match="positional arguments"):
        Dots("data", 8, 0.1, "none", 127, Preparation(), "refuse", 0, 4, 5)  # type: ignore[call-arg]


def test_a_path_may_be_a_path_object(tmp_path):
    source = Folder(path=tmp_path, root=Path("data"))  # type: ignore[arg-type]
    assert (source.path, source.root) == (str(tmp_path), "data")


def test_a_source_built_by_a_configuration_is_refused_once():
    with pytest.raises(ConfigError) as refused:
        create(Dots, {"count": 0}, "data")
    assert str(refused.value) == "data.count=0: must be greater than 0."


def test_a_checked_class_shows_its_arguments_and_is_pickled_as_any():
    assert list(inspect.signature(Dots).parameters)[-2:] == ["split_seed", "count"]
    assert pickle.loads(pickle.dumps(Dots(count=3))).count == 3


def test_a_source_is_refused_without_importing_torch():
    code = (
        "import sys\nfrom handwriting.data.sources.digits import Digits\n"
        "try: Digits(image_size=-1)\nexcept Exception as error: print(error, 'torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "data.image_size=-1: must be greater than 0. False"
