import shutil

import pytest
from PIL import Image

from handwriting.data.sources.pages import Pages
from handwriting.errors import DataError
from handwriting.glyphs import UNKNOWN
from tests.pages.builders import write_folder

KINDS = {"character": 30, "word": 10}


@pytest.fixture(scope="module")
def segmented(tmp_path_factory):
    """A segmented folder in which the grey of each glyph is its number."""
    return write_folder(tmp_path_factory.mktemp("segmented"), "page_1.png", **KINDS).path


@pytest.fixture
def folder(segmented, tmp_path):
    return shutil.copytree(segmented, tmp_path / "mine")


def numbers(folder, **options):
    """The numbers of the glyphs that are read, in order."""
    parts = Pages(path=str(folder), **options).read()
    return sorted(int(number) for part in parts for number in part.images[:, 0, 0, 0])


def refusal(folder, **options):
    with pytest.raises(DataError) as caught:
        Pages(path=str(folder), **options).read()
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("kind", KINDS)
def test_every_piece_of_the_kind_is_a_glyph_without_a_label(segmented, kind):
    train, test = Pages(path=str(segmented), kind=kind).read()
    assert numbers(segmented, kind=kind) == list(range(KINDS[kind]))
    assert len(test) == KINDS[kind] // 5
    for part in (train, test):
        assert part.alphabet == ()
        assert (part.labels == UNKNOWN).all()
        assert part.image_shape == (1, 32, 32)


def test_the_split_follows_its_seed_and_its_fraction(segmented):
    prints = [Pages(path=str(segmented), split_seed=seed).read()[1].fingerprint() for seed in (0, 0, 1)]
    assert prints[0] == prints[1] != prints[2]
    assert len(Pages(path=str(segmented), test_fraction=0.5).read()[1]) == 15


@pytest.mark.parametrize("size", [28, 128])
def test_glyphs_are_prepared_at_the_size_and_thickness_that_are_asked_for(segmented, size):
    source = Pages(path=str(segmented), image_size=size)
    prepared = source.prepared(*source.read())
    assert prepared.train.image_shape == (1, size, size)
    assert [len(part) for part in prepared[:3]] == [22, 2, 6]


def test_a_piece_whose_picture_was_deleted_is_skipped_and_counted(folder, caplog):
    for number in (0, 7, 29):
        (folder / "characters" / f"page_1_000_000_{number:03}.png").unlink()
    assert numbers(folder) == [number for number in range(30) if number not in (0, 7, 29)]
    assert "3 of 30 glyphs skipped" in caplog.text
    assert numbers(folder, kind="word") == list(range(10))


def test_nothing_is_said_where_nothing_was_deleted(folder, caplog):
    numbers(folder)
    assert caplog.text == ""


def test_a_person_may_keep_files_of_their_own_in_the_folder(folder):
    (folder / "characters" / "notes.txt").write_text("mine")
    Image.new("L", (9, 9)).save(folder / "characters" / "page_1_900.png")
    assert numbers(folder) == list(range(30))


@pytest.mark.parametrize("way", ["each", "the folder"])
def test_where_all_pictures_were_deleted_the_message_says_so(folder, way):
    if way == "each":
        for path in (folder / "characters").iterdir():
            path.unlink()
    else:
        shutil.rmtree(folder / "characters")
    assert "holds no picture of a character: all of them were deleted. Segment the pages again" in refusal(folder)


def test_a_folder_that_segment_did_not_write_is_refused(tmp_path):
    for place in (tmp_path, tmp_path / "nowhere"):
        message = refusal(place)
        assert str(place / "boxes.csv") in message
        assert "Give data.path=<folder that handwriting segment wrote>" in message


def test_a_kind_that_was_not_segmented_is_refused_with_the_one_that_was(folder):
    (folder / "characters.npz").unlink()
    assert refusal(folder).endswith("holds no characters.npz. Give data.kind=word.")
    (folder / "words.npz").unlink()
    assert refusal(folder).endswith("holds no characters.npz. Segment the pages again, with overwrite=true.")


def test_glyphs_and_lists_that_disagree_are_refused(folder):
    shutil.copy(folder / "words.npz", folder / "characters.npz")
    message = refusal(folder)
    assert "10 glyphs" in message
    assert "lists 30" in message
    assert "overwrite=true" in message


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text.replace("kind", "sort", 1),
        lambda text: text[: len(text) // 2],
        lambda text: text + "one,more\n",
        lambda text: text.replace("page_1", "\udcff"),
        lambda text: '"' + "x" * 200_000,
    ],
)
def test_a_damaged_list_is_refused(folder, damage):
    path = folder / "boxes.csv"
    path.write_text(damage(path.read_text()), errors="surrogateescape")
    assert "boxes.csv" in refusal(folder)


def test_broken_glyphs_are_refused(folder):
    path = folder / "characters.npz"
    path.write_bytes(path.read_bytes()[:-200])
    assert str(path) in refusal(folder)
