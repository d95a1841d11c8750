"""Tests of what is installed by extras only."""

from __future__ import annotations

import importlib.util
import os

import pytest

REQUIRED = "HANDWRITING_REQUIRED_EXTRAS"
"""Names extras, with commas, whose tests must not be skipped: continuous integration sets it to what it installs."""


def needs(extra: str, module: str | None = None, *, present: bool | None = None, why: str = "") -> None:
    """Skip a test where its extra is absent; fail where that was said to be installed.

    Args:
        extra: Its name in ``pyproject.toml``.
        module: What it installs; the extra's own name unless given.
        present: Whether it is there, where that is not a question of a module.
        why: What is missing.
    """
    name = module or extra
    if importlib.util.find_spec(name) is not None if present is None else present:
        return
    reason = why or f"{name} is not installed: pip install -e '.[{extra}]'"
    if extra in os.environ.get(REQUIRED, "").split(","):
        pytest.fail(f"{REQUIRED} names {extra}, and {reason}")
    pytest.skip(reason)
