"""Where trials run: this machine, a Ray cluster, SLURM, or whatever launcher of Hydra's is chosen."""

from handwriting.sweeps.executors.base import Executor, ResourceRequest

__all__ = ["Executor", "ResourceRequest"]
