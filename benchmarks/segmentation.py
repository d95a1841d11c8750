"""Benchmark how well and how fast pages are segmented, beside the well-known recipe, in one run."""

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

from benchmarks.segmentation_sets import (
    AUTO,
    COPIES,
    FORMS,
    RECIPES,
    TOLD,
    WORDS,
    KnownPage,
    Tally,
    WordCount,
    a4_page,
    as_the_job_does,
    drawn_pages,
    forms,
    one_by_one,
    peak_memory,
    word_pages,
)
from benchmarks.timing import PairedRates, compare, spread
from handwriting import config
from handwriting.errors import ConfigError, nearest
from handwriting.fields import AnyPath, FolderPath, FreeText
from handwriting.jobs.arguments import Count, read_arguments
from handwriting.jobs.outputs import output_path
from handwriting.runs.files import write_atomically
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
"""What the drawn sets differ in from pages at 150 dpi whose letters do not touch."""
REAL: dict[str, tuple[str, Callable[[Path], Iterator[KnownPage]]]] = {
    "words": (WORDS, word_pages),
    "forms": (FORMS, forms),
}
"""The real sets: where each is in the folder of real data, and what yields its pages."""
SPEED = "speed"
WORKERS = (1, 2)
"""With how many processes pages are segmented."""
LINUX = sys.platform == "linux"

Row = tuple[str, ...]


@dataclass(frozen=True)
class Speed:
    """What segmenting a page takes, by the preset.

    Attributes:
        seconds: For an A4 page at 150 dpi on one core, round by round.
        memory: At most, for an A4 page at 300 dpi, in such pictures; empty where there is no Linux to tell it.
        pool: Pages a second that ``handwriting segment`` gets done, by how many workers it has.
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
    """Benchmark what ``cfg`` asks for, and print tables in Markdown."""
    known = (*DRAWN, *REAL, SPEED)
    for name in cfg.only:
        if name not in known:
            raise ConfigError(f"only={name}: no such set.{nearest(str(name), known)} There are: {', '.join(known)}.")
    read_arguments(Arguments, cfg)
    wanted = [name for name in known if name in (cfg.only or known)]
    real = _real(cfg, wanted)
    out = output_path(cfg.out, "") if cfg.out else None
    cv2.setNumThreads(1)
    segmenters = {name: config.build(config.compose("segment", [f"preset={name}"]).preset, "preset") for name in TOLD}

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
        parts.append(markdown_table(("speed", *TOLD), _speed_rows(speed), numbers=True))
    if left_out := [name for name in wanted if name in REAL and name not in real]:
        parts.append(f"Left out for want of real data, which root=<folder> names: {', '.join(left_out)}.")
    parts.append(
        markdown_table(("goal", "reached", "value"), [*_goals(tallies), *(_speed_goals(speed) if speed else [])])
    )
    text = "\n\n".join(parts) + "\n"
    print(text)
    if out:
        write_atomically(out, lambda file: file.write(text.encode()))


def _real(cfg: DictConfig, wanted: Sequence[str]) -> dict[str, Path]:
    """Return where the real sets that are wanted lie; none without ``root``, unless they were asked for."""
    sets = [name for name in wanted if name in REAL]
    if cfg.root is None:
        if cfg.only and sets:
            raise ConfigError(f"only={sets[0]} needs real data: give root=<the folder that {REAL[sets[0]][0]} is in>.")
        return {}
    found = {name: Path(cfg.root).expanduser() / REAL[name][0] for name in sets}
    for path in found.values():
        if not path.is_file():
            raise ConfigError(f"root={cfg.root}: there is no {path}. Give the folder of real data, or leave root out.")
    return found


def _heading(cfg: DictConfig) -> str:
    recipe = " and ".join(f"`{name}`" for name in RECIPES.values())
    return (
        f"The preset `{AUTO}` beside the recipe (presets {recipe}), on one core of {platform.machine()}, OpenCV "
        f"{cv2.__version__}. Drawn pages: the upper half of an A4 sheet at 150 dpi, in the same hands in every set "
        f"(hands={cfg.hands}). F1: one to one, from an IoU of {BOX_IOU} of boxes and {INK_IOU} of ink. Split, merged: "
        "shares of the true pieces. Errors: true and found pieces without a partner by boxes. Speed: median of "
        f"{cfg.rounds} rounds (smallest-largest)."
    )


# How well pages are segmented.


def _tally(pages: Iterator[KnownPage], segmenters: Mapping[str, Segmenter]) -> Tally:
    tally = Tally()
    for page in pages:
        for preset, segmenter in segmenters.items():
            tally.add(page, preset, segmenter)
    return tally


def _kinds(tally: Tally) -> list[Kind]:
    """Return the kinds of pieces of which the truth was known."""
    return [kind for kind in KINDS if (AUTO, kind) in tally.agreements]


MEASURES: dict[str, Callable[[Agreement], str]] = {
    "found": lambda agreement: f"{agreement.found:,}",
    "F1, boxes": lambda agreement: f"{agreement.box_f1:.3f}",
    "F1, ink": lambda agreement: f"{agreement.ink_f1:.3f}",
    "split": lambda agreement: _percent(agreement.over_segmentation),
    "merged": lambda agreement: _percent(agreement.under_segmentation),
}


def _head(kind: Kind) -> Row:
    recipe = ["recipe"] if kind in RECIPES else []
    cells = [f"{kind}s", "true", *(cell for name in MEASURES for cell in (name, *recipe))]
    if recipe:
        cells += ["errors", "recipe", "times fewer"]
    if kind == "character":
        cells += ["dots joined", "recipe"]
    return tuple(cells)


def _row(name: str, kind: Kind, tally: Tally) -> Row:
    """Return what was measured on the pieces of a kind, that of the recipe beside ours."""
    presets = [AUTO, RECIPES[kind]] if kind in RECIPES else [AUTO]
    found = [tally.agreements[preset, kind] for preset in presets]
    cells = [name, f"{found[0].truth:,}", *(tell(agreement) for tell in MEASURES.values() for agreement in found)]
    if len(found) > 1:
        ours, recipe = map(_errors, found)
        cells += [f"{ours:,}", f"{recipe:,}", _fewer(ours, recipe)]
    if kind == "character":
        cells += [_share(*tally.dots[preset]) if preset in tally.dots else "-" for preset in presets]
    return tuple(cells)


def _errors(agreement: Agreement) -> int:
    return agreement.truth + agreement.found - 2 * agreement.box_matches


def _word_errors(tally: Tally) -> tuple[int, int]:
    """Return our errors with words, and the recipe's."""
    ours, recipe = (_errors(tally.agreements[preset, "word"]) for preset in (AUTO, RECIPES["word"]))
    return ours, recipe


