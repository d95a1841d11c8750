"""A running dashboard, and a real browser that opens it."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.parse import parse_qs

from benchmarks.starting import COMMAND

CHROMIUM = shutil.which("chromium")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
ROOT = Path(__file__).parents[2]
WAIT_MS = 60_000
"""The time that a page may take to show what a test expects, in milliseconds; a busy machine is slow."""


def free_port() -> int:
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        return int(trial.getsockname()[1])


@contextmanager
def dashboard(folder: Path, *words: str, seconds: float = 60) -> Iterator[str]:
    """Run ``handwriting dashboard`` in a folder, and yield its address once it answers."""
    port, log = free_port(), folder / "dashboard.log"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with log.open("w") as output:
        process = subprocess.Popen(
            [*COMMAND, "dashboard", f"port={port}", *words], cwd=folder, env=environment, stdout=output, stderr=output
        )
    address, until = f"http://127.0.0.1:{port}/", time.monotonic() + seconds
    try:
        while True:
            assert process.poll() is None, f"the dashboard ended: {log.read_text()}"
            assert time.monotonic() < until, f"the dashboard did not come: {log.read_text()}"
            with suppress(URLError, ConnectionError):
                urllib.request.urlopen(f"{address}_stcore/health")
                break
            time.sleep(0.1)
        yield address
    finally:
        process.terminate()
        process.wait(30)


@dataclass
class Seen:
    """Errors of a page.

    Attributes:
        errors: Errors that it wrote to the console, and failed responses.
        elsewhere: Addresses outside of the dashboard that it requested.
    """

    errors: list[str] = field(default_factory=list)
    elsewhere: list[str] = field(default_factory=list)


@contextmanager
def browser() -> Iterator[Any]:
    """Yield a headless Chromium, as Playwright knows it."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        chromium.close()


@contextmanager
def page(chromium: Any, address: str, width: int = 1280, dark: bool = False) -> Iterator[tuple[Any, Seen]]:
    """Yield an empty page of a new visitor, and its errors."""
    scheme = "dark" if dark else "light"
    context = chromium.new_context(viewport={"width": width, "height": 1000}, color_scheme=scheme)
    seen, own = Seen(), (address, address.replace("http", "ws"), "data:", "blob:")
    shown = context.new_page()
    shown.set_default_timeout(WAIT_MS)
    shown.on("console", lambda message: message.type == "error" and seen.errors.append(message.text))
    shown.on("pageerror", lambda error: seen.errors.append(str(error)))
    shown.on("response", lambda answer: answer.status >= 400 and seen.errors.append(f"{answer.status} {answer.url}"))
    shown.on("request", lambda request: request.url.startswith(own) or seen.elsewhere.append(request.url))
    yield shown, seen
    context.close()


HEADINGS = {"Run": "A run", "Sweep": "A sweep", "Data": "Data"}
"""The heading of each page but that of all runs, by the name of the page in its address."""


def heading_of(query: str) -> str:
    """Return the heading of the page that an address opens."""
    (page, *_) = parse_qs(query.removeprefix("?")).get("page", [""])
    return HEADINGS.get(page, "Runs")


def arrive(shown: Any, heading: str) -> None:
    """Wait until the page with this heading is there, and Streamlit has sent all of it."""
    from playwright.sync_api import expect

    expect(shown.locator("h1")).to_have_text(heading, timeout=WAIT_MS)
    expect(shown.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning", timeout=WAIT_MS)
    expect(shown.get_by_test_id("stSpinner")).to_have_count(0, timeout=WAIT_MS)
    expect(shown.get_by_test_id("stSkeleton")).to_have_count(0, timeout=WAIT_MS)


def select_row(shown: Any, row: int, selected: int) -> None:
    """Mark a row of the first table by its box, and wait until the address names ``selected`` runs."""
    from playwright.sync_api import expect

    table = shown.get_by_test_id("stDataFrame").first
    expect(table.locator("canvas table [role=gridcell]").first).to_be_attached(timeout=WAIT_MS)
    table.scroll_into_view_if_needed()
    box = table.bounding_box()
    shown.mouse.click(box["x"] + 16, box["y"] + 36 + 35 * row + 18)
    expect(shown).to_have_url(re.compile(rf"^(?:(?!runs=).)*(?:runs=(?:(?!runs=).)*){{{selected}}}$"), timeout=WAIT_MS)
