"""How far the letters of a font stand apart where they do not join: bearings of characters, and kerning of pairs."""

from __future__ import annotations

from collections.abc import Mapping

from handwriting.writing.contours import LetterSides, facing
from handwriting.writing.spacing import PairSpacing

MAX_KERNING = 0.8
"""How far two letters are moved together or apart at most, in x-heights."""
MIN_KERNING = 0.02
"""Kerning that is left out, in x-heights."""


class Bearings:
    """The bearings of characters, in x-heights.

    The least distance of two contours is not that of the boxes around them: kerning is what remains.

    Args:
        spacing: How far the hand sets letters apart where it lifts the pen.
        sides: The sides of a typical drawing of each character.
        joined: Whether letters are usually joined: then the space between two belongs to the second, because the first
            may end in a join.
    """

    def __init__(self, spacing: PairSpacing, sides: Mapping[str, LetterSides], joined: bool) -> None:
        self.spacing = spacing
        self.sides = sides
        self._ends = {label: (float(one.left.min()), float(one.right.max())) for label, one in sides.items()}
        usual = [
            self._within(first, second) for first in "aenorst" for second in "aenorst" if {first, second} <= set(sides)
        ]
        self._usual = sorted(usual)[len(usual) // 2] if usual else 0.0
        self._left_share = 1.0 if joined else 0.5

    def left(self, character: str) -> float:
        """Return the space before a character."""
        return self._left_share * self._between + self.spacing.bearing(character, "left")

    def right(self, character: str) -> float:
        """Return the space after a character."""
        return (1 - self._left_share) * self._between + self.spacing.bearing(character, "right")

    @property
    def _between(self) -> float:
        return self.spacing.mean - self._usual

    def kerning(self) -> dict[tuple[str, str], float]:
        """Return what is added between two characters, their accents left out."""
        found = {}
        for first in self.sides:
            for second in self.sides:
                apart = self.spacing.kerning.get(first + second, 0.0) + self._usual - self._within(first, second)
                if abs(apart) >= MIN_KERNING:
                    found[first, second] = max(-MAX_KERNING, min(MAX_KERNING, apart))
        return found

    def _within(self, first: str, second: str) -> float:
        """Return the least distance of two contours whose boxes touch."""
        (_, end), (start, _) = self._ends[first], self._ends[second]
        return facing(self.sides[first], self.sides[second]) - (start - end)
