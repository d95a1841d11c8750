"""Names of classes stand in figures as they are."""

from __future__ import annotations

import numpy as np
import pytest

from handwriting.plots.curves import draw_plane, figure_bytes


@pytest.mark.parametrize("name", ["$", "$a_1$", r"\frac{", "a_{b", "^", "100 % <b>"])
def test_no_name_is_a_formula(name: str) -> None:
    figure = draw_plane(np.random.default_rng(0).normal(size=(6, 2)), np.arange(6) % 2, (name, "b"), f"of {name}")
    assert figure_bytes(figure)
    assert f"of {name}" in {text.get_text() for text in figure.findobj(lambda artist: hasattr(artist, "get_text"))}
