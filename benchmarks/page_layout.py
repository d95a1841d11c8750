"""What stands where on a drawn page: letters, words and lines laid out on a fine grid."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.page_style import INCH, PageStyle
from handwriting.data.sources.synthetic import Pen, motion
from handwriting.writing.stroke_fonts import BASELINE, written

GRID = 48
"""Steps of the grid per x-height; letters are drawn at one pixel per step."""
JITTER = np.array([0.05, 0.03, 2.0, 1.5, 0.03])
"""Standard deviations of the letters of a careful hand: width, size, slant and angle (degrees), vertical offset."""
CLEAR = 0.15
"""Minimum distance of ink that is not meant to touch, in x-heights."""
JOIN = (0.15, 0.6)
"""Overlap of letters that touch, in pen widths."""
LONGEST_CONTACT = 0.5
"""Maximum length along which letters touch, in x-heights."""
TUCK = 0.3
"""Maximum horizontal overlap of a letter with the one before it, in x-heights."""
LEAST_WORD_GAP = 0.7
"""Minimum gap between words, in x-heights."""
INDENT = 2.5
"""Indentation of the first line of a paragraph, in x-heights."""
RAGGED = 0.8
"""Maximum indentation of other lines, in x-heights."""
FIRST_LINE = 2.0
"""Distance of the first baseline below the margin, in x-heights."""
SWING = (30.0, 80.0)
"""Wavelength of a line's deviation from its baseline, in x-heights."""
GUIDED = 0.3
"""Factor by which lines deviate less on ruled and squared paper."""
FAR = 1 << 20
"""Out of reach, in steps of the grid."""

SENTENCES = (
    "The ferry leaves at 7 in the morning, so pack your bag tonight.",
    "Grandmother kept her buttons in a blue tin by the window.",
    "It isn't far from here to the old mill, only 3 miles along the river.",
    "Quick, bring a ladder and the long rope!",
    "We counted 48 swallows on the wire before the rain began.",
    "Jonas said he'd mend the gate, but he forgot the hinges.",
    "On Friday the baker had no bread, just plain rolls and a plum cake.",
    "Please water the beans, the peas and the young fig tree.",
    "Nobody knew who had painted the door green.",
    "The kettle was still warm when Vera came in.",
    "You'll find the key under the 2nd pot, next to the step.",
    "A fox crossed the frozen pond and did not look back.",
    "My brother's boat needs a new mast, two oars and some luck.",
    "In 1936 the school had one stove and 61 pupils.",
    "They walked home through fields of oats, talking of nothing much.",
    "Would you lend me a dozen eggs until Monday?",
    "The judge put on her glasses, read the note, and smiled.",
    "Every box was marked with a number from 10 to 95.",
    "Wind from the west all day, then a quiet evening.",
    "Kate wrote that the lake is as cold as ever.",
    "He doesn't sing, he hums.",
    "Zinc, copper and tin lay sorted on the bench.",
    "Just before noon the bells of both churches rang.",
    "Our neighbour grows quinces, and gives us half of them.",
    "Six of the jars were cracked, the seventh was empty.",
    "Look for the house with the yellow roof, opposite the pump.",
    "I have read your letter twice, and I'm glad you are well.",
    "The map showed 4 paths, none of which went over the hill.",
    "Under the bridge it was dark, damp and full of echoes.",
    "Tomorrow we'll try again, with better shoes.",
    "Rain ran down the inside of the glass.",
    "Uncle Max has 120 stamps, and he can tell a story about each.",
    "Leave the light on, for the cat is afraid of the dark.",
    "Extra paper is in the drawer, beneath the maps.",
    "Honey keeps for years, if you let it.",
    "Goodbye for now, and write soon.",
)
"""The text of the pages, in a random order on each."""


