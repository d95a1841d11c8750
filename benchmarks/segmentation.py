"""Benchmark the quality, speed and memory of page segmentation, compared with the classic baseline, in one run."""

from __future__ import annotations

import platform
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import cv2
from omegaconf import DictConfig

from benchmarks.segmentation_cost import JOB_PAGES, a4_page, command_rate, peak_memory, segmenting_rate
from benchmarks.segmentation_scores import AUTO, BASELINES, KINDS_OF_PRESET, Tally, WordCount
from benchmarks.segmentation_sets import FORMS, WORDS, KnownPage, drawn_pages, forms, word_pages
from benchmarks.timing import PairedRates, compare, with_range
from handwriting import config
from handwriting.errors import ConfigError, nearest
from handwriting.fields import AnyPath, FolderPath, FreeText
from handwriting.files import write_atomically
from handwriting.jobs.arguments import Count, read_arguments
from handwriting.jobs.outputs import output_path
from handwriting.segmentation.agreement import BOX_IOU, INK_IOU, Agreement
from handwriting.segmentation.page import KINDS, Kind, Segmenter
from handwriting.text import markdown_table

SEPARATE, TOUCHING = "separate", "touching"
SKEWED = {f"skewed {degrees:g}": {"skew": degrees} for degrees in (-5.0, -2.5, 2.5, 5.0)}
RESOLUTIONS = {f"{dpi} dpi": {"dpi": float(dpi)} for dpi in (100, 200, 300, 400)}
DRAWN: dict[str, dict[str, Any]] = {
    SEPARATE: {},
    TOUCHING: {"touching": 0.9},
    "dim": {"noise": 10.0, "shade": 0.4, "blur": 0.1, "specks": 2.0},
    "ruled": {"rules": "ruled"},
    "squared": {"rules": "squared"},
    "photographed": {"perspective": 0.03, "table": True, "shadow": 0.4},
    **SKEWED,
    **RESOLUTIONS,
}
"""The fields of :class:`PageStyle` in which each drawn set differs from pages at 150 dpi whose letters do not touch."""
REAL: dict[str, tuple[str, Callable[[Path], Iterator[KnownPage]]]] = {
    "words": (WORDS, word_pages),
    "forms": (FORMS, forms),
}
"""The real sets: the path of each in the folder of real data, and the function that yields its pages."""
SPEED = "speed"
WORKERS = (1, 2)
"""The numbers of processes that segment pages in the speed benchmark."""
LINUX = sys.platform == "linux"

Row = tuple[str, ...]


@dataclass(frozen=True)
class Speed:
    """Time and memory of segmenting a page, by preset.

    Attributes:
        seconds: Seconds for an A4 page at 150 dpi on one core, round by round.
        memory: Peak memory for an A4 page at 300 dpi, as a multiple of the picture's size; empty except on Linux.
        pool: Pages per second of ``handwriting segment``, by its number of workers.
    """

    seconds: Mapping[str, Sequence[float]]
    memory: Mapping[str, float]
    pool: PairedRates


@dataclass(frozen=True)
class Arguments:
    """The benchmark's own keys; what each means stands in ``benchmarks/conf/segmentation.yaml``."""

    only: tuple[FreeText, ...]
    hands: Count
    root: FolderPath | None
    rounds: Count
    out: AnyPath | None


