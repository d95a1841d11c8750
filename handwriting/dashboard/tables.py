"""Tables of the pages: a row for each run, sweep or trial, with numbers as numbers, so that columns can be sorted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from html import escape
from typing import Any
from urllib.parse import urlencode

from handwriting.dashboard.run_index import Snapshot
from handwriting.errors import RunError
from handwriting.plots.themes import page_colour
from handwriting.reports.page import Cell, Table
from handwriting.runs.filters import FACTS, filtered, value_of
from handwriting.runs.summaries import DEAD, RunSummary
from handwriting.sweeps import Sweep, Trial
from handwriting.sweeps.folder import state_of
from handwriting.text import ABSENT, number_in, one_line, printable

STATES = {
    "running": "● running",
    "done": "✓ done",
    "failed": "✕ failed",
    "interrupted": "‖ stopped",
    "pruned": "‖ pruned",
    "waiting": "… waiting",
    DEAD: "○ dead",
}
"""The text for each state: a sign that needs no colour, and a word."""


def state(name: str | None) -> str:
    """Return the text for a state."""
    return STATES.get(name or "", name or "not started")


def runs_shown(snapshot: Snapshot, text: str, trials: bool) -> dict[str, RunSummary]:
    """Return the runs that a table shows, by key.

    Args:
        snapshot: The runs and sweeps.
        text: The filter; see :func:`handwriting.runs.filters.filtered`.
        trials: Whether to include the trials of sweeps.

    Raises:
        ConfigError: If the text cannot be read, or compares a key that no run has.
    """
    candidates = {key: run for key, run in snapshot.summaries.items() if trials or key not in snapshot.sweep_of}
    kept = {run.path for run in filtered(list(candidates.values()), text)}
    return {key: run for key, run in candidates.items() if run.path in kept}


def selected(chosen: Sequence[str], shown: Sequence[str], marked: Sequence[str]) -> list[str]:
    """Return the keys of the selected runs after rows were marked; those that the table does not show stay selected.

    >>> selected(["b", "hidden", "a"], ["a", "b", "c"], ["a", "c"])
    ['hidden', 'a', 'c']

    Args:
        chosen: The previously selected keys, in order.
        shown: The keys of the rows in the table.
        marked: The keys of its marked rows.
    """
    kept = [key for key in chosen if key in marked or key not in shown]
    return kept + [key for key in marked if key not in chosen]


def counts(snapshot: Snapshot, shown: int) -> str:
    """Return a line with the numbers of shown, of all, and of running, failed and dead runs."""
    states = [run.state for run in snapshot.summaries.values()]
    notable = [f"{states.count(name)} {name}" for name in ("running", "failed", DEAD) if name in states]
    return f"{shown:,} of {len(states):,} runs" + (f"; {', '.join(notable)}" if notable else "")


def runs_table(runs: Mapping[str, RunSummary], columns: Sequence[str] = ()) -> list[dict[str, Any]]:
    """Return a row for each run, without the columns that are empty for all of them.

    Args:
        runs: The summaries by key.
        columns: The keys of further settings and metrics to show.
    """
    facts = {
        "FID": "fid", "floor": "floor", "class accuracy": "class_accuracy", "best": "best",
        "parameters": "parameters", "seed": "seed", "epoch": "epoch",
    }  # fmt: skip
    more = {name: numbers([value_of(run, name) for run in runs.values()]) for name in columns}
    rows: list[dict[str, Any]] = [
        {
            "run": printable(key),
            "state": state(run.state),
            "model": run.model,
            "data": run.data,
            "experiment": run.experiment,
            **{name: FACTS[fact](run) for name, fact in facts.items()},
            "monitor": run.monitor,
            "minutes": None if run.seconds is None else run.seconds / 60,
            "began": began(run.started),
            **{name: values[index] for name, values in more.items()},
            "why": run.why,
        }
        for index, (key, run) in enumerate(runs.items())
    ]
    filled = [
        name for name in (rows[0] if rows else ()) if name in columns or any(row[name] is not None for row in rows)
    ]
    return [{name: row[name] for name in filled} for row in rows]


def began(text: str | None) -> datetime | None:
    """Return the time in a status file, in the local time zone; None if it is missing or invalid."""
    try:
        return datetime.fromisoformat(text).astimezone().replace(tzinfo=None) if text else None
    except (ValueError, OverflowError):
        return None


def sweeps_table(snapshot: Snapshot) -> list[dict[str, Any]]:
    """Return a row for each sweep; for one that cannot be read, a row with the reason."""
    rows = list[dict[str, Any]]()
    for key, folder in snapshot.sweeps.items():
        row: dict[str, Any] = {"sweep": printable(key)}
        try:
            status = Sweep(folder).status
            best, counts = status.get("best") or {}, status.get("counts") or {}
            total = status.get("total", sum(counts.values()))
            failed = counts.get("failed", 0) + counts.get("interrupted", 0)
            ended = counts.get("done", 0) + counts.get("pruned", 0) + failed
            now = state_of(status)
            seconds_left = status.get("seconds_left") if now == "running" else None
            row |= {
                "state": state(now),
                "ended": ended,
                "trials": total,
                "failed": failed,
                "monitor": best["monitor"] if best else None,
                "best so far": float(best["value"]) if best else None,
                "best trial": best["trial"] if best else None,
                "minutes left": None if seconds_left is None else seconds_left / 60,
                "began": began(status.get("started")),
            }
        except (RunError, LookupError, TypeError, AttributeError, ValueError, OverflowError) as error:
            row |= {"state": "cannot be read", "why": printable(one_line(error))}
        rows.append(row)
    return rows


def trials_table(trials: Sequence[Trial]) -> list[dict[str, Any]]:
    """Return a row for each trial, in order."""
    names = dict.fromkeys(name for trial in trials for name in trial.parameters)
    parameters = {name: numbers([trial.parameters.get(name) for trial in trials]) for name in names}
    return [
        {
            "trial": trial.number,
            "state": state(trial.state),
            trial.monitor or "reached": trial.value,
            **{name: values[index] for name, values in parameters.items()},
            "minutes": None if trial.seconds is None else trial.seconds / 60,
            "why": trial.why,
        }
        for index, trial in enumerate(trials)
    ]


def table_rows(table: Table) -> list[dict[str, Any]]:
    """Return the rows of a report's table for an interactive table.

    A column whose cells all hold a number or nothing stays numeric, and its notes get a column of their own. In other
    columns the note follows the text.
    """
    columns: dict[str, list[Any]] = {}
    for head, *cells in zip(table.head, *table.rows, strict=True):
        name = _with_note(head) or "#"
        is_number = any(cell.value is not None for cell in cells) and all(
            cell.value is not None or cell.text in ("", ABSENT) for cell in cells
        )
        columns[name] = [cell.value for cell in cells] if is_number else [_with_note(cell) for cell in cells]
        if is_number and any(cell.note for cell in cells):
            columns[f"{name} {table.notes}"] = [cell.note for cell in cells]
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _with_note(cell: Cell) -> str:
    if not cell.note:
        return cell.text
    return f"{cell.text} {cell.note}" if cell.run is not None else f"{cell.text} ({cell.note})"


def numbers(texts: Sequence[str | float | None]) -> Sequence[str | float | None]:
    """Return settings as numbers if all of them are numbers or None; otherwise as they are.

    >>> numbers(["98", "1024", None]), numbers(["98", "none"])
    ([98, 1024, None], ['98', 'none'])
    """
    read = [number_in(text) if isinstance(text, str) else text for text in texts]
    return read if all(text is None or number is not None for text, number in zip(texts, read, strict=True)) else texts


def swatch(index: int, name: str = "", dark: bool = False) -> str:
    """Return, as HTML, the number of a run in a box of its colour, and its name."""
    colours = f"background:{page_colour(index, dark)};color:{'black' if dark else 'white'}"
    number = f'<span style="{colours};padding:0 .45em;border-radius:3px;font-weight:600">{index + 1}</span>'
    return f"{number} {escape(printable(name))}" if name else number


def anchor(label: str, **address: str | Sequence[str]) -> str:
    """Return a link within the dashboard, as HTML.

    >>> anchor("a<b", page="Run", run="runs/a b")
    '<a href="?page=Run&amp;run=runs%2Fa+b">a&lt;b</a>'
    """
    return f'<a href="?{escape(urlencode(address, doseq=True))}">{escape(printable(label))}</a>'


def facts_html(facts: Mapping[str, str]) -> str:
    """Return facts as HTML that wraps: each name in small letters above its value."""
    cells = [
        f'<div><small style="opacity:.65">{escape(printable(name))}</small><br><b>{escape(printable(text))}</b></div>'
        for name, text in facts.items()
    ]
    return f'<div style="display:flex;flex-wrap:wrap;gap:.4rem 1.7rem;line-height:1.35">{"".join(cells)}</div>'


def epoch_shown(grids: Sequence[int], requested: int) -> int | None:
    """Return the epoch of the grid to show for a requested epoch: the last up to it, or else the first of all.

    >>> epoch_shown([0, 5, 10], 7), epoch_shown([3], 1), epoch_shown([], 1)
    (5, 3, None)
    """
    before = [epoch for epoch in grids if epoch <= requested]
    return max(before) if before else min(grids, default=None)
