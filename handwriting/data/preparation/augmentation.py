"""Small random changes of place, size and slant, for a whole batch at once on its own device."""

# Annotations stay objects here (no `from __future__ import annotations`): the config layer validates against them.

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

if TYPE_CHECKING:
    import torch
    from torch import Tensor

Fill = Literal["zeros", "border"]


@dataclass(frozen=True)
class Augmentation:
    """How far a training glyph may be changed; each amount is drawn evenly between minus and plus its limit.

    Attributes:
        shift: Left, right, up and down, as a fraction of the image's size.
        scale: Smaller or larger, as a fraction of the glyph's size.
        rotate: Turned either way, in degrees.
        shear: Slanted either way, in degrees.
        fill: What comes in over the edge: ``zeros`` (empty paper) or ``border`` (the edge's own pixels).
    """

    shift: Annotated[float, Field(ge=0, le=1)] = 0.0
    scale: Annotated[float, Field(ge=0, lt=1)] = 0.0
    rotate: Annotated[float, Field(ge=0, le=180)] = 0.0
    shear: Annotated[float, Field(ge=0, lt=90)] = 0.0
    fill: Fill = "zeros"

    @property
    def active(self) -> bool:
        """Whether any glyph would change at all."""
        return any((self.shift, self.scale, self.rotate, self.shear))

    def __call__(
        self, images: "Tensor", generator: "torch.Generator | None" = None, rank: int = 0, world_size: int = 1
    ) -> "Tensor":
        """Change every image by amounts of its own.

        Args:
            images: float ``(B, 1, S, S)`` in [0, 1].
            generator: What the amounts are drawn from; on the images' device.
            rank: Which share of a joint batch the images are: every ``world_size``-th from this one on.
            world_size: How many shares there are, all as large.

        Returns:
            The changed images, of the same shape and range.
        """
        # torch takes seconds to import, and a source of glyphs must be able to refuse a file before that.
        import torch

        from handwriting.data.preparation.warping import warp

        drawn = torch.empty(5, len(images) * world_size, device=images.device).uniform_(-1, 1, generator=generator)
        right, down, scale, rotate, shear = drawn[:, rank::world_size]
        return warp(
            images,
            shift=self.shift * torch.stack((right, down), dim=1),
            scale=1 + self.scale * scale,
            rotate=self.rotate * rotate,
            shear=self.shear * shear,
            fill=self.fill,
        )
