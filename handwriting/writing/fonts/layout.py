"""The parts of OpenType's layout tables: contexts by classes and by coverage, lookups, features."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from fontTools.otlLib.builder import buildCoverage
from fontTools.ttLib import newTable
from fontTools.ttLib.tables import otTables

SCRIPTS = ("DFLT", "latn")
"""Scripts that programs look up: any, and Latin."""
NO_FEATURE = 0xFFFF
"""What stands for no required feature."""


class ContextRule(NamedTuple):
    """What happens to a glyph in one context of classes.

    Attributes:
        before: Classes of the glyphs on its left, the nearest first.
        after: Classes of the glyphs on its right, the nearest first.
        lookup: Number of the lookup that replaces it.
    """

    before: tuple[int, ...]
    after: tuple[int, ...]
    lookup: int

    @property
    def size(self) -> int:
        """Bytes in the font, its place in the list of rules included."""
        return 14 + 2 * (len(self.before) + len(self.after))


def class_context(
    glyph: str,
    before: Mapping[str, int],
    after: Mapping[str, int],
    rules: Iterable[ContextRule],
    glyph_numbers: Mapping[str, int],
) -> Any:
    """Return a chaining context by classes for one glyph; the first rule that fits holds.

    Args:
        glyph: The glyph to replace.
        before: The classes of glyphs on its left; all others are class 0.
        after: The classes of glyphs on its right; all others are class 0.
        rules: What to do.
        glyph_numbers: The number of each glyph of the font.
    """
    table = otTables.ChainContextSubst()
    table.Format = 2
    table.Coverage = buildCoverage({glyph}, glyph_numbers)
    table.BacktrackClassDef = _class_definition(before)
    table.InputClassDef = _class_definition({glyph: 1})
    table.LookAheadClassDef = _class_definition(after)
    rule_set = otTables.ChainSubClassSet()
    rule_set.ChainSubClassRule = [_class_rule(rule) for rule in rules]
    rule_set.ChainSubClassRuleCount = len(rule_set.ChainSubClassRule)
    table.ChainSubClassSet = [None, rule_set]
    table.ChainSubClassSetCount = 2
    return table


def coverage_context(
    before: Iterable[str], glyphs: Iterable[str], lookup: int, glyph_numbers: Mapping[str, int]
) -> Any:
    """Return a chaining context that replaces any of some glyphs after any of some others.

    Args:
        before: The glyphs on the left.
        glyphs: The glyphs to replace.
        lookup: Number of the lookup that replaces them.
        glyph_numbers: The number of each glyph of the font.
    """
    table = otTables.ChainContextSubst()
    table.Format = 3
    table.BacktrackCoverage = [buildCoverage(set(before), glyph_numbers)]
    table.InputCoverage = [buildCoverage(set(glyphs), glyph_numbers)]
    table.LookAheadCoverage = []
    table.BacktrackGlyphCount, table.InputGlyphCount, table.LookAheadGlyphCount = 1, 1, 0
    table.SubstLookupRecord = [_replacement(lookup)]
    table.SubstCount = 1
    return table


def layout_table(tag: str, features: Sequence[tuple[str, Sequence[int]]], lookups: Sequence[Any]) -> Any:
    """Return a table GSUB or GPOS whose features hold for every script and language.

    Args:
        tag: Of the table.
        features: Tag and numbers of the lookups of each, in the order of the tags.
        lookups: All lookups.
    """
    table = newTable(tag)
    root = table.table = getattr(otTables, tag)()
    root.Version = 0x00010000
    root.FeatureList = otTables.FeatureList()
    root.FeatureList.FeatureRecord = [_feature_record(feature, numbers) for feature, numbers in features]
    root.FeatureList.FeatureCount = len(features)
    root.ScriptList = otTables.ScriptList()
    root.ScriptList.ScriptRecord = [_script_record(script, len(features)) for script in SCRIPTS]
    root.ScriptList.ScriptCount = len(SCRIPTS)
    root.LookupList = otTables.LookupList()
    root.LookupList.Lookup = list(lookups)
    root.LookupList.LookupCount = len(lookups)
    return table


def _feature_record(tag: str, lookups: Sequence[int]) -> Any:
    record = otTables.FeatureRecord()
    record.FeatureTag = tag
    record.Feature = otTables.Feature()
    record.Feature.FeatureParams = None
    record.Feature.LookupListIndex = list(lookups)
    record.Feature.LookupCount = len(lookups)
    return record


def _script_record(tag: str, features: int) -> Any:
    record = otTables.ScriptRecord()
    record.ScriptTag = tag
    record.Script = otTables.Script()
    record.Script.LangSysRecord = []
    record.Script.LangSysCount = 0
    language = record.Script.DefaultLangSys = otTables.DefaultLangSys()
    language.LookupOrder = None
    language.ReqFeatureIndex = NO_FEATURE
    language.FeatureIndex = list(range(features))
    language.FeatureCount = features
    return record


def _class_definition(classes: Mapping[str, int]) -> Any:
    definition = otTables.ClassDef()
    definition.classDefs = dict(classes)
    return definition


class _PackedRule(NamedTuple):
    """A rule as its bytes: a font repeats each for every character, and fontTools takes long to write a number.

    Attributes:
        data: What stands in the font.
    """

    data: bytes

    def compile(self, writer: Any, _font: Any) -> None:
        """Write the rule, as tables of fontTools write themselves."""
        writer.writeData(self.data)


@lru_cache(maxsize=4096)
def _class_rule(rule: ContextRule) -> _PackedRule:
    # The replaced glyph is the whole input; its class stands in the rule set.
    replaced, records, place = 1, 1, 0
    numbers = [len(rule.before), *rule.before, replaced, len(rule.after), *rule.after, records, place, rule.lookup]
    return _PackedRule(struct.pack(f">{len(numbers)}H", *numbers))


def _replacement(lookup: int) -> Any:
    record = otTables.SubstLookupRecord()
    record.SequenceIndex = 0
    record.LookupListIndex = lookup
    return record
