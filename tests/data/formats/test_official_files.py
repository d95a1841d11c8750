import hashlib
import io
import logging
import os
import threading
import zipfile
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest

from handwriting.data.formats import official_files as files
from handwriting.data.formats.official_files import OfficialFiles
from handwriting.data.sources import emnist, fashion_mnist, kuzushiji, mnist
from handwriting.data.sources.emnist import EMNIST
from handwriting.errors import DataError


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


@pytest.fixture
def server(tmp_path, monkeypatch):
    """A folder, and the address on this machine that serves it."""
    monkeypatch.setattr(files, "RETRIES", 0)
    folder = tmp_path / "served"
    folder.mkdir()
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder)) as running:
        threading.Thread(target=running.serve_forever, args=(0.01,), daemon=True).start()
        yield folder, f"http://127.0.0.1:{running.server_port}/"
        running.shutdown()


@pytest.fixture
def collection(server, letters, letters_checksums):
    """EMNIST as a small zip on a server: the letters split, and one file of another."""
    folder, url = server
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in letters.items():
            archive.writestr(f"gzip/{name}", content)
        archive.writestr("gzip/emnist-digits-train-labels-idx1-ubyte.gz", b"another split")
    (folder / "gzip.zip").write_bytes(buffer.getvalue())
    zip_checksum = f"md5:{hashlib.md5(buffer.getvalue()).hexdigest()}"
    return replace(emnist.FILES, url=f"{url}gzip.zip", checksums=letters_checksums, zip_checksum=zip_checksum)


def put(folder, contents):
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in contents.items():
        (folder / name).write_bytes(content)


@pytest.mark.parametrize("folder", ["", "emnist", "gzip", "emnist/gzip", "EMNIST/raw", "EMNIST/raw/gzip"])
def test_files_are_used_where_people_nist_and_torchvision_put_them(tmp_path, letters, folder):
    put(tmp_path / folder, letters)
    found = emnist.FILES.locate(tmp_path, list(letters))
    assert found == [tmp_path / folder / name for name in letters]


def test_mnist_in_torchvisions_layout_is_used(tmp_path):
    put(tmp_path / "MNIST/raw", dict.fromkeys(mnist.FILES.checksums, b""))
    assert mnist.FILES.locate(tmp_path, list(mnist.FILES.checksums))[0].parent == tmp_path / "MNIST/raw"


def test_unpacked_files_are_used(tmp_path, letters):
    put(tmp_path, {name.removesuffix(".gz"): content for name, content in letters.items()})
    assert {path.suffix for path in emnist.FILES.locate(tmp_path, list(letters))} == {""}


def test_a_missing_file_is_named_with_what_to_do(tmp_path, letters):
    missing = "emnist-letters-test-labels-idx1-ubyte.gz"
    put(tmp_path / "emnist", {name: content for name, content in letters.items() if name != missing})
    with pytest.raises(DataError) as caught:
        EMNIST(root=str(tmp_path)).read()
    assert str(caught.value) == (
        f"data=emnist: {missing} is missing under {tmp_path}. Run again with data.download=true, or put the file there "
        "(source and checksum: docs/how_to/data.md)."
    )


def test_files_that_differ_from_the_official_ones_are_told_once(tmp_path, letters, caplog):
    put(tmp_path, letters)
    with caplog.at_level(logging.WARNING):
        emnist.FILES.locate(tmp_path, list(letters))
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert all(name in caplog.text for name in letters)


def test_official_files_bring_no_warning(tmp_path, letters, letters_checksums, caplog):
    put(tmp_path, letters)
    replace(emnist.FILES, checksums=letters_checksums).locate(tmp_path, list(letters))
    assert not caplog.records


def test_the_official_checksums_are_those_on_record(shared_data):
    lines = (shared_data / "emnist/official-sha256.txt").read_text().split("\n")
    recorded = {line.split()[0]: line.split()[2].removeprefix("sha256:") for line in lines if line.startswith("gzip/")}
    assert {f"gzip/{name}": checksum for name, checksum in emnist.FILES.checksums.items()} == recorded


def test_the_shared_mnist_files_have_their_official_checksums_but_for_the_recompressed_one(shared_data, caplog):
    mnist.FILES.locate(shared_data, list(mnist.FILES.checksums))
    (record,) = caplog.records
    assert "train-images-idx3-ubyte.gz" in record.message
    assert "labels" not in record.message
    assert "t10k" not in record.message


