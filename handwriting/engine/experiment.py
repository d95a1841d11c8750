"""An experiment: everything that a configuration names, built once, checked, and then used."""

from __future__ import annotations

import copy
import logging
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch
from lightning_fabric.plugins.environments import LightningEnvironment, SLURMEnvironment
from omegaconf import DictConfig, OmegaConf
from pytorch_lightning.callbacks import Checkpoint, EarlyStopping

from handwriting import config
from handwriting.callbacks.checkpoints import BestCheckpoint, SafeCheckpointIO
from handwriting.callbacks.validation_metrics import ValidationMetrics
from handwriting.config import INSTALLED, Trust
from handwriting.data.loading.module import Batch, GlyphData
from handwriting.data.preparation.styles import STYLE_NAMES
from handwriting.data.sources.base import GlyphSource
from handwriting.engine.initial_weights import InitialWeights
from handwriting.engine.loggers import make_loggers
from handwriting.engine.monitors import MonitorCheck, refuse_unknown_monitors, refuse_without_loggers
from handwriting.engine.precision import resolve_precision, uses_gpu
from handwriting.engine.sections import build_loading, build_source, check_trainer
from handwriting.glyphs import Glyphs
from handwriting.metrics.base import Metric
from handwriting.models.base import GlyphModel
from handwriting.text import seconds_in


@dataclass(eq=False)
class Experiment:
    """The parts of one training, built from a configuration; no glyph is read and nothing is written yet.

    Attributes:
        config: The configuration of the job.
        folder: The run folder.
        data: The data source and its loader. Its glyphs are read and prepared by :meth:`GlyphData.setup`.
        metrics: The metrics that are configured.
        callbacks: The configured callbacks by their keys, in the order in which they are called.
        trainer: Lightning's trainer, with these callbacks and the configured loggers.
        trust: Which classes the configuration may name.
    """

    config: DictConfig
    folder: Path
    data: GlyphData
    metrics: list[Metric]
    callbacks: dict[str, pl.Callback]
    trainer: pl.Trainer
    trust: Trust = INSTALLED

    @classmethod
    def from_config(
        cls,
        cfg: DictConfig,
        folder: Path | None = None,
        data: GlyphData | None = None,
        more_callbacks: Sequence[pl.Callback] = (),
        trust: Trust = INSTALLED,
    ) -> Experiment:
        """Build everything that needs no glyphs.

        Args:
            cfg: The configuration of the job.
            folder: The run folder; the current folder where nothing will be written, as in a check.
            data: The data, where it was built, read or prepared before.
            more_callbacks: Callbacks that are called after the configured ones.
            trust: Which classes the configuration may name.

        Raises:
            ConfigError: At the first class or value that is not allowed.
        """
        folder = folder or Path.cwd()
        data = data or GlyphData(build_source(cfg.data, trust), loading=build_loading(cfg.data))
        metrics = build_metrics(cfg.get("metrics"), trust)
        callbacks = build_callbacks(cfg.callbacks, trust)
        for callback in callbacks.values():
            if isinstance(callback, ValidationMetrics):
                callback.metrics = [metric for metric in metrics if metric.while_training]
        called = [*callbacks.values(), MonitorCheck(callbacks), *more_callbacks]
        trainer = _build_trainer(cfg, folder, called, trust)
        return cls(cfg, folder, data, metrics, callbacks, trainer, trust)

    def check(self, train: Glyphs | None = None, resumes: bool = False) -> None:
        """Refuse parts that do not go together, before the glyphs are prepared.

        The model's class says what it requires of data. The model is then built without memory for its weights, for a
        stand-in alphabet, so that no rule about its settings and its layers is written down a second time.

        Args:
            train: The training glyphs as they were read; None where they are not read yet.
            resumes: Whether the run resumes from a checkpoint of its own, and so needs no other run's weights.

        Raises:
            ConfigError: For the first combination that cannot be used.
            DataError: If the glyphs do not suit the model.
            RunError: If the run that it starts from cannot be loaded.
        """
        source = self.data.source
        model_class: type[GlyphModel] = config.class_of(self.config.model, "model", base=GlyphModel, trust=self.trust)
        settings = {key: value for key, value in config.plain_section(self.config.model).items() if key != "_target_"}
        model_class.check_data(settings, source.image_size, self.data.batch_size, train)
        style_names = STYLE_NAMES if source.style != "none" else ()
        with torch.device("meta"):
            model = _create_model(self.config, source.image_size, ("a", "b"), style_names, self.trust)
        refuse_without_loggers(self.callbacks, self.trainer)
        refuse_unknown_monitors(
            self.callbacks, [metric for metric in self.metrics if metric.while_training], _validation_losses(model)
        )
        if self.init is not None and not resumes:
            initial = InitialWeights(self.init)
            # Where the classes are not known yet, its own let everything else be checked.
            alphabet = _class_names(source, train) if train else initial.model.alphabet
            with torch.device("meta"):
                model = _create_model(self.config, source.image_size, alphabet or ("a",), style_names, self.trust)
            initial.check(model)

    @property
    def init(self) -> str | None:
        """The run folder or checkpoint file whose weights the training begins with, if any."""
        init: str | None = self.config.get("init")  # an older run has no such key
        return init

    def build_model(self) -> GlyphModel:
        """Return the model for the prepared glyphs."""
        return build_model(self.config, self.data, self.trust)

    def monitor(self, model: GlyphModel) -> tuple[str, str]:
        """Return the logged value by which checkpoints and runs are compared, and ``min`` or ``max``."""
        chosen = (callback.chosen for callback in self.callbacks.values() if isinstance(callback, BestCheckpoint))
        return next(chosen, None) or (model.monitor, model.mode)


