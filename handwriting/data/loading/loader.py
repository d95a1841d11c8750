"""Batches of glyphs from memory: one index operation each, already on the device."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from handwriting.data.preparation.augmentation import Augmentation
from handwriting.errors import DataError
from handwriting.glyphs import UNKNOWN, Glyphs


class Batch(NamedTuple):
    """What a training step sees.

    Attributes:
        image: float32 ``(B, 1, H, W)`` in [0, 1].
        label: int64 ``(B,)``; -1 where unknown.
        style: int64 ``(B,)``; -1 where unknown.
    """

    image: Tensor
    label: Tensor
    style: Tensor

    @classmethod
    def of(cls, glyphs: Glyphs) -> Batch:
        """Return glyphs as one batch on the CPU."""
        return cls(torch.tensor(glyphs.images) / 255, torch.tensor(glyphs.labels), torch.tensor(glyphs.styles))

    @classmethod
    def from_tensors(cls, values: Tensor | Sequence[Tensor]) -> Batch:
        """Return what any loader yields as a batch: images alone, or ``(image, label)``, or ``(image, label, style)``.

        Args:
            values: Images ``(B, 1, H, W)``, float in [0, 1] or uint8 in 0..255; integer labels and styles ``(B,)``,
                unknown (-1) where absent.

        Raises:
            DataError: If it is anything else.
        """
        image, *indices = tensors_of(values)
        unknown = [torch.full(image.shape[:1], UNKNOWN, device=image.device)] * (2 - len(indices))
        label, style = (index.long() for index in (*indices, *unknown))
        return cls(image / 255 if image.dtype == torch.uint8 else image.float(), label, style)


def tensors_of(values: Any) -> list[Tensor]:
    """Return the tensors that any loader yields, their shapes and types checked; no value is read.

    Args:
        values: As for :meth:`Batch.from_tensors`.

    Returns:
        The images, and the labels and styles where there are some.

    Raises:
        DataError: If it is anything else.
    """
    tensors = [values] if isinstance(values, Tensor) else list(values)
    if not 1 <= len(tensors) <= 3 or not all(isinstance(tensor, Tensor) for tensor in tensors):
        raise DataError("A loader must yield tensors: image, (image, label) or (image, label, style).")
    image, *indices = tensors
    if image.ndim != 4 or image.shape[1] != 1 or not (image.is_floating_point() or image.dtype == torch.uint8):
        raise DataError(
            f"A loader yields images of shape {tuple(image.shape)} and type {image.dtype}: a model takes "
            "(batch, 1, height, width), as floats in [0, 1] or as uint8 in 0..255."
        )
    if any(index.shape != image.shape[:1] for index in indices):
        raise DataError(f"A loader must yield one label, and one style, for each of its {len(image)} images.")
    for kind, index in zip(("labels", "styles"), indices, strict=False):
        if index.is_floating_point() or index.is_complex():
            raise DataError(f"A loader yields {kind} of type {index.dtype}: give integers, by {kind}.long().")
    return tensors


def is_ours(step: Any) -> bool:
    """Whether a trainer's step holds batches as our loaders yield them: one, or a list of several."""
    return isinstance(step, Batch) or (isinstance(step, list) and bool(step) and isinstance(step[0], Batch))


def as_batches(step: Any) -> Sequence[Batch]:
    """Return the batches of a trainer's step: those of :class:`Steps`, or the one that another loader yields."""
    if is_ours(step):
        return (step,) if isinstance(step, Batch) else step
    return (Batch.from_tensors(step),)


