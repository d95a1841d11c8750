"""The commands from Python, as in a notebook: the same overrides, results as objects, mistakes as exceptions.

Each function takes what its command is given, ``"model=cgan"``, ``"data.root=~/datasets"``, prints what the command
prints, and raises :class:`handwriting.errors.HandwritingError` where the command would end with one line. Results show
themselves as pictures in a notebook.

>>> import handwriting
>>> run = handwriting.train("model=vae", "data=digits", "trainer.max_epochs=3")  # doctest: +SKIP
>>> run.summary["monitor"]  # doctest: +SKIP
'val/loss'
>>> handwriting.evaluate(run).values["fid"]  # doctest: +SKIP
31.4
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from handwriting.errors import ConfigError
from handwriting.files import expanded

if TYPE_CHECKING:
    from handwriting.jobs.font import FontFile
    from handwriting.jobs.sheet import CopySheet
    from handwriting.pages.folder import SegmentedFolder
    from handwriting.runs import Run
    from handwriting.sweeps.folder import Sweep
    from handwriting.writing.page_files import PagesWritten


@dataclass(frozen=True)
class EvaluatedRun:
    """What ``evaluate`` wrote into a run folder.

    Attributes:
        run: The run.
        values: The value of each metric by its name, such as ``fid``.
        page: The picture that shows them.
    """

    run: Run
    values: dict[str, float]
    page: Path

    def _repr_png_(self) -> bytes:
        return self.page.read_bytes()


@dataclass(frozen=True)
class ComparisonPage:
    """What ``compare`` wrote.

    Attributes:
        path: The folder of the page, its table and its pictures.
        page: The page, to be opened in a browser.
    """

    path: Path
    page: Path

    @property
    def pictures(self) -> tuple[Path, ...]:
        """The pictures of the page, by name."""
        return tuple(sorted(self.path.rglob("*.png")))

    def _repr_png_(self) -> bytes | None:
        return self.pictures[0].read_bytes() if self.pictures else None


def train(*overrides: str, config_dir: str | Path | None = None) -> Run:
    """Train a model, as ``handwriting train`` does.

    Args:
        overrides: Choices and values, such as ``"model=cgan"`` and ``"trainer.max_epochs=5"``; ``"resume=<folder>"``
            resumes a run, and ``"init=<folder>"`` starts a new one from the weights of another.
        config_dir: A folder of your own choices, as of ``--config-dir``.

    Returns:
        The run: ``run.path``, ``run.summary``, ``run.metrics()``; a notebook shows its last grid of samples.

    Raises:
        HandwritingError: If a value, the data or the run folder cannot be used.
        KeyboardInterrupt: If it is interrupted; its last checkpoint can be resumed.
    """
    from handwriting.runs import Run

    folder = _call("train", overrides, config_dir)
    if not isinstance(folder, Path):
        raise ConfigError("resume= names a sweep: handwriting.sweep resumes it.")
    return Run.at(folder)


def sweep(*overrides: str, config_dir: str | Path | None = None) -> Sweep:
    """Train once for each combination of values, as ``handwriting train -m`` does.

    Args:
        overrides: As of :func:`train`; ``"seed=1,2,3"`` varies a value and ``"search=cvae"`` searches.
        config_dir: A folder of your own choices, as of ``--config-dir``.

    Returns:
        The sweep: ``sweep.path``, ``sweep.trials``.

    Raises:
        HandwritingError: If something is wrong with the overrides, or trials failed.
    """
    folder: Sweep = _call("train", overrides, config_dir, "-m")
    return folder


def evaluate(run: str | Path | Run, *overrides: str) -> EvaluatedRun:
    """Measure a trained model on its test set, as ``handwriting evaluate`` does.

    Args:
        run: The run or its folder.
        overrides: More values, such as ``"root=~/datasets"`` or ``"metrics=[fid,kid]"``.

    Raises:
        HandwritingError: If the run, its data or a value cannot be used.
    """
    from handwriting.runs import Run

    evaluated = Run.at(_call("evaluate", (f"run={_path(run)}", *overrides)))
    values = {name: metric["value"] for name, metric in evaluated.evaluation().items()}
    return EvaluatedRun(evaluated, values, evaluated.path / "evaluation.png")


def compare(*runs: str | Path | Run | Sweep, out: str | Path | None = None) -> ComparisonPage:
    """Compare runs, or the trials of a sweep, on one page, as ``handwriting compare`` does.

    Args:
        runs: Runs, their folders, folders of runs or patterns such as ``runs/*_emnist``; or one sweep.
        out: The folder to write; ``comparison`` in the current folder unless given.

    Raises:
        HandwritingError: If no run is named, there is nothing to compare, or ``out`` exists.
    """
    words = [f"runs={','.join(map(_path, runs))}", *([f"out={out}"] if out is not None else [])]
    page: Path = _call("compare", words)
    return ComparisonPage(page.parent, page)


def segment(pages: str | Path, *overrides: str) -> SegmentedFolder:
    """Find lines, words and characters on pages, as ``handwriting segment`` does.

    Args:
        pages: A picture, a PDF, or a folder of them.
        overrides: More values, such as ``"out=letter"`` or ``"preset=words"``.

    Returns:
        The folder of the results; a notebook shows its first page with what was found on it.

    Raises:
        HandwritingError: If a page or a value cannot be used.
    """
    folder: SegmentedFolder = _call("segment", (f"pages={pages}", *overrides))
    return folder


def label(pages: str | Path | SegmentedFolder, *overrides: str) -> SegmentedFolder:
    """Label the characters of segmented pages, as ``handwriting label`` does.

    Args:
        pages: The folder that :func:`segment` returned, or its path.
        overrides: More values, such as ``"keep=0.8"`` or ``"overwrite=true"``.

    Returns:
        The folder; its ``labels.csv`` and ``labels.png`` hold the labels.

    Raises:
        HandwritingError: If a text, a label or a value cannot be used, or labels would be replaced that may not be.
    """
    folder: SegmentedFolder = _call("label", (f"pages={_path(pages)}", *overrides))
    return folder


def hand(pages: str | Path, *overrides: str) -> SegmentedFolder:
    """Turn photographs of somebody's writing into a hand, as ``handwriting hand`` does.

    Args:
        pages: A picture, a PDF, or a folder of them; a page's text lies next to it.
        overrides: More values, such as ``"out=hands/mine"`` or ``"overwrite=true"``.

    Returns:
        The folder of the hand, segmented and labelled.

    Raises:
        HandwritingError: If a page, a text, a label or a value cannot be used, or the folder holds other pages.
    """
    folder: SegmentedFolder = _call("hand", (f"pages={pages}", *overrides))
    return folder


def font(hand: str | Path | SegmentedFolder, *overrides: str) -> FontFile:
    """Make an OpenType font of a hand, as ``handwriting font`` does.

    Args:
        hand: The folder that :func:`hand` returned, or its path.
        overrides: More values, such as ``"out=MyHand.otf"`` or ``"name=My Hand"``.

    Returns:
        The font: ``path``, its file; ``family``, its name in menus; ``characters``, what it can write.

    Raises:
        HandwritingError: If the folder is no hand, a value cannot be used, or the file exists.
    """
    font_file: FontFile = _call("font", (f"hand={_path(hand)}", *overrides))
    return font_file


def sheet(*overrides: str) -> CopySheet:
    """Write a text to copy by hand as a PDF and as plain text, as ``handwriting sheet`` does.

    Args:
        overrides: Values, such as ``"out=copy_me.pdf"``, ``"repeat=2"`` or ``"text=@poem.txt"``.

    Returns:
        The sheet: ``path``, the PDF; ``texts``, the plain text of each page. A notebook shows its first page.

    Raises:
        HandwritingError: If a text or a value cannot be used, or files of these names exist.
    """
    copy_sheet: CopySheet = _call("sheet", overrides)
    return copy_sheet


def write(hand: Any, text: str, *overrides: str, run: str | Path | Run | None = None) -> PagesWritten:
    """Write a message in a hand, or with the letters of a trained model, as ``handwriting write`` does.

    Args:
        hand: The folder of the hand, or what :func:`hand` returned; None to write with the letters of a run alone.
        text: The message, or ``@`` and a file that holds it.
        overrides: More values, such as ``"out=letter.pdf"`` or ``"missing=drawn"``.
        run: A run of a conditional model, or its folder: it draws the characters of which the hand has too few
            drawings, or all of them.

    Returns:
        What was written: ``files``, the files in the order of their pages; ``pages`` and ``words``, their numbers.

    Raises:
        HandwritingError: If the hand, the run, the text or a value cannot be used, or files of these names exist.
    """
    if not isinstance(text, str):
        raise TypeError(f"{text!r} ({type(text).__name__}) is no message: give text.")
    given = [f"{key}={_path(value)}" for key, value in (("hand", hand), ("run", run)) if value is not None]
    written: PagesWritten = _call("write", (*given, f"text={text}", *overrides))
    return written


def _path(run: Any) -> str:
    """Return the path of a run, a sweep or a segmented folder."""
    return str(getattr(run, "path", run))


def _call(job: str, overrides: tuple[str, ...] | list[str], config_dir: Any = None, *flags: str) -> Any:
    from handwriting.config import Command
    from handwriting.jobs import call

    if not_text := [override for override in overrides if not isinstance(override, str)]:
        kind = type(not_text[0]).__name__
        raise TypeError(f"{not_text[0]!r} ({kind}) is no override: give text, such as 'trainer.max_epochs=3'.")
    if not_overrides := [override for override in overrides if override.startswith("-")]:
        raise ConfigError(f"{not_overrides[0]}: give overrides such as model=cgan; flags are arguments of functions.")
    words = [*overrides, *flags, *([] if config_dir is None else ["--config-dir", str(expanded(config_dir))])]
    with _process_restored([str(Path(__file__).with_name("__main__.py")), job, *words]):
        return call(Command(job), words)


@contextmanager
def _process_restored(argv: list[str]) -> Iterator[None]:
    """Let a command have the process for itself, and leave the process as it was.

    Args:
        argv: The command line that the command sees, by which Lightning starts further processes.
    """
    from hydra.core.global_hydra import GlobalHydra
    from hydra.core.hydra_config import HydraConfig

    main: Any = sys.modules["__main__"]
    running, settings = GlobalHydra.instance(), HydraConfig.instance()
    hydra, composed, typed, environment = running.hydra, settings.cfg, sys.argv, dict(os.environ)
    spec = getattr(main, "__spec__", None)
    loggers = [logging.getLogger(), *(item for item in logging.root.manager.loggerDict.values()
                                      if isinstance(item, logging.Logger))]  # fmt: skip
    states = [(logger, logger.handlers[:], logger.level, logger.propagate) for logger in loggers]
    running.clear()
    sys.argv, main.__spec__ = argv, None
    try:
        yield
    finally:
        sys.argv, main.__spec__ = typed, spec
        running.hydra, settings.cfg = hydra, composed
        for name in os.environ.keys() - environment.keys():
            del os.environ[name]
        os.environ.update(environment)
        for logger, handlers, level, propagate in states:
            logger.handlers[:], logger.propagate = handlers, propagate
            logger.setLevel(level)
