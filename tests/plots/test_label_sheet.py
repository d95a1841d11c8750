"""The contact sheet of labels: every class, the doubtful marked, at one scale, however many there are."""

import numpy as np
import pytest
from PIL import Image

from handwriting.plots import label_sheet
from handwriting.plots.label_sheet import (
    DOUBTFUL,
    EXCLUDED,
    NAME_WIDTH,
    NUMBER_HEIGHT,
    ODD,
    ODD_BADNESS,
    WIDTH,
    draw_label_sheet,
)

SIDE = 64


def bars(count, width=10, height=20):
    """Bars of full ink."""
    images = np.zeros((count, 1, SIDE, SIDE), np.uint8)
    images[:, 0, 20 : 20 + height, 20 : 20 + width] = 255
    return images


def drawn(labels, confidence=1.0, kept=True, images=None, **options):
    count = len(labels)
    sheet = draw_label_sheet(
        bars(count) if images is None else images,
        labels,
        np.full(count, confidence) if np.ndim(confidence) == 0 else np.array(confidence),
        np.full(count, kept) if np.ndim(kept) == 0 else np.array(kept),
        **options,
    )
    assert sheet.mode == "RGB"
    assert sheet.width == WIDTH
    return sheet


def black(sheet, top=44):
    """The number of pixels of full ink among the glyphs, below the head."""
    pixels = np.asarray(sheet)[top:, NAME_WIDTH:]
    return int((pixels == 0).all(axis=2).sum())


def frames(sheet, colour):
    """The number of framed glyphs, by the length of their frames' left sides and right sides."""
    pixels = (np.asarray(sheet)[44:] == colour).all(axis=2)  # the legend is above
    upright = pixels[1:-1] & pixels[:-2] & pixels[2:]
    return int(upright.sum()) / (2 * (SIDE - 2))


def test_every_glyph_is_drawn_at_its_own_size():
    images = np.concatenate([bars(3), bars(2, width=2, height=2)])
    assert black(drawn(["a", "a", "b", ".", "."], images=images)) == 3 * 200 + 2 * 4


def test_a_number_stands_below_a_glyph_and_not_on_it():
    plain, numbered = drawn(["a"] * 300), drawn(["a"] * 300, numbers=range(12345, 12645))
    assert black(numbered) == black(plain)
    assert numbered.height > plain.height


def test_numbers_are_dark_large_and_apart_however_narrow_their_glyphs():
    count = 30
    sheet = drawn(["i"] * count, images=bars(count, width=2), numbers=range(12345, 12345 + count))
    line = np.asarray(sheet.convert("L"))[-100:, NAME_WIDTH:]  # the only row of glyphs, and what is below it
    inked = np.flatnonzero((line == 0).any(axis=1))
    below = line[inked.max() + 1 :]
    numbers = below < 128
    assert below.min() < 60
    assert np.ptp(np.flatnonzero(numbers.any(axis=1))) + 1 >= 9
    assert np.ptp(np.flatnonzero(numbers.any(axis=1))) + 1 <= NUMBER_HEIGHT
    columns = np.flatnonzero(numbers.any(axis=0))
    assert np.count_nonzero(np.diff(columns) > 6) == count - 1


def test_kept_characters_that_are_oddly_drawn_are_framed_and_explained_and_no_others(monkeypatch):
    heads = []
    monkeypatch.setattr(label_sheet, "_head", lambda *given: heads.append(given[1]) or Image.new("RGB", (WIDTH, 44)))
    labels = ["a"] * 5 + [""]
    certain, kept = [0.95, 0.95, 0.95, 0.95, 0.5, 0.95], [True, True, True, False, True, True]
    badness = np.array([ODD_BADNESS, 1.0, ODD_BADNESS - 0.01, 1.0, 1.0, 1.0])
    sheet = drawn(labels, certain, kept, badness=badness)
    assert [frames(sheet, colour) for colour in (ODD, EXCLUDED, DOUBTFUL)] == [2, 1, 1]
    drawn(labels, certain, kept, badness=np.minimum(badness, 0.8))
    assert [(ODD, "kept, but oddly drawn") in marks for marks in heads] == [True, False]


