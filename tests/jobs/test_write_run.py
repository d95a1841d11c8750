"""``handwriting write run=``: a message with the letters of a trained model, and one clear line where it draws none."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import handwriting
from benchmarks.drawn_pages import draw_page
from benchmarks.page_style import PageStyle
from handwriting.errors import ConfigError, HandwritingError, RunError
from handwriting.jobs import start
from handwriting.pages.folder import SegmentedFolder
from handwriting.pages.hand_folder import kept_characters
from handwriting.writing.model_letters import MIN_OWN
from tests.builders import train
from tests.pages.builders import write_drawn_hand

NO_TRAINING = ("callbacks=none", "trainer.max_epochs=1")


@pytest.fixture(scope="module")
def hand(tmp_path_factory: pytest.TempPathFactory) -> SegmentedFolder:
    style = PageStyle(size=(5, 3), margin=0.3, dpi=150)
    return write_drawn_hand(tmp_path_factory.mktemp("hands") / "drawn", draw_page(style, 3))


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_a_checkpoint_alone_writes_and_the_same_seed_gives_the_same_bytes(gan: Path) -> None:
    Path("alone.ckpt").write_bytes((gan / "checkpoints" / "last.ckpt").read_bytes())
    for suffix in ("png", "svg"):
        first, again, other = (
            handwriting.write(None, "cab abba", f"out={name}.{suffix}", f"seed={seed}", run="alone.ckpt")
            .files[0]
            .read_bytes()
            for name, seed in (("a", 1), ("b", 1), ("c", 2))
        )
        assert first == again
        assert first != other
    with Image.open("a.png") as picture:
        assert np.asarray(picture.convert("L")).min() < 100


def test_the_picture_is_named_after_the_run(gan: Path) -> None:
    assert [str(file) for file in handwriting.write(None, "abc", run=gan).files] == [f"reports/{gan.name}.png"]


def test_what_the_model_lacks_is_named_and_can_be_written_otherwise(
    gan: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(ConfigError) as refused:
        handwriting.write(None, "Abcd", run=gan)
    message = str(refused.value)
    assert "This model lacks 2 characters of the text: A d." in message
    assert all(way in message for way in ("missing=case", "missing=drawn", "missing=skip"))
    assert "\n" not in message
    assert "page" not in message
    handwriting.write(None, "Abc", "missing=case", "out=case.png", run=gan)
    handwriting.write(None, "Abcd", "missing=drawn", "out=drawn.png", run=gan)
    handwriting.write(None, "123", "missing=drawn", "out=digits.png", run=gan)
    handwriting.write(None, "abcd", "missing=skip", "out=skipped.png", run=gan)
    assert "d: not in this model" in capsys.readouterr().out


def test_a_model_stands_in_where_a_hand_has_too_few_drawings(
    gan: Path, hand: SegmentedFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    own = kept_characters(hand)
    few = [one for one in "abc" if len(own.get(one, ())) < MIN_OWN]
    enough = [one for one in sorted(own) if one.islower() and len(own[one]) >= MIN_OWN]
    text = "".join(enough[:4])
    handwriting.write(hand, text, "out=hand.png")
    handwriting.write(hand, text, "out=both.png", run=gan)
    assert Path("hand.png").read_bytes() == Path("both.png").read_bytes()
    assert "model" not in capsys.readouterr().out
    assert few, "the drawn hand has enough of all that the model knows"
    handwriting.write(hand, text + "".join(few), "out=few.png", run=gan)
    assert f"{' '.join(few)}: this hand has too few drawings" in capsys.readouterr().out


def test_a_model_of_class_and_style_writes(tmp_path: Path) -> None:
    overrides = ["model=cgan", "data.style=median", "model.conditions=[class,style]", *NO_TRAINING]
    run = train(tmp_path / "styled", *overrides)
    thin, again, thick = (
        handwriting.write(None, "abc", f"out={name}.png", f"seed={seed}", run=run).files[0].read_bytes()
        for name, seed in (("a", 0), ("b", 0), ("c", 1))
    )
    assert thin == again
    assert thin != thick


@pytest.mark.parametrize(
    ("overrides", "told"),
    [
        (["model=vae"], "draws without classes"),
        (["model=cgan", "data.style=median", "model.conditions=[style]"], "draws any style, but no class,"),
    ],
    ids=["unconditional", "of styles alone"],
)
def test_a_model_that_draws_no_class_on_request_is_refused(tmp_path: Path, overrides: list[str], told: str) -> None:
    run = train(tmp_path / "run", *overrides, *NO_TRAINING)
    with pytest.raises(ConfigError, match=told) as refused:
        handwriting.write(None, "abc", run=run)
    assert "model=cgan or model=cvae" in str(refused.value)
    assert "\n" not in str(refused.value)


def test_what_is_no_trained_run_is_one_clear_line(gan: Path, tmp_path: Path) -> None:
    failed = tmp_path / "failed"
    shutil.copytree(gan, failed)
    shutil.rmtree(failed / "checkpoints")
    (tmp_path / "photos").mkdir()
    (tmp_path / "broken.ckpt").write_bytes(b"not torch's")
    cases: list[tuple[Path, type[HandwritingError], str]] = [
        (failed, RunError, "has not finished its first epoch"),
        (tmp_path / "photos", RunError, "is not a run folder"),
        (tmp_path / "nowhere", RunError, "does not exist"),
        (tmp_path / "broken.ckpt", RunError, "broken.ckpt"),
    ]
    for run, error, told in cases:
        with pytest.raises(error, match=told) as refused:
            handwriting.write(None, "abc", run=run)
        assert "\n" not in str(refused.value)
    assert not list(tmp_path.glob("*.png"))


def test_neither_a_hand_nor_a_run_is_one_clear_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert start("write", ["text=abc"]) == 2
    assert capsys.readouterr().err.strip().splitlines() == [
        "Give hand=<folder of a hand>, run=<run of a conditional model>, or both."
    ]
