"""Evaluate a trained model on its test set, and draw one page about it, both into its run folder.

Mistakes that can be found without them are reported before torch is imported, which takes seconds.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from omegaconf import DictConfig

from handwriting import config
from handwriting.data.sources.base import GlyphSource
from handwriting.engine.sections import build_source
from handwriting.errors import ConfigError, RunError
from handwriting.fields import AnyPath, FolderPath
from handwriting.files import refuse_unwritable
from handwriting.interruption import saying_if_stopped
from handwriting.jobs.arguments import Seed, read_arguments
from handwriting.progress import step
from handwriting.runs import Run
from handwriting.terminal import bold


@dataclass(frozen=True)
class Arguments:
    """The job's own keys; what each means stands in ``conf/evaluate.yaml``."""

    run: FolderPath
    checkpoint: Literal["best", "last"] | None
    seed: Seed
    root: FolderPath | None
    path: AnyPath | None


@saying_if_stopped("Nothing of the evaluation is written; the same command begins again.")
def run(cfg: DictConfig) -> Path:
    """Evaluate the run that ``cfg`` names, print its metric values and where the page is, and return its folder."""
    read_arguments(Arguments, cfg)
    if not any(cfg.metrics.values()):
        raise ConfigError("metrics=none: there is nothing to measure.")
    run = Run.at(cfg.run)
    if not run.checkpoint(cfg.checkpoint).is_file():
        raise RunError(f"{run.checkpoint(cfg.checkpoint)} is missing: the run has not come that far.")
    refuse_unwritable(run.path / "evaluation.json", "run")
    source = source_of(run, {key: cfg[key] for key in ("root", "path") if cfg[key] is not None})
    with step("reading the glyphs"):
        read = source.read()

    with step("loading PyTorch and Lightning"):
        from handwriting.engine.evaluating import evaluate
        from handwriting.engine.experiment import build_metrics
        from handwriting.reports.evaluation import metrics_table, write_evaluation

    logging.basicConfig(format="%(message)s")
    metrics = build_metrics(cfg.metrics, config.trust_of_command())
    evaluated = evaluate(run, cfg.checkpoint, source, read, metrics, cfg.seed)
    replaced = _no_longer_held(run, evaluated.values)
    with step("drawing the page"):
        page = write_evaluation(run, evaluated)
    print("\n".join([metrics_table(evaluated.values), *evaluated.protocol, *replaced, f"Page: {bold(page)}"]))
    return run.path


def _no_longer_held(run: Run, values: Mapping[str, Any]) -> list[str]:
    """Return a line that says which metrics of the earlier ``evaluation.json`` the new one no longer holds, if any."""
    try:
        earlier = run.evaluation()
    except RunError as error:
        return [f"Replaced: {error}"]
    names = dict.fromkeys(name.partition("/")[0] for name in earlier if name not in values)
    if not names:
        return []
    return [f"evaluation.json no longer holds the earlier {', '.join(names)}: evaluate them together to keep them."]


def source_of(run: Run, moved: dict[str, Any]) -> GlyphSource:
    """Return the data source of a run, with what has ``moved`` since, such as ``{"root": "~/datasets"}``.

    Raises:
        RunError: If the run names no data.
        ConfigError: If its data has no such key, or names a class that is not allowed.
    """
    saved = config.load_config(run.config_file)
    if "data" not in saved or saved.data is None:
        raise RunError(f"{run.config_file} names no data: is it the run folder of a training?")
    for key in moved:
        if key not in saved.data:
            raise ConfigError(f"{key}={moved[key]}: the data of {run.path} has no {key}; leave it out.")
        saved.data[key] = moved[key]
    return build_source(saved.data)
