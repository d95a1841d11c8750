"""Several processes that train one model: what they share so that they compute what one process would.

The *global batch* is the batch that one process would see. Process r of W holds every W-th of its glyphs, from the
r-th on.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from handwriting.data.loading.module import Batch
from handwriting.models.settings import SettingsModule


class GlobalBatchModel(SettingsModule):
    """A module whose random numbers and means are those of the global batch.

    Attributes:
        global_batch_size: Glyphs in the global batch at hand, while several processes train or validate together; None
            for one process.
    """

    def __post_init__(self) -> None:
        """Start as a single process."""
        super().__post_init__()
        self.global_batch_size: int | None = None

    def sample_globally(self, sampler: Callable[[Tensor], Tensor], like: Tensor) -> Tensor:
        """Sample something random for each glyph of a batch.

        Several processes sample, from the same random state, for the whole global batch, and each keeps its own share.
        So no two glyphs get the same numbers, and all get those that a single process samples.

        Args:
            sampler: Returns random values of its argument's shape, such as ``torch.randn_like``.
            like: Its argument for this process's glyphs, ``(N, ...)``.

        Returns:
            ``(N, ...)``.
        """
        if self.global_batch_size is None:
            return sampler(like)
        whole, mine = like.new_zeros(self.global_batch_size, *like.shape[1:]), self._my_rows
        whole[mine] = like.detach()
        sampled = sampler(whole)[mine]
        return sampled if len(sampled) == len(like) else torch.zeros_like(like)  # a placeholder is not in the batch

    def global_mean(self, values: Tensor) -> Tensor:
        """Return the mean over the global batch of one value for each glyph ``(N,)``: a scalar without a gradient."""
        if self.global_batch_size is None:
            return values.detach().mean()
        count = len(range(self.global_batch_size)[self._my_rows])
        return self.sum_over_processes(values.detach()[:count].float().sum()) / self.global_batch_size

    @property
    def _my_rows(self) -> slice:
        return slice(self.trainer.global_rank, None, self.trainer.world_size)

    @staticmethod
    def sum_over_processes(value: Tensor) -> Tensor:
        """Return the sum of a tensor over all processes; the tensor itself is overwritten with it."""
        torch.distributed.all_reduce(value)
        return value


def placeholder(batch: Batch) -> Batch:
    """Return a batch of one empty image in place of a batch of none, which not every layer takes."""
    return Batch(*(tensor.new_zeros(1, *tensor.shape[1:]) for tensor in batch))