def test_the_title_counts_junk_apart(monkeypatch):
    written = []
    plain = label_sheet.ImageDraw.ImageDraw.text
    monkeypatch.setattr(
        label_sheet.ImageDraw.ImageDraw, "text", lambda self, *given: written.append(given[1]) or plain(self, *given)
    )
    drawn(["a", "b", "a", "", ""])
    assert "3 labelled characters of 2 classes, and 2 junk" in written


def test_doubtful_and_excluded_glyphs_are_framed_and_no_others():
    sheet = drawn(["a"] * 6, confidence=[0.95, 0.9, 0.89, 0.1, 0.99, 0.2], kept=[True] * 4 + [False] * 2)
    assert frames(sheet, DOUBTFUL) == 2
    assert frames(sheet, EXCLUDED) == 2
    assert frames(drawn(["a"] * 3, confidence=0.6, keep=0.5), DOUBTFUL) == 0


def test_classes_are_sorted_and_junk_is_last():
    widths = {"": 40, "b": 20, "B": 15, ".": 5, "7": 10}
    images = np.concatenate([bars(1, width) for width in widths.values()])
    pixels = np.asarray(drawn(list(widths), images=images))[44:, NAME_WIDTH:]
    lengths = (pixels == 0).all(axis=2).sum(axis=1)
    order = [int(length) for length, before in zip(lengths[1:], lengths, strict=False) if length and not before]
    assert order == [10, 15, 20, 5, 40]


def test_a_large_class_is_capped_and_the_rest_is_counted():
    confidence = np.linspace(0, 1, 500)
    sheet = drawn(["e"] * 500, confidence=confidence, max_glyphs=50)
    assert black(sheet) == 50 * 200
    assert frames(sheet, DOUBTFUL) == pytest.approx(45, abs=1)  # as many as in the whole class
    assert black(drawn(["e"] * 50, max_glyphs=50)) == 50 * 200


@pytest.mark.parametrize(
    ("kept", "others", "shown_kept", "shown_others"),
    [(45, 579, 45, 75), (300, 300, 80, 40), (300, 10, 110, 10), (600, 0, 120, 0), (0, 600, 0, 120), (45, 75, 45, 75)],
)
def test_kept_glyphs_come_first_and_few_kept_of_many_are_all_seen(kept, others, shown_kept, shown_others):
    count = kept + others
    numbers = np.random.default_rng(0).permutation(count)
    confidence = np.where(numbers < kept, 1 - numbers / (2 * count), numbers / (2 * count))
    images = np.where((numbers < kept)[:, None, None, None], bars(count), bars(count, height=10))
    sheet = drawn(["e"] * count, confidence, numbers < kept, images, keep=0.0)
    assert black(sheet) == shown_kept * 200 + shown_others * 100
    assert frames(sheet, EXCLUDED) == shown_others


def test_of_many_kept_the_most_and_the_least_certain_are_shown_in_order():
    confidence = np.random.default_rng(0).permutation(np.linspace(0.5, 1, 300))
    images = np.concatenate([bars(1, height=1 + round(40 * share)) for share in confidence])
    shown = np.array(drawn(["e"] * 300, confidence, images=images, keep=0.0, max_glyphs=20))[44:, NAME_WIDTH:]
    heights = (shown == 0).all(axis=2).sum(axis=0)
    heights = heights[np.flatnonzero(heights)[::10]]
    assert len(heights) == 20
    assert (heights[0], heights[-1]) == (41, 21)
    assert (np.diff(heights) <= 0).all()


def test_a_glyph_without_ink_and_one_as_wide_as_its_square_are_drawn():
    images = np.concatenate([bars(1) * 0, np.full((1, 1, SIDE, SIDE), 255, np.uint8)])
    assert black(drawn(["a", "b"], images=images)) == SIDE * SIDE


def test_a_notebook_fits_on_one_sheet():
    labels = [chr(33 + number % 90) for number in range(5000)]
    sheet = drawn(labels)
    assert sheet.height < 90 * 3 * (SIDE + 10)
    assert black(sheet) == 5000 * 200


@pytest.mark.parametrize("label", ["字", "é", '"', "&", ""])
def test_any_label_has_a_row(label):
    assert isinstance(drawn([label]), Image.Image)
