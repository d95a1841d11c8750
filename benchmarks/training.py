"""Training by the job, compared with a plain PyTorch loop over the same networks, and with pythae."""

from __future__ import annotations

import contextlib
import io
import logging
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytorch_lightning as pl
import torch
from omegaconf import DictConfig
from torch import Tensor
from torch.nn import functional as F

from benchmarks.timing import Benchmark, measure_rate
from handwriting.data.loading.module import GlyphData
from handwriting.engine.experiment import Experiment, build_model
from handwriting.engine.fitting import fit
from handwriting.engine.precision import resolve_precision
from handwriting.glyphs import Glyphs
from handwriting.models.adversarial import AdversarialModel
from handwriting.models.base import GlyphModel
from handwriting.models.dcgan import DCGAN
from handwriting.models.losses import (
    discriminator_bce,
    discriminator_hinge,
    generator_bce,
    generator_score,
    gradient_penalty,
    kl_to_prior,
    wasserstein_critic,
)
from handwriting.models.wgan_gp import WGANGP

Step = Callable[[Tensor, Tensor], None]
"""Trains on images ``(B, 1, H, W)`` under conditions ``(B, C)``."""


WARM_UP = 3.0
"""Seconds of a training that are not counted: trackers look around the machine when they start."""


class _Stopwatch(pl.Callback):
    """Times a training to the end of an epoch, with all that the other callbacks do, once it is warm."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.rate = 0.0
        self.rate_with_validation = 0.0

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self.started = time.perf_counter()
        self._begin(0)

    def _begin(self, samples: int) -> None:
        self.began, self.samples, self.validating = time.perf_counter(), samples, 0.0

    def on_train_batch_end(self, trainer: pl.Trainer, pl_module: GlyphModel, *others: Any) -> None:  # type: ignore[override]
        warm = self.began - self.started > min(WARM_UP, self.seconds)
        if not warm and time.perf_counter() - self.started > min(WARM_UP, self.seconds):
            self._begin(pl_module.samples)

    def on_validation_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self.validation_began = time.perf_counter()

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self.validating += time.perf_counter() - self.validation_began

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: GlyphModel) -> None:  # type: ignore[override]
        elapsed, done = time.perf_counter() - self.began, pl_module.samples - self.samples
        self.rate = done / (elapsed - self.validating)
        self.rate_with_validation = done / elapsed
        trainer.should_stop = bool(done) and elapsed >= self.seconds


class AsTheJobDoes:
    """Trains by the job itself, trackers and callbacks as configured, and counts glyphs.

    A plain loop validates nothing, so that the time of validation is not counted here; ``with_validation`` are the
    same rates with it.

    Args:
        cfg: The configuration of the training job.
        data: The glyphs, prepared.
    """

    def __init__(self, cfg: DictConfig, data: GlyphData) -> None:
        self.cfg, self.data = cfg, data
        self.with_validation: list[float] = []

    def __call__(self, seconds: float) -> float:
        """Return glyphs a second over at least ``seconds``, to the end of an epoch."""
        stopwatch = _Stopwatch(seconds)
        with TemporaryDirectory() as folder, _silence():
            fit(Experiment.from_config(self.cfg, Path(folder), self.data, [stopwatch]))
        self.with_validation.append(stopwatch.rate_with_validation)
        return stopwatch.rate


def plainly(cfg: DictConfig, data: GlyphData, bf16: bool | None = None) -> Benchmark:
    """Return what trains the same networks in a bare loop, and counts glyphs.

    Args:
        cfg: The configuration of the training job.
        data: The glyphs, prepared.
        bf16: Whether to compute in bfloat16; None for the job's own choice.
    """
    if bf16 is None:
        bf16 = resolve_precision(cfg.precision, cfg.trainer.accelerator) == "bf16-mixed"

    def measure(seconds: float) -> float:
        model = build_model(cfg, data).train()
        batches = _batches(data.train, data.batch_size, model)
        autocast = torch.autocast("cpu", torch.bfloat16, enabled=bf16)
        step = _adversarial(model, autocast) if isinstance(model, AdversarialModel) else _variational(model, autocast)

        def once() -> int:
            images, condition = next(batches)
            step(images, condition)
            return len(images)

        return measure_rate(once, seconds, warm_up=10)

    return measure


def _batches(glyphs: Glyphs, batch_size: int, model: GlyphModel) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield shuffled batches for ever, by one index operation each."""
    images, labels = torch.tensor(glyphs.images), torch.tensor(glyphs.labels)
    condition = labels[:, None] if model.conditions else labels.new_zeros(len(labels), 0)
    while True:
        for index in torch.randperm(len(images)).split(batch_size)[: len(images) // batch_size]:
            yield images.index_select(0, index) / 255, condition.index_select(0, index)


def _variational(model: Any, autocast: Any) -> Step:
    optimizer = torch.optim.Adam(model.parameters(), model.lr, model.betas, fused=True)

    def step(images: Tensor, condition: Tensor) -> None:
        with autocast:
            mean, log_variance = model.encoder(images, condition)
            latent = mean + torch.randn_like(mean) * (0.5 * log_variance).exp()
            logits = model.decoder(latent, condition)
            reconstruction = F.binary_cross_entropy_with_logits(logits, images, reduction="sum")
            loss = (reconstruction + model.kl_weight * kl_to_prior(mean, log_variance).sum()) / len(images)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    return step


def _adversarial(model: Any, autocast: Any) -> Step:
    critic = torch.optim.Adam(model.discriminator.parameters(), model.lr, model.betas, fused=True)
    generator_optimizer = torch.optim.Adam(model.generator.parameters(), model.lr, model.betas, fused=True)
    wasserstein, hinge = isinstance(model, WGANGP), isinstance(model, DCGAN) and model.loss == "hinge"
    critic_loss = wasserstein_critic if wasserstein else discriminator_hinge if hinge else discriminator_bce
    generator_loss = generator_score if wasserstein or hinge else generator_bce
    done = 0

    def step(images: Tensor, condition: Tensor) -> None:
        nonlocal done
        real = images * 2 - 1
        with autocast:
            with torch.no_grad():
                fake = model.generator(torch.randn(len(real), model.latent_dim), condition)
            on_real, on_fake = model.discriminator(torch.cat([real, fake]), condition.repeat(2, 1)).score.chunk(2)
            loss = critic_loss(on_real, on_fake)
            if wasserstein:
                epsilon = torch.rand(len(real), 1, 1, 1)
                penalty = gradient_penalty(lambda x: model.discriminator(x, condition).score, real, fake, epsilon)
                loss = loss + model.gradient_penalty * penalty.mean()
        critic.zero_grad()
        loss.backward()
        critic.step()
        done += 1
        if done % model.critic_steps:
            return
        model.discriminator.requires_grad_(False)  # no gradient of weights that this step does not change
        with autocast:
            fake = model.generator(torch.randn(len(real), model.latent_dim), condition)
            loss = generator_loss(model.discriminator(fake, condition).score)
        generator_optimizer.zero_grad()
        loss.backward()
        generator_optimizer.step()
        model.discriminator.requires_grad_(True)

    return step


def by_pythae(cfg: DictConfig, data: GlyphData) -> Benchmark:
    """Return what trains the same VAE by pythae's own trainer, and counts glyphs.

    Its encoder and decoder have 512 hidden units, as ``model.network=mlp model.channels=128`` has.

    Raises:
        ImportError: If pythae is not installed.
    """
    from pythae.data.datasets import BaseDataset
    from pythae.models import VAE, VAEConfig
    from pythae.trainers import BaseTrainer, BaseTrainerConfig
    from pythae.trainers.training_callbacks import TrainingCallback

    class Enough(Exception):
        pass

    class Stopwatch(TrainingCallback):
        def __init__(self, seconds: float) -> None:
            self.seconds, self.began, self.rate, self.epochs = seconds, 0.0, 0.0, 0

        def on_epoch_begin(self, *args: Any, **kwargs: Any) -> None:
            self.began = self.began or time.perf_counter()

        def on_epoch_end(self, *args: Any, **kwargs: Any) -> None:
            self.epochs += 1
            elapsed = time.perf_counter() - self.began
            self.rate = self.epochs * len(data.train) / elapsed
            if elapsed >= self.seconds:
                raise Enough

    images = torch.tensor(data.train.images).float() / 255
    side = data.train.image_shape[-1]

    def measure(seconds: float) -> float:
        network = VAE(VAEConfig(input_dim=(1, side, side), latent_dim=cfg.model.latent_dim, reconstruction_loss="bce"))
        stopwatch = Stopwatch(seconds)
        with TemporaryDirectory() as folder, _silence(), contextlib.suppress(Enough):
            settings = BaseTrainerConfig(
                output_dir=folder,
                per_device_train_batch_size=data.batch_size,
                num_epochs=10**6,
                learning_rate=cfg.model.lr,
                optimizer_cls="Adam",
                no_cuda=True,
            )
            labels = torch.zeros(len(images))
            BaseTrainer(network, BaseDataset(images, labels), training_config=settings, callbacks=[stopwatch]).train()
        return stopwatch.rate

    return measure


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    """Let what is measured print as much as it likes, to nobody."""
    logging.disable(logging.CRITICAL)  # pythae's loggers hold on to the terminal
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            yield
    finally:
        logging.disable(logging.NOTSET)