def run(cfg: DictConfig) -> None:
    """Run the benchmarks that ``cfg`` requests, and print tables in Markdown.

    Raises:
        ConfigError: If a value is not allowed, or requested real data is missing.
    """
    known = (*DRAWN, *REAL, SPEED)
    for name in cfg.only:
        if name not in known:
            raise ConfigError(f"only={name}: no such set.{nearest(str(name), known)} There are: {', '.join(known)}.")
    read_arguments(Arguments, cfg)
    wanted = [name for name in known if name in (cfg.only or known)]
    real = _real(cfg, wanted)
    out = output_path(cfg.out, "") if cfg.out else None
    cv2.setNumThreads(1)
    segmenters = {
        name: config.build(config.compose("segment", [f"preset={name}"]).preset, "preset") for name in KINDS_OF_PRESET
    }

    tallies: dict[str, Tally] = {}
    for name in wanted:
        if name in DRAWN or name in real:
            pages = drawn_pages(cfg.hands, **DRAWN[name]) if name in DRAWN else REAL[name][1](real[name])
            tallies[name] = _tally(pages, segmenters)
            _show([_row(name, kind, tallies[name]) for kind in _kinds(tallies[name])])
    parts = [_heading(cfg)]
    for kind in KINDS:
        rows = [_row(name, kind, tally) for name, tally in tallies.items() if kind in _kinds(tally)]
        parts += [markdown_table(_head(kind), rows, numbers=True)] if rows else []
    if "forms" in tallies:
        parts.append(_forms(tallies["forms"].counts))
    speed = _speed(cfg, segmenters) if SPEED in wanted else None
    if speed:
        parts.append(markdown_table(("speed", *KINDS_OF_PRESET), _speed_rows(speed), numbers=True))
    if missing := [name for name in wanted if name in REAL and name not in real]:
        parts.append(
            f"Skipped without real data: {', '.join(missing)}. Give root=<folder of real data> to include them."
        )
    parts.append(
        markdown_table(("goal", "reached", "value"), [*_goals(tallies), *(_speed_goals(speed) if speed else [])])
    )
    text = "\n\n".join(parts) + "\n"
    print(text)
    if out:
        write_atomically(out, lambda file: file.write(text.encode()))


def _real(cfg: DictConfig, wanted: Sequence[str]) -> dict[str, Path]:
    """Return the paths of the selected real sets; none without ``root``.

    Raises:
        ConfigError: If ``only`` names a real set without ``root``, or a file is missing.
    """
    sets = [name for name in wanted if name in REAL]
    if cfg.root is None:
        if cfg.only and sets:
            raise ConfigError(f"only={sets[0]} needs real data: give root=<the folder that {REAL[sets[0]][0]} is in>.")
        return {}
    paths = {name: Path(cfg.root).expanduser() / REAL[name][0] for name in sets}
    for path in paths.values():
        if not path.is_file():
            raise ConfigError(f"root={cfg.root}: there is no {path}. Give the folder of real data, or omit root.")
    return paths


def _heading(cfg: DictConfig) -> str:
    baselines = " and ".join(f"`{name}`" for name in BASELINES.values())
    return (
        f"The preset `{AUTO}` compared with the baselines (presets {baselines}), on one core of "
        f"{platform.machine()}, OpenCV {cv2.__version__}. Drawn pages: the upper half of an A4 sheet at 150 dpi, in "
        f"the same hands in every set (hands={cfg.hands}). F1: one-to-one matches with an IoU of at least {BOX_IOU} "
        f"of boxes, {INK_IOU} of ink. Split, merged: shares of the true pieces. Errors: true and found pieces without "
        f"a match by boxes. Speed: median of {cfg.rounds} rounds (smallest-largest)."
    )


# Quality.


def _tally(pages: Iterator[KnownPage], segmenters: Mapping[str, Segmenter]) -> Tally:
    tally = Tally()
    for page in pages:
        for preset, segmenter in segmenters.items():
            tally.add(page, preset, segmenter)
    return tally


def _kinds(tally: Tally) -> list[Kind]:
    """Return the kinds of pieces whose truth is known."""
    return [kind for kind in KINDS if (AUTO, kind) in tally.agreements]


COLUMNS: dict[str, Callable[[Agreement], str]] = {
    "found": lambda agreement: f"{agreement.found:,}",
    "F1, boxes": lambda agreement: f"{agreement.box_f1:.3f}",
    "F1, ink": lambda agreement: f"{agreement.ink_f1:.3f}",
    "split": lambda agreement: _percent(agreement.over_segmentation),
    "merged": lambda agreement: _percent(agreement.under_segmentation),
}


def _head(kind: Kind) -> Row:
    baseline = ["baseline"] if kind in BASELINES else []
    cells = [f"{kind}s", "true", *(cell for name in COLUMNS for cell in (name, *baseline))]
    if baseline:
        cells += ["errors", "baseline", "times fewer"]
    if kind == "character":
        cells += ["dots joined", "baseline"]
    return tuple(cells)


