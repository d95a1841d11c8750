"""How long the dashboard takes to show a thousand runs, and how much memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from handwriting.dashboard.settings import VARIABLE, Settings

MAX_CURVES = 10
"""Runs whose curves are shown."""
FILTER = "model=CGAN model.lr<0.001"
VISIT = """
import json, logging, resource, sys, time
logging.disable(logging.WARNING)
began = time.perf_counter()
import handwriting.dashboard.app
from handwriting.dashboard.settings import Settings, index_of
from streamlit.testing.v1 import AppTest
imported = time.perf_counter()

def run(app):
    start = time.perf_counter()
    app.run()
    assert not app.exception, app.exception[0].value
    return time.perf_counter() - start

app = AppTest.from_file(handwriting.dashboard.app.__file__, default_timeout=120)
cold = run(app)
rows = len(app.dataframe[0].value)
app.text_input(key="filter").set_value(sys.argv[1])
filtered = run(app)
left = len(app.dataframe[0].value)
assert 0 < left < rows, "the filter leaves a part"
index = index_of(Settings.here())
chosen = AppTest.from_file(handwriting.dashboard.app.__file__, default_timeout=120)
keys = [key for key, entry in index.snapshot().summaries.items() if entry.state == "done"][: int(sys.argv[2])]
chosen.query_params["runs"] = keys
curves = run(chosen)
assert chosen.get("vega_lite_chart")
kibibytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform == "darwin" else 1)
print(json.dumps({"imports": imported - began, "cold": cold, "filtered": filtered, "curves": curves,
                  "peak": kibibytes / 2**20}))
"""
"""A visitor without a browser: Streamlit runs the page, and keeps what it would send."""


@dataclass(frozen=True)
class Shown:
    """One visit, in seconds and GiB.

    Attributes:
        imports: To import what the pages need, which the dashboard does as it starts.
        cold: To show the table of runs that were never read before.
        filtered: To show it again after a filter was typed.
        curves: To show the page with ten runs selected: the table, their curves, grids and differences.
        peak: The most memory that the process held.
    """

    imports: float
    cold: float
    filtered: float
    curves: float
    peak: float


def visit(runs: Path) -> Shown:
    """Show a folder of runs in a process of its own.

    Raises:
        subprocess.CalledProcessError: If a page fails.
    """
    environment = {**os.environ, VARIABLE: Settings((runs,)).as_text()}
    words = [sys.executable, "-c", VISIT, FILTER, str(MAX_CURVES)]
    done = subprocess.run(words, check=True, env=environment, stdout=subprocess.PIPE)
    return Shown(**json.loads(done.stdout.splitlines()[-1]))
