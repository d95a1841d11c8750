"""Which of the processes that train together this one is."""

from __future__ import annotations

from pytorch_lightning.utilities.rank_zero import rank_zero_only


def is_first_process() -> bool:
    """Tell whether this process is the one that writes files; known from the environment, before DDP is set up."""
    rank: int = rank_zero_only.rank  # type: ignore[attr-defined]
    return rank == 0
