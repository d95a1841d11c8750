from string import ascii_lowercase

import numpy as np
import pytest

from handwriting.data.sources.emnist import ALPHABETS, EMNIST


@pytest.fixture
def source(tmp_path, letters):
    for name, content in letters.items():
        (tmp_path / name).write_bytes(content)
    return EMNIST(root=str(tmp_path))


def test_letter_26_is_index_25(source):
    train, _ = source.read()
    assert train.labels.tolist() == list(range(26))
    assert "".join(train.alphabet) == ascii_lowercase


def test_letters_are_turned_upright(source):
    train, _ = source.read()
    rows, columns = np.argwhere(train.images[:, 0] > 0)[:, 1:].T
    assert set(rows) == {2}
    assert columns.tolist() == list(range(1, 27))


def test_every_split_has_the_official_number_of_classes():
    sizes = {"letters": 26, "balanced": 47, "byclass": 62, "bymerge": 47, "digits": 10, "mnist": 10}
    assert {split: len(set(alphabet)) for split, alphabet in ALPHABETS.items()} == sizes


def test_the_real_letters_look_like_their_labels(shared_data):
    """Upright, a T is heavy at the top and a C on its left; transposed, it would be the other way about."""
    train, test = EMNIST(root=str(shared_data)).read()
    assert (len(train), len(test)) == (22_400, 5_600)
    ink = {name: train[train.labels == label].images.mean(axis=(0, 1)) for label, name in enumerate(train.alphabet)}
    assert ink["t"][:14].sum() > 1.2 * ink["t"][14:].sum()
    left_of_c, right_of_c = ink["c"][8:20, :14].sum(), ink["c"][8:20, 14:].sum()
    assert left_of_c > 1.5 * right_of_c
