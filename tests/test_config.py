from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Annotated, Any, Literal

import pytest
import yaml
from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import OmegaConf
from pydantic import Field, PositiveInt

from handwriting import config
from handwriting.config import build, check, compose, describe, hydra_overrides, load_config, quote, quoted
from handwriting.errors import ConfigError, RunError
from handwriting.fields import hints_of

TYPED_TEXTS = [
    "IMG (1).jpg",
    "a, b.pdf",
    "~/x.png",
    "it's me",
    'she said "no", and left',
    "Dear Ada, thank you for {the} [book]: it's lovely!",
    "a=b.png",
    "${seed}",
    r"\${seed} and \\${seed}",
    r"C:\new\table" + "\\",
    r"a\'b",
    "'half",
    "  spaces  ",
    "",
    "true",
    "12",
    "a,b",
    "null or not",
    "Zoë 漢字",
    "two\nlines",
    "../shared/data",
    "/home/me/1e3",
    "runs/2026-11-27_12-00-00_cgan_digits",
    ".",
    ".5",
    "1e5",
    "e5",
    "_1",
    "no",
    "False",
    "Null",
    "NaN",
    "inf",
    "ab\n",
]


@dataclass(frozen=True)
class Pen:
    width: Annotated[float, Field(gt=0)] = 1.0
    colour: tuple[int, int, int] = (0, 0, 0)


class Paper:
    def __init__(self, *, size: tuple[int, int], ruled: bool = False) -> None:
        self.size, self.ruled = size, ruled


