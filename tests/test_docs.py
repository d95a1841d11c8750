"""The README and the pages in ``docs/`` keep what they promise: links lead somewhere, commands compose, code runs."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

import numpy as np
import pytest
import yaml
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Glob, IntervalSweep
from PIL import Image

import handwriting
from benchmarks.cli import main as benchmark
from handwriting import api
from handwriting.config import CONF, Command, describe
from handwriting.jobs import main, start
from tests.extras import needs
from tests.metrics.samples import gaussian, make_evaluation, make_sample
from tests.pages.builders import drawn_page
from tests.test_architecture import ORDER

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
DOCS = ROOT / "docs"
PAGES = [
    README,
    ROOT / "CONTRIBUTING.md",
    *sorted(page for page in DOCS.rglob("*.md") if DOCS / "_build" not in page.parents),
]
MAX_README_BYTES = 9_000

PLACEHOLDER = re.compile(r"<[\w ]+>")
"""A name in angle brackets, which a reader replaces by one of his own."""
CHOICES = {"<job>": "train", "<source>": "digits", "<any data set>": "emnist"}
"""What replaces those that stand for a choice."""
TARGETS = {
    "train": ("train",),
    "dashboard": ("dashboard",),
    "experiments": ("experiments",),
    "bench": ("speed",),
    "bench-segmentation": ("segmentation",),
    "bench-labelling": ("labelling",),
    "bench-finetuning": ("finetuning",),
    "bench-writing": ("writing",),
}
"""The command that a target of the Makefile passes its ``ARGS`` to; those of other targets are not for a command."""
BENCHMARKS = {words[0] for target, words in TARGETS.items() if target.startswith("bench")}
"""The commands that are benchmarks."""


class Block(NamedTuple):
    """A fenced block of a page: its language, its text, and the file that the line before it names, if any."""

    page: Path
    line: int
    language: str
    text: str
    file: str

    def __str__(self) -> str:
        return f"{self.page.name}:{self.line}"


def blocks(page: Path) -> list[Block]:
    """Return the fenced blocks of a page."""
    text = page.read_text("utf-8")
    fence = re.compile(r"(?:`([\w/]+\.\w+)`:\n\n)?^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
    return [
        Block(page, text[: match.start(3)].count("\n") + 1, match[2], match[3], match[1] or "")
        for match in fence.finditer(text)
    ]


def prose(page: Path) -> str:
    """Return a page without its fenced blocks."""
    return re.sub(r"^```.*?^```$", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)


BLOCKS = [block for page in PAGES for block in blocks(page)]


def commands(page: Path) -> Iterator[str]:
    """Yield every command line of a page: in its blocks, in its tables and within its sentences."""
    for block in blocks(page):
        if not block.language:
            lines = block.text.replace("\\\n", " ").splitlines()
            yield from (re.sub(r"\s+#.*", "", re.sub(r"^(\$ |PYTHONPATH=\. )", "", line)).strip() for line in lines)
    yield from re.findall(r"`([^`]+)`", prose(page).replace("\n", " "))


NEW_JOBS = {Path(block.file).stem for block in BLOCKS if re.fullmatch(r"conf/\w+\.yaml", block.file)}
"""The commands that a page adds."""
OURS = ("python train.py", "handwriting ", "make ")
COMMANDS = sorted({command for page in PAGES for command in commands(page) if command.startswith(OURS)})


def slug(heading: str) -> str:
    """Return the anchor that GitHub and MyST give a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def import_file(file: Path) -> ModuleType:
    """Return a module that no package holds, imported from its file."""
    spec = spec_from_file_location(file.stem, file)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def anchors(page: Path) -> set[str]:
    return {slug(heading) for heading in re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)}


def test_the_readme_is_short() -> None:
    assert README.stat().st_size <= MAX_README_BYTES


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_and_picture_leads_somewhere(page: Path) -> None:
    broken = []
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
        path, _, anchor = target.partition("#")
        file = page.parent / path if path else page
        if path.startswith(("http:", "https:")):
            continue
        if not file.exists() or (anchor and anchor not in anchors(file)):
            broken.append(target)
    assert not broken


