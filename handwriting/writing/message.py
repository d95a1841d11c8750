"""A message as it is typed: cleaned of what carries no ink, and split into rows of words for the layout."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from handwriting.errors import ConfigError
from handwriting.labelling.copy_lines import is_right_to_left
from handwriting.text import shown
from handwriting.writing.graphemes import JOINER, TAGS, graphemes
from handwriting.writing.spelling import Spelling
from handwriting.writing.written_words import Sign

MAX_WORD_SIGNS = 200
"""Signs of the longest word that is written at once; a longer one comes in parts."""
SOFT_HYPHEN, BREAK = "\u00ad", "\u200b"
"""Where a word may be broken, with a hyphen and without."""
_LINE_ENDS = re.compile("\r\n|[\r\v\x1c\x1d\x1e\x85\u2028\u2029]")
_SPACED = re.compile("([ \u00a0\t]*)([^ \u00a0\t]*)")
_GAPS = " \u00a0\t"
_TIED_SPACES = "\u00a0\u2007\u202f"
_CLOSING = ("Pe", "Pf", "Po")
"""The kinds of marks that begin no line."""
_DASHES = "-\u2010\u2013\u2014"


@dataclass(frozen=True)
class Message:
    """A message without what carries no ink.

    Attributes:
        text: In NFC. Its spaces are plain ones, no-break spaces (U+00A0) and tabs, its line ends are line feeds, and a
            form feed begins a page. Words may be broken at soft hyphens (U+00AD) and zero-width spaces (U+200B).
        dropped: The invisible characters that were dropped, with how often each was.
    """

    text: str
    dropped: Mapping[str, int]

    @property
    def characters(self) -> tuple[str, ...]:
        """The characters to write, each once, in the order of the text."""
        return tuple(dict.fromkeys(filter(_has_ink, graphemes(self.text))))


@dataclass(frozen=True)
class WordBreak:
    """A place where a word may be broken.

    Attributes:
        end: The number of signs before it.
        hyphen: The signs that are written at the end of the line besides.
    """

    end: int
    hyphen: tuple[Sign, ...] = ()


@dataclass(frozen=True)
class MessageWord:
    """A word of a message.

    Attributes:
        signs: What is written.
        breaks: Where it may be broken, from left to right.
        spaces: The spaces before it, after the last tab; 0 for the first word of a row that is not indented.
        is_tied: Whether it stays on the line of the word before.
        tabs: The tabs before it: it stands that many tab stops further on.
        goes_on: Whether it is a further part of the word before, which was too long to be written at once.
    """

    signs: tuple[Sign, ...]
    breaks: tuple[WordBreak, ...] = ()
    spaces: int = 1
    is_tied: bool = False
    tabs: int = 0
    goes_on: bool = False


@dataclass(frozen=True)
class MessageRow:
    """The words up to a line end of the message; none for an empty line.

    Attributes:
        words: Its words; of a message, to be read once.
        starts_page: Whether it begins a page.
    """

    words: Iterable[MessageWord]
    starts_page: bool = False


def read_message(text: str) -> Message:
    r"""Return a message without what carries no ink.

    Args:
        text: Any text from left to right.

    Raises:
        ConfigError: If nothing is left to write, or it holds letters that are written from right to left.

    >>> read_message("one\ttwo\r\n\ufeffthree \n\n")
    Message(text='one\ttwo\nthree', dropped={'\ufeff': 1})
    """
    if is_right_to_left(text):
        first = next(character for character in text if is_right_to_left(character))
        raise ConfigError(
            f"The text holds letters that are written from right to left, such as {shown(first)}, and words are set "
            "from left to right only. Give a text without them."
        )
    dropped: Counter[str] = Counter()
    text = _LINE_ENDS.sub("\n", unicodedata.normalize("NFC", text))
    kept: list[str] = []
    for place, character in enumerate(text):
        if (plain := _plain(character, text[place - 1 : place], text[place + 1 : place + 2])) is None:
            dropped[character] += 1
        else:
            kept.append(plain)
    cleaned = "".join(kept)
    if not any(map(_has_ink, cleaned)):
        raise ConfigError("The text holds nothing to write. Give text= some words, or @ and a file that holds them.")
    return Message("\n".join(row.rstrip(_GAPS) for row in cleaned.split("\n")).rstrip("\n\f" + _GAPS), dict(dropped))


def _plain(character: str, before: str, after: str) -> str | None:
    """Return what stands in a message for a character; None where it is dropped."""
    if character in "\n\f\t" or character in SOFT_HYPHEN + BREAK:
        return character
    if character in _TIED_SPACES:
        return "\u00a0"
    category = unicodedata.category(character)
    if category == "Zs":
        return " "
    if character == JOINER:
        return character if _is_pictograph(before) and _is_pictograph(after) else None
    if category == "Cf":
        return character if character in TAGS and before else None
    return None if category == "Cc" else character


def _is_pictograph(character: str) -> bool:
    return bool(character) and unicodedata.category(character) in ("So", "Sk", "Mn")


def _has_ink(character: str) -> bool:
    return not character.isspace() and character not in SOFT_HYPHEN + BREAK


def message_rows(message: Message, spelling: Spelling, hyphen: Sequence[Sign] = ()) -> Iterator[MessageRow]:
    """Yield the rows of a message, one at a time.

    Args:
        message: The message.
        spelling: How its characters are written. A word of which nothing is written is left out.
        hyphen: What is written where a soft hyphen breaks a word.
    """
    for page_number, page in enumerate(message.text.split("\f")):
        for row_number, row in enumerate(page.split("\n")):
            words = _words(row, spelling.signs, tuple(hyphen))
            yield MessageRow(words, starts_page=page_number > 0 and row_number == 0)


def _words(row: str, signs_of: Mapping[str, tuple[Sign, ...]], hyphen: tuple[Sign, ...]) -> Iterator[MessageWord]:
    spaces, tabs, is_tied = 0, 0, False
    for match in _SPACED.finditer(row):
        space, typed = match.groups()
        _, tab, after = space.rpartition("\t")
        spaces = len(after) + (0 if tab else spaces)
        tabs, is_tied = tabs + space.count("\t"), is_tied or "\u00a0" in space
        signs, breaks = _signs(typed, signs_of, hyphen)
        start = 0
        while start < len(signs):
            end = _piece_end(signs, breaks, start)
            inner = (WordBreak(place.end - start, place.hyphen) for place in breaks if start < place.end < end)
            yield MessageWord(tuple(signs[start:end]), tuple(inner), spaces, is_tied, tabs, goes_on=start > 0)
            start, spaces, tabs, is_tied = end, 0, 0, False


def _signs(
    typed: str, signs_of: Mapping[str, tuple[Sign, ...]], hyphen: tuple[Sign, ...]
) -> tuple[list[Sign], list[WordBreak]]:
    """Return the signs of a word and where it may be broken."""
    signs: list[Sign] = []
    breaks: list[WordBreak] = []
    parts = list(graphemes(typed))
    for number, part in enumerate(parts):
        if part in SOFT_HYPHEN + BREAK:
            breaks.append(WordBreak(len(signs), hyphen if part == SOFT_HYPHEN else ()))
            continue
        signs += signs_of[part]
        if number + 1 < len(parts) and _may_break(parts[number - 1] if number else "", part, parts[number + 1]):
            breaks.append(WordBreak(len(signs)))
    return signs, [place for place in breaks if 0 < place.end < len(signs)]


def _may_break(before: str, character: str, after: str) -> bool:
    """Return whether a line may end after a character: a dash or stroke within a word, or a Chinese character."""
    if character in _DASHES or character == "/":
        return before[:1].isalnum() and after[0].isalnum()
    is_wide = unicodedata.east_asian_width(character[0]) in "WF" or unicodedata.east_asian_width(after[0]) in "WF"
    return is_wide and unicodedata.category(after[0]) not in _CLOSING and unicodedata.category(character[0]) != "Ps"


def _piece_end(signs: Sequence[Sign], breaks: Sequence[WordBreak], start: int) -> int:
    """Return where a piece of a word ends that is short enough to be written at once."""
    limit = start + MAX_WORD_SIGNS
    if limit >= len(signs):
        return len(signs)
    usual = [place.end for place in breaks if start < place.end <= limit and not place.hyphen]
    end = usual[-1] if usual else limit
    while not usual and end > start + 1 and not signs[end].typed:  # what stands for one character stays together
        end -= 1
    return end
