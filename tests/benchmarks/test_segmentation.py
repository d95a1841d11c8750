"""The benchmark of segmentation runs, and its tables say what was measured."""

from __future__ import annotations

import io
import json
import re
import sys
import tarfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from benchmarks import segmentation as bench_segmentation
from benchmarks import segmentation_sets as segmenting
from benchmarks.cli import main
from benchmarks.drawn_pages import draw_page
from benchmarks.page_style import PageStyle
from benchmarks.segmentation_scores import WordCount, count_words, words_by_line
from benchmarks.segmentation_sets import KnownPage, boxed_ink, drawn_pages, laid_out, words_of
from handwriting.segmentation.agreement import agreement
from handwriting.segmentation.page import KINDS, Box, Kind, Piece

Word = tuple[NDArray[np.uint8], NDArray[np.uint8]]


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(segmenting, "SHEET", (4.0, 3.0))


def rows(text: str) -> dict[tuple[str, str], list[str]]:
    """Return the cells of every row, by the table's first title and the row's name."""
    found: dict[tuple[str, str], list[str]] = {}
    for block in text.split("\n\n"):
        lines = [re.split(r" *\| *", line.strip("| ")) for line in block.splitlines() if line.startswith("|")]
        found |= {(lines[0][0], name): cells for name, *cells in lines[2:]}
    return found


def masked_word(*letters: int) -> Word:
    """Return a word of upright bars, each a letter, with smooth edges."""
    mask = np.zeros((28, 16 * len(letters)), np.uint8)
    for place, letter in enumerate(letters):
        mask[5:24, 16 * place + 3 : 16 * place + 13] = letter
        mask[9:20, 16 * place + 6 : 16 * place + 10] = 0
    return np.where(mask > 0, 40, 255).astype(np.uint8), mask


def archive(path: Path, *words: Word) -> None:
    """Write an archive of words and their masks."""
    path.parent.mkdir(parents=True)
    with tarfile.open(path, "w:gz") as file:
        for number, word in enumerate(words):
            for folder, picture in zip(("XTrain", "YTrain"), word, strict=True):
                content = io.BytesIO()
                Image.fromarray(picture).save(content, "png")
                member = tarfile.TarInfo(f"{folder}/{number}.png")
                member.size = content.tell()
                content.seek(0)
                file.addfile(member, content)


def form(folder: Path) -> None:
    """Draw a page and write it as a form, with a list of its lines."""
    folder.mkdir(parents=True)
    page = draw_page(PageStyle(size=(6, 3), dpi=200), seed=4)
    Image.fromarray(page.image).save(folder / "a.png")
    lines = [
        {"bbox_xywh": [int(x.min()), int(y.min()), int(np.ptp(x)) + 1, int(np.ptp(y)) + 1], "text": "|".join(words)}
        for number, words in enumerate(page.text, start=1)
        for y, x in [np.nonzero(page.label_map("line") == number)]
    ]
    (folder / "lines.json").write_text(json.dumps([{"page": "a.png", "lines": lines}]))


def pieces(kind: Kind, *places: tuple[int, Box]) -> list[Piece]:
    return [Piece(kind, line, 0, 0, box, box, 1, 0) for line, box in places]


def segmented(lines: list[Box], words: list[tuple[int, Box]]) -> Any:
    found = {"line": pieces("line", *enumerate(lines)), "word": pieces("word", *words)}
    return SimpleNamespace(of=found.__getitem__)


@pytest.mark.usefixtures("small_pages")
def test_drawn_sets_are_measured_and_the_tables_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "bench.md"
    words = ["only=[separate,touching,skewed -5,200 dpi]", "hands=1", f"out={out}"]
    assert main(["segmentation", *words]) == 0
    table = rows(out.read_text())
    assert out.read_text() in capsys.readouterr().out
    for name in ("separate", "touching", "skewed -5", "200 dpi"):
        for kind in KINDS:
            cells = table[f"{kind}s", name]
            assert int(cells[0]) > 3
            assert 0.7 < float(cells[2 if kind == "line" else 3]) <= 1
    assert re.fullmatch(r"\d+/\d+ \(\d+\.\d %\)", table["characters", "separate"][-2])
    reached = {goal: cells[0] for (head, goal), cells in table.items() if head == "goal"}
    assert reached["lines, every drawn set: F1 at least 0.97"] == "yes"
    assert {"from 100 to 400 dpi: F1 within 2 points", "within 5 degrees of skew: F1 within 2 points"} <= set(reached)
    assert not any("forms" in goal or "memory" in goal for goal in reached)

    assert main(["segmentation", *words]) == 2
    assert "exists already" in capsys.readouterr().err


