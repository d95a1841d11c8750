import gzip
import tracemalloc

import numpy as np
import pytest

from handwriting.data.formats.idx import read_glyphs, read_idx
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
    with pytest.raises(DataError, match=r"images\.gz cannot be read .*Fetch it again") as caught:
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
    with pytest.raises(DataError, match=r"images should hold 30 bytes after its header, but holds (29|more)\."):
        read_idx(path)


@pytest.mark.parametrize("content", [b"", b"\0\0\x08", b"<!DOCTYPE html>", b"\0\0\x0d\x01\0\0\0\0"])
def test_a_file_that_is_not_idx_of_bytes_is_named(tmp_path, content):
    (tmp_path / "images.gz").write_bytes(gzip.compress(content))
    with pytest.raises(DataError, match=r"images\.gz is not an IDX file"):
        read_idx(tmp_path / "images.gz")


def test_a_header_that_breaks_off_is_named(tmp_path):
    (tmp_path / "images").write_bytes(b"\0\0\x08\x03\0\0\0\x02\0\0")
    with pytest.raises(DataError, match=r"images should hold .* after its header"):
        read_idx(tmp_path / "images")


def test_a_file_of_too_many_dimensions_is_named(tmp_path):
    (tmp_path / "images").write_bytes(b"\0\0\x08\xff" + bytes(4 * 255))
    with pytest.raises(DataError, match="images is not an IDX file"):
        read_idx(tmp_path / "images")


def gzipped_zeros(path, header, expanded):
    """Write a gz that expands to a header and so many zeros, a megabyte at a time."""
    with gzip.open(path, "wb", 1) as file:
        file.write(header)
        for _ in range(expanded // 2**20):
            file.write(bytes(2**20))
    return path


@pytest.fixture
def memory():
    """What was asked for at most while the test read, in bytes."""
    tracemalloc.start()
    yield lambda: tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()


def test_a_file_that_declares_too_much_is_refused_without_expanding_it(tmp_path, memory):
    declared = (70_000).to_bytes(4, "big") + (1000).to_bytes(4, "big") + (1000).to_bytes(4, "big")
    path = gzipped_zeros(tmp_path / "images.gz", b"\0\0\x08\x03" + declared, 64 * 2**20)
    with pytest.raises(DataError, match=r"images\.gz declares 70000000000 bytes, more than the 4294967296"):
        read_idx(path)
    assert memory() < 4 * 2**20


def test_a_file_that_expands_to_more_than_it_declares_is_noticed_without_reading_on(tmp_path, memory):
    path = gzipped_zeros(tmp_path / "labels.gz", b"\0\0\x08\x01\0\0\0\x09", 64 * 2**20)
    with pytest.raises(DataError, match=r"labels\.gz should hold 9 bytes after its header, but holds more\."):
        read_idx(path)
    assert memory() < 4 * 2**20


def test_what_cannot_be_opened_is_named_with_the_reason(tmp_path):
    (tmp_path / "folder").mkdir()
    for name, reason in (("folder", "Is a directory"), ("gone", "No such file or directory")):
        with pytest.raises(DataError, match=rf"{name} cannot be read \({reason}\)\. Give a file"):
            read_idx(tmp_path / name)


def refuse(reason):
    raise DataError(reason)


def read(tmp_path, write_idx, images, numbers, bad=refuse, **options):
    paths = write_idx(tmp_path / "images", images), write_idx(tmp_path / "labels", numbers)
    return read_glyphs(*paths, ("a", "b"), bad, **options)


def test_fewer_labels_than_images_are_refused_with_both_names(tmp_path, write_idx):
    with pytest.raises(DataError, match=r"images holds 2 images, but .*labels 1 labels: they do not belong together"):
        read(tmp_path, write_idx, IMAGES, [0])


def test_images_and_labels_that_were_swapped_are_refused_with_both_names(tmp_path, write_idx):
    with pytest.raises(DataError, match=r"images \(2,\) and .*labels \(2, 3, 5\) are not images .* and labels"):
        read(tmp_path, write_idx, [0, 1], IMAGES)


def test_a_file_without_images_is_refused(tmp_path, write_idx):
    with pytest.raises(DataError, match=r"images holds no images \(0, 3, 5\)"):
        read(tmp_path, write_idx, IMAGES[:0], [])


@pytest.mark.parametrize(
    ("numbers", "wrong"), [([0, 1], "glyph 0 has the label -1"), ([1, 3], "glyph 1 has the label 2")]
)
def test_labels_outside_the_alphabet_are_refused_or_left_out(tmp_path, write_idx, numbers, wrong):
    with pytest.raises(DataError, match=f"labels: {wrong}, none of the 2 classes"):
        read(tmp_path, write_idx, IMAGES, numbers, first_label=1)
    told = []
    glyphs = read(tmp_path, write_idx, IMAGES, numbers, bad=told.append, first_label=1)
    assert glyphs.labels.tolist() == [0]
    np.testing.assert_array_equal(glyphs.images[0, 0], IMAGES[numbers.index(1)])
    assert len(told) == 1


def test_a_file_in_which_no_label_fits_is_refused_even_where_glyphs_may_be_left_out(tmp_path, write_idx):
    with pytest.raises(DataError, match="labels holds none of the 2 classes"):
        read(tmp_path, write_idx, IMAGES, [7, 8], bad=lambda reason: None)
