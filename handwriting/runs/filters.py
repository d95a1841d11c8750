"""Filtering runs by a typed text: words, and comparisons of settings, facts and metrics."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterable, Sequence
from fnmatch import fnmatchcase
from operator import ge, gt, le, lt

from handwriting.errors import ConfigError, nearest
from handwriting.legacy import SUMMARY_FIELDS
from handwriting.runs.summaries import RunSummary

FACTS: dict[str, Callable[[RunSummary], str | float | None]] = {
    "name": lambda run: run.name,
    "state": lambda run: run.state,
    "model": lambda run: run.model,
    "data": lambda run: run.data,
    "experiment": lambda run: run.experiment,
    "seed": lambda run: run.seed,
    "monitor": lambda run: run.monitor,
    "best": lambda run: run.best,
    "fid": lambda run: run.metrics.get("val/fid", {}).get("min"),
    "floor": lambda run: run.last("floor/fid"),
    "class_accuracy": lambda run: run.last("val/class_accuracy"),
    "seconds": lambda run: run.seconds,
    "parameters": lambda run: run.parameters,
    "epoch": lambda run: run.epoch,
    "batches": lambda run: run.batches,
    "samples": lambda run: run.samples,
}
"""What can be requested of a run besides its settings and what was measured."""
SEARCHED = ("name", "state", "model", "data", "experiment")
"""The facts in which a word by itself is searched."""
ORDERS = {">=": ge, "<=": le, ">": gt, "<": lt}
_TERM = re.compile(r"([\w./]+)(!=|>=|<=|=|<|>)(.*)", re.DOTALL)


def filtered(runs: Sequence[RunSummary], text: str) -> list[RunSummary]:
    """Return the runs for which every part of a text holds.

    ``cgan failed`` are words that a run's name, state, model, data or experiment contains. ``model.lr<0.001``,
    ``seed=1`` and ``val/fid<=20`` compare a setting, a fact or the latest value of a metric. A setting may be named by
    the end of its key, ``lr``, and ``model.norm=b*`` is a pattern. A minus before a part negates it: ``-failed``.

    Raises:
        ConfigError: If no run has what the text refers to, or the text cannot be read.
    """
    try:
        parts = shlex.split(text)
    except ValueError as error:
        raise ConfigError(f"{text}: a quotation mark is missing.") from error
    tests = [_test(part, runs) for part in parts]
    return [run for run in runs if all(test(run) for test in tests)]


def keys(runs: Iterable[RunSummary]) -> list[str]:
    """Return all that can be requested of some runs: facts, settings, and metrics."""
    settings = dict.fromkeys(key for run in runs for key in run.settings)
    metrics = dict.fromkeys(name for run in runs for name in run.metrics)
    return list(dict.fromkeys([*FACTS, *sorted(settings), *sorted(metrics)]))


def value_of(run: RunSummary, key: str) -> str | float | None:
    """Return the value of a fact, a setting or a metric of a run; None where it has none."""
    if key in FACTS:
        return FACTS[key](run)
    if key in run.settings:
        return run.settings[key]
    if key in run.metrics:
        return run.last(key)
    return run.tested.get(key.removeprefix("test/"), {}).get("value") if key[:5] == "test/" else None


def _test(part: str, runs: Sequence[RunSummary]) -> Callable[[RunSummary], bool]:
    """Return a test of whether one part of a filter holds for a run."""
    if part[:1] == "-":
        test = _test(part[1:], runs)
        return lambda run: not test(run)
    match = _TERM.fullmatch(part)
    if not match:
        word = part.casefold()
        return lambda run: any(word in str(FACTS[name](run) or "").casefold() for name in SEARCHED)
    key, sign, requested = match.groups()
    full = _full(key, runs)
    if sign in ORDERS:
        limit = _number(requested)
        if limit is None:
            raise ConfigError(f"{part}: give a number after {sign}.")
        order = ORDERS[sign]

        def holds(run: RunSummary) -> bool:
            number = _number(value_of(run, full))
            return number is not None and order(number, limit)

        return holds
    return lambda run: _same(value_of(run, full), requested) == (sign == "=")


def _full(key: str, runs: Sequence[RunSummary]) -> str:
    """Return the full key: itself, or the one setting that ends with it."""
    key, known = SUMMARY_FIELDS.get(key, key), keys(runs)
    if not runs or key in known:
        return key
    ends = [name for name in known if name.endswith(f".{key}")]
    if len(ends) == 1:
        return ends[0]
    if ends:
        raise ConfigError(f"{key}: this is ambiguous, give one of {', '.join(ends[:5])}.")
    if key[:5] == "test/" and any(key[5:] in run.tested for run in runs):
        return key
    raise ConfigError(f"{key}: no run here has this.{nearest(key, known)}")


def _same(value: str | float | None, requested: str) -> bool:
    if value is None:
        return requested.casefold() in ("", "none", "null")
    one, other = _number(value), _number(requested)
    if one is not None and other is not None:
        return one == other
    text, pattern = str(value).casefold(), requested.casefold()
    return text == pattern or fnmatchcase(text, pattern)


def _number(value: str | float | None) -> float | None:
    try:
        return None if value is None else float(value)
    except ValueError:
        return None
