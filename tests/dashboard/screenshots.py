"""Pictures of every page of the dashboard, light and dark, wide and narrow: ``make screenshots``.

``ARGS="runs=<folder>,<folder> root=<folder> out=<folder>"`` shows existing runs; otherwise a few are trained.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlencode

from benchmarks.starting import COMMAND
from handwriting.dashboard.run_index import RunIndex
from tests.dashboard.browser import CHROMIUM, ROOT, arrive, browser, dashboard, heading_of, page

SIZES = {"wide": 1280, "narrow": 390}
TALLEST = 6_000
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT)}
QUICK = ("data=digits", "logger=none", "trainer.max_time=00:00:00:25", "trainer.max_epochs=-1")


def main(words: list[str]) -> int:
    """Take all pictures, print their paths and errors, and return the number of pages with errors."""
    given = dict(word.split("=", 1) for word in words)
    if CHROMIUM is None:
        sys.exit("Chromium is missing: apt-get install chromium")
    out = Path(given.pop("out", "screenshots"))
    out.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as place, folders(given, Path(place)) as shown:
        options = [f"{key}={value}" for key, value in shown.items()]
        with dashboard(Path(place), *options) as address, browser() as chromium:
            return take(chromium, address, addresses(shown["runs"]), out)


@contextmanager
def folders(given: dict[str, str], place: Path) -> Iterator[dict[str, str]]:
    """Yield the folders to show: the given ones, or new ones with a running run."""
    if "runs" in given:
        absolute = [str(Path(folder).resolve()) for folder in given["runs"].split(",")]
        yield {**given, "runs": ",".join(absolute)}
        return
    train(place, "model=cvae", "hydra.run.dir=runs/cvae", *QUICK)
    train(place, "model=cgan", "hydra.run.dir=runs/cgan", *QUICK)
    job(place, "evaluate", "run=runs/cgan")
    train(place, "model=vae", "model.lr=1e9", "hydra.run.dir=runs/too_fast", *QUICK, fails=True)
    train(place, "-m", "model=vae", "model.lr=1e-4,3e-4,1e-3", "seed=1,2", "sweep=rates", "trainer.max_epochs=4",
          "logger=none")  # fmt: skip
    (place / "runs" / "notes").mkdir()
    with training(place, "model=vae", "hydra.run.dir=runs/now", "trainer.max_epochs=-1", "logger=none"):
        yield {"runs": f"{place / 'runs'},{place / 'sweeps'}", **given}


def train(place: Path, *words: str, fails: bool = False) -> None:
    """Train in a folder."""
    job(place, "train", *words, fails=fails)


def job(place: Path, *words: str, fails: bool = False) -> None:
    """Run a command in a folder."""
    print("handwriting", *words, flush=True)
    done = subprocess.run([*COMMAND, *words], cwd=place, env=ENVIRONMENT, capture_output=True)
    if (done.returncode != 0) != fails:
        sys.exit(f"{' '.join(words)}: {done.stderr.decode()}")


@contextmanager
def training(place: Path, *words: str) -> Iterator[None]:
    """Keep a run running meanwhile."""
    quiet: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen([*COMMAND, "train", *words], cwd=place, env=ENVIRONMENT, **quiet)
    try:
        yield
    finally:
        process.terminate()
        process.wait(60)


def addresses(runs: str) -> dict[str, dict[str, Any]]:
    """Return the query parameters of each page, by the name of its picture."""
    snapshot = RunIndex([Path(folder) for folder in runs.split(",")]).snapshot()
    done = [key for key, entry in snapshot.summaries.items() if entry.state == "done" and key not in snapshot.sweep_of]
    tested = next((key for key in done if snapshot.summaries[key].tested), done[0])
    failed = next((key for key, entry in snapshot.summaries.items() if entry.state == "failed"), None)
    encoder = next((key for key in done if "VAE" in str(snapshot.summaries[key].model)), done[0])
    pages: dict[str, dict[str, Any]] = {
        "runs": {},
        "runs_selected": {"runs": done[:3], "measures": ["Losses", "FID", "Accuracy"]},
        "runs_filtered": {"filter": "done lr<0.01", "columns": ["model.lr"], "trials": "true"},
        "run_pictures": {"page": "Run", "run": encoder},
        "run_sample": {"page": "Run", "run": tested, "show": "Sample"},
        "data": {"page": "Data", "settings": "data.style=median data.prepare.outliers=3"},
        "data_missing": {"page": "Data", "source": "mnist"},
        "run_unknown": {"page": "Run", "run": "runs/../../etc"},
    }
    pages |= {f"run_{view.lower()}": {"page": "Run", "run": tested, "show": view}
              for view in ("Curves", "Metrics", "Settings", "Log")}  # fmt: skip
    if failed:
        pages["run_failed"] = {"page": "Run", "run": failed}
    if snapshot.sweeps:
        trials = list(snapshot.sweep_of.values())
        pages["sweep"] = {"page": "Sweep", "sweep": max(snapshot.sweeps, key=trials.count)}
    return pages


def take(chromium: Any, address: str, pages: dict[str, dict[str, Any]], out: Path) -> int:
    """Take a picture of every page in every size and theme."""
    wrong = 0
    for name, parameters in pages.items():
        for size, width in SIZES.items():
            for theme in ("light", "dark"):
                with page(chromium, address, width, dark=theme == "dark") as (shown, seen):
                    query = urlencode(parameters, doseq=True)
                    shown.goto(f"{address}?{query}")
                    arrive(shown, heading_of(query))
                    if name == "run_sample":
                        shown.get_by_test_id("stFormSubmitButton").get_by_role("button").click()
                        shown.get_by_test_id("stImage").first.wait_for()
                    height = shown.evaluate("document.querySelector('[data-testid=stMain]').scrollHeight")
                    shown.set_viewport_size({"width": width, "height": min(TALLEST, height + 40)})
                    arrive(shown, heading_of(query))
                    picture = out / f"{name}_{size}_{theme}.png"
                    shown.screenshot(path=picture)
                    problems = [*seen.errors, *seen.elsewhere, *shown.get_by_test_id("stException").all_inner_texts()]
                    sideways = shown.evaluate("document.documentElement.scrollWidth") - width
                    problems += [f"{sideways} px too wide"] if sideways > 0 else []
                    wrong += bool(problems)
                    print(picture, *problems, flush=True)
    return wrong


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
