"""Start Streamlit, and meanwhile import the pages and index the run folders, so that the first page opens fast."""

from __future__ import annotations

import sys
from importlib import import_module
from threading import Thread

from streamlit.web import cli

from handwriting.dashboard.settings import Settings, index_of


def warm_up() -> None:
    """Import the pages, and read the runs that the first table shows."""
    import_module("handwriting.dashboard.app")
    index_of(Settings.here()).snapshot()


if __name__ == "__main__":
    Thread(target=warm_up, daemon=True).start()
    sys.exit(cli.main(["run", *sys.argv[1:]], prog_name="handwriting dashboard"))
