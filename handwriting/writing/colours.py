"""Colours of ink and paper."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from PIL import ImageColor

from handwriting.errors import ConfigError, nearest
from handwriting.text import quoted

INKS = {
    "black": "#16181d",
    "blue": "#1f3a93",
    "blue-black": "#1b2440",
    "red": "#b3261e",
    "green": "#1e6b3c",
    "violet": "#4b2a7b",
    "brown": "#5b3a1e",
    "pencil": "#4a4c50",
}
"""Inks as pens have them, which are not the pure colours of those names."""
PAPERS = {"white": "#ffffff", "ivory": "#fdfbf3", "cream": "#f8f1de", "grey": "#eeeeee"}
"""Papers."""
MIN_DIFFERENCE = 15.0
"""How far ink and paper lie apart at least, as CIE 1976 measures colours: 100 from black to white. Nearer ones leave a
page that looks empty."""
RULE_STRENGTH = 0.28
"""How much of the colour of the rules the paper takes on."""
RULE_COLOUR = (120, 150, 190)


@dataclass(frozen=True)
class Colours:
    """The colours of a page, each as red, green and blue, 0..255."""

    ink: tuple[int, int, int]
    paper: tuple[int, int, int] = (255, 255, 255)

    @property
    def rule(self) -> tuple[int, int, int]:
        """The colour of printed rules on this paper."""
        mixed = (
            round(paper + RULE_STRENGTH * (rule - paper)) for paper, rule in zip(self.paper, RULE_COLOUR, strict=True)
        )
        red, green, blue = mixed
        return red, green, blue


def read_colours(ink: str, paper: str = "white") -> Colours:
    """Return the colours that are named.

    Args:
        ink: One of ``INKS``, the name of a colour as CSS has it, or ``#rrggbb``.
        paper: One of ``PAPERS``, or as ``ink``.

    Raises:
        ConfigError: If one is no colour, or both are nearer to each other than ``MIN_DIFFERENCE``.
    """
    colours = Colours(_colour("ink", ink, INKS), _colour("paper_colour", paper, PAPERS))
    if (apart := _difference(colours.ink, colours.paper)) < MIN_DIFFERENCE:
        near = "is" if not apart else "is nearly"
        raise ConfigError(
            f"ink={quoted(ink)} {near} the colour of the paper, paper_colour={quoted(paper)}, on which nothing would "
            "be seen. Give a darker or a lighter one."
        )
    return colours


def _difference(first: tuple[int, int, int], second: tuple[int, int, int]) -> float:
    """Return the distance of two colours in CIELAB, 0..260 or so."""
    both = np.array([[first, second]], np.float32) / 255
    lab = cv2.cvtColor(both, cv2.COLOR_RGB2LAB)[0].astype(np.float64)
    return float(np.linalg.norm(lab[0] - lab[1]))


def hex_colour(colour: tuple[int, int, int]) -> str:
    """Return a colour as ``#rrggbb``."""
    return "#" + "".join(f"{value:02x}" for value in colour)


def _colour(key: str, name: str, named: dict[str, str]) -> tuple[int, int, int]:
    try:
        colour = ImageColor.getrgb(named.get(name.strip().lower(), name.strip()))
    except ValueError as error:
        raise ConfigError(
            f"{key}={quoted(name)} is no colour. Give {', '.join(named)}, or #rrggbb.{nearest(name, named)}"
        ) from error
    if not all(0 <= value <= 255 for value in colour):
        raise ConfigError(f"{key}={quoted(name)} is no colour: one of its parts is out of range. Give #rrggbb.")
    if len(colour) != 3:
        raise ConfigError(f"{key}={quoted(name)} is partly transparent, and a page is not. Give #rrggbb.")
    return colour
