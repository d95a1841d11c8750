import hashlib
from dataclasses import replace

import numpy as np
import pytest

from handwriting.data.sources import fashion_mnist, mnist
from handwriting.data.sources.fashion_mnist import FILES, FashionMNIST
from handwriting.errors import DataError


def put(folder, write_idx, suffix=".gz"):
    """The four files in small: two clothes of each class to train, and one to test."""
    for part, count in (("train", 20), ("t10k", 10)):
        images = np.zeros((count, 28, 28))
        images[:, 0, 0] = np.arange(count) % 10
        write_idx(folder / f"{part}-images-idx3-ubyte{suffix}", images)
        write_idx(folder / f"{part}-labels-idx1-ubyte{suffix}", np.arange(count) % 10)
    return folder


@pytest.mark.parametrize("suffix", [".gz", ""])
@pytest.mark.parametrize("folder", ["fashion_mnist", "FashionMNIST/raw", "fashion-mnist/data/fashion"])
def test_clothes_are_read_where_people_torchvision_and_their_makers_put_them(tmp_path, write_idx, folder, suffix):
    put(tmp_path / folder, write_idx, suffix)
    train, test = FashionMNIST(root=str(tmp_path)).read()
    assert (len(train), len(test)) == (20, 10)
    assert (train.alphabet[0], train.alphabet[8]) == ("t-shirt", "bag")
    np.testing.assert_array_equal(train.images[:, 0, 0, 0], train.labels)


@pytest.mark.parametrize("suffix", [".gz", ""])
def test_digits_that_lie_in_the_root_are_not_taken_for_clothes(tmp_path, write_idx, suffix):
    put(tmp_path, write_idx, suffix)
    assert mnist.FILES.locate(tmp_path, list(mnist.FILES.checksums))
    with pytest.raises(DataError) as caught:
        FashionMNIST(root=str(tmp_path)).read()
    assert str(caught.value) == (
        f"data=fashion_mnist: train-images-idx3-ubyte.gz is missing under {tmp_path / 'fashion_mnist'}. "
        "Run again with data.download=true, or put the file there (source and checksum: docs/how_to/data.md)."
    )


def test_the_real_digits_are_not_taken_for_clothes(shared_data):
    with pytest.raises(DataError, match=r"train-images-idx3-ubyte\.gz is missing"):
        FashionMNIST(root=str(shared_data / "mnist")).read()


def test_clothes_that_lie_in_the_root_are_taken_by_their_checksum(tmp_path, write_idx, monkeypatch, caplog):
    put(tmp_path, write_idx)
    sums = {name: hashlib.sha256((tmp_path / name).read_bytes()).hexdigest() for name in FILES.checksums}
    monkeypatch.setattr(fashion_mnist, "FILES", replace(FILES, checksums=sums))
    assert len(FashionMNIST(root=str(tmp_path)).read()[0]) == 20
    assert not caplog.records


def test_a_bad_label_is_skipped_and_counted(tmp_path, write_idx):
    put(tmp_path / "fashion_mnist", write_idx)
    write_idx(tmp_path / "fashion_mnist" / "t10k-labels-idx1-ubyte.gz", [0, 1, 2, 3, 4, 5, 6, 7, 8, 77])
    source = FashionMNIST(root=str(tmp_path), on_bad="skip")
    assert len(source.read()[1]) == 9
    assert "glyph 9 has the label 77" in source.skipped[0]
