"""What stands in the files of a message: its ink, colours, text and metadata, and that each is complete or absent."""

from __future__ import annotations

import re
import resource
import string
import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from io import BytesIO
from itertools import product
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pypdfium2
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch
from matplotlib.path import Path as CurvePath
from numpy.typing import NDArray
from PIL import Image

from handwriting.errors import ConfigError, DataError
from handwriting.writing import page_animation, page_files, page_raster
from handwriting.writing.colours import INKS, PAPERS, Colours, hex_colour, read_colours
from handwriting.writing.layout import MessagePage
from handwriting.writing.message import read_message
from handwriting.writing.page_animation import refuse_long, write_gif
from handwriting.writing.page_files import (
    PagesWritten,
    message_path,
    refuse_large_sheet,
    refuse_replacing,
    write_pages,
)
from handwriting.writing.page_pdf import write_pdf
from handwriting.writing.page_raster import SYNTHESISED, page_picture, write_png
from handwriting.writing.page_vectors import write_svg
from handwriting.writing.paper import Paper, PaperSize
from handwriting.writing.planning import plan_message
from handwriting.writing.written_words import InkBox, LayoutStyle, Sign, WordInk, WriteWord, WrittenWord
from tests.writing.fake_words import cut_of, write_strokes

TEXT = "Dear Ada,\n\nthe quick letters of my well-known notebook were never meant to be read aloud.\nIt is 10 km."
RUSSIAN = "\u041f\u0440\u0438\u0432\u0435\u0442"
BLUE = Colours((31, 58, 147), (253, 251, 243))
DPI = 150


def pages(text: str = TEXT, paper: Paper | None = None, write: WriteWord = write_strokes) -> Iterator[MessagePage]:
    return plan_message(read_message(text), string.printable).pages(write, LayoutStyle(), paper or Paper("fit"), 3)


def darkness(picture: NDArray) -> NDArray[np.float64]:
    """Return how dark a picture is, 0..1, of the channel in which blue ink is darkest."""
    return 1 - np.asarray(picture, float)[..., 0] / 255


def png(page: MessagePage, colours: Colours = BLUE, dpi: float = DPI) -> Image.Image:
    file = BytesIO()
    write_png(page, file, colours, dpi)
    return Image.open(file)


def pdf(stream: Iterator[MessagePage], colours: Colours = BLUE) -> bytes:
    file = BytesIO()
    write_pdf(stream, file, colours)
    return file.getvalue()


def svg(page: MessagePage, colours: Colours = BLUE) -> ElementTree.Element:
    file = BytesIO()
    write_svg(page, file, colours)
    return ElementTree.fromstring(file.getvalue())


def flat_word(value: int) -> WriteWord:
    """Return a writer whose words are squares of one value, each one x-height wide, all on the same place."""

    def draw(resolution: float, offset: tuple[float, float]) -> WordInk:
        return WordInk(np.full((round(resolution), round(resolution)), value, np.uint8), 0, -round(resolution))

    def write(signs: tuple[Sign, ...]) -> WrittenWord:
        return WrittenWord(signs[0].typed, 0.0, InkBox(0, -1, 1, 0), draw, cut_of(write, signs))

    return write


def test_a_picture_has_the_colours_of_ink_paper_and_rules() -> None:
    (page,) = pages(paper=Paper("fit", "ruled"))
    picture = page_picture(page, BLUE, DPI)
    colours = {tuple(colour) for colour in picture.reshape(-1, 3).tolist()}
    assert {BLUE.ink, BLUE.paper, BLUE.rule} <= colours
    assert np.median(picture.reshape(-1, 3), axis=0).tolist() == list(BLUE.paper)
    assert picture.shape[:2] == (round(page.height / 25.4 * DPI), round(page.width / 25.4 * DPI))


def test_ink_over_ink_is_darker_and_never_more_than_full() -> None:
    style = LayoutStyle(word_space=0, word_space_sd=0, offset_sd=0, ridge_sd=0, margin_sd=0)
    for value, count, expected in ((100, 1, 100), (100, 2, 161), (200, 4, 254), (255, 3, 255)):
        plan = plan_message(read_message("a " * count), "a")
        (page,) = plan.pages(flat_word(value), style, Paper("fit"))
        picture = page_picture(page, Colours((0, 0, 0)), DPI)
        assert 255 - int(picture.min()) == expected


