import numpy as np
import pytest

from handwriting.data.preparation.statistics import (
    class_distances,
    class_moments,
    class_quantiles,
    mean_images,
    mean_intensities,
    robust_sigmas,
)
from handwriting.data.sources.emnist import EMNIST
from handwriting.glyphs import Glyphs


def flat(values, labels, alphabet=("a", "b", "c")):
    """Glyphs of 2x2 pixels, all of one brightness each."""
    images = np.array(values, np.uint8)[:, None, None, None].repeat(2, 2).repeat(2, 3)
    return Glyphs(images, labels, alphabet=alphabet)


def test_the_mean_image_of_a_class_is_its_own_and_empty_where_there_is_none():
    means = mean_images(flat([10, 20, 200, 7], [0, 0, 2, -1]))
    assert means[:, 0, 0, 0].tolist() == [15, 0, 200]


def test_intensity_is_the_mean_over_all_pixels():
    images = np.zeros((1, 1, 2, 2), np.uint8)
    images[0, 0, 0, 0] = 255
    assert mean_intensities(Glyphs(images)) == [63.75]


def test_distance_is_euclidean_from_the_mean_of_the_glyphs_own_class():
    """Four pixels that are 10 away each are 20 away together."""
    assert class_distances(flat([10, 30, 200, 200], [0, 0, 1, 1])).tolist() == [20, 20, 0, 0]


def test_unlabelled_glyphs_are_measured_against_each_other():
    assert class_distances(flat([10, 30, 200], [-1, -1, 1])).tolist() == [20, 20, 0]


def test_robust_sigmas_are_ordinary_ones_where_values_are_normal():
    values = np.random.default_rng(0).normal(100, 7, 20_000)
    sigmas = robust_sigmas(values, np.zeros(20_000, np.int64))
    np.testing.assert_allclose(sigmas, (values - 100) / 7, atol=0.15)


def test_outliers_do_not_move_the_measure_that_tells_them():
    usual = np.random.default_rng(0).normal(100, 7, 1000)
    sigmas = robust_sigmas(np.append(usual, [1e6] * 50), np.zeros(1050, np.int64))
    assert np.abs(sigmas[:1000]).max() < 5
    assert sigmas[1000:].min() > 1e4


def test_where_most_values_are_equal_nothing_is_an_outlier():
    assert not robust_sigmas(np.array([5, 5, 5, 5 + 1e-9, 90]), np.zeros(5, np.int64)).any()


def test_quantiles_and_moments_are_those_of_each_class_and_no_number_without_one():
    values, labels = np.array([0, 1, 2, 3, 4, 7, 100]), np.array([0, 0, 0, 0, 0, 2, -1])
    quantiles, choose_epochs = class_quantiles(values, labels, 3), class_moments(values, labels, 3)
    assert quantiles[[0, 2]].tolist() == [[0, 1, 2, 3, 4], [7] * 5]
    assert choose_epochs[[0, 2]].tolist() == [[2, pytest.approx(2**0.5)], [7, 0]]
    assert np.isnan(quantiles[1]).all()
    assert np.isnan(choose_epochs[1]).all()


def test_a_letter_under_a_wrong_label_lies_far_from_that_class(shared_data):
    train, _ = EMNIST(root=str(shared_data)).read()
    some = train[np.isin(train.labels, [2, 12])]
    labels = some.labels.copy()
    wrong = np.flatnonzero(labels == 12)[:10]
    labels[wrong] = 2  # ten m among the c
    sigmas = robust_sigmas(class_distances(Glyphs(some.images, labels, alphabet=some.alphabet)), labels)
    assert np.median(sigmas[wrong]) > 2
    assert np.median(sigmas[labels == 2]) == pytest.approx(0, abs=0.1)
