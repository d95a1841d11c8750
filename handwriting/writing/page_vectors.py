"""A page as vector graphics: the outlines of its words, and as SVG."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import IO
from xml.sax.saxutils import quoteattr

from handwriting.writing.colours import Colours, hex_colour
from handwriting.writing.layout import MessagePage, PlacedWord
from handwriting.writing.outlines import Outline
from handwriting.writing.page_raster import RULE_WIDTH, SYNTHESISED
from handwriting.writing.tracing import trace_all

TRACED_RESOLUTION = 24.0
"""Pixels of the ink that is traced in one x-height: about those of a photographed page."""
WORDS_AT_ONCE = 16
"""Words that are traced at once: more take no less time, but more memory."""
DECIMALS = 3
"""Decimals of a place in millimetres: a micrometre."""


def word_outlines(words: Sequence[PlacedWord]) -> Iterator[Outline]:
    """Yield the outline of each word, in millimetres to the right and up from the upper left corner of its page."""
    for start in range(0, len(words), WORDS_AT_ONCE):
        batch = words[start : start + WORDS_AT_ONCE]
        drawn = [placed.word.draw(TRACED_RESOLUTION, (0.0, 0.0)) for placed in batch]
        outlines = trace_all((one.ink for one in drawn), TRACED_RESOLUTION)
        for placed, one, outline in zip(batch, drawn, outlines, strict=True):
            scale = placed.x_height / TRACED_RESOLUTION
            yield outline.transformed(scale, placed.x + scale * one.column, -placed.y - scale * one.row)


def write_svg(page: MessagePage, file: IO[bytes], colours: Colours, description: str = SYNTHESISED) -> None:
    """Write a page as an SVG in millimetres; each word is a path that is labelled with its text."""
    for line in _svg_lines(page, colours, description):
        file.write(f"{line}\n".encode())


def _svg_lines(page: MessagePage, colours: Colours, description: str) -> Iterator[str]:
    width, height = f"{page.width:.2f}", f"{page.height:.2f}"
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}mm" height="{height}mm" viewBox="0 0 {width} {height}">'
    )
    yield f"<metadata>{description}</metadata>"
    yield f'<rect width="100%" height="100%" fill="{hex_colour(colours.paper)}"/>'
    rules = [f"M0 {row:.2f}H{width}" for row in page.rules.rows]
    rules += [f"M{column:.2f} 0V{height}" for column in page.rules.columns]
    if rules:
        yield f'<path d="{"".join(rules)}" stroke="{hex_colour(colours.rule)}" stroke-width="{RULE_WIDTH}"/>'
    yield f'<g fill="{hex_colour(colours.ink)}">'
    for placed, outline in zip(page.words, word_outlines(page.words), strict=True):
        path = outline.svg_path(DECIMALS)
        if path:
            yield f'<path role="img" aria-label={quoteattr(placed.word.text)} d="{path}"/>'
    yield "</g>"
    yield "</svg>"
