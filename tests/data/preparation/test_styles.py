import numpy as np
import pytest

from handwriting.data.preparation.styles import style_labels
from handwriting.glyphs import Glyphs

INK = [1, 2, 3, 10, 11, 12, 13, 50]
LABELS = [0, 0, 0, 1, 1, 1, 1, 1]


def glyphs_with(ink, labels, value=255):
    images = np.zeros((len(ink), 1, 8, 8), np.uint8)
    for image, amount in zip(images, ink, strict=True):
        image.reshape(-1)[:amount] = value
    return Glyphs(images, labels, alphabet=("a", "b", "c"))


@pytest.mark.parametrize(("how", "styles"), [("median", [0, 0, 1, 0, 0, 0, 1, 1]), ("mean", [0, 0, 1, 0, 0, 0, 0, 1])])
def test_style_labels_split_each_class_at_its_median_or_mean(how, styles):
    train = glyphs_with(INK, LABELS)
    assert style_labels(train, train, how).tolist() == styles


def test_the_training_part_alone_sets_the_measure():
    train, other = glyphs_with(INK, LABELS), glyphs_with([3, 3, 3], [0, 0, 0])
    assert style_labels(train, other, "median").tolist() == [1, 1, 1]


def test_a_class_that_training_does_not_hold_has_no_style():
    assert style_labels(glyphs_with(INK, LABELS), glyphs_with([5], [2]), "median").tolist() == [-1]


def test_only_pixels_above_the_threshold_are_ink():
    train, faint = glyphs_with(INK, LABELS), glyphs_with([60], [0], value=127)
    assert style_labels(train, faint, "median", threshold=127).tolist() == [0]
    assert style_labels(train, faint, "median", threshold=126).tolist() == [1]
