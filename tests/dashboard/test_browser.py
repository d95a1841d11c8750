from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from benchmarks.run_folders import write_runs
from benchmarks.starting import COMMAND
from benchmarks.sweep_folders import write_sweep
from handwriting.sweeps import Sweep
from tests.builders import train
from tests.dashboard.browser import (
    CHROMIUM,
    WAIT_MS,
    arrive,
    browser,
    dashboard,
    heading_of,
    page,
    select_row,
)
from tests.extras import needs

pytestmark = pytest.mark.slow

HEADS = "table => [...table.querySelectorAll('canvas table [role=columnheader]')].map(cell => cell.innerText)"
CELLS = "table => [...table.querySelectorAll('canvas table [role=gridcell]')].map(cell => cell.innerText)"


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two written runs, a trained one that began last, and a sweep."""
    place = tmp_path_factory.mktemp("browser")
    write_runs(place / "runs", runs=2, metrics=12, grids=4, rows=12)
    write_sweep(place / "sweeps" / "search", trials=12)
    train(place / "runs" / "trained", "model=cgan")
    return place


@pytest.fixture(scope="module")
def address(folders: Path) -> Iterator[str]:
    needs("dashboard", "streamlit")
    with dashboard(folders) as found:
        yield found


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    needs("dashboard", "playwright")
    needs("dashboard", present=CHROMIUM is not None, why="chromium is not installed")
    with browser() as found:
        yield found


@pytest.fixture
def visit(chromium: Any, address: str) -> Iterator[Callable[[str], Any]]:
    """Return what opens the dashboard; at the end, nothing went wrong on the page, and nothing left the machine."""
    with page(chromium, address) as (shown, seen):

        def opened(query: str = "") -> Any:
            shown.goto(address + query)
            arrive(shown, heading_of(query))
            return shown

        yield opened
        assert not shown.get_by_test_id("stException").count()
        assert seen.errors == []
        assert seen.elsewhere == []


def expect(item: Any) -> Any:
    """Return what waits until something expected is true of a part of a page, or of a page."""
    from playwright.sync_api import expect as playwright_expect

    playwright_expect.set_options(timeout=WAIT_MS)
    return playwright_expect(item)


def images(shown: Any) -> Any:
    return shown.get_by_test_id("stImage").locator("img")


def pictures(shown: Any) -> list[str]:
    return images(shown).evaluate_all("found => found.map(image => image.getAttribute('src'))")


def until(shown: Any, is_expected: Callable[[], bool], what: str) -> None:
    """Wait until a condition holds that takes reading more than one part of the page."""
    for _ in range(WAIT_MS // 100):
        if is_expected():
            return
        shown.wait_for_timeout(100)
    pytest.fail(f"it did not come: {what}")


def test_two_runs_are_selected_and_one_slider_moves_both_grids(visit: Callable[..., Any]) -> None:
    shown = visit()
    for row in (1, 2):
        select_row(shown, row, selected=row)
    expect(images(shown)).to_have_count(2)
    slider = shown.get_by_role("slider", name="Epoch")
    expect(slider).to_have_attribute("aria-valuetext", "3")
    before = pictures(shown)
    slider.focus()
    for _ in range(2):
        slider.press("ArrowLeft")
    until(shown, lambda: len(pictures(shown)) == 2 and not set(before) & set(pictures(shown)), "other grids")
    assert shown.url.count("runs=") == 2


def test_a_filter_leaves_what_fits_and_stays_in_the_address(visit: Callable[..., Any]) -> None:
    shown = visit()
    expect(shown.locator("body")).to_contain_text("3 of 15 runs")
    typed = shown.get_by_role("textbox", name="Filter")
    typed.fill("model=VAE")
    typed.press("Enter")
    expect(shown.locator("body")).to_contain_text("1 of 15 runs")
    expect(shown).to_have_url(re.compile("filter=model%3DVAE"))
    again = visit(f"?{shown.url.partition('/?')[2]}")
    expect(again.locator("body")).to_contain_text("1 of 15 runs")


def test_a_run_is_opened_from_the_selection_and_samples(visit: Callable[..., Any]) -> None:
    shown = visit()
    select_row(shown, 0, selected=1)
    arrive(shown, "Runs")  # all of it: a link that is replaced while it is clicked leads nowhere
    shown.get_by_role("link", name="runs/trained").click()
    arrive(shown, "A run")
    shown.get_by_test_id("stButtonGroup").get_by_text("Sample", exact=True).click()
    button = shown.get_by_test_id("stFormSubmitButton").get_by_role("button")
    expect(button).to_be_enabled()
    expect(images(shown)).to_have_count(0)
    button.click()
    expect(images(shown)).to_have_count(1)
    with shown.expect_download() as saved:
        shown.get_by_role("button", name="Save this picture").click()
    assert Path(saved.value.path()).read_bytes()[:4] == b"\x89PNG"


def test_a_grid_plays_through_time_and_pauses(visit: Callable[..., Any]) -> None:
    shown = visit("?page=Run&run=runs/trained")
    shown.get_by_role("button", name="Play").click()
    seen = set[str]()
    until(shown, lambda: len(seen.add(pictures(shown)[0]) or seen) == 3, "three epochs")
    shown.get_by_role("button", name="Pause").click()
    expect(shown.get_by_role("button", name="Play")).to_be_visible()
    arrive(shown, "A run")
    still = pictures(shown)[0]
    shown.wait_for_timeout(1_500)  # twice as long as the next picture would take
    assert pictures(shown)[0] == still


def test_a_running_run_is_brought_up_to_date_and_stays_selected(visit: Callable[..., Any], folders: Path) -> None:
    shown = visit()
    table = shown.get_by_test_id("stDataFrame").first
    words = [
        "model=vae",
        "data=digits",
        "logger=none",
        "metrics=none",
        "trainer.max_epochs=-1",
        "hydra.run.dir=runs/now",
    ]
    process = subprocess.Popen(
        [*COMMAND, "train", *words, "hydra.run.dir=runs/now"], cwd=folders, stdout=subprocess.DEVNULL
    )
    try:
        until(shown, lambda: "● running" in table.evaluate(CELLS), "a run that is running")
        select_row(shown, 0, selected=1)
        expect(shown).to_have_url(re.compile("runs=runs%2Fnow"))
        epochs = set[str]()

        def epoch() -> int:
            heads, cells = table.evaluate(HEADS), table.evaluate(CELLS)
            if "epoch" in heads and "● running" in cells:
                epochs.add(cells[cells.index("● running") + heads.index("epoch") - heads.index("state")])
            return len(epochs - {""})

        until(shown, lambda: epoch() >= 3, "three epochs, one after the other")
        expect(shown.get_by_test_id("stVegaLiteChart").first).to_be_attached()
        assert "runs=runs%2Fnow" in shown.url
    finally:
        process.kill()
        process.wait()
    until(shown, lambda: "○ dead" in table.evaluate(CELLS), "its process is gone")
    assert "runs=runs%2Fnow" in shown.url


def test_dragging_over_an_axis_selects_trials(visit: Callable[..., Any]) -> None:
    shown = visit("?page=Sweep&sweep=sweeps/search")
    chart = shown.get_by_test_id("stVegaLiteChart").first
    expect(chart.locator("canvas, svg").first).to_be_visible()
    chart.scroll_into_view_if_needed()
    box = chart.bounding_box()
    right, bottom = box["x"] + box["width"], box["y"] + box["height"]
    shown.mouse.move(right - 0.15 * box["width"], bottom - 0.3 * box["height"])
    shown.mouse.down()
    shown.mouse.move(right - 2, bottom - 2, steps=8)
    shown.mouse.up()
    expect(shown.locator("body")).to_contain_text("selected: ")
    expect(shown.get_by_role("link", name="Compare these trials")).to_have_attribute("href", re.compile("runs="))


def test_a_sweep_page_updates_when_a_trial_ends(visit: Callable[..., Any], folders: Path) -> None:
    sweep = Sweep.at(folders / "sweeps" / "search")
    shown = visit("?page=Sweep&sweep=sweeps/search")
    assert shown.get_by_role("link", name="Open trial 7").count() == 0
    trials = [replace(trial, state="done", value=0.5) if trial.number == 7 else trial for trial in sweep.trials]
    sweep.write_status("done", trials, {"total": len(trials)})
    expect(shown.get_by_role("link", name="Open trial 7")).to_be_visible()


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [1280, 390])
def test_a_bookmarked_address_opens_for_a_new_visitor_in_every_size_and_theme(
    chromium: Any, address: str, width: int, dark: bool
) -> None:
    bookmarks = {
        "?runs=runs/trained&filter=trained&measures=Losses&by=epoch": ["1 of ", "runs/trained", "Curves"],
        "?page=Run&run=runs/trained&show=Settings": ["config.yaml"],
        "?page=Sweep&sweep=sweeps/search": ["Leaderboard"],
        "?page=Data&source=synthetic&settings=data.count=200 data.classes=ab": ["2", "Save this picture"],
    }
    for query, texts in bookmarks.items():
        with page(chromium, address, width, dark) as (shown, seen):
            shown.goto(address + query)
            arrive(shown, heading_of(query))
            for part in texts:
                expect(shown.locator("body")).to_contain_text(part)
            assert shown.evaluate("document.documentElement.scrollWidth") <= width
            assert not shown.get_by_test_id("stException").count()
            assert (seen.errors, seen.elsewhere) == ([], [])
