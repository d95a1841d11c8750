"""Drawn pages that are cut and labelled by the truth about them, and the letter that documentation shows."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import cv2

from benchmarks.cli import main
from benchmarks.drawn_pages import draw_page
from benchmarks.known_hand import write_known_hand
from benchmarks.letter import TEXT
from benchmarks.page_layout import SENTENCES
from benchmarks.page_style import PageStyle
from handwriting.jobs import MISTAKE
from handwriting.pages.hand_file import read_hand
from handwriting.pages.hand_folder import kept_characters


def test_a_known_hand_has_every_character_of_its_pages_and_the_joins_they_were_drawn_with(tmp_path: Path) -> None:
    font = cv2.FONT_HERSHEY_SCRIPT_SIMPLEX
    style = PageStyle(font=font, size=(4, 2), margin=0.2, dpi=150, touching=0.97, line_pitch=(3.6, 0.08))
    pages = [draw_page(style, seed) for seed in (1, 2)]
    hand = write_known_hand(tmp_path / "hand", pages)
    written = Counter("".join(word for page in pages for line in page.text for word in line))
    assert {label: len(rows) for label, rows in kept_characters(hand).items()} == written
    assert read_hand(hand).join_rates.rate > 0.8


def test_the_sentences_of_drawn_pages_have_every_character_of_the_letter() -> None:
    assert set("".join(TEXT.split())) <= set("".join(SENTENCES))


def test_a_letter_that_exists_is_not_replaced(tmp_path: Path) -> None:
    picture = tmp_path / "letter.png"
    picture.touch()
    assert main(["letter", f"out={picture}"]) == MISTAKE
    assert picture.stat().st_size == 0
    assert main(["letter", f"out={tmp_path / 'letter.pdf'}"]) == MISTAKE
