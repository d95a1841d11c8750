"""Matching the words found on a page to the words of its text.

Dynamic programming finds the cheapest sequence of steps through both: a word is a word; two or three words were found
as one, or one as two or three; a word is broken over the end of a line; some found words are no words of the text, and
some words of the text are not on the page. The first widths are those of no hand in particular. Each round learns the
hand's own from the words matched.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from handwriting.errors import DataError
from handwriting.labelling.found_words import FoundWords
from handwriting.labelling.transcripts import Transcript
from handwriting.labelling.word_costs import (
    EXTENTS_OF_NO_HAND,
    CostTables,
    LetterWidths,
    PageCosts,
    WordExtents,
    hyphenated,
    learned_extents,
    learned_widths,
)
from handwriting.labelling.word_paths import LINE_END_COST, STEPS, LineEnds, WordPath, cheapest_path

ROUNDS = 4
"""Rounds of matching and learning."""
MIN_SHARED_LINE_ENDS = 0.5
"""Share of line ends that page and text have in common from which the text is taken to have the page's lines."""
MIN_FIT = 0.38
"""Fit below which a text is that of another page. On 25 pages, drawn and photographed, 150 right texts, also
with half of the lines or twice as many, had 0.52 or more, and 243 texts of other pages 0.24 or less."""
COMPARED_SPREAD = 0.8
"""Spread of widths at which a text is compared with its shuffled words: a wrong one would learn a wide spread."""
MIN_COMPARED_WORDS = 6
"""Words of page and text below which any text fits: the order of few says little."""
ALWAYS_FITTING_COST = 0.5
"""Mean cost of a word up to which a text fits whatever its words cost in random order."""

DOUBTFUL_COST = 4.0
"""Cost from which a match is doubted."""
NEAR_DOUBT = 2
"""Steps before and after a doubtful one that are decided again with it."""
SURE_COST, MAX_SURE = 1.5, 40
"""Cost up to which a match is sure, and how many sure ones show what right words usually cost."""
LETTERS_RANGE = (-2.0, 6.0)
"""Bounds of what the letters of one match may cost, in deviations of the sure ones."""
MIN_LETTERS_SPREAD = 0.1
"""Lower bound of that deviation, as a share of the usual cost."""

ExtraCost = Callable[[tuple[int, ...], str], float]
"""Returns how badly the letters of a text fit some found words, as a mean over letters; any unit."""


@dataclass(frozen=True)
class Match:
    """Found words that are words of the text.

    Attributes:
        found: The numbers of the found words, in reading order; several are parts of the same words.
        texts: The numbers of the words of the text; several were found as one, or divided in another place.
        written: What the found words show: the words of the text, or the part of one that stands on this line, with
            the hyphen that stands there.
        cost: How badly it fits, in nats.
        is_part: Whether it is a part of a word broken over the end of a line.
    """

    found: tuple[int, ...]
    texts: tuple[int, ...]
    written: tuple[str, ...]
    cost: float
    is_part: bool = False

    @property
    def is_single(self) -> bool:
        """Whether one found word is one whole word of the text."""
        return len(self.found) == len(self.texts) == 1 and not self.is_part


@dataclass(frozen=True)
class Matching:
    """How the words found on a page and the words of its text go together.

    Attributes:
        matches: In reading order. A word broken over the end of a line has two.
        skipped_found: The numbers of the found words that are no words of the text: crossed out, a page number ...
        skipped_texts: The numbers of the words of the text that were not found.
        widths: The widths of the hand's letters.
        has_lines: Whether the text has the line ends of the page.
        fit: By which share the text's own order costs less than a random one.
        cost: Of all steps.
    """

    matches: tuple[Match, ...]
    skipped_found: tuple[int, ...]
    skipped_texts: tuple[int, ...]
    widths: LetterWidths
    has_lines: bool
    fit: float
    cost: float


def match(found: FoundWords, transcript: Transcript, width: Callable[[str], float]) -> Matching:
    """Match the words found on a page to the words of its text.

    Args:
        found: The found words.
        transcript: The text.
        width: Returns the usual width of a character in x-heights; a common factor does not matter.

    Raises:
        DataError: If it is the text of another page. The message begins with a verb, so that the caller can put the
            name of the text before it.
    """
    learned = _learned(found, transcript, width)
    fit = _fit(learned, found, transcript, width)
    if fit < MIN_FIT:
        raise DataError(
            f"fits the page only {max(fit, 0):.0%} better than its words in random order; a page's own text "
            f"fits at least {MIN_FIT:.0%} better. Is it the text of another page?"
        )
    return _matching(learned.path, transcript.words, learned.tables, learned.widths, bool(learned.line_cost), fit)


