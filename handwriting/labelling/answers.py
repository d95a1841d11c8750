"""What a person says about a sheet of glyphs, and what the answers so far say about each glyph."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from handwriting.text import quoted

JUNK = ""
"""The label of a piece that is no character."""
JUNK_WORD, MIXED_WORD = "junk", "mixed"
"""What a person writes instead of a character."""


@dataclass(frozen=True)
class SheetAnswer:
    """What a person says about one sheet.

    Attributes:
        shown: The glyphs of the sheet, in the order in which they are numbered from 1.
        label: The character that they show; ``JUNK`` for pieces that are no characters; None where they are mixed.
        wrong: Those of the glyphs that are struck out: they do not show ``label``.
    """

    shown: tuple[int, ...]
    label: str | None
    wrong: tuple[int, ...] = ()

    @property
    def named(self) -> tuple[int, ...]:
        """The glyphs that have the label; none where the sheet is mixed."""
        if self.label is None:
            return ()
        struck = set(self.wrong)
        return tuple(glyph for glyph in self.shown if glyph not in struck)


def read_name(text: str) -> str | None:
    """Return the label that a person's word gives: one character, ``JUNK`` for ``junk``, and None for ``mixed``.

    A character may also be given by its Unicode name: some cannot be typed into a spreadsheet or name a folder.

    >>> read_name("a"), read_name("junk"), read_name("Mixed") is None, read_name("full_stop")
    ('a', '', True, '.')

    Raises:
        ValueError: If it is anything else; the message is a sentence without its subject.
    """
    word = unicodedata.normalize("NFC", text.strip())
    if word.casefold() == JUNK_WORD:
        return JUNK
    if word.casefold() == MIXED_WORD:
        return None
    if len(word) > 1:
        with suppress(KeyError):
            word = unicodedata.lookup(word.replace("_", " "))
    if len(word) != 1 or not word.isprintable():
        such = next((letter for letter in word if letter.isprintable() and not letter.isspace()), "a")
        what = f"{quoted(word)} is not a label" if word else "there is no label"
        raise ValueError(
            f"{what}. Give one character, such as {such}, or its Unicode name, such as full_stop, or {MIXED_WORD} or "
            f"{JUNK_WORD}."
        )
    if is_lone_accent(word):
        raise ValueError(f"{word!a} is an accent without its letter. Give one character, {MIXED_WORD} or {JUNK_WORD}.")
    return word


def is_lone_accent(label: str) -> bool:
    r"""Return whether a label is an accent that stands only on a letter; signs that a script writes apart are none.

    >>> is_lone_accent("\u0301"), is_lone_accent("é"), is_lone_accent("\u0e31")
    (True, False, False)
    """
    return len(label) == 1 and unicodedata.name(label, "").startswith("COMBINING ")


def describe_label(label: str | None) -> str:
    """Return a label as a message shows it.

    >>> describe_label("a"), describe_label(""), describe_label(None)
    ("'a'", 'junk', 'mixed')
    """
    return MIXED_WORD if label is None else repr(label) if label else JUNK_WORD


def read_numbers(text: str, count: int) -> tuple[int, ...]:
    """Return the positions, from 0, of glyphs that are struck out by number: ``-3 -17``, ``3 17``, ``3, 5-7``.

    >>> read_numbers("-3 -17", 40), read_numbers("3;5-7", 40)
    ((2, 16), (2, 4, 5, 6))

    Args:
        text: Numbers and ranges from 1, between spaces, commas or semicolons; a single number may follow a minus sign.
        count: The number of glyphs on the sheet.

    Raises:
        ValueError: If a word is no number, or there is no such glyph; the message is a sentence without its subject.
    """
    places: set[int] = set()
    for word in re.split(r"[\s,;]+", text.strip()):
        if not word:
            continue
        match = re.fullmatch(r"-?(\d{1,6})(?:-(\d{1,6}))?", word)
        if not match:
            raise ValueError(
                f"{quoted(word)} is not the number of a glyph. Give numbers or ranges, such as 3 17 20-25."
            )
        first, last = int(match[1]), int(match[2] or match[1])
        if not 1 <= first <= last <= count:
            raise ValueError(f"there is no glyph {word.lstrip('-')}: the sheet has glyphs 1 to {count}.")
        places.update(range(first - 1, last))
    return tuple(sorted(places))


def read_answer(text: str, shown: Sequence[int]) -> SheetAnswer:
    """Return the answer that a person types about a sheet: ``a``, ``a -3 -17``, ``mixed`` or ``junk``.

    >>> read_answer("a -1", [40, 41, 42])
    SheetAnswer(shown=(40, 41, 42), label='a', wrong=(40,))

    Args:
        text: What was typed.
        shown: The glyphs of the sheet, in the order of their numbers.

    Raises:
        ValueError: If it is no answer; the message says what to type.
    """
    name, _, numbers = text.strip().partition(" ")
    label = read_name(name)
    wrong = tuple(shown[place] for place in read_numbers(numbers, len(shown)))
    if label is None and wrong:
        raise ValueError(
            f"{MIXED_WORD} takes no numbers. Give {MIXED_WORD} alone, or a character and the numbers that are wrong."
        )
    return SheetAnswer(tuple(shown), label, wrong)


@dataclass
class Answered:
    """What the answers so far say about each glyph.

    Attributes:
        count: The number of glyphs.
        names: The labels in the order in which they were first given.
        labels: The index in ``names`` of each glyph's label, int64 ``(N,)``; -1 where no answer names it.
        refused: For each glyph that was struck out, the indices of the labels that it does not have.
        mixed: How often each glyph stood on a sheet that was mixed, int64 ``(N,)``.
    """

    count: int
    names: list[str] = field(default_factory=list)
    labels: NDArray[np.int64] = field(init=False)
    refused: dict[int, set[int]] = field(default_factory=dict)
    mixed: NDArray[np.int64] = field(init=False)

    def __post_init__(self) -> None:
        """Begin without any answer."""
        self.labels = np.full(self.count, -1, np.int64)
        self.mixed = np.zeros(self.count, np.int64)

    @classmethod
    def by(cls, answers: Iterable[SheetAnswer], count: int) -> Answered:
        """Return what some answers say, the later ones in place of the earlier."""
        state = cls(count)
        for answer in answers:
            state.add(answer)
        return state

    def add(self, answer: SheetAnswer) -> None:
        """Take one more answer."""
        shown = list(answer.shown)
        if answer.label is None:
            self.mixed[shown] += 1
            return
        if answer.label not in self.names:
            self.names.append(answer.label)
        label = self.names.index(answer.label)
        self.labels[list(answer.named)] = label
        for glyph in answer.wrong:
            self.refused.setdefault(glyph, set()).add(label)
            if self.labels[glyph] == label:
                self.labels[glyph] = -1

    @property
    def known(self) -> NDArray[np.bool_]:
        """Whether a person named each glyph, bool ``(N,)``."""
        return self.labels >= 0
