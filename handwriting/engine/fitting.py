"""Building what a training is made of, and running it into its folder."""

from __future__ import annotations

import gc
import logging
import os
import shlex
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, OmegaConf
from pytorch_lightning.callbacks import Checkpoint
from pytorch_lightning.loggers import Logger
from torch.nn.modules.batchnorm import _BatchNorm

from handwriting import config, runs
from handwriting.callbacks.checkpoints import BestCheckpoint, SafeCheckpointIO
from handwriting.callbacks.metrics_log import MetricsLog
from handwriting.callbacks.stop_request import StopRequest
from handwriting.callbacks.validation_metrics import ValidationMetrics
from handwriting.config import typed_command
from handwriting.data.loading.module import GlyphData
from handwriting.data.preparation.styles import STYLE_NAMES
from handwriting.data.sources.base import GlyphSource
from handwriting.engine.loggers import close, make_loggers
from handwriting.engine.processes import is_first_process
from handwriting.engine.resuming import resumed_config
from handwriting.engine.sections import build_loading, build_source
from handwriting.errors import ConfigError, RunError
from handwriting.glyphs import Glyphs
from handwriting.metrics.base import Metric
from handwriting.models.base import GlyphModel
from handwriting.networks.precision import fast_in_bfloat16
from handwriting.runs import Run, RunFolder, checkpoints
from handwriting.runs.summaries import as_override, flatten

log = logging.getLogger("handwriting")

FOLDER_VARIABLE = "HANDWRITING_RUN_FOLDER"
"""How the processes that DDP starts learn of the folder that the first one has claimed."""


def run(
    cfg: DictConfig,
    source: GlyphSource | None = None,
    read: tuple[Glyphs, Glyphs] | None = None,
    records: Sequence[logging.LogRecord] = (),
) -> None:
    """Check everything, claim the run folder, train, and say where the pictures are.

    Args:
        cfg: The configuration of the job.
        source: Where the glyphs come from, where it was built before.
        read: What it read, where it was read before.
        records: What was logged before.
    """
    quieten_lightning()
    cfg, earlier = resumed_config(cfg)
    config.check(cfg)
    source = source or build_source(cfg.data)
    rehearse(cfg, source)
    data = GlyphData(source, read, build_loading(cfg.data))
    with _own_folder(earlier) as folder, _logging_to(folder, records):
        train(cfg, folder, data, earlier.checkpoint("last") if earlier else None)


def rehearse(cfg: DictConfig, source: GlyphSource) -> None:
    """Build everything that needs no data, so that a mistake is found before data is touched.

    The model is built without memory for its weights, for a stand-in alphabet.

    Raises:
        ConfigError: For the first value or combination that cannot be used.
    """
    styles = STYLE_NAMES if source.style != "none" else ()
    with torch.device("meta"):
        config.build(cfg.model, "model", image_size=source.image_size, alphabet=("a", "b"), style_names=styles)
    build_metrics(cfg.get("metrics"))
    _trainer(cfg, Path.cwd(), _callbacks(cfg), make_loggers(cfg, Path.cwd()))


def train(
    cfg: DictConfig,
    folder: Path,
    data: GlyphData,
    checkpoint: Path | None = None,
    callbacks: Sequence[pl.Callback] = (),
) -> pl.Trainer:
    """Train on ``data`` in a claimed folder, from the start or from a checkpoint, and keep the folder's status.

    Args:
        cfg: The configuration of the job.
        folder: The run folder.
        data: The glyphs.
        checkpoint: What to go on from.
        callbacks: More callbacks than those that are configured, called after them.

    Raises:
        HandwritingError: If the data is missing or the training fails for a reason that a user can mend.
    """
    first = is_first_process()
    run_folder = RunFolder(folder)
    if first:
        run_folder.begin(OmegaConf.to_yaml(cfg, resolve=True), _status(cfg), _summary(cfg))
    try:
        trainer = _fit(cfg, folder, data, run_folder if first else None, checkpoint, callbacks)
    except BaseException as error:
        if first:
            interrupted = isinstance(error, KeyboardInterrupt)
            why = "stopped by hand" if interrupted else f"{type(error).__name__}: {error}"
            run_folder.end("interrupted" if interrupted else "failed", why)
            if interrupted:
                print(f"\nInterrupted. Go on with: python train.py resume={shlex.quote(str(folder))}", file=sys.stderr)
        raise
    if first:
        stopped = next((one.reason for one in trainer.callbacks if isinstance(one, StopRequest) and one.reason), None)  # type: ignore[attr-defined]
        if stopped:
            run_folder.end("interrupted", stopped.why, stopped.stopped_by)
        else:
            run_folder.end("done")
        grids = sorted((folder / "samples").glob("*.png"))
        print(f"Done: {folder}" + (f"\nGrid: {grids[-1]}" if grids else ""))
    return trainer


