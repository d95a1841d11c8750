"""Turn photographs of somebody's writing into a hand: one folder of segmented and labelled pages."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from handwriting.errors import ConfigError, DataError
from handwriting.fields import AnyPath, FolderPath
from handwriting.files import expanded, write_json
from handwriting.interruption import saying_if_stopped
from handwriting.jobs import label
from handwriting.jobs.arguments import Count, Seed, Share, Switch, read_arguments
from handwriting.jobs.segment import default_output, describe_failures, segment_into
from handwriting.jobs.transcripts import describe_refused
from handwriting.labelling.answers import JUNK
from handwriting.labelling.copy_text import COVERAGE_KINDS
from handwriting.pages.folder import OVERLAY_FOLDER, SegmentedFolder
from handwriting.pages.hand_folder import HANDS_FOLDER, kept_characters
from handwriting.pages.labels import label_counts, read_labels
from handwriting.pages.names import BOXES_FILE, LABELS_FILE, LABELS_PICTURE, REPORT_FILE
from handwriting.pages.originals import FILES, changed_files, file_fingerprints, original_pages, read_report
from handwriting.pages.scans import Scan, scans_in
from handwriting.pages.transcripts import transcript_path
from handwriting.progress import step
from handwriting.text import alphabet_key, counted, printable

if TYPE_CHECKING:
    from omegaconf import DictConfig

    from handwriting.writing.measuring import HandFit

MAX_NAMED = 3
"""Files or pages that a line names, at most."""


@dataclass(frozen=True)
class Arguments:
    """The job's own keys; what each means stands in ``conf/hand.yaml``."""

    pages: AnyPath
    out: FolderPath | None
    ask: Literal["terminal", "files"]
    clusters: Count
    keep: Share
    overwrite: Switch
    seed: Seed
    workers: Count | None


def run(cfg: DictConfig) -> SegmentedFolder:
    """Make a hand of the pages that ``cfg`` names, measure it, print a summary, and return its folder.

    What an earlier call did of it is not done again.

    Raises:
        ConfigError: If a value is not allowed, the pages are segmented already, or the folder holds something else, or
            other pages.
        DataError: If the pages, their texts, labels or a person's answers cannot be read, the folder cannot be written,
            or another command writes to it; and at the end, once everything else is written, if pages failed.
    """
    arguments = read_arguments(Arguments, cfg)
    pages = expanded(arguments.pages)
    folder = SegmentedFolder(expanded(arguments.out) if arguments.out else default_output(pages, HANDS_FOLDER))
    _refuse_segmented(pages, folder)
    scans, _ = scans_in(pages)
    with folder.locked():
        if arguments.overwrite or not (folder.path / BOXES_FILE).is_file():
            _refuse_losing_transcripts(folder, pages, scans)
            segment_into(folder, pages, cfg, overwrite=arguments.overwrite, workers=arguments.workers, scored=False)
        else:
            _check_pages(folder, pages, scans, cfg)
        _label(cfg, arguments, folder)
        report = read_report(folder)
        with saying_if_stopped(f"{folder.path} is labelled; the same command measures it."):
            lines = list(_summary(folder, report))
        print("\n".join(f"{key:12} {printable(value)}" for key, value in lines))
    problems = [problem for problem in (describe_failures(report, folder.path), describe_refused(report)) if problem]
    if problems:
        raise DataError(f"{' '.join(problems)} Once that is corrected, overwrite=true makes the hand again.")
    return folder


def _refuse_segmented(pages: Path, folder: SegmentedFolder) -> None:
    """Refuse a segmented folder in place of photographs, and a hand amid its photographs."""
    if (pages / BOXES_FILE).is_file():
        named = shlex.quote(str(pages))
        todo = f"it is a hand as it is: handwriting write hand={named} text=<text>"
        if not (pages / LABELS_FILE).is_file():
            todo = f"label it, and it is a hand: handwriting label pages={named}"
        raise ConfigError(f"pages={pages} is segmented already, and no folder of photographs; {todo}.")
    if pages.is_dir() and folder.path.resolve() == pages.resolve():
        raise ConfigError(f"out={folder.path} holds the photographs themselves. Give another folder.")


def _refuse_losing_transcripts(folder: SegmentedFolder, pages: Path, scans: Sequence[Scan]) -> None:
    """Refuse to replace labels by transcripts where now there is none."""
    if _has_transcript_labels(folder) and not any(map(transcript_path, scans)):
        raise ConfigError(
            f"{folder.path / LABELS_FILE} holds labels by transcripts, but now no page in {pages} has a text. Put the "
            "texts back next to the photographs, or give another out."
        )


def _check_pages(folder: SegmentedFolder, pages: Path, scans: Sequence[Scan], cfg: DictConfig) -> None:
    """Refuse a folder that was segmented from other pages, or otherwise; note where the pages lie now."""
    from omegaconf import OmegaConf

    report = read_report(folder)
    again = "Give overwrite=true to segment and label all pages again; a person's labels stay."
    if changes := changed_files(report, scans):
        made_of, now = report[FILES], file_fingerprints(scans)
        if made_of.keys().isdisjoint(now) and set(made_of.values()).isdisjoint(now.values()):
            raise ConfigError(
                f"{folder.path} is another hand's: it was made of {_named(report['pages_from'], made_of)}, and not of "
                f"{_named(pages, now)}. Give another out, such as out={folder.path}_2. Or replace that hand with "
                "overwrite=true."
            )
        more = f", and {len(changes) - MAX_NAMED:,} more" if len(changes) > MAX_NAMED else ""
        raise ConfigError(
            f"{folder.path} was made of other photographs than {pages} holds: {', '.join(changes[:MAX_NAMED])}{more}. "
            f"{again} Or give another out."
        )
    if report["preset"] != OmegaConf.to_container(cfg.preset, resolve=True):
        raise ConfigError(f"{folder.path} was segmented with another preset. {again} Or give that preset.")
    if report["pages_from"] != str(pages):  # the photographs were moved, or this is another folder
        write_json(folder.path / REPORT_FILE, {**report, "pages_from": str(pages)})


