"""Write a message in a hand: pages as pictures, vector graphics, a PDF or an animation."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from handwriting.errors import ConfigError
from handwriting.fields import AnyPath, FolderPath, FreeText
from handwriting.jobs.arguments import Seed, Switch, read_arguments
from handwriting.jobs.given_text import given_text, text_file
from handwriting.text import counted, printable

if TYPE_CHECKING:
    from omegaconf import DictConfig

    from handwriting.writing.page_files import PagesWritten

MIN_DPI, MAX_DPI = 30.0, 1200.0
"""Range of the resolution of pictures, in pixels an inch."""
MIN_SCALE, MAX_SCALE = 0.2, 10.0
"""Range of the factor of the size of the writing."""


@dataclass(frozen=True)
class Arguments:
    """The job's own keys; what each means stands in ``conf/write.yaml``."""

    hand: FolderPath
    text: FreeText
    out: AnyPath | None
    missing: Literal["stop", "skip", "case", "drawn"]
    paper: Literal["plain", "ruled", "squared"]
    size: Literal["a4", "letter", "fit"] | None
    margin: Annotated[float, Field(ge=0, le=200)] | None
    scale: Annotated[float, Field(ge=MIN_SCALE, le=MAX_SCALE)]
    word_space: Annotated[float, Field(ge=0.3, le=20)] | None
    ink: FreeText
    paper_colour: FreeText
    dpi: Annotated[float, Field(ge=MIN_DPI, le=MAX_DPI)] | None
    seed: Seed
    overwrite: Switch


def run(cfg: DictConfig) -> PagesWritten:
    """Write the message that ``cfg`` describes, print what was written in another way than typed, and return the files.

    Raises:
        ConfigError: If a value is not allowed, the hand lacks characters of the text, or files exist.
        DataError: If the hand or the text cannot be read, or a file cannot be written.
    """
    arguments = read_arguments(Arguments, cfg)
    from handwriting.files import refuse_overwriting
    from handwriting.writing.colours import read_colours
    from handwriting.writing.page_files import message_path, write_pages

    colours = read_colours(arguments.ink, arguments.paper_colour)
    out = message_path(arguments.out or f"{Path(arguments.hand).resolve().name}.png")
    if (source := text_file(arguments.text)) and source == out.resolve():
        raise ConfigError(f"out={out} would replace the text itself. Give another out=.")
    text = given_text(arguments.text, "write")
    refuse_overwriting([out], arguments.overwrite)

    from handwriting.pages.hand_file import read_hand
    from handwriting.pages.hand_folder import open_hand
    from handwriting.pages.source_words import read_source_words
    from handwriting.writing.bank import Bank
    from handwriting.writing.paper import Paper
    from handwriting.writing.planning import plan_message, usual_paper
    from handwriting.writing.stroke_fonts import drawable
    from handwriting.writing.writer import HandWriter

    folder = open_hand(arguments.hand)
    bank = Bank(read_source_words(folder))
    plan = plan_message(text, bank.by_label, arguments.missing, drawable)
    size = arguments.size or usual_paper(out, plan.message)
    paper = Paper(size, arguments.paper, arguments.margin, arguments.scale)
    fit = read_hand(folder, lambda: bank)
    style = fit.layout_style()
    if arguments.word_space is not None:
        spread = style.word_space_sd * arguments.word_space / style.word_space
        style = replace(style, word_space=arguments.word_space, word_space_sd=spread)
    writer = HandWriter(bank, arguments.seed, slope_sd=fit.slope.sd)
    writer.supply(sign for signs in plan.spelling.signs.values() for sign in signs)
    pages = plan.pages(writer, style, paper, arguments.seed)
    written = write_pages(pages, out, colours, overwrite=arguments.overwrite, dpi=arguments.dpi)
    for title, line in plan.report():
        print(f"{title:12} {printable(line)}")
    listed = str(written.files[0]) + (f" to {written.files[-1].name}" if len(written.files) > 1 else "")
    print(f"{'written':12} {counted(written.words, 'word')}, {counted(written.pages, 'page')}: {listed}")
    return written