def _fit(
    cfg: DictConfig,
    folder: Path,
    data: GlyphData,
    run_folder: RunFolder | None,
    checkpoint: Path | None,
    more_callbacks: Sequence[pl.Callback],
) -> pl.Trainer:
    pl.seed_everything(cfg.seed, verbose=False)
    os.environ.pop("PL_GLOBAL_SEED")  # by it DDP would seed once more, and go on with other numbers than one process
    data.setup()
    _warn_of_skipped(data.source)
    model = build_model(cfg, data)
    callbacks = [*_callbacks(cfg), *more_callbacks]
    for callback in callbacks:
        if run_folder and isinstance(callback, MetricsLog):
            callback.attach(run_folder)
        if isinstance(callback, ValidationMetrics):
            callback.attach(build_metrics(cfg.get("metrics")), run_folder)
    if run_folder:
        parameters = sum(weight.numel() for weight in model.parameters() if weight.requires_grad)
        run_folder.note(data_fingerprint=data.fingerprint, data_report=data.report)
        monitor, mode = _monitor(model, callbacks)
        facts = {"parameters": parameters, "training_glyphs": len(data.train), "monitor": monitor, "mode": mode}
        run_folder.summarise(facts)
    trainer = _trainer(cfg, folder, callbacks, make_loggers(cfg, folder))
    _warn_of_batch_statistics(model, trainer)
    if checkpoint and not checkpoint.is_file():
        log.warning("%s is missing: the run was stopped before its first checkpoint and starts over", checkpoint)
        checkpoint = None
    if checkpoint:
        _refuse_other_weights(model, checkpoint)
    settings: Any = OmegaConf.to_container(cfg, resolve=True)
    for logger in trainer.loggers:
        logger.log_hyperparams(settings)
    gc.freeze()  # or the collector would go through all that was imported, a quarter of a second each time
    try:
        trainer.fit(model, datamodule=data, ckpt_path=checkpoint, weights_only=True)
    except SystemExit as stop:  # Lightning's answer to Ctrl-C; a trial of a sweep must not end the sweep
        raise KeyboardInterrupt from stop
    finally:
        gc.unfreeze()
        close(trainer.loggers)
    return trainer


def _monitor(model: GlyphModel, callbacks: Sequence[pl.Callback]) -> tuple[str, str]:
    """Return which logged value tells a better checkpoint, and a better run, and whether less of it is better."""
    chosen = next((callback.chosen for callback in callbacks if isinstance(callback, BestCheckpoint)), None)
    return chosen or (model.monitor, model.mode)


def _warn_of_skipped(source: GlyphSource) -> None:
    if skipped := source.skipped:
        log.warning("%d glyphs or files were skipped (data.on_bad=skip); the first: %s", len(skipped), skipped[0])
        for reason in skipped:
            log.info("skipped: %s", reason)


def _warn_of_batch_statistics(model: GlyphModel, trainer: pl.Trainer) -> None:
    apart = trainer.world_size > 1 and trainer.strategy.root_device.type == "cpu"
    if apart and trainer.is_global_zero and any(isinstance(part, _BatchNorm) for part in model.modules()):
        log.warning(
            "on the CPU each of the %d processes normalises by the statistics of its own part of a batch: set "
            "model.norm=none or instance, or a larger data.batch_size, or train on GPUs",
            trainer.world_size,
        )


def build_model(cfg: DictConfig, data: GlyphData) -> GlyphModel:
    """Return the model of ``cfg`` for the glyphs of ``data``, laid out and compiled as asked."""
    model: GlyphModel = config.build(
        cfg.model, "model", image_size=data.source.image_size, alphabet=data.alphabet, style_names=data.style_names
    )
    model = model.to(memory_format=torch.channels_last)
    if cfg.compile:
        for network in model.children():
            network.compile()  # in place, so that the checkpoint's keys stay as they are
    return model


def _trainer(cfg: DictConfig, folder: Path, callbacks: list[pl.Callback], loggers: list[Logger]) -> pl.Trainer:
    on_gpu = _on_gpu(cfg.trainer.accelerator)
    return config.build(
        cfg.trainer if on_gpu else {**cfg.trainer, "sync_batchnorm": False},  # torch refuses it on the CPU
        "trainer",
        default_root_dir=str(folder),
        callbacks=callbacks,
        logger=loggers,
        precision=resolve_precision(cfg.precision, cfg.trainer.accelerator),
        plugins=[SafeCheckpointIO()],
        # Otherwise Lightning would add a checkpoint callback of its own.
        enable_checkpointing=any(isinstance(callback, Checkpoint) for callback in callbacks),
    )


