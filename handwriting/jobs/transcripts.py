"""What ``handwriting label`` does where the text of a page lies next to its photograph."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from handwriting import config
from handwriting.engine.sections import build_source
from handwriting.errors import ConfigError, DataError
from handwriting.files import expanded, write_json
from handwriting.jobs.segment import character_score
from handwriting.labelling.transcripts import Transcript
from handwriting.pages.folder import GLYPH_FILES, OVERLAY_FOLDER, SEGMENT_AGAIN, SegmentedFolder
from handwriting.pages.labels import LabelSource, label_counts, read_labels
from handwriting.pages.names import BOXES_FILE, LABELS_FILE, LABELS_PICTURE, REPORT_FILE
from handwriting.pages.originals import (
    OriginalPage,
    fingerprint,
    original_pages,
    read_report,
    segmented_again,
)
from handwriting.progress import step, tell
from handwriting.segmentation.page import Score, Segmenter
from handwriting.text import counted, printable

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from omegaconf import DictConfig

    from handwriting.labelling.page_labels import LabelledPage, MatchedPage
    from handwriting.pages.relabelling import Relabelled

MAX_GLYPHS_OF_CLASS = 100
"""Glyphs of another hand for each character that labelling begins with."""
GLYPH_SIZE = 28
"""Height and width of those that the program draws, in pixels."""
SOURCE_WORDS: dict[LabelSource, str] = {"person": "a person", "transcript": "transcript", "program": "the program"}
"""Who gave a label, as printed."""


class LabelArguments(Protocol):
    """The keys of the job that this reads."""

    @property
    def keep(self) -> float:
        """The confidence from which a character enters training."""

    @property
    def overwrite(self) -> bool:
        """Whether labels of a transcript or of the program may be replaced."""

    @property
    def seed(self) -> int:
        """The seed."""


@dataclass(frozen=True)
class FoundTranscripts:
    """The transcripts of a segmented folder.

    Attributes:
        report: The folder's ``report.json``; empty where it cannot be used.
        pages: The pages, and what lies next to their photographs.
        missing: Why there is none, in sentences: what was searched for, and what to do.
    """

    report: dict[str, Any]
    pages: Sequence[OriginalPage]
    missing: str

    @property
    def any(self) -> bool:
        """Whether at least one page has a transcript."""
        return any(page.text for page in self.pages)


def find_transcripts(folder: SegmentedFolder) -> FoundTranscripts:
    """Look for a text next to each photograph of a segmented folder."""
    try:
        report = read_report(folder)
        pages = original_pages(report)
    except DataError as error:
        return FoundTranscripts({}, [], str(error))
    where = expanded(report["pages_from"])
    if not where.exists() and not any(page.scan for page in pages):
        return FoundTranscripts(
            report,
            pages,
            f"{where}, where the pages were segmented, is not there. "
            "Run this in the folder in which you segmented them, or segment them again where they lie now.",
        )
    name = Path(pages[0].name if pages else "page").with_suffix(".txt").name
    beside = where / name if where.is_dir() else where.with_suffix(".txt")
    searched = f"there is no {beside}" + (", and no other page has a text" if len(pages) > 1 else "")
    return FoundTranscripts(
        report,
        pages,
        f"{searched}. Write what {pages[0].name if pages else 'the page'} says into {beside.name} next to it; "
        "handwriting sheet makes a text to copy.",
    )


def label_by_transcripts(
    cfg: DictConfig, arguments: LabelArguments, folder: SegmentedFolder, found: FoundTranscripts
) -> dict[str, str]:
    """Label the characters of all pages that have a transcript, and correct their segmentation by it.

    Returns:
        The lines about the labels, by their titles. :func:`describe_refused` says which pages cannot be labelled.

    Raises:
        ConfigError: If labels would be replaced that may not be.
        DataError: If no page can be labelled.
    """
    from handwriting.pages.relabelling import Relabelled, refuse_relabelling, write_relabelled

    began = time.perf_counter()
    if not found.any:
        raise DataError(f"No transcript: {printable(found.missing)}")
    if missing := [name for kind, name in GLYPH_FILES.items() if kind not in folder.glyph_kinds()]:
        raise DataError(f"{folder.path} holds no {missing[0]}. {SEGMENT_AGAIN}")
    with_text = [page for page in found.pages if page.text]
    refuse_relabelling(folder, [page.name for page in with_text], arguments.overwrite)

    # These take seconds, and what is refused is refused before.
    from handwriting.features.piece_training import PieceTraining
    from handwriting.labelling.page_labels import label_pages
    from handwriting.pages.hand import write_label_sheet

    count = counted(len(with_text), "page")
    print(f"{count} with a text: about a minute a page, several times as long on a busy machine", flush=True)
    segmenter = _segmenter(found.report)
    score = character_score(data) if (data := found.report.get("data")) else None
    matched, refused = _matched(folder, with_text, segmenter, score)
    if not matched:
        raise DataError(" ".join(refused[:2]))

    glyphs = _first_glyphs(cfg, arguments.seed, [one.transcript for one in matched.values()])
    rounds: list[str] = []

    def report_round(line: str) -> None:
        rounds.append(line)
        tell(line)

    with step("finding the pieces of words") as show:
        pages = list(matched.values())
        labelled = label_pages(
            pages,
            glyphs,
            PieceTraining(),
            arguments.seed,
            report_round,
            lambda doing, share: show(share, doing),
        )
    print("writing the pages as their texts cut them", flush=True)
    scans = {page.name: page.scan for page in with_text if page.scan}
    new = {
        name: Relabelled(scans[name], page, fingerprint(matched[name].page.pieces))
        for name, page in zip(matched, labelled, strict=True)
    }
    try:
        write_relabelled(folder, found.report, found.pages, new, arguments.keep)
    except BrokenPipeError:  # whoever reads the printed lines has gone
        raise
    except OSError as error:
        raise DataError(f"{folder.path} cannot be written ({error.strerror or error}).") from error
    with step("drawing the sheet of labels"):
        write_label_sheet(folder, arguments.keep)
    summary = _summary(folder, found.pages, matched, new, arguments.keep)
    summary |= {
        "rounds": rounds,
        "refused": refused,
        "seconds": round(time.perf_counter() - began, 1),
    }
    report = read_report(folder)
    write_json(folder.path / REPORT_FILE, {**report, "labels": summary})
    return _lines(summary, folder)


def describe_refused(report: Mapping[str, Any]) -> str:
    """Return which pages with a text were not labelled and why, in one line; an empty one where all were.

    Args:
        report: The content of ``report.json``.
    """
    labels = report.get("labels", {})
    if not (refused := labels.get("refused")):
        return ""
    with_text = sum(page["text"] is not None for page in labels["pages"])
    return f"{len(refused)} of {with_text} pages with a text were not labelled: {' '.join(refused[:2])}"


def _segmenter(report: dict[str, Any]) -> Segmenter:
    try:
        segmenter: Segmenter = config.build(report["preset"], "preset", base=Segmenter, trust=config.trust_of_command())
    except ConfigError as error:
        raise DataError(f"{REPORT_FILE} holds a preset of another version. {SEGMENT_AGAIN} {error}") from error
    return segmenter


def _matched(
    folder: SegmentedFolder, pages: Sequence[OriginalPage], segmenter: Segmenter, score: Score | None
) -> tuple[dict[str, MatchedPage], list[str]]:
    """Return the words of each page with those of its text, by name; and why others have none."""
    from handwriting.labelling.page_labels import match_page
    from handwriting.pages.transcripts import transcript_of_scan

    rows: dict[str, list[Any]] = {page.name: [] for page in pages}
    for row in folder.rows():
        if row.page in rows:
            rows[row.page].append(row)
    matched: dict[str, MatchedPage] = {}
    refused: list[str] = []
    with step("finding the words of the texts") as report:
        for number, page in enumerate(pages, 1):
            report((number - 1) / len(pages))
            try:
                transcript = transcript_of_scan(page.scan) if page.scan else None
                segmented = segmented_again(page, segmenter, score, rows[page.name])
                assert transcript is not None  # a page without its photograph was refused
                try:
                    one = match_page(segmented, transcript)
                except DataError as error:
                    raise DataError(f"{page.text} {error}") from error
            except DataError as error:
                refused.append(printable(str(error)))
                tell(f"{number}/{len(pages)} {refused[-1]}")
                continue
            matched[page.name] = one
            tell(f"{number}/{len(pages)} {printable(page.name)}: {_describe(one)}")
    return matched, refused


def _describe(one: MatchedPage) -> str:
    """Return how many words of a text were found on its page."""
    words, skipped = one.transcript.words, one.matching.skipped_texts
    line = f"{len(words) - len(skipped):,} of {len(words):,} words of its text found"
    if skipped:
        line += f", not {', '.join(words[number] for number in skipped[:5])}{' ...' if len(skipped) > 5 else ''}"
    if boxes := one.matching.skipped_found:
        line += f"; {counted(len(boxes), 'word')} of the page not in it"
    return line


def _first_glyphs(cfg: DictConfig, seed: int, transcripts: Sequence[Transcript]) -> dict[str, list[NDArray[np.uint8]]]:
    """Return glyphs of another hand by character: those of ``data``, else those that the program draws."""
    import numpy as np

    from handwriting.data.sources.synthetic import CLASSES, draw_glyphs

    if "data" in cfg:
        source = build_source(cfg.data, config.trust_of_command())
        glyphs = source.prepared(*source.read()).whole
    else:
        written = {character for one in transcripts for word in one.words for character in word}
        classes = sorted({*CLASSES, *(character for character in written if "!" <= character <= "~")})
        glyphs, _ = draw_glyphs(MAX_GLYPHS_OF_CLASS * len(classes), seed, GLYPH_SIZE, classes)
    first: dict[str, list[NDArray[np.uint8]]] = {}
    for number, name in enumerate(glyphs.alphabet):
        own = np.flatnonzero(glyphs.labels == number)[:MAX_GLYPHS_OF_CLASS]
        images = [image for image in glyphs.images[own, 0] if image.max() > image.mean() and image.max() >= 128]
        if len(name) == 1 and images:
            first[name] = images
    return first


def _summary(
    folder: SegmentedFolder,
    pages: Sequence[OriginalPage],
    matched: Mapping[str, MatchedPage],
    new: Mapping[str, Relabelled],
    keep: float,
) -> dict[str, Any]:
    """Return the entry ``labels`` of ``report.json``."""
    reports = [_page_summary(page, matched.get(page.name), new.get(page.name)) for page in pages]
    return {
        "method": "transcript",
        "keep": keep,
        "words": sum(page.get("words", 0) for page in reports),
        "words_labelled": sum(page.get("words_labelled", 0) for page in reports),
        "boxes_skipped": sum(len(page.get("boxes_skipped", ())) for page in reports),
        "characters": sum(1 for _ in folder.rows("character")),
        **label_counts(list(read_labels(folder).values())),
        "pages": reports,
    }


def _page_summary(page: OriginalPage, one: MatchedPage | None, new: Relabelled | None) -> dict[str, Any]:
    if one is None or new is None:
        return {"page": page.name, "text": str(page.text) if page.text else None}
    labelled: LabelledPage = new.labelled
    words, lines = one.transcript.words, one.transcript.line_numbers
    return {
        "page": page.name,
        "text": str(page.text),
        "fit": round(labelled.fit, 3),
        "words": len(words),
        "words_labelled": labelled.words_cut,
        "words_skipped": [{"line": lines[number], "word": words[number]} for number in labelled.words_skipped],
        "boxes_skipped": [{"line": line, "word": word} for line, word in labelled.boxes_skipped],
        "characters": len(labelled.labels),
        "labelled": sum(label is not None for label in labelled.labels),
    }


def _lines(summary: dict[str, Any], folder: SegmentedFolder) -> dict[str, str]:
    """Return the printed lines about the labels, by their titles."""
    by = {SOURCE_WORDS[source]: summary["by"][source] for source in SOURCE_WORDS if source in summary["by"]}
    sources = f", all by {next(iter(by))}" if len(by) == 1 else ""
    if len(by) > 1:
        sources = ": " + ", ".join(f"{count:,} by {source}" for source, count in by.items())
    labelled = f"{counted(summary['labelled'], 'character')} of {counted(summary['classes'], 'class', 'classes')}"
    lines = {
        "words": f"{summary['words_labelled']:,} of {summary['words']:,} labelled by their text",
        "characters": f"{summary['characters']:,}",
        "labelled": f"{labelled}{sources}",
        "kept": f"{summary['kept']:,} of these, with a confidence of {summary['keep']:g} or more",
        "took": f"{summary['seconds']:.0f} s, {sum(line.startswith('round') for line in summary['rounds'])} rounds",
    }
    if summary["junk"]:
        lines["junk"] = f"{summary['junk']:,}"
    if skipped := summary["boxes_skipped"]:
        lines["not in text"] = f"{counted(skipped, 'word')} on the pages, left as segmented; {REPORT_FILE} has a list"
    if without := [page["page"] for page in summary["pages"] if not page["text"]]:
        lines["no text"] = (
            f"{counted(len(without), 'page')}: {', '.join(without[:3])}{' ...' if len(without) > 3 else ''}"
        )
    lines["results"] = f"{folder.path}: {LABELS_FILE}, {BOXES_FILE}, and {LABELS_PICTURE} to look at"
    lines["overlays"] = f"{folder.path / OVERLAY_FOLDER}: the characters, as cut by their text"
    return lines
