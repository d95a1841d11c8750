"""Old names of keys, classes and commands, so that earlier commands and run folders go on working."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_SOURCES = ("arrays", "digits", "emnist", "fashion_mnist", "folder", "kuzushiji", "mnist", "pages", "synthetic")

TARGETS = {
    **{rf"handwriting\.data\.({'|'.join(_SOURCES)})\.(\w+)": r"handwriting.data.sources.\1.\2"},
    r"handwriting\.segmentation\.recipe\.(\w+)": r"handwriting.segmentation.baseline.\1",
    r"handwriting\.callbacks\.measuring\.Measuring": "handwriting.callbacks.validation_metrics.ValidationMetrics",
}
"""Classes that have moved, as patterns of their earlier full names."""
KEYS = {
    "callbacks.measuring": "callbacks.validation_metrics",
    "callbacks.best_checkpoint.by": "callbacks.best_checkpoint.monitor",
    "callbacks.best_checkpoint.better": "callbacks.best_checkpoint.mode",
    "metrics.class_fid.draws": "metrics.class_fid.repeats",
    "metrics.class_fid.least": "metrics.class_fid.min_glyphs",
    "metrics.classification_accuracy.most": "metrics.classification_accuracy.max_glyphs",
    "metrics.kid.most": "metrics.kid.max_glyphs",
    "metrics.likelihood.glyphs": "metrics.likelihood.max_glyphs",
    "metrics.nearest_neighbour.most": "metrics.nearest_neighbour.max_glyphs",
    "metrics.precision_recall.most": "metrics.precision_recall.max_glyphs",
    "spread": "temperature",
}
"""Configuration keys that have another name now."""
ADDED_KEYS = {"handwriting.data.sources.pages.Pages": {"labels": "ignore", "own_scale": False}}
"""Keys that a class had not in earlier versions, with the values under which it does what it did."""
CHOICES = {"callbacks": {"measuring": "validation_metrics"}}
"""Choices of config groups that have another name now."""
LAYERS = {"join": "concat"}
"""Words of layers that have another name now."""
SUMMARY_FIELDS = {"study": "experiment"}
"""Fields of ``summary.json``, and words of a filter, that have another name now."""
JOBS = {"studies": "experiments"}
"""Commands that have another name now."""
RUN_FOLDERS = {"runs/experiments": "runs/studies"}
"""Folders that a command wrote its runs to before, by the folder it uses now."""
MOVED_JOBS = {
    "bench": "the benchmarks of speed are in the checkout: make bench, or python -m benchmarks speed.",
    "bench_segmentation": "the benchmark of segmentation is in the checkout: python -m benchmarks segmentation.",
}
"""What became of commands that are no longer part of the package."""


def current_target(target: Any) -> Any:
    """Return the full name that a class has now.

    >>> current_target("handwriting.data.digits.Digits")
    'handwriting.data.sources.digits.Digits'
    """
    if not isinstance(target, str):
        return target
    for old, new in TARGETS.items():
        if match := re.fullmatch(old, target):
            return match.expand(new)
    return target


def current_override(override: str) -> str:
    """Return an override with the key, the choice or the class that it names now.

    >>> current_override("callbacks.measuring.time_share=1"), current_override("~callbacks.measuring")
    ('callbacks.validation_metrics.time_share=1', '~callbacks.validation_metrics')
    >>> current_override("callbacks=[metrics_log,measuring]")
    'callbacks=[metrics_log,validation_metrics]'
    """
    prefix, key, rest = re.fullmatch(r"(~|\+{0,2})([^=]*)(.*)", override, re.DOTALL).groups()  # type: ignore[union-attr]
    rest = "=" + current_choice(key, rest[1:]) if rest else rest
    if key.endswith("._target_"):
        rest = f"={current_target(rest[1:])}"
    for old, new in KEYS.items():
        if f"{key}.".startswith(f"{old}."):
            return f"{prefix}{new}{key[len(old) :]}{rest}"
    return f"{prefix}{key}{rest}"


def current_choice(group: str, choices: Any) -> Any:
    """Return the choices of a config group, as an override or a list of defaults gives them, with their names now.

    >>> current_choice("callbacks", "[metrics_log,measuring]"), current_choice("callbacks", ["measuring"])
    ('[metrics_log,validation_metrics]', ['validation_metrics'])
    """
    if isinstance(choices, list):
        return [current_choice(group, choice) for choice in choices]
    if isinstance(choices, str):
        for old, new in CHOICES.get(group, {}).items():
            choices = re.sub(rf"(?<![^,\[\s]){re.escape(old)}(?![^,\]\s])", new, choices)
    return choices


def current_config(tree: Any, key: str = "") -> Any:
    """Return a configuration that an earlier version wrote with the keys and classes of this one.

    It is that of a run folder, or an experiment.
    """
    if isinstance(tree, list):
        return [current_config(value, key) for value in tree]
    if not isinstance(tree, Mapping):
        return tree
    current = {}
    for name, value in tree.items():
        if key == "defaults":  # of an experiment, as in ``override /callbacks: measuring``
            current[name] = current_choice(str(name).removeprefix("override ").lstrip("/"), value)
            continue
        full = f"{key}.{name}".lstrip(".")
        new = KEYS.get(full, full)
        current[new.rpartition(".")[2]] = current_target(value) if name == "_target_" else current_config(value, full)
    return {**ADDED_KEYS.get(str(current.get("_target_")), {}), **current}


def current_status(status: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the status of a run that an earlier version wrote with the fields of this one.

    Earlier versions marked a trial that was pruned by the first word of its reason.

    >>> current_status({"state": "interrupted", "why": "pruned: val/fid was 90 after 40%"})["stopped_by"]
    'pruner'
    """
    if "stopped_by" not in status and str(status.get("why")).startswith("pruned"):
        return {**status, "stopped_by": "pruner"}
    return status


def current_summary(summary: Mapping[str, Any]) -> dict[str, Any]:
    """Return what ``summary.json`` holds with the field names of this version.

    >>> current_summary({"study": "mnist/cgan", "seed": 1})
    {'experiment': 'mnist/cgan', 'seed': 1}
    """
    renamed = {SUMMARY_FIELDS.get(name, name): value for name, value in summary.items()}
    return {**renamed, **{name: summary[name] for name in SUMMARY_FIELDS.values() if name in summary}}
