"""Where trials run: this machine, a Ray cluster, SLURM, or whatever launcher of Hydra's is chosen."""

from handwriting.sweeps.pools.base import Needs, Pool

__all__ = ["Needs", "Pool"]
