"""What a glyph is conditioned on, its class and its style: names, indices, and what a caller may request."""

# Annotations stay objects here (no `from __future__ import annotations`): settings are checked against them.

from collections.abc import Sequence
from dataclasses import field
from typing import Literal

import torch
from torch import Tensor

from handwriting.data.loading.module import Batch
from handwriting.errors import ConfigError, DataError, nearest
from handwriting.models.settings import SettingsModule
from handwriting.text import shown

ConditionName = Literal["class", "style"]
Requested = Sequence[str | int] | str | int | Tensor | None
"""Classes or styles that a caller requests, by name or index: one for each glyph, one for all, or None for any."""

_KEYS: dict[ConditionName, str] = {"class": "labels", "style": "styles"}
"""What a caller requests the values of a condition by."""
NAME_SETTINGS: dict[ConditionName, str] = {"class": "alphabet", "style": "style_names"}
"""The setting that holds the names of a condition."""


class ConditionedModel(SettingsModule):
    """A module that knows its classes and styles, and which of them it is conditioned on.

    Attributes:
        alphabet: Names of the classes (from the data).
        style_names: Names of the styles, empty where the data has none (from the data).
        conditions: What a caller may request of a glyph: ``class``, ``style``, both, or nothing. Only conditional
            models offer it.
    """

    alphabet: tuple[str, ...]
    style_names: tuple[str, ...] = ()
    conditions: tuple[ConditionName, ...] = field(default=(), init=False)

    def check_conditions(self) -> None:
        """Refuse conditions that the data cannot give.

        Raises:
            ConfigError: Naming the condition and what to do.
        """
        if "style" in self.conditions and not self.style_names:
            raise ConfigError("model.conditions names style, but data.style=none: set data.style=median or mean.")
        if "class" in self.conditions and not self.alphabet:
            raise ConfigError("model.conditions names class, but the data has no labels: use an unconditional model.")
        if len(set(self.conditions)) < len(self.conditions):
            raise ConfigError(f"model.conditions={list(self.conditions)} names one condition twice.")

    @property
    def condition_sizes(self) -> dict[str, int]:
        """How many values each condition takes, such as ``{"class": 26}``."""
        return {condition: len(self.names_of(condition)) for condition in self.conditions}

    def names_of(self, condition: ConditionName) -> tuple[str, ...]:
        """Return the names of all classes, or of all styles; a name's index is its position."""
        names: tuple[str, ...] = getattr(self, NAME_SETTINGS[condition])
        return names

    def condition(self, batch: Batch) -> Tensor:
        """Return the condition indices of a batch, int64 ``(N, C)``: a column for each of ``conditions``."""
        columns = [batch.label if condition == "class" else batch.style for condition in self.conditions]
        return torch.stack(columns, dim=1) if columns else batch.label.new_zeros(len(batch.label), 0)

    def index(self, condition: ConditionName, name: str | int) -> int:
        """Return the index of a class or style; an index is returned as it is.

        Raises:
            DataError: If this model was not trained on such a condition, or not with that name.
        """
        if condition not in self.conditions:
            raise DataError(f"This model was not trained with model.conditions={condition}: omit {_KEYS[condition]}.")
        if not isinstance(name, str):
            return name
        names = self.names_of(condition)
        if name not in names:
            known = ", ".join(map(shown, names))
            raise DataError(f"There is no {condition} called {shown(name)}.{nearest(name, names)} Known: {known}.")
        return names.index(name)

    def requested_conditions(
        self, n: int, labels: Requested, styles: Requested, generator: torch.Generator | None
    ) -> Tensor:
        """Return the condition indices, int64 ``(n, C)`` on the CPU, of ``n`` glyphs that a caller requests.

        Args:
            n: Number of glyphs.
            labels: Classes; sampled uniformly where None.
            styles: Styles, in the same way.
            generator: Samples the indices, on the CPU.

        Raises:
            DataError: For a name that the model does not know, an index out of range, another number of names than
                1 or ``n``, or a condition that the model was not trained on.
        """
        requested: dict[ConditionName, Requested] = {"class": labels, "style": styles}
        for condition, values in requested.items():
            if values is not None:
                self.index(condition, 0)
        columns = [self._indices(n, condition, requested[condition], generator) for condition in self.conditions]
        return torch.stack(columns, dim=1) if columns else torch.zeros(n, 0, dtype=torch.long)

    def _indices(
        self, n: int, condition: ConditionName, requested: Requested, generator: torch.Generator | None
    ) -> Tensor:
        size = len(self.names_of(condition))
        if requested is None:
            return torch.randint(size, (n,), generator=generator)
        if not isinstance(requested, Tensor):
            names = [requested] if isinstance(requested, str | int) else requested
            requested = torch.tensor([self.index(condition, name) for name in names])
        if len(requested) not in (1, n):
            raise DataError(f"{len(requested)} names were given for {n} glyphs: give one for each, or one for all.")
        if len(requested) and not 0 <= requested.min() <= requested.max() < size:
            wrong = [str(index) for index in requested.unique().tolist() if not 0 <= index < size]
            raise DataError(f"{_KEYS[condition]} must be 0 to {size - 1}, or names; got {', '.join(wrong)}.")
        return requested.long().cpu().expand(n)
