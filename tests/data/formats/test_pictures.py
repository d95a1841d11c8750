import os
import struct
import zlib

import numpy as np
import pytest
from PIL import Image, ImageDraw

from handwriting.data.formats.paper import Inking, is_dark_on_light
from handwriting.data.formats.pictures import MAX_PIXELS, folders_in, natural_key, pictures_in, read_picture
from handwriting.errors import DataError


def drawn(size=48, paper=215, ink=40):
    """A letter F, which looks different when turned or mirrored."""
    picture = Image.new("L", (size, size), paper)
    pen = ImageDraw.Draw(picture)
    unit = size / 48
    for box in ((14, 8, 19, 40), (14, 8, 34, 13), (14, 22, 29, 27)):
        pen.rectangle([unit * value for value in box], ink)
    return picture


def transparent(picture):
    """The ink alone, opaque as far as it is dark, on nothing."""
    ink = Image.new("L", picture.size, 0)
    return Image.merge("LA", (ink, picture.point(lambda grey: 255 if grey < 128 else 0))).convert("RGBA")


def palette_with_transparency(picture):
    palette = picture.point(lambda grey: grey < 128).convert("P")
    palette.putpalette([0, 0, 0, 10, 10, 10])
    palette.info["transparency"] = 0
    return palette


MODES = {
    "grey.png": lambda picture: picture,
    "rgb.png": lambda picture: picture.convert("RGB"),
    "palette.png": lambda picture: picture.convert("P"),
    "opaque.png": lambda picture: picture.convert("RGBA"),
    "opaque_grey.png": lambda picture: picture.convert("LA"),
    "cut_out.png": transparent,
    "cut_out_palette.png": palette_with_transparency,
    "bilevel.png": lambda picture: picture.convert("1", dither=Image.Dither.NONE),
    "sixteen.png": lambda picture: Image.fromarray(np.asarray(picture, np.uint16) * 257),
    "integers.tif": lambda picture: Image.fromarray(np.asarray(picture, np.int32)),
    "floats.tif": lambda picture: Image.fromarray(np.asarray(picture, np.float32) / 255),
    "cmyk.tif": lambda picture: picture.convert("CMYK"),
    "lossless.webp": lambda picture: picture,
    "plain.bmp": lambda picture: picture,
    "old.gif": lambda picture: picture,
    "photo.JPG": lambda picture: picture,
}


def save(picture, path, **options):
    if path.suffix == ".webp":
        options["lossless"] = True
    if path.suffix == ".JPG":
        options["quality"] = 97
    picture.save(path, "JPEG" if path.suffix == ".JPG" else None, **options)
    return path


def inked(path, size=28, **options):
    return Inking(**options)(read_picture(path), size)


def difference(one, other):
    return np.abs(one.astype(int) - other).mean()


@pytest.mark.parametrize("inverted", [False, True], ids=["dark on light", "light on dark"])
@pytest.mark.parametrize("name", MODES)
def test_every_mode_and_polarity_gives_the_same_glyph(tmp_path, name, inverted):
    paper, ink = (40, 215) if inverted and not name.startswith("cut_out") else (215, 40)
    path = save(MODES[name](drawn(paper=paper, ink=ink)), tmp_path / name)
    expected = Inking()(np.asarray(drawn(), np.float32), 28)
    assert difference(inked(path), expected) < 4
    assert expected.max() == 255
    assert (expected > 127).mean() == pytest.approx(0.2, abs=0.06)


def test_ink_that_is_cut_out_is_found_whether_it_is_dark_or_light(tmp_path):
    dark = transparent(drawn())
    light = Image.merge("RGBA", [*[Image.new("L", dark.size, 250)] * 3, dark.getchannel("A")])
    one, other = (inked(save(picture, tmp_path / name)) for name, picture in (("d.png", dark), ("l.png", light)))
    assert difference(one, other) < 1
    assert one[:2].max() == 0


def test_a_scan_with_transparent_corners_shows_its_own_paper_there(tmp_path):
    scan = drawn().convert("RGBA")
    alpha = Image.new("L", scan.size, 255)
    ImageDraw.Draw(alpha).polygon([(0, 0), (10, 0), (0, 10)], 0)
    scan.putalpha(alpha)
    greys = read_picture(save(scan, tmp_path / "scan.png"))
    assert greys[0, 0] == greys[-1, -1] == 215


