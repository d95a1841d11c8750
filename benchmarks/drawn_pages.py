"""Pages of handwriting drawn from stroke fonts, with the truth about every character, word and line on them.

A page is laid out once, in whole steps of a fine grid of ``GRID`` steps to the x-height, and then seen through a camera
or a scanner: the same seed and style at another resolution, skew or light are the same page, stroke for stroke.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from handwriting.data.sources.synthetic import BASELINE, FONTS, Pen, motion, written
from handwriting.segmentation.page import Kind

GRID = 48
"""Letters are laid out on a grid of so many steps to the x-height, and drawn at one pixel to the step."""
JITTER = np.array([0.05, 0.03, 2.0, 1.5, 0.03])
"""How much the letters of a careful hand spread: in width, size, slant and angle (degrees), height above the line."""
CLEAR = 0.15
"""Ink that is not meant to touch stays so far apart at least, in x-heights."""
JOIN = (0.15, 0.6)
"""By how much letters that touch overlap, in widths of the pen."""
LONGEST_CONTACT = 0.5
"""Letters touch along no more than so many x-heights."""
TUCK = 0.3
"""A letter reaches at most so far under or over the one before it, in x-heights."""
LEAST_WORD_GAP = 0.7
"""Words are so far apart at least, in x-heights."""
INDENT = 2.5
"""By how much the first line of a paragraph is moved in, in x-heights."""
RAGGED = 0.8
"""By how much other lines are moved in, at most, in x-heights."""
FIRST_LINE = 2.0
"""How far below the margin the first line stands, in x-heights."""
SWING = (30.0, 80.0)
"""The length of the waves in which a line swings about its baseline, in x-heights."""
GUIDED = 0.3
"""On ruled and squared paper lines stray so much less."""
SQUARE = 5.0
"""About how many millimetres the squares of squared paper measure: lines of writing are whole squares apart."""
SPECK = (0.08, 0.25)
"""The radius of a speck of dirt, in millimetres."""
TABLE_BORDER = 0.06
"""How much of the table is seen on every side, as a fraction of the sheet's width."""
WOOD_GRAIN = (160, 5)
"""The table's wood changes so many times from top to bottom, and from left to right."""
SHADOW_EDGE = 0.02
"""How soft a shadow's edge is, as a fraction of the picture."""
INCH = 25.4
FAR = 1 << 20
"""Out of reach, in steps of the grid."""
SHIFT = 4
"""OpenCV is given points in parts of a pixel: so many binary digits after the point."""

Colour = tuple[int, int, int]
INKS: tuple[Colour, ...] = ((28, 32, 84), (30, 30, 34), (38, 62, 140), (84, 84, 88))
"""Blue-black, black, blue, pencil."""
TABLE: Colour = (74, 52, 38)

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
    "My brother's boat needs a new mast, two oars and some seed_spread.",
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
"""What is written, in an order of its own on every page."""


