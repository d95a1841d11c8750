"""Random affine augmentation of a batch of images, on the batch's device."""

# Annotations stay objects here (no `from __future__ import annotations`): the config layer validates against them.

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from handwriting.checking import Checked

if TYPE_CHECKING:
    import torch
    from torch import Tensor

Fill = Literal["zeros", "border"]


@dataclass(frozen=True)
class Augmentation(metaclass=Checked):
    """The limits of a random affine transformation; each amount is uniform between minus and plus its limit.

    Attributes:
        shift: Maximum horizontal and vertical shift, as a fraction of the image's size.
        scale: Maximum change of size, as a fraction of the glyph's size.
        rotate: Maximum rotation, in degrees.
        shear: Maximum shear, in degrees.
        fill: The pixels beyond the image's edge: ``zeros`` (empty paper) or ``border`` (the nearest pixel).
    """

    shift: Annotated[float, Field(ge=0, le=1)] = 0.0
    scale: Annotated[float, Field(ge=0, lt=1)] = 0.0
    rotate: Annotated[float, Field(ge=0, le=180)] = 0.0
    shear: Annotated[float, Field(ge=0, lt=90)] = 0.0
    fill: Fill = "zeros"

    @property
    def active(self) -> bool:
        """Whether any limit is above 0."""
        return any((self.shift, self.scale, self.rotate, self.shear))

    def __call__(
        self, images: "Tensor", generator: "torch.Generator | None" = None, rank: int = 0, world_size: int = 1
    ) -> "Tensor":
        """Transform every image by its own random amounts.

        Args:
            images: float ``(B, 1, S, S)`` in [0, 1].
            generator: The source of randomness, on the images' device; torch's default unless given.
            rank: The process's position among those that share a joint batch; it has every ``world_size``-th image.
            world_size: The number of processes that share a joint batch, with equally many images each.

        Returns:
            The transformed images, of the same shape and range.
        """
        # torch takes seconds to import, and a source of glyphs must be able to refuse a file before that.
        import torch

        from handwriting.data.preparation.warping import warp

        amounts = torch.empty(5, len(images) * world_size, device=images.device).uniform_(-1, 1, generator=generator)
        right, down, scale, rotate, shear = amounts[:, rank::world_size]
        return warp(
            images,
            shift=self.shift * torch.stack((right, down), dim=1),
            scale=1 + self.scale * scale,
            rotate=self.rotate * rotate,
            shear=self.shear * shear,
            fill=self.fill,
        )
