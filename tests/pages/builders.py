"""Small pages and segmented folders for tests."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from functools import cache
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import handwriting
from benchmarks.drawn_pages import DrawnPage, draw_page
from benchmarks.page_style import PageStyle
from handwriting.features import piece_training
from handwriting.labelling import learning, page_labels
from handwriting.pages.folder import Draft, SegmentedFolder
from handwriting.pages.labels import LabelRow, character_key, write_labels
from handwriting.segmentation.page import Box, Kind, Piece


@cache
def drawn_page(seed: int = 1) -> DrawnPage:
    return draw_page(PageStyle(size=(3, 2), margin=0.2, dpi=120), seed)


def save_pages(path: Path, *seeds: int, **options: Any) -> None:
    """Write the pages drawn from some seeds, by default from 1, as one file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    first, *others = (Image.fromarray(drawn_page(seed).image) for seed in seeds or (1,))
    first.save(path, **options, **({"save_all": True, "append_images": others} if others else {}))


def write_text(path: Path, page: DrawnPage) -> None:
    """Write the transcript of a drawn page."""
    path.write_text("\n".join(" ".join(line) for line in page.text), "utf-8")


@contextmanager
def quick_labelling() -> Iterator[None]:
    """Let labels by transcripts be learned in two short rounds, from few composed words."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(piece_training.PieceTraining.__init__, "__defaults__", (3, 64, 4e-3, 0.05, 0.07, 0.1, 0.05, 0.15))
        for module in (learning, page_labels):  # the second has a name of its own for it
            patch.setattr(module, "MAX_ROUNDS", 2)
        patch.setattr(learning, "COMPOSED_WORDS", 60)
        yield


def read_rows(folder: Path, kind: str | None = None) -> list[dict[str, str]]:
    """Read boxes.csv as anybody would, without the class under test."""
    with (folder / "boxes.csv").open(newline="", encoding="utf-8") as file:
        return [row for row in csv.DictReader(file) if kind in (None, row["kind"])]


def read_report(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "report.json").read_text())


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def write_draft(draft: Draft, page: str = "page.png", size: int = 32, **counts: int) -> None:
    """Write one page with a line, and as many pieces of each kind; the glyphs are numbered by their grey."""
    stem = page.partition(".")[0]
    with draft.page(page, stem, size) as writer:
        overlay = writer.add_overlay(Image.new("RGB", (60, 40), "white"))
        writer.add_line(piece("line", 0))
        for kind, count in counts.items():
            for number in range(count):
                writer.add_crop(piece(kind, number), np.full((size, size), number, np.uint8))
    with draft.merging(size) as append:
        append(stem)
    draft.write_report({"pages": [{"page": page, "overlay": overlay, "x_height": 12.0}]})


def piece(kind: Kind, order: int) -> Piece:
    box = Box(order, 2, 9, 12)
    return Piece(kind, 0, -1 if kind == "line" else order if kind == "word" else 0, order, box, box, 1.0, 0.0)


def write_folder(path: Path, page: str = "page.png", size: int = 32, **counts: int) -> SegmentedFolder:
    folder = SegmentedFolder(path)
    with folder.draft() as draft:
        write_draft(draft, page, size, **counts)
    return folder


def write_drawn_hand(path: Path, *pages: DrawnPage) -> SegmentedFolder:
    """Segment drawn pages, and label the characters found by the truth about them."""
    photographs = path.parent / "photographs"
    photographs.mkdir(parents=True, exist_ok=True)
    for number, page in enumerate(pages, 1):
        Image.fromarray(page.image).save(photographs / f"page{number}.png")
    with redirect_stdout(StringIO()):
        handwriting.segment(photographs, f"out={path}", "workers=1")
    folder = SegmentedFolder(path)
    rows = []
    for row in folder.rows("character"):
        page = pages[int(row.page.removeprefix("page").removesuffix(".png")) - 1]
        letters = "".join(word for line in page.text for word in line)
        owners = page.characters[row.y : row.y + row.h, row.x : row.x + row.w]
        counts = np.bincount(owners[owners > 0], minlength=2)
        right = counts.max() > 0.8 * counts.sum()
        label = letters[int(counts.argmax()) - 1] if right else ""
        rows.append(LabelRow(*character_key(row), label, 1.0, "transcript", right, 1.0, 0.1))
    write_labels(folder, rows)
    return folder
