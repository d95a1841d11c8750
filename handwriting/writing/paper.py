"""What a message is written on: sheets of paper, plain or with printed rules, or a picture as large as the text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

import numpy as np

from handwriting.errors import ConfigError
from handwriting.text import counted, format_whole, quoted
from handwriting.writing.written_words import LayoutStyle

SheetName = Literal["a4", "a5", "a6", "letter"]
"""A sheet of paper that has a name."""
PaperSize = SheetName | Literal["fit"] | tuple[float, float]
"""A sheet, by its name or by its width and height in millimetres, or a picture that is cut to the text."""
PaperRules = Literal["plain", "ruled", "squared"]
"""What is printed on the paper."""
PAPER_SIZES: dict[SheetName, tuple[float, float]] = {
    "a4": (210.0, 297.0),
    "a5": (148.0, 210.0),
    "a6": (105.0, 148.0),
    "letter": (215.9, 279.4),
}
"""Width and height of each sheet, in millimetres."""
MIN_SIDE, MAX_SIDE = 20, 1200
"""Range of the width and height of a sheet, in millimetres: from a small label to A0."""
DEFAULT_MARGIN, FIT_MARGIN = 20.0, 4.0
"""The margin of a sheet, and that around a text that a picture is cut to, in millimetres."""
MARGIN_SHARE = 2 / 21
"""The margin of a sheet that is narrower than A4, as a share of its shorter side: that of A4."""
LINE_DISTANCE = 8.0
"""From one line to the next unless the writing is scaled, in millimetres: that of ruled paper, which hands fit."""
SQUARE = 5.0
"""The side of a square, in millimetres."""
MIN_DISTANCE = 0.6
"""The least distance of lines, as a share of that of the scaled writing: tall letters touch those of the line above."""
MIN_LINE_WIDTH = 8.0
"""The width that a line has room for at least, in x-heights: a short word."""
_SIDES = re.compile(r"([0-9]+(?:\.[0-9]+)?) *[x\N{MULTIPLICATION SIGN}] *([0-9]+(?:\.[0-9]+)?) *(?:mm)?")


def read_size(text: str) -> PaperSize:
    """Return the size of paper that a text names, in any case, or gives as width and height in millimetres.

    Raises:
        ConfigError: If it is no size, or a side is not between ``MIN_SIDE`` and ``MAX_SIDE``.

    >>> read_size("a6"), read_size("150x100")
    ('a6', (150.0, 100.0))
    """
    size = text.strip().lower()
    if size == "fit":
        return "fit"
    for name in PAPER_SIZES:
        if size == name:
            return name
    sides = _SIDES.fullmatch(size)
    if sides and all(MIN_SIDE <= float(side) <= MAX_SIDE for side in sides.groups()):
        return float(sides[1]), float(sides[2])
    raise ConfigError(
        f"size={quoted(text)} is no size of paper. Give {', '.join(PAPER_SIZES)}, fit, or the width and height in "
        f"millimetres, such as 100x150, each from {MIN_SIDE:,} to {MAX_SIDE:,}."
    )


@dataclass(frozen=True)
class Paper:
    """The paper of a message, and how large it is written. Lengths are in millimetres.

    Attributes:
        size: The sheet. ``fit`` has lines as long as those of A4, and is then cut to the text.
        rules: What is printed on it.
        margin: What stays empty on every side; None for the usual margin of the size: ``DEFAULT_MARGIN``, and of a
            sheet narrower than A4 the same share of its shorter side, in whole millimetres.
        scale: Factor of the size of the writing. At 1, its lines are ``LINE_DISTANCE`` apart where nothing else
            decides.
        line_distance: From one line to the next, and from one rule of ruled paper to the next; squares keep their size,
            and lines are the nearest whole number of them apart. None for that of the scaled writing, on printed rules
            the nearest whole number of them.
    """

    size: PaperSize = "a4"
    rules: PaperRules = "plain"
    margin: float | None = None
    scale: float = 1.0
    line_distance: float | None = None

    @property
    def sheet(self) -> tuple[float, float]:
        """Width and height of the sheet."""
        if isinstance(self.size, tuple):
            return self.size
        return PAPER_SIZES["a4" if self.size == "fit" else self.size]

    @property
    def sheet_margin(self) -> float:
        """What stays empty on every side of the sheet."""
        if self.margin is None or self.size == "fit":
            return min(DEFAULT_MARGIN, float(round(MARGIN_SHARE * min(self.sheet))))
        return self.margin

    @property
    def pitch(self) -> float:
        """From one printed rule to the next; 0 without rules."""
        return {"plain": 0.0, "ruled": self.line_distance or LINE_DISTANCE, "squared": SQUARE}[self.rules]

    @property
    def step(self) -> float:
        """From one line to the next."""
        distance = LINE_DISTANCE * self.scale if self.line_distance is None else self.line_distance
        return self.pitch * max(1, round(distance / self.pitch)) if self.pitch else distance

    def refuse_impossible(self) -> None:
        """Refuse a margin that leaves nothing of the sheet and a distance of lines that suits none, whoever writes.

        Raises:
            ConfigError: If the margins meet, or lines run into each other or are further apart than the margins.
        """
        width, height = self.sheet
        if self.size != "fit" and self.margin is not None and 2 * self.margin >= min(width, height):
            raise ConfigError(
                f"margin={self.margin:g} leaves no room on a page of {width:g} x {height:g} mm. Give a smaller margin=."
            )
        if self.line_distance is None:
            return
        if self.step < (least := MIN_DISTANCE * LINE_DISTANCE * self.scale) - 1e-9:
            raise ConfigError(
                f"line_distance={self.line_distance:g}: lines {self.step:g} mm apart run into each other at "
                f"scale={self.scale:g}, which takes {format_whole(least)} mm. Give a larger line_distance= or a "
                "smaller scale=."
            )
        if self.step >= (room := height - 2 * self.sheet_margin):
            raise ConfigError(
                f"line_distance={self.line_distance:g}: a page of {width:g} x {height:g} mm has {format_whole(room)} "
                "mm between its margins. Give a smaller line_distance= or margin=."
            )

    def measures(self, style: LayoutStyle) -> PaperMeasures:
        """Return the measures of a sheet on which a hand writes.

        Raises:
            ConfigError: If the margin, the scale and the distance of lines leave no room for a short word or a line.
        """
        (width, height), margin = self.sheet, self.sheet_margin
        x_height = LINE_DISTANCE / style.line_distance * self.scale
        first = margin + style.ascent * x_height
        if pitch := self.pitch:
            # Squares cover the sheet from its upper edge; lines leave the margin empty.
            start = 0.0 if self.rules == "squared" else margin
            first = start + pitch * np.ceil((first - start) / pitch - 1e-9)
        sheet = PaperMeasures(width, height, margin, x_height, float(first), self.step, pitch)
        line_width = sheet.line_width / x_height
        if line_width < MIN_LINE_WIDTH or sheet.lines(style.descent) < 1:
            given = "" if self.line_distance is None else f"line_distance={self.line_distance:g}, "
            raise ConfigError(
                f"{given}scale={self.scale:g} and margin={margin:g} leave room for "
                f"{format_whole(max(0.0, line_width), 2)} small letters a line and "
                f"{counted(max(0, sheet.lines(style.descent)), 'line')} on a page of {width:g} x {height:g} mm. Give a "
                f"smaller {'line_distance=, ' if given else ''}scale= or margin=, or a larger size=."
            )
        return sheet


@dataclass(frozen=True)
class PaperMeasures:
    """The measures of a sheet, in millimetres from its upper left corner.

    Attributes:
        width: Its width.
        height: Its height.
        margin: What stays empty on every side.
        x_height: The size of the writing.
        first_baseline: The first baseline.
        step: From one baseline to the next.
        pitch: From one printed rule to the next; 0 without rules.
    """

    width: float
    height: float
    margin: float
    x_height: float
    first_baseline: float
    step: float
    pitch: float

    @property
    def line_width(self) -> float:
        """The width between the margins."""
        return self.width - 2 * self.margin

    def lines(self, descent: float) -> int:
        """Return how many lines a page has room for, given how far words reach below a baseline, in x-heights."""
        room = self.height - self.margin - descent * self.x_height - self.first_baseline
        return 1 + int(np.floor(room / self.step + 1e-9))


@dataclass(frozen=True)
class RuleLines:
    """The printed rules of a page, in millimetres from its upper left corner; they cross the whole page.

    Attributes:
        rows: The heights of the horizontal ones.
        columns: The places of the vertical ones.
    """

    rows: tuple[float, ...] = ()
    columns: tuple[float, ...] = ()

    def cut(self, left: float, top: float, width: float, height: float) -> RuleLines:
        """Return the rules of a part of the page."""
        return RuleLines(
            tuple(row - top for row in self.rows if top <= row <= top + height),
            tuple(column - left for column in self.columns if left <= column <= left + width),
        )


def rule_lines(rules: PaperRules, sheet: PaperMeasures) -> RuleLines:
    """Return the rules that are printed on a sheet: lines between the margins, or squares from edge to edge."""
    if rules == "plain":
        return RuleLines()
    if rules == "squared":
        return RuleLines(_steps(0.0, sheet.height, sheet.pitch), _steps(0.0, sheet.width, sheet.pitch))
    return RuleLines(_steps(sheet.margin, sheet.height - sheet.margin, sheet.pitch))


def _steps(start: float, stop: float, pitch: float) -> tuple[float, ...]:
    return tuple(float(start + pitch * number) for number in range(1, int((stop - start) / pitch - 1e-9) + 1))