class Page(Paper):
    def __init__(
        self,
        lines: PositiveInt = 20,
        norm: Literal["batch", "instance", "none"] = "batch",
        pen: Pen | None = None,
        margin: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.lines, self.norm, self.pen, self.margin = lines, norm, pen, margin


class Foreign:
    def __init__(self, size: Undefined = None) -> None:  # type: ignore[name-defined]  # noqa: F821
        if size == 13:
            raise ValueError("13 brings\nbad luck")
        self.size = size


PAGE = {"_target_": f"{__name__}.Page"}


@pytest.fixture
def _page_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    allowed = frozenset({PAGE["_target_"], f"{__name__}.Foreign"})
    monkeypatch.setattr(config.Trust, "allowed", lambda self, group: allowed if group == "model" else frozenset())


def page(values: Mapping[str, Any]) -> Page:
    """Return a page as code builds it, which knows the size."""
    built: Page = build({**PAGE, **values}, "model", size=(3, 4))
    return built


@pytest.mark.parametrize("text", TYPED_TEXTS)
def test_typed_text_arrives_exactly_as_typed(text: str) -> None:
    keys = ["run", "out", "labels", "++data.path", "+data.root", "+data.name_pattern"]
    cfg = compose("sample", [f"{key}={text}" for key in keys])
    assert [OmegaConf.select(cfg, key.lstrip("+")) for key in keys] == [text] * len(keys)


WRITTEN_TEXTS = [
    *('"Hello"', "'Hello'", "\"a\",'b'", '"', "'", "''", '"a" or "b"', '\\"a\\"', "???", "????"),
    *('"???"', "\\???", "{}", "[a,b]", "{a:1}", "(a)", "$x", "${x}", "\\${x}", "${oc.env:HOME}", "\\"),
    *("\\\\", "a\\", "'a\\", "a\\'", '\\"', "=", "a=b", "==", "a,b", ",", "null", "None", "true"),
    *("False", "1e3", "0", "007", "nan", ".5", "inf", " a ", " ", "\ta\n", "", "~", "~a", "+a", "-m"),
    *("--help=x", "#a", "a # b", "*", "!", "%", "&", "|", ":", ";", "<a>", "@", "@@home", "é€😀", "a: b"),
    *("glob(*)", "choice(a,b)", "range(1,3)", "int(3)", "sort(b,a)", "hydra.run.dir=x", "`a`", "a\x00b"),
]


@pytest.mark.parametrize("job", ["write", "sheet"])
def test_a_text_to_write_is_what_the_shell_hands_on_quotes_included(job: str) -> None:
    parser = OverridesParser.create()
    for text in WRITTEN_TEXTS:
        (override,) = hydra_overrides(config.Command(job), [f"text={text}"])
        expected = None if (job, text) == ("sheet", "null") else text  # no text, of a sheet
        assert OmegaConf.create({"text": parser.parse_override(override).value()}).text == expected


def test_plain_text_is_not_quoted_so_that_commands_can_be_read() -> None:
    for text in ("../shared/data", "/data", "runs/2026-11-27_cgan", "a.jpg", "nano", "information"):
        assert quoted(text) == text


def test_text_that_the_user_quoted_is_left_alone() -> None:
    assert compose("sample", ["run='a, b'", 'out="c (1)"']) == compose("sample", ["run=a, b", "out=c (1)"])


def test_null_means_nothing_except_where_a_text_is_needed() -> None:
    cfg = compose("sample", ["out=null", "run=null", "+data.classes=null", "+data.name_pattern=null"])
    assert (cfg.out, cfg.run, cfg.data.name_pattern) == (None, None, None)
    assert cfg.data.classes == "null"


@pytest.mark.usefixtures("_page_allowed")
def test_values_arrive_as_the_constructor_types_them() -> None:
    built = page({"lines": "3", "pen": {"width": 2, "colour": [1, 2, 3]}, "ruled": "true"})
    assert (built.lines, built.pen, built.size, built.ruled) == (3, Pen(2.0, (1, 2, 3)), (3, 4), True)


@pytest.mark.usefixtures("_page_allowed")
def test_interpolations_are_resolved_before_building() -> None:
    cfg = OmegaConf.create({"seed": 7, "model": {**PAGE, "lines": "${seed}"}})
    assert build(cfg.model, "model", size=(1, 1)).lines == 7


@pytest.mark.usefixtures("_page_allowed")
@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"norm": "bath"}, "model.norm=bath is not allowed: choose batch, instance or none. Did you mean batch?"),
        ({"lines": -3}, "model.lines=-3: must be greater than 0."),
        ({"lines": "abc"}, "model.lines=abc: must be a valid integer."),
        ({"margin": "wide"}, "model.margin=wide: must be a valid integer."),
        ({"pen": {"width": 0}}, "model.pen.width=0: must be greater than 0."),
        ({"pen": {"width": float("nan")}}, "model.pen.width=nan: must be a finite number."),
        ({"pen": {"widht": 1}}, "model.pen.widht: no such key."),
        ({"pen": {"colour": [1, "x", 3]}}, "model.pen.colour.1=x: must be a valid integer."),
        ({"lins": 3}, "model.lins: no such key. Did you mean model.lines?"),
        ({"ruld": True}, "model.ruld: no such key. Did you mean model.ruled?"),
        ({"size": [1, 2]}, "model.size cannot be set in a configuration: it follows from the data"),
    ],
)
def test_a_refused_value_is_answered_in_one_line(values: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError) as refused:
        page(values)
    assert str(refused.value) == message


@pytest.mark.usefixtures("_page_allowed")
def test_every_refused_value_has_its_line() -> None:
    with pytest.raises(ConfigError) as refused:
        page({"lines": 0, "norm": "x", "margin": 1.5})
    assert [line.partition("=")[0] for line in str(refused.value).splitlines()] == [
        "model.lines",
        "model.norm",
        "model.margin",
    ]


@pytest.mark.usefixtures("_page_allowed")
def test_the_key_of_a_refused_value_is_the_one_to_type() -> None:
    cfg = OmegaConf.create({"model": {"first": {**PAGE, "lines": 0}}})
    with pytest.raises(ConfigError, match=r"^model\.first\.lines=0: must be greater than 0\.$"):
        build(cfg.model.first, "model", size=(1, 1))


