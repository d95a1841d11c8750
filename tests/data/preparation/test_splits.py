import numpy as np
import pytest

from handwriting.data.preparation.splits import stratified_split


def test_every_glyph_is_in_exactly_one_part():
    kept, held = stratified_split(np.arange(1000) % 7, 0.1, seed=0)
    assert sorted([*kept, *held]) == list(range(1000))


def test_each_class_gives_its_share():
    labels = np.repeat([0, 1, 2], [1000, 100, 10])
    _, held = stratified_split(labels, 0.2, seed=0)
    assert np.bincount(labels[held]).tolist() == [200, 20, 2]


def test_a_class_with_a_single_member_is_kept_for_training():
    kept, held = stratified_split(np.array([0, 1, 1]), 0.5, seed=0)
    assert 0 in kept
    assert len(held) == 1


@pytest.mark.parametrize("fraction", [0.01, 0.99])
def test_a_class_with_two_members_is_in_both_parts(fraction):
    kept, held = stratified_split(np.array([0, 0]), fraction, seed=0)
    assert len(kept) == len(held) == 1


def test_the_same_seed_splits_alike_and_another_does_not():
    labels = np.arange(500) % 5
    first, again, other = (stratified_split(labels, 0.2, seed)[1] for seed in (1, 1, 2))
    assert first.tolist() == again.tolist()
    assert first.tolist() != other.tolist()