@dataclass(frozen=True)
class PageStyle:
    """How a page is written, on what, and how it is photographed. Spreads are standard deviations.

    Attributes:
        font: The stroke font, one of ``FONTS``.
        x_height: Of a small ``x``, in millimetres.
        pen: The width of the stroke, in millimetres.
        slant: Degrees; above 0 leans to the right.
        width: How much wider than the font's own the letters are, as a factor.
        unevenness: How much letters and lines differ in size, angle and place: 0 for a machine, 1 for a careful hand.
        touching: How often a letter joins the one before it in its word, as a probability. Where it does not, their
            ink stays ``CLEAR`` apart, on the sheet: in a picture of it that is too coarse they meet. Only letters join.
        letter_gap: Mean and spread of the paper between two letters that do not touch, in x-heights.
        word_gap: Mean and spread of the paper between two words, in x-heights.
        line_pitch: Mean and spread of the distance of lines, in x-heights. A line that would come to lie within
            ``CLEAR`` of the ink above it moves down.
        slope: How much the lines' slopes spread, in degrees.
        wobble: How far a line strays from straight, in x-heights.
        size: Width and height of the sheet, in inches.
        margin: The unwritten edge of the sheet, in inches.
        rules: What is printed on the sheet. Lines of writing stand on rules, and stray less.
        ink: The pen's colour, RGB.
        grain: How much the paper's tooth shows in the ink, 0..1: 0 for a fountain pen, 0.6 for a pencil.
        paper: The sheet's colour, RGB.
        rule_ink: The rules' colour, RGB.
        rule_weight: The rules' width, in millimetres.
        dpi: Resolution of the picture, in pixels an inch.
        skew: By how many degrees the writing falls to the right.
        perspective: How far the sheet's corners stray, as a fraction of its width: 0 for a scanner.
        table: Whether the sheet lies on a dark table of which the picture shows a border.
        shade: How much darker than the brightest the darkest corner is, 0..1.
        shadow: How dark a shadow with a soft edge falls over a part of the sheet, 0..1.
        blur: Standard deviation, in millimetres.
        noise: Standard deviation, in grey levels of 255.
        specks: How many specks of dirt lie on a square inch.
    """

    font: int = cv2.FONT_HERSHEY_SIMPLEX
    x_height: float = 2.5
    pen: float = 0.45
    slant: float = 5.0
    width: float = 1.0
    unevenness: float = 1.0
    touching: float = 0.0
    letter_gap: tuple[float, float] = (0.28, 0.06)
    word_gap: tuple[float, float] = (1.3, 0.2)
    line_pitch: tuple[float, float] = (3.0, 0.08)
    slope: float = 0.3
    wobble: float = 0.06
    size: tuple[float, float] = (8.27, 11.69)
    margin: float = 0.8
    rules: Literal["none", "ruled", "squared"] = "none"
    ink: Colour = (28, 32, 84)
    grain: float = 0.0
    paper: Colour = (247, 245, 238)
    rule_ink: Colour = (168, 192, 222)
    rule_weight: float = 0.2
    dpi: float = 150.0
    skew: float = 0.0
    perspective: float = 0.0
    table: bool = False
    shade: float = 0.0
    shadow: float = 0.0
    blur: float = 0.0
    noise: float = 0.0
    specks: float = 0.0


@dataclass(frozen=True, eq=False)
class SyntheticPage:
    """A page and the truth about it.

    Attributes:
        image: The picture, RGB, uint8 ``(H, W, 3)``.
        characters: The number of the character, in reading order from 1, whose ink lies at each pixel of the picture;
            0 where there is none. int32 ``(H, W)``. Where characters overlap, the later one lies on top: it has
            every pixel of which it covers half.
        words: The number of the word, from 0 over the whole page, of each character, int64 ``(n,)``.
        lines: The number of the line, from 0, of each word, int64 ``(m,)``.
        text: The words of each line. Their characters, one after another, are those numbered.
        dots: The number of the character whose dot lies at each pixel, int32 ``(H, W)``; 0 where there is no dot of an
            ``i`` or ``j``.
    """

    image: NDArray[np.uint8]
    characters: NDArray[np.int32]
    words: NDArray[np.int64]
    lines: NDArray[np.int64]
    text: Sequence[Sequence[str]]
    dots: NDArray[np.int32]

    def label_map(self, kind: Kind) -> NDArray[np.int32]:
        """Return which line, word or character the ink at each pixel belongs to, from 1; int32 ``(H, W)``."""
        if kind == "character":
            return self.characters
        numbers = self.words if kind == "word" else self.lines[self.words]
        return np.concatenate([[0], numbers + 1]).astype(np.int32)[self.characters]


@dataclass(frozen=True, eq=False)
class _Letter:
    """A character's ink, uint8 ``(h, w)`` on the grid, and where its upper left corner lies.

    So many of the uppermost rows as ``dot`` says hold the dot of an ``i`` or ``j``.
    """

    ink: NDArray[np.uint8]
    x: int
    y: int
    dot: int

    def moved(self, dx: float, dy: float) -> "_Letter":
        return replace(self, x=self.x + round(dx), y=self.y + round(dy))

    @property
    def columns(self) -> slice:
        return slice(self.x, self.x + self.ink.shape[1])


