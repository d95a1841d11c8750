"""Checkpoints: tensors and plain values, written atomically, and read by nothing but ``weights_only=True``."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import torch

from handwriting.errors import RunError
from handwriting.files import write_atomically

SCHEMA = 1
"""Raised when an older checkpoint can no longer be read."""


def save(checkpoint: dict[str, Any], path: Path) -> None:
    """Write a checkpoint with its schema version, atomically."""
    write_atomically(path, lambda file: torch.save({**checkpoint, "schema": SCHEMA}, file))


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
