"""The words found on a page are matched to those of its text, whatever one has that the other has not."""

from __future__ import annotations

from pathlib import Path

import pytest

from handwriting.labelling.found_words import found_words
from handwriting.labelling.matching import match
from handwriting.labelling.transcripts import read_transcript
from handwriting.pages.scans import Scan, read_scan
from handwriting.segmentation.auto import Auto

WIDTHS = {**dict.fromkeys("fijlrt.,:;!'\"-", 0.6), **dict.fromkeys("mwMW", 1.7)}


def usual_width(character: str) -> float:
    return WIDTHS.get(character, 1.0)


@pytest.mark.parametrize(("name", "skipped"), [("notebook-test3", [(25, 7)]), ("notebook-text3", [(10, 10)])])
def test_a_photographed_page_is_matched_word_for_word(
    shared_data: Path, name: str, skipped: list[tuple[int, int]]
) -> None:
    """Each line has as many words as its text, but for one word crossed out and one found as two."""
    path = shared_data / "pages" / f"{name}.jpg"
    transcript = read_transcript(path.with_suffix(".txt"))
    found = found_words(Auto()(read_scan(Scan(path, 0, 1))), slope=0.45)
    matching = match(found, transcript, usual_width)
    order = [number - int((found.line < found.line[number]).sum()) for number in range(len(found.line))]
    assert [(int(found.line[number]), order[number]) for number in matching.skipped_found] == skipped
    assert matching.skipped_texts == ()
    assert [one.texts for one in matching.matches] == [(number,) for number in range(len(transcript.words))]
    lines = [found.line[one.found[0]] for one in matching.matches]
    assert tuple(lines) == transcript.line_numbers