def check_training(cfg: DictConfig, trust: Trust = INSTALLED) -> None:
    """Refuse a composed configuration that cannot be trained: a value that is not allowed, parts that do not fit.

    Everything that a training builds is built; no glyphs are read, and nothing is written. The trainer is built for
    one process on the CPU: a sweep may be submitted where the devices of its trials are missing. This imports torch;
    :func:`handwriting.engine.preflight.read_checked` finds what can be found without it, and reads the glyphs.

    Args:
        cfg: The configuration of the job.
        trust: Which classes it may name.

    Raises:
        ConfigError: For the first value or combination that cannot be used.
    """
    config.check(cfg, trust)
    here = {"trainer": {"accelerator": "cpu", "devices": 1, "num_nodes": 1, "strategy": "auto"}, "precision": "32-true"}
    local = copy.deepcopy(cfg)
    OmegaConf.set_struct(local, False)  # not every trainer has all of these keys
    local.merge_with(here)
    before = logging.root.manager.disable
    logging.disable(logging.INFO)  # this trainer trains nothing: what Lightning says of it would mislead
    try:
        with warnings.catch_warnings(action="ignore"):
            Experiment.from_config(local, trust=trust).check()
    finally:
        logging.disable(before)


def build_model(cfg: DictConfig, data: GlyphData, trust: Trust = INSTALLED) -> GlyphModel:
    """Return the model that a configuration names for prepared glyphs, laid out and compiled as configured.

    Args:
        cfg: The configuration of the job.
        data: The prepared glyphs, which determine image size, alphabet and styles.
        trust: Which classes the configuration may name.
    """
    model = _create_model(cfg, data.source.image_size, data.alphabet, data.style_names, trust)
    model = model.to(memory_format=torch.channels_last)
    if cfg.compile:
        for network in model.children():
            network.compile()  # in place, so that the checkpoint's keys stay as they are
    return model


def _create_model(
    cfg: DictConfig, image_size: int, alphabet: tuple[str, ...], style_names: tuple[str, ...], trust: Trust
) -> GlyphModel:
    model: GlyphModel = config.build(
        cfg.model,
        "model",
        base=GlyphModel,
        trust=trust,
        image_size=image_size,
        alphabet=alphabet,
        style_names=style_names,
    )
    return model


