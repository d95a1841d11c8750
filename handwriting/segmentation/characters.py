"""Characters: words cut between their letters, whether or not the letters touch.

For every column of a line, a seam is the cheapest path from above the line to below it, where ink costs. Between
letters that stand apart a seam costs nothing; at a ligature it costs as much as a stroke is wide. Of all ways to cut a
word along seams the cheapest is chosen. A character costs more the less its width is typical of a letter and, if a
score is given, the less it looks like one.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from handwriting.segmentation.components import Components
from handwriting.segmentation.cuts import MIN_WIDTH, Candidates, Costs, Segmentations
from handwriting.segmentation.lines import Lines
from handwriting.segmentation.page import Score
from handwriting.segmentation.pixels import spans
from handwriting.segmentation.seams import REACH, Pixels, Seams
from handwriting.segmentation.words import Extents, is_small

CANDIDATE_STEP, SCORED_CANDIDATE_STEP = 0.12, 0.24
"""Distance between candidate cuts besides the cheapest ones, in x-heights: without and with a score of each piece."""
MAX_DOT_HEIGHT = 0.5
"""Maximum height of the dot of a letter, in x-heights; what is taller and stands next to a letter is an apostrophe."""
MAX_DOT_DISTANCE = 0.4
"""Maximum horizontal distance of a dot from its letter, in x-heights."""
MIN_OVERLAP = 0.5
"""A small component that overlaps a character by this share of its own width belongs to it."""
JOINED = 1.7
"""A component wider than this multiple of the character pitch holds more than one character."""
LETTERS = 4
"""Median length of the words of running text, in letters."""
PRIOR_PITCH, PRIOR_WORDS = 1.0, 6
"""Prior of the character pitch, in x-heights, and its weight as a number of words."""
PITCHES = (0.7, 1.7)
"""Minimum and maximum character pitch, in x-heights."""


def find_characters(
    components: Components,
    piece: NDArray[np.int64],
    line_of: NDArray[np.int64],
    word_of: NDArray[np.int64],
    lines: Lines,
    reach: Extents,
    slant: float,
    x_height: float,
    stroke: float,
    score: Score | None = None,
    costs: Costs | None = None,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Cut words into characters.

    Args:
        components: The connected components of a page.
        piece: The piece that each of their pixels belongs to, from 0, int64 ``(p,)``.
        line_of: The line of each piece, int64 ``(n,)``.
        word_of: The word of each piece, -1 for strays, int64 ``(n,)``.
        lines: The lines.
        reach: The extents of each piece.
        slant: The slant of the hand, in degrees to the right.
        x_height: The x-height, in pixels.
        stroke: The stroke width, in pixels.
        score: Scores how little a piece of ink looks like one character; None to judge by width alone.
        costs: The weights of the costs of a segmentation.

    Returns:
        The number of the character that each pixel belongs to, from 1 in reading order, int64 ``(p,)``, 0 for strays;
        and the word of each character, int64 ``(m,)``.
    """
    costs = costs or Costs()
    small = is_small(reach, line_of)
    line, word = line_of[piece], word_of[piece]
    middle = round(REACH * x_height)
    below = components.rows - np.round(lines.middles[line, components.columns]).astype(np.int64)
    upright = components.columns + np.round(np.tan(np.deg2rad(slant)) * below).astype(np.int64)
    ink = Pixels(piece, upright - upright.min(initial=0) + 1, np.clip(below + middle, 0, 2 * middle), small[piece])
    seams = Seams.of(ink.select(~ink.small), line[~ink.small], len(lines), middle)

    by_word = np.argsort(word, kind="stable")
    of_words = np.split(by_word, np.searchsorted(word[by_word], np.arange(int(word_of.max(initial=-1)) + 1)))[1:]
    line_of_word = np.array([line[pixels[0]] for pixels in of_words], np.int64)
    bodies = [ink.select(pixels[~ink.small[pixels]]) for pixels in of_words]
    spacing = max(1, round((CANDIDATE_STEP if score is None else SCORED_CANDIDATE_STEP) * x_height))
    candidates = Candidates.of(seams.cost, line_of_word, bodies, int(MIN_WIDTH * x_height) + 1, spacing)

    char_pitch = pitch(word_of, small, reach)
    joint = costs.joint * (1 - _touching(small, reach, char_pitch))
    segmentations = Segmentations.of(candidates, x_height, stroke, costs.width * char_pitch, joint, costs)
    if score is not None:
        segmentations = segmentations.scored(bodies, seams, score, costs.look)
    cuts = segmentations.best()
    paths = seams.through(candidates.column[cuts], candidates.line[cuts])
    of_cuts = np.searchsorted(candidates.word[cuts], np.arange(len(of_words) + 1))

    character = np.zeros(len(piece), np.int64)
    words: list[int] = []
    for number, pixels in enumerate(of_words):
        word_ink, path = ink.select(pixels), paths[of_cuts[number] : of_cuts[number + 1]]
        part = (word_ink.column > path[:, word_ink.level]).sum(axis=0)
        _, part = np.unique(_assign_small(part, word_ink, reach, x_height), return_inverse=True)
        character[pixels] = len(words) + 1 + part
        words += [number] * (int(part.max()) + 1)
    return character, np.array(words, np.int64)


