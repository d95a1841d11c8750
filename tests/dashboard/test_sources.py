"""Data sources by name, and the one folder that they are read from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pytest

from handwriting import config
from handwriting.config import CONF
from handwriting.config.trust import Trust
from handwriting.dashboard.sources import confine, contents, names, source_of
from handwriting.data.sources.base import GlyphSource
from handwriting.errors import HandwritingError, RunError
from handwriting.fields import CommandLineOnly, FreeText, command_line_only
from handwriting.glyphs import Glyphs

ARRAYS = "handwriting.data.sources.arrays.Arrays"


def write_glyphs(path: Path, names: str = "ab") -> Path:
    """Write a few glyphs of noise, an even number of each class."""
    images = np.random.default_rng(0).integers(0, 256, (20 * len(names), 1, 28, 28), np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    Glyphs(images, np.arange(len(images)) % len(names), alphabet=tuple(names)).save(path)
    return path


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a folder of data sets, next to one that the page may not read."""
    write_glyphs(tmp_path / "root" / "inner" / "glyphs.npz")
    write_glyphs(tmp_path / "outside" / "secret.npz", "xyz")
    return tmp_path / "root"


def test_every_source_is_listed_and_told_in_one_line():
    assert set(names()) == {path.stem for path in (CONF / "data").glob("[!_]*.yaml")} >= {"digits", "arrays", "emnist"}
    for name, description in names().items():
        assert len(description) > 10, name
        assert "\n" not in description


def test_digits_can_be_read(root: Path):
    source, read, prepared = contents("digits", root)
    assert type(source).__name__ == "Digits"
    assert read.alphabet == tuple("0123456789")
    assert len(prepared.train) + len(prepared.val) == len(read)
    assert prepared.report == {}
    assert prepared.whole.style_names == ()


def test_what_was_read_is_kept(root: Path):
    words = "data.path=inner/glyphs.npz"
    assert contents("arrays", root, words) is contents("arrays", root, words)
    assert contents("arrays", root, words)[1] is not contents("arrays", root, f"{words} data.style=median")[1]


def test_settings_are_taken_as_they_are_typed(root: Path):
    source, read, prepared = contents("digits", root, "data.style=median data.prepare.outliers=3")
    assert (source.style, source.prepare.outliers) == ("median", 3.0)
    assert prepared.train.style_names == ("thin", "thick")
    left_out = prepared.report["outliers"]
    assert 0 < left_out == len(prepared.outliers.glyphs)
    assert len(prepared.train) + len(prepared.val) == len(read) - left_out
    drop = source_of("digits", root, "'data.prepare.drop=[0, 1]' data.image_size=20")
    assert (drop.prepare.drop, drop.image_size) == (("0", "1"), 20)


@pytest.mark.parametrize(
    ("name", "settings", "message"),
    [
        ("digit", "", "there is no such data source"),
        ("../../etc/passwd", "", "there is no such data source"),
        ("_common", "", "there is no such data source"),
        ("digits", "data.stile=median", "Did you mean data.style?"),
        ("digits", "data.style=bold", "choose none, median or mean"),
        ("digits", "data.batch_size=0", "greater than 0"),
        ("digits", "data.style", "write key=value"),
        ("digits", "style=median", "give settings"),
        ("digits", "model.lr=1", "give settings"),
        ("digits", "+data.more=1", "give settings"),
        ("digits", "~data.style", "give settings"),
        ("digits", "data=emnist", "give settings"),
        ("digits", "data={root:/etc}", "give settings"),
        ("digits", "++data.root=/etc", "give settings"),
        ("digits", "hydra.run.dir=/tmp/x", "give settings"),
        ("digits", "--help", "give settings"),
        ("digits", "data.root=/etc", "a page cannot set data.root"),
        ("digits", "data.style=median data.root=..", "a page cannot set data.root"),
        ("mnist", "data.download=true", "data.root and data.download"),
        ("mnist", "'data.download =true'", "data.download"),
        ("mnist", "data.[download]=true", "data.[download]"),
        ("digits", "data.style=${oc.env:HOME}", "give settings"),
        ("digits", "'data.style=${oc.env:HOME}'", "give settings"),
        ("digits", "data.prepare.drop=[${oc.env:HOME}]", "give settings"),
        ("digits", "data._target_=os.system", "data._target_=os.system is not allowed"),
        ("digits", "data._target_=handwriting.models.vae.VAE", "is not allowed"),
        ("digits", "data.prepare._target_=os.system", "data.prepare._target_"),
        ("digits", "data.prepare={_target_:os.system}", "data.prepare._target_"),
        ("digits", "data.style='median", "a quotation mark is missing"),
        ("digits", 'data.style="', "a quotation mark is missing"),
        ("arrays", "", "data.path is missing"),
    ],
)
def test_a_mistake_is_answered_in_one_line(root: Path, name: str, settings: str, message: str):
    with pytest.raises(HandwritingError) as refused:
        source_of(name, root, settings)
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_path_within_the_folder_is_read(root: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(root.parent)
    for place in (root, Path("root")):
        for path in ("inner/glyphs.npz", "./inner/../inner/glyphs.npz", str(root / "inner" / "glyphs.npz")):
            _, read, prepared = contents("arrays", place, f"data.path='{path}'")
            assert read.alphabet == ("a", "b")
            assert len(read) + len(prepared.test) == 40


def test_a_name_with_blanks_is_read(root: Path):
    write_glyphs(root / "my glyphs (1).npz", "pq")
    assert contents("arrays", root, "'data.path=my glyphs (1).npz'")[1].alphabet == ("p", "q")


def test_a_link_that_stays_within_the_folder_is_followed(root: Path):
    (root / "link.npz").symlink_to(root / "inner" / "glyphs.npz")
    assert contents("arrays", root, "data.path=link.npz")[1].alphabet == ("a", "b")


OUTSIDE = ["{root}/../outside/secret.npz", "../outside/secret.npz", "inner/../../outside/secret.npz", "..", "~"]


@pytest.mark.parametrize("path", OUTSIDE)
@pytest.mark.parametrize("key", ["path", "labels", "test_path", "test_labels"])
def test_no_path_leads_out_of_the_folder(root: Path, key: str, path: str):
    path = path.format(root=root)
    inside = "" if key == "path" else "data.path=inner/glyphs.npz "
    for read in (source_of, contents):
        with pytest.raises(RunError, match="leads out of") as refused:
            read("arrays", root, f"{inside}'data.{key}={path}'")
        assert "\n" not in str(refused.value)


@dataclass(eq=False, kw_only=True)
class Undeclared(GlyphSource):
    """A new source whose author declared nothing: its fields are those of ``data=arrays``."""

    path: str
    labels: Any = None
    test_path: dict[str, str] | None = None
    test_labels: Path | None = None
    alphabet: list[str] | None = None
    polarity: FreeText = "auto"
    test_fraction: float = 0.2
    download: Annotated[bool, CommandLineOnly()] = False

    def read(self) -> tuple[Glyphs, Glyphs]:
        raise AssertionError("nothing is read")


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("path={}", ".."),
        ("path={}", "../outside/secret.npz"),
        ("labels={}", "/etc/passwd"),
        ("test_path={}", "../outside"),
        ("test_labels={}", "~"),
        ("alphabet=[a,{}]", "../outside"),
    ],
)
def test_a_path_of_a_new_source_is_confined_though_nothing_declares_it(
    root: Path, monkeypatch: pytest.MonkeyPatch, setting: str, value: str
):
    monkeypatch.setattr(Trust, "allowed", lambda *_: frozenset({f"{__name__}.Undeclared", f"{ARRAYS}"}))
    usual = f"data._target_={__name__}.Undeclared data.polarity=dark_on_light/.. data.path=inner/glyphs.npz"
    source = source_of("arrays", root, usual)
    assert isinstance(source, Undeclared)
    assert (source.path, source.polarity) == (str(root / "inner/glyphs.npz"), "dark_on_light/..")
    with pytest.raises(RunError, match="leads out of"):
        source_of("arrays", root, f"{usual} 'data.{setting.format(value)}'")


