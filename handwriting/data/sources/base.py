"""GlyphSource, the base class of all data sources: it reads and prepares glyphs, independently of training.

Nothing here imports torch, so that missing and broken files are reported before heavy imports.
"""

# Annotations stay objects here (no `from __future__ import annotations`): the config layer validates against them,
# and sources in other files inherit them.

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, ClassVar, Literal, NamedTuple

import numpy as np
from pydantic import Field, NonNegativeInt, PositiveInt

from handwriting.checking import Checked
from handwriting.data.preparation.splits import hashes_of, stratified_split
from handwriting.data.preparation.steps import Outliers, Preparation, with_classes
from handwriting.data.preparation.styles import STYLE_NAMES, style_labels
from handwriting.errors import DataError
from handwriting.fields import ChangesOnResume, CommandLineOnly, FolderPath
from handwriting.glyphs import Glyphs


class Prepared(NamedTuple):
    """The glyphs of a source as a model sees them, and a report on their preparation."""

    train: Glyphs
    val: Glyphs
    test: Glyphs
    report: dict[str, int]
    """Counts by step, of steps that changed something: glyphs or files ``skipped``, ``dropped_classes``, and training
    glyphs removed as ``outliers``, ``cut``, or ``filled`` in."""
    outliers: Outliers
    """The training glyphs removed as outliers."""
    whole: Glyphs
    """The training glyphs before outliers, balancing and styles: the same for all runs on this data."""


@dataclass(eq=False)
class GlyphSource(metaclass=Checked):
    """A source of glyphs and its preparation; a subclass adds its own fields and implements :meth:`read`.

    ``Digits(image_size=-1)`` raises the :class:`~handwriting.errors.ConfigError` that ``data.image_size=-1`` raises on
    the command line.

    Attributes:
        root: The folder that holds data sets.
        image_size: Height and width of every image, in pixels.
        val_fraction: The share of each class of the training set that becomes the validation set, in (0, 1).
        style: The boundary of thin and thick glyphs in a class: ``median`` or ``mean`` ink; ``none`` for no styles.
        style_threshold: Pixels above it count as ink, 0..255.
        prepare: Excluded classes and glyphs, cleaning of ink, and balancing of classes.
        on_bad: Treatment of a glyph or file that cannot be used: ``refuse`` it, or ``skip`` and count it.
        split_seed: The seed of splits and of synthetic glyphs, by default the same in every run, so that runs with
            different seeds are compared on the same glyphs.
        skipped: The reason for each skipped glyph or file.
        held_out: The hash of each glyph that was split off, uint64 ``(N,)``, by the name of the part.
        held_before: The same of an earlier session, whose glyphs are held out again.
    """

    _section: ClassVar[str] = "data"

    root: Annotated[FolderPath, ChangesOnResume(), CommandLineOnly()] = "data"
    image_size: PositiveInt = 28
    val_fraction: Annotated[float, Field(gt=0, lt=1)] = 0.1
    style: Literal["none", "median", "mean"] = "none"
    style_threshold: Annotated[int, Field(ge=0, le=255)] = 127
    prepare: Preparation = field(default_factory=Preparation)
    on_bad: Literal["refuse", "skip"] = "refuse"
    split_seed: NonNegativeInt = 0
    skipped: list[str] = field(init=False, repr=False, default_factory=list)
    held_out: dict[str, Any] = field(init=False, repr=False, default_factory=dict)
    held_before: Mapping[str, Any] = field(init=False, repr=False, default_factory=dict)

    @abstractmethod
    def read(self) -> tuple[Glyphs, Glyphs]:
        """Return the official training and test sets: upright, bright ink on dark, in their native size.

        Raises:
            DataError: If files are missing, broken or do not fit together.
        """

    def reject(self, reason: str) -> None:
        """Refuse or skip a glyph or file that cannot be used, as ``on_bad`` says.

        Args:
            reason: A sentence that names the file and what is wrong with it.

        Raises:
            DataError: If ``on_bad`` is ``refuse``.
        """
        if self.on_bad == "refuse":
            raise DataError(f"{reason} Give data.on_bad=skip to skip it.")
        self.skipped.append(reason)

    def split_off(self, glyphs: Glyphs, fraction: float, part: str = "test") -> tuple[Glyphs, Glyphs]:
        """Split off a random ``fraction`` of each class; the same ``split_seed`` gives the same split.

        Where ``held_before`` says which glyphs an earlier session held out for this part, these are split off instead.

        Args:
            glyphs: The glyphs.
            fraction: The share of each class, in (0, 1).
            part: The name of the part that is split off.

        Returns:
            The remaining glyphs, and those split off.
        """
        if part in self.held_before:
            is_held = np.isin(hashes_of(glyphs.images), self.held_before[part])
            kept, held = np.flatnonzero(~is_held), np.flatnonzero(is_held)
        else:
            kept, held = stratified_split(glyphs.labels, fraction, self.split_seed)
        self.held_out[part] = hashes_of(glyphs.images[held])
        return glyphs[kept], glyphs[held]

    def prepared(self, train: Glyphs, test: Glyphs) -> Prepared:
        """Prepare the glyphs that :meth:`read` returned, step by step.

        1. Classes are dropped from training and test sets, and labels renumbered.
        2. All images are cleaned and resized.
        3. Validation glyphs are split off. Later steps select training glyphs only, so that metrics on validation and
           test sets stay comparable.
        4. Outliers are removed, before they can be copied or replace a better glyph.
        5. Styles are labelled; their boundary depends on real glyphs only.
        6. Large classes are cut and small ones filled up.

        Raises:
            ConfigError: If ``prepare`` names a class that does not exist, or drops all of them.
            DataError: If a class has no training glyph, and ``on_bad`` is ``refuse``.
        """
        classes = self.kept_classes(train)
        dropped = len(train.alphabet) - len(self.prepare.kept_classes(train))
        train, test = with_classes(train, classes), with_classes(test, classes)

        train, test = (replace(part, images=self.prepare.clean(part.images, self.image_size)) for part in (train, test))
        whole, val = self.split_off(train, self.val_fraction, "val")

        reference, outliers = self.prepare.without_outliers(whole)
        train, val, test = (self._styled(part, reference) for part in (reference, val, test))
        train, balancing = self.prepare.balanced(train, self.split_seed)

        excluded = {"skipped": len(self.skipped), "dropped_classes": dropped, "outliers": len(outliers.glyphs)}
        report = {step: count for step, count in (excluded | balancing).items() if count}
        return Prepared(train, val, test, report, outliers, whole)

    def kept_classes(self, train: Glyphs) -> list[int]:
        """Return the indices of the classes that a model is trained on: not dropped, and with training glyphs.

        Raises:
            ConfigError: If ``prepare`` names a class that does not exist, or drops all of them.
            DataError: If a class has no training glyph, and ``on_bad`` is ``refuse``.
        """
        wanted, counts = self.prepare.kept_classes(train), train.counts()
        empty = [train.alphabet[index] for index in wanted if not counts[index]]
        for name in empty:
            self.reject(f"class {name} has no training glyph: add some, or give data.prepare.drop=[{','.join(empty)}].")
        return [index for index in wanted if counts[index]]

    def _styled(self, part: Glyphs, reference: Glyphs) -> Glyphs:
        if self.style == "none":
            return part
        styles = style_labels(reference, part, self.style, self.style_threshold)
        return replace(part, styles=styles, style_names=STYLE_NAMES)
