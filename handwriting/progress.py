"""How far long work has come: a bar on a terminal, and plain lines elsewhere.

A command opens :func:`shown_progress` once. Whatever takes seconds within it, in any package, does so in a
:func:`step`, and says how far it is where it knows. A thread shows steps that say nothing for a while, such as imports.
Outside of a command, as in Python, nothing is shown.
"""

from __future__ import annotations

import logging
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from tqdm import tqdm

from handwriting.text import format_clock

log = logging.getLogger("handwriting")

FIRST_SECONDS = 1.5
"""What a step has lasted when its first line is printed: a shorter one needs none."""
EVERY_SECONDS = 10.0
"""Without a terminal, the least time between two lines about the same step."""
BAR_SECONDS = 0.5
"""What a step has lasted when a terminal shows it: a shorter one would only flicker."""
TICK_SECONDS = 0.5
"""Time between two looks at a step that says nothing."""
TICKER = "progress"
"""The name of the thread that shows silent steps."""
MIN_BAR, MAX_BAR = 8, 40
"""Columns of the bar itself; with less than the first, it is left out."""
USUAL_COLUMNS = 80
"""Columns of a terminal that does not say how many it has."""
GAP = "  "


def fitted(columns: int, doing: str, share: float | None, left: str, details: Sequence[str], full: str = "█") -> str:
    """Return a line about some work that fits into a terminal.

    What it does, its share and the time left are always there; in a narrow terminal the last details go first, then
    the bar, then the end of what it does.

    >>> fitted(60, "epoch 3/9", 0.25, "1:05 left", ["loss 0.123", "12.3k glyphs/s"], "#")
    'epoch 3/9:  25% |#####               | 1:05 left  loss 0.123'
    >>> fitted(40, "epoch 3/9", 0.25, "1:05 left", ["loss 0.123", "12.3k glyphs/s"], "#")
    'epoch 3/9:  25% |###         | 1:05 left'
    >>> fitted(30, "training a classifier", 0.25, "1:05 left", [], "#")
    'training a cl:  25%  1:05 left'

    Args:
        columns: The columns of the terminal.
        doing: What is being done.
        share: How much of it is done, 0..1; None where that is not known.
        left: The time left, or the time that it took so far.
        details: What else there is to say, the most important first.
        full: What the bar is filled with.
    """
    percentage = "" if share is None else f": {share:4.0%}"
    fixed = len(percentage) + len(GAP) + len(left)
    doing = doing[: max(0, columns - fixed)]
    room = columns - fixed - len(doing)
    reserved = MIN_BAR + len(" ||") - len(GAP) + 1 if share is not None else 0
    chosen: list[str] = []
    for detail in details:
        if len(GAP) + len(detail) > room - reserved:
            break
        chosen.append(detail)
        room -= len(GAP) + len(detail)
    bar = GAP
    if share is not None and room >= reserved:
        width = min(MAX_BAR, room - reserved + MIN_BAR)
        bar = f" |{full * round(share * width):{width}}| "
    return f"{doing}{percentage}{bar}{GAP.join([left, *chosen])}"


class FittedBar(tqdm):
    """A bar that keeps what matters most in a narrow terminal; see :func:`fitted`.

    Attributes:
        details: What else it shows, the most important first.
        seconds_left: The time left where something else than the speed so far determines it.
        with_rate: Whether it shows units a second.
        estimates: Whether the speed so far tells the time left.

    Args:
        total: The units in all, where that is known.
        doing: What is being done.
        unit: What is counted, with a space before it.
        initial: The units that were done before.
        with_rate: Whether it shows units a second.
        stays: Whether its last state stays on the terminal.
    """

    def __init__(
        self,
        total: float | None,
        doing: str = "",
        *,
        unit: str = "",
        initial: float = 0,
        with_rate: bool = False,
        stays: bool = False,
    ) -> None:
        self.details: Sequence[str] = ()
        self.seconds_left: float | None = None
        self.with_rate = with_rate
        self.estimates = True
        super().__init__(total=total, desc=doing, unit=unit, initial=initial, dynamic_ncols=True, leave=stays)

    def __str__(self) -> str:
        """Return the line that is shown."""
        facts = self.format_dict
        done, total, elapsed = facts["n"], facts["total"], facts["elapsed"]
        rate = facts["rate"] or ((done - facts["initial"]) / elapsed if elapsed else 0)
        estimates = [self.seconds_left, (total - done) / rate if total and rate and self.estimates else None]
        known = [seconds for seconds in estimates if seconds is not None]
        left = f"{format_clock(min(known))} left" if known else f"{format_clock(elapsed)} so far"
        details = list(self.details)
        if self.with_rate and rate:
            details.append(f"{tqdm.format_sizeof(rate)}{facts['unit']}/s")
        share = min(1.0, done / total) if total else None
        # A line as wide as the terminal would wrap in some of them.
        columns = (facts["ncols"] or USUAL_COLUMNS) - 1
        return fitted(columns, self.desc or "", share, left, details, "#" if facts["ascii"] else "█")