def rematch(found: FoundWords, transcript: Transcript, matching: Matching, extra_cost: ExtraCost) -> Matching:
    """Decide doubtful matches and skips again, with the letters' own evidence.

    Costs of letters are compared with those of words that are matched surely. Only pairs near a doubtful step are asked
    for: some hundreds on a page of 270 words.

    Args:
        found: The found words.
        transcript: The text.
        matching: What :func:`match` returned.
        extra_cost: Called with the numbers of found words and the text that they would show; words of a text that were
            found as one are separated by a space.
    """
    pairs = np.array([(one.found[0], one.texts[0]) for one in matching.matches if one.is_single], np.int64).reshape(
        -1, 2
    )
    costs = PageCosts(found, transcript.words)
    tables = costs.tables(matching.widths, learned_extents(costs, pairs))
    ends = LineEnds.of(found.line, np.array(transcript.line_numbers))
    line_cost = LINE_END_COST if matching.has_lines else 0.0
    path = cheapest_path(tables, ends, line_cost)
    letters = _LetterCosts.of(extra_cost, path, transcript.words)
    if letters is None:
        return matching
    steps: list[tuple[int, int, int, int, float]] = []
    position = 0
    for start, stop in _doubtful(path):
        steps += path.steps[position:start]
        steps += _decided_again(path.steps[start:stop], tables, ends, line_cost, letters)
        position = stop
    steps += path.steps[position:]
    again = WordPath(steps, sum(step[-1] for step in steps), path.shared_ends)
    return _matching(again, transcript.words, tables, matching.widths, matching.has_lines, matching.fit)


@dataclass(frozen=True, eq=False)
class _Learned:
    """The outcome of all rounds."""

    costs: PageCosts
    tables: CostTables
    widths: LetterWidths
    extents: WordExtents
    ends: LineEnds
    line_cost: float
    path: WordPath


def _learned(found: FoundWords, transcript: Transcript, width: Callable[[str], float]) -> _Learned:
    costs = PageCosts(found, transcript.words)
    ends = LineEnds.of(found.line, np.array(transcript.line_numbers))
    first = widths = costs.widths_at_first(width)
    extents = EXTENTS_OF_NO_HAND
    line_cost = LINE_END_COST
    tables = costs.tables(widths, extents)
    path = cheapest_path(tables, ends, line_cost)
    for _ in range(ROUNDS - 1):
        if line_cost and path.shared_ends < MIN_SHARED_LINE_ENDS:
            line_cost = 0.0
            path = cheapest_path(tables, ends, line_cost)
        widths, extents = learned_widths(costs, path.pairs, first, widths), learned_extents(costs, path.pairs)
        tables = costs.tables(widths, extents)
        path = cheapest_path(tables, ends, line_cost)
    return _Learned(costs, tables, widths, extents, ends, line_cost, path)


def _fit(learned: _Learned, found: FoundWords, transcript: Transcript, width: Callable[[str], float]) -> float:
    """Return by which share a text's own order costs less than a random one: near 0 for the text of another page.

    What one of page and text has more words than the other costs nothing here.
    """
    cost = _compared_cost(learned)
    if min(len(found.line), len(transcript.words)) < MIN_COMPARED_WORDS or cost <= ALWAYS_FITTING_COST:
        return 1.0
    words = [transcript.words[number] for number in np.random.default_rng(0).permutation(len(transcript.words))]
    rest = iter(words)
    shuffled = Transcript(tuple(tuple(next(rest) for _ in line) for line in transcript.lines))
    return 1.0 - cost / max(_compared_cost(_learned(found, shuffled, width)), ALWAYS_FITTING_COST)


def _compared_cost(learned: _Learned) -> float:
    """Return the cost of a word's match, without the skips that different numbers of words make necessary."""
    tables = learned.costs.tables(replace(learned.widths, spread=COMPARED_SPREAD), learned.extents)
    more = len(tables.skip_found) - len(tables.skip_text)
    needed = np.sort(tables.skip_found)[: max(more, 0)].sum() + np.sort(tables.skip_text)[: max(-more, 0)].sum()
    fewest = min(len(tables.skip_found), len(tables.skip_text))
    return float(cheapest_path(tables, learned.ends, learned.line_cost).cost - needed) / fewest


