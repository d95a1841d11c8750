"""Train one model on one data source, into one run folder.

What can be told wrong without them is told before torch and Lightning are imported, which takes seconds.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

from omegaconf import DictConfig, OmegaConf

from handwriting.engine.preflight import check_early
from handwriting.engine.sections import build_loading, build_source
from handwriting.errors import ConfigError
from handwriting.fields import FolderPath, FreeText
from handwriting.jobs.arguments import Seed, Switch, read_arguments


@dataclass(frozen=True)
class Arguments:
    """The job's own keys; what each means stands in ``conf/train.yaml``."""

    seed: Seed
    resume: FolderPath | None
    sweep: FreeText | None
    precision: Literal["auto", "32-true", "bf16-mixed"]
    compile: Switch


def run(cfg: DictConfig) -> None:
    """Read the glyphs, check everything, claim the run folder, train, and say where the pictures are."""
    read_arguments(Arguments, cfg)
    if OmegaConf.select(cfg, "search") is not None:
        raise ConfigError("search= is for sweeps: add -m.")
    source = read = None
    with _remembered() as records:
        if cfg.resume is None:  # a resumed run has a configuration of its own
            source = build_source(cfg.data)
            read = check_early(cfg.model, source, build_loading(cfg.data))

    from handwriting.engine import fitting

    fitting.run(cfg, source, read, records)


class _Remember(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


@contextmanager
def _remembered() -> Iterator[list[logging.LogRecord]]:
    """Keep what is logged before there is a run folder to log into."""
    handler, root = _Remember(), logging.getLogger()
    root.addHandler(handler)
    try:
        yield handler.records
    finally:
        root.removeHandler(handler)
