"""Where a run is logged besides its folder."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from omegaconf import DictConfig
from pytorch_lightning.loggers import Logger, WandbLogger

from handwriting import config


def make_loggers(cfg: DictConfig, folder: Path) -> list[Logger]:
    """Return the trackers that ``cfg.logger`` names, each writing into ``folder``.

    Raises:
        ConfigError: If a value does not fit.
    """
    loggers = []
    for section in (cfg.logger or {}).values():
        if section is None:
            continue
        extra: dict[str, Any] = {"save_dir": str(folder)}
        if section.get("offline", False) is None:
            section = {key: value for key, value in section.items() if key != "offline"}
            extra["offline"] = not _wandb_may_go_online()
        loggers.append(config.build(section, "logger", **extra))
    return loggers


def _wandb_may_go_online() -> bool:
    """Tell whether somebody has logged in to wandb here, or has said by its own variable what it should do."""
    import wandb
    from requests.utils import get_netrc_auth

    os.environ.setdefault("WANDB_ERROR_REPORTING", "false")
    os.environ.setdefault("WANDB_SILENT", "true")
    wandb.setup()  # reads both now: Lightning would have it warn of a setting that nobody has made
    server = os.environ.get("WANDB_BASE_URL", "https://api.wandb.ai")
    return bool("WANDB_MODE" in os.environ or os.environ.get("WANDB_API_KEY") or get_netrc_auth(server))


def close(loggers: list[Logger]) -> None:
    """Close the trackers: wandb would otherwise go on with this run in the next trial of a sweep."""
    if any(isinstance(logger, WandbLogger) for logger in loggers):
        import wandb

        wandb.finish()
