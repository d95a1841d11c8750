"""The settings of the dashboard, passed to Streamlit's process in an environment variable."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from handwriting.dashboard.run_index import RunIndex

VARIABLE = "HANDWRITING_DASHBOARD"
"""The environment variable that holds the settings."""
DEFAULT_FOLDERS = (Path("runs"), Path("sweeps"))
"""The default folders of training and sweeps."""


@dataclass(frozen=True)
class Settings:
    """The folders that the dashboard shows.

    Attributes:
        runs: The folders of runs and sweeps; nothing outside of these and ``data`` is read.
        data: The folder of data sets.
    """

    runs: tuple[Path, ...] = DEFAULT_FOLDERS
    data: Path = Path("data")

    def as_text(self) -> str:
        """Return the settings as text, which :meth:`here` reads."""
        return json.dumps({"runs": [str(folder.absolute()) for folder in self.runs], "data": str(self.data.absolute())})

    @classmethod
    def here(cls) -> Settings:
        """Return the settings of this process; the defaults if it was given none."""
        text = os.environ.get(VARIABLE)
        if not text:
            return cls()
        values = json.loads(text)
        return cls(tuple(map(Path, values["runs"])), Path(values["data"]))


@cache
def index_of(settings: Settings) -> RunIndex:
    """Return the index of the runs in the settings' folders; all visitors share it."""
    return RunIndex(settings.runs)
