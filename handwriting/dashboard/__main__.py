"""Streamlit with the pages already imported and the folders already looked through when the first visitor comes."""

from __future__ import annotations

import sys
from importlib import import_module
from threading import Thread

from streamlit.web import cli

from handwriting.dashboard.settings import Settings, index_of


def warm_up() -> None:
    """Import what the pages need, and read what the first table shows."""
    import_module("handwriting.dashboard.app")
    index_of(Settings.here()).snapshot()


if __name__ == "__main__":
    Thread(target=warm_up, daemon=True).start()
    sys.exit(cli.main(["run", *sys.argv[1:]], prog_name="handwriting dashboard"))
