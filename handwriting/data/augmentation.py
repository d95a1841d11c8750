"""Small random changes of place, size and slant, for a whole batch at once on its own device."""

# Annotations stay objects here (no `from __future__ import annotations`): the config layer validates against them.

from dataclasses import dataclass
from typing import Annotated, Literal

import torch
from pydantic import Field
from torch import Tensor
from torch.nn.functional import affine_grid, grid_sample

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

    def __call__(self, images: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """Change every image by amounts of its own.

        Args:
            images: float ``(B, 1, S, S)`` in [0, 1].
            generator: What the amounts are drawn from; on the images' device.

        Returns:
            The changed images, of the same shape and range.
        """
        drawn = torch.empty(5, len(images), device=images.device).uniform_(-1, 1, generator=generator)
        right, down, scale, rotate, shear = drawn
        return warp(
            images,
            shift=self.shift * torch.stack((right, down), dim=1),
            scale=1 + self.scale * scale,
            rotate=self.rotate * rotate,
            shear=self.shear * shear,
            fill=self.fill,
        )


def warp(images: Tensor, shift: Tensor, scale: Tensor, rotate: Tensor, shear: Tensor, fill: Fill = "zeros") -> Tensor:
    r"""Scale, slant, turn and then shift each image about its centre.

    A point :math:`p` of the glyph moves to :math:`R(\phi)\,K(\kappa)\,s\,p + t`.

    Args:
        images: float ``(B, 1, S, S)``.
        shift: To the right and down, as fractions of the image's size, ``(B, 2)``.
        scale: Factors; above 1 is larger, ``(B,)``.
        rotate: Degrees; above 0 is counter-clockwise, ``(B,)``.
        shear: Degrees; above 0 leans to the right, ``(B,)``.
        fill: What comes in over the edge.

    Returns:
        The changed images, float ``(B, 1, S, S)``, sampled bilinearly.
    """
    angle = rotate.deg2rad()
    cos, sin, slant = angle.cos(), angle.sin(), shear.deg2rad().tan()
    # grid_sample asks where each pixel comes from, so this is the inverse: unscale, unslant, unturn (y points down).
    inverse = torch.stack((cos + slant * sin, slant * cos - sin, sin, cos), dim=1).view(-1, 2, 2)
    inverse = inverse / scale.view(-1, 1, 1)
    # The grid runs from -1 to 1, so a whole image is two units wide.
    offset = -inverse @ (2 * shift).unsqueeze(2)
    theta = torch.cat((inverse, offset), dim=2).to(images.dtype)
    grid = affine_grid(theta, list(images.shape), align_corners=False)
    return grid_sample(images, grid, mode="bilinear", padding_mode=fill, align_corners=False)