def test_ink_is_asked_for_at_its_place_between_pixels() -> None:
    asked: list[tuple[float, tuple[float, float]]] = []

    def write(signs: tuple[Sign, ...]) -> WrittenWord:
        word = write_strokes(signs)

        def draw(resolution: float, offset: tuple[float, float]) -> WordInk:
            asked.append((resolution, offset))
            return word.draw(resolution, offset)

        return replace(word, draw=draw)

    (page,) = pages(write=write)
    page_picture(page, BLUE, DPI)
    assert len(asked) == len(page.words)
    for (resolution, offset), placed in zip(asked, page.words, strict=True):
        assert resolution == pytest.approx(placed.x_height * DPI / 25.4)
        assert offset == pytest.approx((placed.x * DPI / 25.4 % 1, placed.y * DPI / 25.4 % 1))


def test_ink_beyond_the_edge_is_cut_off() -> None:
    page = next(pages("word"))
    placed = page.words[0]
    for dx, dy in ((-placed.x, 0), (0, -placed.y), (page.width, 0), (0, page.height), (500, 500), (-500, -500)):
        moved = MessagePage(1, page.width, page.height, (placed.moved(dx, dy),), page.rules)
        assert page_picture(moved, BLUE, DPI).shape == page_picture(page, BLUE, DPI).shape


def test_every_format_says_that_it_was_synthesised() -> None:
    (page,) = pages()
    assert png(page).info["Description"] == SYNTHESISED
    assert png(page).info["dpi"] == pytest.approx((DPI, DPI), abs=0.1)
    assert pypdfium2.PdfDocument(pdf(pages())).get_metadata_dict()["Subject"] == SYNTHESISED
    assert svg(page).find("{*}metadata").text == SYNTHESISED  # type: ignore[union-attr]
    file = BytesIO()
    write_gif(page, file, BLUE)
    assert Image.open(file).info["comment"] == SYNTHESISED.encode()


def test_the_words_of_a_pdf_are_read_in_order() -> None:
    typed = TEXT + f"\n{RUSSIAN} “é” 5 € — straße\n" + "\n".join(["line of words"] * 50)
    known = string.printable + "éß€" + RUSSIAN
    stream = plan_message(read_message(typed), known).pages(write_strokes, LayoutStyle(), Paper("a4"))
    document = pypdfium2.PdfDocument(pdf(stream))
    assert len(document) == 2
    text = " ".join(page.get_textpage().get_text_range() for page in document)
    assert text.split() == typed.split()
    searched = document[0].get_textpage().search(RUSSIAN)
    assert searched.get_next() is not None


def test_the_text_of_a_pdf_stands_on_its_ink() -> None:
    (page,) = pages(paper=Paper("a4"))
    text = pypdfium2.PdfDocument(pdf(iter([page])))[0].get_textpage()
    for word in ("notebook", "aloud"):
        (placed,) = (placed for placed in page.words if placed.word.text.startswith(word))
        index, count = text.search(word).get_next()
        left = min(text.get_charbox(number)[0] for number in range(index, index + count)) * 25.4 / 72
        right = max(text.get_charbox(number)[2] for number in range(index, index + count)) * 25.4 / 72
        start, _, end, _ = placed.bounds
        assert start - 1 < left < start + 2
        assert end - 4 < right < end + 1


def test_a_word_that_the_font_of_the_text_lacks_does_not_stop_the_pdf() -> None:
    stream = plan_message(read_message("a 日 b"), "ab日").pages(write_strokes, LayoutStyle(), Paper("fit"))
    text = pypdfium2.PdfDocument(pdf(stream))[0].get_textpage().get_text_range()
    assert text.split() == ["a", "b"]


def test_a_pdf_shows_what_the_picture_shows() -> None:
    (page,) = pages(paper=Paper("fit", "squared"))
    shown = pypdfium2.PdfDocument(pdf(iter([page])))[0].render(scale=DPI / 72).to_pil()
    picture = page_picture(page, BLUE, DPI)
    shown = np.asarray(shown.resize(picture.shape[1::-1]))
    assert overlap(darkness(shown) > 0.4, darkness(picture) > 0.4) > 0.75


