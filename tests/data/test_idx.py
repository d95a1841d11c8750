import gzip

import numpy as np
import pytest

from handwriting.data.idx import read_glyphs, read_idx
from handwriting.errors import DataError

IMAGES = np.arange(2 * 3 * 5).reshape(2, 3, 5)


@pytest.mark.parametrize("name", ["images", "images.gz"])
def test_an_idx_file_is_read_compressed_or_not(tmp_path, write_idx, name):
    np.testing.assert_array_equal(read_idx(write_idx(tmp_path / name, IMAGES)), IMAGES)


def test_a_gz_that_a_browser_has_unpacked_under_its_old_name_is_read(tmp_path, write_idx):
    write_idx(tmp_path / "plain", IMAGES).rename(tmp_path / "images.gz")
    np.testing.assert_array_equal(read_idx(tmp_path / "images.gz"), IMAGES)


def test_a_truncated_gz_is_named(tmp_path, write_idx):
    path = write_idx(tmp_path / "images.gz", IMAGES)
    path.write_bytes(path.read_bytes()[:-12])
    with pytest.raises(DataError, match=r"images\.gz cannot be read .*fetch it again") as caught:
        read_idx(path)
    assert "\n" not in str(caught.value)


def test_a_gz_with_flipped_bits_is_named(tmp_path, write_idx):
    path = write_idx(tmp_path / "images.gz", IMAGES)
    content = bytearray(path.read_bytes())
    content[14] ^= 0xFF
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"images\.gz"):
        read_idx(path)


@pytest.mark.parametrize("change", [lambda content: content[:-1], lambda content: content + b"x"])
def test_a_file_of_another_length_than_it_says_is_named(tmp_path, write_idx, change):
    path = write_idx(tmp_path / "images", IMAGES)
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(DataError, match=r"images should hold 46 bytes, but holds 4[57]\."):
        read_idx(path)


@pytest.mark.parametrize("content", [b"", b"\0\0\x08", b"<!DOCTYPE html>", b"\0\0\x0d\x01\0\0\0\0"])
def test_a_file_that_is_not_idx_of_bytes_is_named(tmp_path, content):
    (tmp_path / "images.gz").write_bytes(gzip.compress(content))
    with pytest.raises(DataError, match=r"images\.gz is not an IDX file"):
        read_idx(tmp_path / "images.gz")


def test_fewer_labels_than_images_are_refused_with_both_names(tmp_path, write_idx):
    images, labels = write_idx(tmp_path / "images", IMAGES), write_idx(tmp_path / "labels", [0])
    with pytest.raises(DataError, match=r"images \(2, 3, 5\) and .*labels \(1,\) do not belong together"):
        read_glyphs(images, labels, ("a", "b"))


@pytest.mark.parametrize("numbers", [[0, 1], [1, 3]])
def test_labels_outside_the_alphabet_are_refused(tmp_path, write_idx, numbers):
    images, labels = write_idx(tmp_path / "images", IMAGES), write_idx(tmp_path / "labels", numbers)
    with pytest.raises(DataError, match="labels that are none of the 2 classes"):
        read_glyphs(images, labels, ("a", "b"), first_label=1)
