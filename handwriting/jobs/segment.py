"""Find the lines, words and characters on pages, and write their pictures, glyphs, boxes and a report."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from handwriting import config
from handwriting.engine.sections import build_source
from handwriting.errors import DataError
from handwriting.fields import AnyPath, FolderPath
from handwriting.files import expanded
from handwriting.interruption import saying_if_stopped
from handwriting.jobs.arguments import Count, Seed, Switch, read_arguments
from handwriting.machine import available_cores
from handwriting.pages.answers import CarriedLabels
from handwriting.pages.batch import (
    PageTask,
    describe_page,
    describe_rejected,
    file_stems,
    segment_pages,
)
from handwriting.pages.folder import OVERLAY_FOLDER, SegmentedFolder
from handwriting.pages.names import BOXES_FILE, LABELS_BEFORE_FILE, REPORT_FILE
from handwriting.pages.originals import FILES, file_fingerprints
from handwriting.pages.scans import scans_in
from handwriting.pages.transcripts import SUFFIX, obstacle_at, transcript_path
from handwriting.segmentation.page import KINDS, Score, Segmenter
from handwriting.text import counted, printable

if TYPE_CHECKING:
    from omegaconf import DictConfig

MIN_GLYPH_SIZE, MAX_GLYPH_SIZE = 28, 512
"""The height and width that glyphs may have, in pixels."""
GLYPH_SIZE = 128
"""Their height and width where nobody gives another, as in ``conf/segment.yaml``."""


@dataclass(frozen=True)
class Arguments:
    """The job's own keys; what each means stands in ``conf/segment.yaml``."""

    pages: AnyPath
    out: FolderPath | None
    overwrite: Switch
    seed: Seed
    size: Annotated[int, Field(strict=True, ge=MIN_GLYPH_SIZE, le=MAX_GLYPH_SIZE)]
    workers: Count | None


@dataclass(frozen=True)
class SegmentedPages:
    """What segmenting pages into a folder gave.

    Attributes:
        report: The content of ``report.json``.
        carried: What became of the labels of an earlier segmentation.
        texts: The file next to each page that should hold its transcript, by the page's name.
    """

    report: dict[str, Any]
    carried: CarriedLabels | None
    texts: Mapping[str, Path]


def run(cfg: DictConfig) -> SegmentedFolder:
    """Segment the pages that ``cfg`` names, print a summary, and return the folder with the results.

    Raises:
        ConfigError: If a value is not allowed, or the output folder holds something already.
        DataError: If the pages cannot be found, the output folder cannot be written, or another command writes to it;
            and at the end, once everything else is written, if pages failed.
    """
    arguments = read_arguments(Arguments, cfg)
    pages = expanded(arguments.pages)
    output = SegmentedFolder(expanded(arguments.out) if arguments.out else default_output(pages, "segmented"))
    segmented = segment_into(
        output, pages, cfg, overwrite=arguments.overwrite, size=arguments.size, workers=arguments.workers
    )
    report = segmented.report
    lines = _summary(report, output.path)
    if segmented.carried and any(segmented.carried):
        lines["labels"] = _describe_carried(segmented.carried)
    failed = {page["page"] for page in report["pages"] if "failed" in page}
    found = segmented.texts
    if texts := [path for page, path in found.items() if page not in failed and not obstacle_at(path)]:
        have = counted(len(texts), "page has", "pages have")
        lines["texts"] = f"{have} one: handwriting label {shlex.quote(f'pages={output.path}')}"
    if obstacles := [f"{path} is {what}" for path in dict.fromkeys(found.values()) if (what := obstacle_at(path))]:
        more = f", and {len(obstacles) - 1:,} more" if len(obstacles) > 1 else ""
        lines["no text"] = f"{obstacles[0]}{more}"
    print("\n".join(f"{key:12} {printable(value)}" for key, value in lines.items()))
    if failures := describe_failures(report, output.path):
        raise DataError(failures)
    return output


def segment_into(
    output: SegmentedFolder,
    pages: Path,
    cfg: DictConfig,
    *,
    overwrite: bool = False,
    size: int = GLYPH_SIZE,
    workers: int | None = None,
    scored: bool = True,
) -> SegmentedPages:
    """Segment pages into a folder, and print a line about each of them.

    Args:
        output: The folder.
        pages: A picture, a PDF, or a folder of them.
        cfg: The configuration; its sections ``preset`` and ``data`` count.
        overwrite: Whether an earlier segmentation in the folder may be replaced.
        size: Height and width of the glyphs, in pixels.
        workers: Pages at a time, each in a process of its own; None for one on each core, 1 for this process alone.
        scored: Whether the glyph classifier of ``data``, where there is one, scores what looks like a character.

    Raises:
        ConfigError: If a value is not allowed, or the folder holds something already.
        DataError: If the pages cannot be found, the folder cannot be written, or another command writes to it.
    """
    with saying_if_stopped(f"{output.path} is as it was; the same command segments all pages."):
        return _segment_into(output, pages, cfg, overwrite, size, workers, scored)