def test_an_svg_shows_what_the_picture_shows() -> None:
    (page,) = pages(paper=Paper("fit", "ruled"))
    root = svg(page)
    group = root.find("{*}g")
    assert group is not None
    assert group.get("fill") == hex_colour(BLUE.ink)
    assert [path.get("aria-label") for path in group] == [placed.word.text for placed in page.words]
    picture = page_picture(page, BLUE, DPI)
    figure = Figure(figsize=(picture.shape[1] / DPI, picture.shape[0] / DPI), dpi=DPI)
    canvas = FigureCanvasAgg(figure)
    axes = figure.add_axes((0, 0, 1, 1), xlim=(0, page.width), ylim=(page.height, 0))
    axes.axis("off")
    for path in group:
        axes.add_patch(PathPatch(curve_path(path.get("d") or ""), facecolor="black", linewidth=0))
    canvas.draw()
    shown = np.asarray(canvas.buffer_rgba())[: picture.shape[0], : picture.shape[1]]
    assert overlap(darkness(shown) > 0.5, darkness(picture) > 0.4) > 0.75


def curve_path(data: str) -> CurvePath:
    """Return the path that SVG path data of absolute commands describe."""
    kinds = {"M": [CurvePath.MOVETO], "L": [CurvePath.LINETO], "C": [CurvePath.CURVE4] * 3, "Z": [CurvePath.CLOSEPOLY]}
    vertices: list[tuple[float, float]] = []
    codes: list[int] = []
    for command, rest in re.findall(r"([MLCZ])([^MLCZ]*)", data):
        numbers = [float(number) for number in rest.split()] or [0.0, 0.0]
        vertices += list(zip(numbers[::2], numbers[1::2], strict=True))
        codes += [int(kind) for kind in kinds[command]]
    return CurvePath(vertices, codes)


