"""Pictures of many trials."""

from __future__ import annotations

import pytest
from matplotlib.collections import LineCollection

from handwriting.plots.curves import figure_bytes
from handwriting.plots.sweeps import NO_VALUE_COLOUR, draw_history, draw_importance, draw_parallel
from handwriting.scales import Axis

LR = Axis("model.lr", (0.001, 0.01, 0.1, 0.05))
NORM = Axis("model.norm", ("batch", "none", None, "batch"))
VALUE = Axis("val/fid", (3.0, 1.0, 2.0, None))


def lines(figure: object) -> list[LineCollection]:
    return [one for one in figure.axes[0].collections if isinstance(one, LineCollection)]  # type: ignore[attr-defined]


@pytest.mark.parametrize("better", ["min", "max"])
def test_every_trial_is_a_line_and_the_best_is_drawn_last(better: str) -> None:
    figure = draw_parallel([LR, NORM], VALUE, better)
    drawn = lines(figure)
    assert len(drawn) == 4
    last = drawn[-1].get_segments()[0]
    assert last[-1, 1] == pytest.approx(0.0 if better == "min" else 1.0), "it ends at the best value"
    assert [one.get_linewidth()[0] for one in drawn] == [0.9, 2.4, 2.4, 2.4]


def test_a_trial_without_a_value_is_grey_and_ends_before_it() -> None:
    first = lines(draw_parallel([LR, NORM], VALUE, "min"))[0]
    red, green, blue, _ = first.get_color()[0]
    assert "#" + "".join(f"{round(255 * part):02x}" for part in (red, green, blue)) == NO_VALUE_COLOUR
    assert first.get_segments()[0][-1, 0] == 1, "it ends at the last parameter"


@pytest.mark.parametrize("text", ["$formula", "a_b^c", "{x}", "Zoë 漢字", ""])
def test_any_name_can_be_drawn(text: str) -> None:
    axis = Axis(f"model.{text}", (text, "b", "c", "d"))
    for figure in (
        draw_parallel([axis], VALUE, "min"),
        draw_importance({f"model.{text}": 1.0}),
        draw_history([0, 1, 2, 3], VALUE, ["done", "done", "pruned", "failed"], "min"),
    ):
        assert figure_bytes(figure).startswith(b"\x89PNG")


def test_the_history_falls_to_the_best_and_never_rises() -> None:
    figure = draw_history([0, 1, 2, 3], Axis("val/fid", (3.0, 1.0, 2.0, 5.0)), ["done"] * 4, "min")
    (steps,) = [line for line in figure.axes[0].lines if line.get_label() == "best so far"]
    assert list(steps.get_ydata()) == [3.0, 1.0, 1.0, 1.0, 1.0]
    rising = draw_history([0, 1, 2], Axis("accuracy", (0.3, 0.1, 0.4)), ["done"] * 3, "max")
    (steps,) = [line for line in rising.axes[0].lines if line.get_label() == "best so far"]
    assert list(steps.get_ydata()) == [0.3, 0.3, 0.4, 0.4]


@pytest.mark.parametrize("trials", [1, 200])
def test_one_trial_and_two_hundred_are_drawn(trials: int) -> None:
    axes = [Axis(f"p{i}", tuple(float(n * i % 17) for n in range(trials))) for i in range(8)]
    value = Axis("v", tuple(float(n % 31) for n in range(trials)))
    assert len(figure_bytes(draw_parallel(axes, value, "min"))) < 2_000_000
