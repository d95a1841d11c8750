import unicodedata
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from pydantic import TypeAdapter, ValidationError

from handwriting.config import compose
from handwriting.data.sources.emnist import EMNIST
from handwriting.data.sources.folder import Folder
from handwriting.data.sources.synthetic import Pen, draw
from handwriting.errors import DataError

PATTERN = r"(?P<class>.+)_\d+"


def put(path, character="A", size=40, dark=True, **pen):
    """Write the picture of one character, as dark ink on grey paper or the other way about."""
    path.parent.mkdir(parents=True, exist_ok=True)
    ink = draw(character, Pen(**pen), size).astype(int)
    Image.fromarray((220 - ink * 180 // 255 if dark else 30 + ink * 180 // 255).astype(np.uint8)).save(path, "PNG")


@pytest.fixture
def classes(tmp_path):
    """Ten pictures in each of three folders, of different sizes and polarities."""
    for name in ("a", "B", "10"):
        for number in range(10):
            put(tmp_path / name / f"{number}.png", name[0], 30 + 3 * number, number % 2 == 0)
    return tmp_path


def read(path, **options):
    return Folder(path=str(path), **options).read()


def refusal(path, **options):
    with pytest.raises(DataError) as caught:
        read(path, **options)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_subfolder_is_a_class_and_names_stand_in_natural_order(classes):
    train, test = read(classes)
    assert train.alphabet == test.alphabet == ("10", "a", "B")
    assert train.counts().tolist() == [8, 8, 8]
    assert test.counts().tolist() == [2, 2, 2]
    assert train.image_shape == (1, 28, 28)


def test_pictures_are_fitted_to_the_size_that_is_asked_for(classes):
    assert read(classes, image_size=40)[0].image_shape == (1, 40, 40)


def test_the_split_follows_its_seed_and_its_fraction(classes):
    prints = [[part.fingerprint() for part in read(classes, split_seed=seed)] for seed in (0, 0, 1)]
    assert prints[0] == prints[1] != prints[2]
    assert [len(part) for part in read(classes, test_fraction=0.5)] == [15, 15]


def test_labels_belong_to_their_pictures(classes):
    train, _ = read(classes)
    middle = train.images[:, 0, 10:18, 11:17].mean(axis=(1, 2))
    mean = [middle[train.labels == label].mean() for label in range(3)]
    assert mean[0] > 1.5 * mean[1]  # the stem of a 1, which "10" is drawn as here, and the inside of an a


@pytest.mark.parametrize("inner", ["train", "train/deeper"])
def test_train_and_test_folders_are_kept_apart(tmp_path, inner):
    for part, count in (("train", 4), ("test", 2)):
        for name in "ab":
            for number in range(count):
                put(tmp_path / part / name / inner.partition("/")[2] / f"{number}.png", name)
    train, test = read(tmp_path)
    assert train.alphabet == test.alphabet == ("a", "b")
    assert (train.counts().tolist(), test.counts().tolist()) == ([4, 4], [2, 2])


def test_a_train_folder_alone_is_split(tmp_path):
    for number in range(10):
        put(tmp_path / "train" / "a" / f"{number}.png", "a")
    assert [len(part) for part in read(tmp_path)] == [8, 2]


def test_a_class_can_be_read_from_the_name_in_whatever_folder(tmp_path):
    put(tmp_path / "CAP_A_0.png", "A")
    put(tmp_path / "CAP_A_11.PNG", "A")
    put(tmp_path / "page 2" / "SMALL_a_3.png", "a")
    train, test = read(tmp_path, name_pattern=PATTERN)
    assert train.alphabet == ("CAP_A", "SMALL_a")
    assert (train.counts() + test.counts()).tolist() == [2, 1]


def test_a_name_that_tells_no_class_is_refused_or_skipped(tmp_path):
    put(tmp_path / "A_1.png")
    put(tmp_path / "contact sheet.png")
    assert refusal(tmp_path, name_pattern=PATTERN) == (
        f"{tmp_path / 'contact sheet.png'}: its name has no class by data.name_pattern={PATTERN}. "
        "Give data.on_bad=skip to skip it."
    )
    source = Folder(path=str(tmp_path), name_pattern=PATTERN, on_bad="skip")
    assert len(source.read()[0]) == 1
    assert len(source.skipped) == 1


@pytest.mark.parametrize(
    ("pattern", "reason"), [("(", "not a regular expression"), (r"(.+)_\d+", "no group for the class")]
)
def test_a_pattern_that_cannot_work_is_refused_with_the_configuration(pattern, reason):
    with pytest.raises(ValidationError, match=reason):
        TypeAdapter(Folder).validate_python({"path": "x", "name_pattern": pattern})


def test_the_pattern_passes_the_command_line():
    overrides = ["data=folder", "data.path=my characters (2)", f"data.name_pattern='{PATTERN}'"]
    config = compose("train", overrides).data
    assert (config.path, config.name_pattern) == ("my characters (2)", PATTERN)


def test_pictures_without_any_class_are_an_unlabelled_set(tmp_path):
    for number in range(10):
        put(tmp_path / f"{number}.png")
    train, test = read(tmp_path)
    assert train.alphabet == ()
    assert set(train.labels) == set(test.labels) == {-1}
    assert (len(train), len(test)) == (8, 2)


def test_a_loose_picture_beside_the_classes_is_told(classes):
    put(classes / "all.png")
    assert "all.png lies next to the class folders" in refusal(classes)
    assert len(read(classes, on_bad="skip")[0]) == 24


def test_a_folder_beside_train_and_test_is_told(tmp_path):
    for part in ("train", "test", "val"):
        put(tmp_path / part / "a" / "1.png")
    assert f"{tmp_path / 'val'} lies next to train/" in refusal(tmp_path)


def test_a_class_that_only_the_test_folder_has_is_told(tmp_path):
    put(tmp_path / "train" / "a" / "1.png")
    put(tmp_path / "test" / "a" / "1.png")
    put(tmp_path / "test" / "b" / "1.png", "b")
    assert "b/1.png is of the class b, which has no training pictures" in refusal(tmp_path)
    train, test = read(tmp_path, on_bad="skip")
    assert train.alphabet == test.alphabet == ("a",)
    assert len(test) == 1


def test_a_class_without_a_picture_is_refused_by_name_or_left_out_of_the_alphabet(classes):
    (classes / "empty").mkdir()
    (classes / "empty" / "notes.txt").touch()
    assert "empty is the folder of a class, and holds no picture" in refusal(classes)
    assert read(classes, on_bad="skip")[0].alphabet == ("10", "a", "B")


def test_a_class_without_a_usable_picture_is_left_out_of_the_alphabet(classes):
    (classes / "broken").mkdir()
    (classes / "broken" / "1.png").write_bytes(b"")
    assert "broken/1.png is empty (0 bytes). Give data.on_bad=skip" in refusal(classes)
    source = Folder(path=str(classes), on_bad="skip")
    assert source.read()[0].alphabet == ("10", "a", "B")
    assert [reason.split(str(classes))[1] for reason in source.skipped] == [
        "/broken/1.png is empty (0 bytes).",
        ": no picture of the class broken can be used.",
    ]


def test_blank_paper_is_told(classes):
    Image.new("L", (30, 30), 200).save(classes / "a" / "blank.png")
    assert "blank.png shows no ink." in refusal(classes)


def test_a_folder_that_is_none_says_what_to_do(tmp_path):
    (tmp_path / "file.npz").touch()
    (tmp_path / "empty").mkdir()
    for name in ("gone", "file.npz"):
        assert refusal(tmp_path / name).startswith(
            f"{tmp_path / name} is not a folder that can be read. Give data.path="
        )
    assert "empty holds no picture that can be used" in refusal(tmp_path / "empty")


def test_polarity_can_be_forced(tmp_path):
    put(tmp_path / "1.png", "A")
    put(tmp_path / "2.png", "A")
    right, wrong = (
        read(tmp_path, polarity=polarity)[0].images.mean() for polarity in ("dark_on_light", "light_on_dark")
    )
    assert right == read(tmp_path)[0].images.mean() != wrong


def test_the_photographed_characters_look_like_emnist(shared_data, tmp_path):
    """Black background, full ink, filling the frame as EMNIST's letters do, in all 62 classes."""
    import tarfile

    with tarfile.open(shared_data / "characters/photographed-62-classes.tar.gz") as archive:
        archive.extractall(tmp_path, filter="data")
    train, test = read(tmp_path, name_pattern=PATTERN)
    assert len(train.alphabet) == 62
    assert {"CAP_A", "SMALL_z", "DIGIT_3"} <= set(train.alphabet)
    assert set(train.counts()) == {40}
    assert set(test.counts()) == {10}
    emnist, _ = EMNIST(root=str(shared_data)).read()
    ours, theirs = train.images[:, 0], emnist.images[:2000, 0]
    for share in ((ours == 0).mean((1, 2)), (ours > 127).mean((1, 2)), ours.max((1, 2)) / 255):
        assert share.min() > 0
    assert np.median((ours == 0).mean((1, 2))) == pytest.approx(np.median((theirs == 0).mean((1, 2))), abs=0.15)
    assert np.median((ours > 127).mean((1, 2))) == pytest.approx(np.median((theirs > 127).mean((1, 2))), abs=0.06)
    heights = [np.ptp(np.flatnonzero(image.max(axis=1) > 127)) + 1 for image in ours]
    widths = [np.ptp(np.flatnonzero(image.max(axis=0) > 127)) + 1 for image in ours]
    assert np.percentile(np.maximum(heights, widths), 5) >= 22


@pytest.mark.parametrize(("train", "test"), [("Train", "Test"), ("training", "testing"), ("TRAINING", "test")])
def test_both_parts_are_known_by_their_usual_names(tmp_path, train, test):
    for part, count in ((train, 4), (test, 2)):
        for name in "ab":
            for number in range(count):
                put(tmp_path / part / name / f"{number}.png", name)
    assert [len(glyphs) for glyphs in read(tmp_path)] == [8, 4]


def test_a_test_set_alone_is_told(tmp_path):
    put(tmp_path / "test" / "a" / "1.png")
    put(tmp_path / "b" / "1.png")
    assert "test has no train/ next to it." in refusal(tmp_path)


def test_two_training_sets_are_told(tmp_path):
    for part in ("train", "Training"):
        put(tmp_path / part / "a" / "1.png")
    assert "are both a train set. Remove or rename one." in refusal(tmp_path)


def test_a_folder_around_the_classes_and_what_disks_leave_are_passed_over(classes, tmp_path_factory):
    around = tmp_path_factory.mktemp("around") / "letters"
    around.parent.joinpath("@eaDir").mkdir()
    classes.rename(around)
    put(around / "a" / "@eaDir" / "thumbnail.png")
    put(around / "#recycle" / "old.png")
    train, test = read(around.parent)
    assert train.alphabet == ("10", "a", "B")
    assert len(train) + len(test) == 30


def test_composed_and_decomposed_names_are_one_class(tmp_path):
    for number, form in enumerate(("NFC", "NFD")):
        for more in range(3):
            put(tmp_path / unicodedata.normalize(form, "é") / f"{number}{more}.png")
    train, test = read(tmp_path)
    assert train.alphabet == ("é",)
    assert len(train) + len(test) == 6


def test_a_name_in_bytes_that_are_no_text_is_shown_escaped(tmp_path):
    try:
        put(Path(f"{tmp_path}/\udce9t") / "1.png")
    except OSError:
        pytest.skip("this disk takes names in UTF-8 alone")
    put(Path(f"{tmp_path}/\udce9t") / "2.png")
    assert read(tmp_path)[0].alphabet == (r"\udce9t",)


def test_a_picture_with_a_long_text_is_read(classes):
    info = PngInfo()
    info.add_text("made by", "x" * 3_000_000, zip=True)
    with Image.open(classes / "a" / "0.png") as picture:
        picture.save(classes / "a" / "0.png", pnginfo=info)
        picture.save(classes / "a" / "jpeg.jfif", "JPEG")
    train, test = read(classes)
    assert len(train) + len(test) == 31
