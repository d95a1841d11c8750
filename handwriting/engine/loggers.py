"""Where a run is logged besides its folder."""

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
    return [config.build(section, "logger", trust=trust, save_dir=str(folder)) for section in sections]


def _prepare_wandb() -> None:
    """Have wandb work offline unless somebody has logged in here, and say nothing of its own accord."""
    from requests.utils import get_netrc_auth

    server = os.environ.get("WANDB_BASE_URL", "https://api.wandb.ai")
    if not (os.environ.get("WANDB_API_KEY") or get_netrc_auth(server)):
        os.environ.setdefault("WANDB_MODE", "offline")
    os.environ.setdefault("WANDB_ERROR_REPORTING", "false")
    os.environ.setdefault("WANDB_SILENT", "true")

    import wandb

    wandb.setup()  # reads them now: Lightning would have it warn of a setting that nobody has made


def close(loggers: list[Logger]) -> None:
    """Close the trackers: wandb would otherwise go on with this run in the next trial of a sweep."""
    if any(isinstance(logger, WandbLogger) for logger in loggers):
        import wandb

        wandb.finish()
