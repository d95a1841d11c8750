"""Which of the processes that train together this one is."""

from __future__ import annotations


def is_first_process() -> bool:
    """Say whether this process is the one that writes files; known from the environment, before DDP is set up."""
    from pytorch_lightning.utilities.rank_zero import rank_zero_only

    rank: int = rank_zero_only.rank  # type: ignore[attr-defined]
    return rank == 0
