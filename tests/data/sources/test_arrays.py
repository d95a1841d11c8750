import gzip
import io
import pickle
import zipfile

import numpy as np
import pytest
from pydantic import TypeAdapter, ValidationError

from handwriting.config import compose
from handwriting.data.formats import npy
from handwriting.data.sources.arrays import Arrays
from handwriting.data.sources.mnist import MNIST
from handwriting.data.sources.synthetic import draw_glyphs
from handwriting.errors import DataError
from handwriting.glyphs import Glyphs

COUNT = 30


@pytest.fixture(scope="module")
def drawn():
    """Ten glyphs of each of three classes: uint8 (30, 20, 20) and their labels."""
    glyphs, _ = draw_glyphs(COUNT, seed=0, size=20, classes="abc")
    return np.array(glyphs.images[:, 0]), np.array(glyphs.labels)


def read(path, **options):
    return Arrays(path=str(path), **options).read()


def refusal(path, **options):
    with pytest.raises(DataError) as caught:
        read(path, **options)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def savez(path, **arrays):
    np.savez_compressed(path, **arrays)
    return path


def rows(*parts):
    """Every glyph of the parts with its label, in an order of their own."""
    return sorted(
        (label, image.tobytes()) for part in parts for label, image in zip(part.labels, part.images, strict=True)
    )


SHAPES = {
    "(N, H, W)": lambda images: images,
    "(N, 1, H, W)": lambda images: images[:, None],
    "(N, H, W, 1)": lambda images: images[..., None],
    "(N, H * H)": lambda images: images.reshape(len(images), -1),
}
TYPES = {
    "uint8": lambda images: images,
    "int64": lambda images: images.astype(np.int64),
    "big-endian": lambda images: images.astype(">u2"),
    "floats to 255": lambda images: images.astype(np.float64),
    "floats to 1": lambda images: (images / 255).astype(np.float32),
    "half floats": lambda images: (images / 255).astype(np.float16),
    "dark on light": lambda images: 255 - images,
}


@pytest.mark.parametrize("change", [*SHAPES.values(), *TYPES.values()], ids=[*SHAPES, *TYPES])
def test_every_shape_and_type_gives_the_same_glyphs(tmp_path, drawn, change):
    images, labels = drawn
    parts = read(savez(tmp_path / "glyphs.npz", images=change(images), labels=labels))
    assert [len(part) for part in parts] == [24, 6]
    assert parts[0].alphabet == ("0", "1", "2")
    found = np.stack([np.frombuffer(image, np.uint8) for _, image in rows(*parts)])
    expected = np.stack(
        [np.frombuffer(image, np.uint8) for _, image in rows(Glyphs(images[:, None], labels, alphabet="abc"))]
    )
    assert np.abs(found.astype(int) - expected).max() <= (1 if change is TYPES["half floats"] else 0)


@pytest.mark.parametrize("kind", [bool, np.uint8, np.float32])
def test_black_and_white_is_full_ink(tmp_path, drawn, kind):
    images, labels = drawn
    train, _ = read(savez(tmp_path / "glyphs.npz", x=(images > 127).astype(kind), y=labels))
    assert set(np.unique(train.images)) == {0, 255}


@pytest.mark.parametrize(("x", "y"), [("images", "labels"), ("x_train", "y_train"), ("X", "Y"), ("arr_0", "arr_1")])
def test_arrays_are_known_by_the_names_that_people_give_them(tmp_path, drawn, x, y):
    train, test = read(savez(tmp_path / "glyphs.npz", **{y: drawn[1], x: drawn[0]}))
    assert (train.counts() + test.counts()).tolist() == [10, 10, 10]


