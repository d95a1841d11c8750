"""How a classifier classifies the glyphs of each class: the one part of an evaluation that is no list of metrics."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter, ValidationError

from handwriting.errors import RunError
from handwriting.files import read_json, write_json

CLASSES_FILE = "classes.json"
MAX_CLASSES = 1_000


@dataclass(frozen=True)
class Classes:
    """What ``classes.json`` holds.

    Attributes:
        names: The names of the classes.
        confusion: The number of generated glyphs by requested class (row) and predicted class (column), ``(C, C)``.
        real: The same of real glyphs, by true class (row); None where they were not classified.
    """

    names: tuple[str, ...]
    confusion: NDArray[np.int64]
    real: NDArray[np.int64] | None

    @property
    def accuracies(self) -> NDArray[np.float64]:
        """The share of each class that is classified correctly, 0..1 ``(C,)``; NaN for a class without glyphs."""
        return _accuracies(self.confusion)

    @property
    def real_accuracies(self) -> NDArray[np.float64] | None:
        """The same of real glyphs."""
        return None if self.real is None else _accuracies(self.real)

    def write(self, folder: Path) -> None:
        """Write ``classes.json`` into a run folder."""
        real = None if self.real is None else self.real.tolist()
        write_json(
            folder / CLASSES_FILE, {"names": list(self.names), "confusion": self.confusion.tolist(), "real": real}
        )

    @classmethod
    def of(cls, folder: Path) -> Classes | None:
        """Read ``classes.json`` of a run folder; None where it was not evaluated, or has no classes.

        Raises:
            RunError: If the file is broken.
        """
        path = folder / CLASSES_FILE
        if not path.is_file():
            return None
        values = read_json(path)
        try:
            names = _NAMES.validate_python(values.get("names"))
            confusion = _counts(values.get("confusion"), len(names))
            return cls(names, confusion, None if values.get("real") is None else _counts(values["real"], len(names)))
        except (ValidationError, ValueError, OverflowError) as error:
            raise RunError(f"{path} does not hold counts of classes: {str(error).splitlines()[0]}") from error


_NAMES, _COUNTS = TypeAdapter(tuple[str, ...]), TypeAdapter(list[list[int]])


def _accuracies(confusion: NDArray[np.int64]) -> NDArray[np.float64]:
    counts = confusion.sum(axis=1)
    return np.where(counts > 0, confusion.diagonal() / np.maximum(counts, 1), np.nan)


def _counts(values: object, classes: int) -> NDArray[np.int64]:
    counts = np.array(_COUNTS.validate_python(values), np.int64)
    if counts.shape != (classes, classes) or classes > MAX_CLASSES or (counts < 0).any():
        raise ValueError(f"{counts.shape} counts of {classes} classes")
    return counts
