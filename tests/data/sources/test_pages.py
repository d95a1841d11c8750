import json
import shutil
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from handwriting.data.preparation.steps import Preparation
from handwriting.data.sources.pages import Pages
from handwriting.errors import ConfigError, DataError
from handwriting.glyphs import UNKNOWN
from handwriting.pages.folder import SegmentedFolder
from handwriting.pages.labels import LabelRow, write_labels
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
    parts = Pages(path=str(folder), own_scale=False, **options).read()
    return sorted(int(number) for part in parts for number in part.images[:, 0, 0, 0])


def refusal(folder, **options):
    with pytest.raises(DataError) as caught:
        Pages(path=str(folder), **options).read()
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("kind", KINDS)
def test_every_piece_of_the_kind_is_a_glyph_without_a_label(segmented, kind):
    train, test = Pages(path=str(segmented), kind=kind, own_scale=False).read()
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
    boxes = folder / "boxes.csv"
    boxes.write_text("".join(line for line in boxes.read_text().splitlines(True) if ",character," not in line))
    (folder / "characters.npz").unlink()
    assert refusal(folder).endswith("holds no characters.npz. Give data.kind=word.")
    (folder / "words.npz").unlink()
    assert refusal(folder).endswith("holds no characters.npz. Segment the pages again, with overwrite=true.")


def test_glyphs_that_are_missing_are_not_excused_by_another_kind(folder):
    (folder / "characters.npz").unlink()
    assert refusal(folder).endswith("holds no characters.npz. Segment the pages again, with overwrite=true.")


def test_a_file_or_a_list_is_no_segmented_folder(folder):
    for path, message in ((folder / "boxes.csv", "is a file. Give a folder."), ("[a,b]", "data.path takes one folder")):
        with pytest.raises(ConfigError, match=message):
            Pages(path=str(path)).read()


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


def arrays(**changed):
    with BytesIO() as file:
        np.savez(file, **{"images": np.zeros((30, 1, 4, 4), np.uint8), "alphabet": [], "style_names": [], **changed})
        return file.getvalue()


def one_array():
    with BytesIO() as file:
        np.save(file, np.zeros(3))
        return file.getvalue()


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda content: content[:-200], "it is damaged"),
        (lambda content: b"", "it is damaged"),
        (lambda content: b"a text of some length", "it holds something else"),
        (lambda content: one_array(), "it holds something else"),
        (lambda content: arrays(labels=[None] * 30, styles=[-1] * 30), "it holds something else"),
        (lambda content: arrays(labels=[7] * 30, styles=[-1] * 30), "labels run 7..7; 0 names allow -1..-1"),
        (lambda content: arrays(), "labels is not a file in the archive"),
    ],
)
def test_broken_glyphs_are_refused_with_what_to_do(folder, damage, reason):
    path = folder / "characters.npz"
    path.write_bytes(damage(path.read_bytes()))
    remedy = "Segment the pages again, with overwrite=true."
    assert refusal(folder) == f"{path} is not a file of glyphs ({reason}). {remedy}"


# Labels.

TEXT = ["b"] * 12 + ["a"] * 8 + ["."] * 4 + ["B", "", "", "7", "7", "7"]


def label(folder, texts=TEXT, **changed):
    """Label the first characters of a folder; ``changed`` holds other values by ``_<number>``."""
    rows = [
        LabelRow("page_1.png", 0, 0, number, text, 0.9, "transcript", True, 0.9, 0.1)
        for number, text in enumerate(texts)
    ]
    for name, values in changed.items():
        rows[int(name[1:])] = rows[int(name[1:])]._replace(**values)
    write_labels(SegmentedFolder(folder), rows)


def labelled_numbers(folder, **options):
    """The label of each glyph that is read, by its number."""
    parts = Pages(path=str(folder), own_scale=False, **options).read()
    return {
        int(image[0, 0, 0]): part.alphabet[label]
        for part in parts
        for image, label in zip(part.images, part.labels, strict=True)
    }


def test_labelled_characters_are_glyphs_with_labels(folder):
    label(folder)
    assert labelled_numbers(folder) == {number: text for number, text in enumerate(TEXT) if text}


def test_the_alphabet_is_digits_capitals_small_letters_and_the_rest(folder):
    label(folder)
    train, test = Pages(path=str(folder)).read()
    assert train.alphabet == test.alphabet == ("7", "B", "a", "b", ".")


def test_junk_and_what_is_not_kept_or_unlabelled_or_deleted_is_skipped_and_counted(folder, caplog):
    label(folder, TEXT[:-2], _0={"kept": False}, _1={"kept": False}, _24={"kept": False})
    (folder / "characters" / "page_1_000_000_005.png").unlink()
    found = labelled_numbers(folder)
    assert sorted(found) == [number for number in range(28) if number not in (0, 1, 5, 24, 25, 26)]
    (line,) = [record.message for record in caplog.records if "characters used" in record.message]
    assert line.endswith("labels.csv: 22 of 29 characters used; skipped: 2 junk, 3 kept=no, 2 unlabelled")


@pytest.mark.parametrize("options", [{"labels": "ignore"}, {"kind": "word"}])
def test_labels_that_are_ignored_change_nothing(folder, options):
    before = numbers(folder, **options)
    label(folder)
    assert numbers(folder, **options) == before
    assert Pages(path=str(folder), **options).read()[0].alphabet == ()


