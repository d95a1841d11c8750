"""Tables as pages show them: a row a run, a sweep or a trial, with numbers that can be sorted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from html import escape
from typing import Any
from urllib.parse import urlencode

from handwriting.dashboard.run_index import Snapshot
from handwriting.errors import RunError
from handwriting.plots.interactive import shown
from handwriting.plots.themes import page_colour
from handwriting.reports.page import Cell, Table
from handwriting.runs.filters import FACTS, filtered, value_of
from handwriting.runs.summaries import DEAD, RunSummary
from handwriting.sweeps import Sweep, Trial
from handwriting.sweeps.folder import state_of
from handwriting.text import one_line, printable

STATES = {
    "running": "● running",
    "done": "✓ done",
    "failed": "✕ failed",
    "interrupted": "‖ stopped",
    "pruned": "‖ pruned",
    "waiting": "… to come",
    DEAD: "○ dead",
}
"""States in words, with a sign that needs no colour."""


def state(name: str | None) -> str:
    """Return a state as it is read."""
    return STATES.get(name or "", name or "not begun")


def runs_shown(snapshot: Snapshot, text: str, trials: bool) -> dict[str, RunSummary]:
    """Return the runs that a table shows, by key.

    Args:
        snapshot: What there is.
        text: What they are filtered by; see :func:`handwriting.runs.filters.filtered`.
        trials: Whether trials of sweeps are among them.

    Raises:
        ConfigError: If the text cannot be read, or asks for what no run has.
    """
    asked = {key: entry for key, entry in snapshot.summaries.items() if trials or key not in snapshot.sweep_of}
    kept = {entry.path for entry in filtered(list(asked.values()), text)}
    return {key: entry for key, entry in asked.items() if entry.path in kept}


def selected(chosen: Sequence[str], shown: Sequence[str], marked: Sequence[str]) -> list[str]:
    """Return the runs that are selected after rows were marked: those that are not shown stay so.

    >>> selected(["b", "hidden", "a"], ["a", "b", "c"], ["a", "c"])
    ['hidden', 'a', 'c']

    Args:
        chosen: What was selected before, in order.
        shown: What the table shows.
        marked: What is marked in it.
    """
    stay = [key for key in chosen if key in marked or key not in shown]
    return stay + [key for key in marked if key not in chosen]


def counts(snapshot: Snapshot, shown: int) -> str:
    """Say how many runs there are, and how many of them deserve a snapshot."""
    states = [entry.state for entry in snapshot.summaries.values()]
    told = [f"{states.count(name)} {name}" for name in ("running", "failed", DEAD) if name in states]
    return f"{shown:,} of {len(states):,} runs" + (f"; {', '.join(told)}" if told else "")


def runs_table(entries: Mapping[str, RunSummary], columns: Sequence[str] = ()) -> list[dict[str, Any]]:
    """Return a row for each run, as its small files tell, without columns in which no run has anything.

    Args:
        entries: By key.
        columns: More that is shown of each: settings and metrics by their keys.
    """
    facts = {
        "FID": "fid", "floor": "floor", "class accuracy": "class_accuracy", "best": "best",
        "parameters": "parameters", "seed": "seed", "epoch": "epoch",
    }  # fmt: skip
    rows: list[dict[str, Any]] = [
        {
            "run": printable(key),
            "state": state(entry.state),
            "model": entry.model,
            "data": entry.data,
            "study": entry.study,
            **{name: FACTS[fact](entry) for name, fact in facts.items()},
            "monitor": entry.monitor,
            "minutes": None if entry.seconds is None else entry.seconds / 60,
            "began": began(entry.started),
            **{name: value_of(entry, name) for name in columns},
            "why": entry.why,
        }
        for key, entry in entries.items()
    ]
    told = [name for name in (rows[0] if rows else ()) if name in columns or any(row[name] is not None for row in rows)]
    return [{name: row[name] for name in told} for row in rows]


def began(text: str | None) -> datetime | None:
    """Return a time that a status file tells, as clocks here show it; None where it tells none."""
    try:
        return datetime.fromisoformat(text).astimezone().replace(tzinfo=None) if text else None
    except (ValueError, OverflowError):
        return None


def sweeps_table(snapshot: Snapshot) -> list[dict[str, Any]]:
    """Return a row for each sweep; of one that cannot be read, the reason."""
    rows = list[dict[str, Any]]()
    for key, folder in snapshot.sweeps.items():
        row: dict[str, Any] = {"sweep": printable(key)}
        try:
            status = Sweep(folder).status
            best, counts = status.get("best") or {}, status.get("counts") or {}
            total = status.get("total", sum(counts.values()))
            failed = counts.get("failed", 0) + counts.get("interrupted", 0)
            ended = counts.get("done", 0) + counts.get("pruned", 0) + failed
            reached = f"{best['monitor']} {shown(best['value'])} (trial {best['trial']})" if best else None
            told = state_of(status)
            left = status.get("seconds_left") if told == "running" else None
            row |= {
                "state": state(told),
                "ended": f"{ended} of {total}",
                "failed": failed,
                "best so far": reached,
            }
            row |= {"minutes left": None if left is None else left / 60, "began": began(status.get("started"))}
        except (RunError, LookupError, TypeError, AttributeError, ValueError, OverflowError) as error:
            row |= {"state": "cannot be read", "why": printable(one_line(error))}
        rows.append(row)
    return rows


def trials_table(trials: Sequence[Trial]) -> list[dict[str, Any]]:
    """Return a row for each trial, in order."""
    names = dict.fromkeys(name for trial in trials for name in trial.parameters)
    return [
        {
            "trial": trial.number,
            "state": state(trial.state),
            trial.monitor or "reached": trial.value,
            **{name: trial.parameters.get(name) for name in names},
            "minutes": None if trial.seconds is None else trial.seconds / 60,
            "why": trial.why,
        }
        for trial in trials
    ]


def plain(table: Table) -> list[dict[str, str]]:
    """Return the table of a report as rows of text; what stands beside a cell follows it."""
    heads = [_words(cell) for cell in table.head]
    names = [head or "#" for head in heads]
    return [dict(zip(names, map(_words, row), strict=True)) for row in table.rows]


def _words(cell: Cell) -> str:
    text = f"{cell.text} {cell.beside}" if cell.run is not None else cell.text
    return f"{text} ({cell.beside})" if cell.beside and cell.run is None else text


def swatch(index: int, name: str = "", dark: bool = False) -> str:
    """Return, as HTML, the number of a run on its colour, and its name."""
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
    """Return facts as HTML that takes as many lines as it needs: what each is, small, above what it says."""
    cells = [
        f'<div><small style="opacity:.65">{escape(printable(name))}</small><br><b>{escape(printable(text))}</b></div>'
        for name, text in facts.items()
    ]
    return f'<div style="display:flex;flex-wrap:wrap;gap:.4rem 1.7rem;line-height:1.35">{"".join(cells)}</div>'


def epoch_shown(grids: Sequence[int], asked: int) -> int | None:
    """Return the epoch whose grid stands for one that was asked for: the last until then, or else the first.

    >>> epoch_shown([0, 5, 10], 7), epoch_shown([3], 1), epoch_shown([], 1)
    (5, 3, None)
    """
    before = [epoch for epoch in grids if epoch <= asked]
    return max(before) if before else min(grids, default=None)
