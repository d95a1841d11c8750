import csv

import numpy as np
import pytest

from handwriting.data.sources.kuzushiji import ALPHABETS, HIRAGANA, Kuzushiji
from handwriting.errors import DataError


@pytest.fixture
def files(tmp_path):
    """Both data sets in small: 10 training and 4 test glyphs of each class, whose first pixel is their label."""
    for dataset, alphabet in ALPHABETS.items():
        for part, count in (("train", 10), ("test", 4)):
            labels = (np.arange(count * len(alphabet)) % len(alphabet)).astype(np.uint8)
            images = np.zeros((len(labels), 28, 28), np.uint8)
            images[:, 0, 0], images[:, 0, 1] = labels, 255 if part == "test" else 0
            np.savez_compressed(tmp_path / f"{dataset}-{part}-imgs.npz", images)
            np.savez_compressed(tmp_path / f"{dataset}-{part}-labels.npz", labels)
    return tmp_path


@pytest.mark.parametrize("dataset", ALPHABETS)
@pytest.mark.parametrize(
    ("split", "train", "test"), [("official", 10, 4), ("merged_70_30", 10, 4), ("test_70_30", 3, 1)]
)
def test_each_split_has_its_share_of_every_class(files, dataset, split, train, test):
    parts = Kuzushiji(root=str(files), dataset=dataset, split=split).read()
    assert [set(part.counts()) for part in parts] == [{train}, {test}]
    for part in parts:
        np.testing.assert_array_equal(part.images[:, 0, 0, 0], part.labels)
        assert part.alphabet == ALPHABETS[dataset]


def test_the_merged_split_mixes_both_parts_and_follows_its_seed(files):
    first, again, other = (
        Kuzushiji(root=str(files), split="merged_70_30", split_seed=seed).read()[1] for seed in (0, 0, 1)
    )
    assert 0 < (first.images[:, 0, 0, 1] == 255).mean() < 1
    assert first.fingerprint() == again.fingerprint() != other.fingerprint()


def test_the_split_of_the_test_part_needs_no_training_files(files):
    for path in files.glob("kmnist-train-*"):
        path.unlink()
    assert len(Kuzushiji(root=str(files), split="test_70_30").read()[0]) == 30
    with pytest.raises(DataError, match=r"data=kuzushiji: kmnist-train-imgs\.npz is missing under .*download=true"):
        Kuzushiji(root=str(files)).read()


def test_names_are_typed_and_drawn_in_ascii_and_differ():
    for alphabet, count in ((ALPHABETS["kmnist"], 10), (ALPHABETS["k49"], 49)):
        assert len(set(alphabet)) == count
        assert all(name.isascii() and name.isalpha() for name in alphabet)


def test_the_ten_classes_are_those_of_the_official_list():
    assert "".join(HIRAGANA[name] for name in ALPHABETS["kmnist"]) == "おきすつなはまやれを"


def test_k49_stands_in_the_order_of_its_class_map(shared_data):
    with (shared_data / "kuzushiji/k49_classmap.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["index"]) for row in rows] == list(range(49))
    assert [row["char"] for row in rows] == [HIRAGANA[name] for name in ALPHABETS["k49"]]


def test_the_real_test_part_is_split_7000_to_3000(shared_data, caplog):
    train, test = Kuzushiji(root=str(shared_data), split="test_70_30").read()
    assert [set(part.counts()) for part in (train, test)] == [{700}, {300}]
    assert not caplog.records  # the files have their official checksums
    assert train.images[:, 0, [0, -1]].mean() < 64 < train.images[:, 0, 8:20, 8:20].mean()


def test_a_label_that_is_no_class_is_refused_or_skipped(files):
    path = files / "kmnist-test-labels.npz"
    labels = np.load(path)["arr_0"].copy()
    labels[5] = 10
    np.savez_compressed(path, labels)
    with pytest.raises(DataError, match=r"labels\.npz: glyph 5 has the label 10, none of the 10 classes.*on_bad=skip"):
        Kuzushiji(root=str(files)).read()
    source = Kuzushiji(root=str(files), on_bad="skip")
    train, test = source.read()
    assert (len(train), len(test), len(source.skipped)) == (100, 39, 1)
    np.testing.assert_array_equal(test.images[:, 0, 0, 0], test.labels)


@pytest.mark.parametrize(
    ("arrays", "reason"),
    [
        ({"arr_0": np.zeros((40, 784), np.uint8)}, r"where arr_0 should be uint8 images \(N, H, W\)"),
        ({"images": np.zeros((40, 28, 28), np.uint8)}, r"holds images uint8 \(40, 28, 28\), where arr_0"),
        ({"arr_0": np.zeros((39, 28, 28), np.uint8)}, "holds 39 images, but .* 40 labels"),
        ({"arr_0": np.zeros((0, 28, 28), np.uint8)}, "holds no images"),
    ],
)
def test_other_content_is_named(files, arrays, reason):
    np.savez_compressed(files / "kmnist-test-imgs.npz", **arrays)
    with pytest.raises(DataError, match=rf"kmnist-test-imgs\.npz.*{reason}"):
        Kuzushiji(root=str(files)).read()
