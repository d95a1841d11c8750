"""Figures on a dark page: the same figures with light greys instead of dark ones."""

from __future__ import annotations

import colorsys
from collections.abc import Callable
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.collections import Collection
from matplotlib.colors import to_hex, to_rgba
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.text import Text

from handwriting.plots.comparison import colour as run_colour
from handwriting.plots.figures import Figure

DARK_PAPER = "#0e1117"
"""The colour of a dark page, which replaces white."""
MAX_GREY_SATURATION = 0.18
"""Colours of less saturation are shades of grey."""
MIN_LIGHTNESS = 0.55
"""The least lightness of other colours."""

Colour = tuple[float, float, float, float]


def on_dark(figure: Figure) -> Figure:
    """Recolour a figure drawn for white paper for a dark page, in place."""
    for artist in figure.findobj():
        _turn(artist)
    figure.set_facecolor(DARK_PAPER)
    return figure


def _turn(artist: Artist) -> None:
    if isinstance(artist, Text):
        artist.set_color(lit(artist.get_color()))
        if box := artist.get_bbox_patch():
            box.set(facecolor=lit(box.get_facecolor()), edgecolor=lit(box.get_edgecolor()))
    elif isinstance(artist, Line2D):
        # All three are read first: setting the line's colour also changes the default of the markers' colours.
        line, edge, face = artist.get_color(), artist.get_markeredgecolor(), artist.get_markerfacecolor()
        artist.set(color=lit(line), markeredgecolor=lit(edge), markerfacecolor=lit(face))
    elif isinstance(artist, Patch):
        artist.set(facecolor=lit(artist.get_facecolor()), edgecolor=lit(artist.get_edgecolor()))
    elif isinstance(artist, Collection):
        _each(artist.get_facecolor, artist.set_facecolor)
        _each(artist.get_edgecolor, artist.set_edgecolor)


def _each(get: Callable[[], Any], put: Callable[[Any], None]) -> None:
    if len(colours := np.atleast_2d(get())):
        put([lit(tuple(colour)) for colour in colours if len(colour)])


def page_colour(index: int, dark: bool) -> str:
    """Return the colour of the run with this index on a light page, or on a dark one."""
    return str(to_hex(lit(run_colour(index)))) if dark else run_colour(index)


def lit(colour: Any) -> Any:
    """Return a colour for a dark page: greys are inverted, other colours made light enough.

    >>> to_hex(lit("black")), to_hex(lit("white")), lit("none")
    ('#ededed', '#0e1117', 'none')
    """
    if isinstance(colour, str) and colour in ("none", "auto"):
        return colour
    red, green, blue, opaque = to_rgba(colour)
    hue, light, saturation = colorsys.rgb_to_hls(red, green, blue)
    if saturation < MAX_GREY_SATURATION:
        paper, lightest = to_rgba(DARK_PAPER)[:3], 0.93
        inverted: Colour = (*(part + (lightest - part) * (1 - light) for part in paper), opaque)  # type: ignore[assignment]
        return inverted
    return (*colorsys.hls_to_rgb(hue, max(light, MIN_LIGHTNESS), saturation), opaque)
