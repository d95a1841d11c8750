"""Benchmark training, loading, starting and sweeping, compared with the simplest code for the same task, in one run."""

from __future__ import annotations

import platform
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import torch
from omegaconf import DictConfig
from pydantic import Field

from benchmarks import dashboard_pages as showing
from benchmarks import loading, run_folders, starting, sweep_folders, training
from benchmarks import sweeps as sweeping
from benchmarks.timing import Benchmark, compare, with_range
from handwriting import config
from handwriting.data.loading.module import GlyphData
from handwriting.engine.sections import build_loading, build_source
from handwriting.engine.train_log import quieten_lightning
from handwriting.errors import ConfigError, nearest
from handwriting.fields import AnyPath, FreeText
from handwriting.files import write_atomically
from handwriting.jobs.arguments import Count, read_arguments
from handwriting.jobs.outputs import output_path
from handwriting.machine import available_cores
from handwriting.sweeps.executors.local import describe_workers
from handwriting.text import markdown_table

GLYPHS = (
    "metrics=none",  # metrics limit their share of the time themselves
    "data=synthetic",
    "data.count=25000",
    "data.classes=abcdefghijklmnopqrstuvwxyz",
    "trainer=cpu",
    "trainer.max_epochs=-1",
)
"""About 18,000 training glyphs, without a download."""
TRAININGS = {
    "vae": ("model=vae",),
    "cvae": ("model=cvae",),
    "dcgan": ("model=dcgan",),
    "cgan": ("model=cgan",),
    "wgan_gp": ("model=wgan_gp",),
    "mlp_vae": ("model=vae", "model.network=mlp", "model.channels=128", "model.latent_dim=16", "model.lr=1e-3"),
    "mlp_cgan": ("model=cgan", "model.network=mlp"),
}
"""The models trained; ``mlp_vae`` is 784-512-16, which pythae offers as well."""
OURS = "handwriting"
TRIAL = (*GLYPHS, "model=cvae", "callbacks.limit.max_batches=300")
"""Overrides of each trial of a sweep: half a minute on one core, including its start."""


@dataclass(frozen=True)
class Arguments:
    """The benchmark's own keys; what each means stands in ``benchmarks/conf/speed.yaml``."""

    only: tuple[FreeText, ...]
    seconds: Annotated[float, Field(gt=0)]
    pairs: Count
    batch_size: Count
    out: AnyPath | None


def run(cfg: DictConfig) -> None:
    """Run the benchmarks that ``cfg`` requests, and print tables in Markdown.

    Raises:
        ConfigError: If a value is not allowed.
    """
    known = (*TRAININGS, "loader", "start", "sweep", "sweep_page", "dashboard")
    for name in cfg.only:
        if name not in known:
            raise ConfigError(f"only={name}: no such benchmark.{nearest(name, known)} There are: {', '.join(known)}.")
    read_arguments(Arguments, cfg)
    out = output_path(cfg.out, "") if cfg.out else None
    quieten_lightning()
    wanted = [name for name in known if name in (cfg.only or known)]
    parts = [_machine(cfg)]
    if "start" in wanted:  # before torch has warmed up anything that another process could share
        parts.append(_starting(cfg))
    if trained := [name for name in wanted if name in TRAININGS]:
        parts.append(_training(cfg, trained))
    if "loader" in wanted:
        parts.append(_loading(cfg))
    if "sweep" in wanted:
        parts.append(_sweeping(cfg))
    if "sweep_page" in wanted:
        parts.append(_page_of_a_sweep(cfg))
    if "dashboard" in wanted:
        parts.append(_dashboard(cfg))
    text = "\n\n".join(parts) + "\n"
    print(text)
    if out:
        write_atomically(out, lambda file: file.write(text.encode()))


def _machine(cfg: DictConfig) -> str:
    return (
        f"{torch.get_num_threads()} threads of {platform.machine()}, torch {torch.__version__}, "
        f"batches of {cfg.batch_size}, each rate measured {cfg.pairs} times for at least {cfg.seconds} s, in turn; "
        "median (smallest-largest)."
    )


def _data(cfg: DictConfig) -> tuple[Callable[[str], DictConfig], GlyphData]:
    """Return a function that composes the configuration of a training, and the glyphs that all trainings share."""

    def composed(name: str) -> DictConfig:
        return config.compose("train", [*GLYPHS, f"data.batch_size={cfg.batch_size}", *TRAININGS[name]])

    data = GlyphData(build_source(composed("vae").data), loading=build_loading(composed("vae").data))
    data.setup()
    return composed, data


def _training(cfg: DictConfig, names: list[str]) -> str:
    composed, data = _data(cfg)
    rows: list[tuple[str, ...]] = []
    for name in names:
        settings = composed(name)
        ours = training.AsTheJobDoes(settings, data)
        implementations: dict[str, Benchmark] = {OURS: ours, "plain loop": training.plainly(settings, data)}
        if name == "mlp_vae":
            implementations["plain loop in float32"] = training.plainly(settings, data, bf16=False)
            if find_spec("pythae"):
                implementations["pythae"] = training.by_pythae(settings, data)
        compared = _rows(name, implementations, cfg)
        rows += [(*row[:2], with_range(ours.with_validation), *row[2:]) for row in compared]
        _show(rows[-len(compared) :])
    return markdown_table(
        ("training", "handwriting, glyphs/s", "validation counted", "compared with", "glyphs/s", "speed-up"), rows
    )


