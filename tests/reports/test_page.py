"""Pages as Markdown, HTML, CSV and text: escaped, complete, and in the order of their sections."""

from __future__ import annotations

import csv
import io

import pytest
from PIL import Image

from handwriting.plots.grids import png_bytes
from handwriting.reports.page import Cell, Code, Picture, Section, Table, as_text, csv_text, html, markdown, write_page

PNG = png_bytes(Image.new("L", (30, 20), 255))
TABLE = Table(
    [Cell("metric"), Cell("1", "a run", run=0)],
    [[Cell("fid ↓", "distance"), Cell.number(12.5, note="±0.1", best=True)], [Cell("kid ↓"), Cell.number(None)]],
)
PAGE = [
    Section("Metrics", ["Some <b>text</b> with a | bar.", TABLE]),
    Section("Curves", [Picture("curves.png", "The curves", PNG), Code("handwriting compare\nruns=a")]),
]


def test_markdown_has_every_block_in_order_and_is_escaped():
    text = markdown("A *page*", PAGE)
    assert text.startswith("# A \\*page\\*\n\n## Metrics\n")
    blocks = ["\\<b\\>text", "| fid ↓ (distance) | **12.5** (±0.1) |", "| kid ↓ | - |", "## Curves", "The curves",
              "![The curves](curves.png)", "    handwriting compare\n    runs=a"]  # fmt: skip
    positions = [text.index(block) for block in blocks]
    assert positions == sorted(positions)


def test_html_needs_no_other_file_and_escapes_all_text():
    text = html("<script>", PAGE)
    assert "&lt;script&gt;" in text
    assert "<script>" not in text
    assert "&lt;b&gt;text" in text
    assert "data:image/png;base64," in text
    assert "<strong>12.5</strong>" in text
    assert "<small>±0.1</small>" in text


def test_a_terminal_table_stars_the_best_and_is_aligned():
    lines = as_text(TABLE).split("\n")
    assert len({line.index("-") for line in lines if "-" in line}) == 1
    assert [line for line in lines if "*" in line] == [lines[1]]


def test_csv_leaves_missing_values_empty():
    rows = list(csv.DictReader(io.StringIO(csv_text([{"run": "a,b", "fid": None}, {"run": "c", "fid": 2.5}]))))
    assert rows == [{"run": "a,b", "fid": ""}, {"run": "c", "fid": "2.5"}]


def test_a_page_is_written_with_its_pictures_and_further_files(tmp_path):
    path = write_page(tmp_path / "out", "Page", PAGE, [{"run": "a"}], {"best.yaml": "seed: 1\n"})
    assert path == tmp_path / "out" / "comparison.html"
    names = {file.name for file in path.parent.iterdir()}
    assert names == {"comparison.html", "comparison.md", "comparison.csv", "curves.png", "best.yaml"}
    assert (path.parent / "curves.png").read_bytes() == PNG


@pytest.mark.parametrize(("text", "value"), [("1e-3", 0.001), ("adam", None), (None, None)])
def test_a_setting_that_stands_for_a_number_can_be_sorted(text, value):
    assert Cell.setting(text).value == value
    assert Cell.setting(text).text == (text or "-")


def test_a_picture_knows_its_width():
    assert Picture("p.png", "", PNG).width == 30