@dataclass(frozen=True, eq=False)
class _Word:
    text: str
    letters: list[_Letter]

    def moved(self, dx: float, dy: float) -> "_Word":
        return _Word(self.text, [letter.moved(dx, dy) for letter in self.letters])

    @property
    def right(self) -> int:
        return max(letter.columns.stop for letter in self.letters)


_Line = list[_Word]


def random_style(seed: int, **chosen: Any) -> PageStyle:
    """Return somebody's hand: font, size, pen, slant and spacing are drawn by chance, the rest is as by default.

    >>> random_style(3, dpi=200).dpi
    200

    Args:
        seed: What the hand is drawn from.
        chosen: Fields of :class:`PageStyle` that are given.
    """
    rng = np.random.default_rng(seed)
    font = FONTS[rng.integers(len(FONTS))]
    script = font in (cv2.FONT_HERSHEY_SCRIPT_SIMPLEX, cv2.FONT_HERSHEY_SCRIPT_COMPLEX)
    single = font in (cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_SCRIPT_SIMPLEX)
    x_height = rng.uniform(2.0, 3.2)
    drawn: dict[str, Any] = {
        "font": font,
        "x_height": x_height,
        "pen": x_height * rng.uniform(0.12, 0.2) * (1 if single else 0.5),  # the other fonts draw strokes twice
        "slant": rng.normal(0 if script else 5, 5),
        "width": rng.uniform(0.85, 1.15),
        "letter_gap": (rng.uniform(0.2, 0.4), 0.06),
        "word_gap": (rng.uniform(1.0, 1.6), 0.2),
        "line_pitch": (rng.uniform(2.4, 3.4) + 0.6 * script, 0.08),
        "ink": INKS[rng.integers(len(INKS))],
    }
    return PageStyle(**drawn | chosen)


def draw_page(style: PageStyle, seed: int) -> SyntheticPage:
    """Write a page full and photograph it.

    What is written, by which pens and where on the sheet, follows from the seed and the style's fields down to
    ``rules``; every later field only changes how the same sheet looks, and how it is seen.

    >>> page = draw_page(PageStyle(size=(3, 2), margin=0.3), seed=1)
    >>> page.image.shape
    (300, 450, 3)
    >>> len(page.words) == int(page.characters.max())
    True

    Args:
        style: How it is written and photographed.
        seed: What everything else is drawn from.
    """
    writing, seeing, developing = np.random.default_rng(seed).spawn(3)
    lines = _write(style, writing)
    to_image, shape = _camera(style, seeing)
    words = [word for line in lines for word in line]
    letters = [letter for word in words for letter in word.letters]
    coverage, characters, dots = _trace(letters, style, to_image, shape)
    return SyntheticPage(
        image=_develop(coverage, style, to_image, developing),
        characters=characters,
        words=_numbers([len(word.letters) for word in words]),
        lines=_numbers([len(line) for line in lines]),
        text=[[word.text for word in line] for line in lines],
        dots=dots,
    )


def _numbers(sizes: list[int]) -> NDArray[np.int64]:
    """Return the group's number for every member of groups of these sizes."""
    return np.repeat(np.arange(len(sizes)), np.array(sizes, np.int64))


# What is written where, on the grid.


def _steps(style: PageStyle, inches: float) -> int:
    return round(inches * INCH / style.x_height * GRID)


def _write(style: PageStyle, rng: np.random.Generator) -> list[_Line]:
    """Fill the sheet with lines."""
    columns, rows, margin = (_steps(style, inches) for inches in (*style.size, style.margin))
    pitch, spread = GRID * np.array(style.line_pitch)
    clear = round(CLEAR * GRID)
    lowest = np.full((1, 2 * columns), -FAR, np.float32)  # the lowest row with ink, of every column
    first = wanted = margin + FIRST_LINE * GRID
    lines: list[_Line] = []
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


