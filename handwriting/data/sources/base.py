"""GlyphSource: what every data source is; it reads and prepares glyphs, and knows nothing of training.

Nothing here imports torch: a file that is missing or broken is refused before anything heavy is loaded.
"""

# Annotations stay objects here (no `from __future__ import annotations`): the config layer validates against them,
# and sources in other files inherit them.

from abc import ABC, abstractmethod
from dataclasses import dataclass, field, replace
from typing import Annotated, Literal, NamedTuple

from pydantic import Field, NonNegativeInt, PositiveInt

from handwriting.data.preparation.splits import stratified_split
from handwriting.data.preparation.steps import Outliers, Preparation, with_classes
from handwriting.data.preparation.styles import STYLE_NAMES, style_labels
from handwriting.errors import DataError
from handwriting.fields import ChangesOnResume, CommandLineOnly, FolderPath
from handwriting.glyphs import Glyphs


class Prepared(NamedTuple):
    """The glyphs of a source as a model sees them, and what was done to them."""

    train: Glyphs
    val: Glyphs
    test: Glyphs
    report: dict[str, int]
    """What each step that did something left out or added: bad glyphs or files ``skipped``, ``dropped_classes``, and
    training glyphs left out as ``outliers``, ``cut``, or ``filled`` in."""
    outliers: Outliers
    """The training glyphs that were left out as outliers."""
    whole: Glyphs
    """The training glyphs before any was left out, filled in or given a style: the same for all runs on this data."""


@dataclass(eq=False)
class GlyphSource(ABC):
    """Where glyphs come from, and how they are prepared; a source adds its own fields and says how to :meth:`read`.

    Attributes:
        root: The folder that holds data sets.
        image_size: Height and width of every image, in pixels.
        val_fraction: The share of each class that is taken from the training set for validation.
        style: What divides thin from thick glyphs of a class: ``median`` or ``mean`` ink; ``none`` for no styles.
        style_threshold: A pixel above it counts as ink, 0..255.
        prepare: Which classes and glyphs are left out, how their ink is cleaned, and how classes are balanced.
        on_bad: What is done with a glyph or file that cannot be used: ``refuse``, or ``skip`` it and count it.
        split_seed: What splits, and synthetic glyphs, are drawn from: by default the same in every run, so that runs
            with different seeds are compared on the same glyphs.
        skipped: Why each bad glyph or file was left out.
    """

    root: Annotated[FolderPath, ChangesOnResume(), CommandLineOnly()] = "data"
    image_size: PositiveInt = 28
    val_fraction: Annotated[float, Field(gt=0, lt=1)] = 0.1
    style: Literal["none", "median", "mean"] = "none"
    style_threshold: Annotated[int, Field(ge=0, le=255)] = 127
    prepare: Preparation = field(default_factory=Preparation)
    on_bad: Literal["refuse", "skip"] = "refuse"
    split_seed: NonNegativeInt = 0
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

    def split_off(self, glyphs: Glyphs, fraction: float) -> tuple[Glyphs, Glyphs]:
        """Return the glyphs that stay and a random ``fraction`` of each class, the same for the same ``split_seed``."""
        kept, held = stratified_split(glyphs.labels, fraction, self.split_seed)
        return glyphs[kept], glyphs[held]

    def prepared(self, train: Glyphs, test: Glyphs) -> Prepared:
        """Turn what :meth:`read` returned into what a model sees, step by step.

        1. Classes are left out, and labels numbered anew, in training and test alike.
        2. All images are cleaned and brought to their size.
        3. Validation glyphs are split off. What follows chooses among training glyphs, so that validation and test
           sets stay what they would have been, and measures on them can be compared.
        4. Outliers are left out: before they could be copied, or take the place of a better glyph.
        5. Styles are labelled; the measure is that of real glyphs only.
        6. Classes are cut and filled up.

        Raises:
            ConfigError: If ``prepare`` names a class that does not exist, or leaves out all of them.
            DataError: If a class has no training glyph, and bad ones are to be refused.
        """
        classes = self.kept_classes(train)
        dropped = len(train.alphabet) - len(self.prepare.kept_classes(train))
        train, test = with_classes(train, classes), with_classes(test, classes)

        train, test = (replace(part, images=self.prepare.clean(part.images, self.image_size)) for part in (train, test))
        whole, val = self.split_off(train, self.val_fraction)

        reference, outliers = self.prepare.without_outliers(whole)
        train, val, test = (self._styled(part, reference) for part in (reference, val, test))
        train, balancing = self.prepare.balanced(train, self.split_seed)

        left_out = {"skipped": len(self.skipped), "dropped_classes": dropped, "outliers": len(outliers.glyphs)}
        report = {step: count for step, count in (left_out | balancing).items() if count}
        return Prepared(train, val, test, report, outliers, whole)

    def kept_classes(self, train: Glyphs) -> list[int]:
        """Return the indices of the classes that a model is trained on: asked for, and with training glyphs.

        Raises:
            ConfigError: If ``prepare`` names a class that does not exist, or leaves out all of them.
            DataError: If a class has no training glyph, and bad ones are to be refused.
        """
        wanted, counts = self.prepare.kept_classes(train), train.counts()
        empty = [train.alphabet[index] for index in wanted if not counts[index]]
        for name in empty:
            self.bad(
                f"class {name} has no training glyph: add some, or data.prepare.drop=[{','.join(empty)}] leaves it out."
            )
        return [index for index in wanted if counts[index]]

    def _styled(self, part: Glyphs, reference: Glyphs) -> Glyphs:
        if self.style == "none":
            return part
        styles = style_labels(reference, part, self.style, self.style_threshold)
        return replace(part, styles=styles, style_names=STYLE_NAMES)
