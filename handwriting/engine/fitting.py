"""Training, from a configuration to a finished run folder; read from top to bottom, it is the whole of it."""

from __future__ import annotations

import gc
import logging
import os
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch
from omegaconf import DictConfig, OmegaConf
from pytorch_lightning.utilities.exceptions import MisconfigurationException
from torch.nn.modules.batchnorm import _BatchNorm

from handwriting import config
from handwriting.callbacks.base import RunCallback
from handwriting.callbacks.stop_request import StopRequest
from handwriting.config import INSTALLED, typed_command, usual_command
from handwriting.data.loading.module import GlyphData
from handwriting.data.sources.base import GlyphSource
from handwriting.engine.claiming import claimed_folder
from handwriting.engine.experiment import Experiment
from handwriting.engine.initial_weights import InitialWeights
from handwriting.engine.invocation import Invocation
from handwriting.engine.loggers import close, connect
from handwriting.engine.monitors import stopping_reason
from handwriting.engine.precision import resolve_precision, uses_gpu
from handwriting.engine.processes import is_first_process
from handwriting.engine.resuming import refuse_other_model
from handwriting.engine.sections import build_loading, build_source
from handwriting.engine.train_log import logging_to, quieten_lightning, records_kept
from handwriting.errors import ConfigError
from handwriting.glyphs import Glyphs
from handwriting.interruption import say_stopped
from handwriting.models.base import GlyphModel
from handwriting.runs import Run, RunFolder, checkpoints
from handwriting.runs.split import FILE as SPLIT_FILE
from handwriting.runs.split import read_split, write_split
from handwriting.runs.summaries import as_override, flatten
from handwriting.terminal import bold
from handwriting.text import counted, one_line

log = logging.getLogger("handwriting")


def run(
    cfg: DictConfig,
    invocation: Invocation,
    earlier: Run | None = None,
    source: GlyphSource | None = None,
    read: tuple[Glyphs, Glyphs] | None = None,
    records: Sequence[logging.LogRecord] = (),
) -> Path:
    """Build and check everything in a run folder of its own, train, and return the folder.

    Args:
        cfg: The configuration to train with; of a resumed run, its own.
        invocation: How the training was requested.
        earlier: The run that is resumed, if any.
        source: The data source, where it was built before.
        read: Training and test glyphs, where the source was read before.
        records: What was logged before.

    Raises:
        HandwritingError: If a value, the data or the run folder cannot be used, or the training fails for a reason that
            a user can mend.
    """
    quieten_lightning()
    trust = INSTALLED if earlier else invocation.trust
    config.check(cfg, trust)
    choices = _choices_of(earlier) if earlier else invocation.choices
    data = GlyphData(source or build_source(cfg.data, trust), read, build_loading(cfg.data))
    checkpoint = earlier.checkpoint("last") if earlier else None
    with nullcontext(earlier.path) if earlier else claimed_folder(invocation.folder) as folder:
        experiment = Experiment.from_config(cfg, folder, data, trust=trust)
        experiment.check(read and read[0], resumes=checkpoint is not None and checkpoint.is_file())
        if earlier and (done := _nothing_left(cfg, earlier)):
            print(done)
            return folder
        with records_kept() as more:  # a refused resumption changes nothing in its folder
            model = prepare(experiment, checkpoint, earlier)
        with logging_to(folder, [*records, *more]):
            fit(experiment, checkpoint, choices, model)
    return folder


def _nothing_left(cfg: DictConfig, run: Run) -> str:
    """Return what to say of a run that has trained as many epochs as are asked for; nothing where some are left.

    Raises:
        ConfigError: If it has trained more.
    """
    epochs, trained = cfg.trainer.max_epochs, run.summary.get("epoch", 0)
    if epochs is None or not 0 <= epochs <= trained:
        return ""
    if epochs < trained:
        raise ConfigError(
            f"trainer.max_epochs={epochs}: {run.path} has trained {counted(trained, 'epoch')} already. To train "
            f"longer, raise it: {_longer(cfg, run.path)}"
        )
    # A run that was killed in its last moment has still to be ended.
    return _at_its_limit(cfg, run.path) if run.status.get("state") == "done" else ""


def _at_its_limit(cfg: DictConfig, run: Path) -> str:
    return f"Nothing is left to do: this run has reached its limit. To train longer, raise it: {_longer(cfg, run)}"


