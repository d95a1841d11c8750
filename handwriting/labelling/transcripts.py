r"""Transcripts: what is written on a page, as plain text.

>>> transcript_of("“Well…”,\u00a0she\u200b said\n\n  so. ").lines
(('"Well…",', 'she', 'said'), ('so.',))
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from handwriting.errors import DataError
from handwriting.labelling.copy_lines import KEPT_FORMAT_CHARACTERS, cleaned, is_right_to_left
from handwriting.labelling.plain_text import plain_marks, read_text_file

PAGE_BREAK = "\f"
"""The form feed, which separates the pages of one text."""
REMEDY = "Give the text of the page, in UTF-8."
_NO_JOINERS = str.maketrans("", "", KEPT_FORMAT_CHARACTERS)
"""A sheet keeps them, because they change what is printed; they are no characters of a hand."""


@dataclass(frozen=True)
class Transcript:
    """The text of one page.

    Attributes:
        lines: The words of each line, in reading order; no line is empty.
    """

    lines: tuple[tuple[str, ...], ...]

    @cached_property
    def words(self) -> tuple[str, ...]:
        """All words in reading order."""
        return tuple(word for line in self.lines for word in line)

    @cached_property
    def line_numbers(self) -> tuple[int, ...]:
        """The number of the line of each word, from 0."""
        return tuple(number for number, line in enumerate(self.lines) for _ in line)


def transcript_of(text: str) -> Transcript:
    r"""Return the words of a text in their lines: NFC, plain quotes and dashes, nothing invisible, no empty lines.

    Args:
        text: Line ends may be of any system. All white space separates words.
    """
    rows = (plain_marks(row).split() for row in cleaned(text).translate(_NO_JOINERS).splitlines())
    return Transcript(tuple(tuple(row) for row in rows if row))


def read_transcript(path: Path, page: int | None = None, count: int = 1) -> Transcript:
    r"""Read the transcript of one page.

    Args:
        path: A text in UTF-8, a line of text for each line of writing; other line breaks do no harm.
        page: The number of the page, from 0, in a text of several pages separated by form feeds; None if the whole
            text is that of the page.
        count: The number of pages of that text.

    Raises:
        DataError: If the file cannot be read, is not text in UTF-8, has no words or not ``count`` pages, or is written
            from right to left.
    """
    if path.is_fifo():  # reading it would wait for ever
        raise DataError(f"{path} is not a file. {REMEDY}")
    text = read_text_file(path, str(path), REMEDY)
    name = str(path)
    if page is not None:
        pages = text.split(PAGE_BREAK)
        if len(pages) == count + 1 and not transcript_of(pages[-1]).lines:  # some programs end every page with it
            pages.pop()
        if len(pages) != count:
            raise DataError(
                f"{path} has {len(pages)} pages of text, separated by form feeds, for {count} pages of writing. "
                "Separate the pages, or give each a text of its own: the same name with _1, _2 ... at its end."
            )
        text, name = pages[page], f"{path} page {page + 1}"
    transcript = transcript_of(text)
    if not transcript.lines:
        raise DataError(f"{name} holds no words. {REMEDY}")
    if foreign := next((word for word in transcript.words if is_right_to_left(word)), None):
        line = next(number for number, row in enumerate(text.splitlines(), 1) if is_right_to_left(row))
        raise DataError(
            f"{name} holds a script that is written from right to left (line {line}: {foreign}), and pages are read "
            "from left to right. Label this page without a transcript."
        )
    return transcript