def _lines(style: PageStyle, left: int, right: int, rng: np.random.Generator) -> Iterator[_Line]:
    """Yield lines of words side by side on a baseline about row 0, without end."""
    for paragraph in _paragraphs(rng):
        line: _Line = []
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


def _write_word(text: str, style: PageStyle, rng: np.random.Generator) -> _Word:
    """Write letters side by side, from column 0, on row 0."""
    side, clear = _side(style), round(CLEAR * GRID)
    baseline = round(BASELINE * side)
    edge = np.full((side, 1), -FAR, np.float32)  # how far to the right the ink reaches, in every row
    right = 0
    letters: list[_Letter] = []
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
        letters.append(_Letter(ink[rows[0] : rows[-1] + 1], x, int(rows[0]) - baseline, dot))
    return _Word(text, letters)


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


def _strayed(line: _Line, style: PageStyle, rng: np.random.Generator) -> _Line:
    """Let a line rise or fall, and swing about its baseline."""
    freedom = style.unevenness * (1 if style.rules == "none" else GUIDED)
    slope = freedom * np.tan(np.deg2rad(rng.normal(0, style.slope)))
    length, phase = rng.uniform(*SWING), rng.uniform(0, 2 * np.pi)
    swing = freedom * style.wobble * GRID

    def moved(letter: _Letter) -> _Letter:
        x = letter.x + letter.ink.shape[1] / 2
        return letter.moved(0, slope * x + swing * np.sin(2 * np.pi * x / (length * GRID) + phase))

    return [_Word(word.text, [moved(letter) for letter in word.letters]) for word in line]


def _ends(ink: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the first and the last row with ink of every column; out of reach where there is none."""
    inked = ink > 0
    first = np.where(inked.any(axis=0), inked.argmax(axis=0), FAR)
    last = np.where(inked.any(axis=0), len(ink) - 1 - inked[::-1].argmax(axis=0), -FAR)
    return first.astype(np.float32), last.astype(np.float32)


# What is seen of it, in pixels.


def _camera(style: PageStyle, rng: np.random.Generator) -> tuple[NDArray[np.float64], tuple[int, int]]:
    """Return the 3x3 matrix from millimetres of the sheet to pixels, and the picture's height and width."""
    width, height = (inches * INCH for inches in style.size)
    sheet = np.array([[0, 0], [width, 0], [width, height], [0, height]])
    angle = np.deg2rad(style.skew)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])  # y points down
    corners = sheet @ turn.T + style.perspective * width * rng.uniform(-1, 1, (4, 2))
    border = TABLE_BORDER * width * style.table
    seen = (corners - corners.min(axis=0) + border) * style.dpi / INCH
    columns, rows = np.ceil(seen.max(axis=0) + border * style.dpi / INCH - 1e-3).astype(int)
    # Whole numbers are the centres of pixels: edges lie half a pixel before them.
    matrix = cv2.getPerspectiveTransform(sheet.astype(np.float32), (seen - 0.5).astype(np.float32))
    return matrix.astype(np.float64), (int(rows), int(columns))


