"""What several pages show in the same way."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

import pandas as pd
import streamlit as st
from matplotlib.figure import Figure

from handwriting.dashboard.run_index import RunIndex, Snapshot
from handwriting.dashboard.settings import Settings, index_of
from handwriting.dashboard.tables import anchor
from handwriting.errors import HandwritingError
from handwriting.plots.curves import figure_bytes
from handwriting.plots.grids import picture_bytes
from handwriting.plots.interactive import Chart
from handwriting.plots.themes import on_dark
from handwriting.text import escape_markdown, one_line

Item = TypeVar("Item")
SLOTS = 16
"""On every page."""
QUICK, SLOW = 1.0, 2.0
"""Seconds between looks while something runs, and while nothing does."""


def slots() -> list[Any]:
    """Return the places of a page, one below the other: always as many, whatever is in them.

    A part that brings itself up to date is put where it stood on the page when that was made. Were something else there
    by now, the browser would have nowhere to put it; so such a part is alone in a place that is its own.
    """
    return [st.container() for _ in range(SLOTS)]


def run_index() -> RunIndex:
    """Return what knows the runs that are shown."""
    return index_of(Settings.here())


def is_dark() -> bool:
    """Tell whether the page is dark."""
    return st.context.theme.type == "dark"


def live(show: Callable[[], None], running: bool, every: float | None = None) -> None:
    """Show a part of a page that brings itself up to date, soon where something runs, or every so many seconds."""

    def shown() -> None:
        try:
            show()
        except HandwritingError as error:  # a run may vanish, or break, while it is looked at
            refused(error)

    st.fragment(shown, run_every=every or (QUICK if running else SLOW))()


def choose(what: str, keys: Sequence[str], open_one: Callable[[str], object]) -> str | None:
    """Let one of some runs or sweeps be chosen, the first unless the address names one; say where that is not here."""
    name = what.lower()
    asked = st.query_params.get(name)
    unknown = asked is not None and asked not in keys
    if unknown:
        try:
            open_one(str(asked))
        except HandwritingError as error:
            refused(error)
    index = None if unknown else 0
    key: str | None = st.selectbox(what, keys, index, key=name, bind="query-params", placeholder="Choose one")
    return key


def epoch_slider(label: str, epochs: Sequence[int], key: str, follow: bool = True) -> int:
    """Let an epoch be chosen; at the last one it stays at the last, while a run goes on.

    Args:
        label: What is written above.
        epochs: At least one, in order.
        key: What the choice is kept under.
        follow: Whether it does so.
    """
    state, last = st.session_state, f"last of {key}"
    if state.get(key) not in epochs or (follow and state[key] == state.get(last)):
        state[key] = epochs[-1]
    state[last] = epochs[-1]
    return int(st.select_slider(label, epochs, key=key)) if len(epochs) > 1 else epochs[-1]


# What is shown


def figure(draw: Callable[[], Figure], name: str, caption: str = "") -> None:
    """Show a figure in the colours of the page; what is saved is for white paper."""
    drawn = draw()
    saved = figure_bytes(drawn)
    _image(figure_bytes(on_dark(drawn)) if is_dark() else saved, caption)
    download("Save this picture", saved, name, "image/png")


def _image(content: bytes, caption: str, kind: Any = "PNG") -> None:
    # Left to itself Streamlit makes a JPEG of what has no transparency.
    st.image(content, caption=escape_markdown(caption) if caption else None, output_format=kind)


def picture(content: bytes | None, name: str, caption: str = "") -> None:
    """Show a picture; in place of one that is missing or broken, say so."""
    if content is None:
        st.caption(f"{escape_markdown(name)} is missing, or no picture.")
        return
    kind = "GIF" if name.endswith(".gif") else "PNG"
    _image(content, caption, "auto" if kind == "GIF" else "PNG")
    download("Save this picture", content, name, f"image/{kind.lower()}")


def picture_file(path: Path, caption: str = "", name: str | None = None) -> None:
    """Show a picture from its file, by whose name it is saved unless another is given."""
    picture(picture_bytes(path), name or path.name, caption)


def link(label: str, **address: str | list[str]) -> None:
    """Show a link to what an address of the dashboard tells."""
    st.html(anchor(label, **address), width="content")


def across(items: Sequence[Item], columns: int) -> Iterator[Item]:
    """Yield items, and have what is shown of each stand beside that of the others; on a narrow screen below it."""
    for start in range(0, len(items), columns):
        for place, item in zip(st.columns(columns), items[start : start + columns], strict=False):
            with place:
                yield item


def chart(one: Chart, key: str) -> Any:
    """Show a chart to point at, and return what is selected in it."""
    more: dict[str, Any] = {"on_select": "rerun"} if one.selects else {}
    return st.vega_lite_chart(pd.DataFrame(one.rows), one.spec, width="stretch", key=key, **more)


def table(rows: Sequence[dict[str, Any]], **more: Any) -> Any:
    """Show a table, whose own menu sorts, searches and saves it."""
    return st.dataframe(pd.DataFrame(list(rows)), hide_index=True, placeholder="", **more)


def download(label: str, content: bytes | str | Callable[[], bytes], name: str, kind: str) -> None:
    """Offer something to be saved; what is called for it is called when it is asked for."""
    st.download_button(
        label, content, name, kind, key=f"save {name} {label}", on_click="ignore", type="tertiary",
        icon=":material/download:",
    )  # fmt: skip


def columns() -> dict[str, Any]:
    """Return how the columns of tables are shown, by their names."""
    number, help_fid = st.column_config.NumberColumn, "Lowest on validation glyphs while training."
    return {
        "FID": number(format="%.4g", help=help_fid),
        "floor": number(format="%.3g", help="The FID of as many real training glyphs."),
        "class accuracy": number(format="%.3f", help="How often the class asked for is the class seen, measured last."),
        "best": number(format="%.4g", help="The best value that the monitor reached."),
        "monitor": st.column_config.TextColumn(help="What the run goes by."),
        "minutes": number(format="%.3g", help="Of training."),
        "minutes left": number(format="%.0f"),
        "parameters": number(format="localized"),
        "began": st.column_config.DatetimeColumn(format="MMM D, HH:mm"),
    }


# Where something is missing


def nothing(what: str, command: str) -> None:
    """Say that there is nothing yet, and which command makes some."""
    st.info(what, icon=":material/info:")
    st.code(command, language="bash", wrap_lines=True)


def show_skipped(snapshot: Snapshot) -> None:
    """Name in a corner what cannot be read, and why."""
    if snapshot.skipped:
        with st.expander(f"Skipped: {len(snapshot.skipped)}", icon=":material/warning:"):
            st.caption("These folders also hold files and folders that are not shown.")
            table([{"path": one.path, "why": one.reason} for one in snapshot.skipped])


def refused(error: Exception) -> None:
    """Say why something cannot be shown."""
    st.error(escape_markdown(one_line(error)), icon=":material/error:")
