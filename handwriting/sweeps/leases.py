"""GPUs of this machine, each lent to one trial at a time, whichever sweep asks."""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

LEASES_VARIABLE = "HANDWRITING_LEASES"
"""The environment variable that names another folder for the leases."""


@dataclass(frozen=True)
class Lease:
    """GPUs that one trial may use; given back when every process that holds its files has closed them.

    Attributes:
        gpus: Their ids, as ``CUDA_VISIBLE_DEVICES`` names them.
        files: Descriptors of the locked files. A trial's process inherits them, so that a trial that outlives its
            sweep keeps its GPUs.
    """

    gpus: tuple[str, ...]
    files: tuple[int, ...]

    def release(self) -> None:
        """Close the files here."""
        for file in self.files:
            os.close(file)


def lease(gpus: Sequence[str], count: int = 1, shared_by: int = 1) -> Lease | None:
    """Take GPUs that nobody has, or return None where there are too few.

    A GPU is locked as a whole, or where several trials share it, by place: whoever wants all of it waits for all of
    them, and they for it.

    Args:
        gpus: The ids to choose from.
        count: How many are wanted.
        shared_by: How many trials may have the same GPU at once.
    """
    found: list[str] = []
    files: list[int] = []
    for gpu in gpus:
        taken = _taken(gpu, shared_by)
        if taken:
            found.append(gpu)
            files += taken
        if len(found) == count:
            return Lease(tuple(found), tuple(files))
    Lease(tuple(found), tuple(files)).release()
    return None


def _taken(gpu: str, shared_by: int) -> list[int]:
    """Return the locked files of one GPU, or of one place on it; none where it is taken."""
    whole = _locked(f"gpu_{gpu}", fcntl.LOCK_EX if shared_by == 1 else fcntl.LOCK_SH)
    if whole is None or shared_by == 1:
        return [] if whole is None else [whole]
    for place in range(shared_by):
        if (part := _locked(f"gpu_{gpu}_place_{place}", fcntl.LOCK_EX)) is not None:
            return [whole, part]
    os.close(whole)
    return []


def _locked(name: str, kind: int) -> int | None:
    file = os.open(_folder() / name.replace("/", "_"), os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o666)
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(file)
        return None
    return file


def _folder() -> Path:
    named = os.environ.get(LEASES_VARIABLE)
    folder = Path(named) if named else Path(tempfile.gettempdir()) / f"handwriting_leases_{os.getuid()}"
    folder.mkdir(parents=True, exist_ok=True)
    return folder
