"""Generating glyphs: one method that every model answers, and glyphs by the name of their class and style."""

import math
from abc import abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import PositiveInt
from torch import Tensor

from handwriting.errors import ConfigError
from handwriting.glyphs import UNKNOWN, Glyphs, to_grey_levels
from handwriting.models.conditions import ConditionedModel, ConditionName, Requested
from handwriting.progress import step

MAX_BATCH_GLYPHS = 512
"""Glyphs are sampled and encoded in batches of at most this many."""


class SampledModel(ConditionedModel):
    """A module that generates glyphs from latents, under conditions.

    Attributes:
        image_size: Side of the square images in pixels (from the data).
        latent_dim: Length of the latent vector.
    """

    image_size: PositiveInt
    latent_dim: PositiveInt = 64

    @abstractmethod
    def generate(self, latent: Tensor, condition: Tensor) -> Tensor:
        """Return the image of each latent: without randomness, by the averaged weights.

        Args:
            latent: ``(N, latent_dim)``, on the model's device.
            condition: Condition indices int64 ``(N, C)``, a column for each of ``conditions``.

        Returns:
            ``(N, 1, H, W)`` in [0, 1].
        """

    def sample(
        self,
        n: int,
        labels: Requested = None,
        styles: Requested = None,
        generator: torch.Generator | None = None,
        temperature: float = 1.0,
        seed: int | None = None,
    ) -> Tensor:
        """Sample glyphs: latents from the prior, decoded under the requested conditions.

        >>> model.sample(10, labels="a", seed=0).shape  # doctest: +SKIP
        torch.Size([10, 1, 28, 28])

        Args:
            n: Number of glyphs.
            labels: Classes by name or index, one for each glyph or one for all; sampled uniformly where None.
            styles: Styles, in the same way.
            generator: On the CPU; the same state gives the same glyphs, on whatever device the model is.
            temperature: Factor on the standard deviations of latents, above 0. Below 1 glyphs are more alike, above 1
                bolder.
            seed: The same as a new generator with this seed.

        Returns:
            Images float32 ``(n, 1, H, W)`` in [0, 1], on the CPU.

        Raises:
            ConfigError: If the number or the temperature is none, or both a generator and a seed are given.
            DataError: For a name that the model does not know, or a condition that it was not trained on.
        """
        if not isinstance(n, int) or n < 0:
            raise ConfigError(f"n={n}: give the number of glyphs, 0 or more.")
        if not 0 < temperature < math.inf:
            raise ConfigError(f"temperature={temperature}: give a number greater than 0.")
        if seed is not None:
            if generator is not None:
                raise ConfigError(f"seed={seed} and a generator exclude each other: give one of them.")
            generator = torch.Generator().manual_seed(seed)
        conditions = self.requested_conditions(n, labels, styles, generator)
        return self.render(self.sample_latents(conditions, generator, temperature), conditions)

    def sample_latents(self, conditions: Tensor, generator: torch.Generator | None, temperature: float = 1.0) -> Tensor:
        """Return latents from the prior, float32 ``(N, latent_dim)`` on the CPU; N(0, 1) unless a model learns another.

        Args:
            conditions: Condition indices int64 ``(N, C)``, on the CPU.
            generator: On the CPU.
            temperature: Factor on the standard deviations.
        """
        return temperature * torch.randn(len(conditions), self.latent_dim, generator=generator)

    def render(self, latents: Tensor, conditions: Tensor) -> Tensor:
        """Return the image of each latent, batch by batch.

        Args:
            latents: ``(N, latent_dim)``.
            conditions: Condition indices int64 ``(N, C)``.

        Returns:
            Images float32 ``(N, 1, H, W)`` in [0, 1], on the CPU.
        """
        images = [torch.zeros(0, 1, self.image_size, self.image_size)]
        batches = zip(latents.split(MAX_BATCH_GLYPHS), conditions.split(MAX_BATCH_GLYPHS), strict=True)
        with step("generating glyphs") as report, self.evaluating():
            for number, (latent, condition) in enumerate(batches, 1):
                image = self.generate(latent.to(self.device), condition.to(self.device))
                images.append(image.float().clamp(0, 1).cpu())
                report(min(1.0, number * MAX_BATCH_GLYPHS / len(latents)))
        return torch.cat(images)

    @contextmanager
    def evaluating(self) -> Iterator[None]:
        """Run without gradients and with every layer in evaluation mode, then restore the mode."""
        was_training = self.training
        self.eval()
        try:
            with torch.inference_mode():
                yield
        finally:
            self.train(was_training)


def sample_glyphs(
    model: SampledModel,
    n: int,
    labels: Sequence[str] | None = None,
    styles: Sequence[str] | None = None,
    seed: int = 0,
    temperature: float = 1.0,
) -> Glyphs:
    """Return ``n`` glyphs of each class in each style, ordered by both; the same seed gives the same bytes.

    Args:
        model: A trained model.
        n: Number of glyphs of each class and style; in all, of a model without conditions.
        labels: Names of classes; all that the model knows where None.
        styles: Names of styles, in the same way.
        seed: Seed of the latents.
        temperature: Factor on the standard deviations of latents. The same seed at another temperature gives variants
            of the same glyphs.

    Raises:
        DataError: For a class or style that the model does not know, or if the model's images are not finite.
    """
    requested: dict[ConditionName, Sequence[str] | None] = {"class": labels, "style": styles}
    indices: dict[ConditionName, NDArray[np.int64]] = {}
    for condition, names in requested.items():
        if names is not None:
            indices[condition] = np.array([model.index(condition, name) for name in names])
        elif condition in model.conditions:
            indices[condition] = np.arange(len(model.names_of(condition)))
    combinations = np.meshgrid(*(indices.get(condition, [UNKNOWN]) for condition in requested), indexing="ij")
    label, style = (grid.ravel().repeat(n) for grid in combinations)
    known = {"class": label, "style": style}
    labels_of, styles_of = (torch.tensor(known[name]) if name in indices else None for name in requested)
    images = model.sample(len(label), labels_of, styles_of, torch.Generator().manual_seed(seed), temperature)
    return Glyphs(to_grey_levels(images.numpy()), label, style, model.alphabet, model.style_names)
