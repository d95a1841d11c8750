"""GlyphSource: what every data source is; it reads and prepares glyphs, and knows nothing of training.

Nothing here imports torch: a file that is missing or broken is refused before anything heavy is loaded.
"""

# Annotations stay objects here (no `from __future__ import annotations`): the config layer validates against them,
# and sources in other files inherit them.

from abc import ABC, abstractmethod
from dataclasses import dataclass, field, replace
from typing import Annotated, Literal, NamedTuple

from pydantic import Field, NonNegativeInt, PositiveInt

from handwriting.data.augmentation import Augmentation
from handwriting.data.resizing import resize
from handwriting.data.splits import stratified_split
from handwriting.data.styles import STYLE_NAMES, style_labels
from handwriting.errors import DataError
from handwriting.glyphs import Glyphs


class Prepared(NamedTuple):
    """The glyphs of a source as a model sees them, and what was done to them."""

    train: Glyphs
    val: Glyphs
    test: Glyphs
    report: dict[str, int]
    """How many glyphs each step left out or added."""


@dataclass(eq=False)
class GlyphSource(ABC):
    """Where glyphs come from, and how they are prepared; a source adds its own fields and says how to :meth:`read`.

    Attributes:
        root: The folder that holds data sets.
        image_size: Height and width of every image, in pixels.
        batch_size: Glyphs in a batch, on each device.
        val_fraction: The share of each class that is taken from the training set for validation.
        style: What divides thin from thick glyphs of a class: ``median`` or ``mean`` ink; ``none`` for no styles.
        style_threshold: A pixel above it counts as ink, 0..255.
        augment: Random changes of the training images.
        on_bad: What is done with a glyph or file that cannot be used: ``refuse``, or ``skip`` it and count it.
        split_seed: What splits, and synthetic glyphs, are drawn from: by default the same in every run, so that runs
            with different seeds are compared on the same glyphs.
        seed: What order and augmentation are drawn from.
        skipped: Why each bad glyph or file was left out.
    """

    root: str = "data"
    image_size: PositiveInt = 28
    batch_size: PositiveInt = 128
    val_fraction: Annotated[float, Field(gt=0, lt=1)] = 0.1
    style: Literal["none", "median", "mean"] = "none"
    style_threshold: Annotated[int, Field(ge=0, le=255)] = 127
    augment: Augmentation = field(default_factory=Augmentation)
    on_bad: Literal["refuse", "skip"] = "refuse"
    split_seed: NonNegativeInt = 0
    seed: NonNegativeInt = 0
    skipped: list[str] = field(init=False, repr=False, default_factory=list)

    @abstractmethod
    def read(self) -> tuple[Glyphs, Glyphs]:
        """Return the official training and test sets: upright, bright ink on dark, in their native size.

        Raises:
            DataError: If files are missing, broken or do not fit together.
        """

    def bad(self, reason: str) -> None:
        """Refuse one bad glyph or file, or count it and go on, as ``on_bad`` says.

        Args:
            reason: A sentence that names the file and what is wrong with it.

        Raises:
            DataError: If it is to be refused.
        """
        if self.on_bad == "refuse":
            raise DataError(f"{reason} data.on_bad=skip leaves it out.")
        self.skipped.append(reason)

    def prepare(self, train: Glyphs, test: Glyphs) -> Prepared:
        """Resize, split and style what :meth:`read` returned."""
        train, test = (replace(part, images=resize(part.images, self.image_size)) for part in (train, test))
        kept, held = stratified_split(train.labels, self.val_fraction, self.split_seed)
        reference = train[kept]
        train, val, test = (self._styled(part, reference) for part in (reference, train[held], test))
        return Prepared(train, val, test, report={"skipped": len(self.skipped)})

    def _styled(self, part: Glyphs, reference: Glyphs) -> Glyphs:
        if self.style == "none":
            return part
        styles = style_labels(reference, part, self.style, self.style_threshold)
        return replace(part, styles=styles, style_names=STYLE_NAMES)
