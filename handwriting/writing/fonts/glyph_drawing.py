"""The glyphs of a font drawn: letters that end in the strokes of their classes, with or without accents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from handwriting.writing.bank import Bank, Drawing
from handwriting.writing.choosing import Chooser
from handwriting.writing.composing import LIFT_SIGMA, MEET_SIGMA, Composer, LetterRun, Meeting, PlacedRun
from handwriting.writing.contours import LetterSides
from handwriting.writing.fonts.bearings import Bearings
from handwriting.writing.fonts.join_classes import JoinClass
from handwriting.writing.fonts.picking import Picked
from handwriting.writing.fonts.specification import FontGlyph
from handwriting.writing.joins import SAMPLES
from handwriting.writing.outlines import Outline
from handwriting.writing.supplement import Recipe, Supplement
from handwriting.writing.supplement_marks import without_dots
from handwriting.writing.tracing import trace

RESOLUTION = 24.0
"""Pixels in one x-height of the ink that is traced: about as many as photographs have."""

PLAIN = (1.0, 1.0)
"""Exponents of ink that stays as it is."""

Join = tuple[Meeting, NDArray[np.float64]]
"""How two runs are joined, and how far the second one's frame lies from the first one's."""


class GlyphDrawer:
    """Draws glyphs.

    Args:
        bank: The hand's drawings, with all that was made for the font and the strokes of the classes.
        chooser: What knows how strokes fit.
        classes: The heights at which letters join.
        bearings: How far letters stand apart that do not join.
        supplement: What puts accents on letters.
        unit: Units of the font in one x-height.
    """

    def __init__(
        self,
        bank: Bank,
        chooser: Chooser,
        classes: Sequence[JoinClass],
        bearings: Bearings,
        supplement: Supplement,
        unit: float,
    ) -> None:
        self.bank = bank
        self.chooser = chooser
        self.classes = classes
        self.bearings = bearings
        self.supplement = supplement
        self.unit = unit
        self._composer = Composer(bank, chooser)
        self._marks: dict[int, Outline] = {}
        self._letters: dict[tuple[Picked, bool], Outline] = {}

    def draw(self, text: str, number: int, picked: Picked, recipe: Recipe) -> FontGlyph:
        """Return one glyph.

        Args:
            text: What it shows.
            number: Which drawing of the text it is.
            picked: The drawings.
            recipe: The marks that the letter gets, and whether it loses its dot.
        """
        placed, own, advance = self._placed(picked)
        if recipe.is_dotless:
            body = self.bank.drawings[picked.drawings[0]]
            source = without_dots(self.bank.words[body.word], frozenset([body.letter]))
            placed[own] = replace(placed[own], source=source)
        outline = self._letter(picked, recipe.is_dotless, placed)
        if recipe.marks:
            _, marks = self.supplement.marked(
                self.bank, [placed[own]], [recipe], np.random.default_rng([number, *map(ord, text)])
            )
            for mark in marks:
                outline = outline.together(self._mark(mark))
        return FontGlyph(text, outline, round(advance * self.unit), number, picked.entry, picked.exit)

    def _mark(self, mark: PlacedRun) -> Outline:
        """Return a mark at its place, moved by whole units: so its contours are the same in all glyphs."""
        drawing = mark.run.drawings[0]
        if drawing not in self._marks:
            self._marks[drawing] = self._traced([replace(mark, at=np.zeros(2))])
        u, v = mark.at
        return self._marks[drawing].transformed(
            dx=round(self.unit * (u + self.bank.slant * v)), dy=round(self.unit * v)
        )

    def _letter(self, picked: Picked, is_dotless: bool, placed: Sequence[PlacedRun]) -> Outline:
        """Return a letter without accents: traced once, whichever accents it gets."""
        key = picked, is_dotless
        if key not in self._letters:
            self._letters[key] = self._traced(placed)
        return self._letters[key]

    def _traced(self, placed: Sequence[PlacedRun]) -> Outline:
        word = self._composer.draw(placed, RESOLUTION, (0.0, 0.0))
        outline = trace(word.ink, RESOLUTION, origin=(-word.column, -word.row), scale=self.unit / RESOLUTION)
        # In whole units, as the font has it: what is moved by whole units stays the same.
        return Outline(tuple(np.rint(contour) for contour in outline.contours))

    def _placed(self, picked: Picked) -> tuple[list[PlacedRun], int, float]:
        """Return the runs of a glyph, the place of the letter's own among them, and the advance in x-heights."""
        first, last = (self.bank.drawings[number] for number in (picked.drawings[0], picked.drawings[-1]))
        before, after = self._before(picked.drawings[0], picked.entry), self._after(picked.drawings[-1], picked.exit)
        wanted = [before[1].offset[1]] if before else []
        wanted += [-after[1].offset[1]] if after else []
        lift = float(np.sum(wanted)) / MEET_SIGMA**2 / (1 / LIFT_SIGMA**2 + len(wanted) / MEET_SIGMA**2)
        placed: list[PlacedRun] = []
        into: Join | None = None
        out: Join | None = None
        if before:
            run, meeting = before
            stroke_at = np.array([-meeting.first.points[SAMPLES, 0], 0.0])
            at = np.array([stroke_at[0] + meeting.offset[0], lift])
            into = meeting, at - stroke_at
            placed.append(PlacedRun(run, stroke_at, None, into, PLAIN))
        else:
            bearing = self.bearings.left(first.label)
            at = np.array([bearing - float(self._sides(first).left.min()), lift])
        own = len(placed)
        if after:
            run, meeting = after
            stroke_at = np.array([at[0] + meeting.offset[0], 0.0])
            out = meeting, stroke_at - at
            advance = float(stroke_at[0] + meeting.second.points[SAMPLES, 0])
        else:
            bearing = self.bearings.right(last.label)
            advance = float(at[0] + self._sides(last).right.max() + bearing)
        placed.append(PlacedRun(LetterRun(picked.drawings), at, into, out, PLAIN))
        if after:
            placed.append(PlacedRun(run, stroke_at, out, None, PLAIN))
        return placed, own, advance

    def _sides(self, drawing: Drawing) -> LetterSides:
        return self.bank.sides[drawing.word][drawing.letter]

    def _stroke(self, label: str) -> tuple[LetterRun, Drawing]:
        """Return the run and the drawing of the stroke of a class."""
        number = int(self.bank.by_label[label][0])
        return LetterRun((number,)), self.bank.drawings[number]

    def _before(self, number: int, entry: int) -> tuple[LetterRun, Meeting] | None:
        """Return the stroke with which a drawing begins, and how they meet; None where nothing enters it."""
        own = self.bank.drawings[number].entry
        if not entry or own is None:
            return None
        label = self.classes[entry - 1].entering
        run, stroke = self._stroke(label)
        assert stroke.exit is not None  # it was drawn with letters on both sides
        pair = self.chooser.pair(label, self.bank.drawings[number].label)
        slide = int(pair.slide[0, self._place(number)])
        return run, Meeting(stroke.exit, own, slide, first_share=0.0)

    def _after(self, number: int, exit_class: int) -> tuple[LetterRun, Meeting] | None:
        """Return the stroke in which a drawing ends, and how they meet; None where it joins nothing."""
        own = self.bank.drawings[number].exit
        if not exit_class or own is None:
            return None
        label = self.classes[exit_class - 1].leaving
        run, stroke = self._stroke(label)
        assert stroke.entry is not None
        pair = self.chooser.pair(self.bank.drawings[number].label, label)
        slide = int(pair.slide[self._place(number), 0])
        return run, Meeting(own, stroke.entry, slide, first_share=1.0)

    def _place(self, number: int) -> int:
        """Return the place of a drawing among those of its letter."""
        return int(np.searchsorted(self.bank.by_label[self.bank.drawings[number].label], number))
