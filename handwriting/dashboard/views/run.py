"""One run: its pictures through time, its measures, what it draws on the spot, its settings and its log."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from handwriting.dashboard import parts
from handwriting.dashboard.pictures import single_pictures
from handwriting.dashboard.sampling import model_of, sample_now
from handwriting.dashboard.tables import facts_html, state, table_rows
from handwriting.errors import HandwritingError
from handwriting.files import last_lines
from handwriting.metric_values import class_fids, class_names
from handwriting.plots.comparison import draw_metric_bars
from handwriting.plots.confusion import draw_confusion, mistakes
from handwriting.plots.curves import COUNTED, metrics_of, ordered
from handwriting.plots.evaluation import draw_class_charts
from handwriting.plots.grids import png_bytes
from handwriting.plots.interactive import curves_chart
from handwriting.reports.comparison import metric_rows
from handwriting.reports.runs import FACTS, bars_of, evaluation_commands, metric_table
from handwriting.runs import Run
from handwriting.runs.classes import Classes
from handwriting.runs.details import RunDetails
from handwriting.runs.summaries import DEAD
from handwriting.text import ABSENT, escape_markdown, format_number

VIEWS = ("Pictures", "Curves", "Metrics", "Sample", "Settings", "Log")
EARLIER_VIEWS = {"Measures": "Metrics", "Draw": "Sample"}
"""What addresses of earlier versions call a view."""
PLAY_SECONDS = 0.7
ACROSS = 3
MISTAKES = 12
FLOORS = "The mark across each bar is its floor."
TEMPERATURE_HELP = "1 is what the model was trained with. Below 1 glyphs are more alike, above 1 bolder."


def show(slots: Sequence[Any]) -> None:
    """Show the page."""
    snapshot = parts.run_index().snapshot()
    with slots[0]:
        st.title("A run")
        if not snapshot.summaries:
            parts.nothing("There is no run yet. This trains one in under a minute:", "python train.py")
            return
        key = parts.choose("Run", list(snapshot.summaries), parts.run_index().run)
        if key is None:
            return
        try:
            record = parts.run_index().details(key)
        except HandwritingError as error:
            parts.refused(error)
            return
        if sweep := snapshot.sweep_of.get(key):
            parts.link(f"A trial of {sweep}", page="Sweep", sweep=sweep)
    run, running = Run(record.path), record.state == "running"
    with slots[1]:
        parts.live(lambda: _facts(key, record.state), running)
    with slots[2]:
        if (earlier := st.query_params.get("show")) in EARLIER_VIEWS:
            st.session_state.show = EARLIER_VIEWS[earlier]
        view = st.segmented_control("Show", VIEWS, default=VIEWS[0], key="show", bind="query-params", required=True,
                                    label_visibility="collapsed")  # fmt: skip
    own = slots[3 + 2 * VIEWS.index(view) :]
    with own[0]:
        if view == "Pictures":
            playing = PLAY_SECONDS if st.session_state.get("playing", False) else None
            parts.live(lambda: _through_time(key), running, playing)
        elif view == "Curves":
            parts.live(lambda: _curves(key), running)
        elif view == "Metrics":
            _metrics(record)
        elif view == "Sample":
            _sample(run)
        elif view == "Settings":
            _settings(run)
        else:
            parts.live(lambda: _log(run), running)
    with own[1]:
        if view == "Pictures":
            parts.live(lambda: _single_pictures(key), running)


def _facts(key: str, before: str) -> None:
    """Show what it is, and how far it got."""
    record = parts.run_index().details(key)
    if record.state != before:
        st.rerun()
    facts = {name: fact(record).text for name, fact in FACTS.items()} | {"state": state(record.state)}
    if record.best is not None:
        facts[f"best {record.monitor}"] = format_number(record.best, 4)
    if (floor := record.last("floor/fid")) is not None:
        facts["floor of the FID"] = format_number(floor)
    st.html(facts_html({name: text for name, text in facts.items() if text not in (ABSENT, "")}))
    if record.why:
        st.warning(escape_markdown(record.why), icon=":material/info:")
    if record.state == DEAD:
        st.warning("It says that it is running, and its process is gone. It goes on by:", icon=":material/error:")
        st.code(f"python train.py {shlex.quote(f'resume={record.path}')}", language="bash", wrap_lines=True)


# Pictures


def _through_time(key: str) -> None:
    """Show one grid, and where there are any the reconstructions of that time, by a slider that can play."""
    run = parts.run_index().run(key)
    kinds = {name: run.pictures(name) for name in ("samples", "reconstructions")}
    epochs = sorted({epoch for pictures in kinds.values() for epoch in pictures})
    if not epochs:
        st.caption("It has drawn nothing yet: the first grid comes within seconds of its start.")
        return
    state, place = st.session_state, f"epoch of {key}"
    playing = state.get("playing", False)
    if playing and state.get(place) in epochs:
        state[place] = epochs[(epochs.index(state[place]) + 1) % len(epochs)]
    button, slider = st.columns([1, 7], vertical_alignment="bottom")
    with slider:
        epoch = parts.epoch_slider("Epoch", epochs, place, follow=not playing)
    label, icon = ("Pause", ":material/pause:") if playing else ("Play", ":material/play_arrow:")
    # By its key it is the same button whatever it is called.
    if button.button(label, "play", icon=icon, width="stretch", disabled=len(epochs) < 2, on_click=_play,
                     args=(place, epochs)):  # fmt: skip
        st.rerun()  # all of the page, because it says itself how soon the next picture comes
    for name, pictures in kinds.items():
        if epoch in pictures:
            st.markdown(f"**{name.capitalize()}**, epoch {epoch}")
            parts.picture_file(pictures[epoch], "", f"{name}_{epoch:04}.png")


def _play(place: str, epochs: Sequence[int]) -> None:
    """Begin to play, from the first epoch where the last is shown; or pause."""
    state = st.session_state
    state.playing = not state.get("playing", False)
    if state.playing and state.get(place) == epochs[-1]:
        state[place] = epochs[0]


def _single_pictures(key: str) -> None:
    """Show the pictures that the run has one of, such as the animation or the latent space."""
    details = parts.run_index().details(key)
    captioned = single_pictures(details)
    if captioned:
        st.divider()
    for path, caption in parts.across(list(captioned.items()), 2):
        parts.picture_file(path, caption)


def _curves(key: str) -> None:
    record = parts.run_index().details(key)
    by = st.segmented_control("Counted in", list(COUNTED), format_func=COUNTED.__getitem__, default="samples", key="by",
                              bind="query-params", required=True)  # fmt: skip
    dark, own = parts.is_dark(), ({0: record.name}, {0: record.rows})
    charts = {name: curves_chart(name, *own, by, dark=dark) for name in ordered(metrics_of(record.rows))}
    found = [(name, one) for name, one in charts.items() if one]
    if not found:
        st.caption("Nothing was logged yet.")
    for name, one in parts.across(found, ACROSS):
        parts.chart(one, f"curve {name}")
    if (table := record.path / "metrics.csv").is_file():
        parts.download("Save metrics.csv", table.read_bytes, "metrics.csv", "text/csv")


# Metrics


def _metrics(record: RunDetails) -> None:
    rows = metric_rows([record])
    if not rows:
        parts.nothing("It was not measured on the test set yet. This does so:", evaluation_commands([record])[0])
        latest = record.validation()
        if latest:
            st.markdown("Until then, what its training measured last on validation glyphs:")
            floors = {name: record.last(f"floor/{name[4:]}") for name in latest}
            parts.table([{"while training": name[4:], "value": value, "floor": floors[name]}
                         for name, value in latest.items()])  # fmt: skip
        return
    st.markdown("On the test set. The floor is the same number for as many real training glyphs.")
    parts.table(table_rows(metric_table([record], rows)))
    drawn = [bars_of(row) for row in rows if row.comparable]
    if drawn:
        parts.figure(lambda: draw_metric_bars([record.name], drawn), "measures.png", FLOORS)
    _classes(record)
    for name, caption in (
        ("neighbours.png", "Generated glyphs above the training glyphs nearest to them"),
        ("evaluation.png", "All on one page"),
    ):
        if (record.path / name).is_file():
            st.subheader(caption)
            parts.picture_file(record.path / name)


def _classes(record: RunDetails) -> None:
    try:
        classes = Classes.of(record.path)
    except HandwritingError as error:
        parts.refused(error)
        return
    names = classes.names if classes else class_names(record.metric_values)
    fid, floors = class_fids(record.metric_values, names, "value"), class_fids(record.metric_values, names, "floor")
    if fid is not None or classes:
        accuracy, real = (classes.accuracies, classes.real_accuracies) if classes else (None, None)
        st.subheader("By class")
        parts.figure(lambda: draw_class_charts(names, fid, floors, accuracy, real), "classes.png")
    if classes:
        st.subheader("What is taken for what")
        left, right = st.columns([3, 2])
        with left:
            parts.picture(png_bytes(draw_confusion(classes.confusion, classes.names)), "confusion.png",
                          "Asked for (rows) and seen (columns); mistakes are dark.")  # fmt: skip
        with right:
            found = mistakes(classes.confusion, classes.names)[:MISTAKES]
            parts.table([{"mistake": text, "of the class": share} for text, share in found],
                        column_config={"of the class": st.column_config.NumberColumn(format="percent")})  # fmt: skip


# Sampling


def _sample(run: Run) -> None:
    checkpoint = run.checkpoint()
    if not checkpoint.is_file():
        st.info("There is no checkpoint yet: the first comes at the end of the first epoch.", icon=":material/info:")
        return
    try:
        with st.spinner("Loading the model; torch takes some seconds the first time"):
            model = model_of(checkpoint)
    except HandwritingError as error:
        parts.refused(error)
        return
    with st.form("sample"):
        labels = styles = None
        if "class" in model.conditions:
            labels = st.multiselect("Classes", model.alphabet, placeholder="all of them")
        if "style" in model.conditions:
            styles = st.multiselect("Styles", model.style_names, placeholder="all of them")
        left, middle, right = st.columns(3)
        n = left.number_input("Of each", 1, 100, 10)
        seed = middle.number_input("Seed", 0, 2**31 - 1, 0, help="The same seed draws the same glyphs.")
        temperature = right.slider("Temperature of the latents", 0.1, 2.0, 1.0, 0.05, help=TEMPERATURE_HELP)
        asked = st.form_submit_button("Sample", type="primary", icon=":material/draw:")
    state = st.session_state
    if asked:
        try:
            with st.spinner("Sampling"):
                state.drawn = run.path, sample_now(checkpoint, n, labels or None, styles or None, seed, temperature)
        except HandwritingError as error:
            parts.refused(error)
    if "drawn" in state and state.drawn[0] == run.path:
        drawn = state.drawn[1]
        parts.picture(drawn.png, "drawn.png", f"{drawn.glyphs:,} glyphs")
        parts.download("Save the glyphs as data", drawn.npz, "drawn.npz", "application/octet-stream")


# Settings and log


def _settings(run: Run) -> None:
    st.markdown("The command that repeats it:")
    st.code(str(run.status.get("command", "-")), language="bash", wrap_lines=True)
    _text(run.config_file, "yaml", height=520)
    left, right = st.columns(2)
    for place, name in ((left, "status.json"), (right, "summary.json")):
        with place:
            _text(run.path / name, "json", height=320)


def _text(path: Path, language: str, height: int | None = None) -> None:
    text = last_lines(path)
    if text is None:
        st.caption(f"{path.name} is missing.")
        return
    st.markdown(f"`{path.name}`")
    st.code(text, language=language, height=height or "content", wrap_lines=language == "log")
    parts.download(f"Save {path.name}", path.read_bytes, path.name, "text/plain")


def _log(run: Run) -> None:
    logs = [name for name in ("train.log", "output.log") if (run.path / name).is_file()]
    if not logs:
        st.caption("It has written no log.")
    for name in logs:
        _text(run.path / name, "log", height=520)