def build_metrics(sections: Mapping[str, Any] | None, trust: Trust = INSTALLED) -> list[Metric]:
    """Return the metrics of a ``metrics`` section; none where it is absent, as in runs older than the first metric."""
    return [
        config.build(section, "metrics", base=Metric, trust=trust)
        for section in (sections or {}).values()
        if section is not None
    ]


def build_callbacks(sections: Mapping[str, Any], trust: Trust = INSTALLED) -> dict[str, pl.Callback]:
    """Return the callbacks of a ``callbacks`` section by their keys: this package's in their order, then all others.

    What the others read in a hook, such as ``val/fid``, has then been logged, whatever their place in the section.
    """
    chosen = {key: section for key, section in sections.items() if section is not None}
    callbacks = {key: _build_callback(section, trust) for key, section in chosen.items()}
    return dict(sorted(callbacks.items(), key=lambda item: not type(item[1]).__module__.startswith("handwriting.")))


def _build_callback(section: Mapping[str, Any], trust: Trust) -> pl.Callback:
    callback: pl.Callback = config.build(section, "callbacks", base=pl.Callback, trust=trust)
    if isinstance(callback, EarlyStopping):
        # Metrics are measured at the end of an epoch, and in some epochs only.
        callback.strict = section.get("strict", False)
        if callback._check_on_train_epoch_end is None:
            callback._check_on_train_epoch_end = True
    return callback


def _class_names(source: GlyphSource, train: Glyphs) -> tuple[str, ...]:
    """Return the names of the classes that preparation keeps; one without glyphs is skipped, or refused elsewhere."""
    counts = train.counts()
    return tuple(train.alphabet[index] for index in source.prepare.kept_classes(train) if counts[index])


def _validation_losses(model: GlyphModel) -> set[str]:
    """Return the names of a model's validation losses, by validating it on a batch without content.

    Args:
        model: A model on the device ``meta``, on which nothing is computed.

    Returns:
        The names, such as ``loss``; empty where the model does something that this device cannot do.
    """
    with torch.device("meta"):
        batch = Batch(
            torch.zeros(2, 1, model.image_size, model.image_size),
            torch.zeros(2, dtype=torch.long),
            torch.zeros(2, dtype=torch.long),
        )
        try:
            with torch.no_grad():
                model.validate_batch(batch)
        except (NotImplementedError, RuntimeError, TypeError):
            return set()
    return model.running_means.names


def _alone_within_slurm(section: Mapping[str, Any]) -> list[LightningEnvironment]:
    """Return what lets a single process train within an allocation of several tasks, as in an interactive shell.

    Lightning would take part in as many processes as SLURM has granted tasks, or refuse their number.
    """
    is_single = section.get("devices") in (1, "1") and section.get("num_nodes", 1) == 1
    return [LightningEnvironment()] if is_single and SLURMEnvironment.detect() else []


def _build_trainer(cfg: DictConfig, folder: Path, callbacks: list[pl.Callback], trust: Trust) -> pl.Trainer:
    section = cfg.trainer
    check_trainer(section)
    if section.get("max_time") is not None:
        section = {**section, "max_time": timedelta(seconds=seconds_in(str(section.max_time)) or 0)}
    if not uses_gpu(cfg.trainer.accelerator):
        section = {**section, "sync_batchnorm": False}  # torch refuses it on the CPU
    trainer: pl.Trainer = config.build(
        section,
        "trainer",
        trust=trust,
        default_root_dir=str(folder),
        callbacks=callbacks,
        logger=make_loggers(cfg, folder, trust),
        precision=resolve_precision(cfg.precision, cfg.trainer.accelerator),
        plugins=[SafeCheckpointIO(), *_alone_within_slurm(cfg.trainer)],
        # Otherwise Lightning would add a checkpoint callback of its own.
        enable_checkpointing=any(isinstance(callback, Checkpoint) for callback in callbacks),
    )
    return trainer
