"""The metrics that ``conf/metrics`` offers, by the names of their files."""

from __future__ import annotations

from functools import cache
from importlib import import_module

import yaml

from handwriting.config import CONF
from handwriting.metrics.base import Metric


@cache
def metric_classes() -> dict[str, type[Metric]]:
    """Return the class of each file in ``conf/metrics`` that names one."""
    targets = {}
    for path in sorted((CONF / "metrics").glob("*.yaml")):
        section = yaml.safe_load(path.read_text("utf-8")).get(path.stem) or {}
        if target := section.get("_target_"):
            module, _, name = target.rpartition(".")
            targets[path.stem] = getattr(import_module(module), name)
    return targets


def declared_names(*, besides: tuple[str, ...] = ()) -> list[str]:
    """Return every name that a metric declares a caption for, but those of the files in ``besides``."""
    return [name for stem, metric in metric_classes().items() if stem not in besides for name in metric.captions]
