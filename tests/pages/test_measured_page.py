"""A page drawn by a known pen, segmented, labelled by its truth, read and measured."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from benchmarks.drawn_pages import DrawnPage, draw_page
from benchmarks.page_style import INCH, PageStyle
from handwriting.pages.batch import PageTask, segment_pages
from handwriting.pages.folder import SegmentedFolder
from handwriting.pages.labels import LabelRow, character_key, write_labels
from handwriting.pages.scans import Scan
from handwriting.pages.source_words import read_source_words
from handwriting.segmentation.auto import Auto
from handwriting.writing.bank import Bank
from handwriting.writing.measuring import HandFit, measure_hand
from handwriting.writing.source import SourceWord

STYLE = PageStyle(size=(8, 5), margin=0.3, dpi=300, slant=12.0, word_gap=(1.8, 0.2), line_pitch=(4.0, 0.08))


X_HEIGHT = STYLE.x_height / INCH * STYLE.dpi
"""In pixels."""


@pytest.fixture(scope="module")
def page() -> DrawnPage:
    return draw_page(STYLE, 3)


@pytest.fixture(scope="module")
def words(page: DrawnPage, tmp_path_factory: pytest.TempPathFactory) -> list[SourceWord]:
    path = tmp_path_factory.mktemp("measured")
    Image.fromarray(page.image).save(path / "page.png")
    folder = SegmentedFolder(path / "hand")
    with folder.draft() as draft:
        report = segment_pages([PageTask(Scan(path / "page.png", 0, 1), "page", Auto(), None, draft, 32)], 1, draft)
        draft.write_report(report)
    write_labels(folder, true_labels(folder, page))
    return read_source_words(folder)


@pytest.fixture(scope="module")
def fit(words: list[SourceWord]) -> HandFit:
    return measure_hand(Bank(words))


def true_labels(folder: SegmentedFolder, page: DrawnPage) -> list[LabelRow]:
    """Return the label of each character whose box holds ink of one true character alone, nearly."""
    text = "".join(word for line in page.text for word in line)
    rows = []
    for row in folder.rows("character"):
        inked = page.characters[row.y : row.y + row.h, row.x : row.x + row.w]
        counts = np.bincount(inked[inked > 0], minlength=2)
        if counts.max() > 0.9 * counts.sum():
            rows.append(LabelRow(*character_key(row), text[counts.argmax() - 1], 1.0, "transcript", True, 1.0, 0.1))
    return rows


def test_lengths_are_in_x_heights_of_the_letters(words: list[SourceWord]) -> None:
    assert words[0].x_height == pytest.approx(X_HEIGHT, rel=0.04)


def test_the_slant_of_a_page_is_found(fit: HandFit) -> None:
    assert fit.slant == pytest.approx(STYLE.slant, abs=2)


def test_strokes_are_as_wide_as_the_stems_of_the_page(fit: HandFit, page: DrawnPage) -> None:
    text = "".join(word for line in page.text for word in line)
    stems = [
        np.median((page.characters == number).sum(1)[(page.characters == number).any(1)])
        for number, character in enumerate(text, 1)
        if character == "l"
    ]
    across = float(np.median(stems)) * np.cos(np.deg2rad(STYLE.slant))
    assert fit.pen.width == pytest.approx(across / X_HEIGHT, rel=0.08)


def test_words_and_lines_of_a_page_stand_as_they_were_laid_out(fit: HandFit) -> None:
    assert fit.word_space.median == pytest.approx(STYLE.word_gap[0], rel=0.05)
    assert fit.line_distance.median == pytest.approx(STYLE.line_pitch[0], rel=0.05)


def test_a_hand_that_prints_stands_as_far_apart_as_it_was_drawn(fit: HandFit) -> None:
    assert not fit.join_rates.is_joined
    assert fit.spacing.apart.distance("n", "n") == pytest.approx(STYLE.letter_gap[0], abs=0.1)
