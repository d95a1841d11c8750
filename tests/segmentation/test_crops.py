from dataclasses import replace

import cv2
import numpy as np
import pytest

from benchmarks.drawn_pages import draw_page
from benchmarks.page_style import PageStyle
from handwriting.data.formats.paper import Inking
from handwriting.errors import DataError
from handwriting.segmentation.baseline import Characters, Words
from handwriting.segmentation.crops import MARGIN, MIN_BRIGHTEST, crops, without_blank
from handwriting.segmentation.page import Segmented


def told(labels, ink, scale=1.0, words=None):
    """A page of one line whose labels and ink are given."""
    count = int(labels.max())
    words = np.zeros(count, np.int64) if words is None else np.array(words)
    lines = np.zeros(words.max() + 1, np.int64)
    baseline = np.full((1, labels.shape[1]), labels.shape[0] - 1.0)
    return Segmented(
        shape=ink.shape,
        ink=ink,
        to_image=np.eye(3),
        labels=labels,
        scale=scale,
        words=words,
        lines=lines,
        baselines=baseline,
        rejected={},
        x_height=20.0,
        skew=0.0,
    )


def bars(*columns, height=40, width=120, side=10):
    """Bars of ink, numbered from 1, whose left edges are given."""
    labels = np.zeros((height, width), np.int32)
    for number, column in enumerate(columns, start=1):
        labels[10:30, column : column + side] = number
    return labels


def enlarged(labels, factor):
    return labels.repeat(factor, axis=0).repeat(factor, axis=1)


def test_a_crop_is_its_box_with_the_margin_of_emnist_around_it():
    labels = bars(20, 60)
    page = told(labels, (255 * (labels > 0)).astype(np.uint8))
    for crop in crops(page, "character"):
        rows, columns = np.nonzero(crop)
        around = (crop.shape[0] - 20) // 2
        assert (rows.min(), np.ptp(rows) + 1, columns.min(), np.ptp(columns) + 1) == (around, 20, around, 10)
        assert crop.shape == (20 + 2 * around, 10 + 2 * around)
        assert MARGIN <= around / max(crop.shape) < MARGIN + 0.05
        assert set(np.unique(crop)) == {0, 255}


def test_crops_are_framed_like_pictures_from_elsewhere():
    assert Inking().margin == MARGIN


def test_a_neighbour_within_the_box_is_not_seen():
    labels = bars(20, 33)
    labels[10:12, 20:50] = 1  # a roof over both
    page = told(labels, (255 * (labels > 0)).astype(np.uint8))
    first, second = crops(page, "character")
    assert np.count_nonzero(first) == np.count_nonzero(labels == 1)
    assert np.count_nonzero(second) == np.count_nonzero(labels == 2)
    (word,) = crops(page, "word")
    assert np.count_nonzero(word) == np.count_nonzero(labels)


def test_pieces_that_touch_share_their_ink_and_lose_none():
    labels = bars(20, 30)
    page = told(labels, (255 * (labels > 0)).astype(np.uint8))
    first, second = crops(page, "character")
    assert first.sum() == second.sum() == 255 * 200


@pytest.mark.parametrize("scale", [0.25, 0.5, 2])
def test_labels_at_another_scale_than_the_sheet_cut_at_the_same_place(scale):
    side = 40 if scale < 1 else 10  # so that the working frame has whole pixels of it
    sheet = bars(200, 240, height=160, width=480, side=40) if scale < 1 else bars(40, 50)
    working = cv2.resize(sheet, None, fx=scale, fy=scale, interpolation=cv2.INTER_NEAREST)
    page = told(working, (255 * (sheet > 0)).astype(np.uint8), scale)
    crop = next(crops(page, "character")).astype(float)
    ink = crop.sum(axis=0) / crop.sum(axis=0).max()
    assert ink.sum() == pytest.approx(side, abs=0.5 / min(scale, 1))
    assert crop.max() == 255


