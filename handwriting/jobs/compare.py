"""Put runs side by side on one page, or tell what a sweep has found."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from omegaconf import DictConfig

from handwriting.config import plain_config
from handwriting.errors import ConfigError, RunError
from handwriting.fields import AnyPath, FolderPath
from handwriting.jobs.outputs import output_path
from handwriting.reports import runs, sweep
from handwriting.reports.comparison import as_table
from handwriting.reports.page import write_page
from handwriting.runs.details import gather
from handwriting.sweeps import Sweep
from handwriting.sweeps.folder import is_sweep
from handwriting.sweeps.results import best_config
from handwriting.text import printable


@dataclass(frozen=True)
class Arguments:
    """The job's own keys; what each means stands in ``conf/compare.yaml``."""

    runs: FolderPath
    out: AnyPath | None


def run(cfg: DictConfig) -> Path:
    """Compare the runs that ``cfg`` names, or the trials of a sweep; print a summary, and return the page."""
    out = _page_folder(cfg.out)
    if one := _sweep(cfg.runs):
        page = _compare_trials(one, out)
    else:
        records, skipped = gather(cfg.runs, plain_config)
        page = write_page(out, runs.title(records), list(runs.sections(records, skipped)), as_table(records))
        print(runs.brief(records, skipped))
    print(f"\npage  {page}")
    return page


def _sweep(asked: str) -> Sweep | None:
    """Return the sweep whose folder is meant, where it is one."""
    folder = Path(asked).expanduser()
    with suppress(OSError, ValueError):  # longer than any name can be
        return Sweep(folder) if is_sweep(folder) else None
    return None


def _compare_trials(one: Sweep, out: Path) -> Path:
    """Write the page about a sweep, print its leaderboard, and return where the page is.

    Raises:
        RunError: If no trial of it is done.
    """
    found = sweep.gather(one)
    if not found.standings:
        raise RunError(f"runs={one.path}: no trial of this sweep is done yet ({found.counts}).")
    best = {
        sweep.file_of(goal, found): best_config(one.name, found.plan, own[0]) for goal, own in found.standings.items()
    }
    page = write_page(out, f"The sweep {one.name}", list(sweep.sections(found)), list(sweep.rows(found)), best)
    print("\n".join(map(printable, sweep.brief(found, out))))
    return page


def _page_folder(out: Any) -> Path:
    """Return the folder that a page is written into.

    Raises:
        ConfigError: If ``out`` is taken, or named as a file.
    """
    folder = output_path(out, "comparison")
    if folder.suffix in (".html", ".md", ".csv", ".png"):
        raise ConfigError(f"out={folder}: give a folder; the page, its table and its pictures are written into it.")
    return folder