class GlyphLoader:
    """Yields a data set batch by batch, in the order that its seed and the epoch give.

    Order and augmentation come from the loader's own generators, seeded by ``(seed, epoch)``: an epoch comes
    out the same in a resumed run, whatever else has drawn random numbers before.

    Under DDP the ranks share joint batches, which are those that one process with batches of ``world_size`` times the
    size would see: rank r of W takes every W-th glyph of each from the r-th on. All ranks get the same number of
    batches, some of which may be empty on some ranks where the set is a small one for validation.

    Args:
        glyphs: The data set.
        batch_size: The most glyphs in a batch of this rank.
        training: Shuffle, augment and drop the last, partial batch (unless there is no other; it is then as large
            on every rank, and never empty). Otherwise every glyph comes once, in the order of ``glyphs``, in joint
            batches of nearly equal size.
        augment: How training images are changed.
        seed: The seed of order and augmentation, at least 0.
        epoch: Answers which epoch is about to begin.
        device: Where batches are wanted.
        rank: Which share this process takes.
        world_size: How many processes share the data set.
    """

    def __init__(
        self,
        glyphs: Glyphs,
        batch_size: int,
        *,
        training: bool = False,
        augment: Augmentation | None = None,
        seed: int = 0,
        epoch: Callable[[], int] = lambda: 0,
        device: torch.device | str = "cpu",
        rank: int = 0,
        world_size: int = 1,
    ) -> None:
        """Copy the data set to where its batches are made."""
        self.device = torch.device(device)
        self.home = self.device if _fits(glyphs, self.device) else torch.device("cpu")
        # torch.tensor copies: glyphs are read-only, and torch knows no read-only tensors.
        self.images = torch.tensor(glyphs.images).to(self.home)
        self.labels = torch.tensor(glyphs.labels).to(self.home)
        self.styles = torch.tensor(glyphs.styles).to(self.home)
        self.batch_size = batch_size
        self.training = training
        self.augment = augment if training and augment is not None and augment.active else None
        self.seed = seed
        self.epoch = epoch
        self.rank = rank
        self.world_size = world_size

    def __len__(self) -> int:
        """Return the number of batches, which is the same on every rank."""
        count, joint_size = len(self.images), self.batch_size * self.world_size
        return max(count // joint_size, min(count, 1)) if self.training else -(-count // joint_size)

    def __iter__(self) -> Iterator[Batch]:
        """Yield the batches of the epoch that is current when the first one is requested."""
        epoch = self.epoch()
        generator = torch.Generator(self.device).manual_seed(_seed(self.seed, epoch, 1))
        for index in self._batches(epoch):
            image = self._fetch(self.images, index) / 255
            if self.augment is not None:
                image = self.augment(image, generator, self.rank, self.world_size)
            yield Batch(image, self._fetch(self.labels, index), self._fetch(self.styles, index))

    def _batches(self, epoch: int) -> tuple[Tensor, ...]:
        """Cut this rank's share of the epoch into index tensors."""
        count = len(self.images)
        if count == 0:
            return ()
        if not self.training:
            joint = torch.arange(count, device=self.home).tensor_split(len(self))
            return tuple(batch[self.rank :: self.world_size] for batch in joint)
        # Drawn on the CPU whatever the device, so that the order does not depend on the machine.
        order = torch.randperm(count, generator=torch.Generator().manual_seed(_seed(self.seed, epoch, 0)))
        own = min(len(self) * self.batch_size, max(count // self.world_size, 1))
        # A set of fewer glyphs than ranks is dealt round again.
        dealt = torch.arange(self.rank, own * self.world_size, self.world_size) % count
        return order[dealt].to(self.home).split(self.batch_size)

    def _fetch(self, values: Tensor, index: Tensor) -> Tensor:
        batch = values.index_select(0, index)  # copies whole rows: more than twice as fast as values[index]
        return batch if self.home == self.device else batch.pin_memory().to(self.device, non_blocking=True)


class Steps:
    """Hands the batches of a loader out several at a time, as the trainer's steps.

    Args:
        loader: The loader.
        size: How many batches there are in a step; in the last of an epoch those that remain.
    """

    def __init__(self, loader: GlyphLoader, size: int) -> None:
        self.loader = loader
        self.size = size

    @property
    def batch_size(self) -> int:
        """The most glyphs in one of the batches."""
        return self.loader.batch_size

    def __len__(self) -> int:
        """Return the number of steps in an epoch."""
        return -(-len(self.loader) // self.size)

    def __iter__(self) -> Iterator[list[Batch]]:
        """Yield the steps of an epoch."""
        batches = iter(self.loader)
        while step := list(islice(batches, self.size)):
            yield step

    def batches(self, steps: int) -> int:
        """Return how many batches there are in the first ``steps`` steps of an epoch."""
        return min(steps * self.size, len(self.loader))


def _fits(glyphs: Glyphs, device: torch.device) -> bool:
    """Say whether the images leave three quarters of the device's free memory to the model."""
    return device.type != "cuda" or glyphs.images.nbytes <= torch.cuda.mem_get_info(device)[0] // 4


def _seed(*parts: int) -> int:
    """Mix numbers into one 64-bit seed; neighbouring seeds and epochs give unrelated streams."""
    return int(np.random.SeedSequence(parts).generate_state(1, np.uint64)[0])
