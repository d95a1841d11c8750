"""The run folder: claiming it, keeping its status, safe checkpoints, and reading all of it back.

This package stores and returns plain values; nothing here knows a model. A run folder holds ``config.yaml`` (resolved),
``status.json`` (running, done, interrupted or failed, and why), ``summary.json`` (what a table of runs shows),
``metrics.csv``, ``train.log``, ``checkpoints/``, ``samples/`` and the pictures drawn on the way.
"""

from handwriting.runs.folder import Run, RunFolder, checkpoint_file, claim, release
from handwriting.runs.metrics import MetricsFile

__all__ = ["MetricsFile", "Run", "RunFolder", "checkpoint_file", "claim", "release"]
