from dataclasses import dataclass, replace
from string import ascii_letters

import cv2
import numpy as np
import pytest

from handwriting import config
from handwriting.data.preparation.augmentation import Augmentation
from handwriting.data.preparation.resizing import resize
from handwriting.data.preparation.splits import stratified_split
from handwriting.data.preparation.steps import Preparation
from handwriting.data.preparation.strokes import stroke_widths, with_stroke_width
from handwriting.data.sources.base import GlyphSource
from handwriting.data.sources.emnist import EMNIST
from handwriting.data.sources.synthetic import Pen, draw, draw_glyphs
from handwriting.engine.sections import build_source
from handwriting.errors import ConfigError, DataError
from handwriting.glyphs import Glyphs

PENS = (0.04, 0.06, 0.08, 0.1, 0.12)


@dataclass(eq=False)
class Given(GlyphSource):
    """The glyphs that it is given."""

    glyphs: tuple[Glyphs, Glyphs] = ()

    def read(self):
        return self.glyphs


def prepared(train, test=None, *, source=None, **options):
    source = source or Given(prepare=Preparation(**options))
    return source.prepared(train, train[:0] if test is None else test)


def uneven(*counts):
    """Drawn glyphs of 28x28 pixels, so many of each class."""
    glyphs, _ = draw_glyphs(len(counts) * max(counts), 0, classes="abcdefgh"[: len(counts)])
    return glyphs[np.concatenate([np.flatnonzero(glyphs.labels == label)[:n] for label, n in enumerate(counts)])]


def letters(weight, size=28):
    return np.stack([draw(name, Pen(weight=weight), size) for name in ascii_letters])[:, None]


def pieces(images):
    """The number of connected pieces of ink in each image."""
    return [cv2.connectedComponents((image > 60).astype(np.uint8))[0] - 1 for image in images[:, 0]]


def counters(images):
    """The number of enclosed pieces of paper in each image."""
    padded = np.pad(images[:, 0] < 128, ((0, 0), (1, 1), (1, 1)), constant_values=True).astype(np.uint8)
    return [cv2.connectedComponents(image, connectivity=4)[0] - 2 for image in padded]


# Off


def test_a_source_that_asks_for_nothing_gets_its_glyphs_resized_and_split_and_no_more():
    train, test = uneven(30, 20, 10), uneven(3, 3, 3)
    done = prepared(train, test, source=Given(image_size=20))
    kept, held = stratified_split(train.labels, 0.1, 0)
    for part, glyphs in ((done.train, train[kept]), (done.val, train[held]), (done.test, test)):
        assert part.fingerprint() == replace(glyphs, images=resize(glyphs.images, 20)).fingerprint()
    assert done.report == {}
    assert len(done.outliers.glyphs) == 0


# Classes


def test_a_dropped_class_is_gone_from_every_part_and_the_others_keep_their_names():
    train, test = uneven(30, 20, 10), uneven(3, 3, 3)
    done = prepared(train, test, drop=("b",))
    assert done.train.alphabet == done.val.alphabet == done.test.alphabet == ("a", "c")
    assert done.test.labels.tolist() == [0] * 3 + [1] * 3
    assert np.array_equal(done.test.images, test.images[test.labels != 1])
    assert done.report == {"dropped_classes": 1}


def test_classes_with_too_few_training_glyphs_are_left_out():
    done = prepared(uneven(30, 20, 10), min_count=20)
    assert done.train.alphabet == ("a", "b")
    assert done.report == {"dropped_classes": 1}


def test_unlabelled_glyphs_survive_the_loss_of_a_class():
    train = uneven(10, 10)
    mixed = replace(train, labels=np.where(np.arange(20) % 2, train.labels, -1))
    done = prepared(mixed, mixed, drop=("a",))
    assert np.count_nonzero(done.test.labels == -1) == 10
    assert np.count_nonzero(done.test.labels == 0) == 5


