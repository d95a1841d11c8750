"""Figures on a dark page."""

from __future__ import annotations

import io
from collections.abc import Callable
from itertools import combinations

import numpy as np
import pytest
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.text import Text
from PIL import Image

from handwriting.plots.comparison import COLOURS, Bars, draw_metric_bars
from handwriting.plots.contents import draw_charts
from handwriting.plots.curves import figure_bytes
from handwriting.plots.evaluation import draw_class_charts
from handwriting.plots.sweeps import draw_history, draw_importance
from handwriting.plots.themes import DARK_PAPER, lit, on_dark
from handwriting.scales import Axis

READABLE, SEEN = 4.5, 3.0
"""Contrast of text and of lines with their paper: WCAG 2.1, 1.4.3 and 1.4.11."""


def measures() -> Figure:
    bars = [
        Bars("fid", "min", [4.0, None, 2.0], [1.0, None, 1.5], [0.5, None, None]),
        Bars("elbo", "max", [-90.0, -100.0, None], [None] * 3, [None] * 3),
    ]
    return draw_metric_bars(["a", "b", "c"], bars)


def class_charts() -> Figure:
    shares = np.array([0.5, 0.9, 1.0])
    return draw_class_charts("abc", np.array([1.0, 2.0, 300.0]), np.array([1.0, 1.0, 2.0]), shares, shares)


def history() -> Figure:
    states = ["done", "done", "pruned", "failed"]
    return draw_history([0, 1, 2, 3], Axis("val/fid", (3.0, 1.0, 2.0, None)), states, "min")


def charts() -> Figure:
    counts = np.arange(3, 12).reshape(3, 3)
    return draw_charts("abc", counts, np.full((3, 2), 40.0), np.tile(np.arange(5.0), (3, 1)))


FIGURES = [measures, class_charts, lambda: draw_importance({"model.lr": 0.7, "model.norm": 0.3}), history, charts]
NAMES = ["measures", "class charts", "importance", "history", "charts of data"]
each = pytest.mark.parametrize("draw", FIGURES, ids=NAMES)


def light(rgb: np.ndarray) -> float:
    """Return the relative luminance of a colour, as WCAG 2.1 defines it."""
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    return float(linear @ (0.2126, 0.7152, 0.0722))


def contrast(colour: object, paper: str = DARK_PAPER) -> float:
    """Return how far a colour, laid over a paper, stands out from it: 1 to 21."""
    below, above = np.array(to_rgba(paper)[:3]), np.array(to_rgba(colour))  # type: ignore[arg-type]
    darker, lighter = sorted((light(below), light(above[3] * above[:3] + (1 - above[3]) * below)))
    return (lighter + 0.05) / (darker + 0.05)


def test_contrast_is_measured_as_it_is_defined():
    assert contrast("black", "white") == pytest.approx(21)
    assert contrast("#777777", "white") == pytest.approx(4.48, abs=0.01)
    assert contrast(DARK_PAPER) == 1


@each
def test_every_text_can_be_read(draw: Callable[[], Figure]):
    figure = on_dark(draw())
    figure_bytes(figure)  # only now are all ticks there
    texts = [text for text in figure.findobj(Text) if text.get_text()]
    assert len(texts) > 5
    faint = {text.get_text(): contrast(text.get_color()) for text in texts if contrast(text.get_color()) < READABLE}
    assert faint == {}


@each
def test_every_bar_and_line_is_seen(draw: Callable[[], Figure]):
    figure = on_dark(draw())
    drawn = [line for axes in figure.axes for line in axes.lines if len(line.get_xdata())]
    colours = [line.get_color() for line in drawn]
    colours += [bar.get_facecolor() for axes in figure.axes for bar in axes.patches]
    colours += [spine.get_edgecolor() for axes in figure.axes for spine in axes.spines.values()]
    assert len(colours) > 4
    assert {str(colour) for colour in colours if contrast(colour) < SEEN} == set()


@pytest.mark.parametrize("draw", [measures, history])
def test_marks_are_seen_as_well_as_lines(draw: Callable[[], Figure]):
    marks = [line for line in on_dark(draw()).findobj(Line2D) if line.get_marker() in ("|", "x", "o")]
    assert marks
    assert {line.get_label() for line in marks if contrast(line.get_markeredgecolor()) < SEEN} == set()


@each
def test_most_of_the_figure_is_dark_and_something_is_not(draw: Callable[[], Figure]):
    def greys(figure: Figure) -> np.ndarray:
        content = figure_bytes(figure)
        assert content.startswith(b"\x89PNG")
        return np.asarray(Image.open(io.BytesIO(content)).convert("L"))

    dark, white = greys(on_dark(draw())), greys(draw())
    assert np.median(white) > 240
    assert np.median(dark) < 30
    assert (dark > 240).mean() < 0.01, "no white paper is left"
    assert (dark > 120).any()
    assert dark.shape == white.shape


@each
def test_paper_is_the_pages_own(draw: Callable[[], Figure]):
    figure = on_dark(draw())
    assert figure.get_facecolor() == to_rgba(DARK_PAPER)
    assert {axes.get_facecolor() for axes in figure.axes} == {to_rgba(DARK_PAPER)}


def test_only_colours_are_changed():
    def shapes(figure: Figure) -> list[object]:
        texts = [(text.get_text(), text.get_size()) for text in figure.findobj(Text)]
        bars = [bar.get_bbox().bounds for bar in figure.findobj(Rectangle)]
        return [texts, bars, [line.get_linewidth() for line in figure.findobj(Line2D)]]

    assert shapes(on_dark(measures())) == shapes(measures())


def test_the_colours_of_runs_are_seen_and_stay_different_from_each_other():
    colours = {colour: lit(colour) for colour in COLOURS}
    assert {colour for colour, own in colours.items() if contrast(own) < SEEN} == set()
    distances = {
        pair: np.abs(np.subtract(colours[pair[0]], colours[pair[1]])).max() for pair in combinations(COLOURS, 2)
    }
    assert len(distances) == 45
    assert {pair for pair, distance in distances.items() if distance < 0.1} == set()


def test_greys_are_turned_over_and_other_colours_keep_their_hue():
    order = [light(np.array(lit(str(grey))[:3])) for grey in (0.0, 0.3, 0.6, 1.0)]
    assert order == sorted(order, reverse=True)
    for colour in ("#0072b2", "#d55e00", "#7b2d8b"):
        assert np.argsort(lit(colour)[:3]).tolist() == np.argsort(to_rgba(colour)[:3]).tolist()
    assert lit((0.0, 0.0, 0.0, 0.25))[3] == 0.25, "what lies below still shines through"
    assert lit("none") == "none"
