"""NumPy's own formats, ``npy`` and ``npz``, read without pickle and within a limit."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from zipfile import ZipFile

import numpy as np
from numpy.typing import NDArray

from handwriting.data.formats.idx import ADVICE, MAX_FILE_BYTES, unreadable
from handwriting.errors import DataError

NPY_MAGIC = b"\x93NUMPY"
ZIP_MAGIC = b"PK"


def read_numpy(path: Path) -> dict[str, NDArray[Any]]:
    """Read every array of an ``npz`` file by its name, or the one of an ``npy`` file as ``arr_0``.

    Raises:
        DataError: If the file cannot be read, is neither, expands to more than ``MAX_FILE_BYTES``, or holds pickled
            objects, which are never loaded.
    """
    try:
        with path.open("rb") as file:
            zipped = file.read(len(NPY_MAGIC)).startswith(ZIP_MAGIC)
            file.seek(0)
            if not zipped:
                return {"arr_0": _array(path, "it", np.lib.format.read_array(file, allow_pickle=False))}
        with ZipFile(path) as archive:
            expanded = sum(member.file_size for member in archive.infolist())
            if expanded > MAX_FILE_BYTES:
                raise DataError(f"{path} expands to {expanded} bytes, more than the {MAX_FILE_BYTES} allowed. {ADVICE}")
        with np.load(path, allow_pickle=False) as arrays:
            return {name: _array(path, name, arrays[name]) for name in arrays.files}
    except DataError:
        raise
    except Exception as error:  # a broken header can lead numpy to raise anything at all
        if isinstance(error, ValueError) and ("pickle" in str(error) or "Object arrays" in str(error)):
            raise DataError(f"{path} holds pickled objects, which are never loaded. Save plain arrays.") from error
        raise unreadable(path, error) from error


def _array(path: Path, name: str, value: Any) -> NDArray[Any]:
    if not isinstance(value, np.ndarray):  # np.load hands members that are no npy over as bytes
        raise DataError(f"{path}: {name} is not an array. {ADVICE}")
    return value
