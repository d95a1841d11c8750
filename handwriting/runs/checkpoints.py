"""Checkpoints: tensors and plain values, written atomically, and read by nothing but ``weights_only=True``."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from handwriting.errors import RunError
from handwriting.files import no_space, write_atomically

PARTS = {
    "target": str,
    "hyper_parameters": Mapping,
    "epoch": int,
    "global_step": int,
    "loops": Mapping,
    "callbacks": Mapping,
    "optimizer_states": list,
    "lr_schedulers": list,
}
"""What each part of a model's checkpoint is, where it is there."""
FOR_RESUMING = ("epoch", "global_step", "loops", "optimizer_states", "lr_schedulers")
"""What a run resumes from besides the weights; a checkpoint of the best epoch has not all of it."""

SCHEMA = 1
"""Raised when an older checkpoint can no longer be read."""


def save(checkpoint: dict[str, Any], path: Path) -> None:
    """Write a checkpoint with its schema version, atomically.

    Raises:
        RunError: If the disk is full, or a folder has the file's name.
    """
    try:
        write_atomically(path, lambda file: torch.save({**checkpoint, "schema": SCHEMA}, file))
    except RuntimeError as error:
        # All that torch's zip writer says of a write that fails, as it does where the disk is full.
        if "unexpected pos" not in str(error) and "inline_container" not in str(error):
            raise
        raise RunError(no_space(path)) from error


def load(path: Path, device: str = "cpu") -> dict[str, Any]:
    """Read a checkpoint that :func:`save` wrote.

    Raises:
        RunError: If it is missing, broken, of another version, or holds anything but tensors and plain values.
    """
    if not path.is_file():
        raise RunError(f"{path} is missing: the run has not finished its first epoch.")
    try:
        checkpoint = torch.load(path, map_location=device, weights_only=True)
    except pickle.UnpicklingError as error:
        raise RunError(f"{path} holds more than tensors and plain values, or is no checkpoint: not loaded.") from error
    except (OSError, RuntimeError, EOFError, ValueError, KeyError) as error:
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise RunError(f"{path} is broken ({reason}): use another checkpoint of the run.") from error
    if not isinstance(checkpoint, dict) or checkpoint.get("schema") != SCHEMA:
        schema = checkpoint.get("schema") if isinstance(checkpoint, dict) else None
        raise RunError(f"{path} has schema {schema}; this version of handwriting reads {SCHEMA}.")
    return checkpoint


def load_model(path: Path, to_resume: bool = False) -> dict[str, Any]:
    """Read a checkpoint of a model, each part of which has the shape that training gives it.

    Args:
        path: The checkpoint.
        to_resume: Whether it must hold what a run resumes from.

    Raises:
        RunError: As :func:`load`, and if a part is missing or has another shape.
    """
    checkpoint = load(path)
    weights = checkpoint.get("state_dict")
    broken = [name for name, kind in PARTS.items() if name in checkpoint and not isinstance(checkpoint[name], kind)]
    broken += [name for name in FOR_RESUMING if to_resume and name not in checkpoint]
    if not isinstance(weights, Mapping) or not all(isinstance(weight, torch.Tensor) for weight in weights.values()):
        broken.insert(0, "state_dict")
    if broken:
        raise RunError(
            f"{path} is broken ({broken[0]} is not what training writes): use another checkpoint of the run."
        )
    return checkpoint
