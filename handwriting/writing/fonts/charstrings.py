"""Outlines as PostScript programs: a contour that several glyphs show, as a letter with accents does, is kept once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from fontTools.cffLib.specializer import commandsToProgram, specializeCommands
from fontTools.misc.psCharStrings import T2CharString

from handwriting.writing.fonts.specification import FontGlyph

Point = tuple[int, int]
Program = tuple[Any, ...]
"""Numbers and operators."""

MIN_SHARED = 6
"""Numbers and operators of the shortest contour for which a call is shorter."""
SMALL, LARGE = (1240, 107), (33900, 1131)
"""Up to how many subroutines their numbers are counted from which bias (The Type 2 Charstring Format, 2000)."""


def charstrings(glyphs: Mapping[str, FontGlyph]) -> tuple[dict[str, T2CharString], list[T2CharString]]:
    """Return the program of each glyph, and the subroutines that they call, for all fonts of the file.

    Args:
        glyphs: The glyphs by their names.
    """
    contours = {name: _contours(glyph) for name, glyph in glyphs.items()}
    counts = Counter(body for drawn in contours.values() for _, body in drawn)
    shared = [body for body, count in counts.items() if count > 1 and len(body) >= MIN_SHARED]
    bias = next((bias for most, bias in (SMALL, LARGE) if len(shared) < most), 0)
    assert bias, "a font holds fewer contours"
    calls = {body: (number - bias, "callgsubr") for number, body in enumerate(shared)}
    programs = {}
    for name, glyph in glyphs.items():
        program: list[Any] = [round(glyph.advance)]
        x = y = 0
        for (start_x, start_y), body in contours[name]:
            program += [start_x - x, start_y - y, "rmoveto", *calls.get(body, body)]
            x, y = start_x, start_y
        programs[name] = T2CharString(program=[*program, "endchar"])
    return programs, [T2CharString(program=[*body, "return"]) for body in shared]


def _contours(glyph: FontGlyph) -> list[tuple[Point, Program]]:
    """Return where each contour of a glyph starts, and so ends, and its program from there."""
    pen = _ContourPen()
    glyph.outline.draw(pen)
    return [(start, tuple(commandsToProgram(specializeCommands(commands)))) for start, commands in pen.contours]


class _ContourPen:
    """Notes contours as steps from point to point.

    Attributes:
        contours: Where each starts, and its commands.
    """

    def __init__(self) -> None:
        self.contours: list[tuple[Point, list[tuple[str, list[int]]]]] = []
        self._at: Point = (0, 0)

    def moveTo(self, point: Point) -> None:
        self.contours.append((point, []))
        self._at = point

    def lineTo(self, point: Point) -> None:
        self._add("rlineto", point)

    def curveTo(self, *points: Point) -> None:
        self._add("rrcurveto", *points)

    def closePath(self) -> None:
        """Do nothing: contours end where they start."""

    def _add(self, operator: str, *points: Point) -> None:
        steps: list[int] = []
        for x, y in points:
            steps += [x - self._at[0], y - self._at[1]]
            self._at = x, y
        self.contours[-1][1].append((operator, steps))
