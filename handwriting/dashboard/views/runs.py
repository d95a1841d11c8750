"""The page of all runs and sweeps, which compares the selected runs."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import Any

import streamlit as st

from handwriting.dashboard import parts
from handwriting.dashboard.run_index import Snapshot
from handwriting.dashboard.tables import counts, epoch_shown, runs_shown, runs_table, selected, swatch, sweeps_table
from handwriting.errors import HandwritingError
from handwriting.plots.curves import COUNTED, FAMILIES, family, metrics_of, ordered
from handwriting.plots.interactive import curves_chart
from handwriting.reports.comparison import comparability_warnings, differences
from handwriting.runs.details import RunDetails
from handwriting.runs.filters import keys
from handwriting.text import escape_markdown

MAX_COMPARED = 10
"""The largest number of runs that are compared."""
ACROSS = 3
SCALES = {"automatic": None, "linear": False, "logarithmic": True}
DEFAULT_FAMILIES, DEFAULT_PROGRESS = ["Losses", "FID"], "samples"
RUNS = "runs"
"""The query parameter of a selected run; there may be several."""
HELP = (
    "Words, and settings: `cgan failed`, `-vae`, `model.lr<0.001`, `seed=1`, `val/fid<=20`, `norm=b*`. "
    "A run must match all of them."
)


def show(slots: Sequence[Any]) -> None:
    """Show the page."""
    snapshot = parts.run_index().snapshot()
    with slots[0]:
        st.title("Runs")
        if not snapshot.summaries and not snapshot.sweeps:
            where = ", ".join(escape_markdown(str(folder)) for folder in parts.run_index().folders)
            parts.nothing(
                f"There is no run in {where} yet. This command trains one in under a minute:", "handwriting train"
            )
            parts.show_skipped(snapshot)
            return
        _choice(snapshot)
    with slots[1]:
        parts.live(lambda: _table(snapshot.is_running), snapshot.is_running)
    with slots[2]:
        if snapshot.sweeps:
            with st.expander(f"Sweeps: {len(snapshot.sweeps)}", expanded=RUNS not in st.query_params):
                parts.live(_sweeps, snapshot.is_running)
    requested = list(dict.fromkeys(st.query_params.get_all(RUNS)))
    chosen = [key for key in requested if key in snapshot.summaries]
    with slots[3]:
        parts.show_skipped(snapshot)
    with slots[4]:
        for unknown in [key for key in requested if key not in snapshot.summaries]:
            st.warning(f"The run {escape_markdown(unknown)} was not found.", icon=":material/link_off:")
        if not chosen:
            st.caption("Tick runs in the table to compare their curves, sample grids and settings.")
            return
        _head(chosen, snapshot)
    running = any(snapshot.summaries[key].state == "running" for key in chosen)
    chosen = chosen[:MAX_COMPARED]
    with slots[5]:
        _shape()
    with slots[6]:
        parts.live(lambda: _curves(chosen), running)
    with slots[7]:
        st.subheader("Samples")
    with slots[8]:
        parts.live(lambda: _grids(chosen), running)
    with slots[9]:
        st.subheader("Settings that differ")
        _settings(chosen)


def _choice(snapshot: Snapshot) -> None:
    """Show the controls of the table: the filter, its columns, and whether it holds trials."""
    choose, columns, trials = st.columns([5, 4, 2], vertical_alignment="bottom")
    with choose:
        st.text_input("Filter", key="filter", bind="query-params", help=HELP, placeholder="cgan model.lr<0.001")
    with columns:
        available = keys(snapshot.summaries.values())
        st.multiselect(
            "More columns", available, key="columns", bind="query-params", placeholder="any setting or metric"
        )
    with trials:
        st.toggle("Trials of sweeps", key="trials", bind="query-params", disabled=not snapshot.sweep_of)


def _shape() -> None:
    """Show the controls of the curves: their metrics, axes and smoothing."""
    st.subheader("Curves")
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        bound: dict[str, Any] = {"bind": "query-params"}
        st.pills("Metrics", FAMILIES, selection_mode="multi", default=DEFAULT_FAMILIES, key="measures", **bound)
        single: dict[str, Any] = {**bound, "required": True}
        st.segmented_control("Progress in", list(COUNTED), format_func=COUNTED.__getitem__, default=DEFAULT_PROGRESS,
                             key="by", **single)  # fmt: skip
        st.segmented_control("Scale", list(SCALES), default="automatic", key="scale", **single)
        st.slider("Smoothing", 0.0, 0.98, 0.0, 0.02, key="smoothing", width=220, **bound)


def _table(was_running: bool) -> None:
    """Show the table, and keep what is selected in the address."""
    snapshot, state = parts.run_index().snapshot(), st.session_state
    try:
        shown = runs_shown(snapshot, state.filter, state.trials)
    except HandwritingError as error:
        parts.refused(error)
        shown = runs_shown(snapshot, "", state.trials)
    row_keys, chosen = list(shown), st.query_params.get_all(RUNS)
    st.caption(counts(snapshot, len(shown)))
    if not shown:
        st.caption("No run matches the filter." if state.filter else "All runs are trials of sweeps.")
        return
    # Streamlit knows a selection by row numbers, so other rows make another table.
    table_key = zlib.crc32("\n".join([*row_keys, str(state.get("cleared", 0))]).encode())
    event = parts.table(
        runs_table(shown, state.columns),
        key=f"table {table_key}",
        on_select="rerun",
        selection_mode="multi-row",
        selection_default={"selection": {"rows": [row for row, key in enumerate(row_keys) if key in chosen]}},
        column_config=parts.columns(),
        height=min(38 + 35 * len(shown), 430),
    )
    marked = [row_keys[row] for row in event["selection"]["rows"] if row < len(row_keys)]
    if (now := selected(chosen, row_keys, marked)) != chosen:
        st.query_params[RUNS] = now
        st.rerun()
    if snapshot.is_running != was_running:
        st.rerun()


def _sweeps() -> None:
    snapshot = parts.run_index().snapshot()
    parts.table(sweeps_table(snapshot), key="sweeps", column_config=parts.columns())
    with st.container(horizontal=True):
        for key in snapshot.sweeps:
            parts.link(f"Open {key}", page="Sweep", sweep=key)


def _head(chosen: Sequence[str], snapshot: Snapshot) -> None:
    """Show the numbers of the selected runs in their colours, with a link to each."""
    st.divider()
    with st.container(horizontal=True, vertical_alignment="center"):
        for index, key in enumerate(chosen[:MAX_COMPARED]):
            st.html(swatch(index, dark=parts.is_dark()), width="content")
            parts.link(snapshot.summaries[key].name, page="Run", run=key)
        if st.button("Clear the selection", type="tertiary", icon=":material/close:"):
            st.query_params.pop(RUNS, None)
            st.session_state.cleared = st.session_state.get("cleared", 0) + 1
            st.rerun()
    if len(chosen) > MAX_COMPARED:
        st.caption(f"The first {MAX_COMPARED} of {len(chosen)} selected runs are shown.")


def _details(chosen: Sequence[str], show_errors: bool = False) -> dict[int, RunDetails]:
    """Return the details of the selected runs by their index in the selection, without those that cannot be read."""
    details = {}
    for index, key in enumerate(chosen):
        try:
            details[index] = parts.run_index().details(key)
        except HandwritingError as error:
            if show_errors:
                parts.refused(error)
    return details


def _curves(chosen: Sequence[str]) -> None:
    details, state = _details(chosen, show_errors=True), st.session_state
    names, rows = {i: run.name for i, run in details.items()}, {i: run.rows for i, run in details.items()}
    metrics = ordered(
        {metric for table in rows.values() for metric in metrics_of(table) if family(metric) in state.measures}
    )
    options = (state.by, state.smoothing, SCALES[state.scale], parts.is_dark())
    charts = {metric: curves_chart(metric, names, rows, *options) for metric in metrics}
    drawn = [(metric, chart) for metric, chart in charts.items() if chart]
    if not drawn:
        st.caption("None of these metrics has been measured yet: select others above.")
    for metric, chart in parts.across(drawn, ACROSS):
        parts.chart(chart, f"curve {metric}")
    for warning in comparability_warnings(list(details.values())):
        st.caption(escape_markdown(warning))


def _grids(chosen: Sequence[str]) -> None:
    details = {index: run for index, run in _details(chosen).items() if run.grids}
    epochs = sorted({epoch for run in details.values() for epoch in run.grids})
    if not epochs:
        st.caption("None of these runs has a sample grid yet.")
        return
    requested = parts.epoch_slider("Epoch, for all runs", epochs, "epoch")
    for index, run in parts.across(list(details.items()), min(ACROSS, len(details))):
        epoch = epoch_shown(list(run.grids), requested)
        st.html(swatch(index, run.name, parts.is_dark()))
        if epoch is not None:
            name = f"{run.name.replace('/', '_')}_{epoch:04}.png"
            parts.picture_file(run.grids[epoch], f"epoch {epoch}", name)


def _settings(chosen: Sequence[str]) -> None:
    details = _details(chosen)
    settings = differences(list(details.values())) if len(details) > 1 else {}
    if not settings:
        st.caption("Select at least two runs." if len(details) < 2 else "These runs have the same settings.")
        return
    heads = [f"{index + 1}  {run.name}" for index, run in details.items()]
    parts.table([{"setting": key, **dict(zip(heads, values, strict=True))} for key, values in settings.items()])