def resolve_precision(precision: str, accelerator: str) -> str:
    """Return Lightning's name of a precision; ``auto`` is bfloat16 where the hardware multiplies it natively.

    Raises:
        ConfigError: If it is neither ``auto``, ``32-true`` nor ``bf16-mixed``.
    """
    allowed = ("auto", "32-true", "bf16-mixed")
    if precision not in allowed:
        raise ConfigError(f"precision={precision} is not allowed: choose {', '.join(allowed)}.")
    if precision != "auto":
        return precision
    if _on_gpu(accelerator):
        device = "cuda"
    else:
        device = "cpu" if accelerator == "cpu" or not torch.backends.mps.is_available() else "mps"
    return "bf16-mixed" if fast_in_bfloat16(device) else "32-true"


def _on_gpu(accelerator: str) -> bool:
    return accelerator != "cpu" and torch.cuda.is_available()


def build_metrics(sections: DictConfig | None) -> list[Metric]:
    """Return the metrics that a configuration names; none of a run that is older than the first of them."""
    return [config.build(section, "metrics") for section in (sections or {}).values() if section is not None]


def _callbacks(cfg: DictConfig) -> list[pl.Callback]:
    return [config.build(section, "callbacks") for section in cfg.callbacks.values() if section is not None]


# The run folder


@contextmanager
def _own_folder(earlier: Run | None) -> Iterator[Path]:
    """Claim the run folder in the first process, or take up an earlier one; tell the other processes which it is."""
    wished = Path(HydraConfig.get().runtime.output_dir)
    if earlier:
        yield earlier.path
    elif not is_first_process():
        yield Path(os.environ.get(FOLDER_VARIABLE, wished))
    else:
        folder = runs.claim(wished)
        os.environ[FOLDER_VARIABLE] = str(folder)
        try:
            yield folder
        finally:
            del os.environ[FOLDER_VARIABLE]


def _status(cfg: DictConfig) -> dict[str, Any]:
    return {
        "command": typed_command(),
        "seed": cfg.seed,
        "threads": torch.get_num_threads(),
        "device": torch.cuda.get_device_name() if _on_gpu(cfg.trainer.accelerator) else "CPU",
        "precision": resolve_precision(cfg.precision, cfg.trainer.accelerator),
    }


def _summary(cfg: DictConfig) -> dict[str, Any]:
    choices = HydraConfig.get().runtime.choices if HydraConfig.initialized() else {}
    settings: Any = OmegaConf.to_container(cfg, resolve=True)
    return {
        "model": cfg.model._target_.rpartition(".")[2],
        "data": choices.get("data"),
        "study": choices.get("experiments"),
        "seed": cfg.seed,
        "settings": {key: as_override(value) for key, value in flatten(settings).items()},
    }


@contextmanager
def _logging_to(folder: Path, records: Sequence[logging.LogRecord] = ()) -> Iterator[None]:
    """Write ``records`` and all that is logged to ``train.log``; only our own warnings reach the terminal as well."""
    if not is_first_process():
        yield
        return
    file = logging.FileHandler(folder / "train.log")
    file.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    terminal = logging.StreamHandler()
    terminal.setLevel(logging.WARNING)
    terminal.addFilter(logging.Filter("handwriting"))
    log.setLevel(logging.INFO)
    root = logging.getLogger()
    root.addHandler(file)
    root.addHandler(terminal)
    logging.captureWarnings(True)
    for record in records:
        root.handle(record)
    try:
        yield
    finally:
        logging.captureWarnings(False)
        for handler in (file, terminal):
            root.removeHandler(handler)
            handler.close()


def quieten_lightning() -> None:
    """Let Lightning speak to ``train.log`` rather than to the terminal."""
    for name in ("pytorch_lightning", "lightning_fabric", "lightning.pytorch"):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True


def _refuse_other_weights(model: GlyphModel, checkpoint: Path) -> None:
    """Refuse to resume where the weights do not fit, naming what does not."""
    saved = {name: tuple(weight.shape) for name, weight in checkpoints.load(checkpoint)["state_dict"].items()}
    built = {name: tuple(weight.shape) for name, weight in model.state_dict().items()}
    for name in sorted(saved.keys() | built.keys()):
        if saved.get(name) != built.get(name):
            raise RunError(
                f"{checkpoint} holds another architecture: {name} is {saved.get(name, 'absent')} there and "
                f"{built.get(name, 'absent')} here. Resume with the version and the data that it was trained with."
            )