@pytest.mark.parametrize("value", ["../x", ["a", "../x"], {"a": {"b": "../x"}}, {"../x": 1}, [["~"]]])
def test_paths_within_lists_and_mappings_are_confined_too(root: Path, value: Any):
    with pytest.raises(RunError, match="leads out of"):
        confine({"outer": {"labels": value}}, "outer.labels", root)
    section: dict[str, Any] = {"outer": {"labels": ["a", {"b": "inner/../c"}, 3, None, ""]}}
    confine(section, "outer.labels", root)
    assert section == {"outer": {"labels": [f"{root}/a", {f"{root}/b": f"{root}/c"}, 3, None, ""]}}
    confine({"outer": None}, "outer.labels", root)


def test_every_source_declares_what_no_page_may_set():
    reserved = {name: command_line_only(config.class_of(config.compose("data", [f"data={name}"]).data, "data"))
                for name in names()}  # fmt: skip
    assert all("root" in fields for fields in reserved.values())
    assert (
        {name for name, fields in reserved.items() if "download" in fields}
        == {name for name in names() if "download" in config.compose("data", [f"data={name}"]).data}
        != set()
    )


def test_an_absolute_path_is_refused_whether_or_not_there_is_a_file(root: Path):
    messages = set()
    for name in ("secret.npz", "nothing.npz"):
        path = root.parent / "outside" / name
        with pytest.raises(RunError) as refused:
            source_of("arrays", root, f"data.path={path}")
        messages.add(str(refused.value).replace(str(path), ""))
    assert len(messages) == 1, "the message does not reveal which paths exist"


def test_a_link_out_of_the_folder_is_refused_as_a_path(root: Path):
    (root / "link.npz").symlink_to(root.parent / "outside" / "secret.npz")
    (root / "links").symlink_to(root.parent / "outside")
    for path in ("link.npz", "links/secret.npz"):
        with pytest.raises(RunError, match="leads out of"):
            contents("arrays", root, f"data.path={path}")


@pytest.mark.parametrize("name", ["mnist", "arrays", "folder"])
def test_a_link_out_of_the_folder_is_refused_wherever_it_lies(root: Path, name: str):
    (root / "inner" / "deep").mkdir()
    (root / "inner" / "deep" / "link").symlink_to(root.parent / "outside")
    settings = {"mnist": "", "arrays": "data.path=inner/glyphs.npz", "folder": "data.path=inner"}[name]
    with pytest.raises(RunError, match=r"inner/deep/link leads out of"):
        contents(name, root, settings)


def test_the_home_of_nobody_is_answered_as_well(root: Path):
    with pytest.raises(HandwritingError):
        source_of("arrays", root, "data.path=~nobody-of-this-name/glyphs.npz")


def test_a_folder_that_is_not_there_yet_is_said_only_where_it_is_read(tmp_path: Path):
    assert len(contents("digits", tmp_path / "nowhere")[1]) > 1000
    with pytest.raises(HandwritingError, match="nowhere"):
        contents("mnist", tmp_path / "nowhere")