def _fewer(ours: int, recipe: int) -> str:
    return f"{recipe / ours:.1f}" if ours else "all" if recipe else "-"


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _share(part: int, whole: int) -> str:
    return f"{part:,}/{whole:,} ({_percent(part / max(whole, 1))})"


def _together(counts: Mapping[str, Mapping[str, WordCount]], preset: str) -> WordCount:
    """Return what was counted on all forms."""
    return sum((of[preset] for of in counts.values()), WordCount())


def _forms(counts: Mapping[str, Mapping[str, WordCount]]) -> str:
    """Return the table of what was counted on forms, and of all together."""
    recipe = RECIPES["word"]
    sums = {preset: _together(counts, preset) for preset in (AUTO, recipe)}
    rows = []
    for name, of in [*counts.items(), ("all", sums)]:
        ours, its = of[AUTO], of[recipe]
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
    head = ("words of forms", "lines", "words", "recipe", "lines with as many words", "recipe", "words too many or few")
    return markdown_table((*head, "recipe", "times fewer"), rows, numbers=True)


# What it takes.


def _speed(cfg: DictConfig, segmenters: Mapping[str, Segmenter]) -> Speed:
    page, large = a4_page(150), a4_page(300)
    rates = compare({name: one_by_one(page, segmenter) for name, segmenter in segmenters.items()}, cfg.rounds, 0).rates
    speed = Speed(
        {name: [1 / rate for rate in found] for name, found in rates.items()},
        {name: peak_memory(large, segmenter) for name, segmenter in segmenters.items()} if LINUX else {},
        compare({f"{n}": as_the_job_does(page, n) for n in WORKERS}, cfg.rounds, 0),
    )
    _show(_speed_rows(speed))
    return speed


