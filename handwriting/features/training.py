"""How the glyph classifier is trained: one fixed, seeded recipe for every data set."""

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


@dataclass(frozen=True)
class ClassifierRecipe:
    """The recipe; whatever changes here makes other classifiers, which are kept beside the old ones.

    Attributes:
        most: Glyphs to train on at the most, seen again and again where there are fewer.
        passes: How often each glyph is seen at the most.
        least: Glyphs to train on at the least, whatever ``passes`` says: few glyphs need many passes.
        batch_size: Glyphs in a batch.
        lr: The learning rate at the peak of its one cycle (Smith and Topin, 2019).
        smoothing: How much of the target is spread over the other classes.
        shift: Augmentation; see :class:`handwriting.data.preparation.augmentation.Augmentation`.
        scale: The same.
        rotate: The same, in degrees.
        shear: The same, in degrees.
        seed: What weights, order and augmentation are drawn from.
        version: Raised when the code below changes what it makes.
    """

    most: int = 250_000
    passes: int = 20
    least: int = 25_000
    batch_size: int = 128
    lr: float = 4e-3
    smoothing: float = 0.05
    shift: float = 0.07
    scale: float = 0.1
    rotate: float = 8.0
    shear: float = 8.0
    seed: int = 0
    version: int = 1

    def key(self) -> str:
        """Return the recipe as text: two recipes are the same where these are."""
        return repr(sorted(asdict(self).items()))

    def epochs(self, count: int) -> int:
        """Return how often ``count`` glyphs are gone through.

        >>> ClassifierRecipe().epochs(20_160), ClassifierRecipe().epochs(1_295), ClassifierRecipe().epochs(100)
        (12, 20, 250)
        """
        return max(1, round(min(self.most, max(self.least, self.passes * count)) / count))


def train(recipe: ClassifierRecipe, glyphs: Glyphs, device: torch.device | str = "cpu") -> GlyphClassifier:
    """Train a classifier; the same glyphs give the same weights on the same machine, whatever was drawn before.

    Args:
        recipe: How.
        glyphs: All labelled; of any size.
        device: Where.

    Returns:
        The classifier, in evaluation mode.
    """
    small = replace(glyphs, images=resize(glyphs.images, SIDE))
    epochs = recipe.epochs(len(small))
    augment = Augmentation(shift=recipe.shift, scale=recipe.scale, rotate=recipe.rotate, shear=recipe.shear)
    now = 0
    loader = GlyphLoader(
        small,
        min(recipe.batch_size, len(small)),
        training=True,
        augment=augment,
        seed=recipe.seed,
        epoch=lambda: now,
        device=device,
    )
    # A trained model must not depend on whether its classifier had to be made first.
    with torch.random.fork_rng(), torch.enable_grad():
        torch.manual_seed(recipe.seed)
        classifier = GlyphClassifier(len(glyphs.alphabet)).train()
        classifier.to(device=device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        optimizer = torch.optim.Adam(classifier.parameters(), recipe.lr, fused=True)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, recipe.lr, total_steps=epochs * len(loader))
        for now in range(epochs):  # noqa: B007 - the loader asks for it
            for batch in loader:
                with torch.autocast(torch.device(device).type, torch.bfloat16, enabled=fast_in_bfloat16(device)):
                    logits = classifier(batch.image)
                loss = F.cross_entropy(logits.float(), batch.label, label_smoothing=recipe.smoothing)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                schedule.step()
    return classifier.eval()
