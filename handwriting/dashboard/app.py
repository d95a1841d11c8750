"""The script that Streamlit runs: the frame around all pages."""

from __future__ import annotations

import streamlit as st

from handwriting.dashboard import parts
from handwriting.dashboard.views import data, run, runs, sweep
from handwriting.plots.grids import mark

PAGES = {"Runs": runs.show, "Run": run.show, "Sweep": sweep.show, "Data": data.show}
"""The function that shows each page, by the page's name in the address.

The name is a query parameter, not a path: from a path of its own the browser would request the server's files below it.
"""

STYLE = """
.stMainBlockContainer {padding: 1.5rem 1rem 3rem; max-width: 100rem}
@media (min-width: 641px) {.stMainBlockContainer {padding: 1.5rem 3rem 3rem}}
h1 {font-size: 1.9rem; padding: 0.2rem 0}
.stHtml a {color: inherit; font-size: 0.95rem; text-underline-offset: 0.2em}
header.stAppHeader {background: transparent}
header.stAppHeader, header.stAppHeader * {pointer-events: none}
header.stAppHeader button, header.stAppHeader button * {pointer-events: auto}
@media (max-width: 640px) {
  .stImage {overflow-x: auto}
  .stImage img {max-width: none !important; min-width: min(44rem, 200vw)}
  [data-testid=stImageCaption] {position: sticky; left: 0; align-self: flex-start; width: calc(100vw - 2rem) !important}
  [class*=st-key-wide] {overflow-x: auto}
  [class*=st-key-wide] .stVegaLiteChart {min-width: 44rem}
}
"""
"""On a narrow screen, wide pictures and charts keep a readable size and scroll sideways under a fixed caption."""


def main() -> None:
    """Show the page that the address names."""
    st.set_page_config(page_title="handwriting", page_icon=mark(), layout="wide", menu_items={})
    st.html(f"<style>{STYLE}</style>")
    page = st.segmented_control("Page", list(PAGES), default="Runs", key="page", bind="query-params", required=True,
                                label_visibility="collapsed")  # fmt: skip
    slots = {name: parts.slots() for name in PAGES}
    PAGES[page](slots[page])


if __name__ == "__main__":
    main()
