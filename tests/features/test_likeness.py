import numpy as np
import pytest

from handwriting.data.sources.synthetic import Synthetic
from handwriting.features.cache import feature_space
from handwriting.features.likeness import Unlikeness


@pytest.fixture(scope="module")
def unlikeness() -> Unlikeness:
    train, test = Synthetic(count=1500, classes="ABCDEFGHKM").read()
    return Unlikeness(feature_space(train, test))


def tight(image):
    rows, columns = np.nonzero(image > 60)
    return image[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]


@pytest.mark.slow
def test_letters_look_more_like_letters_than_chance_and_grain_do(unlikeness):
    _, test = Synthetic(count=400, classes="ABCDEFGHKM").read()
    letters = [tight(image[0]) for image in test.images]
    grain = list(np.random.default_rng(0).integers(0, 256, (40, 30, 25), np.uint8))
    assert (unlikeness(letters) >= 0).all()
    assert np.median(unlikeness(letters)) < 0.5 * np.log(10)
    assert np.median(unlikeness(letters)) < np.median(unlikeness(grain))


@pytest.mark.slow
def test_pieces_of_any_size_are_looked_at_and_none_at_all(unlikeness):
    pieces = [np.full(shape, 255, np.uint8) for shape in ((1, 1), (3, 90), (200, 5), (28, 28))]
    assert unlikeness(pieces).shape == (4,)
    assert np.isfinite(unlikeness(pieces)).all()
    assert unlikeness([]).shape == (0,)
