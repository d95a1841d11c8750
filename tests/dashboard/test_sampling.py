"""Glyphs drawn on the spot from a checkpoint."""

from __future__ import annotations

import io
import os
import pickle
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from handwriting.dashboard.sampling import MAX_GLYPHS, SampleFiles, model_of, sample_now
from handwriting.errors import ConfigError, DataError, HandwritingError, RunError
from handwriting.glyphs import Glyphs
from handwriting.runs import checkpoints
from tests.builders import train


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    overrides = ["model=cgan", "data.style=median", "model.conditions=[class,style]", "callbacks=none"]
    run = train(tmp_path_factory.mktemp("runs") / "styled", *overrides, "trainer.max_epochs=1")
    return run / "checkpoints" / "last.ckpt"


def draw(checkpoint: Path, n: int = 2, **given: Any) -> SampleFiles:
    return sample_now(checkpoint, n, **{"labels": None, "styles": None, "seed": 0, "temperature": 1.0, **given})


def glyphs_of(drawn: SampleFiles, folder: Path) -> Glyphs:
    (folder / "drawn.npz").write_bytes(drawn.npz)
    return Glyphs.load(folder / "drawn.npz")


def test_the_same_seed_draws_the_same_glyphs(checkpoint: Path, tmp_path: Path):
    one, two = draw(checkpoint, seed=5), draw(checkpoint, seed=5)
    assert one.png == two.png
    assert np.array_equal(glyphs_of(one, tmp_path).images, glyphs_of(two, tmp_path).images)


@pytest.mark.parametrize("other", [{"seed": 6}, {"temperature": 0.5}, {"labels": ["c", "b", "a"]}, {"n": 3}])
def test_whatever_is_changed_draws_others(checkpoint: Path, other: dict[str, Any]):
    usual, changed = draw(checkpoint, seed=5), draw(checkpoint, **{"seed": 5, **other})
    assert usual.png != changed.png
    assert usual.npz != changed.npz


def test_a_lower_temperature_samples_glyphs_that_are_more_alike(checkpoint: Path, tmp_path: Path):
    asked: dict[str, Any] = {"n": 30, "labels": ["a"], "styles": ["thin"]}
    far, near = (
        glyphs_of(draw(checkpoint, **asked, temperature=temperature), tmp_path).images for temperature in (1.0, 0.25)
    )
    assert near.var(axis=0).mean() < 0.5 * far.var(axis=0).mean()


def test_every_class_and_style_has_a_row(checkpoint: Path, tmp_path: Path):
    drawn = draw(checkpoint, 4)
    glyphs = glyphs_of(drawn, tmp_path)
    assert drawn.count == len(glyphs) == 3 * 2 * 4
    assert glyphs.labels.tolist() == [0] * 8 + [1] * 8 + [2] * 8
    assert glyphs.styles.tolist() == ([0] * 4 + [1] * 4) * 3
    with Image.open(io.BytesIO(drawn.png)) as six, Image.open(io.BytesIO(draw(checkpoint, 4, labels=["b"]).png)) as two:
        assert six.height - two.height == 4 * (2 * 28 + 3)


def test_only_what_is_asked_for_is_drawn(checkpoint: Path, tmp_path: Path):
    glyphs = glyphs_of(draw(checkpoint, 3, labels=["c", "a"], styles=["thick"]), tmp_path)
    assert [glyphs.alphabet[label] for label in glyphs.labels] == ["c"] * 3 + ["a"] * 3
    assert {glyphs.style_names[style] for style in glyphs.styles} == {"thick"}


def test_a_class_or_style_that_the_model_does_not_know_is_named(checkpoint: Path):
    with pytest.raises(DataError, match="no class called d"):
        draw(checkpoint, labels=["a", "d"])
    with pytest.raises(DataError, match="no style called bold"):
        draw(checkpoint, styles=["bold"])


@pytest.mark.parametrize("given", [{"n": MAX_GLYPHS // 6 + 1}, {"n": 0}, {"n": -1}, {"labels": []}, {"styles": []}])
def test_too_many_or_no_glyphs_are_refused(checkpoint: Path, given: dict[str, Any]):
    with pytest.raises(ConfigError, match="request 1 to"):
        draw(checkpoint, **given)


def test_the_largest_number_of_glyphs_is_sampled(checkpoint: Path):
    assert draw(checkpoint, MAX_GLYPHS, labels=["a"], styles=["thin"]).count == MAX_GLYPHS
    with pytest.raises(ConfigError, match="2,001"):
        draw(checkpoint, MAX_GLYPHS + 1, labels=["a"], styles=["thin"])


# Checkpoints


def test_a_missing_checkpoint_is_reported_and_loads_once_it_exists(checkpoint: Path, tmp_path: Path):
    late = tmp_path / "late.ckpt"
    with pytest.raises(RunError, match=r"late\.ckpt"):
        draw(late)
    shutil.copy(checkpoint, late)
    assert draw(late).png == draw(checkpoint).png


class Code:
    """What leaves a file behind as it is unpickled."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.trace,)


@pytest.mark.parametrize("written", ["by torch", "by torch of old", "by pickle"])
def test_a_checkpoint_that_holds_code_does_not_run_it(checkpoint: Path, tmp_path: Path, written: str):
    trace, path = tmp_path / "it ran", tmp_path / "code.ckpt"
    whole = torch.load(checkpoint, weights_only=True)
    content = {**whole, "hyper_parameters": {**whole["hyper_parameters"], "lr": Code(trace)}}
    if written == "by pickle":
        path.write_bytes(pickle.dumps(content["hyper_parameters"]))
    else:
        torch.save(content, path, _use_new_zipfile_serialization=written == "by torch")
    with pytest.raises(RunError, match="not loaded"):
        draw(path)
    assert not trace.exists()
    assert b"pathlib" in path.read_bytes(), "the code is in the file"
    act, arguments = Code(trace).__reduce__()
    act(*arguments)
    assert trace.exists(), "it would have"


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"no checkpoint at all"])
def test_a_file_that_is_no_checkpoint_is_refused_in_one_line(tmp_path: Path, content: bytes):
    path = tmp_path / "broken.ckpt"
    path.write_bytes(content)
    with pytest.raises(HandwritingError) as refused:
        draw(path)
    assert "broken.ckpt" in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_newer_checkpoint_is_loaded_anew_and_the_same_one_is_not(checkpoint: Path, tmp_path: Path):
    path = tmp_path / "moving.ckpt"
    shutil.copy(checkpoint, path)
    before, model = draw(path), model_of(path)
    assert model_of(path) is model
    content = checkpoints.load(path)
    content["state_dict"] = {name: weights / 2 for name, weights in content["state_dict"].items()}
    stamp = path.stat().st_mtime_ns + 1_000_000_000
    checkpoints.save(content, path)
    os.utime(path, ns=(stamp, stamp))
    assert model_of(path) is not model
    assert draw(path).png != before.png