def test_a_test_set_in_the_same_file_is_the_test_set(tmp_path, drawn):
    images, labels = drawn
    path = savez(
        tmp_path / "mnist.npz",
        x_train=255 - images[:21],
        y_train=labels[:21],
        x_test=255 - images[21:],
        y_test=labels[21:],
    )
    train, test = read(path)
    assert rows(train) == rows(Glyphs(images[:21, None], labels[:21], alphabet="abc"))
    assert rows(test) == rows(Glyphs(images[21:, None], labels[21:], alphabet="abc"))


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_idx_files_are_read_with_their_labels_beside_them(tmp_path, drawn, write_idx, suffix):
    images, labels = drawn
    paths = {
        name: str(write_idx(tmp_path / f"{name}{suffix}", array))
        for name, array in (("images", images[:24]), ("labels", labels[:24]), ("ti", images[24:]), ("tl", labels[24:]))
    }
    train, test = read(paths["images"], labels=paths["labels"], test_path=paths["ti"], test_labels=paths["tl"])
    assert (len(train), len(test)) == (24, 6)
    np.testing.assert_array_equal(test.images[:, 0], images[24:])
    np.testing.assert_array_equal(test.labels, labels[24:])


def test_npy_files_are_read_with_texts_as_labels(tmp_path, drawn):
    images, labels = drawn
    np.save(tmp_path / "x.npy", images)
    np.save(tmp_path / "y.npy", np.array(["é", "10", "9"])[labels])
    train, test = read(tmp_path / "x.npy", labels=str(tmp_path / "y.npy"))
    assert train.alphabet == test.alphabet == ("9", "10", "é")
    assert rows(train, test) == rows(Glyphs(images[:, None], 2 - labels, alphabet="abc"))


def test_without_labels_the_set_is_unlabelled(tmp_path, drawn):
    np.save(tmp_path / "x.npy", drawn[0])
    train, test = read(tmp_path / "x.npy")
    assert train.alphabet == ()
    assert set(train.labels) == set(test.labels) == {-1}
    assert (len(train), len(test)) == (24, 6)


def test_what_glyphs_saved_comes_back_with_alphabet_labels_and_styles(tmp_path, drawn):
    images, labels = drawn
    # Mostly bright, as a bold glyph may be: saved glyphs are bright on dark by what they are.
    saved = Glyphs(255 - images[:, None], labels - 1, np.arange(COUNT) % 2, tuple("xyzw"), ("thin", "thick"))
    saved.save(tmp_path / "glyphs.npz")
    train, test = read(tmp_path / "glyphs.npz")
    assert train.alphabet == test.alphabet == tuple("xyzw")
    assert train.style_names == ("thin", "thick")
    assert rows(train, test) == rows(saved)
    assert sorted([*train.styles, *test.styles]) == sorted(saved.styles)
    again, _ = read(tmp_path / "glyphs.npz", alphabet=["y", "x"])
    assert again.alphabet == ("y", "x")
    assert set(again.labels) == {-1, 0, 1}


def test_saved_glyphs_can_be_the_test_set_of_others(tmp_path, drawn):
    images, labels = drawn
    Glyphs(images[:24, None], labels[:24], alphabet=tuple("abc")).save(tmp_path / "train.npz")
    Glyphs(images[24:, None], 2 - labels[24:], alphabet=tuple("cba")).save(tmp_path / "test.npz")
    train, test = read(tmp_path / "train.npz", test_path=str(tmp_path / "test.npz"))
    assert train.alphabet == test.alphabet == tuple("abc")
    np.testing.assert_array_equal(test.labels, labels[24:])


def test_an_alphabet_names_whole_numbers_by_their_place(tmp_path, drawn):
    path = savez(tmp_path / "glyphs.npz", x=drawn[0], y=drawn[1])
    train, _ = read(path, alphabet=["alpha", "beta", "gamma", "delta"])
    assert train.alphabet == ("alpha", "beta", "gamma", "delta")
    assert set(train.labels) == {0, 1, 2}


