"""The training of the glyph classifier, by one fixed, seeded recipe for every data set."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from torch.nn import functional as F

from handwriting.data.loading.loader import GlyphLoader
from handwriting.data.preparation.augmentation import Augmentation
from handwriting.data.preparation.resizing import resize
from handwriting.errors import RunError
from handwriting.glyphs import Glyphs
from handwriting.networks.classifier import SIDE, GlyphClassifier
from handwriting.networks.precision import fast_in_bfloat16
from handwriting.progress import step, tell
from handwriting.runs import checkpoints
from handwriting.text import one_line

BATCHES_PER_STATE = 100
"""Batches after which a training that can go on later is kept; six seconds on two cores."""
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
        poolings: How many times the network halves the image, 2 or 3: with 3 it has a quarter of the weights.
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
    poolings: int = 2
    version: int = 1

    def key(self) -> str:
        """Return the recipe as text, under which its classifiers are cached; equal recipes have equal keys."""
        settings = asdict(self)
        if self.poolings == ClassifierRecipe.poolings:
            del settings["poolings"]  # which older keys do not hold
        return repr(sorted((KEY_NAMES.get(name, name), value) for name, value in settings.items()))

    def epochs(self, count: int) -> int:
        """Return the number of passes over ``count`` glyphs.

        >>> ClassifierRecipe().epochs(20_160), ClassifierRecipe().epochs(1_295), ClassifierRecipe().epochs(100)
        (12, 20, 250)
        """
        return max(1, round(min(self.max_glyphs, max(self.min_glyphs, self.max_epochs * count)) / count))


def train(
    recipe: ClassifierRecipe, glyphs: Glyphs, device: torch.device | str = "cpu", state: Path | None = None
) -> GlyphClassifier:
    """Train a classifier; the same glyphs give the same weights on the same machine, whatever random state it finds.

    Args:
        recipe: Settings of the training; its ``seed`` fixes weights, order and augmentation.
        glyphs: Labelled glyphs of any size.
        device: The device to train on.
        state: The file that keeps an unfinished training, from which the next call goes on to the same weights. It must
            belong to the same recipe and glyphs; None to keep nothing.

    Returns:
        The classifier, in evaluation mode.

    Raises:
        UnreadableStateError: If ``state`` cannot be read or does not fit.
        RunError: If it cannot be written.
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
    total = epochs * len(loader)
    # A trained model must not depend on whether its classifier had to be trained first.
    with step("training the glyph classifier") as report, torch.random.fork_rng(), torch.enable_grad():
        torch.manual_seed(recipe.seed)
        classifier = GlyphClassifier(len(glyphs.alphabet), recipe.poolings).train()
        classifier.to(device=device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        optimizer = torch.optim.Adam(classifier.parameters(), recipe.lr, fused=True)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, recipe.lr, total_steps=total)
        unfinished = UnfinishedTraining(classifier, optimizer, schedule)
        done = unfinished.read(state) if state and state.is_file() else 0
        for epoch in range(done // len(loader), epochs):  # noqa: B007 - the loader reads it
            # The batches of an epoch share a generator, so that those before are made once more.
            for batch in islice(loader, done % len(loader), None):
                with torch.autocast(torch.device(device).type, torch.bfloat16, enabled=fast_in_bfloat16(device)):
                    logits = classifier(batch.image)
                loss = F.cross_entropy(logits.float(), batch.label, label_smoothing=recipe.label_smoothing)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                schedule.step()
                done += 1
                if state and done % BATCHES_PER_STATE == 0 and done < total:
                    unfinished.write(done, total, state)
                report(done / total)
    return classifier.eval()


class UnreadableStateError(RunError):
    """A file that does not hold the unfinished training that it should."""


@dataclass(frozen=True, eq=False)
class UnfinishedTraining:
    """What a training needs to go on where it was stopped, in a file.

    Attributes:
        classifier: The classifier.
        optimizer: Its optimizer.
        schedule: The schedule of the learning rate.
    """

    classifier: GlyphClassifier
    optimizer: torch.optim.Optimizer
    schedule: torch.optim.lr_scheduler.LRScheduler

    def write(self, done: int, total: int, path: Path) -> None:
        """Write the state after ``done`` of ``total`` batches, atomically.

        Raises:
            RunError: If the disk is full.
        """
        device = self._device
        state = {
            "done": done,
            "total": total,
            "random": torch.get_rng_state(),
            "device_random": torch.cuda.get_rng_state(device) if device.type == "cuda" else None,
            **{name: part.state_dict() for name, part in self._parts.items()},
        }
        checkpoints.save(state, path)

    def read(self, path: Path) -> int:
        """Restore what :meth:`write` wrote, and return how many batches are done.

        Raises:
            UnreadableStateError: If the file is broken or does not fit.
        """
        try:
            state = checkpoints.load(path)
            for name, part in self._parts.items():
                part.load_state_dict(state[name])
            torch.set_rng_state(state["random"])
            if self._device.type == "cuda" and state["device_random"] is not None:
                torch.cuda.set_rng_state(state["device_random"], self._device)
            done, total = int(state["done"]), int(state["total"])
        except (RunError, KeyError, TypeError, ValueError, RuntimeError) as error:
            raise UnreadableStateError(f"{path} does not hold an unfinished training ({one_line(error)})") from error
        tell(f"It goes on after {done:,} of {total:,} batches.")
        return done

    @property
    def _device(self) -> torch.device:
        return next(self.classifier.parameters()).device

    @property
    def _parts(self) -> dict[str, Any]:
        return {"classifier": self.classifier, "optimizer": self.optimizer, "schedule": self.schedule}
