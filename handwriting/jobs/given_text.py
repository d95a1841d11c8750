"""A text that the user gives on the command line: itself, with a first ``@`` doubled, or ``@`` and a file."""

from __future__ import annotations

from pathlib import Path

from handwriting.errors import ConfigError
from handwriting.files import answers, expanded
from handwriting.labelling.plain_text import read_text_file
from handwriting.text import printable

MAX_SHOWN_CHARACTERS = 40
"""How much of a text a message shows."""


def given_text(text: str, purpose: str) -> str:
    """Return the text that ``text`` is, or names by ``@`` and a file; of ``@@``, what follows the first ``@``.

    Args:
        text: The value of ``text=``.
        purpose: The verb of what is done with it, for the message.

    Raises:
        ConfigError: If it names a file without ``@``, has nothing after its ``@``, or is not text in the encoding of
            the terminal.
        DataError: If the file cannot be read, is not text in UTF-8, or is far too large.
    """
    if (path := _file_named(text)) is not None:
        return read_text_file(path, f"text=@{path}", "Give @ and a text file.")
    if text == "@":
        raise ConfigError(f"text=@ names no file: give text=@<file> to {purpose} what it holds, or text=@@ for an @.")
    if _may_be_path(text) and answers(expanded(text).is_file):
        raise ConfigError(f"text={text} is a file: write text=@{text} to {purpose} what it holds.")
    if _has_undecoded(text):
        raise ConfigError(
            f"text={shortened(text)} is not text in the encoding of your terminal. Give it in a file: text=@file."
        )
    return text[1:] if text.startswith("@@") else text


def text_file(text: str | None) -> Path | None:
    """Return the file that ``text`` names, resolved; None where it names none."""
    path = _file_named(text or "")
    return None if path is None else path.resolve()


def _file_named(text: str) -> Path | None:
    """Return the file that a text names; None where it is a text itself."""
    return expanded(text[1:]) if text.startswith("@") and not text.startswith("@@") and len(text) > 1 else None


def shortened(text: str) -> str:
    """Return the beginning of a text, on one line, as a message shows it."""
    line = printable(" ".join(text.split()))
    return line if len(line) <= MAX_SHOWN_CHARACTERS else f"{line[:MAX_SHOWN_CHARACTERS]} ..."


def _may_be_path(text: str) -> bool:
    """Return whether a file may have a text as its path."""
    return "\0" not in text and not _has_undecoded(text)


def _has_undecoded(text: str) -> bool:
    """Return whether an argument holds bytes that Python could not decode, and escaped."""
    return any("\ud800" <= character <= "\udfff" for character in text)