@dataclass(frozen=True)
class _LetterCosts:
    """What the letters of a match cost, compared with those of sure matches."""

    ask: ExtraCost
    texts: Sequence[str]
    usual: float
    spread: float

    @classmethod
    def of(cls, ask: ExtraCost, path: WordPath, texts: Sequence[str]) -> _LetterCosts | None:
        """Ask for sure matches; None where there are none."""
        sure = [step[:2] for step in path.steps if step[2:4] == (1, 1) and step[4] <= SURE_COST]
        if not sure:
            return None
        chosen = np.unique(np.linspace(0, len(sure) - 1, MAX_SURE).astype(int))
        costs = np.array([ask((sure[number][0],), texts[sure[number][1]]) for number in chosen])
        usual = float(np.median(costs))
        spread = 1.4826 * float(np.median(np.abs(costs - usual)))
        return cls(ask, texts, usual, max(spread, MIN_LETTERS_SPREAD * abs(usual), 1e-6))

    def __call__(self, found: range, texts: range, cut: int) -> float:
        """Return the cost of one step, whose word is broken after ``cut`` letters if that is not 0."""
        words = [self.texts[number] for number in texts]
        if cut:
            parts = hyphenated(words[0][:cut]), words[0][cut:]
            return sum(self._one((number,), part) for number, part in zip(found, parts, strict=True)) / 2
        return self._one(tuple(found), " ".join(words)) * max(len(found), len(texts))

    def _one(self, found: tuple[int, ...], text: str) -> float:
        return float(np.clip((self.ask(found, text) - self.usual) / self.spread, *LETTERS_RANGE))


def _doubtful(path: WordPath) -> Iterator[tuple[int, int]]:
    """Yield start and stop of each run of steps that are decided again."""
    doubtful = np.array([step[2:4] != (1, 1) or step[4] > DOUBTFUL_COST for step in path.steps])
    near = np.convolve(doubtful, np.ones(2 * NEAR_DOUBT + 1), "same") > 0
    bounds = np.flatnonzero(np.diff(np.concatenate([[0], near.astype(int), [0]])))
    yield from zip(bounds[::2].tolist(), bounds[1::2].tolist(), strict=True)


def _decided_again(
    steps: Sequence[tuple[int, int, int, int, float]],
    tables: CostTables,
    ends: LineEnds,
    line_cost: float,
    letters: _LetterCosts,
) -> list[tuple[int, int, int, int, float]]:
    """Return the cheapest steps between the same two places, with the cost of letters."""
    (top, left), (row, column, height, wide, _) = steps[0][:2], steps[-1]
    bottom, right = row + height, column + wide
    reach = abs((bottom - top) - (right - left)) + NEAR_DOUBT
    inner = (slice(top, bottom), slice(left, right))
    part = CostTables(
        {step: cost[inner].copy() for step, cost in tables.match.items()},
        tables.cut[inner],
        tables.skip_found[inner[0]],
        tables.skip_text[inner[1]],
    )
    for step in STEPS:
        if step not in part.match:
            continue
        cost = part.match[step]
        for i, j in np.argwhere(np.isfinite(cost)).tolist():
            if abs(i - j) > reach:
                cost[i, j] = np.inf
            elif i + step[0] <= bottom - top and j + step[1] <= right - left:
                cut = int(part.cut[i, j]) if step == (2, 1) else 0
                cost[i, j] += letters(range(top + i, top + i + step[0]), range(left + j, left + j + step[1]), cut)
    within = LineEnds(ends.page[top : bottom + 1], ends.text[left : right + 1])
    found = cheapest_path(part, within, line_cost).steps
    return [(top + i, left + j, height, wide, cost) for i, j, height, wide, cost in found]


def _matching(
    path: WordPath, texts: Sequence[str], tables: CostTables, widths: LetterWidths, has_lines: bool, fit: float
) -> Matching:
    matches: list[Match] = []
    skipped_found: list[int] = []
    skipped_texts: list[int] = []
    for row, column, height, wide, cost in path.steps:
        found, words = tuple(range(row, row + height)), tuple(range(column, column + wide))
        if not wide:
            skipped_found += found
        elif not height:
            skipped_texts += words
        elif (height, wide) == (2, 1) and (cut := int(tables.cut[row, column])):
            text = texts[column]
            for one, written in zip(found, (hyphenated(text[:cut]), text[cut:]), strict=True):
                matches.append(Match((one,), words, (written,), cost / 2, is_part=True))
        else:
            matches.append(Match(found, words, tuple(texts[word] for word in words), cost))
    return Matching(tuple(matches), tuple(skipped_found), tuple(skipped_texts), widths, has_lines, fit, path.cost)
