"""The page of a sweep: its leaderboard, its parameters and their importance, the best trial, and all trials."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from handwriting.dashboard import parts
from handwriting.dashboard.tables import state, table_rows, trials_table
from handwriting.errors import HandwritingError
from handwriting.plots.interactive import PICK, Chart, parallel_chart, picked
from handwriting.plots.sweeps import draw_history, draw_importance
from handwriting.reports.sweep import (
    BETTER,
    SweepReport,
    best_config_name,
    facts_table,
    file_suffix,
    leaderboard_table,
    read_sweep,
)
from handwriting.scales import Axis
from handwriting.sweeps import Trial
from handwriting.sweeps.results import (
    Objective,
    best_config,
    by_objective,
    importance,
    importance_unavailable,
    is_finished,
    parameter_axes,
    rerun_command,
    seed_spread,
)
from handwriting.text import escape_markdown, format_duration, format_number

ENDED = ("done", "pruned", "failed")
IMPORTANCE_CAPTION = (
    "The share of the variance between trials that each parameter explains by itself; with few trials, only a hint."
)


def show(slots: Sequence[Any]) -> None:
    """Show the page."""
    snapshot = parts.run_index().snapshot()
    with slots[0]:
        st.title("A sweep")
        if not snapshot.sweeps:
            parts.nothing("There is no sweep yet. This command runs one of six short trials:",
                          "handwriting train -m model=vae,cgan seed=1,2,3 trainer.max_epochs=5")  # fmt: skip
            return
        key = parts.choose("Sweep", list(snapshot.sweeps), parts.run_index().sweep)
        if key is None:
            return
        try:
            report = _report(key)
        except HandwritingError as error:
            parts.refused(error)
            return
    running = report.state == "running"
    with slots[1]:
        parts.live(lambda: _progress(key, _ended(report)), running)
    with slots[2]:
        for objective, trials in by_objective(report.trials).items():
            _objective(key, objective, trials, report)
    with slots[3]:
        parts.live(lambda: _trials(key), running)


def _report(key: str) -> SweepReport:
    index = parts.run_index()
    return read_sweep(index.sweep(key), index.snapshot(parts.QUICK).trials(key))


def _ended(report: SweepReport) -> tuple[str | None, Sequence[Trial]]:
    """Return the state of the sweep and the trials that have ended, on which most of the page depends."""
    return report.state, [trial for trial in report.trials if trial.state not in ("running", "waiting")]


def _progress(key: str, before: tuple[str | None, Sequence[Trial]]) -> None:
    """Show the facts about a sweep, and its progress; rerun the page if a trial has ended since ``before``."""
    report = _report(key)
    if _ended(report) != before:
        st.rerun()
    left = report.status.get("seconds_left") if report.state == "running" else None
    ended = len(before[1])
    text = f"{ended} of {report.total} trials have ended" + (
        f", about {format_duration(left)} left" if left is not None else ""
    )
    st.progress(ended / max(1, report.total), text)
    with st.expander(f"{state(report.state)}: {report.counts}"):
        parts.table(table_rows(facts_table(report)))
        st.markdown("Varied parameters:")
        st.code("\n".join(report.plan.swept) or "nothing", language="bash", wrap_lines=True)


def _objective(key: str, objective: Objective, trials: Sequence[Trial], report: SweepReport) -> None:
    """Show the trials that share an objective."""
    (monitor, mode), leaderboard = objective, report.leaderboards[objective]
    st.subheader(f"Leaderboard, by {escape_markdown(monitor)} ({BETTER[mode]} is better)")
    if (spread := seed_spread(leaderboard)) is not None:
        st.caption(
            f"Trials that differ in their seed alone have a standard deviation of {format_number(spread)}: smaller "
            "differences may be chance."
        )
    parts.table(
        table_rows(leaderboard_table(leaderboard, report.summaries)), height=min(38 + 35 * len(leaderboard), 400)
    )
    ended = [trial for trial in trials if trial.state in ENDED]
    if columns := parameter_axes(ended):
        reached = Axis(monitor, tuple(trial.value if is_finished(trial) else None for trial in ended))
        numbers = [trial.number for trial in ended]
        _parallel(key, objective, parallel_chart(columns, reached, mode, numbers, parts.is_dark()), ended)
    st.subheader("Importance of parameters")
    if reason := importance_unavailable(trials):
        st.caption(escape_markdown(reason))
    else:
        with st.columns([3, 2])[0]:
            parts.figure(lambda: draw_importance(importance(trials)), f"importance_{file_suffix(objective)}.png",
                         IMPORTANCE_CAPTION)  # fmt: skip
    values = Axis(monitor, tuple(trial.value for trial in ended))
    numbers, states = [trial.number for trial in ended], [trial.state for trial in ended]
    parts.figure(
        lambda: draw_history(numbers, values, states, mode),
        f"history_{file_suffix(objective)}.png",
        "The values of the trials in order",
    )
    _best(key, objective, report)


def _parallel(key: str, objective: Objective, chart: Chart, trials: Sequence[Trial]) -> None:
    """Show trials along their parameters, and a table of the selected ones."""
    st.subheader("Trials along their parameters")
    st.caption(
        "Each line is a trial; better trials stand out more. Drag over axes to select the trials that pass there."
    )
    with st.container(key=f"wide {file_suffix(objective)}"):
        selection = parts.chart(chart, f"parallel {key} {file_suffix(objective)}")["selection"]
    chosen = picked(chart, selection.get(PICK, {}))
    rows = [trial for trial in trials if trial.number in chosen]
    if rows:
        st.markdown(f"**{len(rows)} selected**: {', '.join(str(trial.number) for trial in rows)}")
        parts.table(trials_table(rows), column_config=parts.columns())
        parts.link("Compare these trials", page="Runs", runs=[f"{key}/{trial.number}" for trial in rows], trials="true")


def _best(key: str, objective: Objective, report: SweepReport) -> None:
    """Show the command and the configuration of the best trial."""
    st.subheader("Best trial")
    best = report.leaderboards[objective][0]
    trial = best.best
    parts.link(f"Open trial {trial.number}", page="Run", run=f"{key}/{trial.number}")
    st.code(rerun_command(report.plan, trial), language="bash", wrap_lines=True)
    text = best_config(report.sweep.name, report.plan, best)
    st.code(text, language="yaml")
    name = best_config_name(objective, report)
    parts.download(f"Save {name}", text, name, "text/plain")


def _trials(key: str) -> None:
    report = _report(key)
    st.subheader("Trials")
    if report.failed:
        message = f"Failed or interrupted trials: {len(report.failed)}. The sweep's command runs them again."
        st.warning(message, icon=":material/error:")
    parts.table(trials_table(report.trials), key="trials table", column_config=parts.columns())
    if waiting := report.waiting:
        numbers = [str(trial.number) for trial in report.trials if trial.state == "waiting"]
        st.caption(f"{waiting} waiting: {', '.join(numbers) or 'the search will choose them'}.")
    for skipped in parts.run_index().snapshot(parts.QUICK).skipped:
        if skipped.path.startswith(f"{key}/"):
            st.caption(escape_markdown(f"Skipped: {skipped.path} ({skipped.reason})"))
