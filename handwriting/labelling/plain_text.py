"""Text as a hand writes it: read from a file, with plain marks for the typographic ones."""

from __future__ import annotations

import unicodedata
from pathlib import Path

from handwriting.errors import DataError

MAX_TEXT_BYTES = 1_000_000
"""Size of the largest text that is read; a page of text has a thousand bytes."""
_PLAIN = str.maketrans(
    "\u2018\u2019\u201a\u201b\u2032\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb\u2010\u2011\u2012\u2013\u2014\u2015\u2212",
    "'" * 5 + '"' * 7 + "-" * 7,
)
"""Typographic quotes, primes and dashes, and the plain marks that are written in the same way."""


def plain_marks(text: str) -> str:
    """Return a text in NFC with plain quotes and dashes.

    >>> plain_marks("“one—two”")
    '"one-two"'
    """
    return unicodedata.normalize("NFC", text).translate(_PLAIN)


def read_text_file(path: Path, name: str, remedy: str) -> str:
    """Return the text in a file in UTF-8, without a byte-order mark.

    Args:
        path: The file.
        name: What messages call it.
        remedy: The sentence that says what to give instead.

    Raises:
        DataError: If there is no such file, or it cannot be read, is not text in UTF-8, or is larger than
            ``MAX_TEXT_BYTES``.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MAX_TEXT_BYTES + 1)
        if len(content) > MAX_TEXT_BYTES:
            raise DataError(f"{name} has more than {MAX_TEXT_BYTES:,} bytes: too much to write by hand. {remedy}")
        text = content.decode("utf-8-sig")
    except (OSError, ValueError) as error:
        if isinstance(error, UnicodeDecodeError):
            line = content.count(b"\n", 0, error.start) + 1
            raise DataError(f"{name} is not text in UTF-8 (line {line}). Save it as UTF-8.") from error
        raise DataError(f"{name} cannot be read ({getattr(error, 'strerror', None) or error}). {remedy}") from error
    if "\0" in text:
        raise DataError(f"{name} is not text: it holds null characters. {remedy}")
    return text
