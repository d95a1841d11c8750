"""A page as vector graphics: the outlines of its words, and as SVG."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO
from xml.sax.saxutils import quoteattr

from handwriting.writing.colours import Colours, hex_colour
from handwriting.writing.layout import MessagePage, PlacedWord
from handwriting.writing.outlines import Outline
from handwriting.writing.page_raster import RULE_WIDTH, SYNTHESISED
from handwriting.writing.tracing import trace

TRACED_RESOLUTION = 24.0
"""Pixels of the ink that is traced in one x-height: about those of a photographed page."""
DECIMALS = 3
"""Decimals of a place in millimetres: a micrometre."""


def word_outline(placed: PlacedWord) -> Outline:
    """Return the outline of a word, in millimetres to the right and up from the upper left corner of its page."""
    ink, column, row = placed.word.draw(TRACED_RESOLUTION, (0.0, 0.0))
    scale = placed.x_height / TRACED_RESOLUTION
    outline = trace(ink, TRACED_RESOLUTION, origin=(-column, -row), scale=scale)
    return outline.transformed(dx=placed.x, dy=-placed.y)


def write_svg(page: MessagePage, file: IO[bytes], colours: Colours) -> None:
    """Write a page as an SVG in millimetres; each word is a path that is labelled with its text."""
    for line in _svg_lines(page, colours):
        file.write(f"{line}\n".encode())


def _svg_lines(page: MessagePage, colours: Colours) -> Iterator[str]:
    width, height = f"{page.width:.2f}", f"{page.height:.2f}"
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}mm" height="{height}mm" viewBox="0 0 {width} {height}">'
    )
    yield f"<metadata>{SYNTHESISED}</metadata>"
    yield f'<rect width="100%" height="100%" fill="{hex_colour(colours.paper)}"/>'
    rules = [f"M0 {row:.2f}H{width}" for row in page.rules.rows]
    rules += [f"M{column:.2f} 0V{height}" for column in page.rules.columns]
    if rules:
        yield f'<path d="{"".join(rules)}" stroke="{hex_colour(colours.rule)}" stroke-width="{RULE_WIDTH}"/>'
    yield f'<g fill="{hex_colour(colours.ink)}">'
    for placed in page.words:
        path = word_outline(placed).svg_path(DECIMALS)
        if path:
            yield f'<path role="img" aria-label={quoteattr(placed.word.text)} d="{path}"/>'
    yield "</g>"
    yield "</svg>"
