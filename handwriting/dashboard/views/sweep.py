"""One sweep: its trials, who is best, what mattered, and how to go on."""

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
IMPORTANCE = "How much of the differences each explains by itself; with few trials it is a hint."


def show(slots: Sequence[Any]) -> None:
    """Show the page."""
    snapshot = parts.run_index().snapshot()
    with slots[0]:
        st.title("A sweep")
        if not snapshot.sweeps:
            parts.nothing("There is no sweep yet. This makes one of six short trials:",
                          "python train.py -m model=vae,cgan seed=1,2,3 trainer.max_epochs=5")  # fmt: skip
            return
        key = parts.choose("Sweep", list(snapshot.sweeps), parts.run_index().sweep)
        if key is None:
            return
        try:
            found = _found(key)
        except HandwritingError as error:
            parts.refused(error)
            return
    running = found.state == "running"
    with slots[1]:
        parts.live(lambda: _progress(key, _ended(found)), running)
    with slots[2]:
        for goal, trials in by_objective(found.trials).items():
            _goal(key, goal, trials, found)
    with slots[3]:
        parts.live(lambda: _trials(key), running)


def _found(key: str) -> SweepReport:
    index = parts.run_index()
    return read_sweep(index.sweep(key), index.snapshot(parts.QUICK).trials(key))


def _ended(found: SweepReport) -> tuple[str | None, Sequence[Trial]]:
    """Return what the page is made of: whether it runs, and the trials that have ended."""
    return found.state, [trial for trial in found.trials if trial.state not in ("running", "waiting")]


def _progress(key: str, before: tuple[str | None, Sequence[Trial]]) -> None:
    """Show what it is, and how far it got; where that is further than the page, make it anew."""
    found = _found(key)
    if _ended(found) != before:
        st.rerun()
    left = found.status.get("seconds_left") if found.state == "running" else None
    ended = len(before[1])
    told = f"{ended} of {found.total} trials have ended" + (
        f", about {format_duration(left)} left" if left is not None else ""
    )
    st.progress(ended / max(1, found.total), told)
    with st.expander(f"{state(found.state)}: {found.counts}"):
        parts.table(table_rows(facts_table(found)))
        st.markdown("What varies:")
        st.code("\n".join(found.plan.swept) or "nothing", language="bash", wrap_lines=True)


def _goal(key: str, goal: Objective, trials: Sequence[Trial], found: SweepReport) -> None:
    """Show the trials that go by the same value."""
    (monitor, mode), standings = goal, found.leaderboards[goal]
    st.subheader(f"Leaderboard, by {escape_markdown(monitor)} ({BETTER[mode]} is better)")
    if (spread := seed_spread(standings)) is not None:
        st.caption(
            f"Trials that differ in their seed alone spread by {format_number(spread)}: less may be seed_spread."
        )
    parts.table(table_rows(leaderboard_table(standings, found.summaries)), height=min(38 + 35 * len(standings), 400))
    ended = [trial for trial in trials if trial.state in ENDED]
    if columns := parameter_axes(ended):
        reached = Axis(monitor, tuple(trial.value if is_finished(trial) else None for trial in ended))
        numbers = [trial.number for trial in ended]
        _parallel(key, goal, parallel_chart(columns, reached, mode, numbers, parts.is_dark()), ended)
    st.subheader("What mattered")
    if reason := importance_unavailable(trials):
        st.caption(escape_markdown(reason))
    else:
        with st.columns([3, 2])[0]:
            parts.figure(lambda: draw_importance(importance(trials)), f"importance_{file_suffix(goal)}.png", IMPORTANCE)
    values = Axis(monitor, tuple(trial.value for trial in ended))
    numbers, states = [trial.number for trial in ended], [trial.state for trial in ended]
    parts.figure(
        lambda: draw_history(numbers, values, states, mode),
        f"history_{file_suffix(goal)}.png",
        "One trial after the other",
    )
    _best(key, goal, found)


def _parallel(key: str, goal: Objective, chart: Chart, trials: Sequence[Trial]) -> None:
    """Show trials along their parameters, and those that are selected there."""
    st.subheader("Along the parameters")
    st.caption(
        "Each trial is a line, the more it stands out the better. Drag over axes to select the trials that pass there."
    )
    with st.container(key=f"wide {file_suffix(goal)}"):
        selection = parts.chart(chart, f"parallel {key} {file_suffix(goal)}")["selection"]
    chosen = picked(chart, selection.get(PICK, {}))
    rows = [trial for trial in trials if trial.number in chosen]
    if rows:
        st.markdown(f"**{len(rows)} selected**: {', '.join(str(trial.number) for trial in rows)}")
        parts.table(trials_table(rows), column_config=parts.columns())
        parts.link(
            "Put them side by side", page="Runs", runs=[f"{key}/{trial.number}" for trial in rows], trials="true"
        )


def _best(key: str, goal: Objective, found: SweepReport) -> None:
    """Show how to go on with the best trial."""
    st.subheader("The best, to go on with")
    best = found.leaderboards[goal][0]
    trial = best.best
    parts.link(f"Open trial {trial.number}", page="Run", run=f"{key}/{trial.number}")
    st.code(rerun_command(found.plan, trial), language="bash", wrap_lines=True)
    text = best_config(found.sweep.name, found.plan, best)
    st.code(text, language="yaml")
    parts.download(f"Save {best_config_name(goal, found)}", text, best_config_name(goal, found), "text/plain")


def _trials(key: str) -> None:
    found = _found(key)
    st.subheader("Trials")
    if found.failed:
        told = f"{len(found.failed)} came to no good end; the same command tries them again."
        st.warning(told, icon=":material/error:")
    parts.table(trials_table(found.trials), key="trials table", column_config=parts.columns())
    if to_come := found.to_come:
        named = [str(trial.number) for trial in found.trials if trial.state == "waiting"]
        st.caption(f"{to_come} to come: {', '.join(named) or 'the search will choose them'}.")
    for one in parts.run_index().snapshot(parts.QUICK).skipped:
        if one.path.startswith(f"{key}/"):
            st.caption(escape_markdown(f"Not read: {one.path} ({one.reason})"))
