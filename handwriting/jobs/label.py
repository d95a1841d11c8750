"""Label the characters of segmented pages, and write ``labels.csv``."""

from __future__ import annotations

import sys
from contextlib import nullcontext, redirect_stderr, suppress
from dataclasses import dataclass, replace
from io import StringIO, TextIOWrapper, UnsupportedOperation
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from handwriting import config
from handwriting.engine.sections import build_source
from handwriting.errors import ConfigError, DataError
from handwriting.fields import FolderPath
from handwriting.files import expanded, write_json
from handwriting.interruption import saying_if_stopped
from handwriting.jobs.arguments import Count, Seed, Share, Switch, read_arguments
from handwriting.jobs.transcripts import describe_refused, find_transcripts, label_by_transcripts
from handwriting.pages.folder import SegmentedFolder
from handwriting.pages.hand_folder import folders_with
from handwriting.pages.joined import is_joined
from handwriting.pages.labels import LabelRow, character_key, label_counts, read_labels
from handwriting.pages.names import BOXES_FILE, LABELS_FILE, LABELS_PICTURE, REPORT_FILE
from handwriting.pages.round_files import AnswerLog
from handwriting.progress import step
from handwriting.text import counted, printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from omegaconf import DictConfig

    from handwriting.labelling.fixed_clusters import Asking
    from handwriting.labelling.spreading import Surroundings
    from handwriting.pages.boxes import BoxRow
    from handwriting.pages.round_session import RoundSession

MIN_CHARACTERS = 2
"""Characters that rounds need."""


@dataclass(frozen=True)
class Arguments:
    """The job's own keys; what each means stands in ``conf/label.yaml``."""

    pages: FolderPath
    method: Literal["auto", "transcript", "rounds", "dbscan"]
    ask: Literal["terminal", "files"]
    keep: Share
    clusters: Count
    undo: Switch
    overwrite: Switch
    seed: Seed


def run(cfg: DictConfig) -> SegmentedFolder:
    """Label the characters of the folder that ``cfg`` names, print a summary, and return the folder.

    Raises:
        ConfigError: If a value is not allowed, or labels would be replaced that may not be.
        DataError: If the folder, its labels or a person's answers cannot be read, or another command writes to the
            folder.
    """
    arguments = read_arguments(Arguments, cfg)
    folder = SegmentedFolder(expanded(arguments.pages), key="pages")
    folder.refuse_other_than_folder()
    folder.finish_replacement()
    if not (folder.path / BOXES_FILE).is_file():
        raise DataError(_not_segmented(folder.path))
    with folder.locked():
        lines = label_folder(cfg, arguments, folder)
        report = folder.report()
    print("\n".join(f"{key:12} {printable(value)}" for key, value in lines.items()))
    if refused := describe_refused(report):
        raise DataError(refused)
    return folder


def _not_segmented(path: Path) -> str:
    """Return what is wrong with a folder that holds no ``boxes.csv``, with those at hand that do."""
    missing = f"{path} holds no {BOXES_FILE}" if path.exists() else f"there is no folder {path}"
    if present := folders_with(BOXES_FILE):
        return f"{missing}. Segmented folders here are {present}. Give pages=<one of them>."
    return f"{missing}. Give pages=<folder that handwriting segment wrote>; there is none under segmented/ here."


def label_folder(cfg: DictConfig, arguments: Arguments, folder: SegmentedFolder) -> dict[str, str]:
    """Label the characters of a segmented folder, which this process has locked.

    Args:
        cfg: The configuration, of which the section ``data`` counts.
        arguments: The keys of ``conf/label.yaml``.
        folder: The folder.

    Returns:
        The lines about the labels, by their titles.

    Raises:
        ConfigError: If labels would be replaced that may not be.
        DataError: If the folder holds no characters, or its labels or a person's answers cannot be read.
    """
    if not any(folder.rows("character")):
        raise DataError(f"{folder.path} holds no characters. {REPORT_FILE} there says why, page by page.")
    if arguments.method in ("auto", "transcript") and not arguments.undo:
        found = find_transcripts(folder)
        if found.any or arguments.method == "transcript":
            with saying_if_stopped(f"{folder.path} is as it was; the same command labels its pages."):
                return label_by_transcripts(cfg, arguments, folder, found)
        if any(row.by == "transcript" for row in read_labels(folder).values()):
            raise ConfigError(
                f"{folder.path / LABELS_FILE} holds labels by a transcript, but now there is none: {found.missing} "
                "Or give method=rounds with overwrite=true to name the characters yourself."
            )
        print(f"No transcript: {printable(found.missing)} Without one, you name sheets of characters.")
        if is_joined(folder):
            print(
                "Most letters are joined here, and a sheet shows pieces of two or three of them, which no answer can "
                "name. What names joined letters is a text next to the photograph."
            )
    if arguments.method != "dbscan":
        arguments = replace(arguments, method="rounds")
    with saying_if_stopped("Your answers are kept; the same command goes on."):
        return label_in_rounds(cfg, arguments, folder)