def test_soft_edges_stay():
    labels = bars(20, 60)
    ink = cv2.GaussianBlur((255 * (labels > 0)).astype(np.uint8), (0, 0), 1.0)
    crop = next(crops(told(labels, ink), "character"))
    assert np.count_nonzero(crop) > np.count_nonzero(labels == 1)
    assert ((crop > 0) & (crop < 255)).any()


def test_faint_ink_becomes_full_and_the_grain_of_the_paper_goes():
    labels = bars(20, 60)
    grain = np.random.default_rng(0).integers(0, 12, labels.shape)
    page = told(labels, np.where(labels > 0, 90, grain).astype(np.uint8))
    crop = next(crops(page, "character"))
    assert np.count_nonzero(crop) == 200
    assert crop.max() == 255


def test_a_crop_at_the_edge_of_the_sheet_goes_on_as_paper():
    labels = np.ascontiguousarray(bars(0)[10:30, :10])
    (crop,) = crops(told(labels, np.full(labels.shape, 255, np.uint8)), "character")
    assert crop.shape == (24, 14)
    assert crop.sum() == 255 * 200


@pytest.mark.parametrize("recipe", [Words(), Characters()])
def test_crops_come_in_the_order_of_the_pieces_and_hold_the_ink_of_each(recipe):
    page = recipe(draw_page(PageStyle(size=(3, 2), margin=0.2, dpi=300), seed=2).image)
    cut = list(crops(page, recipe.kind))
    assert len(cut) == len(page.of(recipe.kind)) > 10
    for number, (piece, crop) in enumerate(zip(page.of(recipe.kind), cut, strict=True), start=1):
        around = (crop.shape[0] - piece.sheet_box.h) // 2
        inner = crop[around:-around, around:-around]
        own = page.labels[piece.box.y :, piece.box.x :][: piece.box.h, : piece.box.w] == number
        assert (inner[own] > 0).all()
    assert list(crops(replace(page, kinds=()), recipe.kind)) == []


def painted(labels, **levels):
    """Full ink under every label, but for those whose level is given by ``_<label>``."""
    ink = (255 * (labels > 0)).astype(np.uint8)
    for name, level in levels.items():
        ink[labels == int(name[1:])] = level
    return ink


def test_a_piece_whose_crop_would_be_blank_is_dropped_with_its_word_and_counted():
    labels = bars(0, 20, 40, 60, 80, 100)
    page = told(labels, painted(labels, _2=50, _4=20), words=[0, 0, 0, 1, 2, 2])
    assert min(int(crop.max()) for crop in crops(page, "character")) == 0
    kept, cut = without_blank(page)
    assert all(map(np.array_equal, cut, crops(kept, "character")))
    assert [(piece.word, piece.order, piece.box.x) for piece in kept.of("character")] == [
        (0, 0, 0),
        (0, 1, 40),
        (1, 0, 80),
        (1, 1, 100),
    ]
    assert [(piece.order, piece.box.x, piece.box.w) for piece in kept.of("word")] == [(0, 0, 50), (1, 80, 30)]
    assert kept.rejected == {"pale": 2}
    for kind in ("word", "character"):
        assert min(int(crop.max()) for crop in crops(kept, kind)) >= MIN_BRIGHTEST


def test_a_line_without_visible_ink_is_dropped():
    labels = bars(20, 60)
    page = replace(
        told(labels, painted(labels, _1=30), words=[0, 1]),
        lines=np.array([0, 1]),
        baselines=np.array([[20.0], [30.0]]).repeat(labels.shape[1], axis=1),
    )
    kept, _ = without_blank(page)
    assert [(piece.line, piece.order, piece.box.x) for piece in kept.of("line")] == [(0, 0, 60)]
    assert kept.baselines[:, 0].tolist() == [30]


def test_a_page_without_blank_pieces_stays_as_it_is():
    labels = bars(20, 60)
    page = told(labels, painted(labels, _1=100))
    assert without_blank(page)[0] is page


def test_a_page_of_nothing_but_blank_pieces_shows_no_text():
    labels = bars(20, 60)
    with pytest.raises(DataError, match="shows no text: all its ink is too pale"):
        without_blank(told(labels, painted(labels, _1=0, _2=0)))
