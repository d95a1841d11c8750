from __future__ import annotations

import csv
import json
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from handwriting.jobs import start
from tests.builders import train

MARKUP = "<img src=x onerror=alert(1)>|`*[b](http:) $x^{"
"""What a run folder may be called as well."""


def measured(value: float, **more: Any) -> dict[str, Any]:
    return {"value": value, "floor": 1.0, "n": 5600, "unit": "", "error": None, "better": "min",
            "classifier": "3f2a91c0", "accuracy": 0.97, **more}  # fmt: skip


@pytest.fixture(scope="module")
def trained(tmp_path_factory) -> Path:
    """A folder of two runs that were evaluated, one that was not, one that is broken, and one folder of notes."""
    runs = tmp_path_factory.mktemp("trained") / "runs"
    train(runs / "a_cgan", "model=cgan")
    train(runs / "b_vae", "model=vae", "seed=7")
    train(runs / MARKUP, "model=vae", "trainer.max_epochs=1")
    for name, fid, recall in (("a_cgan", 12.34, 0.5), ("b_vae", 45.67, 0.75)):
        measures = {
            "fid": measured(fid, error=0.5),
            "recall": measured(recall, floor=0.9, better="max"),
            "class_fid/a": measured(fid),
        }
        (runs / name / "evaluation.json").write_text(json.dumps(measures))
    (runs / "broken").mkdir()
    (runs / "broken" / "status.json").write_text("{")
    (runs / "notes").mkdir()
    return runs


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)