def _segment_into(
    output: SegmentedFolder,
    pages: Path,
    cfg: DictConfig,
    overwrite: bool,
    size: int,
    workers: int | None,
    scored: bool,
) -> SegmentedPages:
    from omegaconf import OmegaConf

    segmenter = config.build(cfg.preset, "preset", base=Segmenter, trust=config.trust_of_command())
    data = cfg.data if scored and "data" in cfg else None
    scans, others = scans_in(pages)
    found = {scan.name: path for scan in scans if (path := transcript_path(scan))}
    own = {path.with_suffix(SUFFIX) for path in found.values()}  # a disk that ignores case may list another case
    skipped = sum(path.with_suffix(path.suffix.lower()) not in own for path in others)
    with output.locked():
        with _refusing_unwritable(output):
            output.refuse_overwriting(overwrite)
        score = None if data is None else character_score(data)  # trains a classifier where there is none yet
        with _refusing_unwritable(output), output.draft() as draft:
            tasks = [
                PageTask(scan, stem, segmenter, score, draft, size)
                for scan, stem in zip(scans, file_stems(scans), strict=True)
            ]
            report = {
                "pages_from": str(pages),
                FILES: file_fingerprints(scans),
                "preset": OmegaConf.to_container(cfg.preset, resolve=True),
                "data": None if data is None else OmegaConf.to_container(data, resolve=True),
                "passed_over": skipped,
                **segment_pages(tasks, min(workers or available_cores(), len(tasks)), draft),
            }
            draft.write_report(report)
    return SegmentedPages(report, draft.carried, found)


@contextmanager
def _refusing_unwritable(output: SegmentedFolder) -> Iterator[None]:
    """Say of the errors within that it is the folder which cannot be written."""
    try:
        yield
    except BrokenPipeError:  # whoever reads the printed lines has gone
        raise
    except OSError as error:
        reason = error.strerror or error
        raise DataError(f"out={output.path} cannot be written ({reason}). Give another folder.") from error


def describe_failures(report: Mapping[str, Any], folder: Path) -> str:
    """Return which pages failed and why, in one line; an empty one where none did.

    Args:
        report: The content of ``report.json``.
        folder: The folder that holds it.
    """
    failures = [describe_page(page) for page in report["pages"] if "failed" in page]
    if not failures:
        return ""
    more = printable(f"See {folder / REPORT_FILE}.")
    return f"{len(failures)} of {len(report['pages'])} pages failed: {' '.join(failures[:2])} {more}"


def character_score(data: Mapping[str, Any]) -> Score:
    """Return the score of the glyph classifier of a data set, which is trained now unless it is cached.

    Args:
        data: The section that names the data set.
    """
    from handwriting.features.cache import feature_space
    from handwriting.features.likeness import CharacterCost

    source = build_source(data, config.trust_of_command())
    prepared = source.prepared(*source.read())
    return CharacterCost(feature_space(prepared.whole, prepared.test))


def default_output(pages: Path, parent: str) -> Path:
    """Return the folder below ``parent`` that has the name of the pages."""
    resolved = pages.resolve()
    if not pages.exists() and (several := scans_in(pages)[0]):  # a list or a pattern: the folder of the first
        resolved = several[0].path.resolve().parent
    return Path(parent) / (resolved.name if resolved.is_dir() else resolved.stem)


def _summary(report: dict[str, Any], output: Path) -> dict[str, str]:
    """Return the printed lines about all pages together, by their titles."""
    totals = report["totals"]
    lines = {"pages": f"{totals['pages'] - totals['failed']:,} of {totals['pages']:,}"}
    lines |= {f"{kind}s": f"{totals[f'{kind}s']:,}" for kind in KINDS if totals[f"{kind}s"]}
    if totals["rejected"]:
        lines["rejected"] = describe_rejected(totals["rejected"])
    if report["passed_over"]:
        lines["skipped"] = f"{report['passed_over']:,} files that are no pages by their ending"
    lines["results"] = f"{output}: {BOXES_FILE}, {REPORT_FILE}"
    if totals["pages"] > totals["failed"]:
        lines["results"] += ", pictures and glyphs"
        lines["overlays"] = f"{output / OVERLAY_FOLDER}: lines blue, words gold, characters magenta"
    return lines


def _describe_carried(labels: CarriedLabels) -> str:
    """Return what became of the labels of the segmentation that was replaced."""
    parts = []
    if labels.carried or labels.kept_aside:
        parts.append(f"{labels.carried:,} answers of a person carried over")
    if labels.kept_aside:
        parts.append(f"{labels.kept_aside:,} that fit no character kept in {LABELS_BEFORE_FILE}")
    if labels.dropped:
        parts.append(f"{labels.dropped:,} by transcript or program dropped: label the pages again")
    return "; ".join(parts)
