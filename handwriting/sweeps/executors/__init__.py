"""What runs trials: processes of this machine, a Ray cluster, SLURM, or any launcher of Hydra's."""

from handwriting.sweeps.executors.base import Executor, ResourceRequest

__all__ = ["Executor", "ResourceRequest"]
