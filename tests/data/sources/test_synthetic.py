from dataclasses import replace

import cv2
import numpy as np
import pytest

from handwriting.data.sources.synthetic import CLASSES, Pen, Synthetic, draw, draw_glyphs
from handwriting.writing.stroke_fonts import FONTS


def centre(image):
    """The centre of the ink: row and column."""
    rows, columns = np.indices(image.shape)
    return (image * rows).sum() / image.sum(), (image * columns).sum() / image.sum()


def extent(image):
    """Height and width of the ink, in pixels."""
    rows, columns = np.nonzero(image > 60)
    return np.ptp(rows) + 1, np.ptp(columns) + 1


@pytest.mark.parametrize("size", [8, 28, 64])
def test_a_glyph_is_bright_ink_in_the_asked_size(size):
    image = draw("H", Pen(), size)
    assert image.shape == (size, size)
    assert image.dtype == np.uint8
    assert image.max() > 200
    assert np.median(image) == 0


@pytest.mark.parametrize("font", FONTS)
def test_every_class_looks_different(font):
    """But for I and l, which the plain fonts draw alike."""
    pictures = {draw(character, Pen(font=font, weight=0.04), 56).tobytes() for character in CLASSES.replace("I", "")}
    assert len(pictures) == 61


def test_edges_are_smooth():
    assert len(np.unique(draw("O", Pen()))) > 10


def test_a_heavier_pen_gives_more_ink():
    ink = [draw("S", Pen(weight=weight)).sum() for weight in (0.04, 0.08, 0.12)]
    assert ink == sorted(ink)
    assert ink[2] > 1.8 * ink[0]


def test_jitter_moves_the_ink_by_its_fraction():
    before, after = centre(draw("x", Pen(), 50)), centre(draw("x", Pen(dx=0.1, dy=-0.06), 50))
    assert np.subtract(after, before) == pytest.approx((-3, 5), abs=0.1)


def test_width_and_scale_stretch_the_glyph():
    height, width = extent(draw("H", Pen(), 100))
    assert extent(draw("H", Pen(width=1.4), 100)) == pytest.approx((height, 1.4 * width), abs=2)
    assert extent(draw("H", Pen(scale=1.3), 100)) == pytest.approx((1.3 * height, 1.3 * width), abs=2)


def test_slant_leans_to_the_right_and_angle_turns_counter_clockwise():
    upright, slanted, turned = (draw("l", pen, 60) for pen in (Pen(), Pen(slant=30), Pen(angle=30)))
    assert centre(upright[:30])[1] == pytest.approx(centre(upright[30:])[1], abs=0.5)
    assert centre(slanted[:30])[1] > centre(slanted[30:])[1] + 5
    assert centre(turned[:30])[1] < centre(turned[30:])[1] - 5
    assert extent(slanted)[0] == pytest.approx(extent(upright)[0], abs=2)


def test_the_truth_redraws_each_glyph():
    glyphs, pens = draw_glyphs(70, seed=3)
    for image, label, pen in zip(glyphs.images, glyphs.labels, pens, strict=True):
        np.testing.assert_array_equal(draw(glyphs.alphabet[label], pen), image[0])


def test_the_same_seed_draws_the_same_glyphs():
    first, again, other = (draw_glyphs(40, seed)[0].fingerprint() for seed in (1, 1, 2))
    assert first == again != other


def test_nearly_all_random_glyphs_stay_inside_the_picture():
    glyphs, _ = draw_glyphs(1240, seed=0)
    border = np.concatenate([glyphs.images[:, 0, [0, -1]], glyphs.images[:, 0, :, [0, -1]].swapaxes(0, 1)], axis=1)
    touching = (border.reshape(1240, -1).max(axis=1) > 127).mean()
    assert touching < 0.03


def test_every_class_comes_equally_often_in_both_parts():
    train, test = Synthetic(count=620).read()
    assert set(train.counts()) == {8}
    assert set(test.counts()) == {2}


def test_a_pen_cannot_be_changed():
    with pytest.raises(AttributeError):
        Pen().weight = 1
    assert replace(Pen(), font=cv2.FONT_HERSHEY_PLAIN) != Pen()
