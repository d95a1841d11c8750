"""What a person asks the benchmark of writing for, beside a hand."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Request:
    """What is given to every measurement.

    Attributes:
        seed: The seed of choices, sides and classifiers.
        out: A folder for sheets and pictures; None where none are wanted.
        root: The folder of real data, whose forms are other hands; None where there is none.
        run: The run of a conditional model whose letters are compared; None for none.
    """

    seed: int
    out: Path | None = None
    root: Path | None = None
    run: str | None = None
