from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from handwriting.jobs import start
from tests.data.conftest import idx_bytes


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)


def page(path: str) -> np.ndarray:
    with Image.open(path) as picture:
        return np.asarray(picture.convert("L"))


def test_a_page_is_drawn_and_summed_up(capsys):
    assert start("data", []) == 0
    told = dict(line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines())
    assert told["classes"] == "10"
    assert told["glyphs"] == "1,295 training, 143 validation, 359 test"
    assert told["smallest"] == "8, 125 training glyphs"
    assert told["report"] == "nothing removed, nothing added"
    assert told["page"] == "reports/data_digits.png"
    pixels = page("reports/data_digits.png")
    assert pixels.shape[1] <= 1640
    assert (pixels > 200).mean() > 0.7
    assert (pixels < 60).mean() > 0.02


def test_the_summary_tells_what_preparation_did(capsys):
    words = ["data.prepare.drop=[1,7]", "data.prepare.outliers=3", "data.prepare.largest=100", "data.style=median"]
    assert start("data", words) == 0
    out = capsys.readouterr().out
    assert "8\n" in out.partition("classes")[2][:20]
    assert "prepare.drop=[1,7] prepare.outliers=3.0 prepare.largest=100 style=median" in out
    assert "dropped classes: 2, outliers: " in out
    assert ", cut: " in out


def test_nothing_is_written_over(capsys):
    Path("mine.png").write_text("precious")
    assert start("data", ["out=mine.png"]) == 2
    assert "out=mine.png exists already" in capsys.readouterr().err
    assert Path("mine.png").read_text() == "precious"
    Path("reports").mkdir()
    Path("reports/data_digits.png").write_text("precious")
    assert start("data", []) == 0
    assert Path("reports/data_digits.png").read_text() == "precious"
    assert Path("reports/data_digits_2.png").is_file()


def test_the_seed_chooses_the_glyphs_that_are_shown_and_nothing_else_does():
    for name, seed in (("one.png", 1), ("same.png", 1), ("other.png", 2)):
        assert (
            start("data", ["data=synthetic", "data.count=300", "data.classes=ab", f"seed={seed}", f"out={name}"]) == 0
        )
    one, same, other = (Path(name).read_bytes() for name in ("one.png", "same.png", "other.png"))
    assert one == same
    assert one != other


def test_the_page_grows_with_the_classes_and_not_beyond_its_width():
    sizes = []
    for classes in ("ab", "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"):
        name = f"{len(classes)}.png"
        words = ["data=synthetic", "data.count=1240", f"data.classes={classes}", "data.style=median", f"out={name}"]
        assert start("data", words) == 0
        sizes.append(page(name).shape)
    assert sizes[0][1] == sizes[1][1]
    assert sizes[1][0] > 2 * sizes[0][0]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["out=page.pdf"], "out=page.pdf: give a .png."),
        (["seed=-1"], "seed=-1: must be greater than or equal to 0."),
        (["data.prepare.drop=[eleven]"], "data.prepare.drop: there is no class eleven."),
        (["data=emnist", "data.root=nowhere"], "is missing under nowhere"),
    ],
)
def test_a_mistake_is_one_line_and_leaves_nothing(words, told, capsys):
    assert start("data", words) == 2
    error = capsys.readouterr().err
    assert told in error
    assert error.count("\n") == 1
    assert list(Path().iterdir()) == []


def test_a_source_without_labels_gets_a_page_without_classes(tmp_path, monkeypatch, capsys):
    from handwriting.data.sources.mnist import MNIST
    from handwriting.data.sources.synthetic import draw_glyphs
    from handwriting.glyphs import Glyphs

    glyphs = Glyphs(draw_glyphs(60, 0)[0].images)
    monkeypatch.setattr(MNIST, "read", lambda self: (glyphs[:50], glyphs[50:]))
    assert start("data", ["data=mnist"]) == 0
    assert "none: the glyphs are unlabelled" in capsys.readouterr().out
    assert page("reports/data_mnist.png").shape[0] > 200


def test_no_torch_is_loaded_where_no_copy_is_drawn(tmp_path):
    """The answer is there within seconds."""
    folder = tmp_path / "mnist"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for part in ("train", "t10k"):
        (folder / f"{part}-images-idx3-ubyte").write_bytes(idx_bytes(rng.integers(0, 256, (200, 28, 28), np.uint8)))
        (folder / f"{part}-labels-idx1-ubyte").write_bytes(idx_bytes(np.arange(200, dtype=np.uint8) % 10))
    program = f"""
import sys
from handwriting.jobs import main
assert main(["data", "data=mnist", "data.root={tmp_path}", "data.style=median", "data.prepare.outliers=3"]) == 0
assert not sys.modules.keys() & {{"torch", "pytorch_lightning", "sklearn", "wandb"}}
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
