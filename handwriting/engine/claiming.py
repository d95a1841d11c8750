"""Which folder a training writes into, agreed on by all its processes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from handwriting.engine.processes import is_first_process
from handwriting.runs import claim, release

FOLDER_VARIABLE = "HANDWRITING_RUN_FOLDER"
"""The environment variable by which the processes that DDP starts know the folder that the first one has claimed."""


@contextmanager
def claimed_folder(requested: Path) -> Iterator[Path]:
    """Claim a run folder in the first process; a claim ends with the block where no run has begun in it.

    Args:
        requested: The folder; where another run has it, a number is appended.

    Yields:
        The claimed folder; in another process than the first one, the folder that the first one has claimed.
    """
    if not is_first_process():
        yield Path(os.environ.get(FOLDER_VARIABLE, requested))
        return
    folder = claim(requested)
    os.environ[FOLDER_VARIABLE] = str(folder)
    try:
        yield folder
    finally:
        del os.environ[FOLDER_VARIABLE]
        release(folder)
        if folder != requested and not any(folder.iterdir()):
            folder.rmdir()
