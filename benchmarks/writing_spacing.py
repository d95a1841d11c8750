"""What is measured on a written page, next to the page that it was learned from and one that was left out."""

from __future__ import annotations

import tempfile
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, groupby
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks.writing_request import Request
from benchmarks.writing_words import Hand
from handwriting.api import hand as make_hand
from handwriting.pages.source_words import read_source_words
from handwriting.text import markdown_table
from handwriting.writing.bank import Bank
from handwriting.writing.colours import read_colours
from handwriting.writing.measuring import HandFit, measure_hand
from handwriting.writing.message import read_message
from handwriting.writing.page_files import write_pages
from handwriting.writing.paper import Paper
from handwriting.writing.planning import plan_message
from handwriting.writing.source import SourceWord
from handwriting.writing.spacing import Pair, PairSpacing
from handwriting.writing.writer import HandWriter

DPI = 300.0
"""Resolution of the written pages, in pixels an inch: that of a scan."""
PAGES = 2
"""Pages of the hand that are written from, each with the text of the other one."""
MIN_PAIRS = 30
"""Pairs of letters, joined or apart, from which their distances are compared."""
MAX_OF_BEST = 1.1
"""Goal: median error of the distances of pairs, as a factor on the least possible one."""
MIN_LEAN = 0.25
"""Height of a letter whose lean is measured: the standard deviation of its ink's heights, in x-heights."""
MIN_LETTERS = 5
"""Drawings of a letter in either page from which their lean is compared."""


class Page(NamedTuple):
    """A page: its words, and what is measured on them."""

    bank: Bank
    fit: HandFit


@dataclass(frozen=True)
class Goal:
    """A measure and how near a written page has to come to a real one.

    Attributes:
        measure: Returns it of a page, given the page that it is compared with. Lengths are in x-heights.
        least: The least value that is near enough, as a factor on the real one or a difference from it.
        largest: The largest one.
        is_factor: Whether these are factors.
    """

    measure: Callable[[Page, Page], float]
    least: float
    largest: float
    is_factor: bool = True

    def reached(self, written: float, real: float) -> bool:
        """Return whether a written value is near enough to a real one."""
        return self.least <= (written / real if self.is_factor else written - real) <= self.largest


GOALS: Mapping[str, Goal] = {
    "word space": Goal(lambda page, _: page.fit.word_space.median, 0.95, 1.05),
    "stroke width": Goal(lambda page, _: page.fit.pen.width, 0.92, 1.08),
    "lean of letters, degrees": Goal(lambda page, beside: lean(page.bank, beside.bank), -2, 2, is_factor=False),
    "baselines of words, sd": Goal(lambda page, _: page.fit.offset.sd, 0.8, 1.25),
    "baselines of lines, sd": Goal(lambda page, _: page.fit.ridge.sd, 0.8, 1.25),
    "ink of words, lag 1": Goal(lambda page, _: page.fit.level.lag, -0.15, 0.15, is_factor=False),
}
"""What is compared, by its name."""


def measure_spacing(hand: Hand, asked: Request) -> list[str]:
    """Write the text of each page with the words of the other one, and measure the result as a photograph is."""
    seed = asked.seed
    pages = list(dict.fromkeys(word.key[0] for word in hand.words))[:PAGES]
    if len(pages) < PAGES:
        return ["Spacing is not measured: it takes a hand of two pages, one to learn from and one that is left out."]
    real = {page: _page([word for word in hand.words if word.key[0] == page]) for page in pages}
    rows, distances = [], []
    for source, other in (pages, pages[::-1]):
        learned, left_out = real[source], real[other]
        written = _written(hand, learned, other, seed)
        for name, goal in GOALS.items():
            values = [goal.measure(page, learned) for page in (learned, left_out, written)]
            near = f"{goal.least:g} to {goal.largest:g} {'times' if goal.is_factor else 'more'}"
            reached = ["yes" if goal.reached(values[2], value) else "no" for value in values[:2]]
            rows.append((source, name, *(f"{value:.3g}" for value in values), near, *reached))
        for joined in (True, False):
            fit = learned.fit.spacing.joined if joined else learned.fit.spacing.apart
            for page in (source, other):
                if len(pairs := real[page].bank.pairs[joined]) >= MIN_PAIRS:
                    distances.append((source, page, "joined" if joined else "apart", *_distances(fit, pairs)))
    return [
        "The text of one page, written with the words of the other one, drawn at "
        f"{DPI:g} dpi, and segmented, labelled and measured as a photograph is. Lengths are in x-heights.",
        markdown_table(
            ("learned from", "measure", "there", "page left out", "written", "goal", "of learned", "of left out"), rows
        ),
        "Median error of the distances of letters, as the fit of one page has them. At best it is that of the writer's "
        f"own repeats; the goal is {MAX_OF_BEST:g} times that.",
        markdown_table(("fit of", "letters of", "which are", "error", "at best", "factor", "reached"), distances),
    ]


