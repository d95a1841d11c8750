"""Importing what a configuration names: the one place where code of others begins to run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from handwriting.errors import ConfigError
from handwriting.text import one_line


def imported(target: str, named: str) -> Any:
    """Return what a full name such as ``inks.models.BlotVAE`` stands for.

    Args:
        target: The full name.
        named: Where it is named, for the message: ``model._target_=inks.models.BlotVAE``.

    Raises:
        ConfigError: If it is of others, and cannot be imported.
    """
    module, _, name = target.rpartition(".")
    with refusing_to_import(module, named):
        found = import_module(module)
        if not hasattr(found, name):
            raise ImportError(f"module {module} has no attribute {name}")
        return getattr(found, name)


@contextmanager
def refusing_to_import(module: str, named: str) -> Iterator[None]:
    """Say in one line what is wrong with a module of others, whatever it raises; one of ours that raises has a bug.

    Args:
        module: The full name of the module.
        named: Where it is named, for the message.

    Raises:
        ConfigError: If the module is of others, and raises anything; what it raised is the cause.
    """
    try:
        yield
    except (Exception, SystemExit) as error:
        if module.startswith("handwriting."):
            raise
        reason = one_line(error)
        if not isinstance(error, ImportError):  # which says itself what it is
            reason = f"{type(error).__name__}: {reason}".removesuffix(": ")
        raise ConfigError(f"{named} cannot be imported: {reason}") from error
