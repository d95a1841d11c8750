"""How a command ends that is stopped from outside, by Ctrl-C or by SIGTERM."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

from handwriting.text import printable

INTERRUPTED = 130
"""The exit status after Ctrl-C."""
TERMINATED = 143
"""The exit status after SIGTERM, which batch systems and containers send."""


class Terminated(KeyboardInterrupt):
    """SIGTERM: whatever cleans up after Ctrl-C does so after it."""


@contextmanager
def sigterm_as_interrupt() -> Iterator[None]:
    """Let SIGTERM end what is within as Ctrl-C does, by :class:`Terminated`."""
    if threading.current_thread() is not threading.main_thread():  # which alone hears signals
        yield
        return
    before = signal.signal(signal.SIGTERM, _terminate)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _terminate(*_: Any) -> NoReturn:
    raise Terminated


def status_of(stop: KeyboardInterrupt) -> int:
    """Return the exit status of a command that was stopped, and say so if nothing has yet."""
    say_stopped(stop, "")
    return TERMINATED if isinstance(stop, Terminated) else INTERRUPTED


@contextmanager
def saying_if_stopped(what_is_kept: str) -> Iterator[None]:
    """If the work within is stopped, say in one line what is kept of it and how to go on.

    Args:
        what_is_kept: This, in sentences.

    Raises:
        KeyboardInterrupt: The same, which becomes the exit status.
    """
    try:
        yield
    except KeyboardInterrupt as stop:
        say_stopped(stop, what_is_kept)
        raise


def say_stopped(stop: KeyboardInterrupt, what_is_kept: str) -> None:
    """Say that something was stopped and what is kept of it, unless that was said of the same stop.

    Args:
        stop: What stopped it.
        what_is_kept: What is kept and how to go on, in sentences.
    """
    if not hasattr(stop, "__notes__"):
        stop.add_note(what_is_kept)
        print(f"\nStopped. {printable(what_is_kept)}".rstrip(" "), file=sys.stderr)
