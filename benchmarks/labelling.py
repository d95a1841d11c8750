"""Benchmark the labelling of characters: how right the labels are, and how little a person is asked for them."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from pathlib import Path

from omegaconf import DictConfig

from benchmarks.labelling_rounds import NAMED_SHARE, measure_rounds
from benchmarks.labelling_sets import GOALS
from handwriting.errors import ConfigError, nearest
from handwriting.fields import AnyPath, FolderPath, FreeText
from handwriting.files import write_atomically
from handwriting.jobs.arguments import Seed, read_arguments
from handwriting.jobs.outputs import output_path
from handwriting.machine import available_cores
from handwriting.text import markdown_table


@dataclass(frozen=True)
class Arguments:
    """The benchmark's own keys; what each means stands in ``benchmarks/conf/labelling.yaml``."""

    only: tuple[FreeText, ...]
    root: FolderPath
    seed: Seed
    out: AnyPath | None


def run(cfg: DictConfig) -> None:
    """Run the benchmarks that ``cfg`` requests, and print tables in Markdown.

    Raises:
        ConfigError: If a value is not allowed.
        DataError: If requested real data is missing.
    """
    for name in cfg.only:
        if name not in GOALS:
            raise ConfigError(f"only={name}: no such set.{nearest(str(name), GOALS)} There are: {', '.join(GOALS)}.")
    arguments = read_arguments(Arguments, cfg)
    root = Path(arguments.root).expanduser()
    out = output_path(arguments.out, "") if arguments.out else None

    rounds = measure_rounds([name for name in GOALS if name in (arguments.only or GOALS)], root, arguments.seed)
    parts = [
        f"Labels without a transcript, on {available_cores()} cores of {platform.machine()}, seed {arguments.seed}. A "
        f"simulated person names a sheet if at least {NAMED_SHARE:.0%} of it is one class, strikes out the others, and "
        "else calls it mixed. Accuracy: right labels among the most confident glyphs of that coverage; a glyph without "
        "a label is wrong. The classifier of `rounds` has "
        "learned from EMNIST letters, and for those letters from synthetic characters: other writers' letters, not the "
        "pile's.",
        *rounds.tables(),
        markdown_table(("goal", "reached", "value"), rounds.goals()),
    ]
    text = "\n\n".join(parts) + "\n"
    print(text)
    if out:
        write_atomically(out, lambda file: file.write(text.encode()))