def _loading(cfg: DictConfig) -> str:
    _, data = _data(cfg)
    size = cfg.batch_size
    implementations: Mapping[str, Benchmark] = {
        OURS: loading.by_our_loader(data.train, size),
        "pure indexing": loading.by_indexing(data.train, size),
        "DataLoader, glyph by glyph": loading.by_data_loader(data.train, size),
    }
    rows = _rows("loader", implementations, cfg)
    _show(rows)
    return markdown_table(("loading", "handwriting, glyphs/s", "compared with", "glyphs/s", "speed-up"), rows)


def _sweeping(cfg: DictConfig) -> str:
    workers = available_cores()
    trials, all_workers = 2 * workers, describe_workers(workers, 1)
    implementations = {
        OURS: sweeping.by_workers(TRIAL, trials, workers, threads=1),
        describe_workers(1, 1): sweeping.by_workers(TRIAL, trials, 1, threads=1),
        describe_workers(1, workers): sweeping.by_workers(TRIAL, trials, 1, threads=workers),
    }
    rows = _rows(f"{trials} trials by {all_workers}", implementations, cfg)
    sweep, command = "a sweep of one trial", "the same run by its own command"
    comparison = compare(
        {sweep: sweeping.by_workers(TRIAL, 1, 1, threads=workers), command: sweeping.by_hand(TRIAL)}, cfg.pairs, 0
    )
    seconds = {name: [3600 / rate for rate in rates] for name, rates in comparison.rates.items()}
    overhead = [of_sweep - of_command for of_sweep, of_command in zip(seconds[sweep], seconds[command], strict=True)]
    costs = [(sweep, with_range(seconds[sweep], 1), command, with_range(seconds[command], 1), with_range(overhead, 1))]
    _show([*rows, *costs])
    faster = markdown_table(("sweep", "trials/h", "compared with", "trials/h", "speed-up"), rows)
    return (
        f"{faster}\n\n{markdown_table(('sweep', 'seconds', 'compared with', 'seconds', 'overhead in seconds'), costs)}"
    )


def _page_of_a_sweep(cfg: DictConfig) -> str:
    pages = [sweep_folders.measure_page() for _ in range(cfg.pairs)]
    seconds, size = [page.seconds for page in pages], [page.megabytes for page in pages]
    rows = [
        ("handwriting compare, from the start of Python", with_range(seconds, 1), "s"),
        ("its page", with_range(size, 1), "MB"),
    ]
    _show(rows)
    return markdown_table(("a sweep of 200 trials", "", ""), rows)


def _dashboard(cfg: DictConfig) -> str:
    if find_spec("streamlit") is None:
        return "The dashboard was not measured: pip install -e '.[dashboard]'"
    with TemporaryDirectory() as folder:
        runs = Path(folder) / "runs"
        run_folders.write_runs(runs)
        visits = [showing.visit(runs) for _ in range(cfg.pairs)]
    rows = [
        ("the table, of runs never read before", with_range([visit.cold for visit in visits], 2), "s", "2"),
        ("the table after a filter", with_range([visit.filtered for visit in visits], 2), "s", "0.3"),
        (
            "the page with ten runs selected: table, curves, grids",
            with_range([visit.curves for visit in visits], 2),
            "s",
            "1",
        ),
        ("peak memory", with_range([visit.peak for visit in visits], 2), "GiB", "0.93"),
        ("imports, as the dashboard starts", with_range([visit.imports for visit in visits], 2), "s", ""),
    ]
    _show(rows)
    return markdown_table(("a dashboard of 1,000 runs, 50 metrics and 20 grids each", "", "", "goal"), rows)


def _rows(name: str, benchmarks: Mapping[str, Benchmark], cfg: DictConfig) -> list[tuple[str, ...]]:
    """Compare this package with each other implementation, one row each."""
    comparison = compare(benchmarks, cfg.pairs, cfg.seconds)
    return [
        (
            name,
            with_range(comparison.rates[OURS]),
            other,
            with_range(comparison.rates[other]),
            with_range(comparison.ratios(OURS, other), 2),
        )
        for other in benchmarks
        if other != OURS
    ]


def _starting(cfg: DictConfig) -> str:
    words = ("model=cgan", "data=digits", "metrics=none", "trainer.max_epochs=1")
    runs = [starting.watch(words) for _ in range(cfg.pairs)]
    letters = starting.watch((*GLYPHS, "model=cgan", "callbacks.limit.max_batches=200"))
    rows = [
        (
            "python, and all imports of training",
            with_range([starting.import_seconds() for _ in range(cfg.pairs)], 1),
            "s",
        ),
        ("handwriting train --help", with_range([starting.help_seconds() for _ in range(cfg.pairs)], 1), "s"),
        ("first grid of model=cgan data=digits", with_range([run.first_grid for run in runs], 1), "s"),
        ("first logged batch of the same", with_range([run.first_step for run in runs], 1), "s"),
        ("peak memory of the same", with_range([run.peak for run in runs], 2), "GiB"),
        ("peak memory with 25,000 glyphs", f"{letters.peak:.2f}", "GiB"),
    ]
    _show(rows)
    return markdown_table(("starting", "", ""), rows)


def _show(rows: Sequence[tuple[str, ...]]) -> None:
    """Print results as they are measured: all of them take an hour."""
    for row in rows:
        print("  ".join(row), flush=True)