@pytest.mark.parametrize(
    ("labels", "alphabet", "bad"),
    [
        ([0, 1, 5], ["a", "b"], "glyph 2 has the label 5, none of the 2 classes."),
        ([0, -2, 1], None, "glyph 1 has the label -2, none of the 2 classes."),
        (["a", "c", "b"], ["a", "b"], "glyph 1 has the label c, none of the 2 classes."),
    ],
)
def test_a_label_outside_the_alphabet_is_refused_or_skipped(tmp_path, drawn, labels, alphabet, bad):
    path = savez(tmp_path / "glyphs.npz", x=drawn[0][:3], y=labels)
    assert bad in refusal(path, alphabet=alphabet)
    source = Arrays(path=str(path), alphabet=alphabet, on_bad="skip")
    train, _ = source.read()
    assert train.labels.tolist() == [0, 1]
    assert [reason.split(": ", 1)[1] for reason in source.skipped] == [bad]


def test_minus_one_is_a_label_that_nobody_knows(tmp_path, drawn):
    labels = np.where(np.arange(COUNT) < 10, -1, drawn[1])
    train, test = read(savez(tmp_path / "glyphs.npz", x=drawn[0], y=labels))
    assert train.alphabet == ("0", "1", "2")
    assert (np.concatenate([train.labels, test.labels]) == -1).sum() == 10


def test_a_test_label_that_training_does_not_have_is_bad(tmp_path, drawn):
    images, labels = drawn
    path = savez(
        tmp_path / "g.npz", x_train=images[:20], y_train=labels[:20] % 2, x_test=images[20:], y_test=labels[20:]
    )
    assert "has the label 2, none of the 2 classes" in refusal(path)


@pytest.mark.parametrize(
    ("arrays", "reason"),
    [
        ({"x": np.zeros((5, 8, 8, 3))}, r"images are \(5, 8, 8, 3\), but should be \(N, H, W\)"),
        ({"x": np.zeros((5, 63))}, r"images are \(5, 63\), but should be"),
        ({"x": np.zeros((0, 8, 8))}, r"holds no images \(0, 8, 8\)"),
        ({"x": np.full((5, 8, 8), np.nan)}, "NaN or infinite"),
        ({"x": np.full((5, 8, 8), -1.0)}, r"pixels run -1\.0\.\.-1\.0\. Scale them"),
        ({"x": np.full((5, 8, 8), 256)}, r"pixels run 256\.\.256\. Scale them"),
        ({"x": np.full((5, 8, 8), "ink")}, "images are <U3, but should be whole numbers or floats"),
        ({"x": np.zeros((5, 8, 8)), "y": [0, 1]}, "holds 5 images, but .* 2 labels"),
        ({"x": np.zeros((5, 8, 8)), "y": np.eye(5)}, r"labels are float64 \(5, 5\), but should be \(N,\)"),
        ({"pictures": np.zeros((5, 8, 8))}, "holds pictures: call the array of images images or x_train"),
        ({}, "holds no arrays"),
        ({"x": np.zeros((5, 8, 8)), "y": [0] * 5, "x_test": np.zeros((5, 8, 8))}, "labels both, or neither"),
    ],
)
def test_content_that_does_not_fit_is_named(tmp_path, arrays, reason):
    with pytest.raises(DataError, match=rf"glyphs\.npz.*{reason}"):
        read(savez(tmp_path / "glyphs.npz", **arrays))


def pickled(folder):
    np.save(folder / "bad.npy", np.array([{"a": 1}], object))
    return (folder / "bad.npy").read_bytes()


def pickled_member(folder):
    np.savez(folder / "bad.npz", x=np.array([{"a": 1}], object))
    return (folder / "bad.npz").read_bytes()


def foreign_member(folder):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("x.npy", b"hello")
    return buffer.getvalue()


def whole(folder):
    np.savez(folder / "whole.npz", x=np.zeros((5, 8, 8)))
    return (folder / "whole.npz").read_bytes()


def lying_header(folder):
    np.save(folder / "a.npy", np.zeros((5, 8, 8), np.uint8))
    return (folder / "a.npy").read_bytes().replace(b"(5, 8, 8), ", b"(5, 8, 9**", 1)


