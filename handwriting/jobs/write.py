"""Write a message in a hand, or by a trained model: pages as pictures, vector graphics, a PDF or an animation."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from handwriting.errors import ConfigError
from handwriting.fields import AnyPath, FolderPath, FreeText, Names, TextAsTyped
from handwriting.files import REPORTS, expanded
from handwriting.interruption import say_stopped
from handwriting.jobs.arguments import Seed, Switch, read_arguments
from handwriting.jobs.given_text import given_text, text_file
from handwriting.progress import step, tell
from handwriting.text import counted, listed, printable

if TYPE_CHECKING:
    from pathlib import Path

    from omegaconf import DictConfig

    from handwriting.writing.layout import MessagePage
    from handwriting.writing.message import Message
    from handwriting.writing.model_letters import ModelLetters
    from handwriting.writing.page_files import PagesWritten

MIN_DPI, MAX_DPI = 30.0, 1200.0
"""Range of the resolution of pictures, in pixels an inch."""
MIN_SCALE, MAX_SCALE = 0.2, 10.0
"""Range of the factor of the size of the writing."""


SAME_PAGE = 0.02
"""Share of a page's characters that may be missing on a page because they are not written."""


@dataclass(frozen=True)
class Arguments:
    """The job's own keys; what each means stands in ``conf/write.yaml``."""

    hand: FolderPath | None
    run: FolderPath | None
    text: TextAsTyped
    out: AnyPath | None
    missing: Names
    paper: Literal["plain", "ruled", "squared"]
    size: FreeText | None
    margin: Annotated[float, Field(ge=0, le=200)] | None
    scale: Annotated[float, Field(ge=MIN_SCALE, le=MAX_SCALE)]
    line_distance: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None
    word_space: Annotated[float, Field(ge=0.3, le=20)] | None
    ink: FreeText
    paper_colour: FreeText
    dpi: Annotated[float, Field(ge=MIN_DPI, le=MAX_DPI)] | None
    seed: Seed
    overwrite: Switch


def run(cfg: DictConfig) -> PagesWritten:
    """Write the message that ``cfg`` describes, print what was written in another way than typed, and return the files.

    Raises:
        ConfigError: If a value is not allowed, neither a hand nor a run is given, the run's model draws no
            characters on request, characters of the text are lacking, or files exist.
        DataError: If the hand or the text cannot be read, a file cannot be written, or the model draws nothing.
        RunError: If there is no such run, or no checkpoint in it that can be loaded safely.
    """
    files: list[Path] = []
    try:
        return _write(read_arguments(Arguments, cfg), files)
    except KeyboardInterrupt as stop:
        kept = "Nothing is written; the same command begins again."
        if files:
            whole = f"{_page_names(files)} {'is' if len(files) == 1 else 'are'} whole"
            kept = f"{whole}; the same command with overwrite=true writes all pages again."
        say_stopped(stop, kept)
        raise