def test_a_picture_stands_as_its_exif_says(tmp_path):
    upright = drawn().convert("RGB")
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: show it a quarter turn clockwise
    path = save(upright.transpose(Image.Transpose.ROTATE_90), tmp_path / "turned.JPG", exif=exif)
    assert difference(inked(path), Inking()(np.asarray(drawn(), np.float32), 28)) < 4


def test_sixteen_bits_keep_their_fine_steps(tmp_path):
    faint = np.where(np.asarray(drawn()) < 128, 20_000, 21_000).astype(np.uint16)
    greys = read_picture(save(Image.fromarray(faint), tmp_path / "faint.png"))
    assert np.unique(greys) == pytest.approx([20_000 / 257, 21_000 / 257], abs=0.01)


def png_declaring(width, height):
    def chunk(kind, content):
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\0" * 1000))
        + chunk(b"IEND", b"")
    )


def whole_png(tmp_path):
    return save(drawn(200), tmp_path / "whole.png").read_bytes()


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda folder: b"", r"is empty \(0 bytes\)\."),
        (lambda folder: b"Dear diary,\n" * 20, "is not a picture that can be read"),
        (lambda folder: b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "is not a picture that can be read"),
        (lambda folder: whole_png(folder)[:60], "cannot be read"),
        (lambda folder: whole_png(folder)[:20], "is not a picture|cannot be read"),
        (lambda folder: whole_png(folder)[:100] + b"\0" * 300, "cannot be read"),
        (lambda folder: png_declaring(8_001, 8_000), "has 8001 x 8000 pixels, more than 64 million"),
        (lambda folder: png_declaring(60_000, 60_000), "has more than 64 million pixels"),
    ],
    ids=["empty", "text", "EPS", "cut off", "cut off in its header", "zeros", "bomb", "larger bomb"],
)
def test_a_bad_file_is_named_in_one_line(tmp_path, make, reason):
    path = tmp_path / "bad.png"
    path.write_bytes(make(tmp_path))
    with pytest.raises(DataError, match=rf"bad\.png ({reason})") as caught:
        read_picture(path)
    assert "\n" not in str(caught.value)