def label_in_rounds(cfg: DictConfig, arguments: Arguments, folder: SegmentedFolder) -> dict[str, str]:
    """Label by the answers of a person; see :func:`label_folder`.

    Raises:
        ConfigError: If questions are to be shown on an output that is closed.
    """
    from handwriting.pages.round_session import (
        RoundSession,
        ask_by_files,
        ask_in_terminal,
        corrections,
        person_rows,
        save_labels,
    )

    if arguments.ask == "terminal" and not arguments.undo and sys.stdout is None:  # as it is after >&-
        raise ConfigError("Standard output is closed, so that no question can be shown. Open it, or give ask=files.")
    rows, glyphs = folder.glyphs("character")
    present = np.array([folder.has_picture(row) for row in rows], bool)
    if present.sum() < MIN_CHARACTERS:
        raise DataError(
            f"{folder.path} holds {counted(int(present.sum()), 'picture')} of characters; rounds need {MIN_CHARACTERS}."
        )
    rows, images = [row for row, there in zip(rows, present, strict=True) if there], glyphs.images[present]
    by_person = person_rows(folder, arguments.overwrite)
    log = AnswerLog(folder.path, rows)
    answers = [logged.answer for logged in log.read()]
    written = corrections(rows, by_person, answers)
    for line in _about(log, int((~present).sum())):
        print(line)

    with step("comparing the characters"):
        view = _joint_view(cfg, folder, rows, images)
    session = RoundSession(folder, rows, images, log, lambda: _asking(arguments, view, images), written)
    try:
        if arguments.undo:
            print(session.undo())
        elif arguments.ask == "terminal":
            ask_in_terminal(session, _typed)
        else:
            ask_by_files(session, arguments.clusters)
    finally:  # after Ctrl-C as well
        labels = save_labels(session, arguments.keep)
    _draw(folder, rows, labels, arguments.keep)
    summary = _summary(arguments, session, labels)
    _add_to_report(folder, summary)
    return _lines(summary, folder)


def _typed(prompt: str) -> str:
    """Show a prompt and return the line that is typed.

    Raises:
        EOFError: If there is no further line, or the input is closed.
        UnicodeError: If the line is no text in the encoding of the terminal.
    """
    if sys.stdin is None:  # as it is after <&-
        raise EOFError
    if isinstance(sys.stdin, TextIOWrapper) and sys.stdin.errors == "strict":
        with suppress(UnsupportedOperation):  # once a pipe was read from, it stays strict
            sys.stdin.reconfigure(errors="surrogateescape")  # otherwise the lines after it would be lost, too
    with redirect_stderr(StringIO()) if sys.stderr is None else nullcontext():  # input() refuses to do without
        line = input(prompt)
    line.encode()  # refuses what was escaped
    return line


def _draw(folder: SegmentedFolder, rows: Sequence[BoxRow], labels: Sequence[LabelRow], keep: float) -> None:
    """Write ``labels.png``; without a labelled character that has a picture, remove it."""
    from handwriting.pages.hand import write_label_sheet

    if {label.key for label in labels} & {character_key(row) for row in rows}:
        write_label_sheet(folder, keep)
    else:
        (folder.path / LABELS_PICTURE).unlink(missing_ok=True)


