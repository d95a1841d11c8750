from dataclasses import fields

import numpy as np
import pytest
import yaml

from benchmarks.drawn_pages import draw_page
from benchmarks.page_style import PageStyle
from handwriting.config import CONF, build, compose
from handwriting.errors import ConfigError, DataError
from handwriting.segmentation.agreement import agreement
from handwriting.segmentation.baseline import Characters, Words, in_rows
from handwriting.segmentation.page import Box, Segmenter

PRESETS = sorted(path.stem for path in (CONF / "preset").glob("*.yaml"))


@pytest.fixture(scope="module")
def page():
    return draw_page(PageStyle(size=(3, 2), margin=0.2, dpi=300), seed=1)


def preset(*overrides):
    return build(compose("segment", ["pages=x", *overrides]).preset, "preset")


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_spells_out_every_field_of_its_class_as_it_is_by_default(name):
    built = preset(f"preset={name}")
    assert isinstance(built, Segmenter)
    keys = yaml.safe_load((CONF / "preset" / f"{name}.yaml").read_text())
    module, _, cls = keys.pop("_target_").rpartition(".")
    assert (type(built).__module__, type(built).__name__) == (module, cls)
    default = type(built)()
    assert keys == {field.name: getattr(default, field.name) for field in fields(default)}


@pytest.mark.parametrize(
    "override", ["preset.kernel_width=0", "preset.kernel_height=-1", "preset.shape=round", "preset.least_area=-1"]
)
def test_a_value_that_makes_no_recipe_is_refused_by_its_key(override):
    with pytest.raises(ConfigError, match=f"^{override}"):
        preset("preset=words", override)


def test_the_words_of_a_clean_page_are_found_and_nothing_else_is_told(page):
    found = Words()(page.image)
    assert {piece.kind for piece in found.pieces} == {"word"}
    assert agreement(page.label_map("word"), found.label_map("word")).ink_f1 > 0.9
    assert found.skew == 0
    assert found.x_height == pytest.approx(np.median([piece.box.h for piece in found.pieces]), rel=0.05)


def test_the_characters_of_a_clean_page_are_found_and_nothing_else_is_told(page):
    found = Characters()(page.image)
    assert {piece.kind for piece in found.pieces} == {"character"}
    truth = page.label_map("character")
    assert agreement(truth, found.label_map("character")).ink_f1 > 0.85  # dots of their own are what the recipe finds


@pytest.mark.parametrize("recipe", [Words(), Characters()])
def test_labels_numbers_and_pieces_tell_the_same(page, recipe):
    found = recipe(page.image)
    assert found.labels.shape == found.ink.shape == found.shape == page.image.shape[:2]
    assert len(found.pieces) == found.labels.max() == len(found.words)
    assert sorted(found.lines) == list(found.lines)
    for number, piece in enumerate(found.pieces, start=1):
        rows, columns = np.nonzero(found.labels == number)
        box = Box(int(columns.min()), int(rows.min()), int(np.ptp(columns)) + 1, int(np.ptp(rows)) + 1)
        assert piece.box == piece.sheet_box == box
        assert piece.line == found.lines[found.words[number - 1]]


@pytest.mark.parametrize("recipe", [Words(), Characters()])
def test_pieces_come_in_reading_order(page, recipe):
    pieces = recipe(page.image).pieces
    places = [(piece.line, piece.word, piece.order) for piece in pieces]
    assert places == sorted(places)
    assert pieces[-1].line == len(page.text) - 1
    for line in range(len(page.text)):
        lefts = [piece.box.x for piece in pieces if piece.line == line]
        assert lefts == sorted(lefts)


def test_a_wider_kernel_joins_more_and_a_larger_area_leaves_out_more(page):
    narrow, usual, wide = (Words(kernel_width=width)(page.image) for width in (1, 30, 300))
    assert len(narrow.pieces) > len(usual.pieces) > len(wide.pieces)
    assert len(wide.pieces) == len(page.text)
    all_of_them, large = (Characters(least_area=area)(page.image) for area in (0, 400))
    assert not all_of_them.rejected
    assert large.rejected == {"small": len(all_of_them.pieces) - len(large.pieces)}
    assert large.rejected["small"] > 0


def test_grey_pages_are_read_like_coloured_ones(page):
    grey = page.image.mean(axis=2).astype(np.uint8)
    assert len(Words()(grey).pieces) == len(Words()(page.image).pieces)


def test_a_dot_and_a_comma_join_the_row_that_they_are_in_or_near():
    tall, dot, comma, below = Box(0, 10, 8, 30), Box(40, 5, 3, 3), Box(50, 38, 3, 8), Box(0, 48, 8, 20)
    assert in_rows([below, comma, dot, tall]) == [[3, 2, 1], [0]]


@pytest.mark.parametrize(
    ("image", "why"),
    [
        (np.full((20, 200), 255, np.uint8), "has 200 x 20 pixels"),
        (np.full((99, 99), 255, np.uint8), "is blank"),
        (np.zeros((99, 99, 3), np.uint8), "is black"),
        (np.pad(np.zeros((1, 1), np.uint8), 49, constant_values=255), "shows no text"),
    ],
)
def test_what_is_no_page_is_refused_with_a_verb(image, why):
    with pytest.raises(DataError, match=f"^{why}"):
        Words(least_area=100)(image)
