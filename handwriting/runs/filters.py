"""Choosing among many runs by what is typed: words, and settings that are equal, unequal, less or more."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterable, Sequence
from fnmatch import fnmatchcase
from operator import ge, gt, le, lt

from handwriting.errors import ConfigError, nearest
from handwriting.runs.summaries import RunSummary

FACTS: dict[str, Callable[[RunSummary], str | float | None]] = {
    "name": lambda entry: entry.name,
    "state": lambda entry: entry.state,
    "model": lambda entry: entry.model,
    "data": lambda entry: entry.data,
    "study": lambda entry: entry.study,
    "seed": lambda entry: entry.seed,
    "monitor": lambda entry: entry.monitor,
    "best": lambda entry: entry.best,
    "fid": lambda entry: entry.metrics.get("val/fid", {}).get("min"),
    "floor": lambda entry: entry.last("floor/fid"),
    "class_accuracy": lambda entry: entry.last("val/class_accuracy"),
    "seconds": lambda entry: entry.seconds,
    "parameters": lambda entry: entry.parameters,
    "epoch": lambda entry: entry.epoch,
    "batches": lambda entry: entry.batches,
    "samples": lambda entry: entry.samples,
}
"""What can be asked of a run besides its settings and what was measured."""
SEARCHED = ("name", "state", "model", "data", "study")
"""Where a word by itself is looked for."""
ORDERS = {">=": ge, "<=": le, ">": gt, "<": lt}
_TERM = re.compile(r"([\w./]+)(!=|>=|<=|=|<|>)(.*)", re.DOTALL)


def filtered(entries: Sequence[RunSummary], text: str) -> list[RunSummary]:
    """Return the runs for which every part of a text holds.

    ``cgan failed`` are words that a run's name, state, model, data or study holds. ``model.lr<0.001``, ``seed=1`` and
    ``val/fid<=20`` ask for a setting, a fact or the latest value of a metric; a setting may be told by the end of its
    key, ``lr``, and ``model.norm=b*`` takes whatever fits. A minus before a part turns it over: ``-failed``.

    Raises:
        ConfigError: If no run has what is asked for, or the text cannot be read.
    """
    try:
        parts = shlex.split(text)
    except ValueError as error:
        raise ConfigError(f"{text}: a quotation mark is missing.") from error
    tests = [_test(part, entries) for part in parts]
    return [entry for entry in entries if all(test(entry) for test in tests)]


def keys(entries: Iterable[RunSummary]) -> list[str]:
    """Return all that can be asked of some runs: facts, settings, and metrics."""
    settings = dict.fromkeys(key for entry in entries for key in entry.settings)
    metrics = dict.fromkeys(name for entry in entries for name in entry.metrics)
    return list(dict.fromkeys([*FACTS, *sorted(settings), *sorted(metrics)]))


def value_of(entry: RunSummary, key: str) -> str | float | None:
    """Return what a run has of a fact, a setting or a metric; None where it has none."""
    if key in FACTS:
        return FACTS[key](entry)
    if key in entry.settings:
        return entry.settings[key]
    if key in entry.metrics:
        return entry.last(key)
    return entry.tested.get(key.removeprefix("test/"), {}).get("value") if key[:5] == "test/" else None


def _test(part: str, entries: Sequence[RunSummary]) -> Callable[[RunSummary], bool]:
    """Return what tells whether one part of a text holds for a run."""
    if part[:1] == "-":
        test = _test(part[1:], entries)
        return lambda entry: not test(entry)
    match = _TERM.fullmatch(part)
    if not match:
        word = part.casefold()
        return lambda entry: any(word in str(FACTS[name](entry) or "").casefold() for name in SEARCHED)
    key, sign, asked = match.groups()
    full = _full(key, entries)
    if sign in ORDERS:
        limit = _number(asked)
        if limit is None:
            raise ConfigError(f"{part}: give a number after {sign}.")
        order = ORDERS[sign]

        def holds(entry: RunSummary) -> bool:
            number = _number(value_of(entry, full))
            return number is not None and order(number, limit)

        return holds
    return lambda entry: _same(value_of(entry, full), asked) == (sign == "=")


def _full(key: str, entries: Sequence[RunSummary]) -> str:
    """Return the key that is meant: itself, or the one setting that ends with it."""
    known = keys(entries)
    if not entries or key in known:
        return key
    ends = [one for one in known if one.endswith(f".{key}")]
    if len(ends) == 1:
        return ends[0]
    if ends:
        raise ConfigError(f"{key}: which one, {', '.join(ends[:5])}?")
    if key[:5] == "test/" and any(key[5:] in entry.tested for entry in entries):
        return key
    raise ConfigError(f"{key}: no run here has this.{nearest(key, known)}")


def _same(value: str | float | None, asked: str) -> bool:
    if value is None:
        return asked.casefold() in ("", "none", "null")
    one, other = _number(value), _number(asked)
    if one is not None and other is not None:
        return one == other
    text, pattern = str(value).casefold(), asked.casefold()
    return text == pattern or fnmatchcase(text, pattern)


def _number(value: str | float | None) -> float | None:
    try:
        return None if value is None else float(value)
    except ValueError:
        return None
