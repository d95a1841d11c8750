"""The PDF of a sheet: everything is on the page, and what it shows can be read back."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import numpy as np
import pypdfium2
import pytest
from numpy.typing import NDArray

from handwriting.errors import ConfigError
from handwriting.labelling.copy_lines import copy_lines
from handwriting.labelling.copy_text import choose_texts
from handwriting.plots.copy_sheet import SIDE, SheetSize, draw_pdf, lines_per_page, missing_glyphs
from handwriting.writing.paper import PAPER_SIZES

NOTES = ["Copy this text", "as it is", "and photograph it"]
MM = 72 / 25.4


def pages_of(pdf: bytes) -> list[pypdfium2.PdfPage]:
    return list(pypdfium2.PdfDocument(pdf))


def ink(page: pypdfium2.PdfPage) -> NDArray[np.bool_]:
    """Return where a page is not white, two pixels a millimetre."""
    return np.asarray(page.render(scale=2 / MM).to_pil().convert("L")) < 250


@pytest.mark.parametrize("paper", get_args(SheetSize))
@pytest.mark.parametrize(
    "lines", [copy_lines(choose_texts(1)[0]), ["W" * 46] * 5, ["one"]], ids=["ours", "wide", "one"]
)
def test_all_lines_stand_within_the_margins_of_the_paper(paper: SheetSize, lines: list[str]) -> None:
    (page,) = pages_of(draw_pdf([lines], [NOTES], paper))
    assert np.allclose(np.array(page.get_size()) / MM, PAPER_SIZES[paper], atol=0.1)
    rows, columns = np.nonzero(ink(page))
    width, height = PAPER_SIZES[paper]
    overhang = 2  # of a J
    assert 2 * (SIDE - overhang) < columns.min() <= columns.max() < 2 * (width - SIDE + overhang)
    assert 2 * 10 < rows.min() <= rows.max() < 2 * (height - 10)


@pytest.mark.parametrize("paper", get_args(SheetSize))
def test_a_full_page_keeps_its_lines_apart(paper: SheetSize) -> None:
    lines = ["Ågy"] * lines_per_page(paper, len(NOTES))
    (page,) = pages_of(draw_pdf([lines], [NOTES], paper))
    is_written = ink(page).any(1)
    starts = np.count_nonzero(is_written[1:] & ~is_written[:-1])
    assert starts == len(lines) + len(NOTES) + 1  # and the rule between them
    assert not is_written[-2 * 10 :].any()


@pytest.mark.parametrize(
    "line",
    ["office fifty waffles", "$x_1$ is no formula", r"costs $\frac{5 to $6", "Übermütig, ça va?", "Привет, мир!"],
)
def test_text_is_read_back_as_it_was_given(line: str) -> None:
    (page,) = pages_of(draw_pdf([[line, "next"]], [NOTES]))
    assert page.get_textpage().get_text_range().split("\r\n") == [*NOTES, line, "next"]


def test_the_same_text_gives_the_same_bytes() -> None:
    assert draw_pdf([["one"], ["two"]], [NOTES, NOTES]) == draw_pdf([["one"], ["two"]], [NOTES, NOTES])


def test_several_pages_are_numbered_within_what_printers_print() -> None:
    lines = ["Ågy"] * lines_per_page("a4", len(NOTES))
    pages = pages_of(draw_pdf([lines, lines], [NOTES, NOTES]))
    assert [page.get_textpage().get_text_range().split("\r\n")[-1] for page in pages] == ["page 1 of 2", "page 2 of 2"]
    for page in pages:
        is_written = ink(page).any(1)
        assert not is_written[-2 * 5 :].any()
        foot = np.flatnonzero(is_written[-2 * 11 :])
        assert len(foot)
        assert foot[0] > 0  # apart from the last line of the text


def test_letters_that_the_font_lacks_are_named_once() -> None:
    assert missing_glyphs("a日b本日 é\N{GREEK SMALL LETTER OMEGA}") == "日本"


def test_a_file_that_is_no_font_is_refused(tmp_path: Path) -> None:
    (tmp_path / "font.ttf").write_text("no font")
    with pytest.raises(ConfigError, match=r"font\.ttf cannot be read as a font"):
        missing_glyphs("a", tmp_path / "font.ttf")
