"""Train one model on one data source, into one run folder.

Mistakes that can be found without them are reported before torch and Lightning are imported, which takes seconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from omegaconf import DictConfig, OmegaConf

from handwriting.engine.invocation import Invocation
from handwriting.engine.preflight import check_init, read_checked
from handwriting.engine.sections import build_loading, build_source, check_trainer
from handwriting.engine.train_log import records_kept
from handwriting.errors import ConfigError
from handwriting.fields import AnyPath, FolderPath, FreeText
from handwriting.jobs.arguments import Seed, Switch, read_arguments
from handwriting.progress import step


@dataclass(frozen=True)
class Arguments:
    """The job's own keys; ``conf/train.yaml`` describes each."""

    seed: Seed
    resume: FolderPath | None
    init: AnyPath | None
    sweep: FreeText | None
    precision: Literal["auto", "32-true", "bf16-mixed"]
    compile: Switch


def run(cfg: DictConfig) -> Path:
    """Read the glyphs, check everything, claim the run folder, train, and return the folder."""
    arguments = read_arguments(Arguments, cfg)
    invocation = Invocation.from_hydra()
    if OmegaConf.select(cfg, "search") is not None:
        raise ConfigError("search= is for sweeps: add -m.")
    if arguments.resume is not None and arguments.init is not None:
        raise ConfigError(
            f"resume={arguments.resume} and init={arguments.init} exclude each other: resume= continues a run in "
            "place, init= starts a new one from the weights of another."
        )
    check_init(arguments.init)
    source = read = None
    with records_kept() as records:
        if cfg.resume is None:  # a resumed run has a configuration of its own
            check_trainer(cfg.trainer)
            source = build_source(cfg.data, invocation.trust)
            with step("reading the glyphs"):
                read = read_checked([cfg.model], source, build_loading(cfg.data))

    with step("loading PyTorch and Lightning"):
        from handwriting.engine import fitting
        from handwriting.engine.resuming import resumed_config

    cfg, earlier = resumed_config(cfg, invocation.overrides)
    if earlier:
        try:
            read_arguments(Arguments, cfg)
        except ConfigError as error:
            raise ConfigError(f"{earlier.config_file}: {error}") from error
    return fitting.run(cfg, invocation, earlier, source, read, records)