def _about(log: AnswerLog, deleted: int) -> list[str]:
    """Return the lines about what is not used."""
    lines = []
    if deleted:
        lines.append(
            f"{counted(deleted, 'picture was', 'pictures were')} deleted: their characters are not asked about"
        )
    if log.unmatched:
        characters = counted(log.unmatched, "answered character is", "answered characters are")
        lines.append(f"{log.path}: {characters} no longer in {BOXES_FILE}; the answers stay in the file")
    return lines


def _joint_view(
    cfg: DictConfig, folder: SegmentedFolder, rows: Sequence[BoxRow], images: NDArray[np.uint8]
) -> Surroundings:
    """Return the characters in the space in which those that look alike are near, whatever view shows it."""
    from handwriting.labelling.descriptors import glyph_views, joint_view
    from handwriting.labelling.spreading import Surroundings

    views = glyph_views(images)
    x_heights = folder.x_heights()
    places = [(row.above, row.below, np.log(row.w / x_heights.get(row.page, row.h))) for row in rows]
    views["size and place on the line"] = np.array(places, np.float32)
    if "data" in cfg:
        views |= _classifier_views(cfg, images)
    return Surroundings.of(joint_view(views))


def _classifier_views(cfg: DictConfig, images: NDArray[np.uint8]) -> dict[str, NDArray[np.float32]]:
    """Return the features of the glyph classifier of another data set, which is trained now unless it is cached."""
    from handwriting.features.cache import feature_space
    from handwriting.features.views import classifier_views

    source = build_source(cfg.data, config.trust_of_command())
    prepared = source.prepared(*source.read())
    return classifier_views(feature_space(prepared.whole, prepared.test), images)


def _asking(arguments: Arguments, view: Surroundings, images: NDArray[np.uint8]) -> Asking:
    from handwriting.labelling.descriptors import framed, principal_components
    from handwriting.labelling.fixed_clusters import LATENT_DIMENSIONS, FixedClusters, density_clusters
    from handwriting.labelling.rounds import Rounds

    if arguments.method == "rounds":
        return Rounds(view, arguments.seed)
    pixels = np.asarray(framed(images).reshape(len(images), -1) / 255, np.float32)
    return FixedClusters(density_clusters(principal_components(pixels, LATENT_DIMENSIONS)), arguments.seed)


def _summary(arguments: Arguments, session: RoundSession, labels: Sequence[LabelRow]) -> dict[str, Any]:
    """Return the entry ``labels`` of ``report.json``."""
    return {
        "method": arguments.method,
        "keep": arguments.keep,
        "answers": session.answered,
        "corrected": sum(len(answer.shown) for answer in session.written),
        "characters": len(session.rows),
        **label_counts(labels),
    }


def _add_to_report(folder: SegmentedFolder, summary: dict[str, Any]) -> None:
    try:
        report = folder.report()
    except DataError as error:
        raise DataError(f"{error} The labels are in {LABELS_FILE} alone.") from error
    write_json(folder.path / REPORT_FILE, {**report, "labels": summary})


def _lines(summary: dict[str, Any], folder: SegmentedFolder) -> dict[str, str]:
    """Return the printed lines about the labels, by their titles."""
    by = summary["by"]
    lines = {
        "pieces": f"{summary['characters']:,}",
        "labelled": (
            f"{counted(summary['labelled'], 'character')} of {counted(summary['classes'], 'class', 'classes')}: "
            f"{by.get('person', 0):,} by a person, {by.get('program', 0):,} by the program"
        ),
        "kept": f"{summary['kept']:,} of these, with a confidence of {summary['keep']:g} or more",
        "junk": f"{summary['junk']:,}",
        "answers": f"{summary['answers']:,}",
    }
    if summary["corrected"]:
        lines["corrected"] = f"{counted(summary['corrected'], 'character')} in {LABELS_FILE}"
    return {**lines, "results": f"{folder.path}: {_results(summary, folder)}"}


def _results(summary: dict[str, Any], folder: SegmentedFolder) -> str:
    """Return what there is to look at, in words."""
    if not summary["labelled"] + summary["junk"]:
        return "nothing is labelled yet"
    picture = f", and {LABELS_PICTURE} to look at" if (folder.path / LABELS_PICTURE).is_file() else ""
    return f"{LABELS_FILE}{picture}"
