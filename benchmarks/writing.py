"""Benchmark writing in a hand: how well written words pass for real ones."""

from __future__ import annotations

import platform
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from omegaconf import DictConfig

from benchmarks.writing_font import measure_font
from benchmarks.writing_hands import labelled_notebooks
from benchmarks.writing_joins import measure_joins
from benchmarks.writing_judging import measure_judge
from benchmarks.writing_legible import measure_legible
from benchmarks.writing_pairs import LINE_PAIRS, WORD_PAIRS, line_pairs, word_pairs
from benchmarks.writing_repeats import measure_repeats
from benchmarks.writing_request import Request
from benchmarks.writing_sheets import PARTS, SIZES, score, write_sheets
from benchmarks.writing_spacing import measure_spacing
from benchmarks.writing_verification import measure_verification
from benchmarks.writing_words import Hand
from handwriting.errors import ConfigError, nearest
from handwriting.fields import AnyPath, FolderPath, FreeText
from handwriting.files import write_atomically
from handwriting.jobs.arguments import Seed, read_arguments
from handwriting.jobs.outputs import output_path
from handwriting.machine import available_cores
from handwriting.pages.folder import SegmentedFolder
from handwriting.text import format_share, markdown_table


@dataclass(frozen=True)
class Arguments:
    """The benchmark's own keys; what each means stands in ``benchmarks/conf/writing.yaml``."""

    only: tuple[FreeText, ...]
    root: FolderPath | None
    run: FolderPath | None
    hand: FolderPath | None
    seed: Seed
    out: AnyPath | None
    score: AnyPath | None
    answers: AnyPath | None


def measure_pairs(hand: Hand, asked: Request) -> list[str]:
    """Write sheets of pairs for blind examiners, a folder for each size; each size shows other pairs."""
    if (out := asked.out) is None:
        raise ConfigError("only=pairs writes sheets: give out=<folder>.")
    rows = []
    for number, (name, size) in enumerate(SIZES.items()):
        folder = out / name
        folder.mkdir()
        for part, choose, count in zip(PARTS, (word_pairs, line_pairs), (WORD_PAIRS, LINE_PAIRS), strict=True):
            pairs = choose(hand, count, 2 * asked.seed + number)
            write_sheets(folder, part, pairs.pairs, size)
            rows.append(
                (name, part, str(len(pairs.pairs)), f"{pairs.whole} of {pairs.words}", ", ".join(pairs.lacking) or "-")
            )
    head = ("sheets", "of", "pairs", "words first chosen as a whole", "passed by, for want of drawings")
    return [f"Pairs for blind examiners, in {out}.", markdown_table(head, rows)]


Measure = Callable[[Hand, Request], list[str]]
"""Measures a hand, writes pictures to a folder if there is one, and returns paragraphs of Markdown."""

MEASURES: Mapping[str, Measure] = {
    "pairs": measure_pairs,
    "judge": measure_judge,
    "joins": measure_joins,
    "spacing": measure_spacing,
    "repeats": measure_repeats,
    "legible": measure_legible,
    "font": measure_font,
    "verify": measure_verification,
}


def run(cfg: DictConfig) -> None:
    """Run the measurements that ``cfg`` requests, and print tables in Markdown.

    Raises:
        ConfigError: If a value is not allowed.
        DataError: If a hand, real data or answers cannot be read.
    """
    known = tuple(MEASURES)
    for name in cfg.only:
        if name not in known:
            raise ConfigError(
                f"only={name}: no such measurement.{nearest(str(name), known)} There are: {', '.join(known)}."
            )
    arguments = read_arguments(Arguments, cfg)
    if arguments.score is not None:
        print(_scores(Path(arguments.score).expanduser(), arguments.answers))
        return
    if arguments.hand is None and arguments.root is None:
        raise ConfigError("hand or root is missing: give hand=<labelled folder>, or root=<folder of real data>.")
    out = output_path(arguments.out, "") if arguments.out else None
    root = Path(arguments.root).expanduser() if arguments.root else None
    missing = {name for name, given in (("pairs", out), ("verify", root)) if given is None}
    wanted = arguments.only or [name for name in known if name not in missing]
    if out is None and "pairs" in wanted:
        raise ConfigError("only=pairs writes sheets: give out=<folder>.")
    if root is None and "verify" in wanted:
        raise ConfigError("only=verify compares with other hands: give root=<folder of real data>.")
    if arguments.hand is not None:
        folder = SegmentedFolder(Path(arguments.hand).expanduser(), "hand")
        folder.refuse_other_than_folder()
    else:
        assert root is not None
        folder = labelled_notebooks(root)
    hand = Hand.read(folder)
    request = Request(arguments.seed, out, root, arguments.run)
    if out:
        out.mkdir(parents=True)
    parts = [
        f"{len(hand.words):,} words, {len(hand.bank.drawings):,} drawings; on {available_cores()} cores of "
        f"{platform.machine()}, seed {arguments.seed}."
    ]
    print(parts[0], "\n", flush=True)
    for name in wanted:
        paragraphs = MEASURES[name](hand, request)
        part = "\n\n".join(paragraphs)
        print(part, "\n", flush=True)
        parts.append(part)
    if out:
        text = "\n\n".join(parts) + "\n"
        write_atomically(out / "results.md", lambda file: file.write(text.encode()))


def _scores(answers: Path, truth: str | None) -> str:
    rows = []
    for one in score(answers, Path(truth).expanduser() if truth else None):
        low, high = one.interval
        interval = f"{format_share(low)} to {format_share(high)}"
        rows.append((one.part, str(one.count), str(one.right), str(one.undecided), format_share(one.share), interval))
    return markdown_table(("pairs", "answered", "right", "undecided", "told", "95%"), rows)