def overlap(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> float:
    """Return the share of the pixels of either that are pixels of both."""
    return float((first & second).sum() / (first | second).sum())


def test_an_animation_writes_from_left_to_right_and_ends_with_the_page() -> None:
    (page,) = pages(paper=Paper("fit", "ruled"))
    file = BytesIO()
    write_gif(page, file, BLUE, DPI)
    animation = Image.open(file)
    assert animation.n_frames > 2 * len(page.words)  # type: ignore[attr-defined]
    grown: list[float] = []
    for number in range(0, animation.n_frames, 5):  # type: ignore[attr-defined]
        animation.seek(number)
        grown.append(float((darkness(np.asarray(animation.convert("RGB"))) > 0.4).mean()))
    assert grown[0] == 0
    assert sorted(grown) == grown
    animation.seek(animation.n_frames - 1)  # type: ignore[attr-defined]
    assert animation.info["duration"] >= 2000
    difference = np.asarray(animation.convert("RGB"), float) - page_picture(page, BLUE, DPI)
    assert np.abs(difference).max() <= 4


def test_an_empty_page_can_be_written_in_every_format() -> None:
    empty = list(pages("a\f\fb"))[1]
    assert np.asarray(png(empty)).min() >= min(BLUE.paper)
    assert len(pypdfium2.PdfDocument(pdf(iter([empty])))) == 1
    svg(empty)
    write_gif(empty, BytesIO(), BLUE)


@pytest.mark.parametrize("name", ["letter.png", "letter.svg", "letter.pdf", "letter.gif"])
def test_the_same_pages_give_the_same_bytes(name: str, tmp_path: Path) -> None:
    contents = []
    for folder in ("one", "two"):
        (file,) = write_pages(pages(), tmp_path / folder / name, BLUE).files
        contents.append(file.read_bytes())
    assert contents[0] == contents[1]


def test_one_page_has_the_name_and_several_have_numbers(tmp_path: Path) -> None:
    written = write_pages(pages("one two"), tmp_path / "letter.png", BLUE, dpi=30)
    assert written == PagesWritten((tmp_path / "letter.png",), 1, 2)
    written = write_pages(pages("a b\fc\fd"), tmp_path / "letter.svg", BLUE)
    assert [file.name for file in written.files] == ["letter_1.svg", "letter_2.svg", "letter_3.svg"]
    assert (written.pages, written.words) == (3, 4)
    written = write_pages(pages("a b\fc\fd"), tmp_path / "letter.pdf", BLUE)
    assert written == PagesWritten((tmp_path / "letter.pdf",), 3, 4)
    assert {file.name for file in tmp_path.iterdir()} == {
        *("letter.png", "letter_1.svg", "letter_2.svg", "letter_3.svg", "letter.pdf")
    }


@pytest.mark.parametrize("name", ["letter.png", "letter.pdf"])
def test_files_are_replaced_only_if_that_is_allowed(name: str, tmp_path: Path) -> None:
    out = tmp_path / name
    out.write_text("kept")
    with pytest.raises(ConfigError, match="or overwrite=true to replace it"):
        write_pages(pages(), out, BLUE)
    assert out.read_text() == "kept"
    write_pages(pages(), out, BLUE, overwrite=True)
    assert out.stat().st_size > 1000


def test_no_page_is_written_where_one_of_them_would_replace_a_file(tmp_path: Path) -> None:
    (tmp_path / "letter_3.png").write_text("kept")
    with pytest.raises(ConfigError, match=r"letter_3\.png exists already"):
        write_pages(pages("a\fb"), tmp_path / "letter.png", BLUE)
    assert [file.name for file in tmp_path.iterdir()] == ["letter_3.png"]
    write_pages(pages("a"), tmp_path / "letter.png", BLUE)


@pytest.mark.parametrize("suffix", ["png", "svg", "gif"])
def test_overwriting_replaces_the_whole_of_the_earlier_message(suffix: str, tmp_path: Path) -> None:
    def write(text: str) -> PagesWritten:
        return write_pages(pages(text), tmp_path / f"letter.{suffix}", BLUE, overwrite=True, dpi=30)

    def names() -> set[str]:
        return {path.name for path in tmp_path.iterdir()}

    others = {"letter_01.png", "letter_2024.png", "letter_3.txt", "letter_1_2.png", "letters_1.png", "letter_0.png"}
    for name in others:
        (tmp_path / name).write_text("kept")
    write("a\fb\fc")
    assert names() == {*others, *(f"letter_{number}.{suffix}" for number in (1, 2, 3))}
    before = (tmp_path / f"letter_1.{suffix}").read_bytes()
    assert [path.name for path in write("d\fe").removed] == [f"letter_3.{suffix}"]
    assert names() == {*others, f"letter_1.{suffix}", f"letter_2.{suffix}"}
    assert (tmp_path / f"letter_1.{suffix}").read_bytes() != before
    assert len(write("f").removed) == 2
    assert names() == {*others, f"letter.{suffix}"}
    assert [path.name for path in write("a\fb").removed] == [f"letter.{suffix}"]
    assert names() == {*others, f"letter_1.{suffix}", f"letter_2.{suffix}"}
    assert all((tmp_path / name).read_text() == "kept" for name in others)


@pytest.mark.parametrize("foreign", ["text", "picture", "another message", "folder", "link"])
def test_a_file_with_the_name_of_a_page_that_is_none_is_neither_replaced_nor_deleted(
    foreign: str, tmp_path: Path
) -> None:
    out, path = tmp_path / "letter.png", tmp_path / "letter_2.png"
    write_pages(pages("a\fb\fc"), out, BLUE, dpi=30)
    path.unlink()
    if foreign == "text":
        path.write_text("mine")
    elif foreign == "picture":
        Image.new("L", (5, 5)).save(path)
    elif foreign == "another message":
        write_pages(pages("mine"), path, BLUE, dpi=30)
    elif foreign == "folder":
        path.mkdir()
    else:
        path.symlink_to("nowhere")
    before = {file.name: file.lstat()[:-3] for file in tmp_path.iterdir()}  # all but its times
    for text in ("x", "x\fy", "x\fy\fz"):
        with pytest.raises(ConfigError, match=r"letter_2\.png has the name of a page .* Move it away"):
            write_pages(pages(text), out, BLUE, overwrite=True, dpi=30)
    with pytest.raises(ConfigError, match=r"letter_2\.png has the name of a page"):
        refuse_replacing(out, overwrite=True)
    assert {file.name: file.lstat()[:-3] for file in tmp_path.iterdir()} == before


def test_a_picture_of_the_users_is_not_deleted_for_several_pages(tmp_path: Path) -> None:
    out = tmp_path / "letter.png"
    Image.new("L", (5, 5)).save(out)
    with pytest.raises(ConfigError, match=r"letter\.png has the name of a page"):
        write_pages(pages("a\fb"), out, BLUE, overwrite=True)
    assert [path.name for path in tmp_path.iterdir()] == ["letter.png"]


def test_the_numbers_of_other_messages_are_nothing_to_a_pdf(tmp_path: Path) -> None:
    (tmp_path / "letter_1.pdf").write_text("kept")
    for text in ("a\fb", "c"):
        refuse_replacing(tmp_path / "letter.pdf", overwrite=True)
        assert not write_pages(pages(text), tmp_path / "letter.pdf", BLUE, overwrite=True).removed
    assert (tmp_path / "letter_1.pdf").read_text() == "kept"


def test_a_link_is_written_through_and_a_broken_one_is_refused(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    target, out = tmp_path / "real" / "old.png", tmp_path / "letter.png"
    out.symlink_to("real/old.png")
    with pytest.raises(DataError, match=r"is a link to real/old\.png, which does not exist"):
        write_pages(pages("a"), out, BLUE, overwrite=True, dpi=30)
    target.touch()
    with pytest.raises(ConfigError, match="or overwrite=true"):
        write_pages(pages("a"), out, BLUE, dpi=30)
    write_pages(pages("a"), out, BLUE, overwrite=True, dpi=30)
    assert out.is_symlink()
    assert Image.open(target).info["Description"] == SYNTHESISED


@pytest.mark.parametrize("name", ["letter.png", "letter.svg", "letter.pdf", "letter.gif"])
def test_a_disk_that_takes_no_more_ends_in_one_line_and_leaves_no_half_page(name: str, tmp_path: Path) -> None:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (500, limits[1]))
    try:
        with pytest.raises(DataError) as refused:
            write_pages(pages(TEXT), tmp_path / name, BLUE)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert str(refused.value) == f"out={tmp_path / name} cannot be written (File too large). Give another place."
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("size", ["a6", (150.0, 100.0)])
def test_a_sheet_is_as_large_in_every_format(size: PaperSize, tmp_path: Path) -> None:
    width, height = Paper(size).sheet
    for suffix in ("png", "gif"):
        write_pages(pages(paper=Paper(size)), tmp_path / f"card.{suffix}", BLUE, dpi=100)
        with Image.open(tmp_path / f"card.{suffix}") as picture:
            assert picture.size == (round(width / 0.254), round(height / 0.254))
    write_pages(pages(paper=Paper(size)), tmp_path / "card.svg", BLUE)
    assert f'width="{width:.2f}mm" height="{height:.2f}mm"' in (tmp_path / "card.svg").read_text()
    write_pages(pages(paper=Paper(size)), tmp_path / "card.pdf", BLUE)
    points = pypdfium2.PdfDocument(tmp_path / "card.pdf")[0].get_size()
    assert points == pytest.approx((width / 25.4 * 72, height / 25.4 * 72), abs=0.01)


@pytest.mark.parametrize("suffix", ["png", "gif"])
def test_a_picture_of_too_many_pixels_is_refused_before_it_is_drawn(suffix: str, tmp_path: Path) -> None:
    def undrawn(signs: tuple[Sign, ...]) -> WrittenWord:
        def draw(resolution: float, offset: tuple[float, float]) -> WordInk:
            raise AssertionError

        word = write_strokes(signs)
        return WrittenWord(word.text, word.advance, word.box, draw, word.cut)

    out = tmp_path / "new" / f"letter.{suffix}"
    with pytest.raises(ConfigError, match=r"210 x 297 mm has 139 million pixels, .* Give dpi=1017 or less"):
        write_pages(pages(paper=Paper("a4"), write=undrawn), out, BLUE, dpi=1200)
    with pytest.raises(ConfigError, match="Give dpi=1017 or less"):
        refuse_large_sheet(Paper("a4"), out, 1200)
    assert list(tmp_path.iterdir()) == []
    refuse_large_sheet(Paper("a4"), out, 1017)
    refuse_large_sheet(Paper("a4"), out.with_suffix(".svg"), 1200)
    refuse_large_sheet(Paper((900, 900)), out.with_suffix(".gif"), None)


def test_the_dpi_that_is_said_to_fit_does(monkeypatch: pytest.MonkeyPatch) -> None:
    (page,) = pages()
    monkeypatch.setattr(page_raster, "MAX_PICTURE_PIXELS", 1_000_000)
    monkeypatch.setattr(page_animation, "MAX_ANIMATED_PIXELS", 10_000_000)
    for refuse in (lambda dpi: page_raster.picture_shape(page.width, page.height, dpi), partial(refuse_long, page)):
        with pytest.raises(ConfigError) as refused:
            refuse(900)
        (fitting,) = re.findall(r"Give dpi=(\d+) or less", str(refused.value))
        refuse(float(fitting))
        with pytest.raises(ConfigError):
            refuse(float(fitting) + 1)


def test_an_animation_has_no_more_frames_than_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    (page,) = pages()
    file = BytesIO()
    write_gif(page, file, BLUE, DPI)
    frames = Image.open(file).n_frames  # type: ignore[attr-defined]
    rows, columns = page_raster.picture_shape(page.width, page.height, DPI)
    monkeypatch.setattr(page_animation, "MAX_ANIMATED_PIXELS", (frames - 1) * rows * columns)
    with pytest.raises(ConfigError, match="Give dpi="):
        write_gif(page, BytesIO(), BLUE, DPI)


@pytest.mark.parametrize("name", ["letter.png", "letter.pdf"])
def test_a_failure_leaves_no_half_file(name: str, tmp_path: Path) -> None:
    def broken(signs: tuple[Sign, ...]) -> WrittenWord:
        if signs[0].typed == "x":
            raise ZeroDivisionError
        return write_strokes(signs)

    with pytest.raises(ZeroDivisionError):
        write_pages(pages("a\fb\fc\fx", write=broken), tmp_path / name, BLUE)
    finished = [] if name.endswith("pdf") else [f"letter_{number}.png" for number in (1, 2, 3)]
    assert sorted(file.name for file in tmp_path.iterdir()) == finished


def test_a_place_that_cannot_be_written_is_refused_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="cannot be written"):
        write_pages(pages("a"), tmp_path / "file" / "letter.png", BLUE)