def test_labels_that_leave_no_character_are_refused(folder):
    label(folder, ["", "a"], _1={"kept": False})
    message = refusal(folder)
    assert message.endswith(
        "labels.csv leaves no character to train on (1 junk, 1 kept=no, 28 unlabelled). Set kept=yes and a label for "
        "some, label the pages again, or give data.labels=ignore."
    )


@pytest.mark.parametrize("make", [lambda path: path.mkdir(), lambda path: path.symlink_to("nowhere")])
def test_labels_that_are_a_folder_or_a_broken_link_are_named(folder, make):
    make(folder / "labels.csv")
    assert str(folder / "labels.csv") in refusal(folder)


def test_broken_labels_are_refused(folder):
    (folder / "labels.csv").write_text("label\n")
    assert "the column page is missing" in refusal(folder)


def test_every_class_is_split_and_a_small_one_is_named(folder, caplog):
    label(folder)
    source = Pages(path=str(folder))
    prepared = source.prepared(*source.read())
    counts = np.array([part.counts() for part in (prepared.train, prepared.val, prepared.test)])
    assert counts.T.tolist() == [[1, 1, 1], [1, 0, 0], [5, 1, 2], [9, 1, 2], [2, 1, 1]]  # 7 B a b .
    assert "classes with fewer than 3 characters" in caplog.text
    assert "has none: B. data.prepare.min_count=2 drops them; it counts" in caplog.text
    source = Pages(path=str(folder), prepare=Preparation(min_count=2))
    assert source.prepared(*source.read()).train.alphabet == ("7", "a", "b", ".")


def test_classes_are_balanced(folder):
    label(folder)
    source = Pages(path=str(folder), prepare=Preparation(smallest=6, largest=8, min_count=2))
    prepared = source.prepared(*source.read())
    assert prepared.train.alphabet == ("7", "a", "b", ".")
    assert prepared.train.counts().tolist() == [6, 6, 8, 6]


def test_the_fingerprint_follows_labels_and_scale(folder):
    def fingerprint(**options):
        return Pages(path=str(folder), **options).read()[0].fingerprint()

    label(folder)
    first = fingerprint()
    assert first == fingerprint(own_scale=True) != fingerprint(own_scale=False)
    assert first != fingerprint(labels="ignore")
    label(folder, _3={"label": "c"})
    assert first != fingerprint()


# The scale of the hand.


def heights(folder, **options):
    parts = Pages(path=str(folder), image_size=64, **options).read()
    return sorted({int((image[0] > 128).any(axis=1).sum()) for part in parts for image in part.images})


def test_characters_keep_their_size_and_words_fill_their_square(folder):
    for number in range(3):  # a stop: a tenth of the height of the others
        Image.fromarray(np.zeros((3, 3), np.uint8)).save(folder / "characters" / f"page_1_000_000_{number:03}.png")
    for number in range(3, 30):
        Image.fromarray(np.zeros((30, 10), np.uint8)).save(folder / "characters" / f"page_1_000_000_{number:03}.png")
    text = (folder / "boxes.csv").read_text().splitlines()
    for line, row in enumerate(text):
        if ",character," in row:
            number = int(row.split(",")[3])
            text[line] = row.replace(",1.00,0.00,", ",0.25,0.00," if number < 3 else ",2.50,0.00,")
    (folder / "boxes.csv").write_text("\n".join(text) + "\n")
    assert heights(folder) == [6, 60]
    assert Pages(path=str(folder), own_scale=False).read()[0].image_shape == (1, 32, 32)
    assert Pages(path=str(folder), kind="word").read()[0].image_shape == (1, 32, 32)
    assert Pages(path=str(folder), kind="word", own_scale=True).read()[0].image_shape == (1, 28, 28)


def test_a_folder_without_the_x_heights_of_its_pages_says_what_to_do(folder):
    report = json.loads((folder / "report.json").read_text())
    for damaged in ({**report, "pages": [{"page": "page_1.png"}]}, {}):
        (folder / "report.json").write_text(json.dumps(damaged))
        message = refusal(folder)
        assert "report.json does not hold the x-height of the page page_1.png. Segment the pages again" in message
        assert message.endswith("Or give data.own_scale=false.")
        assert len(numbers(folder)) == 30


@pytest.mark.parametrize(
    ("content", "reason"),
    [('{"pages": [', "it is no JSON"), ("", "it is no JSON"), ("null", "no JSON object"), ("[]", "no JSON object")],
)
def test_a_damaged_report_is_named_as_the_cause(folder, content, reason):
    (folder / "report.json").write_text(content)
    message = refusal(folder)
    assert "report.json cannot be read (" in message
    assert reason in message
    assert message.endswith("Segment the pages again, with overwrite=true. Or give data.own_scale=false.")


def test_a_folder_in_the_place_of_the_report_is_named_as_the_cause(folder):
    (folder / "report.json").unlink()
    (folder / "report.json").mkdir()
    assert "report.json cannot be read (Is a directory)." in refusal(folder)


@pytest.mark.parametrize("length", [0, 50])
def test_a_picture_that_is_broken_is_named_with_what_to_do(folder, length):
    path = folder / "characters" / "page_1_000_000_004.png"
    path.write_bytes(path.read_bytes()[:length])
    message = refusal(folder)
    assert message.startswith(f"{path} ")
    assert "Delete it to leave the character out. Or segment the pages again, with overwrite=true." in message