def huge_header(folder):
    buffer = io.BytesIO()
    shape = {"descr": "|u1", "fortran_order": False, "shape": (10**7, 8000, 8000)}
    np.lib.format.write_array_header_1_0(buffer, shape)
    return buffer.getvalue() + bytes(1000)


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda folder: b"", r"is empty \(0 bytes\)"),
        (lambda folder: b"1,2,3\n", "is not an npz, npy or IDX file"),
        (lambda folder: pickle.dumps([1]), "is not an npz, npy or IDX file"),
        (pickled, "holds pickled objects, which are never loaded"),
        (pickled_member, "holds pickled objects, which are never loaded"),
        (foreign_member, "x is not an array"),
        (lambda folder: whole(folder)[:-40], "cannot be read"),
        (lambda folder: whole(folder)[:300] + b"\xff" * 50 + whole(folder)[350:], "cannot be read"),
        (lambda folder: b"PK\x03\x04" + bytes(50), "cannot be read"),
        (lambda folder: b"\x93NUMPY\x01\x00", "cannot be read"),
        (lying_header, "cannot be read"),
        (huge_header, "cannot be read"),
        (lambda folder: gzip.compress(b"hello there"), "is not an IDX file"),
    ],
)
def test_a_bad_file_is_named_in_one_line(tmp_path, make, reason):
    path = tmp_path / "bad"
    path.write_bytes(make(tmp_path))
    with pytest.raises(DataError, match=rf"bad:? ({reason})") as caught:
        read(path)
    assert "\n" not in str(caught.value)


def test_missing_files_and_folders_are_named(tmp_path):
    assert refusal(tmp_path / "gone.npz").startswith(f"{tmp_path / 'gone.npz'} cannot be read (No such file")
    assert refusal(tmp_path).startswith(f"{tmp_path} cannot be read (Is a directory)")


def test_a_bomb_is_refused_before_it_is_expanded(tmp_path, drawn, monkeypatch):
    path = savez(tmp_path / "bomb.npz", x=np.zeros((1000, 100, 100), np.uint8))
    assert path.stat().st_size < 100_000
    monkeypatch.setattr(npy, "MAX_FILE_BYTES", 2**20)
    monkeypatch.setattr(np, "load", lambda *args, **options: pytest.fail("expanded"))
    assert "bomb.npz expands to 10000128 bytes, more than the 1048576 allowed" in refusal(path)


def test_options_that_have_nothing_to_work_on_are_refused(tmp_path, drawn):
    np.save(tmp_path / "x.npy", drawn[0])
    assert "no labels, which data.alphabet could name" in refusal(tmp_path / "x.npy", alphabet=["a"])
    assert "Give data.test_path=<path>" in refusal(tmp_path / "x.npy", test_labels="y.npy")
    with pytest.raises(ValidationError, match="names a twice"):
        TypeAdapter(Arrays).validate_python({"path": "x", "alphabet": ["a", "b", "a"]})


def test_polarity_can_be_forced(tmp_path, drawn):
    path = savez(tmp_path / "glyphs.npz", x=drawn[0])
    auto, same, other = (
        read(path, polarity=polarity)[0].images for polarity in ("auto", "light_on_dark", "dark_on_light")
    )
    np.testing.assert_array_equal(auto, same)
    np.testing.assert_array_equal(auto, 255 - other)


def test_paths_pass_the_command_line_as_typed():
    names = ("path", "labels", "test_path", "test_labels")
    config = compose("train", ["data=arrays", *(f"data.{name}=my files (2), {name}.gz" for name in names)])
    assert [config.data[name] for name in names] == [f"my files (2), {name}.gz" for name in names]


def test_the_real_mnist_files_are_read_as_mnist_is(shared_data):
    folder = shared_data / "mnist"
    names = [folder / f"{name}-ubyte.gz" for name in ("t10k-images-idx3", "t10k-labels-idx1")]
    train, test = read(names[0], labels=str(names[1]))
    expected = MNIST(root=str(shared_data)).read()[1]
    assert train.alphabet == expected.alphabet
    assert rows(train, test) == rows(expected)
