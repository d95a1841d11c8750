"""Whether writing is joined is seen before any letter is known."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmarks.drawn_pages import draw_page
from benchmarks.page_style import PageStyle
from handwriting.pages.folder import SegmentedFolder
from handwriting.pages.joined import is_joined
from tests.pages.builders import piece, write_drawn_hand


def folder_of_words(path: Path, word: np.ndarray) -> SegmentedFolder:
    folder = SegmentedFolder(path)
    with folder.draft() as draft:
        with draft.page("page.png", "page", 32) as writer:
            overlay = writer.add_overlay(Image.new("RGB", (60, 40), "white"))
            writer.add_line(piece("line", 0))
            for number in range(3):
                writer.add_crop(piece("word", number), word)
        with draft.merging(32) as append:
            append("page")
        draft.write_report({"pages": [{"page": "page.png", "overlay": overlay, "x_height": 12.0}]})
    return folder


@pytest.mark.parametrize("joined", [True, False])
def test_letters_that_a_stroke_runs_through_are_joined(tmp_path: Path, joined: bool) -> None:
    word = np.zeros((16, 80), np.uint8)
    for start in range(2, 74, 14):
        word[2:14, start : start + 10] = 255
    if joined:
        word[12, 2:74] = 255
    assert is_joined(folder_of_words(tmp_path / "pages", word)) == joined


def test_print_whose_letters_touch_here_and_there_is_not_joined(tmp_path: Path) -> None:
    page = draw_page(PageStyle(size=(4, 2), margin=0.2, dpi=120, touching=0.5), 3)
    assert not is_joined(write_drawn_hand(tmp_path / "print", page))
