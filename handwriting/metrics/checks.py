"""What every measure over features refuses: too few glyphs, and values that are not finite."""

from __future__ import annotations

import torch
from torch import Tensor

from handwriting.errors import DataError


def refuse_too_few(metric: str, least: int, *counts: int) -> None:
    """Refuse to take a measure of fewer glyphs than it needs.

    Args:
        metric: Its file in ``conf/metrics/``.
        least: How many glyphs it needs on each side.
        counts: How many there are.

    Raises:
        DataError: If there are fewer.
    """
    if min(counts) < least:
        there = " against ".join(str(count) for count in counts)
        raise DataError(
            f"{metric} needs at least {least} glyphs on each side, and there are {there}: "
            f"measure more of them, or leave it out with metrics.{metric}=null"
        )


def in_float64(metric: str, least: int, *sides: Tensor) -> tuple[Tensor, ...]:
    """Return each side's vectors ``(N, D)`` in float64.

    Raises:
        DataError: If a side has fewer than ``least``, or a value is not finite.
    """
    refuse_too_few(metric, least, *(len(side) for side in sides))
    if not all(side.isfinite().all() for side in sides):
        raise DataError(f"{metric} cannot be taken: the features of some glyphs are not finite numbers")
    return tuple(side.to(torch.float64) for side in sides)
