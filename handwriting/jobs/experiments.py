"""Train and evaluate every experiment whose data is here, one after the other, and write the page about them.

Each is a training and an evaluation of its own, as a person would start them. Finished ones are skipped, and an
interrupted training is resumed.
"""

from __future__ import annotations

import shlex
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

from omegaconf import DictConfig
from pydantic import Field

from handwriting import config
from handwriting.engine.sections import build_source
from handwriting.errors import DataError, HandwritingError, RunError
from handwriting.fields import FolderPath, FreeText
from handwriting.files import REPORTS, expanded, refuse_unwritable, write_atomically
from handwriting.interruption import INTERRUPTED
from handwriting.jobs.arguments import Switch, read_arguments
from handwriting.legacy import RUN_FOLDERS
from handwriting.machine import own_environment, own_program
from handwriting.progress import step
from handwriting.reports.experiment_plan import PlannedRun, read_plan
from handwriting.reports.experiments import report
from handwriting.runs import Run
from handwriting.runs.details import RunDetails, read
from handwriting.text import counted

WITHOUT_SLOW_METRIC = "metrics.classification_accuracy=null"
"""Switches off the one metric that takes minutes; no question needs it."""
OVERHEAD_MINUTES = 1.0
"""What an experiment takes besides its training: starting and evaluating."""
MIN_TIME_SHARE = 0.01
"""Each experiment is trained for at least this share of its minutes, however short ``hours`` is."""
THUMBNAIL_ROWS = 2
"""Glyphs of each class in the picture of a run."""
THUMBNAIL_COLUMNS = 26
"""Columns of the picture where a model has no classes."""


@dataclass(frozen=True)
class Arguments:
    """The job's own keys; what each means stands in ``conf/experiments.yaml``."""

    root: FolderPath
    runs: FolderPath
    out: FolderPath
    only: tuple[FreeText, ...]
    train: Switch
    hours: Annotated[float, Field(gt=0)] | None
    whole: Switch


def run(cfg: DictConfig) -> None:
    """Train and evaluate what is missing, then write the page; an experiment that fails does not stop the others.

    Raises:
        ConfigError: If ``hours`` is not positive, or a pattern of ``only`` matches nothing.
        DataError: If the page cannot be written.
        RunError: At the end, if an experiment failed.
    """
    arguments = read_arguments(Arguments, cfg)
    out = expanded(arguments.out)
    page_file = out / "README.md"
    refuse_unwritable(page_file)
    plan, runs, root = read_plan(), runs_folder(arguments.runs), expanded(arguments.root)
    requested = [replace(planned, whole=arguments.whole) for planned in plan.matching(list(arguments.only))]
    missing = [planned for planned in requested if not is_evaluated(runs / planned.run)]
    ready = [planned for planned in missing if has_data(planned, root)] if arguments.train else []
    share = 1.0 if arguments.hours is None or arguments.whole else time_share(ready, 60 * arguments.hours)
    failed = []
    for planned in ready:
        try:
            train_and_evaluate(planned, runs / planned.run, root, share)
        except HandwritingError as error:
            print(f"{planned.run}: {error}", file=sys.stderr)
            failed.append(planned.run)
    evaluated = [planned for planned in plan.runs if is_evaluated(runs / planned.run)]
    details = {planned.run: read(runs / planned.run, planned.run, config.plain_config) for planned in evaluated}
    with step("drawing the pictures of the runs") as show:
        for number, planned in enumerate(evaluated):
            show(number / len(evaluated))
            draw_thumbnail(details[planned.run], out / planned.picture)
    page = report(plan, details)
    if page_file.is_file() and (lost := rows_lost(page_file.read_text("utf-8"), page)):
        kept, page_file = page_file, REPORTS / "experiments" / "README.md"
        shown = counted(len(lost), "measured row")
        print(f"{kept} shows {shown} of which no run is in {runs}, and stays as it is: this page is {page_file}.")
    write_atomically(page_file, lambda file: file.write(page.encode()))
    done = len({planned.name for planned in evaluated})
    print(f"{done} of {len(plan.experiments)} experiments: {page_file}")
    if failed:
        raise RunError(f"These experiments failed: {', '.join(failed)}. The same command tries them again.")


def rows_lost(before: str, after: str) -> list[str]:
    r"""Return the first cells of rows of tables that hold fewer numbers afterwards.

    >>> rows_lost("| a | 1 | 2 |\n| b | - | - |", "| a | - | - |\n| b | 3 | 4 |")
    ['a']
    """

    def numbers(page: str) -> dict[str, int]:
        rows = [[cell.strip() for cell in line.strip("| ").split("|")] for line in page.splitlines() if "|" in line]
        return {row[0]: sum(any(character.isdigit() for character in cell) for cell in row[1:]) for row in rows if row}

    now = numbers(after)
    return [name for name, count in numbers(before).items() if count > now.get(name, 0)]


