"""The official files of public data sets: found in the usual folders, downloaded if missing, and verified."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile, ZipFile

from handwriting.errors import DataError
from handwriting.files import expanded
from handwriting.text import one_line

RETRIES = 3
"""Number of retries of a broken download."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class OfficialFiles:
    """A data set's official files.

    Attributes:
        name: The data set's name in the configuration; downloads go to the folder of that name.
        url: The address of the folder of the files, ending in ``/``, or of the zip that holds them.
        checksums: The sha256 of each official file; or another sum of it, as ``algorithm:digest``.
        folders: Further folders, relative to the root, that are searched for the files.
        zip_checksum: The zip's checksum, as ``algorithm:digest``; empty if the files are not in a zip.
        names_are_mnists: Whether the files are named as MNIST's are. One that lies in the root itself is then taken
            only if its bytes are the official ones: any other may be a digit's.
    """

    name: str
    url: str
    checksums: Mapping[str, str]
    folders: tuple[str, ...] = ()
    zip_checksum: str = ""
    names_are_mnists: bool = False

    def locate(self, root: str | Path, names: Sequence[str], download: bool = False) -> list[Path]:
        """Return the path of each file, gzipped or not; one warning lists files that differ from the official ones.

        Args:
            root: The folder that holds data sets.
            names: The official names of the wanted files.
            download: Fetch those that are missing into ``<root>/<name>``.

        Raises:
            DataError: If a file is missing and may not be, or cannot be, downloaded; or if one cannot be read.
        """
        try:
            return self._locate(expanded(root), names, download)
        except OSError as error:
            raise DataError(
                f"data={self.name}: {error.filename} cannot be read ({error.strerror}). Make it readable, or name "
                "another folder by data.root."
            ) from error

    def _locate(self, root: Path, names: Sequence[str], download: bool) -> list[Path]:
        missing = [name for name in names if self._find(root, name) is None]
        if missing and not download:
            place = root / self.name if self.names_are_mnists else root
            raise DataError(
                f"data={self.name}: {missing[0]} is missing under {place}. Run again with data.download=true, "
                "or put the file there (source and checksum: docs/how_to/data.md)."
            )
        if missing:
            self._fetch(root / self.name, missing)
        paths = [path for name in names if (path := self._find(root, name))]
        self._warn_of_differences(paths)
        return paths

    def _find(self, root: Path, name: str) -> Path | None:
        folders = [root / folder for folder in ("", self.name, *self.folders)]
        files = (folder / file for folder in folders for file in dict.fromkeys((name, name.removesuffix(".gz"))))
        return next((path for path in files if path.is_file() and self._is_ours(path, root)), None)

    def _is_ours(self, path: Path, root: Path) -> bool:
        if not self.names_are_mnists or path.parent != root:
            return True
        return path.name in self.checksums and self._is_official(path)

    def _is_official(self, path: Path) -> bool:
        algorithm, _, digest = _with_algorithm(self.checksums[path.name]).partition(":")
        return _digest(path, algorithm) == digest

    def _warn_of_differences(self, paths: Sequence[Path]) -> None:
        """Compare the files as they are offered; there are no official checksums of unpacked ones."""
        different = [path for path in paths if path.name in self.checksums and not self._is_official(path)]
        if different:
            logger.warning(
                "data=%s: %s in %s: not the official bytes (checksum); used as they are.",
                self.name,
                ", ".join(path.name for path in different),
                different[0].parent,
            )

    def _fetch(self, folder: Path, names: Sequence[str]) -> None:
        try:
            if self.zip_checksum:
                archive = _download(self.url, self.zip_checksum, folder)
                self._extract(archive, names)
            else:
                for name in names:
                    _download(self.url + name, _with_algorithm(self.checksums[name]), folder)
        except (OSError, ValueError, KeyError, BadZipFile) as error:
            reason = one_line(error)
            raise DataError(
                f"data={self.name}: {self.url} could not be downloaded ({reason}). Run again, "
                f"or put {', '.join(names)} into {folder} (source and checksum: docs/how_to/data.md)."
            ) from error

    def _extract(self, archive: Path, names: Sequence[str]) -> None:
        """Take the named members out of the zip, which stays for the other splits."""
        with ZipFile(archive) as zipped:
            members = {Path(member).name: member for member in zipped.namelist()}
            for name in names:
                content = zipped.read(members[name])
                found = hashlib.sha256(content).hexdigest()
                if found != self.checksums[name]:
                    raise ValueError(f"{members[name]} in it has the sha256 {found}, not {self.checksums[name]}")
                # Under another name until it is whole, so that a broken run leaves nothing that looks finished.
                part = archive.with_name(f"{name}.part")
                part.write_bytes(content)
                part.replace(archive.with_name(name))


def _download(url: str, checksum: str, folder: Path) -> Path:
    """Download one file, or find it done; pooch writes it under a temporary name until its checksum is right."""
    import pooch

    name = url.rsplit("/", 1)[1]
    files = pooch.create(folder, base_url="", registry={name: checksum}, urls={name: url}, retry_if_failed=RETRIES)
    return Path(files.fetch(name, downloader=pooch.HTTPDownloader(progressbar=True)))


def _with_algorithm(checksum: str) -> str:
    return checksum if ":" in checksum else f"sha256:{checksum}"


def _digest(path: Path, algorithm: str) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, algorithm).hexdigest()
