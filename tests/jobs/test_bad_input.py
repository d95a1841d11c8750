"""What cannot be trained on is refused in one line with exit status 2, before torch has even been imported."""

from __future__ import annotations

import gzip
import io
import json
import subprocess
import sys
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from handwriting.data.sources.synthetic import draw_glyphs
from handwriting.glyphs import Glyphs
from handwriting.jobs import start
from handwriting.runs import Run
from tests.builders import QUICK

SCRIPT = """
import contextlib, io, json, sys
from handwriting.jobs import start

answers = {}
for name, words in json.load(sys.stdin).items():
    with contextlib.redirect_stderr(io.StringIO()) as told:
        status = start("train", words)
    answers[name] = [status, told.getvalue(), "torch" in sys.modules]
print(json.dumps(answers))
"""


def idx(array: np.ndarray) -> bytes:
    return bytes([0, 0, 8, array.ndim]) + b"".join(n.to_bytes(4, "big") for n in array.shape) + array.tobytes()


IMAGES, LABELS = np.zeros((30, 28, 28), np.uint8), np.arange(30, dtype=np.uint8) % 26 + 1
LETTERS = {
    f"emnist-letters-{part}-{kind}-ubyte": array
    for part in ("train", "test")
    for kind, array in (("images-idx3", IMAGES), ("labels-idx1", LABELS))
}


def letters(folder: Path, **changed: bytes) -> str:
    """Write a letters split, with other bytes for the training ``images`` or ``labels``."""
    folder.mkdir()
    for name, array in LETTERS.items():
        (folder / f"{name}.gz").write_bytes(gzip.compress(idx(array)))
    for kind, content in changed.items():
        name = next(name for name in LETTERS if f"train-{kind}" in name)
        (folder / f"{name}.gz").write_bytes(content)
    return f"data.root={folder}"


def pictures(folder: Path, classes: str = "ab") -> Path:
    """Write ten pictures of each class."""
    glyphs, _ = draw_glyphs(10 * len(classes), seed=0, classes=classes)
    for number, (image, label) in enumerate(zip(glyphs.images, glyphs.labels, strict=True)):
        place = folder / classes[label]
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image[0]).save(place / f"{number}.png")
    return folder


def png_of(width: int, height: int) -> bytes:
    """Return the header of a picture of that size, and no more than that of its pixels."""
    file = io.BytesIO()
    Image.new("L", (1, 1)).save(file, "PNG")
    content = bytearray(file.getvalue())
    content[16:24] = width.to_bytes(4, "big") + height.to_bytes(4, "big")
    content[29:33] = zlib.crc32(content[12:29]).to_bytes(4, "big")
    return bytes(content)


@pytest.fixture(scope="module")
def answers(tmp_path_factory) -> dict[str, list]:
    """What ``train`` says to every bad input."""
    at = tmp_path_factory.mktemp("bad")
    whole = gzip.compress(idx(IMAGES))
    cases = {
        "missing": ["data=emnist", f"data.root={at / 'nowhere'}"],
        "truncated": ["data=emnist", letters(at / "truncated", images=whole[:-30])],
        "magic": ["data=emnist", letters(at / "magic", images=gzip.compress(b"\0\0\x0d\3" + idx(IMAGES)[4:]))],
        "counts": ["data=emnist", letters(at / "counts", labels=gzip.compress(idx(LABELS[:-1])))],
        "range": ["data=emnist", letters(at / "range", labels=gzip.compress(idx(LABELS + 20)))],
        "empty file": ["data=emnist", letters(at / "empty file", images=b"")],
    }
    bomb = bytes([0, 0, 8, 3]) + b"".join(n.to_bytes(4, "big") for n in (2**24, 28, 28))
    cases["bomb"] = ["data=emnist", letters(at / "bomb", images=gzip.compress(bomb))]
    folders = {name: pictures(at / name) for name in ("empty class", "zero bytes", "undecodable", "picture bomb")}
    (folders["empty class"] / "c").mkdir()
    (folders["zero bytes"] / "a" / "zero.png").touch()
    (folders["undecodable"] / "a" / "text.png").write_text("no picture")
    (folders["picture bomb"] / "a" / "huge.png").write_bytes(png_of(60000, 60000))
    cases |= {name: ["data=folder", f"data.path={folder}"] for name, folder in folders.items()}
    np.savez(at / "unlabelled.npz", images=IMAGES + 9)
    cases["unlabelled"] = ["data=arrays", f"data.path={at / 'unlabelled.npz'}", "model=cvae"]
    with zipfile.ZipFile(at / "code.npz", "w") as archive:
        file = io.BytesIO()
        np.save(file, np.array([{}], object))
        archive.writestr("images.npy", file.getvalue())
    cases["pickle"] = ["data=arrays", f"data.path={at / 'code.npz'}"]
    cases["one"] = ["data.batch_size=1"]
    cases["one in layers"] = ["experiments=emnist_letters/cgan_3", "data.batch_size=1"]
    cases["no such class"] = ["data=synthetic", "data.classes=abc", "data.prepare.drop=[q]"]
    few = Glyphs(IMAGES[:, None] + 9, np.zeros(30), alphabet=("a", "b"))
    few.save(at / "few.npz")
    cases["class without glyphs"] = ["data=arrays", f"data.path={at / 'few.npz'}"]
    cases["size"] = ["data.image_size=50"]
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], input=json.dumps(cases), cwd=at, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert not (at / "runs").exists()
    return json.loads(done.stdout)


