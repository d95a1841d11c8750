import numpy as np
import pytest

from handwriting.data.preparation.resizing import fit, resize


def square(height, width):
    """A bright block in the middle third of dark paper."""
    images = np.zeros((1, 1, height, width), np.uint8)
    images[..., height // 3 : 2 * height // 3, width // 3 : 2 * width // 3] = 255
    return images


@pytest.mark.parametrize("size", [12, 30, 60])
def test_a_block_keeps_its_share_of_the_picture(size):
    resized = resize(square(30, 30), size)
    assert resized.shape == (1, 1, size, size)
    assert resized.dtype == np.uint8
    assert resized.mean() == pytest.approx(255 / 9, rel=0.05)


@pytest.mark.parametrize(("height", "width"), [(30, 15), (15, 30)])
def test_an_oblong_picture_keeps_its_aspect_and_is_centred(height, width):
    rows, columns = np.nonzero(resize(square(height, width), 60)[0, 0] > 127)
    tall, wide = np.ptp(rows) + 1, np.ptp(columns) + 1
    assert tall / wide == pytest.approx(height / width, rel=0.1)
    assert (rows.mean(), columns.mean()) == pytest.approx((29.5, 29.5), abs=1)


def test_a_picture_of_the_right_size_is_left_alone():
    images = square(28, 28)
    assert resize(images, 28) is images


def test_one_image_is_fitted_as_many_are_and_stands_on_its_own_paper():
    image = square(20, 50)
    np.testing.assert_array_equal(fit(image[0, 0], 28), resize(image, 28)[0, 0])
    grey = fit(image[0, 0].astype(np.float32), 50, paper=77.5)
    assert (grey[:15] == 77.5).all()
    np.testing.assert_array_equal(grey[15:35], image[0, 0])