def _page(words: Sequence[SourceWord]) -> Page:
    bank = Bank(words)
    return Page(bank, measure_hand(bank))


def _written(hand: Hand, learned: Page, page: str, seed: int) -> Page:
    """Write the text of a page with the words of another one, and return what is found in the picture."""
    bank, style = learned.bank, learned.fit.layout_style()
    real = [word for word in hand.real if word.key[0] == page and all(letter in bank.by_label for letter in word.text)]
    lines = [" ".join(word.text for word in of_line) for _, of_line in groupby(real, key=lambda word: word.key[1])]
    plan = plan_message(read_message("\n".join(lines)), bank.by_label.keys())
    sheets = list(plan.pages(HandWriter(bank, seed, slope_sd=learned.fit.slope.sd), style, Paper(), seed))
    with tempfile.TemporaryDirectory() as folder:
        pages = Path(folder) / "pages"
        pages.mkdir()
        files = write_pages(sheets, pages / "page.png", read_colours("black", "white"), dpi=DPI).files
        for file, sheet in zip(files, sheets, strict=True):
            file.with_suffix(".txt").write_text(" ".join(one.word.text for one in sheet.words), "utf-8")
        return _page(read_source_words(make_hand(pages, f"out={folder}/hand", f"seed={seed}")))


def lean(bank: Bank, beside: Bank) -> float:
    """Return how far the letters of a page lean to the right, in degrees, next to the same letters of another page.

    The slant of a joined hand has no sharp optimum: upstrokes lean more than downstrokes, and which of them decides
    depends on the text. So each letter is compared with itself, by the direction in which its ink lies.

    Args:
        bank: The page.
        beside: The other page, whose slant is the zero: the result is that slant, and by how much the letters differ.
    """
    own, others = _leans(bank), _leans(beside)
    shared = [label for label in own if min(len(own[label]), len(others.get(label, ()))) >= MIN_LETTERS]
    apart = [np.median(own[label]) - np.median(others[label]) for label in shared]
    more = np.average(apart, weights=[len(own[label]) for label in shared]) if shared else np.nan
    return float(np.degrees(np.arctan(beside.slant)) + more)


def _leans(bank: Bank) -> Mapping[str, list[float]]:
    """Return how far each drawing leans to the right, in degrees, by its label."""
    leans = defaultdict(list)
    for one in bank.drawings:
        word = bank.words[one.word]
        across, rise = word.frame_of(one.letter).T
        if len(rise) and rise.std() >= MIN_LEAN:
            tangent = word.slant + np.cov(across, rise)[0, 1] / rise.var(ddof=1)
            leans[one.label].append(float(np.degrees(np.arctan(tangent))))
    return leans


def _distances(fit: PairSpacing, pairs: Sequence[Pair]) -> tuple[str, ...]:
    error, best = median_error(fit, pairs), least_error(pairs)
    return f"{error:.3f}", f"{best:.3f}", f"{error / best:.2f}", "yes" if error <= MAX_OF_BEST * best else "no"


def median_error(fit: PairSpacing, pairs: Sequence[Pair]) -> float:
    """Return the median error of the distances that a fit gives to pairs, in x-heights."""
    return float(np.median([abs(distance - fit.distance(first, second)) for first, second, distance in pairs]))


def least_error(pairs: Sequence[Pair]) -> float:
    """Return the median error that a fit has which knows the mean of each pair, in x-heights.

    Two repeats of a pair differ by the root of two times what one differs from their mean. NaN where none comes again.
    """
    repeats = defaultdict(list)
    for first, second, distance in pairs:
        repeats[first, second].append(distance)
    apart = [abs(one - other) for distances in repeats.values() for one, other in combinations(distances, 2)]
    return float(np.median(apart) / 2**0.5) if apart else float("nan")
