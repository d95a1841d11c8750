"""Train and evaluate every study whose data is here, one after the other, and write the table of what came out.

Each is a training and an evaluation of its own, as a person would start them; what is done is skipped, and what was
stopped is gone on with.
"""

from __future__ import annotations

import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from omegaconf import DictConfig

from handwriting import config
from handwriting.errors import ConfigError, DataError, HandwritingError, RunError
from handwriting.jobs.compare import plain_config
from handwriting.runs import Run
from handwriting.runs.comparison import Record, read
from handwriting.runs.files import write_atomically
from handwriting.studies.plan import Planned, read_plan
from handwriting.studies.report import report

SLOW = "metrics.classification_accuracy=null"
"""The one measure that takes minutes, and that no question is asked of."""
BESIDE = 1.0
"""Minutes that a study takes besides its training: starting, measuring."""
THUMBNAILS = "grids"
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
    plan, runs = read_plan(), Path(cfg.runs).expanduser()
    chosen = plan.matching(list(cfg.only))
    share = 1.0 if cfg.hours is None else share_of(chosen, 60 * cfg.hours)
    failed = []
    for planned in chosen if cfg.train else []:
        minutes = None if cfg.whole else planned.minutes * share
        try:
            perform(planned, runs / planned.name, Path(cfg.root).expanduser(), minutes)
        except HandwritingError as error:
            print(f"{planned.name}: {error}", file=sys.stderr)
            failed.append(planned.name)
    records = {name: found for name in plan.studies if (found := record_of(runs / name, name))}
    out = Path(cfg.out).expanduser()
    for name, record in records.items():
        draw_thumbnail(record, out / THUMBNAILS / f"{name.replace('/', '_')}.png")
    text = report(plan, records)
    write_atomically(out / "README.md", lambda file: file.write(text.encode()))
    print(f"{len(records)} of {len(plan.studies)} studies: {out / 'README.md'}")
    if failed:
        raise RunError(f"These failed: {', '.join(failed)}. The same command tries them again.")


def share_of(chosen: Sequence[Planned], minutes: float) -> float:
    """Return which share of its planned time each study gets so that all of them take so many minutes at most.

    >>> from handwriting.studies.plan import Group, Planned, Study
    >>> ten = Planned("a/b", Study(minutes=10), Group("a", "", 1, {}))
    >>> share_of([ten, ten], 12), share_of([ten], 60)
    (0.5, 1.0)
    """
    training = sum(planned.minutes for planned in chosen)
    return max(0.01, min(1.0, (minutes - BESIDE * len(chosen)) / training))


def perform(planned: Planned, folder: Path, root: Path, minutes: float | None) -> None:
    """Train and evaluate one study, as far as that was not done.

    Args:
        planned: The study.
        folder: Its run folder, which need not exist.
        root: The folder of the data.
        minutes: The longest it is trained for; None for as long as the study was.

    Raises:
        RunError: If its training or its evaluation fails.
    """
    begun = (folder / "status.json").is_file() and bool((folder / "status.json").stat().st_size)
    run = Run.at(folder) if begun else None
    if run and run.is_alive():
        print(f"{planned.name}: is being trained by process {run.status['pid']}")
        return
    if run is None or run.status["state"] != "done":
        if reason := missing_data(planned, root):
            print(f"{planned.name}: not run, {reason}")
            return
        length = [] if minutes is None else [f"trainer.max_time={clock(minutes)}"]
        fresh = [*planned.overrides(root), *length, "logger=none", f"hydra.run.dir={folder}"]
        _call("train", [f"resume={folder}"] if run else fresh)
    if not (folder / "evaluation.json").is_file():
        _call("evaluate", [f"run={folder}", SLOW])


def missing_data(planned: Planned, root: Path) -> str:
    """Return why a study's data cannot be read; nothing where it can."""
    cfg = config.compose("train", planned.overrides(root))
    try:
        config.build(cfg.data, "data").read()
    except DataError as error:
        return str(error)
    return ""


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
    if status < 0 or status == 130:
        raise KeyboardInterrupt
    if status:
        raise RunError(f"handwriting {job} ended with status {status}; what it said stands above.")


def record_of(folder: Path, name: str) -> Record | None:
    """Return what is known of a study's run; nothing where it has not been measured yet."""
    if not (folder / "evaluation.json").is_file():
        return None
    return read(folder, name, plain_config)


def draw_thumbnail(record: Record, path: Path) -> None:
    """Draw a few glyphs of each class of a run's model into a small picture."""
    from handwriting.jobs.sample import draw
    from handwriting.models.loading import load
    from handwriting.plots.grids import png_bytes, small_grid

    model = load(record.path)

    glyphs = draw(model, EACH if "class" in model.conditions else EACH * COLUMNS)
    columns = len(model.alphabet) if "class" in model.conditions else COLUMNS
    images = glyphs.images.reshape(columns, -1, *glyphs.image_shape[1:]).swapaxes(0, 1)
    write_atomically(path, lambda file: file.write(png_bytes(small_grid(images))))
