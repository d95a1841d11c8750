"""Pages as a PDF: the ink as vector graphics, and over it the text, invisible, to be searched and copied."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from itertools import zip_longest
from typing import IO, Any

import numpy as np
from matplotlib import rc_context
from matplotlib.backends.backend_pdf import FigureCanvasPdf, PdfPages
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, findfont
from matplotlib.ft2font import FT2Font, LoadFlags
from matplotlib.patches import PathPatch
from matplotlib.path import Path as CurvePath
from matplotlib.transforms import IdentityTransform

from handwriting.writing.colours import Colours, hex_colour
from handwriting.writing.layout import MessagePage, PlacedWord
from handwriting.writing.outlines import Outline, straight_curves
from handwriting.writing.page_raster import RULE_WIDTH, SYNTHESISED
from handwriting.writing.page_vectors import word_outlines

POINTS_PER_MM = 72 / 25.4
DECIMALS = 2
"""Decimals of a place in points: 4 micrometres."""
TEXT_FONT = "DejaVu Sans"
"""The font of the invisible text: it comes with matplotlib, and has Latin, Greek and Cyrillic letters."""


def write_pdf(pages: Iterable[MessagePage], file: IO[bytes], colours: Colours) -> int:
    """Write pages as a PDF, one at a time, and return their number. The same pages give the same bytes.

    Args:
        pages: The pages.
        file: Where the PDF goes.
        colours: Their colours.
    """
    count = 0
    metadata = {"CreationDate": None, "Title": "Handwriting", "Subject": SYNTHESISED, "Creator": "handwriting"}
    # Type 42 embeds the outlines of the font as they are, and text that can be searched and copied.
    with rc_context({"pdf.fonttype": 42, "path.simplify": False}):
        pdf = PdfPages(file, metadata=metadata)
        for page in pages:
            pdf.savefig(_figure(page, colours))
            count += 1
        pdf.close()  # only a whole one: after an error of the disk it would fail once more, in another way
    return count


def _figure(page: MessagePage, colours: Colours) -> Figure:
    height = page.height * POINTS_PER_MM
    figure = Figure(figsize=(page.width / 25.4, page.height / 25.4), facecolor=hex_colour(colours.paper))
    FigureCanvasPdf(figure)
    style: dict[str, Any] = {"transform": IdentityTransform()}
    if page.rules.rows or page.rules.columns:
        rules = _rule_path(page, height)
        width = RULE_WIDTH * POINTS_PER_MM
        figure.add_artist(PathPatch(rules, fill=False, edgecolor=hex_colour(colours.rule), linewidth=width, **style))
    for outline in word_outlines(page.words):
        if outline.contours:
            path = _curve_path(outline, height)
            figure.add_artist(PathPatch(path, facecolor=hex_colour(colours.ink), linewidth=0, **style))
    _add_text(figure, page.words, height)
    return figure


def _curve_path(outline: Outline, height: float) -> CurvePath:
    """Return an outline in points from the lower left corner of a page, whose height is in points."""
    vertices: list[Any] = []
    codes: list[Any] = []
    for contour in outline.contours:
        points = np.round(contour * POINTS_PER_MM + (0, height), DECIMALS)
        vertices.append(points[-1, 2])
        codes.append(CurvePath.MOVETO)
        for curve, straight in zip(points, straight_curves(contour), strict=True):
            vertices.extend(curve[2:] if straight else curve)
            codes.extend([CurvePath.LINETO] if straight else [CurvePath.CURVE4] * 3)
        vertices.append(points[-1, 2])
        codes.append(CurvePath.CLOSEPOLY)
    return CurvePath(np.array(vertices), codes)


def _rule_path(page: MessagePage, height: float) -> CurvePath:
    ends = [((0.0, row), (page.width, row)) for row in page.rules.rows]
    ends += [((column, 0.0), (column, page.height)) for column in page.rules.columns]
    points = np.array(ends, float).reshape(-1, 2) * (POINTS_PER_MM, -POINTS_PER_MM) + (0, height)
    return CurvePath(np.round(points, DECIMALS), [CurvePath.MOVETO, CurvePath.LINETO] * len(ends))


def _add_text(figure: Figure, words: Sequence[PlacedWord], height: float) -> None:
    """Add the text of words at their places, invisible, as wide as each is written.

    A line stands on its straight baseline, so that programs recognise it; and each word ends with its space.
    """
    for placed, following in zip_longest(words, words[1:]):
        text = placed.word.text
        if not (width := _text_width(text)):
            continue
        size = placed.word.advance * placed.x_height * POINTS_PER_MM / width
        is_followed = following is not None and following.line == placed.line and not following.is_joined
        figure.text(
            round(placed.x * POINTS_PER_MM, DECIMALS),
            round(height - placed.baseline * POINTS_PER_MM, DECIMALS),
            text + " " * is_followed,
            transform=IdentityTransform(),
            alpha=0.0,
            fontsize=round(size, DECIMALS),
            fontfamily=TEXT_FONT,
            fontfeatures=["-liga", "-clig"],
            va="baseline",
            parse_math=False,
        )


@cache
def _font() -> FT2Font:
    face = FT2Font(findfont(FontProperties(family=TEXT_FONT)))
    face.set_size(100, 72)
    return face


def _text_width(text: str) -> float:
    """Return the width of a text in sizes of the type; 0 where the font lacks one of its characters."""
    known = _font().get_charmap()
    if not all(ord(character) in known for character in text):
        return 0.0
    widths = [_font().load_char(ord(character), flags=LoadFlags.NO_HINTING).linearHoriAdvance for character in text]
    return sum(widths) / 65536 / 100
