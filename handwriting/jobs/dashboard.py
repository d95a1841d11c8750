"""Show the dashboard in the browser."""

from __future__ import annotations

import os
import socket
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

from omegaconf import DictConfig
from pydantic import Field

import handwriting.dashboard
from handwriting.dashboard.settings import DEFAULT_FOLDERS, VARIABLE, Settings
from handwriting.errors import ConfigError, RunError
from handwriting.fields import FolderPath, FreeText
from handwriting.files import expanded
from handwriting.jobs.arguments import read_arguments
from handwriting.plots.themes import DARK_PAPER
from handwriting.runs.finding import split_paths

APP = Path(handwriting.dashboard.__file__).with_name("app.py")
OPTIONS = {
    "server.headless": "true",  # ask for no e-mail address, and open no browser on a machine without a screen
    "runner.magicEnabled": "false",  # a docstring is not for the page
    "server.fileWatcherType": "none",
    "server.runOnSave": "false",
    "browser.gatherUsageStats": "false",
    "client.toolbarMode": "viewer",
    "client.showErrorLinks": "false",
    "client.showSidebarNavigation": "false",
    "theme.light.primaryColor": "#0072b2",
    "theme.dark.primaryColor": "#56b4e9",
    "theme.dark.backgroundColor": DARK_PAPER,
    "theme.dark.secondaryBackgroundColor": "#1b2230",
}
"""How Streamlit is run: nothing leaves the machine, and nobody is asked anything."""
LAST_PORT = 65_535


@dataclass(frozen=True)
class Arguments:
    """The job's own keys; what each means stands in ``conf/dashboard.yaml``."""

    runs: FolderPath | None
    root: FolderPath
    port: Annotated[int, Field(strict=True, ge=1, le=LAST_PORT)]
    host: FreeText


def run(cfg: DictConfig) -> None:
    """Become the dashboard of the folders that ``cfg`` names."""
    arguments = read_arguments(Arguments, cfg)
    settings = Settings(folders(arguments.runs), expanded(arguments.root))
    if find_spec("streamlit") is None:
        raise ConfigError("The dashboard needs Streamlit: pip install -e '.[dashboard]'")
    words = command(arguments.host, arguments.port)
    print(f"Dashboard: http://{arguments.host}:{arguments.port}  (Ctrl-C ends it)", flush=True)
    os.environ[VARIABLE] = settings.as_text()
    os.execv(sys.executable, words)


def folders(runs: str | None) -> tuple[Path, ...]:
    """Return the folders that ``runs`` names, or the usual ones.

    Raises:
        RunError: If one that was named is not there.
    """
    if runs is None:
        return DEFAULT_FOLDERS
    found = tuple(expanded(part) for part in split_paths(runs))
    missing = [str(folder) for folder in found if not folder.is_dir()] if found else [runs]
    if missing:
        raise RunError(f"runs={missing[0]}: there is no such folder; training makes runs/, sweeps make sweeps/.")
    return found


def command(host: str, port: int) -> list[str]:
    """Return what starts Streamlit.

    Raises:
        ConfigError: If it cannot be reached by that host and port.
    """
    try:
        with socket.socket() as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            trial.bind((host, port))
    except OSError as error:
        reason = error.strerror or error
        raise ConfigError(
            f"host={host} port={port} cannot be used ({reason}): try port={port % LAST_PORT + 1}."
        ) from error
    options = {**OPTIONS, "server.address": host, "server.port": str(port)}
    flags = [f"--{name}={value}" for name, value in options.items()]
    return [sys.executable, "-m", "handwriting.dashboard", str(APP), *flags]
