"""A trained model from its checkpoint alone."""

from __future__ import annotations

from pathlib import Path

from handwriting.config import build, class_of
from handwriting.errors import ConfigError, ConfigFileError, HandwritingError, RunError
from handwriting.models.base import GlyphModel
from handwriting.runs import Run, checkpoint_file, checkpoints
from handwriting.text import one_line


def load(run: str | Path | Run) -> GlyphModel:
    """Return the trained model of a run, on the CPU, ready to sample; no data set is needed.

    Args:
        run: A run or its folder, whose best checkpoint is taken, or where there is none the last; or a checkpoint file.

    Raises:
        RunError: If there is no such run, or no checkpoint in it that can be loaded safely.
        ConfigFileError: If a file of an installed plug-in cannot be read.
    """
    path = checkpoint_file(run.path if isinstance(run, Run) else run)
    checkpoint = checkpoints.load_model(path)
    try:
        if "target" in checkpoint:
            class_of({"_target_": checkpoint["target"]}, "model", base=GlyphModel)
    except ConfigFileError:  # of a plug-in: no fault of the checkpoint
        raise
    except ConfigError as error:
        raise RunError(f"{path}: {error}") from error
    try:
        section = {"_target_": checkpoint["target"], **checkpoint["hyper_parameters"]}
        model: GlyphModel = build(section, "model", base=GlyphModel)
        model.load_state_dict(checkpoint["state_dict"])
    except (KeyError, RuntimeError, HandwritingError) as error:
        reason = one_line(error)[:200]
        raise RunError(f"{path} does not fit this version of handwriting: {reason}") from error
    model.on_load_checkpoint(checkpoint)
    return model.eval()
