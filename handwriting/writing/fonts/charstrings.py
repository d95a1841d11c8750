"""Outlines as PostScript programs: a contour that several glyphs show, as a letter with accents does, is kept once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np
from fontTools.cffLib.specializer import commandsToProgram, specializeCommands
from fontTools.misc.psCharStrings import T2CharString

from handwriting.writing.fonts.specification import FontGlyph
from handwriting.writing.outlines import Outline

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
    known: dict[bytes, Program] = {}
    contours = {name: _contours(glyph, known) for name, glyph in glyphs.items()}
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


def _contours(glyph: FontGlyph, known: dict[bytes, Program]) -> list[tuple[Point, Program]]:
    """Return where each contour of a glyph starts, and so ends, and its program from there.

    Args:
        glyph: The glyph.
        known: Programs by the steps of their contours; new ones are added.
    """
    found = []
    for contour in glyph.outline.contours:
        whole = np.rint(contour)
        start = whole[-1, 2]
        steps = (whole - start).tobytes()
        if steps not in known:
            pen = _ContourPen()
            Outline((whole,)).draw(pen)
            known[steps] = tuple(commandsToProgram(specializeCommands(pen.commands)))
        found.append(((int(start[0]), int(start[1])), known[steps]))
    return found


class _ContourPen:
    """Notes a contour as steps from point to point.

    Attributes:
        commands: Its commands from where it starts.
    """

    def __init__(self) -> None:
        self.commands: list[tuple[str, list[int]]] = []
        self._at: Point = (0, 0)

    def moveTo(self, point: Point) -> None:
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
        self.commands.append((operator, steps))
