"""The page of a run: its pictures over time, curves, metrics, new samples, settings and log."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from handwriting.config import usual_command
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
"""The current name of each view that addresses of earlier versions name."""
PLAY_SECONDS = 0.7
ACROSS = 3
MAX_MISTAKES = 12
FLOOR_CAPTION = "The mark across each bar is its floor."
TEMPERATURE_HELP = (
    "1 is the temperature of training. Lower values give more similar glyphs, higher values more varied ones."
)


def show(slots: Sequence[Any]) -> None:
    """Show the page."""
    snapshot = parts.run_index().snapshot()
    with slots[0]:
        st.title("A run")
        if not snapshot.summaries:
            parts.nothing("There is no run yet. This command trains one in under a minute:", "handwriting train")
            return
        key = parts.choose("Run", list(snapshot.summaries), parts.run_index().run)
        if key is None:
            return
        try:
            details = parts.run_index().details(key)
        except HandwritingError as error:
            parts.refused(error)
            return
        if sweep := snapshot.sweep_of.get(key):
            parts.link(f"A trial of {sweep}", page="Sweep", sweep=sweep)
    run, running = Run(details.path), details.state == "running"
    with slots[1]:
        parts.live(lambda: _facts(key, details.state), running)
    with slots[2]:
        if (earlier := st.query_params.get("show")) in EARLIER_VIEWS:
            st.session_state.show = EARLIER_VIEWS[earlier]
        view = st.segmented_control("Show", VIEWS, default=VIEWS[0], key="show", bind="query-params", required=True,
                                    label_visibility="collapsed")  # fmt: skip
    view_slots = slots[3 + 2 * VIEWS.index(view) :]
    with view_slots[0]:
        if view == "Pictures":
            playing = PLAY_SECONDS if st.session_state.get("playing", False) else None
            parts.live(lambda: _through_time(key), running, playing)
        elif view == "Curves":
            parts.live(lambda: _curves(key), running)
        elif view == "Metrics":
            _metrics(details)
        elif view == "Sample":
            _sample(run)
        elif view == "Settings":
            _settings(run)
        else:
            parts.live(lambda: _log(run), running)
    with view_slots[1]:
        if view == "Pictures":
            parts.live(lambda: _single_pictures(key), running)


def _facts(key: str, before: str) -> None:
    """Show the facts about a run, and its progress."""
    details = parts.run_index().details(key)
    if details.state != before:
        st.rerun()
    facts = {name: fact(details).text for name, fact in FACTS.items()} | {"state": state(details.state)}
    if details.best is not None:
        facts[f"best {details.monitor}"] = format_number(details.best, 4)
    if (floor := details.last("floor/fid")) is not None:
        facts["floor of the FID"] = format_number(floor)
    st.html(facts_html({name: text for name, text in facts.items() if text not in (ABSENT, "")}))
    if details.why:
        st.warning(escape_markdown(details.why), icon=":material/info:")
    if details.state == DEAD:
        st.warning("The run did not end, but its process is gone. This command resumes it:", icon=":material/error:")
        st.code(usual_command("train", f"resume={details.path}"), language="bash", wrap_lines=True)


# Pictures


def _through_time(key: str) -> None:
    """Show the samples of one epoch, and its reconstructions if there are any, with a slider that can play."""
    run = parts.run_index().run(key)
    kinds = {name: run.pictures(name) for name in ("samples", "reconstructions")}
    epochs = sorted({epoch for pictures in kinds.values() for epoch in pictures})
    if not epochs:
        st.caption("There are no pictures yet: the first one is drawn within seconds of the start.")
        return
    state, epoch_key = st.session_state, f"epoch of {key}"
    playing = state.get("playing", False)
    if playing and state.get(epoch_key) in epochs:
        state[epoch_key] = epochs[(epochs.index(state[epoch_key]) + 1) % len(epochs)]
    button, slider = st.columns([1, 7], vertical_alignment="bottom")
    with slider:
        epoch = parts.epoch_slider("Epoch", epochs, epoch_key, follow=not playing)
    label, icon = ("Pause", ":material/pause:") if playing else ("Play", ":material/play_arrow:")
    # The key makes it the same button under both labels.
    if button.button(label, "play", icon=icon, width="stretch", disabled=len(epochs) < 2, on_click=_play,
                     args=(epoch_key, epochs)):  # fmt: skip
        st.rerun()  # the whole page, which sets the time until the next picture
    for name, pictures in kinds.items():
        if epoch in pictures:
            st.markdown(f"**{name.capitalize()}**, epoch {epoch}")
            parts.picture_file(pictures[epoch], "", f"{name}_{epoch:04}.png")


def _play(epoch_key: str, epochs: Sequence[int]) -> None:
    """Start playing, from the first epoch if the last is shown; or pause."""
    state = st.session_state
    state.playing = not state.get("playing", False)
    if state.playing and state.get(epoch_key) == epochs[-1]:
        state[epoch_key] = epochs[0]


def _single_pictures(key: str) -> None:
    """Show the pictures of which the run has a single one, such as the animation or the latent space."""
    details = parts.run_index().details(key)
    captioned = single_pictures(details)
    if captioned:
        st.divider()
    for path, caption in parts.across(list(captioned.items()), 2):
        parts.picture_file(path, caption)


def _curves(key: str) -> None:
    details = parts.run_index().details(key)
    by = st.segmented_control("Progress in", list(COUNTED), format_func=COUNTED.__getitem__, default="samples",
                              key="by", bind="query-params", required=True)  # fmt: skip
    names, rows, dark = {0: details.name}, {0: details.rows}, parts.is_dark()
    charts = {name: curves_chart(name, names, rows, by, dark=dark) for name in ordered(metrics_of(details.rows))}
    drawn = [(name, chart) for name, chart in charts.items() if chart]
    if not drawn:
        st.caption("Nothing has been logged yet.")
    for name, chart in parts.across(drawn, ACROSS):
        parts.chart(chart, f"curve {name}")
    if (table := details.path / "metrics.csv").is_file():
        parts.download("Save metrics.csv", table.read_bytes, "metrics.csv", "text/csv")


# Metrics


def _metrics(details: RunDetails) -> None:
    rows = metric_rows([details])
    if not rows:
        message = "The run has not been evaluated on the test set yet."
        if commands := evaluation_commands([details]):
            parts.nothing(f"{message} This command does so:", commands[0])
        else:
            st.info(f"{message} It has no checkpoint that could be.")
        latest = details.validation()
        if latest:
            st.markdown("The last values on validation glyphs, measured during training:")
            floors = {name: details.last(f"floor/{name[4:]}") for name in latest}
            parts.table([{"metric": name[4:], "value": value, "floor": floors[name]}
                         for name, value in latest.items()])  # fmt: skip
        return
    st.markdown("On the test set. The floor is the same metric of the same number of real training glyphs.")
    parts.table(table_rows(metric_table([details], rows)))
    drawn = [bars_of(row) for row in rows if row.comparable]
    if drawn:
        parts.figure(lambda: draw_metric_bars([details.name], drawn), "metrics.png", FLOOR_CAPTION)
    _classes(details)
    for name, caption in (
        ("neighbours.png", "Generated glyphs above the training glyphs nearest to them"),
        ("evaluation.png", "The whole evaluation on one page"),
    ):
        if (details.path / name).is_file():
            st.subheader(caption)
            parts.picture_file(details.path / name)


def _classes(details: RunDetails) -> None:
    try:
        classes = Classes.of(details.path)
    except HandwritingError as error:
        parts.refused(error)
        return
    names = classes.names if classes else class_names(details.metric_values)
    fid, floors = (class_fids(details.metric_values, names, part) for part in ("value", "floor"))
    if fid is not None or classes:
        accuracy, real = (classes.accuracies, classes.real_accuracies) if classes else (None, None)
        st.subheader("By class")
        parts.figure(lambda: draw_class_charts(names, fid, floors, accuracy, real), "classes.png")
    if classes:
        st.subheader("Confusion of classes")
        left, right = st.columns([3, 2])
        with left:
            parts.picture(png_bytes(draw_confusion(classes.confusion, classes.names)), "confusion.png",
                          "Requested class (rows) and recognised class (columns); mistakes are dark.")  # fmt: skip
        with right:
            frequent = mistakes(classes.confusion, classes.names)[:MAX_MISTAKES]
            parts.table([{"mistake": text, "share of class": share} for text, share in frequent],
                        column_config={"share of class": st.column_config.NumberColumn(format="percent")})  # fmt: skip


# Sampling


def _sample(run: Run) -> None:
    checkpoint = run.checkpoint()
    if not checkpoint.is_file():
        st.info(
            "There is no checkpoint yet: the first is written at the end of the first epoch.", icon=":material/info:"
        )
        return
    try:
        with st.spinner("Loading the model; the first time takes some seconds"):
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
        n = left.number_input("Glyphs of each", 1, 100, 10)
        seed = middle.number_input("Seed", 0, 2**31 - 1, 0, help="The same seed gives the same glyphs.")
        temperature = right.slider("Temperature of the latents", 0.1, 2.0, 1.0, 0.05, help=TEMPERATURE_HELP)
        submitted = st.form_submit_button("Sample", type="primary", icon=":material/draw:")
    state = st.session_state
    if submitted:
        try:
            with st.spinner("Sampling"):
                sample = sample_now(checkpoint, n, labels or None, styles or None, seed, temperature)
                state.sampled = run.path, sample
        except HandwritingError as error:
            parts.refused(error)
    if "sampled" in state and state.sampled[0] == run.path:
        sample = state.sampled[1]
        parts.picture(sample.png, "sample.png", f"{sample.count:,} glyphs")
        parts.download("Save the glyphs as data", sample.npz, "sample.npz", "application/octet-stream")


# Settings and log


def _settings(run: Run) -> None:
    st.markdown("The command that repeats the run:")
    st.code(str(run.status.get("command", "-")), language="bash", wrap_lines=True)
    _text(run.config_file, "yaml", height=520)
    left, right = st.columns(2)
    for column, name in ((left, "status.json"), (right, "summary.json")):
        with column:
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
        st.caption("The run has no log.")
    for name in logs:
        _text(run.path / name, "log", height=520)
