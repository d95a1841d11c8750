"""What the dashboard was started with, handed to the process that shows it."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from handwriting.dashboard.run_index import RunIndex

VARIABLE = "HANDWRITING_DASHBOARD"
"""The environment variable that holds the settings."""
USUAL = (Path("runs"), Path("sweeps"))
"""Where training and sweeps write unless told otherwise."""


@dataclass(frozen=True)
class Settings:
    """What is shown.

    Attributes:
        runs: The folders of runs and sweeps; nothing is read outside of these and ``data``.
        data: The folder of data sets.
    """

    runs: tuple[Path, ...] = USUAL
    data: Path = Path("data")

    def as_text(self) -> str:
        """Return them as :meth:`here` reads them."""
        return json.dumps({"runs": [str(folder.absolute()) for folder in self.runs], "data": str(self.data.absolute())})

    @classmethod
    def here(cls) -> Settings:
        """Return those of this process; the usual ones where it was given none."""
        text = os.environ.get(VARIABLE)
        if not text:
            return cls()
        values = json.loads(text)
        return cls(tuple(map(Path, values["runs"])), Path(values["data"]))


@cache
def index_of(settings: Settings) -> RunIndex:
    """Return what knows the runs of these settings; every visitor's pages share it, and what it has read."""
    return RunIndex(settings.runs)
