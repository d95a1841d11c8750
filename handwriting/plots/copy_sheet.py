"""The sheet to copy by hand, as a PDF: instructions small and grey, the text large, a line for each line of writing."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any, Literal

from matplotlib import rc_context
from matplotlib.backends.backend_pdf import FigureCanvasPdf, PdfPages
from matplotlib.font_manager import FontProperties, findfont
from matplotlib.ft2font import FT2Font, LoadFlags
from matplotlib.lines import Line2D
from matplotlib.textpath import TextPath

from handwriting.errors import ConfigError
from handwriting.labelling.copy_lines import LineLimits, line_width
from handwriting.plots.figures import Figure
from handwriting.writing.paper import PAPER_SIZES

SheetSize = Literal["a4", "letter"]
"""A sheet with room for a text to copy."""
SIDE, TOP, BOTTOM = 20.0, 17.0, 15.0
"""Margins, in millimetres."""
NOTE_STEP = 4.6
"""From one line of the instructions to the next, in millimetres."""
MAX_NOTE_POINTS = 8.5
GAP_AFTER_NOTES = 15.0
"""From the last line of the instructions to the first line of the text, in millimetres."""
RULE_AFTER_NOTES = 4.6
"""From the last line of the instructions to the thin rule below them, in millimetres."""
MIN_STEP, MAX_STEP = 7.2, 9.6
"""From one line of the text to the next, in millimetres; fewer lines stand further apart."""
FOOT = 7.0
"""From the number of the page to the lower edge, in millimetres."""
MAX_POINTS = 18.0
"""Size of the type of the text, smaller where the widest line would not fit."""
STEP_IN_TYPE = 1.5
"""The least distance of lines, in sizes of the type."""
POINTS_PER_MM = 72 / 25.4
MIN_POINTS = MIN_STEP * POINTS_PER_MM / STEP_IN_TYPE
"""Size of the type of a full page, and of the widest line."""
COLUMN = 0.6
"""Width of a column, by which lines are measured, in sizes of the type."""
INK, GREY, RULE = "#16181d", "#7d8188", "#d5d8dc"
TEXT_FONT, NOTE_FONT = "DejaVu Serif", "DejaVu Sans"
"""Both come with matplotlib: the same sheet on every machine."""


def lines_per_page(paper: SheetSize, notes: int) -> int:
    """Return how many lines of text a page has room for below its instructions.

    Args:
        paper: Its paper.
        notes: The number of lines of the instructions.
    """
    return 1 + int(_text_height(paper, notes) / MIN_STEP)


def paper_limits(paper: SheetSize, font: Path | None = None) -> LineLimits:
    """Return what fits on a line of the paper in the smallest type that a sheet has, however many words it holds.

    Args:
        paper: The paper.
        font: A TrueType font; that of the sheet unless given.

    Raises:
        ConfigError: If the font cannot be read.
    """
    path = _font_path(font)
    known = _glyphs(path)
    face = FT2Font(path)
    face.set_size(100, 72)

    @cache
    def columns(character: str) -> float:
        if ord(character) not in known:  # such a text is copied from the screen
            return line_width(character)
        return face.load_char(ord(character), flags=LoadFlags.NO_HINTING).linearHoriAdvance / 65536 / 100 / COLUMN

    width = (PAPER_SIZES[paper][0] - 2 * SIDE) * POINTS_PER_MM / MIN_POINTS / COLUMN
    return LineLimits(width, None, lambda text: sum(map(columns, text)))


def missing_glyphs(text: str, font: Path | None = None) -> str:
    """Return the characters of a text that the font has no glyph for, each once, in the order of the text.

    Args:
        text: Any text.
        font: A TrueType font; that of the sheet unless given.

    Raises:
        ConfigError: If the font cannot be read.
    """
    known = _glyphs(_font_path(font))
    return "".join(
        dict.fromkeys(character for character in text if not character.isspace() and ord(character) not in known)
    )


def _font_path(font: Path | None) -> str:
    return str(font) if font else findfont(FontProperties(family=TEXT_FONT))


@cache
def _glyphs(font: str) -> frozenset[int]:
    try:
        return frozenset(FT2Font(font).get_charmap())
    except (OSError, RuntimeError, ValueError) as error:
        raise ConfigError(
            f"font={font} cannot be read as a font. Give a TrueType file, such as NotoSans.ttf."
        ) from error


def draw_pdf(
    pages: Sequence[Sequence[str]], notes: Sequence[Sequence[str]], paper: SheetSize = "a4", font: Path | None = None
) -> bytes:
    """Return a PDF with embedded fonts, the same bytes for the same text. Several pages are numbered at their feet.

    Args:
        pages: The lines of each page, at most ``lines_per_page`` of them; an empty one is a gap.
        notes: The lines of the instructions above each page.
        paper: The size of the pages.
        font: A TrueType font; that of the sheet unless given.
    """
    properties = FontProperties(fname=str(font)) if font else FontProperties(family=TEXT_FONT)
    with BytesIO() as file:
        # Type 42 embeds the outlines of the font as they are, and text that can be searched and copied.
        with rc_context({"pdf.fonttype": 42}), PdfPages(file, metadata={"CreationDate": None}) as pdf:
            for number, (lines, page_notes) in enumerate(zip(pages, notes, strict=True), 1):
                foot = f"page {number} of {len(pages)}" if len(pages) > 1 else ""
                pdf.savefig(_page(lines, page_notes, foot, paper, properties))
        return file.getvalue()


def _page(lines: Sequence[str], notes: Sequence[str], foot: str, paper: SheetSize, font: FontProperties) -> Figure:
    width, height = PAPER_SIZES[paper]
    figure = Figure(figsize=(width / 25.4, height / 25.4))
    FigureCanvasPdf(figure)
    step = min(MAX_STEP, _text_height(paper, len(notes)) / max(1, len(lines) - 1))
    points = min(MAX_POINTS, step * POINTS_PER_MM / STEP_IN_TYPE, _fitting_points(lines, width - 2 * SIDE, font))

    note_font = FontProperties(family=NOTE_FONT)
    note_points = min(MAX_NOTE_POINTS, _fitting_points(notes, width - 2 * SIDE, note_font))

    def write(text: str, y: float, colour: str, points: float, properties: FontProperties) -> None:
        style: dict[str, Any] = {"color": colour, "fontproperties": properties, "fontsize": points}
        style["fontfeatures"] = ["-liga", "-clig"]  # nobody writes fi as one letter
        figure.text(SIDE / width, 1 - y / height, text, va="baseline", parse_math=False, **style)

    for number, note in enumerate(notes):
        write(note, TOP + number * NOTE_STEP, GREY, note_points, note_font)
    end_of_notes = TOP + (len(notes) - 1) * NOTE_STEP
    rule = 1 - (end_of_notes + RULE_AFTER_NOTES) / height
    figure.add_artist(Line2D([SIDE / width, 1 - SIDE / width], [rule, rule], color=RULE, linewidth=0.6))
    for number, line in enumerate(lines):
        write(line, end_of_notes + GAP_AFTER_NOTES + number * step, INK, points, font)
    if foot:
        write(foot, height - FOOT, GREY, MAX_NOTE_POINTS, note_font)
    return figure


def _text_height(paper: SheetSize, notes: int) -> float:
    """Return the height from the first baseline of the text to the last that fits, in millimetres."""
    return PAPER_SIZES[paper][1] - TOP - (notes - 1) * NOTE_STEP - GAP_AFTER_NOTES - BOTTOM


def _fitting_points(lines: Sequence[str], width: float, font: FontProperties) -> float:
    """Return the size of type at which the widest line is as wide as the page, ``width`` millimetres."""
    at_100 = max(TextPath((0, 0), line, size=100, prop=font).get_extents().x1 for line in lines if line)
    return 100 * width * POINTS_PER_MM / max(at_100, 1.0)
