from dataclasses import replace

import cv2
import numpy as np
import pytest

from benchmarks.drawn_pages import draw_page
from benchmarks.page_style import PageStyle, random_style
from handwriting.writing.stroke_fonts import FONTS

SMALL = PageStyle(size=(4.5, 3), margin=0.3)
WORN = {"shade": 0.4, "shadow": 0.3, "blur": 0.08, "noise": 8.0, "specks": 3.0, "grain": 0.5, "rules": "ruled"}


def components(page):
    return cv2.connectedComponents((page.characters > 0).astype(np.uint8), connectivity=8)[1]


def pairs_that_touch(page, numbers):
    """Pairs of characters one after another with the same number, and which of them share a piece of ink."""
    pieces = components(page)
    of = [set(pieces[page.characters == number].tolist()) for number in range(1, len(page.words) + 1)]
    pairs = [pair for pair in range(len(of) - 1) if numbers[pair] == numbers[pair + 1]]
    return np.array([bool(of[pair] & of[pair + 1]) for pair in pairs])


def shared(page, numbers):
    """How many pieces of ink hold characters of different numbers."""
    inked = page.characters > 0
    held = np.unique(np.stack([components(page)[inked], numbers[page.characters[inked] - 1]]), axis=1)
    return np.sum(np.bincount(held[0]) > 1)


def centres(page):
    """The centre of every character's ink, ``(n, 2)``: x, y."""
    rows, columns = np.nonzero(page.characters)
    numbers = page.characters[rows, columns]
    count = np.bincount(numbers)[1:]
    return np.stack([np.bincount(numbers, by)[1:] / count for by in (columns, rows)], axis=1)


def assert_near(points, others):
    """Each within a pixel, which is what pixels of ink can tell, and together much nearer."""
    away = points - others
    assert np.abs(away).max() < 1.2
    assert np.abs(away.mean(axis=0)).max() < 0.1


def test_a_page_is_a_picture_and_the_truth_about_each_of_its_pixels():
    page = draw_page(SMALL, seed=1)
    assert page.image.shape == (450, 675, 3)
    assert page.image.dtype == np.uint8
    assert page.characters.shape == page.dots.shape == (450, 675)
    assert page.characters.dtype == page.dots.dtype == np.int32
    assert page.image[page.characters > 0].mean() < 120
    assert page.image[page.characters == 0].mean() > 235


@pytest.mark.parametrize("font", FONTS)
@pytest.mark.parametrize("touching", [0, 0.9])
def test_every_character_of_the_text_has_ink_and_its_number(font, touching):
    page = draw_page(replace(SMALL, font=font, touching=touching), seed=2)
    words = [word for line in page.text for word in line]
    assert set(np.unique(page.characters)) == set(range(len("".join(words)) + 1))
    np.testing.assert_array_equal(page.words, np.repeat(np.arange(len(words)), [len(word) for word in words]))
    np.testing.assert_array_equal(page.lines, np.repeat(np.arange(len(page.text)), [len(line) for line in page.text]))


def test_label_maps_number_the_pieces_of_a_kind_from_1():
    page = draw_page(SMALL, seed=3)
    ink = page.characters > 0
    np.testing.assert_array_equal(page.label_map("character"), page.characters)
    np.testing.assert_array_equal(page.label_map("word")[ink], page.words[page.characters[ink] - 1] + 1)
    for kind, count in (("word", len(page.lines)), ("line", len(page.text))):
        labels = page.label_map(kind)
        assert labels.dtype == np.int32
        np.testing.assert_array_equal(labels > 0, ink)
        assert set(np.unique(labels)) == set(range(count + 1))


def test_lines_follow_from_the_top_and_characters_from_the_left():
    page = draw_page(SMALL, seed=4)
    x, y = centres(page).T
    line = page.lines[page.words]
    heights = [np.median(y[line == number]) for number in range(len(page.text))]
    assert len(heights) > 4
    assert min(np.diff(heights)) > 20
    assert all((np.diff(x[line == number]) > 0).mean() > 0.98 for number in range(len(page.text)))


@pytest.mark.parametrize("seed", range(6))
def test_letters_that_do_not_touch_are_pieces_of_ink_of_their_own(seed):
    page = draw_page(random_style(seed, font=FONTS[seed], size=(5, 5), margin=0.3), seed)
    assert shared(page, np.arange(len(page.words))) == 0


