"""How each character of a message is written with the characters that a hand has, or why it cannot be.

In this order: the character itself, one that is written in the same way, its letter with its accents put on it, and
what the user allows for those that are missing. All missing characters are named at once.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from handwriting.errors import ConfigError
from handwriting.text import counted
from handwriting.writing.graphemes import JOINER, TAGS, VARIATION_SELECTORS, graphemes
from handwriting.writing.written_words import Sign

Missing = Literal["stop", "skip", "case", "drawn"]
"""What is done about a character that the hand lacks: refuse the message, leave the character out, write its other
case, or draw it in the style of the hand."""

Writer = Literal["hand", "model"]
"""What writes a message, as lines to its user name it: a person's hand, or a trained model alone."""

MARKS = frozenset("\u0300\u0301\u0302\u0303\u0304\u0306\u0307\u0308\u030a\u030b\u030c\u0323\u0326\u0327\u0328\u0331")
"""The combining marks that can be put on a letter: the accents of Latin, Cyrillic and Greek letters."""
MAX_NAMED = 40
"""Characters that a refusal names one by one."""
_ALIKE = (
    ("'", "\u2019", "\u2018", "\u02bc", "\u201b", "\u2032", "\u00b4", "`"),
    ('"', "\u201d", "\u201c", "\u201f", "\u2033"),
    ("-", "\u2010", "\u2011", "\u2013", "\u2012", "\u2212", "\u2014", "\u2015", "\u2043"),
    ("/", "\u2044", "\u2215"),
    (":", "\u2236"),
    ("~", "\u223c", "\u02dc"),
    ("\u00b7", "\u2219", "\u22c5", "\u2027", "\u2022", "\u25cf", "\u25e6"),
    ("\u03bc", "\u00b5"),
)
"""Characters that are written in the same way, each group from the most to the least usual form."""
_WRITTEN_AS = {
    "\u201a": ("'", ","),
    "\u201e": ('"', ",,"),
    "\u00ab": ('"', "\u201c", "<<"),
    "\u00bb": ('"', "\u201d", ">>"),
    "\u2039": ("'", "\u2018", "<"),
    "\u203a": ("'", "\u2019", ">"),
    "\u2022": ("-",),  # a list that has dashes for its bullets
    "\u25cf": ("-",),
    "\u25e6": ("-",),
    "\u00d7": ("x",),
    "\u00a6": ("|",),
    "\u2190": ("<-",),
    "\u2192": ("->",),
    "\u21d2": ("=>",),
    "\u2264": ("<=",),
    "\u2265": (">=",),
}
"""Other ways to write a character, tried in turn; they do not hold in the other direction."""
_UNLIKE = ("<super>", "<sub>", "<font>", "<circle>")
"""Compatibility decompositions that change what is written: 2 is not ²."""


@dataclass(frozen=True)
class Spelling:
    """How the characters of a message are written.

    Attributes:
        signs: What is written for each; nothing for one that is skipped.
        replaced: Those for which something else is written, in the order of the message, each with what is written.
        skipped: Those that are left out, in the order of the message.
        drawn: Those that the hand lacks and that are drawn in its style, in the order of the message.
    """

    signs: Mapping[str, tuple[Sign, ...]]
    replaced: Mapping[str, str]
    skipped: tuple[str, ...]
    drawn: tuple[str, ...]


def spell(
    characters: Iterable[str],
    known: Collection[str],
    missing: Missing = "stop",
    *,
    marks: Collection[str] = MARKS,
    drawable: Collection[str] = (),
    writer: Writer = "hand",
) -> Spelling:
    """Return how characters are written.

    Args:
        characters: The characters of a message as a reader counts them, without spaces.
        known: Those that the hand has.
        missing: What is done about one that cannot be written otherwise.
        marks: The combining marks that can be put on a letter that the hand has.
        drawable: Those that can be drawn in the style of the hand, with ``missing="drawn"``.
        writer: What the refusal calls the hand.

    Raises:
        ConfigError: If some cannot be written; it names each once, and what can be done.

    >>> spell("É…", "e.", "case").replaced
    {'É': 'é', '…': '...'}
    """
    has = frozenset(unicodedata.normalize("NFC", character) for character in known)
    ways = _Ways(has, frozenset(marks), frozenset(drawable))
    signs: dict[str, tuple[Sign, ...]] = {}
    lacking: list[str] = []
    for character in dict.fromkeys(characters):
        found = ways.write(character)
        if found is None and missing == "case":
            found = ways.write_other_case(character)
        if found is None and missing == "drawn":
            found = ways.draw(character)
        if found is None:
            lacking.append(character)
        signs[character] = _standing_for(character, found or ())
    if lacking and missing != "skip":
        raise ConfigError(_refusal(lacking, ways, missing, writer))
    written = {character: "".join(map(_shown, of)) for character, of in signs.items() if of}
    return Spelling(
        signs,
        {character: text for character, text in written.items() if text != character},
        tuple(lacking),
        tuple(character for character, of in signs.items() if any(sign.drawn for sign in of)),
    )


