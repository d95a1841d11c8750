"""One command at a time writes to a folder, and Ctrl-C does not stop it halfway through a step."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import current_thread, main_thread

from filelock import FileLock, Timeout

from handwriting.errors import DataError
from handwriting.files import answers

LOCK_FILE = ".lock"
"""The file inside a folder that a command holds locked while it writes there; one that nobody holds means nothing."""


@contextmanager
def locked(folder: Path, key: str, wait_s: float = 0.0) -> Iterator[None]:
    """Keep every other command from writing to a folder; the lock ends with the process, however that ends.

    The same thread may lock the folder again within. A folder that does not exist is created, and removed again if it
    stays empty.

    Args:
        folder: The folder.
        key: The configuration key that names it, for messages.
        wait_s: How long to wait for another command, in seconds.

    Raises:
        DataError: If another command has locked the folder for longer, or it cannot be written.
    """
    path = folder.resolve() / LOCK_FILE
    lock = FileLock(path, is_singleton=True)
    if lock.is_locked:  # by this thread
        yield
        return
    created = [one for one in (folder, *folder.parents) if not answers(one.exists)]
    try:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            lock.acquire(timeout=wait_s)
        except Timeout:
            raise DataError(
                f"{key}={folder}: another command is writing to this folder. Wait until it has ended."
            ) from None
        except OSError as error:
            raise DataError(
                f"{key}={folder} cannot be written ({error.strerror or error}). Make it writable, or give another "
                "folder."
            ) from error
        try:
            yield
        finally:
            with suppress(OSError):  # a file that stays disturbs nobody
                path.unlink()  # before its release: FileLock never takes a file that was removed for the lock
            lock.release()
    finally:
        with suppress(OSError):  # raised at the first that is not empty
            for one in created:
                one.rmdir()


@contextmanager
def interrupts_postponed() -> Iterator[None]:
    """Let Ctrl-C take effect only at the end; only the main thread is ever interrupted by it."""
    if current_thread() is not main_thread():
        yield
        return
    received: list[int] = []
    # A handler, not a mask: with a mask another thread receives the signal, and interrupts this one all the same.
    before = signal.signal(signal.SIGINT, lambda number, _: received.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.SIG_DFL if before is None else before)
        if received:
            signal.raise_signal(signal.SIGINT)