@pytest.mark.usefixtures("_page_allowed")
def test_a_value_that_is_missing_is_named() -> None:
    cfg = OmegaConf.create({"model": {**PAGE, "lines": "???"}})
    with pytest.raises(ConfigError, match=r"^model\.lines is missing: give model\.lines=<value>$"):
        build(cfg.model, "model", size=(1, 1))


@pytest.mark.usefixtures("_page_allowed")
def test_a_foreign_class_judges_for_itself_in_one_line() -> None:
    foreign = {"_target_": f"{__name__}.Foreign"}
    assert build({**foreign, "size": "any"}, "model").size == "any"
    with pytest.raises(ConfigError, match=r"^model: 13 brings bad luck$"):
        build({**foreign, "size": 13}, "model")


@pytest.mark.parametrize(
    ("target", "group"),
    [
        ("os.system", "model"),
        ("builtins.eval", "data"),
        ("torch.load", "callbacks"),
        ("pathlib.Path.unlink", "logger"),
        ("handwriting.models.base.GlyphModel", "model"),
        ("handwriting.data.sources.digits.Digits", "model"),
        ("pytorch_lightning.Trainer", "logger"),
        ("handwriting.data.sources.digits.Digits", "nothing"),
        (None, "model"),
        (["os.system"], "model"),
    ],
)
def test_a_target_off_the_allow_list_is_refused(target: Any, group: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(f"{group}._target_={target} is not allowed")):
        build({"_target_": target, "path": "x"}, group)
    if target is not None:
        with pytest.raises(ConfigError, match="is not allowed"):
            check({group: {"deep": [{"_target_": target}]}})


def test_a_right_target_in_its_own_group_is_let_through() -> None:
    check(
        {
            "data": {"_target_": "handwriting.data.sources.digits.Digits"},
            "trainer": {"_target_": "pytorch_lightning.Trainer"},
        }
    )


@pytest.mark.usefixtures("_page_allowed")
@pytest.mark.parametrize("hidden", [{"_target_": "os.system"}, [{"deep": {"_target_": "os.system"}}], PAGE])
def test_a_nested_target_is_refused(hidden: Any) -> None:
    with pytest.raises(ConfigError, match="class inside the arguments of another"):
        page({"pen": hidden})


def test_a_mistyped_choice_or_key_is_refused_in_python_too() -> None:
    with pytest.raises(ConfigError, match=r"model=cgn: no such choice\. Did you mean cgan\?"):
        compose("train", ["model=cgn"])
    with pytest.raises(ConfigError, match=r"sed: no such key\. Did you mean seed\?"):
        compose("train", ["sed=3"])


