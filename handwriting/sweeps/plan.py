"""The plan of a sweep: what was requested."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field
from typing import Any

from handwriting.runs.folder import now

SCHEMA_VERSION = 1
"""The version of ``plan.json`` and ``sweep.json`` that is written here."""


@dataclass(frozen=True)
class SweepPlan:
    """What was requested of a sweep; written once, then changed only where a search is given more trials.

    Attributes:
        overrides: The overrides that all trials share.
        swept: The overrides that vary: ``("model.lr=1e-4,2e-4",)`` or ``("model.lr=interval(1e-4,1e-2)",)``.
        search: The settings of a search, as of :class:`handwriting.sweeps.search.Search`; None for a grid.
        trials: For a grid, the overrides of each trial.
        command: The command line, for a person to read.
        created: When it was made, in ISO format.
        schema: The version of the file.
    """

    overrides: tuple[str, ...]
    swept: tuple[str, ...]
    search: dict[str, Any] | None = None
    trials: tuple[tuple[str, ...], ...] = ()
    command: str = ""
    created: str = field(default_factory=now)
    schema: int = SCHEMA_VERSION

    @property
    def total(self) -> int:
        """The number of trials."""
        return int(self.search["trials"]) if self.search else len(self.trials)

    @property
    def config_dir(self) -> str | None:
        """The folder of ``--config-dir`` in the command; None where there is none."""
        words = shlex.split(self.command)
        for word, following in zip(words, [*words[1:], ""], strict=True):
            flag, _, value = word.partition("=")
            if flag in ("--config-dir", "-cd"):
                return value or following
        return None

    @property
    def identity(self) -> list[Any]:
        """What makes two plans the same sweep: all but the order of overrides and the number of a search's trials."""
        search = self.search and {key: value for key, value in self.search.items() if key != "trials"}
        return [sorted(self.overrides), sorted(self.swept), search]