def _longer(cfg: DictConfig, run: Path) -> str:
    """Return the command that trains a run for longer."""
    limit = cfg.trainer.max_epochs
    more = f"trainer.max_epochs={2 * limit}" if limit and limit > 0 else "trainer.max_time=<more>"
    return usual_command("train", f"resume={run}", more)


def prepare(experiment: Experiment, checkpoint: Path | None = None, earlier: Run | None = None) -> GlyphModel:
    """Prepare the glyphs of an experiment, and build and check its model; nothing is written yet.

    Args:
        experiment: The experiment.
        checkpoint: The checkpoint to resume from.
        earlier: The run that is resumed, if any. Where its glyphs have changed, those that it held out still are.

    Returns:
        The model, with weights of its own.

    Raises:
        HandwritingError: If the glyphs cannot be used, or are not those of the run that is resumed.
    """
    cfg, data = experiment.config, experiment.data
    pl.seed_everything(cfg.seed, verbose=False)
    # By this variable DDP would seed once more, and train with other random numbers than a single process.
    os.environ.pop("PL_GLOBAL_SEED")
    data.setup()
    if earlier:
        before = earlier.status.get("data_fingerprint")
        if before not in (None, data.fingerprint):
            data.set_up_again(read_split(earlier.path))
            log.warning(
                "the glyphs have changed since this run began (fingerprint %s, now %s): it goes on with those of "
                "today, and holds out the same ones for validation and test",
                before,
                data.fingerprint,
            )
    model = experiment.build_model()
    if checkpoint and checkpoint.is_file():
        refuse_other_model(model, checkpoint)
    return model


def fit(
    experiment: Experiment,
    checkpoint: Path | None = None,
    choices: Mapping[str, str | None] | None = None,
    model: GlyphModel | None = None,
) -> pl.Trainer:
    """Train an experiment in its claimed folder, and keep the folder's status.

    Args:
        experiment: The experiment.
        checkpoint: The checkpoint to resume from; None to start a new run.
        choices: The choice of each config group, for the summary.
        model: The model, where :func:`prepare` has returned it.

    Returns:
        The trainer, which holds the model and the logged values.

    Raises:
        HandwritingError: If the data is missing or the training fails for a reason that a user can mend.
    """
    model = model or prepare(experiment, checkpoint)
    if not is_first_process():
        _fit(experiment, model, None, checkpoint)
        return experiment.trainer
    folder = RunFolder(experiment.folder)
    cfg = experiment.config
    folder.begin(OmegaConf.to_yaml(cfg, resolve=True), _status(cfg), _summary(cfg, choices or {}))
    try:
        steps_before = _steps_of(checkpoint)
        _fit(experiment, model, folder, checkpoint)
    except KeyboardInterrupt as stop:
        folder.end("interrupted", "stopped by hand")
        say_stopped(stop, f"Resume with: {usual_command('train', f'resume={folder.path}')}")
        raise
    except BaseException as error:
        folder.end("failed", f"{type(error).__name__}: {error}")
        raise
    _record_end(experiment, folder)
    if experiment.trainer.global_step == steps_before:
        print(_at_its_limit(cfg, folder.path))
    return experiment.trainer


def _steps_of(checkpoint: Path | None) -> int | None:
    """Return the steps of the optimizers after which a checkpoint was written; None where there is none."""
    if checkpoint is None or not checkpoint.is_file():
        return None
    steps = checkpoints.load(checkpoint).get("global_step")
    return steps if isinstance(steps, int) else None


def _fit(experiment: Experiment, model: GlyphModel, folder: RunFolder | None, checkpoint: Path | None) -> None:
    """Train the model on the prepared glyphs.

    Args:
        experiment: The experiment.
        model: The model.
        folder: The run folder; None in every process but the first.
        checkpoint: The checkpoint to resume from.
    """
    cfg, data, trainer = experiment.config, experiment.data, experiment.trainer
    _warn_of_skipped(data.source)
    _warn_of_batch_statistics(model, trainer)
    if folder:
        _record_data_and_model(experiment, model, folder)
        for callback in experiment.callbacks.values():
            if isinstance(callback, RunCallback):
                callback.attach(folder)
    if checkpoint and not checkpoint.is_file():
        log.warning("%s is missing: the run was stopped before its first checkpoint and starts over", checkpoint)
        checkpoint = None
    if checkpoint is None and experiment.init is not None:
        _begin_with_other_weights(experiment.init, model, folder)
    settings: Any = OmegaConf.to_container(cfg, resolve=True)
    if folder:
        connect(trainer.loggers)
    for logger in trainer.loggers:
        logger.log_hyperparams(settings)
    gc.freeze()  # or the collector would go through all that was imported, a quarter of a second each time
    try:
        trainer.fit(model, datamodule=data, ckpt_path=checkpoint, weights_only=True)
    except MisconfigurationException as error:  # of settings that it checks no earlier
        raise ConfigError(f"trainer: {one_line(error)}") from error
    except SystemExit as end:  # Lightning's answer to Ctrl-C; a trial of a sweep must not end the sweep
        stop = end.__context__
        raise stop if isinstance(stop, KeyboardInterrupt) else KeyboardInterrupt from end
    finally:
        gc.unfreeze()
        close(trainer.loggers)


