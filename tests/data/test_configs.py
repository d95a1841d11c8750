from dataclasses import MISSING, asdict, fields, is_dataclass
from importlib import import_module
from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir
from hydra.errors import ConfigCompositionException
from omegaconf import OmegaConf
from pydantic import TypeAdapter

from handwriting.data.loading.settings import Loading
from handwriting.engine.sections import LOADING_KEYS

CONF = Path(__file__).parents[2] / "conf"
OURS = ("arrays", "digits", "emnist", "fashion_mnist", "folder", "kuzushiji", "mnist", "pages", "synthetic")


def composed(*overrides):
    with initialize_config_dir(str(CONF), version_base="1.3"):
        config = compose(overrides=[f"+data={overrides[0]}", "+seed=3", *overrides[1:]])
    return OmegaConf.to_container(config, resolve=True)["data"]


def assert_keys_are_fields(config, cls):
    hints = {field.name: field.type for field in fields(cls) if field.init}
    assert set(config) == set(hints)
    for name, hint in hints.items():
        if is_dataclass(hint):
            assert_keys_are_fields(config[name], hint)


@pytest.mark.parametrize("name", OURS)
def test_a_source_spells_out_every_key_that_its_class_has(name):
    config = composed(name)
    module, _, cls = config.pop("_target_").rpartition(".")
    source = getattr(import_module(module), cls)
    assert_keys_are_fields({key: config.pop(key) for key in LOADING_KEYS}, Loading)
    assert_keys_are_fields(config, source)


@pytest.mark.parametrize("name", OURS)
def test_the_file_says_the_same_as_the_class_where_it_need_not_differ(name):
    config = composed(name)
    loading = {key: config.pop(key) for key in LOADING_KEYS}
    assert {key for key, value in asdict(Loading()).items() if loading[key] != value} <= {"seed", "batch_size"}
    module, _, cls = config.pop("_target_").rpartition(".")
    source_class = getattr(import_module(module), cls)
    needed = [field.name for field in fields(source_class) if field.default is field.default_factory is MISSING]
    assert all(config[name] == "???" for name in needed), "what the class needs, a user must give"
    source = source_class(**dict.fromkeys(needed, "???"))
    hints = {field.name: field.type for field in fields(source)}
    values = {key: TypeAdapter(hints[key]).validate_python(value) for key, value in config.items()}
    differing = {key for key, value in values.items() if getattr(source, key) != value}
    assert differing == set()


def test_a_mistyped_key_is_refused():
    with pytest.raises(ConfigCompositionException, match="imagesize"):
        composed("digits", "data.imagesize=32")


@pytest.mark.parametrize("name", OURS)
def test_the_first_line_describes_the_source(name):
    first = (CONF / "data" / f"{name}.yaml").read_text().splitlines()[0]
    assert first.startswith("# ")
    assert len(first) < 110