def test_every_picture_is_shown() -> None:
    everything = "".join(page.read_text("utf-8") for page in PAGES)
    pictures = sorted((DOCS / "pictures").iterdir())
    assert pictures
    assert [picture.name for picture in pictures if f"{picture.name})" not in everything] == []


@pytest.mark.slow
def test_the_site_builds_without_a_warning(tmp_path: Path) -> None:
    """A page that no table of contents lists is one, too."""
    needs("docs", "furo")
    site = tmp_path / "site"
    command = [sys.executable, "-m", "sphinx", "-b", "html", "-W", "--keep-going", "-q", DOCS, site]
    built = subprocess.run(command, capture_output=True, text=True)
    assert built.returncode == 0, built.stderr
    keys = (site / "reference" / "keys.html").read_text("utf-8")
    for key in ("model.gradient_penalty", "data.prepare.fill.shift", "hydra.launcher.trials_per_gpu"):
        assert f">{key}<" in keys


def test_every_key_of_the_configuration_has_a_comment() -> None:
    """The reference of all keys is written from them."""
    keys = import_file(DOCS / "extensions" / "keys.py")
    files = [file for file in CONF.rglob("*.yaml") if "_target_" in file.read_text() or file.parent == CONF]
    assert len(files) > 50
    bare = [(file.stem, key.name) for file in files for key in keys.keys_of(file) if not key.comment]
    assert bare == []


def test_the_packages_are_listed_in_the_order_of_their_imports() -> None:
    (tree,) = (block.text for block in blocks(DOCS / "project" / "how_it_is_built.md") if "errors.py" in block.text)
    names = re.findall(r"^  ([\w/.]+)", tree, re.MULTILINE)
    assert [name.removesuffix(".py").strip("/").replace("/", ".") for name in names] == list(ORDER)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_whole_and_survives_zsh(command: str) -> None:
    """No ellipsis, and outside of quotes nothing that a shell expands."""
    bare = PLACEHOLDER.sub("", re.sub(r"'[^']*'|\"[^\"]*\"", "", command))
    assert "..." not in command
    assert not set("*?[](){}<>!;&|$\\") & set(bare)


def first_of_a_sweep(override: str) -> str:
    """Return an override with the first of the values that ``-m`` runs it with."""
    (parsed,) = OverridesParser.create().parse_overrides([override])
    if not parsed.is_sweep_override():
        return override
    value = parsed.value()
    if isinstance(value, Glob):
        return f"{parsed.key_or_group}={value.filter(list(describe()[parsed.key_or_group]))[0]}"
    first = value.start if isinstance(value, IntervalSweep) else next(iter(parsed.sweep_string_iterator()))
    return f"{parsed.get_key_element()}={first}"


def command_line(command: str) -> list[str]:
    """Return the job and the arguments of a command, such as ``python train.py ...`` or ``make train ARGS=...``."""
    program, *words = shlex.split(PLACEHOLDER.sub(lambda name: CHOICES.get(name[0], "some_name"), command))
    if program == "python":
        return ["train", *words[1:]]
    if program == "make":
        arguments = words[1].removeprefix("ARGS=") if len(words) > 1 else ""
        return [*TARGETS[words[0]], *shlex.split(arguments)] if words[0] in TARGETS else []
    return words


def write_configs(folder: Path) -> Path:
    """Write the configurations that the pages add into a folder laid out as ``conf`` is, and return it."""
    for block in BLOCKS:
        if block.file.startswith("conf/"):
            path = folder / block.file.removeprefix("conf/")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text)
    return folder