def _row(name: str, kind: Kind, tally: Tally) -> Row:
    """Return the scores of the pieces of a kind, each next to the baseline's."""
    presets = [AUTO, BASELINES[kind]] if kind in BASELINES else [AUTO]
    agreements = [tally.agreements[preset, kind] for preset in presets]
    cells = [
        name,
        f"{agreements[0].truth:,}",
        *(column(agreement) for column in COLUMNS.values() for agreement in agreements),
    ]
    if len(agreements) > 1:
        ours, baseline = map(_errors, agreements)
        cells += [f"{ours:,}", f"{baseline:,}", _fewer(ours, baseline)]
    if kind == "character":
        cells += [_share(*tally.dots[preset]) if preset in tally.dots else "-" for preset in presets]
    return tuple(cells)


def _errors(agreement: Agreement) -> int:
    return agreement.truth + agreement.found - 2 * agreement.box_matches


def _word_errors(tally: Tally) -> tuple[int, int]:
    """Return the errors in words of ``auto`` and of the baseline."""
    ours, baseline = (_errors(tally.agreements[preset, "word"]) for preset in (AUTO, BASELINES["word"]))
    return ours, baseline


def _fewer(ours: int, baseline: int) -> str:
    return f"{baseline / ours:.1f}" if ours else "all" if baseline else "-"


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _share(part: int, whole: int) -> str:
    return f"{part:,}/{whole:,} ({_percent(part / max(whole, 1))})"


def _together(counts: Mapping[str, Mapping[str, WordCount]], preset: str) -> WordCount:
    """Return the counts over all forms."""
    return sum((of[preset] for of in counts.values()), WordCount())


def _forms(counts: Mapping[str, Mapping[str, WordCount]]) -> str:
    """Return the table of the counts on each form and on all of them."""
    baseline = BASELINES["word"]
    sums = {preset: _together(counts, preset) for preset in (AUTO, baseline)}
    rows = []
    for name, of in [*counts.items(), ("all", sums)]:
        ours, its = of[AUTO], of[baseline]
        words = sum(ours.true)
        rows.append(
            (
                name,
                f"{ours.lines}/{len(ours.true)}",
                *(f"{count.all_found}/{words} ({100 * (count.all_found / words - 1):+.1f} %)" for count in (ours, its)),
                *(_share(count.exact, len(count.true)) for count in (ours, its)),
                *(f"{count.errors}" for count in (ours, its)),
                _fewer(ours.errors, its.errors),
            )
        )
    _show(rows)
    head = (
        "words of forms",
        "lines",
        "words",
        "baseline",
        "lines with the right number",
        "baseline",
        "words missing or extra",
    )
    return markdown_table((*head, "baseline", "times fewer"), rows, numbers=True)


# Time and memory.


def _speed(cfg: DictConfig, segmenters: Mapping[str, Segmenter]) -> Speed:
    page, large = a4_page(150), a4_page(300)
    rates = compare(
        {name: segmenting_rate(page, segmenter) for name, segmenter in segmenters.items()}, cfg.rounds, 0
    ).rates
    speed = Speed(
        {name: [1 / rate for rate in in_rounds] for name, in_rounds in rates.items()},
        {name: peak_memory(large, segmenter) for name, segmenter in segmenters.items()} if LINUX else {},
        compare({f"{n}": command_rate(page, n) for n in WORKERS}, cfg.rounds, 0),
    )
    _show(_speed_rows(speed))
    return speed


def _speed_rows(speed: Speed) -> list[Row]:
    nothing = ["-"] * len(BASELINES)
    one, *more = map(str, WORKERS)
    return [
        ("seconds for A4 at 150 dpi", *(with_range(seconds, 2) for seconds in speed.seconds.values())),
        (
            "peak memory for A4 at 300 dpi, as a multiple of the picture",
            *(f"{speed.memory[preset]:.1f}" if LINUX else "Linux only" for preset in KINDS_OF_PRESET),
        ),
        *(
            (
                f"pages/s by `handwriting segment workers={n}`, {JOB_PAGES} of A4 at 150 dpi",
                with_range(rates, 2),
                *nothing,
            )
            for n, rates in speed.pool.rates.items()
        ),
        *((f"times as fast, workers={n}", with_range(speed.pool.ratios(n, one), 2), *nothing) for n in more),
    ]


# Goals.


