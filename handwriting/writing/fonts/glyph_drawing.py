"""The glyphs of a font drawn: letters that end in the strokes of their classes, with or without accents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import chain
from typing import NamedTuple

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
from handwriting.writing.tracing import trace_all

RESOLUTION = 24.0
"""Pixels in one x-height of the ink that is traced: about as many as photographs have."""

TRACED_AT_ONCE = 24
"""Drawings that are traced at once: more take no less time, but more memory."""

PLAIN = (1.0, 1.0)
"""Exponents of ink that stays as it is."""

Join = tuple[Meeting, NDArray[np.float64]]
"""How two runs are joined, and how far the second one's frame lies from the first one's."""
Shown = tuple[Picked, bool] | int
"""What is traced once, in however many glyphs it stands: a letter, with its dot or without, or a drawing of a mark."""


class GlyphTask(NamedTuple):
    """A glyph to draw.

    Attributes:
        text: What it shows.
        number: Which drawing of the text it is.
        picked: The drawings.
        recipe: The marks that the letter gets, and whether it loses its dot.
    """

    text: str
    number: int
    picked: Picked
    recipe: Recipe


class _Plan(NamedTuple):
    """A glyph of which all places are known, and no outline yet."""

    task: GlyphTask
    letter: Shown
    marks: tuple[PlacedRun, ...]
    advance: float


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

    def draw(self, tasks: Sequence[GlyphTask]) -> list[FontGlyph]:
        """Return one glyph for each task."""
        shown: dict[Shown, Sequence[PlacedRun]] = {}
        plans = [self._plan(task, shown) for task in tasks]
        placed = list(shown.values())
        batches = [placed[start : start + TRACED_AT_ONCE] for start in range(0, len(placed), TRACED_AT_ONCE)]
        outlines = dict(zip(shown, chain.from_iterable(map(self._traced, batches)), strict=True))
        return [self._glyph(plan, outlines) for plan in plans]

    def _plan(self, task: GlyphTask, shown: dict[Shown, Sequence[PlacedRun]]) -> _Plan:
        """Return where the parts of a glyph stand, and add those to ``shown`` that no glyph had before."""
        picked, recipe = task.picked, task.recipe
        placed, own, advance = self._placed(picked)
        if recipe.is_dotless:
            body = self.bank.drawings[picked.drawings[0]]
            source = without_dots(self.bank.words[body.word], frozenset([body.letter]))
            placed[own] = replace(placed[own], source=source)
        letter = picked, recipe.is_dotless
        shown.setdefault(letter, placed)
        marks: Sequence[PlacedRun] = ()
        if recipe.marks:
            rng = np.random.default_rng([task.number, *map(ord, task.text)])
            _, marks = self.supplement.marked(self.bank, [placed[own]], [recipe], rng)
        for mark in marks:
            shown.setdefault(mark.run.drawings[0], [replace(mark, at=np.zeros(2))])
        return _Plan(task, letter, tuple(marks), advance)

    def _glyph(self, plan: _Plan, outlines: Mapping[Shown, Outline]) -> FontGlyph:
        outline = outlines[plan.letter]
        for mark in plan.marks:
            u, v = mark.at
            # Moved by whole units, its contours are the same in all glyphs.
            dx, dy = round(self.unit * (u + self.bank.slant * v)), round(self.unit * v)
            outline = outline.together(outlines[mark.run.drawings[0]].transformed(dx=dx, dy=dy))
        text, number, picked, _ = plan.task
        return FontGlyph(text, outline, round(plan.advance * self.unit), number, picked.entry, picked.exit)

    def _traced(self, batch: Sequence[Sequence[PlacedRun]]) -> list[Outline]:
        """Return outlines in whole units, as the font has them: what is moved by whole units stays the same."""
        drawn = [self._composer.draw(placed, RESOLUTION, (0.0, 0.0)) for placed in batch]
        scale = self.unit / RESOLUTION
        outlines = []
        for one, outline in zip(drawn, trace_all((one.ink for one in drawn), RESOLUTION), strict=True):
            placed = outline.transformed(scale, scale * one.column, -scale * one.row)
            outlines.append(Outline(tuple(np.rint(contour) for contour in placed.contours)))
        return outlines

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