class StepProgress:
    """Shows the step that is being done, and how far it has come.

    Args:
        clock: Returns the time in seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.RLock()
        self._steps: list[_Step] = []
        self._said = clock()
        self._bar: FittedBar | None = None

    def begin(self, doing: str) -> None:
        """Begin a step, within the one that is being done, if any."""
        with self._lock:
            self._steps.append(_Step(doing, self._clock()))

    def end(self) -> None:
        """End the step that was begun last."""
        with self._lock:
            self._steps.pop()
            self.close()

    def report(self, share: float | None, doing: str | None = None) -> None:
        """Take note how much of the step is done, and show it if it is time to.

        Args:
            share: The share, 0..1; None where it is not known.
            doing: What is being done now, where that changes within the step.
        """
        with self._lock:
            if doing is not None and doing != self._steps[-1].doing:
                self._steps[-1] = _Step(doing, self._clock(), share or 0)
                self.close()
            self._steps[-1].share = share
            self.show()

    def show(self) -> None:
        """Show the step that is being done if it is time to."""
        with self._lock:
            if not self._steps:
                return
            now, step = self._clock(), self._steps[-1]
            if sys.stderr is not None and sys.stderr.isatty():
                if now - step.began >= BAR_SECONDS:
                    self._draw(step)
                return
            silent = now - max(self._said, step.began)
            if silent >= (EVERY_SECONDS if step.said else FIRST_SECONDS):
                self.line(step.text(now))
                step.said = True

    def _draw(self, step: _Step) -> None:
        if self._bar is None:
            self._bar = FittedBar(None if step.share is None else 1.0, step.doing)
            self._bar.start_t -= self._clock() - step.began
            self._bar.estimates = False  # the step knows better
        self._bar.total = None if step.share is None else 1.0
        self._bar.set_description_str(step.doing, refresh=False)
        self._bar.n = step.share or 0
        self._bar.seconds_left = step.seconds_left(self._clock())
        self._bar.refresh()

    def line(self, text: str) -> None:
        """Print a line that stays."""
        with self._lock:
            self.close()
            print(text, flush=True)
            self._said = self._clock()

    def close(self) -> None:
        """Remove what is shown in place."""
        with self._lock:
            if self._bar is not None:
                self._bar.close()
                self._bar = None


class _Step:
    """One step: what it does, when it began, and the share of it that is done, where that is known."""

    def __init__(self, doing: str, began: float, share_before: float = 0) -> None:
        self.doing, self.began, self.share_before = doing, began, share_before
        self.share: float | None = None
        self.said = False

    def seconds_left(self, now: float) -> float | None:
        """Return the time that the rest takes at the speed so far."""
        if self.share is None or self.share <= self.share_before:
            return None
        return (now - self.began) * (1 - self.share) / (self.share - self.share_before)

    def text(self, now: float) -> str:
        """Return a line about it."""
        left = self.seconds_left(now)
        line = f"{self.doing} ..." if self.share is None else f"{self.doing}: {self.share:.0%}"
        if left is not None:
            return f"{line}, {format_clock(left)} left"
        return f"{line} {format_clock(now - self.began)} so far" if self.said else line


_current: StepProgress | None = None
"""What shows the steps of the command that is running in this process."""


@contextmanager
def shown_progress() -> Iterator[StepProgress]:
    """Show the steps within, and leave nothing of them in place, however they end."""
    global _current
    if _current is not None:  # one command within another
        yield _current
        return
    progress, ended = StepProgress(), threading.Event()
    ticker = threading.Thread(target=_tick, args=(progress, ended), name=TICKER, daemon=True)
    _current = progress
    ticker.start()
    try:
        yield progress
    finally:
        _current = None
        ended.set()
        ticker.join()
        progress.close()


def _tick(progress: StepProgress, ended: threading.Event) -> None:
    while not ended.wait(TICK_SECONDS):
        try:
            progress.show()
        except (OSError, ValueError):  # the output is closed: the command itself answers to that as it prints
            return


def _unshown(share: float | None, doing: str | None = None) -> None:
    """Take note of the progress of a step that nobody wants to see."""


@contextmanager
def step(doing: str) -> Iterator[Callable[..., None]]:
    """Do something that may take seconds, and show it within a command.

    Args:
        doing: What is being done, such as ``loading PyTorch``.

    Yields:
        What is called with the share that is done, 0..1, where that is known; and with ``doing=`` where that changes.
    """
    progress = _current
    if progress is None or threading.current_thread() is not threading.main_thread():
        yield _unshown
        return
    progress.begin(doing)
    try:
        yield progress.report
    finally:
        progress.end()


def tell(line: str) -> None:
    """Print a line about what comes next; outside of a command it is logged."""
    if _current is None:
        log.info("%s", line)
    else:
        _current.line(line)