def test_a_config_from_a_run_folder_is_data(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", "told")
    values = {"seed": 3, "lr": 1e-5, "data": {"path": "${oc.env:SECRET}", "names": [r"\${seed}", "plain"]}}
    path = tmp_path / "config.yaml"
    path.write_text(yaml.safe_dump(values))
    cfg = load_config(path)
    assert OmegaConf.to_container(cfg, resolve=True) == values
    assert cfg.data.path == "${oc.env:SECRET}"


@pytest.mark.parametrize(
    "content",
    [
        b"!!python/object/apply:os.system [echo]",
        b"a: [1",
        b"- 1",
        b"",
        b"a: &a [*a]",
        b"a: 2026-99-99",
        b"\xff\xfe\x00",
        None,
    ],
)
def test_a_broken_config_is_refused_with_its_path(tmp_path: Any, content: bytes | None) -> None:
    path = tmp_path / "config.yaml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(RunError, match=r"config\.yaml"):
        load_config(path)


def test_every_choice_says_what_it_is_in_one_line() -> None:
    silent = [f"{group}={choice}" for group, choices in describe().items() for choice in choices if not choices[choice]]
    assert not silent


def test_every_default_composes() -> None:
    for group, choices in describe().items():
        for choice in choices:
            compose("segment" if group == "preset" else "train", [f"{group}={choice}"])


@pytest.mark.parametrize(
    ("overrides", "added"),
    [
        (["+callbacks=random_state"], ["callbacks=[default,random_state]"]),
        (["callbacks=none", "+callbacks=curves"], ["callbacks=[none,curves]"]),
        (["+callbacks=curves", "callbacks=none"], ["callbacks=[none,curves]"]),
        (["callbacks=[none,curves]", "+callbacks=[progress,samples]"], ["callbacks=[none,curves,progress,samples]"]),
        (["+metrics=inception_fid", "+metrics=fid"], ["metrics=[default,inception_fid,fid]"]),
        (["+callbacks=curves,progress"], ["callbacks=[default,curves],[default,progress]"]),
        (["debug=fast", "+logger=tensorboard"], ["debug=fast", "logger=[none,tensorboard]"]),
        (["+callbacks.curves.every_seconds=3"], ["+callbacks.curves.every_seconds=3"]),
    ],
)
def test_a_choice_with_a_plus_is_added_to_what_is_chosen(overrides: list[str], added: list[str]) -> None:
    assert hydra_overrides(config.Command("train"), overrides) == added


@pytest.mark.parametrize("overrides", [["model=vae", "+model=cgan"], ["+model=cgan"], ["++model=cgan"]])
def test_a_second_choice_where_there_can_be_one_is_refused(overrides: list[str]) -> None:
    with pytest.raises(ConfigError, match=r"\+model=cgan: model has one choice only: write model=cgan\."):
        hydra_overrides(config.Command("train"), overrides)


def test_a_second_choice_of_a_group_that_is_empty_by_default_is_refused() -> None:
    with pytest.raises(ConfigError, match="debug has one choice only"):
        hydra_overrides(config.Command("train"), ["debug=fast", "+debug=overfit"])


def test_a_choice_that_is_added_is_composed_with_the_others() -> None:
    cfg = compose("train", ["callbacks=none", "+callbacks=curves", "+metrics=inception_fid"])
    assert {"metrics_log", "curves"} <= set(cfg.callbacks)
    assert "samples" not in cfg.callbacks
    assert {"fid", "inception_fid"} <= set(cfg.metrics)


@pytest.mark.parametrize("job", config.jobs())
def test_a_job_declares_every_key_of_its_root_config(job: str) -> None:
    command = config.jobs()[job]
    arguments = import_module(command.module).Arguments
    assert set(hints_of(arguments)) == set(command.root)


def test_what_jobs_declare_is_imported_without_torch() -> None:
    modules = [command.module for command in config.jobs().values()]
    program = f"import sys\nfor name in {modules}: __import__(name)\nassert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", program], check=True)


def test_values_that_are_no_text_are_read_without_importing_their_class() -> None:
    program = """
import sys
from handwriting.config import Command, hydra_overrides
words = ["seed=3", "model.lr=1e-4,2e-4", "data.prepare.drop=[0,9]", "trainer.max_epochs=2", "data.batch_size=8"]
words += ["callbacks.limit.max_batches=300"]  # nothing in the YAML, a number in the class
assert hydra_overrides(Command("train"), words) == words
assert not sys.modules.keys() & {"torch", "pydantic", "numpy"}
"""
    subprocess.run([sys.executable, "-c", program], check=True)


def test_any_section_declares_which_of_its_values_are_plain_text() -> None:
    assert quote("metrics.inception_fid.weights=my weights.pth") == "metrics.inception_fid.weights='my weights.pth'"
    assert quote("data.path='2024','a, b'") == "data.path='2024','a, b'"  # two of them, for a sweep
    assert quote("data.labels=my (1).npy") == "data.labels='my (1).npy'"
    assert quote("data.polarity=[a b]") == "data.polarity=[a b]"