@pytest.mark.usefixtures("small_pages")
def test_every_drawn_set_shows_the_same_text() -> None:
    (plain,), (other,) = (list(drawn_pages(1, **style)) for style in ({}, bench_segmentation.DRAWN["photographed"]))
    assert [plain.truth[kind].max() for kind in KINDS] == [other.truth[kind].max() for kind in KINDS]


def test_real_sets_are_measured_where_they_are(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    archive(tmp_path / segmenting.WORDS, *(masked_word(3, 1, 20), masked_word(8, 5)) * 30)
    form(tmp_path / "pages")
    assert main(["segmentation", "only=[words,forms]", f"root={tmp_path}"]) == 0
    table = rows(capsys.readouterr().out)
    assert table["words", "words"][0] == "60"
    assert table["characters", "words"][0] == "150"
    assert float(table["characters", "words"][3]) > 0.9
    true = re.fullmatch(r"\d+/(\d+) \(.*%\)", table["words of forms", "a"][1])
    assert true
    assert int(true[1]) == sum(map(len, draw_page(PageStyle(size=(6, 3), dpi=200), seed=4).text))
    assert table["words of forms", "a"] == table["words of forms", "all"]
    assert table["goal", "lines of forms: F1 at least 0.97"] == ["yes", "1.000 (forms)"]


@pytest.mark.slow
def test_speed_and_memory_are_measured(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(bench_segmentation, "a4_page", lambda dpi: draw_page(PageStyle(size=(4, 3)), 1).image)
    assert main(["segmentation", "only=[speed]", "rounds=1"]) == 0
    table = rows(capsys.readouterr().out)
    assert 0 < float(table["speed", "seconds for A4 at 150 dpi"][0].split()[0]) < 10
    if sys.platform == "linux":
        taken = table["speed", "peak memory for A4 at 300 dpi, as a multiple of the picture"]
        assert all(0 < float(cell) < 500 for cell in taken)
    assert ("goal", "A4 at 150 dpi on one core: at most 0.5 s") in table


@pytest.mark.usefixtures("small_pages")
def test_without_real_data_its_sets_are_skipped_with_a_message(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bench_segmentation, "DRAWN", {"separate": {}})
    monkeypatch.setattr(bench_segmentation, "_speed", lambda cfg, segmenters: None)
    assert main(["segmentation", "hands=1"]) == 0
    out = capsys.readouterr().out
    assert "Skipped without real data: words, forms. Give root=<folder of real data> to include them." in out
    assert {name for _, name in rows(out)} >= {"separate"}


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["only=[rulde]"], "Did you mean ruled?"),
        (["only=[forms]"], "only=forms needs real data: give root="),
        (["root=nowhere"], "root=nowhere: there is no nowhere/words/"),
        (["hands=0"], "hands=0: must be greater than or equal to 1."),
        (["rounds=a few"], "rounds=a few: must be a valid integer."),
    ],
)
def test_what_cannot_be_measured_is_refused(
    overrides: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["segmentation", *overrides]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert message in err
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize(("name", "only"), [(segmenting.WORDS, "words"), (segmenting.FORMS, "forms")])
def test_real_data_that_is_broken_is_named(
    name: str, only: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / name).parent.mkdir()
    (tmp_path / name).write_bytes(b"broken")
    assert main(["segmentation", f"only=[{only}]", f"root={tmp_path}"]) == 2
    err = capsys.readouterr().err
    assert err.startswith(f"{tmp_path / name} is no ")
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize(
    ("transcription", "words"),
    [
        ("Sir|Roy's|United|Federal", 4),
        ("February|20|.", 2),
        ('told|this|"|by|some|#|people', 5),
        ("Virginia|-|met|today|in|con-", 5),
        ("ärger", 1),
        ("", 0),
    ],
)
def test_words_of_a_transcription_hold_a_letter_or_a_digit(transcription: str, words: int) -> None:
    assert words_of(transcription) == words


def test_words_are_counted_line_by_line() -> None:
    upper, lower = Box(0, 0, 100, 20), Box(0, 40, 100, 20)
    first, second, third = (0, Box(0, 0, 30, 20)), (0, Box(50, 0, 30, 20)), (1, Box(0, 40, 30, 20))
    assert words_by_line(segmented([upper, lower], [first, second, third]), [upper, lower]) == [2, 1]
    # Fewer lines: the first one found is the true second one.
    alone = segmented([Box(5, 42, 90, 18)], [(0, Box(5, 42, 30, 18)), (0, Box(50, 42, 30, 18))])
    assert words_by_line(alone, [upper, lower]) == [0, 2]
    # No lines at all: the middles of the words tell.
    words = [(0, Box(0, 8, 9, 4)), (0, Box(50, 2, 9, 50)), (1, Box(0, 50, 9, 9))]
    assert words_by_line(segmented([], words), [upper, lower]) == [2, 1]


def test_words_are_counted_as_exact_missing_and_extra() -> None:
    page = KnownPage(
        image=np.zeros((9, 9), np.uint8),
        truth={},
        boxes={"line": [Box(0, 0, 100, 20), Box(0, 40, 100, 20)]},
        words=(2, 3),
    )
    # The second line is missing with its three words.
    found = segmented([Box(0, 0, 100, 20)], [(0, Box(0, 0, 30, 20)), (0, Box(50, 0, 30, 20))])
    count = count_words(found, page)
    assert (count.exact, count.errors, count.all_found, count.lines) == (1, 3, 2, 1)
    assert count.difference == pytest.approx(3 / 5)
    assert count_words(None, page).errors == 5
    both = count + WordCount([4], [5], elsewhere=1, lines=2)
    assert (both.exact, both.errors, both.all_found, both.lines) == (1, 5, 8, 3)


def test_ink_in_two_boxes_is_excluded() -> None:
    image = np.full((6, 8), 250, np.uint8)
    image[1:5, 2:6] = 20
    labels = boxed_ink(image, [Box(0, 0, 8, 3), Box(0, 2, 8, 2)])
    assert labels[:, 3].tolist() == [0, 1, 0, 2, 0, 0]
    assert not labels[image > 100].any()
    assert np.array_equal(boxed_ink(np.stack([image] * 3, axis=-1), [Box(0, 0, 8, 3), Box(0, 2, 8, 2)]), labels)


def test_words_are_laid_out_with_their_masks() -> None:
    words = [masked_word(*np.roll(range(1, 7), turn)[: 2 + turn % 4]) for turn in range(40)]
    page = laid_out(words)
    truth = page.truth
    assert np.array_equal(truth["character"] > 0, page.image < 255)
    assert len(np.unique(truth["word"])) == 41
    for number, (image, mask) in enumerate(words, start=1):
        y, x = np.nonzero(truth["word"] == number)
        place = slice(y.min(), y.max() + 1), slice(x.min(), x.max() + 1)
        inked = np.nonzero(mask)
        cut = mask[inked[0].min() : inked[0].max() + 1, inked[1].min() : inked[1].max() + 1]
        assert np.array_equal(truth["character"][place] - np.where(cut > 0, 27 * number, 0), cut)
        assert len(np.unique(truth["line"][place])) == 2
        assert (page.image[place] == 40).sum() == (image == 40).sum()
    exact = agreement(truth["character"], truth["character"])
    assert exact.truth == exact.box_matches == sum(len(np.unique(mask)) - 1 for _, mask in words)
    assert truth["line"].max() > 1
