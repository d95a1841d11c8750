"""Data that a model cannot be trained or tested on, refused in words before it reaches a network."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from handwriting.data.loading.loader import is_ours, tensors_of
from handwriting.data.loading.module import GlyphData
from handwriting.errors import DataError
from handwriting.glyphs import UNKNOWN
from handwriting.models.sampling import SampledModel

ROUNDING = 1e-3
"""How far interpolation may take a pixel out of [0, 1]."""


class DataCheckedModel(SampledModel):
    """A module that checks its data whenever a trainer gives it some.

    The glyphs of a :class:`~handwriting.data.loading.module.GlyphData` are checked once, before the first batch; its
    batches cost nothing. Those of any other loader are checked one by one, before they are sent to the device. Where
    they lie on one already, only shapes and types are checked: reading values would wait for the device.

    A subclass that overrides one of the hooks below calls ``super()``.
    """

    def setup(self, stage: str) -> None:
        """Check the glyphs of a ``GlyphData``.

        Raises:
            DataError: If a set of glyphs does not suit the model.
        """
        super().setup(stage)
        data = self.trainer.datamodule  # type: ignore[attr-defined]
        if not isinstance(data, GlyphData):
            return
        for name, glyphs in (("training", data.train), ("validation", data.val), ("test", data.test)):
            origin = f"GlyphData holds {name} glyphs"
            self._check_size(origin, *glyphs.images.shape[-2:])
            self._check_indices(origin, torch.tensor(glyphs.labels), torch.tensor(glyphs.styles))

    def on_before_batch_transfer(self, batch: Any, dataloader_idx: int) -> Any:
        """Check a batch of a loader that is not ours, and return it as it is.

        Raises:
            DataError: If it does not suit the model.
        """
        if is_ours(batch) or self.trainer.predicting:
            return batch
        image, *indices = tensors_of(batch)
        origin = "A loader yields images"
        self._check_size(origin, *image.shape[-2:])
        if image.device.type == "cpu":
            _check_range(image)
        if all(index.device.type == "cpu" for index in indices):
            unknown = [torch.full(image.shape[:1], UNKNOWN)] * (2 - len(indices))
            self._check_indices(origin, *indices, *unknown)
        return batch

    def _check_size(self, origin: str, height: int, width: int) -> None:
        if (height, width) != (self.image_size, self.image_size):
            raise DataError(
                f"{origin} of {height}x{width} pixels, and the model has image_size={self.image_size}: resize them to "
                f"{self.image_size}x{self.image_size}, or build a model of their size."
            )

    def _check_indices(self, origin: str, labels: Tensor, styles: Tensor) -> None:
        """Refuse labels and styles that the model is conditioned on and does not know."""
        for condition in self.conditions:
            indices, size = labels if condition == "class" else styles, len(self.names_of(condition))
            if not len(indices):
                continue
            named = "label" if condition == "class" else "style"
            low, high = (int(limit) for limit in indices.aminmax())
            if low == UNKNOWN:
                raise DataError(
                    f"{origin} without a {named} ({UNKNOWN}), and the model's conditions name {condition}: "
                    f"give every image its {named}, or build a model whose conditions do not name {condition}."
                )
            if low < 0 or high >= size:
                names = "alphabet" if condition == "class" else "style_names"
                raise DataError(
                    f"{origin} with {named} {low if low < 0 else high}, and the model takes {named}s 0..{size - 1}: "
                    f"its {names} has {size} names. Give other {named}s, or build a model that knows them all."
                )


def _check_range(image: Tensor) -> None:
    """Refuse floats that are no intensities; what is not a number ends the training by its loss."""
    if not image.is_floating_point() or not image.numel():
        return
    low, high = (float(limit) for limit in image.aminmax())
    if low < -ROUNDING or high > 1 + ROUNDING:
        raise DataError(
            f"A loader yields images with values {low:g}..{high:g}: a model takes floats in [0, 1], or uint8 in "
            "0..255. Bring them to [0, 1], such as by images / 255."
        )