def test_a_download_takes_the_wanted_split_from_the_zip_and_nothing_else(tmp_path, collection, letters, caplog):
    found = collection.locate(tmp_path, list(letters), download=True)
    assert [path.read_bytes() for path in found] == list(letters.values())
    assert {path.name for path in (tmp_path / "emnist").iterdir()} == {*letters, "gzip.zip"}
    assert not caplog.records


def test_what_is_in_place_is_not_downloaded_again(tmp_path, collection, letters):
    put(tmp_path / "emnist", letters)
    unreachable = replace(collection, url="http://127.0.0.1:9/gzip.zip")
    assert len(unreachable.locate(tmp_path, list(letters), download=True)) == 4


def test_a_data_set_of_single_files_is_downloaded_file_by_file(tmp_path, server):
    folder, url = server
    (folder / "one.gz").write_bytes(b"content")
    single = OfficialFiles("mnist", url, {"one.gz": hashlib.sha256(b"content").hexdigest()})
    assert single.locate(tmp_path, ["one.gz"], download=True) == [tmp_path / "mnist" / "one.gz"]


def test_a_checksum_of_another_kind_is_checked_too(tmp_path, server, caplog):
    folder, url = server
    (folder / "one.npz").write_bytes(b"content")
    single = OfficialFiles("k49", url, {"one.npz": f"md5:{hashlib.md5(b'content').hexdigest()}"})
    (found,) = single.locate(tmp_path, ["one.npz"], download=True)
    assert single.locate(tmp_path, ["one.npz"]) == [found]
    assert not caplog.records
    found.write_bytes(b"other")
    single.locate(tmp_path, ["one.npz"])
    assert "not the official bytes" in caplog.text
    found.unlink()
    (folder / "one.npz").write_bytes(b"other")
    with pytest.raises(DataError, match="could not be downloaded"):
        single.locate(tmp_path, ["one.npz"], download=True)


@pytest.mark.parametrize("module", [emnist, fashion_mnist, kuzushiji, mnist])
def test_every_checksum_is_a_whole_one(module):
    lengths = {"sha256": 64, "md5": 32}
    for collection in module.FILES.values() if isinstance(module.FILES, dict) else [module.FILES]:
        for checksum in collection.checksums.values():
            algorithm, digest = checksum.split(":") if ":" in checksum else ("sha256", checksum)
            assert len(bytes.fromhex(digest)) * 2 == lengths[algorithm]
        assert len(set(collection.checksums.values())) == len(collection.checksums)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_named(tmp_path, letters):
    put(tmp_path, letters)
    (tmp_path / next(iter(letters))).chmod(0)
    with pytest.raises(DataError, match=r"data=emnist: .*ubyte\.gz cannot be read \(Permission denied\)"):
        emnist.FILES.locate(tmp_path, list(letters))


def test_a_file_that_cannot_be_opened_is_named(tmp_path, letters, monkeypatch):
    """As where permission is denied, which root never sees."""
    put(tmp_path, letters)

    def denied(path, algorithm):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(files, "_digest", denied)
    with pytest.raises(DataError, match=r"data=emnist: .*ubyte\.gz cannot be read \(Permission denied\)\. Make it"):
        emnist.FILES.locate(tmp_path, list(letters))


def test_a_folder_in_the_place_of_a_file_is_not_taken_for_it(tmp_path, letters):
    (tmp_path / next(iter(letters))).mkdir()
    with pytest.raises(DataError, match=r"ubyte\.gz is missing"):
        emnist.FILES.locate(tmp_path, list(letters))


@pytest.mark.parametrize(
    "broken",
    [
        {"url": "http://127.0.0.1:9/gzip.zip"},
        {"zip_checksum": "md5:" + "0" * 32},
        {"checksums": {"emnist-letters-train-images-idx3-ubyte.gz": "0" * 64}},
        {"checksums": {"emnist-letters-validation-images-idx3-ubyte.gz": "0" * 64}},
    ],
    ids=["no server", "another zip", "another member", "no such member"],
)
def test_a_failed_download_is_one_line_and_leaves_no_broken_file(tmp_path, collection, broken):
    changed = replace(collection, **broken)
    with pytest.raises(DataError, match=r"data=emnist: .* could not be downloaded") as caught:
        changed.locate(tmp_path, list(changed.checksums), download=True)
    assert "\n" not in str(caught.value)
    folder = tmp_path / "emnist"
    assert not folder.exists() or {path.name for path in folder.iterdir()} <= {"gzip.zip"}
