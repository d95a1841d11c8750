"""Benchmark the labelling of characters: how right the labels are, and how little a person is asked for them."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from pathlib import Path

from omegaconf import DictConfig

from benchmarks.labelling_rounds import NAMED_SHARE, measure_rounds
from benchmarks.labelling_sets import GOALS
from benchmarks.labelling_transcripts import NAMES, measure_transcripts
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
    known = (*NAMES, *GOALS)
    for name in cfg.only:
        if name not in known:
            raise ConfigError(f"only={name}: no such set.{nearest(str(name), known)} There are: {', '.join(known)}.")
    arguments = read_arguments(Arguments, cfg)
    root = Path(arguments.root).expanduser()
    out = output_path(arguments.out, "") if arguments.out else None

    wanted = arguments.only or known
    transcripts = measure_transcripts([name for name in NAMES if name in wanted], root, arguments.seed)
    rounds = measure_rounds([name for name in GOALS if name in wanted], root, arguments.seed)
    parts = [f"On {available_cores()} cores of {platform.machine()}, seed {arguments.seed}."]
    if tables := transcripts.tables():
        parts += [
            "Labels by a transcript. `auto`: the same pages without their text. A label is right if the true character "
            "that shares at least half of its ink has it. F1: one-to-one matches with an IoU of at least 0.5 of boxes, "
            "0.9 of ink. Labelling begins with synthetic characters, of the stroke fonts that drawn pages have, too.",
            *tables,
        ]
    if tables := rounds.tables():
        parts += [
            f"Labels without a transcript. A simulated person names a sheet if at least {NAMED_SHARE:.0%} of it is one "
            "class, strikes out the others, and else calls it mixed. Accuracy: right labels among the most confident "
            "glyphs of that coverage; a glyph without a label is wrong. The classifier of `rounds` has learned from "
            "EMNIST letters, and for those letters from synthetic characters: other writers' letters, not the pile's.",
            *tables,
        ]
    if goals := [*transcripts.goals(), *rounds.goals()]:
        parts.append(markdown_table(("goal", "reached", "value"), goals))
    text = "\n\n".join(parts) + "\n"
    print(text)
    if out:
        write_atomically(out, lambda file: file.write(text.encode()))