@pytest.mark.parametrize("font", FONTS)
def test_most_neighbours_touch_where_they_shall_but_neither_words_nor_lines_do(font):
    page = draw_page(replace(SMALL, font=font, touching=1), seed=5)
    assert pairs_that_touch(page, page.words).mean() > 0.5  # stems side by side stay apart
    assert shared(page, page.words) == 0


def test_where_letters_overlap_the_later_one_lies_on_top_at_every_resolution():
    style = replace(SMALL, size=(3, 1.5), margin=0.2, touching=1)
    page, fine = draw_page(style, seed=6), draw_page(replace(style, dpi=600), seed=6)
    blocks = fine.characters.reshape(225, 4, 450, 4).swapaxes(1, 2).reshape(225, 450, 16)
    of_owner = (blocks == page.characters[..., None]).sum(axis=2)
    contested = np.array([len(set(block) - {0}) > 1 for block in blocks.reshape(-1, 16)]).reshape(225, 450)
    contested &= page.characters > 0
    assert contested.sum() > 50
    assert (2 * of_owner >= (blocks > 0).sum(axis=2))[contested].mean() > 0.98
    of_later = (blocks == blocks.max(axis=2, keepdims=True)).sum(axis=2)
    assert (page.characters == blocks.max(axis=2))[contested & (of_later > 10)].all()


def test_a_sheet_without_room_for_a_line_stays_blank():
    page = draw_page(replace(SMALL, size=(1, 0.5)), seed=1)
    assert not page.characters.any()
    assert len(page.words) == len(page.lines) == len(page.text) == 0
    assert not page.label_map("line").any()


def test_about_as_many_neighbours_touch_as_asked():
    some, most = (pairs_that_touch(page, page.words).mean() for page in
                  (draw_page(replace(SMALL, touching=share), seed=6) for share in (0.4, 1)))  # fmt: skip
    assert some == pytest.approx(0.4 * most, abs=0.12)


def test_lines_that_are_written_too_close_move_apart():
    close = replace(SMALL, line_pitch=(1.5, 0), touching=1)
    page = draw_page(close, seed=7)
    assert shared(page, page.lines[page.words]) == 0
    assert len(page.text) < 0.85 * (3 - 2 * 0.3) * 25.4 / 2.5 / 1.5


def test_words_are_further_apart_than_letters():
    page = draw_page(SMALL, seed=8)
    columns = [np.flatnonzero((page.label_map("word") == number).any(axis=0)) for number in range(1, len(page.lines))]
    gaps = [right[0] - left[-1] - 1 for left, right, same in zip(columns, columns[1:], np.diff(page.lines) == 0,
                                                                 strict=False) if same]  # fmt: skip
    x_height = 2.5 / 25.4 * 150
    assert min(gaps) > 0.6 * x_height
    assert np.median(gaps) == pytest.approx(1.3 * x_height, rel=0.15)
    assert max(gaps) < 2.2 * x_height


