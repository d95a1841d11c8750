"""GPUs of this machine, each leased to one trial at a time across all sweeps.

The locks are ``fcntl``'s and not ``filelock``'s, which can do neither of two things that are needed here. A trial
inherits the locked descriptors, so that a trial that outlives its sweep keeps its GPU. Trials that share a GPU hold a
shared lock on it, which excludes a trial that wants all of it.
"""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

LEASES_VARIABLE = "HANDWRITING_LEASES"
"""The environment variable that names the folder of the lock files; unset for one below the temporary folder."""


@dataclass(frozen=True)
class Lease:
    """GPUs that one trial may use, until every process that holds the locked files has closed them.

    Attributes:
        gpus: Their ids, as ``CUDA_VISIBLE_DEVICES`` names them.
        files: Descriptors of the locked files, which the trial's process inherits.
    """

    gpus: tuple[str, ...]
    files: tuple[int, ...]

    def release(self) -> None:
        """Close the files in this process."""
        for file in self.files:
            os.close(file)


def lease(gpus: Sequence[str], count: int = 1, shared_by: int = 1) -> Lease | None:
    """Lease GPUs that are free; return None where there are too few.

    A GPU is locked as a whole, or, where several trials share it, by slot. A trial that wants all of a GPU waits for
    every trial that shares it, and they wait for it.

    Args:
        gpus: The ids to choose from.
        count: The number of GPUs that the trial needs.
        shared_by: The number of trials that may share one GPU.
    """
    leased: list[str] = []
    files: list[int] = []
    for gpu in gpus:
        locked = _lock_gpu(gpu, shared_by)
        if locked:
            leased.append(gpu)
            files += locked
        if len(leased) == count:
            return Lease(tuple(leased), tuple(files))
    Lease(tuple(leased), tuple(files)).release()
    return None


def _lock_gpu(gpu: str, shared_by: int) -> list[int]:
    """Return the locked files of one GPU, or of one slot on it; none where it is in use."""
    whole = _lock(f"gpu_{gpu}", fcntl.LOCK_EX if shared_by == 1 else fcntl.LOCK_SH)
    if whole is None or shared_by == 1:
        return [] if whole is None else [whole]
    for slot in range(shared_by):
        if (part := _lock(f"gpu_{gpu}_place_{slot}", fcntl.LOCK_EX)) is not None:
            return [whole, part]
    os.close(whole)
    return []


def _lock(name: str, kind: int) -> int | None:
    file = os.open(_folder() / name.replace("/", "_"), os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o666)
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(file)
        return None
    return file


def _folder() -> Path:
    configured = os.environ.get(LEASES_VARIABLE)
    folder = Path(configured) if configured else Path(tempfile.gettempdir()) / f"handwriting_leases_{os.getuid()}"
    folder.mkdir(parents=True, exist_ok=True)
    return folder
