import pytest
import torch

from handwriting.data.preparation.augmentation import Augmentation
from handwriting.data.preparation.warping import warp

SIZE = 21
MIDDLE = SIZE // 2


def dot(row, column):
    images = torch.zeros(1, 1, SIZE, SIZE)
    images[0, 0, row, column] = 1
    return images


def brightest(images):
    return divmod(images[0, 0].argmax().item(), SIZE)


def change(images, right=0.0, down=0.0, scale=1.0, rotate=0.0, shear=0.0, fill="zeros"):
    """Warp by amounts in pixels, factors and degrees."""
    shift = torch.tensor([[right, down]]) / SIZE
    return warp(images, shift, torch.tensor([scale]), torch.tensor([rotate]), torch.tensor([shear]), fill)


def test_no_change_gives_the_same_picture():
    images = torch.rand(1, 1, SIZE, SIZE)
    torch.testing.assert_close(change(images), images, atol=1e-5, rtol=0)


def test_a_shift_moves_ink_right_and_down_by_whole_pixels():
    torch.testing.assert_close(change(dot(5, 6), right=3, down=2), dot(7, 9), atol=1e-5, rtol=0)


@pytest.mark.parametrize(("degrees", "row", "column"), [(90, 4, 10), (-90, 16, 10), (180, 10, 4)])
def test_a_turn_is_counter_clockwise(degrees, row, column):
    """A dot six pixels right of the centre goes up, down or to the left."""
    torch.testing.assert_close(
        change(dot(MIDDLE, MIDDLE + 6), rotate=float(degrees)), dot(row, column), atol=1e-4, rtol=0
    )


def test_scaling_by_two_doubles_distances():
    assert brightest(change(dot(MIDDLE - 2, MIDDLE + 3), scale=2.0)) == (MIDDLE - 4, MIDDLE + 6)


def test_slanting_leans_the_top_to_the_right():
    assert brightest(change(dot(MIDDLE - 6, MIDDLE), shear=45.0)) == (MIDDLE - 6, MIDDLE + 6)
    assert brightest(change(dot(MIDDLE + 6, MIDDLE), shear=45.0)) == (MIDDLE + 6, MIDDLE - 6)


def test_slant_comes_before_turn_and_turn_before_shift():
    """6 up -> (slant) 6 up and 6 right -> (turn left) 6 left and 6 up -> (shift) 3 left and 6 up."""
    changed = change(dot(MIDDLE - 6, MIDDLE), shear=45.0, rotate=90.0, right=3)
    assert brightest(changed) == (MIDDLE - 6, MIDDLE - 3)


def test_the_edge_is_filled_with_paper_or_with_itself():
    images = torch.ones(1, 1, SIZE, SIZE)
    assert change(images, right=5, fill="zeros")[..., :4].sum() == 0
    assert change(images, right=5, fill="border").min() == pytest.approx(1)


def test_amounts_differ_from_glyph_to_glyph_and_stay_within_their_limits():
    moved = Augmentation(shift=0.2)(dot(MIDDLE, MIDDLE).repeat(500, 1, 1, 1), torch.Generator().manual_seed(0))
    columns = (moved.sum(dim=(1, 2)) * torch.arange(SIZE)).sum(dim=1) - MIDDLE
    assert columns.abs().max() <= 0.2 * SIZE + 1e-3
    assert columns.min() < -0.19 * SIZE
    assert columns.max() > 0.19 * SIZE


def test_the_same_generator_state_changes_alike():
    augment, images = Augmentation(0.1, 0.1, 10, 10), torch.rand(8, 1, SIZE, SIZE)
    first, again, other = (augment(images, torch.Generator().manual_seed(seed)) for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_all_zeros_is_off():
    assert not Augmentation().active
    assert Augmentation(shear=1).active