def _trace(
    letters: Sequence[_Letter], style: PageStyle, to_image: NDArray[np.float64], shape: tuple[int, int]
) -> tuple[NDArray[np.uint8], NDArray[np.int32], NDArray[np.int32]]:
    """Return how much of each pixel the pen covers, 0..255, which character's ink it is, and which one's dot."""
    coverage, characters, dots = np.zeros(shape, np.uint8), np.zeros(shape, np.int32), np.zeros(shape, np.int32)
    pixel, step = INCH / style.dpi, style.x_height / GRID
    least = 127 * min(1, style.pen / pixel)  # half a pixel, or half of what a thinner pen can cover
    fine = max(1, round(pixel / step))
    from_grid = to_image @ np.array([[step, 0, step / 2], [0, step, step / 2], [0, 0, 1]])
    for number, letter in enumerate(letters, start=1):
        from_letter = from_grid @ np.array([[1, 0, letter.x], [0, 1, letter.y], [0, 0, 1]])
        place, covered = _project(letter.ink, from_letter, fine, shape)
        owned = covered >= least
        characters[place][owned] = number
        dots[place][owned] = 0
        if letter.dot:
            dot = np.pad(letter.ink[: letter.dot], ((0, len(letter.ink) - letter.dot), (0, 0)))
            _, dotted = _project(dot, from_letter, fine, shape)
            dots[place][owned & (dotted > covered // 2)] = number
        np.maximum(coverage[place], covered, out=coverage[place])
    return coverage, characters, dots


def _project(
    ink: NDArray[np.uint8], to_image: NDArray[np.float64], fine: int, shape: tuple[int, int]
) -> tuple[tuple[slice, slice], NDArray[np.uint8]]:
    """Return the part of the picture that a letter's ink falls on, and how much of its pixels it covers, 0..255.

    Args:
        ink: uint8 ``(h, w)``.
        to_image: The 3x3 matrix from its pixels to the picture's.
        fine: Into how many parts each side of a pixel is divided to find how much of it is covered.
        shape: The picture's height and width.
    """
    height, width = ink.shape
    corners = np.array([[[-1, -1], [width, -1], [width, height], [-1, height]]], np.float64)
    around = cv2.perspectiveTransform(corners, to_image)[0]
    left, top = np.maximum(np.floor(around.min(axis=0)).astype(int), 0).tolist()
    right, bottom = np.minimum(np.ceil(around.max(axis=0)).astype(int) + 1, shape[::-1]).tolist()
    middle = (fine - 1) / 2
    divide = np.array([[fine, 0, middle - fine * left], [0, fine, middle - fine * top], [0, 0, 1]])
    parts = cv2.warpPerspective(ink, divide @ to_image, ((right - left) * fine, (bottom - top) * fine))
    covered = cv2.resize(parts, (right - left, bottom - top), interpolation=cv2.INTER_AREA)
    return (slice(top, bottom), slice(left, right)), covered.astype(np.uint8)


def _develop(
    coverage: NDArray[np.uint8], style: PageStyle, to_image: NDArray[np.float64], rng: np.random.Generator
) -> NDArray[np.uint8]:
    """Return the picture: paper, rules, ink and dirt, the table around them, and the light on all."""
    shape = coverage.shape
    dirt, wood, light, grain, sensor = rng.spawn(5)  # so that no degradation changes another
    picture = np.empty((3, *shape), np.float32)
    picture[:] = _colour(style.paper)

    def paint(colour: NDArray[np.float32], opacity: NDArray[np.float32]) -> None:
        picture[:] += opacity * (colour - picture)

    paint(_colour(style.rule_ink), _rules(style, to_image, shape))
    tooth = style.grain * grain.random(shape, np.float32)
    paint(_colour(style.ink), coverage.astype(np.float32) / 255 * (1 - tooth))
    paint(_colour(style.ink), _specks(style, to_image, shape, dirt))
    if style.table:
        paint(_colour(TABLE) * (0.6 + 0.8 * _field(wood, WOOD_GRAIN, shape)), 1 - _sheet(style, to_image, shape))
    picture *= 1 - style.shade * _field(light, (3, 3), shape)
    picture *= 1 - style.shadow * _shadow(light, shape)
    if style.blur:
        sigma = style.blur * style.dpi / INCH
        picture = np.stack([cv2.GaussianBlur(plane, (0, 0), sigma) for plane in picture])
    picture += style.noise * sensor.standard_normal(shape, np.float32)
    return np.ascontiguousarray(np.clip(picture + 0.5, 0, 255).astype(np.uint8).transpose(1, 2, 0))


def _colour(colour: Colour) -> NDArray[np.float32]:
    return np.array(colour, np.float32)[:, None, None]


def _seen(points: NDArray[np.float64], to_image: NDArray[np.float64]) -> NDArray[np.int32]:
    """Return where points of the sheet ``(n, 2)`` appear, as OpenCV draws them: in whole steps of a pixel's part."""
    return np.round(cv2.perspectiveTransform(points[None], to_image)[0] * (1 << SHIFT)).astype(np.int32)


def _rules(style: PageStyle, to_image: NDArray[np.float64], shape: tuple[int, int]) -> NDArray[np.float32]:
    """Return how much of each pixel the sheet's rules cover, 0..1. They go on beyond its edges."""
    canvas = np.zeros(shape, np.uint8)
    width, height = (inches * INCH for inches in style.size)
    first, pitch = style.margin * INCH + FIRST_LINE * style.x_height, style.line_pitch[0] * style.x_height
    weight = style.rule_weight * style.dpi / INCH
    if style.rules == "squared":
        pitch /= max(1, round(pitch / SQUARE))
    beyond = max(width, height) // (2 * pitch) * pitch
    ends = []
    if style.rules != "none":
        ends += [[(-beyond, y), (width + beyond, y)] for y in np.arange(first % pitch - beyond, height + beyond, pitch)]
    if style.rules == "squared":
        ends += [[(x, -beyond), (x, height + beyond)] for x in np.arange(-beyond, width + beyond, pitch)]
    for line in ends:
        start, end = _seen(np.array(line), to_image).tolist()
        cv2.line(canvas, start, end, round(255 * min(1, weight)), max(1, round(weight)), cv2.LINE_AA, SHIFT)
    return (canvas / 255).astype(np.float32)


def _specks(
    style: PageStyle, to_image: NDArray[np.float64], shape: tuple[int, int], rng: np.random.Generator
) -> NDArray[np.float32]:
    """Return how much of each pixel specks of dirt cover, 0..1."""
    canvas = np.zeros(shape, np.uint8)
    count = round(style.specks * np.prod(style.size))
    places = rng.random((count, 2)) * np.array(style.size) * INCH
    radii = rng.uniform(*SPECK, count) * style.dpi / INCH * (1 << SHIFT)
    for place, radius in zip(_seen(places, to_image).tolist() if count else (), radii, strict=True):
        cv2.circle(canvas, place, round(radius), 255, cv2.FILLED, cv2.LINE_AA, SHIFT)
    return (canvas / 255).astype(np.float32)


def _sheet(style: PageStyle, to_image: NDArray[np.float64], shape: tuple[int, int]) -> NDArray[np.float32]:
    """Return how much of each pixel the sheet covers, 0..1."""
    width, height = (inches * INCH for inches in style.size)
    corners = _seen(np.array([[0, 0], [width, 0], [width, height], [0, height]]), to_image)
    canvas = np.zeros(shape, np.uint8)
    cv2.fillConvexPoly(canvas, corners, 255, cv2.LINE_AA, SHIFT)
    return (canvas / 255).astype(np.float32)


def _field(rng: np.random.Generator, knots: tuple[int, int], shape: tuple[int, int]) -> NDArray[np.float32]:
    """Return a smooth field from 0 to 1 through so many random rows and columns."""
    field = cv2.resize(rng.random(knots, np.float32), shape[::-1], interpolation=cv2.INTER_CUBIC).astype(np.float32)
    return (field - field.min()) / np.ptp(field)


def _shadow(rng: np.random.Generator, shape: tuple[int, int]) -> NDArray[np.float32]:
    """Return 1 on one side of a soft edge through the middle of the picture, and 0 on the other."""
    angle, place = rng.uniform(0, 2 * np.pi), rng.uniform(-0.2, 0.2)
    y, x = (np.linspace(-0.5, 0.5, side, dtype=np.float32) for side in shape)
    beyond = np.cos(angle) * x + np.sin(angle) * y[:, None] - place
    return (1 / (1 + np.exp(-beyond / SHADOW_EDGE))).astype(np.float32)
