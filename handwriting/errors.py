"""The mistakes a user can make: the message of each says in one line what is wrong, where, and what to do."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class HandwritingError(Exception):
    """A mistake that a user can make and correct: shown as one line, without a traceback, with exit status 2."""


class ConfigError(HandwritingError):
    """A key, a choice or a value of the configuration that cannot be used."""


class ConfigFileError(ConfigError):
    """A file of configurations that cannot be read, ours or a plug-in's, whatever the command asked for."""


class UntrustedClassError(ConfigError):
    """A class that a configuration or a checkpoint names and that may not be built for it."""


class DataError(HandwritingError):
    """A data source that is missing, broken or does not suit the request."""


class RunError(HandwritingError):
    """A run folder or a checkpoint that is missing, taken, broken or does not fit."""


class NotFiniteError(HandwritingError):
    """A training run whose loss or gradient is no longer a finite number."""


def nearest(word: str, choices: Iterable[str]) -> str:
    """Return ``' Did you mean X?'`` for the choice closest to ``word``, or an empty string where none is close.

    >>> nearest("cgn", ["cgan", "vae"])
    ' Did you mean cgan?'
    >>> nearest("zzz", ["cgan", "vae"])
    ''
    """
    matches = get_close_matches(word, list(choices), n=1, cutoff=0.5)
    return f" Did you mean {matches[0]}?" if matches else ""