def _named(pages_from: object, files: Iterable[str]) -> str:
    """Return a folder of photographs and the first of its files, in words."""
    names = list(files)
    more = f" and {len(names) - MAX_NAMED:,} more" if len(names) > MAX_NAMED else ""
    return f"{pages_from} ({', '.join(names[:MAX_NAMED])}{more})"


def _label(cfg: DictConfig, arguments: Arguments, folder: SegmentedFolder) -> None:
    """Label the folder, unless transcripts labelled it; rounds of sheets go on where they ended."""
    if _has_transcript_labels(folder):
        keep = read_report(folder).get("labels", {}).get("keep")
        print(f"{folder.path} is segmented and labelled, with keep={keep}; overwrite=true begins again.")
        return
    keys = label.Arguments(
        pages=str(folder.path),
        method="auto",
        ask=arguments.ask,
        keep=arguments.keep,
        clusters=arguments.clusters,
        undo=False,
        overwrite=arguments.overwrite,
        seed=arguments.seed,
    )
    label.label_folder(cfg, keys, folder)


def _has_transcript_labels(folder: SegmentedFolder) -> bool:
    has_boxes = (folder.path / BOXES_FILE).is_file()
    return has_boxes and any(row.by == "transcript" for row in read_labels(folder).values())


def _summary(folder: SegmentedFolder, report: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the printed lines about the hand, each with its title."""
    totals, labels, drawings = report["totals"], list(read_labels(folder).values()), kept_characters(folder)
    named = shlex.quote(str(folder.path))
    yield "pages", f"{totals['pages'] - totals['failed']:,} of {totals['pages']:,}"
    yield "lines", f"{totals['lines']:,}, with {counted(totals['words'], 'word')}"
    counts = label_counts(labels)
    kept = sum(map(len, drawings.values()))
    yield "labelled", f"{counts['labelled']:,} of {counted(totals['characters'], 'character')}, {kept:,} of these kept"
    if waiting := _new_texts(report):
        more = " ..." if len(waiting) > MAX_NAMED else ""
        yield "new texts", f"of {', '.join(waiting[:MAX_NAMED])}{more}: overwrite=true labels all pages again"
    if not drawings:
        yield "next", "name characters: run this again in a terminal, or with ask=files"
        yield "or", "put a text next to a photograph: handwriting sheet makes one to copy"
        return
    yield "characters", f"{len(drawings):,}: {' '.join(sorted(drawings, key=alphabet_key))}"
    doubtful = {label.label for label in labels if label.label != JUNK}.difference(drawings)
    yield "lacks", _lacking({*drawings, *doubtful})
    if doubtful:
        shown = " ".join(sorted(doubtful, key=alphabet_key))
        yield "not kept", f"{shown}: written, but too doubtful. See {LABELS_PICTURE}, and correct {LABELS_FILE}"
    from handwriting.pages.hand_file import read_hand

    with step("measuring the hand"):
        fit = read_hand(folder)
    yield "measured", _measures(fit)
    own = fit.layout_style()
    if (usual := own.with_usual_word_space()) is not own:
        apart = f"{usual.word_space:.1f} apart, as in usual writing: word_space={own.word_space:.1f} as on the pages"
        yield "words", f"write and font set them {apart}"
    yield "look at", f"{folder.path / LABELS_PICTURE} and {folder.path / OVERLAY_FOLDER}"
    yield "write", f'handwriting write hand={named} text="Hello"'
    yield "font", f"handwriting font hand={named}"


def _measures(fit: HandFit) -> str:
    """Return what was measured of a hand in words, without what too few letters tell."""
    parts = [f"slant {fit.slant:.0f}°"]
    if fit.join_rates.pairs:
        parts.append(f"letters joined {fit.join_rates.rate:.0%}")
    if fit.word_space.count:
        parts.append(f"words {fit.word_space.median:.1f} x-heights apart")
    if fit.line_distance.count:
        parts.append(f"lines {fit.line_distance.median:.1f} x-heights apart")
    return ", ".join(parts)


def _new_texts(report: Mapping[str, Any]) -> list[str]:
    """Return the pages that had no text when the others were labelled by theirs, and have one now."""
    labels = report.get("labels", {})
    if labels.get("method") != "transcript":
        return []
    known = {page["page"] for page in labels["pages"] if page["text"]}
    return [page.name for page in original_pages(dict(report)) if page.text and page.name not in known]


def _lacking(written: Collection[str]) -> str:
    """Return the letters, digits and common marks that are not among those written, in words.

    >>> import string
    >>> _lacking(string.printable.replace("q", "").replace("!", ""))
    'letters q; marks !'
    """
    parts = []
    for kind in COVERAGE_KINDS:
        single = [key for key in kind.keys if len(key) == 1]
        absent = [key for key in single if key not in written]
        if absent:
            parts.append(f"all {kind.name}" if len(absent) == len(single) else f"{kind.name} {' '.join(absent)}")
    return "; ".join(parts) or "none of a-z, A-Z, 0-9 and the common marks"
