from dataclasses import dataclass
from itertools import chain

import numpy as np
import pytest
import pytorch_lightning as pl
import torch
from pydantic import TypeAdapter, ValidationError

from handwriting.data.loading.module import GlyphData
from handwriting.data.loading.settings import Loading
from handwriting.data.preparation.augmentation import Augmentation
from handwriting.data.sources.base import GlyphSource
from handwriting.data.sources.digits import Digits
from handwriting.data.sources.synthetic import draw_glyphs


@dataclass(eq=False)
class Small(GlyphSource):
    """Sixty drawn glyphs that count how often they are read."""

    reads: int = 0

    def read(self):
        self.reads += 1
        glyphs, _ = draw_glyphs(60, seed=0, size=20, classes="abc")
        return glyphs[:45], glyphs[45:]


class Watcher(pl.LightningModule):
    """Learns nothing of use, and remembers the labels that it was shown."""

    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(()))
        self.shown = {}

    def training_step(self, step, index):
        for batch in step:
            self.shown.setdefault(self.current_epoch, []).extend(batch.label.tolist())
        return self.weight * step[0].image.mean()

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.1)


def fit(folder, epochs, checkpoint=None):
    trainer = pl.Trainer(
        accelerator="cpu",
        max_epochs=epochs,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        default_root_dir=folder,
    )
    watcher = Watcher()
    trainer.fit(watcher, datamodule=GlyphData(Small(), loading=Loading(batch_size=8)), ckpt_path=checkpoint)
    trainer.save_checkpoint(folder / "last.ckpt")
    return watcher.shown


@pytest.fixture
def data():
    data = GlyphData(Small(image_size=28, val_fraction=0.2, style="median"), loading=Loading(batch_size=16))
    data.setup("fit")
    return data


def test_setting_up_twice_reads_once(data):
    data.setup("test")
    assert data.source.reads == 1


def test_the_official_test_set_stays_whole_and_validation_comes_from_training(data):
    assert (len(data.train), len(data.val), len(data.test)) == (36, 9, 15)
    assert data.val.counts().tolist() == [3, 3, 3]


def test_glyphs_are_resized_and_styled_as_asked(data):
    assert {part.image_shape for part in (data.train, data.val, data.test)} == {(1, 28, 28)}
    assert data.style_names == ("thin", "thick")
    assert data.alphabet == ("a", "b", "c")
    assert set(data.train.styles) == set(data.test.styles) == {0, 1}


def test_without_a_style_there_are_no_style_names():
    data = GlyphData(Small())
    data.setup()
    assert data.style_names == ()
    assert set(data.train.styles) == {-1}


def test_the_fingerprint_changes_with_what_is_trained_on():
    fingerprints = set()
    for options in ({}, {"image_size": 32}, {"split_seed": 1}, {"style": "mean"}):
        data = GlyphData(Small(**options))
        data.setup()
        fingerprints.add(data.fingerprint)
    assert len(fingerprints) == 4


def test_only_training_batches_are_augmented():
    plain, changed = GlyphData(Small()), GlyphData(Small(), loading=Loading(augment=Augmentation(rotate=30)))
    plain.setup()
    changed.setup()
    for loaders, equal in (("train_dataloader", False), ("val_dataloader", True), ("test_dataloader", True)):
        one, other = (next(iter(getattr(data, loaders)())) for data in (plain, changed))
        if loaders == "train_dataloader":
            (one, *_), (other, *_) = one, other
        assert torch.equal(one.image, other.image) is equal
        assert torch.equal(one.label, other.label)


@pytest.mark.parametrize(("size", "steps"), [(1, [1] * 4), (3, [3, 1]), (8, [4])])
def test_a_step_hands_out_several_batches_in_the_order_of_the_loader(size, steps):
    singly, together = (
        GlyphData(Small(), loading=Loading(batch_size=8, batches_per_step=number)) for number in (1, size)
    )
    singly.setup()
    together.setup()
    loader = together.train_dataloader()
    found = list(loader)
    assert [len(step) for step in found] == steps
    assert len(loader) == len(steps)
    assert [loader.batches(number) for number in (0, 1, 99)] == [0, steps[0], 4]
    expected = [step[0].image for step in singly.train_dataloader()]
    assert all(torch.equal(one, batch.image) for one, batch in zip(expected, chain(*found), strict=True))


def test_a_resumed_run_sees_the_order_that_an_unbroken_one_sees(tmp_path):
    unbroken = fit(tmp_path, epochs=4)
    first = fit(tmp_path, epochs=2)
    second = fit(tmp_path, epochs=4, checkpoint=tmp_path / "last.ckpt")
    assert first | second == unbroken
    assert len({tuple(labels) for labels in unbroken.values()}) == 4


@pytest.mark.parametrize(
    ("key", "value"),
    [("shift", -0.1), ("scale", 1.0), ("rotate", 181), ("shear", 90), ("fill", "mirror")],
)
def test_an_augmentation_out_of_range_is_refused_by_its_type(key, value):
    with pytest.raises(ValidationError, match=key):
        TypeAdapter(Augmentation).validate_python({key: value})


def test_digits_fill_most_of_the_picture_and_touch_no_edge():
    data = GlyphData(Digits())
    data.setup()
    assert (len(data.train) + len(data.val), len(data.test)) == (1438, 359)
    images = data.train.images[:, 0]
    edge = np.concatenate([images[:, [0, -1]].ravel(), images[:, :, [0, -1]].ravel()])
    assert edge.mean() < 2
    assert images.max(axis=(1, 2)).min() > 200


def test_digits_look_like_their_labels():
    """The middle of a 0 is empty, and that of a 1 is ink."""
    train, _ = Digits().read()
    middle = {digit: train[train.labels == digit].images[:, 0, 4:6, 4:6].mean() for digit in (0, 1)}
    assert middle[1] > 4 * middle[0]
