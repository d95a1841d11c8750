"""Elements that several pages share: live parts, choices, pictures, tables and messages."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

import pandas as pd
import streamlit as st

from handwriting.dashboard.run_index import RunIndex, Snapshot
from handwriting.dashboard.settings import Settings, index_of
from handwriting.dashboard.tables import anchor
from handwriting.errors import HandwritingError
from handwriting.plots.curves import figure_bytes
from handwriting.plots.figures import Figure
from handwriting.plots.grids import picture_bytes
from handwriting.plots.interactive import Chart
from handwriting.plots.themes import on_dark
from handwriting.text import escape_markdown, one_line

Item = TypeVar("Item")
SLOTS = 16
"""The number of slots on every page."""
QUICK, SLOW = 1.0, 2.0
"""Seconds between updates of a live part: while something runs, and otherwise."""


def slots() -> list[Any]:
    """Return the slots of a page, ``SLOTS`` containers one below the other.

    Streamlit puts a live part back at its position of the page's last full run. If something else has that position by
    now, the browser cannot show the part. So every page has the same slots, and each live part has a slot to itself.
    """
    return [st.container() for _ in range(SLOTS)]


def run_index() -> RunIndex:
    """Return the index of the runs that the dashboard shows."""
    return index_of(Settings.here())


def is_dark() -> bool:
    """Return whether the page is dark."""
    return st.context.theme.type == "dark"


def live(show: Callable[[], None], running: bool, every: float | None = None) -> None:
    """Show a part of a page that updates itself.

    Args:
        show: Shows the part.
        running: Whether a run that it shows is running, so that it is updated more often.
        every: Seconds between updates, if neither of the usual times fits.
    """

    def guarded() -> None:
        try:
            show()
        except HandwritingError as error:  # a run may be deleted or broken while its page is open
            refused(error)

    st.fragment(guarded, run_every=every or (QUICK if running else SLOW))()


def choose(kind: str, keys: Sequence[str], open_key: Callable[[str], object]) -> str | None:
    """Let the user choose a run or a sweep, and return its key; the first unless the address names another.

    Args:
        kind: ``Run`` or ``Sweep``; in lower case, its name in the address.
        keys: The keys to choose from.
        open_key: Opens the run or sweep of a key; called for an unknown key in the address, whose error is shown.

    Returns:
        The key; None while nothing is chosen because the address names an unknown one.
    """
    name = kind.lower()
    requested = st.query_params.get(name)
    unknown = requested is not None and requested not in keys
    if unknown:
        try:
            open_key(str(requested))
        except HandwritingError as error:
            refused(error)
    index = None if unknown else 0
    key: str | None = st.selectbox(kind, keys, index, key=name, bind="query-params", placeholder="Choose one")
    return key


def epoch_slider(label: str, epochs: Sequence[int], key: str, follow: bool = True) -> int:
    """Let the user choose an epoch, and return it; a slider at the last epoch moves on with a running run.

    Args:
        label: The text above the slider.
        epochs: At least one, in order.
        key: The key of the choice in the session's state.
        follow: Whether the slider moves on with the run.
    """
    state, last = st.session_state, f"last of {key}"
    if state.get(key) not in epochs or (follow and state[key] == state.get(last)):
        state[key] = epochs[-1]
    state[last] = epochs[-1]
    return int(st.select_slider(label, epochs, key=key)) if len(epochs) > 1 else epochs[-1]


# Pictures and tables


def figure(draw: Callable[[], Figure], name: str, caption: str = "") -> None:
    """Show a figure in the colours of the page; the saved file is always for white paper."""
    light = draw()
    saved = figure_bytes(light)
    _image(figure_bytes(on_dark(light)) if is_dark() else saved, caption)
    download("Save this picture", saved, name, "image/png")


def _image(content: bytes, caption: str, kind: Any = "PNG") -> None:
    # By default Streamlit turns a picture without transparency into a JPEG.
    st.image(content, caption=escape_markdown(caption) if caption else None, output_format=kind)


def picture(content: bytes | None, name: str, caption: str = "") -> None:
    """Show a picture; a missing or broken one is replaced by a remark."""
    if content is None:
        st.caption(f"{escape_markdown(name)} is missing or is not a picture.")
        return
    kind = "GIF" if name.endswith(".gif") else "PNG"
    _image(content, caption, "auto" if kind == "GIF" else "PNG")
    download("Save this picture", content, name, f"image/{kind.lower()}")


def picture_file(path: Path, caption: str = "", name: str | None = None) -> None:
    """Show a picture from its file; ``name`` is the name to save it by, by default that of the file."""
    picture(picture_bytes(path), name or path.name, caption)


def link(label: str, **address: str | list[str]) -> None:
    """Show a link within the dashboard; ``address`` is its query parameters."""
    st.html(anchor(label, **address), width="content")


def across(items: Sequence[Item], columns: int) -> Iterator[Item]:
    """Yield items, each with its own column active: in rows of ``columns``, or one below the other if narrow."""
    for start in range(0, len(items), columns):
        for column, item in zip(st.columns(columns), items[start : start + columns], strict=False):
            with column:
                yield item


def chart(content: Chart, key: str) -> Any:
    """Show an interactive chart, and return its selection."""
    options: dict[str, Any] = {"on_select": "rerun"} if content.selects else {}
    return st.vega_lite_chart(pd.DataFrame(content.rows), content.spec, width="stretch", key=key, **options)


def _fits_arrow(value: Any) -> Any:
    """Return a value as Arrow, which Streamlit's tables are sent by, can hold it: larger integers as floats."""
    return float(value) if isinstance(value, int) and abs(value) >= 2**63 else value


