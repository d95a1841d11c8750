"""What a job says when it is stopped by Ctrl-C."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from handwriting.text import printable


@contextmanager
def saying_if_stopped(what_is_kept: str) -> Iterator[None]:
    """If Ctrl-C ends the work within, say in one line what is kept of it and how to go on.

    Args:
        what_is_kept: This, in sentences.

    Raises:
        KeyboardInterrupt: The same, which becomes the exit status.
    """
    try:
        yield
    except KeyboardInterrupt:
        print(f"\nStopped. {printable(what_is_kept)}", file=sys.stderr)
        raise
