"""Generate handwriting: train generative models on glyphs, and write in any hand.

>>> import handwriting
>>> model = handwriting.load("runs/...")  # doctest: +SKIP
>>> images = model.sample(10, labels="a")  # doctest: +SKIP
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from handwriting.glyphs import Glyphs
    from handwriting.models.loading import load

__all__ = ["Glyphs", "load"]


def __getattr__(name: str) -> Any:
    """Import heavy libraries only when they are asked for: the command line answers in a fraction of a second."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    home = import_module("handwriting.models.loading" if name == "load" else "handwriting.glyphs")
    return getattr(home, name)