@dataclass(frozen=True, eq=False)
class Letter:
    """A character on the grid.

    Attributes:
        ink: uint8 ``(h, w)``, 0..255.
        x: The column of its left edge.
        y: The row of its top edge.
        dot: The number of uppermost rows that hold the dot of an ``i`` or ``j``; 0 without a dot.
    """

    ink: NDArray[np.uint8]
    x: int
    y: int
    dot: int

    def moved(self, dx: float, dy: float) -> "Letter":
        """Return the letter moved to the right and down, rounded to steps of the grid."""
        return replace(self, x=self.x + round(dx), y=self.y + round(dy))

    @property
    def columns(self) -> slice:
        """The columns that its ink spans."""
        return slice(self.x, self.x + self.ink.shape[1])


@dataclass(frozen=True, eq=False)
class Word:
    """A word and its letters from left to right."""

    text: str
    letters: list[Letter]

    def moved(self, dx: float, dy: float) -> "Word":
        """Return the word moved to the right and down."""
        return Word(self.text, [letter.moved(dx, dy) for letter in self.letters])

    @property
    def right(self) -> int:
        """The column to the right of its ink."""
        return max(letter.columns.stop for letter in self.letters)


Line = list[Word]


def _steps(style: PageStyle, inches: float) -> int:
    return round(inches * INCH / style.x_height * GRID)


def lay_out(style: PageStyle, rng: np.random.Generator) -> list[Line]:
    """Fill the sheet with lines."""
    columns, rows, margin = (_steps(style, inches) for inches in (*style.size, style.margin))
    pitch, spread = GRID * np.array(style.line_pitch)
    clear = round(CLEAR * GRID)
    lowest = np.full((1, 2 * columns), -FAR, np.float32)  # the lowest row with ink, of every column
    first = wanted = margin + FIRST_LINE * GRID
    lines: list[Line] = []
    for line in _lines(style, margin, columns - margin, rng):
        letters = [letter for word in line for letter in word.letters]
        room = cv2.dilate(lowest, np.ones((1, 2 * clear + 1), np.uint8))[0]
        free = max(np.max(room[letter.columns] - letter.y - _ends(letter.ink)[0]) for letter in letters) + clear + 1
        baseline = round(max(free, wanted + style.unevenness * rng.normal(0, spread)))
        if baseline > rows - margin:
            break
        for letter in letters:
            bottom = baseline + letter.y + _ends(letter.ink)[1]
            lowest[0, letter.columns] = np.maximum(lowest[0, letter.columns], bottom)
        lines.append([word.moved(0, baseline) for word in line])
        wanted = baseline + pitch
        if style.rules != "none":
            wanted = first + pitch * round((wanted - first) / pitch)
    return lines


def _lines(style: PageStyle, left: int, right: int, rng: np.random.Generator) -> Iterator[Line]:
    """Yield lines of words side by side on a baseline about row 0, without end."""
    for paragraph in _paragraphs(rng):
        line: Line = []
        x = left + INDENT * GRID
        for text in paragraph:
            word = _write_word(text, style, rng)
            if line and x + word.right > right:
                yield _strayed(line, style, rng)
                line, x = [], left + style.unevenness * rng.uniform(0, RAGGED) * GRID
            line.append(word.moved(x, 0))
            x = line[-1].right + GRID * max(LEAST_WORD_GAP, rng.normal(*style.word_gap))
        yield _strayed(line, style, rng)


def _paragraphs(rng: np.random.Generator) -> Iterator[list[str]]:
    """Yield the words of some sentences, without end; every sentence comes once before any comes again."""
    while True:
        sentences = rng.permutation(SENTENCES)
        ends = np.cumsum(rng.integers(3, 8, len(sentences)))
        for paragraph in np.split(sentences, ends[ends < len(sentences)]):
            yield " ".join(paragraph).split()


