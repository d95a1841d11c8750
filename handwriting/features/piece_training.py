"""The training of the classifier of pieces, by one fixed, seeded recipe for every hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from handwriting.networks.piece_classifier import PieceClassifier
from handwriting.networks.precision import fast_in_bfloat16

PIECES_PER_BATCH = 2048
"""Pieces scored at once."""


@dataclass(frozen=True)
class PieceTraining:
    """The recipe.

    Attributes:
        epochs: Passes over the examples.
        batch_size: Examples in a batch.
        lr: The peak of the one-cycle learning rate (Smith and Topin, 2019).
        label_smoothing: The share of the target that is spread over the other classes, 0..1.
        scale: Standard deviation of the logarithm of random scalings.
        shear: Standard deviation of random shears.
        shift: Standard deviation of random shifts, as a share of the picture.
        strength: Standard deviation of random factors of the ink.
    """

    epochs: int = 8
    batch_size: int = 128
    lr: float = 4e-3
    label_smoothing: float = 0.05
    scale: float = 0.07
    shear: float = 0.1
    shift: float = 0.05
    strength: float = 0.15

    def __call__(
        self,
        pictures: NDArray[np.uint8],
        labels: NDArray[np.int64],
        weights: NDArray[np.float64],
        classes: int,
        seed: int,
        progress: Callable[[float], object] = lambda share: None,
    ) -> PieceScores:
        """Train a classifier; the same examples give the same weights on the same machine.

        Args:
            pictures: uint8 ``(n, 2, rows, columns)``.
            labels: The class of each, from 0, int64 ``(n,)``.
            weights: The weight of each in the loss, ``(n,)``.
            classes: The number of classes.
            seed: The seed of weights, order and augmentation.
            progress: Called after each batch with the share of the training that is done, 0..1.
        """
        images, targets = torch.tensor(pictures), torch.tensor(labels)
        weight = torch.tensor(weights, dtype=torch.float32)
        size = min(self.batch_size, len(images))
        batches = len(images) // size
        with torch.random.fork_rng(), torch.enable_grad():
            torch.manual_seed(seed)
            network = PieceClassifier(classes).train()
            network(images[:2].float())  # the lazy layer takes its size
            network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
            optimizer = torch.optim.AdamW(network.parameters(), self.lr, weight_decay=0.01, fused=True)
            schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, self.lr, total_steps=self.epochs * batches)
            for epoch in range(self.epochs):
                order = torch.randperm(len(images))
                for number, batch in enumerate(order[: batches * size].split(size), 1):
                    shown = self._augmented(images[batch].float() / 255)
                    with torch.autocast("cpu", torch.bfloat16, enabled=fast_in_bfloat16("cpu")):
                        logits = network(shown.contiguous(memory_format=torch.channels_last))
                    losses = F.cross_entropy(
                        logits.float(), targets[batch], reduction="none", label_smoothing=self.label_smoothing
                    )
                    loss = (losses * weight[batch]).sum() / weight[batch].sum()
                    optimizer.zero_grad()
                    loss.backward()
                    optimizer.step()
                    schedule.step()
                    progress((epoch + number / batches) / self.epochs)
        return PieceScores(network.eval())

    def _augmented(self, images: Tensor) -> Tensor:
        """Return images with random scale, shear, place and strength of ink, by one resampling."""
        count = len(images)
        grid = torch.zeros(count, 2, 3)
        grid[:, 0, 0], grid[:, 1, 1] = (torch.exp(self.scale * torch.randn(2, count))).unbind()
        grid[:, 0, 1] = self.shear * torch.randn(count)
        grid[:, :, 2] = self.shift * torch.randn(count, 2)
        points = F.affine_grid(grid, list(images.shape), align_corners=False)
        moved = F.grid_sample(images, points, align_corners=False)
        return (moved * (1 + self.strength * torch.randn(count, 1, 1, 1))).clamp(0, 1)


class PieceScores:
    """Gives the log probability of every class.

    Args:
        network: A trained classifier, in evaluation mode.
    """

    def __init__(self, network: PieceClassifier) -> None:
        self.network = network

    def __call__(self, pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return the log probability of each class, float32 ``(n, classes)``.

        Args:
            pictures: uint8 ``(n, 2, rows, columns)``.
        """
        scores = []
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=fast_in_bfloat16("cpu")):
            for start in range(0, len(pictures), PIECES_PER_BATCH):
                shown = torch.tensor(pictures[start : start + PIECES_PER_BATCH]).float() / 255
                logits = self.network(shown.contiguous(memory_format=torch.channels_last))
                scores.append(logits.float().log_softmax(dim=1).numpy())
        return np.concatenate(scores) if scores else np.zeros((0, 0), np.float32)
