import numpy as np
import pytest
from PIL import Image

from benchmarks.drawn_pages import draw_page
from benchmarks.page_style import random_style
from handwriting.errors import DataError
from handwriting.segmentation.agreement import agreement
from handwriting.segmentation.auto import Auto
from handwriting.segmentation.page import KINDS

LIGHT = {"shade": 0.4, "noise": 8.0, "blur": 0.1, "specks": 2.0}
PHOTOGRAPH = {"perspective": 0.03, "table": True, "shadow": 0.4}


def drawn(seed=4, **chosen):
    return draw_page(random_style(seed, **{"size": (7, 5), "margin": 0.4, **chosen}), seed)


def scores(page, found):
    """F1 by boxes of lines, words and characters."""
    return {
        kind: agreement(page.label_map(kind), found.label_map(kind), found_boxes=[p.box for p in found.of(kind)]).box_f1
        for kind in KINDS
    }


@pytest.mark.parametrize(
    "chosen",
    [{}, {"rules": "ruled"}, {"rules": "squared"}, LIGHT, PHOTOGRAPH, {"ink": (120, 120, 125)}, {"skew": 5.0}],
    ids=["plain", "ruled", "squared", "dim", "photographed", "pencil", "askew"],
)
def test_a_page_is_segmented_whatever_its_paper_light_and_pen(chosen):
    page = drawn(**chosen)
    found = scores(page, Auto()(page.image))
    assert found["line"] >= 0.97
    assert found["word"] >= 0.95
    assert found["character"] >= 0.93


def test_resolution_and_skew_change_little():
    values = []
    for chosen in ({"dpi": 100.0}, {"dpi": 200.0}, {"dpi": 400.0}, {"skew": -5.0}, {"skew": 3.0}):
        page = drawn(size=(5, 3), **chosen)
        values.append(list(scores(page, Auto()(page.image)).values()))
    assert np.ptp(values, axis=0).max() <= 0.03


def test_scale_and_skew_are_told_in_pixels_and_degrees_of_the_image():
    for dpi in (120.0, 300.0):
        page = drawn(dpi=dpi, skew=-3.0, x_height=2.5, size=(5, 4))
        found = Auto()(page.image)
        assert found.skew == pytest.approx(-3, abs=0.3)
        assert found.x_height == pytest.approx(2.5 / 25.4 * dpi, rel=0.2)


def test_a_grey_page_gives_what_the_same_page_in_colour_gives():
    grey = np.asarray(Image.fromarray(drawn(ink=(40, 40, 40)).image).convert("L"))
    one, other = Auto()(grey), Auto()(np.repeat(grey[..., None], 3, axis=2))
    assert [piece.box for piece in one.pieces] == [piece.box for piece in other.pieces]


def test_the_same_page_gives_the_same_pieces_and_is_not_written_to():
    page = drawn()
    before = page.image.copy()
    page.image.flags.writeable = False
    assert Auto()(page.image).pieces == Auto()(page.image).pieces
    assert np.array_equal(page.image, before)


def test_steps_can_be_left_out():
    squared, askew = drawn(rules="squared", rule_ink=(130, 140, 160), rule_weight=0.25), drawn(skew=4.0)
    assert scores(squared, Auto(rules="keep")(squared.image))["word"] < 0.5
    assert scores(squared, Auto()(squared.image))["word"] > 0.9
    assert Auto(skew="keep")(askew.image).skew == 0
    assert Auto(sheet="whole")(drawn(**PHOTOGRAPH).image).to_image == pytest.approx(np.eye(3), abs=200)
    clean = drawn()
    assert scores(clean, Auto(threshold="otsu")(clean.image))["word"] > 0.95


def _noise():
    return np.random.default_rng(0).integers(200, 255, (300, 400, 3), np.uint8)


def _specks():
    image = np.full((300, 400), 240, np.uint8)
    image[np.random.default_rng(0).integers(0, 300, 40), np.random.default_rng(1).integers(0, 400, 40)] = 60
    return image


@pytest.mark.parametrize("image", [_noise(), _specks()], ids=["noise", "specks"])
def test_a_page_without_text_is_refused_in_words(image):
    with pytest.raises(DataError, match=r"^(shows no text|is blank)"):
        Auto()(image)


def test_every_line_of_the_scanned_forms_is_found(shared_data):
    import json

    forms = json.loads((shared_data / "pages" / "lines.json").read_text())
    for form in forms:
        with Image.open(shared_data / "pages" / form["page"]) as picture:
            found = Auto()(np.asarray(picture.convert("L"))).of("line")
        truth = np.array([line["bbox_xywh"] for line in form["lines"]])
        assert len(found) == len(truth)
        for (x, y, w, h), piece in zip(truth, found, strict=True):
            left, top = max(x, piece.box.x), max(y, piece.box.y)
            right, bottom = min(x + w, piece.box.x + piece.box.w), min(y + h, piece.box.y + piece.box.h)
            both = max(0, right - left) * max(0, bottom - top)
            assert both > 0.5 * (w * h + piece.box.w * piece.box.h - both)
