"""Find the lines, words and characters on pages, and write their pictures, glyphs, boxes and a report."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from handwriting import config
from handwriting.engine.sections import build_source
from handwriting.errors import DataError
from handwriting.fields import AnyPath, FolderPath
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
from handwriting.pages.scans import scans_in
from handwriting.pages.transcripts import SUFFIX, obstacle_at, transcript_path
from handwriting.segmentation.page import KINDS, Score, Segmenter
from handwriting.text import counted, printable

if TYPE_CHECKING:
    from omegaconf import DictConfig

MIN_GLYPH_SIZE, MAX_GLYPH_SIZE = 28, 512
"""The height and width that glyphs may have, in pixels."""


@dataclass(frozen=True)
class Arguments:
    """The job's own keys; what each means stands in ``conf/segment.yaml``."""

    pages: AnyPath
    out: FolderPath | None
    overwrite: Switch
    seed: Seed
    size: Annotated[int, Field(strict=True, ge=MIN_GLYPH_SIZE, le=MAX_GLYPH_SIZE)]
    workers: Count | None


def run(cfg: DictConfig) -> SegmentedFolder:
    """Segment the pages that ``cfg`` names, print a summary, and return the folder with the results.

    Raises:
        ConfigError: If a value is not allowed, or the output folder holds something already.
        DataError: If the pages cannot be found, the output folder cannot be written, or another command writes to it;
            and at the end, once everything else is written, if pages failed.
    """
    from omegaconf import OmegaConf

    arguments = read_arguments(Arguments, cfg)
    segmenter = config.build(cfg.preset, "preset", base=Segmenter, trust=config.trust_of_command())
    score = character_score(cfg.data) if "data" in cfg else None
    pages = Path(arguments.pages).expanduser()
    scans, others = scans_in(pages)
    found = {scan.name: path for scan in scans if (path := transcript_path(scan))}
    own = {path.with_suffix(SUFFIX) for path in found.values()}  # a disk that ignores case may list another case
    skipped = sum(path.with_suffix(path.suffix.lower()) not in own for path in others)
    output = SegmentedFolder(Path(arguments.out).expanduser() if arguments.out else _default_output(pages))

    try:
        with output.locked():
            output.refuse_overwriting(arguments.overwrite)
            with output.draft() as draft:
                tasks = [
                    PageTask(scan, stem, segmenter, score, draft, arguments.size)
                    for scan, stem in zip(scans, file_stems(scans), strict=True)
                ]
                report = {
                    "pages_from": str(pages),
                    "preset": OmegaConf.to_container(cfg.preset, resolve=True),
                    "data": OmegaConf.to_container(cfg.data, resolve=True) if "data" in cfg else None,
                    "passed_over": skipped,
                    **segment_pages(tasks, min(arguments.workers or available_cores(), len(tasks)), draft),
                }
                draft.write_report(report)
    except BrokenPipeError:  # whoever reads the printed lines has gone
        raise
    except OSError as error:
        reason = error.strerror or error
        raise DataError(f"out={output.path} cannot be written ({reason}). Give another folder.") from error

    lines = _summary(report, output.path)
    if draft.carried and any(draft.carried):
        lines["labels"] = _describe_carried(draft.carried)
    failed = {page["page"] for page in report["pages"] if "failed" in page}
    if texts := [path for page, path in found.items() if page not in failed and not obstacle_at(path)]:
        have = counted(len(texts), "page has", "pages have")
        lines["texts"] = f"{have} one: handwriting label {shlex.quote(f'pages={output.path}')}"
    if obstacles := [f"{path} is {what}" for path in dict.fromkeys(found.values()) if (what := obstacle_at(path))]:
        more = f", and {len(obstacles) - 1:,} more" if len(obstacles) > 1 else ""
        lines["no text"] = f"{obstacles[0]}{more}"
    print("\n".join(f"{key:12} {printable(value)}" for key, value in lines.items()))
    if failures := [describe_page(page) for page in report["pages"] if "failed" in page]:
        more = printable(f"See {output.path / REPORT_FILE}.")
        raise DataError(f"{len(failures)} of {len(scans)} pages failed: {' '.join(failures[:2])} {more}")
    return output


def character_score(data: Mapping[str, Any]) -> Score:
    """Return the score of the glyph classifier of a data set, which is trained now unless it is cached.

    Args:
        data: The section that names the data set.
    """
    from handwriting.features.cache import feature_space
    from handwriting.features.likeness import CharacterCost

    source = build_source(data, config.trust_of_command())
    prepared = source.prepared(*source.read())
    return CharacterCost(feature_space(prepared.whole, prepared.test, announce=print))


def _default_output(pages: Path) -> Path:
    resolved = pages.resolve()
    return Path("segmented") / (resolved.name if resolved.is_dir() else resolved.stem)


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
