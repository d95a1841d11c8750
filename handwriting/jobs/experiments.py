"""Train and evaluate every study whose data is here, one after the other, and write the table of what came out.

Each is a training and an evaluation of its own, as a person would start them; what is done is skipped, and what was
stopped is gone on with.
"""

from __future__ import annotations

import shlex
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from omegaconf import DictConfig

from handwriting import config
from handwriting.engine.sections import build_source
from handwriting.errors import ConfigError, DataError, HandwritingError, RunError
from handwriting.jobs import INTERRUPTED
from handwriting.reports.experiment_plan import PlannedRun, read_plan
from handwriting.reports.experiments import report
from handwriting.runs import Run
from handwriting.runs.details import RunDetails, read
from handwriting.runs.files import write_atomically

SLOW = "metrics.classification_accuracy=null"
"""The one measure that takes minutes, and that no question is asked of."""
BESIDE = 1.0
"""Minutes that a study takes besides its training: starting, measuring."""
LEAST = 0.01
"""The least share of its time that a study is given, however little there is."""
EACH = 2
"""Glyphs of a class in a small grid."""
COLUMNS = 26


def run(cfg: DictConfig) -> None:
    """Train and evaluate what is missing, then write the table; a failing study does not keep the others from it.

    Raises:
        RunError: At the end, where a study failed.
    """
    if cfg.hours is not None and not cfg.hours > 0:
        raise ConfigError(f"hours={cfg.hours} is not allowed: give hours, or null for as long as is planned.")
    plan, runs, root = read_plan(), Path(cfg.runs).expanduser(), Path(cfg.root).expanduser()
    wanted = [replace(planned, whole=cfg.whole) for planned in plan.matching(list(cfg.only))]
    left = [planned for planned in wanted if not is_measured(runs / planned.run)]
    ready = [planned for planned in left if has_data(planned, root)] if cfg.train else []
    share = 1.0 if cfg.hours is None or cfg.whole else share_of(ready, 60 * cfg.hours)
    failed = []
    for planned in ready:
        try:
            perform(planned, runs / planned.run, root, share)
        except HandwritingError as error:
            print(f"{planned.run}: {error}", file=sys.stderr)
            failed.append(planned.run)
    measured = [planned for planned in plan.runs if is_measured(runs / planned.run)]
    records = {planned.run: read(runs / planned.run, planned.run, config.plain_config) for planned in measured}
    out = Path(cfg.out).expanduser()
    for planned in measured:
        draw_thumbnail(records[planned.run], out / planned.picture)
    text = report(plan, records)
    write_atomically(out / "README.md", lambda file: file.write(text.encode()))
    done = len({planned.name for planned in measured})
    print(f"{done} of {len(plan.studies)} studies: {out / 'README.md'}")
    if failed:
        raise RunError(f"These failed: {', '.join(failed)}. The same command tries them again.")


def is_measured(folder: Path) -> bool:
    """Say whether a study was trained and evaluated: the last thing that is written says so."""
    return (folder / "evaluation.json").is_file()


def has_data(planned: PlannedRun, root: Path) -> bool:
    """Say whether a study's data can be read, and tell why where it cannot."""
    cfg = config.compose("train", planned.overrides(root))
    try:
        build_source(cfg.data).read()
    except DataError as error:
        print(f"{planned.name}: not run: {error}")
        return False
    return True


def share_of(studies: Sequence[PlannedRun], minutes: float) -> float:
    """Return which share of its planned time each study gets so that all of them take so many minutes at most.

    >>> from handwriting.reports.experiment_plan import ExperimentGroup, PlannedRun, PlannedExperiment
    >>> ten = PlannedRun("a/b", PlannedExperiment(minutes=10), ExperimentGroup("a", "", 1, {}))
    >>> share_of([ten, ten], 12), share_of([ten], 60)
    (0.5, 1.0)
    """
    training = sum(planned.minutes for planned in studies)
    return max(LEAST, min(1.0, (minutes - BESIDE * len(studies)) / training)) if studies else 1.0


def perform(planned: PlannedRun, folder: Path, root: Path, share: float) -> None:
    """Train and evaluate one study, as far as that was not done.

    Args:
        planned: The study.
        folder: Its run folder, which need not exist.
        root: The folder of the data.
        share: The share of its minutes that it is trained for at most, where it is not trained for its whole length.

    Raises:
        RunError: If its training or its evaluation fails.
    """
    run = Run.at(folder) if (folder / "status.json").is_file() else None
    if run and run.is_alive():
        raise RunError(f"process {run.status['pid']} is training it.")
    if run is None:
        length = [] if planned.whole else [f"trainer.max_time={clock(planned.minutes * share)}"]
        _call("train", [*planned.overrides(root), *length, "logger=none", f"hydra.run.dir={folder}"])
    elif run.status["state"] != "done":
        _call("train", [f"resume={folder}"])
    _call("evaluate", [f"run={folder}", SLOW])


def clock(minutes: float) -> str:
    """Return a time as the trainer reads it.

    >>> clock(4), clock(90.5)
    ('00:00:04:00', '00:01:30:30')
    """
    seconds = round(minutes * 60)
    return f"{seconds // 86400:02}:{seconds // 3600 % 24:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def _call(job: str, arguments: list[str]) -> None:
    command = [sys.executable, "-m", "handwriting", job, *arguments]
    print(shlex.join(["handwriting", job, *arguments]), flush=True)
    status = subprocess.run(command, check=False).returncode
    if status in (INTERRUPTED, -signal.SIGINT):
        raise KeyboardInterrupt
    if status:
        raise RunError(f"handwriting {job} ended with status {status}; what it said stands above.")


def draw_thumbnail(record: RunDetails, path: Path) -> None:
    """Draw a few glyphs of each class of a run's model into a small picture."""
    from handwriting.models.loading import load
    from handwriting.models.sampling import sample_each
    from handwriting.plots.grids import png_bytes, small_grid

    model = load(record.path)

    glyphs = sample_each(model, EACH if "class" in model.conditions else EACH * COLUMNS)
    columns = len(model.alphabet) if "class" in model.conditions else COLUMNS
    images = glyphs.images.reshape(columns, -1, *glyphs.image_shape[1:]).swapaxes(0, 1)
    write_atomically(path, lambda file: file.write(png_bytes(small_grid(images))))
