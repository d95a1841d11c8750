"""Sweeps: many trials of one command, each a run folder, on one machine or many.

A sweep folder holds ``plan.json`` (what was requested), ``sweep.json`` (its progress, for other programs to read), the
``study.db`` or ``study.journal`` of a search, and a run folder for each trial, named by its number.

The modules, each importing only those before it: ``trials`` and ``plan`` hold plain values, ``space`` reads what
varies, ``folder`` keeps the sweep folder, ``trial_process`` and ``executors`` run trials, ``outcome`` reads how they
ended, ``sources`` and ``search`` say which trial is next, ``runner`` drives them, ``planning`` and ``preflight``
prepare a sweep, ``orchestration`` puts all of it together. ``results`` reads a finished sweep.
"""

from handwriting.sweeps.folder import Sweep
from handwriting.sweeps.plan import SweepPlan
from handwriting.sweeps.trials import Trial

__all__ = ["Sweep", "SweepPlan", "Trial"]
