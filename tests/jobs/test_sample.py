from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import handwriting
from handwriting.glyphs import Glyphs
from handwriting.interruption import INTERRUPTED
from handwriting.jobs import start
from handwriting.jobs.sample import write
from tests.builders import train


@pytest.fixture(scope="module")
def styled(tmp_path_factory) -> Path:
    overrides = ["model=cgan", "data.style=median", "model.conditions=[class,style]", "callbacks=none"]
    return train(tmp_path_factory.mktemp("runs") / "a run, it's (1)", *overrides, "trainer.max_epochs=1")


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)


def sample(run: Path, *words: str) -> int:
    return start("sample", [f"run={run}", *words])


def test_labels_and_styles_are_asked_for_by_name(styled):
    assert sample(styled, "labels=c,a", "styles=thick", "n=4", "out=glyphs.npz") == 0
    glyphs = Glyphs.load("glyphs.npz")
    assert [glyphs.alphabet[label] for label in glyphs.labels] == ["c"] * 4 + ["a"] * 4
    assert {glyphs.style_names[style] for style in glyphs.styles} == {"thick"}


def test_without_labels_every_class_and_style_is_drawn(styled):
    assert sample(styled, "n=2", "out=all.npz") == 0
    glyphs = Glyphs.load("all.npz")
    assert len(glyphs) == 3 * 2 * 2
    assert glyphs.counts().tolist() == [4, 4, 4]


def test_the_same_seed_gives_the_same_bytes(styled):
    for name, seed in (("one.png", 5), ("two.png", 5), ("other.png", 6)):
        assert sample(styled, f"seed={seed}", f"out={name}") == 0
    one, two, other = (Path(name).read_bytes() for name in ("one.png", "two.png", "other.png"))
    assert one == two
    assert one != other


def test_an_interrupted_folder_is_not_there_at_all(styled, monkeypatch, capsys):
    fromarray, written = Image.fromarray, iter(range(5))

    def picture(pixels):
        if next(written, None) is None:
            raise KeyboardInterrupt
        return fromarray(pixels)

    monkeypatch.setattr(Image, "fromarray", picture)
    assert sample(styled, "out=glyphs") == INTERRUPTED
    assert capsys.readouterr().err == "\nStopped. No glyphs are written; the same command begins again.\n"
    assert list(Path().iterdir()) == []


def test_a_class_is_never_a_path(tmp_path):
    names = ("/", "..", "a/b", "c")
    glyphs = Glyphs(np.zeros((4, 1, 8, 8), np.uint8), np.arange(4), alphabet=names)
    write(glyphs, tmp_path / "deep" / "out", columns=1)
    assert sorted(path.name for path in tmp_path.rglob("*.png")) == [f"{number:05d}.png" for number in range(4)]
    folders = {path.parent.relative_to(tmp_path / "deep" / "out").as_posix() for path in tmp_path.rglob("*.png")}
    assert folders == {"U+002F", "U+002E U+002E", "U+0061 U+002F U+0062", "c"}


def test_a_folder_holds_one_picture_a_glyph_by_class(styled):
    assert sample(styled, "labels=a,b", "styles=thin", "n=3", "out=my glyphs") == 0
    files = sorted(Path("my glyphs").glob("*/*.png"))
    assert [file.parent.name for file in files] == ["a"] * 3 + ["b"] * 3
    assert sample(styled, "labels=a,b", "styles=thin", "n=3", "out=same.npz") == 0
    assert np.array_equal(np.asarray(Image.open(files[4])), Glyphs.load("same.npz").images[4, 0])


def test_nothing_is_written_over(styled, capsys):
    Path("mine.png").write_text("precious")
    assert sample(styled, "out=mine.png") == 2
    assert "exists already" in capsys.readouterr().err
    assert Path("mine.png").read_text() == "precious"
    assert sample(styled) == sample(styled) == 0
    assert len(list(Path("reports").glob("*_seed0*.png"))) == 2


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["labels=a,d"], "no class called d"),
        (["styles=bold"], "no style called bold"),
        (["n=0"], "n=0"),
        (["n=many"], "n=many"),
        (["seed=-1"], "seed=-1"),
        (["seed=4294967296"], "seed=4294967296: must be less than 4294967296."),
        (["out=picture.bmp"], "give a .png"),
    ],
)
def test_a_mistake_is_one_line_and_leaves_nothing(styled, words, told, capsys):
    assert sample(styled, *words) == 2
    error = capsys.readouterr().err
    assert told in error
    assert error.count("\n") == 1
    assert list(Path().iterdir()) == []


def test_a_run_that_is_none_is_named(capsys):
    assert start("sample", ["run=nowhere"]) == 2
    assert "nowhere does not exist" in capsys.readouterr().err


def test_python_needs_three_lines_and_no_data(styled):
    model = handwriting.load(styled)
    images = model.sample(10, labels="a", styles="thin")
    assert images.shape == (10, 1, 28, 28)


def test_a_checkpoint_alone_is_enough(styled, tmp_path):
    alone = tmp_path / "alone.ckpt"
    alone.write_bytes((styled / "checkpoints" / "last.ckpt").read_bytes())
    assert handwriting.load(alone).sample(1).shape == (1, 1, 28, 28)


def test_less_temperature_gives_others_that_are_more_alike(styled):
    for temperature in (1, 0.5):
        for out in (f"{temperature}.png", f"{temperature}.npz"):
            assert sample(styled, "labels=a", "styles=thin", "n=20", f"temperature={temperature}", f"out={out}") == 0
    assert Path("1.png").read_bytes() != Path("0.5.png").read_bytes()
    far, near = (Glyphs.load(f"{temperature}.npz").images.var(axis=0).mean() for temperature in (1, 0.5))
    assert near < 0.7 * far


def test_the_temperature_of_training_is_what_is_drawn_with_unless_asked_otherwise(styled):
    assert sample(styled, "n=2", "out=usual.png") == sample(styled, "n=2", "temperature=1", "out=one.png") == 0
    assert Path("usual.png").read_bytes() == Path("one.png").read_bytes()


@pytest.mark.parametrize("temperature", ["0", "-1", "inf", "-inf", "nan", "wide", "null", "[1]"])
def test_a_temperature_that_is_no_positive_number_is_refused_in_one_line(styled, temperature, capsys):
    assert sample(styled, f"temperature={temperature}") == 2
    error = capsys.readouterr().err
    assert "temperature=" in error
    assert error.count("\n") == 1
    assert list(Path().iterdir()) == []
