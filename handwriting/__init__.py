"""Generate handwriting: train generative models on glyphs, and write in any hand.

>>> import handwriting
>>> run = handwriting.train("model=cgan", "data=digits")  # doctest: +SKIP
>>> model = handwriting.load(run)  # doctest: +SKIP
>>> images = model.sample(10, labels="3")  # doctest: +SKIP
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from handwriting.api import compare, evaluate, font, hand, label, segment, sheet, sweep, train, write
    from handwriting.glyphs import Glyphs
    from handwriting.models.loading import load

__all__ = [
    "Glyphs", "compare", "evaluate", "font", "hand", "label", "load", "segment", "sheet", "sweep", "train", "write",
]  # fmt: skip

_HOMES = {"Glyphs": "handwriting.glyphs", "load": "handwriting.models.loading"}


def __getattr__(name: str) -> Any:
    """Import heavy libraries only when they are used: the command line answers in a fraction of a second."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES.get(name, "handwriting.api")), name)


def __dir__() -> list[str]:
    """Name what is imported on use, too: tab completion shows it."""
    return sorted({*globals(), *__all__})
