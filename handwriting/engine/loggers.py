"""Loggers: where a run is logged in addition to its folder."""

from __future__ import annotations

import os
from pathlib import Path

from omegaconf import DictConfig
from pytorch_lightning.loggers import Logger, WandbLogger

from handwriting import config
from handwriting.config import INSTALLED, Trust


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

    server = os.environ.get("WANDB_BASE_URL", "https://api.wandb.ai")
    if not (os.environ.get("WANDB_API_KEY") or get_netrc_auth(server)):
        os.environ.setdefault("WANDB_MODE", "offline")
    os.environ.setdefault("WANDB_ERROR_REPORTING", "false")
    os.environ.setdefault("WANDB_SILENT", "true")

    import wandb

    wandb.setup()  # reads them now; otherwise it would warn of a setting that Lightning makes


def close(loggers: list[Logger]) -> None:
    """Close the loggers: wandb would otherwise continue this run in the next trial of a sweep."""
    if any(isinstance(logger, WandbLogger) for logger in loggers):
        import wandb

        wandb.finish()