def test_a_bomb_is_refused_before_it_is_decoded(tmp_path, monkeypatch):
    path = tmp_path / "bomb.png"
    path.write_bytes(png_declaring(MAX_PIXELS // 1000 + 1, 1000))
    monkeypatch.setattr(Image.Image, "load", lambda self: pytest.fail("decoded"))
    monkeypatch.setattr("PIL.PngImagePlugin.PngImageFile.load", lambda self: pytest.fail("decoded"))
    with pytest.raises(DataError, match="more than 64 million"):
        read_picture(path)


def test_what_is_no_file_is_refused_without_waiting_for_it(tmp_path):
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "gone.png").symlink_to(tmp_path / "nowhere.png")
    for name, reason in (("pipe.png", "is not a file"), ("gone.png", "cannot be read.*No such file")):
        with pytest.raises(DataError, match=reason):
            read_picture(tmp_path / name)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_picture_that_may_not_be_read_is_named(tmp_path):
    path = save(drawn(), tmp_path / "secret.png")
    path.chmod(0)
    with pytest.raises(DataError, match=r"secret\.png cannot be read \(Permission denied\)"):
        read_picture(path)


@pytest.mark.filterwarnings("ignore:Truncated File Read")
def test_random_damage_never_escapes_as_another_error(tmp_path):
    rng = np.random.default_rng(0)
    for name in ("grey.png", "photo.JPG", "old.gif", "cmyk.tif", "lossless.webp", "plain.bmp"):
        content = save(MODES[name](drawn()), tmp_path / name).read_bytes()
        for _ in range(25):
            damaged = np.frombuffer(content, np.uint8).copy()
            damaged[rng.integers(len(damaged), size=8)] = rng.integers(256, size=8)
            (tmp_path / name).write_bytes(damaged.tobytes())
            try:
                greys = read_picture(tmp_path / name)
            except DataError:
                continue
            assert greys.ndim == 2


def test_pictures_are_found_by_their_ending_in_an_order_that_people_expect(tmp_path):
    for name in ("10.png", "9.PNG", "2.jpeg", "notes.txt", ".hidden.png", "Thumbs.db", "inner/1.png", ".cache/3.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert [path.name for path in pictures_in(tmp_path)] == ["2.jpeg", "9.PNG", "10.png", "1.png"]
    assert [path.name for path in pictures_in(tmp_path, deep=False)] == ["2.jpeg", "9.PNG", "10.png"]
    assert [path.name for path in folders_in(tmp_path)] == ["inner"]


def test_links_are_followed_but_never_in_a_circle(tmp_path):
    (tmp_path / "real").mkdir()
    save(drawn(), tmp_path / "real" / "1.png")
    (tmp_path / "real" / "round").symlink_to(tmp_path / "real")
    (tmp_path / "linked").symlink_to(tmp_path / "real")
    assert pictures_in(tmp_path) == [tmp_path / "linked" / "1.png", tmp_path / "real" / "1.png"]


def test_the_order_is_total():
    names = ["b", "B", "a", "a2", "A2", "a10", "a02", "", "10", "9"]
    assert sorted(names, key=natural_key) == sorted(reversed(names), key=natural_key)


def noisy_photo(size=60, shadow=0.0, seed=0):
    """A photographed F on grainy paper whose right half lies in a soft shadow."""
    greys = np.asarray(drawn(size, paper=200, ink=70), np.float32)
    light = 1 - shadow / (1 + np.exp(-(np.arange(size) - size / 2) / 4))
    return (greys * light + np.random.default_rng(seed).normal(0, 3, greys.shape)).astype(np.float32)


@pytest.mark.parametrize("shadow", [0.0, 0.3, 0.5])
def test_paper_becomes_black_and_ink_white_whatever_the_light(shadow):
    glyph = Inking()(noisy_photo(shadow=shadow), 28)
    truth = Inking()(np.asarray(drawn(60), np.float32), 28)
    assert glyph[truth == 0].mean() < 8
    assert glyph[truth > 200].mean() > 225


def test_a_shadow_does_not_pass_for_ink():
    photos = [noisy_photo(shadow=shadow, seed=seed) for shadow in (0, 0.2, 0.4) for seed in range(20)]
    assert all(is_dark_on_light(photo) for photo in photos)
    assert not any(is_dark_on_light(255 - photo) for photo in photos)


def test_kept_paper_keeps_its_greys():
    photo = np.asarray(drawn(paper=200, ink=70), np.float32)
    kept = Inking(paper="keep", crop="none")(photo, 48)
    np.testing.assert_array_equal(kept, 255 - photo)


def test_cropped_ink_fills_the_square_but_for_its_margin():
    page = np.full((300, 400), 210, np.float32)
    page[40:88, 300:348] = np.asarray(drawn(paper=210), np.float32)
    rows, columns = np.nonzero(Inking(margin=0.1)(page, 50) > 127)
    assert (rows.min(), rows.max()) == pytest.approx((5, 44), abs=1)
    assert columns.min() + columns.max() == pytest.approx(49, abs=2)
    whole = Inking(crop="none")(page, 50)
    assert np.argwhere(whole > 60).mean(axis=0) == pytest.approx((14, 40), abs=2)


def test_a_ruled_line_and_a_neighbour_at_the_edge_are_left_out():
    clean = np.asarray(drawn(60), np.float32)
    dirty = clean.copy()
    dirty[57:59] = 60  # the line written on
    dirty[:5, 52:58] = 40  # the foot of a letter in the line above
    assert difference(Inking()(dirty, 28), Inking()(clean, 28)) < 1


def test_a_tightly_cut_letter_keeps_its_dot():
    tight = np.full((40, 12), 220, np.float32)
    tight[:6, 3:9] = tight[14:, 3:9] = 40
    glyph = Inking()(tight, 28)
    rows = np.flatnonzero(glyph.max(axis=1) > 127)
    assert rows[0] <= 3
    assert (np.diff(rows) > 1).sum() == 1


@pytest.mark.parametrize("grain", [0, 1.5])
def test_a_picture_without_ink_gives_no_glyph(grain):
    paper = 200 + np.random.default_rng(0).normal(0, grain, (40, 40))
    assert Inking()(paper.astype(np.float32), 28) is None


def test_thin_strokes_of_a_large_photograph_are_full_ink():
    page = np.full((1500, 1200), 190, np.float32)
    page[200:1300, 600:612] = 60
    page[740:752, 300:900] = 60
    glyph = Inking()(page, 28)
    assert glyph.max() == 255
    assert (glyph > 127).sum() > 30
