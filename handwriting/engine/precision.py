"""Which number format a training computes in, and on which device."""

from __future__ import annotations

import torch

from handwriting.errors import ConfigError
from handwriting.networks.precision import fast_in_bfloat16

PRECISIONS = ("auto", "32-true", "bf16-mixed")


def resolve_precision(precision: str, accelerator: str) -> str:
    """Return Lightning's name of a precision; ``auto`` is bfloat16 where the hardware multiplies it natively.

    Args:
        precision: ``auto``, ``32-true`` or ``bf16-mixed``.
        accelerator: Lightning's name of the accelerator, such as ``cpu`` or ``auto``.

    Raises:
        ConfigError: If there is no such precision.
    """
    if precision not in PRECISIONS:
        raise ConfigError(f"precision={precision} is not allowed: choose {', '.join(PRECISIONS)}.")
    if precision != "auto":
        return precision
    if uses_gpu(accelerator):
        device = "cuda"
    else:
        device = "cpu" if accelerator == "cpu" or not torch.backends.mps.is_available() else "mps"
    return "bf16-mixed" if fast_in_bfloat16(device) else "32-true"


def uses_gpu(accelerator: str) -> bool:
    """Say whether Lightning trains on a CUDA device with this accelerator."""
    return accelerator != "cpu" and torch.cuda.is_available()
