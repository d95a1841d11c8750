import time

import pytest
import torch
from torch.utils.data import DataLoader, Dataset

from handwriting.data.loading.loader import GlyphLoader
from handwriting.data.preparation.augmentation import Augmentation


def numbers(loader):
    """Which glyphs the batches hold, in order."""
    corners = [(batch.image[:, 0, 0, :2] * 255).round().long() for batch in loader]
    return [list(map(int, 200 * corner[:, 0] + corner[:, 1])) for corner in corners]


def flat(batches):
    return [number for batch in batches for number in batch]


def test_a_batch_holds_floats_from_0_to_1_and_its_own_labels(numbered):
    glyphs = numbered(50)
    (batch,) = GlyphLoader(glyphs, 50, training=True)
    assert batch.image.shape == (50, 1, 4, 4)
    assert batch.image.dtype == torch.float32
    assert batch.label.dtype == batch.style.dtype == torch.int64
    (order,) = numbers(GlyphLoader(glyphs, 50, training=True))
    assert batch.label.tolist() == glyphs.labels[order].tolist()
    assert set(batch.style.tolist()) == {-1}


def test_full_ink_is_exactly_1(numbered):
    glyphs = numbered(256)
    (batch,) = GlyphLoader(glyphs, 256)
    assert torch.equal((batch.image * 255).round().byte(), torch.tensor(glyphs.images))
    assert batch.image.max() <= 1


def test_the_loader_gives_the_same_order_for_the_same_seed_and_epoch(numbered):
    def order(seed, epoch):
        return numbers(GlyphLoader(numbered(300), 32, training=True, seed=seed, epoch=lambda: epoch))

    assert order(1, 4) == order(1, 4)
    assert order(1, 4) != order(1, 5)
    assert order(1, 4) != order(2, 4)
    assert order(1, 2) != order(2, 1)


def test_the_order_does_not_hang_on_the_global_random_state(numbered):
    loader = GlyphLoader(numbered(300), 32, training=True, augment=Augmentation(shift=0.1))
    torch.manual_seed(0)
    first = [batch.image for batch in loader]
    torch.rand(10)
    state = torch.get_rng_state()
    assert all(torch.equal(batch.image, image) for batch, image in zip(loader, first, strict=True))
    assert torch.equal(torch.get_rng_state(), state)


def test_training_leaves_out_the_partial_batch_and_repeats_nothing(numbered):
    loader = GlyphLoader(numbered(300), 32, training=True)
    batches = numbers(loader)
    assert len(batches) == len(loader) == 9
    assert {len(batch) for batch in batches} == {32}
    assert len(set(flat(batches))) == 288


def test_a_training_set_smaller_than_a_batch_is_one_batch(numbered):
    loader = GlyphLoader(numbered(7), 32, training=True)
    assert [sorted(batch) for batch in numbers(loader)] == [list(range(7))]
    assert len(loader) == 1


def test_evaluation_sees_every_glyph_once_in_order_and_unchanged(numbered):
    loader = GlyphLoader(numbered(300), 32, augment=Augmentation(shift=0.5))
    assert flat(numbers(loader)) == list(range(300))
    assert len(loader) == 10
    assert max(map(len, numbers(loader))) <= 32


def test_an_empty_set_has_no_batches(numbered):
    assert list(GlyphLoader(numbered(0), 32)) == []
    assert len(GlyphLoader(numbered(0), 32)) == 0


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("count", [5, 257, 300, 1000])
def test_ranks_share_an_epoch_without_overlap_in_equal_numbers_of_batches(numbered, training, count):
    shares = [
        numbers(GlyphLoader(numbered(count), 64, training=training, rank=rank, world_size=4)) for rank in range(4)
    ]
    assert len({len(share) for share in shares}) == 1
    seen = flat(map(flat, shares))
    assert len(seen) == len(set(seen))
    assert training or sorted(seen) == list(range(count))


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("count", [64, 67, 130])
def test_ranks_share_the_batches_that_one_process_sees_as_it_augments_them(numbered, training, count):
    def batches(size, rank=0, world_size=1):
        augment = Augmentation(shift=0.5)
        loader = GlyphLoader(
            numbered(count), size, training=training, augment=augment, rank=rank, world_size=world_size
        )
        return list(loader)

    joint = batches(16)
    for rank in range(4):
        for whole, part in zip(joint, batches(4, rank, 4), strict=True):
            assert torch.equal(part.image, whole.image[rank::4])
            assert torch.equal(part.label, whole.label[rank::4])


@pytest.mark.parametrize("count", [1, 3, 6])
def test_ranks_train_on_equal_shares_even_of_fewer_glyphs_than_there_are_ranks(numbered, count):
    loaders = [GlyphLoader(numbered(count), 64, training=True, rank=rank, world_size=4) for rank in range(4)]
    assert [[len(batch) for batch in numbers(loader)] for loader in loaders] == [[1]] * 4


def test_ranks_without_a_validation_glyph_have_an_empty_batch(numbered):
    loaders = [GlyphLoader(numbered(3), 64, rank=rank, world_size=4) for rank in range(4)]
    assert [numbers(loader) for loader in loaders] == [[[0]], [[1]], [[2]], [[]]]
    assert {len(loader) for loader in loaders} == {1}


class SingleSamples(Dataset):
    """The usual way: every sample is fetched and converted by itself."""

    def __init__(self, glyphs):
        self.images, self.labels = torch.tensor(glyphs.images), torch.tensor(glyphs.labels)

    def __len__(self):
        return len(self.images)

    def __getitem__(self, index):
        return self.images[index] / 255, self.labels[index]


@pytest.fixture
def one_thread():
    """Timing with one thread does not hang on what else the machine is doing with the other cores."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.mark.usefixtures("one_thread")
def test_the_loader_is_five_times_as_fast_as_a_loader_of_single_samples(numbered):
    def seconds(loader):
        start = time.perf_counter()
        for _ in loader:
            pass
        return time.perf_counter() - start

    glyphs = numbered(10_000, size=28)
    ours, single = GlyphLoader(glyphs, 128, training=True), DataLoader(SingleSamples(glyphs), 128, shuffle=True)
    assert 5 * min(seconds(ours) for _ in range(5)) < min(seconds(single) for _ in range(2))
