"""``train.log``: where everything that a training logs is written."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from handwriting.engine.processes import is_first_process


class _Recorder(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


@contextmanager
def records_kept() -> Iterator[list[logging.LogRecord]]:
    """Keep what is logged before there is a run folder to log into."""
    handler, root = _Recorder(), logging.getLogger()
    root.addHandler(handler)
    try:
        yield handler.records
    finally:
        root.removeHandler(handler)


@contextmanager
def logging_to(folder: Path, records: Sequence[logging.LogRecord] = ()) -> Iterator[None]:
    """Write everything that is logged to ``train.log``; only this package's warnings reach the terminal as well.

    The first process alone writes.

    Args:
        folder: The run folder.
        records: What was logged before there was a folder; written first.
    """
    if not is_first_process():
        yield
        return
    file = logging.FileHandler(folder / "train.log")
    file.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    terminal = logging.StreamHandler()
    terminal.setLevel(logging.WARNING)
    terminal.addFilter(logging.Filter("handwriting"))
    logging.getLogger("handwriting").setLevel(logging.INFO)
    root = logging.getLogger()
    root.addHandler(file)
    root.addHandler(terminal)
    logging.captureWarnings(True)
    for record in records:
        root.handle(record)
    try:
        yield
    finally:
        logging.captureWarnings(False)
        for handler in (file, terminal):
            root.removeHandler(handler)
            handler.close()


def quieten_lightning() -> None:
    """Let Lightning log to ``train.log`` rather than to the terminal, and advise nobody who does not use SLURM."""
    warnings.filterwarnings("ignore", "The `srun` command is available on your system but is not used")
    for name in ("pytorch_lightning", "lightning_fabric", "lightning.pytorch"):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
