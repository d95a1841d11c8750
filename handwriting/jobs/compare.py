"""Compare runs, or the trials of a sweep, on one page."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from omegaconf import DictConfig

from handwriting.config import plain_config
from handwriting.errors import ConfigError, RunError
from handwriting.fields import AnyPath, FolderPath
from handwriting.files import expanded
from handwriting.jobs.outputs import output_path
from handwriting.reports import runs, sweep
from handwriting.reports.comparison import as_table
from handwriting.reports.page import write_page
from handwriting.runs.details import gather
from handwriting.sweeps import Sweep
from handwriting.sweeps.folder import is_sweep
from handwriting.sweeps.results import best_config
from handwriting.terminal import bold
from handwriting.text import printable


@dataclass(frozen=True)
class Arguments:
    """The job's own keys; what each means stands in ``conf/compare.yaml``."""

    runs: FolderPath
    out: AnyPath | None


def run(cfg: DictConfig) -> Path:
    """Compare the runs that ``cfg`` names, or the trials of a sweep; print a summary, and return the page."""
    out = _page_folder(cfg.out)
    if named := _sweep(cfg.runs):
        page = _compare_trials(named, out)
    else:
        details, skipped = gather(cfg.runs, plain_config)
        page = write_page(out, runs.title(details), list(runs.sections(details, skipped)), as_table(details))
        print(runs.terminal_text(details, skipped))
    print(f"\npage  {bold(page)}")
    return page


def _sweep(path: str) -> Sweep | None:
    """Return the sweep in a folder; None where it holds none."""
    folder = expanded(path)
    with suppress(OSError, ValueError):  # longer than any name can be
        return Sweep(folder) if is_sweep(folder) else None
    return None


def _compare_trials(folder: Sweep, out: Path) -> Path:
    """Write the page about a sweep, print its leaderboard, and return the path of the page.

    Raises:
        RunError: If no trial of it is done.
    """
    report = sweep.read_sweep(folder)
    if not report.leaderboards and not report.unranked:
        raise RunError(f"runs={folder.path}: no trial of this sweep is done yet ({report.counts}).")
    best = {
        sweep.best_config_name(objective, report): best_config(folder.name, report.plan, rows[0])
        for objective, rows in report.leaderboards.items()
    }
    rows = list(sweep.csv_rows(report))
    page = write_page(out, f"The sweep {folder.name}", list(sweep.sections(report)), rows, best)
    print("\n".join(map(printable, sweep.terminal_lines(report, out))))
    return page


def _page_folder(out: Any) -> Path:
    """Return the folder for the page.

    Raises:
        ConfigError: If ``out`` exists, or has the ending of a file.
    """
    folder = output_path(out, "comparison")
    if folder.suffix in (".html", ".md", ".csv", ".png"):
        raise ConfigError(f"out={folder}: give a folder for the page, its table and its pictures.")
    return folder
