"""The page of a data source: counts, contact sheets by class and style, outliers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from handwriting.dashboard import parts
from handwriting.dashboard.settings import Settings
from handwriting.dashboard.sources import chance, contents, names
from handwriting.dashboard.tables import facts_html
from handwriting.errors import HandwritingError
from handwriting.plots.grids import png_bytes
from handwriting.reports.source import before_and_after, charts, contact_sheet, most_distant, styles, summary
from handwriting.text import escape_markdown

DEFAULT_SOURCE = "digits"
HELP = "As on the command line: `data.split=balanced data.style=median data.prepare.outliers=3 data.path=letters`"


def show(slots: Sequence[Any]) -> None:
    """Show the page."""
    with slots[0]:
        _show()


def _show() -> None:
    st.title("Data")
    root, known = Settings.here().data, names()
    left, right = st.columns([2, 3], vertical_alignment="bottom")
    name = left.selectbox("Source", list(known), list(known).index(DEFAULT_SOURCE), key="source", bind="query-params")
    settings = right.text_input("Settings", key="settings", bind="query-params", help=HELP,
                                placeholder="data.style=median data.prepare.outliers=3")  # fmt: skip
    try:
        with st.spinner("Reading the glyphs"):
            source, read, prepared = contents(name, root, settings)
    except HandwritingError as error:
        parts.refused(error)
        folder = escape_markdown(str(root.absolute()))
        st.caption(f"The dashboard reads data sets from {folder}; start it with root=<folder> to read another folder. "
                   "This command downloads the data set, if it can be downloaded:")  # fmt: skip
        st.code(f"handwriting train data={name} data.download=true debug=fast", language="bash", wrap_lines=True)
        return
    st.caption(escape_markdown(known[name]))
    st.html(facts_html(summary(source, read, prepared)))
    train, rng = prepared.train, chance()
    if train.alphabet:
        parts.figure(lambda: charts(prepared), f"{name}_counts.png")
    parts.picture(png_bytes(contact_sheet(train, rng)), f"{name}_contact_sheet.png")
    if train.style_names and train.alphabet:
        parts.picture(png_bytes(styles(train, rng)), f"{name}_styles.png")
    else:
        st.caption("The setting data.style=median divides the glyphs into thin and thick ones.")
    parts.picture(png_bytes(most_distant(prepared, source.prepare.outliers)), f"{name}_outliers.png")
    parts.picture(png_bytes(before_and_after(source, read, train, rng)), f"{name}_before_and_after.png")