@pytest.mark.parametrize(
    ("case", "names"),
    [
        ("missing", ["emnist-letters-train-images-idx3-ubyte.gz", "nowhere", "data.download=true"]),
        ("truncated", ["truncated/emnist-letters-train-images-idx3-ubyte.gz", "Fetch it again"]),
        ("magic", ["magic/emnist-letters-train-images-idx3-ubyte.gz", "not an IDX file"]),
        ("counts", ["30 images", "29 labels", "train-labels"]),
        ("range", ["train-labels-idx1-ubyte.gz", "label 26", "data.on_bad=skip"]),
        ("empty file", ["empty file/emnist-letters-train-images-idx3-ubyte.gz"]),
        ("bomb", ["bomb/emnist-letters-train-images-idx3-ubyte.gz", "13153337344 bytes"]),
        ("empty class", ["empty class/c", "holds no picture", "data.on_bad=skip"]),
        ("zero bytes", ["a/zero.png", "data.on_bad=skip"]),
        ("undecodable", ["a/text.png", "data.on_bad=skip"]),
        ("picture bomb", ["a/huge.png", "64 million pixels", "data.on_bad=skip"]),
        ("unlabelled", ["no label", "model.conditions", "model=vae"]),
        ("pickle", ["code.npz"]),
        ("one", ["data.batch_size=1", "model.norm=batch"]),
        ("one in layers", ["data.batch_size=1", "model.generator_layers"]),
        ("no such class", ["data.prepare.drop", "There are: a, b, c"]),
        ("class without glyphs", ["class b has no training glyph", "data.prepare.drop=[b]", "data.on_bad=skip"]),
        ("size", ["data.image_size=50", "28, 32, 64 or 128"]),
    ],
)
def test_bad_input_is_one_line_that_names_it_and_what_to_do(answers, case, names):
    status, told, torch_was_needed = answers[case]
    assert status == 2
    assert told.count("\n") == 1
    assert all(name in told for name in names), told
    assert not torch_was_needed


def test_what_cannot_be_used_is_skipped_counted_and_named_where_that_is_asked_for(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    folder = pictures(tmp_path / "pictures")
    (folder / "a" / "zero.png").touch()
    (folder / "b" / "text.png").write_text("no picture")
    words = [word for word in QUICK if not word.startswith(("data=", "data.classes", "data.count"))]
    words += ["data=folder", f"data.path={folder}", "data.on_bad=skip", "model=cgan", "callbacks=none"]
    assert start("train", words) == 0
    assert "2 glyphs or files were skipped" in capsys.readouterr().err
    (run,) = (tmp_path / "runs").glob("[!.]*")
    assert Run.at(run).status["data_report"] == {"skipped": 2}
    log = (run / "train.log").read_text()
    assert "zero.png" in log
    assert "text.png" in log
