from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from PIL import Image, ImageColor

from handwriting.plots.comparison import (
    COLOURS,
    MAX_PIXELS,
    Bars,
    GridPanel,
    colour,
    draw_curves,
    draw_grids,
    draw_metric_bars,
)
from handwriting.plots.curves import figure_bytes


def rows(*names: str, count: int = 5, start: float = 1.0) -> list[dict[str, float]]:
    return [{"samples": 10.0 * n, **{name: start + n for name in names}} for n in range(count)]


def titles(figure: Figure | None) -> list[str]:
    return [axes.get_title(loc="left") for axes in figure.axes] if figure else []


def test_metrics_that_two_runs_have_are_drawn_and_no_others():
    runs = [rows("val/loss", "train/kl"), rows("train/loss"), rows("train/generator_loss")]
    assert titles(draw_curves(["a", "b", "c"], runs)) == ["loss"]
    assert titles(draw_curves(["a"], runs[:1])) == ["loss", "kl"], "a run alone shows all it has"
    assert draw_curves(["a", "b"], [rows("train/kl"), rows("train/loss")]) is None
    assert draw_curves(["a", "b"], [[], []]) is None


def test_each_run_has_its_colour_and_validation_the_solid_line():
    figure = draw_curves(["a", "b"], [rows("val/loss", "train/loss"), rows("val/loss", start=3)])
    assert figure is not None
    found = [(to_hex(line.get_color()), line.get_linestyle()) for line in figure.axes[0].lines]
    assert found == [(COLOURS[0], "--"), (COLOURS[0], "-"), (COLOURS[1], "-")]
    assert [text.get_text() for text in figure.axes[0].texts] == ["1", "2"]


def test_a_long_training_is_drawn_by_means_and_validation_as_it_is():
    figure = draw_curves(["a"], [rows("val/loss", "train/loss", count=1000)])
    assert figure is not None
    training, validation = figure.axes[0].lines
    assert len(training.get_xdata()) == 200
    assert training.get_ydata()[0] == np.mean([1, 2, 3, 4, 5])
    assert len(validation.get_xdata()) == 1000


def test_the_eleventh_run_is_told_from_the_first():
    names = [f"run {n}" for n in range(11)]
    figure = draw_curves(names, [rows("val/loss", start=n) for n in range(11)])
    assert figure is not None
    first, *_, last = figure.axes[0].lines
    assert first.get_color() == last.get_color()
    assert first.get_marker() != last.get_marker()
    assert len(set(COLOURS)) == 10


@pytest.mark.parametrize("name", ["$", r"$\frac{", "_hidden", "<b>", "x" * 200])
def test_any_name_can_be_drawn(name):
    metric = f"val/{name}"
    curves = draw_curves([name, name], [rows(metric), rows(metric)])
    assert curves is not None
    bars = draw_metric_bars([name], [Bars(name, "min", [1.0], [None], [None])])
    assert all(figure_bytes(figure).startswith(b"\x89PNG") for figure in (curves, bars))
    assert len(curves.legends[0].texts) == 4


def test_a_bar_stands_for_each_run_with_its_floor_across_it():
    measures = [
        Bars("fid", "min", [4.0, None, 2.0], [1.0, None, 1.5], [0.5, None, None]),
        Bars("elbo", "max", [-90.0, -100.0, None], [None] * 3, [None] * 3),
        Bars("copies", "min", [0.0] * 3, [0.0] * 3, [None] * 3),
    ]
    figure = draw_metric_bars(["a", "b", "c"], measures)
    assert titles(figure) == ["fid ↓", "elbo ↑", "copies ↓"]
    fid, elbo, _ = figure.axes
    assert [(bar.get_width(), to_hex(bar.get_facecolor())) for bar in fid.patches] == [(4, COLOURS[0]), (2, COLOURS[2])]
    floors = [line.get_xdata()[0] for line in fid.lines if len(line.get_xdata()) == 2]
    assert {1.0, 1.5} <= set(floors)
    assert [text.get_text() for text in elbo.texts] == ["-90.0", "-100"]
    assert elbo.get_xlim()[1] > 0, "there is room for the numbers beside the bars"


# Grids


def picture(folder: Path, name: str, width: int, height: int, value: int = 0) -> Path:
    path = folder / f"{name}.png"
    Image.new("L", (width, height), value).save(path)
    return path


def test_grids_stand_side_by_side_under_the_colours_of_their_runs(tmp_path):
    grids = [GridPanel(i, f"epoch {i}", picture(tmp_path, str(i), 300, 200)) for i in (0, 3)]
    page = np.asarray(draw_grids(grids).convert("RGB"))
    dark = (page == 0).all(axis=2)
    assert dark.any(axis=1).sum() >= 200, "one row of pictures"
    assert dark.sum() >= 2 * 300 * 200
    for grid in grids:
        own = np.array(ImageColor.getrgb(colour(grid.index)))
        assert (page == own).all(axis=2).sum() > 100


def test_grids_that_do_not_fit_beside_go_below(tmp_path):
    wide = [GridPanel(i, "", picture(tmp_path, str(i), 800, 100)) for i in range(5)]
    page = draw_grids(wide)
    assert page.width < 1900
    assert page.height > 3 * 100


def test_pages_stay_small(tmp_path):
    large = picture(tmp_path, "large", 2000, 1500)
    assert draw_grids([GridPanel(0, "", large)]).width == 2000 // 3 + 1 + 24
    many = draw_grids([GridPanel(i, "", large) for i in range(40)])
    assert many.width * many.height < 2 * MAX_PIXELS


def test_a_grid_that_is_missing_or_broken_is_said_and_does_no_harm(tmp_path):
    broken = picture(tmp_path, "broken", 300, 200)
    broken.write_bytes(broken.read_bytes()[:60])
    whole = picture(tmp_path, "whole", 300, 200)
    paths = [None, tmp_path / "nowhere.png", broken, whole]
    page = np.asarray(draw_grids([GridPanel(i, "run", path) for i, path in enumerate(paths)]).convert("L"))
    assert 300 * 200 <= (page == 0).sum() < 2 * 300 * 200
    assert draw_grids([GridPanel(0, "run", None)]).height < 100
