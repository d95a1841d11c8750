"""A message made ready: read, spelt with the characters of a hand, and refused before any of it is written."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from handwriting.errors import ConfigError
from handwriting.text import counted, listed, shown
from handwriting.writing.layout import MessagePage, lay_out
from handwriting.writing.message import Message, MessageRow, message_rows
from handwriting.writing.paper import Paper, PaperSize
from handwriting.writing.spelling import Missing, Spelling, Writer, spell, ways_to_spell
from handwriting.writing.written_words import LayoutStyle, Sign, WriteWord

MAX_SHORT = 1_200
"""Characters of a message that is short, so that a picture is cut to it: about what a page has room for."""
MAX_NAMED = 26
"""Characters that a line of the report names."""


@dataclass(frozen=True)
class MessagePlan:
    """A message and how a hand writes it.

    Attributes:
        message: What is written.
        spelling: How its characters are.
        hyphen: What is written where a soft hyphen breaks a word; nothing where the hand has no hyphen.
        writer: What writes it.
    """

    message: Message
    spelling: Spelling
    hyphen: tuple[Sign, ...]
    writer: Writer = "hand"

    @property
    def signs(self) -> Iterator[Sign]:
        """The signs that its words are made of, some of them several times."""
        for signs in (*self.spelling.signs.values(), self.hyphen):
            yield from signs

    def rows(self) -> Iterator[MessageRow]:
        """Yield the rows of the message."""
        return message_rows(self.message, self.spelling, self.hyphen)

    def pages(self, write: WriteWord, style: LayoutStyle, paper: Paper, seed: int = 0) -> Iterator[MessagePage]:
        """Yield the pages of the message, each when it is asked for, as :func:`lay_out` does."""
        return lay_out(self.rows(), write, style, paper, seed)

    def report(self) -> Iterator[tuple[str, str]]:
        """Yield what is written in another way than it is typed: a title and a line of text for each kind."""
        spelling = self.spelling
        if spelling.skipped:
            yield "skipped", f"{listed(spelling.skipped, MAX_NAMED)}: not in this {self.writer}"
        if others := [f"{shown(typed)} as {shown(text)}" for typed, text in spelling.replaced.items()]:
            more = f" and {len(others) - MAX_NAMED:,} more" if len(others) > MAX_NAMED else ""
            yield "replaced", ", ".join(others[:MAX_NAMED]) + more
        if spelling.drawn:
            yield "drawn", f"{listed(spelling.drawn, MAX_NAMED)}: not in this {self.writer}"
        if dropped := self.message.dropped:
            names = listed(dropped, MAX_NAMED)
            yield "dropped", f"{counted(sum(dropped.values()), 'character')} without ink: {names}"


def plan_message(
    message: Message,
    known: Collection[str],
    missing: Sequence[Missing] = ("stop",),
    drawable: Callable[[Iterable[str]], Collection[str]] = lambda _: (),
    writer: Writer = "hand",
) -> MessagePlan:
    r"""Return how a hand writes a message.

    Args:
        message: The message, as :func:`read_message` returns it.
        known: The characters that the hand has.
        missing: What is done about one that it lacks, as :func:`read_missing` returns it.
        drawable: Returns which of some characters can be drawn in its style, where ``missing`` has ``"drawn"``: the
            refusal of a message says so.
        writer: What lines to the user call the hand.

    Raises:
        ConfigError: If the text holds characters that cannot be written, or if nothing is left when those are skipped.

    >>> from handwriting.writing.message import read_message
    >>> [row.starts_page for row in plan_message(read_message("one\ntwo"), "enotw").rows()]
    [False, False]
    """
    can_draw = drawable(ways_to_spell(set(message.characters).difference(known)))
    spelling = spell(message.characters, known, missing, drawable=can_draw, writer=writer)
    if not any(spelling.signs.values()):
        raise ConfigError(f"This {writer} has none of the characters of the text, so nothing is left to write.")
    hyphen = spell("-", known, ["skip"]).signs["-"]
    return MessagePlan(message, spelling, hyphen, writer)


def usual_paper(out: Path, message: Message) -> PaperSize:
    """Return the paper of a message whose user names none: a sheet for a document or a long text, else a cut picture.

    Args:
        out: Where the message goes.
        message: The message.
    """
    is_short = len(message.text) <= MAX_SHORT and "\f" not in message.text
    return "fit" if is_short and out.suffix.lower() != ".pdf" else "a4"
