"""A text that the user gives on the command line: itself, or ``@`` and a file that holds it."""

from __future__ import annotations

from pathlib import Path

from handwriting.errors import ConfigError
from handwriting.files import answers, expanded
from handwriting.labelling.plain_text import read_text_file
from handwriting.text import printable

MAX_SHOWN_CHARACTERS = 40
"""How much of a text a message shows."""


def given_text(text: str, purpose: str) -> str:
    """Return the text that ``text`` is, or names by ``@`` and a file.

    Args:
        text: The value of ``text=``.
        purpose: The verb of what is done with it, for the message.

    Raises:
        ConfigError: If it names a file without ``@``, or is not text in the encoding of the terminal.
        DataError: If the file cannot be read, is not text in UTF-8, or is far too large.
    """
    if text.startswith("@"):
        path = expanded(text[1:])
        return read_text_file(path, f"text=@{path}", "Give @ and a text file.")
    if answers(expanded(text).is_file):
        raise ConfigError(f"text={text} is a file: write text=@{text} to {purpose} what it holds.")
    if _has_undecoded(text):
        raise ConfigError(
            f"text={shortened(text)} is not text in the encoding of your terminal. Give it in a file: text=@file."
        )
    return text


def text_file(text: str | None) -> Path | None:
    """Return the file that ``text`` names, resolved; None where it names none."""
    return expanded(text[1:]).resolve() if text and text.startswith("@") else None


def shortened(text: str) -> str:
    """Return the beginning of a text, on one line, as a message shows it."""
    line = printable(" ".join(text.split()))
    return line if len(line) <= MAX_SHOWN_CHARACTERS else f"{line[:MAX_SHOWN_CHARACTERS]} ..."


def _has_undecoded(text: str) -> bool:
    """Return whether an argument holds bytes that Python could not decode, and escaped."""
    return any("\ud800" <= character <= "\udfff" for character in text)