def test_a_class_that_does_not_exist_is_answered_with_the_nearest_one():
    glyphs = replace(uneven(5, 5), alphabet=("Trouser", "Ankle boot"))
    with pytest.raises(ConfigError, match=r"data\.prepare\.drop: there is no class Trousers\. Did you mean Trouser\?"):
        prepared(glyphs, drop=("Trousers",))


@pytest.mark.parametrize("options", [{"drop": ("a", "b")}, {"min_count": 31}])
def test_a_preparation_that_leaves_no_class_is_refused(options):
    with pytest.raises(ConfigError, match="leave no class; the largest of 2 has 30"):
        prepared(uneven(30, 20), **options)


def test_a_class_without_a_training_glyph_is_refused_by_name_or_skipped_and_counted():
    empty = replace(uneven(5, 5), alphabet=("a", "b", "q"))
    with pytest.raises(DataError, match=r"class q has no training glyph: .*give data\.prepare\.drop=\[q\]"):
        prepared(empty)
    source = Given(on_bad="skip")
    done = source.prepared(empty, empty)
    assert (done.train.alphabet, done.report, len(source.skipped)) == (("a", "b"), {"skipped": 1}, 1)
    assert prepared(empty, drop=("q",)).train.alphabet == ("a", "b")


def test_digits_are_dropped_by_numbers_as_they_are_typed():
    source = build_source(config.compose("data", ["data=digits", "data.prepare.drop=[0,9]"]).data)
    assert source.prepared(*source.read()).train.alphabet == tuple("12345678")


# Cleaning


def test_median_takes_speckle_away_and_leaves_the_strokes():
    clean = letters(0.12, 56)
    speckled = np.where(np.random.default_rng(0).random(clean.shape) < 0.01, 255, clean).astype(np.uint8)
    cleaned = Preparation(denoise="median").clean(speckled, 56)
    assert np.abs(cleaned.astype(int) - clean).mean() < np.abs(speckled.astype(int) - clean).mean() / 3


def test_non_local_means_take_grain_away_and_leave_a_clean_glyph_alone():
    clean = letters(0.08)
    grain = np.random.default_rng(0).normal(0, 20, clean.shape)
    grainy = np.clip(clean + grain, 0, 255).astype(np.uint8)
    nlmeans = Preparation(denoise="nlmeans")

    def error(images):
        return np.sqrt(np.mean((images.astype(float) - clean) ** 2))

    assert error(nlmeans.clean(grainy, 28)) < 0.75 * error(grainy)
    assert error(nlmeans.clean(clean, 28)) < 2


def test_noise_is_taken_away_before_resizing_can_smear_it():
    dot = np.zeros((1, 1, 10, 10), np.uint8)
    dot[0, 0, 5, 5] = 255
    assert resize(dot, 28).max() > 100
    assert Preparation(denoise="median").clean(dot, 28).max() == 0


def test_sharpening_steepens_edges_and_keeps_flat_parts():
    edge = np.zeros((1, 1, 28, 28), np.uint8)
    edge[..., 13], edge[..., 14], edge[..., 15:] = 80, 170, 250
    sharp = Preparation(sharpen=2.0).clean(edge, 28)
    assert np.diff(sharp[0, 0, 5].astype(int)).max() > 1.2 * np.diff(edge[0, 0, 5].astype(int)).max()
    assert (sharp[0, 0, :, :8] == 0).all()
    assert (sharp[0, 0, :, 22:] == 250).all()


# Strokes


@pytest.mark.parametrize("width", [2, 3, 5])
@pytest.mark.parametrize("angle", [0, 30, 45])
def test_the_width_of_a_bar_is_measured_at_any_angle(width, angle):
    side = 16 * 64
    large = np.zeros((side, side), np.uint8)
    box = cv2.boxPoints(((side / 2, side / 2), (50 * 16, width * 16), angle))
    cv2.fillPoly(large, [box.astype(np.int32)], 255)
    bar = cv2.resize(large, (64, 64), interpolation=cv2.INTER_AREA)[None, None]
    assert stroke_widths(bar)[0] == pytest.approx(width, abs=0.3)