def _speed_rows(speed: Speed) -> list[Row]:
    nothing = ["-"] * len(RECIPES)
    one, *more = map(str, WORKERS)
    return [
        ("seconds for A4 at 150 dpi", *(spread(seconds, 2) for seconds in speed.seconds.values())),
        (
            "most memory for A4 at 300 dpi, in such pictures",
            *(f"{speed.memory[preset]:.1f}" if LINUX else "Linux only" for preset in TOLD),
        ),
        *(
            (f"pages/s by `handwriting segment workers={n}`, {COPIES} of A4 at 150 dpi", spread(rates, 2), *nothing)
            for n, rates in speed.pool.rates.items()
        ),
        *((f"times as fast, workers={n}", spread(speed.pool.ratios(n, one), 2), *nothing) for n in more),
    ]


# What was to be reached.


def _goals(tallies: Mapping[str, Tally]) -> list[Row]:
    """Return every goal of which something was measured."""
    drawn = [name for name in tallies if name in DRAWN]
    f1 = {
        kind: {name: tally.agreements[AUTO, kind].box_f1 for name, tally in tallies.items() if kind in _kinds(tally)}
        for kind in KINDS
    }

    def least(goal: str, kind: Kind, names: Sequence[str], wanted: float) -> list[Row]:
        """Return the row of a goal that every one of some sets is to reach, if any was measured."""
        scores = {name: f1[kind][name] for name in names if name in f1[kind]}
        if not scores:
            return []
        worst = min(scores, key=lambda name: scores[name])
        missed = sum(score < wanted for score in scores.values())
        told = f"{scores[worst]:.3f} ({worst})" + (f"; {missed} of {len(scores)} sets miss it" if missed > 1 else "")
        return [_goal(f"{goal}: F1 at least {wanted:.2f}", not missed, told)]

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
            told = ", ".join(f"{kind}s {points:.1f}" for kind, points in spans.items())
            rows.append(_goal(f"{goal}: F1 within 2 points", max(spans.values()) <= 2, told))
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
            "lines of forms with as many words as there are: at least 70 %",
            together.exact >= 0.7 * len(together.true),
            _share(together.exact, len(together.true)),
        ),
        _fewer_goal(
            "forms, by their number in each line",
            {name: (of[AUTO].errors, of[RECIPES["word"]].errors) for name, of in counts.items()},
        ),
    ]


def _speed_goals(speed: Speed) -> list[Row]:
    seconds = median(speed.seconds[AUTO])
    rows = [_goal("A4 at 150 dpi on one core: at most 0.5 s", seconds <= 0.5, f"{seconds:.2f} s")]
    if speed.memory:
        memory = speed.memory[AUTO]
        rows.append(_goal("memory: at most 10 times the picture", memory <= 10, f"{memory:.1f} times"))
    return rows


def _fewer_goal(where: str, errors: Mapping[str, tuple[int, int]]) -> Row:
    """Return the row of a goal that all pages together are to reach, from our errors and the recipe's on each set."""
    ours, recipe = (sum(of[part] for of in errors.values()) for part in (0, 1))
    worst = min(errors, key=lambda name: errors[name][1] / max(errors[name][0], 1))
    goal = f"words, {where}: at least 4 times fewer errors than the recipe"
    told = f"{_fewer(ours, recipe)} ({ours:,} for {recipe:,}); least {_fewer(*errors[worst])} ({worst})"
    return _goal(goal, 4 * ours <= recipe, told)


def _goal(goal: str, reached: bool, value: str) -> Row:
    return goal, "yes" if reached else "**no**", value


def _show(rows: Sequence[Row]) -> None:
    """Tell as it goes what was measured: all of it takes minutes."""
    for row in rows:
        print("  ".join(row), flush=True)
