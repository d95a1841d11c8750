"""Affine transformation of a batch of images, each by its own scale, shear, rotation and shift."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor
from torch.nn.functional import affine_grid, grid_sample


def warp(
    images: Tensor,
    shift: Tensor,
    scale: Tensor,
    rotate: Tensor,
    shear: Tensor,
    fill: Literal["zeros", "border"] = "zeros",
) -> Tensor:
    r"""Scale, shear, rotate and then shift each image about its centre.

    A point :math:`p` of the glyph moves to :math:`R(\phi)\,K(\kappa)\,s\,p + t`.

    Args:
        images: float ``(B, 1, S, S)``.
        shift: To the right and down, as fractions of the image's size, ``(B, 2)``.
        scale: Factors; above 1 is larger, ``(B,)``.
        rotate: Degrees; above 0 is counter-clockwise, ``(B,)``.
        shear: Degrees; above 0 leans to the right, ``(B,)``.
        fill: The pixels beyond the image's edge: ``zeros``, or the nearest pixels of its ``border``.

    Returns:
        The changed images, float ``(B, 1, S, S)``, sampled bilinearly.
    """
    angle = rotate.deg2rad()
    cos, sin, slant = angle.cos(), angle.sin(), shear.deg2rad().tan()
    # grid_sample takes the source of each pixel, so this is the inverse transformation (y points down).
    inverse = torch.stack((cos + slant * sin, slant * cos - sin, sin, cos), dim=1).view(-1, 2, 2)
    inverse = inverse / scale.view(-1, 1, 1)
    # The grid runs from -1 to 1, so a whole image is two units wide.
    offset = -inverse @ (2 * shift).unsqueeze(2)
    theta = torch.cat((inverse, offset), dim=2).to(images.dtype)
    grid = affine_grid(theta, list(images.shape), align_corners=False)
    return grid_sample(images, grid, mode="bilinear", padding_mode=fill, align_corners=False)