def test_a_message_of_too_many_pages_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_files, "MAX_PAGES", 3)
    with pytest.raises(ConfigError, match="more than 3 pages"):
        write_pages(pages("\f".join("abcd")), tmp_path / "letter.pdf", BLUE)
    assert list(tmp_path.iterdir()) == []


def test_the_ending_of_out_chooses_the_format(tmp_path: Path) -> None:
    assert message_path("new/letter") == Path("new/letter.png")
    assert message_path("letter.PDF") == Path("letter.PDF")
    with pytest.raises(ConfigError, match=r"give \.png, \.svg, \.pdf, \.gif"):
        message_path("letter.docx")
    for folder in (str(tmp_path), "new/"):
        with pytest.raises(ConfigError, match="is a folder"):
            message_path(folder)


def test_a_colour_is_a_name_or_a_hexadecimal_number() -> None:
    assert hex_colour(read_colours("blue").ink) == INKS["blue"]
    assert read_colours("#102030", "IVORY") == Colours((16, 32, 48), (253, 251, 243))
    assert read_colours("teal").ink == (0, 128, 128)
    for name, reason in (("bleu", "Did you mean blue"), ("#12", "no colour"), ("#10203040", "transparent")):
        with pytest.raises(ConfigError, match=reason):
            read_colours(name)
    with pytest.raises(ConfigError, match="colour of the paper"):
        read_colours("white")