def _begin_with_other_weights(init: str, model: GlyphModel, folder: RunFolder | None) -> None:
    """Give a new model the weights of another run, and record which; every process reads them."""
    initial = InitialWeights(init)
    transferred = initial.give_to(model)
    if folder:
        folder.note(init=initial.record(transferred))
        log.info("%s", initial.describe(transferred))
        print(initial.describe(transferred))


# What is recorded


def _status(cfg: DictConfig) -> dict[str, Any]:
    return {
        "command": typed_command(),
        "seed": cfg.seed,
        "threads": torch.get_num_threads(),
        "device": torch.cuda.get_device_name() if uses_gpu(cfg.trainer.accelerator) else "CPU",
        "precision": resolve_precision(cfg.precision, cfg.trainer.accelerator),
    }


def _summary(cfg: DictConfig, choices: Mapping[str, str | None]) -> dict[str, Any]:
    settings: Any = OmegaConf.to_container(cfg, resolve=True)
    return {
        "model": cfg.model._target_.rpartition(".")[2],
        "data": choices.get("data"),
        "experiment": choices.get("experiments"),
        "seed": cfg.seed,
        "settings": {key: as_override(value) for key, value in flatten(settings).items()},
    }


def _choices_of(run: Run) -> dict[str, str | None]:
    """Return the choices that the summary of a run shows; a resumed run keeps them."""
    return {"data": run.summary.get("data"), "experiments": run.summary.get("experiment")}


def _record_data_and_model(experiment: Experiment, model: GlyphModel, folder: RunFolder) -> None:
    data = experiment.data
    monitor, mode = experiment.monitor(model)
    seen = folder.status.get("data_fingerprints", [])
    known = seen if data.fingerprint in seen else [*seen, data.fingerprint]
    folder.note(data_fingerprint=data.fingerprint, data_fingerprints=known, data_report=data.report)
    if not (folder.path / SPLIT_FILE).is_file():
        write_split(folder.path, data.source.held_out)
    parameters = sum(weight.numel() for weight in model.parameters() if weight.requires_grad)
    folder.summarise({"parameters": parameters, "training_glyphs": len(data.train), "monitor": monitor, "mode": mode})


def _record_end(experiment: Experiment, folder: RunFolder) -> None:
    """Record how a training ended that did not fail, and print where its pictures are."""
    callbacks = list(experiment.callbacks.values())
    requests = (callback.reason for callback in callbacks if isinstance(callback, StopRequest))
    early = stopping_reason(callbacks)
    if request := next(filter(None, requests), None):
        folder.end("interrupted", request.why, request.stopped_by)
    else:
        folder.end("done", early)
    if early:
        log.info("%s", early)
        print(f"Stopped by {early}.")
    grids = sorted((folder.path / "samples").glob("*.png"))
    print(f"Done: {bold(folder.path)}" + (f"\nGrid: {grids[-1]}" if grids else ""))


# Warnings


def _warn_of_skipped(source: GlyphSource) -> None:
    if skipped := source.skipped:
        log.warning("%d glyphs or files were skipped (data.on_bad=skip); the first: %s", len(skipped), skipped[0])
        for reason in skipped:
            log.info("skipped: %s", reason)


def _warn_of_batch_statistics(model: GlyphModel, trainer: pl.Trainer) -> None:
    is_split = trainer.world_size > 1 and trainer.strategy.root_device.type == "cpu"
    if is_split and trainer.is_global_zero and any(isinstance(part, _BatchNorm) for part in model.modules()):
        log.warning(
            "on the CPU each of the %d processes normalises by the statistics of its own part of a batch: set "
            "model.norm=none or instance, or a larger data.batch_size, or train on GPUs",
            trainer.world_size,
        )
