"""How each character of a message is written with the characters that a hand has, or why it cannot be.

In this order: the character itself, one that is written in the same way, its letter with its accents put on it, and
what the user allows for those that are missing. All missing characters are named at once.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from handwriting.errors import ConfigError, nearest
from handwriting.text import counted, listed, shown
from handwriting.writing.graphemes import VARIATION_SELECTORS, graphemes
from handwriting.writing.written_words import Sign

Missing = Literal["stop", "skip", "case", "drawn"]
"""What is done about a character that the hand lacks: refuse the message, leave the character out, write its other
case, or draw it in the style of the hand. Of several, the next is for what the one before cannot help."""

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
    missing: Sequence[Missing] = ("stop",),
    *,
    marks: Collection[str] = MARKS,
    drawable: Collection[str] = (),
    writer: Writer = "hand",
) -> Spelling:
    """Return how characters are written.

    Args:
        characters: The characters of a message as a reader counts them, without spaces.
        known: Those that the hand has.
        missing: What is done about one that cannot be written otherwise, as :func:`read_missing` returns it.
        marks: The combining marks that can be put on a letter that the hand has.
        drawable: Those that can be drawn in the style of the hand, where ``missing`` has ``"drawn"``.
        writer: What the refusal calls the hand.

    Raises:
        ConfigError: If some cannot be written; it names each once, and what can be done.

    >>> spell("É…", "e.", ["case"]).replaced
    {'É': 'é', '…': '...'}
    """
    has = frozenset(unicodedata.normalize("NFC", character) for character in known)
    ways = _Ways(has, frozenset(marks), frozenset(drawable))
    signs: dict[str, tuple[Sign, ...]] = {}
    lacking: list[str] = []
    for character in dict.fromkeys(characters):
        found = ways.write(character)
        for way in missing:
            if found is None and way in _HELP:
                found = _HELP[way](ways, character)
        if found is None:
            lacking.append(character)
        signs[character] = _standing_for(character, found or ())
    if lacking and "skip" not in missing:
        raise ConfigError(_refusal(lacking, ways, missing, writer))
    written = {character: "".join(map(_shown, of)) for character, of in signs.items() if of}
    return Spelling(
        signs,
        {character: text for character, text in written.items() if text != character},
        tuple(lacking),
        tuple(character for character, of in signs.items() if any(sign.drawn for sign in of)),
    )


def read_missing(names: str) -> tuple[Missing, ...]:
    """Return what is done about missing characters, in the order in which it is tried.

    Args:
        names: One or several of :data:`Missing`, separated by commas.

    Raises:
        ConfigError: If a name is none of them; or if ``stop`` or ``skip``, which need nothing after them, is not last.

    >>> read_missing("drawn, skip")
    ('drawn', 'skip')
    """
    choices = get_args(Missing)
    given = [name.strip() for name in names.split(",")]
    if unknown := [name for name in given if name not in choices]:
        raise ConfigError(
            f"missing={names}: {shown(unknown[0])} is none of {', '.join(choices)}.{nearest(unknown[0], choices)} Give "
            "one, or several to try in turn, such as missing=drawn,skip."
        )
    if early := [name for name in given[:-1] if name in ("stop", "skip")]:
        raise ConfigError(f"missing={names}: {early[0]} leaves nothing to try after it. Give it last.")
    return tuple(choice for name in given for choice in choices if choice == name)


def ways_to_spell(characters: Iterable[str]) -> frozenset[str]:
    """Return every code point that may be written for characters, one way or another."""
    texts = {text for character in characters for text in _spellings(character)}
    return frozenset("".join(texts)) | frozenset(unicodedata.normalize("NFD", "".join(sorted(texts))))


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


_HELP: Mapping[Missing, Callable[[_Ways, str], tuple[Sign, ...] | None]] = {
    "case": _Ways.write_other_case,
    "drawn": _Ways.draw,
}
"""How each choice that writes a missing character does so."""
_PURPOSES = {"case": "write the other case", "drawn": "draw {}"}
"""What each is for; ``{}`` is what is missing."""


def _refusal(lacking: list[str], ways: _Ways, missing: Sequence[Missing], writer: Writer) -> str:
    """Return one line that names all missing characters and what can be done."""
    tried = [choice for choice in missing if choice in _HELP]
    these = "what is missing" if not tried else "this one" if len(lacking) == 1 else "these"
    remedies = []
    for choice, help_with in _HELP.items():
        number = sum(help_with(ways, character) is not None for character in lacking)
        if number and choice not in tried:
            purpose = _PURPOSES[choice].format(these)
            rest = f" ({number:,} of them) and leave out the rest" if number < len(lacking) else ""
            remedies.append(f"missing={','.join([*tried, choice, *(['skip'] if rest else [])])} to {purpose}{rest}")
    remedies.append(f"missing={','.join([*tried, 'skip'])} to leave out {these}")
    whose, which = ("its", "it") if len(lacking) == 1 else ("their", "them")
    reasons = {"case": f"{whose} other case as well", "drawn": f"cannot draw {which}"}
    reason = "".join(f" and {reasons[choice]}" for choice in tried)
    return (
        f"This {writer} lacks {counted(len(lacking), 'character')} of the text{reason}: {listed(lacking, MAX_NAMED)}. "
        f"Give {', '.join(remedies)}, or {_OTHERWISE[writer]}."
    )