@pytest.mark.parametrize(("ink", "paper"), [("#fffffe", "white"), ("ivory", "cream"), ("#101010", "#000000")])
def test_an_ink_that_hardly_differs_from_the_paper_is_refused_and_a_pale_one_is_not(ink: str, paper: str) -> None:
    with pytest.raises(ConfigError, match="is nearly the colour of the paper") as caught:
        read_colours(ink, paper)
    assert "\n" not in str(caught.value)
    for pale in ("yellow", "pink", "#d0d0d0"):
        read_colours(pale)
    for pen, sheet in product(INKS, PAPERS):
        read_colours(pen, sheet)


@pytest.mark.parametrize("name", ["letter.png", "letter.pdf"])
def test_memory_stays_flat_over_many_pages(name: str, tmp_path: Path) -> None:
    def peak(count: int) -> int:
        text = "\f".join(["日 本 語"] * count)  # without a font, whose embedding takes more than the pages
        stream = plan_message(read_message(text), "日本語").pages(flat_word(255), LayoutStyle(), Paper("a4"))
        tracemalloc.start()
        assert write_pages(stream, tmp_path / f"{count}" / name, BLUE, dpi=30).pages == count
        used = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return used

    peak(2)  # what is imported and cached
    assert peak(24) - peak(4) < 20 * 25_000  # a PDF keeps a little of each page; the ink of one has megabytes
