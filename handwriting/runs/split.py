"""Which glyphs a run holds out: kept, so that they are held out again when it resumes with more glyphs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from handwriting.errors import RunError
from handwriting.files import write_atomically
from handwriting.text import one_line

FILE = Path("checkpoints", "held_out.npz")
"""Where a run folder has it."""


def write_split(run: Path, held_out: Mapping[str, NDArray[np.uint64]]) -> None:
    """Write the hashes of the glyphs that a run holds out.

    Args:
        run: The run folder.
        held_out: The hash of each glyph, uint64 ``(N,)``, by the part that it is in, such as ``val``.
    """
    path = run / FILE
    path.parent.mkdir(exist_ok=True)
    write_atomically(path, lambda file: np.savez(file, allow_pickle=False, **held_out))


def read_split(run: Path) -> dict[str, NDArray[np.uint64]]:
    """Return what :func:`write_split` wrote; nothing of a run that has kept none.

    Raises:
        RunError: If the file is broken.
    """
    path = run / FILE
    if not path.is_file():
        return {}
    try:
        with np.load(path, allow_pickle=False) as parts:
            return {name: parts[name].astype(np.uint64) for name in parts.files}
    except (OSError, ValueError, EOFError, BadZipFile) as error:
        raise RunError(f"{path} is broken ({one_line(error)}). Remove it: the glyphs are then split anew.") from error
