"""Models are ordinary LightningModules: a plain Trainer, plain loaders, and Lightning's own callbacks."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest
import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import EarlyStopping, LearningRateMonitor, ModelCheckpoint
from pytorch_lightning.loggers import CSVLogger
from torch.utils.data import DataLoader, Dataset, TensorDataset

from handwriting.callbacks.limit import Limit
from handwriting.callbacks.progress import Progress
from handwriting.callbacks.reconstructions import LatentSpace, Reconstructions
from handwriting.callbacks.samples import SampleGrids
from handwriting.callbacks.validation_metrics import ValidationMetrics
from handwriting.data.loading.module import Batch, GlyphData
from handwriting.data.sources.digits import Digits
from handwriting.errors import ConfigError, DataError, NotFiniteError
from handwriting.metrics.fid import FID
from handwriting.models.base import GlyphModel
from handwriting.models.cgan import CGAN
from handwriting.models.cvae import CVAE
from handwriting.models.vae import VAE
from tests.builders import ALPHABET, MODELS, make_batch, make_model

DIGITS = tuple("0123456789")
LOSSES: dict[type[GlyphModel], set[str]] = {
    CGAN: {"discriminator_loss", "generator_loss", "accuracy_real", "accuracy_fake"},
    CVAE: {"loss", "reconstruction", "kl"},
}
NORMS: dict[type[GlyphModel], set[str]] = {
    CGAN: {"train/discriminator_gradient_norm", "train/generator_gradient_norm"},
    CVAE: {"train/gradient_norm"},
}


def plain_trainer(folder: Path, **arguments: Any) -> pl.Trainer:
    quiet: dict[str, Any] = {"enable_progress_bar": False, "enable_model_summary": False, "logger": False}
    chosen = {"max_epochs": 1, "accelerator": "cpu", "enable_checkpointing": False, **quiet, **arguments}
    return pl.Trainer(default_root_dir=folder, **chosen)


def small(kind: type[GlyphModel], **settings: Any) -> Any:
    torch.manual_seed(0)
    return kind(**{"image_size": 28, "alphabet": DIGITS, "channels": 8, "latent_dim": 4, **settings})


def names(model: type[GlyphModel], stage: str) -> set[str]:
    return {f"{stage}/{name}" for name in LOSSES[model]} | (NORMS[model] if stage == "train" else set())


@pytest.mark.parametrize("kind", LOSSES)
def test_a_plain_trainer_logs_the_losses_of_training_validation_and_test(kind, tmp_path):
    model, data = small(kind), GlyphData(Digits())
    trainer = plain_trainer(tmp_path, limit_train_batches=1)
    trainer.fit(model, data)
    assert set(trainer.callback_metrics) == names(kind, "train") | names(kind, "val")
    assert all(value.isfinite() for value in trainer.callback_metrics.values())
    (results,) = trainer.test(model, data, verbose=False)
    assert set(results) == names(kind, "test")


def test_the_logged_loss_is_the_mean_over_the_glyphs(tmp_path, monkeypatch):
    sizes, losses = [], []
    validate_batch = VAE.validate_batch

    def spied(model: VAE, batch: Batch) -> None:
        torch.manual_seed(len(sizes))
        reconstruction, kl = model.loss_terms(batch)
        sizes.append(len(batch.image))
        losses.append((reconstruction + kl.sum(dim=1)).mean().item())
        torch.manual_seed(len(sizes) - 1)
        validate_batch(model, batch)

    monkeypatch.setattr(VAE, "validate_batch", spied)
    loader = DataLoader(TensorDataset(make_batch(20).image), batch_size=8)
    (results,) = plain_trainer(tmp_path).validate(small(VAE), loader, verbose=False)
    assert sizes == [8, 8, 4]
    mean = sum(size * loss for size, loss in zip(sizes, losses, strict=True)) / sum(sizes)
    assert results["val/loss"] == pytest.approx(mean, rel=1e-6)


class Images(Dataset[torch.Tensor]):
    """Yields images alone."""

    def __len__(self) -> int:
        return 16

    def __getitem__(self, index: int) -> torch.Tensor:
        return make_batch(16).image[index]


@pytest.mark.parametrize("labelled", [True, False])
@pytest.mark.parametrize("bytes_per_pixel", [1, 4])
def test_a_plain_loader_of_images_and_labels_trains(labelled, bytes_per_pixel, tmp_path, monkeypatch):
    seen: list[Batch] = []
    train_batch = VAE.train_batch
    monkeypatch.setattr(VAE, "train_batch", lambda model, batch: (seen.append(batch), train_batch(model, batch)))
    batch = make_batch(16)
    images = batch.image if bytes_per_pixel == 4 else batch.image.mul(255).round().to(torch.uint8)
    loader = DataLoader(TensorDataset(images, *([batch.label.int()] if labelled else [])), batch_size=8)
    trainer = plain_trainer(tmp_path)
    model = small(VAE)
    trainer.fit(model, loader, loader)
    assert {"train/loss", "val/loss"} <= set(trainer.callback_metrics)
    assert model.batches == len(seen) == 2
    torch.testing.assert_close(torch.cat([part.image for part in seen]), batch.image, atol=1 / 500, rtol=0)
    assert torch.equal(torch.cat([part.label for part in seen]), batch.label if labelled else torch.full((16,), -1))
    assert {part.label.dtype for part in seen} == {torch.int64}


def test_a_conditional_model_trains_on_a_plain_loader_and_an_unconditional_one_on_images_alone(tmp_path):
    batch = make_batch(16)
    conditional = small(CGAN, alphabet=ALPHABET)
    trainer = plain_trainer(tmp_path)
    trainer.fit(conditional, DataLoader(TensorDataset(batch.image, batch.label), batch_size=8))
    assert "train/generator_loss" in trainer.callback_metrics
    trainer = plain_trainer(tmp_path)
    trainer.fit(small(VAE), DataLoader(Images(), batch_size=8))
    assert "train/loss" in trainer.callback_metrics


def test_a_limit_and_the_progress_count_the_batches_of_a_plain_loader(tmp_path):
    batch, model = make_batch(40), small(VAE)
    trainer = plain_trainer(tmp_path, max_epochs=-1, callbacks=[Limit(max_samples=100), Progress()])
    trainer.fit(model, DataLoader(TensorDataset(batch.image, batch.label), batch_size=8))
    assert model.batches == 13


@pytest.mark.parametrize("kind", [SampleGrids, Reconstructions, LatentSpace, ValidationMetrics])
def test_a_callback_that_draws_or_measures_says_that_a_plain_loader_is_not_enough(kind, tmp_path):
    batch, callback = make_batch(16), kind()
    callback.metrics = [FID()]
    trainer = plain_trainer(tmp_path, callbacks=[callback])
    with pytest.raises(ConfigError, match=f"{kind.__name__} needs the glyphs of a GlyphData"):
        trainer.fit(small(VAE), DataLoader(TensorDataset(batch.image, batch.label), batch_size=8))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (torch.zeros(4, 28, 28), r"shape \(4, 28, 28\).*\(batch, 1, height, width\)"),
        (torch.zeros(4, 3, 28, 28), r"shape \(4, 3, 28, 28\)"),
        (torch.zeros(4, 1, 28, 28, dtype=torch.int64), r"type torch\.int64.*uint8 in 0\.\.255"),
        ([torch.zeros(4, 1, 28, 28), torch.zeros(3)], "one label, and one style, for each of its 4 images"),
        ([torch.zeros(4, 1, 28, 28), ["a", "b"]], "must yield tensors"),
        ([], "must yield tensors"),
        ([torch.zeros(4, 1, 28, 28), torch.zeros(4)], r"labels of type torch\.float32: give integers, by labels\.long"),
        ([torch.zeros(4, 1, 28, 28), torch.zeros(4).long(), torch.zeros(4)], r"styles of type torch\.float32"),
    ],
)
def test_a_batch_that_no_model_takes_is_refused_in_words(values, message):
    with pytest.raises(DataError, match=message):
        Batch.from_tensors(values)


UNSUITABLE: list[tuple[type[GlyphModel], list[torch.Tensor], str]] = [
    (
        CGAN,
        [torch.zeros(8, 1, 28, 28), torch.tensor([0, 1, 2, 5] * 2)],
        r"label 5, .*labels 0\.\.2: its alphabet has 3",
    ),
    (
        CVAE,
        [torch.zeros(8, 1, 28, 28), torch.tensor([0, 1, 2, 5] * 2)],
        r"label 5, .*labels 0\.\.2: its alphabet has 3",
    ),
    (CGAN, [torch.zeros(8, 1, 28, 28), torch.tensor([0, -2] * 4)], r"label -2, .*labels 0\.\.2"),
    (CGAN, [torch.zeros(8, 1, 28, 28)], r"without a label \(-1\), and the model's conditions name class"),
    (CGAN, [torch.zeros(8, 1, 28, 28), torch.tensor([0, -1] * 4)], r"without a label \(-1\)"),
    (VAE, [torch.zeros(8, 1, 32, 32)], "of 32x32 pixels, and the model has image_size=28: resize them to 28x28"),
    (VAE, [torch.zeros(8, 1, 28, 20)], "of 28x20 pixels"),
    (VAE, [torch.full((8, 1, 28, 28), 255.0)], r"values 255\.\.255: a model takes floats in \[0, 1\]"),
    (VAE, [torch.full((8, 1, 28, 28), -1.0)], r"values -1\.\.-1"),
    (CGAN, [torch.zeros(8, 1, 28, 28), torch.zeros(8)], r"labels of type torch\.float32: give integers"),
]


@pytest.mark.parametrize("stage", ["fit", "validate", "test"])
@pytest.mark.parametrize(("kind", "tensors", "message"), UNSUITABLE)
def test_a_plain_loader_that_does_not_suit_the_model_is_refused_in_words(kind, tensors, message, stage, tmp_path):
    model = small(kind, alphabet=ALPHABET)
    loader = DataLoader(TensorDataset(*tensors), batch_size=4)
    with pytest.raises(DataError, match=message):
        getattr(plain_trainer(tmp_path), stage)(model, loader)
    assert model.batches == 0


def test_a_style_that_the_model_does_not_know_is_refused_in_words(tmp_path):
    model = small(CGAN, alphabet=ALPHABET, style_names=("thin", "thick"), conditions=("class", "style"))
    images, labels = torch.zeros(8, 1, 28, 28), torch.zeros(8).long()
    for styles, message in (
        ([torch.full((8,), 2)], r"style 2, .*styles 0\.\.1: its style_names has 2"),
        ([], r"without a style \(-1\), and the model's conditions name style"),
    ):
        with pytest.raises(DataError, match=message):
            plain_trainer(tmp_path).fit(model, DataLoader(TensorDataset(images, labels, *styles), batch_size=4))


def test_an_unconditional_model_takes_any_labels_and_rounding_is_no_mistake(tmp_path):
    images = make_batch(8).image * 1.00001 - 0.000005
    loader = DataLoader(TensorDataset(images, torch.arange(8) * 100), batch_size=4)
    model = small(VAE, alphabet=ALPHABET)
    plain_trainer(tmp_path).fit(model, loader, loader)
    assert model.batches == 2


def test_a_glyph_data_that_does_not_suit_the_model_is_refused_before_the_first_batch(tmp_path):
    for data, settings, message in (
        (GlyphData(Digits()), {"alphabet": ALPHABET}, r"training glyphs with label 9, .*labels 0\.\.2"),
        (GlyphData(Digits(image_size=32)), {}, "training glyphs of 32x32 pixels, and the model has image_size=28"),
    ):
        with pytest.raises(DataError, match=f"GlyphData holds {message}"):
            plain_trainer(tmp_path).fit(small(CGAN, **settings), data)


def test_batches_of_our_own_loader_are_not_read_before_a_step(tmp_path, monkeypatch):
    def refuse(*arguments: Any) -> None:
        raise AssertionError("a batch was read")

    checked: list[str] = []
    monkeypatch.setattr(CGAN, "_check_size", lambda model, origin, *size: checked.append(origin))
    monkeypatch.setattr("handwriting.models.suitable_data.tensors_of", refuse)
    monkeypatch.setattr("handwriting.models.suitable_data._check_range", refuse)
    model = small(CGAN)
    plain_trainer(tmp_path, limit_train_batches=1).fit(model, GlyphData(Digits()))
    assert model.batches
    assert len(checked) == 3, "once for each set of glyphs"


def test_a_batch_on_the_device_is_checked_without_waiting_for_it(tmp_path):
    model = small(CGAN, alphabet=ALPHABET)
    plain_trainer(tmp_path).validate(model, DataLoader(TensorDataset(*make_batch(8)), batch_size=8), verbose=False)
    on_device = [tensor.to("meta") for tensor in make_batch(8)]  # a meta tensor has no values: to read one fails
    assert model.on_before_batch_transfer(on_device, 0) is on_device
    with pytest.raises(DataError, match="of 32x32 pixels"):
        model.on_before_batch_transfer(make_batch(8, 32).image.to("meta"), 0)


def test_callbacks_of_lightning_see_the_losses_and_their_checkpoint_is_the_model(tmp_path):
    batch = make_batch(16)
    loader = DataLoader(TensorDataset(batch.image, batch.label), batch_size=8)
    stop = EarlyStopping("val/discriminator_loss", patience=0, min_delta=1e9)
    best = ModelCheckpoint(tmp_path, monitor="val/discriminator_loss")
    logger = CSVLogger(tmp_path, name="", version="")
    callbacks = [stop, best, LearningRateMonitor()]
    trainer = plain_trainer(
        tmp_path, max_epochs=5, callbacks=callbacks, logger=logger, enable_checkpointing=True, log_every_n_steps=2
    )
    model = small(CGAN, alphabet=ALPHABET)
    trainer.fit(model, loader, loader)
    assert trainer.current_epoch == 2, "the second epoch is not better by so much"
    loaded = CGAN.load_from_checkpoint(best.best_model_path, weights_only=True)
    assert loaded.settings() == model.settings()
    assert loaded.batches in (2, 4)
    with (tmp_path / "metrics.csv").open() as file:
        logged = {name for row in csv.DictReader(file) for name, value in row.items() if value}
    assert {"lr-Adam", "train/discriminator_loss", "val/discriminator_loss"} <= logged


def test_batches_that_are_no_full_interval_are_logged_at_the_end_of_the_epoch(tmp_path):
    rows: list[dict[str, float]] = []
    loader = DataLoader(TensorDataset(make_batch(20).image), batch_size=4)
    model = small(VAE)
    model.flush_observer = lambda values: rows.append({"batches": model.batches, **values})
    plain_trainer(tmp_path, max_epochs=2, log_every_n_steps=3).fit(model, loader, loader)
    assert [row["batches"] for row in rows if "train/loss" in row] == [3, 5, 6, 9, 10]
    assert [row["batches"] for row in rows if "val/loss" in row] == [5, 10]


def test_a_loss_that_is_not_finite_ends_the_training(tmp_path):
    images = make_batch(8).image
    images[3, 0, 5, 5] = torch.nan
    loader = DataLoader(TensorDataset(images), batch_size=8)
    model = small(VAE)
    before = {name: weight.clone() for name, weight in model.encoder.named_parameters()}
    with pytest.raises(NotFiniteError, match=r"train/gradient_norm is nan after 1 batches: no weight was changed"):
        plain_trainer(tmp_path).fit(model, loader)
    assert all(torch.equal(weight, before[name]) for name, weight in model.encoder.named_parameters())


WAITING = ("item", "tolist", "numpy", "cpu", "__bool__", "__float__", "__int__", "__index__")
"""Methods of a tensor that wait for the device."""


@pytest.mark.parametrize("name", MODELS)
def test_the_device_is_waited_for_at_a_flush_alone(name, tmp_path, monkeypatch):
    model = make_model(name)
    waits: list[str] = []
    counted: list[bool] = [False]

    def watched(method: str) -> Any:
        original = getattr(torch.Tensor, method)

        def wait(tensor: torch.Tensor, *arguments: Any, **options: Any) -> Any:
            if counted[0]:
                waits.append(method)
            return original(tensor, *arguments, **options)

        return wait

    for method in WAITING:
        monkeypatch.setattr(torch.Tensor, method, watched(method))
    step, flush = model.training_step, model.flush_training_step

    def training_step(batches: Any, batch_idx: int) -> None:
        counted[0] = True
        step(batches, batch_idx)
        counted[0] = False

    def flush_training_step(batches_before: int) -> None:
        counted[0] = False
        flush(batches_before)

    monkeypatch.setattr(model, "training_step", training_step)
    monkeypatch.setattr(model, "flush_training_step", flush_training_step)
    batch = make_batch(24)
    loader = DataLoader(TensorDataset(*batch), batch_size=4)
    plain_trainer(tmp_path, log_every_n_steps=50).fit(model, loader)
    assert model.batches == 6
    assert waits == []