def _goals(tallies: Mapping[str, Tally]) -> list[Row]:
    """Return every goal for which something was measured."""
    drawn = [name for name in tallies if name in DRAWN]
    f1 = {
        kind: {name: tally.agreements[AUTO, kind].box_f1 for name, tally in tallies.items() if kind in _kinds(tally)}
        for kind in KINDS
    }

    def least(goal: str, kind: Kind, names: Sequence[str], threshold: float) -> list[Row]:
        """Return the row of a goal for the F1 of every one of some sets, if any was measured."""
        scores = {name: f1[kind][name] for name in names if name in f1[kind]}
        if not scores:
            return []
        worst = min(scores, key=lambda name: scores[name])
        missed = sum(score < threshold for score in scores.values())
        value = f"{scores[worst]:.3f} ({worst})" + (f"; {missed} of {len(scores)} sets miss it" if missed > 1 else "")
        return [_goal(f"{goal}: F1 at least {threshold:.2f}", not missed, value)]

    rows = [
        *least("lines of forms", "line", ["forms"], 0.97),
        *least("lines, every drawn set", "line", drawn, 0.97),
        *least("words, every drawn set", "word", drawn, 0.95),
        *least("characters that do not touch", "character", [name for name in drawn if name != TOUCHING], 0.95),
        *least("characters of `words`", "character", ["words"], 0.70),
    ]
    if drawn:
        rows.append(_fewer_goal("drawn pages", {name: _word_errors(tallies[name]) for name in drawn}))
        joined, dots = (sum(tallies[name].dots[AUTO][part] for name in drawn) for part in (0, 1))
        rows.append(_goal("dots joined, drawn pages: at least 98 %", joined >= 0.98 * dots, _share(joined, dots)))
    for goal, others in (("from 100 to 400 dpi", RESOLUTIONS), ("within 5 degrees of skew", SKEWED)):
        names = [name for name in (SEPARATE, *others) if name in tallies]
        if len(names) > 1:
            spans = {kind: 100 * (max(f1[kind][n] for n in names) - min(f1[kind][n] for n in names)) for kind in KINDS}
            value = ", ".join(f"{kind}s {points:.1f}" for kind, points in spans.items())
            rows.append(_goal(f"{goal}: F1 within 2 points", max(spans.values()) <= 2, value))
    return rows + (_form_goals(tallies["forms"].counts) if "forms" in tallies else [])


def _form_goals(counts: Mapping[str, Mapping[str, WordCount]]) -> list[Row]:
    ours = {name: of[AUTO] for name, of in counts.items()}
    worst = max(ours, key=lambda name: ours[name].difference)
    together = _together(counts, AUTO)
    return [
        _goal(
            "words of each form: number within 5 %",
            ours[worst].difference <= 0.05,
            f"{_percent(ours[worst].difference)} ({worst})",
        ),
        _goal(
            "lines of forms with the right number of words: at least 70 %",
            together.exact >= 0.7 * len(together.true),
            _share(together.exact, len(together.true)),
        ),
        _fewer_goal(
            "forms, by their number in each line",
            {name: (of[AUTO].errors, of[BASELINES["word"]].errors) for name, of in counts.items()},
        ),
    ]


def _speed_goals(speed: Speed) -> list[Row]:
    seconds = median(speed.seconds[AUTO])
    rows = [_goal("A4 at 150 dpi on one core: at most 0.5 s", seconds <= 0.5, f"{seconds:.2f} s")]
    if speed.memory:
        memory = speed.memory[AUTO]
        rows.append(_goal("peak memory: at most 10 times the picture", memory <= 10, f"{memory:.1f} times"))
    return rows


def _fewer_goal(where: str, errors: Mapping[str, tuple[int, int]]) -> Row:
    """Return the row of a goal for all pages together, from the errors of ``auto`` and of the baseline on each set."""
    ours, baseline = (sum(of[part] for of in errors.values()) for part in (0, 1))
    worst = min(errors, key=lambda name: errors[name][1] / max(errors[name][0], 1))
    goal = f"words, {where}: at least 4 times fewer errors than the baseline"
    value = f"{_fewer(ours, baseline)} ({ours:,} for {baseline:,}); least {_fewer(*errors[worst])} ({worst})"
    return _goal(goal, 4 * ours <= baseline, value)


def _goal(goal: str, reached: bool, value: str) -> Row:
    return goal, "yes" if reached else "**no**", value


def _show(rows: Sequence[Row]) -> None:
    """Print results as they are measured: all of them take minutes."""
    for row in rows:
        print("  ".join(row), flush=True)