def test_the_same_seed_draws_the_same_page():
    style = replace(SMALL, perspective=0.03, table=True, **WORN)
    first, again, other = (draw_page(style, seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.image, again.image)
    np.testing.assert_array_equal(first.characters, again.characters)
    assert first.text == again.text != other.text


@pytest.mark.parametrize("dpi", [100, 300])
def test_another_resolution_shows_the_same_page_larger_or_smaller(dpi):
    page, other = draw_page(SMALL, seed=9), draw_page(replace(SMALL, dpi=dpi), seed=9)
    assert other.text == page.text
    scale = dpi / 150
    assert_near((centres(other) + 0.5) / max(scale, 1), (centres(page) + 0.5) * min(scale, 1))
    ink = np.bincount(page.characters.ravel())[1:] * scale**2
    assert np.bincount(other.characters.ravel())[1:].sum() == pytest.approx(ink.sum(), rel=0.05)


@pytest.mark.parametrize("skew", [-4, 3])
def test_skew_turns_the_same_page(skew):
    page, turned = draw_page(SMALL, seed=10), draw_page(replace(SMALL, skew=skew), seed=10)
    assert turned.text == page.text
    angle = np.deg2rad(skew)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    size = np.array([675, 450])
    assert_near(centres(turned) + 0.5 - np.abs(turn) @ size / 2, (centres(page) + 0.5 - size / 2) @ turn.T)
    assert (turned.image[[0, -1]] > 200).all(), "paper goes on beyond the turned sheet's edge"


def test_what_the_camera_does_leaves_the_truth_alone():
    clean = draw_page(replace(SMALL, rules="ruled"), seed=11)
    worn = draw_page(replace(SMALL, **WORN), seed=11)
    np.testing.assert_array_equal(clean.characters, worn.characters)
    np.testing.assert_array_equal(clean.dots, worn.dots)
    assert np.abs(clean.image.astype(int) - worn.image).mean() > 20


@pytest.mark.parametrize("rules", ["ruled", "squared"])
def test_rules_are_thinner_and_fainter_than_ink(rules):
    page = draw_page(replace(SMALL, rules=rules), seed=12)
    grey, blank = page.image.mean(axis=2), PageStyle.paper[0]
    ruled = (grey < blank - 20) & (cv2.dilate((page.characters > 0).astype(np.uint8), np.ones((5, 5))) == 0)
    assert 0.015 < ruled.mean() < 0.12
    assert grey[ruled].min() > grey[page.characters > 0].mean() + 60
    assert (ruled.mean(axis=1) > 0.5).sum() >= 6
    assert (ruled.mean(axis=0) > 0.5).any() == (rules == "squared")


def test_writing_stands_on_its_rules():
    style = replace(SMALL, rules="ruled", unevenness=0.2)
    page = draw_page(style, seed=13)
    pitch, first = (inches * 150 for inches in (3 * 2.5 / 25.4, 0.3 + 2 * 2.5 / 25.4))
    flat = [
        number for number, letter in enumerate("".join("".join(line) for line in page.text), 1) if letter in "nmhkr"
    ]
    feet = np.array([np.flatnonzero((page.characters == number).any(axis=1))[-1] for number in flat])
    from_rule = (feet - first + pitch / 2) % pitch - pitch / 2
    assert np.abs(np.median(from_rule)) < 3


def test_a_sheet_on_a_table_has_a_dark_border_and_four_corners():
    page = draw_page(replace(SMALL, table=True, perspective=0.03, skew=2), seed=14)
    border = np.concatenate([page.image[[0, -1]].reshape(-1, 3), page.image[:, [0, -1]].reshape(-1, 3)])
    assert border.max() < 140
    sheet = (page.image.mean(axis=2) > 180).astype(np.uint8)
    outline = max(cv2.findContours(sheet, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)[0], key=cv2.contourArea)
    assert len(cv2.approxPolyDP(outline, 6, closed=True)) == 4
    filled = cv2.drawContours(np.zeros_like(sheet), [outline], 0, 1, cv2.FILLED)
    assert filled[page.characters > 0].all()


def test_thin_pens_lose_no_character():
    page = draw_page(replace(SMALL, pen=0.05, dpi=100), seed=15)
    assert set(np.unique(page.characters)) == set(range(len(page.words) + 1))
    ink = np.bincount(page.characters.ravel())[1:]
    usual = np.bincount(draw_page(replace(SMALL, dpi=100), seed=15).characters.ravel())[1:]
    assert ink.sum() > 0.25 * usual.sum()


@pytest.mark.parametrize("font", FONTS)
def test_every_i_and_j_has_its_dot_above_its_stem_and_nothing_else_has_one(font):
    page = draw_page(replace(SMALL, font=font, touching=0.5, pen=0.35), seed=16)
    letters = "".join("".join(line) for line in page.text)
    dotted = {number for number, letter in enumerate(letters, 1) if letter in "ij"}
    assert len(dotted) > 3
    assert set(np.unique(page.dots)) == dotted | {0}
    assert (page.characters[page.dots > 0] == page.dots[page.dots > 0]).all()
    for number in dotted:
        dot = np.flatnonzero((page.dots == number).any(axis=1))
        stem = np.flatnonzero(((page.characters == number) & (page.dots == 0)).any(axis=1))
        assert dot[-1] < stem[0]
        assert len(dot) < len(stem)


def test_a_random_hand_keeps_what_is_chosen():
    styles = [random_style(seed, dpi=200, font=FONTS[0]) for seed in range(20)]
    assert {(style.dpi, style.font) for style in styles} == {(200, FONTS[0])}
    assert len({style.x_height for style in styles}) == 20
    assert all(2.0 <= style.x_height <= 3.2 for style in styles)
    assert {random_style(seed).font for seed in range(60)} == set(FONTS)
    assert random_style(5) == random_style(5) != random_style(6)


@pytest.mark.parametrize("seed", range(8))
def test_a_random_hand_has_a_pen_fine_enough_for_its_dots(seed):
    page = draw_page(random_style(seed, size=(5, 3), margin=0.3), seed)
    letters = "".join("".join(line) for line in page.text)
    assert len(np.unique(page.dots)) - 1 == letters.count("i") + letters.count("j") > 0