def table(rows: Sequence[dict[str, Any]], **options: Any) -> Any:
    """Show a table that can be sorted, searched and saved; ``options`` are those of ``st.dataframe``."""
    shown = [{name: _fits_arrow(value) for name, value in row.items()} for row in rows]
    return st.dataframe(pd.DataFrame(shown), hide_index=True, placeholder="", **options)


def download(label: str, content: bytes | str | Callable[[], bytes], name: str, kind: str) -> None:
    """Show a link that saves a file.

    Args:
        label: The text of the link.
        content: The content, or a function that returns it, called when the link is clicked.
        name: The name of the file.
        kind: Its MIME type.
    """
    st.download_button(
        label, content, name, kind, key=f"save {name} {label}", on_click="ignore", type="tertiary",
        icon=":material/download:",
    )  # fmt: skip


def columns() -> dict[str, Any]:
    """Return the format and the help of table columns, by their names."""
    number, help_fid = st.column_config.NumberColumn, "The lowest FID on validation glyphs during training."
    return {
        "FID": number(format="%.4g", help=help_fid),
        "floor": number(format="%.3g", help="The FID of the same number of real training glyphs."),
        "class accuracy": number(
            format="%.3f", help="The share of generated glyphs recognised as the requested class, last measured."
        ),
        "best": number(format="%.4g", help="The best value of the monitored metric."),
        "monitor": st.column_config.TextColumn(help="The monitored metric: the best checkpoint is chosen by it."),
        "minutes": number(format="%.3g", help="Minutes of training."),
        "minutes left": number(format="%.0f"),
        "parameters": number(format="localized"),
        "began": st.column_config.DatetimeColumn(format="MMM D, HH:mm"),
    }


# Messages


def nothing(message: str, command: str) -> None:
    """Show that there is nothing yet, and the command that changes this."""
    st.info(message, icon=":material/info:")
    st.code(command, language="bash", wrap_lines=True)


def show_skipped(snapshot: Snapshot) -> None:
    """List the files and folders that cannot be read, with the reasons."""
    if snapshot.skipped:
        with st.expander(f"Skipped: {len(snapshot.skipped)}", icon=":material/warning:"):
            st.caption("These folders also hold files and folders that are not shown.")
            table([{"path": entry.path, "why": entry.reason} for entry in snapshot.skipped])


def refused(error: Exception) -> None:
    """Show the error for which something cannot be shown."""
    st.error(escape_markdown(one_line(error)), icon=":material/error:")
