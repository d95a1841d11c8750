"""How far a long step of a job has come: one line in place on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from tqdm import tqdm

EVERY_SECONDS = 15.0
"""Without a terminal, the least time between two lines."""
BAR = "{desc}: {percentage:3.0f}% |{bar}| {elapsed}"


class StepProgress:
    """Shows how far the step that is being done has come.

    Args:
        clock: Returns the time in seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._said = clock()
        self._bar: tqdm[Any] | None = None

    def __call__(self, doing: str, share: float) -> None:
        """Show a step and the share of it that is done, 0..1; without a terminal only if nothing was for a while."""
        if sys.stderr is not None and sys.stderr.isatty():
            if self._bar is None:
                self._bar = tqdm(total=1.0, bar_format=BAR, dynamic_ncols=True, leave=False)
            if self._bar.desc != doing:
                self._bar.reset()
                self._bar.set_description_str(doing, refresh=False)
            self._bar.update(share - self._bar.n)
        elif self._clock() - self._said >= EVERY_SECONDS:
            self.line(f"{doing}: {share:.0%}")

    def line(self, text: str) -> None:
        """Print a line that stays."""
        self.close()
        print(text, flush=True)
        self._said = self._clock()

    def close(self) -> None:
        """Remove what is shown in place."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None


@contextmanager
def step_progress() -> Iterator[StepProgress]:
    """Give what shows the progress of steps, and leave nothing of it in place, however they end."""
    progress = StepProgress()
    try:
        yield progress
    finally:
        progress.close()
