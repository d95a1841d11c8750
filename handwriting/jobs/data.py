"""Draw one page about the content of a data source, and print a summary."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

from handwriting import config
from handwriting.data.sources.base import GlyphSource
from handwriting.engine.sections import build_source
from handwriting.errors import ConfigError
from handwriting.fields import AnyPath
from handwriting.files import refusing_unwritable, write_atomically
from handwriting.jobs.arguments import Seed, read_arguments
from handwriting.jobs.outputs import output_path
from handwriting.plots.grids import png_bytes
from handwriting.progress import step
from handwriting.reports.source import draw, summary
from handwriting.terminal import bold


@dataclass(frozen=True)
class Arguments:
    """The job's own keys; what each means stands in ``conf/data.yaml``."""

    seed: Seed
    out: AnyPath | None


def run(cfg: DictConfig) -> Path:
    """Read and prepare the source that ``cfg`` names, draw the page, and print a summary and where the page is."""
    arguments = read_arguments(Arguments, cfg)
    name = HydraConfig.get().runtime.choices["data"]
    out = output_path(arguments.out, f"data_{name}.png")
    if out.suffix != ".png":
        raise ConfigError(f"out={out}: give a .png.")
    source: GlyphSource = build_source(cfg.data, config.trust_of_command())
    with step("reading the glyphs") as report:
        read = source.read()
        report(None, "preparing the glyphs")
        prepared = source.prepared(*read)
        facts = summary(source, read[0], prepared)
        report(None, "drawing the page")
        page = draw(name, source, read[0], prepared, facts, np.random.default_rng(cfg.seed))
    with refusing_unwritable(out):
        write_atomically(out, lambda file: file.write(png_bytes(page)))
    print("\n".join(f"{key:12} {value}" for key, value in {"source": name, **facts, "page": bold(out)}.items()))
    return out
