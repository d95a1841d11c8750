"""Sweeps: many trials of one command, each a run folder, over whatever machines there are.

A sweep folder holds ``plan.json`` (what is asked), ``sweep.json`` (how far it has got, for other programs to read), for
a search its ``study.db`` or ``study.journal``, and a run folder for each trial, called by its number.
"""

from handwriting.sweeps.folder import Sweep, Trial

__all__ = ["Sweep", "Trial"]