def runs_folder(requested: str) -> Path:
    """Return the folder of the runs: the requested one, or the one of an earlier version where only that exists.

    Args:
        requested: The key ``runs``.
    """
    folder, former = expanded(requested), RUN_FOLDERS.get(requested)
    if former is None or folder.exists() or not Path(former).is_dir():
        return folder
    print(f"runs={requested} does not exist: using {former}, the folder of earlier versions.")
    return Path(former)


def is_evaluated(folder: Path) -> bool:
    """Return whether a run was trained and evaluated: ``evaluation.json`` is written last.

    Args:
        folder: The run folder, which need not exist.
    """
    return (folder / "evaluation.json").is_file()


def has_data(planned: PlannedRun, root: Path) -> bool:
    """Return whether the data of an experiment can be read; print the reason where it cannot.

    Args:
        planned: The experiment.
        root: The folder of the data.
    """
    cfg = config.compose("train", planned.overrides(root))
    try:
        with step(f"reading the data of {planned.name}"):
            build_source(cfg.data).read()
    except DataError as error:
        print(f"{planned.name}: not run: {error}")
        return False
    return True


def time_share(planned_runs: Sequence[PlannedRun], minutes: float) -> float:
    """Return the share of its planned minutes that each run gets, so that all of them fit into a limit.

    >>> from handwriting.reports.experiment_plan import ExperimentGroup, PlannedRun, PlannedExperiment
    >>> ten = PlannedRun("a/b", PlannedExperiment(minutes=10), ExperimentGroup("a", "", 1, {}))
    >>> time_share([ten, ten], 12), time_share([ten], 60)
    (0.5, 1.0)

    Args:
        planned_runs: The runs to train.
        minutes: The limit for all of them together.

    Returns:
        A share in ``MIN_TIME_SHARE``..1.
    """
    if not planned_runs:
        return 1.0
    training = sum(planned.minutes for planned in planned_runs)
    return max(MIN_TIME_SHARE, min(1.0, (minutes - OVERHEAD_MINUTES * len(planned_runs)) / training))


def train_and_evaluate(planned: PlannedRun, folder: Path, root: Path, share: float) -> None:
    """Train and evaluate one experiment, as far as that was not done.

    Args:
        planned: The experiment.
        folder: Its run folder, which need not exist.
        root: The folder of the data.
        share: The share of its minutes, 0..1, that it is trained for; ignored for a run of the original's full length.

    Raises:
        RunError: If another process is training it, or its training or its evaluation fails.
    """
    run = Run.at(folder) if (folder / "status.json").is_file() else None
    if run and run.is_alive():
        raise RunError(f"process {run.status['pid']} is training it.")
    if run is None:
        limit = [] if planned.whole else [f"trainer.max_time={as_max_time(planned.minutes * share)}"]
        _call("train", [*planned.overrides(root), *limit, "logger=none", f"hydra.run.dir={folder}"])
    elif run.status["state"] != "done":
        _call("train", [f"resume={folder}"])
    _call("evaluate", [f"run={folder}", WITHOUT_SLOW_METRIC])


def as_max_time(minutes: float) -> str:
    """Return a time in the format of ``trainer.max_time``.

    >>> as_max_time(4), as_max_time(90.5)
    ('00:00:04:00', '00:01:30:30')
    """
    seconds = round(minutes * 60)
    return f"{seconds // 86400:02}:{seconds // 3600 % 24:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def _call(job: str, arguments: list[str]) -> None:
    command = [*own_program(), job, *arguments]
    print(shlex.join(["handwriting", job, *arguments]), flush=True)
    status = subprocess.run(command, check=False, env=own_environment()).returncode
    if status in (INTERRUPTED, -signal.SIGINT):
        raise KeyboardInterrupt
    if status:
        raise RunError(f"handwriting {job} ended with status {status}; its message is above.")


def draw_thumbnail(run: RunDetails, path: Path) -> None:
    """Sample a few glyphs of each class from a run's model and write them as a small picture.

    Args:
        run: The run.
        path: The PNG file.
    """
    from handwriting.models.loading import load
    from handwriting.models.sampling import sample_glyphs
    from handwriting.plots.grids import png_bytes, small_grid

    model = load(run.path)
    has_classes = "class" in model.conditions
    glyphs = sample_glyphs(model, THUMBNAIL_ROWS if has_classes else THUMBNAIL_ROWS * THUMBNAIL_COLUMNS)
    columns = len(model.alphabet) if has_classes else THUMBNAIL_COLUMNS
    images = glyphs.images.reshape(columns, -1, *glyphs.image_shape[1:]).swapaxes(0, 1)
    write_atomically(path, lambda file: file.write(png_bytes(small_grid(images))))
