"""A font of a hand, as programs set it: how soon drawings come back, whether its ink runs through joins, its size."""

from __future__ import annotations

import textwrap
import time
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.writing_request import Request
from benchmarks.writing_words import Hand
from handwriting.labelling.copy_text import sentences
from handwriting.text import format_share, markdown_table
from handwriting.writing.fonts.building import build_font
from handwriting.writing.fonts.drawings import drawings_by_text
from handwriting.writing.fonts.hand_font import DRAWINGS, HandFont, hand_font
from handwriting.writing.fonts.specification import FontGlyph, FontNames
from handwriting.writing.measuring import measure_hand
from handwriting.writing.outlines import Outline

NEAR, LINE = 10, 60
"""Characters within which a drawing that comes back is seen, and characters of a line."""
PIXELS = 60
"""Pixels in one x-height where outlines are drawn: what is one pixel apart touches."""
CURVE_POINTS = np.linspace(0, 1, 9)[1:, None]
"""Where on a curve its points are taken."""


class SetGlyph(NamedTuple):
    """A glyph as it is set.

    Attributes:
        glyph: The glyph; None for a space.
        number: Which drawing of its text it is.
        place: The number of its first character in the line.
        left: Where its origin lies in the line, in units.
    """

    glyph: FontGlyph | None
    number: int
    place: int
    left: float


class SetFont:
    """A font, and what HarfBuzz makes of lines with it.

    Args:
        made: The font.
    """

    def __init__(self, made: HandFont) -> None:
        import uharfbuzz

        self.data = build_font(made.specification)
        self.x_height = made.specification.metrics.x_height
        self._font = uharfbuzz.Font(uharfbuzz.Face(self.data))
        # The glyphs of the file: .notdef, the space, and these in their order.
        self._glyphs: list[tuple[FontGlyph | None, int]] = [(None, 0), (None, 0)]
        for drawn in drawings_by_text(made.specification.glyphs).values():
            for number, drawing in enumerate(drawn):
                self._glyphs += [(variant.glyph, number) for variant in drawing.variants.values()]

    def set(self, line: str) -> list[SetGlyph]:
        """Return the glyphs of a line from left to right."""
        import uharfbuzz

        buffer = uharfbuzz.Buffer()
        buffer.add_str(line)
        buffer.guess_segment_properties()
        uharfbuzz.shape(self._font, buffer)
        infos: Sequence[Any] = buffer.glyph_infos
        lefts = np.cumsum([0, *(position.x_advance for position in buffer.glyph_positions)]).tolist()
        found = []
        for info, left in zip(infos, lefts, strict=False):
            glyph, number = self._glyphs[info.codepoint]
            found.append(SetGlyph(glyph, number, info.cluster, left))
        return found


def measure_font(hand: Hand, asked: Request) -> list[str]:
    """Measure the font of a hand, next to one with a single drawing of each letter."""
    seed, out = asked.seed, asked.out
    # Twice, in another order: 19,000 characters and more.
    texts = list(sentences())
    lines = textwrap.wrap(" ".join([*texts, *np.random.default_rng(seed).permutation(texts)]), LINE)
    rows = []
    for name, drawings in (("the font", DRAWINGS), ("one drawing a letter", 1)):
        start, busy = time.perf_counter(), time.process_time()
        made = hand_font(hand.bank, measure_hand(hand.bank), FontNames("Benchmark"), drawings=drawings, seed=seed)
        font = SetFont(made)
        seconds, busy = time.perf_counter() - start, time.process_time() - busy
        if out:
            (out / f"{drawings}.otf").write_bytes(font.data)
        near, within = repeats(font, lines)
        rows.append(
            (
                name,
                format_share(near),
                format_share(within),
                *map(format_share, ink_through(font, lines)),
                f"{len(made.specification.glyphs):,}",
                f"{len(font.data) / 1000:,.0f}",
                f"{seconds:.1f}",
                f"{busy:.1f}",
            )
        )
    head = (
        "",
        f"repeats within {NEAR} characters",
        f"within a line of {LINE}",
        "ink through joins",
        "of small letters",
        "glyphs",
        "kB",
    )
    joined = format_share(hand.bank.join_rates.rate)
    characters = sum(map(len, lines)) + len(lines) - 1
    return [
        f"A font, {characters:,} characters of English set by HarfBuzz; the pages join {joined} of neighbours.",
        markdown_table((*head, "seconds", "of one core"), rows),
    ]


def repeats(font: SetFont, lines: Sequence[str]) -> tuple[float, float]:
    """Return which share of glyphs was seen within ``NEAR`` characters before, and before in its line."""
    near = within = count = start = 0
    last: dict[tuple[str, int], int] = {}
    for line in lines:
        for one in font.set(line):
            if one.glyph is None:
                continue
            drawing = one.glyph.text, one.number
            before = last.get(drawing, -LINE * NEAR)
            near += start + one.place - before <= NEAR
            within += before >= start
            count += 1
            last[drawing] = start + one.place
        start += len(line) + 1
    return near / count, within / count


def ink_through(font: SetFont, lines: Sequence[str]) -> tuple[float, float]:
    """Return which share of letters within words, and of small ones, touch the next; those of a piece are not asked."""
    known: dict[tuple[int, int, int], bool] = {}
    found: list[tuple[bool, bool]] = []
    for line in lines:
        for first, second in pairwise(font.set(line)):
            if first.glyph is None or second.glyph is None:
                continue
            if not (first.glyph.text[-1].isalpha() and second.glyph.text[0].isalpha()):
                continue
            apart = second.left - first.left
            key = id(first.glyph), id(second.glyph), round(apart)
            if key not in known:
                known[key] = _touch(first.glyph.outline, second.glyph.outline.transformed(dx=apart), font.x_height)
            found.append((known[key], first.glyph.text[-1].islower()))
    touching, small = np.array(found).T
    return float(touching.mean()), float(touching[small].mean())


def _touch(first: Outline, second: Outline, x_height: float) -> bool:
    """Return whether the ink of two outlines touches."""
    scale = PIXELS / x_height
    boxes = [outline.bounds for outline in (first, second)]
    left, bottom = (min(box[side] for box in boxes) * scale - 2 for side in (0, 1))
    right, top = (max(box[side] for box in boxes) * scale + 2 for side in (2, 3))
    shape = int(top - bottom) + 1, int(right - left) + 1
    inks = [_filled(outline, scale, (left, top), shape) for outline in (first, second)]
    return bool((cv2.dilate(inks[0], np.ones((3, 3), np.uint8))[inks[1] > 0] > 0).any())


def _filled(outline: Outline, scale: float, corner: tuple[float, float], shape: tuple[int, int]) -> NDArray[np.uint8]:
    polygons = []
    for contour in outline.contours:
        start, t = np.roll(contour[:, 2], 1, axis=0)[:, None], CURVE_POINTS
        first, second, end = (contour[:, number][:, None] for number in range(3))
        points = (1 - t) ** 3 * start + 3 * t * (1 - t) ** 2 * first + 3 * t * t * (1 - t) * second + t**3 * end
        x, y = (points.reshape(-1, 2) * scale).T
        polygons.append(np.rint(np.stack([x - corner[0], corner[1] - y], 1)).astype(np.int32))
    image = np.zeros(shape, np.uint8)
    if polygons:
        cv2.fillPoly(image, polygons, 1)
    return image
