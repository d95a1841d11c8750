"""Loggers: where a run is logged in addition to its folder."""

from __future__ import annotations

import logging
import os
import socket
import textwrap
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import getproxies

from omegaconf import DictConfig
from pytorch_lightning.loggers import Logger, WandbLogger

from handwriting import config
from handwriting.config import INSTALLED, Trust
from handwriting.text import one_line

WANDB_SERVER = "https://api.wandb.ai"
WANDB_MODES = ("online", "offline", "shared", "disabled", "dryrun", "run")
"""The values that wandb takes for ``WANDB_MODE``."""
MOST_OF_A_REASON = 120
"""Characters of a server's answer that a warning repeats."""
CONNECT_SECONDS = 5.0
"""How long its server is waited for."""

log = logging.getLogger("handwriting")


def make_loggers(cfg: DictConfig, folder: Path, trust: Trust = INSTALLED) -> list[Logger]:
    """Return the loggers that ``cfg.logger`` names, each writing into ``folder``.

    Args:
        cfg: The configuration of the job.
        folder: The run folder.
        trust: Which classes the configuration may name.

    Raises:
        ConfigError: If a value does not fit.
    """
    sections = [section for section in (cfg.logger or {}).values() if section is not None]
    if any(section._target_.endswith("WandbLogger") for section in sections):
        _prepare_wandb()
    return [config.build(section, "logger", base=Logger, trust=trust, save_dir=str(folder)) for section in sections]


def _prepare_wandb() -> None:
    """Let wandb work offline unless somebody has logged in here, and let it print nothing of its own."""
    from requests.utils import get_netrc_auth

    server = os.environ.get("WANDB_BASE_URL", WANDB_SERVER)
    if not (os.environ.get("WANDB_API_KEY") or get_netrc_auth(server)):
        os.environ.setdefault("WANDB_MODE", "offline")
    if (mode := os.environ.get("WANDB_MODE")) not in (None, *WANDB_MODES):
        _go_offline(f"WANDB_MODE={mode} is none of {', '.join(WANDB_MODES)}")
    os.environ.setdefault("WANDB_ERROR_REPORTING", "false")
    os.environ.setdefault("WANDB_SILENT", "true")

    import wandb

    wandb.setup()  # reads them now; otherwise it would warn of a setting that Lightning makes


def connect(loggers: list[Logger]) -> None:
    """Let wandb begin its run, offline and with a warning where its server cannot be reached or refuses the key."""
    if not any(isinstance(logger, WandbLogger) for logger in loggers):
        return
    import wandb

    if os.environ.get("WANDB_MODE", "online") == "online" and (obstacle := _unreachable()):
        _go_offline(obstacle)
    for logger in loggers:
        if isinstance(logger, WandbLogger):
            try:
                _ = logger.experiment
            except wandb.Error as error:
                _go_offline(textwrap.shorten(one_line(error), MOST_OF_A_REASON, placeholder=" ..."))
                _ = logger.experiment


def _unreachable() -> str:
    """Return why the server of wandb cannot be reached; nothing where it can, or where a proxy is in between."""
    if getproxies():
        return ""
    address = urlsplit(os.environ.get("WANDB_BASE_URL", WANDB_SERVER))
    port = address.port or (80 if address.scheme == "http" else 443)
    try:
        socket.create_connection((address.hostname or "", port), timeout=CONNECT_SECONDS).close()
    except OSError as error:
        return f"{address.hostname} cannot be reached ({error.strerror or error})"
    return ""


def _go_offline(why: str) -> None:
    import wandb

    log.warning("wandb logs offline: %s. `wandb sync` uploads the run later; logger=none needs no wandb", why)
    os.environ["WANDB_MODE"] = "offline"
    os.environ.pop("WANDB_API_KEY", None)  # offline, too, it would refuse one of a wrong form
    wandb.teardown()


def close(loggers: list[Logger]) -> None:
    """Close the loggers: wandb would otherwise continue this run in the next trial of a sweep."""
    if any(isinstance(logger, WandbLogger) for logger in loggers):
        import wandb

        wandb.finish()