def _write(arguments: Arguments, files: list[Path]) -> PagesWritten:
    """Write the message, and note each file as it is written; see :func:`run`."""
    from handwriting.writing.colours import read_colours
    from handwriting.writing.message import read_message
    from handwriting.writing.page_files import message_path, refuse_large_sheet, refuse_replacing, write_pages
    from handwriting.writing.paper import Paper, read_size
    from handwriting.writing.planning import plan_message, usual_paper
    from handwriting.writing.spelling import read_missing

    named = arguments.hand or arguments.run
    if named is None:
        raise ConfigError("Give hand=<folder of a hand>, run=<run of a conditional model>, or both.")
    colours = read_colours(arguments.ink, arguments.paper_colour)
    out = message_path(arguments.out or str(REPORTS / f"{expanded(named).resolve().name}.png"))
    if (source := text_file(arguments.text)) and source == out.resolve():
        raise ConfigError(f"out={out} would replace the text itself. Give another out=.")
    message = read_message(given_text(arguments.text, "write"))
    missing = read_missing(arguments.missing)
    size = usual_paper(out, message) if arguments.size is None else read_size(arguments.size)
    paper = Paper(size, arguments.paper, arguments.margin, arguments.scale, arguments.line_distance)
    paper.refuse_impossible()
    refuse_large_sheet(paper, out, arguments.dpi)
    refuse_replacing(out, arguments.overwrite)

    from handwriting.pages.hand_file import read_hand
    from handwriting.pages.hand_folder import open_hand
    from handwriting.pages.source_words import read_source_words
    from handwriting.writing.bank import Bank
    from handwriting.writing.stroke_fonts import drawable
    from handwriting.writing.writer import HandWriter
    from handwriting.writing.written_words import LayoutStyle

    with step("reading the hand"):
        folder = open_hand(arguments.hand) if arguments.hand else None
        own = Bank(read_source_words(folder)) if folder else None
    letters = _letters_of(arguments.run, arguments.seed) if arguments.run else None
    known = {*(own.by_label if own else ()), *(letters.alphabet if letters else ())}
    plan = plan_message(message, known, missing, drawable, "hand" if own else "model")
    with step("measuring the hand"):
        fit = read_hand(folder, lambda: own) if folder and own else None
    pages_style = fit.layout_style() if fit else LayoutStyle()
    style = pages_style.with_usual_word_space()
    if arguments.word_space is not None:
        style = pages_style.with_word_space(arguments.word_space)
    with step("preparing the letters"):
        bank, by_model = letters.bank(own, plan.signs) if letters else (own, [])
        assert bank is not None  # one of both is given
        writer = HandWriter(bank, arguments.seed, slope_sd=fit.slope.sd if fit else 0.0)
        writer.supply(plan.signs)
    with step("writing the first page") as report:
        pages = _with_progress(plan.pages(writer, style, paper, arguments.seed), message, report)
        written = write_pages(
            pages, out, colours, overwrite=arguments.overwrite, dpi=arguments.dpi, report=files.append
        )
    for title, line in plan.report():
        print(f"{title:12} {printable(line)}")
    if own and by_model:
        print(f"{'by the model':12} {listed(by_model)}: this hand has too few drawings of them")
    if arguments.word_space is None and style is not pages_style:
        apart = f"{style.word_space:.1f} x-heights apart, and {pages_style.word_space:.1f} on the pages"
        print(f"{'words':12} {apart}: word_space={pages_style.word_space:.1f} writes them so")
    if written.removed:
        print(f"{'removed':12} {_page_names(written.removed)}: of the earlier message")
    size_of = f"{counted(written.words, 'word')}, {counted(written.pages, 'page')}"
    print(f"{'written':12} {size_of}: {_page_names(written.files)}")
    return written


def _with_progress(
    pages: Iterable[MessagePage], message: Message, report: Callable[[float, str], object]
) -> Iterator[MessagePage]:
    """Yield the pages of a message; print a line about each that another one follows."""
    lengths = [sum(not character.isspace() for character in part) for part in message.text.split("\f")]
    last, done, most = None, 0, 1
    for page in pages:
        if last is not None:
            length = sum(len(placed.word.text) for placed in last.words)
            done, most = done + length, max(most, length)
            about = max(page.number, last.number + pages_left(lengths, done, most))
            tell(f"page {last.number:,} of about {about:,}")
            report(done / max(done, sum(lengths)), f"writing page {page.number:,} of about {about:,}")
        last = page
        yield page


def pages_left(lengths: Sequence[int], done: int, most: int) -> int:
    """Return about how many pages there will be after those that are done.

    >>> pages_left([100], 40, 40), pages_left([100, 10, 10], 100, 50), pages_left([100, 0, 10], 50, 50)
    (2, 2, 3)

    Args:
        lengths: The characters of each part of the message that begins a page.
        done: The characters on the pages that are done.
        most: The most characters on any of these.
    """
    left = 0
    for length in lengths:
        rest, done = length - done, max(0, done - length)
        if rest > SAME_PAGE * most or (not done and not length):
            left += max(1, math.ceil(rest / most))
    return left


def _page_names(files: Sequence[Path]) -> str:
    """Return pages in a few words: the first, and the last where there are several."""
    return printable(str(files[0]) + (f" to {files[-1].name}" if len(files) > 1 else ""))


def _letters_of(run: str, seed: int) -> ModelLetters:
    """Return the letters of a run's model."""
    from handwriting.models.lettering import letters_of

    return letters_of(run, seed)
