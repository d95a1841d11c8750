"""What metrics over features refuse: too few glyphs, and values that are not finite."""

from __future__ import annotations

import torch
from torch import Tensor

from handwriting.errors import DataError


def refuse_too_few(metric: str, minimum: int, *counts: int) -> None:
    """Refuse to compute a metric from fewer glyphs than it needs.

    Args:
        metric: The name of its file in ``conf/metrics/``.
        minimum: The number of glyphs that it needs on each side.
        counts: The number of glyphs on each side.

    Raises:
        DataError: If a side has fewer than ``minimum``.
    """
    if min(counts) < minimum:
        sides = " and ".join(str(count) for count in counts)
        raise DataError(
            f"{metric} needs at least {minimum} glyphs on each side, and there are {sides}: "
            f"evaluate more glyphs, or switch it off with metrics.{metric}=null"
        )


def in_float64(metric: str, minimum: int, *sides: Tensor) -> tuple[Tensor, ...]:
    """Return the vectors of each side in float64.

    Args:
        metric: The name of its file in ``conf/metrics/``.
        minimum: The number of vectors that it needs on each side.
        sides: ``(N, D)`` each.

    Raises:
        DataError: If a side has fewer than ``minimum``, or a value is not finite.
    """
    refuse_too_few(metric, minimum, *(len(side) for side in sides))
    if not all(side.isfinite().all() for side in sides):
        raise DataError(f"{metric} cannot be computed: the features of some glyphs are not finite numbers")
    return tuple(side.to(torch.float64) for side in sides)
