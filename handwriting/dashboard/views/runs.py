"""All runs and sweeps in a table, and several runs side by side."""

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

MOST = 10
"""So many runs are put side by side."""
ACROSS = 3
SCALES = {"as it suits": None, "linear": False, "logarithmic": True}
USUAL, BY = ["Losses", "FID"], "samples"
RUNS = "runs"
"""What the address calls a run that is selected; it may do so several times."""
HELP = (
    "Words, and settings: `cgan failed`, `-vae`, `model.lr<0.001`, `seed=1`, `val/fid<=20`, `norm=b*`. "
    "All of them have to hold."
)


def show(slots: Sequence[Any]) -> None:
    """Show the page."""
    snapshot = parts.run_index().snapshot()
    with slots[0]:
        st.title("Runs")
        if not snapshot.summaries and not snapshot.sweeps:
            where = ", ".join(escape_markdown(str(folder)) for folder in parts.run_index().folders)
            parts.nothing(f"There is no run in {where} yet. This trains one in under a minute:", "python train.py")
            parts.show_skipped(snapshot)
            return
        _choice(snapshot)
    with slots[1]:
        parts.live(lambda: _table(snapshot.is_running), snapshot.is_running)
    with slots[2]:
        if snapshot.sweeps:
            with st.expander(f"Sweeps: {len(snapshot.sweeps)}", expanded=RUNS not in st.query_params):
                parts.live(_sweeps, snapshot.is_running)
    asked = list(dict.fromkeys(st.query_params.get_all(RUNS)))
    chosen = [key for key in asked if key in snapshot.summaries]
    with slots[3]:
        parts.show_skipped(snapshot)
    with slots[4]:
        for gone in [key for key in asked if key not in snapshot.summaries]:
            st.warning(f"The run {escape_markdown(gone)} is not here.", icon=":material/link_off:")
        if not chosen:
            st.caption("Select runs by the boxes on their left to see their curves and grids side by side.")
            return
        _head(chosen, snapshot)
    running = any(snapshot.summaries[key].state == "running" for key in chosen)
    chosen = chosen[:MOST]
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
    """Let it be said which runs are shown, and what of them."""
    choose, more, trials = st.columns([5, 4, 2], vertical_alignment="bottom")
    with choose:
        st.text_input("Filter", key="filter", bind="query-params", help=HELP, placeholder="cgan model.lr<0.001")
    with more:
        own = keys(snapshot.summaries.values())
        st.multiselect("More columns", own, key="columns", bind="query-params", placeholder="any setting or metric")
    with trials:
        st.toggle("Trials of sweeps", key="trials", bind="query-params", disabled=not snapshot.sweep_of)


def _shape() -> None:
    """Let it be said which curves are shown, and how."""
    st.subheader("Curves")
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        bound: dict[str, Any] = {"bind": "query-params"}
        st.pills("Measures", FAMILIES, selection_mode="multi", default=USUAL, key="measures", **bound)
        one: dict[str, Any] = {**bound, "required": True}
        st.segmented_control("Counted in", list(COUNTED), format_func=COUNTED.__getitem__, default=BY, key="by", **one)
        st.segmented_control("Scale", list(SCALES), default="as it suits", key="scale", **one)
        st.slider("Smoothing", 0.0, 0.98, 0.0, 0.02, key="smoothing", width=220, **bound)


def _table(was_running: bool) -> None:
    """Show the table, and keep what is selected in the address."""
    snapshot, state = parts.run_index().snapshot(), st.session_state
    try:
        shown = runs_shown(snapshot, state.filter, state.trials)
    except HandwritingError as error:
        parts.refused(error)
        shown = runs_shown(snapshot, "", state.trials)
    places, chosen = list(shown), st.query_params.get_all(RUNS)
    st.caption(counts(snapshot, len(shown)))
    if not shown:
        st.caption("None of them fits the filter." if state.filter else "The trials are in their sweeps.")
        return
    # Which rows there are is part of the table's name, because a selection is told by the places of rows.
    name = zlib.crc32("\n".join([*places, str(state.get("cleared", 0))]).encode())
    told = parts.table(
        runs_table(shown, state.columns),
        key=f"table {name}",
        on_select="rerun",
        selection_mode="multi-row",
        selection_default={"selection": {"rows": [place for place, key in enumerate(places) if key in chosen]}},
        column_config=parts.columns(),
        height=min(38 + 35 * len(shown), 430),
    )
    marked = [places[row] for row in told["selection"]["rows"] if row < len(places)]
    if (wanted := selected(chosen, places, marked)) != chosen:
        st.query_params[RUNS] = wanted
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
    """Name the selected runs in their colours, with a link to each."""
    st.divider()
    with st.container(horizontal=True, vertical_alignment="center"):
        for index, key in enumerate(chosen[:MOST]):
            st.html(swatch(index, dark=parts.is_dark()), width="content")
            parts.link(snapshot.summaries[key].name, page="Run", run=key)
        if st.button("Clear the selection", type="tertiary", icon=":material/close:"):
            st.query_params.pop(RUNS, None)
            st.session_state.cleared = st.session_state.get("cleared", 0) + 1
            st.rerun()
    if len(chosen) > MOST:
        st.caption(f"The first {MOST} of {len(chosen)} that are selected.")


def _records(chosen: Sequence[str], tell: bool = False) -> dict[int, RunDetails]:
    """Return the selected runs by their place in the selection; one that cannot be read is told of once."""
    found = {}
    for index, key in enumerate(chosen):
        try:
            found[index] = parts.run_index().details(key)
        except HandwritingError as error:
            if tell:
                parts.refused(error)
    return found


def _curves(chosen: Sequence[str]) -> None:
    records = _records(chosen, tell=True)
    state = st.session_state
    names, rows = ({i: one.name for i, one in records.items()}, {i: one.rows for i, one in records.items()})
    metrics = ordered(
        {metric for run in rows.values() for metric in metrics_of(run) if family(metric) in state.measures}
    )
    shape = (state.by, state.smoothing, SCALES[state.scale], parts.is_dark())
    charts = {metric: curves_chart(metric, names, rows, *shape) for metric in metrics}
    found = [(metric, one) for metric, one in charts.items() if one]
    if not found:
        st.caption("None of these was measured yet: choose other measures above.")
    for metric, one in parts.across(found, ACROSS):
        parts.chart(one, f"curve {metric}")
    for caution in comparability_warnings(list(records.values())):
        st.caption(escape_markdown(caution))


def _grids(chosen: Sequence[str]) -> None:
    records = {index: one for index, one in _records(chosen).items() if one.grids}
    epochs = sorted({epoch for one in records.values() for epoch in one.grids})
    if not epochs:
        st.caption("None of these runs has drawn a grid yet.")
        return
    asked = parts.epoch_slider("Epoch, of all runs", epochs, "epoch")
    for index, one in parts.across(list(records.items()), min(ACROSS, len(records))):
        epoch = epoch_shown(list(one.grids), asked)
        st.html(swatch(index, one.name, parts.is_dark()))
        if epoch is not None:
            name = f"{one.name.replace('/', '_')}_{epoch:04}.png"
            parts.picture_file(one.grids[epoch], f"epoch {epoch}", name)


def _settings(chosen: Sequence[str]) -> None:
    records = list(_records(chosen).values())
    found = differences(records) if len(records) > 1 else {}
    if not found:
        st.caption("Select two or more." if len(records) < 2 else "These runs have the same settings.")
        return
    heads = [f"{index + 1}  {one.name}" for index, one in enumerate(records)]
    parts.table([{"setting": key, **dict(zip(heads, values, strict=True))} for key, values in found.items()])
