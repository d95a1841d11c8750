"""What characters look like at their sides: stand-ins for those that a hand has drawn too seldom."""

from __future__ import annotations

import unicodedata
from typing import Literal

Side = Literal["left", "right"]

LEFT_SHAPES = {
    "round": "acdegoqCGOQ0689",
    "stem": "bhiklmnprtuBDEFHIKLMNPRU14",
    "slanted": "vwxyAVWXYTJZz7",
    "bowed": "fjsS2335",
}
RIGHT_SHAPES = {
    "round": "bopsBDOPQSe03568",
    "stem": "adhilmnuqgHIMNUJ149",
    "slanted": "vwxyAVWXYkKRZz27",
    "open": "cefrtCEFGLT",
}
MARK_SHAPES = {
    "low": ".,;:_\u2026\u201a\u201e",
    "high": "'\"\u2018\u2019\u201c\u201d*^`\u00b0",
    "tall": "!?()[]{}/|\\&%$#@",
    "dash": "-+=~<>\u2013\u2014",
}
"""Marks stand by where their ink is, with either side."""


def base_of(character: str) -> str:
    """Return the character without its accents.

    >>> base_of("é"), base_of("x")
    ('e', 'x')
    """
    return unicodedata.normalize("NFD", character)[0]


def shape_of(character: str, side: Side) -> str:
    """Return the shape of a side of a character; empty where it is not known.

    >>> shape_of("é", "left"), shape_of("d", "right"), shape_of(",", "left")
    ('round', 'stem', 'low')
    """
    base = base_of(character)
    for shapes in (LEFT_SHAPES if side == "left" else RIGHT_SHAPES, MARK_SHAPES):
        for shape, characters in shapes.items():
            if base in characters:
                return shape
    return ""
