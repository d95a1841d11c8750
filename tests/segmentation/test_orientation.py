"""Pages that lie turned, of light ink, or full of grain: read right, and told of."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from benchmarks.drawn_pages import draw_page
from benchmarks.page_style import PageStyle
from handwriting.segmentation.auto import Auto
from handwriting.segmentation.orientation import is_light_on_dark

STYLE = PageStyle(size=(4, 3), margin=0.2, dpi=120)


@pytest.fixture(scope="module")
def page():
    return draw_page(STYLE, seed=21)


def counts(found) -> tuple[int, int, int]:
    return tuple(len(found.of(kind)) for kind in ("line", "word", "character"))


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_a_turned_page_is_turned_back_and_told_of(page, quarters):
    upright = Auto()(page.image)
    assert upright.notes == []
    image = np.ascontiguousarray(np.rot90(page.image, quarters))
    found = Auto()(image)
    assert counts(found) == counts(upright)
    assert found.notes == [
        f"the page lay turned, and was turned by {90 * quarters} degrees; preset.turn=0 leaves it as it is"
    ]
    assert found.shape == image.shape[:2]
    turned_back = np.rot90(found.label_map("word"), -quarters)
    assert (turned_back > 0).sum() > 0
    overlap = ((turned_back > 0) & (upright.label_map("word") > 0)).sum() / (upright.label_map("word") > 0).sum()
    assert overlap > 0.97


def test_a_turn_that_a_person_gives_is_taken(page):
    image = np.ascontiguousarray(np.rot90(page.image))
    assert counts(Auto(turn=90)(image)) == counts(Auto()(page.image))
    assert counts(Auto(turn=0)(image)) != counts(Auto()(page.image))


@pytest.mark.parametrize("seed", range(30, 36))
def test_no_upright_page_is_turned(seed):
    assert Auto()(draw_page(STYLE, seed).image).notes == []


def test_light_ink_on_dark_paper_is_read_and_told_of(page):
    found = Auto()(255 - page.image)
    assert counts(found) == counts(Auto()(page.image))
    assert found.notes == ["the ink is light on dark paper, and was read as such"]
    assert not is_light_on_dark(page.image)
    assert counts(Auto(polarity="light_on_dark")(255 - page.image)) == counts(found)


def with_dithered_margins(image: np.ndarray, width: int = 100) -> np.ndarray:
    """Return a page clipped to white, with margins of dithered grey."""
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    whole = np.full((len(grey), grey.shape[1] + 2 * width), 255, np.uint8)
    whole[:, width:-width] = np.where(grey > 170, 255, grey)
    random = np.random.default_rng(0).random(whole.shape)
    margins = np.ones(whole.shape, bool)
    margins[:, width - 5 : 5 - width] = False
    whole[margins & (random < 0.3)] = 190
    whole[margins & (random < 0.05)] = 120
    return whole


def test_grain_neither_sets_the_scale_nor_becomes_writing(page):
    upright, found = Auto()(page.image), Auto()(with_dithered_margins(page.image))
    assert counts(found)[:2] == counts(upright)[:2]
    assert found.x_height == pytest.approx(upright.x_height, rel=0.1)
    assert len(found.notes) == 1
    assert "of the page is grain" in found.notes[0]


def test_print_above_writing_is_kept_as_lines_of_its_own(page):
    printed = np.full((150, page.image.shape[1], 3), 255, np.uint8)
    for row, text in enumerate(("Sentence Database A01", "A move to stop them all")):
        cv2.putText(printed, text, (40, 50 + 50 * row), cv2.FONT_HERSHEY_COMPLEX, 0.7, (0, 0, 0), 1, cv2.LINE_AA)
    found = Auto()(with_dithered_margins(np.vstack([printed, page.image])))
    assert len(found.of("line")) == 2 + len(Auto()(page.image).of("line"))