def pitch(word_of: NDArray[np.int64], small: NDArray[np.bool_], reach: Extents) -> float:
    """Return the character pitch of a hand: the mean distance from one character to the next, in x-heights.

    It is estimated from the median width of words, because the width of letters that touch is unknown: half of the
    words of running text have at most four letters.

    Args:
        word_of: The word of each piece, -1 for strays.
        small: Which pieces are dots, commas and similar, bool ``(n,)``.
        reach: The extents of each piece.
    """
    count = int(word_of.max(initial=-1)) + 1
    kept = (word_of >= 0) & ~small
    left, _ = spans(reach.left[kept], word_of[kept], count)
    _, right = spans(reach.right[kept], word_of[kept], count)
    wide = (right - left)[np.isfinite(left)]
    prior = np.full(PRIOR_WORDS, LETTERS * PRIOR_PITCH)
    return float(np.clip(np.median(np.concatenate([wide, prior])) / LETTERS, *PITCHES))


def _touching(small: NDArray[np.bool_], reach: Extents, step: float) -> float:
    """Return the share of a page's writing, by width, in pieces of more than one character, 0..1.

    Args:
        small: Which pieces are dots, commas and similar, bool ``(n,)``.
        reach: The extents of each piece.
        step: The character pitch, in x-heights.
    """
    wide = (reach.right - reach.left)[~small]
    return float(wide[wide > JOINED * step].sum() / max(wide.sum(), 1e-9))


def _assign_small(number: NDArray[np.int64], ink: Pixels, reach: Extents, x_height: float) -> NDArray[np.float64]:
    """Assign each small component of a word to the character that it overlaps, or make it a character of its own.

    Args:
        number: The character that each pixel belongs to by the seams alone, int64 ``(n,)``.
        ink: The word's pixels.
        reach: The extents of each piece of the page.
        x_height: The x-height, in pixels.

    Returns:
        A number for each pixel that increases from one character to the next, float64 ``(n,)``.
    """
    placed = number.astype(float)
    if not ink.small.any():
        return placed
    at = ink.column / x_height
    characters = np.unique(number[~ink.small])
    ends = [at[~ink.small & (number == character)] for character in characters]
    left, right = (np.array([of(end) for end in ends]) for of in (np.min, np.max))
    for component in np.unique(ink.piece[ink.small]):
        pixels = ink.piece == component
        low, high = at[pixels].min(), at[pixels].max()
        over = (np.minimum(right, high) - np.maximum(left, low)) / max(high - low, 0.1)
        nearest = int(over.argmax())
        is_dot = reach.bottom[component] < 0 and reach.bottom[component] - reach.top[component] < MAX_DOT_HEIGHT
        if over[nearest] >= MIN_OVERLAP or (
            is_dot and max(left[nearest] - high, low - right[nearest]) < MAX_DOT_DISTANCE
        ):
            placed[pixels] = characters[nearest]
        else:  # a character of its own, ordered by its horizontal position
            middle = (low + high) / 2
            before = characters[(left + right) / 2 < middle]
            placed[pixels] = (before[-1] if len(before) else characters[0] - 1) + 0.5 + 1e-3 * middle
    return placed
