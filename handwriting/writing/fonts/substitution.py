"""Which drawing stands where: the rules by which drawings take turns and join, as OpenType's table GSUB.

A program that sets text runs one lookup after the other over the glyphs, from left to right; a rule sees the glyphs on
its left as they are already replaced. The lookups are, in this order:

1. ``liga``: characters become pieces, the longest first.
2. ``calt``, pieces: a piece looks for its own last drawing on its left and takes the next one. After the last one it
   falls apart into its characters, or into a shorter piece and the rest, until that drawing is forgotten.
3. ``calt``, characters: a character looks for its own last drawing on its left and takes the next one, so that of five
   drawings none returns before the four others. Without a last one, the glyph on its right decides which is first.
4. ``calt``, joins: a glyph takes the entry variant that fits the exit of the glyph on its left.

Contexts by classes keep this small. To one character all glyphs but its own drawings are class 0; ``d - 1`` zeros and
the class of a drawing find the nearest drawing, ``d`` glyphs back. The lookup that replaces drawing ``n`` by the next
one is common to all characters. So are, therefore, the bytes of all rules, and the font holds them once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from fontTools.otlLib.builder import buildLigatureSubstSubtable, buildLookup, buildSingleSubstSubtable
from fontTools.ttLib.tables import otTables

from handwriting.writing.fonts.drawings import SPACE, FontDrawing
from handwriting.writing.fonts.layout import ContextRule, class_context, coverage_context, layout_table

MAX_MEMORY, MEMORY_STEP = 60, 5
"""How far back a last drawing is looked for, in glyphs: a line; and by how much less where the rules are too many."""
MAX_RULE_BYTES = 45_000
"""Bytes of all different rules: with the rest of the table they are within the 65,536 that its offsets reach."""


def substitution_table(drawings: Mapping[str, Sequence[FontDrawing]], glyph_order: Sequence[str]) -> Any | None:
    """Return the table GSUB with the features ``calt`` and ``liga``; None where no glyph is ever replaced.

    Args:
        drawings: The drawings of each text. A text of several characters is a piece if each of them stands alone, too.
        glyph_order: The names of all glyphs of the font in the order of their numbers.
    """
    collection = _Lookups(drawings, glyph_order)
    by_tag = (("calt", collection.contextual), ("liga", collection.ligatures))
    features = [(tag, numbers) for tag, numbers in by_tag if numbers]
    return layout_table("GSUB", features, collection.lookups) if features else None


class _Lookups:
    """All lookups in the order in which they run.

    Attributes:
        lookups: The lookups.
        ligatures: The numbers of those of ``liga``.
        contextual: The numbers of those of ``calt``; the others run only where these say so.
    """

    def __init__(self, drawings: Mapping[str, Sequence[FontDrawing]], glyph_order: Sequence[str]) -> None:
        self.lookups: list[Any] = []
        self._drawings = drawings
        self._numbers = {name: number for number, name in enumerate(glyph_order)}
        self._singles = {text: drawn for text, drawn in drawings.items() if len(text) == 1}
        self._pieces = {
            text: drawn
            for text, drawn in sorted(drawings.items(), key=lambda item: -len(item[0]))
            if len(text) > 1 and all(character in self._singles for character in text)
        }
        self.ligatures = self._ligature_lookups()
        self.contextual = [*self._turn_lookups(), *self._join_lookups()]

    def _add(self, *subtables: Any) -> int:
        self.lookups.append(buildLookup(list(subtables)))
        return len(self.lookups) - 1

    def _first(self, text: str) -> str:
        return self._drawings[text][0].default.name

    def _ligature_lookups(self) -> list[int]:
        if not self._pieces:
            return []
        ligatures = {tuple(self._first(character) for character in text): self._first(text) for text in self._pieces}
        return [self._add(buildLigatureSubstSubtable(ligatures))]

    def _turn_lookups(self) -> list[int]:
        turning = {text: drawn for text, drawn in self._singles.items() if len(drawn) > 1}
        following = self._following_lookups([*turning.values(), *self._pieces.values()])
        memory = _memory(len(following) + len({len(drawn) for drawn in self._pieces.values()}))
        found = []
        if self._pieces:
            apart = self._add(self._decomposition())
            by_length: dict[int, list[Any]] = defaultdict(list)
            for text, drawn in self._pieces.items():
                lookups = [*following[: len(drawn) - 1], apart]
                by_length[len(text)].append(self._context(text, _turns(lookups, memory), {}))
            found += [self._add(*contexts) for contexts in by_length.values()]
        if turning:
            # The space is named here, so that programs do not set each word by itself.
            neighbours = [SPACE, *(self._first(text) for text in self._singles)]
            contexts = []
            for text, drawn in turning.items():
                count = len(drawn)
                after = {name: place % count for place, name in enumerate(neighbours, start=1) if place % count}
                first = [ContextRule((), (number,), following[number - 1]) for number in range(1, count)]
                contexts.append(self._context(text, _turns(following[:count], memory) + first, after))
            found.append(self._add(*contexts))
        return found

    def _context(self, text: str, rules: Sequence[ContextRule], after: Mapping[str, int]) -> Any:
        drawn = self._drawings[text]
        before = {drawing.default.name: number for number, drawing in enumerate(drawn, start=1)}
        return class_context(self._first(text), before, after, rules, self._numbers)

    def _following_lookups(self, turning: Sequence[Sequence[FontDrawing]]) -> list[int]:
        """Return lookups of which the ``n``-th replaces the first drawing of each text by that after drawing ``n``."""
        found = []
        for number in range(max(map(len, turning), default=0)):
            mapping = {
                drawn[0].default.name: drawn[(number + 1) % len(drawn)].default.name
                for drawn in turning
                if number < len(drawn)
            }
            found.append(self._add(buildSingleSubstSubtable(mapping)))
        return found

    def _decomposition(self) -> Any:
        """Return what pieces fall apart into: the longest shorter piece at their beginning, if any, and the rest."""
        table = otTables.MultipleSubst()
        table.mapping = {}
        for text in self._pieces:
            start = next(
                (other for other in self._pieces if len(other) < len(text) and text.startswith(other)), text[0]
            )
            table.mapping[self._first(text)] = [self._first(part) for part in (start, *text[len(start) :])]
        return table

    def _join_lookups(self) -> list[int]:
        leaving: dict[int, set[str]] = defaultdict(set, {0: {SPACE}})
        for drawn in self._drawings.values():
            for drawing in drawn:
                for name, glyph in drawing.variants.values():
                    leaving[glyph.exit].add(name)
        contexts = []
        for exit_class, names in sorted(leaving.items()):
            if mapping := self._entering(exit_class):
                replaced = self._add(buildSingleSubstSubtable(mapping))
                contexts.append(coverage_context(names, mapping, replaced, self._numbers))
        return [self._add(*contexts)] if contexts else []

    def _entering(self, exit_class: int) -> dict[str, str]:
        """Return what replaces each default after a glyph with this exit: its variant, or else the next drawing's."""
        mapping = {}
        for drawn in self._drawings.values():
            for number, drawing in enumerate(drawn):
                others = (*drawn[number:], *drawn[:number])
                fitting = next((other for other in others if exit_class in other.variants), drawing)
                name = fitting.variants.get(exit_class, drawing.default).name
                if name != drawing.default.name:
                    mapping[drawing.default.name] = name
        return mapping


def _turns(lookups: Sequence[int], memory: int) -> list[ContextRule]:
    """Return the rules by which the nearest drawing, ``n``, calls lookup ``n``."""
    return [
        ContextRule((0,) * between + (last,), (), lookup)
        for between in range(memory)
        for last, lookup in enumerate(lookups, start=1)
    ]


def _memory(lookups: int) -> int:
    """Return how far back drawings can be looked for where this many different lookups are called."""
    for memory in range(MAX_MEMORY, MEMORY_STEP, -MEMORY_STEP):
        if lookups * sum(rule.size for rule in _turns([0], memory)) <= MAX_RULE_BYTES:
            return memory
    return MEMORY_STEP
