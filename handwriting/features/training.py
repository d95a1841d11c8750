"""The training of the glyph classifier, by one fixed, seeded recipe for every data set."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace

import torch
from torch.nn import functional as F

from handwriting.data.loading.loader import GlyphLoader
from handwriting.data.preparation.augmentation import Augmentation
from handwriting.data.preparation.resizing import resize
from handwriting.glyphs import Glyphs
from handwriting.networks.classifier import SIDE, GlyphClassifier
from handwriting.networks.precision import fast_in_bfloat16

KEY_NAMES = {"max_glyphs": "most", "max_epochs": "passes", "min_glyphs": "least", "label_smoothing": "smoothing"}
"""The names of settings in keys, which stay the same so that classifiers in users' caches are found."""


@dataclass(frozen=True)
class ClassifierRecipe:
    """The recipe; any change makes another classifier, which is cached under another key.

    Attributes:
        max_glyphs: The largest number of glyphs to train on, repetitions included.
        max_epochs: The largest number of passes over the data, unless ``min_glyphs`` needs more.
        min_glyphs: The smallest number of glyphs to train on, repetitions included: few glyphs need many passes.
        batch_size: Glyphs in a batch.
        lr: The peak of the one-cycle learning rate (Smith and Topin, 2019).
        label_smoothing: The share of the target that is spread over the other classes, 0..1.
        shift: Augmentation; see :class:`handwriting.data.preparation.augmentation.Augmentation`.
        scale: Augmentation, as ``shift``.
        rotate: Augmentation, in degrees.
        shear: Augmentation, in degrees.
        seed: The seed of weights, order and augmentation.
        version: Increased when a change of the code below changes the weights.
    """

    max_glyphs: int = 250_000
    max_epochs: int = 20
    min_glyphs: int = 25_000
    batch_size: int = 128
    lr: float = 4e-3
    label_smoothing: float = 0.05
    shift: float = 0.07
    scale: float = 0.1
    rotate: float = 8.0
    shear: float = 8.0
    seed: int = 0
    version: int = 1

    def key(self) -> str:
        """Return the recipe as text, under which its classifiers are cached; equal recipes have equal keys."""
        return repr(sorted((KEY_NAMES.get(name, name), value) for name, value in asdict(self).items()))

    def epochs(self, count: int) -> int:
        """Return the number of passes over ``count`` glyphs.

        >>> ClassifierRecipe().epochs(20_160), ClassifierRecipe().epochs(1_295), ClassifierRecipe().epochs(100)
        (12, 20, 250)
        """
        return max(1, round(min(self.max_glyphs, max(self.min_glyphs, self.max_epochs * count)) / count))


def train(recipe: ClassifierRecipe, glyphs: Glyphs, device: torch.device | str = "cpu") -> GlyphClassifier:
    """Train a classifier; the same glyphs give the same weights on the same machine, whatever random state it finds.

    Args:
        recipe: Settings of the training; its ``seed`` fixes weights, order and augmentation.
        glyphs: Labelled glyphs of any size.
        device: The device to train on.

    Returns:
        The classifier, in evaluation mode.
    """
    small = replace(glyphs, images=resize(glyphs.images, SIDE))
    epochs = recipe.epochs(len(small))
    augment = Augmentation(shift=recipe.shift, scale=recipe.scale, rotate=recipe.rotate, shear=recipe.shear)
    epoch = 0
    loader = GlyphLoader(
        small,
        min(recipe.batch_size, len(small)),
        training=True,
        augment=augment,
        seed=recipe.seed,
        epoch=lambda: epoch,
        device=device,
    )
    # A trained model must not depend on whether its classifier had to be trained first.
    with torch.random.fork_rng(), torch.enable_grad():
        torch.manual_seed(recipe.seed)
        classifier = GlyphClassifier(len(glyphs.alphabet)).train()
        classifier.to(device=device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        optimizer = torch.optim.Adam(classifier.parameters(), recipe.lr, fused=True)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, recipe.lr, total_steps=epochs * len(loader))
        for epoch in range(epochs):  # noqa: B007 - the loader reads it
            for batch in loader:
                with torch.autocast(torch.device(device).type, torch.bfloat16, enabled=fast_in_bfloat16(device)):
                    logits = classifier(batch.image)
                loss = F.cross_entropy(logits.float(), batch.label, label_smoothing=recipe.label_smoothing)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                schedule.step()
    return classifier.eval()
