"""Matplotlib's figures, in which names of classes, runs and settings stand as they are: ``$a_1$`` is no formula."""

from __future__ import annotations

import matplotlib
from matplotlib.figure import Figure

__all__ = ["Figure"]

matplotlib.rcParams["text.parse_math"] = False
