"""Generate handwriting: train generative models on glyphs, and write in any hand.

>>> import handwriting
>>> model = handwriting.load("runs/...")  # doctest: +SKIP
>>> images = model.sample(10, labels="a")  # doctest: +SKIP
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from handwriting.glyphs import Glyphs

if TYPE_CHECKING:
    from handwriting.models.loading import load

__all__ = ["Glyphs", "load"]


def __getattr__(name: str) -> Any:
    """Import what needs torch only when it is asked for: the command line answers in a fraction of a second."""
    if name == "load":
        from handwriting.models.loading import load

        return load
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
