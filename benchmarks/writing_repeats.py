"""How soon the same drawing comes again in a page of ordinary text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from benchmarks.writing_request import Request
from benchmarks.writing_words import Hand
from handwriting.labelling.copy_text import sentences
from handwriting.text import format_share, markdown_table
from handwriting.writing.writer import HandWriter
from handwriting.writing.written_words import Sign

LINE = 60
"""Characters of a line, in which no drawing is to come twice."""
SHOWN_LETTERS = 6
"""Letters that are named, those that come again most often."""
PAGE_CHARACTERS = 2000
"""Characters of the page that is written."""


def distances(uses: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return for each use of a drawing that was used before how many characters ago that was, and the drawing.

    Args:
        uses: The position of each character and its drawing, in the order of writing.

    >>> distances([(0, 7), (1, 8), (5, 7), (6, 8)])
    [(5, 7), (5, 8)]
    """
    last: dict[int, int] = {}
    found: list[tuple[int, int]] = []
    for position, drawing in uses:
        if drawing in last:
            found.append((position - last[drawing], drawing))
        last[drawing] = position
    return found


def measure_repeats(hand: Hand, asked: Request) -> list[str]:
    """Write a page of ordinary text, and count drawings that come again."""
    seed = asked.seed
    writer = HandWriter(hand.bank, seed)
    writer.supply([Sign(label, typed=label) for label in hand.bank.by_label])
    position = 0
    uses: list[tuple[int, int]] = []
    for word in " ".join(sentences()).split():
        if position >= PAGE_CHARACTERS or not all(letter in hand.bank.by_label for letter in word):
            continue
        drawings = [number for run in writer.place(word) for number in run.run.drawings]
        uses += zip(range(position, position + len(word)), drawings, strict=True)
        position += len(word) + 1
    apart = distances(uses)
    rows = []
    for reach in (LINE, 300, PAGE_CHARACTERS):
        again = [writer.bank.drawings[drawing].label for ago, drawing in apart if ago <= reach]
        letters = " ".join(f"{letter} {count}" for letter, count in Counter(again).most_common(SHOWN_LETTERS))
        rows.append(
            (f"within {reach:,} characters", str(len(again)), format_share(len(again) / len(uses)), letters or "-")
        )
    few = {label: len(numbers) for label, numbers in hand.bank.by_label.items()}
    own = [writer.bank.drawings[drawing].label for ago, drawing in apart if ago <= LINE]
    reached = "no" if own else "yes"
    return [
        f"Repeats in {position:,} characters of plain text, {len(uses):,} letters. Goal: none within {LINE}: {reached}"
        + (f"; the pages have {', '.join(f'{few[label]} of {label}' for label in sorted(set(own)))}." if own else "."),
        markdown_table(("the same drawing again", "letters", "share", "most often"), rows),
    ]
