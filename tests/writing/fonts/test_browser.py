"""What a browser shows of a font: drawings that take turns."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.dashboard.browser import CHROMIUM, browser
from tests.extras import needs
from tests.writing.fonts.test_hand_font import made

PAGE = """
<style>
@font-face {{ font-family: Mine; src: url(data:font/otf;base64,{font}) format("opentype"); }}
p {{ font: 96px Mine; white-space: pre; width: max-content; padding: 40px; }}
.off {{ font-feature-settings: "calt" 0, "liga" 0; }}
</style>
<p id="on">n n</p><p id="off" class="off">n n</p>
"""


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """A browser."""
    needs("dashboard", present=CHROMIUM is not None, why="chromium is not installed")
    with browser() as running:
        yield running


def test_a_browser_shows_another_drawing_of_a_letter_that_comes_again(chromium: Any) -> None:
    shown = chromium.new_page()
    shown.set_content(PAGE.format(font=base64.b64encode(made()[1]).decode()))
    shown.evaluate("document.fonts.load('96px Mine').then(() => document.fonts.ready)")
    assert shown.evaluate("document.fonts.check('96px Mine')")
    halves = {}
    for line in ("on", "off"):
        picture = Image.open(BytesIO(shown.locator(f"#{line}").screenshot())).convert("L")
        ink = np.asarray(picture) < 128
        columns = np.flatnonzero(ink.any(0))
        gap = int(np.diff(columns).argmax())
        halves[line] = [ink[:, columns[0] : columns[gap] + 1], ink[:, columns[gap + 1] : columns[-1] + 1]]
    shown.close()
    first, second = halves["off"]
    assert abs(first.shape[1] - second.shape[1]) <= 1
    width = min(first.shape[1], second.shape[1])
    assert (first[:, :width] != second[:, :width]).mean() < 0.02
    first, second = halves["on"]
    width = min(first.shape[1], second.shape[1])
    assert first.shape != second.shape or (first[:, :width] != second[:, :width]).mean() > 0.05