def _write_word(text: str, style: PageStyle, rng: np.random.Generator) -> Word:
    """Write letters side by side, from column 0, on row 0."""
    side, clear = _side(style), round(CLEAR * GRID)
    baseline = round(BASELINE * side)
    edge = np.full((side, 1), -FAR, np.float32)  # how far to the right the ink reaches, in every row
    right = 0
    letters: list[Letter] = []
    for before, character in zip(" " + text, text, strict=False):
        ink = _write_letter(character, style, rng)
        first, last = _ends(ink.T)
        joins = rng.random() < style.touching and before.isalpha() and character.isalpha()
        overlap = rng.uniform(*JOIN) * style.pen / style.x_height
        reach = edge[:, 0] - first
        # Two stems side by side would melt into one: hands touch at bends.
        joins = joins and int(np.count_nonzero(reach > reach.max() - overlap * GRID)) < LONGEST_CONTACT * GRID
        gap = -overlap if joins else max(CLEAR, rng.normal(*style.letter_gap))
        near = edge if joins else cv2.dilate(edge, np.ones((2 * clear + 1, 1), np.uint8))
        x = round(max(np.max(near[:, 0] - first) + 1 + gap * GRID, right - TUCK * GRID)) if letters else 0
        edge[:, 0] = np.maximum(edge[:, 0], x + last)
        right = x + ink.shape[1]
        rows = np.flatnonzero(ink.any(axis=1))
        breaks = np.flatnonzero(np.diff(rows) > 1) + 1 if character in "ij" else rows[:0]
        dot = int(breaks[0]) if len(breaks) else 0  # a thick pen's dot may run into its stem
        letters.append(Letter(ink[rows[0] : rows[-1] + 1], x, int(rows[0]) - baseline, dot))
    return Word(text, letters)


def _write_letter(character: str, style: PageStyle, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Return a letter's ink ``(side, w)``, cut out at its left and right."""
    side = _side(style)
    width, scale, slant, angle, height = style.unevenness * rng.normal(0, JITTER)
    pen = Pen(
        font=style.font,
        weight=style.pen / style.x_height * GRID / side,
        slant=style.slant + slant,
        width=style.width * (1 + width),
        scale=1 + scale,
        angle=angle,
        dy=height * GRID / side,
    )
    ink = cv2.warpAffine(_written(character, pen.font, pen.weight, side), motion(pen, side), (side, side))
    columns = np.flatnonzero(ink.any(axis=0))
    return ink[:, columns[0] : columns[-1] + 1].astype(np.uint8)


_written = lru_cache(maxsize=512)(written)


@lru_cache
def _side(style: PageStyle) -> int:
    """Return the side of the square in which an ``x`` is ``GRID`` tall."""
    side = 1000
    x = written("x", style.font, style.pen / style.x_height * 0.3, side)  # an x is about 0.3 of the square tall
    return round(GRID * side / np.count_nonzero(x.any(axis=1)))


def _strayed(line: Line, style: PageStyle, rng: np.random.Generator) -> Line:
    """Let a line rise or fall, and swing about its baseline."""
    freedom = style.unevenness * (1 if style.rules == "none" else GUIDED)
    slope = freedom * np.tan(np.deg2rad(rng.normal(0, style.slope)))
    length, phase = rng.uniform(*SWING), rng.uniform(0, 2 * np.pi)
    swing = freedom * style.wobble * GRID

    def moved(letter: Letter) -> Letter:
        x = letter.x + letter.ink.shape[1] / 2
        return letter.moved(0, slope * x + swing * np.sin(2 * np.pi * x / (length * GRID) + phase))

    return [Word(word.text, [moved(letter) for letter in word.letters]) for word in line]


def _ends(ink: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the first and the last row with ink of every column; out of reach where there is none."""
    inked = ink > 0
    first = np.where(inked.any(axis=0), inked.argmax(axis=0), FAR)
    last = np.where(inked.any(axis=0), len(ink) - 1 - inked[::-1].argmax(axis=0), -FAR)
    return first.astype(np.float32), last.astype(np.float32)