def install(page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the modules that a page adds imported from there."""
    for block in BLOCKS:
        if block.page == page and block.file.endswith(".py"):
            module = ModuleType(block.file.removesuffix(".py").replace("/", "."))
            monkeypatch.setitem(sys.modules, module.__name__, module)
            exec(compile(block.text, str(block), "exec"), vars(module))


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_composes(
    command: str, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A command with arguments also names everything that it needs; the pages' own files are there."""
    monkeypatch.chdir(tmp_path)
    write_configs(tmp_path / "my_parts")
    words = command_line(command)
    if command.startswith("make "):
        assert f"\n{command.split()[1]}: " in (ROOT / "Makefile").read_text("utf-8")
    if not words:
        return
    alone, helped = len(words) == 1, "--help" in words
    if "--config-dir" not in words:
        words += ["--config-dir", "my_parts"]
    if "-m" in words:
        words = [first_of_a_sweep(word) if "=" in word else word for word in words if word != "-m"]
    words += [] if helped or "--cfg" in words else ["--cfg", "job"]
    if words[0] in NEW_JOBS:
        shutil.copytree(CONF, tmp_path / "conf")
        status = start(Command(words[0], conf=write_configs(tmp_path / "conf")), words[1:])
    else:
        status = (benchmark if words[0] in BENCHMARKS else main)(words)
    assert status == 0, capsys.readouterr().err
    assert alone or helped or "???" not in capsys.readouterr().out


@pytest.mark.parametrize("block", [block for block in BLOCKS if block.language in ("yaml", "toml")], ids=str)
def test_every_yaml_block_can_be_read(block: Block) -> None:
    if block.language == "yaml":
        assert isinstance(yaml.safe_load(block.text), dict)


QUICK = ["debug=fast", "trainer=cpu", "model.channels=8", "precision=32-true"]
EXTENDING = DOCS / "how_to" / "extending.md"


@pytest.mark.parametrize(
    ("page", "overrides"),
    [
        (README, ["model=lsgan", "data=digits", "callbacks=none"]),
        (EXTENDING, ["model=lsgan", "data=marks", "data.count=200", "callbacks=[none,strip,model_summary]"]),
        (EXTENDING, ["model=conditional_lsgan", "data=digits", "callbacks=none"]),
    ],
    ids=["README", "extending", "conditional"],
)
def test_the_parts_that_a_page_adds_train(
    page: Path,
    overrides: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    install(page, monkeypatch)
    parts = write_configs(tmp_path / "my_parts")
    status = start("train", ["--config-dir", str(parts), *QUICK, *overrides])
    assert status == 0, capsys.readouterr().err
    (run,) = (tmp_path / "runs").glob("[!.]*")
    assert (run / "checkpoints" / "last.ckpt").is_file()
    assert (run / "strips" / "epoch_0001.png").is_file() == ("strip" in str(overrides))
    columns = (run / "metrics.csv").read_text().splitlines()[0].split(",")
    assert {"train/discriminator_loss", "val/generator_loss"} <= set(columns)
    assert not [column for column in columns if "accuracy" in column], "nobody said what the scores mean"


def test_the_metric_that_a_page_adds_measures(monkeypatch: pytest.MonkeyPatch) -> None:
    install(EXTENDING, monkeypatch)
    metric = import_module("handwriting.metrics.ink").Ink()
    dark, bright = (make_sample(gaussian(4), images=np.full((4, 1, 8, 8), level, np.uint8)) for level in (10, 30))
    values = metric.compute(make_evaluation(bright, dark, floor=dark))
    assert (values["ink"].value, values["ink"].floor) == (20, 0)


def test_the_command_that_a_page_adds_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    install(EXTENDING, monkeypatch)
    shutil.copytree(CONF, tmp_path / "conf")
    assert start(Command("count", conf=write_configs(tmp_path / "conf")), ["data=digits"]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == list("0123456789")


@pytest.mark.slow
@pytest.mark.parametrize("page", [README, DOCS / "how_to" / "python.md"], ids=lambda page: page.name)
def test_the_python_of_a_page_runs(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its blocks run one after the other, with a few batches for each training."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(handwriting, "train", partial(api.train, *QUICK), raising=False)
    monkeypatch.setattr(handwriting, "sweep", partial(api.sweep, *QUICK), raising=False)
    (tmp_path / "notebook").mkdir()
    Image.fromarray(drawn_page().image).save(tmp_path / "notebook" / "page.png")
    names: dict[str, object] = {}
    for block in blocks(page):
        if block.language == "python" and not block.file:
            exec(compile(block.text, str(block), "exec"), names)