class Page(HTMLParser):
    """What a browser makes of a page: its tags, its text, and what is bold."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.best: list[str] = []
        self.in_best = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.text += "\n"
        self.in_best = tag == "strong"

    def handle_endtag(self, tag: str) -> None:
        self.text += "\n"
        self.in_best = False

    def handle_data(self, data: str) -> None:
        self.text += data
        if self.in_best:
            self.best.append(data)


def page(folder: str = "reports/comparison") -> Page:
    return Page(Path(folder, "comparison.html").read_text("utf-8"))


def test_page_table_and_pictures_are_made_and_the_terminal_has_a_summary(trained, capsys):
    assert start("compare", [f"runs={trained}"]) == 0
    out = capsys.readouterr().out
    assert re.search(r"^fid ↓ +- +12\.34 \* +45\.67 +1\.000 +5,600$", out, re.MULTILINE)
    assert re.search(r"^recall ↑ +- +0\.5000 +0\.7500 \* +0\.9000 +5,600$", out, re.MULTILINE)
    assert out.endswith("page  reports/comparison/comparison.html\n")
    names = {path.name for path in Path("reports/comparison").iterdir()}
    assert names >= {
        "comparison.md",
        "comparison.csv",
        "comparison.html",
        "curves.png",
        "measures.png",
        "samples_1.png",
    }
    shown = page()
    titles = ["Runs", "Metrics", "Settings that differ", "Training", "Samples"]
    assert [title for title in titles if f"\n{title}\n" in shown.text] == titles
    assert [float(best) for best in shown.best] == [12.34, 0.75]
    assert "+11.3" in shown.text
    assert "±0.50" in shown.text


def test_broken_and_foreign_folders_are_named_with_the_reason(trained, capsys):
    assert start("compare", [f"runs={trained}"]) == 0
    out = capsys.readouterr().out
    for text in (out, page().text, Path("reports/comparison/comparison.md").read_text()):
        assert "Skipped: " in text
        assert f"{trained}/broken" in text
        assert f"{trained}/notes (not a run folder" in text


def test_the_page_needs_nothing_else_and_runs_nothing(trained):
    assert start("compare", [f"runs={trained}"]) == 0
    tags = page().tags
    assert not {"script", "link", "iframe", "object", "base"} & {tag for tag, _ in tags}
    addresses = [
        value for _, attrs in tags for key, value in attrs.items() if key in ("src", "href", "srcset", "action")
    ]
    assert len(addresses) >= 3
    assert all(str(address).startswith("data:image/png;base64,") for address in addresses)
    assert not [key for _, attrs in tags for key in attrs if key.startswith("on")]
    text = Path("reports/comparison/comparison.html").read_text()
    assert "http" not in text.replace("http-equiv", "").replace("(http:)", "")
    assert "url(" not in text


def test_markup_in_the_name_of_a_run_stays_text(trained, capsys):
    assert start("compare", [f"runs={trained}"]) == 0
    html, markdown = (Path(f"reports/comparison/comparison.{kind}").read_text() for kind in ("html", "md"))
    assert "<img src=x" not in html
    assert MARKUP in page().text
    assert r"\<img src=x onerror=alert(1)\>\|\`\*\[b\](http:) $x^{" in markdown
    tables = [line for line in markdown.splitlines() if line.startswith("| ")]
    lengths = {len(re.findall(r"(?<!\\)\|", line)) for line in tables if "CGAN" in line or "VAE" in line}
    assert len(lengths) <= 2, "no name adds a column"


def test_runs_without_an_evaluation_get_the_command_and_are_not_mixed_with_the_others(trained, capsys):
    assert start("compare", [f"runs={trained}"]) == 0
    assert f"handwriting evaluate 'run={trained}/<img" in capsys.readouterr().out
    shown = page().text
    before, _, after = shown.partition("Not evaluated: 1 (")
    assert "val/loss" not in before
    assert "val/loss" in after
    assert "not test metrics" in after


def test_only_settings_that_differ_are_shown(trained):
    assert start("compare", [f"runs={trained}/*_*"]) == 0
    settings = page().text.partition("Settings that differ")[2].partition("Training")[0]
    assert {"seed", "model._target_", "handwriting.models.vae.VAE"} <= set(settings.split())
    assert not {"data.count", "precision"} & set(settings.split())
    assert start("compare", [f"runs={trained}/b_vae", "out=one"]) == 0
    assert "The runs have the same settings." in page("one").text


def test_the_table_has_a_row_for_each_run_with_values_and_floors(trained):
    assert start("compare", [f"runs={trained}"]) == 0
    with Path("reports/comparison/comparison.csv").open(newline="") as file:
        rows = {row["name"]: row for row in csv.DictReader(file)}
    assert list(rows) == [MARKUP, "a_cgan", "b_vae"]
    cgan = rows["a_cgan"]
    assert (cgan["fid"], cgan["fid_floor"], cgan["fid_n"], cgan["class_fid/a"]) == ("12.34", "1.0", "5600", "12.34")
    assert (cgan["model"], cgan["config.seed"], cgan["classifier"]) == ("CGAN", "0", "3f2a91c0")
    assert int(cgan["parameters"]) > 1000
    assert rows[MARKUP]["fid"] == ""


def test_markdown_refers_to_the_pictures_in_its_folder(trained):
    assert start("compare", [f"runs={trained}"]) == 0
    named = re.findall(r"!\[[^]]*\]\(([^)]*)\)", Path("reports/comparison/comparison.md").read_text())
    assert sorted(named) == sorted(path.name for path in Path("reports/comparison").glob("*.png"))
    for name in named:
        with Image.open(Path("reports/comparison", name)) as picture:
            assert picture.width > 100


def test_runs_measured_by_different_classifiers_are_not_compared(trained, tmp_path, capsys):
    shutil.copytree(trained, tmp_path / "runs")
    other = {"fid": measured(1.5, classifier="77aa77aa")}
    (tmp_path / "runs/b_vae/evaluation.json").write_text(json.dumps(other))
    assert start("compare", ["runs=runs/*_*"]) == 0
    assert "Not comparable: fid. " in capsys.readouterr().out
    shown = page()
    assert "3f2a91c0: run 1; 77aa77aa: run 2" in shown.text
    assert shown.best == []


def test_nothing_is_written_over(trained, capsys):
    Path("mine").mkdir()
    assert start("compare", [f"runs={trained}", "out=mine"]) == 2
    assert "out=mine exists already" in capsys.readouterr().err
    assert list(Path("mine").iterdir()) == []
    Path("reports").mkdir()
    Path("reports/comparison").write_text("precious")
    assert start("compare", [f"runs={trained}/b_vae"]) == 0
    assert Path("reports/comparison").read_text() == "precious"
    assert Path("reports/comparison_2/comparison.html").is_file()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["runs=nowhere"], "runs=nowhere: there is no run to compare (nowhere: there is no such folder)."),
        (["runs=nowhere/*,elsewhere"], "there is no run to compare"),
        (["runs="], "runs=: there is no run to compare: name run folders, such as runs=runs/first,runs/second."),
        (["runs=.", "out=page.html"], "give a folder"),
        ([], "runs is missing: give runs=<folder>"),
    ],
)
def test_a_mistake_is_one_line_and_leaves_nothing(words, message, capsys):
    assert start("compare", words) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert list(Path().iterdir()) == []


def test_no_torch_is_loaded_to_compare(trained):
    """The answer is there within seconds."""
    program = f"""
import sys
from handwriting.jobs import main
assert main(["compare", {f"runs={trained}"!r}]) == 0
assert not sys.modules.keys() & {{"torch", "pytorch_lightning", "sklearn", "wandb", "handwriting.data"}}
"""
    done = subprocess.run([sys.executable, "-W", "error", "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
