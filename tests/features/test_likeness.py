import numpy as np
import pytest

from handwriting.data.sources.synthetic import Synthetic
from handwriting.features.cache import feature_space
from handwriting.features.likeness import CharacterCost


@pytest.fixture(scope="module")
def cost() -> CharacterCost:
    train, test = Synthetic(count=1500, classes="ABCDEFGHKM").read()
    return CharacterCost(feature_space(train, test))


def tight(image):
    rows, columns = np.nonzero(image > 60)
    return image[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]


@pytest.mark.slow
def test_letters_cost_less_than_chance_and_than_grain(cost):
    _, test = Synthetic(count=400, classes="ABCDEFGHKM").read()
    letters = [tight(image[0]) for image in test.images]
    grain = list(np.random.default_rng(0).integers(0, 256, (40, 30, 25), np.uint8))
    assert (cost(letters) >= 0).all()
    assert np.median(cost(letters)) < 0.5 * np.log(10)
    assert np.median(cost(letters)) < np.median(cost(grain))


@pytest.mark.slow
def test_pieces_of_any_size_have_a_cost_and_no_piece_none(cost):
    pieces = [np.full(shape, 255, np.uint8) for shape in ((1, 1), (3, 90), (200, 5), (28, 28))]
    assert cost(pieces).shape == (4,)
    assert np.isfinite(cost(pieces)).all()
    assert cost([]).shape == (0,)