def ways_to_spell(characters: Iterable[str]) -> frozenset[str]:
    """Return every code point that may be written for characters, one way or another."""
    texts = {text for character in characters for text in _spellings(character)}
    return frozenset("".join(texts)) | frozenset(unicodedata.normalize("NFD", "".join(sorted(texts))))


def character_name(character: str) -> str:
    r"""Return a character as a message to the user shows it: by its code points where it cannot be printed.

    >>> character_name("é"), character_name("\ufeff")
    ('é', 'U+FEFF')
    """
    if all(part.isprintable() or part == JOINER or part in TAGS for part in character):
        return character
    return "+".join(f"U+{ord(part):04X}" for part in character)


@dataclass(frozen=True)
class _Ways:
    """The ways in which a hand can write a character."""

    has: frozenset[str]
    marks: frozenset[str]
    drawable: frozenset[str]

    def write(self, character: str) -> tuple[Sign, ...] | None:
        """Return the signs of the first way that is open; None where none is."""
        for text in _spellings(character):
            signs = [self._sign(part) for part in graphemes(text)]
            if None not in signs:
                return tuple(sign for sign in signs if sign)
        return None

    def draw(self, character: str) -> tuple[Sign, ...] | None:
        """Return the same where signs may be drawn that the hand lacks."""
        for text in _spellings(character):
            drawn = [self._sign(part) or self._drawn(part) for part in graphemes(text)]
            if None not in drawn:
                return tuple(sign for sign in drawn if sign)
        return None

    def write_other_case(self, character: str) -> tuple[Sign, ...] | None:
        """Return the signs of its other case; None where it has none or that is missing as well."""
        for other in (character.lower(), character.upper()):
            if other != character:
                signs = [self.write(part) for part in graphemes(unicodedata.normalize("NFC", other))]
                if None not in signs:
                    return tuple(sign for of in signs for sign in of or ())
        return None

    def _sign(self, character: str) -> Sign | None:
        if character in self.has:
            return Sign(character)
        base, marks = _decomposed(character)
        for count in range(len(marks) - 1, -1, -1):
            letter = unicodedata.normalize("NFC", base + marks[:count])
            if letter in self.has and self.marks.issuperset(marks[count:]):
                return Sign(letter, marks[count:])
        return None

    def _drawn(self, character: str) -> Sign | None:
        if character in self.drawable:
            return Sign(character, drawn=True)
        base, marks = _decomposed(character)
        return Sign(base, marks, drawn=True) if base in self.drawable and self.marks.issuperset(marks) else None


def _decomposed(character: str) -> tuple[str, str]:
    decomposed = unicodedata.normalize("NFD", character)
    return decomposed[0], decomposed[1:]


def _spellings(character: str) -> Iterator[str]:
    """Yield the character and what is written in the same way."""
    yield character
    if (plain := character.rstrip(VARIATION_SELECTORS)) != character and plain:
        character = plain
        yield character
    for group in _ALIKE:
        if character in group:
            yield from group
    yield from _WRITTEN_AS.get(character, ())
    if not unicodedata.decomposition(character[0]).startswith(_UNLIKE):
        wide = unicodedata.normalize("NFKC", character)
        if wide != character and not any(part.isspace() for part in wide):
            yield wide
            yield wide.replace("\u2044", "/")


def _standing_for(character: str, signs: tuple[Sign, ...]) -> tuple[Sign, ...]:
    """Return signs of which the first stands for the character as it is typed."""
    return tuple(
        Sign(sign.character, sign.marks, "" if number else character, sign.drawn) for number, sign in enumerate(signs)
    )


def _shown(sign: Sign) -> str:
    return unicodedata.normalize("NFC", sign.character + sign.marks)


_OTHERWISE: Mapping[Writer, str] = {
    "hand": "write it on a page and label that (handwriting sheet prints a text to copy)",
    "model": "give a run that was trained on what is missing",
}
"""What else helps where a character is missing."""


def _refusal(lacking: list[str], ways: _Ways, missing: Missing, writer: Writer) -> str:
    """Return one line that names all missing characters and what can be done."""
    names = " ".join(map(character_name, lacking[:MAX_NAMED]))
    more = f" and {len(lacking) - MAX_NAMED:,} more" if len(lacking) > MAX_NAMED else ""
    remedies = []
    for choice, purpose, way in (
        ("case", "to write the other case", ways.write_other_case),
        ("drawn", "to draw what is missing", ways.draw),
    ):
        number = sum(way(character) is not None for character in lacking)
        if number and choice != missing:
            remedies.append(f"missing={choice} {purpose}" + (f" ({number:,} of them)" if number < len(lacking) else ""))
    whose = "its" if len(lacking) == 1 else "their"
    reason = {"case": f", and {whose} other case as well", "drawn": " and cannot draw what it lacks"}.get(missing, "")
    return (
        f"This {writer} lacks {counted(len(lacking), 'character')} of the text{reason}: {names}{more}. "
        f"Give {', '.join([*remedies, 'missing=skip to leave out what is missing'])}, or {_OTHERWISE[writer]}."
    )