def test_a_faint_glyph_is_as_wide_as_a_strong_one():
    strong = letters(0.08)
    assert np.median(np.abs(stroke_widths(strong // 3) - stroke_widths(strong))) < 0.1


@pytest.mark.parametrize(("size", "width"), [(28, 2.5), (64, 5.7)])
def test_after_normalising_strokes_are_equally_wide_whatever_the_pen(size, width):
    """Letters that differ by a factor of 2.5 agree to 7 % in their mean and, nine in ten, to 15 %."""
    before = [stroke_widths(letters(weight, size)) for weight in PENS]
    after = [stroke_widths(with_stroke_width(letters(weight, size), width)) for weight in PENS]
    assert np.mean(before[-1]) > 2.5 * np.mean(before[0])
    for widths in after:
        assert np.mean(widths) == pytest.approx(width, rel=0.07)
        assert np.mean(np.abs(widths - width) < 0.15 * width) > 0.9


def test_thinning_breaks_no_stroke_and_loses_no_ink():
    for weight in PENS:
        drawn = letters(weight, 56)
        assert pieces(with_stroke_width(drawn, 2.5)) == pieces(drawn)


def test_a_hairline_survives_the_thinning_of_a_thick_stroke_it_hangs_on():
    glyph = np.zeros((1, 1, 28, 28), np.uint8)
    glyph[..., 4:24, 3:11] = 255
    glyph[..., 13:14, 11:25] = 255
    thinned = with_stroke_width(glyph, 2.0)
    assert thinned[0, 0, 12:15, 13:25].max(axis=0).min() > 100
    assert np.count_nonzero(thinned > 127) < 0.5 * np.count_nonzero(glyph)


@pytest.mark.parametrize("weight", PENS[:4])
def test_thickening_closes_no_counter(weight):
    drawn = letters(weight, 56)
    thick = with_stroke_width(drawn, stroke_widths(drawn).mean() * 1.6)
    assert sum(counters(drawn)) >= 15
    assert all(after >= before for after, before in zip(counters(thick), counters(drawn), strict=True))


def test_an_empty_image_stays_empty():
    empty = np.zeros((2, 1, 28, 28), np.uint8)
    assert stroke_widths(empty).tolist() == [0, 0]
    assert not Preparation(thickness=2, denoise="nlmeans", sharpen=1).clean(empty, 28).any()
    assert len(Preparation(thickness=2, denoise="median", sharpen=1).clean(empty[:0], 28)) == 0


def test_real_letters_come_out_at_the_width_that_is_asked_for(shared_data):
    train, _ = EMNIST(root=str(shared_data)).read()
    images = train.images[::50]
    widths = [stroke_widths(images), stroke_widths(Preparation(thickness=2.5).clean(images, 28))]
    spreads = [np.subtract(*np.percentile(found, [95, 5])) for found in widths]
    assert np.median(widths[1]) == pytest.approx(2.5, rel=0.06)
    assert spreads[1] < spreads[0] / 5


# Outliers


def with_strangers():
    """A hundred a and a hundred b, of which three are white noise."""
    train = uneven(100, 100)
    images = train.images.copy()
    strangers = [5, 50, 120]
    images[strangers] = np.random.default_rng(0).integers(0, 256, (3, 1, 28, 28))
    return replace(train, images=images), images[strangers]


def test_glyphs_unlike_their_class_are_left_out_of_training_only():
    train, strangers = with_strangers()
    done, plain = prepared(train, train, outliers=4.0), prepared(train, train)
    left_out = {image.tobytes() for image in done.outliers.glyphs.images}
    in_validation = {image.tobytes() for image in plain.val.images}
    assert {image.tobytes() for image in strangers} - in_validation <= left_out
    assert len(left_out) == done.report["outliers"] <= 10
    assert left_out.isdisjoint({image.tobytes() for image in done.train.images})
    assert len(done.train) + len(left_out) == len(plain.train)
    assert done.val.fingerprint() == plain.val.fingerprint()
    assert done.test.fingerprint() == plain.test.fingerprint()


def test_left_out_glyphs_are_told_most_distant_first_and_all_above_the_limit():
    _, outliers = Preparation(outliers=2.0).without_outliers(with_strangers()[0])
    assert len(outliers.sigmas) == len(outliers.glyphs) > 3
    assert (np.diff(outliers.sigmas) <= 0).all()
    assert outliers.sigmas.min() > 2


@pytest.mark.parametrize("counts", [(1, 1), (2, 2), (3, 1)])
def test_outlier_removal_never_empties_a_class(counts):
    done = prepared(uneven(*counts), outliers=1e-6)
    assert done.train.counts().min() >= 1


def test_unlabelled_glyphs_have_outliers_too():
    train, _ = with_strangers()
    _, outliers = Preparation(outliers=5.0).without_outliers(Glyphs(train.images))
    assert len(outliers.glyphs) == 3


# Balance


def test_classes_of_5_to_500_become_30_to_300_after_validation_is_split_off():
    train = uneven(5, 60, 500)
    done, plain = prepared(train, smallest=30, largest=300), prepared(train)
    assert plain.train.counts().tolist() == [4, 54, 450]
    assert done.train.counts().tolist() == [30, 54, 300]
    assert done.report == {"cut": 150, "filled": 26}
    assert done.val.fingerprint() == plain.val.fingerprint()


def test_copies_are_changed_follow_the_real_glyphs_and_keep_their_style():
    source = Given(style="median", prepare=Preparation(smallest=60))
    plain, done = prepared(uneven(10, 50), source=Given(style="median")), prepared(uneven(10, 50), source=source)
    assert done.train[: len(plain.train)].fingerprint() == plain.train.fingerprint()
    copies = done.train[len(plain.train) :]
    known = {image.tobytes() for image in plain.train.images}
    assert all(image.tobytes() not in known for image in copies.images)
    assert set(copies.styles) == {0, 1}


def test_every_glyph_of_a_small_class_is_copied_equally_often():
    fill = Augmentation()  # changes nothing, so that copies can be told
    done = prepared(uneven(10, 50), smallest=90, fill=fill)
    small = done.train.images[done.train.labels == 0]
    _, times = np.unique(small.reshape(len(small), -1), axis=0, return_counts=True)
    assert times.tolist() == [10] * 9


def test_the_split_seed_decides_what_is_cut_and_how_copies_look():
    train = uneven(10, 50)
    one, same, other_seed = (
        Given(split_seed=split, prepare=Preparation(smallest=20, largest=30)).prepared(train, train)
        for split in (0, 0, 1)
    )
    assert one.train.fingerprint() == same.train.fingerprint() != other_seed.train.fingerprint()


def test_unlabelled_glyphs_are_not_balanced():
    done = prepared(Glyphs(uneven(20, 20).images), smallest=100, largest=100)
    assert len(done.train) == 36
    assert done.report == {}


def test_a_largest_below_the_smallest_is_one_line_that_names_both_keys():
    cfg = config.compose("data", ["data.prepare.largest=30", "data.prepare.smallest=300"])
    with pytest.raises(ConfigError) as caught:
        build_source(cfg.data)
    told = str(caught.value)
    assert told.startswith("data.prepare.largest=30 is below data.prepare.smallest=300: ")
    assert "\n" not in told
    assert Preparation(largest=0, smallest=300).smallest == 300


@pytest.mark.parametrize(
    ("word", "told"),
    [
        ("denoise=medain", "data.prepare.denoise=medain is not allowed: choose none, median or nlmeans. Did you mean"),
        ("outliers=-1", "data.prepare.outliers=-1: must be greater than or equal to 0"),
        ("smallest=few", "data.prepare.smallest=few: must be a valid integer"),
        ("fill.scale=2", "data.prepare.fill.scale=2: must be less than 1"),
    ],
)
def test_a_wrong_value_is_named_with_its_key(word, told):
    with pytest.raises(ConfigError) as caught:
        build_source(config.compose("data", [f"data.prepare.{word}"]).data)
    assert str(caught.value).startswith(told)
