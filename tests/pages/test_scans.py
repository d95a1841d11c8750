import os
import re
import struct
import sys
import threading
import warnings
import zlib
from pathlib import Path

import numpy as np
import pillow_heif
import pypdfium2
import pytest
from PIL import Image, ImageDraw

from handwriting.data.formats.pictures import read_picture
from handwriting.errors import DataError
from handwriting.pages.scans import MAX_PAGE_PIXELS, Scan, read_scan, scans_in

PAPER, INK, RED = (230, 220, 200), (30, 40, 90), (200, 30, 40)


def page(width=120, height=80, paper=PAPER, ink=INK):
    """A page that looks different when it is turned or mirrored: a red corner, and a stroke that ends in a hook."""
    picture = Image.new("RGB", (width, height), paper)
    pen = ImageDraw.Draw(picture)
    pen.rectangle((0, 0, width // 4, height // 4), RED)
    pen.rectangle((width // 8, height // 2, width * 7 // 8, height // 2 + 5), ink)
    pen.rectangle((width * 7 // 8 - 5, height // 2, width * 7 // 8, height * 7 // 8), ink)
    return picture


def grey(picture=None):
    return (picture or page()).convert("L")


def colours(picture):
    return np.asarray(picture.convert("RGB"), int)


def only(path):
    (scan,), passed_over = scans_in(path)
    assert passed_over == []
    return read_scan(scan)


def difference(one, other):
    assert one.shape == other.shape
    return np.abs(one.astype(int) - other).mean()


def tiff(path, numbers, bits, sample_format, white_is_zero=False, order="<"):
    """Write numbers as Pillow never would: a TIFF of one strip."""
    height, width = numbers.shape
    content = numbers.tobytes()
    tags = {256: width, 257: height, 258: bits, 259: 1, 262: int(not white_is_zero), 273: 8, 277: 1, 278: height}
    tags |= {279: len(content), 339: sample_format}
    entries = b"".join(struct.pack(f"{order}HHII", tag, 4, 1, value) for tag, value in sorted(tags.items()))
    head = (b"II" if order == "<" else b"MM") + struct.pack(f"{order}HI", 42, 8 + len(content))
    path.write_bytes(head + content + struct.pack(f"{order}H", len(tags)) + entries + bytes(4))


COLOURED = {
    "photo.JPG": ({"quality": 95, "subsampling": 0}, 1.5),
    "progressive.jpeg": ({"quality": 95, "progressive": True}, 2),
    "whole.png": ({}, 0),
    "plain.bmp": ({}, 0),
    "old.gif": ({}, 2),
    "raw.tif": ({}, 0),
    "packed.tiff": ({"compression": "tiff_lzw"}, 0),
    "as jpeg.tif": ({"compression": "jpeg", "quality": 95}, 3),
    "lossless.webp": ({"lossless": True}, 0),
    "net.ppm": ({}, 0),
    "small.avif": ({"quality": 95}, 2),
    "document.pdf": ({"resolution": 200, "quality": 95}, 3),
}


@pytest.mark.parametrize("name", COLOURED)
def test_every_format_shows_its_colours_the_right_way_up(tmp_path, name):
    options, tolerance = COLOURED[name]
    page().save(tmp_path / name, **options)
    read = only(tmp_path / name)
    assert read.dtype == np.uint8
    assert read.flags.c_contiguous
    assert difference(read, colours(page())) <= tolerance


@pytest.mark.parametrize("name", ["iphone.heic", "other.HEIF"])
def test_a_photograph_of_a_phone_shows_its_colours(tmp_path, name):
    pillow_heif.from_pillow(page()).save(tmp_path / name, quality=95)
    assert difference(only(tmp_path / name), colours(page())) < 3


def test_heic_is_known_by_its_content_and_stands_upright(tmp_path):
    """HEIC says twice how it was turned, and must be turned back once."""
    exif = Image.Exif()
    exif[0x0112] = 6
    turned, path = page().transpose(Image.Transpose.ROTATE_90), tmp_path / "sent.jpg"
    pillow_heif.encode("RGB", turned.size, turned.tobytes(), path, quality=95, exif=exif.tobytes())
    assert {b"irot", b"Exif"} <= set(re.findall(b"irot|Exif", path.read_bytes()))
    assert difference(only(tmp_path / "sent.jpg"), colours(page())) < 3


def test_without_its_extra_heic_is_refused_with_what_to_install(tmp_path, monkeypatch):
    pillow_heif.from_pillow(page()).save(tmp_path / "a.heic")
    page().save(tmp_path / "b.png")
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    heic, png = scans_in(tmp_path)[0]
    with pytest.raises(DataError, match=r"a\.heic is a HEIC picture, which needs .*pip install -e '\.\[heic\]'"):
        read_scan(heic)
    with pytest.raises(DataError, match="HEIC"):
        read_picture(heic.path)
    assert difference(read_scan(png), colours(page())) == 0


UNCOLOURED = {
    "grey.png": (lambda: grey(), 0),
    "grey.jpg": (lambda: grey(), 2),
    "bilevel.png": (lambda: grey().convert("1", dither=Image.Dither.NONE), None),
    "bilevel.tif": (lambda: grey().convert("1", dither=Image.Dither.NONE), None),
    "opaque.png": (lambda: grey().convert("LA"), 0),
    "sixteen.png": (lambda: Image.fromarray(np.asarray(grey(), np.uint16) * 257), 0),
    "sixteen.tif": (lambda: Image.fromarray(np.asarray(grey(), np.uint16) * 257), 0),
    "sixteen.pgm": (lambda: Image.fromarray(np.asarray(grey(), np.uint16) * 257), 0),
    "integers.tif": (lambda: Image.fromarray(np.asarray(grey(), np.int32) * 257), 0),
    "small integers.tif": (lambda: Image.fromarray(np.asarray(grey(), np.int32)), 0),
    "floats.tif": (lambda: Image.fromarray(np.asarray(grey(), np.float32) / 255), 0),
    "large floats.tif": (lambda: Image.fromarray(np.asarray(grey(), np.float32) * 257), 0),
    "byte floats.tif": (lambda: Image.fromarray(np.asarray(grey(), np.float32)), 0),
}


@pytest.mark.parametrize("name", UNCOLOURED)
def test_a_picture_without_colours_is_read_as_greys_of_its_brightness(tmp_path, name):
    make, tolerance = UNCOLOURED[name]
    make().save(tmp_path / name)
    expected = np.asarray(grey()) if tolerance is not None else np.where(np.asarray(grey()) > 127, 255, 0)
    assert difference(only(tmp_path / name), expected) <= (tolerance or 0)


UNSIGNED, FLOAT = 1, 3  # TIFF's names for kinds of numbers


@pytest.mark.parametrize(
    ("numbers", "bits", "sample_format", "white_is_zero"),
    [
        ("<u2", 16, UNSIGNED, False),
        ("<u2", 16, UNSIGNED, True),
        (">u2", 16, UNSIGNED, False),
        ("<u4", 32, UNSIGNED, False),
        ("<f4", 32, FLOAT, False),
        ("<f4", 32, FLOAT, True),
        (">f4", 32, FLOAT, False),
    ],
)
def test_numbers_of_any_width_and_byte_order_keep_their_brightness(
    tmp_path, numbers, bits, sample_format, white_is_zero
):
    white = (255, 255, 255)  # what 32 bits call white, no header tells: it is the brightest there is
    shown = np.asarray(grey(page(paper=white)), float) / 255
    stored = 1 - shown if white_is_zero else shown
    largest = 1 if sample_format == FLOAT else 2**bits - 1
    tiff(tmp_path / "a.tif", (stored * largest).astype(numbers), bits, sample_format, white_is_zero, numbers[0])
    assert difference(only(tmp_path / "a.tif"), shown * 255) < 0.6


def test_fax_compression_shows_black_ink(tmp_path):
    sharp = grey().point(lambda value: 255 * (value > 127)).convert("1")
    sharp.save(tmp_path / "fax.tif", compression="group4")
    np.testing.assert_array_equal(only(tmp_path / "fax.tif"), np.asarray(sharp, np.uint8) * 255)


def test_a_cmyk_photograph_is_not_inverted(tmp_path):
    """Adobe stores the ink that is missing, which a marker in the file tells."""
    cmyk = page().convert("CMYK")
    cmyk.save(tmp_path / "adobe.jpg", quality=95)
    cmyk.save(tmp_path / "print.tif")
    assert b"Adobe" in (tmp_path / "adobe.jpg").read_bytes()
    assert difference(only(tmp_path / "adobe.jpg"), colours(page())) < 3
    assert difference(only(tmp_path / "print.tif"), colours(page())) == 0


def test_sixteen_bits_a_colour_are_read(tmp_path):
    rows = np.asarray(page(), ">u2") * 257
    raw = b"".join(b"\0" + row.tobytes() for row in rows)
    (tmp_path / "deep.png").write_bytes(png(120, 80, raw, bits=16, kind=2))
    assert difference(only(tmp_path / "deep.png"), colours(page())) == 0


def ink_alone(picture, alpha=255):
    """The red corner and the stroke, opaque, on nothing."""
    cut = picture.convert("RGBA")
    cut.putalpha(picture.convert("L").point(lambda value: alpha * (value < 128)))
    return cut


def palette_alone():
    palette = page().quantize(8)
    palette.info["transparency"] = palette.getpixel((60, 20))
    return palette


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("ink.png", lambda: ink_alone(page())),
        ("ink.webp", lambda: ink_alone(page())),
        ("ink.tif", lambda: ink_alone(page())),
        ("palette.png", palette_alone),
        ("palette.gif", palette_alone),
        ("key.png", lambda: page(paper=(1, 2, 3))),
    ],
)
def test_ink_on_nothing_is_shown_on_white_paper(tmp_path, name, make):
    options = {"transparency": (1, 2, 3)} if name == "key.png" else {"lossless": True} if "webp" in name else {}
    make().save(tmp_path / name, **options)
    assert difference(only(tmp_path / name), colours(page(paper=(255, 255, 255)))) < 1


def test_grey_ink_on_nothing_stays_grey(tmp_path):
    alpha = grey().point(lambda value: 255 - value)
    Image.merge("LA", (Image.new("L", alpha.size, 0), alpha)).save(tmp_path / "alpha.png")
    np.testing.assert_array_equal(only(tmp_path / "alpha.png"), np.asarray(grey()))


def test_ink_of_several_colours_on_nothing_is_all_seen(tmp_path):
    marked = page(paper=(255, 255, 255))
    ImageDraw.Draw(marked).rectangle((40, 5, 110, 30), (255, 240, 120))
    cut = marked.convert("RGBA")
    cut.putalpha(marked.getchannel("B").point(lambda value: 255 * (value < 255)))
    cut.save(tmp_path / "marked.png")
    assert difference(only(tmp_path / "marked.png"), colours(marked)) == 0


def test_white_ink_on_nothing_is_seen(tmp_path):
    cut = Image.new("RGBA", (120, 80), (255, 255, 255, 0))
    ImageDraw.Draw(cut).rectangle((20, 20, 90, 25), (250, 250, 240, 255))
    cut.save(tmp_path / "board.png")
    read = only(tmp_path / "board.png")
    assert read[22, 50].min() == 240
    assert read[60].max() == 0


def test_a_scan_with_transparent_corners_shows_its_own_paper_there(tmp_path):
    scan = page(paper=(200, 200, 200)).convert("RGBA")
    alpha = Image.new("L", scan.size, 255)
    ImageDraw.Draw(alpha).polygon([(119, 79), (108, 79), (119, 60)], 0)
    scan.putalpha(alpha)
    scan.save(tmp_path / "scan.png")
    np.testing.assert_array_equal(only(tmp_path / "scan.png"), colours(page(paper=(200, 200, 200))))


def test_an_opaque_page_keeps_every_pixel(tmp_path):
    page().convert("RGBA").save(tmp_path / "opaque.png")
    np.testing.assert_array_equal(only(tmp_path / "opaque.png"), colours(page()))


TURNS = {2: "FLIP_LEFT_RIGHT", 3: "ROTATE_180", 4: "FLIP_TOP_BOTTOM", 5: "TRANSPOSE", 6: "ROTATE_90"}
TURNS |= {7: "TRANSVERSE", 8: "ROTATE_270"}
"""For each EXIF orientation, what undoes what it asks for."""


@pytest.mark.parametrize("name", ["a.png", "a.tif", "a.webp", "a.jpg", "a.avif"])
@pytest.mark.parametrize("orientation", TURNS)
def test_a_page_stands_as_its_exif_says(tmp_path, orientation, name):
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = page().transpose(Image.Transpose[TURNS[orientation]])
    stored.save(tmp_path / name, exif=exif, **{"lossless": True} if "webp" in name else {"quality": 95})
    assert difference(only(tmp_path / name), colours(page())) < 3


def test_every_frame_of_a_tiff_is_a_page_of_its_own_size_and_turn(tmp_path):
    pages = [page(), page(60, 100), page(200, 40)]
    pages[0].save(tmp_path / "all.tif", save_all=True, append_images=pages[1:], compression="tiff_lzw")
    scans, _ = scans_in(tmp_path / "all.tif")
    assert [scan.name for scan in scans] == ["all.tif page 1", "all.tif page 2", "all.tif page 3"]
    for scan, expected in reversed(list(zip(scans, pages, strict=True))):
        np.testing.assert_array_equal(read_scan(scan), colours(expected))


@pytest.mark.parametrize("name", ["a.gif", "a.webp", "a.png"])
def test_of_an_animation_the_first_frame_is_the_page(tmp_path, name):
    other = page(paper=(0, 90, 0))
    options = {"lossless": True} if "webp" in name else {}
    page().save(tmp_path / name, save_all=True, append_images=[other], duration=100, **options)
    assert difference(only(tmp_path / name), colours(page())) < 2


def test_pages_of_a_pdf_are_drawn_at_200_dpi_and_as_they_are_turned(tmp_path):
    pages = [page(), page(60, 100)]
    pages[0].save(tmp_path / "book.pdf", save_all=True, append_images=pages[1:], resolution=100, quality=95)
    with pypdfium2.PdfDocument(tmp_path / "book.pdf") as document:
        document[1].set_rotation(90)
        document.save(tmp_path / "turned.pdf")
    scans, _ = scans_in(tmp_path / "turned.pdf")
    assert [scan.name for scan in scans] == ["turned.pdf page 1", "turned.pdf page 2"]
    first, second = pages[0].resize((240, 160)), pages[1].transpose(Image.Transpose.ROTATE_270).resize((200, 120))
    assert difference(read_scan(scans[0]), colours(first)) < 5
    assert difference(read_scan(scans[1]), colours(second)) < 5


def test_an_empty_page_of_a_pdf_is_white(tmp_path):
    with pypdfium2.PdfDocument.new() as document:
        document.new_page(72, 36)
        document.save(tmp_path / "blank.pdf")
    assert scans_in(tmp_path / "blank.pdf")[0][0].name == "blank.pdf"
    np.testing.assert_array_equal(only(tmp_path / "blank.pdf"), np.full((100, 200, 3), 255))


@pytest.mark.parametrize("size", [(14_400, 14_400), (1e5, 2e5), (3, 1e6)])
def test_a_huge_page_of_a_pdf_is_drawn_smaller(tmp_path, monkeypatch, size):
    monkeypatch.setattr("handwriting.pages.scans.MAX_PAGE_PIXELS", 100_000)
    with pypdfium2.PdfDocument.new() as document:
        document.new_page(*size)
        document.save(tmp_path / "poster.pdf")
    height, width, _ = only(tmp_path / "poster.pdf").shape
    assert height * width <= 100_000
    assert size[0] < 4 or width / height == pytest.approx(size[0] / size[1], rel=0.02)


def png(width, height, raw, bits=8, kind=0):
    def chunk(name, content):
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, kind, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(raw, 1)) + chunk(b"IEND", b"")


def saved(folder, name, **options):
    page(300, 200).save(folder / name, **options)
    return (folder / name).read_bytes()


def locked(folder):
    lock = b"<< /Filter /Standard /V 1 /R 2 /P -4 /O (%s) /U (%s) >> /ID [(0123) (0123)]" % (b"o" * 32, b"u" * 32)
    return saved(folder, "open.pdf").replace(b"trailer\n<<", b"trailer\n<< /Encrypt " + lock)


def pageless(folder):
    with pypdfium2.PdfDocument.new() as document:
        document.save(folder / "pageless.pdf")
    return (folder / "pageless.pdf").read_bytes()


def heic(folder):
    pillow_heif.from_pillow(page(300, 200)).save(folder / "whole.heic")
    return (folder / "whole.heic").read_bytes()


BROKEN_PDF = "is a PDF that is broken or has no page. Copy or save it again"
BAD = {
    "empty.png": (lambda folder: b"", r"is empty \(0 bytes\)"),
    "empty.pdf": (lambda folder: b"", r"is empty \(0 bytes\)"),
    "text.png": (lambda folder: b"Dear diary,\n" * 20, r"is not a picture that can be read \(save it as PNG or JPEG\)"),
    "postscript.png": (lambda folder: b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "is not a picture"),
    "film.heic": (lambda folder: b"\0\0\0\x14ftypisom\0\0\0\0isom" + bytes(99), "is not a picture"),
    "text.pdf": (lambda folder: b"Dear diary,\n" * 20, "is not a picture"),
    "cut.png": (lambda folder: saved(folder, "a.png")[:-200], "cannot be read .*Copy it again"),
    "cut.jpg": (lambda folder: saved(folder, "a.jpg", quality=95)[:-500], "cannot be read .*truncated.*Copy it again"),
    "cut a little.jpg": (lambda folder: saved(folder, "a.jpg")[:-2], "cannot be read .*truncated.*Copy it again"),
    "cut progressive.jpg": (
        lambda folder: saved(folder, "a.jpg", progressive=True)[:-50],
        "cannot be read .*truncated",
    ),
    "cut.webp": (lambda folder: saved(folder, "a.webp")[:-50], "cannot be read"),
    "cut.tif": (lambda folder: saved(folder, "a.tif")[:-50], "cannot be read .*truncated"),
    "cut.bmp": (lambda folder: saved(folder, "a.bmp")[:-50], "cannot be read .*truncated"),
    "cut.avif": (lambda folder: saved(folder, "a.avif")[:-50], "cannot be read"),
    "cut.heic": (lambda folder: heic(folder)[:-50], "cannot be read"),
    "cut.pdf": (lambda folder: saved(folder, "a.pdf")[:300], BROKEN_PDF),
    "locked.pdf": (locked, "is locked with a password. Save it without one"),
    "pageless.pdf": (pageless, BROKEN_PDF),
    "bomb.png": (lambda folder: png(20_001, 10_000, b""), "has 20001 x 10000 pixels, more than 200 million. Make it"),
    "larger bomb.png": (lambda folder: png(2**31 - 1, 2**31 - 1, b""), "has .* more than 200 million. Make it smaller"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_named_in_one_line_alone_and_stops_nothing_in_a_folder(tmp_path, name):
    make, reason = BAD[name]
    content = make(tmp_path)
    folder = tmp_path / "pages"
    folder.mkdir()
    (folder / name).write_bytes(content)
    page().save(folder / "zz good.png")
    with pytest.raises(DataError, match=reason) as alone:
        only(folder / name)
    assert str(alone.value).startswith(f"{folder / name} ")
    assert "\n" not in str(alone.value)
    (bad, good), _ = scans_in(folder)
    assert bad == Scan(folder / name, 0, 1)
    with pytest.raises(DataError, match=reason):
        read_scan(bad)
    np.testing.assert_array_equal(read_scan(good), colours(page()))


def test_after_a_locked_document_one_without_pages_is_not_called_locked(tmp_path):
    for name, make, reason in (("a.pdf", locked, "password"), ("b.pdf", pageless, "has no page")):
        (tmp_path / name).write_bytes(make(tmp_path))
        with pytest.raises(DataError, match=reason):
            scans_in(tmp_path / name)


@pytest.mark.filterwarnings("ignore::UserWarning:PIL.TiffImagePlugin")
def test_a_tiff_that_breaks_off_after_its_first_page_is_not_taken_for_that_page(tmp_path):
    page().save(tmp_path / "whole.tif", save_all=True, append_images=[page()] * 2, compression="tiff_lzw")
    whole = (tmp_path / "whole.tif").read_bytes()
    (tmp_path / "whole.tif").write_bytes(whole[: len(whole) // 2])
    page().save(tmp_path / "a.png")
    scans, _ = scans_in(tmp_path)
    assert [scan.name for scan in scans] == ["a.png", "whole.tif"]
    with pytest.raises(DataError, match=r"whole\.tif cannot be read"):
        read_scan(scans[1])


@pytest.mark.parametrize("name", ["a.png", "a.tif", "a.gif", "a.webp", "a.avif", "a.pdf", "a.heic"])
def test_a_page_above_pillows_limit_is_read_without_a_warning_and_the_limit_stays(tmp_path, monkeypatch, name):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
    (pillow_heif.from_pillow(page()) if name == "a.heic" else page()).save(tmp_path / name)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert only(tmp_path / name).ndim == 3
    assert Image.MAX_IMAGE_PIXELS == 1000


def test_a_bomb_is_refused_before_it_is_decoded_and_the_limit_stays(tmp_path, monkeypatch):
    limit = Image.MAX_IMAGE_PIXELS
    (tmp_path / "bomb.png").write_bytes(png(MAX_PAGE_PIXELS // 1000 + 1, 1000, b""))
    monkeypatch.setattr("PIL.PngImagePlugin.PngImageFile.load", lambda self: pytest.fail("decoded"))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(DataError, match="more than 200 million"):
            only(tmp_path / "bomb.png")
    assert limit == Image.MAX_IMAGE_PIXELS


def test_a_bomb_behind_the_first_page_of_a_tiff_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("handwriting.pages.scans.MAX_PAGE_PIXELS", 10_000)
    page().save(tmp_path / "a.tif", save_all=True, append_images=[page(200, 100)])
    first, second = scans_in(tmp_path / "a.tif")[0]
    np.testing.assert_array_equal(read_scan(first), colours(page()))
    with pytest.raises(DataError, match="200 x 100 pixels"):
        read_scan(second)


def test_threads_share_neither_pdfium_nor_pillows_limit(tmp_path, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
    for name in ("a.png", "b.pdf", "c.tif"):
        page().save(tmp_path / name, **{"resolution": 200} if "pdf" in name else {})
    scans, read = scans_in(tmp_path)[0], []
    threads = [threading.Thread(target=lambda: read.extend(map(read_scan, scans * 5))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(read) == 90
    assert all(difference(one, colours(page())) < 10 for one in read)
    assert Image.MAX_IMAGE_PIXELS == 1000


def test_a_panorama_of_20_000_pixels_is_read(tmp_path):
    page(20_000, 40).save(tmp_path / "wide.png", compress_level=1)
    np.testing.assert_array_equal(only(tmp_path / "wide.png"), colours(page(20_000, 40)))


def test_a_folder_gives_its_own_pages_in_natural_order_and_counts_what_it_passes_over(tmp_path):
    for name in ("10.png", "9.PNG", "2.jpeg", ".hidden.png", "inner/1.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        page().save(tmp_path / name)
    page().save(tmp_path / "3.PDF", save_all=True, append_images=[page()])
    page().save(tmp_path / "11.tif", save_all=True, append_images=[page()])
    for name in ("notes.txt", "Thumbs.db", ".DS_Store"):
        (tmp_path / name).write_text("not a page")
    scans, passed_over = scans_in(tmp_path)
    names = ["2.jpeg", "3.PDF page 1", "3.PDF page 2", "9.PNG", "10.png", "11.tif page 1", "11.tif page 2"]
    assert [scan.name for scan in scans] == names
    assert [(scan.number, scan.count) for scan in scans[1:4]] == [(0, 2), (1, 2), (0, 1)]
    assert [path.name for path in passed_over] == ["notes.txt", "Thumbs.db"]


@pytest.mark.parametrize("name", ["page", "page.scan", "page.pdf", "page.jpg", "page.tif"])
@pytest.mark.parametrize("inside", ["png", "pdf", "tiff"])
def test_what_a_file_holds_counts_not_what_it_is_called(tmp_path, name, inside):
    page().save(tmp_path / "real", inside, **{"resolution": 200, "quality": 95} if inside == "pdf" else {})
    (tmp_path / "real").rename(tmp_path / name)
    assert difference(only(tmp_path / name), colours(page())) < 3


@pytest.mark.parametrize(
    "name", ["my page (1).png", "a, b = [c].pdf", 'it\'s "ink".jpg', "Übung für Ärger.tif", "書.gif"]
)
def test_a_name_may_hold_anything(tmp_path, name):
    page().save(tmp_path / name, format={"pdf": "PDF", "jpg": "JPEG"}.get(name[-3:]))
    (scan,), _ = scans_in(tmp_path)
    assert scan.name == name
    assert read_scan(scan).ndim == 3


def test_where_there_is_no_page_one_line_says_what_to_give(tmp_path):
    (tmp_path / "only folders" / "inner").mkdir(parents=True)
    page().save(tmp_path / "only folders" / "inner" / "1.png")
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "a.txt").write_text("text")
    for name, reason in (("gone.png", "No such file"), ("only folders", "holds no picture"), ("texts", "no PDF")):
        with pytest.raises(DataError, match=rf"{name}.*{reason}.*Give pages=<a picture, a PDF or a folder") as caught:
            scans_in(tmp_path / name)
        assert "\n" not in str(caught.value)


def test_what_is_no_file_is_refused_without_waiting_for_it(tmp_path):
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "gone.pdf").symlink_to(tmp_path / "nowhere.pdf")
    gone, pipe = scans_in(tmp_path)[0]
    for scan, reason in ((gone, "cannot be read.*No such file"), (pipe, "is not a file")):
        with pytest.raises(DataError, match=reason):
            read_scan(scan)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_page_that_may_not_be_read_is_named(tmp_path):
    page().save(tmp_path / "secret.png")
    (tmp_path / "secret.png").chmod(0)
    with pytest.raises(DataError, match=r"secret\.png cannot be read \(Permission denied\)"):
        scans_in(tmp_path / "secret.png")


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.tif", "a.gif", "a.webp", "a.pdf", "a.avif", "a.heic"])
def test_random_damage_never_escapes_as_another_error(tmp_path, name):
    content = heic(tmp_path) if name == "a.heic" else saved(tmp_path, name)
    rng = np.random.default_rng(0)
    for _ in range(20):
        damaged = np.frombuffer(content, np.uint8).copy()
        damaged[rng.integers(min(len(damaged), 2000), size=8)] = rng.integers(256, size=8)
        (tmp_path / name).write_bytes(damaged.tobytes())
        try:
            pages = [read_scan(scan) for scan in scans_in(tmp_path / name)[0]]
        except DataError:
            continue
        assert all(one.dtype == np.uint8 for one in pages)


def test_several_pages_are_named_with_commas_and_patterns(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("b/p10.png", "b/p2.png", "a.png", "c/a.png", "d,e.png"):
        Path(name).parent.mkdir(exist_ok=True)
        Image.new("L", (40, 40)).save(name)
    found, passed_over = scans_in(Path("a.png,b/*.png"))
    assert [scan.path for scan in found] == [Path("a.png"), Path("b/p2.png"), Path("b/p10.png")]
    assert passed_over == []
    for wrong, told in (("a.png,c.png", r"c\.png names no file"), ("c/*.jpg", r"c/\*\.jpg names no file")):
        with pytest.raises(DataError, match=told):
            scans_in(Path(wrong))
    with pytest.raises(DataError, match=r"two of the pages are called a\.png"):
        scans_in(Path("a.png,c/a.png"))
    assert [scan.path for scan in scans_in(Path("d,e.png"))[0]] == [Path("d,e.png")]
